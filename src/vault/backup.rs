//! A backup under way: takes folders and files in any order, and makes a snapshot of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use super::address::Address;
use super::cut::{self, Growing};
use super::details::Xattr;
use super::entries::Entries;
use super::error::{Error, ErrorKind};
use super::gathered::Gathered;
use super::lean::{Leaning, Named};
use super::message::Entry;
use super::node::{self, Content, Meta, Node, NodeKind, Special, Totals};
use super::objects::Objects;
use super::open::Vault;
use super::seal::Kind;
use super::seen;
use super::snapshot::{self, Ending, Snapshot, SnapshotHead};
use super::tree::{Builder, Made};
use super::writer::{Writer, Written};

mod whole;

pub use whole::Whole;

/// A backup under way; its methods may be called from several tasks at once. Dropping it leaves the vault as it was, but for
/// some bytes that nothing refers to.
pub struct Backup {
    objects: Arc<Objects>,
    writer: Writer,
    head: SnapshotHead,
    folders: Mutex<BTreeMap<Box<str>, Folder>>,
    xattrs: Mutex<Gathered>,
    leaning: Leaning,
    /// Whether a folder was kept as a whole: then not all that is below it was looked up.
    keeps_folder: AtomicBool,
}

#[derive(Default)]
struct Folder {
    /// `None` while it is only known from what is in it.
    meta: Option<Meta>,
    /// Files, and folders that were kept as a whole.
    entries: Entries,
}

impl Backup {
    pub(super) fn new(objects: Arc<Objects>, head: SnapshotHead, leaning: Leaning) -> Self {
        let folders = Mutex::new(BTreeMap::from([("/".into(), Folder::default())]));
        let writer = Writer::new(objects.clone(), leaning.avoided().clone());
        let keeps_folder = AtomicBool::new(false);
        Self { writer, objects, head, folders, xattrs: Mutex::default(), leaning, keeps_folder }
    }

    /// Adds a folder. Folders above it that are not known yet are made up.
    pub fn folder(&self, path: &str, meta: Meta) -> Result<(), Error> {
        if path != "/" {
            split(path)?;
        }
        let mut folders = self.lock();
        make_up(&mut folders, path)?;
        match folders.get_mut(path) {
            Some(folder) if folder.meta.is_none() => folder.meta = Some(meta),
            _ => return Err(twice(path)),
        }
        Ok(())
    }

    /// Adds a file. [`ErrorKind::Exists`] if the path came already.
    pub async fn file(&self, path: &str, meta: Meta, content: Bytes) -> Result<(), Error> {
        let (parent, name) = split(path)?;
        self.must_be_free(path, parent, name)?;
        let size = content.len() as u64;
        let mut parts = Vec::new();
        if !content.is_empty() {
            self.store(cut::cut(&content), &mut parts).await?;
        }
        self.insert(path, &new(NodeKind::File { size }, meta, Content::File(parts.into())))
    }

    /// Adds a piece to a content that is kept by [`Backup::grown`] at the end.
    pub async fn grow(&self, growing: &mut Growing, piece: &[u8]) -> Result<(), Error> {
        let parts = growing.add(piece);
        self.store(parts, &mut growing.parts).await
    }

    /// Adds a file of the content that has grown. [`ErrorKind::Exists`] if the path came already.
    pub async fn grown(&self, path: &str, meta: Meta, mut growing: Growing) -> Result<(), Error> {
        let parts = growing.end();
        self.store(parts, &mut growing.parts).await?;
        let kind = NodeKind::File { size: growing.size() };
        self.insert(path, &new(kind, meta, Content::File(growing.parts.into())))
    }

    /// Adds a symbolic link. [`ErrorKind::Exists`] if the path came already.
    pub fn link(&self, path: &str, meta: Meta, target: &str) -> Result<(), Error> {
        if target.is_empty() {
            return Err(Error::usage(format!("{path} is a link to nowhere")));
        }
        if target.len() > node::LONGEST_PATH {
            return Err(Error::usage(format!("{path} is a link whose target is longer than 64 KiB")));
        }
        self.insert(path, &new(NodeKind::Link, meta, Content::Link(target.into())))
    }

    /// Adds something without content. [`ErrorKind::Exists`] if the path came already.
    pub fn special(&self, path: &str, meta: Meta, special: Special) -> Result<(), Error> {
        self.insert(path, &new(NodeKind::Special(special), meta, Content::None))
    }

    /// Adds an extended attribute to what is at `path`, or comes there later; false where it is too large to be kept.
    pub fn xattr(&self, path: &str, xattr: Xattr) -> bool {
        lock(&self.xattrs).add(path, xattr)
    }

    /// Adds an extended attribute that an earlier snapshot has of what is at `path`, unless one of its name came already; false
    /// where it is too large to be kept.
    pub fn keep_xattr(&self, path: &str, xattr: Xattr) -> bool {
        lock(&self.xattrs).keep(path, xattr)
    }

    /// Adds what an earlier snapshot has: a file whose content did not change, or a folder with all that is in it. Needs no
    /// content. [`ErrorKind::Missing`] if the vault does not have it any more; then the content must be read again.
    pub fn keep(&self, path: &str, node: &Node) -> Result<(), Error> {
        let (parent, name) = split(path)?;
        self.must_be_free(path, parent, name)?;
        if let Some(gone) = node.references().iter().find(|address| !self.writer.has(address)) {
            return Err(Error::new(ErrorKind::Missing, format!("{path}: object {gone} is not in the vault any more")));
        }
        self.keeps_folder.fetch_or(matches!(node.kind, NodeKind::Folder { .. }), Ordering::Relaxed);
        self.insert(path, node)
    }

    /// Writes everything that is not written yet, and the snapshot last. Its time is `now`, or where the newest snapshot of the
    /// same source is not older than that, a millisecond behind it.
    pub async fn finish(mut self, now: SystemTime, ending: Ending) -> Result<(Snapshot, Written), Error> {
        let (root, counts) = self.trees().await?;
        let mut written = self.writer.finish().await?;
        let names = Vault { objects: self.objects.clone() }.snapshot_names().await?;
        let now = snapshot::behind(names.iter(), &snapshot::tag(&self.objects.keys, &self.head), now);
        let snapshot = Snapshot::new(&self.objects.keys, self.head, now, (root, counts), ending);
        let is_looked_up = !self.keeps_folder.into_inner();
        written.stored_bytes += self.leaning.publish(&self.objects, &snapshot, Named::Now, is_looked_up).await?;
        // The snapshot stands. Should remembering it here or merging fail, the next backup tries again.
        let _ = seen::made(&self.objects, &snapshot.name);
        written.stored_bytes += self.objects.merge_index().await.unwrap_or(0);
        Ok((snapshot, written))
    }

    async fn store(&self, contents: Vec<Bytes>, parts: &mut Vec<Address>) -> Result<(), Error> {
        for part in contents {
            if parts.len() >= cut::MOST_PARTS {
                return Err(Error::usage("a file of more than 32 GB is too large for a vault"));
            }
            let address = self.objects.keys.address(Kind::Data, &part);
            self.writer.add(Kind::Data, address, &part).await?;
            parts.push(address);
        }
        Ok(())
    }

    fn must_be_free(&self, path: &str, parent: &str, name: &str) -> Result<(), Error> {
        let folders = self.lock();
        let is_entry = folders.get(parent).is_some_and(|folder| folder.entries.contains(name));
        if is_entry || folders.contains_key(path) { Err(twice(path)) } else { Ok(()) }
    }

    fn insert(&self, path: &str, node: &Node) -> Result<(), Error> {
        let (parent, name) = split(path)?;
        let entry = node
            .to_entry(name.to_owned())
            .ok_or_else(|| Error::usage(format!("{path} is nothing that can be kept")))?;
        let mut folders = self.lock();
        make_up(&mut folders, parent)?;
        if folders.contains_key(path) {
            return Err(twice(path));
        }
        let Some(folder) = folders.get_mut(parent) else { return Err(twice(parent)) };
        if folder.entries.insert(&entry) { Ok(()) } else { Err(twice(path)) }
    }

    /// Builds the tree of every folder, deepest first; the address of the root's entry, and the totals below it.
    async fn trees(&self) -> Result<(Address, Totals), Error> {
        let mut folders = std::mem::take(&mut *self.lock());
        // A path sorts behind every folder above it, so the last one left never has a folder below it.
        while let Some((path, folder)) = folders.pop_last() {
            let node = self.tree(&path, folder).await?;
            let Ok((parent, name)) = split(&path) else { return self.root(&node).await };
            let entry = node.to_entry(name.to_owned()).unwrap_or_default();
            folders.entry(parent.into()).or_default().entries.insert(&entry);
        }
        Err(Error::usage("the backup has no root"))
    }

    async fn tree(&self, path: &str, folder: Folder) -> Result<Node, Error> {
        let mut below = Totals::default();
        let mut builder = Builder::new(&self.objects.keys);
        for mut entry in folder.entries.into_sorted() {
            self.give_xattrs(path, &mut entry);
            let node = Node::from_entry(entry.clone());
            below.add(node.as_ref().map(Node::totals).unwrap_or_default());
            builder.push(entry)?;
            self.add_nodes(builder.take()).await?;
        }
        let (address, made) = builder.finish()?;
        self.add_nodes(made).await?;
        Ok(new(NodeKind::Folder { below }, folder.meta.unwrap_or_default(), Content::Folder(address)))
    }

    fn give_xattrs(&self, folder: &str, entry: &mut Entry) {
        let mut xattrs = lock(&self.xattrs);
        if !xattrs.is_empty() {
            xattrs.give(&node::join(folder, &entry.name), entry);
        }
    }

    /// The root has metadata too, and so an entry: alone in a tree of its own, which the snapshot refers to.
    async fn root(&self, node: &Node) -> Result<(Address, Totals), Error> {
        let mut builder = Builder::new(&self.objects.keys);
        let mut entry = node.to_entry(ROOT_NAME.to_owned()).unwrap_or_default();
        lock(&self.xattrs).give("/", &mut entry);
        builder.push(entry)?;
        let (address, made) = builder.finish()?;
        self.add_nodes(made).await?;
        let NodeKind::Folder { below } = node.kind else { return Err(Error::usage("the root is no folder")) };
        Ok((address, below))
    }

    async fn add_nodes(&self, made: Vec<Made>) -> Result<(), Error> {
        for node in made {
            self.writer.add(Kind::Tree, node.address, &node.bytes).await?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Folder>> {
        lock(&self.folders)
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new(kind: NodeKind, meta: Meta, content: Content) -> Node {
    Node { name: String::new(), kind, meta, xattrs: Vec::new(), content }
}

/// The name of the root's entry in the tree that a snapshot refers to.
pub(super) const ROOT_NAME: &str = "root";

/// Makes sure that the folder at `path`, and all above it, are known, and none of them is a file.
fn make_up(folders: &mut BTreeMap<Box<str>, Folder>, path: &str) -> Result<(), Error> {
    let mut path = path;
    let mut unknown = Vec::new();
    while !folders.contains_key(path) {
        let (parent, name) = split(path)?;
        if folders.get(parent).is_some_and(|folder| folder.entries.contains(name)) {
            return Err(twice(path));
        }
        unknown.push(path);
        path = parent;
    }
    folders.extend(unknown.into_iter().map(|path| (path.into(), Folder::default())));
    Ok(())
}

/// The folder and the name of a path that is not `/`.
fn split(path: &str) -> Result<(&str, &str), Error> {
    let bad = || Error::usage(format!("{path:?} is not a path in a snapshot"));
    let (parent, name) = path.rsplit_once('/').ok_or_else(bad)?;
    let all_are_names = path.strip_prefix('/').is_some_and(|path| path.split('/').all(node::is_name));
    if path.len() > node::LONGEST_PATH || !all_are_names {
        return Err(bad());
    }
    Ok((if parent.is_empty() { "/" } else { parent }, name))
}

fn twice(path: &str) -> Error {
    Error::new(ErrorKind::Exists, format!("{path} came twice, or as a folder and a file"))
}
