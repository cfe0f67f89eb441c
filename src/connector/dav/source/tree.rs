//! Where things stand in the tree of a snapshot: `/calendars/FOLDER/ITEM` and `/contacts/FOLDER/ITEM`.

use crate::connector::name::safe_names;
use crate::dav::{Collection, Kind};

use crate::connector::filter::Filter;

/// A collection and the folder that it becomes.
#[derive(Debug)]
pub(super) struct Folder {
    /// Absolute path of the folder.
    pub path: String,
    /// What is in it.
    pub collection: Collection,
}

/// The folder above all collections of a kind.
pub(super) fn root_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Calendar => "/calendars",
        Kind::AddressBook => "/contacts",
    }
}

/// The collections that are wanted, each with a folder of its own. Names depend on no filter and on no order.
pub(super) fn folders(collections: Vec<Collection>, filter: &Filter) -> Vec<Folder> {
    let mut folders = Vec::new();
    let (calendars, books): (Vec<_>, Vec<_>) = collections.into_iter().partition(|one| one.kind == Kind::Calendar);
    for mut collections in [calendars, books] {
        collections.sort_by(|one, other| one.href.cmp(&other.href));
        collections.dedup_by(|one, other| one.href == other.href);
        let stored: Vec<_> = collections.iter().map(|one| one.href.last_segment_decoded()).collect();
        for (collection, folder) in collections.into_iter().zip(safe_names(&stored)) {
            if filter.wants(&folder, collection.displayname.as_deref()) {
                folders.push(Folder { path: format!("{}/{folder}", root_of(collection.kind)), collection });
            }
        }
    }
    folders
}

/// The last name of a path; `/` for the root.
pub(super) fn last_name(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((_, name)) if !name.is_empty() => name,
        _ => "/",
    }
}
