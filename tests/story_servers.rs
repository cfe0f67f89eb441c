//! A whole account goes into a vault and comes back on another server.

use std::collections::BTreeMap;

use davault::item;
use serde_json::json;

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::support::servers::Server;
use crate::support::vdir::{self, Collections};

/// A tenth of what `make bench` takes, which sets `DAVAULT_WHOLE_ACCOUNT`: servers take about 50 items a second.
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
        assert_eq!(shown(name, folder), shown(name, twin), "{what}: properties of {name}");
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

/// What a person sees of a collection, as far as both servers can keep it.
fn shown(name: &str, folder: &vdir::Folder) -> Vec<(String, String)> {
    let kept = |property: &str| property == "displayname" || name.starts_with("calendars/");
    let properties = folder.properties.iter().filter(|(property, _)| kept(property));
    properties.map(|(property, value)| (property.clone(), value.clone())).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
