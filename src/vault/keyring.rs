//! The key slots of a vault: opening one, and what the commands `key …` do with them.

use std::sync::Arc;
use std::time::SystemTime;

use super::config;
use super::error::{Error, ErrorKind};
use super::hex::{self, Id};
use super::key::{self, KeyCost, NewKey, Slot, Unlock};
use super::open::config_at;
use super::place::Place;
use super::seal::{Keys, Master};
use super::store::Store;

/// The key slots of a vault, opened with one of them. Holds the master key, so it is kept for as long as a command on keys
/// takes, and no longer.
pub struct KeyRing {
    store: Store,
    vault: Id,
    master: Arc<Master>,
    keys: Keys,
    unlock: Unlock,
    in_use: Id,
}

/// A key slot, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySlot {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Whether it is the one that opened the vault now.
    pub in_use: bool,
    /// What is known of it; or why that can't be known, one sentence.
    pub about: Result<KeyAbout, String>,
}

/// What is known of a key slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAbout {
    /// `passphrase` or `keyfile`.
    pub kind: String,
    /// What a person called it; perhaps nothing.
    pub label: String,
    /// When it was made: RFC 3339, in UTC.
    pub created: String,
    /// What each guess at it costs.
    pub cost: KeyCost,
}

/// What a key is changed to; what is `None` stays.
#[derive(Debug, Clone)]
pub struct KeyChange {
    /// What opens the vault from now on.
    pub unlock: Option<Unlock>,
    /// The words to know it by.
    pub label: Option<String>,
    /// What each guess shall cost.
    pub cost: KeyCost,
}

impl KeyRing {
    /// Opens the key slots; fails as [`super::Vault::open`] does.
    pub async fn open(place: &Place, unlock: &Unlock) -> Result<KeyRing, Error> {
        let store = place.store()?;
        let config = config_at(&store).await?;
        let vault = config.id()?;
        let (in_use, master) = open_slot(&store, &vault, unlock, None).await?;
        let keys = Keys::new(vault, &master);
        config.verify(&keys)?;
        Ok(KeyRing { store, vault, master: Arc::new(master), keys, unlock: unlock.clone(), in_use })
    }

    /// All slots, oldest first; damaged ones last.
    pub async fn slots(&self) -> Result<Vec<KeySlot>, Error> {
        let mut slots = Vec::new();
        for (id, slot) in read_slots(&self.store).await? {
            let about = judge(&self.keys, &self.vault, &id, slot.as_ref());
            slots.push(KeySlot { id: hex::encode(&id), in_use: id == self.in_use, about });
        }
        let age = |slot: &KeySlot| (slot.about.is_err(), slot.about.as_ref().map(|about| about.created.clone()).ok());
        slots.sort_by_cached_key(age);
        Ok(slots)
    }

    /// Adds a slot; the others go on to open the vault. [`ErrorKind::Exists`] for the secret that is in use already.
    pub async fn add(&self, new: NewKey, now: SystemTime) -> Result<KeySlot, Error> {
        if new.unlock.is_same(&self.unlock) {
            let what = format!("this {} opens the vault already", new.unlock.noun());
            return Err(Error::new(ErrorKind::Exists, what));
        }
        if read_slots(&self.store).await?.len() >= key::MOST_SLOTS {
            let what = format!("the vault has {} key slots, and no more are looked at", key::MOST_SLOTS);
            return Err(Error::usage(what));
        }
        self.write(new, now).await
    }

    /// Removes the slot whose id begins with `which`. [`ErrorKind::InUse`] for the one that opened the vault, so that one is
    /// always left.
    pub async fn remove(&self, which: &str) -> Result<KeySlot, Error> {
        let mut meant = self.slots().await?;
        let is_only = meant.len() == 1;
        meant.retain(|slot| !which.is_empty() && slot.id.starts_with(which));
        let slot = match meant.pop() {
            None => return Err(Error::new(ErrorKind::NotFound, format!("there is no key {which}"))),
            Some(_) if !meant.is_empty() => {
                return Err(Error::new(ErrorKind::Ambiguous, format!("more than one key begins with {which}")));
            }
            Some(slot) => slot,
        };
        if slot.in_use {
            let why = if is_only { "the only one that opens the vault" } else { "the one that opened the vault now" };
            return Err(Error::new(ErrorKind::InUse, format!("key {} is {why}", slot.id)));
        }
        self.store.delete(&format!("keys/{}", slot.id)).await?;
        Ok(slot)
    }

    /// Puts a slot in place of the one that opened the vault. The new one is written and read back before the old one goes, so
    /// that at no moment the vault is without.
    pub async fn change(&mut self, change: KeyChange, now: SystemTime) -> Result<KeySlot, Error> {
        let is_new = |unlock: &Unlock| !unlock.is_same(&self.unlock);
        if let Some(unlock) = change.unlock.as_ref().filter(|unlock| !is_new(unlock)) {
            let what = format!("this {} is the one that the vault has", unlock.noun());
            return Err(Error::new(ErrorKind::Exists, what));
        }
        let unlock = change.unlock.unwrap_or_else(|| self.unlock.clone());
        let label = match change.label {
            Some(label) => label,
            None => self.label().await?,
        };
        let slot = self.write(NewKey { unlock: unlock.clone(), label, cost: change.cost }, now).await?;
        let old = std::mem::replace(&mut self.in_use, hex::decode(&slot.id).unwrap_or_default());
        self.unlock = unlock;
        match self.store.delete(&key::name(&old)).await {
            Ok(()) => Ok(KeySlot { in_use: true, ..slot }),
            Err(error) => {
                let what = format!("the new key works, and the old one, {}, does too", hex::encode(&old));
                Err(Error::new(error.kind, what).because(error))
            }
        }
    }

    async fn label(&self) -> Result<String, Error> {
        let bytes = self.store.get(&key::name(&self.in_use), key::MOST_BYTES).await?;
        Ok(Slot::read(&bytes).map(|slot| slot.label).unwrap_or_default())
    }

    async fn write(&self, new: NewKey, now: SystemTime) -> Result<KeySlot, Error> {
        let (id, unlock) = (hex::new_id(), new.unlock.clone());
        let (vault, master) = (self.vault, self.master.clone());
        let slot = off_thread(move || Slot::new(&vault, &id, &new, now, &master)).await??;
        self.store.put(&key::name(&id), slot.to_bytes()).await?;
        let stored = Slot::read(&self.store.get(&key::name(&id), key::MOST_BYTES).await?);
        let opens = stored.is_some_and(|slot| slot.is_genuine(&id, &self.keys) && slot.takes(&unlock));
        if !opens {
            return Err(Error::damaged(&key::name(&id), "it is not what was just written"));
        }
        let about = judge(&self.keys, &self.vault, &id, Some(&slot));
        Ok(KeySlot { id: hex::encode(&id), in_use: false, about })
    }
}

/// Makes the first slot of a vault.
pub(super) async fn first_slot(
    vault: Id,
    slot: Id,
    new: NewKey,
    now: SystemTime,
    master: Master,
) -> Result<Slot, Error> {
    off_thread(move || Slot::new(&vault, &slot, &new, now, &master)).await?
}

/// The master key, from the first slot that opens, and which that is; the slot `likely` is tried before the others.
pub(super) async fn open_slot(
    store: &Store,
    vault: &Id,
    unlock: &Unlock,
    likely: Option<Id>,
) -> Result<(Id, Master), Error> {
    let mut slots = read_slots(store).await?;
    slots.sort_by_key(|(id, _)| Some(*id) != likely);
    if slots.is_empty() {
        return Err(Error::new(ErrorKind::Missing, format!("the vault in {} has no key slot left", store.place)));
    }
    let vault = hex::encode(vault);
    let mut damaged = 0;
    for (id, slot) in slots {
        // One slot that is damaged must not keep the others from opening.
        let Some(slot) = slot.filter(|slot| slot.vault == vault) else {
            damaged += 1;
            continue;
        };
        if slot.takes(unlock) {
            let unlock = unlock.clone();
            if let Some(master) = off_thread(move || slot.open(&id, &unlock)).await? {
                return Ok((id, master));
            }
        }
    }
    Err(key::wrong(unlock, &store.place, damaged))
}

/// Slots that are not as they were written, with the reason.
pub(super) async fn damaged_slots(store: &Store, vault: &Id, keys: &Keys) -> Result<Vec<(String, String)>, Error> {
    let slots = read_slots(store).await?;
    let judged = slots.iter().map(|(id, slot)| (key::name(id), judge(keys, vault, id, slot.as_ref())));
    Ok(judged.filter_map(|(name, about)| Some((name, about.err()?))).collect())
}

/// Whether the configuration is still what it was; it was read long ago.
pub(super) async fn config_problem(store: &Store, keys: &Keys) -> Result<Option<(String, Error)>, Error> {
    match config_at(store).await.and_then(|config| config.verify(keys)) {
        Err(error) if error.kind == ErrorKind::Storage => Err(error),
        other => Ok(other.err().map(|error| (config::NAME.to_owned(), error))),
    }
}

fn judge(keys: &Keys, vault: &Id, id: &Id, slot: Option<&Slot>) -> Result<KeyAbout, String> {
    let slot = slot.ok_or("it is not what a key slot is")?;
    if slot.vault != hex::encode(vault) {
        return Err("it belongs to another vault".to_owned());
    }
    if !slot.is_genuine(id, keys) {
        return Err("it is not as it was written".to_owned());
    }
    let Slot { kind, label, created, .. } = slot.clone();
    Ok(KeyAbout { kind, label, created, cost: slot.cost() })
}

/// The slots that are there, by id; `None` for one that makes no sense.
async fn read_slots(store: &Store) -> Result<Vec<(Id, Option<Slot>)>, Error> {
    let listed = store.list("keys").await?;
    let mut ids: Vec<Id> = listed.iter().filter_map(|file| hex::decode(&file.name)).collect();
    ids.sort_unstable();
    let mut slots = Vec::new();
    for id in ids.into_iter().take(key::MOST_SLOTS) {
        match store.get(&key::name(&id), key::MOST_BYTES).await {
            Ok(bytes) => slots.push((id, Slot::read(&bytes))),
            Err(error) if error.kind == ErrorKind::Damaged => slots.push((id, None)),
            // Removed since it was listed.
            Err(error) if error.kind == ErrorKind::Missing => {}
            Err(error) => return Err(error),
        }
    }
    Ok(slots)
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let broken_off = |error| Error::new(ErrorKind::Storage, "making the key was broken off").because(error);
    tokio::task::spawn_blocking(work).await.map_err(broken_off)
}
