//! Bytes that nobody of ours wrote: every decoder answers, and none panics.

use proptest::prelude::*;
use prost::Message as _;

use super::block::Block;
use super::config::Config;
use super::error::{Error, ErrorKind};
use super::hex;
use super::index::{Index, Name, file};
use super::key::Slot;
use super::node::Node;
use super::scan::{self, Record};
use super::seal::{self, Keys};
use super::snapshot::Snapshot;
use super::{message, squeeze, tree};

fn keys() -> Keys {
    Keys::new([1; 16], &seal::new_master())
}

/// What a snapshot's decoder says of bytes that are sealed as a snapshot is.
fn opened(keys: &Keys, plain: &[u8]) -> Result<Snapshot, Error> {
    const NAME: &str = "20260101T000000000Z-00000000-00000000000000000000000000000000";
    Snapshot::open(keys, NAME, &keys.seal_snapshot(NAME, &squeeze::compress(plain)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let keys = keys();
        let _ = squeeze::expand(&bytes, 1 << 20);
        let _ = Block::read(&bytes);
        let _ = Block::read(&squeeze::compress(&bytes));
        let _ = tree::read(&bytes);
        let _ = message::Entry::decode(bytes.as_slice()).ok().and_then(Node::from_entry);
        let _ = Config::read(&bytes, "here");
        let _ = Slot::read(&bytes);
        index_of(&keys, &bytes);
        prop_assert!(opened(&keys, &bytes).is_err());
        let pack = [b"davpack\x01".as_slice(), &bytes].concat();
        for bytes in [&bytes, &pack] {
            let records = scan::records(&keys, &[2; 16], bytes);
            prop_assert!(records.iter().all(|record| matches!(record, Record::Bad(_))) && !records.is_empty());
        }
    }
}

/// Whatever a directory and a chunk say, there is an answer.
fn index_of(keys: &Keys, bytes: &[u8]) {
    let name = Name { level: 0, id: [3; 16] };
    let seal = |number| keys.seal_index(&name.bytes(), number, &squeeze::compress(bytes));
    let _ = file::directory_length(bytes.len() as u64, bytes);
    let _ = file::open(keys, name, bytes.len() as u64, bytes);
    let directory = seal(u32::MAX);
    if let Some(file) = file::open(keys, name, directory.len() as u64 + 12, &directory) {
        (0..3).for_each(|number| file.take_in(keys, number, &seal(number)));
        let address = keys.address(seal::Kind::Data, bytes);
        let _ = (file.needs(&address), file.places(&address).count(), file.is_sound());
        let mut index = Index::default();
        index.add(file.into());
        let _ = index.contents();
    }
}

#[test]
fn a_snapshot_that_says_little_is_read_and_a_nonsensical_one_refused() {
    let keys = keys();
    let root = hex::encode(&[7; 20]);
    let least = format!(r#"{{"time":1767225600000,"root":"{root}","later":{{"a":[1]}}}}"#);
    assert_eq!(opened(&keys, least.as_bytes()).unwrap().counts.items, 0);
    for (from, to) in [("1767225600000", "-1"), (&root[..2], "x"), ("root", "r"), ("}}", "}"), ("later", "items")] {
        assert_eq!(opened(&keys, least.replace(from, to).as_bytes()).unwrap_err().kind, ErrorKind::Damaged, "{from}");
    }
}

#[test]
fn a_slot_that_asks_for_all_memory_is_refused_before_any_is_taken() {
    let json = r#"{"vault":"00","kind":"passphrase","function":"argon2id","memory_kib":4294967295,"passes":3,"lanes":1,
        "salt":"00000000000000000000000000000000","created":"","label":"","sealed":"00","mac":""}"#;
    let slot = Slot::read(json.as_bytes()).unwrap();
    assert!(slot.open(&[0; 16], &super::Unlock::Passphrase("x".into())).is_none());
}

#[test]
fn a_vault_of_a_later_format_says_so() {
    let error = Config::read(br#"{"format":"davault","version":2,"new":true}"#, "here").unwrap_err();
    assert_eq!(error.kind, super::ErrorKind::TooNew(2));
    assert_eq!(error.to_string(), "the vault in here has format version 2, and this program reads up to 1");
}
