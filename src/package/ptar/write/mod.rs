//! Writing an archive: the same files, style and stamp are the same bytes.

mod container;
#[cfg(any(test, fuzzing))]
pub mod crafted;
mod pack;
mod record;
mod summary;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use super::format::kind;
use super::hash::{self, Mac};
use super::lz4::Blocks;
use super::{dirpack, entry};
use pack::Pack;
use record::{Described, Roots};

/// A file that is to be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path in the archive, such as `/manifest.yaml`.
    pub path: String,
    /// Permission bits, such as 0o755.
    pub permissions: u32,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Which of the forms of an archive that hosts accept is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// All records and fields that the host writes, or only those that it needs.
    pub is_full: bool,
    /// In which blocks everything is compressed, if it is.
    pub compression: Option<Blocks>,
    /// State version 1.1.0, which names a parent, or 1.0.0, which plakar 1.0 reads as well.
    pub has_parent: bool,
    /// Length of the pieces that files are cut into, in bytes; at most 8 MiB.
    pub chunk_bytes: usize,
}

impl Style {
    /// What davault's packages are written in: what both generations of plakar install.
    pub const PACKAGE: Style =
        Style { is_full: true, compression: Some(Blocks::Mib4), has_parent: false, chunk_bytes: 1024 * 1024 };
}

/// What is not content: ids, time, and who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Must differ between any two different archives: hosts remember the state by it.
    pub repository: [u8; 16],
    /// Name of the snapshot.
    pub snapshot: [u8; 32],
    /// Name of the packfile; not all zeros.
    pub packfile: [u8; 32],
    /// Name of the state.
    pub state: [u8; 32],
    /// When it was made, in seconds since 1970.
    pub seconds: u32,
    /// The program that made it.
    pub client: String,
}

/// Writes an archive whose ids are derived from all else that is in it, so that the same files are the same bytes, and any
/// other archive has another id.
#[must_use]
pub fn write_reproducible(files: &[File], folders: &[String], seconds: u32, client: &str) -> Vec<u8> {
    let mut stamp = Stamp {
        repository: [0; 16],
        snapshot: [1; 32],
        packfile: [1; 32],
        state: [1; 32],
        seconds,
        client: client.to_owned(),
    };
    // MACs hang on the id, so what it is derived from is the whole archive as it is with a constant one.
    let content = hash::plain(&write(files, folders, Style::PACKAGE, &stamp));
    let id = |purpose: &str| hash::plain(&[purpose.as_bytes(), &content].concat());
    for (to, from) in stamp.repository.iter_mut().zip(id("repository")) {
        *to = from;
    }
    (stamp.snapshot, stamp.packfile, stamp.state) = (id("snapshot"), id("packfile"), id("state"));
    write(files, folders, Style::PACKAGE, &stamp)
}

/// Writes an archive. Paths must be absolute, plain and different; `folders` are those that need not hold anything.
#[must_use]
pub(super) fn write(files: &[File], folders: &[String], style: Style, stamp: &Stamp) -> Vec<u8> {
    let mut pack = Pack::new(style, stamp);
    let mut files: Vec<&File> = files.iter().collect();
    files.sort_by_key(|file| entry::order(&file.path));
    let mut entries: BTreeMap<&str, Described> =
        files.iter().map(|file| (file.path.as_str(), put_file(&mut pack, file, style))).collect();
    let folders = all_folders(&files, folders);
    for folder in &folders {
        entries.insert(folder, Described::folder(&mut pack, folder, style));
    }
    let listing = Listing { folders, entries };
    let dirpacks = if style.is_full { listing.dirpacks(&mut pack, style) } else { Vec::new() };
    let roots = Roots {
        root: tree::put(&mut pack, (kind::VFS_TREE, kind::VFS_NODE), &listing.paths()),
        errors: tree::put(&mut pack, (kind::ERROR_TREE, kind::ERROR_NODE), &[]),
        xattrs: tree::put(&mut pack, (kind::XATTR_TREE, kind::XATTR_NODE), &[]),
    };
    let indexes = style.is_full.then(|| listing.indexes(&mut pack, &dirpacks));
    let snapshot = record::snapshot(stamp, style, &roots, indexes.as_ref());
    pack.put_as(kind::SNAPSHOT, stamp.snapshot, &snapshot);
    container::write(&pack, style, stamp)
}

/// The root, these folders, those that hold a file, and all above them, in the tree's order.
fn all_folders<'f>(files: &[&'f File], empty: &'f [String]) -> Vec<&'f str> {
    let mut folders = BTreeSet::from([entry::order("/")]);
    for mut folder in files.iter().map(|file| entry::parent(&file.path)).chain(empty.iter().map(String::as_str)) {
        while folders.insert(entry::order(folder)) {
            folder = entry::parent(folder);
        }
    }
    folders.into_iter().map(|(_, folder)| folder).collect()
}

fn put_file(pack: &mut Pack, file: &File, style: Style) -> Described {
    let object = record::put_object(pack, &file.content, content_type(&file.path), style);
    Described::file(pack, file, object, style)
}

/// A content's type by its name; hosts use it for statistics only.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("yaml" | "yml" | "txt" | "md") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// Everything that has an entry.
struct Listing<'f> {
    folders: Vec<&'f str>,
    entries: BTreeMap<&'f str, Described>,
}

/// The root records of the three indexes, and the summary of the root folder.
struct Indexes {
    roots: [(&'static str, Mac); 3],
    summary: Vec<u8>,
}

impl<'f> Listing<'f> {
    fn paths(&self) -> Vec<(String, Mac)> {
        let mut paths: Vec<_> = self.entries.iter().map(|(path, entry)| (path.to_string(), entry.mac)).collect();
        paths.sort_by(|(one, _), (other, _)| entry::order(one).cmp(&entry::order(other)));
        paths
    }

    /// What is directly in a folder, by bytes of the path.
    fn children(&self, folder: &str) -> impl Iterator<Item = (&'f str, &Described)> {
        let is_child = move |path: &str| path != "/" && entry::parent(path) == folder;
        self.entries.iter().filter(move |(path, _)| is_child(path)).map(|(path, entry)| (*path, entry))
    }

    /// For each folder an object that holds the entries of what is in it, innermost folders first.
    fn dirpacks(&self, pack: &mut Pack, style: Style) -> Vec<(String, Mac)> {
        let mut dirpacks = Vec::new();
        for folder in self.folders.iter().rev() {
            let mut content = Vec::new();
            for (_, child) in self.children(folder) {
                content.push(if child.file.is_some() { dirpack::FILE } else { dirpack::FOLDER });
                content.extend_from_slice(&pack::length(child.record.len() + hash::LENGTH).to_le_bytes());
                content.extend_from_slice(&child.record);
                content.extend_from_slice(&child.mac);
            }
            let object = record::put_object(pack, &content, content_type(""), style);
            dirpacks.push(((*folder).to_owned(), object.mac));
        }
        dirpacks.sort();
        dirpacks
    }

    fn indexes(&self, pack: &mut Pack, dirpacks: &[(String, Mac)]) -> Indexes {
        let summaries = summary::all(self);
        let mut summary_macs = Vec::new();
        for folder in self.folders.iter().rev() {
            let Some(record) = summaries.get(folder) else { continue };
            summary_macs.push(((*folder).to_owned(), pack.put(kind::SUMMARY, record)));
        }
        summary_macs.sort();
        let mut types = Vec::new();
        for (path, entry) in &self.entries {
            if entry.file.is_some() {
                let bare = content_type(path).split(';').next().unwrap_or_default();
                types.push((format!("/{bare}{path}"), entry.mac));
            }
        }
        types.sort();
        let mut put = |index: &[(String, Mac)]| tree::put(pack, (kind::INDEX_TREE, kind::INDEX_NODE), index);
        let roots = [("content-type", put(&types)), ("dirpack", put(dirpacks)), ("summary", put(&summary_macs))];
        Indexes { roots, summary: summaries.get("/").cloned().unwrap_or_default() }
    }
}
