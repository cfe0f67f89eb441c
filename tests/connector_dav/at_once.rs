//! A calendar of which nothing is known, on a server that counts: one query brings everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use davault::connector;
use sha2::{Digest, Sha256};

use super::calendar::{ABOUT, AT, Items, event, items, location};
use crate::support::connectors::{Taken, options, take, take_all};
use crate::support::scripted::{Recorded, Scripted, Server, member};

/// As `sha256sum` writes it, in quotation marks: what Radicale has for an `ETag`.
fn tag(content: &str) -> String {
    let digits = Sha256::digest(content).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    format!("\"{digits}\"")
}

fn fetched(name: &str, content: &str) -> String {
    fetched_at(AT, name, content)
}

fn fetched_at(at: &str, name: &str, content: &str) -> String {
    let (tag, data) = (tag(content), content.replace('\r', ""));
    let properties = format!("<D:getetag>{tag}</D:getetag><C:calendar-data>{data}</C:calendar-data>");
    member(&format!("{at}{name}"), &properties)
}

/// What a server answers that counts its items, as Radicale does.
fn answer(items: &Items, request: &Recorded) -> Scripted {
    answer_at(AT, items, request)
}

/// The same of a calendar that lies there.
fn answer_at(at: &str, items: &Items, request: &Recorded) -> Scripted {
    let items = items.lock().expect("no panic while serving");
    let name = request.path.strip_prefix(at).unwrap_or_default();
    let (text, tag_of_all) = (request.text(), tag("all"));
    match (request.method.as_str(), request.header("depth")) {
        ("PROPFIND", Some("0")) if text.contains("getcontentcount") => {
            let count =
                format!("<R:getcontentcount xmlns:R='http://radicale.org/ns/'>{}</R:getcontentcount>", items.len());
            Scripted::multistatus(&member(at, &count))
        }
        ("PROPFIND", Some("0")) => {
            Scripted::multistatus(&member(at, &format!("{ABOUT}<S:getctag>{tag_of_all}</S:getctag>")))
                .header("DAV", "1, 3, calendar-access")
        }
        ("PROPFIND", _) => {
            let listed = |(name, content): (&String, &String)| {
                member(&format!("{at}{name}"), &format!("<D:getetag>{}</D:getetag><D:resourcetype/>", tag(content)))
            };
            Scripted::multistatus(&format!("{}{}", member(at, ABOUT), items.iter().map(listed).collect::<String>()))
        }
        ("REPORT", _) => {
            let asked = |name: &str| text.contains("calendar-query") || text.contains(&format!("{at}{name}<"));
            let found = items.iter().filter(|(name, _)| asked(name));
            Scripted::multistatus(&found.map(|(name, content)| fetched_at(at, name, content)).collect::<String>())
        }
        ("GET", _) => match items.get(name) {
            Some(content) => Scripted::answer(200, content.clone()).header("ETag", &tag(content)),
            None => Scripted::answer(404, ""),
        },
        _ => Scripted::answer(405, ""),
    }
}

fn serve(items: &Items, first: impl Fn(&Recorded) -> Option<Scripted> + Send + Sync + 'static) -> Server {
    let items = items.clone();
    Server::start(move |request| first(request).unwrap_or_else(|| answer(&items, request)))
}

fn is_query(request: &Recorded) -> bool {
    request.text().contains("calendar-query")
}

/// What was asked after the calendar was found.
fn asked(server: &Server) -> Vec<&'static str> {
    let name = |request: &Recorded| match (request.method.as_str(), request.header("depth"), request.text()) {
        ("PROPFIND", Some("0"), text) if text.contains("getcontentcount") => Some("count"),
        ("PROPFIND", Some("0"), _) => None,
        ("PROPFIND", _, _) if request.path == "/cal/" => Some("home"),
        ("PROPFIND", _, _) => Some("listing"),
        ("REPORT", _, text) if text.contains("calendar-query") => Some("query"),
        ("REPORT", _, _) => Some("multiget"),
        _ => Some("get"),
    };
    let mut asked: Vec<_> = server.recorded().iter().filter_map(name).collect();
    // Whichever came first.
    asked.sort_unstable();
    asked
}

/// The names of the items, each once and with the content that stands on the server.
fn whole(taken: &Taken, items: &Items) -> Vec<String> {
    assert_eq!(taken.failures.len(), 0, "{:?}", taken.failures);
    let paths: Vec<_> = taken.entries.iter().map(|(entry, _)| entry.path.as_str()).collect();
    let once: std::collections::BTreeSet<_> = paths.iter().collect();
    assert_eq!(paths.len(), once.len(), "{paths:?}");
    let files = taken.files();
    let mut contents: Vec<_> = taken.items().iter().filter_map(|path| Some(files.get(path)?.to_vec())).collect();
    let mut stored: Vec<_> =
        items.lock().expect("no panic while serving").values().map(|content| content.clone().into_bytes()).collect();
    contents.sort();
    stored.sort();
    assert_eq!(contents, stored);
    let described = files.get("/calendars/work/.collection.json").expect("each calendar is described");
    assert!(!String::from_utf8_lossy(described).contains("incomplete"), "{described:?}");
    taken.items().iter().filter_map(|path| Some(path.strip_prefix("/calendars/work/")?.to_owned())).collect()
}

fn three() -> Items {
    let bare = event("c", "z").replace('\r', "");
    items([("a.ics", event("a", "x")), ("B.ics", event("b", "y")), ("c.ics", bare)])
}

#[tokio::test]
async fn as_many_as_the_server_counts_are_all_and_nothing_else_is_asked() {
    let items = three();
    let server = serve(&items, |_| None);
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(whole(&taken, &items), ["B.ics", "a.ics", "c.ics"]);
    assert_eq!(asked(&server), ["count", "query"]);
    let (entry, _) = taken.entries.iter().find(|(entry, _)| entry.path.ends_with("a.ics")).unwrap();
    assert_eq!(entry.modified, Some(UNIX_EPOCH + Duration::from_hours(490_896)), "its DTSTAMP");
}

#[tokio::test]
async fn what_a_query_does_not_give_is_listed_and_fetched() {
    let items = three();
    let server =
        serve(&items, |request| is_query(request).then(|| Scripted::multistatus(&fetched("a.ics", &event("a", "x")))));
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(whole(&taken, &items).len(), 3);
    assert_eq!(asked(&server), ["count", "listing", "multiget", "query"]);
}

#[tokio::test]
async fn what_breaks_off_was_handed_on_once_and_the_rest_is_fetched() {
    let items = three();
    let sent = fetched("a.ics", &event("a", "x")).len() + 400;
    let server = serve(&items, {
        let items = items.clone();
        move |request| is_query(request).then(|| answer(&items, request).close_after(sent))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(whole(&taken, &items).len(), 3);
    assert_eq!(asked(&server).iter().filter(|what| **what == "listing").count(), 1);
}

#[tokio::test]
async fn an_answer_that_is_asked_for_again_hands_nothing_on_twice() {
    let items = three();
    let broken = AtomicUsize::new(0);
    let server = serve(&items, {
        let items = items.clone();
        let sent = fetched("a.ics", &event("a", "x")).len() + 400;
        move |request| {
            let is_first = is_query(request) && broken.fetch_add(1, Ordering::Relaxed) == 0;
            is_first.then(|| answer(&items, request).close_after(sent))
        }
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(whole(&taken, &items).len(), 3);
    assert_eq!(asked(&server), ["count", "query", "query"]);
}

#[tokio::test]
async fn what_its_tag_does_not_confirm_is_fetched_as_everywhere() {
    let items = three();
    let server = serve(&items, {
        let items = items.clone();
        move |request| {
            let inside = |content: &str| fetched("a.ics", content).replace("SUMMARY:x", "SUMMARY:altered");
            let [bare, upper] = ["c.ics", "B.ics"].map(|name| fetched(name, &items.lock().unwrap()[name]));
            let all = format!("{}{bare}{upper}", inside(&event("a", "x")));
            is_query(request).then(|| Scripted::multistatus(&all))
        }
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(whole(&taken, &items).len(), 3);
    assert_eq!(asked(&server), ["count", "get", "query"], "one alone is asked for by GET");
}

#[tokio::test]
async fn names_are_safe_and_no_two_alike_and_the_same_ones_whatever_comes_first() {
    let hard = [("a%2Fb.ics", "slash"), ("A.ics", "upper"), ("a.ics", "lower"), (".hidden.ics", "dot")];
    let items = items(hard.map(|(name, uid)| (name, event(uid, "x"))));
    let server = serve(&items, |_| None);
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    let names = whole(&taken, &items);
    assert!(names.contains(&"A.ics".to_owned()) && names.contains(&"a%2Fb.ics".to_owned()), "{names:?}");
    let folded: std::collections::BTreeSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), 4, "{names:?}");
    assert!(!asked(&server).contains(&"listing"));
}

#[tokio::test]
async fn a_server_that_does_not_count_is_asked_once() {
    let items = three();
    let server = serve(&items, |request| request.text().contains("getcontentcount").then(|| Scripted::answer(404, "")));
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(whole(&taken, &items).len(), 3);
    assert_eq!(asked(&server), ["count", "listing", "multiget"]);
}

#[tokio::test]
async fn more_items_than_a_query_may_find_are_listed() {
    let items = three();
    let server = serve(&items, |request| {
        let count = "<R:getcontentcount xmlns:R='http://radicale.org/ns/'>10001</R:getcontentcount>";
        request.text().contains("getcontentcount").then(|| Scripted::multistatus(&member(AT, count)))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(whole(&taken, &items).len(), 3);
    assert_eq!(asked(&server), ["count", "listing", "multiget"]);
}

#[tokio::test]
async fn a_query_that_is_refused_costs_one_request() {
    let items = three();
    let server = serve(&items, |request| is_query(request).then(|| Scripted::answer(403, "")));
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(whole(&taken, &items).len(), 3);
    assert_eq!(asked(&server), ["count", "listing", "multiget", "query"]);
}

#[tokio::test]
async fn what_the_host_leaves_out_is_not_sent_and_the_calendar_is_not_whole() {
    let items = three();
    let server = serve(&items, |_| None);
    let source = connector::source(&location(&server), &options(&[]), None).await.unwrap();
    source.leave_out(Arc::new(|path, folder| !folder && path == "/calendars/work/a.ics"));
    let taken = take(&*source).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/B.ics", "/calendars/work/c.ics"]);
    let described = String::from_utf8_lossy(&taken.files()["/calendars/work/.collection.json"]).into_owned();
    assert!(described.contains("\"incomplete\": true"), "{described}");
}

#[tokio::test]
async fn a_listing_that_fails_after_a_part_came_fails_the_folder_and_keeps_the_part() {
    let items = three();
    let server = serve(&items, |request| {
        let a = fetched("a.ics", &event("a", "x"));
        match request.method.as_str() {
            "REPORT" if is_query(request) => Some(Scripted::multistatus(&a)),
            "REPORT" => Some(Scripted::answer(500, "")),
            "PROPFIND" if request.header("depth") == Some("1") => Some(Scripted::answer(500, "")),
            _ => None,
        }
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/a.ics"]);
    assert_eq!(taken.failures.keys().collect::<Vec<_>>(), ["/calendars/work"]);
    let described = String::from_utf8_lossy(&taken.files()["/calendars/work/.collection.json"]).into_owned();
    assert!(described.contains("\"incomplete\": true"), "{described}");
}

/// What Radicale makes a ctag of.
fn ctag(items: &Items, properties: &str) -> String {
    let items = items.lock().expect("no panic while serving");
    let each = items.iter().map(|(name, content)| format!("{name}/{}", tag(content)));
    tag(&(each.collect::<String>() + properties))
}

/// A home with two calendars that have the same items, the same ctag and these properties.
fn home(items: &Items, ctag: &str, mood: &str, request: &Recorded) -> Scripted {
    const BOTH: [&str; 2] = [AT, "/cal/more/"];
    let (text, path) = (request.text(), request.path.as_str());
    let of_both = |properties: &str| Scripted::multistatus(&BOTH.map(|at| member(at, properties)).concat());
    match (request.method.as_str(), path, request.header("depth")) {
        ("PROPFIND", "/cal/", Some("0")) => {
            let home = "<D:resourcetype><D:collection/></D:resourcetype>";
            Scripted::multistatus(&member("/cal/", home)).header("DAV", "1, 3, calendar-access")
        }
        ("PROPFIND", "/cal/", _) if text.contains("propname") || text.contains("urn:z") => of_both(mood),
        ("PROPFIND", "/cal/", _) => of_both(&format!("{ABOUT}<S:getctag>{ctag}</S:getctag>")),
        _ => answer_at(BOTH.into_iter().find(|at| path.starts_with(at)).unwrap_or(AT), items, request),
    }
}

/// Of the first calendar it is asked for the count, whether there is one; of the others only where the ctag is not that of what
/// came.
#[tokio::test]
async fn what_makes_the_ctag_is_all_there_is_and_nothing_is_counted() {
    const PLAIN: &str = r#"{"D:displayname": "Work", "tag": "VCALENDAR"}"#;
    const WITH_MOOD: &str = r#"{"D:displayname": "Work", "tag": "VCALENDAR", "{urn:z}mood": "gr\u00fcn"}"#;
    const MOOD: &str = "<Z:mood xmlns:Z='urn:z'>gr&#252;n</Z:mood>";
    let items = three();
    for (properties, mood, lacks, expected) in [
        (PLAIN, "", false, &["count", "query", "query"][..]),
        (WITH_MOOD, MOOD, false, &["count", "query", "query"]),
        (PLAIN, MOOD, false, &["count", "count", "query", "query"]),
        (PLAIN, "", true, &["count", "count", "listing", "listing", "multiget", "multiget", "query", "query"]),
    ] {
        let (all, tag) = (items.clone(), ctag(&items, properties));
        let server = Server::start(move |request| {
            let is_less = lacks && is_query(request);
            let all = if is_less { self::items([("a.ics", event("a", "x"))]) } else { all.clone() };
            home(&all, &tag, mood, request)
        });
        let taken = take_all(&format!("caldav://{}/cal/", server.url()), &options(&[])).await.unwrap();
        assert_eq!((taken.items().len(), taken.failures.len()), (6, 0), "{:?}", taken.failures);
        let asked: Vec<_> = asked(&server).into_iter().filter(|what| *what != "home").collect();
        assert_eq!(asked, expected, "{properties} {mood}");
    }
}
