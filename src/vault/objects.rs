//! Reading objects of an open vault by address, with the blocks opened last kept for the next object.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::OnceCell;

use super::address::Address;
use super::block::Block;
use super::error::{Error, ErrorKind};
use super::hex::{self, Id};
use super::index::{self, Index};
use super::local::Local;
use super::message::{self, Tree};
use super::node::{Content, Node};
use super::seal::{Keys, Kind};
use super::store::Store;
use super::{pack, tree};

/// Bytes of opened blocks that are kept: those of a calendar of 50,000 events.
const CACHE_BYTES: usize = 64 * 1024 * 1024;
/// Files that are read at the same time.
pub(super) const AT_ONCE: usize = 16;
/// Most bytes of a sealed index file.
const MOST_INDEX_BYTES: u64 = index::MOST_BYTES as u64 + 1024;

/// An open vault: what all its users share.
pub(super) struct Objects {
    pub(super) id: Id,
    pub(super) store: Store,
    pub(super) keys: Keys,
    pub(super) local: Local,
    pub(super) index: RwLock<Index>,
    /// Whether the index files were read once.
    loaded: OnceCell<()>,
    cache: Mutex<VecDeque<Cached>>,
}

/// An index file that could not be read, and why.
pub(super) type BadIndex = (String, Error);

struct Cached {
    number: u32,
    block: Arc<OnceCell<Block>>,
}

impl Objects {
    pub(super) fn new(id: Id, store: Store, keys: Keys, local: Local) -> Self {
        let (index, loaded, cache) = (RwLock::default(), OnceCell::new(), Mutex::default());
        Self { id, store, keys, local, index, loaded, cache }
    }

    /// Reads the index files once; later calls return at once.
    pub(super) async fn load_index(&self) -> Result<(), Error> {
        let load = || async {
            // A damaged index file hides objects, no more: what needs one of them says so, and a backup stores them again.
            self.refresh_index().await.map(|_| ())
        };
        self.loaded.get_or_try_init(load).await.copied()
    }

    /// Reads the index files, once, and says which are damaged.
    pub(super) async fn load_index_anew(&self) -> Result<Vec<BadIndex>, Error> {
        let bad = self.refresh_index().await?;
        self.loaded.get_or_init(|| async {}).await;
        Ok(bad)
    }

    /// Reads the index files that are there and were not read yet; returns those that are damaged.
    pub(super) async fn refresh_index(&self) -> Result<Vec<BadIndex>, Error> {
        let listed = self.store.list("index").await?;
        let names = listed.into_iter().map(|file| file.name);
        let mut bad: Vec<BadIndex> = Vec::new();
        let mut new = Vec::new();
        for name in names {
            match hex::decode(&name) {
                Some(id) if self.with_index(|index| index.read.contains(&id)) => {}
                Some(id) => new.push(id),
                None => {}
            }
        }
        let read =
            stream::iter(new).map(|id| async move { (id, self.index_file(&id).await) }).buffer_unordered(AT_ONCE);
        let mut files = Vec::new();
        for (id, file) in read.collect::<Vec<_>>().await {
            match file {
                Ok(file) => files.push((id, file)),
                Err(error) if error.kind == ErrorKind::Storage => return Err(error),
                // Compaction may have removed it since it was listed.
                Err(error) if error.kind == ErrorKind::Missing => {}
                Err(error) => bad.push((index::name(&id), error)),
            }
        }
        // The order in which they arrived must not decide which of two copies of an object is read.
        files.sort_by_key(|(id, _)| *id);
        bad.extend(self.take_in(files));
        Ok(bad)
    }

    /// Takes in what this process wrote itself.
    pub(super) fn written(&self, id: Id, file: message::Index) {
        self.take_in(vec![(id, file)]);
    }

    /// A look at the index; must not wait for anything.
    pub(super) fn with_index<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The content of an object, checked against its address.
    pub(super) async fn object(&self, kind: Kind, address: &Address) -> Result<Bytes, Error> {
        self.load_index().await?;
        let mut at = self.with_index(|index| index.find(address));
        if at.is_none() {
            // Perhaps another process wrote it since the index was read.
            self.refresh_index().await?;
            at = self.with_index(|index| index.find(address));
        }
        let at = at.ok_or_else(|| Error::new(ErrorKind::Missing, format!("object {address} is in no index file")))?;
        let cell = self.cached(at.block);
        let block = cell.get_or_try_init(|| self.read_block(at.block)).await?;
        let damaged = |why| Error::damaged(&format!("object {address}"), why);
        let content =
            block.object(at.number).ok_or_else(|| damaged("its block has fewer objects than the index says"))?;
        if self.keys.address(kind, &content) != *address {
            return Err(damaged("it is not what its address says"));
        }
        Ok(content)
    }

    /// A node of a tree.
    pub(super) async fn tree(&self, address: &Address) -> Result<Tree, Error> {
        let bytes = self.object(Kind::Tree, address).await?;
        tree::read(&bytes).ok_or_else(|| Error::damaged(&format!("tree {address}"), "it does not keep to the format"))
    }

    /// The content of a file.
    pub(super) async fn content(&self, node: &Node) -> Result<Bytes, Error> {
        let Content::File(parts) = &node.content else {
            return Err(Error::usage(format!("{} is not a file", node.name)));
        };
        match parts.as_ref() {
            [] => Ok(Bytes::new()),
            [whole] => self.object(Kind::Data, whole).await,
            parts => {
                let read = stream::iter(parts).map(|part| self.object(Kind::Data, part)).buffered(4);
                let parts: Vec<Bytes> = read.try_collect().await?;
                Ok(parts.concat().into())
            }
        }
    }

    async fn index_file(&self, id: &Id) -> Result<message::Index, Error> {
        let name = index::name(id);
        let sealed = self.store.get(&name, MOST_INDEX_BYTES).await?;
        index::open(&self.keys, id, &sealed).ok_or_else(|| Error::damaged(&name, "it does not open"))
    }

    fn take_in(&self, files: Vec<(Id, message::Index)>) -> Vec<BadIndex> {
        let mut bad = Vec::new();
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        for replaced in files.iter().flat_map(|(_, file)| &file.replaces) {
            index.read.extend(Id::try_from(replaced.as_slice()).ok());
        }
        for (id, file) in files {
            if index.read.insert(id) && file.packs.iter().any(|pack| index.add(pack).is_none()) {
                let name = index::name(&id);
                let error = Error::damaged(&name, "it contradicts itself");
                bad.push((name, error));
            }
        }
        bad
    }

    fn cached(&self, number: u32) -> Arc<OnceCell<Block>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let found = cache.iter().position(|cached| cached.number == number).and_then(|place| cache.remove(place));
        let cached = found.unwrap_or_else(|| Cached { number, block: Arc::default() });
        let block = cached.block.clone();
        cache.push_front(cached);
        let mut bytes = 0;
        // The first one stays in any case, however large.
        cache.retain(|cached| {
            let fits = bytes <= CACHE_BYTES;
            bytes += cached.block.get().map_or(0, Block::size);
            fits
        });
        block
    }

    async fn read_block(&self, number: u32) -> Result<Block, Error> {
        let found = self.with_index(|index| index.block(number));
        let (pack, block) =
            found.ok_or_else(|| Error::new(ErrorKind::Missing, format!("block {number} is in no index file")))?;
        let name = pack::name(&pack.id);
        let sealed = self.store.get_range(&name, block.at..block.at + u64::from(block.sealed)).await?;
        let damaged = |why: &str| Error::damaged(&format!("block {} of {name}", block.number), why);
        let compressed = self.keys.open_record(&pack.id, block.number, block.kind.byte(), &sealed);
        let compressed = compressed.ok_or_else(|| damaged("it does not open"))?;
        Block::read(&compressed).ok_or_else(|| damaged("it does not decompress"))
    }
}
