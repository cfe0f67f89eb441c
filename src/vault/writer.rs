//! Writing objects: gathered into blocks, compressed on other threads, sealed into packs, put as each pack is full.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::address::{Address, BuildAddressHasher};
use super::block::Gathered;
use super::error::{Error, ErrorKind};
use super::hex::Id;
use super::index::{Draft, PackContents};
use super::objects::Objects;
use super::pack::{self, Packer};
use super::seal::Kind;

/// Packs after which an index file is written though more will follow: what a run that is broken off had stored by then is
/// found by the next one.
const PACKS_AN_INDEX: usize = 8;

/// Takes objects and writes packs; used by several tasks at once.
pub(super) struct Writer {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<Result<(), Error>>>,
    /// Blocks that may be compressed, and packs put, at the same time; bounds memory.
    slots: Arc<Semaphore>,
}

/// What a writer's tasks work on.
struct Shared {
    objects: Arc<Objects>,
    /// Packs that are gone, or may go soon: what lies only there is stored again.
    avoided: HashSet<Id>,
    open: Mutex<Open>,
    packs: Mutex<Packs>,
}

/// What a backup has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Objects (contents and nodes of trees) that were not in the vault.
    pub new_objects: u64,
    /// Their bytes, before compression.
    pub new_bytes: u64,
    /// Bytes added to the vault, everything included.
    pub stored_bytes: u64,
}

impl Written {
    /// Adds what was written besides.
    pub(super) fn add(&mut self, more: Written) {
        self.new_objects += more.new_objects;
        self.new_bytes += more.new_bytes;
        self.stored_bytes += more.stored_bytes;
    }
}

struct Open {
    data: Gathered,
    tree: Gathered,
    /// Objects that this writer took and of which no index file tells yet.
    seen: HashSet<Address, BuildAddressHasher>,
    written: Written,
}

struct Packs {
    open: Packer,
    done: Vec<PackContents>,
    /// Bytes of packs and index files that are written.
    stored_bytes: u64,
    /// How many packs there may be of which no index file tells.
    most_unindexed: usize,
}

impl Writer {
    /// `avoided` are packs on which nothing may lean. Writes an index file after each few packs, so that whoever is broken off
    /// finds again what was stored.
    pub(super) fn new(objects: Arc<Objects>, avoided: HashSet<Id>) -> Self {
        Self::with(objects, avoided, PACKS_AN_INDEX)
    }

    /// Writes packs alone; see [`Writer::close`].
    pub(super) fn of_packs(objects: Arc<Objects>) -> Self {
        Self::with(objects, HashSet::new(), usize::MAX)
    }

    fn with(objects: Arc<Objects>, avoided: HashSet<Id>, most_unindexed: usize) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let open = Open {
            data: Gathered::new(Kind::Data),
            tree: Gathered::new(Kind::Tree),
            seen: HashSet::default(),
            written: Written::default(),
        };
        let packs = Packs { open: Packer::new(), done: Vec::new(), stored_bytes: 0, most_unindexed };
        Self {
            shared: Arc::new(Shared { objects, avoided, open: Mutex::new(open), packs: Mutex::new(packs) }),
            tasks: Mutex::default(),
            slots: Arc::new(Semaphore::new(threads + 1)),
        }
    }

    /// Stores an object unless the vault has it.
    pub(super) async fn add(&self, kind: Kind, address: Address, content: &[u8]) -> Result<(), Error> {
        match self.gather(kind, address, content) {
            Some(full) => self.write(full).await,
            None => Ok(()),
        }
    }

    /// Whether the object is in the vault, or taken by this writer.
    pub(super) fn has(&self, address: &Address) -> bool {
        lock(&self.shared.open).seen.contains(address) || self.shared.is_stored(address)
    }

    /// Bytes of new objects that it took so far.
    pub(super) fn taken_bytes(&self) -> u64 {
        lock(&self.shared.open).written.new_bytes
    }

    /// Writes what is still gathered, then an index of it all.
    pub(super) async fn finish(&self) -> Result<Written, Error> {
        let packs = self.close().await?;
        self.shared.put_index(packs).await?;
        let stored_bytes = std::mem::take(&mut lock(&self.shared.packs).stored_bytes);
        Ok(Written { stored_bytes, ..lock(&self.shared.open).written })
    }

    /// Writes what is still gathered; the packs of which no index file tells yet.
    pub(super) async fn close(&self) -> Result<Vec<PackContents>, Error> {
        let (data, tree) = {
            let mut open = lock(&self.shared.open);
            let data = std::mem::replace(&mut open.data, Gathered::new(Kind::Data));
            (data, std::mem::replace(&mut open.tree, Gathered::new(Kind::Tree)))
        };
        for gathered in [data, tree] {
            if !gathered.objects.is_empty() {
                self.write(gathered).await?;
            }
        }
        self.end_tasks().await?;
        let last = {
            let packer = std::mem::replace(&mut lock(&self.shared.packs).open, Packer::new());
            (!packer.is_empty()).then_some(packer)
        };
        if let Some(packer) = last {
            self.shared.put(packer).await?;
        }
        Ok(std::mem::take(&mut lock(&self.shared.packs).done))
    }

    /// What came of those that have ended already.
    fn ended_tasks(&self) -> Result<(), Error> {
        let mut tasks = lock(&self.tasks);
        while let Some(ended) = tasks.try_join_next() {
            ended.map_err(task_failed)??;
        }
        Ok(())
    }

    /// Waits for all that is on its way, also after a failure: what is dropped instead leaves half an upload in the storage.
    async fn end_tasks(&self) -> Result<(), Error> {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        let mut result = Ok(());
        while let Some(ended) = tasks.join_next().await {
            result = result.and(ended.map_err(task_failed).and_then(|ended| ended));
        }
        result
    }

    fn gather(&self, kind: Kind, address: Address, content: &[u8]) -> Option<Gathered> {
        let mut open = lock(&self.shared.open);
        if open.seen.contains(&address) || self.shared.is_stored(&address) {
            return None;
        }
        open.seen.insert(address);
        open.written.new_objects += 1;
        open.written.new_bytes += content.len() as u64;
        let gathered = match kind {
            Kind::Data => &mut open.data,
            Kind::Tree => &mut open.tree,
        };
        gathered.push(address, content).then(|| std::mem::replace(gathered, Gathered::new(kind)))
    }

    async fn write(&self, gathered: Gathered) -> Result<(), Error> {
        let slot = self.slots.clone().acquire_owned().await.map_err(|error| failed().because(error))?;
        let shared = self.shared.clone();
        if let Err(error) = self.ended_tasks() {
            // The first failure is the one to tell of.
            let _ = self.end_tasks().await;
            return Err(error);
        }
        lock(&self.tasks).spawn(async move {
            let _slot = slot;
            let packing = shared.clone();
            let full = tokio::task::spawn_blocking(move || packing.pack(gathered));
            match full.await.map_err(task_failed)? {
                Some(full) => shared.put(full).await,
                None => Ok(()),
            }
        });
        Ok(())
    }
}

impl Shared {
    fn is_stored(&self, address: &Address) -> bool {
        self.objects.with_index(|index| index.contains_outside(&self.avoided, address))
    }

    /// Compresses a block and seals it into the open pack; the pack, once it is full.
    fn pack(&self, gathered: Gathered) -> Option<Packer> {
        let (raw, compressed) = gathered.close();
        let mut packs = lock(&self.packs);
        packs.open.push(&self.objects.keys, gathered, raw, &compressed);
        packs.open.is_full().then(|| std::mem::replace(&mut packs.open, Packer::new()))
    }

    async fn put(&self, packer: Packer) -> Result<(), Error> {
        let (id, bytes, pack) = packer.close(&self.objects.keys);
        self.objects.store.put(&pack::name(&id), bytes).await?;
        let done = {
            let mut packs = lock(&self.packs);
            packs.stored_bytes += pack.size;
            packs.done.push(pack);
            if packs.done.len() < packs.most_unindexed { Vec::new() } else { std::mem::take(&mut packs.done) }
        };
        self.put_index(done).await
    }

    /// Writes an index file of these packs, if there are any.
    async fn put_index(&self, packs: Vec<PackContents>) -> Result<(), Error> {
        if packs.is_empty() {
            return Ok(());
        }
        let stored_bytes = self.objects.write_index(Draft::of(packs)).await?;
        lock(&self.packs).stored_bytes += stored_bytes;
        // The index knows most of these from here on; a million of them need not be in memory twice.
        lock(&self.open).seen.retain(|address| !self.is_stored(address));
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed() -> Error {
    Error::new(ErrorKind::Storage, "writing to the vault was broken off")
}

fn task_failed(error: tokio::task::JoinError) -> Error {
    failed().because(error)
}
