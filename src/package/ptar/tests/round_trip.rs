//! What is written is read.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::lz4::Blocks;
use super::super::write::crafted::{file, stamp};
use super::super::write::{Style, write, write_reproducible};
use super::super::{Archive, EntryKind, Hashing};
use super::read_all;

const STYLES: [Style; 4] = [
    Style::PACKAGE,
    Style { is_full: true, compression: None, has_parent: true, chunk_bytes: 1000 },
    Style { is_full: false, compression: Some(Blocks::Kib64), has_parent: true, chunk_bytes: 70 },
    Style { is_full: false, compression: None, has_parent: false, chunk_bytes: 1_000_000 },
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_files_come_back_in_any_style(
        contents in prop::collection::btree_map("(/[a-cé ]{1,3}x){0,3}/f[a-z]{1,4}", prop::collection::vec(any::<u8>(), 0..3000), 0..12),
        permissions in 0..=0o777_u32,
    ) {
        let mut files: Vec<_> =
            contents.iter().map(|(path, content)| file(path, permissions, content)).collect();
        files.sort_by(|one, other| super::super::entry::order(&one.path).cmp(&super::super::entry::order(&other.path)));
        for style in STYLES {
            let read = read_all(&write(&files, &[], style, &stamp()));
            prop_assert_eq!(read.unwrap(), files.clone());
        }
    }
}

#[test]
fn hundreds_of_files_make_trees_of_several_levels() {
    let numbered = |number: u32| file(&format!("/d{}/f{number:05}", number % 7), 0o644, &number.to_le_bytes());
    let files: Vec<_> = (0..2_600).map(numbered).collect();
    for style in [STYLES[0], STYLES[3]] {
        let bytes = write(&files, &[], style, &stamp());
        let read: BTreeMap<_, _> =
            read_all(&bytes).unwrap().into_iter().map(|file| (file.path.clone(), file)).collect();
        assert_eq!(read.len(), files.len());
        assert!(files.iter().all(|file| read.get(&file.path) == Some(file)));
    }
}

#[test]
fn folders_are_entries_and_equal_contents_are_stored_once() {
    let noise: Vec<u8> = (0..50_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let files = [file("/a/one", 0o644, &noise), file("/b/two", 0o600, &noise)];
    let bytes = write(&files, &["/b".into(), "/c/d".into()], Style::PACKAGE, &stamp());
    assert!(bytes.len() < 70_000, "{}", bytes.len());
    let archive = Archive::open(&bytes).unwrap();
    let folders = archive.entries().iter().filter(|entry| entry.kind == EntryKind::Folder);
    assert_eq!(folders.map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["/", "/a", "/b", "/c", "/c/d"]);
    assert_eq!((archive.hashing(), archive.is_compressed(), archive.directory()), (Hashing::Blake3, true, "/"));
}

#[test]
fn the_same_files_are_the_same_bytes_and_any_others_have_another_id() {
    let of = |content: &[u8], seconds| write_reproducible(&[file("/manifest.yaml", 0o644, content)], &[], seconds, "x");
    let id = |bytes: &[u8]| {
        let at = bytes.windows(12).position(|window| window == b"RepositoryID").unwrap();
        bytes[at + 14..at + 30].to_vec()
    };
    let first = of(b"name: a", 1);
    assert_eq!(first, of(b"name: a", 1));
    assert_ne!(id(&first), id(&of(b"name: b", 1)));
    assert_ne!(id(&first), id(&of(b"name: a", 2)));
}

#[test]
fn behind_the_last_chunk_there_is_room_for_the_host_to_read_on() {
    // With random bytes in one piece there is nothing else that could fill the end of the file.
    let noise: Vec<u8> = (0..6_000_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let style = Style { chunk_bytes: 8 << 20, is_full: false, compression: None, has_parent: false };
    let bytes = write(&[file("/noise", 0o644, &noise)], &[], style, &stamp());
    let at = bytes.windows(64).position(|window| window == &noise[..64]).unwrap();
    assert!(bytes.len() - (at + noise.len()) >= 2047, "2^(23/2) - 1 bytes for a range of 23 bits");
    assert_eq!(read_all(&bytes).unwrap()[0].content, noise);
}
