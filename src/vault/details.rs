//! What a file system knows of a folder or file besides its name, its content and when it changed.

use bytes::Bytes;

use super::message;

/// Largest value of an extended attribute that is kept, in bytes: Linux's own limit.
pub const LARGEST_XATTR: usize = 64 * 1024;
/// Most extended attributes of one path; Linux lists 64 KiB of names, which are longer than 16 bytes as a rule.
pub(super) const MOST_NAMES: usize = 4096;
/// Most bytes of an entry that the extended attributes of one path may take. They stand in the node of its folder's tree.
pub(super) const MOST_XATTRS: usize = 1024 * 1024;

/// What a file system knows of a folder or file besides; numbers are 0 and names are empty where there is no such thing.
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
    /// Number of the file system that it lies on; together with `Meta::version` it says which files are one.
    pub dev: u64,
    /// How many names the file has.
    pub nlink: u64,
    /// Flags of its file system, such as BSD's.
    pub flags: u32,
    /// Attributes that Windows gives it.
    pub attributes: u32,
}

/// An extended attribute of a folder or file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xattr {
    /// Its name, such as `user.comment`.
    pub name: String,
    /// 0 for an extended attribute; else what the source called it, such as 1 or 2 for an alternate data stream of NTFS.
    pub kind: u32,
    /// Its value.
    pub value: Bytes,
}

impl Details {
    pub(super) fn from_entry(entry: &mut message::Entry) -> Option<Box<Self>> {
        Some(Box::new(Self {
            uid: entry.uid?,
            gid: entry.gid.unwrap_or(0),
            user: entry.user.take().unwrap_or_default(),
            group: entry.group.take().unwrap_or_default(),
            dev: entry.dev.unwrap_or(0),
            nlink: entry.nlink.unwrap_or(0),
            flags: entry.flags,
            attributes: entry.attributes,
        }))
    }

    /// Only `uid` is written where it is 0: it says that there are details.
    pub(super) fn write(&self, entry: &mut message::Entry) {
        let number = |number: u64| Some(number).filter(|number| *number != 0);
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        entry.uid = Some(self.uid);
        entry.gid = number(self.gid);
        entry.user = text(&self.user);
        entry.group = text(&self.group);
        entry.dev = number(self.dev);
        entry.nlink = number(self.nlink);
        entry.flags = self.flags;
        entry.attributes = self.attributes;
    }
}

impl Xattr {
    pub(super) fn from_message(xattr: message::Xattr) -> Self {
        Self { name: xattr.name, kind: xattr.kind, value: xattr.value.into() }
    }

    pub(super) fn to_message(&self) -> message::Xattr {
        message::Xattr { name: self.name.clone(), value: self.value.to_vec(), kind: self.kind }
    }
}
