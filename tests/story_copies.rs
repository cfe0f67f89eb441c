//! Somebody keeps a second copy elsewhere, with a passphrase of its own.

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::vdir;

const SIZE: Size = Size { calendars: 2, events_each: 40, books: 1, contacts_each: 20 };

/// Somebody with a vault, and an empty one configured as `copy`, which has a passphrase of its own.
async fn with_a_copy() -> Person {
    let person = Person::with_vault().await;
    std::fs::write(person.path("key"), "the bytes of another key").expect("a file");
    person.ok(&["-keyfile", "key", "at", "copy", "create", "-key-memory", "8"]).await;
    let copy = person.path("copy");
    let keyfile = format!("keyfile={}", person.path("key").display());
    person.ok(&["store", "add", "copy", copy.to_str().expect("a path in UTF-8"), &keyfile]).await;
    person
}

#[tokio::test]
async fn a_second_vault_gets_each_snapshot_once_and_gives_it_back() {
    let person = with_a_copy().await;
    Account::seeded(4, SIZE).write_vdir(&person.path("made")).expect("an account");
    person.ok(&["at", "vault", "backup", "-tag", "monday", "./made"]).await;
    let dry = person.ok(&["at", "vault", "sync", "-dry-run", "to", "@copy"]).await;
    assert!(dry.out().contains("would copy 1 snapshot"), "{dry:?}");
    let first = person.ok(&["at", "vault", "sync", "to", "@copy"]).await;
    assert!(first.out().contains("copied 1 snapshot, "), "{first:?}");
    let again = person.ok(&["at", "vault", "sync", "to", "@copy"]).await;
    assert!(again.out().ends_with("copy: nothing to copy\n"), "{again:?}");
    let (here, copied) = (
        person.ok(&["at", "vault", "ls"]).await.out(),
        person.ok(&["-keyfile", "key", "at", "copy", "ls"]).await.out(),
    );
    assert_eq!(here, copied, "time, source, tags and id are the same");
    person.ok(&["-keyfile", "key", "at", "copy", "check", "--read-data"]).await;
    person.ok(&["at", "@copy", "restore", "-to", "./back", "latest"]).await;
    assert_eq!(vdir::read(&person.path("back")), vdir::read(&person.path("made")));
}

#[tokio::test]
async fn both_ways_and_from_a_vault_with_a_key_file() {
    let person = with_a_copy().await;
    Account::seeded(4, SIZE).write_vdir(&person.path("made")).expect("an account");
    Account::seeded(5, SIZE).write_vdir(&person.path("other")).expect("an account");
    person.ok(&["at", "vault", "backup", "./made"]).await;
    person.ok(&["-keyfile", "key", "at", "copy", "backup", "./other"]).await;
    let both = person.ok(&["at", "vault", "sync", "-json", "with", "./copy", "-peer-keyfile", "key"]).await;
    assert_eq!((both.value("/0/copied/1"), both.value("/1/failed")), (serde_json::Value::Null, 0.into()), "{both:?}");
    assert_eq!(person.ok(&["at", "vault", "ls"]).await.out().lines().count(), 2);
    assert_eq!(person.ok(&["at", "@copy", "ls"]).await.out().lines().count(), 2);
    let wrong = person.run(&["at", "vault", "sync", "from", "./copy"]).await;
    assert_eq!(wrong.code(), Some(1), "{wrong:?}");
    assert!(wrong.err().contains("this passphrase does not open the vault in ./copy"), "{wrong:?}");
    let itself = person.run(&["at", "vault", "sync", "to", "./vault"]).await;
    assert_eq!(itself.code(), Some(2), "{itself:?}");
}
