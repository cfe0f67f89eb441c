//! Hosts whose generation can't be told by what they call themselves.

use std::process::Stdio;

use tokio::process::Command;

use super::account::{files, radicale, signed_in};
use super::process::{PLAKAR_1_1, Process};
use super::snapshot::Snapshot;
use super::v1_1::{Way, back_up};
use super::{v1_0, v1_1};

/// A plakar 1.0 that somebody has built with this year's grpc-go, and a 1.1 with an old one.
const NEWER: &str = PLAKAR_1_1;
const OLDER: &str = "grpc-go/1.70.0";

#[tokio::test]
async fn a_plakar_1_0_that_calls_itself_newer_fails_with_advice_and_works_when_told() {
    let server = radicale().await;
    let options = signed_in("alice", &[]);
    let process = Process::start(NEWER).await;
    let error = v1_0::importer(&process, &server.location(), &options).await.err();
    assert_eq!(error, Some(format!("alice@127.0.0.1:{}", server.port())), "all that it shows by itself");
    let (status, said) = process.close_input().await;
    assert_eq!(status, Some(0));
    assert_eq!(
        said,
        "davault: the host went away as plakar 1.0 does when it is taken for 1.1; if it is one, set \
         DAVAULT_PLUGIN_API=1.0 in its environment\n"
    );

    let process = Process::start_told(NEWER, "1.0").await;
    let importer = v1_0::importer(&process, &server.location(), &options).await.expect("Init");
    assert_eq!(importer.back_up(&Snapshot::default()).await.files(), files(&server, "alice").await);
    assert_eq!(process.close_input().await, (Some(0), String::new()));
}

#[tokio::test]
async fn a_plakar_1_1_that_calls_itself_older_fails_with_advice_and_works_when_told() {
    let server = radicale().await;
    let options = signed_in("alice", &[]);
    let process = Process::start(OLDER).await;
    let (mut client, _) = v1_1::importer(&process, &server.location(), &options, &[]).await.expect("Init");
    let sentence = "the host calls itself what plakar 1.0 calls itself, and makes the calls of 1.1; set \
                    DAVAULT_PLUGIN_API=1.1 in its environment";
    let error = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect_err("a mistake");
    assert_eq!(error.message(), sentence);
    let error = client.ping(davault::proto::importer::PingRequest {}).await.expect_err("a mistake");
    assert_eq!(error.message(), sentence);

    let process = Process::start_told(OLDER, "1.1").await;
    let (client, about) = v1_1::importer(&process, &server.location(), &options, &[]).await.expect("Init");
    assert_eq!(about.r#type, "dav");
    let snapshot = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
    assert_eq!(snapshot.files(), files(&server, "alice").await);
}

#[tokio::test]
async fn a_plakar_1_1_that_only_looks_is_told_nothing() {
    let server = radicale().await;
    let process = Process::start(PLAKAR_1_1).await;
    let options = signed_in("alice", &[]);
    let (mut client, _) = v1_1::importer(&process, &server.location(), &options, &[]).await.expect("Init");
    client.close(davault::proto::importer::CloseRequest {}).await.expect("Close");
    assert_eq!(process.close_input().await, (Some(0), String::new()));
    let process = Process::start(PLAKAR_1_1).await;
    let wrong = signed_in("alice", &[("pasword", "x")]);
    v1_1::importer(&process, &server.location(), &wrong, &[]).await.expect_err("an unknown option");
    assert_eq!(process.close_input().await, (Some(0), String::new()));
}

#[tokio::test]
async fn a_generation_that_there_is_not_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_davault"));
    command.arg("plugin").env("DAVAULT_PLUGIN_API", "2.0").stdin(Stdio::null());
    let output = command.output().await.expect("davault runs");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "davault: DAVAULT_PLUGIN_API=2.0 is neither 1.0 nor 1.1\n");
}
