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
    /// An invitation that alice once got from bob: put into her calendar again, changed, deleted.
    invited: [&'static str; 3],
    /// An invitation that the server brought: answered, deleted.
    answered: [&'static str; 2],
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
    let (ours, invited, answered, told) = ([PUT; 3], [PUT; 3], [PUT; 2], [BACK; 2]);
    nobody_is_told(Case { program: servers::CYRUS, homes, ours, invited, answered, told, others: PUT }).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn davical() {
    let homes = &["caldav.php/bob/", "caldav.php/bob/.in/"];
    let (ours, invited, answered, told) = ([PUT; 3], [BACK; 3], [BACK, PUT], [PUT; 2]);
    nobody_is_told(Case { program: servers::DAVICAL, homes, ours, invited, answered, told, others: PUT }).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn sogo() {
    let homes = &["SOGo/dav/bob/Calendar/"];
    let (ours, invited, answered, told) = ([BACK; 3], [BACK; 3], [BACK; 2], [BACK; 2]);
    nobody_is_told(Case { program: servers::SOGO, homes, ours, invited, answered, told, others: PUT }).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn xandikos() {
    let homes = &["bob/calendars/", "bob/inbox/"];
    let (ours, invited, answered, told) = ([BACK; 3], [BACK; 3], [BACK; 2], [BACK; 2]);
    nobody_is_told(Case { program: servers::XANDIKOS_INVITES, homes, ours, invited, answered, told, others: BACK })
        .await;
}

async fn nobody_is_told(case: Case) {
    let alice = Alice::at(&case).await;
    an_invitation_is_answered_and_thrown_away(&case, &alice).await;
    events_come_change_and_go(&case, &alice).await;
    guests_become_notes_and_come_back(&case, &alice).await;
    an_event_that_bob_knows_changes_and_goes(&case, &alice).await;
    row(&case);
}

async fn an_invitation_is_answered_and_thrown_away(case: &Case, alice: &Alice) {
    let (folder, name, invitation) = alice.is_invited(case).await;
    let before = alice.bobs(case).await;
    let accepted = [(name.as_str(), invitation.replace("NEEDS-ACTION", "ACCEPTED"))];
    let changed = alice.restore_into(&folder, &[], &accepted).await;
    assert_eq!(alice.bobs(case).await, before, "{changed:?}");
    let deleted = alice.restore_into(&folder, &[("mirror", "true")], &[("own", event("own", "Own", ""))]).await;
    assert_eq!(alice.bobs(case).await, before, "{deleted:?}");
    assert_eq!([&changed, &deleted].map(|run| became(run, &name)), case.answered);
}

async fn events_come_change_and_go(case: &Case, alice: &Alice) {
    let before = alice.bobs(case).await;
    let first = [("ours", ours("ours", "Plan")), ("invited", invited("Lunch")), ("others", others())];
    let new = alice.restore(&[], &first).await;
    assert_eq!(alice.bobs(case).await, before, "{new:?}");
    let second = [("ours", ours("ours", "Changed")), ("invited", invited("Changed"))];
    let changed = alice.restore(&[], &second).await;
    assert_eq!(alice.bobs(case).await, before, "{changed:?}");
    let deleted = alice.restore(&[("mirror", "true")], &[("last", last())]).await;
    assert_eq!(alice.bobs(case).await, before, "{deleted:?}");
    // What was held back is not there to be deleted.
    let expected = |[new, changed, deleted]: [&'static str; 3]| [new, changed, if new == BACK { "" } else { deleted }];
    assert_eq!([&new, &changed, &deleted].map(|run| became(run, "ours")), expected(case.ours));
    assert_eq!([&new, &changed, &deleted].map(|run| became(run, "invited")), expected(case.invited));
    assert_eq!(became(&new, "others"), case.others);
}

/// Also shows that bob's side would tell, if he were told.
async fn guests_become_notes_and_come_back(case: &Case, alice: &Alice) {
    let before = alice.bobs(case).await;
    let notes = alice.restore(&[("scheduling", "without-attendees")], &[("notes", ours("notes", "Notes"))]).await;
    assert_eq!(became(&notes, "notes"), PUT, "{notes:?}");
    assert_eq!(alice.bobs(case).await, before, "{notes:?}");
    let kept = alice.item("notes").await;
    assert!(kept.contains("X-DAVAULT-ATTENDEE") && !kept.contains("\nATTENDEE"), "{kept}");
    let given_back = alice.restore(&[("scheduling", "server")], &[("notes", kept)]).await;
    assert_eq!(became(&given_back, "notes"), PUT, "{given_back:?}");
    assert_ne!(alice.bobs(case).await, before, "bob is told where the server may");
}

async fn an_event_that_bob_knows_changes_and_goes(case: &Case, alice: &Alice) {
    alice.restore(&[("scheduling", "server")], &[("told", ours("told", "Party"))]).await;
    let before = alice.bobs(case).await;
    let changed = alice.restore(&[], &[("told", ours("told", "Moved"))]).await;
    assert_eq!(alice.bobs(case).await, before, "{changed:?}");
    let deleted = alice.restore(&[("mirror", "true")], &[("last", last())]).await;
    assert_eq!(alice.bobs(case).await, before, "{deleted:?}");
    assert_eq!([&changed, &deleted].map(|run| became(run, "told")), case.told);
    alice.restore(&[("mirror", "true"), ("scheduling", "server")], &[("last", last())]).await;
    if case.told[1] == BACK {
        assert_ne!(alice.bobs(case).await, before, "bob is told where the server may");
    }
}

/// What became of an item; nothing where nothing was to be done with it.
fn became<'a>(run: &'a Became, uid: &str) -> &'a str {
    run.get(uid).map_or("", String::as_str)
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
                alice.server.user(user).send(method("PROPFIND"), user, &[("Depth", "0")], "").await;
                let answer =
                    alice.server.user(user).send(method("PROPPATCH"), &format!("{user}/"), &headers, &set).await;
                assert_eq!(answer.status(), 207);
            }
        }
        alice
    }

    /// Restores the calendar `silence` with these items.
    async fn restore(&self, set: &[(&str, &str)], items: &[(&str, String)]) -> Became {
        self.restore_into("silence", set, items).await
    }

    async fn restore_into(&self, folder: &str, set: &[(&str, &str)], items: &[(&str, String)]) -> Became {
        let described = r#"{"schema": 1, "kind": "calendar", "href": "/old/silence/"}"#;
        let mut entries = vec![
            entry(&format!("/calendars/{folder}"), None),
            entry(&format!("/calendars/{folder}/.collection.json"), Some(described)),
        ];
        entries.extend(items.iter().map(|(uid, item)| entry(&format!("/calendars/{folder}/{uid}.ics"), Some(item))));
        let mut wishes = options(&[&[("on_conflict", "overwrite")], set].concat());
        let sign_in = self.server.sign_in("alice");
        wishes.extend(
            sign_in.iter().filter_map(|one| one.split_once('=')).map(|(name, value)| (name.into(), value.into())),
        );
        let destination = connector::destination(&self.server.location(), &wishes).await.expect("a destination");
        let outcomes = give(&*destination, entries).await;
        let there = self.names(folder).await;
        let ended = destination.finish().await.err().map(|error| sentence(&error)).unwrap_or_default();
        let mut became = Became::new();
        for (path, outcome) in outcomes {
            let Some(uid) = path.rsplit('/').next().and_then(|name| name.strip_suffix(".ics")) else { continue };
            let became_of = match outcome {
                Ok(Outcome::Noted) => continue,
                Ok(_) => PUT.to_owned(),
                Err(error) if error.kind == ErrorKind::HeldBack => BACK.to_owned(),
                Err(error) => sentence(&error),
            };
            became.insert(uid.to_owned(), became_of);
        }
        let after = self.names(folder).await;
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
        let at = self.calendar("silence");
        let answer = self.server.send(Method::GET, &format!("{at}{uid}.ics"), &[], "").await;
        answer.text().await.expect("an item").replace("\r\n ", "")
    }

    async fn names(&self, folder: &str) -> Vec<String> {
        let members = listed(&self.server, "alice", &self.calendar(folder)).await;
        let name =
            |href: &String| href.rsplit('/').next().and_then(|name| name.strip_suffix(".ics")).map(str::to_owned);
        members.iter().filter_map(name).collect()
    }

    /// One of alice's calendars, or without a name her home.
    fn calendar(&self, folder: &str) -> String {
        let home = match self.server.program().name {
            "cyrus" => "dav/calendars/user/alice/",
            "davical" => "caldav.php/alice/",
            "sogo" => "SOGo/dav/alice/Calendar/",
            _ => "alice/calendars/",
        };
        if folder.is_empty() { home.to_owned() } else { format!("{home}{folder}/") }
    }

    /// Lets bob invite alice; the calendar where she has it, under which name, and what she has there.
    async fn is_invited(&self, case: &Case) -> (String, String, String) {
        // Some accounts begin with the first visit, and some have no calendar then.
        listed(&self.server, "alice", &self.calendar("")).await;
        self.server.send(method("MKCALENDAR"), &self.calendar("silence"), &[], "").await;
        let home = case.homes.first().copied().unwrap_or_default();
        let own = format!("{home}own/");
        self.server.user("bob").send(method("MKCALENDAR"), &own, &[], "").await;
        let people = "ORGANIZER:mailto:bob@example.com\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.com\r\n\
                      ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:alice@example.com\r\n";
        let headers = [("Content-Type", "text/calendar; charset=utf-8")];
        let event = event("real", "Plan", people);
        let put = self.server.user("bob").send(Method::PUT, &format!("{own}real.ics"), &headers, &event).await;
        assert!(put.status().is_success(), "{}", put.status());
        for folder in listed(&self.server, "alice", &self.calendar("")).await {
            for href in listed(&self.server, "alice", folder.trim_start_matches('/')).await {
                let is_message = ["/Inbox/", "/.in/", "/inbox/"].iter().any(|inbox| href.contains(inbox));
                if is_message || href.ends_with('/') {
                    continue;
                }
                let item = self.server.send(Method::GET, &href, &[], "").await.text().await.expect("a body");
                if item.contains("UID:real") {
                    let mut segments = href.rsplit('/').map(|segment| segment.trim_end_matches(".ics").to_owned());
                    let (name, folder) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
                    return (folder, name, item);
                }
            }
        }
        panic!("alice got no invitation");
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
                    let got = self.server.user("bob").send(Method::GET, &path, &[], "").await;
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
    let answer = server.user(user).send(method("PROPFIND"), folder, &headers, body).await;
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

fn ours(uid: &str, summary: &str) -> String {
    let people = "ORGANIZER:mailto:alice@example.com\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\r\n\
                  ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@example.com\r\n";
    event(uid, summary, people)
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
    for one in case.ours.iter().chain(&case.told).chain(&case.invited).chain(&case.answered).chain([&case.others]) {
        let _ = write!(row, " {one} |");
    }
    fs::write(Path::new(&folder).join(format!("{name}.guests")), row + "\n").expect("a row");
}
