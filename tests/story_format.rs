//! Vaults that earlier versions wrote (`tests/format/VERSION`, made by `make.sh` there and never changed) are read exactly as they
//! were, by today's program and by the reader of the format text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{CheckDepth, Grace, Place, Unlock, Vault};
use sha2::{Digest, Sha256};

use crate::story_reader::{files, read};
use crate::support::person::Person;
use crate::vault::world::{at, back_up, events, everything};

/// What a snapshot holds: SHA-256 of each file, by its path.
type Expected = BTreeMap<String, String>;

/// A copy of what a version wrote, in somebody's home.
struct Old {
    person: Person,
    passphrase: String,
    key: Bytes,
    /// By id, oldest first.
    snapshots: Vec<(String, Expected)>,
}

impl Old {
    fn copy(version: &str) -> Old {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format").join(version);
        let person = Person::new();
        for (path, content) in files(&from.join("vault"), "") {
            let to = person.path("vault").join(path.trim_start_matches('/'));
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::write(to, content).expect("a file");
        }
        let text = |name: &str| fs::read_to_string(from.join(name)).expect("a text");
        let mut snapshots: Vec<(String, Expected)> = Vec::new();
        for line in text("expected.txt").lines() {
            let (first, rest) = line.split_once(' ').expect("two words");
            match first {
                "snapshot" => snapshots.push((rest.to_owned(), Expected::new())),
                sum => drop(snapshots.last_mut().expect("a snapshot").1.insert(rest.trim().to_owned(), sum.to_owned())),
            }
        }
        let passphrase = text("passphrase.txt").trim_end().to_owned();
        Old { person, passphrase, key: fs::read(from.join("key")).expect("a key file").into(), snapshots }
    }

    fn vault(&self) -> PathBuf {
        self.person.path("vault")
    }

    async fn open(&self, unlock: &Unlock) -> Vault {
        let place = Place::parse(self.vault().to_str().expect("UTF-8"), &BTreeMap::default()).expect("a place");
        Vault::open(&place, unlock).await.expect("the vault opens")
    }

    /// The vault, all of whose old snapshots hold what they held.
    async fn whole(&self, unlock: &Unlock) -> Vault {
        let vault = self.open(unlock).await;
        let found = vault.snapshots().await.expect("snapshots");
        assert!(found.damaged.is_empty(), "{:?}", found.damaged);
        for (snapshot, (id, expected)) in found.whole.iter().zip(&self.snapshots) {
            assert_eq!(snapshot.id, *id);
            assert_eq!(sums(everything(&vault, snapshot).await), *expected);
            assert_eq!(snapshot.counts.items, expected.len() as u64);
        }
        assert!(found.whole.len() >= self.snapshots.len(), "{} of {}", found.whole.len(), self.snapshots.len());
        let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.expect("a check");
        assert!(summary.is_sound(), "{summary:?}");
        vault
    }
}

fn sums(files: impl IntoIterator<Item = (String, Bytes)>) -> Expected {
    let sum = |content: &Bytes| {
        Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes everything");
            text
        })
    };
    files.into_iter().map(|(path, content)| (path, sum(&content))).collect()
}

/// The names of the folders, each of which holds what a version wrote.
fn versions() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format");
    let entries = fs::read_dir(folder).expect("tests/format").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    assert!(names.contains(&"1".to_owned()), "{names:?}");
    names
}

#[tokio::test]
async fn what_every_version_wrote_opens_with_each_key_and_holds_what_it_held() {
    for version in versions() {
        let old = Old::copy(&version);
        assert!(old.snapshots.len() > 10 && old.snapshots.iter().all(|(_, expected)| expected.len() > 10));
        for unlock in [Unlock::Passphrase(old.passphrase.as_str().into()), Unlock::KeyFile(old.key.to_vec().into())] {
            let vault = old.whole(&unlock).await;
            // One more was made, and removed; no more is listed.
            assert_eq!(vault.snapshots().await.expect("snapshots").whole.len(), old.snapshots.len());
        }
        for folder in ["keys", "marks", "packs", "index", "snapshots"] {
            assert!(files(&old.vault().join(folder), "").len() >= 2, "{version} has too little in {folder}");
        }
    }
}

#[tokio::test]
async fn what_every_version_wrote_goes_on_being_used() {
    for version in versions() {
        let old = Old::copy(&version);
        let unlock = Unlock::Passphrase(old.passphrase.as_str().into());
        // Later than what is there.
        let (now, mut more) = (400_000_000, events(40, 1));
        more.sort();
        let (snapshot, written) = back_up(&old.open(&unlock).await, &more, now).await;
        assert!(written.new_objects >= 40, "{written:?}");
        let vault = old.whole(&unlock).await;
        assert_eq!(everything(&vault, &snapshot).await, more);
        vault.prune(Grace::Now).await.expect("a prune");
        let vault = old.whole(&unlock).await;
        assert_eq!(everything(&vault, &snapshot).await, more);
        assert_eq!(vault.find("latest").await.expect("it").time, at(now));
    }
}

#[tokio::test]
async fn the_reader_of_the_text_restores_what_every_version_wrote() {
    for version in versions() {
        let old = Old::copy(&version);
        let every = old.snapshots.iter().step_by(5).chain(old.snapshots.last());
        for (number, (id, expected)) in every.enumerate() {
            let to = format!("read-{number}");
            let read = read(&old.person, id, &to, &old.passphrase).await;
            assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
            assert_eq!(sums(files(&old.person.path(&to), "")), *expected);
        }
    }
}
