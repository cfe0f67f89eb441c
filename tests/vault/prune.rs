//! Removing and pruning: what goes, when, and that nothing else does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{
    Amount, Backup, CheckDepth, Ending, ErrorKind, Grace, Meta, Place, PruneSummary, Snapshot, Vault,
};

use object_store::ObjectStoreExt;
use object_store::path::Path as ObjectPath;

use super::world::{Numbers, at, back_up, event, events, everything, head, new_vault, open};
use crate::support::storage::{Client, Storage};

const DAY: Duration = Duration::from_hours(24);
const GRACE: Grace = Grace::Wait(DAY);

struct Scene {
    storage: Arc<Storage>,
    place: Place,
    vault: Vault,
}

async fn scene() -> Scene {
    let storage = Storage::new();
    let place = storage.place();
    let vault = new_vault(&place).await;
    Scene { storage, place, vault }
}

impl Scene {
    /// As another process would.
    async fn prune(&self, grace: Grace) -> PruneSummary {
        open(&self.place).await.prune(grace).await.expect("a vault in memory works")
    }

    async fn a_day_later(&self) -> PruneSummary {
        self.storage.advance(DAY);
        self.prune(GRACE).await
    }

    fn count(&self, folder: &str) -> usize {
        self.storage.names().iter().filter(|name| name.starts_with(folder)).count()
    }

    async fn is_sound(&self) {
        let summary = open(&self.place).await.check(CheckDepth::ReadData, &Tally::default()).await;
        let summary = summary.expect("memory can be looked at");
        assert!(summary.is_sound(), "{summary:?}");
    }

    async fn holds(&self, snapshot: &Snapshot, files: &[(String, Bytes)]) {
        let mut files = files.to_vec();
        files.sort();
        assert_eq!(everything(&open(&self.place).await, snapshot).await, files);
    }
}

async fn add(backup: &Backup, files: &[(String, Bytes)]) {
    for (path, content) in files {
        backup.file(path, Meta::default(), content.clone()).await.expect("a vault in memory works");
    }
}

#[tokio::test]
async fn what_was_removed_is_marked_then_deleted_and_then_forgotten() {
    let scene = scene().await;
    let (old, new) = (events(200, 1), events(150, 2));
    let (first, _) = back_up(&scene.vault, &old, 1).await;
    let (second, _) = back_up(&scene.vault, &new, 2).await;
    scene.vault.remove(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(scene.vault.find(&first.id).await.unwrap_err().kind, ErrorKind::NotFound);

    let marked = scene.prune(GRACE).await;
    assert_eq!((marked.snapshots, marked.marked.packs, marked.deleted.packs), (1, 1, 0));
    let again = scene.prune(GRACE).await;
    assert_eq!((again.marked.packs, again.waiting), (0, marked.marked));
    assert_eq!(scene.count("packs"), 2);

    let deleted = scene.a_day_later().await;
    assert_eq!(deleted.deleted, marked.marked);
    assert_eq!((scene.count("packs"), scene.count("index")), (1, 3));
    let forgotten = scene.a_day_later().await;
    assert_eq!((forgotten.deleted, forgotten.waiting), (Amount::default(), Amount::default()));
    // One tells that the snapshot was removed on purpose.
    assert_eq!((scene.count("index"), scene.count("marks")), (1, 1), "{:?}", scene.storage.names());
    scene.holds(&second, &new).await;
    scene.is_sound().await;
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_writes_nothing() {
    let scene = scene().await;
    let (first, _) = back_up(&scene.vault, &events(200, 1), 1).await;
    back_up(&scene.vault, &events(150, 2), 2).await;
    let before = scene.storage.change_count();
    let planned = scene.vault.plan_prune(GRACE, std::slice::from_ref(&first), at(100)).await.unwrap();
    assert_eq!(scene.storage.change_count(), before);
    scene.vault.remove(&[first]).await.unwrap();
    assert_eq!(scene.prune(GRACE).await, planned);
}

#[tokio::test]
async fn a_backup_that_leans_on_what_is_marked_meanwhile_stores_it_again() {
    let scene = scene().await;
    let files = events(100, 1);
    let (first, _) = back_up(&scene.vault, &files, 1).await;
    let other = open(&scene.place).await;
    let backup = other.backup(head("work")).await.unwrap();
    add(&backup, &files).await;
    scene.vault.remove(&[first]).await.unwrap();
    assert_eq!(scene.prune(GRACE).await.marked.packs, 1);
    let (second, written) = backup.finish(at(2), Ending::default()).await.unwrap();
    assert!(written.stored_bytes > 20_000, "{written:?}");
    assert_eq!(scene.a_day_later().await.deleted.packs, 1);
    scene.a_day_later().await;
    scene.holds(&second, &files).await;
    scene.is_sound().await;
}

#[tokio::test]
async fn a_folder_kept_as_a_whole_is_looked_through() {
    let scene = scene().await;
    let files = events(100, 1);
    let (first, _) = back_up(&scene.vault, &files, 1).await;
    scene.vault.remove(std::slice::from_ref(&first)).await.unwrap();
    scene.prune(GRACE).await;
    // Marked before this one begins; the root's node of the tree alone is stored by something else.
    let folder = scene.vault.entry(&first, "/calendars/work").await.unwrap();
    let backup = open(&scene.place).await.backup(head("work")).await.unwrap();
    let refused = backup.keep("/calendars/work", &folder).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Missing);
}

#[tokio::test]
async fn a_snapshot_that_appears_between_mark_and_deletion_is_safe() {
    let scene = scene().await;
    let files = events(100, 1);
    let (first, _) = back_up(&scene.vault, &files, 1).await;
    scene.vault.remove(std::slice::from_ref(&first)).await.unwrap();
    scene.prune(GRACE).await;
    // Somebody who knows nothing of marks puts the snapshot back, under a name that nobody removed.
    let (second, _) = back_up(&scene.vault, &files, 2).await;
    let deleted = scene.a_day_later().await;
    assert_eq!(deleted.deleted.packs, 1);
    scene.holds(&second, &files).await;
    scene.is_sound().await;
}

#[tokio::test]
async fn a_backup_overtaken_by_pruning_without_grace_says_so_and_leaves_no_snapshot() {
    let scene = scene().await;
    let (files, rest) = (events(100, 1), events(10, 2));
    let (first, _) = back_up(&scene.vault, &files, 1).await;
    let (second, _) = back_up(&scene.vault, &rest, 2).await;
    let backup = open(&scene.place).await.backup(head("work")).await.unwrap();
    add(&backup, &files).await;
    scene.vault.remove(&[first]).await.unwrap();
    let pruned = scene.prune(Grace::Now).await;
    assert_eq!(pruned.deleted.packs, 1);
    let error = backup.finish(at(3), Ending::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Missing);
    assert_eq!(error.to_string(), "what this backup leans on was pruned while it went on; back up again");
    assert_eq!(scene.count("snapshots"), 1);
    scene.holds(&second, &rest).await;
    let (third, _) = back_up(&open(&scene.place).await, &files, 4).await;
    scene.holds(&third, &files).await;
    scene.is_sound().await;
}

#[tokio::test]
async fn many_small_backups_are_merged_and_every_snapshot_stays_as_it_was() {
    let scene = scene().await;
    let (mut numbers, mut files) = (Numbers(9), events(300, 9));
    let mut all = Vec::new();
    for day in 1..=20 {
        for _ in 0..5 {
            let which = numbers.below(files.len());
            files[which].1 = event(&mut numbers).1;
        }
        all.push((back_up(&scene.vault, &files, day).await.0, files.clone()));
    }
    let pruned = scene.prune(GRACE).await;
    assert_eq!((pruned.merged.packs, pruned.marked), (20, pruned.merged));
    // Both are there until the grace period is over; a reader that began before goes on.
    scene.holds(&all[3].0, &all[3].1).await;
    scene.a_day_later().await;
    scene.a_day_later().await;
    assert_eq!((scene.count("packs"), scene.count("index"), scene.count("marks")), (2, 1, 0));
    for (snapshot, files) in &all {
        scene.holds(snapshot, files).await;
    }
    // A process that read the index long before finds things where they are now.
    let (snapshot, files) = &all[10];
    assert_eq!(everything(&scene.vault, snapshot).await.len(), files.len());
    scene.is_sound().await;
}

#[tokio::test]
async fn damage_stops_pruning_before_anything_is_changed() {
    let scene = scene().await;
    let (first, _) = back_up(&scene.vault, &events(100, 1), 1).await;
    back_up(&scene.vault, &events(100, 2), 2).await;
    scene.vault.remove(&[first]).await.unwrap();
    for folder in ["snapshots", "index", "packs"] {
        let damaged = scene.storage.copy();
        let names = damaged.names();
        let name = names.iter().rfind(|name| name.starts_with(folder)).expect("there is one").as_str();
        let client = Client::new(&damaged, []);
        if folder == "packs" {
            client.delete(&ObjectPath::from(newest_pack(&scene))).await.unwrap();
        } else {
            let bytes = client.get(&ObjectPath::from(name)).await.unwrap().bytes().await.unwrap();
            let flipped: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
            client.put(&ObjectPath::from(name), flipped.into()).await.unwrap();
        }
        let before = damaged.names();
        let error = open(&damaged.place()).await.prune(GRACE).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Damaged, "{folder}: {error}");
        assert_eq!(damaged.names(), before, "{folder}");
    }
}

/// The pack of the snapshot that is left.
fn newest_pack(scene: &Scene) -> String {
    let changes = scene.storage.changes();
    let packs = changes.iter().filter(|change| change.path.as_ref().starts_with("packs"));
    packs.last().expect("there are two").path.to_string()
}
