//! The dirpacks of an archive: of each folder what is in it, once more.
//!
//! plakar installs, lists and restores from these where they are, and looks up single paths in the tree: an archive in which the
//! two differ would be another one for each who reads it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;

use super::blobs::{Blobs, LARGEST_RECORD};
use super::content::{Budget, Content};
use super::entry::{self, Entry, EntryKind, Object};
use super::format::kind;
use super::hash::Mac;
use super::tree;
use crate::package::error::Error;

/// What stands before the entry of a folder.
pub(super) const FOLDER: u8 = 1;
/// What stands before any other entry.
pub(super) const FILE: u8 = 2;

/// Checks that the dirpacks below `root` say what the tree of paths says. `macs` are those of the entries, in the same order.
///
/// Folders in which there is nothing share a dirpack: each is read once, and counted to the `budget`.
pub(super) fn check(
    blobs: &Blobs,
    root: &Mac,
    entries: &[Entry],
    macs: &[Mac],
    budget: &mut Budget,
) -> Result<(), Error> {
    let differ = |folder: &str| Error::damaged(format!("its two lists of what is in {folder:?} differ"));
    let mut folders: BTreeMap<&str, BTreeMap<&str, (&Entry, &Mac)>> = BTreeMap::new();
    for (entry, mac) in entries.iter().zip(macs) {
        if entry.kind == EntryKind::Folder {
            folders.entry(&entry.path).or_default();
        }
        if entry.path != "/" {
            folders.entry(entry::parent(&entry.path)).or_default().insert(&entry.path, (entry, mac));
        }
    }
    let mut contents = BTreeMap::new();
    for (folder, object) in tree::read(blobs, (kind::INDEX_TREE, kind::INDEX_NODE), root)? {
        let children = folders.remove(folder.as_str()).ok_or_else(|| differ(&folder))?;
        let content = match contents.entry(object) {
            Place::Occupied(known) => known.into_mut(),
            Place::Vacant(place) => {
                let content = Content::of(blobs, &Object { mac: object })?;
                let too_large = || Error::refused("its lists of what is in its folders are too large for a package");
                budget.spend(&content).ok_or_else(too_large)?;
                place.insert(content)
            }
        };
        if !content.is_said_to_be(blobs, &bytes(blobs, children.into_values())?) {
            return Err(differ(&folder));
        }
    }
    for content in contents.values() {
        content.write(blobs, &mut std::io::sink())?;
    }
    folders.keys().next().map_or(Ok(()), |folder| Err(differ(folder)))
}

/// The dirpack of a folder in which these are.
fn bytes<'e>(blobs: &Blobs, children: impl Iterator<Item = (&'e Entry, &'e Mac)>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for (entry, mac) in children {
        let record = blobs.read(&(kind::ENTRY, *mac), LARGEST_RECORD)?;
        bytes.push(if entry.kind == EntryKind::Folder { FOLDER } else { FILE });
        let length = u32::try_from(record.len() + mac.len()).expect("a record is far smaller than 4 GiB");
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&record);
        bytes.extend_from_slice(mac);
    }
    Ok(bytes)
}
