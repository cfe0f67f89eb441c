//! Key slots: the master key, sealed under what a person knows (a passphrase) or has (a key file). Slots can be added and
//! removed without touching anything else.

use std::time::SystemTime;

use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use super::config::timestamp;
use super::error::{Error, ErrorKind};
use super::hex::{self, Id};
use super::seal::{self, Keys, Master};

/// Most bytes of a key slot's file.
pub(super) const MOST_BYTES: u64 = 64 * 1024;
/// Most slots that are looked at.
pub(super) const MOST_SLOTS: usize = 64;
/// Bounds on what a slot may ask of the machine that opens it: 2 GiB, and an hour at most on a slow one.
const MOST_MEMORY_KIB: u32 = 2 * 1024 * 1024;
const MOST_PASSES: u32 = 64;
const MOST_LANES: u32 = 16;
/// Most bytes of a label: a few words.
const LONGEST_LABEL: usize = 100;

/// What opens a vault.
#[derive(Debug, Clone)]
pub enum Unlock {
    /// A passphrase.
    Passphrase(SecretString),
    /// The content of a key file.
    KeyFile(SecretSlice<u8>),
}

impl Unlock {
    fn bytes(&self) -> &[u8] {
        match self {
            Unlock::Passphrase(passphrase) => passphrase.expose_secret().as_bytes(),
            Unlock::KeyFile(bytes) => bytes.expose_secret(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Unlock::Passphrase(_) => "passphrase",
            Unlock::KeyFile(_) => "keyfile",
        }
    }

    /// The word for it in a sentence.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Unlock::Passphrase(_) => "passphrase",
            Unlock::KeyFile(_) => "key file",
        }
    }

    pub(super) fn is_same(&self, other: &Unlock) -> bool {
        // Both were given by the same person, so comparing them needs no constant time.
        self.kind() == other.kind() && self.bytes() == other.bytes()
    }
}

/// What trying one passphrase costs, for Argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes; the work is the same, and a machine with several cores shares it.
    pub lanes: u32,
}

impl Default for KeyCost {
    /// 256 MiB and 3 passes in 4 lanes: about a second's work, and costly on the graphics cards of those who guess.
    fn default() -> Self {
        Self { memory_kib: 256 * 1024, passes: 3, lanes: 4 }
    }
}

/// A key that shall open a vault.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What opens it.
    pub unlock: Unlock,
    /// A few words to know it by, or none; anyone who sees the vault's files can read them.
    pub label: String,
    /// What each guess shall cost.
    pub cost: KeyCost,
}

/// A slot as it lies in the vault, under `keys/`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Slot {
    /// The vault that it belongs to.
    pub(super) vault: String,
    /// `passphrase` or `keyfile`.
    pub(super) kind: String,
    /// Always `argon2id`.
    function: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    pub(super) created: String,
    pub(super) label: String,
    /// The sealed master key: nonce, 32 bytes, tag.
    sealed: String,
    /// Shows to whoever has the master key, whatever opened it, that the slot is as it was written.
    mac: String,
}

/// Where the slot of this id lies.
pub(super) fn name(id: &Id) -> String {
    format!("keys/{}", hex::encode(id))
}

impl Slot {
    /// Seals `master`; takes as long as the new key's cost says.
    pub(super) fn new(vault: &Id, slot: &Id, new: &NewKey, now: SystemTime, master: &Master) -> Result<Self, Error> {
        if new.label.len() > LONGEST_LABEL || new.label.contains(char::is_control) {
            let what = format!("a label is one line of at most {LONGEST_LABEL} bytes");
            return Err(Error::usage(what));
        }
        let cost = new.cost;
        let mut made = Self {
            vault: hex::encode(vault),
            kind: new.unlock.kind().to_owned(),
            function: "argon2id".to_owned(),
            memory_kib: cost.memory_kib,
            passes: cost.passes,
            lanes: cost.lanes,
            salt: hex::encode(&hex::new_id()),
            created: timestamp(now),
            label: new.label.clone(),
            sealed: String::new(),
            mac: String::new(),
        };
        let refused = || {
            let KeyCost { memory_kib, passes, lanes } = cost;
            let least = "the least is 8 KiB a lane and 1 pass, the most 2 GiB, 64 passes and 16 lanes";
            Error::usage(format!("a key can't cost {memory_kib} KiB, {passes} passes and {lanes} lanes; {least}"))
        };
        let key = made.key(&new.unlock).ok_or_else(refused)?;
        made.sealed = hex::encode(&seal::seal_with(key.expose_secret(), &made.place(slot), master.expose_secret()));
        made.mac = made.genuine(slot, &Keys::new(*vault, master));
        Ok(made)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("strings and numbers are always JSON")
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Whether this is the kind of secret that the slot wants.
    pub(super) fn takes(&self, unlock: &Unlock) -> bool {
        self.kind == unlock.kind() && self.function == "argon2id"
    }

    /// What each guess at it costs.
    pub(super) fn cost(&self) -> KeyCost {
        KeyCost { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes }
    }

    /// Whether it is as someone with the master key wrote it.
    pub(super) fn is_genuine(&self, slot: &Id, keys: &Keys) -> bool {
        // Whoever checks this has the key, so comparing needs no constant time.
        self.mac == self.genuine(slot, keys)
    }

    /// The master key, if `unlock` is right; takes as long as the slot's cost says.
    pub(super) fn open(&self, slot: &Id, unlock: &Unlock) -> Option<Master> {
        let key = self.key(unlock)?;
        let sealed = hex::decode_any(&self.sealed)?;
        let master = SecretBox::new(Box::new(seal::open_with(key.expose_secret(), &self.place(slot), &sealed)?));
        let master: [u8; 32] = master.expose_secret().as_slice().try_into().ok()?;
        Some(SecretBox::new(Box::new(master)))
    }

    fn key(&self, unlock: &Unlock) -> Option<SecretBox<[u8; 32]>> {
        if self.memory_kib > MOST_MEMORY_KIB || self.passes > MOST_PASSES || self.lanes > MOST_LANES {
            return None;
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let salt = hex::decode::<16>(&self.salt)?;
        let mut key = SecretBox::new(Box::new([0; 32]));
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(unlock.bytes(), &salt, secrecy::ExposeSecretMut::expose_secret_mut(&mut key)).ok()?;
        Some(key)
    }

    fn genuine(&self, slot: &Id, keys: &Keys) -> String {
        let sealed = self.sealed.as_bytes();
        hex::encode(&keys.slot_mac(&[self.place(slot).as_slice(), sealed, b"\n"].concat()))
    }

    /// What the sealed key is bound to: the vault, the slot, and all that is said of it.
    fn place(&self, slot: &Id) -> Vec<u8> {
        let Self { vault, kind, function, memory_kib, passes, lanes, salt, created, label, .. } = self;
        let slot = hex::encode(slot);
        let cost = format!("{memory_kib}\n{passes}\n{lanes}");
        format!("davault key\n{vault}\n{slot}\n{kind}\n{function}\n{cost}\n{salt}\n{created}\n{label}\n").into_bytes()
    }
}

/// The error for a secret that opens no slot; `damaged` slots could not be tried.
pub(super) fn wrong(unlock: &Unlock, place: &str, damaged: usize) -> Error {
    let noun = unlock.noun();
    let rest = match damaged {
        0 => String::new(),
        1 => " (one key slot is damaged)".to_owned(),
        many => format!(" ({many} key slots are damaged)"),
    };
    Error::new(ErrorKind::WrongPassphrase, format!("this {noun} does not open the vault in {place}{rest}"))
}
