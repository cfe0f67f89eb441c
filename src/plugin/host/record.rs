//! What crosses the interface, as the rest of davault sees it.

use std::time::SystemTime;

use crate::plugin::{path, wire};
use crate::proto::plakar::connectors as wire_format;

/// A folder or a file, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Absolute path of plain names; `/` for the top.
    pub path: String,
    /// Last name of the path; for the `/` of a partial restore the name of the folder that it stands for, else empty there.
    pub name: String,
    /// Length of the content in bytes; 0 for folders.
    pub size: u64,
    /// Bits of Go's `fs.FileMode`.
    pub mode: u32,
    /// When it last changed, as far as known.
    pub modified: Option<SystemTime>,
    /// Changes exactly when the content does, for connectors that can tell; an inode number for others; 0 for none.
    pub version: u64,
}

/// What an importer sends while it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A folder or a file; to be settled.
    Record(Record),
    /// Something that is there but was not read or can't be kept; `why` is one sentence. Needs no settling.
    Failed {
        /// Its path; a valid one, though a stranger's.
        path: String,
        /// The reason.
        why: String,
    },
}

impl Record {
    /// A folder at `path`, as davault itself makes them.
    #[must_use]
    pub fn folder(path: &str) -> Record {
        Record {
            path: path.into(),
            name: path::name(path).into(),
            size: 0,
            mode: wire::MODE_FOLDER | 0o750,
            modified: None,
            version: 0,
        }
    }

    /// Whether this is a folder; everything else is a file.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.mode & wire::MODE_FOLDER != 0
    }

    pub(super) fn from_wire(path: String, info: &wire_format::FileInfo) -> Result<Record, &'static str> {
        let folder = info.mode & wire::MODE_FOLDER != 0;
        let size = u64::try_from(info.size).map_err(|_| "with a size below zero")?;
        let modified = match info.mod_time {
            Some(time) => Some(SystemTime::try_from(time).map_err(|_| "with a time that does not exist")?),
            None => None,
        };
        let name = match (path::name(&path), info.name.as_str()) {
            ("", "/" | ".") => "",
            ("", name) | (name, _) => name,
        };
        let name = path::shown(name);
        Ok(Record { name, path, size: if folder { 0 } else { size }, mode: info.mode, modified, version: info.ino })
    }

    pub(super) fn to_wire(&self, has_content: bool) -> wire_format::Record {
        let name = if self.path == "/" && self.name.is_empty() { "/" } else { &self.name };
        wire_format::Record {
            has_reader: has_content,
            pathname: self.path.clone(),
            file_info: Some(wire_format::FileInfo {
                name: name.into(),
                size: i64::try_from(self.size).unwrap_or(i64::MAX),
                mode: self.mode,
                mod_time: self.modified.map(SystemTime::into),
                ino: self.version,
                nlink: 1,
                ..wire_format::FileInfo::default()
            }),
            ..wire_format::Record::default()
        }
    }
}
