//! An open vault: what all commands do with it.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::backup::{Backup, ROOT_NAME};
use super::cache::Cache;
use super::config::{self, Config};
use super::error::{Error, ErrorKind};
use super::hex;
use super::key::{self, KeyCost, NewKey, Unlock};
use super::keyring;
use super::lean::Leaning;
use super::local::Local;
use super::node::{Content, Meta, Node, NodeKind};
use super::objects::{AT_ONCE, Objects};
use super::place::Place;
use super::seal::{self, Keys};
use super::seen;
use super::snapshot::{self, Snapshot, SnapshotHead};
use super::store::Store;
use super::walk::{self, Walk};

/// Snapshots of one tag that are looked at for the newest of its source; nearly always the first is. Others are damaged,
/// were removed meanwhile, or are of a source that has moved since.
const MOST_LOOKED_AT: usize = 16;

/// The snapshots of a vault.
#[derive(Debug, Default)]
pub struct Snapshots {
    /// Those that can be read, oldest first.
    pub whole: Vec<Snapshot>,
    /// Why each of the others can't be.
    pub damaged: Vec<Error>,
}

/// An open vault; cheap to clone.
#[derive(Clone)]
pub struct Vault {
    pub(super) objects: Arc<Objects>,
}

impl Vault {
    /// Whether there is a vault at all; needs no passphrase. [`ErrorKind::NotAVault`] if there is none.
    pub async fn find_at(place: &Place) -> Result<(), Error> {
        config_at(&place.store()?).await.map(drop)
    }

    /// Makes a new vault with one key slot. [`ErrorKind::Exists`] if anything is there already.
    pub async fn create(place: &Place, unlock: &Unlock, cost: KeyCost, now: SystemTime) -> Result<Vault, Error> {
        let store = place.new_store()?;
        let found = store.top().await?;
        if found.iter().any(|name| name == config::NAME) {
            return Err(Error::new(ErrorKind::Exists, format!("there is a vault in {} already", store.place)));
        }
        // A slot alone is what an interrupted creation leaves; it opens nothing.
        if found.iter().any(|name| name != "keys") {
            return Err(Error::new(ErrorKind::Exists, format!("{} is not empty", store.place)));
        }
        let (id, slot_id, master) = (hex::new_id(), hex::new_id(), seal::new_master());
        let keys = Keys::new(id, &master);
        let new = NewKey { unlock: unlock.clone(), label: String::new(), cost };
        let slot = keyring::first_slot(id, slot_id, new, now, master).await?;
        // The slot first: a vault that has a configuration can be opened.
        store.put(&key::name(&slot_id), slot.to_bytes()).await?;
        let config = Config::new(&id, now, &keys);
        if let Err(error) = store.put_new(config::NAME, config.to_bytes()).await {
            if error.kind == ErrorKind::Exists {
                // Someone else was quicker; the slot opens nothing there. That it can't be removed is no harm.
                let _ = store.delete(&key::name(&slot_id)).await;
            }
            return Err(error);
        }
        Ok(Vault { objects: Arc::new(Objects::new(id, store, keys, Local::default())) })
    }

    /// Opens a vault, and keeps nothing on this machine; as [`Vault::open_with`].
    pub async fn open(place: &Place, unlock: &Unlock) -> Result<Vault, Error> {
        Vault::open_with(place, unlock, Local::default()).await
    }

    /// Opens a vault. [`ErrorKind::NotAVault`], [`ErrorKind::WrongPassphrase`], [`ErrorKind::TooNew`]; takes as long as the
    /// key slot's cost says.
    pub async fn open_with(place: &Place, unlock: &Unlock, local: Local) -> Result<Vault, Error> {
        let mut store = place.store()?;
        let config = config_at(&store).await?;
        let id = config.id()?;
        let (slot, master) = keyring::open_slot(&store, &id, unlock, seen::slot(&local, &id)).await?;
        let keys = Keys::new(id, &master);
        config.verify(&keys)?;
        seen::opened_by(&local, &id, &slot);
        if let Some(folder) = local.cache.as_deref().filter(|_| !store.is_near) {
            store.cache = Cache::open(folder, &hex::encode(&id));
        }
        Ok(Vault { objects: Arc::new(Objects::new(id, store, keys, local)) })
    }

    /// The vault's own id, 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&self.objects.id)
    }

    /// Where it lies, for a person.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.objects.store.place
    }

    /// All snapshots, oldest first. One that is damaged hides no other.
    pub async fn snapshots(&self) -> Result<Snapshots, Error> {
        let names = self.snapshot_names().await?;
        let mut read = stream::iter(names).map(|name| self.snapshot(name)).buffered(AT_ONCE);
        let mut snapshots = Snapshots::default();
        while let Some(snapshot) = read.next().await {
            match snapshot {
                Ok(snapshot) => snapshots.whole.push(snapshot),
                Err(error) if error.kind == ErrorKind::Storage => return Err(error),
                Err(error) => snapshots.damaged.push(error),
            }
        }
        Ok(snapshots)
    }

    /// The snapshot that `which` means: an unambiguous prefix of its id, `latest`, or `latest@SOURCE`. Lists the names, and
    /// reads that one; what was taken before a restore is meant by its id only.
    pub async fn find(&self, which: &str) -> Result<Snapshot, Error> {
        let none = |what: String| Error::new(ErrorKind::NotFound, what);
        if let Some(source) = which.strip_prefix("latest@") {
            let head = SnapshotHead { source: source.to_owned(), ..SnapshotHead::default() };
            let newest = self.newest(&head, MOST_LOOKED_AT, |snapshot| snapshot.head.source == source).await?;
            return newest
                .map_err(|damaged| damaged.unwrap_or_else(|| none(format!("there is no snapshot of @{source}"))));
        }
        let mut names = self.snapshot_names().await?;
        if which == "latest" {
            while let Some(name) = names.pop() {
                let snapshot = self.snapshot(name).await?;
                if !snapshot.head.is_before_restore() {
                    return Ok(snapshot);
                }
            }
            return Err(none("there is no snapshot yet".to_owned()));
        }
        self.snapshot(the_one(names, which)?).await
    }

    /// The snapshot before one that would begin so: the last of the same source, location and origin.
    pub async fn previous(&self, head: &SnapshotHead) -> Result<Option<Snapshot>, Error> {
        Ok(self.newest(head, MOST_LOOKED_AT, |snapshot| is_like(&snapshot.head, head)).await?.ok())
    }

    /// The last of the same source, location and origin that has all of it, behind however many that have not: what a source
    /// failed to give for months is in no later one. Reads the snapshots' own small objects, some at once, and no more.
    pub async fn previous_whole(&self, head: &SnapshotHead) -> Result<Option<Snapshot>, Error> {
        let is_meant = |snapshot: &Snapshot| !snapshot.partial && is_like(&snapshot.head, head);
        Ok(self.newest(head, usize::MAX, is_meant).await?.ok())
    }

    /// The newest snapshot that is meant, among the last `most` of those with the tag of such a head. One that is damaged hides no other, but may
    /// be the one that was meant when no other is found.
    async fn newest(
        &self,
        head: &SnapshotHead,
        most: usize,
        is_meant: impl Fn(&Snapshot) -> bool,
    ) -> Result<Result<Snapshot, Option<Error>>, Error> {
        let tag = snapshot::tag(&self.objects.keys, head);
        let names = self.snapshot_names().await?.into_iter().rev();
        let tagged = names.filter(|name| snapshot::named(name).is_some_and(|named| named.tag == tag));
        let mut damaged = None;
        // Where the first is nearly always the one, nothing is read ahead.
        let at_once = if most > MOST_LOOKED_AT { AT_ONCE } else { 1 };
        let mut read = stream::iter(tagged.take(most)).map(|name| self.snapshot(name)).buffered(at_once);
        while let Some(snapshot) = read.next().await {
            match snapshot {
                Ok(snapshot) if is_meant(&snapshot) => return Ok(Ok(snapshot)),
                Err(error) if error.kind == ErrorKind::Storage => return Err(error),
                Err(error) => damaged = damaged.or(Some(error)),
                Ok(_) => {}
            }
        }
        Ok(Err(damaged))
    }

    /// The `/` of a snapshot.
    pub async fn root(&self, snapshot: &Snapshot) -> Result<Node, Error> {
        let above = Node {
            name: String::new(),
            kind: NodeKind::Folder { below: snapshot.counts },
            meta: Meta::default(),
            xattrs: Vec::new(),
            content: Content::Folder(snapshot.root),
        };
        let root = walk::child(&self.objects, &above, ROOT_NAME).await?;
        let mut root = root.ok_or_else(|| Error::damaged(&format!("snapshot {}", snapshot.id), "it has no root"))?;
        root.name = String::new();
        Ok(root)
    }

    /// The folder or file at `path`, absolute; reads a node or two for each folder on the way.
    pub async fn entry(&self, snapshot: &Snapshot, path: &str) -> Result<Node, Error> {
        let mut node = self.root(snapshot).await?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let child = walk::child(&self.objects, &node, name).await?;
            let missing = || Error::new(ErrorKind::NotFound, format!("there is no {path} in snapshot {}", snapshot.id));
            node = child.ok_or_else(missing)?;
        }
        Ok(node)
    }

    /// What is directly in a folder, sorted by name.
    pub async fn children(&self, folder: &Node) -> Result<Vec<Node>, Error> {
        walk::children(&self.objects, folder).await
    }

    /// Everything below `node`, which is at `path`; lazily, a folder before what is in it.
    #[must_use]
    pub fn walk(&self, path: &str, node: &Node) -> Walk {
        Walk::new(self.objects.clone(), path, node)
    }

    /// The content of a file, checked against its address.
    pub async fn read(&self, file: &Node) -> Result<Bytes, Error> {
        self.objects.content(file).await
    }

    /// One piece of the content of a file, of [`Node::pieces`], checked against its address.
    pub async fn piece(&self, file: &Node, number: usize) -> Result<Bytes, Error> {
        self.objects.piece(file, number).await
    }

    /// Begins a backup; nothing is visible before it is finished.
    pub async fn backup(&self, head: SnapshotHead) -> Result<Backup, Error> {
        Ok(Backup::new(self.objects.clone(), head, self.lean().await?))
    }

    /// Reads all that tells what need not be stored again, and what new snapshots must not lean on.
    pub(super) async fn lean(&self) -> Result<Leaning, Error> {
        self.objects.load_index().await?;
        self.objects.refresh_index().await?;
        // An index file may tell of a pack that is not there: what lies only in that is stored again.
        Leaning::begin(&self.objects).await
    }

    /// Names of all snapshots, oldest first.
    pub(super) async fn snapshot_names(&self) -> Result<Vec<String>, Error> {
        let listed = self.objects.store.list("snapshots").await?;
        let mut names: Vec<String> =
            listed.into_iter().map(|file| file.name).filter(|name| snapshot::named(name).is_some()).collect();
        names.sort_unstable();
        Ok(names)
    }

    pub(super) async fn snapshot(&self, name: String) -> Result<Snapshot, Error> {
        let store = &self.objects.store;
        match (self.snapshot_of(store, &name).await, store.renewed()) {
            (Err(error), Some(store)) if error.kind == ErrorKind::Damaged => self.snapshot_of(&store, &name).await,
            (result, _) => result,
        }
    }

    async fn snapshot_of(&self, store: &Store, name: &str) -> Result<Snapshot, Error> {
        let sealed = store.get(&format!("snapshots/{name}"), u64::from(snapshot::MOST_BYTES)).await?;
        Snapshot::open(&self.objects.keys, name, &sealed)
    }
}

/// Whether both are of the same source, location and origin.
fn is_like(one: &SnapshotHead, other: &SnapshotHead) -> bool {
    (&one.source, &one.location, &one.origin) == (&other.source, &other.location, &other.origin)
}

/// The one name of a snapshot whose id begins so.
pub(super) fn the_one(names: Vec<String>, which: &str) -> Result<String, Error> {
    let is_meant = |name: &String| snapshot::named(name).is_some_and(|named| named.id.starts_with(which));
    let mut meant = names.into_iter().filter(is_meant);
    match (meant.next(), meant.next()) {
        _ if which.is_empty() => Err(Error::usage("an empty word means no snapshot")),
        (None, _) => Err(Error::new(ErrorKind::NotFound, format!("there is no snapshot {which}"))),
        (Some(name), None) => Ok(name),
        (Some(_), Some(_)) => {
            Err(Error::new(ErrorKind::Ambiguous, format!("more than one snapshot begins with {which}")))
        }
    }
}

/// What a vault says of itself in the clear.
pub(super) async fn config_at(store: &Store) -> Result<Config, Error> {
    let config = store.get(config::NAME, config::MOST_BYTES).await.map_err(|error| match error.kind {
        ErrorKind::Missing => Error::new(ErrorKind::NotAVault, format!("there is no vault in {}", store.place)),
        _ => error,
    })?;
    Config::read(&config, &store.place)
}
