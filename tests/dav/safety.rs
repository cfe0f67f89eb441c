//! Servers that break off, hang, lie, lead elsewhere or send too much.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use davault::dav::request::{Get, ListMembers, Put, When};
use davault::dav::{ErrorKind, Kind};

use super::{anonymous, client, client_with, href, options, sentence};
use crate::support::scripted::{Recorded, Scripted, Server, member, multistatus};

/// Answers the first `bad` requests by one function, the others well.
fn at_first(bad: u32, how: impl Fn() -> Scripted + Send + Sync + 'static) -> Server {
    let count = AtomicU32::new(0);
    Server::start(move |_: &Recorded| match count.fetch_add(1, Ordering::SeqCst) {
        n if n < bad => how(),
        _ => Scripted::multistatus(&member("/cal/a.ics", "<D:getetag>\"1\"</D:getetag>")),
    })
}

async fn list(server: &Server) -> Result<usize, davault::dav::Error> {
    let client = anonymous(server);
    client.send(&ListMembers { collection: href(&client, "/cal/") }).await.map(|members| members.len())
}

fn put(client: &davault::dav::Client) -> Put {
    let body = Bytes::from_static(b"BEGIN:VCALENDAR\r\n");
    Put { at: href(client, "/cal/a.ics"), kind: Kind::Calendar, body, when: When::Absent, silent: false }
}

#[tokio::test]
async fn a_redirect_on_the_site_is_followed_with_method_body_and_password() {
    let server = Server::start(|request| match request.path.as_str() {
        "/old/" => Scripted::redirect(302, "/new/?x=1"),
        _ if request.header("authorization").is_none() => Scripted::challenge("Basic realm=\"x\""),
        _ => Scripted::multistatus(&member("a.ics", "<D:getetag>\"1\"</D:getetag>")),
    });
    let client = client(&server);
    let members = client.send(&ListMembers { collection: href(&client, "/old/") }).await.unwrap();
    assert_eq!(members[0].href.path(), "/new/a.ics");
    assert_eq!(server.requests(), ["PROPFIND /old/", "PROPFIND /new/?x=1", "PROPFIND /new/?x=1"]);
    assert!(server.recorded().iter().all(|request| request.text().contains("<D:propfind")));
}

#[tokio::test]
async fn a_redirect_to_another_site_is_not_followed_and_nobody_there_sees_the_password() {
    let other = Server::start(|_| Scripted::multistatus(""));
    let to = format!("{}/cal/", other.url());
    let server = Server::start(move |_| Scripted::redirect(307, &to));
    let client = client_with(&server, |options| options.auth = davault::dav::AuthScheme::Basic);
    let error = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Redirected);
    let what =
        format!("PROPFIND {}/cal/: it leads to {}, another site, which gets no credentials", server.url(), other.url());
    assert_eq!(error.to_string(), what);
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_href_on_another_site_is_listed_but_never_asked_for() {
    let other = Server::start(|_| Scripted::answer(200, "x"));
    let there = format!("{}/a.ics", other.url());
    let server = Server::start(move |_| Scripted::multistatus(&member(&there, "<D:getetag>\"1\"</D:getetag>")));
    let client = anonymous(&server);
    let members = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap();
    let error = client.send(&Get { at: members[0].href.clone(), vcard_version: None }).await.unwrap_err();
    assert_eq!((error.kind, other.requests().len()), (ErrorKind::Redirected, 0));
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::start(|_| Scripted::redirect(301, "/cal/"));
    let error = list(&server).await.unwrap_err();
    assert!(error.to_string().ends_with("the server leads from one address to the next without end"), "{error}");
}

#[tokio::test]
async fn reads_are_tried_again_when_the_server_is_busy_or_breaks_off() {
    let busy: [fn() -> Scripted; 4] = [
        || Scripted::answer(503, "").header("Retry-After", "0"),
        || Scripted::answer(429, "").header("Retry-After", "0"),
        Scripted::close,
        || Scripted::multistatus(&member("/cal/x.ics", "")).close_after(150),
    ];
    for how in busy {
        let server = at_first(2, how);
        assert_eq!(list(&server).await.unwrap(), 1);
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_for_long_is_not_asked_sooner() {
    let server = Server::start(|_| Scripted::answer(429, "").header("Retry-After", "999"));
    let error = list(&server).await.unwrap_err();
    assert_eq!((server.requests().len(), error.is_about_all()), (1, true));
    assert!(error.to_string().ends_with("429 Too Many Requests; it asks to wait 17 minutes"), "{error}");
}

#[tokio::test]
async fn trying_again_ends_with_the_last_error() {
    let server = Server::start(|_| Scripted::answer(503, "down for <b>work</b>").header("Content-Type", "text/plain"));
    let error = list(&server).await.unwrap_err();
    assert_eq!((error.kind, error.status, server.requests().len()), (ErrorKind::Server, Some(503), 3));
    assert!(error.to_string().ends_with("503 Service Unavailable (down for <b>work</b>)"), "{error}");
}

#[tokio::test]
async fn a_put_without_an_answer_is_not_sent_again() {
    let bad: [fn() -> Scripted; 3] = [Scripted::close, Scripted::hang, || Scripted::answer(504, "")];
    for how in bad {
        let server = Server::start(move |_| how());
        let client = anonymous(&server);
        let error = client.send(&put(&client)).await.unwrap_err();
        assert_eq!((error.kind, server.requests().len()), (ErrorKind::OutcomeUnknown, 1));
        assert!(error.to_string().ends_with("/cal/a.ics: whether it was done is unknown"), "{error}");
    }
}

#[tokio::test]
async fn a_put_that_the_server_put_off_is_sent_again() {
    let server = at_first(1, || Scripted::answer(503, ""));
    let client = anonymous(&server);
    client.send(&put(&client)).await.unwrap();
    assert_eq!(server.requests(), ["PUT /cal/a.ics", "PUT /cal/a.ics"]);
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let whole = multistatus(&member("/cal/a.ics", "<D:getetag>\"1\"</D:getetag>"));
    let hanging: [Box<dyn Fn() -> Scripted + Send + Sync>; 3] = [
        Box::new(Scripted::hang),
        Box::new({
            let whole = whole.clone();
            move || Scripted::answer(207, whole.clone()).hang_after(300)
        }),
        Box::new(move || Scripted::answer(207, whole.repeat(9)).trickle(Duration::from_millis(20))),
    ];
    for how in hanging {
        let server = Server::start(move |_| how());
        let client = client_with(&server, |options| options.timeout = Duration::from_millis(100));
        let error = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap_err();
        assert_eq!((error.kind, server.requests().len()), (ErrorKind::TimedOut, 1), "{error}");
    }
}

#[tokio::test]
async fn bombs_and_broken_documents_are_refused() {
    let bomb =
        "<!DOCTYPE b [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;\">]><D:multistatus xmlns:D=\"DAV:\">&b;</D:multistatus>";
    let cases = [
        (bomb.to_owned(), ErrorKind::Malformed, "it declares a document type"),
        (multistatus(&"<D:response>".repeat(100)), ErrorKind::Malformed, "its elements are nested too deep"),
        (multistatus("<D:response>&evil;</D:response>"), ErrorKind::Malformed, "it uses an unknown entity"),
        (multistatus("<D:response></D:href>"), ErrorKind::Malformed, "it is not well-formed"),
        (multistatus("<D:response>").replace("</D:multistatus>", ""), ErrorKind::Malformed, "it ends too early"),
        ("<html><p>hello".to_owned(), ErrorKind::NotDav, "the answer is a <html>, no multistatus"),
        ("hello".to_owned(), ErrorKind::NotDav, "the answer is no XML"),
    ];
    for (body, kind, why) in cases {
        let server = Server::start(move |_| Scripted::answer(207, body.clone()));
        let error = list(&server).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().ends_with(why), "{error}");
    }
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_no_dav_server() {
    let server = Server::start(|_| Scripted::answer(200, "<html>login</html>").header("Content-Type", "text/html"));
    let error = list(&server).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotDav);
    assert!(error.to_string().ends_with("200 OK, which no CalDAV or CardDAV server does here"), "{error}");
}

/// Members without end.
fn endless(member: impl Fn(usize) -> String + Send + 'static) -> Scripted {
    let head = multistatus("").replace("</D:multistatus>", "");
    Scripted::pieces(std::iter::once(head).chain((0..).map(member)).map(String::into_bytes))
}

#[tokio::test]
async fn a_listing_without_end_is_too_large() {
    let server = Server::start(|_| {
        let filler = "x".repeat(1 << 20);
        endless(move |n| member(&format!("/cal/{n}.ics"), &format!("<D:x>{filler}</D:x>")))
    });
    let client = client_with(&server, |options| options.timeout = Duration::from_mins(1));
    let error = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().ends_with("the answer is larger than allowed"), "{error}");
}

#[tokio::test]
async fn an_answer_that_goes_on_and_on_is_given_up() {
    // Something always comes, so nobody ever waits for long.
    let whole = multistatus(&member("/cal/a.ics", "<D:getetag>\"1\"</D:getetag>").repeat(1000));
    let server = Server::start(move |_| Scripted::answer(207, whole.clone()).trickle(Duration::from_millis(1)));
    let client = client_with(&server, |options| options.timeout = Duration::from_millis(100));
    let error = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap_err();
    assert_eq!((error.kind, server.requests().len()), (ErrorKind::TimedOut, 1), "{error}");
}

#[tokio::test]
async fn tags_and_hrefs_that_are_too_long_are_not_kept() {
    let long = "n".repeat(9000);
    let tagged = member("/cal/a.ics", &format!("<D:getetag>\"{long}\"</D:getetag>"));
    let inside = tagged + &member(&format!("/cal/{long}.ics"), "<D:getetag>\"1\"</D:getetag>");
    let server = Server::start(move |_| Scripted::multistatus(&inside));
    let client = anonymous(&server);
    let members = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap();
    assert_eq!((members[0].trouble.as_deref(), members[0].etag.as_ref()), (None, None));
    assert!(members[1].trouble.as_deref().unwrap().ends_with("can't be used"), "{:?}", members[1].trouble);
    assert!(members[1].href.path().len() < 1000);
}

#[tokio::test]
async fn one_endless_member_is_too_large() {
    let server = Server::start(|_| {
        let head = multistatus("<D:response><D:href>").replace("</D:multistatus>", "");
        let pieces = std::iter::once(head.into_bytes()).chain(std::iter::repeat_with(|| vec![b'x'; 1 << 20]));
        Scripted::pieces(pieces)
    });
    let client = client_with(&server, |options| options.timeout = Duration::from_secs(30));
    let error = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
}

#[tokio::test]
async fn odd_hrefs_are_kept_apart_and_unusable_ones_are_told() {
    let long = "n".repeat(300);
    let hrefs = [
        "/cal/../../evil.ics".to_owned(),
        "/cal/a%2Fb.ics".into(),
        "/cal/A.ics".into(),
        "/cal/a.ics".into(),
        format!("/cal/{long}.ics"),
    ];
    let inside: String = hrefs.iter().map(|text| member(text, "<D:getetag>\"1\"</D:getetag>")).collect();
    let server = Server::start(move |_| Scripted::multistatus(&inside));
    let client = anonymous(&server);
    let members = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap();
    assert_eq!(members[0].trouble.as_deref(), Some("the href \"/cal/../../evil.ics\" can't be used"));
    let names: Vec<String> = members[1..].iter().map(|member| member.href.last_segment_decoded()).collect();
    assert_eq!(names, ["a/b.ics".to_owned(), "A.ics".into(), "a.ics".into(), format!("{long}.ics")]);
}

#[tokio::test]
async fn a_refused_port_and_an_unknown_host_are_told_at_once() {
    let server = Server::start(|_| Scripted::hang());
    let client = client(&server);
    let url = server.url();
    let collection = href(&client, "/");
    drop(server);
    let error = client.send(&ListMembers { collection }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    let address = url.trim_start_matches("http://");
    assert_eq!(error.to_string(), format!("PROPFIND {url}/: {address} refused the connection"));

    let client = davault::dav::Client::new(options("https://no-such-host.invalid/")).unwrap();
    let error = client.send(&ListMembers { collection: href(&client, "/") }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{}", sentence(&error));
    assert!(error.to_string().ends_with("there is no host no-such-host.invalid"), "{}", sentence(&error));
}
