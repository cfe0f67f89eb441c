//! Restores under plakar 1.0.

use std::collections::BTreeMap;

use davault::proto::v1_0::exporter::CreateLinkRequest;

use super::account::{event, files, items, largest_calendar, radicale, signed_in};
use super::process::{PLAKAR_1_0, Process};
use super::snapshot::{Kept, Snapshot, file, folder};
use super::v1_0::{exporter, importer};
use crate::support::servers::Server;

async fn snapshot_of_alice(server: &Server) -> Snapshot {
    let process = Process::start(PLAKAR_1_0).await;
    let importer = importer(&process, &server.location(), &signed_in("alice", &[])).await.expect("Init");
    importer.back_up(&Snapshot::default()).await
}

/// Restores into bob's account; what failed, and what was said on standard error.
async fn into_bob(
    server: &Server,
    more: &[(&'static str, &str)],
    entries: &BTreeMap<String, Kept>,
) -> (BTreeMap<String, String>, String) {
    let process = Process::start(PLAKAR_1_0).await;
    let exporter = exporter(&process, &server.location(), &signed_in("bob", more)).await.expect("Init");
    let failed = exporter.restore(entries).await;
    exporter.close().await;
    let (status, said) = process.close_input().await;
    assert_eq!(status, Some(0));
    (failed, said)
}

#[tokio::test]
async fn plakar_1_0_restores_a_whole_account_with_what_describes_it() {
    let server = radicale().await;
    let snapshot = snapshot_of_alice(&server).await;
    assert_eq!(into_bob(&server, &[], &snapshot.entries).await, (BTreeMap::new(), String::new()));
    let (alice, bob) = (files(&server, "alice").await, files(&server, "bob").await);
    assert_eq!(items(&bob), items(&alice));
    let names = |files: &BTreeMap<String, bytes::Bytes>| -> Vec<_> {
        let names = files.iter().filter(|(path, _)| path.ends_with("/displayname"));
        names.map(|(path, name)| (path.clone(), name.clone())).collect()
    };
    assert_eq!(names(&bob), names(&alice));
}

#[tokio::test]
async fn plakar_1_0_restores_a_calendar_below_its_own_name_and_one_event_below_none() {
    let server = radicale().await;
    let snapshot = snapshot_of_alice(&server).await;
    let (calendar, path) = largest_calendar(&snapshot.files());
    // `restore SNAP:calendars/work`: what stands above is stripped, the folder's own name is not.
    let stripped = |at: &str| -> BTreeMap<String, Kept> {
        let above = at.rsplit_once('/').expect("a path").0;
        let part = snapshot.entries.iter().filter(|(path, _)| *path == at || path.starts_with(&format!("{at}/")));
        part.map(|(path, kept)| (path[above.len()..].to_owned(), kept.clone())).collect()
    };
    assert_eq!(into_bob(&server, &[], &stripped(&calendar)).await.0, BTreeMap::new());
    let expected: BTreeMap<_, _> =
        items(&snapshot.files()).into_iter().filter(|((folder, _), _)| *folder == calendar).collect();
    assert_eq!(items(&files(&server, "bob").await), expected);

    let one = stripped(&path);
    let (failed, _) = into_bob(&server, &[("into", "Rescued")], &one).await;
    assert_eq!((failed, one.len()), (BTreeMap::new(), 1));
    assert_eq!(items(&files(&server, "bob").await).len(), expected.len() + 1);
}

#[tokio::test]
async fn a_snapshot_of_plakars_own_connector_goes_into_the_calendar_that_is_its_location() {
    let server = radicale().await;
    let process = Process::start(PLAKAR_1_0).await;
    let (calendar, _) = largest_calendar(&files(&server, "alice").await);
    let name = calendar.rsplit('/').next().expect("a name");
    let location = format!("caldav://{}alice/{name}/", server.url());
    let exporter = exporter(&process, &location, &signed_in("alice", &[])).await.expect("Init");
    let before = items(&files(&server, "alice").await).len();
    let old = BTreeMap::from([
        folder("/", "/"),
        file("/one.ics", &event("one", "Tea")),
        file("/two.ics", &event("two", "Cake")),
    ]);
    assert_eq!(exporter.restore(&old).await, BTreeMap::new());
    exporter.close().await;
    let after = items(&files(&server, "alice").await);
    assert_eq!(after.len(), before + 2);
    assert!(["one", "two"].iter().all(|uid| after.contains_key(&(calendar.clone(), (*uid).to_owned()))));
}

#[tokio::test]
async fn a_file_that_fails_is_said_of_that_file() {
    let server = radicale().await;
    let process = Process::start(PLAKAR_1_0).await;
    let exporter = exporter(&process, &server.location(), &signed_in("bob", &[])).await.expect("Init");
    let entries = BTreeMap::from([
        folder("/calendars", "calendars"),
        folder("/calendars/mixed", "mixed"),
        file("/calendars/mixed/good.ics", &event("good", "Tea")),
        file("/calendars/mixed/page.ics", "<html>this is no event</html>"),
    ]);
    let failed = exporter.restore(&entries).await;
    assert_eq!(failed.keys().collect::<Vec<_>>(), ["/calendars/mixed/page.ics"], "{failed:?}");
    let half = event("half", "Half");
    let cut = exporter.file("/calendars/mixed/half.ics", &half.as_bytes()[..100], half.len()).await;
    let sentence =
        format!("the host sent 100 of {} bytes of /calendars/mixed/half.ics; nothing was stored", half.len());
    assert_eq!(cut, Err(sentence));
    let out = exporter.file("/../etc/passwd", b"x", 1).await;
    assert_eq!(out, Err("the path /../etc leads out of its folder".into()));
    let link = CreateLinkRequest {
        oldname: "/etc/passwd".into(),
        newname: "/calendars/mixed/link.ics".into(),
        ltype: 1,
        cookie: exporter.cookie.clone(),
    };
    let refused = exporter.client.clone().create_link(link).await.expect_err("no link");
    assert_eq!(refused.message(), "/calendars/mixed/link.ics is a link, which can't be stored here");
    exporter.close().await;
    let bob = items(&files(&server, "bob").await);
    assert!(bob.keys().map(|(_, uid)| uid.as_str()).eq(["good"]), "{:?}", bob.keys());
}

#[tokio::test]
async fn what_plakar_1_0_can_not_be_trusted_with_is_refused() {
    let server = radicale().await;
    let process = Process::start(PLAKAR_1_0).await;
    let mirror = exporter(&process, &server.location(), &signed_in("bob", &[("mirror", "true")])).await;
    let sentence = "mirror=true needs plakar 1.1: this older one does not say whether all of the snapshot came";
    assert_eq!(mirror.err().as_deref(), Some(sentence));
    let wrong = vec![("username", "bob".to_owned()), ("password", "geheim".to_owned())];
    let refused = exporter(&process, &server.location(), &wrong).await.err().expect("a wrong password");
    assert!(refused.starts_with("cannot find the account at bob@127.0.0.1:"), "{refused}");
}
