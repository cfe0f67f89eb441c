//! Finding an account on servers of different shapes (servers.md §2).

use davault::dav::{Account, ErrorKind, Kind, Missing, discover, scheduler};

use super::{anonymous, client, client_with};
use crate::support::scripted::{Recorded, Scripted, Server, member};

const CALENDAR: &str = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>";
const BOOK: &str = "<D:resourcetype><D:collection/><A:addressbook/></D:resourcetype>";
const FOLDER: &str = "<D:resourcetype><D:collection/></D:resourcetype>";

fn principal(path: &str) -> String {
    format!("<D:current-user-principal><D:href>{path}</D:href></D:current-user-principal>")
}

fn homes(calendars: &str, contacts: &str) -> String {
    format!(
        "<C:calendar-home-set><D:href>{calendars}</D:href></C:calendar-home-set>\
         <A:addressbook-home-set><D:href>{contacts}</D:href></A:addressbook-home-set>"
    )
}

fn depth_one(request: &Recorded) -> bool {
    request.header("depth") == Some("1")
}

/// Alice's account in the usual shape, under a prefix.
fn usual(request: &Recorded) -> Scripted {
    match (request.path.as_str(), depth_one(request)) {
        ("/dav/", false) => Scripted::multistatus(&member("/dav/", &format!("{FOLDER}{}", principal("/dav/alice/")))),
        ("/dav/alice/", false) => {
            let own = principal("/dav/alice/") + &homes("/dav/cal/alice", "/dav/card/alice/");
            Scripted::multistatus(&member("/dav/alice/", &own)).header("DAV", "1, 3, calendar-auto-schedule")
        }
        ("/dav/cal/alice/", true) => Scripted::multistatus(&[
            member("/dav/cal/alice/", FOLDER),
            member("/dav/cal/alice/inbox/", "<D:resourcetype><D:collection/><C:schedule-inbox/></D:resourcetype>"),
            member(
                "/dav/cal/alice/bin/",
                "<D:resourcetype><D:collection/><C:calendar/><n:deleted-calendar xmlns:n=\"http://nextcloud.com/ns\"/>\
                 </D:resourcetype>",
            ),
            member("/dav/cal/alice/work/", &format!("{CALENDAR}{}", work_properties())),
            member("/dav/cal/alice/w%6Frk", CALENDAR),
            member("/dav/cal/alice/feed/", &format!("{CALENDAR}<S:source><D:href>https://f.test/x.ics</D:href></S:source>")),
        ]
        .concat()),
        ("/dav/card/alice/", true) => Scripted::multistatus(&member("/dav/card/alice/friends/", BOOK)),
        ("/dav/cal/alice/work/", false) => {
            Scripted::multistatus(&member("/dav/cal/alice/work/", &format!("{CALENDAR}{}", work_properties())))
        }
        ("/dav/cal/alice/", false) => {
            Scripted::multistatus(&member("/dav/cal/alice/", &format!("{FOLDER}{}", principal("/dav/alice/"))))
        }
        ("/dav/cal/bob/", depth) => {
            let own = member("/dav/cal/bob/", &format!("{FOLDER}{}", principal("/dav/alice/")));
            let his = if depth { member("/dav/cal/bob/team/", CALENDAR) } else { String::new() };
            Scripted::multistatus(&(own + &his))
        }
        ("/.well-known/caldav", _) => Scripted::redirect(301, "/dav/"),
        _ => Scripted::answer(404, ""),
    }
}

fn work_properties() -> &'static str {
    "<D:displayname>Work &amp; play</D:displayname><C:calendar-description>d</C:calendar-description>\
     <c:calendar-color xmlns:c=\"http://apple.com/ns/ical/\">#ff0000</c:calendar-color>\
     <C:supported-calendar-component-set><C:comp name=\"VEVENT\"/><C:comp name=\"VTODO\"/>\
     </C:supported-calendar-component-set>\
     <D:current-user-privilege-set><D:privilege><D:read/></D:privilege></D:current-user-privilege-set>\
     <D:owner><D:href>/dav/bob/</D:href></D:owner>"
}

async fn find(server: &Server, path: &str, kinds: &[Kind]) -> Result<Account, davault::dav::Error> {
    let client = client_with(server, |options| options.base.set_path(path));
    discover(&client, kinds).await
}

fn paths(account: &Account) -> Vec<&str> {
    account.collections.iter().map(|collection| collection.href.path()).collect()
}

#[tokio::test]
async fn an_account_is_found_from_the_server_with_everything_once() {
    let server = Server::start(usual);
    let account = find(&server, "/dav/", &Kind::ALL).await.unwrap();
    assert_eq!(paths(&account), ["/dav/cal/alice/work/", "/dav/cal/alice/feed/", "/dav/card/alice/friends/"]);
    assert_eq!(account.homes.len(), 2);
    assert_eq!(account.homes[0].href.path(), "/dav/cal/alice/");
    assert!(account.scheduling == Some(true) && !account.only && account.failures.is_empty());
    let work = &account.collections[0];
    assert_eq!(work.displayname.as_deref(), Some("Work & play"));
    assert_eq!((work.color.as_deref(), work.read_only), (Some("#ff0000"), true));
    assert_eq!((work.components.join(" "), work.owner.as_deref()), ("VEVENT VTODO".into(), Some("/dav/bob/")));
    assert_eq!(account.collections[1].source.as_deref(), Some("https://f.test/x.ics"));
    assert_eq!(account.collections[2].kind, Kind::AddressBook);
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_bare_server_is_found_by_its_well_known_address() {
    // QUIRK(davical): 404 at `/`.
    let server = Server::start(usual);
    let account = find(&server, "/", &[Kind::Calendar]).await.unwrap();
    assert_eq!(paths(&account), ["/dav/cal/alice/work/", "/dav/cal/alice/feed/"]);
}

#[tokio::test]
async fn a_principal_a_home_and_one_collection_are_understood() {
    let server = Server::start(usual);
    let by_principal = find(&server, "/dav/alice/", &Kind::ALL).await.unwrap();
    assert_eq!(paths(&by_principal).len(), 3);
    let by_home = find(&server, "/dav/cal/alice/", &Kind::ALL).await.unwrap();
    assert_eq!(paths(&by_home), ["/dav/cal/alice/work/", "/dav/cal/alice/feed/"]);
    let others = find(&server, "/dav/cal/bob/", &Kind::ALL).await.unwrap();
    assert_eq!(paths(&others), ["/dav/cal/bob/team/"]);
    let only = find(&server, "/dav/cal/alice/work/", &Kind::ALL).await.unwrap();
    assert!(only.only && only.homes.is_empty() && only.scheduling.is_none());
    assert_eq!(paths(&only), ["/dav/cal/alice/work/"]);
}

#[tokio::test]
async fn a_server_that_sends_invitations_is_known_by_the_outbox_too() {
    // QUIRK(xandikos): no DAV header with PROPFIND.
    let server = Server::start(|request| match request.path.as_str() {
        "/alice/" => {
            let outbox = "<C:schedule-outbox-URL><D:href>/alice/outbox</D:href></C:schedule-outbox-URL>";
            Scripted::multistatus(&member("/alice/", outbox))
        }
        path => Scripted::multistatus(&member(path, &format!("{CALENDAR}{}", principal("/alice/")))),
    });
    let account = find(&server, "/alice/cal/", &[Kind::Calendar]).await.unwrap();
    assert!(account.only && account.scheduling == Some(true));
}

#[tokio::test]
async fn a_wrong_path_is_not_found_and_does_not_become_the_account() {
    let server = Server::start(usual);
    let error = find(&server, "/dav/cal/alice/wrok/", &Kind::ALL).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(server.requests(), ["PROPFIND /dav/cal/alice/wrok/"]);
}

#[tokio::test]
async fn pages_at_the_root_and_at_the_well_known_address_are_no_server() {
    // QUIRK(sogo): 200 with a login page at both.
    let server = Server::start(|_| Scripted::answer(200, "<html>").header("Content-Type", "text/html"));
    let error = discover(&anonymous(&server), &Kind::ALL).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotDav);
    assert_eq!(
        error.to_string(),
        format!("PROPFIND {}/: the server answered 200 OK, which no CalDAV or CardDAV server does here", server.url())
    );
}

#[tokio::test]
async fn a_404_inside_a_207_is_not_found() {
    // QUIRK(xandikos).
    let server = Server::start(|request| {
        let path = &request.path;
        Scripted::multistatus(&format!(
            "<D:response><D:href>{path}</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>"
        ))
    });
    let error = find(&server, "/alice/", &Kind::ALL).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::NotFound, Some(404)));
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_unasked_is_told_who_we_are() {
    let server = Server::start(|request| {
        let known = request.header("authorization").is_some();
        match (request.path.as_str(), known) {
            ("/dav/", false) => {
                let nobody = "<D:current-user-principal><D:unauthenticated/></D:current-user-principal>";
                Scripted::multistatus(&member("/dav/", nobody))
            }
            (_, false) => Scripted::answer(403, ""),
            _ => usual(request),
        }
    });
    let account = find(&server, "/dav/", &[Kind::AddressBook]).await.unwrap();
    assert_eq!(paths(&account), ["/dav/card/alice/friends/"]);
}

#[tokio::test]
async fn one_home_that_can_not_be_listed_is_told_and_the_rest_is_there() {
    let server = Server::start(|request| match request.path.as_str() {
        "/dav/card/alice/" => Scripted::answer(403, ""),
        _ => usual(request),
    });
    let account = find(&server, "/dav/", &Kind::ALL).await.unwrap();
    assert_eq!(account.failures.len(), 1);
    assert_eq!(account.failures[0].why.kind, ErrorKind::Forbidden);
    assert_eq!(paths(&account).len(), 2);
}

#[tokio::test]
async fn a_refused_password_ends_the_search() {
    let server = Server::start(|_| Scripted::challenge("Basic realm=\"x\""));
    let error = discover(&client(&server), &Kind::ALL).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorised);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn what_the_server_names_in_a_home_and_does_not_describe_is_told() {
    let server = Server::start(|request| match (request.path.as_str(), depth_one(request)) {
        ("/dav/cal/alice/", true) => {
            let failing = |href: &str, status: &str| {
                let propstat = format!(
                    "<D:propstat><D:prop><D:resourcetype/></D:prop><D:status>HTTP/1.1 {status}</D:status></D:propstat>"
                );
                format!("<D:response><D:href>{href}</D:href>{propstat}</D:response>")
            };
            let whole = |href: &str, status: &str| {
                format!("<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 {status}</D:status></D:response>")
            };
            Scripted::multistatus(
                &[
                    member("/dav/cal/alice/", FOLDER),
                    member("/dav/cal/alice/work/", CALENDAR),
                    failing("/dav/cal/alice/busy/", "503 Busy"),
                    failing("/dav/cal/alice/note.txt", "404 Not Found"),
                    whole("/dav/cal/alice/broken/", "500 Broken"),
                    whole("/dav/cal/alice/gone/", "404 Not Found"),
                    member("/dav/cal/alice/../evil/", CALENDAR),
                    member("/dav/cal/alice/../plain/", FOLDER),
                ]
                .concat(),
            )
        }
        _ => usual(request),
    });
    let account = find(&server, "/dav/", &Kind::ALL).await.unwrap();
    assert_eq!(paths(&account), ["/dav/cal/alice/work/", "/dav/card/alice/friends/"]);
    let told: Vec<_> = account.failures.iter().map(|one| (one.missing.clone(), one.why.to_string())).collect();
    let why = |status| format!("the server answered {status} when asked what it is");
    let calendars = vec![Kind::Calendar];
    let trouble = "the href \"/dav/cal/alice/../evil/\" can't be used".to_owned();
    assert_eq!(
        told,
        [
            (Missing::Collection(calendars.clone()), why(503)),
            (Missing::Collection(calendars.clone()), why(500)),
            (Missing::Collections(calendars), trouble)
        ]
    );
}

#[tokio::test]
async fn a_kind_of_which_nobody_can_tell_is_no_kind_that_is_not_there() {
    for (status, is_told) in [(404, false), (405, false), (500, true), (403, true)] {
        let server = Server::start(move |request| match (request.path.as_str(), depth_one(request)) {
            ("/", _) => Scripted::multistatus(&member("/", &principal("/alice/"))),
            ("/alice/", _) => {
                let home = "<C:calendar-home-set><D:href>/cal/</D:href></C:calendar-home-set>";
                Scripted::multistatus(&member("/alice/", home))
            }
            ("/cal/", true) => Scripted::multistatus(&member("/cal/work/", CALENDAR)),
            _ => Scripted::answer(status, ""),
        });
        let account = find(&server, "/", &Kind::ALL).await.unwrap();
        assert_eq!(paths(&account), ["/cal/work/"]);
        let told: Vec<_> = account.failures.iter().map(|one| one.missing.clone()).collect();
        let contacts = Missing::Collections(vec![Kind::AddressBook]);
        assert_eq!(told, if is_told { vec![contacts] } else { vec![] }, "{status}");
    }
}

#[tokio::test]
async fn a_home_that_can_not_be_listed_does_not_become_the_own_account() {
    let server = Server::start(|request| match (request.path.as_str(), depth_one(request)) {
        ("/dav/cal/bob/", true) => Scripted::answer(500, ""),
        _ => usual(request),
    });
    let error = find(&server, "/dav/cal/bob/", &Kind::ALL).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Server, Some(500)));
}

#[tokio::test]
async fn a_server_that_does_not_tell_whether_it_sends_invitations_is_asked() {
    for (class, says) in [
        ("1, calendar-access, calendar-auto-schedule", Some(true)),
        ("1, 3, calendar-access", Some(false)),
        ("1, 2", None),
    ] {
        let server = Server::start(move |request| match (request.method.as_str(), request.path.as_str()) {
            ("OPTIONS", "/cal/") => Scripted::answer(200, "").header("DAV", class),
            // Who we are can't be asked.
            (_, "/alice/") => Scripted::answer(500, ""),
            _ => Scripted::multistatus(&member("/cal/", &format!("{CALENDAR}{}", principal("/alice/")))),
        });
        let client = client_with(&server, |options| options.base.set_path("/cal/"));
        let account = discover(&client, &[Kind::Calendar]).await.unwrap();
        assert_eq!(account.scheduling, None);
        assert_eq!(scheduler(&client, &account).await.sends, says);
    }
}
