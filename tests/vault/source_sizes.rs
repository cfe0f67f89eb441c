//! How much a vault holds of each source, and what it takes.

use bytes::Bytes;
use davault::vault::{Ending, Grace, Meta, Snapshot, SourceSizes, Vault};

use super::world::{at, events, head, new_vault, open};
use crate::support::storage::Storage;

async fn back_up_as(vault: &Vault, source: &str, files: &[(String, Bytes)], seconds: u64) -> Snapshot {
    let backup = vault.backup(head(source)).await.expect("a vault in memory works");
    for (path, content) in files {
        backup.file(path, Meta::default(), content.clone()).await.expect("a vault in memory works");
    }
    backup.finish(at(seconds), Ending::default()).await.expect("a vault in memory works").0
}

fn raw(files: &[(String, Bytes)]) -> u64 {
    files.iter().map(|(_, content)| content.len() as u64).sum()
}

#[tokio::test]
async fn each_source_is_measured_by_itself_and_what_they_share_counts_once() {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let (shared, own) = (events(200, 1), events(100, 2));
    let both: Vec<_> = shared.iter().chain(&own).cloned().collect();
    back_up_as(&vault, "work", &shared, 1).await;
    back_up_as(&vault, "work", &shared, 2).await;
    let home = back_up_as(&vault, "home", &both, 3).await;
    let sizes = open(&storage.place()).await.sizes().await.unwrap();
    let files = storage.sizes();
    assert_eq!(sizes.files().bytes, files.values().sum::<u64>());
    assert_eq!(sizes.files().count, files.len() as u64);
    assert_eq!((sizes.packs.count, sizes.index.count, sizes.snapshots.count, sizes.other.count), (2, 2, 3, 2));
    assert_eq!(sizes.unneeded_bytes, 0);
    let [of_home, of_work] = &sizes.sources[..] else { panic!("two sources: {sizes:?}") };
    assert_eq!((of_home.source.as_str(), of_home.snapshots, of_home.raw_bytes), ("home", 1, raw(&both)));
    assert_eq!((of_work.source.as_str(), of_work.snapshots, of_work.raw_bytes), ("work", 2, 2 * raw(&shared)));
    assert_eq!((of_work.last_bytes, of_home.last_bytes), (raw(&shared), raw(&both)));
    // Contents once, and the trees.
    assert!((raw(&shared)..raw(&shared) * 11 / 10).contains(&of_work.deduplicated_bytes), "{of_work:?}");
    assert!(of_work.compressed_bytes * 3 < of_work.deduplicated_bytes, "{of_work:?}");
    // Of the first source only its trees are its own.
    assert!(of_work.only_here_bytes * 3 < of_work.compressed_bytes, "{of_work:?}");
    assert!(of_home.only_here_bytes * 2 < of_home.compressed_bytes, "{of_home:?}");
    let all = &sizes.all;
    assert_eq!((all.snapshots, all.raw_bytes), (3, raw(&both) + 2 * raw(&shared)));
    let shared_bytes = of_work.compressed_bytes - of_work.only_here_bytes;
    assert!(all.compressed_bytes.abs_diff(of_home.compressed_bytes + of_work.only_here_bytes) <= 3, "{sizes:?}");
    assert!(shared_bytes > 0 && all.compressed_bytes <= sizes.packs.bytes, "{sizes:?}");

    // What only one needs is what a prune gives back without it.
    let only = of_home.only_here_bytes;
    vault.remove(&[home]).await.unwrap();
    let vault = open(&storage.place()).await;
    let after = vault.sizes().await.unwrap();
    assert!(after.unneeded_bytes.abs_diff(only) <= 2, "{after:?}, not {only}");
    assert_eq!(after.sources.iter().map(|source: &SourceSizes| source.source.as_str()).collect::<Vec<_>>(), ["work"]);
    vault.prune(Grace::Now).await.unwrap();
    let pruned = open(&storage.place()).await.sizes().await.unwrap();
    assert_eq!(pruned.unneeded_bytes, 0);
    let freed = sizes.packs.bytes - pruned.packs.bytes;
    // Merging compresses anew, and each pack has a frame.
    assert!(freed.abs_diff(only) < only / 10 + 500, "{freed} bytes were freed, {only} were said");
}
