//! The blobs of an archive: where each lies, and its bytes, checked against its name.

use std::collections::{BTreeMap, BTreeSet};

use super::configuration::Configuration;
use super::format::{Bytes, FOOTER, INDEX_RECORD, Part, V1_0, V1_1, kind, record};
use super::hash::{Hasher, Mac};
use super::lz4;
use crate::package::error::Error;

/// Most bytes that one blob may hold: a file of this size in one chunk.
pub(super) const LARGEST_BLOB: usize = 256 << 20;
/// Most bytes of a record: an object of a file in a hundred thousand chunks.
pub(super) const LARGEST_RECORD: usize = 16 << 20;
/// Most bytes that all chunks together may hold, uncompressed: a package is a few executables.
const LARGEST_CONTENT: usize = 2 << 30;
/// Most bytes that all records together may hold: they are taken apart, which takes longer than to hash them.
const LARGEST_RECORDS: usize = 256 << 20;
/// Most bytes of an uncompressed state or index: some hundred thousand blobs.
const LARGEST_STATE: usize = 64 << 20;

/// A blob's name: its kind and its MAC.
pub(super) type Name = (u32, Mac);

/// Where all blobs lie.
pub(super) struct Blobs<'b> {
    packfile: &'b [u8],
    places: BTreeMap<Name, Place>,
    hasher: Hasher,
    is_compressed: bool,
}

/// Offset and stored length within the packfile's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    offset: usize,
    length: usize,
}

impl<'b> Blobs<'b> {
    /// Reads packfile and state, and checks the MAC of everything that is in them.
    pub fn open(configuration: &Configuration, packfile: &'b [u8], state: &[u8]) -> Result<Self, Error> {
        let hasher = Hasher::new(configuration.hashing, &configuration.repository);
        let is_compressed = configuration.is_compressed;
        let places = read_state(&hasher, is_compressed, state)?;
        let damaged = |why: &str| Error::damaged(format!("its content is damaged: {why}"));
        let part = Part::read(packfile, kind::PACKFILE).ok_or_else(|| damaged("it does not begin as one"))?;
        if part.version > V1_0 {
            return Err(Error::refused("it is of a later format than this program reads"));
        }
        if hasher.mac(part.hashed) != part.hash {
            return Err(damaged("its hash is wrong"));
        }
        let blobs = Self { packfile: part.payload, places, hasher, is_compressed };
        if blobs.read_index().ok_or_else(|| damaged("its index is not what it should be"))? != blobs.places {
            return Err(damaged("its index and its state disagree"));
        }
        blobs.check()?;
        Ok(blobs)
    }

    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// The names of all blobs of this kind.
    pub fn of_kind(&self, wanted: u32) -> impl Iterator<Item = &Mac> {
        self.places.range((wanted, [0; 32])..=(wanted, [255; 32])).map(|((_, mac), _)| mac)
    }

    /// The bytes of a blob, at most `most`, checked against its name.
    pub fn read(&self, name: &Name, most: usize) -> Result<Vec<u8>, Error> {
        let (kind, mac) = name;
        let place = self.places.get(name).ok_or_else(|| Error::damaged(format!("{} is missing", noun(*kind))))?;
        let damaged = |why: &str| Error::damaged(format!("{} is damaged: {why}", noun(*kind)));
        let end = place.offset.checked_add(place.length);
        let stored = end.and_then(|end| self.packfile.get(place.offset..end));
        let stored = stored.ok_or_else(|| damaged("it would lie outside of the packfile"))?;
        let content = expand(self.is_compressed, stored, most);
        let content = content.ok_or_else(|| damaged("it can't be decompressed to a size that is allowed"))?;
        // A snapshot is named by chance, padding is nothing, and a signature is of nobody that we know.
        let is_named_by_content = !matches!(*kind, kind::SNAPSHOT | kind::SIGNATURE | kind::PADDING);
        if is_named_by_content && self.hasher.mac(&content) != *mac {
            return Err(damaged("its hash is wrong"));
        }
        Ok(content)
    }

    /// Reads every blob once, also those that nothing leads to.
    fn check(&self) -> Result<(), Error> {
        let (mut of_chunks, mut of_records) = (LARGEST_CONTENT, LARGEST_RECORDS);
        for name in self.places.keys() {
            let left = if name.0 == kind::CHUNK { &mut of_chunks } else { &mut of_records };
            *left = left.saturating_sub(self.read(name, LARGEST_BLOB.min(*left))?.len());
        }
        Ok(())
    }

    fn read_index(&self) -> Option<BTreeMap<Name, Place>> {
        let (rest, footer_length) = self.packfile.split_last_chunk::<4>()?;
        let footer_length = usize::try_from(u32::from_le_bytes(*footer_length)).ok()?;
        let (rest, footer) = rest.split_at_checked(rest.len().checked_sub(footer_length)?)?;
        let footer = expand(self.is_compressed, footer, FOOTER)?;
        let mut input = Bytes(&footer);
        let _time = input.u64()?;
        let count = input.length()?;
        let index = rest.get(input.offset()?..)?;
        let mac = input.take::<32>()?;
        let index = expand(self.is_compressed, index, LARGEST_STATE)?;
        if self.hasher.mac(&index) != mac || Some(index.len()) != count.checked_mul(INDEX_RECORD) {
            return None;
        }
        let mut places = BTreeMap::new();
        let mut input = Bytes(&index);
        for _ in 0..count {
            let (kind, _version, mac) = (input.u32()?, input.u32()?, input.take()?);
            let (offset, length, _flags) = (input.offset()?, input.length()?, input.u32()?);
            if places.insert((kind, mac), Place { offset, length }).is_some() {
                return None;
            }
        }
        Some(places)
    }
}

/// What a blob is, for a person.
fn noun(kind: u32) -> &'static str {
    match kind {
        kind::CHUNK => "a piece of a file",
        kind::OBJECT => "what is said of a file's content",
        kind::ENTRY => "what is said of a file or folder",
        kind::SNAPSHOT => "its snapshot",
        kind::VFS_TREE | kind::VFS_NODE | kind::INDEX_TREE | kind::INDEX_NODE => "a list of what is in it",
        _ => "a record of it",
    }
}

/// Stored bytes as they were before they were compressed, if that are at most `most`.
fn expand(is_compressed: bool, bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    if is_compressed { lz4::expand(bytes, most) } else { (bytes.len() <= most).then(|| bytes.to_vec()) }
}

/// Where the state says that each blob lies.
fn read_state(hasher: &Hasher, is_compressed: bool, bytes: &[u8]) -> Result<BTreeMap<Name, Place>, Error> {
    let damaged = |why: &str| Error::damaged(format!("its state is damaged: {why}"));
    let part = Part::read(bytes, kind::STATE).ok_or_else(|| damaged("it does not begin as one"))?;
    if part.version > V1_1 {
        return Err(Error::refused("it is of a later format than this program reads"));
    }
    if hasher.mac(part.hashed) != part.hash {
        return Err(damaged("its hash is wrong"));
    }
    let expanded = expand(is_compressed, part.payload, LARGEST_STATE);
    let expanded = expanded.ok_or_else(|| damaged("it can't be decompressed to a size that is allowed"))?;
    let mut input = Bytes(&expanded);
    if part.version == V1_1 {
        input.slice(32).ok_or_else(|| damaged("it is cut"))?;
    }
    let state = State::read(input).ok_or_else(|| damaged("a record of it can't be understood"))?;
    if state.has_deletions {
        return Err(Error::refused("it says that something in it was deleted, which no package does"));
    }
    if state.locations.iter().any(|(_, packfile, _)| !state.packfiles.contains(packfile)) {
        return Err(damaged("it places something in a packfile that is not there"));
    }
    let count = state.locations.len();
    let places: BTreeMap<_, _> = state.locations.into_iter().map(|(name, _, place)| (name, place)).collect();
    if places.len() == count { Ok(places) } else { Err(damaged("it places something twice")) }
}

/// What a state says.
#[derive(Default)]
pub(super) struct State {
    locations: Vec<(Name, Mac, Place)>,
    packfiles: BTreeSet<Mac>,
    has_deletions: bool,
}

impl State {
    pub fn read(mut input: Bytes) -> Option<State> {
        let mut state = State::default();
        loop {
            let kind = input.u8()?;
            if kind == record::METADATA {
                // Version, time and serial end it.
                return (input.0.len() == 28).then_some(state);
            }
            let length = input.length()?;
            let mut body = Bytes(input.slice(length)?);
            match kind {
                record::LOCATION => {
                    let (kind, _version, mac) = (body.u8()?, body.u32()?, body.take()?);
                    let packfile = body.take()?;
                    let place = Place { offset: body.offset()?, length: body.length()? };
                    state.locations.push(((kind.into(), mac), packfile, place));
                }
                record::PACKFILE => {
                    state.packfiles.insert(body.take()?);
                }
                record::DELETED | record::DELETE => state.has_deletions = true,
                _ => {}
            }
        }
    }
}
