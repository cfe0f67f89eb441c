//! Nobody is invited and nobody is cancelled: alice's events go to each server that sends invitations, new, over others, and
//! away again, and every byte that bob has there stays as it was. That the check can fail is shown each time by letting the
//! server tell him.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use davault::connector::{self, ErrorKind, Outcome};
use davault::report::sentence;
use http::Method;

use crate::connector_dav::writing::entry;
use crate::support::connectors::{give, options};
use crate::support::servers::{self, Program, Server};

/// What there is to know of a server, and what is expected of a restore to it.
struct Case {
    program: Program,
    /// Where bob's calendars and his inbox lie.
    homes: &'static [&'static str],
    /// Events of alice's with bob as guest: new, changed, deleted.
    ours: [&'static str; 3],
    /// An invitation that alice got from bob: taken back into her calendar, changed, deleted.
    invited: [&'static str; 3],
    /// An event that the server has told bob of: changed, deleted.
    told: [&'static str; 2],
    /// An event between others.
    others: &'static str,
}

const PUT: &str = "put";
const BACK: &str = "held back";

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn cyrus() {
    let homes = &["dav/calendars/user/bob/"];
    let (ours, invited, told) = ([PUT; 3], [PUT; 3], [BACK, BACK]);
    nobody_is_told(Case { program: servers::CYRUS, homes, ours, invited, told, others: PUT }).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn davical() {
    let homes = &["caldav.php/bob/", "caldav.php/bob/.in/"];
    let (ours, invited, told) = ([PUT; 3], [BACK, BACK, PUT], [PUT, PUT]);
    nobody_is_told(Case { program: servers::DAVICAL, homes, ours, invited, told, others: PUT }).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn sogo() {
    let homes = &["SOGo/dav/bob/Calendar/"];
    let (ours, invited, told) = ([BACK; 3], [BACK; 3], [BACK, BACK]);
    nobody_is_told(Case { program: servers::SOGO, homes, ours, invited, told, others: PUT }).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn xandikos() {
    let homes = &["bob/calendars/", "bob/inbox/"];
    let (ours, invited, told) = ([BACK; 3], [BACK; 3], [BACK, BACK]);
    nobody_is_told(Case { program: servers::XANDIKOS_INVITES, homes, ours, invited, told, others: BACK }).await;
}

async fn nobody_is_told(case: Case) {
    let alice = Alice::at(&case).await;
    let before = alice.bobs(&case).await;

    // New, changed and deleted in silence.
    let first = [("ours", ours("Plan")), ("invited", invited("Lunch")), ("others", others())];
    let mut new = alice.restore(&[], &first).await;
    assert_eq!(alice.bobs(&case).await, before, "{new:?}");
    let second = [("ours", ours("Changed")), ("invited", invited("Changed")), ("others", others())];
    let changed = alice.restore(&[], &second).await;
    assert_eq!(alice.bobs(&case).await, before, "{changed:?}");
    let deleted = alice.restore(&[("mirror", "true")], &[("last", last())]).await;
    assert_eq!(alice.bobs(&case).await, before, "{deleted:?}");
    let became = |uid: &str| [&new, &changed, &deleted].map(|run| run.get(uid).map_or("", String::as_str).to_owned());
    // What was held back is not there to be deleted.
    let expected = |[new, changed, deleted]: [&'static str; 3]| [new, changed, if new == BACK { "" } else { deleted }];
    assert_eq!(became("ours"), expected(case.ours));
    assert_eq!(became("invited"), expected(case.invited));
    assert_eq!(new.remove("others").as_deref(), Some(case.others));

    // Without guests, which come back as soon as the server may tell them.
    let notes = alice
        .restore(&[("scheduling", "without-attendees")], &[("notes", ours("Notes").replace("ours", "notes"))])
        .await;
    assert_eq!(notes.get("notes").map(String::as_str), Some(PUT), "{notes:?}");
    assert_eq!(alice.bobs(&case).await, before, "{notes:?}");
    let kept = alice.item("notes").await;
    assert!(kept.contains("X-DAVAULT-ATTENDEE") && !kept.contains("\nATTENDEE"), "{kept}");
    let given_back = alice.restore(&[("scheduling", "server")], &[("notes", kept)]).await;
    assert_eq!(given_back.get("notes").map(String::as_str), Some(PUT), "{given_back:?}");
    assert_ne!(alice.bobs(&case).await, before, "bob would have been told");

    // What the server has told bob of.
    alice.restore(&[("scheduling", "server")], &[("told", ours("Party").replace("ours", "told"))]).await;
    let invited = alice.bobs(&case).await;
    let changed = alice.restore(&[], &[("told", ours("Moved").replace("ours", "told"))]).await;
    assert_eq!(alice.bobs(&case).await, invited, "{changed:?}");
    assert_eq!(changed.get("told").map(String::as_str), Some(case.told[0]), "{changed:?}");
    let deleted = alice.restore(&[("mirror", "true")], &[("last", last())]).await;
    assert_eq!(alice.bobs(&case).await, invited, "{deleted:?}");
    assert_eq!(deleted.get("told").map(String::as_str), Some(case.told[1]), "{deleted:?}");
    row(&case);
}

/// Alice's account, with one calendar that the tests write to.
struct Alice {
    server: Server,
}

/// What became of each item, by UID.
type Became = BTreeMap<String, String>;

impl Alice {
    async fn at(case: &Case) -> Alice {
        let alice = Alice { server: Server::start(case.program).await };
        if case.program.name.starts_with("xandikos") {
            for user in ["alice", "bob"] {
                let set = format!(
                    "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><C:calendar-user-address-set xmlns:C='urn:ietf:params:xml:ns:caldav'>\
                     <D:href>mailto:{user}@example.com</D:href></C:calendar-user-address-set></D:prop></D:set></D:propertyupdate>"
                );
                let headers = [("Content-Type", "application/xml")];
                alice.server.send_as(user, method("PROPFIND"), user, &[("Depth", "0")], "").await;
                let answer = alice.server.send_as(user, method("PROPPATCH"), &format!("{user}/"), &headers, &set).await;
                assert_eq!(answer.status(), 207);
            }
        }
        alice
    }

    /// Restores the calendar `silence` with these items.
    async fn restore(&self, set: &[(&str, &str)], items: &[(&str, String)]) -> Became {
        let described = r#"{"schema": 1, "kind": "calendar", "href": "/old/silence/", "displayname": "Silence"}"#;
        let mut entries =
            vec![entry("/calendars/silence", None), entry("/calendars/silence/.collection.json", Some(described))];
        entries.extend(items.iter().map(|(uid, item)| entry(&format!("/calendars/silence/{uid}.ics"), Some(item))));
        let mut wishes = options(&[&[("on_conflict", "overwrite")], set].concat());
        let sign_in = self.server.sign_in("alice");
        wishes.extend(
            sign_in.iter().filter_map(|one| one.split_once('=')).map(|(name, value)| (name.into(), value.into())),
        );
        let destination = connector::destination(&self.server.location(), &wishes).await.expect("a destination");
        let outcomes = give(&*destination, entries).await;
        let there = self.names().await;
        let ended = destination.finish().await.err().map(|error| sentence(&error)).unwrap_or_default();
        let mut became = Became::new();
        for (path, outcome) in outcomes {
            let Some(uid) = path.rsplit('/').next().and_then(|name| name.strip_suffix(".ics")) else { continue };
            let became_of = match outcome {
                Ok(Outcome::Created | Outcome::WithoutMethod | Outcome::Replaced | Outcome::Identical) => {
                    PUT.to_owned()
                }
                Ok(Outcome::Noted) => continue,
                Err(error) if error.kind == ErrorKind::HeldBack => BACK.to_owned(),
                Err(error) => sentence(&error),
            };
            became.insert(uid.to_owned(), became_of);
        }
        let after = self.names().await;
        let mirrors = set.contains(&("mirror", "true"));
        let others: Vec<_> = there.into_iter().filter(|uid| mirrors && !became.contains_key(uid)).collect();
        for uid in others {
            let word = match after.contains(&uid) {
                false => PUT,
                true if ended.contains(&format!("{uid}.ics was held back")) => BACK,
                true => ended.as_str(),
            };
            became.insert(uid, word.to_owned());
        }
        became
    }

    async fn item(&self, uid: &str) -> String {
        let at = self.calendar();
        let answer = self.server.send(Method::GET, &format!("{at}{uid}.ics"), &[], "").await;
        answer.text().await.expect("an item").replace("\r\n ", "")
    }

    async fn names(&self) -> Vec<String> {
        let members = listed(&self.server, "alice", &self.calendar()).await;
        let name =
            |href: &String| href.rsplit('/').next().and_then(|name| name.strip_suffix(".ics")).map(str::to_owned);
        members.iter().filter_map(name).collect()
    }

    fn calendar(&self) -> String {
        let home = match self.server.program().name {
            "cyrus" => "dav/calendars/user/alice/",
            "davical" => "caldav.php/alice/",
            "sogo" => "SOGo/dav/alice/Calendar/",
            _ => "alice/calendars/",
        };
        format!("{home}silence/")
    }

    /// All that bob has, by address.
    async fn bobs(&self, case: &Case) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        let mut folders: Vec<String> = case.homes.iter().map(|&home| home.to_owned()).collect();
        let mut seen = folders.clone();
        while let Some(folder) = folders.pop() {
            for href in listed(&self.server, "bob", &folder).await {
                let path = href.trim_start_matches('/').to_owned();
                if path.ends_with('/') && !seen.contains(&path) {
                    seen.push(path.clone());
                    folders.push(path);
                } else if !path.ends_with('/') {
                    let got = self.server.send_as("bob", Method::GET, &path, &[], "").await;
                    all.insert(path, got.bytes().await.expect("a body").to_vec());
                }
            }
        }
        all
    }
}

/// The addresses in a folder, itself among them.
async fn listed(server: &Server, user: &str, folder: &str) -> Vec<String> {
    let body = "<propfind xmlns='DAV:'><prop><resourcetype/></prop></propfind>";
    let headers = [("Depth", "1"), ("Content-Type", "application/xml")];
    let answer = server.send_as(user, method("PROPFIND"), folder, &headers, body).await;
    let text = answer.text().await.expect("a body");
    let after = text.split('<').filter(|tag| !tag.starts_with('/'));
    let hrefs = after.filter_map(|tag| {
        let (name, href) = tag.split_once('>')?;
        let name = name.split(' ').next().unwrap_or_default();
        (name.rsplit(':').next() == Some("href")).then(|| href.trim().to_owned())
    });
    hrefs.collect()
}

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).expect("a method")
}

fn event(uid: &str, summary: &str, people: &str) -> String {
    let day = if summary == "Plan" || summary == "Party" { "05" } else { "06" };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:203011{day}T100000Z\r\nDTEND:203011{day}T110000Z\r\nSUMMARY:{summary}\r\n{people}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn ours(summary: &str) -> String {
    let people = "ORGANIZER:mailto:alice@example.com\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\r\n\
                  ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@example.com\r\n";
    event("ours", summary, people)
}

fn invited(summary: &str) -> String {
    let people = "ORGANIZER:mailto:bob@example.com\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.com\r\n\
                  ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\r\n";
    event("invited", summary, people)
}

fn last() -> String {
    event("last", "Last", "")
}

fn others() -> String {
    let people = "ORGANIZER:mailto:x@elsewhere.invalid\r\nATTENDEE:mailto:y@elsewhere.invalid\r\nATTENDEE:mailto:bob@example.com\r\n";
    event("others", "Others", people)
}

/// The server's row of the table in docs/servers.md.
fn row(case: &Case) {
    let Some(folder) = std::env::var_os("DAVAULT_SERVERS") else { return };
    let name = case.program.name.trim_end_matches("-invites");
    let mut row = format!("| {name} |");
    for one in case.ours.iter().chain(&case.told).chain(&case.invited).chain([&case.others]) {
        let _ = write!(row, " {one} |");
    }
    fs::write(Path::new(&folder).join(format!("{name}.guests")), row + "\n").expect("a row");
}
