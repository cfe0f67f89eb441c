//! A second vault with other keys: it gets what it lacks, once, and keeps it whole.

use std::sync::Arc;
use std::time::Duration;

use davault::report::Tally;
use davault::vault::{CheckDepth, Copied, Ending, ErrorKind, Grace, Lacking, Local, Meta, Place, Vault};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::support::storage::{Client, Fault, Storage};

use super::world::{Numbers, at, back_up, event, events, everything, head, in_memory, new_vault, open, passphrase};

async fn copy(from: &Vault, to: &Vault) -> Copied {
    let lacking = from.lacking(to).await.expect("vaults in memory work").snapshots;
    from.copy_to(lacking, to, &Tally::default()).await.expect("vaults in memory work")
}

async fn is_sound(vault: &Vault) -> bool {
    vault.check(CheckDepth::ReadData, &Tally::default()).await.expect("a vault in memory works").is_sound()
}

#[tokio::test]
async fn a_copy_has_the_same_snapshots_and_a_second_run_writes_nothing() {
    let ((_, here), (_, copied_to)) = (in_memory(), in_memory());
    let (mine, other) = (new_vault(&here).await, new_vault(&copied_to).await);
    let mut these = events(700, 1);
    these.push(("/calendars/work/large".into(), vec![7; 3_000_000].into()));
    these.push(("/contacts/empty".into(), "".into()));
    let (first, _) = back_up(&mine, &these, 1).await;
    these.truncate(600);
    let (second, _) = back_up(&mine, &these, 2).await;
    let copied = copy(&mine, &other).await;
    assert_eq!(copied.snapshots, [first.id.clone(), second.id.clone()]);
    assert_eq!(copied.failed, 0);
    let other = open(&copied_to).await;
    let found = other.snapshots().await.unwrap().whole;
    for (was, is) in [first, second].iter().zip(&found) {
        assert_eq!((&was.id, was.time, &was.head, was.counts), (&is.id, is.time, &is.head, is.counts));
        assert_eq!(everything(&other, is).await, everything(&mine, was).await);
        assert_eq!(other.root(is).await.unwrap().meta, mine.root(was).await.unwrap().meta);
    }
    assert!(is_sound(&other).await);
    assert_eq!(copy(&mine, &other).await, Copied::default());
    assert_eq!(copy(&other, &mine).await, Copied::default());
}

#[tokio::test]
async fn one_changed_event_costs_the_other_vault_a_few_kilobytes_and_reads_no_other_content() {
    let ((store, here), (_, copied_to)) = (in_memory(), in_memory());
    let (mine, other) = (new_vault(&here).await, new_vault(&copied_to).await);
    let mut these = events(2_000, 1);
    back_up(&mine, &these, 1).await;
    copy(&mine, &other).await;
    these.push(event(&mut Numbers(99)));
    back_up(&mine, &these, 2).await;
    let counting = Arc::new(super::counting::Counting::over(store));
    let mine = open(&Place::over(counting.clone(), "", "memory")).await;
    let copied = copy(&mine, &open(&copied_to).await).await;
    assert_eq!(copied.snapshots.len(), 1);
    assert!(copied.written.stored_bytes < 20_000, "{copied:?}");
    assert!(counting.pack_bytes() < 300_000, "{} bytes of packs were read", counting.pack_bytes());
    assert!(is_sound(&open(&copied_to).await).await);
}

#[tokio::test]
async fn a_copy_leans_on_nothing_that_a_repair_of_the_other_vault_dropped() {
    let (here, there) = (Storage::new(), Storage::new());
    let (mine, other) = (new_vault(&here.place()).await, new_vault(&there.place()).await);
    let mut files = events(30, 1);
    let at_home: Vec<_> = events(30, 2).into_iter().map(|(path, text)| (path.replace("work", "home"), text)).collect();
    files.extend(at_home);
    back_up(&mine, &files, 1).await;
    copy(&mine, &other).await;
    let pack = there.names().into_iter().find(|name| name.starts_with("packs")).unwrap();
    let (store, pack) = (Client::new(&there, []), Path::from(pack));
    let mut bytes = store.get(&pack).await.unwrap().bytes().await.unwrap().to_vec();
    // In the contents, which may lie before the trees or behind them.
    let mut record = 8;
    while bytes[record + 4] != 1 {
        record += 5 + usize::try_from(u32::from_le_bytes(bytes[record..record + 4].try_into().unwrap())).unwrap();
    }
    bytes[record + 30] ^= 1;
    store.put(&pack, bytes.into()).await.unwrap();
    let repaired = open(&there.place()).await.repair(false, &Tally::default()).await.unwrap();
    assert!(!repaired.gone.is_empty(), "{repaired:?}");
    files.push(event(&mut Numbers(99)));
    let (second, _) = back_up(&mine, &files, 2).await;
    let other = open(&there.place()).await;
    assert_eq!(copy(&mine, &other).await.snapshots, std::slice::from_ref(&second.id));
    let copied = open(&there.place()).await;
    assert_eq!(everything(&copied, &copied.find(&second.id).await.unwrap()).await, everything(&mine, &second).await);
    let checked = copied.check(CheckDepth::Structure, &Tally::default()).await.unwrap();
    assert_eq!(checked.lost, [], "what the copy stored again heals the first snapshot, too");
}

#[tokio::test]
async fn what_was_removed_there_comes_back_when_asked_for_and_then_stays() {
    let ((_, here), (_, copied_to)) = (in_memory(), in_memory());
    let (mine, other) = (new_vault(&here).await, new_vault(&copied_to).await);
    let (first, _) = back_up(&mine, &events(20, 1), 1).await;
    let (second, _) = back_up(&mine, &events(20, 2), 2).await;
    copy(&mine, &other).await;
    other.remove(&[other.find(&first.id).await.unwrap()]).await.unwrap();
    let lacking = mine.lacking(&other).await.unwrap();
    assert_eq!((lacking.snapshots, lacking.removed), (vec![], vec![first.id.clone()]));
    let copied = mine.copy_to(vec![first.clone()], &other, &Tally::default()).await.unwrap();
    assert_eq!(copied.snapshots, std::slice::from_ref(&first.id));
    for _ in 0..3 {
        open(&copied_to).await.prune(Grace::Now).await.unwrap();
    }
    let other = open(&copied_to).await;
    let back = other.find(&first.id).await.unwrap();
    assert_eq!(back.time, first.time + Duration::from_millis(1));
    assert_eq!(everything(&other, &back).await, everything(&mine, &first).await);
    assert_eq!(mine.lacking(&other).await.unwrap(), Lacking::default());
    // Once more: neither name comes back.
    other.remove(&[back]).await.unwrap();
    mine.copy_to(vec![first.clone()], &other, &Tally::default()).await.unwrap();
    assert_eq!(other.find(&first.id).await.unwrap().time, first.time + Duration::from_millis(2));
    assert_eq!(other.snapshots().await.unwrap().whole.last().unwrap().id, second.id);
    assert!(is_sound(&other).await);
}

#[tokio::test]
async fn both_ways_each_gets_what_the_other_has() {
    let ((_, here), (_, copied_to)) = (in_memory(), in_memory());
    let (mine, other) = (new_vault(&here).await, new_vault(&copied_to).await);
    let (a, _) = back_up(&mine, &events(50, 1), 1).await;
    let (b, _) = back_up(&other, &events(60, 2), 2).await;
    copy(&mine, &other).await;
    copy(&other, &mine).await;
    for vault in [mine, other] {
        let found = vault.snapshots().await.unwrap().whole;
        assert_eq!(found.iter().map(|snapshot| snapshot.id.clone()).collect::<Vec<_>>(), [a.id.clone(), b.id.clone()]);
        assert!(is_sound(&vault).await);
    }
}

#[tokio::test]
async fn a_copy_that_is_broken_off_anywhere_is_finished_by_the_next() {
    let (_, here) = in_memory();
    let mine = new_vault(&here).await;
    let these = events(60, 1);
    let (snapshot, _) = back_up(&mine, &these, 1).await;
    let before = everything(&mine, &snapshot).await;
    for fault in [Fault::Fails, Fault::Dies, Fault::DiesAfterwards] {
        let mut number = 0;
        loop {
            let storage = Storage::new();
            new_vault(&storage.place()).await;
            let client = Client::new(&storage, [(number, fault)]);
            let place = client.place();
            tokio::select! {
                biased;
                () = client.died() => {}
                ended = try_copy(&mine, &place) => if let Err(kind) = ended { assert_eq!(kind, ErrorKind::Storage) },
            }
            let other = open(&storage.place()).await;
            assert!(is_sound(&other).await, "{fault:?} at {number}");
            let was_written = storage.names().iter().any(|name| name.starts_with("index/"));
            let again = copy(&mine, &other).await;
            assert!(!was_written || again.written.new_objects == 0, "what was written is found again");
            let found = other.snapshots().await.unwrap().whole;
            assert_eq!(everything(&other, &found[0]).await, before);
            if client.operations() <= number {
                break;
            }
            number += 1;
        }
        assert!(number > 5, "every operation had the fault once");
    }
}

async fn try_copy(from: &Vault, to: &Place) -> Result<Copied, ErrorKind> {
    let copied = async {
        let to = Vault::open(to, &passphrase("correct horse")).await?;
        let lacking = from.lacking(&to).await?.snapshots;
        from.copy_to(lacking, &to, &Tally::default()).await
    };
    copied.await.map_err(|error| error.kind)
}

#[tokio::test]
async fn a_damaged_snapshot_is_told_and_the_others_are_copied() {
    let ((store, here), (_, copied_to)) = (in_memory(), in_memory());
    let (mine, other) = (new_vault(&here).await, new_vault(&copied_to).await);
    let (first, _) = back_up(&mine, &events(30, 1), 1).await;
    let packs: Vec<Path> = super::counting::names(store.as_ref(), "packs").await;
    store.delete(&packs[0]).await.unwrap();
    let (second, _) = back_up(&open(&here).await, &events(40, 2), 2).await;
    let (mine, tally) = (open(&here).await, Tally::default());
    let lacking = mine.lacking(&other).await.unwrap().snapshots;
    let copied = mine.copy_to(lacking, &other, &tally).await.unwrap();
    assert_eq!((copied.failed, copied.snapshots), (1, vec![second.id]));
    let failure = &tally.counts().failures[0];
    assert_eq!(failure.path, first.id);
    assert!(failure.why.contains("is not there"), "{failure:?}");
    assert!(is_sound(&other).await);
}

#[tokio::test]
async fn a_vault_is_not_copied_to_itself() {
    let (_, here) = in_memory();
    let mine = new_vault(&here).await;
    let error = mine.lacking(&open(&here).await).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Usage);
    assert_eq!(error.to_string(), "memory and memory are one vault, or one is a plain copy of the other");
}

#[tokio::test]
async fn folders_in_folders_and_their_changes_are_copied() {
    let ((_, here), (_, copied_to)) = (in_memory(), in_memory());
    let (mine, other) = (new_vault(&here).await, new_vault(&copied_to).await);
    let mut snapshots = Vec::new();
    for round in 0..4_u64 {
        let backup = mine.backup(head("work")).await.unwrap();
        let deep = format!("/{}", vec!["d"; 200].join("/"));
        backup.folder("/empty", Meta { mode: 0o700, ..Meta::default() }).unwrap();
        backup.file(&format!("{deep}/x"), Meta::default(), format!("{round}").into()).await.unwrap();
        for n in 0..300 {
            let content = format!("{n} {}", if n == round { round } else { 0 });
            let path = format!("/c{}/{n:03}", n % 7);
            backup.file(&path, Meta { modified: Some(at(n)), ..Meta::default() }, content.into()).await.unwrap();
        }
        snapshots.push(backup.finish(at(10 + round), Ending::default()).await.unwrap().0);
        if round % 2 == 0 {
            copy(&mine, &open(&copied_to).await).await;
        }
    }
    let other = {
        copy(&mine, &other).await;
        open(&copied_to).await
    };
    let found = other.snapshots().await.unwrap().whole;
    assert_eq!(found.len(), 4);
    for (was, is) in snapshots.iter().zip(&found) {
        assert_eq!(everything(&other, is).await, everything(&mine, was).await);
    }
    assert!(is_sound(&other).await);
}

#[tokio::test]
async fn what_was_read_once_is_not_fetched_again_and_a_damaged_cache_is() {
    let (store, here) = in_memory();
    let folder = tempfile::tempdir().unwrap();
    let local = Local { state: None, cache: Some(folder.path().to_owned()) };
    let (snapshot, _) = back_up(&new_vault(&here).await, &events(300, 1), 1).await;
    let look = async || {
        let counting = Arc::new(super::counting::Counting::over(store.clone()));
        let place = Place::over(counting.clone(), "", "memory");
        let vault = Vault::open_with(&place, &passphrase("correct horse"), local.clone()).await.unwrap();
        let found = vault.find("latest").await.unwrap();
        assert_eq!(found, snapshot);
        let folder = vault.entry(&found, "/calendars/work").await.unwrap();
        assert_eq!(vault.children(&folder).await.unwrap().len(), 300);
        (counting.pack_bytes(), vault)
    };
    let (first, _) = look().await;
    let (second, vault) = look().await;
    assert!(first > 5_000 && second == 0, "{first} and {second} bytes of packs were read");
    let kept: Vec<_> = std::fs::read_dir(folder.path().join("vaults").join(vault.id())).unwrap().collect();
    for file in kept {
        std::fs::write(file.unwrap().path(), "something else").unwrap();
    }
    assert_eq!(look().await.0, first);
    std::fs::remove_dir_all(folder.path().join("vaults")).unwrap();
    assert_eq!(look().await.0, first);
    assert_eq!(look().await.0, 0);
    // A check trusts no cache.
    store.delete(&super::counting::names(store.as_ref(), "packs").await[0]).await.unwrap();
    let (_, vault) = look().await;
    assert!(!is_sound(&vault).await);
}
