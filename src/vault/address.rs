//! What an object is called: a keyed hash of its kind and content.

use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::hex;

/// Bytes of an address. 160 bits of a keyed hash: nobody without the key can look for collisions, and among 2^40 objects
/// two meet by chance with probability 2^-81. 12 bytes less than the whole hash, twice for each item.
pub(super) const LENGTH: usize = 20;

/// The first [`LENGTH`] bytes of HMAC-SHA-256(address key, kind byte and content).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address(pub(super) [u8; LENGTH]);

impl Address {
    /// The address in exactly [`LENGTH`] bytes.
    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The first eight bytes as a number: numbers sort as addresses do.
    pub(super) fn prefix(&self) -> u64 {
        self.0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// The bytes are evenly spread already, by a key that nobody outside knows: eight of them are hash enough.
impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(self.0) {
            *to = from;
        }
        state.write_u64(u64::from_le_bytes(first));
    }
}

/// A hasher for [`Address`] alone: hands on the eight bytes that it was given.
#[derive(Default, Clone, Copy)]
pub(super) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Builds [`AddressHasher`]s.
pub(super) type BuildAddressHasher = BuildHasherDefault<AddressHasher>;
