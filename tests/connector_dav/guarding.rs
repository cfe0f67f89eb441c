//! What a destination never does: write over what it has not seen, or over what another item of the same restore put there.

use davault::connector::{self, ErrorKind, Outcome};

use super::calendar::{Items, etag, event, items, location, methods, serve};
use super::writing::{entry, names, outcome, restore};
use crate::support::connectors::{give, options};
use crate::support::scripted::{Scripted, Server, member};

const OVERWRITE: [(&str, &str); 1] = [("on_conflict", "overwrite")];

fn puts(server: &Server) -> usize {
    methods(server).iter().filter(|method| *method == "PUT").count()
}

/// How often the whole calendar was listed.
fn listings(server: &Server) -> usize {
    server.recorded().iter().filter(|one| one.method == "PROPFIND" && one.header("depth") == Some("1")).count()
}

fn content(items: &Items, name: &str) -> String {
    items.lock().expect("no panic while serving").get(name).cloned().unwrap_or_default()
}

#[tokio::test]
async fn two_items_of_one_uid_never_overwrite_each_other() {
    let items = items([]);
    let put = [("a.ics", event("u", "one")), ("b.ics", event("u", "two"))];
    let conflict = "/calendars/work/b.ics was not put: it has the identity of another item of this restore, which stands \
                    at /cal/work/a.ics";
    for (first, sent) in [("Created", 1), ("Identical", 0)] {
        let server = serve(&items, |_| None);
        let outcomes = restore(&server, &OVERWRITE, &put).await;
        assert_eq!((outcome(&outcomes, "a.ics").as_str(), outcome(&outcomes, "b.ics").as_str()), (first, conflict));
        assert_eq!(puts(&server), sent);
        assert_eq!((names(&items), content(&items, "a.ics")), (vec!["a.ics".to_owned()], event("u", "one")));
    }
    let server = serve(&items, |_| None);
    let outcomes = restore(&server, &[("on_conflict", "copy")], &put).await;
    assert_eq!((outcome(&outcomes, "a.ics").as_str(), outcome(&outcomes, "b.ics").as_str()), ("Identical", "Created"));
    assert_eq!(items.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn two_items_of_one_uid_that_come_at_the_same_time_never_overwrite_each_other() {
    let items = items([]);
    let server = serve(&items, |_| None);
    let destination = connector::destination(&location(&server), &options(&OVERWRITE)).await.unwrap();
    give(&*destination, vec![entry("/calendars", None), entry("/calendars/work", None)]).await;
    let (a, b) = (event("u", "one"), event("u", "two"));
    let (a, b) = (entry("/calendars/work/a.ics", Some(&a)), entry("/calendars/work/b.ics", Some(&b)));
    let (one, other) = tokio::join!(destination.store(a.0, a.1), destination.store(b.0, b.1));
    let conflicts =
        [&one, &other].iter().filter(|one| one.as_ref().is_err_and(|e| e.kind == ErrorKind::Conflict)).count();
    assert_eq!((conflicts, puts(&server)), (1, 1), "{one:?} {other:?}");
}

#[tokio::test]
async fn where_a_calendar_has_one_uid_twice_each_goes_to_its_own_name() {
    let items = items([("a.ics", event("u", "one")), ("b.ics", event("u", "spoiled"))]);
    let server = serve(&items, |_| None);
    let put = [("a.ics", event("u", "one")), ("b.ics", event("u", "two"))];
    let outcomes = restore(&server, &OVERWRITE, &put).await;
    assert_eq!((outcome(&outcomes, "a.ics").as_str(), outcome(&outcomes, "b.ics").as_str()), ("Identical", "Replaced"));
    assert_eq!((content(&items, "a.ics"), content(&items, "b.ics")), (event("u", "one"), event("u", "two")));
}

#[tokio::test]
async fn an_item_without_a_uid_never_replaces_one_that_has_one() {
    let items = items([("a.ics", event("theirs", "x"))]);
    let server = serve(&items, |_| None);
    let nameless = event("u", "y").replace("UID:u\r\n", "");
    let outcomes = restore(&server, &OVERWRITE, &[("a.ics", nameless)]).await;
    assert_eq!(
        outcome(&outcomes, "a.ics"),
        "/calendars/work/a.ics was not put: another item stands at /cal/work/a.ics, which was kept"
    );
    assert_eq!(puts(&server), 0);
}

#[tokio::test]
async fn what_could_not_be_read_is_neither_overwritten_nor_taken_for_absent() {
    let items = items([("a.ics", event("a", "x")), ("broken.ics", event("n", "y"))]);
    let spoil = || {
        let served = items.clone();
        serve(&items, move |request| match (request.method.as_str(), request.path.as_str()) {
            ("REPORT", _) => {
                let (tag, data) = (etag(&event("a", "x")), event("a", "x"));
                let there = request.text().contains("a.ics") && served.lock().unwrap().contains_key("a.ics");
                let found = format!("<D:getetag>{tag}</D:getetag><C:calendar-data>{data}</C:calendar-data>");
                Some(Scripted::multistatus(&if there { member("/cal/work/a.ics", &found) } else { String::new() }))
            }
            ("GET", "/cal/work/broken.ics") => Some(Scripted::answer(403, "")),
            _ => None,
        })
    };
    let server = spoil();
    let nameless = event("u", "y").replace("UID:u\r\n", "");
    let put = [("a.ics", event("a", "x")), ("n.ics", event("n", "z")), ("broken.ics", nameless)];
    let outcomes = restore(&server, &OVERWRITE, &put).await;
    assert_eq!(outcome(&outcomes, "a.ics"), "Identical");
    let why = outcome(&outcomes, "n.ics");
    assert!(
        why.starts_with(
            "nothing new was put into /cal/work/: 1 of its items could not be read, and may be the same one; \
             /cal/work/broken.ics: "
        ),
        "{why}"
    );
    assert_eq!(
        outcome(&outcomes, "broken.ics"),
        "/calendars/work/broken.ics was not put: what stands at /cal/work/broken.ics could not be read"
    );
    assert_eq!(puts(&server), 0);
}

#[tokio::test]
async fn a_weak_tag_of_a_get_does_not_displace_the_listed_one() {
    let items = items([("a.ics", event("a", "theirs"))]);
    let weak = |content: &str| format!("W/{}", etag(content));
    let server = serve(&items, move |request| {
        let theirs = event("a", "theirs");
        (request.method == "GET").then(|| Scripted::answer(200, theirs.clone()).header("ETag", &weak(&theirs)))
    });
    let outcomes = restore(&server, &OVERWRITE, &[("a.ics", event("a", "ours"))]).await;
    assert_eq!(outcome(&outcomes, "a.ics"), "Replaced");
    let put = server.recorded().into_iter().find(|one| one.method == "PUT").unwrap();
    assert_eq!(put.header("if-match"), Some(etag(&event("a", "theirs")).as_str()));
}

#[tokio::test]
async fn what_changed_since_it_was_seen_stays_also_on_a_server_that_ignores_conditions() {
    let items = items([("a.ics", event("a", "theirs"))]);
    let stored = items.clone();
    let server = serve(&items, move |request| {
        let mut items = stored.lock().unwrap();
        match request.method.as_str() {
            "GET" => {
                let old = Scripted::answer(200, event("a", "theirs")).header("ETag", &etag(&event("a", "theirs")));
                items.insert("a.ics".to_owned(), event("a", "newer"));
                Some(old)
            }
            "PUT" => {
                items.insert("a.ics".to_owned(), request.text());
                Some(Scripted::answer(204, ""))
            }
            _ => None,
        }
    });
    let outcomes = restore(&server, &OVERWRITE, &[("a.ics", event("a", "ours"))]).await;
    assert_eq!(
        outcome(&outcomes, "a.ics"),
        "/calendars/work/a.ics was not put: what stands at /cal/work/a.ics changed meanwhile"
    );
    assert_eq!(content(&items, "a.ics"), event("a", "newer"));
}

#[tokio::test]
async fn items_that_a_server_rejects_do_not_make_it_list_the_calendar_again_and_again() {
    let put: Vec<_> = ["a.ics", "b.ics", "c.ics", "d.ics"].map(|name| (name, event(name, "x"))).into();
    let refused = "<D:error xmlns:D=\"DAV:\"><C:supported-calendar-component xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/></D:error>";
    for (status, body, most) in [(403, refused, 1), (409, "", 1), (412, "", 2)] {
        let items = items([]);
        let server = serve(&items, move |request| {
            (request.method == "PUT").then(|| Scripted::answer(status, body).header("Content-Type", "application/xml"))
        });
        let outcomes = restore(&server, &[], &put).await;
        assert!(outcome(&outcomes, "d.ics").starts_with("cannot put /calendars/work/d.ics: "), "{outcomes:?}");
        assert_eq!((listings(&server), puts(&server)), (most, 4), "{status}");
    }
}

#[tokio::test]
async fn a_uid_that_the_server_knows_better_is_looked_for_once_more() {
    let items = items([]);
    let stored = items.clone();
    let conflict = "<D:error xmlns:D=\"DAV:\"><C:no-uid-conflict xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/></D:error>";
    let server = serve(&items, move |request| {
        (request.method == "PUT").then(|| {
            stored.lock().unwrap().insert("late.ics".to_owned(), event("a", "x"));
            Scripted::answer(409, conflict).header("Content-Type", "application/xml")
        })
    });
    let outcomes = restore(&server, &OVERWRITE, &[("a.ics", event("a", "x"))]).await;
    assert_eq!(outcomes["/calendars/work/a.ics"].as_ref().ok(), Some(&Outcome::Identical), "{outcomes:?}");
}
