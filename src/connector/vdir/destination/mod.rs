//! A local folder as a destination.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::connector::{About, Entry, EntryKind, Error, ErrorKind, Foreseen, Outcome};

use super::{failed, torn};
use place::Places;
use plan::Plan;
use shelf::Shelves;
use wishes::Wishes;

mod place;
mod plan;
mod shelf;
mod store;
mod wishes;
mod write;

/// Entries stored at the same time: more only makes one disk wait for another head.
const WIDTH: usize = 8;

/// Puts the tree of a snapshot into a folder, which becomes a vdir.
#[derive(Debug)]
pub struct Destination {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    wishes: Wishes,
    places: Places,
    shelves: Shelves,
    plan: Plan,
}

impl Destination {
    /// A destination for that folder, which need not exist; changes nothing yet.
    pub fn open(path: &Path, options: &BTreeMap<String, String>) -> Result<Destination, Error> {
        let root = std::path::absolute(path)
            .map_err(|error| failed(ErrorKind::Usage, format!("cannot use the folder {}", path.display()), error))?;
        let wishes = Wishes::new(options);
        let places = Places::new(root.clone());
        let inner = Inner { root, wishes, places, shelves: Shelves::default(), plan: Plan::default() };
        Ok(Destination { inner: Arc::new(inner) })
    }
}

#[async_trait]
impl crate::connector::Destination for Destination {
    fn about(&self) -> About {
        About { origin: self.inner.root.display().to_string(), scheme: "vdir".into(), root: "/".into() }
    }

    async fn ping(&self) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || inner.ping()).await.map_err(torn)?
    }

    fn in_order(&self, entry: &Entry) -> bool {
        entry.kind == EntryKind::Folder
    }

    fn width(&self) -> usize {
        WIDTH
    }

    fn begins_in_order(&self) -> bool {
        true
    }

    async fn store(&self, entry: Entry, content: Option<Bytes>) -> Result<Outcome, Error> {
        let inner = Arc::clone(&self.inner);
        // Of two items of one identity the first gets the file that has it, and not the one whose thread is faster.
        let slot = content.as_ref().and_then(|content| inner.slot(&entry, content));
        let work = move || match (entry.kind, content) {
            (EntryKind::Folder, _) => inner.store_folder(&entry),
            (EntryKind::File { .. }, Some(content)) => inner.store_file(&entry, &content, slot),
            (EntryKind::File { .. }, None) => {
                let what = format!("{} came without its content", entry.path);
                Err(Error { kind: ErrorKind::Item, what, source: None })
            }
        };
        tokio::task::spawn_blocking(work).await.map_err(torn)?
    }

    async fn finish(&self) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || inner.finish()).await.map_err(torn)?
    }

    async fn foreseen(&self) -> Vec<Foreseen> {
        let inner = Arc::clone(&self.inner);
        let foreseen = tokio::task::spawn_blocking(move || inner.plan.foreseen(&inner.root));
        // Without a word of it everything there counts as written over.
        foreseen.await.unwrap_or_default()
    }

    fn carry_out(&self) -> Option<Box<dyn crate::connector::Destination>> {
        let Inner { root, wishes, shelves, .. } = &*self.inner;
        let inner = Inner {
            root: root.clone(),
            wishes: Wishes { dry_run: false, ..wishes.clone() },
            places: Places::new(root.clone()),
            shelves: shelves.after_plan(),
            plan: Plan::default(),
        };
        Some(Box::new(Destination { inner: Arc::new(inner) }))
    }
}

impl Inner {
    /// Whether the folder is one, or can become one within the nearest that is there.
    fn ping(&self) -> Result<(), Error> {
        let there = self.root.ancestors().find(|at| fs::symlink_metadata(at).is_ok()).unwrap_or(&self.root);
        let refused = |error| failed(ErrorKind::Access, format!("cannot use the folder {}", there.display()), error);
        fs::read_dir(there).map(drop).map_err(refused)
    }
}
