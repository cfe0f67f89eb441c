//! Ctrl-C and SIGTERM: a sentence that is true of the command, and no process is left.

use std::process::Output;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::person::Person;
use crate::support::process;

const PATIENCE: Duration = Duration::from_mins(1);

/// Runs a command with a server that never answers, and sends it `signal` as soon as it has connected.
async fn interrupted(noun: &str, words: &[&str], signal: &str) -> Output {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let location = format!("dav://http://{}/", silent.local_addr().expect("its address"));
    let person = Person::with_backup().await;
    person.ok(&[noun, "add", "silent", &location, "username=alice", "password=alice-pw"]).await;
    let before = person.ok(&["at", "vault", "ls", "--json"]).await.out();
    let command = person.command(&[&["at", "vault"], words].concat()).spawn().expect("davault starts");
    let host = command.id().expect("it runs");
    let _connection = timeout(PATIENCE, silent.accept()).await.expect("it connects").expect("a connection");
    let children = process::children(host);
    assert_eq!(children.len(), 1, "one connector");
    process::signal(host, signal).await;
    let output = timeout(PATIENCE, command.wait_with_output()).await.expect("it ends soon").expect("it ends");
    for child in children {
        process::ended(child).await;
    }
    assert_eq!(person.ok(&["at", "vault", "ls", "--json"]).await.out(), before, "no snapshot was made or lost");
    output
}

#[tokio::test]
async fn an_interrupted_backup_made_no_snapshot() {
    for signal in ["INT", "TERM"] {
        let output = interrupted("source", &["backup", "@silent"], signal).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(said, "davault: interrupted: no snapshot was made, and every earlier one is untouched\n");
    }
}

#[tokio::test]
async fn an_interrupted_restore_may_be_run_again() {
    for signal in ["INT", "TERM"] {
        let output = interrupted("destination", &["restore", "-to", "@silent"], signal).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let expected = "davault: interrupted: what was put back so far stays; run it again for the rest\n";
        assert_eq!(said, expected);
    }
}
