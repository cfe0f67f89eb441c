//! A reader of the vault written from docs/vault-format.md alone (`tests/reader/reader.py`), beside the real program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use bytes::Bytes;
use davault::vault::{Place, Vault};
use tokio::process::Command;

use crate::support::generate::{Account, Size};
use crate::support::person::Person;
use crate::vault::world::{Numbers, everything, passphrase};

/// Everything below a folder, by its path.
pub fn files(root: &Path, path: &str) -> BTreeMap<String, Bytes> {
    let mut found = BTreeMap::new();
    for file in fs::read_dir(root.join(path.trim_start_matches('/'))).expect("a folder") {
        let file = file.expect("an entry");
        let path = format!("{path}/{}", file.file_name().to_str().expect("UTF-8"));
        if file.file_type().expect("a type").is_dir() {
            found.extend(files(root, &path));
        } else {
            found.insert(path, fs::read(file.path()).expect("a file").into());
        }
    }
    found
}

fn event(uid: &str, description: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davault//tests//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
        DTSTART:20260101T100000Z\r\nDESCRIPTION:\r\n{description}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// What the reader says that restores a snapshot of `./vault` to a folder.
pub async fn read(person: &Person, which: &str, to: &str, passphrase: &str) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = std::env::var_os("SRVTOOLS").map_or_else(|| root.join("target/tools"), PathBuf::from);
    let python = tools.join("reader/bin/python");
    assert!(python.exists(), "there is no {} (`make tools` installs it)", python.display());
    let script = root.join("tests/reader/reader.py");
    let mut command = Command::new(python);
    command.arg(script).arg(person.path("vault")).args([which]).arg(person.path(to));
    command.env("DAVAULT_PASSPHRASE", passphrase).output().await.expect("python starts")
}

#[tokio::test]
async fn a_reader_made_from_the_text_alone_restores_what_the_program_wrote() {
    let person = Person::with_vault().await;
    let size = Size { calendars: 2, events_each: 150, books: 1, contacts_each: 30 };
    Account::seeded(7, size).write_vdir(&person.path("made")).expect("an account");
    let calendars = person.path("made").join("calendars");
    let folder = fs::read_dir(calendars).expect("a folder").next().expect("a calendar").expect("an entry").path();
    // Cut into parts, and large for what compresses.
    let mut numbers = Numbers(7);
    let noise: Vec<String> = (0..60_000).map(|_| format!(" {:016x}\r\n", numbers.next())).collect();
    fs::write(folder.join("large.ics"), event("large", &noise.concat())).expect("a file");
    // As many as make index files be merged.
    for day in 0..20 {
        fs::write(folder.join("daily.ics"), event("daily", &format!(" day {day}\r\n"))).expect("a file");
        person.ok(&["at", "vault", "backup", "./made"]).await;
    }
    let vault = person.path("vault");
    let place = Place::parse(vault.to_str().expect("UTF-8"), &BTreeMap::default()).expect("a place");
    let vault = Vault::open(&place, &passphrase("a passphrase for tests")).await.expect("the vault opens");
    let snapshots = vault.snapshots().await.expect("snapshots").whole;
    assert_eq!(snapshots.len(), 20);
    for (number, snapshot) in snapshots.iter().enumerate().step_by(6) {
        let to = format!("read-{number}");
        let read = read(&person, &snapshot.id, &to, "a passphrase for tests").await;
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let said: serde_json::Value = serde_json::from_slice(&read.stdout).expect("JSON");
        assert_eq!(said.pointer("/items"), Some(&snapshot.counts.items.into()));
        let expected: BTreeMap<_, _> = everything(&vault, snapshot).await.into_iter().collect();
        assert!(expected.values().any(|content| content.len() > 1_000_000));
        assert_eq!(files(&person.path(&to), ""), expected);
    }
    assert!(include_str!("reader/reader.py").lines().count() <= 200, "the format should need no more");
    let refused = read(&person, "latest", "nothing", "another passphrase").await;
    assert_eq!(String::from_utf8_lossy(&refused.stderr), "the passphrase opens no slot\n");
}
