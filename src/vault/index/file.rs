//! An index file that is read: its directory, and as many of its chunks as were needed.

use std::sync::OnceLock;

use prost::Message as _;

use super::contents::{At, Block, BlockContents, Pack, PackContents};
use super::draft::{Place, Record};
use super::name::Name;
use crate::vault::address::{Address, LENGTH};
use crate::vault::hex::Id;
use crate::vault::message;
use crate::vault::seal::{Keys, Kind, OVERHEAD};
use crate::vault::squeeze;

/// What every index file begins with; the last byte is the version of its format.
pub(super) const MAGIC: [u8; 8] = *b"davindx\x01";
/// The number under which the directory is sealed.
pub(super) const DIRECTORY: u32 = u32::MAX;
/// Bytes behind the directory: its length.
pub(in crate::vault) const END: u64 = 4;
/// Largest directory, and largest chunk, sealed or not.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// An index file; chunks are filled in as they are read.
pub(in crate::vault) struct File {
    pub(in crate::vault) name: Name,
    /// Index files that it stands for.
    pub(in crate::vault) replaces: Vec<Id>,
    /// Each pack, and the number of its first block in the file.
    packs: Vec<(Pack, u32)>,
    blocks_each: usize,
    blocks: Vec<Chunk<Block>>,
    objects: Vec<Chunk<Record>>,
    /// The beginning of the first address of each chunk of objects.
    firsts: Vec<u64>,
}

/// A chunk of a file.
struct Chunk<T> {
    span: Span,
    /// `None` inside for one that is damaged.
    content: OnceLock<Option<Box<[T]>>>,
}

/// Where a chunk lies, and which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) struct Span {
    pub(in crate::vault) number: u32,
    pub(in crate::vault) at: u64,
    pub(in crate::vault) sealed: u64,
}

/// Whether this is how an index file begins.
pub(in crate::vault) fn is_index(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// How long the directory is with what follows it, from the last [`END`] bytes of a file of this size.
pub(in crate::vault) fn directory_length(size: u64, tail: &[u8]) -> Option<u64> {
    let length = u64::from(u32::from_le_bytes(*tail.last_chunk()?));
    let fits = length > OVERHEAD as u64 && length <= MOST_BYTES as u64;
    (fits && length + END + MAGIC.len() as u64 <= size).then_some(length + END)
}

/// The file of this name and size, from its sealed directory; `None` where that is damaged.
pub(in crate::vault) fn open(keys: &Keys, name: Name, size: u64, sealed: &[u8]) -> Option<File> {
    let plain = squeeze::expand(&keys.open_index(&name.bytes(), DIRECTORY, sealed)?, MOST_BYTES)?;
    File::new(name, size, message::Directory::decode(plain.as_slice()).ok()?, sealed.len())
}

impl File {
    /// The file that this directory tells of; `None` where it contradicts itself.
    pub(super) fn new(name: Name, size: u64, directory: message::Directory, length: usize) -> Option<Self> {
        let mut first: u32 = 0;
        let mut packs = Vec::with_capacity(directory.packs.len());
        for pack in directory.packs {
            let pack = Pack { id: pack.id.as_slice().try_into().ok()?, size: pack.size, blocks: pack.blocks };
            packs.push((pack, first));
            first = first.checked_add(pack.blocks)?;
        }
        let blocks_each = usize::try_from(directory.blocks_each).ok()?;
        let chunks = usize::try_from(first).ok()?.div_ceil(blocks_each.max(1));
        let is_sorted = directory.firsts.is_sorted_by(|a, b| a < b);
        if chunks != directory.blocks.len() || directory.objects.len() != directory.firsts.len() || !is_sorted {
            return None;
        }
        let mut end = MAGIC.len() as u64;
        let mut number = 0;
        let mut span = |sealed: u32| {
            let span = Span { number, at: end, sealed: u64::from(sealed) };
            end += span.sealed;
            number += 1;
            span
        };
        let blocks = directory.blocks.into_iter().map(|sealed| Chunk::new(span(sealed))).collect();
        let objects = directory.objects.into_iter().map(|sealed| Chunk::new(span(sealed))).collect();
        let replaces: Option<Vec<Id>> = directory.replaces.iter().map(|id| id.as_slice().try_into().ok()).collect();
        let (replaces, firsts) = (replaces?, directory.firsts);
        let is_whole = end + length as u64 + END == size;
        is_whole.then_some(Self { name, replaces, packs, blocks_each, blocks, objects, firsts })
    }

    /// Takes in what it was made of.
    pub(super) fn fill(&self, blocks: &[&[Block]], objects: &[&[Record]]) {
        for (chunk, blocks) in self.blocks.iter().zip(blocks) {
            chunk.content.get_or_init(|| Some((*blocks).into()));
        }
        for (chunk, objects) in self.objects.iter().zip(objects) {
            chunk.content.get_or_init(|| Some((*objects).into()));
        }
    }

    /// The packs of the file.
    pub(in crate::vault) fn packs(&self) -> impl Iterator<Item = Pack> {
        self.packs.iter().map(|(pack, _)| *pack)
    }

    /// How many chunks are not there yet, and those.
    pub(in crate::vault) fn absent(&self) -> Vec<Span> {
        let blocks = self.blocks.iter().filter(|chunk| chunk.content.get().is_none()).map(|chunk| chunk.span);
        let objects = self.objects.iter().filter(|chunk| chunk.content.get().is_none()).map(|chunk| chunk.span);
        blocks.chain(objects).collect()
    }

    /// Whether every chunk was read and is as it should be.
    pub(in crate::vault) fn is_sound(&self) -> bool {
        let blocks = self.blocks.iter().all(|chunk| matches!(chunk.content.get(), Some(Some(_))));
        blocks && self.objects.iter().all(|chunk| matches!(chunk.content.get(), Some(Some(_))))
    }

    /// Whether a chunk that was read is not as it should be.
    pub(in crate::vault) fn is_damaged(&self) -> bool {
        let blocks = self.blocks.iter().any(|chunk| matches!(chunk.content.get(), Some(None)));
        blocks || self.objects.iter().any(|chunk| matches!(chunk.content.get(), Some(None)))
    }

    /// The next chunk without which it is not known where the object lies; `None` once all are there.
    pub(in crate::vault) fn needs(&self, address: &Address) -> Option<Span> {
        let chunk = self.chunk_of(address)?;
        if chunk.content.get().is_none() {
            return Some(chunk.span);
        }
        let mut blocks = self.found(address).iter().filter_map(|record| self.block_chunk(record.place.block));
        blocks.find(|(chunk, _)| chunk.content.get().is_none()).map(|(chunk, _)| chunk.span)
    }

    /// Whether these are the sealed bytes of a chunk.
    pub(in crate::vault) fn opens(&self, keys: &Keys, number: u32, sealed: &[u8]) -> bool {
        keys.open_index(&self.name.bytes(), number, sealed).is_some()
    }

    /// Takes in a chunk from its sealed bytes.
    pub(in crate::vault) fn take_in(&self, keys: &Keys, number: u32, sealed: &[u8]) {
        let plain = keys.open_index(&self.name.bytes(), number, sealed);
        let plain = plain.and_then(|compressed| squeeze::expand(&compressed, MOST_BYTES));
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(chunk) = self.blocks.get(place) {
            chunk.content.get_or_init(|| self.read_blocks(place, &plain?));
        } else if let Some(chunk) = self.objects.get(place - self.blocks.len()) {
            chunk.content.get_or_init(|| Self::read_objects(&plain?));
        }
    }

    /// Where the object lies, as far as the chunks are there.
    pub(in crate::vault) fn places(&self, address: &Address) -> impl Iterator<Item = At> {
        self.found(address).iter().filter_map(|record| {
            let (pack, first) = self.pack_of(record.place.block)?;
            let (chunk, place) = self.block_chunk(record.place.block)?;
            let block = *chunk.content.get()?.as_ref()?.get(place)?;
            let number = record.place.block - first;
            block.fits(pack.size).then_some(At {
                pack: pack.id,
                number,
                block,
                object: record.place.object,
                length: record.place.length,
            })
        })
    }

    /// Ids of the packs in which the object lies.
    pub(in crate::vault) fn packs_with(&self, address: &Address) -> impl Iterator<Item = Id> {
        self.found(address).iter().filter_map(|record| Some(self.pack_of(record.place.block)?.0.id))
    }

    /// Every pack and its blocks, as far as the chunks are there.
    pub(super) fn packs_and_blocks(&self) -> impl Iterator<Item = (Pack, Vec<Block>)> {
        self.packs.iter().map(|(pack, first)| {
            let numbers = *first..first.saturating_add(pack.blocks);
            let block = |number| {
                let (chunk, place) = self.block_chunk(number)?;
                chunk.content.get()?.as_ref()?.get(place).copied()
            };
            (*pack, numbers.filter_map(block).collect())
        })
    }

    /// The packs that are wanted, with all that is in them, as far as the chunks are there.
    pub(super) fn contents(&self, mut is_wanted: impl FnMut(&Id) -> bool) -> Vec<PackContents> {
        // By number of the block; `None` where its pack is not wanted.
        let mut objects: Vec<Option<Vec<(u32, Address, u32)>>> = Vec::new();
        let mut wanted = Vec::new();
        for (pack, blocks) in self.packs_and_blocks() {
            let is_wanted = is_wanted(&pack.id);
            objects.extend(blocks.iter().map(|_| is_wanted.then(Vec::new)));
            wanted.extend(is_wanted.then_some((pack, blocks)));
        }
        for Record { address, place } in self.records() {
            let block = usize::try_from(place.block).ok().and_then(|block| objects.get_mut(block)?.as_mut());
            if let Some(block) = block {
                block.push((place.object, address, place.length));
            }
        }
        let mut objects = objects.into_iter().flatten().map(|mut objects| {
            objects.sort_unstable();
            objects.into_iter().map(|(_, address, length)| (address, length)).collect()
        });
        let contents = |(pack, blocks): (Pack, Vec<Block>)| PackContents {
            id: pack.id,
            size: pack.size,
            blocks: blocks
                .into_iter()
                .map(|block| BlockContents { block, objects: objects.next().unwrap_or_default() })
                .collect(),
        };
        wanted.into_iter().map(contents).collect()
    }

    /// Every object, sorted by address, as far as the chunks are there.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        self.objects.iter().filter_map(|chunk| chunk.content.get()?.as_ref()).flatten().copied()
    }

    fn found(&self, address: &Address) -> &[Record] {
        let Some(Some(records)) = self.chunk_of(address).and_then(|chunk| chunk.content.get()) else { return &[] };
        let start = records.partition_point(|record| record.address < *address);
        let behind = records.split_at(start).1;
        let alike = behind.iter().take_while(|record| record.address == *address).count();
        behind.split_at(alike).0
    }

    fn chunk_of(&self, address: &Address) -> Option<&Chunk<Record>> {
        let prefix = address.prefix();
        let behind = self.firsts.partition_point(|first| *first <= prefix);
        self.objects.get(behind.checked_sub(1)?)
    }

    fn block_chunk(&self, block: u32) -> Option<(&Chunk<Block>, usize)> {
        let block = usize::try_from(block).ok()?;
        let chunk = self.blocks.get(block.checked_div(self.blocks_each)?)?;
        Some((chunk, block.checked_rem(self.blocks_each)?))
    }

    fn pack_of(&self, block: u32) -> Option<(Pack, u32)> {
        let behind = self.packs.partition_point(|(_, first)| *first <= block);
        // A pack without blocks begins where the next one does.
        self.packs.get(..behind)?.iter().rev().find(|(pack, _)| pack.blocks > 0).copied()
    }

    fn read_blocks(&self, place: usize, plain: &[u8]) -> Option<Box<[Block]>> {
        let message::Blocks { kinds, at, sealed, raw } = message::Blocks::decode(plain).ok()?;
        let all: usize = self.packs.iter().map(|(pack, _)| usize::try_from(pack.blocks).unwrap_or(0)).sum();
        let wanted = all.saturating_sub(place * self.blocks_each).min(self.blocks_each);
        if [kinds.len(), at.len(), sealed.len(), raw.len()] != [wanted; 4] {
            return None;
        }
        let rest = at.into_iter().zip(sealed).zip(raw);
        kinds
            .into_iter()
            .zip(rest)
            .map(|(kind, ((at, sealed), raw))| {
                Some(Block { kind: Kind::from_byte(u8::try_from(kind).ok()?)?, at, sealed, raw })
            })
            .collect()
    }

    fn read_objects(plain: &[u8]) -> Option<Box<[Record]>> {
        let message::Objects { addresses, blocks, numbers, lengths } = message::Objects::decode(plain).ok()?;
        let addresses = addresses.chunks_exact(LENGTH);
        if !addresses.remainder().is_empty() || [blocks.len(), numbers.len(), lengths.len()] != [addresses.len(); 3] {
            return None;
        }
        let places = blocks.into_iter().zip(numbers).zip(lengths);
        let records: Option<Box<[Record]>> = addresses
            .zip(places)
            .map(|(address, ((block, object), length))| {
                Some(Record { address: Address::from_slice(address)?, place: Place { block, object, length } })
            })
            .collect();
        records.filter(|records| records.is_sorted())
    }
}

impl<T> Chunk<T> {
    fn new(span: Span) -> Self {
        Self { span, content: OnceLock::new() }
    }
}
