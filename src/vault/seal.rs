//! The keys that follow from a vault's master key, and sealing with them.

use chacha20poly1305::aead::{Aead, Generate, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

use super::address::{Address, LENGTH};
use super::hex::Id;

/// Bytes that sealing adds: a nonce of 24 in front, a tag of 16 behind.
pub(super) const OVERHEAD: usize = NONCE + 16;
const NONCE: usize = 24;

type HmacSha256 = Hmac<Sha256>;

/// A vault's master key; every other key follows from it.
pub(super) type Master = SecretBox<[u8; 32]>;

/// What an object holds; kept apart in blocks, and part of an object's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Content of an item, or a part of it.
    Data,
    /// A node of a tree.
    Tree,
}

impl Kind {
    pub(super) fn byte(self) -> u8 {
        match self {
            Kind::Data => 1,
            Kind::Tree => 2,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Kind::Data),
            2 => Some(Kind::Tree),
            _ => None,
        }
    }
}

/// A new random master key.
pub(super) fn new_master() -> Master {
    SecretBox::new(Box::new(chacha20poly1305::Key::generate().into()))
}

/// The keys of an open vault, one for each use, so that no two uses can be taken for each other.
#[derive(Clone)]
pub(super) struct Keys {
    vault: Id,
    address: HmacSha256,
    cut: HmacSha256,
    tag: HmacSha256,
    config: HmacSha256,
    slot: HmacSha256,
    pack: XChaCha20Poly1305,
    index: XChaCha20Poly1305,
    snapshot: XChaCha20Poly1305,
    mark: XChaCha20Poly1305,
}

impl Keys {
    pub(super) fn new(vault: Id, master: &Master) -> Self {
        let derive = |label: &str| -> [u8; 32] {
            let mut mac = keyed(master.expose_secret());
            mac.update(b"davault 1 ");
            mac.update(label.as_bytes());
            mac.finalize().into_bytes().into()
        };
        Self {
            vault,
            address: keyed(&derive("address")),
            cut: keyed(&derive("cut")),
            tag: keyed(&derive("tag")),
            config: keyed(&derive("config")),
            slot: keyed(&derive("slot")),
            pack: XChaCha20Poly1305::new(&derive("pack").into()),
            index: XChaCha20Poly1305::new(&derive("index").into()),
            snapshot: XChaCha20Poly1305::new(&derive("snapshot").into()),
            mark: XChaCha20Poly1305::new(&derive("mark").into()),
        }
    }

    /// What an object of this kind and content is called.
    pub(super) fn address(&self, kind: Kind, content: &[u8]) -> Address {
        let mut mac = self.address.clone();
        mac.update(&[kind.byte()]);
        mac.update(content);
        let mut address = [0; LENGTH];
        for (to, from) in address.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
        Address(address)
    }

    /// A number that looks random to everyone without the key, and is the same for the same level and name.
    pub(super) fn cut(&self, level: u32, name: &str) -> u32 {
        let mut mac = self.cut.clone();
        mac.update(&level.to_le_bytes());
        mac.update(name.as_bytes());
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let [a, b, c, d, ..] = hash;
        u32::from_le_bytes([a, b, c, d])
    }

    /// Shows that the plain configuration is the one written at creation.
    pub(super) fn config_mac(&self, text: &str) -> [u8; 32] {
        let mut mac = self.config.clone();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Shows that a key slot is as it was written.
    pub(super) fn slot_mac(&self, text: &[u8]) -> [u8; 32] {
        let mut mac = self.slot.clone();
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    /// Seals record `number` of a pack; `kind` is 0 for the record that ends it.
    pub(super) fn seal_record(&self, pack: &Id, number: u32, kind: u8, plain: &[u8]) -> Vec<u8> {
        seal(&self.pack, &record_place(&self.vault, pack, number, kind), plain)
    }

    /// Opens what [`Keys::seal_record`] sealed for the same pack, number and kind.
    pub(super) fn open_record(&self, pack: &Id, number: u32, kind: u8, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.pack, &record_place(&self.vault, pack, number, kind), sealed)
    }

    /// Seals a part of the index file that is called so.
    pub(super) fn seal_index(&self, file: &[u8; 17], number: u32, plain: &[u8]) -> Vec<u8> {
        seal(&self.index, &index_place(&self.vault, file, number), plain)
    }

    /// Opens what [`Keys::seal_index`] sealed for the same file and number.
    pub(super) fn open_index(&self, file: &[u8; 17], number: u32, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.index, &index_place(&self.vault, file, number), sealed)
    }

    /// What stands in the names of a source's snapshots: says nothing to those without the key.
    pub(super) fn tag(&self, source: &str) -> [u8; 4] {
        let mut mac = self.tag.clone();
        mac.update(source.as_bytes());
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }

    /// Seals a mark.
    pub(super) fn seal_mark(&self, mark: &Id, plain: &[u8]) -> Vec<u8> {
        seal(&self.mark, &place(b"davault mark", &self.vault, mark), plain)
    }

    /// Opens a mark of this id.
    pub(super) fn open_mark(&self, mark: &Id, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.mark, &place(b"davault mark", &self.vault, mark), sealed)
    }

    /// Seals a snapshot for its name.
    pub(super) fn seal_snapshot(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        seal(&self.snapshot, &place(b"davault snapshot", &self.vault, name.as_bytes()), plain)
    }

    /// Opens a snapshot of this name.
    pub(super) fn open_snapshot(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.snapshot, &place(b"davault snapshot", &self.vault, name.as_bytes()), sealed)
    }
}

/// Seals with a key that was made for one slot; see `key`.
pub(super) fn seal_with(key: &[u8; 32], place: &[u8], plain: &[u8]) -> Vec<u8> {
    seal(&XChaCha20Poly1305::new(key.into()), place, plain)
}

/// Opens what [`seal_with`] sealed.
pub(super) fn open_with(key: &[u8; 32], place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    open(&XChaCha20Poly1305::new(key.into()), place, sealed)
}

fn place(what: &[u8], vault: &Id, name: &[u8]) -> Vec<u8> {
    [what, vault, name].concat()
}

fn index_place(vault: &Id, file: &[u8; 17], number: u32) -> Vec<u8> {
    [b"davault index".as_slice(), vault, file, &number.to_le_bytes()].concat()
}

fn record_place(vault: &Id, pack: &Id, number: u32, kind: u8) -> Vec<u8> {
    [b"davault pack".as_slice(), vault, pack, &number.to_le_bytes(), &[kind]].concat()
}

fn seal(cipher: &XChaCha20Poly1305, place: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce = XNonce::generate();
    let sealed = cipher
        .encrypt(&nonce, Payload { msg: plain, aad: place })
        .expect("XChaCha20-Poly1305 seals anything below 256 GiB, and blocks are bounded by a few MiB");
    [nonce.as_slice(), &sealed].concat()
}

fn open(cipher: &XChaCha20Poly1305, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: place }).ok()
}

fn keyed(key: &[u8; 32]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}
