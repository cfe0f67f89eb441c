//! What a collection is beside its items: properties that no standard names, shares, subscriptions, birthdays, the bin.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use davault::connector::{self, Outcome};
use davault::report::sentence;
use serde_json::{Value, json};

use super::calendar::event;
use super::writing::entry;
use crate::support::connectors::{give, options, take_all};
use crate::support::scripted::{Recorded, Scripted, Server, member};

const WORK: &str = "<D:resourcetype><D:collection/><C:calendar/><S:shared/></D:resourcetype>\
                    <D:displayname>Work</D:displayname><D:owner><D:href>/bob/</D:href></D:owner>\
                    <C:supported-calendar-component-set/>\
                    <D:current-user-privilege-set><D:privilege><D:read/></D:privilege></D:current-user-privilege-set>";
const CALENDAR: &str = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>";
const FEED: &str = "<D:resourcetype><D:collection/><S:subscribed/></D:resourcetype><D:displayname>Holidays</D:displayname>\
                    <S:source><D:href>https://example.com/holidays.ics?secret</D:href></S:source>";
const CACHED: &str = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Matches</D:displayname>\
                      <S:source><D:href>webcal://example.com/matches.ics</D:href></S:source>\
                      <D:current-user-privilege-set><D:privilege><D:read/></D:privilege></D:current-user-privilege-set>";
/// One that somebody has made his own.
const OWNED: &str = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>\
                     <S:source><D:href>webcal://example.com/old.ics</D:href></S:source>\
                     <D:current-user-privilege-set><D:privilege><D:all/></D:privilege></D:current-user-privilege-set>";
const BIRTHDAYS: &str =
    "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Birthdays</D:displayname>";
const BIN: &str = "<D:resourcetype><D:collection/><N:trash-bin xmlns:N=\"http://nextcloud.com/ns\"/></D:resourcetype>";
const DEAD: &str = "<Z:note xmlns:Z=\"urn:z\">a &amp; b</Z:note><Z:tree xmlns:Z=\"urn:z\"><Z:leaf colour=\"red\">x</Z:leaf></Z:tree>\
                    <C:calendar-availability>BEGIN:VCALENDAR</C:calendar-availability><S:getctag>7</S:getctag>";

/// A home with a shared calendar, two subscriptions, a calendar of birthdays, and a bin.
fn home(request: &Recorded) -> Scripted {
    let text = request.text();
    match (request.method.as_str(), request.path.as_str(), request.header("depth")) {
        ("PROPFIND", "/cal/", Some("0")) => {
            let home = "<D:resourcetype><D:collection/></D:resourcetype>";
            Scripted::multistatus(&member("/cal/", home)).header("DAV", "1, 3, calendar-access")
        }
        ("PROPFIND", "/cal/", _) if text.contains("propname") => Scripted::multistatus(&member(
            "/cal/work/",
            "<Z:note xmlns:Z='urn:z'/><Z:tree xmlns:Z='urn:z'/><S:getctag/>",
        )),
        ("PROPFIND", "/cal/", _) if text.contains("urn:z") => {
            assert!(!text.contains("getctag"), "{text}");
            Scripted::multistatus(&member("/cal/work/", DEAD))
        }
        ("PROPFIND", "/cal/", _) => {
            let all = [
                ("work", WORK),
                ("feed", FEED),
                ("cached", CACHED),
                ("owned", OWNED),
                ("contact_birthdays", BIRTHDAYS),
                ("trashbin", BIN),
            ];
            let all = all.map(|(name, properties)| member(&format!("/cal/{name}/"), properties));
            Scripted::multistatus(&all.concat())
        }
        ("PROPFIND", "/cal/cached/" | "/cal/owned/" | "/cal/work/" | "/cal/trashbin/objects/", _) => {
            let tag = "<D:getetag>\"1\"</D:getetag><D:resourcetype/>";
            Scripted::multistatus(&member(&format!("{}a.ics", request.path), tag))
        }
        ("PROPFIND", "/cal/contact_birthdays/" | "/cal/feed/", _) => Scripted::multistatus(""),
        ("GET", _, _) => Scripted::answer(200, event("a", "x")).header("ETag", "\"1\""),
        _ => Scripted::answer(405, ""),
    }
}

fn location(server: &Server) -> String {
    format!("caldav://{}/cal/", server.url())
}

/// What `.collection.json` says of each folder, and the items.
async fn backup(server: &Server, set: &[(&str, &str)]) -> (BTreeMap<String, Value>, Vec<String>) {
    let taken = take_all(&location(server), &options(set)).await.expect("a backup");
    assert_eq!(taken.failures, BTreeMap::new());
    let files = taken.files();
    let described = files.iter().filter_map(|(path, content)| {
        let folder = path.strip_prefix("/calendars/")?.strip_suffix("/.collection.json")?;
        Some((folder.to_owned(), serde_json::from_slice(content).ok()?))
    });
    (described.collect(), taken.items())
}

#[tokio::test]
async fn what_programs_have_set_is_read_and_what_the_server_makes_is_not() {
    let server = Server::start(home);
    let (described, _) = backup(&server, &[]).await;
    let work = &described["work"];
    let expected = json!([
        { "namespace": "urn:ietf:params:xml:ns:caldav", "name": "calendar-availability", "text": "BEGIN:VCALENDAR" },
        { "namespace": "urn:z", "name": "note", "text": "a & b" },
        { "namespace": "urn:z", "name": "tree", "xml": "<x46f4d714:leaf xmlns:x46f4d714=\"urn:z\" colour=\"red\">x</x46f4d714:leaf>" },
    ]);
    assert_eq!(work["properties"], expected);
    assert_eq!([&work["owner"], &work["read_only"], &work["shared"]], [&json!("/bob/"), &json!(true), &json!(true)]);
    assert_eq!(work.get("components"), None, "an empty set is everything");
    assert_eq!(described["contact_birthdays"]["role"], "birthdays");
}

#[tokio::test]
async fn where_a_server_does_not_answer_now_what_was_set_is_a_failure_and_not_gone() {
    let server = Server::start(|request| {
        let is_asked = request.text().contains("calendar-availability") && request.header("depth") == Some("1");
        if is_asked { Scripted::answer(503, "").header("Retry-After", "3600") } else { home(request) }
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert!(taken.failures.contains_key("/calendars/work/.collection.json"), "{:?}", taken.failures);
    assert_eq!(taken.items(), ["/calendars/owned/a.ics", "/calendars/work/a.ics"]);
}

#[tokio::test]
async fn what_is_set_without_a_value_is_kept_where_the_server_names_it() {
    let server = Server::start(|request| match request.text() {
        text if text.contains("urn:z") && request.path == "/cal/" => {
            Scripted::multistatus(&member("/cal/work/", "<Z:note xmlns:Z=\"urn:z\"/><C:calendar-availability/>"))
        }
        _ => home(request),
    });
    let (described, _) = backup(&server, &[]).await;
    assert_eq!(described["work"]["properties"], json!([{ "namespace": "urn:z", "name": "note", "text": "" }]));
}

#[tokio::test]
async fn a_subscription_is_its_address_and_with_an_option_its_items() {
    let server = Server::start(home);
    let (described, items) = backup(&server, &[]).await;
    assert_eq!(described.keys().collect::<Vec<_>>(), ["cached", "contact_birthdays", "feed", "owned", "work"]);
    assert_eq!(described["feed"]["source"], "https://example.com/holidays.ics?secret");
    assert_eq!([&described["feed"]["role"], &described["cached"]["role"]], ["subscribed", "subscribed"]);
    assert_eq!(described["cached"]["incomplete"], true);
    assert_eq!(items, ["/calendars/owned/a.ics", "/calendars/work/a.ics"]);
    let asks = |server: &Server| server.recorded().iter().any(|one| one.header("x-nc-caldav-webcal-caching").is_some());
    assert!(!asks(&server));

    let server = Server::start(home);
    let (described, items) = backup(&server, &[("include_subscribed", "true")]).await;
    assert_eq!(items, ["/calendars/cached/a.ics", "/calendars/owned/a.ics", "/calendars/work/a.ics"]);
    assert_eq!(described["cached"].get("incomplete"), None);
    assert!(asks(&server));
}

#[tokio::test]
async fn the_bin_is_read_when_that_is_asked_for() {
    let server = Server::start(home);
    let (described, items) = backup(&server, &[("include_trash", "true")]).await;
    assert_eq!(described["trashbin"]["role"], "trash");
    assert_eq!(items, ["/calendars/owned/a.ics", "/calendars/trashbin/a.ics", "/calendars/work/a.ics"]);
}

/// What is asked of a home without calendars that takes all but one property, and what it answers in the end.
async fn restore(described: &Value, items: &[&str]) -> (Vec<Recorded>, Vec<String>, Option<String>) {
    let made = Arc::new(Mutex::new(None::<String>));
    let server = Server::start(move |request: &Recorded| {
        let mut made = made.lock().expect("no panic while serving");
        match (request.method.as_str(), request.path.as_str(), request.header("depth")) {
            ("MKCALENDAR" | "MKCOL", path, _) => {
                let about = if request.method == "MKCOL" { FEED } else { CALENDAR };
                *made = Some(member(path, about));
                Scripted::answer(201, "")
            }
            ("PROPPATCH", path, _) if request.text().contains("refused") => {
                let body = format!(
                    "<D:response><D:href>{path}</D:href><D:propstat><D:prop><refused xmlns=\"urn:z\"/></D:prop>\
                     <D:status>HTTP/1.1 403 no</D:status></D:propstat></D:response>"
                );
                Scripted::multistatus(&body)
            }
            ("PROPPATCH", path, _) => {
                Scripted::multistatus(&member(path, "<Z:note xmlns:Z='urn:z'/><Z:tree xmlns:Z='urn:z'/>"))
            }
            ("PUT", _, _) => Scripted::answer(201, "").header("ETag", "\"1\""),
            ("PROPFIND", "/cal/", Some("1")) => {
                let there = member("/cal/contact_birthdays/", CALENDAR);
                Scripted::multistatus(&format!("{there}{}", made.as_deref().unwrap_or_default()))
            }
            ("PROPFIND", path, Some("1")) => {
                Scripted::multistatus(&member(path, "<D:resourcetype><D:collection/></D:resourcetype>"))
            }
            _ => home(request),
        }
    });
    let destination = connector::destination(&location(&server), &options(&[])).await.expect("a destination");
    let folder = described["folder"].as_str().expect("a name");
    let mut entries = vec![
        entry(&format!("/calendars/{folder}"), None),
        entry(&format!("/calendars/{folder}/.collection.json"), Some(&described.to_string())),
    ];
    let content = event("a", "x");
    entries.extend(items.iter().map(|name| entry(&format!("/calendars/{folder}/{name}"), Some(&content))));
    let outcomes = give(&*destination, entries).await;
    let ended = destination.finish().await.err().map(|error| sentence(&error));
    let outcomes = outcomes.into_values().filter(|one| !matches!(one, Ok(Outcome::Noted)));
    let outcomes = outcomes.map(|one| one.map_or_else(|error| sentence(&error), |one| format!("{one:?}")));
    (server.recorded(), outcomes.collect(), ended)
}

fn bodies(recorded: &[Recorded], method: &str) -> Vec<String> {
    recorded.iter().filter(|one| one.method == method).map(Recorded::text).collect()
}

#[tokio::test]
async fn what_programs_had_set_is_set_again_and_a_refusal_is_told_once() {
    let described = json!({
        "schema": 1, "kind": "calendar", "href": "/old/mine/", "folder": "mine", "owner": "/bob/", "shared": true, "read_only": true,
        "properties": [
            { "namespace": "urn:z", "name": "note", "text": "a & b" },
            { "namespace": "urn:z", "name": "tree", "xml": "<z:leaf xmlns:z='urn:z'/>" },
            { "namespace": "urn:z", "name": "odd", "xml": "x</D:prop></D:set><evil/>" },
            { "namespace": "urn:z", "name": "refused", "text": "r" },
            { "namespace": "DAV:", "name": "resource-id", "text": "urn:uuid:1" },
            { "namespace": "http://calendarserver.org/ns/", "name": "getctag", "text": "7" },
        ],
    });
    let (recorded, outcomes, ended) = restore(&described, &["a.ics", "b.ics"]).await;
    assert_eq!(
        outcomes.first().map(String::as_str),
        Some("Created"),
        "a share that is gone becomes a calendar of our own"
    );
    assert_eq!(bodies(&recorded, "MKCALENDAR").len(), 1);
    let set = bodies(&recorded, "PROPPATCH").concat();
    assert!(set.contains(">a &amp; b<") && set.contains(":leaf"), "{set}");
    assert!(!set.contains("evil") && !set.contains("resource-id") && !set.contains("getctag"), "{set}");
    assert_eq!(ended.as_deref(), Some("/cal/mine/ refused refused: status 403"));
}

#[tokio::test]
async fn a_subscription_is_made_again_and_gets_no_items() {
    let described = json!({
        "schema": 1, "kind": "calendar", "role": "subscribed", "href": "/old/feed/", "folder": "feed", "displayname": "Holidays",
        "source": "https://example.com/x.ics?a&b",
    });
    let (recorded, outcomes, ended) = restore(&described, &["a.ics"]).await;
    let made = bodies(&recorded, "MKCOL").concat();
    assert!(made.contains("<S:subscribed/>") && made.contains("https://example.com/x.ics?a&amp;b"), "{made}");
    assert!(made.contains(">Holidays<"), "{made}");
    assert_eq!(
        outcomes,
        ["/calendars/feed/a.ics was not put: /cal/feed/ shows what a feed has; say into=NAME to keep what it had"]
    );
    assert_eq!((ended, bodies(&recorded, "MKCALENDAR").len()), (None, 0));
}

#[tokio::test]
async fn neither_birthdays_nor_a_bin_are_written_to() {
    let described = |role: &str, folder: &str| json!({ "schema": 1, "kind": "calendar", "role": role, "href": format!("/cal/{folder}/"), "folder": folder });
    let (recorded, outcomes, _) = restore(&described("birthdays", "contact_birthdays"), &["a.ics"]).await;
    let why = "/calendars/contact_birthdays/a.ics was not put: /cal/contact_birthdays/ is made by the server from the birthdays \
               of contacts; say into=NAME to keep it";
    assert_eq!((outcomes, bodies(&recorded, "PUT").len()), (vec![why.to_owned()], 0));
    let (recorded, outcomes, _) = restore(&described("trash", "trashbin"), &["a.ics"]).await;
    assert_eq!(outcomes, ["/calendars/trashbin lay in a bin; say into=NAME to have it back"]);
    assert_eq!(bodies(&recorded, "MKCALENDAR").len(), 0);
    let (recorded, outcomes, ended) = restore(&described("trash", "trashbin"), &[]).await;
    assert_eq!(
        (outcomes.len(), ended, bodies(&recorded, "MKCALENDAR").len()),
        (0, None, 0),
        "an empty bin is no trouble"
    );
}
