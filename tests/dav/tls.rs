//! Which certificates are accepted, and what is said of the others.

use std::fs;

use davault::dav::request::ListMembers;
use davault::dav::{Client, Error, ErrorKind, Options};
use sha2::{Digest as _, Sha256};

use super::{href, options};
use crate::support::certificates::{Authority, Shown, self_signed};
use crate::support::scripted::{Scripted, Server};

fn server(shown: &Shown) -> Server {
    Server::start_tls(shown.config.clone(), |_| Scripted::multistatus(""))
}

async fn ask(server: &Server, change: impl FnOnce(&mut Options)) -> Result<(), Error> {
    let mut options = options(&server.url_as("localhost"));
    options.timeout = std::time::Duration::from_secs(10);
    change(&mut options);
    let client = Client::new(options)?;
    client.send(&ListMembers { collection: href(&client, "/") }).await.map(|_| ())
}

fn fingerprint(shown: &Shown) -> String {
    let bytes: Vec<String> = Sha256::digest(&shown.certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

/// A file with our own authority, and the folder that holds it.
fn ca_file(authority: &Authority) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    fs::write(&file, authority.pem()).expect("a file");
    (folder, file)
}

fn assert_says(result: Result<(), Error>, what: &str) {
    let error = result.expect_err("a refused certificate");
    assert_eq!(error.kind, ErrorKind::Tls);
    assert!(error.to_string().contains(&format!(": the server's certificate {what} (its SHA-256 is ")), "{error}");
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_when_named() {
    let authority = Authority::new();
    let server = server(&authority.certify("localhost", false));
    let (_folder, file) = ca_file(&authority);
    ask(&server, |options| options.tls.ca_file = Some(file)).await.unwrap();
    assert_says(ask(&server, |_| {}).await, "is self-signed or from an unknown authority");
}

#[tokio::test]
async fn expired_and_foreign_certificates_are_told_apart() {
    let authority = Authority::new();
    let (_folder, file) = ca_file(&authority);
    let expired = server(&authority.certify("localhost", true));
    assert_says(ask(&expired, |options| options.tls.ca_file = Some(file.clone())).await, "has expired");
    let foreign = server(&authority.certify("dav.example.com", false));
    let result = ask(&foreign, |options| options.tls.ca_file = Some(file)).await;
    assert_says(result, "is for another host, not localhost");
}

#[tokio::test]
async fn a_self_signed_certificate_is_accepted_only_when_pinned_without_authorities() {
    let shown = self_signed("localhost");
    let server = server(&shown);
    let pin = fingerprint(&shown);
    assert_says(ask(&server, |_| {}).await, "is self-signed or from an unknown authority");
    let checked = ask(&server, |options| options.tls.fingerprint = Some(pin.clone())).await;
    assert_says(checked, "is self-signed or from an unknown authority");
    let pinned = ask(&server, |options| {
        options.tls.fingerprint = Some(pin);
        options.tls.verify = false;
    });
    pinned.await.unwrap();
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused() {
    let authority = Authority::new();
    let (_folder, file) = ca_file(&authority);
    let server = server(&authority.certify("localhost", false));
    let result = ask(&server, |options| {
        options.tls.ca_file = Some(file);
        options.tls.fingerprint = Some("00".repeat(32));
    });
    assert_says(result.await, "is not the pinned one");
}

#[tokio::test]
async fn a_certificate_of_our_own_is_shown_to_a_server_that_wants_one() {
    let authority = Authority::new();
    let (folder, file) = ca_file(&authority);
    let server = server(&authority.certify_for_known("localhost"));
    let (certificate, key) = authority.certify_client();
    let (cert_file, key_file) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert_file, certificate).unwrap();
    fs::write(&key_file, key).unwrap();
    let known = ask(&server, |options| {
        options.tls.ca_file = Some(file);
        options.tls.client_cert = Some(cert_file);
        options.tls.client_key = Some(key_file);
    });
    known.await.unwrap();
}

#[tokio::test]
async fn https_is_never_left_for_http() {
    let plain = Server::start(|_| Scripted::multistatus(""));
    let to = plain.url_as("localhost");
    let authority = Authority::new();
    let (_folder, file) = ca_file(&authority);
    let shown = authority.certify("localhost", false);
    let server = Server::start_tls(shown.config.clone(), move |_| Scripted::redirect(301, &to));
    let error = ask(&server, |options| options.tls.ca_file = Some(file)).await.unwrap_err();
    assert_eq!((error.kind, plain.requests().len()), (ErrorKind::Redirected, 0));
}

#[tokio::test]
async fn http_may_become_https_on_the_same_host() {
    let authority = Authority::new();
    let (_folder, file) = ca_file(&authority);
    let safe = server(&authority.certify("localhost", false));
    let to = safe.url_as("localhost");
    let plain = Server::start(move |_| Scripted::redirect(308, &to));
    let url = plain.url_as("localhost");
    let change = |options: &mut Options| {
        options.base = url.parse().expect("a URL");
        options.tls.ca_file = Some(file);
    };
    ask(&plain, change).await.unwrap();
    assert_eq!(safe.requests(), ["PROPFIND /"]);
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_told() {
    let server = Server::start(|_| Scripted::multistatus(""));
    let url = server.url().replace("http://", "https://");
    let client = Client::new(options(&url)).unwrap();
    let error = client.send(&ListMembers { collection: href(&client, "/") }).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Tls | ErrorKind::TimedOut | ErrorKind::Unreachable), "{error}");
    assert_eq!(server.requests(), Vec::<String>::new());
}
