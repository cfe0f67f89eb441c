//! What a dry run came to, folder by folder.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::connector::Foreseen;

use super::super::layout;
use super::shelf::lock;

/// What would be done, by the folder that stands for a collection: one thing for each folder of the snapshot that goes there.
#[derive(Debug, Default)]
pub(super) struct Plan(Mutex<BTreeMap<PathBuf, Vec<Foreseen>>>);

impl Plan {
    /// A collection's folder goes there.
    pub fn folder(&self, path: &str, at: &Path) {
        let mut plan = lock(&self.0);
        let there = plan.entry(at.to_path_buf()).or_default();
        there.push(Foreseen {
            folder: path.to_owned(),
            at: at.display().to_string(),
            makes: there.is_empty() && !at.is_dir(),
            ..Foreseen::default()
        });
    }

    /// One of its files that describe it would be written.
    pub fn sets(&self, at: &Path, name: &str) {
        self.with(at, |foreseen| {
            if !foreseen.makes {
                foreseen.sets.push(name.to_owned());
            }
        });
    }

    /// A file in it would be deleted.
    pub fn deletes(&self, at: &Path, file: &Path) {
        self.with(at, |foreseen| foreseen.deletes.push(file.display().to_string()));
    }

    /// Something in it would be left, and why.
    pub fn leaves(&self, at: &Path, why: String) {
        self.with(at, |foreseen| foreseen.leaves.push(why));
    }

    /// All of it, in the folder `root`.
    pub fn foreseen(&self, root: &Path) -> Vec<Foreseen> {
        let of_source = names(root);
        let named = |(at, there): (PathBuf, Vec<Foreseen>)| {
            let name = at.canonicalize().ok().and_then(|at| of_source.get(&at).cloned());
            // No source finds it, so nobody finds it under this name.
            let name = name.unwrap_or_else(|| format!("/{}", at.strip_prefix(root).unwrap_or(&at).display()));
            there.into_iter().map(move |foreseen| Foreseen { name: name.clone(), ..foreseen })
        };
        std::mem::take(&mut *lock(&self.0)).into_iter().flat_map(named).collect()
    }

    /// Each thing is said once, of the first folder that goes there.
    fn with(&self, at: &Path, note: impl FnOnce(&mut Foreseen)) {
        if let Some(foreseen) = lock(&self.0).get_mut(at).and_then(|there| there.first_mut()) {
            note(foreseen);
        }
    }
}

/// What a source of this folder calls its collections, by their canonical paths.
fn names(root: &Path) -> HashMap<PathBuf, String> {
    let Ok(root) = root.canonicalize() else { return HashMap::new() };
    let collections = layout::look(&root).unwrap_or_default().collections;
    collections.into_iter().map(|one| (one.at, format!("/{}/{}", one.top, one.folder))).collect()
}
