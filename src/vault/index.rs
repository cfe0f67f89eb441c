//! Where every object lies, as the index files together say, held in memory.

use std::collections::{HashMap, HashSet};

use prost::Message as _;

use super::address::{Address, BuildAddressHasher, LENGTH};
use super::hex::{self, Id};
use super::message;
use super::seal::{Keys, Kind, OVERHEAD};
use super::squeeze;

/// Largest index file before compression, in bytes.
pub(super) const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Objects after which a further index file is begun, so that each stays well below [`MOST_BYTES`].
pub(super) const MOST_OBJECTS: usize = 1_000_000;

/// Where the index file of this id lies.
pub(super) fn name(id: &Id) -> String {
    format!("index/{}", hex::encode(id))
}

/// An index file from its sealed bytes; `None` where they are damaged.
pub(super) fn open(keys: &Keys, id: &Id, sealed: &[u8]) -> Option<message::Index> {
    let plain = squeeze::expand(&keys.open_index(id, sealed)?, MOST_BYTES)?;
    message::Index::decode(plain.as_slice()).ok()
}

/// The sealed bytes of an index file.
pub(super) fn seal(keys: &Keys, id: &Id, index: &message::Index) -> Vec<u8> {
    keys.seal_index(id, &squeeze::compress(&index.encode_to_vec()))
}

/// All index files together.
#[derive(Default)]
pub(super) struct Index {
    pub(super) packs: Vec<Pack>,
    blocks: Vec<Block>,
    objects: HashMap<Address, At, BuildAddressHasher>,
    /// Index files that are in here, or replaced by one that is.
    pub(super) read: HashSet<Id>,
}

/// A pack that the index knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pack {
    pub(super) id: Id,
    pub(super) size: u64,
    /// How many blocks it has.
    pub(super) blocks: u32,
}

/// A block that the index knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// Place of its pack in [`Index::packs`].
    pack: u32,
    /// Which block of its pack it is.
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) at: u64,
    pub(super) sealed: u32,
}

/// Where an object lies: which block, counted over all packs, and which object in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) block: u32,
    pub(super) number: u32,
}

impl Index {
    pub(super) fn contains(&self, address: &Address) -> bool {
        self.objects.contains_key(address)
    }

    pub(super) fn find(&self, address: &Address) -> Option<At> {
        self.objects.get(address).copied()
    }

    /// The block of this number, and its pack.
    pub(super) fn block(&self, number: u32) -> Option<(Pack, Block)> {
        let block = self.blocks.get(usize::try_from(number).ok()?)?;
        Some((self.pack(block.pack)?, *block))
    }

    /// The pack of this number.
    pub(super) fn pack(&self, number: u32) -> Option<Pack> {
        self.packs.get(usize::try_from(number).ok()?).copied()
    }

    /// The blocks of the pack of this number, each with its own number.
    pub(super) fn blocks_of(&self, pack: u32) -> Vec<(u32, Block)> {
        (0..)
            .zip(&self.blocks)
            .filter(|(_, block)| block.pack == pack)
            .map(|(number, block)| (number, *block))
            .collect()
    }

    /// Every object, sorted by where it lies.
    pub(super) fn by_place(&self) -> Vec<(At, Address)> {
        let mut all: Vec<_> = self.objects.iter().map(|(address, at)| (*at, *address)).collect();
        all.sort_unstable();
        all
    }

    /// Takes in a pack; `None`, and nothing taken in, if what is said of it makes no sense.
    pub(super) fn add(&mut self, pack: &message::Pack) -> Option<()> {
        let id: Id = pack.id.as_slice().try_into().ok()?;
        let place = u32::try_from(self.packs.len()).ok()?;
        let first = u32::try_from(self.blocks.len()).ok()?;
        let blocks: Option<Vec<Block>> =
            (0..).zip(&pack.blocks).map(|(number, said)| block(place, number, said, pack.size)).collect();
        let blocks = blocks?;
        let count = u32::try_from(blocks.len()).ok()?;
        first.checked_add(count)?;
        self.packs.push(Pack { id, size: pack.size, blocks: count });
        self.blocks.extend(blocks);
        for (block, said) in (first..).zip(&pack.blocks) {
            for (number, address) in (0..).zip(said.addresses.chunks_exact(LENGTH)) {
                if let Some(address) = Address::from_slice(address) {
                    // The first one wins: an object that two backups stored at the same time is there twice.
                    self.objects.entry(address).or_insert(At { block, number });
                }
            }
        }
        Some(())
    }
}

fn block(pack: u32, number: u32, said: &message::Block, pack_size: u64) -> Option<Block> {
    let kind = Kind::from_byte(u8::try_from(said.kind).ok()?)?;
    let end = said.at.checked_add(u64::from(said.sealed))?;
    let whole = said.addresses.len() == said.lengths.len().checked_mul(LENGTH)?;
    let long_enough = usize::try_from(said.sealed).ok()? > OVERHEAD;
    (whole && long_enough && end <= pack_size).then_some(Block { pack, number, kind, at: said.at, sealed: said.sealed })
}
