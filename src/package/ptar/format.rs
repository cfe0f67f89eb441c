//! What stands at which place of an archive: magics, versions, kinds, and the wrappers around its three parts.

use super::hash;

/// First bytes of an archive.
pub(super) const MAGIC: &[u8; 8] = b"_PLATAR_";
/// First bytes of each part.
pub(super) const PART_MAGIC: &[u8; 8] = b"_KLOSET_";
/// The same, as earlier hosts wrote them.
pub(super) const OLD_PART_MAGIC: &[u8; 8] = b"_PLAKAR_";
/// Bytes of a part's head: magic, kind, version.
pub(super) const PART_HEAD: usize = 16;
/// Bytes of the trailer: offset and length of configuration, packfile and state.
pub(super) const TRAILER: usize = 48;
/// Bytes of one record of the packfile's index.
pub(super) const INDEX_RECORD: usize = 56;
/// Bytes of the footer of the packfile.
pub(super) const FOOTER: usize = 56;

/// A version as it is stored: `major << 16 | minor << 8 | patch`.
pub(super) const V1_0: u32 = 0x0001_0000;
/// The version of states with a parent.
pub(super) const V1_1: u32 = 0x0001_0100;

/// Kinds of parts and blobs that are looked at.
pub(super) mod kind {
    pub const CONFIGURATION: u32 = 1;
    pub const STATE: u32 = 3;
    pub const PACKFILE: u32 = 4;
    pub const SNAPSHOT: u32 = 5;
    pub const SIGNATURE: u32 = 6;
    pub const OBJECT: u32 = 7;
    pub const CHUNK: u32 = 9;
    pub const VFS_TREE: u32 = 10;
    pub const VFS_NODE: u32 = 11;
    pub const ENTRY: u32 = 12;
    pub const ERROR_TREE: u32 = 13;
    pub const ERROR_NODE: u32 = 14;
    pub const XATTR_TREE: u32 = 16;
    pub const XATTR_NODE: u32 = 17;
    pub const INDEX_TREE: u32 = 19;
    pub const INDEX_NODE: u32 = 20;
    pub const SUMMARY: u32 = 21;
    pub const PADDING: u32 = 255;
}

/// Kinds of records of a state.
pub(super) mod record {
    pub const METADATA: u8 = 1;
    pub const LOCATION: u8 = 2;
    pub const DELETED: u8 = 3;
    pub const PACKFILE: u8 = 4;
    pub const DELETE: u8 = 6;
}

/// A part of an archive: its head has been looked at, its hash not yet.
pub(super) struct Part<'b> {
    /// Version from its head.
    pub version: u32,
    /// All before the hash, which is what it is taken of.
    pub hashed: &'b [u8],
    /// What is between head and hash.
    pub payload: &'b [u8],
    /// The hash at its end.
    pub hash: hash::Mac,
}

impl<'b> Part<'b> {
    /// Takes a part of this kind apart.
    pub fn read(bytes: &'b [u8], expected: u32) -> Option<Self> {
        let (hashed, hash) = bytes.split_last_chunk::<{ hash::LENGTH }>()?;
        let mut input = Bytes(hashed);
        let magic = input.take::<8>()?;
        let is_ours = &magic == PART_MAGIC || &magic == OLD_PART_MAGIC;
        let kind = input.u32()?;
        let version = input.u32()?;
        (is_ours && kind == expected).then_some(Part { version, hashed, payload: input.0, hash: *hash })
    }
}

/// Bytes that are read from their beginning; numbers are little endian.
#[derive(Clone)]
pub(super) struct Bytes<'b>(pub &'b [u8]);

impl<'b> Bytes<'b> {
    pub fn slice(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// A length of 4 bytes.
    pub fn length(&mut self) -> Option<usize> {
        self.u32()?.try_into().ok()
    }

    /// An offset or length of 8 bytes; a negative or huge one is none.
    pub fn offset(&mut self) -> Option<usize> {
        self.u64()?.try_into().ok()
    }
}
