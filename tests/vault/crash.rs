//! A store that fails, or a process that dies, at every single operation of a backup: what was there before stays whole, and
//! the next backup succeeds.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use davault::report::{Tally, sentence};
use davault::vault::{CheckDepth, Ending, Error, ErrorKind, Meta, Place, Snapshot, Vault};

use crate::support::storage::{Client, Fault, Storage};

use super::world::{at, back_up, events, everything, head, new_vault, open, passphrase};

async fn try_back_up(place: &Place, files: &[(String, Bytes)]) -> Result<Snapshot, Error> {
    let vault = Vault::open(place, &passphrase("correct horse")).await?;
    let backup = vault.backup(head("work")).await?;
    for (path, content) in files {
        backup.file(path, Meta::default(), content.clone()).await?;
    }
    backup.finish(at(9), Ending::default()).await.map(|(snapshot, _)| snapshot)
}

/// A vault with one snapshot of the first hundred, the same in every run.
async fn with_a_snapshot(these: &[(String, Bytes)]) -> (Arc<Storage>, Snapshot) {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let (first, _) = back_up(&vault, first_of(these), 1).await;
    (storage, first)
}

fn first_of(these: &[(String, Bytes)]) -> &[(String, Bytes)] {
    these.get(..100).expect("there are more")
}

async fn is_sound_and_goes_on(storage: &Arc<Storage>, snapshots: u64, (first, these): (&Snapshot, &[(String, Bytes)])) {
    let vault = open(&storage.place()).await;
    let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.expect("the storage has no faults");
    assert!(summary.is_sound(), "{summary:?}");
    assert_eq!(summary.snapshots, snapshots);
    let mut before = first_of(these).to_vec();
    before.sort();
    assert_eq!(everything(&vault, first).await, before);
    let (next, _) = back_up(&vault, these, 20).await;
    assert_eq!(everything(&vault, &next).await.len(), these.len());
}

#[tokio::test]
async fn a_backup_that_fails_or_dies_at_any_operation_costs_no_earlier_snapshot() {
    let these = events(120, 11);
    let faults =
        [Fault::Fails, Fault::FailsAfterwards, Fault::CutShort, Fault::Delayed(3), Fault::Dies, Fault::DiesAfterwards];
    for fault in faults {
        let mut number = 0;
        loop {
            let (storage, first) = with_a_snapshot(&these).await;
            let client = Client::new(&storage, [(number, fault)]);
            let place = client.place();
            let ended = tokio::select! {
                biased;
                () = client.died() => None,
                ended = try_back_up(&place, &these) => Some(ended),
            };
            let is_there = storage.names().iter().filter(|name| name.starts_with("snapshots/")).count() as u64;
            match ended {
                Some(Ok(_)) => assert_eq!(is_there, 2, "{fault:?} at {number}"),
                // What was not reported may be there or not; the first snapshot is.
                Some(Err(error)) => assert!(error.kind != ErrorKind::Usage, "{fault:?} at {number}: {error}"),
                None => assert!(matches!(fault, Fault::Dies | Fault::DiesAfterwards)),
            }
            is_sound_and_goes_on(&storage, is_there, (&first, &these)).await;
            if client.operations() <= number {
                break;
            }
            number += 1;
        }
        assert!(number >= 8, "{fault:?}: a backup has {number} operations");
    }
}

#[tokio::test]
async fn whichever_of_its_last_changes_a_disk_forgets_every_snapshot_left_is_whole() {
    let these = events(120, 12);
    let (storage, first) = with_a_snapshot(&these).await;
    let before = storage.change_count();
    try_back_up(&storage.place(), &these).await.unwrap();
    let after = storage.change_count();
    assert!(after >= before + 3);
    for count in (before..=after).rev() {
        storage.forget_all_but(count);
        let copy = storage.copy();
        is_sound_and_goes_on(&copy, if count == after { 2 } else { 1 }, (&first, &these)).await;
    }
}

#[tokio::test]
async fn a_backup_that_sees_old_lists_stores_again_what_it_does_not_see() {
    let these = events(120, 13);
    let (storage, first) = with_a_snapshot(&these).await;
    storage.list_what_was_there_before(Duration::from_mins(1));
    storage.advance(Duration::from_secs(59));
    let place = storage.place();
    // The slot and the index file are not listed yet; the first means that nobody gets in.
    let error = try_back_up(&place, &these).await.err().map(|error| error.kind);
    assert_eq!(error, Some(ErrorKind::Missing));
    storage.advance(Duration::from_secs(2));
    let second = try_back_up(&place, &these[..110]).await.unwrap();
    let third = try_back_up(&place, &these).await.unwrap();
    storage.list_what_was_there_before(Duration::ZERO);
    let vault = open(&place).await;
    assert_eq!(everything(&vault, &second).await.len(), 110);
    assert_eq!(everything(&vault, &third).await.len(), 120);
    is_sound_and_goes_on(&storage, 3, (&first, &these)).await;
}

#[tokio::test]
async fn a_storage_that_takes_nothing_is_a_sentence_and_loses_nothing() {
    let these = events(120, 14);
    let (storage, first) = with_a_snapshot(&these).await;
    let client = Client::new(&storage, []);
    client.refuse_changes(true);
    let error = try_back_up(&client.place(), &these).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Storage);
    let sentence = sentence(&error);
    assert!(sentence.starts_with("cannot write packs/"), "{sentence}");
    assert!(sentence.ends_with("read-only file system"), "{sentence}");
    client.refuse_changes(false);
    client.refuse_deletes(true);
    // Whoever may only add can back up.
    try_back_up(&client.place(), &these).await.unwrap();
    is_sound_and_goes_on(&storage, 2, (&first, &these)).await;
    assert!(storage.changes().iter().all(|change| change.before.is_none()), "something was replaced or removed");
}
