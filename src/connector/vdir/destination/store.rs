//! Storing one entry: look what stands there, decide, write.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::connector::name::{METADATA, safe_name, with_suffix};
use crate::connector::{Entry, Error, ErrorKind, Outcome};
use crate::item::{copy, difference, identity, kind::Kind, normal};

use super::super::failed;
use super::shelf::lock;
use super::wishes::{Into, OnConflict};
use super::{Inner, write};

impl Inner {
    pub(super) fn store_folder(&self, entry: &Entry) -> Result<Outcome, Error> {
        let is_root = entry.path == "/";
        if is_root {
            self.places.begin(&entry.name);
        }
        let folder = self.places.folder(entry, &self.wishes.into);
        self.make(&folder, &entry.path)?;
        // A made-up root above a single item is no collection that could be compared as a whole.
        if self.places.is_collection(entry) {
            let items = self.shelves.at(&folder).map_err(|error| cannot("read the folder of", entry, error))?;
            lock(&items).whole = self.wishes.into == Into::Own;
        }
        Ok(Outcome::Noted)
    }

    pub(super) fn store_file(&self, entry: &Entry, content: &[u8]) -> Result<Outcome, Error> {
        let folder = self.places.folder(entry, &self.wishes.into);
        self.make(&folder, &entry.path)?;
        if METADATA.contains(&entry.name.as_str()) {
            return self.store_metadata(&folder, entry, content);
        }
        let stored = self.store_item(&folder, entry, content);
        if stored.is_err() {
            self.keep_all(&folder);
        }
        stored
    }

    /// Deletes what the snapshot lacks if that was asked for, and makes all folders safe on the disk.
    pub(super) fn finish(&self) -> Result<(), Error> {
        if self.wishes.dry_run {
            return Ok(());
        }
        for (folder, items) in self.shelves.all() {
            let items = lock(&items);
            let gone = items.left().filter(|_| self.wishes.mirror && items.whole);
            for at in gone.map(|name| folder.join(name)) {
                let told = |error| failed(ErrorKind::Item, format!("cannot delete {}", at.display()), error);
                fs::remove_file(&at).map_err(told)?;
            }
            let told = |error| failed(ErrorKind::Other, format!("cannot make {} safe", folder.display()), error);
            write::folder(&folder).map_err(told)?;
        }
        Ok(())
    }

    fn make(&self, folder: &Path, path: &str) -> Result<(), Error> {
        if self.wishes.dry_run {
            return Ok(());
        }
        let told = |error| failed(ErrorKind::Access, format!("cannot make the folder for {path}"), error);
        fs::create_dir_all(folder).map_err(told)
    }

    /// What describes a collection belongs to it: it is set with a new one, and with an old one only if that may be changed.
    fn store_metadata(&self, folder: &Path, entry: &Entry, content: &[u8]) -> Result<Outcome, Error> {
        if entry.name == ".collection.json" && is_partial(content) {
            self.keep_all(folder);
        }
        let renamed = match &self.wishes.into {
            Into::One(_) => return Ok(Outcome::Noted),
            Into::Renamed(pattern) if entry.name == "displayname" => {
                Some(pattern.replace("%n", &String::from_utf8_lossy(content)).into_bytes())
            }
            Into::Own | Into::Renamed(_) => None,
        };
        let (at, content) = (folder.join(&entry.name), renamed.as_deref().unwrap_or(content));
        let there = fs::read(&at).ok();
        let stays = there.is_some() && self.wishes.on_conflict != OnConflict::Overwrite;
        if there.as_deref() != Some(content) && !stays {
            self.write(&at, entry, content)?;
        }
        Ok(Outcome::Noted)
    }

    fn store_item(&self, folder: &Path, entry: &Entry, content: &[u8]) -> Result<Outcome, Error> {
        let items = self.shelves.at(folder).map_err(|error| cannot("read the folder of", entry, error))?;
        let uid = identity::of(content).map(|identity| identity.uid);
        let wanted = file_name(&entry.name, content);
        let slot = lock(&items).slot(&wanted, uid.as_deref());
        let at = folder.join(&slot.name);
        if !slot.there {
            self.write(&at, entry, content)?;
            return Ok(Outcome::Created);
        }
        let there = fs::read(&at).map_err(|error| cannot("read what stands at", entry, error))?;
        if normal::same(&there, content) {
            return Ok(Outcome::Identical);
        }
        match (self.wishes.on_conflict, copy::with_new_uid(content)) {
            (OnConflict::Overwrite, _) => {
                self.write(&at, entry, content)?;
                Ok(Outcome::Replaced)
            }
            (OnConflict::Copy, Some(copy)) => {
                let uid = identity::of(&copy).map(|identity| identity.uid);
                let beside = with_suffix(&wanted, uid.as_deref().unwrap_or(&wanted), 0);
                let slot = lock(&items).slot(&beside, uid.as_deref());
                if slot.there {
                    return Ok(Outcome::Identical);
                }
                self.write(&folder.join(&slot.name), entry, &copy)?;
                Ok(Outcome::Created)
            }
            (OnConflict::Keep | OnConflict::Copy, _) => {
                let names = difference::names(&there, content).join(", ");
                let what = format!("{} differs from what stands there ({names}), which was kept", entry.path);
                Err(Error { kind: ErrorKind::Conflict, what, source: None })
            }
        }
    }

    fn write(&self, at: &Path, entry: &Entry, content: &[u8]) -> Result<(), Error> {
        if self.wishes.dry_run {
            return Ok(());
        }
        write::whole(at, content, entry.modified).map_err(|error| cannot("write", entry, error))
    }

    /// Something of this collection did not come: nothing in its folder is known to be gone.
    fn keep_all(&self, folder: &Path) {
        if let Ok(items) = self.shelves.at(folder) {
            lock(&items).whole = false;
        }
    }
}

fn cannot(what: &str, entry: &Entry, source: io::Error) -> Error {
    failed(ErrorKind::Item, format!("cannot {what} {}", entry.path), source)
}

/// The name of the item's file: readers of vdirs go by the extension, which not every server gives.
fn file_name(name: &str, content: &[u8]) -> String {
    let name = safe_name(name);
    let extension = match Kind::of(content) {
        Kind::Card => "vcf",
        Kind::Unknown => return name,
        _ => "ics",
    };
    let has = Path::new(&name).extension().is_some_and(|own| own.eq_ignore_ascii_case(extension));
    if has { name } else { safe_name(&format!("{name}.{extension}")) }
}

/// Whether the snapshot says that it holds only a part of the collection.
fn is_partial(description: &[u8]) -> bool {
    let Ok(description) = serde_json::from_slice::<Value>(description) else { return false };
    let some = |name: &str| description.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    description.get("incomplete").and_then(Value::as_bool) == Some(true) || some("only_components")
}
