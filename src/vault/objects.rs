//! Reading objects of an open vault by address, with the blocks opened last kept for the next object.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::address::Address;
use super::block::Block;
use super::error::{Error, ErrorKind};
use super::hex::Id;
use super::index::At;
use super::local::Local;
use super::lookup::Lookup;
use super::message::Tree;
use super::node::{Content, Node};
use super::once::Once;
use super::seal::{Keys, Kind};
use super::store::Store;
use super::{pack, tree};

/// Bytes of opened blocks that are kept: those of a calendar of 50,000 events.
const CACHE_BYTES: usize = 64 * 1024 * 1024;
/// Files that are read at the same time.
pub(super) const AT_ONCE: usize = 16;
/// An open vault: what all its users share.
pub(super) struct Objects {
    pub(super) id: Id,
    pub(super) store: Store,
    pub(super) keys: Keys,
    pub(super) local: Local,
    pub(super) lookup: Lookup,
    cache: Mutex<VecDeque<Cached>>,
}

struct Cached {
    /// Id of its pack, and its number there.
    key: (Id, u32),
    block: Once<Arc<Block>>,
}

impl Objects {
    pub(super) fn new(id: Id, store: Store, keys: Keys, local: Local) -> Self {
        Self { id, store, keys, local, lookup: Lookup::default(), cache: Mutex::default() }
    }

    /// The same vault, of which nothing was read yet, in `store`.
    pub(super) fn afresh(&self, store: Store) -> Self {
        Self::new(self.id, store, self.keys.clone(), self.local.clone())
    }

    /// The content of an object, checked against its address.
    pub(super) async fn object(self: &Arc<Self>, kind: Kind, address: &Address) -> Result<Bytes, Error> {
        let places = self.locate(address).await?;
        match self.object_in(kind, address, &places).await {
            Err(error) if error.kind == ErrorKind::Missing && !places.is_empty() => {
                // Its pack is gone: another process may have put it elsewhere since the index was read.
                let mut others = self.locate_anew(address).await?;
                others.retain(|at| !places.contains(at));
                if others.is_empty() { Err(error) } else { self.object_in(kind, address, &others).await }
            }
            result => result,
        }
    }

    /// The content of an object from the first of these places that has it.
    async fn object_in(self: &Arc<Self>, kind: Kind, address: &Address, places: &[At]) -> Result<Bytes, Error> {
        let mut first = None;
        for at in places {
            match self.object_at(kind, address, at).await {
                Ok(content) => return Ok(content),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| Error::new(ErrorKind::Missing, format!("object {address} is in no index file"))))
    }

    /// The content of an object from one place.
    pub(super) async fn object_at(self: &Arc<Self>, kind: Kind, address: &Address, at: &At) -> Result<Bytes, Error> {
        let read = || {
            let (objects, at) = (self.clone(), *at);
            async move { objects.read_block(&at).await.map(Arc::new) }
        };
        let block = self.cached((at.pack, at.number)).get_or_make(read).await?;
        let damaged = |why| Error::damaged(&format!("object {address}"), why);
        let content =
            block.object(at.object).ok_or_else(|| damaged("its block has fewer objects than the index says"))?;
        if self.keys.address(kind, &content) != *address {
            return Err(damaged("it is not what its address says"));
        }
        Ok(content)
    }

    /// A node of a tree.
    pub(super) async fn tree(self: &Arc<Self>, address: &Address) -> Result<Tree, Error> {
        let bytes = self.object(Kind::Tree, address).await?;
        tree::read(&bytes).ok_or_else(|| Error::damaged(&format!("tree {address}"), "it does not keep to the format"))
    }

    /// The content of a file.
    pub(super) async fn content(self: &Arc<Self>, node: &Node) -> Result<Bytes, Error> {
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

    /// One piece of a file's content.
    pub(super) async fn piece(self: &Arc<Self>, node: &Node, number: usize) -> Result<Bytes, Error> {
        let part = if let Content::File(parts) = &node.content { parts.get(number) } else { None };
        let part = part.ok_or_else(|| Error::usage(format!("{} has no piece {number}", node.name)))?;
        self.object(Kind::Data, part).await
    }

    fn cached(&self, key: (Id, u32)) -> Once<Arc<Block>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let found = cache.iter().position(|cached| cached.key == key).and_then(|place| cache.remove(place));
        let cached = found.unwrap_or_else(|| Cached { key, block: Once::default() });
        let block = cached.block.clone();
        cache.push_front(cached);
        let mut bytes = 0;
        // The first one stays in any case, however large.
        cache.retain(|cached| {
            let fits = bytes <= CACHE_BYTES;
            bytes += cached.block.get().map_or(0, |block| block.size());
            fits
        });
        block
    }

    async fn read_block(&self, at: &At) -> Result<Block, Error> {
        match (self.read_block_of(&self.store, at).await, self.store.renewed()) {
            (Err(error), Some(store)) if error.kind == ErrorKind::Damaged => self.read_block_of(&store, at).await,
            (result, _) => result,
        }
    }

    async fn read_block_of(&self, store: &Store, at: &At) -> Result<Block, Error> {
        let (name, block) = (pack::name(&at.pack), at.block);
        let range = block.at..block.at + u64::from(block.sealed);
        let sealed = match block.kind {
            Kind::Tree => store.get_trees(&name, range).await?,
            Kind::Data => store.get_range(&name, range).await?,
        };
        let damaged = |why: &str| Error::damaged(&format!("block {} of {name}", at.number), why);
        let compressed = self.keys.open_record(&at.pack, at.number, block.kind.byte(), &sealed);
        let compressed = compressed.ok_or_else(|| damaged("it does not open"))?;
        Block::read(&compressed).ok_or_else(|| damaged("it does not decompress"))
    }
}
