//! Servers that do what they should not: what is good is kept, what is not is named, and no password goes elsewhere.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::certificates::Authority;
use crate::support::person::{Person, Ran};
use crate::support::scripted::{Recorded, Scripted, Server, member};

const PASSWORD: &str = "password=open sesame";
/// What Basic authentication makes of it (RFC 7617).
const BASIC: &str = "Basic YWxpY2U6b3BlbiBzZXNhbWU=";

/// An item of a calendar at `/cal/`: its href as the server writes it, and what an answer to a request for it is.
type Item = (String, Content);

#[derive(Clone)]
enum Content {
    Event(&'static str),
    Status(u16),
}

/// A calendar at `/cal/` with these items; everything else is not there.
fn calendar(items: Vec<Item>) -> impl Fn(&Recorded) -> Scripted + Send + Sync + 'static {
    move |request| match (request.method.as_str(), request.path.as_str(), request.header("depth")) {
        ("OPTIONS", "/cal/", _) => Scripted::answer(200, "").header("DAV", "1, calendar-access"),
        ("PROPFIND", "/cal/", Some("0")) => Scripted::multistatus(&itself()),
        ("PROPFIND", "/cal/", _) => Scripted::multistatus(&(itself() + &items.iter().map(listed).collect::<String>())),
        ("REPORT", "/cal/", _) => {
            let asked = request.text();
            let wanted = items.iter().filter(|(href, _)| asked.contains(&format!(">{href}<")));
            Scripted::multistatus(&wanted.map(fetched).collect::<String>())
        }
        ("GET", path, _) => match items.iter().find(|(href, _)| href == path) {
            Some((_, Content::Event(title))) => {
                Scripted::answer(200, event(title)).header("Content-Type", "text/calendar")
            }
            Some((_, Content::Status(status))) => Scripted::answer(*status, ""),
            None => Scripted::answer(404, ""),
        },
        _ => Scripted::answer(404, ""),
    }
}

fn itself() -> String {
    member("/cal/", "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Cal</D:displayname>")
}

fn listed((href, _): &Item) -> String {
    member(href, &format!("<D:getetag>\"{}\"</D:getetag><D:resourcetype/>", href.len()))
}

fn fetched((href, content): &Item) -> String {
    match content {
        Content::Event(title) => {
            let data =
                format!("<D:getetag>\"{}\"</D:getetag><C:calendar-data>{}</C:calendar-data>", href.len(), event(title));
            member(href, &data)
        }
        Content::Status(status) => {
            format!("<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 {status} No</D:status></D:response>")
        }
    }
}

fn event(title: &str) -> String {
    let lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:x",
        "BEGIN:VEVENT",
        &format!("UID:{title}@x"),
        "DTSTAMP:20260101T000000Z",
    ];
    let rest = ["DTSTART:20260102T000000Z", &format!("SUMMARY:{title}"), "END:VEVENT", "END:VCALENDAR", ""];
    [&lines[..], &rest[..]].concat().join("\r\n")
}

fn items(hrefs: &[(&str, Content)]) -> Vec<Item> {
    hrefs.iter().map(|(href, content)| (format!("/cal/{href}"), content.clone())).collect()
}

/// Backs up the calendar of a server that checks the password.
async fn back_up(person: &Person, server: &Server, options: &[&str]) -> Ran {
    let location = format!("caldav://{}/cal/", server.url());
    person.ok(&[&["source", "add", "bad", &location, "username=alice", PASSWORD], options].concat()).await;
    let ran = person.run(&["at", "vault", "backup", "@bad", "--json"]).await;
    assert!(!ran.err().contains("sesame") && !ran.err().contains("panicked"), "{ran:?}");
    ran
}

/// Every file of the last snapshot: path and content.
async fn stored(person: &Person) -> Vec<(String, String)> {
    let listing = person.ok(&["at", "vault", "ls", "-recursive", "--json", "latest"]).await.out();
    let entries = listing.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let files = entries.filter_map(|entry| Some(entry.get("path")?.as_str()?.to_string()));
    let mut stored = Vec::new();
    for path in files.filter(|path| path.contains(".ics")) {
        let content = person.ok(&["at", "vault", "cat", &format!("latest:{path}")]).await.out();
        stored.push((path, content));
    }
    stored
}

#[tokio::test]
async fn a_web_page_is_no_caldav_server() {
    let server = Server::start(|_| Scripted::answer(200, "<html>Welcome</html>").header("Content-Type", "text/html"));
    let ran = back_up(&Person::with_vault().await, &server, &[]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("CalDAV"), "{ran:?}");
}

#[tokio::test]
async fn an_item_that_a_server_cannot_give_is_named_and_the_others_are_kept() {
    use Content::{Event, Status};
    let server =
        Server::start(calendar(items(&[("a.ics", Event("One")), ("b.ics", Status(500)), ("c.ics", Event("Three"))])));
    let person = Person::with_vault().await;
    let ran = back_up(&person, &server, &[]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert_eq!(ran.value("/snapshot/failures/0/path"), "/calendars/cal/b.ics", "{ran:?}");
    assert!(ran.value("/snapshot/failures/0/why").as_str().expect("a sentence").contains("500"), "{ran:?}");
    let stored: Vec<_> = stored(&person).await.into_iter().map(|(path, _)| path).collect();
    assert_eq!(stored, ["/calendars/cal/a.ics", "/calendars/cal/c.ics"]);
    person.ok(&["at", "vault", "check", "--read-data"]).await;
}

#[tokio::test]
async fn what_can_not_be_read_today_stays_as_the_snapshot_before_has_it() {
    use Content::{Event, Status};
    let whole = calendar(items(&[("a.ics", Event("One")), ("b.ics", Event("Two"))]));
    let one_broken = calendar(items(&[("a.ics", Event("One")), ("b.ics", Status(500)), ("c.ics", Event("New"))]));
    let backups = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let is_listing = (request.method.as_str(), request.header("depth")) == ("PROPFIND", Some("1"));
        if is_listing {
            backups.fetch_add(1, Ordering::SeqCst);
        }
        match backups.load(Ordering::SeqCst) {
            0 | 1 => whole(request),
            2 => one_broken(request),
            // The listing of the whole calendar is refused, and so is every query.
            _ if is_listing || request.method == "REPORT" => Scripted::answer(403, ""),
            _ => whole(request),
        }
    });
    let person = Person::with_vault().await;
    assert_eq!(back_up(&person, &server, &[]).await.code(), Some(0));
    let first = stored(&person).await;

    let ran = person.run(&["at", "vault", "backup", "@bad", "--json"]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert_eq!(ran.value("/snapshot/failures/0/path"), "/calendars/cal/b.ics", "{ran:?}");
    let second = stored(&person).await;
    assert_eq!(second.len(), 3, "{second:?}");
    assert_eq!(second[..2], first[..], "{second:?}");

    let ran = person.run(&["at", "vault", "backup", "@bad", "--json"]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert_eq!(ran.value("/snapshot/failures/0/path"), "/calendars/cal", "{ran:?}");
    assert_eq!(stored(&person).await, second);
}

#[tokio::test]
async fn a_server_that_hangs_in_the_middle_ends_with_a_sentence() {
    let answers = calendar(items(&[("a.ics", Content::Event("One"))]));
    let server = Server::start(move |request| match request.method.as_str() {
        "REPORT" | "GET" => answers(request).hang_after(60),
        _ => answers(request),
    });
    let person = Person::with_vault().await;
    let ran = back_up(&person, &server, &["timeout=1"]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert_eq!(ran.value("/snapshot/failures/0/path"), "/calendars/cal/a.ics", "{ran:?}");
    assert!(ran.err().contains("the answer stopped in the middle"), "{ran:?}");
    person.ok(&["at", "vault", "check"]).await;
}

#[tokio::test]
async fn an_xml_bomb_is_refused() {
    let twice = |n: u32| format!("<!ENTITY l{} \"&l{n};&l{n};\">", n + 1);
    let lol: Vec<String> = (0..29).map(twice).collect();
    let lol = lol.concat();
    let bomb = format!("<?xml version=\"1.0\"?><!DOCTYPE m [<!ENTITY l0 \"ha\">{lol}]><m xmlns=\"DAV:\">&l29;</m>");
    let server = Server::start(move |_| Scripted::answer(207, bomb.clone()).header("Content-Type", "application/xml"));
    let ran = back_up(&Person::with_vault().await, &server, &[]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("the server's XML can't be used: it declares a document type"), "{ran:?}");
    assert!(!ran.err().contains("haha"), "{ran:?}");
}

#[tokio::test]
async fn a_redirect_to_another_site_takes_no_password_along() {
    let elsewhere = Server::start(|_| Scripted::challenge("Basic realm=\"give it to me\""));
    let target = elsewhere.url() + "/cal/";
    let server = Server::start(move |_| Scripted::redirect(302, &target));
    let ran = back_up(&Person::with_vault().await, &server, &[]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    let host = elsewhere.url();
    assert!(ran.err().contains(host.trim_start_matches("http://")), "{ran:?}");
    for request in elsewhere.recorded() {
        assert_eq!(request.header("authorization"), None, "{request:?}");
    }
}

#[tokio::test]
async fn a_password_goes_to_the_server_it_is_for() {
    let answers = calendar(items(&[("a.ics", Content::Event("One"))]));
    let server = Server::start(move |request| match request.header("authorization") {
        Some(BASIC) => answers(request),
        _ => Scripted::challenge("Basic realm=\"x\""),
    });
    let person = Person::with_vault().await;
    let ran = back_up(&person, &server, &[]).await;
    assert_eq!(ran.code(), Some(0), "{ran:?}");
    assert_eq!(stored(&person).await, [("/calendars/cal/a.ics".to_string(), event("One"))]);
}

#[tokio::test]
async fn hrefs_that_no_disk_could_hold_lose_nothing_and_write_nothing_elsewhere() {
    use Content::Event;
    let long = format!("{}.ics", "n".repeat(300));
    let hrefs = [
        ("a%2Fb.ics", Event("Slash")),
        ("..%2F..%2Fescape.ics", Event("Escape")),
        (long.as_str(), Event("Long")),
        ("case.ics", Event("Lower")),
        ("CASE.ics", Event("Upper")),
    ];
    let server = Server::start(calendar(items(&hrefs)));
    let person = Person::with_vault().await;
    let ran = back_up(&person, &server, &[]).await;
    assert_eq!(ran.code(), Some(0), "{ran:?}");
    let mut titles: Vec<_> = stored(&person).await.iter().filter_map(|(_, event)| title(event)).collect();
    titles.sort();
    assert_eq!(titles, ["Escape", "Long", "Lower", "Slash", "Upper"]);

    person.ok(&["at", "vault", "restore", "-to", "./deep/er/out", "latest"]).await;
    let restored = fs::read_dir(person.path("deep/er/out/calendars/cal")).expect("the calendar");
    let mut titles: Vec<_> =
        restored.filter_map(|file| title(&fs::read_to_string(file.expect("a file").path()).expect("text"))).collect();
    titles.sort();
    assert_eq!(titles, ["Escape", "Long", "Lower", "Slash", "Upper"]);
    for above in ["escape.ics", "deep/escape.ics", "deep/er/escape.ics", "deep/er/out/escape.ics"] {
        assert!(!person.path(above).exists(), "{above}");
    }
}

fn title(event: &str) -> Option<String> {
    event.lines().find_map(|line| line.strip_prefix("SUMMARY:")).map(String::from)
}

#[tokio::test]
async fn an_href_that_points_out_of_its_calendar_is_not_followed() {
    let items = vec![
        ("/cal/a.ics".to_string(), Content::Event("One")),
        ("/cal/../secret.ics".to_string(), Content::Event("Secret")),
        ("http://192.0.2.1/cal/other.ics".to_string(), Content::Event("Other")),
    ];
    let server = Server::start(calendar(items));
    let person = Person::with_vault().await;
    let ran = back_up(&person, &server, &[]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert_eq!(ran.value("/snapshot/failed"), 2, "{ran:?}");
    assert!(ran.err().contains("the href \"/cal/../secret.ics\" can't be used"), "{ran:?}");
    assert!(ran.err().contains("/calendars/cal/other.ics: "), "{ran:?}");
    let titles: Vec<_> = stored(&person).await.iter().filter_map(|(_, event)| title(event)).collect();
    assert_eq!(titles, ["One"]);
    assert!(server.requests().iter().all(|request| !request.contains("secret")), "{:?}", server.requests());
}

#[tokio::test]
async fn an_expired_certificate_is_called_one() {
    let authority = Authority::new();
    let shown = authority.certify("localhost", true);
    let server = Server::start_tls(Arc::clone(&shown.config), calendar(items(&[("a.ics", Content::Event("One"))])));
    let person = Person::new();
    fs::write(person.path("ca.pem"), authority.pem()).expect("a file");
    let location = format!("caldav://{}/cal/", server.url_as("localhost").trim_start_matches("https://"));
    let ca_file = format!("ca_file={}", person.path("ca.pem").display());
    person.ok(&["source", "add", "bad", &location, "username=alice", PASSWORD, &ca_file]).await;
    let ran = person.run(&["source", "ping", "bad"]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("expired"), "{ran:?}");
    assert_eq!(server.requests(), Vec::<String>::new(), "nothing was said before the certificate was right");
}
