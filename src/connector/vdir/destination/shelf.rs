//! What stands in a collection's folder, by UID and by name.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connector::name::{folded, may_be_item, with_suffix};
use crate::item::identity;

/// The folders that this restore puts something into.
#[derive(Debug, Default)]
pub(super) struct Shelves(Mutex<BTreeMap<PathBuf, Arc<Mutex<Shelf>>>>);

/// One folder.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// By name, as a disk sees it that does not tell capitals from small letters.
    files: HashMap<String, Standing>,
    /// UID to keys of `files`: the same UID twice should not be, but is.
    by_uid: HashMap<String, Vec<String>>,
    /// Whether the collection's own description came, which says whether the snapshot holds the whole of it.
    pub described: bool,
    /// Why nothing follows from what did not come.
    pub lacking: Option<&'static str>,
}

#[derive(Debug)]
struct Standing {
    name: String,
    uid: Option<String>,
    /// Whether an item of this restore is there, or is just going there.
    taken: bool,
}

/// The file for an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub name: String,
    /// Whether a file is there that is the same item, or has no UID to tell.
    pub there: bool,
}

impl Shelves {
    /// The shelf for that folder, read when it is asked for first.
    pub fn at(&self, folder: &Path) -> io::Result<Arc<Mutex<Shelf>>> {
        let mut shelves = lock(&self.0);
        if let Some(items) = shelves.get(folder) {
            return Ok(Arc::clone(items));
        }
        let items = Arc::new(Mutex::new(Shelf::read(folder)?));
        shelves.insert(folder.to_path_buf(), Arc::clone(&items));
        Ok(items)
    }

    /// All of them, by folder.
    pub fn all(&self) -> Vec<(PathBuf, Arc<Mutex<Shelf>>)> {
        lock(&self.0).iter().map(|(folder, items)| (folder.clone(), Arc::clone(items))).collect()
    }
}

impl Shelf {
    fn read(folder: &Path) -> io::Result<Shelf> {
        let mut items = Shelf::default();
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(items),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !may_be_item(&name) {
                continue;
            }
            // What is no file can't be an item, but its name is in use.
            let is_file = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file());
            let bytes = if is_file { fs::read(entry.path()).unwrap_or_default() } else { Vec::new() };
            let uid = identity::of(&bytes).map(|identity| identity.uid);
            items.put(&name, uid, !is_file);
        }
        Ok(items)
    }

    fn put(&mut self, name: &str, uid: Option<String>, taken: bool) {
        let key = folded(name);
        if let Some(uid) = uid.clone() {
            self.by_uid.entry(uid).or_default().push(key.clone());
        }
        self.files.insert(key, Standing { name: name.to_string(), uid, taken });
    }

    /// Finds the file for an item that would be called `wanted`, and keeps it for that item: the one with the item's UID; else
    /// the one of that name if nobody knows who it is; else a free name.
    pub fn slot(&mut self, wanted: &str, uid: Option<&str>) -> Slot {
        let key = folded(wanted);
        let known: Vec<_> = uid.and_then(|uid| self.by_uid.get(uid)).into_iter().flatten().cloned().collect();
        let by_both = known.iter().filter(|same| **same == key).cloned();
        let unknown = |standing: &Standing| standing.uid.is_none() || uid.is_none();
        let by_name = self.files.get(&key).filter(|standing| unknown(standing)).map(|_| key.clone());
        for key in by_both.chain(known.iter().cloned()).chain(by_name) {
            if let Some(standing) = self.files.get_mut(&key).filter(|standing| !standing.taken) {
                standing.taken = true;
                return Slot { name: standing.name.clone(), there: true };
            }
        }
        let mut name = wanted.to_string();
        let mut again = 0;
        while self.files.contains_key(&folded(&name)) {
            name = with_suffix(wanted, uid.unwrap_or(wanted), again);
            again += 1;
        }
        self.put(&name, uid.map(ToString::to_string), true);
        Slot { name, there: false }
    }

    /// Why what did not come is not known to be gone; `None` where it is.
    pub fn why_not_whole(&self) -> Option<&'static str> {
        let unknown = "it is not known whether the snapshot has all of it";
        self.lacking.or(if self.described { None } else { Some(unknown) })
    }

    /// Files that nothing of this restore went to.
    pub fn left(&self) -> impl Iterator<Item = &str> {
        self.files.values().filter(|standing| !standing.taken).map(|standing| standing.name.as_str())
    }
}

/// A lock whose holder panicked still guards whole values.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
