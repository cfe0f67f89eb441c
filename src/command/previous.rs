//! The snapshot before this one, to be asked what has not changed. What a partial one lacks the last whole one tells.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Mutex;

use super::node;
use crate::vault::{Details, Error, ErrorKind, Meta, Node, NodeKind, Snapshot, SnapshotHead, Vault};

/// Folders kept in memory; a source sends a few folders at a time.
const FOLDERS: usize = 16;

type Folder = Arc<HashMap<String, Node>>;

/// Looks up paths of the previous snapshot of the same source.
pub struct Previous {
    vault: Vault,
    snapshot: Option<Snapshot>,
    /// The last snapshot of all of the source, where that one is none.
    whole: Option<Snapshot>,
    folders: Mutex<Recent>,
}

/// What makes a file certain to be the one that it was.
#[derive(Debug, Clone, Copy)]
pub enum Sameness {
    /// Its version and all else that is known; a version of 0 says nothing about the content. So for davault's own connectors.
    Version(u64),
    /// All that is known of it but flags and attributes, and its size where the source knows it: plakar's rule. Without size, time
    /// and number nothing is certain.
    Details(Option<u64>),
}

/// The folders asked for last, each with the number of the asking.
#[derive(Default)]
struct Recent {
    asked: u64,
    folders: BTreeMap<String, (u64, Folder)>,
}

impl Previous {
    /// The snapshot before one that begins so.
    pub async fn of(vault: &Vault, head: &SnapshotHead) -> Result<Self, Error> {
        let snapshot = vault.previous(head).await?;
        let is_partial = snapshot.as_ref().is_some_and(|snapshot| snapshot.partial);
        let whole = if is_partial { vault.previous_whole(head).await? } else { None };
        Ok(Previous { vault: vault.clone(), snapshot, whole, folders: Mutex::default() })
    }

    /// The snapshot's id; none for a first backup.
    pub fn id(&self) -> Option<String> {
        self.snapshot.as_ref().map(|snapshot| snapshot.id.clone())
    }

    /// What stood at `path`, if anything did.
    pub async fn at(&self, path: &str) -> Result<Option<Node>, Error> {
        if path == "/" {
            let Some(snapshot) = &self.snapshot else { return Ok(None) };
            return if_readable(self.vault.root(snapshot).await.map(Some));
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(self.folder(folder).await?.get(name).cloned())
    }

    /// The file at `path`, if its content counts as the same.
    pub async fn unchanged(&self, path: &str, meta: &Meta, sameness: Sameness) -> Result<Option<Node>, Error> {
        if matches!(sameness, Sameness::Version(_)) && meta.version == 0 {
            return Ok(None);
        }
        if matches!(sameness, Sameness::Details(None)) && says_nothing(meta) {
            return Ok(None);
        }
        let same = |node: &Node| match (sameness, node.kind) {
            (Sameness::Version(size), NodeKind::File { size: before }) => size == before && node.meta == *meta,
            (Sameness::Details(size), NodeKind::File { size: before }) => {
                size.is_none_or(|size| size == before) && compared(&node.meta) == compared(meta)
            }
            _ => false,
        };
        Ok(self.at(path).await?.filter(same))
    }

    /// What is directly in a folder, by its path.
    pub async fn children(&self, path: &str) -> Result<Vec<Node>, Error> {
        Ok(self.folder(path.trim_end_matches('/')).await?.values().cloned().collect())
    }

    /// Every folder that has files in it and no folder, with its path.
    pub async fn lowest_folders(&self) -> Result<Vec<(String, Node)>, Error> {
        let mut lowest = Vec::new();
        let mut open: Vec<_> = self.at("/").await?.map(|root| ("/".to_owned(), root)).into_iter().collect();
        while let Some((path, node)) = open.pop() {
            match node.kind {
                NodeKind::Folder { below } if below.folders > 0 => {
                    let children = self.children(&path).await?;
                    open.extend(children.into_iter().map(|child| (node::join(&path, &child.name), child)));
                }
                NodeKind::Folder { below } if below.items > 0 => lowest.push((path, node)),
                _ => {}
            }
        }
        Ok(lowest)
    }

    async fn folder(&self, path: &str) -> Result<Folder, Error> {
        let Some(snapshot) = &self.snapshot else { return Ok(Folder::default()) };
        // Held while reading: whoever else waits most likely wants this very folder.
        let mut recent = self.folders.lock().await;
        recent.asked += 1;
        let asked = recent.asked;
        if let Some((last, folder)) = recent.folders.get_mut(path) {
            *last = asked;
            return Ok(folder.clone());
        }
        let mut folder = self.read(snapshot, path).await?;
        if let Some(whole) = &self.whole {
            for (name, node) in self.read(whole, path).await? {
                folder.entry(name).or_insert(node);
            }
        }
        let folder = Arc::new(folder);
        if recent.folders.len() >= FOLDERS {
            let oldest = recent.folders.iter().min_by_key(|(_, (last, _))| *last).map(|(path, _)| path.clone());
            oldest.and_then(|path| recent.folders.remove(&path));
        }
        recent.folders.insert(path.into(), (asked, folder.clone()));
        Ok(folder)
    }

    async fn read(&self, snapshot: &Snapshot, path: &str) -> Result<HashMap<String, Node>, Error> {
        let path = if path.is_empty() { "/" } else { path };
        let node = match self.vault.entry(snapshot, path).await {
            Ok(node) if matches!(node.kind, NodeKind::Folder { .. }) => node,
            Ok(_) => return Ok(HashMap::new()),
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(HashMap::new()),
            Err(error) => return if_readable(Err(error)),
        };
        let children = if_readable(self.vault.children(&node).await)?;
        Ok(children.into_iter().map(|child| (child.name.clone(), child)).collect())
    }
}

/// Whether neither a time nor a number would show that a content of unknown size changed.
fn says_nothing(meta: &Meta) -> bool {
    meta.version == 0 && meta.modified.is_none_or(|modified| modified <= SystemTime::UNIX_EPOCH)
}

/// Without what may change when the content does not.
fn compared(meta: &Meta) -> Meta {
    let details = meta.details.as_deref().map(|details| Details { flags: 0, attributes: 0, ..details.clone() });
    Meta { details: details.map(Box::new), ..meta.clone() }
}

/// What the vault has lost says nothing: the source is then read as if for the first time.
fn if_readable<T: Default>(read: Result<T, Error>) -> Result<T, Error> {
    match read {
        Err(error) if matches!(error.kind, ErrorKind::Damaged | ErrorKind::Missing) => Ok(T::default()),
        other => other,
    }
}
