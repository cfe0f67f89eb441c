//! What there is to choose from: items, and what describes the collections that they lie in.

use std::collections::HashSet;

use crate::connector::name::{COLLECTION_FILE, METADATA};
use crate::plugin::host::Record;
use crate::vault::Node;

use super::super::super::node::split_path;
use super::super::contents::Contents;

/// The file that gives a collection its name where the one with all the rest is not there.
const DISPLAYNAME: &str = "displayname";

/// What there is to choose from.
#[derive(Default)]
pub struct Pool {
    pub folders: Vec<(Record, Node)>,
    /// What describes collections.
    pub metadata: Vec<(String, Node)>,
    /// Everything else.
    pub items: Vec<(String, Node)>,
    /// Folders that are put back as they were, with all that describes them: those that are not there any more, for one.
    pub restored: HashSet<String>,
}

impl Pool {
    /// All of it.
    pub fn of(contents: Contents) -> Self {
        let (metadata, items) =
            contents.files.into_iter().partition(|(path, _)| METADATA.contains(&split_path(path).1));
        Self { folders: contents.folders, metadata, items, restored: HashSet::new() }
    }

    /// Whole collections are chosen, and not single items in them.
    pub fn keep_all_that_describes(&mut self) {
        self.restored = self.folders.iter().map(|(record, _)| record.path.clone()).collect();
    }

    /// The items that are left, with the folders above them and what says which collection each is.
    ///
    /// Nothing else of a collection: whoever wants an event back does not want the calendar's old colour with it.
    pub fn contents(self) -> Contents {
        let mut needed: HashSet<&str> = HashSet::new();
        for (path, _) in &self.items {
            let mut folder = split_path(path).0;
            while needed.insert(folder) && folder != "/" {
                folder = split_path(folder).0;
            }
        }
        let described: HashSet<&str> = self
            .metadata
            .iter()
            .map(|(path, _)| split_path(path))
            .filter(|one| one.1 == COLLECTION_FILE)
            .map(|one| one.0)
            .collect();
        let tells = |path: &str| {
            let (folder, name) = split_path(path);
            let is_asked = self.restored.contains(folder) || name == COLLECTION_FILE;
            needed.contains(folder) && (is_asked || (name == DISPLAYNAME && !described.contains(folder)))
        };
        let metadata: Vec<_> = self.metadata.iter().filter(|(path, _)| tells(path)).cloned().collect();
        let folders: Vec<_> =
            self.folders.into_iter().filter(|(record, _)| needed.contains(record.path.as_str())).collect();
        Contents { folders, files: metadata.into_iter().chain(self.items.iter().cloned()).collect() }
    }
}
