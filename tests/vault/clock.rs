//! A clock that was set back: the last snapshot made stays the last one of its source.

use std::time::Duration;

use davault::vault::{BEFORE_RESTORE, Ending, Keep, SnapshotHead, choose};
use jiff::tz::TimeZone;

use super::world::{DAY, at, back_up, events, head, new_vault, open};
use crate::support::storage::Storage;

#[tokio::test]
async fn a_snapshot_made_by_a_clock_that_was_set_back_comes_behind_the_one_before() {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let (first, _) = back_up(&vault, &events(3, 1), 10 * DAY).await;
    let (second, _) = back_up(&open(&storage.place()).await, &events(3, 2), 1).await;
    assert_eq!(second.time, first.time + Duration::from_millis(1));
    let (third, _) = back_up(&vault, &events(3, 3), 1).await;
    // Another source has another clock.
    let other = vault.backup(head("other")).await.unwrap();
    let (other, _) = other.finish(at(5), Ending::default()).await.unwrap();
    assert_eq!(other.time, at(5));
    let vault = open(&storage.place()).await;
    assert_eq!(vault.find("latest@work").await.unwrap(), third);
    assert_eq!(vault.find("latest").await.unwrap(), third);
    assert_eq!(vault.previous(&head("work")).await.unwrap(), Some(third.clone()));
    let all = vault.snapshots().await.unwrap().whole;
    let stays = |keep: &Keep| -> Vec<String> {
        let choices = choose(&all, keep, &TimeZone::UTC);
        choices.into_iter().filter(davault::vault::Choice::stays).map(|choice| choice.snapshot.id).collect()
    };
    let of_work = |ids: Vec<String>| ids.into_iter().filter(|id| *id != other.id).collect::<Vec<_>>();
    assert_eq!(of_work(stays(&Keep { last: 1, ..Keep::default() })), std::slice::from_ref(&third.id));
    assert_eq!(of_work(stays(&Keep { daily: 7, ..Keep::default() })), std::slice::from_ref(&third.id));
    let (fourth, _) = back_up(&vault, &events(3, 4), 11 * DAY).await;
    assert_eq!(fourth.time, at(11 * DAY));
}

#[tokio::test]
async fn what_stood_somewhere_before_a_restore_is_the_latest_of_nothing() {
    let storage = Storage::new();
    let vault = new_vault(&storage.place()).await;
    let nowhere = SnapshotHead { location: "dav://h/".into(), origin: "h".into(), ..SnapshotHead::default() };
    let undo = SnapshotHead { tags: vec![BEFORE_RESTORE.into()], ..nowhere.clone() };
    let taken = |head| async { vault.backup(head).await.unwrap().finish(at(9), Ending::default()).await.unwrap().0 };
    taken(undo.clone()).await;
    let none = vault.find("latest").await.unwrap_err();
    assert_eq!(none.to_string(), "there is no snapshot yet");
    let backup = taken(nowhere.clone()).await;
    let undo = taken(undo).await;
    assert_eq!(vault.find("latest").await.unwrap(), backup);
    assert_eq!(vault.previous(&nowhere).await.unwrap(), Some(backup));
    assert_eq!(vault.find(&undo.id).await.unwrap(), undo);
}
