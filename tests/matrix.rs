//! What each server that the registries have makes of an account: `make test-servers`. With `$DAVAULT_SERVERS` each test also
//! writes its row of the table in docs/servers.md into that folder: `make docs/servers.md`.

mod became;
mod pairs;
mod probe;
mod scheduling;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use became::{Became, Items, items};
use probe::Answers;

use crate::support::generate::{Account, Size};
use crate::support::nasty;
use crate::support::person::Person;
use crate::support::servers::{self, Program, Server};
use crate::support::vdir;

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn radicale() {
    comes_back(servers::RADICALE).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn xandikos() {
    comes_back(servers::XANDIKOS).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn cyrus() {
    comes_back(servers::CYRUS).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn sabredav() {
    comes_back(servers::SABREDAV).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn davical() {
    comes_back(servers::DAVICAL).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn sogo() {
    comes_back(servers::SOGO).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn gowebdav() {
    comes_back(servers::GOWEBDAV).await;
}

#[tokio::test]
#[ignore = "needs the servers of `make servers`"]
async fn calypso() {
    comes_back(servers::CALYPSO).await;
}

async fn comes_back(program: Program) {
    let server = Server::start(program).await;
    let person = Person::with_vault().await;
    person.add("it", &server).await;
    let made = corpus(&person.path("made"), 1);
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let restored = person.run(&["at", "vault", "restore", "--json", "-to", "@it", "latest"]).await;
    assert!(matches!(restored.code(), Some(0 | 3)), "{restored:?}");
    let backup = person.run(&["at", "vault", "backup", "--json", "@it"]).await;
    assert!(matches!(backup.code(), Some(0 | 3)), "{backup:?}");
    person.ok(&["at", "vault", "restore", "-to", "./back", "latest@it"]).await;
    let became = Became::of(&made, &items(&person.path("back")), &restored);
    assert_eq!(became.unexplained, [""; 0], "{}: {became:#?}\n{backup:?}", program.name);

    let (one, other) = (href(&person, "nasty"), href(&person, "calendar-0"));
    let answers = probe::ask(&server, &one, &other).await;
    if let Some(folder) = std::env::var_os("DAVAULT_SERVERS") {
        let row = row(program.name, &became, &answers, &properties(&person));
        fs::write(Path::new(&folder).join(format!("{}.md", program.name)), row).expect("a row");
    }
}

/// Where a calendar of the snapshot was put on the server; where that makes no calendars, the one that is there.
fn href(person: &Person, folder: &str) -> String {
    let calendars = person.path("back/calendars");
    let folder = if calendars.join(folder).exists() { folder } else { "cal" };
    let file = calendars.join(folder).join(".collection.json");
    let described = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let described: serde_json::Value = serde_json::from_slice(&described).expect("JSON");
    let href = described.get("href").and_then(|href| href.as_str()).expect("an href");
    format!("{}/", href.trim_end_matches('/'))
}

/// The properties of a calendar that came back as they were made.
fn properties(person: &Person) -> Vec<String> {
    let [made, back] = ["made", "back"].map(|root| vdir::read(&person.path(root)).remove("calendars/calendar-0"));
    let (made, back) = (made.expect("the calendar").properties, back.unwrap_or_default().properties);
    // An opaque colour may be written with its alpha.
    let plain = |value: &String| value.to_ascii_lowercase().trim_end_matches("ff").to_owned();
    made.into_iter()
        .filter(|(name, value)| back.get(name).map(plain) == Some(plain(value)))
        .map(|(name, _)| name)
        .collect()
}

/// The server's row of the table.
fn row(name: &str, became: &Became, answers: &Answers, properties: &[String]) -> String {
    let yes = |is: bool| if is { "yes" } else { "no" };
    let names = |items: &BTreeMap<String, Vec<String>>| items.keys().cloned().collect::<Vec<_>>().join(", ");
    format!(
        "| {name} | {} | {} | {} ({}) | {} | {} | {} | {} | {} | {} | {} |\n",
        became.exact,
        became.equal,
        became.altered(),
        names(&became.altered),
        became.refused(),
        properties.join(", "),
        answers.tells.join(", "),
        yes(answers.keeps_conditions),
        answers.same_uid,
        answers.same_uid_elsewhere,
        yes(answers.schedules),
    )
}

/// Writes an account with what is usual and every `step`th of what is nasty; returns its items.
fn corpus(dir: &Path, step: usize) -> Items {
    let each = 30 / step.min(6);
    let usual = Account::seeded(11, Size { calendars: 2, events_each: each, books: 1, contacts_each: each });
    usual.write_vdir(dir).expect("an account");
    let nasty = [("calendars/nasty", nasty::events()), ("contacts/nasty-cards", nasty::cards())];
    let mut written = usual.item_count();
    for (folder, items) in nasty.map(|(folder, items)| (dir.join(folder), nasty::some(items, step))) {
        fs::create_dir_all(&folder).expect("a folder");
        written += items.len();
        for (name, bytes) in items {
            fs::write(folder.join(name), bytes).expect("an item");
        }
    }
    let items = items(dir);
    assert_eq!(items.len(), written, "each has a name and a UID of its own");
    items
}
