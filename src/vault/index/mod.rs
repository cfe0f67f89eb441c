//! Where every object lies: the index files that are there, each sorted by address, looked through one after the other.
//!
//! A small backup writes a small file; sixteen of a level are merged into one of the next, so that there are few to look
//! through however many backups were made. Nothing is removed for that: a file says which ones it stands for.

mod contents;
mod draft;
pub(super) mod file;
mod name;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

pub(super) use contents::{At, Block, BlockContents, Pack, PackContents};
pub(super) use draft::Draft;
pub(super) use file::File;
pub(super) use name::{HIGHEST, Name};

use super::address::Address;
use super::hex::Id;

/// So many files of a level are merged.
pub(super) const MERGED: usize = 16;

/// The index files that count: those that none of the others stands for.
#[derive(Default)]
pub(super) struct Index {
    /// Highest level first.
    files: Vec<Arc<File>>,
    /// Files for which one of `files` stands.
    replaced: HashSet<Id>,
    /// Packs of which any file told at any time, also those that left the index since.
    told: HashSet<Id>,
}

impl Index {
    /// The files, highest level first.
    pub(super) fn files(&self) -> &[Arc<File>] {
        &self.files
    }

    /// Whether a file is in here, or replaced by one that is.
    pub(super) fn knows(&self, file: &Id) -> bool {
        self.replaced.contains(file) || self.files.iter().any(|known| known.name.id == *file)
    }

    /// Whether one of the files stands for this one.
    pub(super) fn is_replaced(&self, file: &Id) -> bool {
        self.replaced.contains(file)
    }

    /// Packs of which the index tells, or told since it was first read: somebody may have leaned on any of them.
    pub(super) fn told(&self) -> &HashSet<Id> {
        &self.told
    }

    /// Takes in a file, unless it is known; those that it replaces go.
    pub(super) fn add(&mut self, file: Arc<File>) {
        self.replaced.extend(&file.replaces);
        self.files.retain(|known| !self.replaced.contains(&known.name.id));
        self.add_beside(file);
    }

    /// Takes in a file that is damaged: what it replaces goes on to count, if it is still there.
    pub(super) fn add_beside(&mut self, file: Arc<File>) {
        if !self.knows(&file.name.id) {
            self.told.extend(file.packs().map(|pack| pack.id));
            self.files.push(file);
            // The order in which they arrived must not decide which of two copies of an object is read.
            self.files.sort_unstable_by_key(|file| (Reverse(file.name.level), file.name.id));
        }
    }

    /// Forgets a file that is not there any more.
    pub(super) fn forget(&mut self, file: &Id) {
        self.replaced.remove(file);
        self.files.retain(|known| known.name.id != *file);
    }

    // What follows says what is known: everything once all chunks of all files are there.

    /// Whether the object lies in a pack that is none of these.
    pub(super) fn contains_outside(&self, packs: &HashSet<Id>, address: &Address) -> bool {
        self.files.iter().any(|file| file.packs_with(address).any(|pack| !packs.contains(&pack)))
    }

    /// Every place at which the object lies.
    pub(super) fn places(&self, address: &Address) -> Vec<At> {
        let mut places: Vec<At> = Vec::new();
        for at in self.files.iter().flat_map(|file| file.places(address)) {
            // Two files may tell of the same pack: of two processes that merged at the same time.
            if !places.contains(&at) {
                places.push(at);
            }
        }
        places
    }

    /// Every pack, each once.
    pub(super) fn packs(&self) -> Vec<Pack> {
        let mut seen = HashSet::new();
        self.files.iter().flat_map(|file| file.packs()).filter(|pack| seen.insert(pack.id)).collect()
    }

    /// Every pack with all that is in it, each once. Takes 24 bytes of memory for each object.
    pub(super) fn contents(&self) -> Vec<PackContents> {
        let mut seen = HashSet::new();
        self.files.iter().flat_map(|file| file.contents(|pack| seen.insert(*pack))).collect()
    }
}

#[cfg(test)]
mod tests;
