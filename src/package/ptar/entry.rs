//! What an archive holds under a path.

use super::hash::Mac;
use super::msgpack::Value;
use crate::go::mode;
use crate::package::error::Error;

/// Longest name of a file or folder in bytes, as common file systems have it.
const LONGEST_NAME: usize = 255;
/// Most folders in folders.
const DEEPEST: usize = 64;

/// A file, a folder or something else in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path from the archive's root, such as `/bin/connector`; `/` itself is one.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, at most 0o777.
    pub permissions: u32,
}

/// What an [`Entry`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File(Object),
    /// A folder.
    Folder,
    /// A symbolic link to this path.
    Link(String),
    /// A pipe, a device, or what else there is.
    Other,
}

/// Where the content of a file lies; see [`super::Archive::read`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub(super) mac: Mac,
}

/// Reads the entry that stands under `path`.
pub(super) fn read(path: &str, record: &[u8]) -> Result<Entry, Error> {
    check_path(path)?;
    let damaged = || Error::damaged(format!("what is said of {path:?} is damaged"));
    let value = Value::read(record).ok_or_else(damaged)?;
    let parent = value.get("parent_path").and_then(Value::text).ok_or_else(damaged)?;
    let info = value.get("file_info").ok_or_else(damaged)?;
    let name = info.get("name").and_then(Value::text).ok_or_else(damaged)?;
    let own_name = if path == "/" { path } else { path.rsplit('/').next().unwrap_or_default() };
    if parent != self::parent(path) || name != own_name {
        return Err(Error::damaged(format!("{path:?} has another name than its place")));
    }
    let bits: u32 = info.get("mode").and_then(Value::number).ok_or_else(damaged)?;
    let kind = if bits & mode::FOLDER != 0 {
        EntryKind::Folder
    } else if bits & mode::LINK != 0 {
        EntryKind::Link(value.get("symlink_target").and_then(Value::text).unwrap_or_default().to_owned())
    } else if bits & mode::TYPE != 0 {
        EntryKind::Other
    } else {
        EntryKind::File(Object { mac: value.get("object").and_then(Value::bytes).ok_or_else(damaged)? })
    };
    Ok(Entry { path: path.to_owned(), kind, permissions: bits & mode::PERMISSIONS })
}

/// Whether a path can be made below a folder without leaving it, and shown without moving anyone's cursor.
fn check_path(path: &str) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::refused(format!("it holds {path:?}, {why}")));
    let Some(below) = path.strip_prefix('/') else { return refused("which is no absolute path") };
    if below.is_empty() {
        return Ok(());
    }
    if below.split('/').count() > DEEPEST {
        return refused("which lies too deep");
    }
    for name in below.split('/') {
        match name {
            "" | "." | ".." => return refused("which is no plain path"),
            _ if name.len() > LONGEST_NAME => return refused("whose name is too long"),
            _ if name.contains(char::is_control) => return refused("whose name has control characters"),
            _ => {}
        }
    }
    Ok(())
}

/// The order of paths in an archive's tree: fewer slashes first, then by bytes.
pub(super) fn order(path: &str) -> (usize, &str) {
    (path.matches('/').count(), path)
}

/// The path of the folder that holds `path`; `/` for itself.
pub(super) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for bad in
            ["", "a", "a/b", "/..", "/a/../b", "/a/.", "//a", "/a/", "/a\0b", "/a\nb", &format!("/{}", "x".repeat(256))]
        {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
        for good in ["/", "/a", "/héllo wörld.txt", "/a/b/...", "/a\\b"] {
            assert!(check_path(good).is_ok(), "{good:?}");
        }
        assert!(check_path(&"/x".repeat(65)).is_err());
    }

    #[test]
    fn a_parent_comes_before_what_it_holds() {
        assert_eq!(["/", "/a", "/a/b/c"].map(parent), ["/", "/", "/a/b"]);
        assert!(order("/z") < order("/a/b") && order("/") < order("/a"));
    }
}
