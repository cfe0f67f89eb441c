//! What many backups cost those that come after: a bounded number of files to read, and nothing is deleted for it.

use davault::report::Tally;
use davault::vault::{CheckDepth, Ending};

use futures_util::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};

use super::world::{Numbers, at, back_up, event, events, everything, head, in_memory, new_vault, open};
use crate::support::storage::{Client, Storage};

/// What opening the vault in another process and reading one item of the last snapshot takes.
async fn operations_for_one(storage: &std::sync::Arc<Storage>, path: &str) -> usize {
    let client = Client::new(storage, []);
    let vault = open(&client.place()).await;
    let snapshot = vault.find("latest@work").await.expect("a sound storage works");
    let node = vault.entry(&snapshot, path).await.expect("a sound storage works");
    vault.read(&node).await.expect("a sound storage works");
    client.operations()
}

#[tokio::test]
async fn reading_one_item_takes_as_many_operations_after_seventy_backups_as_after_fifteen() {
    let storage = Storage::new();
    let client = Client::new(&storage, []);
    let vault = new_vault(&client.place()).await;
    // Whoever makes backups need not be able to delete anything.
    client.refuse_deletes(true);
    let mut these = events(30, 5);
    let first = these[0].0.clone();
    let mut numbers = Numbers(77);
    let mut after_fifteen = 0;
    for n in 1..=70 {
        these.push(event(&mut numbers));
        back_up(&vault, &these, n).await;
        if n == 15 {
            after_fifteen = operations_for_one(&storage, &first).await;
        }
    }
    let of_level = |level: &str| storage.names().iter().filter(|name| name.starts_with(level)).count();
    assert_eq!((of_level("index/0-"), of_level("index/1-"), of_level("index/2-")), (70, 4, 0));
    // Four files of level 1 and six of level 0 count now, instead of fifteen of level 0.
    assert!(operations_for_one(&storage, &first).await <= after_fifteen + 5, "{after_fifteen}");
    let vault = open(&storage.place()).await;
    these.sort();
    assert_eq!(everything(&vault, &vault.find("latest").await.unwrap()).await, these);
    let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.unwrap();
    assert!(summary.is_sound(), "{summary:?}");
    assert_eq!((summary.packs, summary.unused_packs), (70, 0));
}

#[tokio::test]
async fn the_last_snapshot_of_a_source_is_found_by_one_listing_and_one_reading() {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let (expected, _) = back_up(&vault, &events(3, 1), 1).await;
    for n in 2..30 {
        let backup = vault.backup(head(&format!("other-{}", n % 3))).await.unwrap();
        backup.finish(at(n), Ending::default()).await.unwrap();
    }
    let client = Client::new(&storage, []);
    let vault = open(&client.place()).await;
    let before = client.operations();
    assert_eq!(vault.find("latest@work").await.unwrap(), expected);
    assert_eq!(client.operations() - before, 2);
    assert_eq!(vault.previous(&head("work")).await.unwrap(), Some(expected));
    assert_eq!(client.operations() - before, 4);
    assert_eq!(vault.previous(&head("new")).await.unwrap(), None);
}

#[tokio::test]
async fn the_last_whole_snapshot_is_found_behind_many_that_are_not() {
    let (_, place) = in_memory();
    let vault = new_vault(&place).await;
    let (expected, _) = back_up(&vault, &events(3, 1), 1).await;
    for n in 2..50 {
        let backup = vault.backup(head("work")).await.unwrap();
        backup.finish(at(n), Ending { partial: true, ..Ending::default() }).await.unwrap();
    }
    assert_eq!(vault.previous_whole(&head("work")).await.unwrap(), Some(expected));
}

#[tokio::test]
async fn what_lay_in_a_pack_that_vanished_is_stored_again() {
    let (store, place) = in_memory();
    let vault = new_vault(&place).await;
    let mut these = events(40, 9);
    these.sort();
    back_up(&vault, &these, 1).await;
    let packs: Vec<_> = store.list(Some(&"packs".into())).try_collect().await.unwrap();
    store.delete(&packs[0].location).await.unwrap();
    let (snapshot, written) = back_up(&open(&place).await, &these, 2).await;
    assert!(written.new_objects >= 40, "{written:?}");
    assert_eq!(everything(&open(&place).await, &snapshot).await, these);
}
