//! Reading an archive: everything is checked before anything is handed out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::blobs::{Blobs, LARGEST_BLOB};
use super::configuration::Configuration;
use super::entry::{self, Entry, EntryKind, Object};
use super::format::{Bytes, MAGIC, TRAILER, V1_0, kind};
use super::hash::{Hashing, Mac};
use super::msgpack::Value;
use super::tree;
use crate::package::error::Error;

/// Most bytes of a record: an object of a file in hundreds of thousands of chunks.
const LARGEST_RECORD: usize = 64 << 20;
/// Most bytes that all files of a package may have together; contents that come twice are stored once and written twice.
const LARGEST_PACKAGE: u64 = 2 << 30;

/// An archive whose every byte that counts has been checked.
pub struct Archive<'b> {
    blobs: Blobs<'b>,
    configuration: Configuration,
    directory: String,
    entries: Vec<Entry>,
}

impl<'b> Archive<'b> {
    /// Reads an archive from its bytes.
    ///
    /// All hashes are checked, of what is reachable and what is not; all that has a length is bounded. An error says what is
    /// wrong and is a sentence about "it", the archive.
    pub fn open(bytes: &'b [u8]) -> Result<Self, Error> {
        let [configuration, packfile, state] = parts(bytes)?;
        let configuration = Configuration::read(configuration)?;
        let blobs = Blobs::open(&configuration, packfile, state)?;
        let (directory, root) = snapshot(&blobs)?;
        let entries = entries(&blobs, &root)?;
        let archive = Self { blobs, configuration, directory, entries };
        archive.check_contents()?;
        Ok(archive)
    }

    /// What it holds, folders before what is in them.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The folder in it that was packed: `/` of a package.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// How its hashes are made.
    #[must_use]
    pub fn hashing(&self) -> Hashing {
        self.configuration.hashing
    }

    /// Whether what it holds is compressed.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.configuration.is_compressed
    }

    /// Writes the content of a file to `out`, each piece checked before it is written, and returns its length in bytes.
    pub fn read(&self, object: &Object, out: &mut dyn Write) -> Result<u64, Error> {
        let object = self.object(object)?;
        let mut running = self.blobs.hasher().start();
        let mut length = 0;
        for (mac, expected) in &object.chunks {
            let chunk = self.blobs.read(&(kind::CHUNK, *mac), *expected)?;
            if chunk.len() != *expected {
                return Err(Error::damaged("a piece of a file has another length than is said of it"));
            }
            running.update(&chunk);
            length += chunk.len() as u64;
            out.write_all(&chunk).map_err(|error| Error {
                kind: crate::package::ErrorKind::Storage,
                what: "cannot write a file of it".into(),
                source: Some(error.into()),
            })?;
        }
        if running.finish() != object.content {
            return Err(Error::damaged("a file of it is put together from the wrong pieces"));
        }
        Ok(length)
    }

    fn object(&self, object: &Object) -> Result<Chunks, Error> {
        let record = self.blobs.read(&(kind::OBJECT, object.mac), LARGEST_RECORD)?;
        Chunks::read(&record).ok_or_else(|| Error::damaged("what is said of a file's content is damaged"))
    }

    /// Puts every file together once, to nowhere, before anyone relies on one.
    fn check_contents(&self) -> Result<(), Error> {
        let mut left = LARGEST_PACKAGE;
        let mut objects = BTreeMap::new();
        for entry in &self.entries {
            let EntryKind::File(object) = &entry.kind else { continue };
            let chunks = self.object(object)?.chunks;
            let length = chunks.iter().map(|(_, length)| *length as u64).sum::<u64>();
            left = left.checked_sub(length).ok_or_else(|| Error::refused("its files are too large for a package"))?;
            objects.insert(object.mac, (object, &entry.path));
        }
        for (object, path) in objects.values() {
            self.read(object, &mut std::io::sink())
                .map_err(|error| Error { what: format!("{path:?}: {}", error.what), ..error })?;
        }
        Ok(())
    }
}

/// Configuration, packfile and state, by the trailer.
fn parts(bytes: &[u8]) -> Result<[&[u8]; 3], Error> {
    let mut head = Bytes(bytes);
    if head.take::<8>().as_ref() != Some(MAGIC) {
        return Err(Error::damaged("it is no package: it does not begin with _PLATAR_"));
    }
    // The host does not look at this version; one that is newer may mean anything.
    if head.u32().is_some_and(|version| version > V1_0) {
        return Err(Error::refused("it is of a later format than this program reads"));
    }
    let cut = || Error::damaged("it is cut, or what stands at its end is damaged");
    let mut trailer = Bytes(bytes.len().checked_sub(TRAILER).and_then(|at| bytes.get(at..)).ok_or_else(cut)?);
    let body = bytes.get(..bytes.len() - TRAILER).ok_or_else(cut)?;
    let mut part = || {
        let (offset, length) = (trailer.offset()?, trailer.offset()?);
        body.get(offset..offset.checked_add(length)?).filter(|_| offset >= 12)
    };
    match (part(), part(), part()) {
        (Some(configuration), Some(packfile), Some(state)) => Ok([configuration, packfile, state]),
        _ => Err(cut()),
    }
}

/// What the one snapshot says: the folder that was packed, and the root record of the tree of paths.
fn snapshot(blobs: &Blobs) -> Result<(String, Mac), Error> {
    let mut identifiers = blobs.of_kind(kind::SNAPSHOT);
    let (Some(identifier), None) = (identifiers.next(), identifiers.next()) else {
        return Err(Error::refused("it does not hold exactly one snapshot, as packages do"));
    };
    let read = |record: &[u8]| {
        let value = Value::read(record)?;
        let [source] = value.get("sources")?.list()? else { return None };
        let importer = source.get("importer");
        let directory = importer.and_then(|importer| importer.get("directory")).and_then(Value::text).unwrap_or("/");
        let roots = source.get("root")?;
        let is_named = value.get("identifier")?.bytes()? == *identifier;
        let root = roots.get("root")?.bytes()?;
        is_named.then(|| (directory.to_owned(), root, roots.get("errors").and_then(Value::bytes)))
    };
    let record = blobs.read(&(kind::SNAPSHOT, *identifier), LARGEST_RECORD)?;
    let (directory, root, errors) = read(&record).ok_or_else(|| Error::damaged("its snapshot is damaged"))?;
    if let Some(errors) = errors
        && !tree::read(blobs, (kind::ERROR_TREE, kind::ERROR_NODE), &errors)?.is_empty()
    {
        return Err(Error::refused("it lacks files that could not be read when it was made"));
    }
    Ok((directory, root))
}

fn entries(blobs: &Blobs, root: &Mac) -> Result<Vec<Entry>, Error> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut folders = BTreeSet::new();
    for (path, mac) in tree::read(blobs, (kind::VFS_TREE, kind::VFS_NODE), root)? {
        let entry = entry::read(&path, &blobs.read(&(kind::ENTRY, mac), LARGEST_RECORD)?)?;
        if entries.last().is_some_and(|last| entry::order(&last.path) >= entry::order(&path)) {
            return Err(Error::damaged(format!("it names {path:?} twice or out of its place")));
        }
        if path != "/" && !folders.contains(entry::parent(&path)) {
            return Err(Error::damaged(format!("it holds {path:?} in no folder")));
        }
        if entry.kind == EntryKind::Folder {
            folders.insert(path);
        }
        entries.push(entry);
    }
    if folders.contains("/") { Ok(entries) } else { Err(Error::damaged("it has no root folder")) }
}

/// The pieces of a content: their MACs and lengths, and the MAC of the whole.
struct Chunks {
    chunks: Vec<(Mac, usize)>,
    content: Mac,
}

impl Chunks {
    fn read(record: &[u8]) -> Option<Chunks> {
        let value = Value::read(record)?;
        let content = value.get("contentMAC")?.bytes()?;
        let mut chunks = Vec::new();
        for chunk in value.get("chunks").map_or(Some(<&[Value]>::default()), Value::list)? {
            let length = chunk.get("length")?.number().filter(|length| *length <= LARGEST_BLOB)?;
            chunks.push((chunk.get("contentMAC")?.bytes()?, length));
        }
        Some(Chunks { chunks, content })
    }
}
