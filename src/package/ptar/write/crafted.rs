//! Archives that no writer of ours would make, with every hash right: what a hostile one could hold.

use std::collections::BTreeMap;

use super::super::format::kind;
use super::super::hash::Mac;
use super::super::lz4::Blocks;
#[cfg(test)]
use super::File;
use super::pack::Pack;
use super::record::{self, Roots};
use super::{Indexes, Stamp, Style, container, tree};
use crate::go::mode;

/// An archive that is put together piece by piece.
pub struct Crafted {
    pack: Pack,
    style: Style,
    paths: Vec<(String, Mac)>,
    records: BTreeMap<String, Vec<u8>>,
    dirpacks: Vec<(String, Mac)>,
    errors: Vec<(String, Mac)>,
}

impl Crafted {
    /// One with a root folder.
    pub fn new(is_compressed: bool) -> Self {
        let compression = is_compressed.then_some(Blocks::Mib4);
        let style = Style { is_full: false, compression, has_parent: false, chunk_bytes: 1024 };
        let mut crafted = Self {
            pack: Pack::new(style, &stamp()),
            style,
            paths: Vec::new(),
            records: BTreeMap::new(),
            dirpacks: Vec::new(),
            errors: Vec::new(),
        };
        crafted.entry("/", ("/", "/"), mode::FOLDER | 0o700, None);
        crafted
    }

    /// A path, what its entry says of parent and name, its mode, and the MAC of its object.
    pub fn entry(&mut self, path: &str, (parent, name): (&str, &str), bits: u32, object: Option<Mac>) {
        let mut entry = self.pack.encoder();
        entry.map(4).text("parent_path").text(parent).text("symlink_target").text("/etc/passwd");
        entry.text("file_info").map(2).text("name").text(name).text("mode").u32(bits);
        entry.text("object").binary(&object.unwrap_or_default());
        let record = entry.finish();
        self.paths.push((path.to_owned(), self.pack.put(kind::ENTRY, &record)));
        self.records.insert(path.to_owned(), record);
    }

    /// A path and the bytes of its entry, whatever they are.
    pub fn raw_entry(&mut self, path: &str, record: &[u8]) {
        let mac = self.pack.put(kind::ENTRY, record);
        self.paths.push((path.to_owned(), mac));
    }

    /// The bytes of an object, whatever they are.
    pub fn raw_object(&mut self, record: &[u8]) -> Mac {
        self.pack.put(kind::OBJECT, record)
    }

    /// A chunk.
    pub fn chunk(&mut self, content: &[u8]) -> Mac {
        self.pack.put(kind::CHUNK, content)
    }

    /// The archive, with as many snapshots.
    pub fn finish(mut self, snapshots: u8) -> Vec<u8> {
        let root = tree::put(&mut self.pack, (kind::VFS_TREE, kind::VFS_NODE), &self.paths);
        self.finish_with(root, snapshots)
    }

    /// The archive with a tree of paths whose root record leads to these bytes as a node.
    pub fn finish_with_node(mut self, node: &[u8]) -> Vec<u8> {
        let node = self.pack.put(kind::VFS_NODE, node);
        let mut record = self.pack.encoder();
        record.map(2).text("Order").small(50).text("Root").binary(&node);
        let root = self.pack.put(kind::VFS_TREE, &record.finish());
        self.finish_with(root, 1)
    }

    /// The archive with these bytes as its snapshot.
    pub fn finish_with_snapshot(mut self, snapshot: &[u8]) -> Vec<u8> {
        self.pack.put_as(kind::SNAPSHOT, [1; 32], snapshot);
        container::write(&self.pack, self.style, &stamp())
    }

    fn finish_with(mut self, root: Mac, snapshots: u8) -> Vec<u8> {
        let errors = tree::put(&mut self.pack, (kind::ERROR_TREE, kind::ERROR_NODE), &self.errors);
        let nothing = tree::put(&mut self.pack, (kind::INDEX_TREE, kind::INDEX_NODE), &[]);
        let dirpacks = tree::put(&mut self.pack, (kind::INDEX_TREE, kind::INDEX_NODE), &self.dirpacks);
        let roots = [("content-type", nothing), ("dirpack", dirpacks), ("summary", nothing)];
        let indexes = Indexes { roots, summary: vec![0x80] };
        let indexes = (!self.dirpacks.is_empty()).then_some(&indexes);
        for number in 0..snapshots {
            let stamp = Stamp { snapshot: [number; 32], ..stamp() };
            let roots = Roots { root, xattrs: errors, errors };
            let snapshot = record::snapshot(&stamp, self.style, &roots, indexes);
            self.pack.put_as(kind::SNAPSHOT, stamp.snapshot, &snapshot);
        }
        container::write(&self.pack, self.style, &stamp())
    }
}

#[cfg(test)]
impl Crafted {
    /// The dirpack of a folder that holds these entries, each with the byte before it.
    pub fn dirpack(&mut self, folder: &str, entries: &[(u8, &str)]) {
        let mut content = Vec::new();
        for (kind, path) in entries {
            let record = self.records.get(*path).expect("an entry of this archive");
            content.push(*kind);
            content.extend_from_slice(&super::pack::length(record.len() + 32).to_le_bytes());
            content.extend_from_slice(record);
            content.extend_from_slice(&self.pack.hasher.mac(record));
        }
        let object = record::put_object(&mut self.pack, &content, "", self.style).mac;
        self.dirpack_of(folder, object);
    }

    /// The dirpack of a folder, whatever this object is.
    pub fn dirpack_of(&mut self, folder: &str, object: Mac) {
        self.dirpacks.push((folder.to_owned(), object));
    }

    /// An object of nothing, put together from as many empty chunks, with as many bytes in its record that mean nothing.
    pub fn empty_object(&mut self, chunks: usize, padding: usize) -> Mac {
        let nothing = self.chunk(b"");
        let mut object = self.pack.encoder();
        object.map(3).text("padding").text(&"x".repeat(padding));
        object.text("contentMAC").binary(&self.pack.hasher.mac(b"")).text("chunks").list(chunks);
        for _ in 0..chunks {
            object.map(2).text("contentMAC").binary(&nothing).text("length").u32(0);
        }
        self.raw_object(&object.finish())
    }

    /// A file with this content, as it should be.
    pub fn file(&mut self, path: &str, content: &[u8]) {
        let object = record::put_object(&mut self.pack, content, "", self.style).mac;
        let (parent, name) = path.rsplit_once('/').expect("an absolute path");
        self.entry(path, (if parent.is_empty() { "/" } else { parent }, name), 0o644, Some(object));
    }

    /// A path that could not be read when the archive was made.
    pub fn error(&mut self, path: &str) {
        self.errors.push((path.to_owned(), [0; 32]));
    }

    /// An object of chunks that are said to have these MACs and lengths.
    pub fn object(&mut self, chunks: &[(Mac, u32)]) -> Mac {
        let mut object = self.pack.encoder();
        object.map(2).text("contentMAC").binary(&[7; 32]).text("chunks").list(chunks.len());
        for (mac, length) in chunks {
            object.map(2).text("contentMAC").binary(mac).text("length").u32(*length);
        }
        self.raw_object(&object.finish())
    }
}

/// The stamp of all that is crafted.
pub(in crate::package::ptar) fn stamp() -> Stamp {
    let client = String::new();
    Stamp { repository: [9; 16], snapshot: [1; 32], packfile: [2; 32], state: [3; 32], seconds: 1, client }
}

/// A file for a test.
#[cfg(test)]
pub fn file(path: &str, permissions: u32, content: &[u8]) -> File {
    File { path: path.into(), permissions, content: content.to_vec() }
}
