//! A vault on S3 does what a vault in a folder does.

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::servers::Server;
use crate::support::vdir;

const SIZE: Size = Size { calendars: 2, events_each: 100, books: 1, contacts_each: 40 };

#[tokio::test]
async fn an_account_goes_into_a_vault_on_s3_and_comes_back() {
    let s3 = Server::s3().await;
    let person = Person::new();
    let endpoint = format!("endpoint={}", s3.url().trim_end_matches('/'));
    let place =
        ["s3://bucket/some/prefix", &endpoint, "access_key=AKIAEXAMPLE", "secret_key=hidden away", "region=eu-west-1"];
    person.ok(&[&["store", "add", "cloud"], &place[..]].concat()).await;
    let shown = person.ok(&["store", "show", "cloud"]).await;
    assert!(!shown.out().contains("hidden away"), "{shown:?}");

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
    let s3 = Server::s3().await;
    let person = Person::new();
    let endpoint = format!("endpoint={}", s3.url().trim_end_matches('/'));
    person.ok(&["store", "add", "cloud", "s3://elsewhere/", &endpoint, "access_key=a", "secret_key=b"]).await;
    let ran = person.run(&["at", "@cloud", "create", "-key-memory", "8"]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("elsewhere"), "{ran:?}");
}
