//! Reading an archive: everything is checked before anything is handed out.

use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::blobs::{Blobs, LARGEST_RECORD};
use super::configuration::Configuration;
use super::content::{Budget, Content};
use super::entry::{self, Entry, EntryKind, Object};
use super::format::kind;
use super::hash::{Hashing, Mac};
use super::layout;
use super::snapshot::Snapshot;
use super::{dirpack, tree};
use crate::package::error::Error;

/// An archive whose every byte has been checked.
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
        let [configuration, packfile, state] = layout::parts(bytes)?;
        let configuration = Configuration::read(configuration)?;
        let blobs = Blobs::open(&configuration, packfile, state)?;
        let snapshot = Snapshot::of(&blobs)?;
        let (entries, macs) = entries(&blobs, &snapshot.root)?;
        let mut budget = Budget::new();
        if let Some(dirpacks) = &snapshot.dirpacks {
            dirpack::check(&blobs, dirpacks, &entries, &macs, &mut budget)?;
        }
        if let Some(errors) = &snapshot.errors {
            check_errors(&blobs, errors, &entries)?;
        }
        let archive = Self { blobs, configuration, directory: snapshot.directory, entries };
        archive.check_contents(budget)?;
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

    /// The length of a file in bytes.
    pub fn length(&self, object: &Object) -> Result<u64, Error> {
        Ok(Content::of(&self.blobs, object)?.length())
    }

    /// Writes the content of a file to `out`, each piece checked before it is written, and returns its length in bytes.
    pub fn read(&self, object: &Object, out: &mut dyn Write) -> Result<u64, Error> {
        Content::of(&self.blobs, object)?.write(&self.blobs, out)
    }

    /// Puts every file together once, to nowhere, before anyone relies on one; and before that asks how much it will be.
    fn check_contents(&self, mut budget: Budget) -> Result<(), Error> {
        let mut contents: BTreeMap<Mac, (Content, &str)> = BTreeMap::new();
        for entry in &self.entries {
            let EntryKind::File(object) = &entry.kind else { continue };
            let (content, _) = match contents.entry(object.mac) {
                Place::Occupied(known) => known.into_mut(),
                Place::Vacant(place) => {
                    let content = Content::of(&self.blobs, object).map_err(|error| about(&entry.path, error))?;
                    place.insert((content, &entry.path))
                }
            };
            budget.spend(content).ok_or_else(|| Error::refused("its files are too large for a package"))?;
        }
        for (content, path) in contents.values() {
            content.write(&self.blobs, &mut std::io::sink()).map_err(|error| about(path, error))?;
        }
        Ok(())
    }
}

fn about(path: &str, error: Error) -> Error {
    Error { what: format!("{path:?}: {}", error.what), ..error }
}

/// Checks that what failed when the archive was made is there all the same: plakar 1.0 counts a program that two connectors name
/// as an error, and packs it.
fn check_errors(blobs: &Blobs, errors: &Mac, entries: &[Entry]) -> Result<(), Error> {
    let paths: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    let failed = tree::read(blobs, (kind::ERROR_TREE, kind::ERROR_NODE), errors)?;
    failed.iter().find(|(path, _)| !paths.contains(path.as_str())).map_or(Ok(()), |(path, _)| {
        Err(Error::refused(format!("it lacks {path:?}, which could not be read when it was made")))
    })
}

/// All entries in the order of the tree of paths, and their MACs.
fn entries(blobs: &Blobs, root: &Mac) -> Result<(Vec<Entry>, Vec<Mac>), Error> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut macs = Vec::new();
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
        macs.push(mac);
    }
    if folders.contains("/") { Ok((entries, macs)) } else { Err(Error::damaged("it has no root folder")) }
}
