//! Finding objects: which index files there are, reading as much of them as is needed, writing and merging them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::address::Address;
use super::error::{Error, ErrorKind};
use super::hex::Id;
use super::index::file::{self, END, Span};
use super::index::{At, Draft, File, Index, MERGED, Name};
use super::objects::{AT_ONCE, Objects};
use super::once::Once;
use super::pack;
use super::store::{Listed, Store};

/// Bytes at the end of an index file that are read first: all of a small file, and the directory of one of a million objects.
const TAIL: u64 = 64 * 1024;
/// Bytes of an index file that are read at once where all of it is wanted.
const WHOLE: u64 = 16 * 1024 * 1024;
/// Chunks that are read one by one; who needs more gets the whole index, which takes less time then.
const MOST_ONE_BY_ONE: usize = 64;
/// How often the files are listed anew because one was removed between listing and reading.
const MOST_LISTINGS: usize = 3;

/// What a vault knows of its index files.
#[derive(Default)]
pub(super) struct Lookup {
    index: RwLock<Index>,
    /// Whether the files were listed and their directories read once.
    opened: Once<()>,
    /// Whether all of them were read once.
    loaded: Once<()>,
    /// Whether all of each new file is to be read.
    is_whole: AtomicBool,
    read_one_by_one: AtomicUsize,
}

/// An index file that could not be read, and why.
pub(super) type BadIndex = (String, Error);

impl Objects {
    /// Reads all of the index files once; later calls return at once. For who looks up many objects: takes 32 bytes of memory
    /// for each object of the vault.
    pub(super) async fn load_index(self: &Arc<Self>) -> Result<(), Error> {
        let load = || {
            let objects = self.clone();
            // A damaged index file hides objects, no more: what needs one of them says so, and a backup stores them again.
            async move { objects.read_index_whole().await.map(drop) }
        };
        self.lookup.loaded.get_or_make(load).await
    }

    /// Reads all of the index files, those that are new since, too, and says which are damaged.
    pub(super) async fn load_index_anew(&self) -> Result<Vec<BadIndex>, Error> {
        let bad = self.read_index_whole().await?;
        self.lookup.loaded.set(());
        Ok(bad)
    }

    /// Reads the index files that are there and were not read yet; returns those that are damaged.
    pub(super) async fn refresh_index(&self) -> Result<Vec<BadIndex>, Error> {
        let mut bad = Vec::new();
        for _ in 0..MOST_LISTINGS {
            bad.clear();
            // Highest level first, as its files make most of the others needless.
            let mut levels: BTreeMap<Reverse<u8>, Vec<(Name, u64)>> = BTreeMap::new();
            for (name, size) in self.index_files().await? {
                levels.entry(Reverse(name.level)).or_default().push((name, size));
            }
            let mut is_any_gone = false;
            for files in levels.into_values() {
                is_any_gone |= self.read_level(files, &mut bad).await?;
            }
            if !is_any_gone {
                break;
            }
        }
        Ok(bad)
    }

    /// Every place at which the object lies; none where no index file tells of it.
    pub(super) async fn locate(self: &Arc<Self>, address: &Address) -> Result<Vec<At>, Error> {
        let open = || {
            let objects = self.clone();
            async move { objects.refresh_index().await.map(drop) }
        };
        self.lookup.opened.get_or_make(open).await?;
        let found = self.places(address).await?;
        if found.is_empty() { self.locate_anew(address).await } else { Ok(found) }
    }

    /// As [`Objects::locate`], after a look for index files that another process wrote meanwhile.
    pub(super) async fn locate_anew(self: &Arc<Self>, address: &Address) -> Result<Vec<At>, Error> {
        self.refresh_index().await?;
        self.places(address).await
    }

    /// A look at what is known of the index; must not wait for anything.
    pub(super) fn with_index<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.lookup.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The index files that are there, with their sizes; also those that are replaced.
    pub(super) async fn index_files(&self) -> Result<Vec<(Name, u64)>, Error> {
        let listed = self.store.list("index").await?;
        Ok(listed.iter().filter_map(|file| Some((Name::parse(&file.name)?, file.size))).collect())
    }

    /// The packs that are there, each with its file below `packs/`.
    pub(super) async fn packs_there(&self) -> Result<HashMap<Id, Listed>, Error> {
        let listed = self.store.list("packs").await?;
        Ok(listed.into_iter().filter_map(|file| Some((pack::id(&file.name)?, file))).collect())
    }

    /// Packs of which the index tells or ever told, and that are not there or not in the index any more; those that are
    /// `known` to be bad are not looked at. The index must be loaded.
    pub(super) async fn packs_gone(&self, known: &HashSet<Id>) -> Result<HashSet<Id>, Error> {
        let there = self.packs_there().await?;
        let (mut gone, packs) = self.with_index(|index| (index.told().clone(), index.packs()));
        gone.retain(|id| !known.contains(id));
        for pack in packs {
            // A list may be older than a pack that was written just now.
            if there.contains_key(&pack.id) || gone.contains(&pack.id) && self.store.has(&pack::name(&pack.id)).await? {
                gone.remove(&pack.id);
            }
        }
        Ok(gone)
    }

    /// Writes an index file; how many bytes it has. What it replaces is not looked at any more.
    pub(super) async fn write_index(&self, draft: Draft) -> Result<u64, Error> {
        let level = draft.level();
        self.write_index_at(level, draft).await
    }

    /// Merges the files of each level that has many, and removes nothing; how many bytes were written. The index must be
    /// loaded.
    pub(super) async fn merge_index(&self) -> Result<u64, Error> {
        let mut written = 0;
        let mut there: Option<HashSet<Id>> = None;
        for level in 0..super::index::HIGHEST {
            let files: Vec<Arc<File>> = self.with_index(|index| {
                let of_level = index.files().iter().filter(|file| file.name.level == level && file.is_sound());
                of_level.cloned().collect()
            });
            if files.len() < MERGED {
                continue;
            }
            if there.is_none() {
                there = Some(self.index_files().await?.into_iter().map(|(name, _)| name.id).collect());
            }
            let mut draft = Draft::merged(&files, &HashSet::new());
            draft.replacing_only(there.as_ref().unwrap_or(&HashSet::new()));
            let level = draft.level().max(level + 1);
            written += self.write_index_at(level, draft).await?;
        }
        Ok(written)
    }

    /// Takes in an index file as if it were written.
    pub(super) fn take_in_index(&self, level: u8, draft: Draft) {
        let (_, file) = draft.seal(&self.keys, level);
        self.change_index(|index| index.add(Arc::new(file)));
    }

    /// Writes an index file of this level.
    pub(super) async fn write_index_at(&self, level: u8, draft: Draft) -> Result<u64, Error> {
        let (bytes, file) = draft.seal(&self.keys, level);
        let size = bytes.len() as u64;
        self.store.put(&file.name.path(), bytes).await?;
        self.change_index(|index| index.add(Arc::new(file)));
        Ok(size)
    }

    async fn read_index_whole(&self) -> Result<Vec<BadIndex>, Error> {
        self.lookup.is_whole.store(true, Ordering::Relaxed);
        let mut bad = Vec::new();
        // Those of which only parts were read; a failure below reads the rest in the next call.
        for file in self.with_index(|index| index.files().to_vec()) {
            match self.read_rest(&self.store, &file).await {
                Ok(()) if file.is_sound() => {}
                Ok(()) => bad.push(damaged(&file.name)),
                Err(error) if error.kind == ErrorKind::Missing => {
                    self.change_index(|index| index.forget(&file.name.id));
                }
                Err(error) => return Err(error),
            }
        }
        bad.extend(self.refresh_index().await?);
        Ok(bad)
    }

    /// Reads those of these files that are not known yet; whether any was gone.
    async fn read_level(&self, files: Vec<(Name, u64)>, bad: &mut Vec<BadIndex>) -> Result<bool, Error> {
        let new: Vec<_> =
            self.with_index(|index| files.into_iter().filter(|(name, _)| !index.knows(&name.id)).collect());
        let read = stream::iter(new).map(|(name, size)| async move { (name, self.read_file(name, size).await) });
        let mut read = read.buffer_unordered(AT_ONCE);
        let mut is_any_gone = false;
        while let Some((name, file)) = read.next().await {
            match file {
                Ok(file) if self.is_whole() && !file.is_sound() => {
                    self.change_index(|index| index.add_beside(Arc::new(file)));
                    bad.push(damaged(&name));
                }
                Ok(file) => self.change_index(|index| index.add(Arc::new(file))),
                Err(error) if error.kind == ErrorKind::Storage => return Err(error),
                Err(error) if error.kind == ErrorKind::Missing => is_any_gone = true,
                Err(error) => bad.push((name.path(), error)),
            }
        }
        Ok(is_any_gone)
    }

    async fn read_file(&self, name: Name, size: u64) -> Result<File, Error> {
        let read = self.read_file_of(&self.store, name, size).await;
        let is_damaged = match &read {
            Ok(file) => file.is_damaged(),
            Err(error) => error.kind == ErrorKind::Damaged,
        };
        match self.store.renewed() {
            Some(store) if is_damaged => self.read_file_of(&store, name, size).await,
            _ => read,
        }
    }

    async fn read_file_of(&self, store: &Store, name: Name, size: u64) -> Result<File, Error> {
        let (path, damaged) = (name.path(), |why| Error::damaged(&name.path(), why));
        let mut start = size.saturating_sub(if self.is_whole() { WHOLE } else { TAIL });
        let mut tail = store.get_range(&path, start..size).await?;
        let length = file::directory_length(size, &tail).ok_or_else(|| damaged("it does not end as it should"))?;
        if length > size - start {
            start = size - length;
            tail = store.get_range(&path, start..size).await?;
        }
        // Read only where it is at hand: all that counts is bound to its place.
        if start == 0 && !file::is_index(&tail) {
            return Err(damaged("it does not begin as it should"));
        }
        let part = |at: u64, length: u64| {
            let start = usize::try_from(at.checked_sub(start)?).ok()?;
            tail.get(start..start.checked_add(usize::try_from(length).ok()?)?)
        };
        let directory = part(size - length, length - END).unwrap_or_default();
        let file = file::open(&self.keys, name, size, directory).ok_or_else(|| damaged("it does not open"))?;
        for span in file.absent() {
            if let Some(sealed) = part(span.at, span.sealed) {
                file.take_in(&self.keys, span.number, sealed);
            }
        }
        if self.is_whole() {
            self.read_rest(store, &file).await?;
        }
        Ok(file)
    }

    /// Reads the chunks of a file that are not there yet, many at once.
    async fn read_rest(&self, store: &Store, file: &File) -> Result<(), Error> {
        let absent = file.absent();
        let mut rest = absent.as_slice();
        while let Some(first) = rest.first() {
            let fits = |span: &&Span| span.at + span.sealed - first.at <= WHOLE;
            let (together, behind) = rest.split_at(rest.iter().take_while(fits).count().max(1));
            rest = behind;
            let end = together.last().map_or(first.at, |last| last.at + last.sealed);
            let bytes = store.get_range(&file.name.path(), first.at..end).await?;
            for span in together {
                let start = usize::try_from(span.at - first.at).unwrap_or(usize::MAX);
                let sealed = bytes.get(start..).unwrap_or_default();
                let sealed = sealed.get(..usize::try_from(span.sealed).unwrap_or(0)).unwrap_or_default();
                file.take_in(&self.keys, span.number, sealed);
            }
        }
        Ok(())
    }

    /// Every place at which the object lies, reading a chunk or two of each file where needed.
    async fn places(self: &Arc<Self>, address: &Address) -> Result<Vec<At>, Error> {
        let needing: Vec<Arc<File>> = self.with_index(|index| {
            let needing = index.files().iter().filter(|file| file.needs(address).is_some());
            needing.cloned().collect()
        });
        if self.lookup.read_one_by_one.load(Ordering::Relaxed) > MOST_ONE_BY_ONE && !needing.is_empty() {
            self.load_index().await?;
        }
        let read = stream::iter(needing.iter().map(Ok));
        read.try_for_each_concurrent(AT_ONCE, |file| self.read_needed(file, address)).await?;
        Ok(self.with_index(|index| index.places(address)))
    }

    async fn read_needed(&self, file: &File, address: &Address) -> Result<(), Error> {
        while let Some(span) = file.needs(address) {
            self.lookup.read_one_by_one.fetch_add(1, Ordering::Relaxed);
            let (path, range) = (file.name.path(), span.at..span.at + span.sealed);
            let mut read = self.store.get_range(&path, range.clone()).await;
            let is_damaged = read.as_ref().is_ok_and(|sealed| !file.opens(&self.keys, span.number, sealed));
            if let Some(store) = self.store.renewed().filter(|_| is_damaged) {
                read = store.get_range(&path, range).await;
            }
            match read {
                Ok(sealed) => file.take_in(&self.keys, span.number, &sealed),
                Err(error) if error.kind == ErrorKind::Damaged => file.take_in(&self.keys, span.number, &[]),
                Err(error) if error.kind == ErrorKind::Missing => {
                    // Removed since; what stands for it is found by looking for it.
                    self.change_index(|index| index.forget(&file.name.id));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.lookup.is_whole.load(Ordering::Relaxed)
    }

    fn change_index(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.lookup.index.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn damaged(name: &Name) -> BadIndex {
    (name.path(), Error::damaged(&name.path(), "a part of it does not open"))
}
