//! Hosts that go away: plakar kills its plugins when its own work ends, and may itself be killed.

use std::time::Duration;

use davault::proto::importer::ImportRequest;
use davault::proto::plakar::exporter::ExportRequest;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::account::{event, files, largest_calendar, radicale, signed_in};
use super::process::{PLAKAR_1_0, PLAKAR_1_1, Process};
use super::snapshot::Snapshot;
use super::v1_1::{Way, back_up, importer};
use super::{v1_0, v1_1};
use crate::support::gate::Gate;
use crate::support::scripted::{Scripted, Server};
use crate::support::servers;

#[tokio::test]
async fn standard_input_that_closes_early_ends_the_plugin_with_0() {
    let server = radicale().await;
    for agent in [PLAKAR_1_1, PLAKAR_1_0] {
        let process = Process::start(agent).await;
        assert_eq!(process.close_input().await.0, Some(0), "before Init");
    }
    let process = Process::start(PLAKAR_1_1).await;
    let (mut client, _) = importer(&process, &server.location(), &signed_in("alice", &[]), &[]).await.expect("Init");
    let (acknowledgments, to_plugin) = mpsc::unbounded_channel::<ImportRequest>();
    let mut list = client.import(UnboundedReceiverStream::new(to_plugin)).await.expect("a list").into_inner();
    list.message().await.expect("a record").expect("a record");
    assert_eq!(process.close_input().await.0, Some(0), "in the middle of the list");
    drop(acknowledgments);
}

#[tokio::test]
async fn a_server_that_never_answers_holds_up_no_end() {
    let server = Server::start(|_| Scripted::hang());
    let location = format!("caldav://{}", server.url());
    for agent in [PLAKAR_1_1, PLAKAR_1_0] {
        let process = Process::start(agent).await;
        let options = signed_in("alice", &[]);
        let asked = async {
            if agent == PLAKAR_1_0 {
                let _ = v1_0::importer(&process, &location, &options).await;
            } else {
                let (client, _) = importer(&process, &location, &options, &[]).await.expect("Init");
                let _ = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await;
            }
        };
        let requests = server.recorded().len();
        let reached = async {
            while server.recorded().len() == requests {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = asked => panic!("the server answered"),
            reached = tokio::time::timeout(Duration::from_secs(30), reached) => reached.expect("a request"),
        }
        assert_eq!(process.close_input().await.0, Some(0), "{agent}");
    }
}

#[tokio::test]
async fn a_kill_without_close_costs_nothing_but_its_own_work() {
    let server = radicale().await;
    let expected = files(&server, "alice").await;
    let process = Process::start(PLAKAR_1_1).await;
    let (client, _) = importer(&process, &server.location(), &signed_in("alice", &[]), &[]).await.expect("Init");
    let snapshot = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
    process.kill().await;
    let process = Process::start(PLAKAR_1_1).await;
    let (client, _) = importer(&process, &server.location(), &signed_in("alice", &[]), &[]).await.expect("Init");
    let again = back_up(&client, Way::AsTheyCome, &snapshot).await.expect("a backup");
    assert_eq!((again.files(), again.opened.len()), (expected.clone(), 0));

    let process = Process::start(PLAKAR_1_1).await;
    let entries = snapshot.part("/");
    v1_1::restore(&process, &server.location(), &signed_in("bob", &[]), entries.clone()).await.expect("a restore");
    process.kill().await;
    let process = Process::start(PLAKAR_1_1).await;
    let became = v1_1::restore(&process, &server.location(), &signed_in("bob", &[]), entries).await.expect("a restore");
    assert!(became.iter().all(|(_, error)| error.is_empty()), "{became:?}");
}

/// A server with an event that the snapshot of it lacks, in the calendar of that path: what a mirror would delete.
async fn with_one_event_more() -> (servers::Server, Snapshot, String) {
    let server = radicale().await;
    let process = Process::start(PLAKAR_1_1).await;
    let (client, _) = importer(&process, &server.location(), &signed_in("alice", &[]), &[]).await.expect("Init");
    let snapshot = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
    let (calendar, _) = largest_calendar(&snapshot.files());
    let name = calendar.rsplit('/').next().expect("a name");
    server.put(&format!("alice/{name}/mine.ics"), &event("mine", "Mine")).await;
    (server, snapshot, calendar)
}

/// How a restore breaks off.
#[derive(Debug, Clone, Copy)]
enum Break {
    /// The host gives the call up and goes away.
    Cancelled,
    /// Its standard output ends in the middle of a content.
    Closed,
    /// It says that this was all in the middle of a content, as plakar does that can't read its own snapshot.
    HalfClosed,
}

#[tokio::test]
async fn a_restore_that_breaks_off_deletes_nothing_even_if_it_mirrors() {
    let (server, snapshot, calendar) = with_one_event_more().await;
    let before = files(&server, "alice").await;
    for way in [Break::Cancelled, Break::Closed, Break::HalfClosed] {
        let process = Process::start(PLAKAR_1_1).await;
        let options = signed_in("alice", &[("mirror", "true")]);
        let mut client = v1_1::exporter(&process, &server.location(), &options, 3).await.expect("Init");
        let (to_plugin, packets) = mpsc::unbounded_channel();
        let records = v1_1::records_of(snapshot.part(&calendar));
        let asked = records.len();
        let mut all: Vec<_> = records.into_iter().flat_map(v1_1::packets_of).collect();
        // Without the end of the last content.
        all.pop();
        for packet in all {
            to_plugin.send(ExportRequest { packet: Some(packet) }).expect("a call");
        }
        let mut results = client.export(UnboundedReceiverStream::new(packets)).await.expect("results").into_inner();
        for _ in 1..asked {
            results.message().await.expect("a result").expect("a result");
        }
        match way {
            Break::Cancelled => drop(results),
            Break::Closed => {}
            Break::HalfClosed => {
                drop(to_plugin);
                let error = results.message().await.expect_err("no end");
                assert!(error.message().starts_with("the host sent no end of the content of /"), "{error}");
            }
        }
        assert_eq!(process.close_input().await.0, Some(0));
        assert_eq!(files(&server, "alice").await, before, "{way:?}");
    }
}

#[tokio::test]
async fn a_host_that_gives_up_after_the_last_record_stops_what_follows_from_it() {
    let (server, snapshot, calendar) = with_one_event_more().await;
    let before = files(&server, "alice").await;

    let gate = Gate::before(server.port()).await;
    let location = format!("dav://http://127.0.0.1:{}/", gate.port);
    let process = Process::start(PLAKAR_1_1).await;
    let options = signed_in("alice", &[("mirror", "true")]);
    let mut client = v1_1::exporter(&process, &location, &options, 3).await.expect("Init");
    let records = v1_1::records_of(snapshot.part(&calendar));
    let asked = records.len();
    let (to_plugin, packets) = mpsc::unbounded_channel();
    for packet in records.into_iter().flat_map(v1_1::packets_of) {
        to_plugin.send(ExportRequest { packet: Some(packet) }).expect("a call");
    }
    let mut results = client.export(UnboundedReceiverStream::new(packets)).await.expect("results").into_inner();
    for _ in 0..asked {
        results.message().await.expect("a result").expect("a result");
    }
    gate.close_after(0);
    drop(to_plugin);
    gate.holds().await;
    drop(results);
    // What is answered after that has been read after that.
    let (client, _) = importer(&process, &location, &signed_in("alice", &[]), &[]).await.expect("Init");
    gate.open();
    // Longer than the mirroring would have taken.
    back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
    assert_eq!(process.close_input().await.0, Some(0));
    assert_eq!(files(&server, "alice").await, before);
}
