//! Storing one entry: look what stands there, decide, write.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use serde_json::{Map, Value};

use crate::connector::name::{COLLECTION_FILE, METADATA, safe_name, with_suffix};
use crate::connector::on_conflict::OnConflict;
use crate::connector::{Entry, Error, ErrorKind, Outcome};
use crate::item::{copy, difference, identity, kind::Kind, normal};

use super::super::failed;
use super::shelf::{Shelf, Slot, lock};
use super::wishes::Into;
use super::{Inner, write};

impl Inner {
    pub(super) fn store_folder(&self, entry: &Entry) -> Result<Outcome, Error> {
        let is_root = entry.path == "/";
        if is_root {
            self.places.begin(&entry.name);
        }
        let folder = self.places.folder(entry, &self.wishes.into);
        if self.places.is_collection(entry) {
            self.plan.folder(&entry.path, &folder);
        }
        // Read before it is made: a new one is described as the snapshot has it.
        if self.places.is_collection(entry) {
            self.shelves.at(&folder).map_err(|error| cannot("read the folder of", entry, error))?;
        }
        self.make(&folder, &entry.path)?;
        Ok(Outcome::Noted)
    }

    /// The file that an item is to have, where its folder was looked at already: this waits for no disk.
    pub(super) fn slot(&self, entry: &Entry, content: &[u8]) -> Option<Slot> {
        if METADATA.contains(&entry.name.as_str()) {
            return None;
        }
        let items = self.shelves.known(&self.places.folder(entry, &self.wishes.into))?;
        Some(slot_of(&items, entry, content))
    }

    pub(super) fn store_file(&self, entry: &Entry, content: &[u8], slot: Option<Slot>) -> Result<Outcome, Error> {
        let folder = self.places.folder(entry, &self.wishes.into);
        self.make(&folder, &entry.path)?;
        if METADATA.contains(&entry.name.as_str()) {
            return self.store_metadata(&folder, entry, content);
        }
        let stored = self.store_item(&folder, entry, content, slot);
        if stored.is_err() {
            self.keep_all(&folder, "some items could not be restored");
        }
        stored
    }

    /// Deletes what the snapshot lacks if that was asked for, and makes all folders safe on the disk.
    pub(super) fn finish(&self) -> Result<(), Error> {
        if self.wishes.dry_run {
            self.foresee();
            return Ok(());
        }
        let mut troubles = Vec::new();
        let mut disks = BTreeMap::new();
        for (folder, items) in self.shelves.all() {
            if self.wishes.mirror {
                troubles.extend(self.delete_others(&folder, &lock(&items)));
            }
            disks.insert(write::disk_of(&folder).ok(), folder);
        }
        for folder in disks.into_values() {
            let told =
                |error| failed(ErrorKind::Other, format!("cannot make {} safe on its disk", folder.display()), error);
            write::disk(&folder).map_err(told)?;
        }
        if troubles.is_empty() {
            return Ok(());
        }
        Err(Error { kind: ErrorKind::Item, what: troubles.join("; "), source: None })
    }

    /// Notes what `mirror` would delete.
    fn foresee(&self) {
        let shelves = if self.wishes.mirror { self.shelves.all() } else { Vec::new() };
        for (folder, items) in shelves {
            match self.others(&folder, &lock(&items)) {
                Ok(others) => others.iter().for_each(|name| self.plan.deletes(&folder, &folder.join(name))),
                Err(why) => self.plan.leaves(&folder, why),
            }
        }
    }

    /// Deletes the items that the snapshot lacks; says in sentences what was not deleted, and why.
    fn delete_others(&self, folder: &Path, items: &Shelf) -> Vec<String> {
        let others = match self.others(folder, items) {
            Ok(others) => others,
            Err(why) => return vec![why],
        };
        let delete = |name: String| {
            let at = folder.join(&name);
            let there = fs::read(&at).ok();
            if !items.is_foreseen(&name, there.as_deref()) {
                return Some(format!("{} was not deleted: it changed since it was looked at", at.display()));
            }
            let error = fs::remove_file(&at).err()?;
            Some(format!("{} was not deleted: {error}", at.display()))
        };
        others.into_iter().filter_map(delete).collect()
    }

    /// The items that the snapshot lacks, or why it is not known which: a sentence.
    fn others(&self, folder: &Path, items: &Shelf) -> Result<Vec<String>, String> {
        let mut others: Vec<String> = items.left().map(ToString::to_string).collect();
        others.sort();
        let elsewhere = "the option into puts items here that belong elsewhere";
        match if self.wishes.into == Into::Own { items.why_not_whole() } else { Some(elsewhere) } {
            Some(why) if !others.is_empty() => Err(format!("nothing was deleted in {}: {why}", folder.display())),
            _ => Ok(others),
        }
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
        if entry.name == COLLECTION_FILE {
            let items = self.shelves.at(folder).map_err(|error| cannot("read the folder of", entry, error))?;
            let mut items = lock(&items);
            match what_lacks(content) {
                Ok(None) => items.described = true,
                Ok(lacking) => items.lacking = lacking,
                Err(_) => {}
            }
        }
        if self.wishes.keeps_properties {
            let items = self.shelves.at(folder).map_err(|error| cannot("read the folder of", entry, error))?;
            if lock(&items).was_there {
                return Ok(Outcome::Noted);
            }
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
            self.plan.sets(folder, &entry.name);
            self.write(&at, entry, content)?;
        }
        Ok(Outcome::Noted)
    }

    fn store_item(&self, folder: &Path, entry: &Entry, content: &[u8], slot: Option<Slot>) -> Result<Outcome, Error> {
        let items = self.shelves.at(folder).map_err(|error| cannot("read the folder of", entry, error))?;
        let slot = slot.unwrap_or_else(|| slot_of(&items, entry, content));
        let at = folder.join(&slot.name);
        if !slot.there {
            Self::must_be_free(&at, entry)?;
            self.write(&at, entry, content)?;
            return Ok(Outcome::Created);
        }
        let there = fs::read(&at).map_err(|error| cannot("read what stands at", entry, error))?;
        if normal::same(&there, content) {
            return Ok(Outcome::Identical);
        }
        if !lock(&items).is_foreseen(&slot.name, Some(&there)) {
            return Err(came_or_changed(&at, entry));
        }
        match (self.wishes.on_conflict, copy::with_new_uid(content)) {
            (OnConflict::Overwrite, _) => {
                self.write(&at, entry, content)?;
                Ok(Outcome::Replaced)
            }
            (OnConflict::Copy, Some(copy)) => {
                let uid = identity::of(&copy).map(|identity| identity.uid);
                let wanted = file_name(&entry.name, content);
                let beside = with_suffix(&wanted, uid.as_deref().unwrap_or(&wanted), 0);
                let slot = lock(&items).slot(&beside, uid.as_deref(), &entry.path);
                if slot.there {
                    return Ok(Outcome::Identical);
                }
                let at = folder.join(&slot.name);
                Self::must_be_free(&at, entry)?;
                self.write(&at, entry, &copy)?;
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

    /// Nothing may have come to where a new item goes since the folder was read.
    fn must_be_free(at: &Path, entry: &Entry) -> Result<(), Error> {
        match fs::symlink_metadata(at) {
            Ok(_) => Err(came_or_changed(at, entry)),
            Err(_) => Ok(()),
        }
    }

    /// Something of this collection did not come: nothing in its folder is known to be gone.
    fn keep_all(&self, folder: &Path, why: &'static str) {
        if let Ok(items) = self.shelves.at(folder) {
            lock(&items).lacking.get_or_insert(why);
        }
    }
}

fn came_or_changed(at: &Path, entry: &Entry) -> Error {
    let Entry { path, .. } = entry;
    let at = at.display();
    let what = format!(
        "{path} was not put: what stands at {at} came or changed since it was looked at; run the restore again"
    );
    Error { kind: ErrorKind::Conflict, what, source: None }
}

fn cannot(what: &str, entry: &Entry, source: io::Error) -> Error {
    failed(ErrorKind::Item, format!("cannot {what} {}", entry.path), source)
}

/// The file that an item is to have.
fn slot_of(items: &Mutex<Shelf>, entry: &Entry, content: &[u8]) -> Slot {
    let uid = identity::of(content).map(|identity| identity.uid);
    lock(items).slot(&file_name(&entry.name, content), uid.as_deref(), &entry.path)
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

/// What the snapshot says that it lacks of the collection; an error where its description says nothing.
fn what_lacks(description: &[u8]) -> serde_json::Result<Option<&'static str>> {
    let description: Map<String, Value> = serde_json::from_slice(description)?;
    let whole = |name: &str| match description.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    };
    let lacks = [
        ("incomplete", "the snapshot lacks items that were left out or could not be read"),
        ("only_components", "the snapshot has only some kinds of items"),
        ("only_between", "the snapshot has only the items of some time"),
    ];
    Ok(lacks.into_iter().find(|(name, _)| !whole(name)).map(|(_, why)| why))
}
