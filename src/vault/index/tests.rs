use std::collections::HashSet;
use std::sync::Arc;

use super::*;
use crate::vault::address::Address;
use crate::vault::seal::{self, Keys, Kind};

fn keys() -> Keys {
    Keys::new([1; 16], &seal::new_master())
}

/// Packs of two blocks each; the objects of each pack are these numbers.
fn packs(keys: &Keys, packs: &[(u8, std::ops::Range<u32>)]) -> Vec<PackContents> {
    let object = |number: u32| (keys.address(Kind::Data, &number.to_le_bytes()), number);
    let pack = |(id, numbers): &(u8, std::ops::Range<u32>)| {
        let block = |at| Block { kind: Kind::Data, at, sealed: 100, raw: 90 };
        let (start, middle, end) = (numbers.start, numbers.start.midpoint(numbers.end), numbers.end);
        let blocks = vec![
            BlockContents { block: block(13), objects: (start..middle).map(object).collect() },
            BlockContents { block: block(118), objects: (middle..end).map(object).collect() },
        ];
        PackContents { id: [*id; 16], size: 1000, blocks }
    };
    packs.iter().map(pack).collect()
}

fn address(keys: &Keys, number: u32) -> Address {
    keys.address(Kind::Data, &number.to_le_bytes())
}

/// The file as another process reads it, without any chunk.
fn read_back(keys: &Keys, name: Name, bytes: &[u8]) -> File {
    let size = bytes.len() as u64;
    let length = usize::try_from(file::directory_length(size, bytes).unwrap()).unwrap();
    let directory = &bytes[bytes.len() - length..bytes.len() - 4];
    file::open(keys, name, size, directory).unwrap()
}

fn part(bytes: &[u8], span: file::Span) -> &[u8] {
    let start = usize::try_from(span.at).unwrap();
    &bytes[start..start + usize::try_from(span.sealed).unwrap()]
}

#[test]
fn one_object_of_many_is_found_with_two_chunks() {
    let keys = keys();
    let (bytes, written) = Draft::of(packs(&keys, &[(1, 0..3000), (2, 3000..5000)])).seal(&keys, 0);
    let file = read_back(&keys, written.name, &bytes);
    assert_eq!(file.absent().len(), 1 + 5);
    let wanted = address(&keys, 4999);
    let mut read = 0;
    while let Some(span) = file.needs(&wanted) {
        file.take_in(&keys, span.number, part(&bytes, span));
        read += 1;
    }
    assert_eq!(read, 2);
    let found: Vec<At> = file.places(&wanted).collect();
    let block = Block { kind: Kind::Data, at: 118, sealed: 100, raw: 90 };
    assert_eq!(found, [At { pack: [2; 16], number: 1, block, object: 999, length: 4999 }]);
    assert_eq!(written.places(&wanted).collect::<Vec<_>>(), found);
    for span in file.absent() {
        file.take_in(&keys, span.number, part(&bytes, span));
    }
    assert!(file.is_sound());
    assert_eq!(file.contents(|_| true), packs(&keys, &[(1, 0..3000), (2, 3000..5000)]));
    assert_eq!(file.needs(&address(&keys, 5000)), None);
    assert_eq!(file.places(&address(&keys, 5000)).count(), 0);
}

#[test]
fn a_chunk_that_is_damaged_hides_what_is_in_it_and_shows() {
    let keys = keys();
    let (mut bytes, written) = Draft::of(packs(&keys, &[(1, 0..3000)])).seal(&keys, 0);
    let wanted = address(&keys, 7);
    let span = read_back(&keys, written.name, &bytes).needs(&wanted).unwrap();
    bytes[usize::try_from(span.at).unwrap() + 50] ^= 1;
    let file = read_back(&keys, written.name, &bytes);
    for span in file.absent() {
        file.take_in(&keys, span.number, part(&bytes, span));
    }
    assert!(!file.is_sound());
    assert_eq!(file.places(&wanted).count(), 0);
    assert!((0..3000).filter(|number| file.places(&address(&keys, *number)).count() == 1).count() >= 1900);
}

#[test]
fn merged_files_hold_each_pack_once_and_stand_for_all_that_they_were_made_of() {
    let keys = keys();
    let seal = |draft: Draft, level| Arc::new(draft.seal(&keys, level).1);
    let one = seal(Draft::of(packs(&keys, &[(1, 0..10), (2, 10..20)])), 0);
    let two = seal(Draft::of(packs(&keys, &[(3, 15..30)])), 0);
    let merged = seal(Draft::merged(&[one.clone(), two.clone()], &HashSet::new()), 1);
    let again = seal(Draft::merged(&[one.clone(), merged.clone()], &HashSet::from([[1; 16]])), 2);
    let mut index = Index::default();
    index.add(one.clone());
    index.add(two.clone());
    let before: Vec<Vec<At>> = (0..31).map(|number| index.places(&address(&keys, number))).collect();
    assert_eq!(before[17].len(), 2);
    index.add(merged.clone());
    assert_eq!(index.files().iter().map(|file| file.name).collect::<Vec<_>>(), [merged.name]);
    for (number, before) in (0..31).zip(&before) {
        let after = index.places(&address(&keys, number));
        assert!(before.len() == after.len() && before.iter().all(|at| after.contains(at)), "{number}");
    }
    assert!(index.contains_outside(&HashSet::from([[2; 16]]), &address(&keys, 17)));
    assert!(!index.contains_outside(&HashSet::from([[2; 16], [3; 16]]), &address(&keys, 17)));
    index.add(again.clone());
    assert_eq!(index.packs().iter().map(|pack| pack.id[0]).collect::<Vec<_>>(), [2, 3]);
    assert!([&one, &two, &merged, &again].iter().all(|file| index.knows(&file.name.id)));
    assert!(index.places(&address(&keys, 5)).is_empty());
    assert_eq!(index.contents().len(), 2);
}

#[test]
fn a_large_file_begins_at_a_higher_level() {
    let keys = keys();
    let level = |objects| Draft::of(packs(&keys, &[(1, 0..objects)])).level();
    assert_eq!([level(0), level(16_383), level(16_384), level(300_000)], [0, 0, 1, 2]);
}
