//! A folder of the snapshot while it is being restored: what it is called, and what its files say of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::OnceCell;

use super::collections::Target;
use crate::connector::dav::described::{CollectionRole, Described};
use crate::connector::name::COLLECTION_FILE;
use crate::dav::Kind;

/// A folder of the snapshot.
#[derive(Debug)]
pub(super) struct Folder {
    pub path: String,
    /// The collection that it goes to, once that is known.
    pub target: OnceCell<Arc<Target>>,
    /// Why it has no collection to go to, if the server said so.
    pub no_place: OnceLock<String>,
    said: Mutex<Said>,
    failed: AtomicBool,
}

/// What is known of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Its name; for `/` that of the folder that it stands for. Empty where nobody said.
    pub name: String,
    /// What `.collection.json` says.
    pub described: Option<Described>,
    /// The vdir metadata files, without blanks at their ends.
    pub values: BTreeMap<String, String>,
}

impl Said {
    /// Its display name, from whichever file has come that says it.
    pub fn displayname(&self) -> Option<&str> {
        let described = || self.described.as_ref()?.displayname.as_deref();
        self.values.get("displayname").map(String::as_str).or_else(described)
    }

    /// What the collection was beside a place for items.
    pub fn role(&self) -> CollectionRole {
        self.described.as_ref().map(|described| described.role).unwrap_or_default()
    }
}

impl Folder {
    /// A folder of which only the path is known.
    pub fn at(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        Self {
            path: path.to_owned(),
            target: OnceCell::new(),
            no_place: OnceLock::new(),
            said: Mutex::new(Said { name, ..Said::default() }),
            failed: AtomicBool::new(false),
        }
    }

    /// The folder's own record is there.
    pub fn named(&self, name: &str) {
        if name != "/" {
            name.clone_into(&mut self.lock().name);
        }
    }

    /// One of the files that describe it is there; one that can't be read says nothing.
    pub fn described(&self, name: &str, content: &[u8]) {
        let mut said = self.lock();
        if name == COLLECTION_FILE {
            said.described = Described::from_bytes(content);
        } else if let Ok(value) = std::str::from_utf8(content) {
            said.values.insert(name.to_owned(), value.trim().to_owned());
        }
    }

    /// An item of it could not be restored.
    pub fn has_failure(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// Whether every item of it was restored.
    pub fn is_whole(&self) -> bool {
        !self.failed.load(Ordering::Relaxed)
    }

    /// What it holds, where its description or its place says so.
    pub fn kind(&self) -> Option<Kind> {
        if let Some(described) = &self.lock().described {
            return Some(described.kind.into());
        }
        match self.path.split('/').nth(1) {
            Some("calendars") => Some(Kind::Calendar),
            Some("contacts") => Some(Kind::AddressBook),
            _ => None,
        }
    }

    /// What it would hold, if it is a collection even though it holds nothing.
    pub fn kind_when_empty(&self) -> Option<Kind> {
        let in_place = self.path.split('/').count() == 3;
        let described = self.lock().described.is_some();
        if described || in_place { self.kind() } else { None }
    }

    /// All that is known by now.
    pub fn said(&self) -> Said {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
