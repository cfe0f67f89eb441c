//! Reading an archive, opened to `fuzz/` alone: only there with `--cfg fuzzing`, which cargo-fuzz sets.
//!
//! No mutation gets past a hash, and whoever makes an archive makes its hashes: so most inputs are put into an archive as one of
//! its records, with every hash right. The first byte says which.

use super::blobs::State;
use super::format::Bytes;
use super::msgpack::Value;
use super::write::crafted::Crafted;
use super::{Archive, EntryKind, lz4};
use crate::go::mode;
use crate::package::Manifest;

/// An archive, or something in one: it is read without end or memory running out, or is refused.
pub fn package(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let mut crafted = Crafted::new(which & 0x80 != 0);
    match which & 0x7f {
        0 => read(bytes),
        1 => read(&crafted.finish_with_node(bytes)),
        2 => read(&crafted.finish_with_snapshot(bytes)),
        3 => {
            crafted.raw_entry("/x", bytes);
            read(&crafted.finish(1));
        }
        4 => {
            crafted.chunk(b"");
            let object = crafted.raw_object(bytes);
            crafted.entry("/x", ("/", "x"), mode::PERMISSIONS, Some(object));
            read(&crafted.finish(1));
        }
        5 => drop(State::read(Bytes(bytes))),
        6 => {
            let plain = lz4::expand(bytes, 1 << 20);
            assert!(plain.is_none_or(|plain| plain.len() <= 1 << 20), "more than allowed");
        }
        7 => drop(Value::read(bytes)),
        8 => drop(Manifest::read(bytes)),
        _ => {}
    }
}

fn read(bytes: &[u8]) {
    let Ok(archive) = Archive::open(bytes) else { return };
    for entry in archive.entries() {
        if let EntryKind::File(object) = &entry.kind {
            archive.read(object, &mut std::io::sink()).expect("all was checked");
        }
    }
}
