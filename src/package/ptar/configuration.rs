//! The configuration of an archive: how the rest of it is to be read.

use super::format::{Part, V1_0, kind};
use super::hash::{self, Hashing};
use super::msgpack::Value;
use crate::package::error::Error;

/// Longest configuration that a host reads, in bytes.
pub(super) const LONGEST: usize = 32_768;

/// How the rest of an archive is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Configuration {
    pub repository: [u8; 16],
    pub hashing: Hashing,
    /// Whether blobs, index, footer and state are LZ4 frames.
    pub is_compressed: bool,
}

impl Configuration {
    /// Reads the part and checks its hash.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |why: &str| Error::damaged(format!("its configuration is damaged: {why}"));
        if bytes.len() > LONGEST {
            return Err(damaged("it is too long"));
        }
        let part = Part::read(bytes, kind::CONFIGURATION).ok_or_else(|| damaged("it does not begin as one"))?;
        if part.version > V1_0 {
            return Err(Error::refused("it is of a later format than this program reads"));
        }
        if hash::plain(part.hashed) != part.hash {
            return Err(damaged("its hash is wrong, or the archive is encrypted, which no package is"));
        }
        let value = Value::read(part.payload).ok_or_else(|| damaged("it can't be understood"))?;
        if value.get("Encryption").is_some() {
            return Err(Error::refused("it is encrypted, which no package is"));
        }
        let algorithm =
            |of: &str| value.get(of).map(|of| of.get("Algorithm").and_then(Value::text).unwrap_or_default());
        let hashing = match algorithm("Hashing") {
            Some("BLAKE3") => Hashing::Blake3,
            Some("SHA256") => Hashing::Sha256,
            _ => return Err(Error::refused("it is hashed in a way that this program does not know")),
        };
        let is_compressed = match algorithm("Compression") {
            None => false,
            Some("LZ4") => true,
            Some(_) => return Err(Error::refused("it is compressed in a way that this program does not know")),
        };
        let repository = value.get("RepositoryID").and_then(Value::bytes).ok_or_else(|| damaged("it names no id"))?;
        Ok(Self { repository, hashing, is_compressed })
    }
}
