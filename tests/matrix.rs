//! What each server that the registries have makes of an account: `make test-servers`. With `$DAVAULT_SERVERS` each test also
//! writes its row of the table in docs/servers.md into that folder: `make docs/servers.md`.

mod probe;
mod scheduling;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use davault::item;

use probe::Answers;

use crate::support::generate::{Account, Size};
use crate::support::nasty;
use crate::support::person::{Person, Ran};
use crate::support::servers::{self, Program, Server};
use crate::support::vdir;

/// Path from the root of the account and content, by UID.
type Items = BTreeMap<String, (String, Vec<u8>)>;

/// What became of the items of an account that was put on a server and read back.
#[derive(Debug, Default)]
struct Became {
    /// Their bytes are the same.
    exact: usize,
    /// They say the same.
    equal: usize,
    /// They say something else, and the restore said so: names of properties, and the items.
    altered: BTreeMap<String, Vec<String>>,
    /// The server did not take or keep them, and the restore said so: by reason.
    refused: BTreeMap<String, Vec<String>>,
    /// Altered or gone, and nobody said so.
    unexplained: Vec<String>,
}

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
    let made = corpus(&person.path("made"));
    person.ok(&["at", "vault", "backup", "./made"]).await;
    let restored = person.run(&["at", "vault", "restore", "--json", "-to", "@it", "latest"]).await;
    assert!(matches!(restored.code(), Some(0 | 3)), "{restored:?}");
    let backup = person.run(&["at", "vault", "backup", "--json", "@it"]).await;
    assert!(matches!(backup.code(), Some(0 | 3)), "{backup:?}");
    person.ok(&["at", "vault", "restore", "-to", "./back", "latest@it"]).await;
    let became = compare(&made, &items(&person.path("back")), &told(&restored));
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
    let count = |items: &BTreeMap<String, Vec<String>>| items.values().map(Vec::len).sum::<usize>();
    let names = |items: &BTreeMap<String, Vec<String>>| items.keys().cloned().collect::<Vec<_>>().join(", ");
    format!(
        "| {name} | {} | {} | {} ({}) | {} | {} | {} | {} | {} | {} | {} |\n",
        became.exact,
        became.equal,
        count(&became.altered),
        names(&became.altered),
        count(&became.refused),
        properties.join(", "),
        answers.tells.join(", "),
        yes(answers.keeps_conditions),
        answers.same_uid,
        answers.same_uid_elsewhere,
        yes(answers.schedules),
    )
}

/// Writes an account with what is nasty and what is usual; returns its items.
fn corpus(dir: &Path) -> Items {
    let usual = Account::seeded(11, Size { calendars: 2, events_each: 30, books: 1, contacts_each: 30 });
    usual.write_vdir(dir).expect("an account");
    for (folder, items) in [("calendars/nasty", nasty::events()), ("contacts/nasty-cards", nasty::cards())] {
        let folder = dir.join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, bytes) in items {
            fs::write(folder.join(name), bytes).expect("an item");
        }
    }
    items(dir)
}

/// All items below a folder by their UID.
fn items(dir: &Path) -> Items {
    let mut items = Items::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "ics" || end == "vcf") {
                let bytes = fs::read(&path).expect("an item");
                let uid =
                    item::identity::of(&bytes).map_or_else(|| path.display().to_string(), |identity| identity.uid);
                let path = path.strip_prefix(dir).expect("below it").display();
                items.insert(uid, (format!("/{path}"), bytes));
            }
        }
    }
    items
}

/// What the restore said of items, by the path that each has in the snapshot.
fn told(restored: &Ran) -> BTreeMap<String, String> {
    let failures = restored.value("/failures");
    let text =
        |one: &serde_json::Value, name| one.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
    failures.as_array().into_iter().flatten().map(|one| (text(one, "path"), text(one, "why"))).collect()
}

fn compare(made: &Items, back: &Items, told: &BTreeMap<String, String>) -> Became {
    let mut became = Became::default();
    for (uid, (path, bytes)) in made {
        let there = back.get(uid).map(|(_, there)| there);
        let differing = there.map(|there| item::difference::names(bytes, there));
        match (there, differing, told.get(path)) {
            (Some(there), _, _) if there == bytes => became.exact += 1,
            (_, Some(names), _) if names.is_empty() => became.equal += 1,
            (_, _, None) => became.unexplained.push(uid.clone()),
            (_, Some(names), Some(_)) => became.altered.entry(names.join(" ")).or_default().push(uid.clone()),
            (_, None, Some(why)) => became.refused.entry(reason(why)).or_default().push(uid.clone()),
        }
    }
    became
}

/// The server's part of a sentence, which is the same for all items.
fn reason(why: &str) -> String {
    let from = why.rsplit("the server ").next().unwrap_or_default();
    from.split(" at /").next().unwrap_or_default().to_owned()
}
