//! What `mirror` deletes, and what it never does.

use davault::connector;
use davault::report::sentence;

use super::calendar::{Items, event, items, location, methods, serve};
use super::writing::{entry, names};
use crate::support::connectors::{give, options};
use crate::support::scripted::Server;

const DESCRIBED: &str = r#"{"schema": 1, "kind": "calendar", "href": "/old/work/"}"#;

/// Two items, of which the snapshot has the first.
fn two() -> Items {
    items([("a.ics", event("a", "x")), ("gone.ics", event("g", "y"))])
}

/// Restores `a.ics` with `mirror`, and what describes its calendar if it is whole; what the end said.
async fn mirrored(server: &Server, whole: bool, a: &str, before_the_end: impl FnOnce()) -> Option<String> {
    let destination =
        connector::destination(&location(server), &options(&[("mirror", "true")])).await.expect("a destination");
    let mut entries = vec![
        entry("/", None),
        entry("/calendars", None),
        entry("/calendars/work", None),
        entry("/calendars/work/a.ics", Some(a)),
    ];
    if whole {
        entries.push(entry("/calendars/work/.collection.json", Some(DESCRIBED)));
    }
    give(&*destination, entries).await;
    before_the_end();
    destination.finish().await.err().map(|error| sentence(&error))
}

#[tokio::test]
async fn mirror_deletes_what_the_snapshot_lacks_and_only_after_a_whole_restore() {
    let items = two();
    let server = serve(&items, |_| None);
    assert_eq!(mirrored(&server, true, &event("a", "x"), || ()).await, None);
    assert_eq!(names(&items), ["a.ics"]);
}

#[tokio::test]
async fn mirror_deletes_nothing_where_an_item_could_not_be_restored() {
    let items = two();
    let server = serve(&items, |_| None);
    let error = mirrored(&server, true, &event("a", "ours"), || ()).await;
    assert_eq!(error.as_deref(), Some("nothing was deleted in /cal/work/: some items could not be restored"));
    assert_eq!(names(&items), ["a.ics", "gone.ics"]);
}

#[tokio::test]
async fn mirror_deletes_nothing_where_one_item_of_a_calendar_is_restored() {
    let items = two();
    let server = serve(&items, |_| None);
    let error = mirrored(&server, false, &event("a", "x"), || ()).await;
    let expected = "nothing was deleted in /cal/work/: it is not known whether the snapshot has all of it";
    assert_eq!(error.as_deref(), Some(expected));
    assert_eq!(names(&items), ["a.ics", "gone.ics"]);
}

#[tokio::test]
async fn mirror_leaves_what_changed_since_it_was_listed() {
    let items = two();
    let server = serve(&items, |_| None);
    let change = || _ = items.lock().unwrap().insert("gone.ics".to_owned(), event("g", "newer"));
    let error = mirrored(&server, true, &event("a", "x"), change).await;
    assert_eq!(error.as_deref(), Some("/cal/work/gone.ics was not deleted: it changed meanwhile"));
    assert_eq!(names(&items), ["a.ics", "gone.ics"]);
    assert!(!methods(&server).contains(&"DELETE".to_owned()));
}
