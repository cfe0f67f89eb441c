//! Checking some snapshots, or a sample of the packs; and checking beside a prune, which is no damage.

use std::sync::Arc;
use std::time::Duration;

use davault::report::Tally;
use davault::vault::{CheckDepth, CheckSummary, Ending, Grace, Place, Snapshot, Vault};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::world::{Numbers, at, back_up, event, events, head, new_vault, open};
use crate::support::storage::{Client, Fault, Storage};

const DAY: Duration = Duration::from_hours(24);
const GRACE: Grace = Grace::Wait(DAY);

async fn check(vault: &Vault, depth: CheckDepth) -> CheckSummary {
    vault.check(depth, &Tally::default()).await.expect("memory can be looked at")
}

async fn check_one(place: &Place, snapshot: &Snapshot, depth: CheckDepth) -> CheckSummary {
    let checked = open(place).await.check_snapshots(std::slice::from_ref(snapshot), depth, &Tally::default()).await;
    checked.expect("memory can be looked at")
}

/// Snapshots of so many days, five events changed each day; each in a pack of its own.
async fn daily(days: u64) -> (Arc<Storage>, Vec<Snapshot>) {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let (mut numbers, mut files) = (Numbers(4), events(60, 4));
    let mut snapshots = Vec::new();
    for day in 1..=days {
        for _ in 0..5 {
            let which = numbers.below(files.len());
            files.get_mut(which).expect("in range").1 = event(&mut numbers).1;
        }
        snapshots.push(back_up(&vault, &files, day).await.0);
    }
    (storage, snapshots)
}

fn packs(storage: &Storage) -> Vec<String> {
    // In the order in which they were written.
    let written = storage.changes().into_iter().map(|change| change.path.to_string());
    written.filter(|path| path.starts_with("packs/")).collect()
}

async fn flip(storage: &Arc<Storage>, name: &str) {
    let (client, path) = (Client::new(storage, []), Path::from(name));
    let got = client.get(&path).await.expect("it is there");
    let mut bytes = got.bytes().await.expect("it is in memory").to_vec();
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).expect("it is not empty") ^= 1;
    client.put(&path, bytes.into()).await.expect("memory takes everything");
}

#[tokio::test]
async fn only_what_a_named_snapshot_needs_is_checked() {
    let (storage, snapshots) = daily(3).await;
    let place = storage.place();
    let vault = open(&place).await;
    let other = vault.backup(head("other")).await.unwrap();
    for (path, content) in events(60, 5) {
        other.file(&path, davault::vault::Meta::default(), content).await.unwrap();
    }
    let (other, _) = other.finish(at(9), Ending::default()).await.unwrap();
    let all = packs(&storage);
    let summary = check_one(&place, &other, CheckDepth::ReadData).await;
    assert_eq!((summary.snapshots, summary.packs, summary.read_packs), (1, 1, 1), "{summary:?}");
    let summary = check_one(&place, &snapshots[0], CheckDepth::ReadData).await;
    assert_eq!((summary.packs, summary.read_packs, summary.is_sound()), (1, 1, true), "{summary:?}");
    let summary = check_one(&place, &snapshots[2], CheckDepth::Structure).await;
    assert_eq!((summary.packs, summary.read_packs, summary.is_sound()), (3, 0, true), "{summary:?}");
    flip(&storage, &all[0]).await;
    assert!(check_one(&place, &other, CheckDepth::ReadData).await.is_sound());
    let summary = check_one(&place, &snapshots[2], CheckDepth::ReadData).await;
    assert!(
        !summary.lost.is_empty() && summary.lost.iter().all(|lost| lost.snapshot == snapshots[2].id),
        "{summary:?}"
    );
    Client::new(&storage, []).delete(&Path::from(all[3].as_str())).await.unwrap();
    let summary = check_one(&place, &other, CheckDepth::Structure).await;
    assert_eq!(summary.problems[0].file, all[3]);
    assert_eq!(summary.lost[0].snapshot, other.id);
    // What is gone is nothing to the others.
    let summary = check_one(&place, &snapshots[2], CheckDepth::Structure).await;
    assert!(summary.problems.is_empty(), "{summary:?}");
}

#[tokio::test]
async fn a_sample_is_as_large_as_was_asked_for_and_at_least_one_pack() {
    let (storage, _) = daily(12).await;
    let vault = open(&storage.place()).await;
    let all = check(&vault, CheckDepth::ReadData).await;
    assert_eq!((all.read_packs, all.packs), (12, 12));
    let one = check(&vault, CheckDepth::ReadSome(1)).await;
    assert!((1..12).contains(&one.read_packs) && one.packs == 12, "{one:?}");
    assert_eq!(check(&vault, CheckDepth::ReadSome(100)).await.read_bytes, all.read_bytes);
    let mut drawn = Vec::new();
    for _ in 0..20 {
        let some = check(&vault, CheckDepth::ReadSome(60)).await;
        assert!(some.is_sound() && some.read_bytes * 100 >= all.read_bytes * 60, "{some:?}");
        drawn.push(some.read_bytes);
    }
    drawn.dedup();
    assert!(drawn.len() > 1, "always the same sample: {drawn:?}");
}

#[tokio::test]
async fn a_marked_pack_that_is_gone_is_no_damage() {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let (first, _) = back_up(&vault, &events(60, 1), 1).await;
    back_up(&vault, &events(60, 2), 2).await;
    vault.remove(&[first]).await.unwrap();
    let pruned = vault.prune(GRACE).await.unwrap();
    assert_eq!(pruned.marked.packs, 1);
    // As if a merge of index files had named it once more after it was deleted.
    let gone = packs(&storage).swap_remove(0);
    Client::new(&storage, []).delete(&Path::from(gone.as_str())).await.unwrap();
    let summary = check(&open(&storage.place()).await, CheckDepth::ReadData).await;
    assert!(summary.is_sound(), "{summary:?}");
    let other = packs(&storage).into_iter().find(|pack| *pack != gone).unwrap();
    Client::new(&storage, []).delete(&Path::from(other.as_str())).await.unwrap();
    let summary = check(&open(&storage.place()).await, CheckDepth::Structure).await;
    assert_eq!(
        (summary.problems[0].file.as_str(), summary.problems[0].why.as_str()),
        (other.as_str(), "it is not there")
    );
    assert!(!summary.lost.is_empty());
}

/// What else happens to a vault while it is checked.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    /// What was marked a day ago is deleted.
    Pruned,
    /// A snapshot is removed, and everything pruned without a grace period.
    PrunedNow,
    /// One more backup, which merges index files.
    BackedUp,
}

async fn meanwhile(what: Meanwhile, storage: &Arc<Storage>, oldest: &Snapshot) {
    let vault = open(&storage.place()).await;
    match what {
        Meanwhile::Pruned => {
            storage.advance(DAY);
            assert!(vault.prune(GRACE).await.expect("memory works").deleted.packs > 0);
        }
        Meanwhile::PrunedNow => {
            vault.remove(std::slice::from_ref(oldest)).await.expect("memory works");
            assert!(vault.prune(Grace::Now).await.expect("memory works").deleted.packs > 0);
        }
        Meanwhile::BackedUp => drop(back_up(&vault, &events(70, 4), 90).await),
    }
}

#[tokio::test]
async fn a_check_that_runs_beside_a_prune_cries_no_damage_wherever_it_is_overtaken() {
    let (before, snapshots) = daily(16).await;
    open(&before.place()).await.prune(GRACE).await.unwrap();
    let all = [Meanwhile::Pruned, Meanwhile::PrunedNow, Meanwhile::BackedUp].map(|what| (what, CheckDepth::Structure));
    for (what, depth) in all.into_iter().chain([(Meanwhile::PrunedNow, CheckDepth::ReadData)]) {
        let mut number = 0;
        loop {
            let storage = before.copy();
            let client = Client::new(&storage, []);
            let vault = open(&client.place()).await;
            client.plan(client.operations() + number, Fault::Waits);
            let report = Tally::default();
            let checking = vault.check(depth, &report);
            tokio::pin!(checking);
            let (summary, is_over) = tokio::select! {
                biased;
                summary = &mut checking => (summary.unwrap(), true),
                () = client.waits() => {
                    meanwhile(what, &storage, &snapshots[0]).await;
                    client.go_on();
                    (checking.await.unwrap(), false)
                }
            };
            assert!(summary.is_sound(), "{what:?} {depth:?} at {number}: {summary:?}");
            assert!(report.counts().failures.is_empty(), "{what:?} {depth:?} at {number}");
            if is_over {
                break;
            }
            number += 1;
        }
        assert!(number > 20, "a check has {number} operations");
    }
}
