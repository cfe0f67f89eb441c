//! The hashes of an archive: of its configuration, and keyed ones of all else (`MAC`).

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest, Sha256};

/// Bytes of a hash.
pub(super) const LENGTH: usize = 32;
/// A hash: where it is keyed, the name of what it was taken of.
pub(super) type Mac = [u8; LENGTH];

/// How the MACs of one archive are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashing {
    /// BLAKE3, keyed.
    Blake3,
    /// HMAC-SHA-256; only `plakar ptar -hashing sha256` makes these.
    Sha256,
}

/// The hash of the configuration, always BLAKE3 without a key.
pub(super) fn plain(bytes: &[u8]) -> Mac {
    blake3::hash(bytes).into()
}

/// Bytes in hexadecimal.
pub(in crate::package) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes the MACs of one archive. The key of an archive that is not encrypted is no secret: a MAC shows damage, not forgery.
#[derive(Debug, Clone)]
pub(super) struct Hasher {
    hashing: Hashing,
    key: Mac,
}

impl Hasher {
    pub fn new(hashing: Hashing, repository: &[u8; 16]) -> Self {
        let key = match hashing {
            Hashing::Blake3 => plain(repository),
            Hashing::Sha256 => Sha256::digest(repository).into(),
        };
        Self { hashing, key }
    }

    pub fn mac(&self, bytes: &[u8]) -> Mac {
        let mut running = self.start();
        running.update(bytes);
        running.finish()
    }

    /// A MAC of what comes in pieces.
    pub fn start(&self) -> Running {
        match self.hashing {
            Hashing::Blake3 => Running::Blake3(Box::new(blake3::Hasher::new_keyed(&self.key))),
            Hashing::Sha256 => {
                let keyed = Hmac::new_from_slice(&self.key).expect("HMAC takes keys of any length");
                Running::Sha256(Box::new(keyed))
            }
        }
    }
}

/// See [`Hasher::start`].
pub(super) enum Running {
    Blake3(Box<blake3::Hasher>),
    Sha256(Box<Hmac<Sha256>>),
}

impl Running {
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Running::Blake3(hasher) => {
                hasher.update(bytes);
            }
            Running::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub fn finish(self) -> Mac {
        match self {
            Running::Blake3(hasher) => hasher.finalize().into(),
            Running::Sha256(hasher) => hasher.finalize().into_bytes().into(),
        }
    }
}
