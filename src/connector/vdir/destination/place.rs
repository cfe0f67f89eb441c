//! Where an entry of a snapshot goes in the folder.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::connector::name::safe_name;
use crate::connector::{Entry, EntryKind};

use super::super::layout::TOPS;
use super::wishes::Into;

/// Knows what the root of this restore stands for.
#[derive(Debug)]
pub(super) struct Places {
    root: PathBuf,
    /// Folders that the `/` of the restore stands for, below `root`.
    above: Mutex<Vec<String>>,
}

impl Places {
    pub fn new(root: PathBuf) -> Places {
        Places { root, above: Mutex::default() }
    }

    /// Notes what the root of this restore stands for: of a partial one, the folder by whose name it comes.
    pub fn begin(&self, name: &str) {
        let above = match name {
            "" | "/" | "." => Vec::new(),
            top if TOPS.contains(&top) => vec![top.to_string()],
            collection => {
                let folder = safe_name(collection);
                // It may be there already, in the tree of an earlier restore.
                let there = TOPS.into_iter().find(|top| self.root.join(top).join(&folder).is_dir());
                there.map(ToString::to_string).into_iter().chain([collection.to_string()]).collect()
            }
        };
        *self.above.lock().unwrap_or_else(PoisonError::into_inner) = above;
    }

    /// The folder that the entry is, or that it lies in.
    pub fn folder(&self, entry: &Entry, into: &Into) -> PathBuf {
        let mut folders = self.names(entry);
        let is_file = matches!(entry.kind, EntryKind::File { .. });
        if is_file {
            folders.pop();
        }
        let is_top = is_top(&folders);
        let collection = if is_top { None } else { folders.pop() };
        let mut at = self.root.clone();
        at.extend(folders.iter().map(|name| safe_name(name)));
        match (collection, into) {
            (Some(own), into) => at.push(into.folder(&own)),
            // A single item without its collection.
            (None, Into::One(name)) if is_file => at.push(name),
            _ => {}
        }
        at
    }

    /// Whether the entry is a collection, not a folder above collections.
    pub fn is_collection(&self, entry: &Entry) -> bool {
        let folders = self.names(entry);
        !folders.is_empty() && !is_top(&folders)
    }

    fn names(&self, entry: &Entry) -> Vec<String> {
        let mut names = self.above.lock().unwrap_or_else(PoisonError::into_inner).clone();
        names.extend(entry.path.split('/').filter(|name| !name.is_empty()).map(ToString::to_string));
        names
    }
}

fn is_top(folders: &[String]) -> bool {
    matches!(folders, [only] if TOPS.contains(&only.as_str()))
}
