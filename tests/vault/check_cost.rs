//! What a plain check costs: every part of a tree is read once, however many snapshots share it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use davault::report::Tally;
use davault::vault::{CheckDepth, Snapshot};

use super::world::{Numbers, back_up, event, events, new_vault, next_day, open};
use crate::support::storage::{Client, Fetched, Storage};

fn scale(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Daily snapshots of `items` events of which ten change each day; never pruned.
async fn daily(days: u64, items: u64) -> (Arc<Storage>, Vec<Snapshot>) {
    let storage = Storage::new();
    let mut files = events(usize::try_from(items).expect("few"), 7);
    let mut numbers = Numbers(8);
    let (first, _) = back_up(&new_vault(&storage.place()).await, &files, 1).await;
    let mut snapshots = vec![first];
    for day in 1..=days {
        let mut changed = BTreeMap::new();
        for _ in 0..10 {
            let which = numbers.below(files.len());
            let file = files.get_mut(which).expect("in range");
            file.1 = event(&mut numbers).1;
            changed.insert(which, file.clone());
        }
        let changed: Vec<_> = changed.into_values().collect();
        let before = snapshots.last().expect("there is one");
        let next = next_day(&open(&storage.place()).await, before, &changed, day).await;
        snapshots.push(next);
    }
    (storage, snapshots)
}

/// How many requests of a folder's files there were, and how many bytes they brought.
fn of_folder(fetched: &[Fetched], folder: &str) -> (usize, u64) {
    let of_it: Vec<u64> =
        fetched.iter().filter(|one| one.path.starts_with(folder)).map(|one| one.end - one.start).collect();
    (of_it.len(), of_it.iter().sum())
}

/// The real size is for measuring: `CHECK_DAYS=365 CHECK_ITEMS=10000`.
#[tokio::test]
async fn a_plain_check_reads_each_part_of_a_tree_once_however_many_snapshots_share_it() {
    let (days, items) = (scale("CHECK_DAYS", 30), scale("CHECK_ITEMS", 1000));
    let (storage, _) = daily(days, items).await;
    let client = Client::new(&storage, []);
    let vault = open(&client.place()).await;
    let (before, read_before) = (client.operations(), client.fetched().len());
    let began = Instant::now();
    let checked = vault.check(CheckDepth::Structure, &Tally::default()).await.unwrap();
    let took = began.elapsed();
    assert!(checked.is_sound() && checked.snapshots == days + 1, "{checked:?}");
    let fetched = client.fetched().split_off(read_before);
    let [packs, index, snapshots] = ["packs", "index", "snapshots"].map(|folder| of_folder(&fetched, folder));
    let operations = client.operations() - before;
    println!(
        "{days} days of {items} items, {} packs: {operations} operations in {took:?}; \
         requests and bytes of packs {packs:?}, index {index:?}, snapshots {snapshots:?}",
        checked.packs
    );
    let mut parts: Vec<&Fetched> = fetched.iter().filter(|one| one.path.starts_with("packs")).collect();
    let requests = parts.len();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts.len(), requests, "a part of a pack was read twice");
}
