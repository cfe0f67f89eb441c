//! An index file before it is written: packs and blocks in order, objects sorted by address.

use std::collections::HashSet;
use std::sync::Arc;

use prost::Message as _;

use super::contents::{Block, Pack, PackContents};
use super::file::{DIRECTORY, File, MAGIC};
use super::name::Name;
use crate::vault::address::Address;
use crate::vault::hex::Id;
use crate::vault::message;
use crate::vault::seal::Keys;
use crate::vault::squeeze;

/// Fewest objects or blocks of a chunk; of a file of n, a chunk has the square root of n if that is more, so that the
/// directory and one chunk are about as long as each other.
const FEWEST: usize = 1024;

/// An object of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    pub(super) address: Address,
    pub(super) place: Place,
}

/// Where an object lies among the blocks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Which block, counted over all packs of the file.
    pub(super) block: u32,
    /// Which object of the block.
    pub(super) object: u32,
    pub(super) length: u32,
}

/// An index file that is not written yet.
#[derive(Default)]
pub(in crate::vault) struct Draft {
    packs: Vec<Pack>,
    blocks: Vec<Block>,
    records: Vec<Record>,
    replaces: Vec<Id>,
}

impl Draft {
    /// The index of these packs.
    pub(in crate::vault) fn of(packs: Vec<PackContents>) -> Self {
        let mut draft = Self::default();
        draft.records.reserve_exact(packs.iter().flat_map(|pack| &pack.blocks).map(|block| block.objects.len()).sum());
        for pack in packs {
            draft.packs.push(Pack { id: pack.id, size: pack.size, blocks: count(pack.blocks.len()) });
            for contents in pack.blocks {
                let block = count(draft.blocks.len());
                draft.blocks.push(contents.block);
                draft.records.extend(
                    (0..)
                        .zip(contents.objects)
                        .map(|(object, (address, length))| Record { address, place: Place { block, object, length } }),
                );
            }
        }
        draft
    }

    /// All that these files say, each pack once, but for the packs in `without`; stands for these files from then on.
    pub(in crate::vault) fn merged(files: &[Arc<File>], without: &HashSet<Id>) -> Self {
        let mut draft = Self::default();
        let mut left_out = without.clone();
        for file in files {
            // What each block of the file will be called; `None` where its pack is left out.
            let mut renamed = Vec::new();
            for (pack, blocks) in file.packs_and_blocks() {
                let is_new = left_out.insert(pack.id);
                for block in blocks {
                    renamed.push(is_new.then(|| count(draft.blocks.len())));
                    draft.blocks.extend(is_new.then_some(block));
                }
                draft.packs.extend(is_new.then_some(pack));
            }
            let rename = |mut record: Record| {
                record.place.block = renamed.get(usize::try_from(record.place.block).ok()?).copied()??;
                Some(record)
            };
            draft.records.extend(file.records().filter_map(rename));
            draft.replaces.push(file.name.id);
            draft.replaces.extend(&file.replaces);
        }
        draft.replaces.sort_unstable();
        draft.replaces.dedup();
        draft
    }

    /// Stands for these files as well.
    pub(in crate::vault) fn replacing(&mut self, files: impl IntoIterator<Item = Id>) {
        self.replaces.extend(files);
    }

    /// Keeps, of what it replaces, only what is still there: the rest needs no mention.
    pub(in crate::vault) fn replacing_only(&mut self, there: &HashSet<Id>) {
        self.replaces.retain(|id| there.contains(id));
    }

    /// The level that suits so many objects: a large file is not merged with sixteen small ones again and again.
    pub(in crate::vault) fn level(&self) -> u8 {
        let level = self.records.len().checked_ilog2().unwrap_or(0).saturating_sub(10) / 4;
        u8::try_from(level).unwrap_or(super::name::HIGHEST)
    }

    /// The bytes of the file, and the file as it would be read.
    pub(in crate::vault) fn seal(mut self, keys: &Keys, level: u8) -> (Vec<u8>, File) {
        self.records.sort_unstable();
        let name = Name::new(level);
        let mut bytes = MAGIC.to_vec();
        let mut number = 0;
        let mut chunk = |plain: &[u8]| {
            let sealed = keys.seal_index(&name.bytes(), number, &squeeze::compress(plain));
            number += 1;
            bytes.extend_from_slice(&sealed);
            count(sealed.len())
        };
        let blocks_each = each(self.blocks.len());
        let block_chunks: Vec<_> = self.blocks.chunks(blocks_each).collect();
        let blocks: Vec<u32> =
            block_chunks.iter().map(|blocks| chunk(&blocks_message(blocks).encode_to_vec())).collect();
        let object_chunks = cut(&self.records);
        let objects: Vec<u32> =
            object_chunks.iter().map(|records| chunk(&objects_message(records).encode_to_vec())).collect();
        let directory = message::Directory {
            packs: self.packs.iter().map(pack_message).collect(),
            blocks_each: count(blocks_each),
            blocks,
            objects,
            firsts: object_chunks.iter().filter_map(|chunk| Some(chunk.first()?.address.prefix())).collect(),
            replaces: self.replaces.iter().map(|id| id.to_vec()).collect(),
        };
        let sealed = keys.seal_index(&name.bytes(), DIRECTORY, &squeeze::compress(&directory.encode_to_vec()));
        bytes.extend_from_slice(&sealed);
        bytes.extend_from_slice(&count(sealed.len()).to_le_bytes());
        let file = File::new(name, bytes.len() as u64, directory, sealed.len())
            .expect("a directory that was made of these chunks fits them");
        file.fill(&block_chunks, &object_chunks);
        (bytes, file)
    }
}

fn each(all: usize) -> usize {
    all.isqrt().max(FEWEST)
}

/// The objects in chunks; those whose addresses begin alike are not parted, so that a beginning tells the chunk.
fn cut(records: &[Record]) -> Vec<&[Record]> {
    let each = each(records.len());
    let mut chunks = Vec::new();
    let mut rest = records;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(each.min(rest.len()));
        let last = head.last().map(|record| record.address.prefix());
        let alike = tail.iter().take_while(|record| Some(record.address.prefix()) == last).count();
        let (chunk, behind) = rest.split_at(head.len() + alike);
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

fn pack_message(pack: &Pack) -> message::Pack {
    message::Pack { id: pack.id.to_vec(), size: pack.size, blocks: pack.blocks }
}

fn blocks_message(blocks: &[Block]) -> message::Blocks {
    message::Blocks {
        kinds: blocks.iter().map(|block| u32::from(block.kind.byte())).collect(),
        at: blocks.iter().map(|block| block.at).collect(),
        sealed: blocks.iter().map(|block| block.sealed).collect(),
        raw: blocks.iter().map(|block| block.raw).collect(),
    }
}

fn objects_message(records: &[Record]) -> message::Objects {
    message::Objects {
        addresses: records.iter().flat_map(|record| record.address.0).collect(),
        blocks: records.iter().map(|record| record.place.block).collect(),
        numbers: records.iter().map(|record| record.place.object).collect(),
        lengths: records.iter().map(|record| record.place.length).collect(),
    }
}

fn count(many: usize) -> u32 {
    u32::try_from(many).expect("a vault of 2^32 blocks holds a petabyte")
}
