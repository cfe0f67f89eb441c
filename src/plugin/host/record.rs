//! What crosses the interface, as the rest of davault sees it.

use std::time::SystemTime;

use super::mode::{self, Kind};
use crate::plugin::{path, wire};
use crate::proto::plakar::connectors as wire_format;

/// A folder, a file, a link or another thing in a file system, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Absolute path of plain names; `/` for the top.
    pub path: String,
    /// Last name of the path; for the `/` of a partial restore the name of the folder that it stands for, else empty there.
    pub name: String,
    /// Length of the content in bytes; 0 for folders. Others' plugins may be wrong about it, or not know it.
    pub size: u64,
    /// Whether the plugin knows `size`.
    pub is_size_known: bool,
    /// Bits of Go's `fs.FileMode`; [`mode::kind`] and [`mode::permissions`] say what they mean.
    pub mode: u32,
    /// When it last changed, as far as known.
    pub modified: Option<SystemTime>,
    /// Changes exactly when the content does, for connectors that can tell; an inode number for others; 0 for none.
    pub version: u64,
    /// Where a symbolic link points to; empty for all else.
    pub target: String,
    /// What a file system knows of it besides.
    pub details: Details,
}

/// What a file system knows besides; 0 and empty where it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// Number of the owner.
    pub uid: u64,
    /// Number of the group.
    pub gid: u64,
    /// Name of the owner.
    pub user: String,
    /// Name of the group.
    pub group: String,
    /// Number of the file system.
    pub dev: u64,
    /// How many names it has.
    pub nlink: u32,
    /// Flags of its file system.
    pub flags: u32,
    /// Attributes that Windows gives it.
    pub attributes: u32,
    /// Names of its extended attributes; only told to exporters.
    pub xattrs: Vec<String>,
}

/// An extended attribute, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Path of what has it.
    pub path: String,
    /// Its name, such as `user.comment`.
    pub name: String,
    /// The number that the plugin gave its type, to be handed back as it is. Go's plugins say 0 for an extended attribute and
    /// 1 for an alternate data stream, where the interface's definition has 1 and 2.
    pub kind: u32,
}

/// What an importer sends while it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A folder, a file or, where all kinds were asked for, something else; to be settled.
    Record(Record),
    /// An extended attribute, where all kinds were asked for; to be settled. What has it may come later.
    Attribute(Attribute),
    /// An extended attribute that is there but was not read. Needs no settling.
    AttributeFailed {
        /// Path of what has it.
        path: String,
        /// Its name.
        name: String,
        /// The reason.
        why: String,
    },
    /// A part of what is at this path was not read or can't be kept; the rest of it is listed by itself. Needs no settling.
    Flaw {
        /// Its path; a valid one, though a stranger's.
        path: String,
        /// The reason, one sentence.
        why: String,
    },
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
            is_size_known: true,
            mode: mode::mode(Kind::Folder, 0o750),
            modified: None,
            version: 0,
            target: String::new(),
            details: Details { nlink: 1, ..Details::default() },
        }
    }

    /// What this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match mode::kind(self.mode) {
            // QUIRK(plakar tar): a link has a target, and the mode of a file.
            Kind::File if self.size == 0 && !self.target.is_empty() => Kind::Link,
            kind => kind,
        }
    }

    /// Whether this is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.kind() == Kind::Folder
    }

    pub(super) fn from_wire(record: wire_format::Record) -> Result<Record, &'static str> {
        let path = record.pathname;
        let info = record.file_info.ok_or("without saying what it is")?;
        let is_file = mode::kind(info.mode) == Kind::File;
        // Plugins say -1 where they do not know.
        let size = match info.size {
            -1 => None,
            size => Some(u64::try_from(size).map_err(|_| "with a size below zero")?),
        };
        let modified = match info.mod_time {
            Some(time) => Some(SystemTime::try_from(time).map_err(|_| "with a time that does not exist")?),
            None => None,
        };
        let name = match (path::name(&path), info.name.as_str()) {
            ("", "/" | ".") => "",
            ("", name) | (name, _) => name,
        };
        let details = Details {
            uid: info.uid,
            gid: info.gid,
            user: info.username,
            group: info.groupname,
            dev: info.dev,
            nlink: info.nlink,
            flags: info.flags,
            attributes: record.file_attributes,
            xattrs: Vec::new(),
        };
        Ok(Record {
            name: path::shown(name),
            path,
            size: size.filter(|_| is_file).unwrap_or(0),
            is_size_known: size.is_some() || !is_file,
            mode: info.mode,
            modified,
            version: info.ino,
            target: record.target,
            details,
        })
    }

    pub(super) fn to_wire(&self, has_content: bool) -> wire_format::Record {
        let name = if self.path == "/" && self.name.is_empty() { "/" } else { &self.name };
        let details = &self.details;
        wire_format::Record {
            has_reader: has_content,
            pathname: self.path.clone(),
            target: self.target.clone(),
            file_info: Some(wire_format::FileInfo {
                name: name.into(),
                size: i64::try_from(self.size).unwrap_or(i64::MAX),
                mode: self.mode,
                mod_time: self.modified.map(SystemTime::into),
                dev: details.dev,
                ino: self.version,
                uid: details.uid,
                gid: details.gid,
                nlink: details.nlink,
                username: details.user.clone(),
                groupname: details.group.clone(),
                flags: details.flags,
            }),
            extended_attributes: details.xattrs.clone(),
            file_attributes: details.attributes,
            ..wire_format::Record::default()
        }
    }

    /// What tells it from all else that crosses the interface.
    pub(super) fn key(&self) -> String {
        self.path.clone()
    }

    /// What it takes in memory, in bytes, about.
    pub(super) fn cost(&self) -> usize {
        let Details { user, group, .. } = &self.details;
        self.path.len() + self.name.len() + self.target.len() + user.len() + group.len() + wire::RECORD
    }
}

impl Attribute {
    pub(super) fn to_wire(&self) -> wire_format::Record {
        wire_format::Record {
            has_reader: true,
            pathname: self.path.clone(),
            is_xattr: true,
            xattr_name: self.name.clone(),
            xattr_type: i32::try_from(self.kind).unwrap_or(0),
            ..wire_format::Record::default()
        }
    }

    pub(super) fn key(&self) -> String {
        format!("{}\0{}", self.path, self.name)
    }

    pub(super) fn cost(&self) -> usize {
        self.path.len() + self.name.len() + wire::RECORD
    }
}

/// The key of a record as it came over the wire.
pub(super) fn key_of(record: &wire_format::Record) -> String {
    if record.is_xattr { format!("{}\0{}", record.pathname, record.xattr_name) } else { record.pathname.clone() }
}
