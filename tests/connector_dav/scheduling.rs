//! Nobody is invited and nobody is cancelled, however a server tells that it would.

use davault::connector;
use davault::report::sentence;

use super::calendar::{ABOUT, AT, event, items, location, serve};
use super::writing::{entry, names, outcome, restore};
use crate::support::connectors::{give, options};
use crate::support::scripted::{Recorded, Scripted, member};

const HELD_BACK: &str = "was held back: the server would mail its attendees; scheduling=server and \
                         scheduling=without-attendees, which would put it, are not there yet";

fn party(uid: &str) -> String {
    event(uid, "x\r\nORGANIZER:mailto:alice@example.com\r\nATTENDEE:mailto:bob@example.com")
}

fn is_about(request: &Recorded, path: &str) -> bool {
    request.method == "PROPFIND" && request.header("depth") == Some("0") && request.path == path
}

/// A calendar of a server that says of it that it sends invitations.
fn schedules(request: &Recorded) -> Option<Scripted> {
    let found =
        || Scripted::multistatus(&member(AT, ABOUT)).header("DAV", "1, calendar-access, calendar-auto-schedule");
    is_about(request, AT).then(found)
}

/// A calendar whose owner has an outbox, and no more is said.
fn has_outbox(request: &Recorded) -> Option<Scripted> {
    let owner = "<D:current-user-principal><D:href>/alice/</D:href></D:current-user-principal>";
    let outbox = "<C:schedule-outbox-URL><D:href>/alice/outbox/</D:href></C:schedule-outbox-URL>";
    match () {
        () if is_about(request, AT) => Some(Scripted::multistatus(&member(AT, &format!("{ABOUT}{owner}")))),
        () if is_about(request, "/alice/") => Some(Scripted::multistatus(&member("/alice/", outbox))),
        () => None,
    }
}

#[tokio::test]
async fn a_server_that_schedules_gets_no_event_that_would_invite_somebody() {
    for says in [schedules, has_outbox] {
        let items = items([]);
        let server = serve(&items, says);
        let outcomes = restore(&server, &[], &[("p.ics", party("p")), ("q.ics", event("q", "y"))]).await;
        assert_eq!(outcome(&outcomes, "p.ics"), format!("/calendars/work/p.ics {HELD_BACK}"));
        assert_eq!(outcome(&outcomes, "q.ics"), "Created");
        assert_eq!(names(&items), ["q.ics"]);
    }
}

#[tokio::test]
async fn an_event_with_guests_is_not_replaced_by_one_without() {
    let items = items([("p.ics", party("p"))]);
    let server = serve(&items, schedules);
    let outcomes = restore(&server, &[("on_conflict", "overwrite")], &[("p.ics", event("p", "x"))]).await;
    assert_eq!(outcome(&outcomes, "p.ics"), format!("/calendars/work/p.ics {HELD_BACK}"));
    assert_eq!(items.lock().unwrap()["p.ics"], party("p"));
}

#[tokio::test]
async fn mirror_cancels_nothing() {
    let items = items([("gone.ics", event("g", "x")), ("party.ics", party("p"))]);
    let server = serve(&items, schedules);
    let destination = connector::destination(&location(&server), &options(&[("mirror", "true")])).await.unwrap();
    let described = r#"{"schema": 1, "kind": "calendar", "href": "/old/work/"}"#;
    give(
        &*destination,
        vec![entry("/calendars/work", None), entry("/calendars/work/.collection.json", Some(described))],
    )
    .await;
    let error = destination.finish().await.unwrap_err();
    assert_eq!(sentence(&error), "/cal/work/party.ics was held back: deleting it would mail its attendees");
    assert_eq!(names(&items), ["party.ics"]);
}
