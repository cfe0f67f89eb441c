//! Packs: blocks one after the other in a file of about 16 MiB, each sealed for its place in it.

use super::block::Gathered;
use super::hex::{self, Id};
use super::index::{Block, BlockContents, PackContents};
use super::seal::{Keys, OVERHEAD};

/// What every pack begins with; the last byte is the version of the pack format.
pub(super) const MAGIC: [u8; 8] = *b"davpack\x01";
/// Size in bytes after which a pack is closed: few enough files for S3, and small enough to assemble in memory.
pub(super) const TARGET: usize = 16 * 1024 * 1024;
/// The kind byte of the record that ends a pack.
pub(super) const END: u8 = 0;

/// Where the pack of this id lies: spread over 256 folders, as some file systems are slow with large ones.
pub(super) fn name(id: &Id) -> String {
    let id = hex::encode(id);
    let first: String = id.chars().take(2).collect();
    format!("packs/{first}/{id}")
}

/// The id of a pack from its name below `packs/`.
pub(super) fn id(name: &str) -> Option<Id> {
    let (first, id) = name.split_once('/')?;
    if id.starts_with(first) && first.len() == 2 { hex::decode(id) } else { None }
}

/// A pack that is being assembled in memory.
pub(super) struct Packer {
    id: Id,
    bytes: Vec<u8>,
    blocks: Vec<BlockContents>,
}

impl Packer {
    pub(super) fn new() -> Self {
        // All at once: growing by doubling would take up to twice as much. What is not used costs no memory.
        let mut bytes = Vec::with_capacity(TARGET + TARGET / 16);
        bytes.extend_from_slice(&MAGIC);
        Self { id: hex::new_id(), bytes, blocks: Vec::new() }
    }

    /// Seals a compressed block to the end of the pack; `raw` is its length before compression.
    pub(super) fn push(&mut self, keys: &Keys, gathered: Gathered, raw: u32, compressed: &[u8]) {
        let at = self.record(keys, gathered.kind.byte(), compressed);
        let sealed = u32::try_from(compressed.len() + OVERHEAD).expect("a block is bounded by a few MiB");
        let block = Block { kind: gathered.kind, at, sealed, raw };
        let mut objects = gathered.objects;
        // A million of them wait for their index.
        objects.shrink_to_fit();
        self.blocks.push(BlockContents { block, objects });
    }

    /// Whether the pack should be closed.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= TARGET
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Ends the pack: its id, its bytes, and what the index says of it.
    pub(super) fn close(mut self, keys: &Keys) -> (Id, Vec<u8>, PackContents) {
        let count = u32::try_from(self.blocks.len()).expect("a pack is closed long before");
        self.record(keys, END, &count.to_le_bytes());
        let size = self.bytes.len() as u64;
        (self.id, self.bytes, PackContents { id: self.id, size, blocks: self.blocks })
    }

    fn record(&mut self, keys: &Keys, kind: u8, plain: &[u8]) -> u64 {
        let number = u32::try_from(self.blocks.len()).expect("a pack is closed long before");
        let sealed = keys.seal_record(&self.id, number, kind, plain);
        let length = u32::try_from(sealed.len()).expect("a record is bounded by a few MiB");
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.push(kind);
        let at = self.bytes.len() as u64;
        self.bytes.extend_from_slice(&sealed);
        at
    }
}
