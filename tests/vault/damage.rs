//! Every kind of damage at every place: what `check` finds, what it says is lost, and that the rest still reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{CheckDepth, CheckSummary, ErrorKind, KeyRing, NewKey, Place, Vault};
use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::world::{CHEAP, Numbers, at, back_up, event, events, in_memory, new_vault, passphrase};

type Files = BTreeMap<String, Bytes>;

/// A way in which a file goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    FlippedAt(usize),
    FlippedLast,
    CutTo(usize),
    CutByOne,
    Longer,
    Empty,
    Gone,
    Swapped,
}

const ALL: [Damage; 10] = [
    Damage::FlippedAt(0),
    Damage::FlippedAt(9),
    Damage::FlippedAt(300),
    Damage::FlippedLast,
    Damage::CutTo(40),
    Damage::CutByOne,
    Damage::Longer,
    Damage::Empty,
    Damage::Gone,
    Damage::Swapped,
];

/// Two snapshots, in two packs each of its own.
async fn sound() -> (Files, Files) {
    let (store, place) = in_memory();
    let vault = new_vault(&place).await;
    let ring = KeyRing::open(&place, &passphrase("correct horse")).await.expect("it was just made");
    let second = NewKey { unlock: passphrase("battery"), label: "second".into(), cost: CHEAP };
    ring.add(second, at(1)).await.expect("memory takes everything");
    let mut these = events(120, 3);
    back_up(&vault, &these, 1).await;
    let mut numbers = Numbers(50);
    for event_number in [3, 60, 100] {
        these.get_mut(event_number).expect("there are 120").1 = event(&mut numbers).1;
    }
    these.push(event(&mut numbers));
    back_up(&vault, &these, 2).await;
    (files(&store).await, these.into_iter().collect())
}

async fn files(store: &InMemory) -> Files {
    let listed: Vec<_> = store.list(None).try_collect().await.unwrap_or_default();
    let mut files = Files::new();
    for meta in listed {
        let got = store.get(&meta.location).await.expect("it was listed");
        files.insert(meta.location.to_string(), got.bytes().await.expect("it is in memory"));
    }
    files
}

async fn store_of(files: &Files) -> Place {
    let store = Arc::new(InMemory::new());
    for (name, bytes) in files {
        store.put(&Path::from(name.as_str()), bytes.clone().into()).await.expect("memory takes everything");
    }
    Place::over(store, "", "memory")
}

fn damaged(files: &Files, name: &str, damage: Damage) -> Option<Files> {
    let mut damaged = files.clone();
    let mut bytes = files.get(name)?.to_vec();
    match damage {
        Damage::FlippedAt(at) => *bytes.get_mut(at)? ^= 0x20,
        Damage::FlippedLast => *bytes.last_mut()? ^= 1,
        Damage::CutTo(length) if length < bytes.len() => bytes.truncate(length),
        Damage::CutTo(_) => return None,
        Damage::CutByOne => bytes.truncate(bytes.len() - 1),
        Damage::Longer => bytes.push(0),
        Damage::Empty => bytes.clear(),
        Damage::Gone => return damaged.remove(name).map(|_| damaged),
        Damage::Swapped => {
            let folder = name.split('/').next()?;
            let other = files.keys().find(|other| other.starts_with(folder) && *other != name)?;
            bytes = files.get(other)?.to_vec();
        }
    }
    damaged.insert(name.to_owned(), bytes.into());
    Some(damaged)
}

async fn check(vault: &Vault, depth: CheckDepth) -> CheckSummary {
    vault.check(depth, &Tally::default()).await.expect("memory can be looked at")
}

/// Whether what is said to be lost is lost, and nothing else.
async fn is_honest(vault: &Vault, summary: &CheckSummary, newest: &Files) {
    let Ok(snapshot) = vault.find("latest").await else { return };
    let lost = summary.lost.iter().filter(|lost| lost.snapshot == snapshot.id);
    let lost: BTreeSet<&str> = lost.map(|lost| lost.path.as_str()).collect();
    let covers = |path: &str| {
        lost.iter().any(|lost| path == *lost || path.starts_with(&format!("{}/", lost.trim_end_matches('/'))))
    };
    for (path, content) in newest {
        let read = match vault.entry(&snapshot, path).await {
            Ok(node) => vault.read(&node).await,
            Err(error) => Err(error),
        };
        match read {
            Ok(read) => assert_eq!(read, content, "{path}"),
            Err(_) => assert!(covers(path), "{path} is lost, and the check said only {lost:?}"),
        }
    }
    for path in lost.iter().filter(|path| newest.contains_key(**path)) {
        let node = vault.entry(&snapshot, path).await.expect("its folder is there");
        assert!(vault.read(&node).await.is_err(), "{path} is said to be lost, and is not");
    }
}

#[tokio::test]
async fn every_damage_at_every_place_is_found_and_its_cost_is_named() {
    let (files, newest) = sound().await;
    let vault = Vault::open(&store_of(&files).await, &passphrase("correct horse")).await.unwrap();
    let summary = check(&vault, CheckDepth::ReadData).await;
    assert!(summary.is_sound(), "{summary:?}");
    assert_eq!((summary.snapshots, summary.packs, summary.unused_packs), (2, 2, 0));
    let mut tried = 0;
    for name in files.keys() {
        for damage in ALL {
            let Some(files) = damaged(&files, name, damage) else { continue };
            tried += 1;
            let vault = match Vault::open(&store_of(&files).await, &passphrase("correct horse")).await {
                Ok(vault) => vault,
                Err(error) => {
                    let kinds =
                        [ErrorKind::Damaged, ErrorKind::NotAVault, ErrorKind::WrongPassphrase, ErrorKind::Missing];
                    assert!(
                        kinds.contains(&error.kind) && (name == "config" || name.starts_with("keys")),
                        "{name} {damage:?}: {error}"
                    );
                    continue;
                }
            };
            let summary = check(&vault, CheckDepth::ReadData).await;
            // A snapshot or a key slot that is gone without a trace needs a memory outside the vault.
            let is_invisible = damage == Damage::Gone && (name.starts_with("snapshots") || name.starts_with("keys"));
            assert_eq!(summary.is_sound(), is_invisible, "{name} {damage:?}: {summary:?}");
            if !name.starts_with("snapshots") {
                is_honest(&vault, &summary, &newest).await;
            }
        }
    }
    assert!(tried > 70, "{tried}");
}

#[tokio::test]
async fn after_an_index_file_is_lost_the_next_backup_heals_what_it_still_finds_at_the_source() {
    let (files, newest) = sound().await;
    let first = files.keys().find(|name| name.starts_with("index")).unwrap();
    let damaged = damaged(&files, first, Damage::Gone).unwrap();
    let vault = Vault::open(&store_of(&damaged).await, &passphrase("correct horse")).await.unwrap();
    let before = check(&vault, CheckDepth::Structure).await;
    assert!(!before.lost.is_empty());
    let these: Vec<_> = newest.into_iter().collect();
    back_up(&vault, &these, 3).await;
    let snapshot = vault.find("latest").await.unwrap();
    let after = check(&vault, CheckDepth::ReadData).await;
    assert!(after.lost.iter().all(|lost| lost.snapshot != snapshot.id), "{after:?}");
}

#[tokio::test]
async fn a_key_slot_or_a_snapshot_that_is_damaged_hides_no_other() {
    let (mut files, newest) = sound().await;
    let snapshots: Vec<String> = files.keys().filter(|name| name.starts_with("snapshots")).cloned().collect();
    let [_, last] = &snapshots[..] else { panic!("two snapshots: {snapshots:?}") };
    files.insert(last.replace("snapshots/2", "snapshots/9"), Bytes::from_static(b"nonsense"));
    files.insert(format!("keys/{:032}", 0), vec![b'x'; 70_000].into());
    let vault = Vault::open(&store_of(&files).await, &passphrase("correct horse")).await.unwrap();
    assert_eq!(vault.find("latest@work").await.unwrap().counts.items, newest.len() as u64);
    // The name tells that it is of another source.
    assert_eq!(vault.find("latest@other").await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(vault.snapshots().await.unwrap().damaged.len(), 1);
}
