//! The destination.

use std::collections::BTreeMap;

use bytes::Bytes;
use davault::connector::{self, Entry, EntryKind, Error, ErrorKind, Outcome};
use davault::report::sentence;

use super::calendar::{Items, event, items, location, methods, serve};
use crate::support::connectors::{give, options};
use crate::support::scripted::{Scripted, Server};

pub fn entry(path: &str, content: Option<&str>) -> (Entry, Option<Bytes>) {
    let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("/").to_owned();
    let kind = content.map_or(EntryKind::Folder, |content| EntryKind::File { size: content.len() as u64 });
    let entry = Entry { path: path.to_owned(), name, kind, modified: None, version: 0 };
    (entry, content.map(|content| Bytes::from(content.to_owned())))
}

/// A restore's entries: `/calendars/work` with these items.
pub fn work<C: AsRef<str>>(put: &[(&str, C)]) -> Vec<(Entry, Option<Bytes>)> {
    let described = r#"{"schema": 1, "kind": "calendar", "href": "/old/work/"}"#;
    let mut entries = vec![
        entry("/", None),
        entry("/calendars", None),
        entry("/calendars/work", None),
        entry("/calendars/work/.collection.json", Some(described)),
    ];
    entries.extend(put.iter().map(|(name, content)| entry(&format!("/calendars/work/{name}"), Some(content.as_ref()))));
    entries
}

/// Restores `/calendars/work` with these items.
pub async fn restore(
    server: &Server,
    set: &[(&str, &str)],
    put: &[(&str, String)],
) -> BTreeMap<String, Result<Outcome, Error>> {
    let destination = connector::destination(&location(server), &options(set)).await.expect("a destination");
    let outcomes = give(&*destination, work(put)).await;
    destination.finish().await.expect("a whole end");
    outcomes
}

pub fn outcome(outcomes: &BTreeMap<String, Result<Outcome, Error>>, name: &str) -> String {
    match &outcomes[&format!("/calendars/work/{name}")] {
        Ok(outcome) => format!("{outcome:?}"),
        Err(error) => sentence(error),
    }
}

pub fn names(items: &Items) -> Vec<String> {
    items.lock().expect("no panic while serving").keys().cloned().collect()
}

#[tokio::test]
async fn a_second_restore_sends_no_put() {
    let items = items([]);
    let server = serve(&items, |_| None);
    let put = [("a.ics", event("a", "x")), ("b.ics", event("b", "y"))];
    let outcomes = restore(&server, &[], &put).await;
    assert_eq!((outcome(&outcomes, "a.ics").as_str(), outcome(&outcomes, "b.ics").as_str()), ("Created", "Created"));
    assert_eq!(methods(&server), ["PROPFIND", "PUT", "PUT"]);
    assert_eq!(items.lock().unwrap()["a.ics"], event("a", "x"));
    let server = serve(&items, |_| None);
    let outcomes = restore(&server, &[], &put).await;
    assert_eq!(outcome(&outcomes, "a.ics"), "Identical");
    assert!(!methods(&server).contains(&"PUT".to_owned()), "{:?}", methods(&server));
}

#[tokio::test]
async fn an_item_goes_to_where_its_uid_is_whatever_it_is_called() {
    let items = items([("other.ics", event("a", "old")), ("b.ics", event("b", "y"))]);
    let server = serve(&items, |_| None);
    let outcomes = restore(&server, &[("on_conflict", "overwrite")], &[("a.ics", event("a", "new"))]).await;
    assert_eq!(outcome(&outcomes, "a.ics"), "Replaced");
    assert_eq!(names(&items), ["b.ics", "other.ics"]);
    assert_eq!(items.lock().unwrap()["other.ics"], event("a", "new"));
}

#[tokio::test]
async fn what_is_refused_for_its_method_replaces_what_stands_there_without_it() {
    let items = items([("a.ics", event("a", "theirs"))]);
    let server = serve(&items, |request| {
        (request.method == "PUT" && request.text().contains("METHOD:")).then(|| Scripted::answer(415, ""))
    });
    let sent = event("a", "ours").replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:PUBLISH");
    let outcomes = restore(&server, &[("on_conflict", "overwrite")], &[("a.ics", sent)]).await;
    assert_eq!(outcome(&outcomes, "a.ics"), "WithoutMethod");
    assert_eq!(items.lock().unwrap()["a.ics"], event("a", "ours"));
}

#[tokio::test]
async fn what_differs_is_kept_and_reported_unless_asked_otherwise() {
    let items = items([("a.ics", event("a", "theirs"))]);
    let server = serve(&items, |_| None);
    let outcomes = restore(&server, &[], &[("a.ics", event("a", "ours"))]).await;
    let error = outcomes["/calendars/work/a.ics"].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(sentence(error), "/calendars/work/a.ics differs from what stands at /cal/work/a.ics, which was kept");
    assert_eq!(items.lock().unwrap()["a.ics"], event("a", "theirs"));
}

#[tokio::test]
async fn a_copy_stands_beside_what_differs_and_only_once() {
    let items = items([("a.ics", event("a", "theirs"))]);
    let server = serve(&items, |_| None);
    let copied = restore(&server, &[("on_conflict", "copy")], &[("a.ics", event("a", "ours"))]).await;
    assert_eq!(outcome(&copied, "a.ics"), "Created");
    assert_eq!(items.lock().unwrap().len(), 2);
    let again = restore(&server, &[("on_conflict", "copy")], &[("a.ics", event("a", "ours"))]).await;
    assert_eq!(outcome(&again, "a.ics"), "Identical");
    assert_eq!(items.lock().unwrap().len(), 2);
    assert_eq!(items.lock().unwrap()["a.ics"], event("a", "theirs"));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let items = items([("a.ics", event("a", "theirs"))]);
    let server = serve(&items, |_| None);
    let set = [("dry_run", "true"), ("on_conflict", "overwrite")];
    let outcomes = restore(&server, &set, &[("a.ics", event("a", "ours")), ("b.ics", event("b", "y"))]).await;
    assert_eq!((outcome(&outcomes, "a.ics").as_str(), outcome(&outcomes, "b.ics").as_str()), ("Replaced", "Created"));
    assert!(!methods(&server).contains(&"PUT".to_owned()));
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_is_looked_for_and_not_repeated() {
    let items = items([]);
    let stored = items.clone();
    let server = serve(&items, move |request| {
        (request.method == "PUT").then(|| {
            stored.lock().unwrap().insert("a.ics".to_owned(), request.text());
            Scripted::close()
        })
    });
    let outcomes = restore(&server, &[], &[("a.ics", event("a", "x"))]).await;
    assert_eq!(outcome(&outcomes, "a.ics"), "Created");
    assert_eq!(methods(&server).iter().filter(|method| *method == "PUT").count(), 1);
}

#[tokio::test]
async fn a_rejected_item_is_reported_with_the_servers_reason_and_the_rest_goes_on() {
    let items = items([]);
    let server = serve(&items, |request| {
        let bad = request.method == "PUT" && request.text().contains("UID:bad");
        bad.then(|| Scripted::answer(403, "no such RRULE"))
    });
    let outcomes = restore(&server, &[], &[("a.ics", event("bad", "x")), ("b.ics", event("b", "y"))]).await;
    assert!(
        outcome(&outcomes, "a.ics").starts_with("cannot put /calendars/work/a.ics: "),
        "{}",
        outcome(&outcomes, "a.ics")
    );
    assert_eq!(outcome(&outcomes, "b.ics"), "Created");
}

#[tokio::test]
async fn what_the_server_made_of_an_item_is_seen_when_it_is_read_back() {
    let items = items([]);
    let stored = items.clone();
    let server = serve(&items, move |request| {
        (request.method == "PUT").then(|| {
            stored.lock().unwrap().insert("a.ics".to_owned(), event("a", "cut"));
            Scripted::answer(201, "")
        })
    });
    let outcomes = restore(&server, &[("verify", "true")], &[("a.ics", event("a", "x"))]).await;
    assert_eq!(
        outcome(&outcomes, "a.ics"),
        "/calendars/work/a.ics was put, and the server changed SUMMARY in it at /cal/work/a.ics"
    );
}
