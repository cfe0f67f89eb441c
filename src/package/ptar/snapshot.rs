//! The one snapshot of an archive.

use super::blobs::{Blobs, LARGEST_RECORD};
use super::format::kind;
use super::hash::Mac;
use super::msgpack::Value;
use crate::package::error::Error;

/// The index that leads to what hosts install from.
const DIRPACK: &str = "dirpack";

/// What the snapshot says.
pub(super) struct Snapshot {
    /// The folder that was packed.
    pub directory: String,
    /// The root record of the tree of paths.
    pub root: Mac,
    /// The root record of the index of dirpacks, if there is one.
    pub dirpacks: Option<Mac>,
    /// The root record of the tree of what failed when it was made, by path.
    pub errors: Option<Mac>,
}

impl Snapshot {
    /// Reads the snapshot, of which there must be exactly one.
    pub fn of(blobs: &Blobs) -> Result<Snapshot, Error> {
        let mut identifiers = blobs.of_kind(kind::SNAPSHOT);
        let (Some(identifier), None) = (identifiers.next(), identifiers.next()) else {
            return Err(Error::refused("it does not hold exactly one snapshot, as packages do"));
        };
        let record = blobs.read(&(kind::SNAPSHOT, *identifier), LARGEST_RECORD)?;
        let damaged = || Error::damaged("its snapshot is damaged");
        let value = Value::read(&record).ok_or_else(damaged)?;
        Snapshot::read(&value, identifier).ok_or_else(damaged)
    }

    fn read(value: &Value, identifier: &Mac) -> Option<Snapshot> {
        let [source] = value.get("sources")?.list()? else { return None };
        let importer = source.get("importer");
        let directory = importer.and_then(|importer| importer.get("directory")).and_then(Value::text).unwrap_or("/");
        let roots = source.get("root")?;
        let mut dirpacks = None;
        for index in source.get("indexes").map_or(Some(<&[Value]>::default()), Value::list)? {
            let is_dirpack = index.get("name").and_then(Value::text) == Some(DIRPACK);
            // With two of them, different hosts could install different files.
            if is_dirpack && dirpacks.replace(index.get("value")?.bytes()?).is_some() {
                return None;
            }
        }
        let (root, errors) = (roots.get("root")?.bytes()?, roots.get("errors").and_then(Value::bytes));
        let is_named = value.get("identifier")?.bytes()? == *identifier;
        is_named.then(|| Snapshot { directory: directory.to_owned(), root, dirpacks, errors })
    }
}
