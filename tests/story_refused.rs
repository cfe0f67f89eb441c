//! A server that can't be used: one sentence that says why, the right exit code, and no password in it.

use crate::support::person::{Person, Ran};
use crate::support::servers::{self, Server};

/// Pings a source with these options, which must fail with `code`, without showing the password.
async fn ping(location: &str, options: &[&str], code: i32) -> Ran {
    let person = Person::new();
    person.ok(&[&["source", "add", "x", location, "username=alice"], options].concat()).await;
    let ran = person.run(&["source", "ping", "x"]).await;
    assert_eq!(ran.code(), Some(code), "{ran:?}");
    assert!(!ran.err().contains(SECRET) && !ran.out().contains(SECRET), "{ran:?}");
    ran
}

const SECRET: &str = "open sesame";
const PASSWORD: &str = "password=open sesame";

#[tokio::test]
async fn a_wrong_password_is_called_one() {
    let server = Server::radicale().await;
    let ran = ping(&server.location(), &[PASSWORD], 1).await;
    assert!(ran.err().contains("the server refused the user name or password"), "{ran:?}");
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named() {
    let ran = ping("dav://no-such-host.invalid/", &[PASSWORD], 1).await;
    assert!(ran.err().contains("no-such-host.invalid"), "{ran:?}");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_named() {
    let address = format!("127.0.0.1:{}", servers::free_port());
    let ran = ping(&format!("dav://http://{address}/"), &[PASSWORD], 1).await;
    assert!(ran.err().contains(&address) && ran.err().contains("refused"), "{ran:?}");
}

#[tokio::test]
async fn a_certificate_of_nobodys_is_refused_and_trusted_where_it_is_named() {
    let server = Server::xandikos().await;
    let ran = ping(&server.location(), &[PASSWORD], 1).await;
    assert!(ran.err().contains("certificate is self-signed or from an unknown authority"), "{ran:?}");
    let person = Person::new();
    person.add("x", &server).await;
    let ran = person.ok(&["source", "ping", "x"]).await;
    assert!(ran.out().contains("answers"), "{ran:?}");
}

#[tokio::test]
async fn a_password_is_not_sent_over_plain_http_to_another_machine() {
    // 192.0.2.0/24 belongs to nobody (RFC 5737); nothing may be sent there anyway.
    let ran = ping("dav://http://192.0.2.1/", &[PASSWORD], 2).await;
    assert!(ran.err().contains("the password would go over plain http to 192.0.2.1"), "{ran:?}");
}

#[tokio::test]
async fn an_option_that_nobody_knows_is_refused_with_the_nearest_one() {
    let ran = Person::new().run(&["source", "add", "x", "dav://example.com/", "pasword=open sesame"]).await;
    assert_eq!(ran.code(), Some(2), "{ran:?}");
    assert!(ran.err().contains("unknown option pasword; the nearest is password"), "{ran:?}");
    assert!(!ran.err().contains(SECRET), "{ran:?}");
}

#[tokio::test]
async fn what_is_not_there_is_said_with_exit_code_2_or_1() {
    let person = Person::with_vault().await;
    for (words, code) in [
        (&["at", "vault", "backup", "@nobody"][..], 2),
        (&["at", "vault", "backup", "./nothing-here"], 1),
        (&["at", "vault", "cat", "latest:/calendars"], 1),
        (&["at", "no-vault", "ls"], 1),
        (&["frobnicate"], 2),
        (&["ls"], 2),
    ] {
        let ran = person.run(words).await;
        assert_eq!(ran.code(), Some(code), "{ran:?}");
        assert!(!ran.err().trim().is_empty(), "{ran:?}");
    }
}
