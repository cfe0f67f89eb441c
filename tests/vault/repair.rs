//! Repairing: the index follows from the packs, nothing that can be read is dropped, and what is gone is said exactly.

use std::sync::Arc;

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{CheckDepth, CheckSummary, RepairSummary, Vault};
use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::world::{Numbers, back_up, event, events, everything, in_memory, new_vault, open};

async fn names(store: &InMemory, folder: &str) -> Vec<Path> {
    let listed: Vec<_> = store.list(Some(&Path::from(folder))).try_collect().await.expect("memory can be listed");
    listed.into_iter().map(|meta| meta.location).collect()
}

async fn bytes(store: &InMemory, name: &Path) -> Bytes {
    store.get(name).await.expect("it is there").bytes().await.expect("it is in memory")
}

async fn repair(vault: &Vault, dry_run: bool) -> RepairSummary {
    vault.repair(dry_run, &Tally::default()).await.expect("memory can be repaired")
}

async fn check(vault: &Vault) -> CheckSummary {
    vault.check(CheckDepth::Structure, &Tally::default()).await.expect("memory can be looked at")
}

#[tokio::test]
async fn a_sound_vault_needs_no_repair() {
    let (store, place) = in_memory();
    let vault = new_vault(&place).await;
    back_up(&vault, &events(50, 1), 1).await;
    let before = names(&store, "").await;
    assert_eq!(repair(&vault, false).await, RepairSummary { packs: 1, ..RepairSummary::default() });
    assert_eq!(names(&store, "").await, before);
}

#[tokio::test]
async fn an_index_that_is_lost_or_spoiled_is_made_anew_from_the_packs() {
    for spoiled in [None, Some(vec![0; 200])] {
        let (store, place) = in_memory();
        let vault = new_vault(&place).await;
        let these = events(200, 1);
        let (first, _) = back_up(&vault, &these, 1).await;
        let (second, _) = back_up(&vault, &events(10, 2), 2).await;
        let whole = (everything(&vault, &first).await, everything(&vault, &second).await);
        for name in names(&store, "index").await {
            match &spoiled {
                None => store.delete(&name).await.unwrap(),
                Some(bytes) => drop(store.put(&name, bytes.clone().into()).await.unwrap()),
            }
        }
        let vault = open(&place).await;
        assert_eq!(check(&vault).await.lost.len(), 2);
        let before = names(&store, "").await;
        let would = repair(&vault, true).await;
        assert!(would.rebuilt && would.found_objects > 210 && would.gone.is_empty(), "{would:?}");
        assert_eq!(names(&store, "").await, before);
        assert_eq!(repair(&vault, false).await, would);
        let vault = open(&place).await;
        let checked = vault.check(CheckDepth::ReadData, &Tally::default()).await.unwrap();
        assert!(checked.is_sound(), "{checked:?}");
        assert_eq!((everything(&vault, &first).await, everything(&vault, &second).await), whole);
        assert!(!repair(&vault, false).await.rebuilt);
    }
}

#[tokio::test]
async fn what_is_unreadable_is_dropped_so_that_the_next_backup_heals_it() {
    let (store, place) = in_memory();
    let vault = new_vault(&place).await;
    let mut these = events(2000, 1);
    let (first, _) = back_up(&vault, &these, 1).await;
    let packs = names(&store, "packs").await;
    let mut numbers = Numbers(77);
    let changed = these[7].0.clone();
    these[7].1 = event(&mut numbers).1;
    let (second, _) = back_up(&vault, &these, 2).await;
    // A byte in the first block of data: it costs the items in it, and nothing else.
    let mut spoiled = bytes(&store, &packs[0]).await.to_vec();
    spoiled[400] ^= 1;
    store.put(&packs[0], spoiled.into()).await.unwrap();

    let vault = open(&place).await;
    let repaired = repair(&vault, false).await;
    assert!(repaired.rebuilt && repaired.dropped_objects > 50 && repaired.found_objects == 0, "{repaired:?}");
    let gone_of = |id: &str| repaired.gone.iter().filter(|gone| gone.lost.snapshot == id).collect::<Vec<_>>();
    assert_eq!(gone_of(&first.id).len() as u64, repaired.dropped_objects);
    for gone in gone_of(&first.id) {
        let later = (gone.lost.path == changed).then(|| second.id.clone());
        assert_eq!(gone.later, later, "{gone:?}");
    }
    let checked = check(&vault).await;
    assert_eq!(checked.lost.len(), repaired.gone.len());
    let lost: Vec<_> = checked.lost.iter().map(|lost| (&lost.snapshot, &lost.path)).collect();
    let gone: Vec<_> = repaired.gone.iter().map(|gone| (&gone.lost.snapshot, &gone.lost.path)).collect();
    assert_eq!(lost, gone);

    // The source still has all but the first version of the changed one.
    back_up(&vault, &these, 3).await;
    let healed = check(&open(&place).await).await;
    let paths: Vec<_> = healed.lost.iter().map(|lost| (lost.snapshot.as_str(), lost.path.as_str())).collect();
    let expected: Vec<_> = if gone_of(&first.id).iter().any(|gone| gone.lost.path == changed) {
        vec![(first.id.as_str(), changed.as_str())]
    } else {
        Vec::new()
    };
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn a_pack_that_is_cut_swapped_or_gone_costs_only_what_was_in_it() {
    let (store, place) = in_memory();
    let vault = new_vault(&place).await;
    let (first, _) = back_up(&vault, &events(300, 1), 1).await;
    let one = names(&store, "packs").await[0].clone();
    let (second, _) = back_up(&vault, &events(300, 2), 2).await;
    let other = names(&store, "packs").await.into_iter().find(|name| *name != one).unwrap();
    let (whole, foreign) = (bytes(&store, &one).await, bytes(&store, &other).await);
    for damaged in [Some(whole.slice(..whole.len() / 2)), Some(whole.slice(..3)), Some(foreign), None] {
        let copy = Arc::new(InMemory::new());
        for name in names(&store, "").await {
            copy.put(&name, bytes(&store, &name).await.into()).await.unwrap();
        }
        match damaged {
            Some(damaged) => drop(copy.put(&one, damaged.into()).await.unwrap()),
            None => copy.delete(&one).await.unwrap(),
        }
        let vault = open(&davault::vault::Place::over(copy.clone(), "", "memory")).await;
        let packs = names(&copy, "packs").await;
        let repaired = repair(&vault, false).await;
        assert!(repaired.rebuilt && !repaired.unreadable.is_empty(), "{repaired:?}");
        assert!(repaired.gone.iter().all(|gone| gone.lost.snapshot == first.id) && !repaired.gone.is_empty());
        assert_eq!(everything(&vault, &second).await.len(), 300);
        assert_eq!(names(&copy, "packs").await, packs);
    }
}
