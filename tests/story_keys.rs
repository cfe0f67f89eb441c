//! A person adds a key file for the nightly job, changes the passphrase, and takes the old key away.

use std::fs;

use crate::support::person::{Person, Ran};

async fn run_with_new(person: &Person, new: &str, words: &[&str]) -> std::process::Output {
    person.command(words).env("DAVAULT_NEW_PASSPHRASE", new).output().await.expect("davault starts")
}

fn id_of_added(ran: &Ran) -> String {
    ran.value("/key/id").as_str().expect("an id").to_string()
}

#[tokio::test]
async fn a_key_file_is_added_the_passphrase_changed_and_the_key_file_removed() {
    let person = Person::with_vault().await;
    fs::write(person.path("key"), b"random enough").expect("a key file");
    let add =
        ["at", "vault", "key", "add", "--json", "-new-keyfile", "key", "-label", "nightly job", "-key-memory", "8"];
    let added = person.ok(&add).await;
    let id = id_of_added(&added);
    let by_file = person.ok(&["-keyfile", "key", "at", "vault", "key", "list"]).await.out();
    assert_eq!(by_file.lines().count(), 2, "{by_file}");
    let line = by_file.lines().find(|line| line.contains("nightly job")).expect("it is listed");
    assert!(line.starts_with(&id[..8]) && line.contains("keyfile") && line.contains("8 MiB × 3"), "{line}");
    assert!(line.ends_with("(opened the vault now)"), "{line}");

    let change = ["at", "vault", "key", "change", "-key-memory", "8"];
    let changed = run_with_new(&person, "another passphrase", &change).await;
    assert!(changed.status.success(), "{changed:?}");
    let old = person.run(&["at", "vault", "ls"]).await;
    assert_eq!(old.code(), Some(1), "{old:?}");
    assert_eq!(old.err(), "davault: cannot open the vault vault: this passphrase does not open the vault in vault\n");

    let in_use = person.run(&["-keyfile", "key", "at", "vault", "key", "rm", &id]).await;
    assert_eq!(in_use.code(), Some(1), "{in_use:?}");
    assert!(in_use.err().contains("Unlock the vault with another key to remove this one"), "{in_use:?}");
    let remove =
        person.command(&["at", "vault", "key", "rm", &id]).env("DAVAULT_PASSPHRASE", "another passphrase").output();
    assert!(remove.await.expect("davault starts").status.success());
    let gone = person.run(&["-keyfile", "key", "at", "vault", "ls"]).await;
    assert_eq!(gone.err(), "davault: cannot open the vault vault: this key file does not open the vault in vault\n");
}
