//! The records of an archive: objects, entries, the snapshot.

use super::super::entry;
use super::super::format::{V1_0, kind};
use super::super::hash::Mac;
use super::super::msgpack::{Encoder, Width};
use super::pack::{Pack, length};
use super::{File, Indexes, Stamp, Style};
use crate::go::mode;

/// Mode of every folder: the host's own.
const FOLDER_MODE: u32 = mode::FOLDER | 0o700;

/// A content that was stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stored {
    pub mac: Mac,
    pub chunks: u64,
    pub entropy: f64,
}

/// An entry that was stored.
#[derive(Debug, Clone)]
pub(super) struct Described {
    pub record: Vec<u8>,
    pub mac: Mac,
    /// Of a file: its size and its content.
    pub file: Option<(u64, Stored)>,
}

/// The MACs of the three trees' root records.
pub(super) struct Roots {
    pub root: Mac,
    pub xattrs: Mac,
    pub errors: Mac,
}

/// Stores a content: its chunks, then its object.
pub(super) fn put_object(pack: &mut Pack, content: &[u8], content_type: &str, style: Style) -> Stored {
    // Hosts store an empty content as one empty chunk.
    let pieces: Vec<&[u8]> =
        if content.is_empty() { vec![content] } else { content.chunks(style.chunk_bytes.max(1)).collect() };
    let mut chunks = pack.encoder();
    chunks.list(pieces.len());
    let mut weighted = 0.0;
    for piece in &pieces {
        let (mac, entropy) = (pack.put(kind::CHUNK, piece), entropy(piece));
        weighted += entropy * as_float(piece.len());
        if style.is_full {
            chunks.map(5).text("version").u32(V1_0);
            chunks.text("contentMAC").binary(&mac).text("length").u32(length(piece.len()));
            chunks.text("entropy").f64(entropy).text("flags").u32(0);
        } else {
            chunks.map(2).text("contentMAC").binary(&mac).text("length").u32(length(piece.len()));
        }
    }
    let entropy = if content.is_empty() { 0.0 } else { weighted / as_float(content.len()) };
    let content_mac = pack.hasher.mac(content);
    let mut object = pack.encoder();
    if style.is_full {
        object.map(5 + usize::from(entropy > 0.0)).text("version").u32(V1_0);
        object.text("contentMAC").binary(&content_mac).text("chunks").raw(&chunks.finish());
        object.text("content_type").text(content_type);
        put_entropy(&mut object, entropy);
        object.text("flags").u32(0);
    } else {
        object.map(2).text("contentMAC").binary(&content_mac).text("chunks").raw(&chunks.finish());
    }
    Stored { mac: pack.put(kind::OBJECT, &object.finish()), chunks: pieces.len() as u64, entropy }
}

impl Described {
    pub fn folder(pack: &mut Pack, path: &str, style: Style) -> Self {
        let mut record = pack.encoder();
        if style.is_full {
            record.map(5);
            begin(&mut record, path, 0, FOLDER_MODE, style);
            record.text("summary").nil().text("object").binary(&[0; 32]);
        } else {
            record.map(2);
            begin(&mut record, path, 0, FOLDER_MODE, style);
        }
        Self::put(pack, record, None)
    }

    pub fn file(pack: &mut Pack, file: &File, object: Stored, style: Style) -> Self {
        let (size, bits) = (length(file.content.len()), file.permissions & mode::PERMISSIONS);
        let mut record = pack.encoder();
        if style.is_full {
            record.map(7 + usize::from(object.entropy > 0.0));
            begin(&mut record, &file.path, size, bits, style);
            record.text("summary").nil().text("object").binary(&object.mac);
            record.text("content_type").text(super::content_type(&file.path));
            put_entropy(&mut record, object.entropy);
            record.text("chunks").u64(object.chunks);
        } else {
            record.map(3);
            begin(&mut record, &file.path, size, bits, style);
            record.text("object").binary(&object.mac);
        }
        Self::put(pack, record, Some((size.into(), object)))
    }

    fn put(pack: &mut Pack, record: Encoder, file: Option<(u64, Stored)>) -> Self {
        let record = record.finish();
        Self { mac: pack.put(kind::ENTRY, &record), record, file }
    }
}

/// What entries of files and folders have in common. Owners and times are constant: they say nothing about a package.
fn begin(record: &mut Encoder, path: &str, size: u32, bits: u32, style: Style) {
    let name = path.rsplit_once('/').map_or("", |(_, name)| name);
    let name = if name.is_empty() { "/" } else { name };
    if style.is_full {
        record.text("version").u32(V1_0);
    }
    record.text("parent_path").text(entry::parent(path));
    record.text("file_info").map(if style.is_full { 12 } else { 4 });
    record.text("name").text(name).text("size").i64(size).text("mode").u32(bits).text("mod_time").time(0);
    if style.is_full {
        for number in ["dev", "ino", "uid", "gid"] {
            record.text(number).u64(0);
        }
        // With more than one, the host installs only one file of each inode.
        record.text("nlink").u16(1).text("username").text("").text("groupname").text("").text("flags").u32(0);
    }
}

fn put_entropy(record: &mut Encoder, entropy: f64) {
    if entropy > 0.0 {
        record.text("entropy").f64(entropy);
    }
}

/// The snapshot's record.
pub(super) fn snapshot(stamp: &Stamp, style: Style, roots: &Roots, indexes: Option<&Indexes>) -> Vec<u8> {
    let mut record = Encoder::new(if style.is_full { Width::Fixed } else { Width::Shortest });
    let Some(indexes) = indexes else {
        record.map(3).text("identifier").binary(&stamp.snapshot).text("timestamp").time(stamp.seconds);
        record.text("sources").list(1).map(2).text("importer").map(1).text("directory").text("/");
        put_roots(&mut record, roots);
        return record.finish();
    };
    record.map(17).text("version").u32(V1_0).text("identifier").binary(&stamp.snapshot);
    record.text("timestamp").time(stamp.seconds).text("duration").i64(0);
    record.text("identity").map(2).text("identifier").binary(&[0; 16]).text("public_key").nil();
    for empty in ["name", "category", "environment", "perimeter", "job"] {
        record.text(empty).text("");
    }
    record.text("replicas").u32(1).text("dataset").text("");
    for none in ["data_classes", "classifications", "tags"] {
        record.text(none).list(0);
    }
    record.text("context").list(1).map(2).text("key").text("Client").text("value").text(&stamp.client);
    record.text("sources").list(1).map(5);
    record.text("importer").map(3).text("type").text("pkger").text("origin").text("").text("directory").text("/");
    record.text("context").list(0);
    put_roots(&mut record, roots);
    record.text("indexes").list(indexes.roots.len());
    for (name, root) in &indexes.roots {
        record.map(3).text("name").text(name).text("type").text("btree").text("value").binary(root);
    }
    record.text("summary").raw(&indexes.summary);
    record.finish()
}

fn put_roots(record: &mut Encoder, roots: &Roots) {
    record.text("root").map(3).text("root").binary(&roots.root);
    record.text("xattrs").binary(&roots.xattrs).text("errors").binary(&roots.errors);
}

/// Shannon's entropy in bits per byte.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_usize; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let share = |count: &usize| as_float(*count) / as_float(bytes.len());
    counts.iter().filter(|count| **count > 0).map(share).fold(0.0, |sum, share| sum - share * share.log2())
}

#[expect(clippy::cast_precision_loss, reason = "a statistic")]
fn as_float(number: usize) -> f64 {
    number as f64
}
