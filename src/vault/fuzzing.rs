//! The decoders, opened to `fuzz/` alone: only there with `--cfg fuzzing`, which cargo-fuzz sets.
//!
//! What is sealed is decoded behind its seal: whoever has the key may have a broken disk, or an older davault.

use std::sync::OnceLock;
use std::time::SystemTime;

use prost::Message as _;

use super::address::Address;
use super::block::{Block, Gathered};
use super::config::Config;
use super::index::{Index, Name, file};
use super::key::Slot;
use super::mark::Mark;
use super::node::Node;
use super::scan::{self, Record};
use super::seal::{Keys, Kind, Master};
use super::snapshot::Snapshot;
use super::{message, squeeze, tree};

const VAULT: [u8; 16] = [1; 16];
const PACK: [u8; 16] = [2; 16];
const SNAPSHOT: &str = "20260101T000000000Z-00000000-00000000000000000000000000000000";

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys::new(VAULT, &Master::new(Box::new([3; 32]))))
}

/// A configuration: what is read is written and read again the same.
pub fn config(bytes: &[u8]) {
    if let Ok(config) = Config::read(bytes, "here") {
        let _ = config.id();
        let _ = config.verify(keys());
        let again = Config::read(&config.to_bytes(), "here").expect("it was written from one");
        assert_eq!(config.to_bytes(), again.to_bytes());
    }
}

/// A key slot; it is not opened, as that is Argon2id's work and not ours.
pub fn slot(bytes: &[u8]) {
    if let Some(slot) = Slot::read(bytes) {
        let again = Slot::read(&slot.to_bytes()).expect("it was written from one");
        assert_eq!(slot.to_bytes(), again.to_bytes());
    }
}

/// A block, from its frame and from what is in its frame.
pub fn block(bytes: &[u8]) {
    for block in [Block::read(bytes), Block::read(&squeeze::compress(bytes))].into_iter().flatten() {
        let objects: Vec<_> = (0..).map_while(|number| block.object(number)).collect();
        let mut gathered = Gathered::new(Kind::Data);
        for object in &objects {
            gathered.push(Address([0; 20]), object);
        }
        let (_, frame) = gathered.close();
        let again = Block::read(&frame).expect("it was made from one");
        assert!(objects.iter().eq((0..).map_while(|number| again.object(number)).collect::<Vec<_>>().iter()));
    }
}

/// A pack, from its first byte, and its records behind their seals: each two bytes say how long the next one is.
pub fn pack(bytes: &[u8]) {
    let found = scan::records(keys(), &PACK, bytes);
    assert!(!found.is_empty() && found.iter().all(|record| matches!(record, Record::Bad(_))));
    let mut pack = b"davpack\x01".to_vec();
    let mut rest = bytes;
    let mut count = 0_u32;
    while let Some(([kind, length], behind)) = rest.split_first_chunk::<2>() {
        let (plain, behind) = behind.split_at(usize::from(*length).min(behind.len()));
        let sealed = keys().seal_record(&PACK, count, *kind, plain);
        pack.extend_from_slice(&u32::try_from(sealed.len()).expect("it is short").to_le_bytes());
        pack.push(*kind);
        pack.extend_from_slice(&sealed);
        (rest, count) = (behind, count + 1);
    }
    for record in scan::records(keys(), &PACK, &pack) {
        if let Record::Block { compressed, .. } = record {
            let _ = Block::read(&compressed);
        }
    }
}

/// An index file: its end, its directory, and chunks, behind their seals; the first byte says how the rest is shared out.
pub fn index(bytes: &[u8]) {
    let name = Name { level: 0, id: PACK };
    let seal = |number, plain: &[u8]| keys().seal_index(&name.bytes(), number, &squeeze::compress(plain));
    let _ = file::directory_length(bytes.len() as u64, bytes);
    let _ = file::open(keys(), name, bytes.len() as u64, bytes);
    let Some((share, rest)) = bytes.split_first() else { return };
    let (directory, rest) = rest.split_at(usize::from(*share).min(rest.len()));
    let (blocks, objects) = rest.split_at(rest.len() / 2);
    // What the directory says of lengths is made true, or nothing would ever fit.
    let chunks = [seal(0, blocks), seal(1, objects)];
    let mut said = message::Directory::decode(directory).unwrap_or_default();
    for (length, chunk) in said.blocks.iter_mut().chain(&mut said.objects).zip(&chunks) {
        *length = u32::try_from(chunk.len()).expect("it is short");
    }
    let between: u64 = said.blocks.iter().chain(&said.objects).map(|length| u64::from(*length)).sum();
    let sealed = seal(u32::MAX, &said.encode_to_vec());
    let Some(file) = file::open(keys(), name, sealed.len() as u64 + between + 12, &sealed) else { return };
    for (number, chunk) in (0..).zip(&chunks) {
        file.take_in(keys(), number, chunk);
    }
    let address = Address::from_slice(objects.get(2..22).unwrap_or(&[0; 20])).expect("it is as long as one");
    let _ = (file.needs(&address), file.places(&address).count(), file.is_sound(), file.absent());
    // A pack of four billion blocks is four billion steps for whoever has the key and writes such a thing.
    if file.packs().all(|pack| pack.blocks < 10_000) {
        let mut index = Index::default();
        index.add(file.into());
        let _ = index.contents();
    }
}

/// A mark: what is read is written and read again the same, and one that does not open names nothing.
pub fn mark(bytes: &[u8]) {
    let open = |sealed: &[u8]| Mark::open(keys(), &PACK, SystemTime::UNIX_EPOCH, sealed);
    let damaged = open(bytes);
    assert!(damaged.damaged && damaged.packs.is_empty() && damaged.indexes.is_empty() && damaged.snapshots.is_empty());
    let mark = open(&keys().seal_mark(&PACK, &squeeze::compress(bytes)));
    if !mark.damaged {
        let packs = mark.packs.iter().map(|id| id.to_vec()).collect();
        let written = message::Mark { packs, indexes: mark.indexes.clone(), snapshots: mark.snapshots.clone() };
        assert_eq!(open(&Mark::seal(keys(), &PACK, &written)), mark);
    }
}

/// A node of a tree: the entries of a whole one are written and read again the same.
pub fn tree(bytes: &[u8]) {
    let entry = message::Entry::decode(bytes).ok().and_then(Node::from_entry);
    let entries = tree::read(bytes).map(|tree| tree.entries).unwrap_or_default();
    for node in entry.into_iter().chain(entries.into_iter().filter_map(Node::from_entry)) {
        if let Some(entry) = node.to_entry(node.name.clone()) {
            assert_eq!(Node::from_entry(entry).as_ref(), Some(&node));
        }
    }
}

/// A snapshot: what is read is written and read again the same.
pub fn snapshot(bytes: &[u8]) {
    let _ = Snapshot::open(keys(), SNAPSHOT, bytes);
    let sealed = keys().seal_snapshot(SNAPSHOT, &squeeze::compress(bytes));
    if let Ok(snapshot) = Snapshot::open(keys(), SNAPSHOT, &sealed) {
        let again = Snapshot::open(keys(), SNAPSHOT, &snapshot.seal(keys())).expect("it was written from one");
        assert_eq!(again, snapshot);
    }
}
