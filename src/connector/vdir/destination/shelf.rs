//! What stands in a collection's folder, by UID and by name.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

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
    /// Whether the folder was there before this restore.
    pub was_there: bool,
    /// Why nothing follows from what did not come.
    pub lacking: Option<&'static str>,
    /// Whether this carries out what was planned with it.
    carried: bool,
}

#[derive(Debug)]
struct Standing {
    name: String,
    uid: Option<String>,
    /// Whether no item can go there any more.
    taken: bool,
    /// The item of this restore, by its path in the snapshot, that is there or is just going there.
    by: Option<String>,
    /// The same in the plan that is carried out: what it found there already is not sent again, and nobody else gets its place.
    kept: Option<String>,
    what: What,
    /// SHA-256 of what stands there; none where nothing does yet, or it could not be read.
    hash: Option<[u8; 32]>,
}

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    File,
    /// No file, which can't be an item.
    Other,
    /// Nothing yet: an item of this restore goes there.
    Planned,
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

    /// The shelf for that folder, if it was read already.
    pub fn known(&self, folder: &Path) -> Option<Arc<Mutex<Shelf>>> {
        lock(&self.0).get(folder).cloned()
    }

    /// The same folders for who carries out what was planned with these: nothing is read again.
    pub fn after_plan(&self) -> Shelves {
        let shelves = std::mem::take(&mut *lock(&self.0));
        let carried = |shelf: Arc<Mutex<Shelf>>| Arc::new(Mutex::new(std::mem::take(&mut *lock(&shelf)).after_plan()));
        Shelves(Mutex::new(shelves.into_iter().map(|(folder, shelf)| (folder, carried(shelf))).collect()))
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
        items.was_there = true;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !may_be_item(&name) {
                continue;
            }
            // What is no file can't be an item, but its name is in use.
            let is_file = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file());
            let bytes = if is_file { fs::read(entry.path()).ok() } else { None };
            let uid = identity::of(bytes.as_deref().unwrap_or_default()).map(|identity| identity.uid);
            let what = if is_file { What::File } else { What::Other };
            let hash = bytes.map(|bytes| Sha256::digest(bytes).into());
            items.put(Standing { name, uid, taken: !is_file, by: None, kept: None, what, hash });
        }
        Ok(items)
    }

    /// Without what was only planned, and everything to be had again.
    fn after_plan(mut self) -> Shelf {
        self.files.retain(|_, standing| standing.what != What::Planned);
        for standing in self.files.values_mut().filter(|standing| standing.what == What::File) {
            standing.taken = false;
            standing.kept = standing.by.take();
        }
        let files = &self.files;
        self.by_uid.values_mut().for_each(|keys| keys.retain(|key| files.contains_key(key)));
        Shelf { carried: true, ..self }
    }

    /// Whether a file is what was seen when the plan was made that is carried out; without a plan it is.
    pub fn is_foreseen(&self, name: &str, content: Option<&[u8]>) -> bool {
        let seen = self.files.get(&folded(name)).and_then(|standing| standing.hash);
        !self.carried || seen == content.map(|content| Sha256::digest(content).into())
    }

    fn put(&mut self, standing: Standing) {
        let key = folded(&standing.name);
        if let Some(uid) = standing.uid.clone() {
            self.by_uid.entry(uid).or_default().push(key.clone());
        }
        self.files.insert(key, standing);
    }

    /// Finds the file for an item that would be called `wanted`, and keeps it for that item, whose path is `path`: the one with
    /// the item's UID; else the one of that name if nobody knows who it is; else a free name.
    pub fn slot(&mut self, wanted: &str, uid: Option<&str>, path: &str) -> Slot {
        let key = folded(wanted);
        let known: Vec<_> = uid.and_then(|uid| self.by_uid.get(uid)).into_iter().flatten().cloned().collect();
        let by_both = known.iter().filter(|same| **same == key).cloned();
        let unknown = |standing: &Standing| standing.uid.is_none() || uid.is_none();
        let by_name = self.files.get(&key).filter(|standing| unknown(standing)).map(|_| key.clone());
        for key in by_both.chain(known.iter().cloned()).chain(by_name) {
            let may_go =
                |standing: &Standing| !standing.taken && standing.kept.as_deref().is_none_or(|kept| kept == path);
            if let Some(standing) = self.files.get_mut(&key).filter(|standing| may_go(standing)) {
                standing.taken = true;
                standing.by = Some(path.to_owned());
                return Slot { name: standing.name.clone(), there: true };
            }
        }
        let mut name = wanted.to_string();
        let mut again = 0;
        while self.files.contains_key(&folded(&name)) {
            name = with_suffix(wanted, uid.unwrap_or(wanted), again);
            again += 1;
        }
        let uid = uid.map(ToString::to_string);
        let by = Some(path.to_owned());
        self.put(Standing { name: name.clone(), uid, taken: true, by, kept: None, what: What::Planned, hash: None });
        Slot { name, there: false }
    }

    /// Why what did not come is not known to be gone; `None` where it is.
    pub fn why_not_whole(&self) -> Option<&'static str> {
        let unknown = "it is not known whether the snapshot has all of it";
        self.lacking.or(if self.described { None } else { Some(unknown) })
    }

    /// Files that nothing of this restore went to.
    pub fn left(&self) -> impl Iterator<Item = &str> {
        self.files
            .values()
            .filter(|standing| !standing.taken && standing.kept.is_none())
            .map(|standing| standing.name.as_str())
    }
}

/// A lock whose holder panicked still guards whole values.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
