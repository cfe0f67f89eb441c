//! A person checks a vault: all of it, a part, a sample; and does what is advised when something is damaged.

use std::fs;
use std::path::PathBuf;

use crate::support::person::Person;

/// Somebody with two snapshots of a folder of items.
async fn person() -> Person {
    let person = Person::with_vault().await;
    fs::create_dir(person.path("cal")).expect("a folder");
    for day in 1..=2 {
        for number in 0..20 {
            let item = format!("BEGIN:VCALENDAR\r\nX-DAY:{day}\r\nX-NUMBER:{number}\r\nEND:VCALENDAR\r\n");
            fs::write(person.path(&format!("cal/{number}-{day}.ics")), item).expect("an item");
        }
        person.ok(&["at", "vault", "backup", "./cal"]).await;
    }
    person
}

/// The largest pack: that of the first snapshot or the second.
fn pack(person: &Person) -> PathBuf {
    let folders =
        fs::read_dir(person.path("vault/packs")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files =
        folders.flat_map(|folder| fs::read_dir(folder).expect("a folder")).map(|entry| entry.expect("an entry").path());
    files.max_by_key(|file| fs::metadata(file).expect("a file").len()).expect("a pack")
}

#[tokio::test]
async fn a_check_says_what_it_read() {
    let person = person().await;
    let ran = person.ok(&["at", "vault", "check"]).await;
    assert!(ran.out().contains("no damage found: 2 snapshots, 2 packs (contents were not read"), "{ran:?}");
    let ran = person.ok(&["at", "vault", "check", "-read-data=1%"]).await;
    assert!(ran.out().contains("(1 of 2 packs, ") && ran.out().contains(" were read)"), "{ran:?}");
    let ran = person.ok(&["at", "vault", "check", "--read-data", "--json", "latest"]).await;
    assert_eq!(
        (ran.value("/snapshots"), ran.value("/read_packs"), ran.value("/packs")),
        (1.into(), 2.into(), 2.into())
    );
    let ran = person.run(&["at", "vault", "check", "--read-data=0%"]).await;
    assert_eq!(ran.code(), Some(2), "{ran:?}");
    assert!(ran.err().contains("a share is written 1% to 100%"), "{ran:?}");
    let ran = person.run(&["at", "vault", "check", "latest@nobody"]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("cannot use the snapshot 'latest@nobody'"), "{ran:?}");
}

#[tokio::test]
async fn what_is_advised_after_damage_heals_it() {
    let person = person().await;
    let pack = pack(&person);
    let mut bytes = fs::read(&pack).expect("a pack");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pack, bytes).expect("it was there");
    let ran = person.run(&["at", "vault", "check", "--read-data"]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(
        ran.err().contains("First run `davault at vault repair`") && ran.err().contains("Then back up again"),
        "{ran:?}"
    );
    let ran = person.run(&["at", "vault", "repair"]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    person.ok(&["at", "vault", "backup", "./cal"]).await;
    person.ok(&["at", "vault", "check"]).await;
    person.ok(&["at", "vault", "restore", "-to", "./back", "latest"]).await;
}

#[tokio::test]
async fn a_damaged_snapshot_and_a_damaged_key_get_advice_of_their_own() {
    let person = person().await;
    let first = |folder: &str| {
        let files = fs::read_dir(person.path(folder)).expect("a folder").map(|entry| entry.expect("an entry").path());
        files.min().expect("a file")
    };
    fs::write(first("vault/snapshots"), "spoiled").expect("written");
    let ran = person.run(&["at", "vault", "check"]).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("A damaged snapshot is not healed") && !ran.err().contains("repair"), "{ran:?}");
    fs::write(person.path("vault/keys/00000000000000000000000000000000"), "spoiled").expect("written");
    fs::remove_file(first("vault/snapshots")).expect("it was there");
    let ran = person.run(&["at", "vault", "check"]).await;
    assert!(ran.err().contains("Add a damaged key again with `davault at vault key add`"), "{ran:?}");
    assert!(ran.err().contains("`davault at vault check -accept`"), "{ran:?}");
}
