//! Backups and prunes beside each other, in the orders that are hard: each is whole, or says that it is not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{CheckDepth, Ending, ErrorKind, Grace, Meta, Vault};

use object_store::ObjectStoreExt;
use object_store::path::Path as ObjectPath;

use super::world::{Numbers, at, back_up, events, everything, head, new_vault, open, passphrase};
use crate::support::storage::{Client, Fault, Storage};

const DAY: Duration = Duration::from_hours(24);
const OVERTAKEN: &str = "what this backup leans on was pruned while it went on; back up again";

fn count(storage: &Storage, folder: &str) -> usize {
    storage.names().iter().filter(|name| name.starts_with(folder)).count()
}

/// Bytes that do not compress.
fn noise(length: usize) -> Bytes {
    let mut numbers = Numbers(3);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend(numbers.next().to_le_bytes());
    }
    bytes.into()
}

async fn prune(storage: &Arc<Storage>, grace: Grace) {
    open(&storage.place()).await.prune(grace).await.expect("a vault in memory works");
}

async fn is_sound(storage: &Arc<Storage>) -> bool {
    let summary = open(&storage.place()).await.check(CheckDepth::ReadData, &Tally::default()).await;
    summary.expect("memory can be looked at").is_sound()
}

#[tokio::test]
async fn a_backup_whose_own_pack_was_pruned_before_its_index_was_written_says_so() {
    let storage = Storage::new();
    new_vault(&storage.place()).await;
    let backup = open(&storage.place()).await.backup(head("work")).await.unwrap();
    // More than a pack, and fewer than those after which an index file is written.
    backup.file("/large", Meta::default(), noise(17 * 1024 * 1024)).await.unwrap();
    while count(&storage, "packs") == 0 {
        tokio::task::yield_now().await;
    }
    // The machine sleeps for days.
    for _ in 0..4 {
        storage.advance(DAY);
        prune(&storage, Grace::Wait(DAY)).await;
    }
    assert_eq!((count(&storage, "packs"), count(&storage, "marks")), (0, 0));
    let error = backup.finish(at(3), Ending::default()).await.unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Missing, OVERTAKEN));
    assert_eq!(count(&storage, "snapshots"), 0);
}

#[tokio::test]
async fn a_backup_that_outlasts_every_mark_says_that_what_it_leans_on_is_gone() {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let files = events(50, 1);
    let (first, _) = back_up(&vault, &files, 1).await;
    let backup = open(&storage.place()).await.backup(head("work")).await.unwrap();
    for (path, content) in &files {
        backup.file(path, Meta::default(), content.clone()).await.unwrap();
    }
    let mut last = first;
    // So often that no index file which is there knows of those that were there when it began.
    for round in 0..6 {
        let (next, _) = back_up(&open(&storage.place()).await, &events(5, 10 + round), 2 + round).await;
        vault.remove(std::slice::from_ref(&last)).await.unwrap();
        last = next;
        for _ in 0..3 {
            storage.advance(DAY);
            prune(&storage, Grace::Wait(DAY)).await;
        }
    }
    let error = backup.finish(at(30), Ending::default()).await.unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Missing, OVERTAKEN));
    assert!(is_sound(&storage).await);
}

/// A vault in which a snapshot needs some of what lies in a pack that is due to be deleted.
async fn with_a_due_pack() -> (Arc<Storage>, String) {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let files = events(60, 1);
    let (first, _) = back_up(&vault, &files, 1).await;
    storage.advance(Duration::from_hours(1));
    vault.remove(&[first]).await.expect("memory works");
    prune(&storage, Grace::Wait(DAY)).await;
    // Made by who did not see the mark yet: it leans on what is marked.
    storage.list_what_was_there_before(Duration::from_mins(1));
    let (second, _) = back_up(&open(&storage.place()).await, files.get(..20).expect("there are 60"), 2).await;
    storage.list_what_was_there_before(Duration::ZERO);
    storage.advance(DAY);
    (storage, second.id)
}

#[tokio::test]
async fn of_two_prunes_at_once_neither_takes_what_the_other_saved() {
    let (vault, id) = with_a_due_pack().await;
    let expected = everything(&open(&vault.place()).await, &open(&vault.place()).await.find(&id).await.unwrap()).await;
    for (one, other) in [(Grace::Wait(DAY), Grace::Now), (Grace::Now, Grace::Now)] {
        for number in 0.. {
            let storage = vault.copy();
            // Everything that the other does fits into any one step of this one.
            let slow = Client::new(&storage, [(number, Fault::Waits)]);
            let (place, beside) = (slow.place(), open(&storage.place()).await);
            let prune_slowly = async {
                let vault = Vault::open(&place, &passphrase("correct horse")).await?;
                vault.prune(one).await
            };
            let (slowly, beside) = Box::pin(slow.beside(prune_slowly, beside.prune(other))).await;
            for error in [slowly.err(), beside.err()].into_iter().flatten() {
                assert!(matches!(error.kind, ErrorKind::Missing | ErrorKind::Damaged), "{error}");
            }
            let vault = open(&storage.place()).await;
            let snapshot = vault.find(&id).await.unwrap();
            assert_eq!(everything(&vault, &snapshot).await, expected, "{one:?} {other:?} at {number}");
            if slow.operations() <= number {
                break;
            }
        }
    }
}

/// A vault with a backup that may only add files, begun before and finished while everything is pruned away that it leans on:
/// `number` says in which of its operations that happens.
async fn pruned_at(number: usize) -> (Arc<Storage>, Client, Option<ErrorKind>) {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let (first, _) = back_up(&vault, &events(20, 1), 1).await;
    back_up(&vault, &events(5, 2), 2).await;
    let client = Client::new(&storage, [(number, Fault::Waits)]);
    client.refuse_deletes(true);
    let adding = Vault::open(&client.place(), &passphrase("correct horse")).await.expect("memory works");
    let backup = adding.backup(head("work")).await.expect("memory works");
    for (path, content) in events(20, 1) {
        backup.file(&path, Meta::default(), content).await.expect("memory works");
    }
    let finish = backup.finish(at(3), Ending::default());
    let prune_away = async {
        vault.remove(&[first]).await.expect("memory works");
        vault.prune(Grace::Now).await.expect("memory works");
    };
    let (finished, ()) = Box::pin(client.beside(finish, prune_away)).await;
    (storage, client, finished.err().map(|error| error.kind))
}

/// How many operations of such a backup come before it finishes.
async fn operations_before_finishing() -> usize {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    back_up(&vault, &events(20, 1), 1).await;
    back_up(&vault, &events(5, 2), 2).await;
    let client = Client::new(&storage, []);
    let adding = Vault::open(&client.place(), &passphrase("correct horse")).await.expect("memory works");
    adding.backup(head("work")).await.expect("memory works");
    client.operations()
}

#[tokio::test]
async fn a_snapshot_that_its_backup_may_not_take_back_is_deleted_by_the_next_prune() {
    let mut left = 0;
    for number in operations_before_finishing().await.. {
        let (storage, client, failed) = Box::pin(pruned_at(number)).await;
        if failed.is_some() && count(&storage, "snapshots") == 2 {
            left += 1;
            prune(&storage, Grace::Now).await;
            assert_eq!(count(&storage, "snapshots"), 1);
        }
        prune(&storage, Grace::Now).await;
        assert!(is_sound(&storage).await, "{number}");
        if client.operations() <= number {
            break;
        }
    }
    assert!(left > 0, "it never happened");
}

#[tokio::test]
async fn a_prune_names_what_is_not_whole_and_goes_on_when_that_is_removed() {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let (first, _) = back_up(&vault, &events(20, 1), 1).await;
    let pack = storage.names().into_iter().find(|name| name.starts_with("packs")).unwrap();
    let (second, _) = back_up(&vault, &events(20, 2), 2).await;
    let (third, _) = back_up(&vault, &events(30, 1), 3).await;
    let client = Client::new(&storage, []);
    client.delete(&ObjectPath::from(pack)).await.unwrap();
    // Nor does this one open any more.
    let spoiled = storage.names().into_iter().rfind(|name| name.starts_with("snapshots")).unwrap();
    client.put(&ObjectPath::from(spoiled), "nonsense".into()).await.unwrap();
    let vault = open(&storage.place()).await;
    for _ in 0..2 {
        let error = vault.prune(Grace::Wait(DAY)).await.unwrap_err();
        let mut ids = [first.id.clone(), third.id.clone()];
        ids.sort();
        let said = format!("some snapshots are not whole, so that nobody knows what they need: {}", ids.join(", "));
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Damaged, said));
    }
    let checked = vault.check(CheckDepth::Structure, &Tally::default()).await.unwrap();
    assert!(!checked.is_sound() && checked.lost.iter().all(|lost| lost.snapshot != second.id));
    vault.remove(&[vault.find(&first.id).await.unwrap()]).await.unwrap();
    assert_eq!(vault.find(&third.id).await.unwrap_err().kind, ErrorKind::Damaged);
    assert_eq!(vault.remove_unread(&third.id[..12]).await.unwrap(), third.id);
    prune(&storage, Grace::Now).await;
    assert!(is_sound(&storage).await);
    assert_eq!(everything(&open(&storage.place()).await, &second).await.len(), 20);
}
