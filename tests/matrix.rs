//! What each server that the registries have makes of an account: `make test-servers`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use davault::item;

use crate::support::generate::{Account, Size};
use crate::support::nasty;
use crate::support::person::{Person, Ran};
use crate::support::servers::{self, Program, Server};

/// What became of the items of an account that was put on a server and read back.
#[derive(Debug, Default)]
struct Became {
    /// Their bytes are the same.
    exact: usize,
    /// They say the same.
    equal: usize,
    /// They say something else, by what differs: names of properties, and the items.
    altered: BTreeMap<String, Vec<String>>,
    /// The server did not take them, by reason.
    refused: BTreeMap<String, Vec<String>>,
    /// Neither refused nor there.
    lost: Vec<String>,
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
    let became = compare(&made, &items(&person.path("back")), &refusals(&restored));
    println!("{}: restore {} {}\n{became:#?}\n{}", program.name, restored.code().unwrap_or(-1), restored.value("/outcomes"), backup.err());
    assert_eq!(became.lost, [""; 0], "{}", program.name);
}

/// Writes an account with what is nasty and what is usual; returns its items.
fn corpus(dir: &Path) -> BTreeMap<String, Vec<u8>> {
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
fn items(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut items = BTreeMap::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "ics" || end == "vcf") {
                let bytes = fs::read(&path).expect("an item");
                let uid = item::identity::of(&bytes).map_or_else(|| path.display().to_string(), |identity| identity.uid);
                items.insert(uid, bytes);
            }
        }
    }
    items
}

/// What the restore did not put, by the item's path.
fn refusals(restored: &Ran) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let failures = restored.value("/failures");
    failures.as_array().into_iter().flatten().map(|one| (text(&one["path"]), text(&one["why"]))).collect()
}

fn compare(made: &BTreeMap<String, Vec<u8>>, back: &BTreeMap<String, Vec<u8>>, refused: &BTreeMap<String, String>) -> Became {
    let mut became = Became::default();
    for (uid, bytes) in made {
        match back.get(uid) {
            Some(other) if other == bytes => became.exact += 1,
            Some(other) => match item::difference::names(bytes, other) {
                names if names.is_empty() => became.equal += 1,
                names => became.altered.entry(names.join(" ")).or_default().push(uid.clone()),
            },
            None => match refused.iter().find(|(path, _)| path.contains(uid.as_str())) {
                Some((_, why)) => became.refused.entry(why.clone()).or_default().push(uid.clone()),
                None => became.lost.push(uid.clone()),
            },
        }
    }
    became
}
