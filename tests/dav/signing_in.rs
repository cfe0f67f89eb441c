//! Who gets to see the password, when, and how often.

use davault::dav::request::ListMembers;
use davault::dav::{AuthScheme, Client, Credentials, ErrorKind};

use super::{anonymous, client, client_with, href, options, sentence};
use crate::support::certificates::Authority;
use crate::support::scripted::{Recorded, Scripted, Server};

const BASIC: &str = "Basic YWxpY2U6c2VjcmV0LXB3";

fn wants(request: &Recorded, authorization: &str, challenge: &str) -> Scripted {
    match request.header("authorization") {
        Some(sent) if sent.starts_with(authorization) => Scripted::multistatus(""),
        _ => Scripted::challenge(challenge),
    }
}

#[tokio::test]
async fn a_password_is_sent_after_a_challenge_and_then_at_once() {
    let server = Server::start(|request| wants(request, BASIC, "Basic realm=\"x\""));
    let client = client(&server);
    let listing = ListMembers { collection: href(&client, "/cal/") };
    client.send(&listing).await.unwrap();
    client.send(&listing).await.unwrap();
    let recorded = server.recorded();
    let sent: Vec<Option<&str>> = recorded.iter().map(|request| request.header("authorization")).collect();
    assert_eq!(sent, [None, Some(BASIC), Some(BASIC)]);
}

#[tokio::test]
async fn basic_is_sent_at_once_if_that_is_asked_for() {
    let server = Server::start(|request| wants(request, BASIC, "Basic realm=\"x\""));
    let client = client_with(&server, |options| options.auth = AuthScheme::Basic);
    client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap();
    assert_eq!(server.requests().len(), 1);
}

/// Basic that is expected goes to the location's own origin alone: not where that leads to, were it trusted, unless asked.
#[tokio::test]
async fn basic_that_was_taken_before_is_sent_at_once_and_to_nobody_else() {
    let authority = Authority::new();
    let shown = authority.certify("localhost", false);
    let other = Server::start_tls(shown.config.clone(), |request| wants(request, BASIC, "Basic realm=\"y\""));
    let to = format!("{}/cal/", other.url_as("localhost"));
    let server = Server::start_tls(shown.config.clone(), move |request| match request.path.as_str() {
        "/moved/" => Scripted::redirect(308, &to),
        _ => wants(request, BASIC, "Basic realm=\"x\""),
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).expect("a file");
    let mut options = options(&server.url_as("localhost"));
    options.timeout = std::time::Duration::from_secs(10);
    options.tls.ca_file = Some(file);
    options.trusted_hosts = vec![other.url_as("localhost").replace("https://", "")];
    let client = Client::new(options).expect("a client");
    client.expect_basic();
    client.send(&ListMembers { collection: href(&client, "/moved/") }).await.unwrap();
    let sent = |server: &Server| -> Vec<Option<String>> {
        server.recorded().iter().map(|request| request.header("authorization").map(str::to_owned)).collect()
    };
    assert_eq!(sent(&server), [Some(BASIC.to_owned())]);
    assert_eq!(sent(&other), [None, Some(BASIC.to_owned())]);
    assert!(!client.took_basic(), "the location itself has only led away");
    client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap();
    assert!(client.took_basic());
}

#[tokio::test]
async fn a_wrong_password_is_refused_after_one_try() {
    let server = Server::start(|_| Scripted::challenge("Basic realm=\"x\""));
    let client = client(&server);
    let error = client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorised);
    let what = format!("PROPFIND {}/cal/: the server refused the user name or password", server.url());
    assert_eq!(sentence(&error), what);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn digest_is_preferred_and_its_nonce_is_used_again() {
    let challenge = "Basic realm=\"x\", Digest realm=\"x\", qop=\"auth\", algorithm=SHA-256, nonce=\"n1\"";
    let server = Server::start(move |request| wants(request, "Digest username=\"alice\"", challenge));
    let client = client(&server);
    let listing = ListMembers { collection: href(&client, "/cal/") };
    client.send(&listing).await.unwrap();
    client.send(&listing).await.unwrap();
    let recorded = server.recorded();
    assert_eq!(recorded.len(), 3);
    let last = recorded[2].header("authorization").unwrap();
    assert!(last.contains("uri=\"/cal/\"") && last.contains("nc=00000002"), "{last}");
    assert!(!recorded.iter().any(|r| r.header("authorization").is_some_and(|a| a.starts_with("Basic"))));
}

#[tokio::test]
async fn a_stale_nonce_costs_one_more_round() {
    let server = Server::start(|request| {
        let old = "Digest realm=\"x\", qop=\"auth\", nonce=\"old\"";
        match request.header("authorization") {
            None => Scripted::challenge(old),
            Some(sent) if sent.contains("nonce=\"old\"") => {
                Scripted::challenge("Digest realm=\"x\", qop=\"auth\", nonce=\"new\", stale=true")
            }
            Some(_) => Scripted::multistatus(""),
        }
    });
    let client = client(&server);
    client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_token_is_sent_as_bearer() {
    let server = Server::start(|request| wants(request, "Bearer tok", "Bearer"));
    let client = client_with(&server, |options| options.credentials = Credentials::Bearer("tok".into()));
    client.send(&ListMembers { collection: href(&client, "/cal/") }).await.unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_server_that_asks_nobody_who_has_nothing_is_a_plain_error() {
    let server = Server::start(|_| Scripted::challenge("Basic realm=\"x\""));
    let client = anonymous(&server);
    let error = client.send(&ListMembers { collection: href(&client, "/") }).await.unwrap_err();
    assert!(error.to_string().ends_with("the server wants a user name and password"), "{error}");
}

#[test]
fn a_password_over_plain_http_is_refused_unless_allowed_or_loopback() {
    let error = Client::new(options("http://dav.example.com/")).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Usage);
    let what = "the password would go over plain http to dav.example.com, where anybody can read it";
    assert_eq!(error.to_string(), what);
    let mut allowed = options("http://dav.example.com/");
    allowed.allow_plain_http = true;
    assert!(Client::new(allowed).is_ok());
    assert!(Client::new(options("http://127.0.0.1:5232/")).is_ok());
}
