//! Between what crosses the plugin interface and what a vault keeps.

use bytes::Bytes;

use crate::plugin::host::mode::{self, Kind};
use crate::plugin::host::{Attribute, Details, Record};
use crate::vault::{self, Meta, Node, NodeKind, Special, Xattr};

/// What a vault keeps of a record besides its content. davault's own connectors have nothing to do with owners and the like.
pub fn meta(record: &Record, is_own: bool) -> Meta {
    let details = &record.details;
    let kept = || vault::Details {
        uid: details.uid,
        gid: details.gid,
        user: details.user.clone(),
        group: details.group.clone(),
        dev: details.dev,
        nlink: details.nlink.into(),
        flags: details.flags,
        attributes: details.attributes,
    };
    Meta {
        mode: mode::permissions(record.mode),
        modified: record.modified,
        version: record.version,
        details: (!is_own).then(|| Box::new(kept())),
    }
}

/// Something without content, as a vault has it.
pub fn special(kind: Kind) -> Option<Special> {
    match kind {
        Kind::Pipe => Some(Special::Pipe),
        Kind::Socket => Some(Special::Socket),
        Kind::CharacterDevice => Some(Special::CharacterDevice),
        Kind::BlockDevice => Some(Special::BlockDevice),
        Kind::Folder | Kind::File | Kind::Link | Kind::Other => None,
    }
}

/// The record of what lies at `path`, for an exporter.
pub fn record(path: String, node: &Node) -> Record {
    let (kind, size) = match node.kind {
        NodeKind::Folder { .. } => (Kind::Folder, 0),
        NodeKind::File { size } => (Kind::File, size),
        NodeKind::Link => (Kind::Link, 0),
        NodeKind::Special(Special::Pipe) => (Kind::Pipe, 0),
        NodeKind::Special(Special::Socket) => (Kind::Socket, 0),
        NodeKind::Special(Special::CharacterDevice) => (Kind::CharacterDevice, 0),
        NodeKind::Special(Special::BlockDevice) => (Kind::BlockDevice, 0),
        NodeKind::Other => (Kind::Other, 0),
    };
    let plain = Record::folder(&path);
    let meta = &node.meta;
    Record {
        name: node.name.clone(),
        path,
        size,
        // A folder that was made up has none; one of a file system may be closed to all.
        mode: if kind == Kind::Folder && meta.mode == 0 && meta.details.is_none() {
            plain.mode
        } else {
            mode::mode(kind, meta.mode)
        },
        modified: meta.modified,
        version: meta.version,
        target: node.target().unwrap_or_default().into(),
        details: details(node),
        ..plain
    }
}

fn details(node: &Node) -> Details {
    let xattrs = node.xattrs.iter().map(|xattr| xattr.name.clone()).collect();
    let Some(kept) = &node.meta.details else { return Details { nlink: 1, xattrs, ..Details::default() } };
    Details {
        uid: kept.uid,
        gid: kept.gid,
        user: kept.user.clone(),
        group: kept.group.clone(),
        dev: kept.dev,
        nlink: u32::try_from(kept.nlink).unwrap_or(u32::MAX),
        flags: kept.flags,
        attributes: kept.attributes,
        xattrs,
    }
}

/// An extended attribute that was read. The value is copied: it is a slice of a much larger buffer, which it would keep.
pub fn xattr(attribute: &Attribute, value: &[u8]) -> Xattr {
    Xattr { name: attribute.name.clone(), kind: attribute.kind, value: Bytes::copy_from_slice(value) }
}

/// An extended attribute of what lies at `path`, for an exporter.
pub fn attribute(path: &str, xattr: &Xattr) -> (Attribute, Bytes) {
    (Attribute { path: path.into(), name: xattr.name.clone(), kind: xattr.kind }, xattr.value.clone())
}
