//! Where things stand in the tree of a snapshot: `/calendars/FOLDER/ITEM` and `/contacts/FOLDER/ITEM`.

use std::collections::BTreeMap;

use crate::connector::filter::Filter;
use crate::connector::name::safe_names;
use crate::dav::{Account, Collection, Href, Kind, Missing, Role, Unread};
use crate::report::sentence;

/// Longest list of reasons for one path, in bytes.
const LONGEST_REASONS: usize = 500;

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

/// An account as the tree of a snapshot.
#[derive(Debug)]
pub(super) struct Tree {
    /// The collections that are wanted, each with a folder of its own.
    pub folders: Vec<Folder>,
    /// What the server would not tell of: the path where it would stand, and why. Nothing that a snapshot before has
    /// there is known to be gone.
    pub missed: BTreeMap<String, String>,
}

/// Gives everything its place. Names depend on no filter and on no order.
pub(super) fn tree(account: Account, filter: &Filter) -> Tree {
    let mut tree = Tree { folders: Vec::new(), missed: BTreeMap::new() };
    for unread in &account.failures {
        if let Missing::Collections(kinds) = &unread.missing {
            // The folder above all of them.
            let why = format!("{} could not be listed: {}", unread.href, sentence(&unread.why));
            for kind in kinds {
                tree.miss(root_of(*kind).to_owned(), &why);
            }
        }
    }
    let (calendars, books): (Vec<_>, Vec<_>) =
        account.collections.into_iter().partition(|one| one.kind == Kind::Calendar);
    for (kind, mut collections) in [(Kind::Calendar, calendars), (Kind::AddressBook, books)] {
        collections.sort_by(|one, other| one.href.cmp(&other.href));
        collections.dedup_by(|one, other| one.href == other.href);
        let unread = unread(&account.failures, kind, &collections.iter().map(|one| &one.href).collect::<Vec<_>>());
        let stored =
            collections.iter().map(stored_name).chain(unread.iter().map(|one| one.href.last_segment_decoded()));
        let mut names = safe_names(&stored.collect::<Vec<_>>()).into_iter();
        for (collection, folder) in collections.into_iter().zip(names.by_ref()) {
            let path = format!("{}/{folder}", root_of(kind));
            if filter.wants(&path, collection.displayname.as_deref()) {
                tree.folders.push(Folder { path, collection });
            }
        }
        for (unread, folder) in unread.into_iter().zip(names) {
            let path = format!("{}/{folder}", root_of(kind));
            if filter.may_want(&path) {
                tree.miss(path, &sentence(&unread.why));
            }
        }
    }
    tree
}

/// The last segment of its address; of the bin, what is in it lies one deeper than its name.
fn stored_name(collection: &Collection) -> String {
    let name = collection.href.last_segment_decoded();
    if collection.role == Role::Trash && name == "objects" { "trashbin".to_owned() } else { name }
}

/// The folder that a collection of the account has in a snapshot of it, whatever filter there is.
pub(in crate::connector::dav) fn folder_of(account: &Account, kind: Kind, href: &Href) -> Option<String> {
    let of_kind = account.collections.iter().filter(|one| one.kind == kind);
    let mut hrefs: Vec<_> = of_kind.map(|one| &one.href).collect();
    hrefs.sort();
    hrefs.dedup();
    let unread = unread(&account.failures, kind, &hrefs);
    let all = hrefs.iter().copied().chain(unread.iter().map(|unread| &unread.href));
    let names = safe_names(&all.map(Href::last_segment_decoded).collect::<Vec<_>>());
    let at = hrefs.iter().position(|one| *one == href)?;
    names.get(at).map(|name| format!("{}/{name}", root_of(kind)))
}

/// What of this kind could not be read, and stands for itself.
fn unread<'a>(failures: &'a [Unread], kind: Kind, known: &[&Href]) -> Vec<&'a Unread> {
    let of_kind =
        failures.iter().filter(|unread| matches!(&unread.missing, Missing::Collection(kinds) if kinds.contains(&kind)));
    of_kind.filter(|unread| !known.contains(&&unread.href)).collect()
}

impl Tree {
    fn miss(&mut self, path: String, why: &str) {
        let reasons = self.missed.entry(path).or_default();
        if reasons.is_empty() {
            reasons.push_str(why);
        } else if reasons.len() + why.len() < LONGEST_REASONS {
            reasons.push_str("; ");
            reasons.push_str(why);
        }
    }
}

/// The last name of a path; `/` for the root.
pub(super) fn last_name(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((_, name)) if !name.is_empty() => name,
        _ => "/",
    }
}
