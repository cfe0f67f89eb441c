//! What a machine saw: a snapshot that vanishes is noticed, and so is an old file that is put back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path as File;

use davault::report::Tally;
use davault::vault::{CheckDepth, KeyRing, Local, NewKey, Place, Problem, Vault};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::world::{CHEAP, at, back_up, events, in_memory, new_vault, passphrase};

/// The vault as a machine opens it that keeps its state in `state`.
async fn open_at(place: &Place, state: &File) -> Vault {
    let local = Local { state: Some(state.to_path_buf()), cache: None };
    Vault::open_with(place, &passphrase("correct horse"), local).await.expect("a vault in memory works")
}

fn files(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.file.as_str()).collect()
}

#[tokio::test]
async fn a_snapshot_that_vanishes_is_warned_of_until_it_is_accepted_or_comes_back() {
    let state = tempfile::tempdir().unwrap();
    let (store, place) = in_memory();
    new_vault(&place).await;
    let vault = open_at(&place, state.path()).await;
    assert_eq!(vault.watch().await.unwrap(), []);
    let (first, _) = back_up(&vault, &events(3, 1), 1).await;
    // Not looked at in between: the backup itself remembers what it made.
    let vault = open_at(&place, state.path()).await;
    let name = name_of(&vault, &first.id, &store).await;
    let bytes = store.get(&name).await.unwrap().bytes().await.unwrap();
    store.delete(&name).await.unwrap();
    for _ in 0..2 {
        let problems = vault.watch().await.unwrap();
        assert_eq!(files(&problems), [name.as_ref()]);
        assert_eq!(
            problems[0].why,
            "it was there when this machine last looked, and is gone though nobody who has the key removed it"
        );
    }
    let checked = vault.check(CheckDepth::Structure, &Tally::default()).await.unwrap();
    assert_eq!(files(&checked.problems), [name.as_ref()]);
    store.put(&name, bytes.into()).await.unwrap();
    assert_eq!(vault.watch().await.unwrap(), []);
    store.delete(&name).await.unwrap();
    assert_eq!(vault.watch().await.unwrap().len(), 1);
    vault.accept().await.unwrap();
    assert_eq!(vault.watch().await.unwrap(), []);
}

async fn name_of(vault: &Vault, id: &str, store: &object_store::memory::InMemory) -> Path {
    use futures_util::TryStreamExt;
    use object_store::ObjectStore;
    assert!(vault.find(id).await.is_ok());
    let listed: Vec<_> = store.list(Some(&Path::from("snapshots"))).try_collect().await.expect("memory can be listed");
    let found = listed.into_iter().find(|meta| meta.location.as_ref().ends_with(id));
    found.expect("it is there").location
}

#[tokio::test]
async fn a_removed_key_that_is_put_back_is_warned_of() {
    let state = tempfile::tempdir().unwrap();
    let (store, place) = in_memory();
    new_vault(&place).await;
    let keys = KeyRing::open(&place, &passphrase("correct horse")).await.unwrap();
    let new = NewKey { unlock: passphrase("battery"), label: String::new(), cost: CHEAP };
    let slot = keys.add(new, at(1)).await.unwrap();
    let vault = open_at(&place, state.path()).await;
    assert_eq!(vault.watch().await.unwrap(), []);
    let name = Path::from(format!("keys/{}", slot.id));
    let bytes = store.get(&name).await.unwrap().bytes().await.unwrap();
    keys.remove(&slot.id).await.unwrap();
    assert_eq!(vault.watch().await.unwrap(), []);
    store.put(&name, bytes.into()).await.unwrap();
    let problems = vault.watch().await.unwrap();
    assert_eq!(files(&problems), [name.as_ref()]);
    assert_eq!(problems[0].why, "it was removed, and is there again: someone put an old file back");
    assert_eq!(files(&vault.watch().await.unwrap()), [name.as_ref()]);
}

#[tokio::test]
async fn what_is_remembered_is_private_and_may_be_lost_or_spoiled() {
    let state = tempfile::tempdir().unwrap();
    let (_, place) = in_memory();
    new_vault(&place).await;
    let vault = open_at(&place, &state.path().join("new")).await;
    back_up(&vault, &events(3, 1), 1).await;
    let file = state.path().join("new/vaults").join(format!("{}.json", vault.id()));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&file, "no JSON").unwrap();
    assert_eq!(vault.watch().await.unwrap(), []);
    std::fs::remove_dir_all(state.path().join("new")).unwrap();
    assert_eq!(vault.watch().await.unwrap(), []);
    assert!(std::fs::read_to_string(&file).unwrap().contains("snapshots/"));
}
