//! Restores under plakar 1.1.

use std::collections::BTreeMap;

use bytes::Bytes;
use davault::proto::plakar::connectors::{FileInfo, Record};

use super::account::{Options, event, files, items, largest_calendar, radicale, signed_in};
use super::process::{PLAKAR_1_1, Process};
use super::snapshot::{Kept, Snapshot, file, folder};
use super::v1_1::{Way, back_up, export, exporter, importer, restore};
use crate::support::servers::Server;

async fn snapshot_of_alice(server: &Server) -> Snapshot {
    let process = Process::start(PLAKAR_1_1).await;
    let (client, _) = importer(&process, &server.location(), &signed_in("alice", &[]), &[]).await.expect("Init");
    back_up(&client, Way::AsTheyCome, &Snapshot::default()).await.expect("a backup")
}

/// What became of the paths that did not go well.
async fn restored(location: &str, options: &Options, entries: Vec<(String, Kept)>) -> BTreeMap<String, String> {
    let process = Process::start(PLAKAR_1_1).await;
    let became = restore(&process, location, options, entries).await.expect("a restore");
    assert_eq!(process.close_input().await.0, Some(0));
    became.into_iter().filter(|(_, error)| !error.is_empty()).collect()
}

/// The continuation of a line (RFC 5545 §3.1).
fn folded(text: &str) -> String {
    format!("\r\n {text}")
}

fn nothing() -> BTreeMap<String, String> {
    BTreeMap::new()
}

#[tokio::test]
async fn a_whole_account_goes_into_an_empty_one_and_a_second_time_changes_nothing() {
    let server = radicale().await;
    let snapshot = snapshot_of_alice(&server).await;
    for _ in 0..2 {
        let failed = restored(&server.location(), &signed_in("bob", &[]), snapshot.part("/")).await;
        assert_eq!(failed, nothing());
        let (alice, bob) = (files(&server, "alice").await, files(&server, "bob").await);
        assert_eq!(items(&bob), items(&alice));
        let told = |files: &BTreeMap<String, Bytes>| -> BTreeMap<String, Bytes> {
            let told = files.iter().filter(|(path, _)| path.ends_with("/displayname") || path.ends_with("/color"));
            told.map(|(path, content)| (path.clone(), content.clone())).collect()
        };
        assert_eq!(told(&bob), told(&alice));
    }
}

#[tokio::test]
async fn a_calendar_that_comes_as_the_root_goes_to_the_calendar_of_its_name() {
    let server = radicale().await;
    let snapshot = snapshot_of_alice(&server).await;
    let (calendar, _) = largest_calendar(&snapshot.files());
    let name = calendar.rsplit('/').next().expect("a name");
    let wanted = |files: &BTreeMap<String, Bytes>| {
        let mut items = items(files);
        items.retain(|(folder, _), _| *folder == calendar);
        items
    };
    let expected = wanted(&snapshot.files());
    // Onto an account, and onto a home: it is made there. Onto that one collection: it is there.
    for (user, at) in [("bob", String::new()), ("alice", "alice/".into()), ("alice", format!("alice/{name}/"))] {
        if user == "alice" {
            server.delete(&format!("alice/{name}/")).await;
            if !at.ends_with("alice/") {
                let whole = restored(&server.location(), &signed_in(user, &[]), snapshot.part("/")).await;
                assert_eq!(whole, nothing());
            }
        }
        let location = format!("caldav://{}{at}", server.url());
        assert_eq!(restored(&location, &signed_in(user, &[]), snapshot.part(&calendar)).await, nothing(), "{location}");
        assert_eq!(wanted(&files(&server, user).await), expected, "{location}");
    }
}

#[tokio::test]
async fn an_address_book_and_all_calendars_may_come_as_the_root_too() {
    let server = radicale().await;
    let snapshot = snapshot_of_alice(&server).await;
    let all = items(&snapshot.files());
    let below = |top: &str| -> BTreeMap<(String, String), Bytes> {
        let below = all.iter().filter(|((folder, _), _)| folder.starts_with(top));
        below.map(|(key, content)| (key.clone(), content.clone())).collect()
    };
    // `SNAP:/calendars`: a root that is no collection, with collections in it.
    assert_eq!(restored(&server.location(), &signed_in("bob", &[]), snapshot.part("/calendars")).await, nothing());
    assert_eq!(items(&files(&server, "bob").await), below("/calendars"));
    let (book, _) = all.keys().find(|(folder, _)| folder.starts_with("/contacts/")).expect("an address book");
    assert_eq!(restored(&server.location(), &signed_in("bob", &[]), snapshot.part(book)).await, nothing());
    let mut expected = below("/calendars");
    expected.append(&mut below(book));
    assert_eq!(items(&files(&server, "bob").await), expected);
    // Onto one address book whatever the folder was called; calendars have no place in it.
    let name = book.rsplit('/').next().expect("a name");
    let location = format!("carddav://{}bob/{name}/", server.url());
    assert_eq!(restored(&location, &signed_in("bob", &[]), snapshot.part(book)).await, nothing());
    let (calendar, _) = largest_calendar(&snapshot.files());
    let refused = restored(&location, &signed_in("bob", &[]), snapshot.part(&calendar)).await;
    let sentences: std::collections::BTreeSet<_> = refused.values().map(String::as_str).collect();
    assert_eq!(sentences, ["the target is one collection, and it is no calendar"].into());
    assert_eq!(items(&files(&server, "bob").await), expected);
}

#[tokio::test]
async fn a_calendar_is_found_by_its_display_name_which_plakar_sends_after_most_of_its_items() {
    let server = radicale().await;
    let snapshot = snapshot_of_alice(&server).await;
    let described = r#"{"schema": 1, "kind": "calendar", "href": "/elsewhere/6f0b/", "displayname": "Work"}"#;
    let entries = vec![
        folder("/", "/"),
        folder("/calendars", "calendars"),
        folder("/calendars/6f0b", "6f0b"),
        file("/calendars/6f0b/.collection.json", described),
        file("/calendars/6f0b/a.ics", &event("a", "Tea")),
        file("/calendars/6f0b/displayname", "Work"),
    ];
    assert_eq!(restored(&server.location(), &signed_in("alice", &[]), entries).await, nothing());
    let added: Vec<_> = items(&files(&server, "alice").await).into_keys().filter(|(_, uid)| uid == "a").collect();
    assert_eq!(added, [("/calendars/work".to_owned(), "a".to_owned())]);
    assert_eq!(files(&server, "alice").await.len(), snapshot.files().len() + 1);
}

#[tokio::test]
async fn one_event_goes_into_the_collection_that_is_named() {
    let server = radicale().await;
    let snapshot = snapshot_of_alice(&server).await;
    let (calendar, path) = largest_calendar(&snapshot.files());
    let name = calendar.rsplit('/').next().expect("a name");
    let one = snapshot.part(&path);
    assert_eq!(one.len(), 2, "a made-up root, and the event");
    let failed = restored(&server.location(), &signed_in("bob", &[]), one.clone()).await;
    let sentences: Vec<_> = failed.values().map(String::as_str).collect();
    assert_eq!(sentences, ["it is not known which calendar this is; say into=NAME"]);
    assert_eq!(restored(&server.location(), &signed_in("bob", &[("into", "Rescued")]), one.clone()).await, nothing());
    let bob = items(&files(&server, "bob").await);
    assert_eq!(bob.keys().map(|(folder, _)| folder.as_str()).collect::<Vec<_>>(), ["/calendars/Rescued"]);
    assert!(bob.values().eq([&snapshot.files()[&path]]));

    let lost = path.rsplit('/').next().expect("a name");
    server.delete(&format!("alice/{name}/{lost}")).await;
    let location = format!("caldav://{}alice/{name}/", server.url());
    assert_eq!(restored(&location, &signed_in("alice", &[]), one).await, nothing());
    assert_eq!(items(&files(&server, "alice").await), items(&snapshot.files()));
}

#[tokio::test]
async fn a_snapshot_of_plakars_own_connector_has_its_events_under_the_root_and_is_restored() {
    let server = radicale().await;
    let (calendar, _) = largest_calendar(&files(&server, "alice").await);
    let name = calendar.rsplit('/').next().expect("a name");
    let old =
        || vec![folder("/", "/"), file("/one.ics", &event("one", "Tea")), file("/two.ics", &event("two", "Cake"))];
    let location = format!("caldav://{}alice/{name}/", server.url());
    let before = items(&files(&server, "alice").await).len();
    assert_eq!(restored(&location, &signed_in("alice", &[]), old()).await, nothing());
    assert_eq!(items(&files(&server, "alice").await).len(), before + 2);
    assert_eq!(restored(&server.location(), &signed_in("bob", &[("into", "Old")]), old()).await, nothing());
    assert_eq!(items(&files(&server, "bob").await).len(), 2);
}

#[tokio::test]
async fn every_option_of_a_destination_is_one_of_plakars_too() {
    let server = radicale().await;
    let (calendar, _) = largest_calendar(&files(&server, "alice").await);
    let name = calendar.rsplit('/').next().expect("a name").to_owned();
    let at = |item: &str| format!("alice/{name}/{item}");
    let described = format!(r#"{{"schema": 1, "kind": "calendar", "href": "/alice/{name}/"}}"#);
    server.put(&at("mine.ics"), &event("mine", "Theirs")).await;
    let snapshot = || {
        vec![
            folder("/", "/"),
            folder("/calendars", "calendars"),
            folder(&calendar, &name),
            file(&format!("{calendar}/.collection.json"), &described),
            file(&format!("{calendar}/mine.ics"), &event("mine", "Ours")),
            file(&format!("{calendar}/new.ics"), &event("new", "Ours")),
        ]
    };
    let run =
        async |more: &[(&'static str, &str)]| restored(&server.location(), &signed_in("alice", more), snapshot()).await;
    let mine = format!("{calendar}/mine.ics");
    // Radicale puts the lines of what it is given into an order of its own.
    let summary = async |item: &str| {
        let content = server.get(&at(item)).await;
        content.lines().find_map(|line| line.strip_prefix("SUMMARY:").map(str::to_owned)).expect("a summary")
    };

    assert_eq!(run(&[("dry_run", "true"), ("on_conflict", "overwrite")]).await, nothing());
    assert_eq!(summary("mine.ics").await, "Theirs");
    assert!(!files(&server, "alice").await.contains_key(&format!("{calendar}/new.ics")));

    let kept = run(&[]).await;
    assert_eq!(kept.keys().collect::<Vec<_>>(), [&mine]);
    assert_eq!((summary("mine.ics").await.as_str(), summary("new.ics").await.as_str()), ("Theirs", "Ours"));

    let items_before = items(&files(&server, "alice").await).len();
    assert_eq!(run(&[("on_conflict", "copy")]).await, nothing());
    assert_eq!(items(&files(&server, "alice").await).len(), items_before + 1);

    assert_eq!(run(&[("on_conflict", "overwrite"), ("verify", "true")]).await, nothing());
    assert_eq!(summary("mine.ics").await, "Ours");

    assert_eq!(run(&[("mirror", "true"), ("scheduling", "silent")]).await, nothing());
    let left = items(&files(&server, "alice").await);
    let uids: Vec<_> = left.keys().filter(|(folder, _)| *folder == calendar).map(|(_, uid)| uid.as_str()).collect();
    assert_eq!(uids, ["mine", "new"]);
}

#[tokio::test]
async fn what_fails_is_said_of_its_path_alone() {
    let server = radicale().await;
    let info = |mode: u32| Some(FileInfo { name: "x".into(), mode, ..FileInfo::default() });
    let record = |path: &str, mode: u32| Record { pathname: path.into(), file_info: info(mode), ..Record::default() };
    let with = |path: &str, content: &str| {
        let (path, kept) = file(path, content);
        let record = Record { pathname: path, file_info: Some(kept.info), has_reader: true, ..Record::default() };
        (record, kept.content)
    };
    // More than three pieces.
    let large = event("large", &format!("X{}", folded(&"Y".repeat(70)).repeat(50_000)));
    let records = vec![
        (record("/", 1 << 31), None),
        (record("/calendars", 1 << 31), None),
        (record("/calendars/mixed", 1 << 31), None),
        (Record { target: "/etc/passwd".into(), ..record("/calendars/mixed/link.ics", 1 << 27) }, None),
        (record("/calendars/mixed/nothing.ics", 0o600), None),
        with("/calendars/mixed/good.ics", &event("good", "Tea")),
        with("/calendars/mixed/page.ics", "<html>this is no event</html>"),
        with("/calendars/mixed/large.ics", &large),
        (Record { error: "disk\nfull".into(), ..with("/calendars/mixed/unread.ics", "").0 }, Some(Bytes::new())),
    ];
    let process = Process::start(PLAKAR_1_1).await;
    let client = exporter(&process, &server.location(), &signed_in("bob", &[]), 3).await.expect("Init");
    let became = export(client, records).await.expect("a restore");
    let failed: BTreeMap<_, _> = became.into_iter().filter(|(_, error)| !error.is_empty()).collect();
    let at = |name: &str| failed.get(&format!("/calendars/mixed/{name}")).map(String::as_str).unwrap_or_default();
    assert_eq!(at("link.ics"), "/calendars/mixed/link.ics is neither a folder nor a file");
    assert_eq!(at("nothing.ics"), "/calendars/mixed/nothing.ics came without its content");
    assert_eq!(at("unread.ics"), "the host could not read it: disk full");
    assert!(!at("page.ics").is_empty(), "{failed:?}");
    assert_eq!(at("good.ics"), "");
    assert_eq!(at("large.ics"), "");
    let bob = items(&files(&server, "bob").await);
    assert!(bob.keys().map(|(_, uid)| uid.as_str()).eq(["good", "large"]), "{:?}", bob.keys());
}

#[tokio::test]
async fn a_wrong_password_is_said_once_and_tried_once() {
    let server = radicale().await;
    let snapshot = snapshot_of_alice(&server).await;
    let process = Process::start(PLAKAR_1_1).await;
    let options = vec![("username", "bob".to_owned()), ("password", "geheim".to_owned())];
    let error = restore(&process, &server.location(), &options, snapshot.part("/")).await.expect_err("no restore");
    let start = format!("cannot find the account at bob@127.0.0.1:{}: ", server.port());
    assert!(error.message().starts_with(&start), "{error}");
    assert!(!matches!(error.code(), tonic::Code::Unavailable | tonic::Code::Cancelled));
}
