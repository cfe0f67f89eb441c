//! `mirror` deletes what a snapshot lacks, so it never trusts one that may lack more than the account did.

use std::fs;
use std::path::Path;

use crate::support::person::Person;

const WHOLE: &str = r#"{"schema":1,"kind":"calendar","href":"/work/"}"#;

/// Somebody with a backup of `./made`, and a folder `./back` that has an event more in two calendars.
async fn with_more() -> Person {
    let person = Person::with_folder().await;
    for calendar in ["work", "family"] {
        fs::write(person.path("made/calendars").join(calendar).join(".collection.json"), WHOLE).expect("a file");
        let back = person.path("back/calendars").join(calendar);
        fs::create_dir_all(&back).expect("a folder");
        fs::write(back.join("more.ics"), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("a file");
    }
    person
}

fn has_more(person: &Person, calendar: &str) -> bool {
    person.path("back/calendars").join(calendar).join("more.ics").exists()
}

const MIRROR: [&str; 7] = ["at", "vault", "restore", "-o", "mirror=Yes", "-to", "./back"];

#[tokio::test]
async fn a_single_item_is_not_mirrored_and_a_calendar_is() {
    let person = with_more().await;
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let ran = person.run(&[&MIRROR[..], &["latest:/calendars/work/review.ics"]].concat()).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("cannot mirror /calendars/work/review.ics: "), "{ran:?}");
    assert!(has_more(&person, "work") && has_more(&person, "family"));
    person.ok(&[&MIRROR[..], &["latest:/calendars/work"]].concat()).await;
    assert!(!has_more(&person, "work") && has_more(&person, "family"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_part_of_a_snapshot_where_something_failed_is_not_mirrored() {
    let person = with_more().await;
    let _socket = std::os::unix::net::UnixListener::bind(person.path("made/calendars/work/broken.ics")).unwrap();
    let ran = person.run(&["at", "vault", "backup", "./made"]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    for path in ["latest", "latest:/calendars", "latest:/calendars/work"] {
        let ran = person.run(&[&MIRROR[..], &[path]].concat()).await;
        assert_eq!(ran.code(), Some(1), "{ran:?}");
        assert!(ran.err().contains("/calendars/work/broken.ics could not be read when snapshot "), "{ran:?}");
    }
    person.ok(&[&MIRROR[..], &["latest:/calendars/family"]].concat()).await;
    assert!(has_more(&person, "work") && !has_more(&person, "family"));
}

#[tokio::test]
async fn a_snapshot_that_cant_be_read_is_not_mirrored() {
    let person = with_more().await;
    person.ok(&["at", "vault", "backup", "./made"]).await;
    spoil(&person.path("vault/packs"));
    let ran = person.run(&[&MIRROR[..], &["latest"]].concat()).await;
    assert_eq!(ran.code(), Some(1), "{ran:?}");
    assert!(ran.err().contains("from the vault"), "{ran:?}");
    assert!(!person.path("back/calendars/work/displayname").exists(), "nothing was begun");
    assert!(has_more(&person, "work") && has_more(&person, "family"));
}

/// Changes a byte near the beginning of each file, where contents lie.
fn spoil(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let at = entry.expect("an entry").path();
        if at.is_dir() {
            spoil(&at);
            continue;
        }
        let mut bytes = fs::read(&at).expect("a file");
        *bytes.get_mut(100).expect("a long file") ^= 1;
        fs::write(&at, bytes).expect("written");
    }
}

#[tokio::test]
async fn a_dry_run_by_whatever_word_is_called_one() {
    let person = with_more().await;
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let dry = ["at", "vault", "restore", "-o", "dry_run=YES", "-to", "./new"];
    let ran = person.ok(&dry).await;
    assert!(ran.out().starts_with("would restore "), "{ran:?}");
    let ran = person.ok(&[&dry[..], &["--json"]].concat()).await;
    assert_eq!(ran.value("/dry_run"), true, "{ran:?}");
    assert!(!person.path("new").exists());
}

#[tokio::test]
async fn items_that_are_chosen_one_by_one_are_not_mirrored() {
    let person = with_more().await;
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let mirror = ["at", "vault", "restore", "-mirror", "-to", "./back"];
    let ran = person.run(&[&mirror[..], &["-event", "review"]].concat()).await;
    assert_eq!(ran.code(), Some(2), "{ran:?}");
    assert!(ran.err().contains("of items that are chosen one by one all others do not come"), "{ran:?}");
    assert!(has_more(&person, "work") && has_more(&person, "family"));
    person.ok(&[&mirror[..], &["-calendar", "work"]].concat()).await;
    assert!(!has_more(&person, "work") && has_more(&person, "family"));
    person.ok(&[&mirror[..], &["latest:/calendars/family"]].concat()).await;
    assert!(!has_more(&person, "family"));
}
