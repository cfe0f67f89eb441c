//! `since` and `until`: only what happens in some time goes into the vault, and what is left out never counts as gone.

use std::fs;

use crate::support::person::Person;
use crate::support::servers::Server;
use crate::support::vdir;

const WINDOW: [&str; 4] = ["-o", "since=2026-11-01T00:00Z", "-o", "until=2027-01-01T00:00Z"];

/// What happens in it: the weekly meeting, the play and the dentist; no to-do, and all contacts.
const IN_IT: [(&str, usize); 3] = [("family", 2), ("friends", 3), ("work", 1)];

fn counts(person: &Person, folder: &str) -> Vec<(String, usize)> {
    let read = vdir::read(&person.path(folder)).into_iter();
    let counts = read.map(|(name, folder)| (name.rsplit('/').next().expect("a name").to_owned(), folder.items.len()));
    let mut counts: Vec<_> = counts.filter(|(_, items)| *items > 0).collect();
    counts.sort();
    counts
}

fn expected() -> Vec<(String, usize)> {
    IN_IT.map(|(name, items)| (name.to_owned(), items)).to_vec()
}

#[tokio::test]
async fn a_folders_window_has_whole_items_and_all_contacts_and_is_never_mirrored() {
    let person = Person::with_folder().await;
    let whole = r#"{"schema":1,"kind":"calendar","href":"/work/"}"#;
    fs::write(person.path("made/calendars/work/.collection.json"), whole).expect("a file");
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let ran = person.ok(&[&["at", "vault", "backup", "./made"], &WINDOW[..]].concat()).await;
    assert!(ran.out().contains(" unchanged; "), "{ran:?}");
    let ran = person.ok(&["at", "vault", "ls"]).await;
    assert!(ran.out().lines().last().is_some_and(|line| line.contains("  partial")), "{ran:?}");
    person.ok(&["at", "vault", "restore", "-to", "./back", "latest"]).await;
    assert_eq!(counts(&person, "back"), expected());
    let said = fs::read_to_string(person.path("back/calendars/work/.collection.json")).expect("a file");
    assert!(said.contains("\"only_between\"") && said.contains("2026-11-01T00:00:00Z"), "{said}");

    let mirror = ["at", "vault", "restore", "-o", "mirror=true", "-to", "./made", "latest:/calendars/work"];
    let ran = person.run(&mirror).await;
    assert!(ran.err().contains("the snapshot has only the items of some time"), "{ran:?}");
    assert!(person.path("made/calendars/work/budget.ics").exists());
    let whole = person.ok(&["at", "vault", "backup", "--json", "./made"]).await;
    assert_eq!(whole.value("/snapshot/failed"), 0, "{whole:?}");
    assert_eq!(whole.value("/snapshot/partial"), false, "{whole:?}");
    let all = whole.value("/snapshot/files").as_u64().expect("a number");
    // All but `.collection.json`, which said of the last one that it is partial.
    assert_eq!(whole.value("/unchanged"), all - 1, "the last whole one tells what the partial one lacks: {whole:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_fails_after_a_partial_backup_is_kept_as_the_last_whole_one_had_it() {
    let person = Person::with_backup().await;
    person.ok(&[&["at", "vault", "backup", "./made"], &WINDOW[..]].concat()).await;
    fs::remove_file(person.path("made/calendars/work/budget.ics")).expect("removed");
    let _socket = std::os::unix::net::UnixListener::bind(person.path("made/calendars/work/budget.ics")).unwrap();
    let ran = person.run(&["at", "vault", "backup", "./made"]).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert!(ran.err().contains("the version of the snapshot before was kept"), "{ran:?}");
    let kept = person.ok(&["at", "vault", "cat", "latest:/calendars/work/budget.ics"]).await;
    assert!(kept.out().contains("SUMMARY:Budget 2027"), "{kept:?}");
}

#[tokio::test]
async fn a_folder_gives_only_the_kinds_that_are_asked_for() {
    let person = Person::with_folder().await;
    let words = ["at", "vault", "backup", "./made", "-o", "components=vtodo", "-o", "exclude=Friends,work"];
    person.ok(&words).await;
    person.ok(&["at", "vault", "restore", "-to", "./back", "latest"]).await;
    assert_eq!(counts(&person, "back"), [("todo".to_owned(), 2)]);
}

#[tokio::test]
async fn a_servers_window_is_the_same_on_radicale_and_on_xandikos() {
    for server in [Server::radicale().await, Server::xandikos().await] {
        let person = Person::with_account(&server).await;
        let whole = person.back_up("home").await;
        person.ok(&[&["at", "vault", "backup", "@home"], &WINDOW[..]].concat()).await;
        person.ok(&["at", "vault", "restore", "-to", "./back", "latest@home"]).await;
        assert_eq!(counts(&person, "back"), expected());
        let ran = person.run(&["at", "vault", "restore", "-o", "mirror=true", "-to", "@home", "latest@home"]).await;
        assert!(ran.err().contains("the snapshot has only the items of some time"), "{ran:?}");
        let again = person.ok(&["at", "vault", "backup", "--json", "@home"]).await;
        let listed = person.ok(&["at", "vault", "ls", "--json"]).await.out();
        let first = listed.lines().find(|line| line.contains(&whole)).expect("the first snapshot");
        let first: serde_json::Value = serde_json::from_str(first).expect("JSON");
        assert_eq!(again.value("/snapshot/files"), first["files"], "all of it is there again");
    }
}
