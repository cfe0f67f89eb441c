//! The configuration of a vault: what it is and which one; plain, and shown to be genuine once the key is there.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::error::{Error, ErrorKind};
use super::hex::{self, Id};
use super::seal::Keys;

/// Where the configuration lies.
pub(super) const NAME: &str = "config";
/// The version of the whole format that this program writes, and the newest that it reads.
pub(super) const VERSION: u32 = 1;
/// Most bytes of a configuration.
pub(super) const MOST_BYTES: u64 = 64 * 1024;
const FORMAT: &str = "davault";

/// The configuration as it lies in the vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Config {
    format: String,
    version: u32,
    id: String,
    created: String,
    /// HMAC over the fields above, in hexadecimal.
    mac: String,
}

/// What may be looked at before the rest, so that a newer version is not taken for damage.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl Config {
    pub(super) fn new(id: &Id, created: SystemTime, keys: &Keys) -> Self {
        let (format, created) = (FORMAT.to_owned(), timestamp(created));
        let mut config = Self { format, version: VERSION, id: hex::encode(id), created, mac: String::new() };
        config.mac = hex::encode(&keys.config_mac(&config.text()));
        config
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("strings and numbers are always JSON")
    }

    /// Reads what it says; shows nothing about who wrote it.
    pub(super) fn read(bytes: &[u8], place: &str) -> Result<Self, Error> {
        let no_vault = || Error::new(ErrorKind::NotAVault, format!("{place} holds a config, but not that of a vault"));
        let head: Head = serde_json::from_slice(bytes).map_err(|error| no_vault().because(error))?;
        if head.format != FORMAT {
            return Err(no_vault());
        }
        if head.version > VERSION {
            let what = format!(
                "the vault in {place} has format version {}, and this program reads up to {VERSION}",
                head.version
            );
            return Err(Error::new(ErrorKind::TooNew(head.version), what));
        }
        serde_json::from_slice(bytes)
            .map_err(|error| Error::damaged(NAME, "it does not say all that it should").because(error))
    }

    pub(super) fn id(&self) -> Result<Id, Error> {
        hex::decode(&self.id).ok_or_else(|| Error::damaged(NAME, "its id is none"))
    }

    /// Whether it was written by someone who has the master key.
    pub(super) fn verify(&self, keys: &Keys) -> Result<(), Error> {
        // Both sides are public once the vault is open, so comparing them needs no constant time.
        if self.mac == hex::encode(&keys.config_mac(&self.text())) {
            Ok(())
        } else {
            Err(Error::damaged(NAME, "it was changed after the vault was created"))
        }
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n{}\n", self.format, self.version, self.id, self.created)
    }
}

/// Seconds in UTC, as RFC 3339.
pub(super) fn timestamp(time: SystemTime) -> String {
    let stamp = jiff::Timestamp::try_from(time).unwrap_or_default();
    stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
