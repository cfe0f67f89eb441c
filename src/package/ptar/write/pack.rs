//! The packfile while it grows.

use std::collections::BTreeMap;

use super::super::format::{FOOTER, INDEX_RECORD, V1_0, kind};
use super::super::hash::{Hasher, Hashing, Mac};
use super::super::lz4;
use super::super::msgpack::{Encoder, Width};
use super::{Stamp, Style};

/// Blobs back to back, each kind and MAC once.
pub(super) struct Pack {
    /// The stored bytes of all blobs.
    pub bytes: Vec<u8>,
    /// Offset and stored length of each blob.
    pub places: BTreeMap<(u32, Mac), (u64, u32)>,
    /// Offset of the first byte behind the last chunk.
    pub chunks_end: usize,
    pub hasher: Hasher,
    style: Style,
}

impl Pack {
    pub fn new(style: Style, stamp: &Stamp) -> Self {
        let hasher = Hasher::new(Hashing::Blake3, &stamp.repository);
        Self { bytes: Vec::new(), places: BTreeMap::new(), chunks_end: 0, hasher, style }
    }

    /// Stores a blob under its MAC, if it is not there yet.
    pub fn put(&mut self, kind: u32, content: &[u8]) -> Mac {
        let mac = self.hasher.mac(content);
        self.put_as(kind, mac, content);
        mac
    }

    /// Stores a blob under a name of its own.
    pub fn put_as(&mut self, kind: u32, name: Mac, content: &[u8]) {
        if self.places.contains_key(&(kind, name)) {
            return;
        }
        let stored = self.stored(content);
        self.places.insert((kind, name), (self.bytes.len() as u64, length(stored.len())));
        self.bytes.extend_from_slice(&stored);
        if kind == kind::CHUNK {
            self.chunks_end = self.bytes.len();
        }
    }

    /// A record in the style of this archive.
    pub fn encoder(&self) -> Encoder {
        Encoder::new(if self.style.is_full { Width::Fixed } else { Width::Shortest })
    }

    /// Whether all fields are written, or only those that are needed.
    pub fn is_full(&self) -> bool {
        self.style.is_full
    }

    /// Bytes as they are stored: compressed or not.
    pub fn stored(&self, content: &[u8]) -> Vec<u8> {
        self.style.compression.map_or_else(|| content.to_vec(), |blocks| lz4::compress(content, blocks))
    }

    /// The blobs with index and footer behind them: the payload of the packfile.
    pub fn payload(&self) -> Vec<u8> {
        let mut index = Vec::with_capacity(self.places.len() * INDEX_RECORD);
        for ((kind, mac), (offset, length)) in &self.places {
            index.extend_from_slice(&kind.to_le_bytes());
            index.extend_from_slice(&V1_0.to_le_bytes());
            index.extend_from_slice(mac);
            index.extend_from_slice(&offset.to_le_bytes());
            index.extend_from_slice(&length.to_le_bytes());
            index.extend_from_slice(&0_u32.to_le_bytes());
        }
        let mut footer = Vec::with_capacity(FOOTER);
        footer.extend_from_slice(&0_i64.to_le_bytes());
        footer.extend_from_slice(&length(self.places.len()).to_le_bytes());
        footer.extend_from_slice(&(self.bytes.len() as u64).to_le_bytes());
        footer.extend_from_slice(&self.hasher.mac(&index));
        footer.extend_from_slice(&0_u32.to_le_bytes());
        let footer = self.stored(&footer);
        let mut payload = self.bytes.clone();
        payload.extend_from_slice(&self.stored(&index));
        payload.extend_from_slice(&footer);
        payload.extend_from_slice(&length(footer.len()).to_le_bytes());
        payload
    }
}

/// A length of four bytes. Chunks, nodes and records have a few MB at most, and of records there are fewer than bytes.
pub(super) fn length(length: usize) -> u32 {
    u32::try_from(length).expect("no piece of an archive that fits into memory comes to 4 GiB")
}
