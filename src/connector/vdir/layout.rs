//! Which folders below a folder are collections, and which of them hold calendars or contacts.

use std::ffi::OsString;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::connector::name::{COLLECTION_FILE, METADATA, may_be_item, safe_names};
use crate::item::kind::Kind;

use super::DEEPEST;

/// The folders of the tree of a snapshot above its collections: calendars first.
pub(super) const TOPS: [&str; 2] = ["calendars", "contacts"];

/// Largest file that describes a collection which is looked at, in bytes; what servers say of one is a few KB.
pub(super) const MOST_METADATA: u64 = 1 << 20;
/// Largest item that is opened to learn what it is, in bytes.
pub(super) const MOST_ITEM: u64 = 16 << 20;

/// A folder with items, and where it goes in the tree of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collection {
    pub at: PathBuf,
    /// One of [`TOPS`].
    pub top: &'static str,
    /// Its name in the snapshot.
    pub folder: String,
    pub displayname: Option<String>,
    /// Why it can't be listed, if it can't. What it holds may not be known then, so that it stands under both tops.
    pub trouble: Option<String>,
}

/// A folder that may be a collection, by its path below the root, and why it can't be listed if it can't.
type Candidate = (PathBuf, Option<String>);

/// The collections below a folder, and what could not be looked into.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Calendars before address books, each sorted by path.
    pub collections: Vec<Collection>,
    /// Path below the folder, and the reason.
    pub problems: Vec<(PathBuf, String)>,
}

/// Looks for collections at `root`, which must exist, and below it.
pub(super) fn look(root: &Path) -> io::Result<Layout> {
    let mut layout = Layout::default();
    let names = names_in(root)?;
    let mut found = Vec::new();
    walk(root, Path::new(""), names, &mut found, &mut layout.problems);
    for top in TOPS {
        // What can't be listed takes part in the naming: the others must not be called otherwise meanwhile.
        let of_top: Vec<_> = found.iter().filter(|(at, _)| top_of(root, at).is_none_or(|its| its == top)).collect();
        let stored: Vec<_> = of_top.iter().map(|(at, _)| own_name(&root.join(at))).collect();
        for ((at, trouble), folder) in of_top.into_iter().zip(safe_names(&stored)) {
            let at = root.join(at);
            let displayname = read_inside(root, &at.join("displayname"), MOST_METADATA);
            let displayname = displayname.and_then(|bytes| String::from_utf8(bytes).ok());
            let displayname = displayname.map(|name| name.trim().to_string());
            layout.collections.push(Collection { at, top, folder, displayname, trouble: trouble.clone() });
        }
    }
    Ok(layout)
}

/// What stands in a folder.
pub(super) struct Named {
    pub name: OsString,
    is_link: bool,
    /// Whether it is a folder, or a link to one.
    pub is_folder: bool,
}

/// What stands in a folder, sorted by name.
pub(super) fn names_in(at: &Path) -> io::Result<Vec<Named>> {
    let look = |entry: io::Result<DirEntry>| {
        let entry = entry?;
        let kind = entry.file_type()?;
        let is_folder = if kind.is_symlink() { entry.path().is_dir() } else { kind.is_dir() };
        Ok(Named { name: entry.file_name(), is_link: kind.is_symlink(), is_folder })
    };
    let mut names = fs::read_dir(at)?.map(look).collect::<io::Result<Vec<_>>>()?;
    names.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(names)
}

fn walk(
    root: &Path,
    below: &Path,
    names: Vec<Named>,
    found: &mut Vec<Candidate>,
    problems: &mut Vec<(PathBuf, String)>,
) {
    let mut folders = Vec::new();
    let mut files = Vec::new();
    for Named { name, is_link, is_folder } in names {
        let at = below.join(&name);
        match (is_folder, is_link) {
            (true, false) => folders.push(at),
            // A link to a folder inside is found under its own name.
            (true, true) if leads_inside(root, &root.join(&at)) => {}
            (true, true) => problems.push((at, "it is a link to a folder elsewhere, which is not followed".into())),
            (false, _) => files.push(name.to_string_lossy().into_owned()),
        }
    }
    folders.retain(|at| !own_name(at).starts_with('.'));
    if is_collection(below, &files, folders.is_empty()) {
        found.push((below.to_path_buf(), None));
    }
    for at in folders {
        match names_in(&root.join(&at)) {
            Ok(_) if at.components().count() > DEEPEST => {
                problems.push((at, "it lies too deep to be a collection".into()));
            }
            Ok(names) => walk(root, &at, names, found, problems),
            Err(error) => found.push((at, Some(format!("it can't be listed: {error}")))),
        }
    }
}

/// Whether what a link leads to lies within `root`, which is a canonical path.
pub(super) fn leads_inside(root: &Path, link: &Path) -> bool {
    link.canonicalize().is_ok_and(|target| target.starts_with(root))
}

/// A folder above collections is one itself only if it holds what nobody else would put there.
fn is_collection(below: &Path, files: &[String], is_leaf: bool) -> bool {
    let above = below.as_os_str().is_empty() || TOPS.iter().any(|top| below == Path::new(top));
    let is_told = |name: &String| METADATA.contains(&name.as_str()) || extension_kind(name).is_some();
    files.iter().any(is_told) || (!above && (is_leaf || files.iter().any(|name| may_be_item(name))))
}

/// What the collection says about itself; else what its first items are; else where it stands; `None` where it could be both.
fn top_of(root: &Path, below: &Path) -> Option<&'static str> {
    let [calendars, contacts] = TOPS;
    let at = root.join(below);
    let told = read_inside(root, &at.join(COLLECTION_FILE), MOST_METADATA);
    let told = told.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    match told.as_ref().and_then(|told| told.get("kind")).and_then(Value::as_str) {
        Some("address-book") => return Some(contacts),
        Some("calendar") => return Some(calendars),
        _ => {}
    }
    let placed = TOPS.into_iter().find(|top| below.starts_with(top));
    let Ok(names) = names_in(&at) else { return placed };
    let items = names.iter().map(|named| &named.name).filter(|name| may_be_item(&name.to_string_lossy()));
    for name in items {
        let known = Kind::of(&read_inside(root, &at.join(name), MOST_ITEM).unwrap_or_default());
        match if known == Kind::Unknown { extension_kind(&name.to_string_lossy()) } else { Some(known) } {
            Some(Kind::Card) => return Some(contacts),
            Some(_) => return Some(calendars),
            None => {}
        }
    }
    Some(placed.unwrap_or(calendars))
}

/// The content of a regular file of at most so many bytes within `root`. Anything but a file, such as a pipe, could block.
pub(super) fn read_inside(root: &Path, at: &Path, most: u64) -> Option<Vec<u8>> {
    if fs::symlink_metadata(at).ok()?.is_symlink() && !leads_inside(root, at) {
        return None;
    }
    fs::metadata(at).ok().filter(|metadata| metadata.is_file() && metadata.len() <= most)?;
    let mut content = Vec::new();
    File::open(at).ok()?.take(most + 1).read_to_end(&mut content).ok()?;
    Some(content).filter(|content| content.len() as u64 <= most)
}

fn extension_kind(name: &str) -> Option<Kind> {
    match Path::new(name).extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "ics" => Some(Kind::Event),
        "vcf" => Some(Kind::Card),
        _ => None,
    }
}

fn own_name(at: &Path) -> String {
    at.file_name().map_or_else(|| "collection".into(), |name| name.to_string_lossy().into_owned())
}
