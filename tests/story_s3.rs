//! A vault on S3 does what a vault in a folder does.

use std::fs;
use std::sync::Arc;

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::process;
use crate::support::s3::{self, Hold, SECRET_KEY};
use crate::support::scripted::{Scripted, Server};
use crate::support::vdir;

const SIZE: Size = Size { calendars: 2, events_each: 100, books: 1, contacts_each: 40 };

/// Somebody who has a store called `cloud` at this location; the server has an empty bucket called `bucket`.
async fn with_store(location: &str) -> Person {
    with_store_holding(location, Arc::default()).await
}

/// The same, with a server that holds some of what is put.
async fn with_store_holding(location: &str, hold: Arc<Hold>) -> Person {
    let person = Person::new();
    fs::create_dir_all(person.path("s3/bucket")).expect("a folder");
    let endpoint = format!("endpoint=http://{}", s3::serve_holding(&person.path("s3"), hold).await);
    let keys = ["access_key=an-access-key", "secret_key=a-secret-key", "region=eu-west-1"];
    person.ok(&[&["store", "add", "cloud", location, &endpoint], &keys[..]].concat()).await;
    person
}

#[tokio::test]
async fn an_account_goes_into_a_vault_on_s3_and_comes_back() {
    let person = with_store("s3://bucket/some/prefix").await;
    let shown = person.ok(&["store", "show", "cloud"]).await;
    assert!(!shown.out().contains(SECRET_KEY), "{shown:?}");

    person.ok(&["at", "@cloud", "create", "-key-memory", "8"]).await;
    let twice = person.run(&["at", "@cloud", "create", "-key-memory", "8"]).await;
    assert_eq!(twice.code(), Some(1), "{twice:?}");
    Account::seeded(4, SIZE).write_vdir(&person.path("made")).expect("an account");
    person.ok(&["at", "@cloud", "backup", "./made"]).await;
    person.ok(&["at", "@cloud", "backup", "./made"]).await;
    assert_eq!(person.ok(&["at", "@cloud", "ls"]).await.out().lines().count(), 2);
    person.ok(&["at", "@cloud", "check", "--read-data"]).await;
    person.ok(&["at", "@cloud", "restore", "-to", "./back", "latest"]).await;
    assert_eq!(vdir::read(&person.path("back")), vdir::read(&person.path("made")));
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_named() {
    let person = with_store("s3://elsewhere/prefix").await;
    let ran = person.run(&["at", "@cloud", "create", "-key-memory", "8"]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("s3://elsewhere/prefix"), "{ran:?}");
    assert!(!ran.err().contains(SECRET_KEY), "{ran:?}");
}

#[tokio::test]
async fn credentials_of_the_environment_stay_away_from_a_store_with_keys_of_its_own() {
    let server = Server::start(|_| Scripted::answer(403, ""));
    let person = Person::new();
    let endpoint = format!("endpoint={}", server.url());
    person.ok(&["store", "add", "cloud", "s3://bucket/p", &endpoint, "access_key=mine", "secret_key=mine-too"]).await;
    let mut create = person.command(&["at", "@cloud", "create", "-key-memory", "8"]);
    create.env("AWS_SESSION_TOKEN", "the-company's").env("AWS_ACCESS_KEY_ID", "the-company's");
    assert_eq!(create.output().await.expect("davault starts").status.code(), Some(1));
    let sent = server.recorded();
    assert!(!sent.is_empty());
    for (name, value) in sent.iter().flat_map(|request| &request.headers) {
        assert!(!value.contains("company") && name != "x-amz-security-token", "{name}: {value}");
    }
}

#[tokio::test]
async fn a_connector_that_dies_once_all_is_stored_costs_a_warning_and_not_the_snapshot() {
    let hold = Hold::at("/snapshots/");
    let person = with_store_holding("s3://bucket/vault", Arc::clone(&hold)).await;
    person.ok(&["at", "@cloud", "create", "-key-memory", "8"]).await;
    Account::seeded(4, SIZE).write_vdir(&person.path("made")).expect("an account");
    let backup = person.command(&["at", "@cloud", "backup", "./made"]).spawn().expect("davault starts");
    hold.reached.notified().await;
    for connector in process::children(backup.id().expect("it runs")) {
        process::kill(connector).await;
    }
    hold.go.notify_one();
    let output = backup.wait_with_output().await.expect("it ends");
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{out}{said}");
    assert!(out.starts_with("snapshot ") && out.contains(" added to the vault in "), "{out}{said}");
    assert!(said.contains(" is stored, but its source did not end well: the plugin davault "), "{out}{said}");
    assert_eq!(person.ok(&["at", "@cloud", "ls"]).await.out().lines().count(), 1);
}
