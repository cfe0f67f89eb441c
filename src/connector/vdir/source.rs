//! A local folder as a source.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::connector::filter::Filter;
use crate::connector::held::first_bytes;
use crate::connector::name::{COLLECTION_FILE, METADATA, may_be_item, safe_names};
use crate::connector::{About, Entry, EntryKind, Error, ErrorKind, Found};

use super::layout::{self, Collection};
use super::{failed, torn};

/// Reads a folder as the tree of a snapshot.
#[derive(Debug)]
pub struct Source {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    filter: Filter,
    /// What was listed and is not settled, by its path in the snapshot.
    listed: Mutex<HashMap<String, Content>>,
}

/// What will be read.
#[derive(Debug, Clone)]
enum Content {
    /// A file, and how many bytes it had.
    File(PathBuf, u64),
    /// What is said here instead of what the file says.
    Said(Bytes),
}

impl Source {
    /// A source for that folder; looks at nothing yet.
    pub fn open(path: &Path, options: &BTreeMap<String, String>) -> Result<Source, Error> {
        let filter = Filter::new(options)?;
        let root = std::path::absolute(path)
            .map_err(|error| failed(ErrorKind::Usage, format!("cannot use the folder {}", path.display()), error))?;
        Ok(Source { inner: Arc::new(Inner { root, filter, listed: Mutex::default() }) })
    }
}

#[async_trait]
impl crate::connector::Source for Source {
    fn about(&self) -> About {
        About { origin: self.inner.root.display().to_string(), scheme: "vdir".into(), root: "/".into() }
    }

    async fn ping(&self) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || inner.root().map(drop)).await.map_err(torn)?
    }

    async fn list(&self, found: mpsc::Sender<Found>) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || inner.list(&found)).await.map_err(torn)?
    }

    async fn read(&self, path: &str) -> Result<Bytes, Error> {
        let (inner, path) = (Arc::clone(&self.inner), path.to_owned());
        tokio::task::spawn_blocking(move || inner.read(&path)).await.map_err(torn)?
    }

    fn settled(&self, path: &str) {
        self.inner.listed().remove(path);
    }
}

impl Inner {
    /// Where the folder really is.
    fn root(&self) -> Result<PathBuf, Error> {
        let refused =
            |error| failed(ErrorKind::Access, format!("cannot read the folder {}", self.root.display()), error);
        let root = self.root.canonicalize().map_err(refused)?;
        fs::read_dir(&root).map_err(refused)?;
        Ok(root)
    }

    fn list(&self, found: &mpsc::Sender<Found>) -> Result<(), Error> {
        let root = self.root()?;
        let layout = layout::look(&root).map_err(|error| {
            failed(ErrorKind::Access, format!("cannot read the folder {}", self.root.display()), error)
        })?;
        // Nobody listens any more: nothing went wrong here.
        let _ = self.send(&root, &layout, found);
        Ok(())
    }

    fn send(&self, root: &Path, layout: &layout::Layout, found: &mpsc::Sender<Found>) -> Option<()> {
        send(found, Found::Entry(folder("/".into(), None)))?;
        for top in layout::TOPS {
            let wanted = |each: &&Collection| {
                each.top == top && self.filter.wants(&format!("/{top}/{}", each.folder), each.displayname.as_deref())
            };
            let collections: Vec<_> = layout.collections.iter().filter(wanted).collect();
            if collections.iter().any(|collection| collection.trouble.is_none()) {
                send(found, Found::Entry(folder(format!("/{top}"), None)))?;
            }
            for collection in collections {
                self.send_collection(root, collection, found)?;
            }
        }
        for (at, why) in &layout.problems {
            send(found, Found::Failed { path: format!("/{}", at.display()), why: why.clone() })?;
        }
        Some(())
    }

    fn send_collection(&self, root: &Path, collection: &Collection, found: &mpsc::Sender<Found>) -> Option<()> {
        let path = format!("/{}/{}", collection.top, collection.folder);
        if let Some(why) = collection.trouble.clone() {
            return send(found, Found::Failed { path, why });
        }
        send(found, Found::Entry(folder(path.clone(), Some(&collection.at))))?;
        let files = match files_of(&collection.at) {
            Ok(files) => files,
            Err(error) => return send(found, Found::Failed { path, why: format!("it can't be listed: {error}") }),
        };
        let looked: Vec<_> = files.into_iter().map(|(name, at)| (name, look_at(root, &at), at)).collect();
        let lacks_some = looked.iter().any(|(_, looked, _)| looked.is_err());
        let selects = collection.top == layout::TOPS[0] && !self.filter.wants_all_items();
        for (name, looked, at) in looked {
            let path = format!("{path}/{name}");
            let says_more = (lacks_some || selects) && name == COLLECTION_FILE;
            let said = if says_more { self.said_partial(root, &at, lacks_some, selects) } else { None };
            if selects && looked.is_ok() && !METADATA.contains(&name.as_str()) && !self.wants(root, &at) {
                continue;
            }
            let one = match (looked, said) {
                (Ok(_), Some(said)) => self.said(path, name, said),
                (Ok((size, metadata)), None) => {
                    self.listed().insert(path.clone(), Content::File(at, size));
                    let kind = EntryKind::File { size };
                    let modified = metadata.modified().ok();
                    Found::Entry(Entry { path, name, kind, modified, version: version(&metadata) })
                }
                (Err(why), _) => Found::Failed { path, why },
            };
            send(found, one)?;
        }
        Some(())
    }

    /// Whether a calendar's item is wanted; also where it is too large to be looked at.
    fn wants(&self, root: &Path, at: &Path) -> bool {
        layout::read_inside(root, at, layout::MOST_ITEM).is_none_or(|content| self.filter.wants_item(&content))
    }

    /// The collection's own description, with a word that the snapshot lacks some of it; `None` where the file is none.
    fn said_partial(&self, root: &Path, at: &Path, lacks_some: bool, selects: bool) -> Option<Bytes> {
        let content = layout::read_inside(root, at, layout::MOST_METADATA)?;
        let mut said: Map<String, Value> = serde_json::from_slice(&content).ok()?;
        if lacks_some {
            said.insert("incomplete".into(), Value::Bool(true));
        }
        if selects && !self.filter.components.is_empty() {
            said.insert("only_components".into(), self.filter.components.clone().into());
        }
        let edges = self.filter.edges().into_iter().filter_map(|(name, edge)| Some((name.to_owned(), edge?.into())));
        let edges: Map<String, Value> = edges.collect();
        if selects && !edges.is_empty() {
            said.insert("only_between".into(), edges.into());
        }
        serde_json::to_vec_pretty(&said).ok().map(Bytes::from)
    }

    fn said(&self, path: String, name: String, content: Bytes) -> Found {
        let kind = EntryKind::File { size: content.len() as u64 };
        self.listed().insert(path.clone(), Content::Said(content));
        Found::Entry(Entry { path, name, kind, modified: None, version: 0 })
    }

    fn read(&self, path: &str) -> Result<Bytes, Error> {
        let wrong = |what: String| Error { kind: ErrorKind::Item, what, source: None };
        let listed = self.listed().get(path).cloned();
        let (at, size) = match listed.ok_or_else(|| wrong(format!("{path} was not listed")))? {
            Content::Said(content) => return Ok(content),
            Content::File(at, size) => (at, size),
        };
        let bytes = fs::read(&at).map_err(|error| failed(ErrorKind::Item, format!("cannot read {path}"), error))?;
        if bytes.len() as u64 != size {
            return Err(wrong(format!("{path} changed while it was read")));
        }
        Ok(bytes.into())
    }

    fn listed(&self) -> std::sync::MutexGuard<'_, HashMap<String, Content>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None when nobody listens any more.
fn send(found: &mpsc::Sender<Found>, one: Found) -> Option<()> {
    found.blocking_send(one).ok()
}

fn folder(path: String, at: Option<&Path>) -> Entry {
    let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("/").to_string();
    let modified = at.and_then(|at| fs::metadata(at).ok()).and_then(|metadata| metadata.modified().ok());
    Entry { path, name, kind: EntryKind::Folder, modified, version: 0 }
}

/// The files of a collection by their name in the snapshot, sorted by it; without what is hidden or still being written.
fn files_of(at: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    let (mut stored, mut places) = (Vec::new(), Vec::new());
    for named in layout::names_in(at)?.iter().filter(|named| !named.is_folder) {
        let (place, name) = (at.join(&named.name), named.name.to_string_lossy().into_owned());
        if METADATA.contains(&name.as_str()) {
            files.insert(name, place);
        } else if may_be_item(&name) {
            stored.push(name);
            places.push(place);
        }
    }
    files.extend(safe_names(&stored).into_iter().zip(places));
    Ok(files)
}

/// Size and metadata of a file that can be read; else why it can't.
fn look_at(root: &Path, at: &Path) -> Result<(u64, Metadata), String> {
    let told = |error: io::Error| format!("it can't be read: {error}");
    let mut metadata = fs::symlink_metadata(at).map_err(told)?;
    if metadata.is_symlink() {
        if !layout::leads_inside(root, at) {
            return Err("it is a link to somewhere else, which is not followed".into());
        }
        metadata = fs::metadata(at).map_err(told)?;
    }
    // Anything but a file, such as a pipe, could block when it is opened.
    if !metadata.is_file() {
        return Err("it is no regular file".into());
    }
    rustix::fs::access(at, rustix::fs::Access::READ_OK).map_err(|error| told(error.into()))?;
    Ok((metadata.len(), metadata))
}

/// Changes whenever the file is written: from its time in nanoseconds, its size and its inode.
fn version(metadata: &Metadata) -> u64 {
    let since = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let modified = metadata.modified().map(since).unwrap_or_default();
    let hash = Sha256::new()
        .chain_update(modified.to_be_bytes())
        .chain_update(metadata.len().to_be_bytes())
        .chain_update(inode(metadata).to_be_bytes())
        .finalize();
    first_bytes(&hash)
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> u64 {
    0
}
