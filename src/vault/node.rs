//! A folder, file or link of a snapshot, as callers see it.

use std::time::{Duration, SystemTime};

use super::address::{Address, LENGTH};
use super::details::{Details, Xattr};
use super::message;

/// Most bytes of one name.
pub(super) const LONGEST_NAME: usize = 4096;
/// Most bytes of a whole path.
pub(super) const LONGEST_PATH: usize = 64 * 1024;
const FOLDER: u32 = 1;
const FILE: u32 = 2;
const LINK: u32 = 3;
const PIPE: u32 = 4;
const SOCKET: u32 = 5;
const CHARACTER_DEVICE: u32 = 6;
const BLOCK_DEVICE: u32 = 7;

/// A folder, file or link of a snapshot. Two nodes are equal when name, kind, metadata and content are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Last name of its path; empty for `/`.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// What is known of it besides its content.
    pub meta: Meta,
    /// Extended attributes, by name.
    pub xattrs: Vec<Xattr>,
    pub(super) content: Content,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A folder.
    Folder {
        /// What lies below it.
        below: Totals,
    },
    /// A file of exactly so many bytes.
    File {
        /// Length of the content in bytes.
        size: u64,
    },
    /// A symbolic link; [`Node::target`] says to where.
    Link,
    /// Something without content.
    Special(Special),
    /// Something that a later davault wrote; it has a name and nothing that this one can read.
    Other,
}

/// What has a name in a file system and no content of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A character device; which one is not known.
    CharacterDevice,
    /// A block device; which one is not known.
    BlockDevice,
}

/// How much lies below a folder, at any depth, without the folder itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Folders.
    pub folders: u64,
    /// Files.
    pub items: u64,
    /// Bytes of the files' contents.
    pub bytes: u64,
}

/// What is known of a folder or file besides its content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// Permission bits as Unix has them, with setuid (04000), setgid (02000) and sticky (01000); 0 where there is no such thing.
    pub mode: u32,
    /// When it last changed, as far as known.
    pub modified: Option<SystemTime>,
    /// Changes exactly when the content does, or a file's number in its file system; 0 where there is no such thing.
    pub version: u64,
    /// What a file system knows besides, where the source is one.
    pub details: Option<Box<Details>>,
}

/// Where the content lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Folder(Address),
    File(Box<[Address]>),
    Link(Box<str>),
    None,
}

impl Node {
    /// Whether both are folders or both are files, with the same content; names and metadata may differ.
    #[must_use]
    pub fn same_content(&self, other: &Node) -> bool {
        self.content == other.content && std::mem::discriminant(&self.kind) == std::mem::discriminant(&other.kind)
    }

    /// Where a symbolic link points to.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        if let Content::Link(target) = &self.content { Some(target) } else { None }
    }

    /// In how many pieces the content of a file is stored; 0 where there is none.
    #[must_use]
    pub fn pieces(&self) -> usize {
        if let Content::File(parts) = &self.content { parts.len() } else { 0 }
    }

    /// What it adds to the totals of the folder that holds it.
    pub(super) fn totals(&self) -> Totals {
        match self.kind {
            NodeKind::Folder { below } => Totals { folders: below.folders.saturating_add(1), ..below },
            NodeKind::File { size } => Totals { folders: 0, items: 1, bytes: size },
            NodeKind::Link | NodeKind::Special(_) | NodeKind::Other => Totals { folders: 0, items: 1, bytes: 0 },
        }
    }

    /// The objects that it refers to itself.
    pub(super) fn references(&self) -> &[Address] {
        match &self.content {
            Content::Folder(tree) => std::slice::from_ref(tree),
            Content::File(parts) => parts,
            Content::Link(_) | Content::None => &[],
        }
    }

    /// The node of an entry; `None` if it contradicts itself.
    pub(super) fn from_entry(mut entry: message::Entry) -> Option<Self> {
        let modified = match entry.seconds {
            Some(seconds) => Some(time(seconds, entry.nanos)?),
            None => None,
        };
        let details = Details::from_entry(&mut entry);
        let meta = Meta { mode: entry.mode, modified, version: entry.version, details };
        let xattrs = entry.xattrs.into_iter().map(Xattr::from_message).collect();
        let (kind, content) = match entry.kind {
            FOLDER => {
                let below = entry.below.unwrap_or_default();
                let below = Totals { folders: below.folders, items: below.items, bytes: below.bytes };
                (NodeKind::Folder { below }, Content::Folder(Address::from_slice(&entry.tree)?))
            }
            FILE => {
                let parts = entry.contents.chunks_exact(LENGTH);
                if !parts.remainder().is_empty() || (entry.size == 0) != entry.contents.is_empty() {
                    return None;
                }
                (NodeKind::File { size: entry.size }, Content::File(parts.filter_map(Address::from_slice).collect()))
            }
            LINK => (NodeKind::Link, Content::Link(entry.symlink?.into())),
            kind => (Special::of(kind).map_or(NodeKind::Other, NodeKind::Special), Content::None),
        };
        Some(Self { name: entry.name, kind, meta, xattrs, content })
    }

    /// The entry of a folder or file under `name`; `None` for what this version cannot write.
    pub(super) fn to_entry(&self, name: String) -> Option<message::Entry> {
        let (seconds, nanos) = self.meta.modified.and_then(seconds).unzip();
        let Meta { mode, version, details, .. } = &self.meta;
        let (mode, version) = (*mode, *version);
        let mut entry =
            message::Entry { name, mode, seconds, nanos: nanos.unwrap_or(0), version, ..message::Entry::default() };
        if let Some(details) = details {
            details.write(&mut entry);
        }
        entry.xattrs = self.xattrs.iter().map(Xattr::to_message).collect();
        match (&self.kind, &self.content) {
            (NodeKind::Folder { below }, Content::Folder(tree)) => {
                let Totals { folders, items, bytes } = *below;
                entry.kind = FOLDER;
                entry.tree = tree.0.to_vec();
                entry.below = Some(message::Totals { folders, items, bytes });
            }
            (NodeKind::File { size }, Content::File(parts)) => {
                entry.kind = FILE;
                entry.size = *size;
                entry.contents = parts.iter().flat_map(|part| part.0).collect();
            }
            (NodeKind::Link, Content::Link(target)) => {
                entry.kind = LINK;
                entry.symlink = Some(target.to_string());
            }
            (NodeKind::Special(special), Content::None) => entry.kind = special.number(),
            _ => return None,
        }
        Some(entry)
    }
}

impl Special {
    fn of(number: u32) -> Option<Self> {
        [Self::Pipe, Self::Socket, Self::CharacterDevice, Self::BlockDevice]
            .into_iter()
            .find(|special| special.number() == number)
    }

    fn number(self) -> u32 {
        match self {
            Self::Pipe => PIPE,
            Self::Socket => SOCKET,
            Self::CharacterDevice => CHARACTER_DEVICE,
            Self::BlockDevice => BLOCK_DEVICE,
        }
    }
}

impl Totals {
    pub(super) fn add(&mut self, other: Totals) {
        self.folders = self.folders.saturating_add(other.folders);
        self.items = self.items.saturating_add(other.items);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// Whether an entry is a folder.
pub(super) fn is_folder(entry: &message::Entry) -> bool {
    entry.kind == FOLDER
}

/// Whether all that an entry refers to is known: true for every kind that the format has so far.
pub(super) fn is_known(entry: &message::Entry) -> bool {
    matches!(entry.kind, FOLDER | FILE | LINK) || Special::of(entry.kind).is_some()
}

/// Whether this can be a name in a folder.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST_NAME && name != "." && name != ".." && !name.contains(['/', '\0'])
}

/// The path of `name` in the folder at `path`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path == "/" { format!("/{name}") } else { format!("{path}/{name}") }
}

fn time(seconds: i64, nanos: u32) -> Option<SystemTime> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base =
        if seconds < 0 { SystemTime::UNIX_EPOCH.checked_sub(whole) } else { SystemTime::UNIX_EPOCH.checked_add(whole) };
    if nanos >= 1_000_000_000 {
        return None;
    }
    base?.checked_add(Duration::from_nanos(u64::from(nanos)))
}

fn seconds(time: SystemTime) -> Option<(i64, u32)> {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => Some((i64::try_from(since.as_secs()).ok()?, since.subsec_nanos())),
        Err(before) => {
            let before = before.duration();
            let whole = i64::try_from(before.as_secs()).ok()?;
            match before.subsec_nanos() {
                0 => Some((-whole, 0)),
                nanos => Some((-whole - 1, 1_000_000_000 - nanos)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_and_after_1970_come_back() {
        for (whole, nanos) in [(0, 0), (1, 5), (-1, 0), (-1, 999_999_999), (4_000_000_000, 1), (-70, 30)] {
            let there = time(whole, nanos).unwrap();
            assert_eq!(seconds(there), Some((whole, nanos)));
        }
        assert_eq!(time(0, 1_000_000_000), None);
    }

    #[test]
    fn an_item_without_details_takes_no_byte_for_them() {
        let meta = Meta { mode: 0o600, modified: time(5, 6), version: 7, details: None };
        let content = Content::File([Address([9; LENGTH])].into());
        let kind = NodeKind::File { size: 3 };
        let node = Node { name: "a.ics".into(), kind, meta, xattrs: Vec::new(), content };
        let entry = node.to_entry("a.ics".into()).unwrap();
        // Name, kind, mode, seconds, nanos, version, size, one address: a byte each, the values, and the lengths of two.
        let values = [5 + 1, 1, 2, 1, 1, 8, 1, LENGTH + 1];
        assert_eq!(prost::Message::encoded_len(&entry), values.len() + values.iter().sum::<usize>());
        assert_eq!(Node::from_entry(entry), Some(node));
    }

    #[test]
    fn names_that_would_leave_their_folder_are_none() {
        for name in ["", ".", "..", "a/b", "a\0"] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name("…"));
        assert!(!is_name(&"x".repeat(LONGEST_NAME + 1)));
    }
}
