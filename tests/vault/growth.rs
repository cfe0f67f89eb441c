//! How a vault grows over years of daily backups.

use std::collections::BTreeMap;
use std::time::Duration;

use davault::report::Tally;
use davault::vault::{CheckDepth, Grace};

use super::world::{DAY, Numbers, back_up, event, events, everything, new_vault, next_day, open};
use crate::support::storage::Storage;

/// Bytes of all files that are there.
fn size(storage: &Storage) -> u64 {
    storage.sizes().values().sum()
}

/// Every file of a year and more lies in few packs, and takes little more than what it holds.
#[tokio::test]
async fn daily_backups_take_little_more_than_one_backup_of_all_versions() {
    let scale = |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (days, items) = (scale("GROWTH_DAYS", 40), scale("GROWTH_ITEMS", 1000));
    let storage = Storage::new();
    let place = storage.place();
    let vault = new_vault(&place).await;
    let mut files = events(usize::try_from(items).expect("few"), 7);
    let mut versions = Vec::new();
    let (mut numbers, mut most_packs) = (Numbers(8), 0);
    let (mut last, _) = back_up(&vault, &files, 1).await;
    for day in 1..=days {
        let mut changed = BTreeMap::new();
        for _ in 0..10 {
            let which = numbers.below(files.len());
            files[which].1 = event(&mut numbers).1;
            changed.insert(which, files[which].clone());
        }
        let changed: Vec<_> = changed.into_values().collect();
        versions.extend(changed.iter().cloned());
        let vault = open(&place).await;
        last = next_day(&vault, &last, &changed, day).await;
        storage.advance(Duration::from_secs(DAY));
        vault.prune(Grace::Wait(Duration::from_secs(DAY))).await.expect("a vault in memory works");
        most_packs = most_packs.max(storage.names().iter().filter(|name| name.starts_with("packs")).count());
    }
    for _ in 0..2 {
        storage.advance(Duration::from_secs(DAY));
        open(&place).await.prune(Grace::Wait(Duration::from_secs(DAY))).await.expect("a vault in memory works");
    }
    let daily = size(&storage);
    let (fresh, changes) = (Storage::new(), Storage::new());
    back_up(&new_vault(&fresh.place()).await, &files, 1).await;
    let apart: Vec<_> = (0..)
        .zip(versions)
        .map(|(number, (path, content))| (path.replace(".ics", &format!("-{number}.ics")), content))
        .collect();
    back_up(&new_vault(&changes.place()).await, &apart, 1).await;
    let (fresh, changes) = (size(&fresh), size(&changes));
    let folders = ["packs", "index", "snapshots", "marks"].map(|folder| {
        let sizes = storage.sizes();
        let of_it = sizes.iter().filter(|(name, _)| name.starts_with(folder));
        (folder, of_it.clone().count(), of_it.map(|(_, size)| size).sum::<u64>())
    });
    println!(
        "{days} days of {items} items: {daily} bytes; fresh {fresh}, changes {changes}; {folders:?}; at most {most_packs} packs"
    );
    assert!(daily * 10 <= (fresh + changes) * 13, "{daily} of {fresh} + {changes}");
    files.sort();
    assert_eq!(everything(&open(&place).await, &last).await, files);
    let summary = open(&place).await.check(CheckDepth::ReadData, &Tally::default()).await.expect("it can be looked at");
    assert!(summary.is_sound() && summary.snapshots == days + 1, "{summary:?}");
}
