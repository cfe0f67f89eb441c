//! Passphrases and key files: several open one vault, each can go but the one in use, and what happens to a slot shows.

use davault::report::Tally;
use davault::vault::{CheckDepth, ErrorKind, KeyChange, KeyCost, KeyRing, NewKey, Place, Unlock, Vault};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::world::{CHEAP, at, in_memory, new_vault, passphrase};

fn key(text: &str) -> NewKey {
    NewKey { unlock: passphrase(text), label: format!("label of {text}"), cost: CHEAP }
}

fn key_file() -> Unlock {
    Unlock::KeyFile(b"32 bytes, or any other number".to_vec().into())
}

async fn ring(place: &Place, text: &str) -> KeyRing {
    KeyRing::open(place, &passphrase(text)).await.expect("it opens")
}

async fn opens(place: &Place, unlock: &Unlock) -> bool {
    Vault::open(place, unlock).await.map_err(|error| assert_eq!(error.kind, ErrorKind::WrongPassphrase)).is_ok()
}

#[tokio::test]
async fn several_keys_open_a_vault_and_all_but_the_one_in_use_can_be_removed() {
    let (_, place) = in_memory();
    new_vault(&place).await;
    let first = ring(&place, "correct horse").await;
    let second = first.add(key("battery"), at(60)).await.unwrap();
    let file = NewKey { unlock: key_file(), label: String::new(), cost: CHEAP };
    first.add(file, at(120)).await.unwrap();
    for unlock in [passphrase("correct horse"), passphrase("battery"), key_file()] {
        assert!(opens(&place, &unlock).await);
    }
    let slots = first.slots().await.unwrap();
    let about: Vec<_> = slots.iter().map(|slot| slot.about.clone().unwrap()).collect();
    assert_eq!(slots.iter().map(|slot| slot.in_use).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(
        about.iter().map(|about| about.kind.as_str()).collect::<Vec<_>>(),
        ["passphrase", "passphrase", "keyfile"]
    );
    assert_eq!((about[1].label.as_str(), about[1].created.as_str()), ("label of battery", "2026-05-28T20:27:40Z"));

    let in_use = first.remove(&slots[0].id[..8]).await.unwrap_err();
    assert_eq!(in_use.kind, ErrorKind::InUse);
    assert_eq!(in_use.to_string(), format!("key {} is the one that opened the vault now", slots[0].id));
    assert_eq!(first.remove("").await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(first.remove("xyz").await.unwrap_err().kind, ErrorKind::NotFound);

    let by_second = ring(&place, "battery").await;
    by_second.remove(&slots[0].id).await.unwrap();
    by_second.remove(&slots[2].id[..16]).await.unwrap();
    assert!(!opens(&place, &passphrase("correct horse")).await);
    assert!(!opens(&place, &key_file()).await);
    let only = by_second.remove(&second.id).await.unwrap_err();
    assert_eq!(only.to_string(), format!("key {} is the only one that opens the vault", second.id));
}

#[tokio::test]
async fn a_changed_passphrase_keeps_its_label_and_may_cost_more() {
    let (_, place) = in_memory();
    new_vault(&place).await;
    let mut keys = ring(&place, "correct horse").await;
    let dearer = KeyCost { memory_kib: 64, passes: 2, lanes: 1 };
    let to = |unlock, label: Option<&str>| KeyChange { unlock, label: label.map(str::to_owned), cost: dearer };
    keys.change(to(Some(passphrase("battery")), Some("laptop")), at(1)).await.unwrap();
    assert!(!opens(&place, &passphrase("correct horse")).await);
    let same = keys.change(to(Some(passphrase("battery")), None), at(2)).await.unwrap_err();
    assert_eq!(same.to_string(), "this passphrase is the one that the vault has");
    keys.change(to(None, None), at(2)).await.unwrap();
    assert!(opens(&place, &passphrase("battery")).await);
    let slots = ring(&place, "battery").await.slots().await.unwrap();
    let about = slots[0].about.clone().unwrap();
    assert_eq!((slots.len(), about.label.as_str(), about.cost), (1, "laptop", dearer));
    assert_eq!(keys.add(key("battery"), at(3)).await.unwrap_err().kind, ErrorKind::Exists);
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_refused_and_changes_nothing() {
    let (_, place) = in_memory();
    new_vault(&place).await;
    let keys = ring(&place, "correct horse").await;
    let label = NewKey { label: "two\nlines".into(), ..key("x") };
    let cost = NewKey { cost: KeyCost { memory_kib: 1, passes: 1, lanes: 1 }, ..key("x") };
    let huge = NewKey { cost: KeyCost { memory_kib: u32::MAX, passes: 1, lanes: 1 }, ..key("x") };
    for bad in [label, cost, huge] {
        assert_eq!(keys.add(bad, at(1)).await.unwrap_err().kind, ErrorKind::Usage);
    }
    assert_eq!(keys.slots().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_slot_that_was_changed_copied_or_brought_from_elsewhere_is_found_and_hides_no_other() {
    let (store, place) = in_memory();
    let vault = new_vault(&place).await;
    let keys = ring(&place, "correct horse").await;
    let slot = keys.add(key("battery"), at(1)).await.unwrap();
    let path = Path::from(format!("keys/{}", slot.id));
    let bytes = store.get(&path).await.unwrap().bytes().await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (other_store, other_place) = in_memory();
    new_vault(&other_place).await;
    let foreign = first_slot(&other_store).await;
    let changed = [
        (text.replace("label of", "LABEL OF").into_bytes(), "it is not as it was written"),
        (text.replace("\"passes\": 1", "\"passes\": 2").into_bytes(), "it is not as it was written"),
        (text.as_bytes()[..40].to_vec(), "it is not what a key slot is"),
        (first_slot(&store).await, "it is not as it was written"),
        (foreign, "it belongs to another vault"),
    ];
    for (bytes, why) in changed {
        store.put(&path, bytes.into()).await.unwrap();
        let error = Vault::open(&place, &passphrase("battery")).await.err().unwrap();
        assert!(error.to_string().starts_with("this passphrase does not open the vault in memory"), "{error}");
        let found = vault.check(CheckDepth::Structure, &Tally::default()).await.unwrap();
        let problems: Vec<_> =
            found.problems.iter().map(|problem| (&problem.file[..5], problem.why.as_str())).collect();
        assert_eq!(problems, [("keys/", why)]);
        let listed = keys.slots().await.unwrap();
        assert_eq!(listed.last().unwrap().about, Err(why.to_owned()));
    }
    keys.remove(&slot.id).await.unwrap();
    assert!(vault.check(CheckDepth::Structure, &Tally::default()).await.unwrap().is_sound());
}

/// The bytes of the slot that a vault was made with.
async fn first_slot(store: &InMemory) -> Vec<u8> {
    use futures_util::TryStreamExt;
    let mut listed: Vec<_> = store.list(Some(&Path::from("keys"))).try_collect().await.expect("memory can be listed");
    listed.sort_by_key(|meta| meta.last_modified);
    let first = listed.first().expect("every vault has a slot");
    let got = store.get(&first.location).await.expect("it was listed");
    got.bytes().await.expect("it is in memory").to_vec()
}
