//! A person wants one thing back, and knows it by words, by a date, or by its being gone.

use std::fs;
use std::path::Path;

use crate::support::person::{Person, Ran};
use crate::support::servers::Server;
use crate::support::vdir;

const RESTORE: [&str; 5] = ["at", "vault", "restore", "-to", "./back"];

async fn restore(person: &Person, terms: &[&str]) -> Ran {
    let _ = fs::remove_dir_all(person.path("back"));
    person.run(&[&RESTORE[..], terms].concat()).await
}

/// The files that came back, without what describes collections.
fn items(root: &Path) -> Vec<String> {
    let mut items: Vec<_> = vdir::read(root)
        .into_iter()
        .flat_map(|(name, folder)| folder.items.into_keys().map(move |uid| format!("{name}/{uid}")))
        .collect();
    items.sort();
    items
}

#[tokio::test]
async fn an_item_comes_back_by_what_a_person_knows_of_it() {
    let person = Person::with_backup().await;
    let both = ["calendars/family/dentist@demo.davault", "contacts/friends/ada@demo.davault"];
    let cases: [(&[&str], &[&str]); 8] = [
        (&["-event", "DENTIST mia"], &both[..1]),
        (&["--event=room", "-between", "2026-01-01..2026-02-01"], &["calendars/work/team-meeting@demo.davault"]),
        (&["-contact", "lovelace"], &both[1..]),
        (&["-uid", "ada@demo.davault", "-uid", "dentist@demo.davault"], &both),
        (&["-calendar", "Family", "-between", "2026-05-09..2026-05-10"], &["calendars/family/grandma@demo.davault"]),
        (&["-calendar", "todo", "-between", "..2026-05-01"], &["calendars/todo/bicycle@demo.davault"]),
        (&["-address-book", "friends", "-contact", "chÂtelet"], &["contacts/friends/emilie@demo.davault"]),
        (&["-between", "2027-01-01..", "-event", "tax"], &["calendars/todo/tax@demo.davault"]),
    ];
    for (terms, expected) in cases {
        let ran = restore(&person, terms).await;
        assert_eq!(ran.code(), Some(0), "{ran:?}");
        assert!(ran.out().starts_with(&format!("{} of 13 items chosen\n", expected.len())), "{ran:?}");
        assert_eq!(items(&person.path("back")), expected, "{ran:?}");
    }
    assert_eq!(fs::read_to_string(person.path("back/calendars/todo/displayname")).expect("a name"), "To do");
    assert!(!person.path("back/calendars/todo/color").exists(), "one event does not bring the calendar's colour back");
    let ran = person.ok(&[&RESTORE[..], &["latest:/contacts", "-contact", "ada", "--json"]].concat()).await;
    assert_eq!(ran.value("/outcomes/created"), 1, "{ran:?}");
}

#[tokio::test]
async fn what_means_nothing_is_said_and_nothing_is_done() {
    let person = Person::with_backup().await;
    let cases: [(&[&str], i32, &str); 9] = [
        (&["-event", "submarine"], 1, "nothing is chosen: none of 13 items in "),
        (&["-event", "ada"], 1, "nothing is chosen: "),
        (
            &["-calendar", "Wrok"],
            1,
            "there is no calendar called 'Wrok' in what is to be restored\nThere are: Family (family), To do (todo), Work (work).",
        ),
        (&["-address-book", "Work"], 1, "There are: Friends (friends)."),
        (&["-event", " "], 2, "-event needs words to look for"),
        (&["-event", "a", "-contact", "b"], 2, "as no item is both"),
        (&["-between", "2026-01-01"], 2, "-between 2026-01-01: write it as 2026-01-01..2026-02-01"),
        (&["-between", "2026-02-01..2026-01-01"], 2, "the end is not after the beginning"),
        (
            &["-uid", "x", "-o", "mirror=true"],
            2,
            "a mirror deletes what does not come, and of items that are chosen one by one",
        ),
    ];
    for (terms, code, sentence) in cases {
        let ran = restore(&person, terms).await;
        assert_eq!(ran.code(), Some(code), "{ran:?}");
        assert!(ran.err().contains(sentence), "{ran:?}");
        assert!(!person.path("back").exists(), "{ran:?}");
    }
}

#[tokio::test]
async fn what_vanished_comes_back_in_its_last_version_and_nothing_else_does() {
    let person = Person::with_backup().await;
    let first = person.ok(&["at", "vault", "ls", "--json"]).await.value("/id").as_str().expect("an id").to_owned();
    let at = |name: &str| person.path("made").join(name);
    let change = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(at(name)).expect("an item");
        fs::write(at(name), text.replace(from, to)).expect("written");
    };
    let back_up = async || person.ok(&["at", "vault", "backup", "./made"]).await;
    change("calendars/family/dentist.ics", "Dentist", "The dentist");
    fs::write(
        at("calendars/work/late.ics"),
        fs::read_to_string(at("calendars/work/review.ics")).unwrap().replace("review@", "late@"),
    )
    .unwrap();
    back_up().await;
    // Gone, gone with its collection, changed, renamed, and made and gone in between.
    fs::remove_file(at("calendars/family/dentist.ics")).unwrap();
    fs::remove_dir_all(at("contacts/friends")).unwrap();
    change("calendars/work/budget.ics", "Budget", "New budget");
    fs::rename(at("calendars/work/review.ics"), at("calendars/work/other.ics")).unwrap();
    fs::remove_file(at("calendars/work/late.ics")).unwrap();
    back_up().await;

    let ran = restore(&person, &["-deleted-since", &first]).await;
    assert_eq!(ran.code(), Some(0), "{ran:?}");
    assert!(ran.out().starts_with("5 of 5 vanished items chosen\n"), "{ran:?}");
    let cards = ["ada", "emilie", "grace"].map(|name| format!("contacts/friends/{name}@demo.davault"));
    let gone = ["calendars/family/dentist@demo.davault".to_owned(), "calendars/work/late@demo.davault".to_owned()];
    assert_eq!(items(&person.path("back")), [&gone[..], &cards[..]].concat());
    let dentist = fs::read_to_string(person.path("back/calendars/family/dentist.ics")).unwrap();
    assert!(dentist.contains("SUMMARY:The dentist"), "the last version: {dentist}");
    assert_eq!(fs::read_to_string(person.path("back/contacts/friends/description")).unwrap(), "People, not customers");

    let ran = restore(&person, &["-deleted-since", &first, "-contact", "hopper"]).await;
    assert!(ran.out().starts_with("1 of 5 vanished items chosen\n"), "{ran:?}");
    let ran = restore(&person, &["-deleted-since", "latest"]).await;
    assert!(ran.err().contains("is not earlier than"), "{ran:?}");
    person.ok(&["at", "vault", "backup", "./made", "-o", "since=2026-01-01"]).await;
    let ran = restore(&person, &["-deleted-since", &first]).await;
    assert!(ran.err().contains("has only a part of its source"), "{ran:?}");
}

#[tokio::test]
async fn what_somebody_deleted_on_a_server_comes_back_there_by_a_word_and_by_its_being_gone() {
    for server in [Server::radicale().await, Server::xandikos().await] {
        let person = Person::with_account(&server).await;
        let before = person.back_up("home").await;
        person.ok(&["at", "vault", "restore", "-to", "./all", &before]).await;
        let all = items(&person.path("all"));
        assert_eq!(all.len(), 13);
        // The other side loses two: a mirror of all but these.
        for name in ["dentist", "grace"] {
            let at = find(&person.path("all"), name);
            fs::remove_file(at).expect("removed");
        }
        person.ok(&["at", "vault", "backup", "./all"]).await;
        person.ok(&["at", "vault", "restore", "-to", "@home", "-o", "mirror=true", "latest"]).await;
        person.back_up("home").await;
        let ran = person.ok(&["at", "vault", "restore", "--json", "-to", "@home", "-event", "dentist", &before]).await;
        assert_eq!(ran.value("/outcomes"), serde_json::json!({ "created": 1 }), "{ran:?}");
        let words = ["at", "vault", "restore", "--json", "-to", "@home", "-deleted-since", &before, "latest@home"];
        let ran = person.ok(&words).await;
        assert_eq!(ran.value("/outcomes"), serde_json::json!({ "created": 1, "identical": 1 }), "{ran:?}");
        let after = person.back_up("home").await;
        person.ok(&["at", "vault", "restore", "-to", "./after", &after]).await;
        assert_eq!(items(&person.path("after")), all);
    }
}

/// The one file below a folder whose name has that in it.
fn find(root: &Path, name: &str) -> std::path::PathBuf {
    let mut open = vec![root.to_owned()];
    while let Some(at) = open.pop() {
        if at.is_dir() {
            open.extend(fs::read_dir(&at).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if fs::read_to_string(&at).is_ok_and(|text| text.contains(&format!("UID:{name}@"))) {
            return at;
        }
    }
    panic!("no {name} below {}", root.display())
}
