//! A whole account goes into a vault and comes back on another server.

use std::collections::BTreeMap;
use std::fs;

use davault::item;
use serde_json::json;

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::servers::Server;
use crate::support::vdir::{self, Collections};

/// A tenth of an account, or with `DAVAULT_WHOLE_ACCOUNT` set the whole one: servers take about 50 items a second.
fn size() -> Size {
    let whole = std::env::var("DAVAULT_WHOLE_ACCOUNT").is_ok_and(|value| !value.is_empty());
    let each = if whole { 500 } else { 50 };
    Size { calendars: 20, events_each: each, books: 2, contacts_each: each }
}

#[tokio::test]
async fn an_account_goes_from_radicale_to_an_empty_xandikos() {
    println!("{}", moves("radicale", &Server::radicale().await, "xandikos", &Server::xandikos().await).await);
}

#[tokio::test]
async fn an_account_goes_from_xandikos_to_an_empty_radicale() {
    println!("{}", moves("xandikos", &Server::xandikos().await, "radicale", &Server::radicale().await).await);
}

#[tokio::test]
async fn a_calendar_and_an_address_book_of_one_name_go_to_a_server_that_has_one_place_for_both() {
    let (person, server) = (Person::with_vault().await, Server::radicale().await);
    person.add("home", &server).await;
    let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:e\r\nDTSTAMP:20260101T000000Z\r\n\
                 DTSTART:20260102T000000Z\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c\r\nFN:x\r\nN:x;;;;\r\nEND:VCARD\r\n";
    for (folder, name, content) in [("calendars/personal", "e.ics", event), ("contacts/personal", "c.vcf", card)] {
        let folder = person.path("made").join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("displayname"), "Personal").expect("a name");
        fs::write(folder.join(name), content).expect("an item");
    }
    person.ok(&["at", "vault", "backup", "./made"]).await;
    for outcome in ["created", "identical"] {
        let restored = person.ok(&["at", "vault", "restore", "--json", "-to", "@home", "latest"]).await;
        assert_eq!(restored.value("/outcomes"), json!({ outcome: 2 }), "{restored:?}");
    }
    let back = backup_and_read(&person, "home").await;
    let items: Vec<_> = back.iter().map(|(name, folder)| (name.split('/').next(), folder.items.len())).collect();
    assert_eq!(items, [(Some("calendars"), 1), (Some("contacts"), 1)]);
    assert!(back.values().all(|folder| folder.properties.get("displayname").is_some_and(|name| name == "Personal")));
}

/// Returns what the servers did to the bytes.
async fn moves(from: &str, source: &Server, to: &str, target: &Server) -> String {
    let person = Person::with_vault().await;
    person.add(from, source).await;
    person.add(to, target).await;
    let made = Account::seeded(3, size());
    made.write_vdir(&person.path("made")).expect("an account");
    person.fill(from, &person.path("made")).await;

    let first = backup_and_read(&person, from).await;
    assert_eq!(vdir::item_count(&first), made.item_count(), "{from} holds everything that was made");
    let as_made = same(&format!("as made, and from {from}"), &vdir::read(&person.path("made")), &first);

    let to_target = ["at", "vault", "restore", "--json", "-to", &format!("@{to}"), &format!("latest@{from}")];
    let restored = person.ok(&to_target).await;
    assert_eq!(restored.value("/outcomes"), json!({ "created": made.item_count() }), "{restored:?}");
    let second = backup_and_read(&person, to).await;
    let as_moved = same(&format!("from {from}, and from {to}"), &first, &second);

    let again = person.ok(&to_target).await;
    assert_eq!(
        again.value("/outcomes"),
        json!({ "identical": made.item_count() }),
        "a second restore sends nothing: {again:?}"
    );
    person.ok(&["at", "vault", "check", "--read-data"]).await;
    [as_made, as_moved].concat()
}

/// Backs a server up, and reads what the snapshot holds.
async fn backup_and_read(person: &Person, name: &str) -> Collections {
    let snapshot = person.back_up(name).await;
    let folder = format!("./from-{name}");
    person.ok(&["at", "vault", "restore", "-to", &folder, &snapshot]).await;
    vdir::read(&person.path(&folder))
}

/// Both hold the same collections with the same properties, and the same items: by their bytes, else by what they say.
/// Returns how many of each kind differ in their bytes.
fn same(what: &str, one: &Collections, other: &Collections) -> String {
    let names = |collections: &Collections| collections.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(one), names(other), "{what}: collections");
    let mut rewritten: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, folder) in one {
        let twin = other.get(name).expect("the same names");
        assert_eq!(folder.properties, twin.properties, "{what}: properties of {name}");
        let uids = |folder: &vdir::Folder| folder.items.keys().cloned().collect::<Vec<_>>();
        assert_eq!(uids(folder), uids(twin), "{what}: items of {name}");
        for (uid, bytes) in &folder.items {
            let twin = twin.items.get(uid).expect("the same UIDs");
            if bytes != twin {
                *rewritten.entry(item::kind::Kind::of(bytes).word()).or_default() += 1;
            }
            let differences = item::difference::names(bytes, twin);
            assert!(
                differences.is_empty(),
                "{what}: {name}/{uid} differs in {differences:?}:\n{}\n{}",
                text(bytes),
                text(twin)
            );
        }
    }
    format!("{what}: of {} items differ in their bytes only {rewritten:?}\n", vdir::item_count(one))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
