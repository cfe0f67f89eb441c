//! The source.

use std::sync::Arc;

use davault::connector::{self, EntryKind, ErrorKind};
use davault::report::sentence;

use super::calendar::{ABOUT, AT, event, items, location, methods, serve};
use crate::support::connectors::{options, take, take_all};
use crate::support::scripted::{Scripted, member};

#[tokio::test]
async fn a_calendar_takes_a_listing_a_multiget_and_one_get_to_compare() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y")), ("c.ics", event("c", "z"))]);
    let server = serve(&items, |_| None);
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(methods(&server), ["PROPFIND", "REPORT", "GET"]);
    assert_eq!(taken.failures.len(), 0);
    let folders: Vec<_> = taken.entries.iter().filter(|(entry, _)| entry.kind == EntryKind::Folder).collect();
    let paths: Vec<_> = folders.iter().map(|(entry, _)| entry.path.as_str()).collect();
    assert_eq!(paths, ["/", "/calendars", "/calendars/work"]);
    let files = taken.files();
    assert_eq!(files["/calendars/work/a.ics"], event("a", "x"), "the lines end in CRLF again");
    assert_eq!(files["/calendars/work/displayname"], "Work");
    let described = String::from_utf8_lossy(&files["/calendars/work/.collection.json"]);
    assert!(described.contains("\"kind\": \"calendar\"") && !described.contains("incomplete"), "{described}");
}

#[tokio::test]
async fn an_unchanged_calendar_gives_the_same_files_and_versions_again() {
    let items = items([("a.ics", event("a", "x"))]);
    let server = serve(&items, |_| None);
    let one = take_all(&location(&server), &options(&[])).await.unwrap();
    let other = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(one.entries, other.entries);
}

#[tokio::test]
async fn what_the_host_leaves_out_is_not_fetched_and_the_calendar_is_not_whole() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y")), ("c.ics", event("c", "z"))]);
    let server = serve(&items, |_| None);
    let source = connector::source(&location(&server), &options(&[]), None).await.unwrap();
    source.leave_out(Arc::new(|path, folder| !folder && path == "/calendars/work/b.ics"));
    let taken = take(&*source).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/a.ics", "/calendars/work/c.ics"]);
    assert_eq!(taken.failures.len(), 0);
    assert!(
        !server.recorded().iter().any(|request| request.path.contains("b.ics") || request.text().contains("b.ics"))
    );
    let described = String::from_utf8_lossy(&taken.files()["/calendars/work/.collection.json"]).into_owned();
    assert!(described.contains("\"incomplete\": true"), "{described}");
}

#[tokio::test]
async fn a_500_for_one_item_fails_that_item_and_no_other() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y")), ("c.ics", event("c", "z"))]);
    let server = serve(&items, |request| {
        let bad = request.method == "REPORT" && request.text().contains("b.ics") || request.path.ends_with("b.ics");
        bad.then(|| Scripted::answer(500, "database on fire"))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/a.ics", "/calendars/work/c.ics"]);
    let failed: Vec<_> = taken.failures.keys().collect();
    assert_eq!(failed, ["/calendars/work/b.ics"]);
    let described = String::from_utf8_lossy(&taken.files()["/calendars/work/.collection.json"]).into_owned();
    assert!(described.contains("\"incomplete\": true"), "{described}");
}

#[tokio::test]
async fn a_multiget_that_is_no_xml_is_replaced_by_gets() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y"))]);
    let server = serve(&items, |request| {
        (request.method == "REPORT").then(|| Scripted::multistatus("<D:response><D:href>/cal/work/a.ics"))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/a.ics", "/calendars/work/b.ics"]);
    assert_eq!(taken.failures.len(), 0);
    assert_eq!(methods(&server), ["PROPFIND", "REPORT", "GET", "GET"]);
}

#[tokio::test]
async fn what_a_multiget_leaves_out_is_asked_for_singly() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y"))]);
    let server = serve(&items, |request| {
        let left_out = member("/cal/work/a.ics", "<D:getetag>\"1\"</D:getetag>");
        (request.method == "REPORT").then(|| Scripted::multistatus(&left_out))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.items().len(), 2);
    assert_eq!(methods(&server), ["PROPFIND", "REPORT", "GET", "GET"]);
}

#[tokio::test]
async fn where_get_differs_from_multiget_get_wins() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y"))]);
    let server = serve(&items, |request| {
        let data = |name: &str| {
            let data =
                format!("<D:getetag>\"1\"</D:getetag><C:calendar-data>BEGIN:VCALENDAR\nX:{name}</C:calendar-data>");
            member(&format!("{AT}{name}"), &data)
        };
        (request.method == "REPORT").then(|| Scripted::multistatus(&format!("{}{}", data("a.ics"), data("b.ics"))))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.files()["/calendars/work/b.ics"], event("b", "y"));
}

#[tokio::test]
async fn strange_names_become_safe_ones_and_none_is_lost() {
    let long = format!("{}.ics", "n".repeat(300));
    let items = items([
        ("a%2Fb.ics", event("slash", "x")),
        ("A.ics", event("upper", "x")),
        ("a.ics", event("lower", "x")),
        (&long, event("long", "x")),
    ]);
    let server = serve(&items, |_| None);
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    let names: Vec<_> =
        taken.items().iter().map(|path| path.rsplit('/').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(taken.items().len(), 4, "{names:?}");
    assert!(taken.items().iter().all(|path| path.starts_with("/calendars/work/") && path.split('/').count() == 4));
    assert!(names.iter().all(|name| name.len() <= 255));
    let folded: std::collections::HashSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), 4, "{names:?}");
    assert_eq!(taken.failures.len(), 0);
}

#[tokio::test]
async fn an_href_that_leads_out_of_the_calendar_is_a_failure_and_is_never_asked_for() {
    let items = items([("a.ics", event("a", "x"))]);
    let server = serve(&items, |request| {
        let evil = member("/cal/work/../../etc/passwd", "<D:getetag>\"1\"</D:getetag><D:resourcetype/>");
        let good = member("/cal/work/a.ics", "<D:getetag>\"1\"</D:getetag><D:resourcetype/>");
        let listing = request.method == "PROPFIND" && request.header("depth") == Some("1");
        listing.then(|| Scripted::multistatus(&format!("{evil}{good}")))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/a.ics"]);
    assert_eq!(taken.failures.len(), 1, "{:?}", taken.failures);
    assert!(server.requests().iter().all(|request| !request.contains("passwd")));
}

#[tokio::test]
async fn a_listing_that_fails_is_a_failure_of_its_collection() {
    let items = items([("a.ics", event("a", "x"))]);
    let server = serve(&items, |request| {
        let listing = request.method == "PROPFIND" && request.header("depth") == Some("1");
        listing.then(|| Scripted::answer(403, "not for you"))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.failures.keys().collect::<Vec<_>>(), ["/calendars/work"]);
    assert_eq!(taken.files().len(), 0);
}

#[tokio::test]
async fn only_the_wanted_components_come_and_the_snapshot_says_so() {
    let todo = event("t", "x").replace("VEVENT", "VTODO");
    let items = items([("a.ics", event("a", "x")), ("t.ics", todo)]);
    let server = serve(&items, |_| None);
    let taken = take_all(&location(&server), &options(&[("components", "vtodo")])).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/t.ics"]);
    let described = String::from_utf8_lossy(&taken.files()["/calendars/work/.collection.json"]).into_owned();
    assert!(described.contains("\"only_components\""), "{described}");
}

#[tokio::test]
async fn only_what_happens_in_the_window_comes_whatever_the_server_thinks_and_the_snapshot_says_so() {
    let at = |uid, start| event(uid, "x").replace("20260102T000000Z", start);
    let series = at("s", "19990101T000000Z").replace("SUMMARY", "RRULE:FREQ=YEARLY\r\nSUMMARY");
    let old = at("o", "20250101T000000Z");
    let items = items([("a.ics", at("a", "20260301T000000Z")), ("o.ics", old), ("s.ics", series)]);
    let server = serve(&items, |_| None);
    let window = [("since", "2026-01-01T00:00Z"), ("until", "2027-01-01T00:00Z")];
    let taken = take_all(&location(&server), &options(&window)).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/a.ics", "/calendars/work/s.ics"]);
    assert_eq!(methods(&server), ["PROPFIND", "REPORT", "GET"], "nothing but what a whole backup asks");
    let described = taken.files()["/calendars/work/.collection.json"].clone();
    let described: serde_json::Value = serde_json::from_slice(&described).unwrap();
    let said = serde_json::json!({ "since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" });
    assert_eq!(described["only_between"], said);
}

#[tokio::test]
async fn a_wrong_password_is_a_sentence_of_its_own_kind() {
    let items = items([]);
    let server = serve(&items, |_| Some(Scripted::challenge("Basic realm=\"x\"")));
    let who = options(&[("username", "alice"), ("password", "geheim")]);
    let error = take_all(&location(&server), &who).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Access);
    let sentence = sentence(&error);
    assert!(sentence.starts_with("cannot find the account at alice@127.0.0.1:"), "{sentence}");
    assert!(!sentence.contains("geheim"));
}

fn page() -> Scripted {
    Scripted::answer(200, "<html><body>Please log in</body></html>").header("Content-Type", "text/html; charset=utf-8")
}

#[tokio::test]
async fn a_page_instead_of_an_item_fails_that_item_and_is_never_stored() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y"))]);
    let server = serve(&items, |request| match request.method.as_str() {
        // b.ics is left out of the multiget, and GET shows a page.
        "REPORT" => {
            let text = event("a", "x").replace('\r', "");
            let properties = format!("<D:getetag>\"1\"</D:getetag><C:calendar-data>{text}</C:calendar-data>");
            Some(Scripted::multistatus(&member("/cal/work/a.ics", &properties)))
        }
        "GET" => Some(page()),
        _ => None,
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.items(), ["/calendars/work/a.ics"]);
    assert_eq!(taken.files()["/calendars/work/a.ics"], event("a", "x"), "a page is no sample to learn from");
    let failures: Vec<_> = taken.failures.into_iter().collect();
    let why = "the server gave no calendar item but text/html; charset=utf-8".to_owned();
    assert_eq!(failures, [("/calendars/work/b.ics".to_owned(), why)]);
}

#[tokio::test]
async fn a_text_is_kept_where_get_shows_a_page_instead() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y"))]);
    let server = serve(&items, |request| {
        // The sample differs from its multiget, so that every item is asked for by GET.
        let text = |name: &str| event(name, "other words").replace('\r', "");
        match (request.method.as_str(), request.path.as_str()) {
            ("REPORT", _) => Some(Scripted::multistatus(
                &["a", "b"]
                    .map(|name| {
                        let data =
                            format!("<D:getetag>\"1\"</D:getetag><C:calendar-data>{}</C:calendar-data>", text(name));
                        member(&format!("{AT}{name}.ics"), &data)
                    })
                    .concat(),
            )),
            ("GET", "/cal/work/b.ics") => Some(page()),
            _ => None,
        }
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.failures.len(), 0, "{:?}", taken.failures);
    assert_eq!(taken.files()["/calendars/work/a.ics"], event("a", "x"));
    assert!(String::from_utf8_lossy(&taken.files()["/calendars/work/b.ics"]).contains("SUMMARY:other words"));
}

#[tokio::test]
async fn a_text_that_is_known_to_be_wrong_is_a_failure_where_get_may_work_another_time() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "y"))]);
    let server = serve(&items, |request| {
        let text = |name: &str| event(name, "other words").replace('\r', "");
        let texts = ["a", "b"].map(|name| {
            let data = format!("<D:getetag>\"1\"</D:getetag><C:calendar-data>{}</C:calendar-data>", text(name));
            member(&format!("{AT}{name}.ics"), &data)
        });
        match (request.method.as_str(), request.path.as_str()) {
            ("REPORT", _) => Some(Scripted::multistatus(&texts.concat())),
            ("GET", "/cal/work/b.ics") => Some(Scripted::answer(500, "")),
            _ => None,
        }
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.failures.keys().collect::<Vec<_>>(), ["/calendars/work/b.ics"]);
    assert_eq!(taken.items(), ["/calendars/work/a.ics"]);
}

#[tokio::test]
async fn a_listed_size_that_is_the_one_of_get_tells_which_lines_are_stored() {
    let (crlf, lf) = (event("a", "x"), event("b", "y").replace('\r', ""));
    let items = items([("a.ics", crlf.clone()), ("b.ics", lf.clone())]);
    let sizes = [("a.ics", crlf.len()), ("b.ics", lf.len())];
    let server = serve(&items, move |request| {
        let listing = request.method == "PROPFIND" && request.header("depth") == Some("1");
        let listed = |(name, size): (&str, usize)| {
            let properties = format!("<D:getetag>\"1\"</D:getetag><D:getcontentlength>{size}</D:getcontentlength>");
            member(&format!("{AT}{name}"), &properties)
        };
        listing.then(|| Scripted::multistatus(&sizes.map(listed).concat()))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.files()["/calendars/work/a.ics"], crlf);
    assert_eq!(taken.files()["/calendars/work/b.ics"], lf);
    assert_eq!(methods(&server), ["PROPFIND", "REPORT", "GET"]);
}

#[tokio::test]
async fn a_text_with_a_replaced_character_is_asked_for_by_get() {
    let items = items([("a.ics", event("a", "x")), ("b.ics", event("b", "a bell\u{7}"))]);
    let server = serve(&items, |request| {
        // As go-webdav writes what XML can't hold.
        let text = |name: &str, text: &str| event(name, text).replace('\r', "");
        (request.method == "REPORT").then(|| {
            let texts = [("a", text("a", "x")), ("b", text("b", "a bell\u{fffd}"))].map(|(name, text)| {
                let data = format!("<D:getetag>\"1\"</D:getetag><C:calendar-data>{text}</C:calendar-data>");
                member(&format!("{AT}{name}.ics"), &data)
            });
            Scripted::multistatus(&texts.concat())
        })
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    assert_eq!(taken.files()["/calendars/work/b.ics"], event("b", "a bell\u{7}"));
    assert_eq!(methods(&server), ["PROPFIND", "REPORT", "GET", "GET"]);
}

#[tokio::test]
async fn a_calendar_with_more_kinds_than_its_server_says_is_described_by_what_it_holds() {
    let todo = event("t", "x").replace("VEVENT", "VTODO");
    let items = items([("a.ics", event("a", "x")), ("t.ics", todo)]);
    let server = serve(&items, |request| {
        let about =
            "<C:supported-calendar-component-set><C:comp name=\"VEVENT\"/></C:supported-calendar-component-set>";
        let is_about = request.method == "PROPFIND" && request.header("depth") == Some("0") && request.path == AT;
        is_about.then(|| Scripted::multistatus(&member(AT, &format!("{ABOUT}{about}"))))
    });
    let taken = take_all(&location(&server), &options(&[])).await.unwrap();
    let described = String::from_utf8_lossy(&taken.files()["/calendars/work/.collection.json"]).into_owned();
    let described: serde_json::Value = serde_json::from_str(&described).unwrap();
    assert_eq!(described["components"], serde_json::json!(["VEVENT", "VTODO"]));
}
