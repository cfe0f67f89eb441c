//! How many requests run at the same time: as many as the host says, or the person.

use super::account::{Options, radicale, radicale_with, signed_in};
use super::process::{PLAKAR_1_1, Process};
use super::snapshot::Snapshot;
use super::v1_1::{self, Way, back_up, export, records_of};
use crate::support::generate::{Account, Size};
use crate::support::waiting::Waiting;

/// What the host says (0 for nothing), what the person says, and how many requests run then.
const BACKUPS: [(i64, Option<&str>, usize); 5] =
    [(1, None, 1), (2, None, 2), (1, Some("3"), 3), (0, None, 4), (31, None, 4)];
/// Writing is slower side by side on some servers, so never more than two.
const RESTORES: [(i64, Option<&str>, usize); 3] = [(1, None, 1), (8, Some("1"), 1), (8, None, 2)];
/// Enough items in a row that a second connection is there before the first has written them all.
const ENOUGH: Size = Size { calendars: 1, events_each: 60, books: 0, contacts_each: 0 };

fn options(connections: Option<&str>, more: &[(&'static str, &str)]) -> Options {
    let connections = connections.map(|connections| ("connections", connections));
    signed_in("alice", &connections.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_backup_keeps_to_what_the_host_says_and_the_person_has_the_last_word() {
    let server = radicale().await;
    let counted = Waiting::before(server.port()).await;
    let location = format!("dav://http://127.0.0.1:{}/", counted.port);
    for (at_once, connections, most) in BACKUPS {
        let process = Process::start(PLAKAR_1_1).await;
        let host = v1_1::host(&[], at_once);
        let (client, _) = v1_1::init(&process, &location, &options(connections, &[]), host).await.expect("Init");
        let snapshot = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
        assert!(snapshot.failures.is_empty(), "{:?}", snapshot.failures);
        assert_eq!(counted.most(), most, "{at_once} {connections:?}");
    }
}

#[tokio::test]
async fn a_restore_keeps_to_what_the_host_says_and_the_person_has_the_last_word() {
    let server = radicale_with(&Account::seeded(1, ENOUGH)).await;
    let process = Process::start(PLAKAR_1_1).await;
    let (client, _) = v1_1::importer(&process, &server.location(), &options(None, &[]), &[]).await.expect("Init");
    let snapshot = back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup");
    let counted = Waiting::before(server.port()).await;
    let location = format!("dav://http://127.0.0.1:{}/", counted.port);
    for (round, (at_once, connections, most)) in RESTORES.into_iter().enumerate() {
        let process = Process::start(PLAKAR_1_1).await;
        // A new collection each time, or everything would stand there already.
        let into = format!("Copy {round}");
        let options = options(connections, &[("into", &into)]);
        let client = v1_1::exporter(&process, &location, &options, at_once).await.expect("Init");
        let became = export(client, records_of(snapshot.part("/"))).await.expect("a restore");
        assert!(became.iter().all(|(_, error)| error.is_empty()), "{became:?}");
        assert_eq!(counted.most(), most, "{at_once} {connections:?}");
    }
}
