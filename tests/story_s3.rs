//! A vault on S3 does what a vault in a folder does.

use std::fs;

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::s3::{self, SECRET_KEY};
use crate::support::scripted::{Scripted, Server};
use crate::support::vdir;

const SIZE: Size = Size { calendars: 2, events_each: 100, books: 1, contacts_each: 40 };

/// Somebody who has a store called `cloud` at this location; the server has an empty bucket called `bucket`.
async fn with_store(location: &str) -> Person {
    let person = Person::new();
    fs::create_dir_all(person.path("s3/bucket")).expect("a folder");
    let endpoint = format!("endpoint=http://{}", s3::serve(&person.path("s3")).await);
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
