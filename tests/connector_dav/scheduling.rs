//! Nobody is invited and nobody is cancelled, however a server tells that it would.

use davault::connector;
use davault::report::sentence;

use super::calendar::{ABOUT, AT, event, items, location, serve};
use super::writing::{entry, names, outcome, restore, work};
use crate::support::connectors::{give, options};
use crate::support::scripted::{Recorded, Scripted, Server, member};

const HELD_BACK: &str = "was held back: the server would tell its guests; scheduling=server lets it, and \
                         scheduling=without-attendees puts it without them";
const CHANGE_HELD_BACK: &str = "was held back: the server would tell its guests of the change; scheduling=server lets it, \
                                and scheduling=without-attendees puts it without them where the server allows that";

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
    assert_eq!(outcome(&outcomes, "p.ics"), format!("/calendars/work/p.ics {CHANGE_HELD_BACK}"));
    assert_eq!(items.lock().unwrap()["p.ics"], party("p"));
}

/// The same server, which says what it is when it is asked for its features.
fn with_engine(name: &'static str, value: &'static str) -> impl Fn(&Recorded) -> Option<Scripted> + Send + Sync {
    move |request| match request.method.as_str() {
        "OPTIONS" => {
            let classes = "1, 3, calendar-access, calendar-auto-schedule";
            let classes = if name == "DAV" { format!("{classes}, {value}") } else { classes.to_owned() };
            let answer = Scripted::answer(200, "").header("DAV", &classes);
            Some(if name == "DAV" { answer } else { answer.header(name, value) })
        }
        _ => schedules(request),
    }
}

/// The headers of all requests of that method which ask for silence.
fn asks_for_silence(server: &Server, method: &str) -> Vec<(Option<String>, Option<String>)> {
    let recorded = server.recorded();
    let header = |one: &Recorded, name: &str| one.header(name).map(str::to_owned);
    let all = recorded.iter().filter(|one| one.method == method);
    all.map(|one| (header(one, "schedule-reply"), header(one, "x-nc-scheduling"))).collect()
}

fn silence() -> (Option<String>, Option<String>) {
    (Some("F".to_owned()), Some("false".to_owned()))
}

#[tokio::test]
async fn sabredav_and_nextcloud_are_asked_by_headers_and_get_every_byte() {
    for (name, value) in [("X-Sabre-Version", "4.7.1"), ("DAV", "nextcloud-checksum-update")] {
        let items = items([("q.ics", party("q").replace("SUMMARY:x", "SUMMARY:before"))]);
        let server = serve(&items, with_engine(name, value));
        let wanted = [("p.ics", party("p")), ("q.ics", party("q"))];
        let outcomes = restore(&server, &[("on_conflict", "overwrite")], &wanted).await;
        assert_eq!([outcome(&outcomes, "p.ics"), outcome(&outcomes, "q.ics")], ["Created", "Replaced"]);
        let there = items.lock().unwrap().clone();
        assert_eq!([&there["p.ics"], &there["q.ics"]], [&party("p"), &party("q")]);
        assert_eq!(asks_for_silence(&server, "PUT"), [silence(), silence()], "{name}");
    }
}

#[tokio::test]
async fn who_lets_the_server_tell_sends_no_header_that_keeps_it_from_that() {
    let items = items([]);
    let server = serve(&items, with_engine("X-Sabre-Version", "4.7.1"));
    let outcomes = restore(&server, &[("scheduling", "server")], &[("p.ics", party("p"))]).await;
    assert_eq!(outcome(&outcomes, "p.ics"), "Created");
    assert_eq!(items.lock().unwrap()["p.ics"], party("p"));
    assert_eq!(asks_for_silence(&server, "PUT"), [(None, None)]);
}

#[tokio::test]
async fn guests_that_are_left_to_the_client_are_no_difference_until_the_server_may_have_them() {
    let items = items([]);
    let server = serve(&items, with_engine("Server", "Cyrus-HTTP/3.6.1"));
    let wanted = [("p.ics", party("p"))];
    assert_eq!(outcome(&restore(&server, &[], &wanted).await, "p.ics"), "LeftToClient");
    let silent = items.lock().unwrap()["p.ics"].clone();
    let line = ";SCHEDULE-AGENT=CLIENT;X-DAVAULT-SCHEDULE-AGENT=SERVER:mailto:";
    assert_eq!(silent.replace("\r\n ", "").matches(line).count(), 2, "who organises it is not known: {silent}");

    assert_eq!(outcome(&restore(&server, &[], &wanted).await, "p.ics"), "Identical");
    let from_there = [("p.ics", silent)];
    assert_eq!(outcome(&restore(&server, &[], &from_there).await, "p.ics"), "Identical");
    let loud = [("scheduling", "server"), ("on_conflict", "overwrite")];
    assert_eq!(outcome(&restore(&server, &loud, &from_there).await, "p.ics"), "Replaced");
    assert_eq!(items.lock().unwrap()["p.ics"], party("p"), "its guests are given back");
}

#[tokio::test]
async fn a_plan_counts_what_is_changed_so_that_nobody_is_told() {
    for (wish, counts) in [("silent", (1, 0)), ("without-attendees", (0, 1)), ("server", (0, 0))] {
        let server = serve(&items([]), with_engine("Server", "Cyrus-HTTP/3.6.1"));
        let wishes = options(&[("dry_run", "true"), ("scheduling", wish)]);
        let destination = connector::destination(&location(&server), &wishes).await.expect("a destination");
        let outcomes = give(&*destination, work(&[("p.ics", party("p")), ("q.ics", event("q", "y"))])).await;
        destination.finish().await.expect("a plan");
        let foreseen = destination.foreseen().await;
        assert_eq!(outcome(&outcomes, "p.ics"), "Created");
        assert_eq!((foreseen[0].left_to_client, foreseen[0].guests_as_notes), counts, "{wish}");
    }
}

#[tokio::test]
async fn without_attendees_keeps_them_as_notes_and_gives_them_back() {
    let items = items([]);
    let server = serve(&items, schedules);
    let wanted = [("p.ics", party("p"))];
    let outcomes = restore(&server, &[("scheduling", "without-attendees")], &wanted).await;
    assert_eq!(outcome(&outcomes, "p.ics"), "GuestsAsNotes");
    let notes = items.lock().unwrap()["p.ics"].clone();
    assert!(notes.contains("X-DAVAULT-ATTENDEE;VALUE=CAL-ADDRESS:mailto:bob@example.com\r\n"), "{notes}");
    assert!(!notes.contains("\nATTENDEE") && !notes.contains("\nORGANIZER"), "{notes}");

    // A backup of that is put back as it is where it can't have its guests, and with them where it can.
    items.lock().unwrap().clear();
    let from_there = [("p.ics", notes.clone())];
    assert_eq!(outcome(&restore(&server, &[], &from_there).await, "p.ics"), "Created");
    assert_eq!(items.lock().unwrap()["p.ics"], notes);
    let loud = [("scheduling", "server"), ("on_conflict", "overwrite")];
    assert_eq!(outcome(&restore(&server, &loud, &from_there).await, "p.ics"), "Replaced");
    assert_eq!(items.lock().unwrap()["p.ics"], party("p"));
}

/// A restore of an empty calendar that deletes what it lacks; why not, where not.
async fn mirror_nothing(server: &Server, more: &[(&str, &str)]) -> Option<String> {
    let wishes = [&[("mirror", "true")], more].concat();
    let destination = connector::destination(&location(server), &options(&wishes)).await.expect("a destination");
    let described = r#"{"schema": 1, "kind": "calendar", "href": "/old/work/"}"#;
    give(
        &*destination,
        vec![entry("/calendars/work", None), entry("/calendars/work/.collection.json", Some(described))],
    )
    .await;
    destination.finish().await.err().map(|error| sentence(&error))
}

#[tokio::test]
async fn mirror_cancels_nothing() {
    let items = items([("gone.ics", event("g", "x")), ("party.ics", party("p"))]);
    let server = serve(&items, schedules);
    let why =
        "/cal/work/party.ics was held back: the server would tell its guests that it is off; scheduling=server lets it";
    assert_eq!(mirror_nothing(&server, &[]).await.as_deref(), Some(why));
    assert_eq!(names(&items), ["party.ics"]);
    assert_eq!(mirror_nothing(&server, &[("scheduling", "server")]).await, None);
    assert_eq!(names(&items), [""; 0]);
}

#[tokio::test]
async fn sabredav_is_asked_to_delete_in_silence() {
    let items = items([("party.ics", party("p"))]);
    let server = serve(&items, with_engine("X-Sabre-Version", "4.7.1"));
    assert_eq!(mirror_nothing(&server, &[]).await, None);
    assert_eq!(names(&items), [""; 0]);
    assert_eq!(asks_for_silence(&server, "DELETE"), [silence()]);
}
