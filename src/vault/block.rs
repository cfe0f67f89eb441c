//! A block: objects of one kind side by side, compressed as a whole. Calendars are thousands of texts of 1 KB that are
//! alike; alone they hardly compress, together to a fifth.

use bytes::Bytes;
use prost::encoding::{decode_varint, encode_varint};

use super::address::Address;
use super::seal::Kind;
use super::squeeze;

/// Bytes of objects after which a block is closed.
pub(super) const TARGET: usize = 256 * 1024;
/// Most bytes of a block before compression; a block holds at least one object, which is at most 4 MiB.
pub(super) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Objects that will become a block.
pub(super) struct Gathered {
    pub(super) kind: Kind,
    /// Address and length of each object, in order.
    pub(super) objects: Vec<(Address, u32)>,
    bytes: Vec<u8>,
}

impl Gathered {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, objects: Vec::new(), bytes: Vec::new() }
    }

    /// Adds an object; true once the block should be closed. `content` is bounded by a few MiB.
    pub(super) fn push(&mut self, address: Address, content: &[u8]) -> bool {
        let length = u32::try_from(content.len()).expect("objects are cut to a few MiB before they come here");
        self.objects.push((address, length));
        self.bytes.extend_from_slice(content);
        self.bytes.len() >= TARGET
    }

    /// Length before compression, and the compressed block.
    pub(super) fn close(&self) -> (u32, Vec<u8>) {
        let mut raw = Vec::with_capacity(self.bytes.len() + self.objects.len() * 3 + 4);
        encode_varint(self.objects.len() as u64, &mut raw);
        for (_, length) in &self.objects {
            encode_varint(u64::from(*length), &mut raw);
        }
        raw.extend_from_slice(&self.bytes);
        let length = u32::try_from(raw.len()).expect("a block is bounded by a few MiB");
        (length, squeeze::compress(&raw))
    }
}

/// An opened block.
#[derive(Debug, Clone)]
pub(super) struct Block {
    bytes: Bytes,
    /// Where each object starts and ends in `bytes`.
    objects: Vec<(usize, usize)>,
}

impl Block {
    /// Reads a compressed block; `None` where it is not one.
    pub(super) fn read(compressed: &[u8]) -> Option<Self> {
        let bytes = Bytes::from(squeeze::expand(compressed, MOST_BYTES)?);
        let mut rest = bytes.as_ref();
        let count = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
        if count > rest.len() {
            return None;
        }
        let mut lengths = Vec::with_capacity(count);
        for _ in 0..count {
            lengths.push(usize::try_from(decode_varint(&mut rest).ok()?).ok()?);
        }
        let mut at = bytes.len() - rest.len();
        let mut objects = Vec::with_capacity(count);
        for length in lengths {
            let end = at.checked_add(length).filter(|end| *end <= bytes.len())?;
            objects.push((at, end));
            at = end;
        }
        (at == bytes.len()).then_some(Self { bytes, objects })
    }

    /// Object number `number`, without copying it.
    pub(super) fn object(&self, number: u32) -> Option<Bytes> {
        let (start, end) = self.objects.get(usize::try_from(number).ok()?)?;
        Some(self.bytes.slice(*start..*end))
    }

    /// Its length before compression.
    pub(super) fn raw(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes that it takes in memory.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.objects.len() * size_of::<(usize, usize)>()
    }
}
