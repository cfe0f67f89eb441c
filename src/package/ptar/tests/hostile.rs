//! Bytes that nobody of ours wrote: each ends in an answer or in a sentence.

use proptest::prelude::*;

use super::super::hash::Mac;
use super::super::lz4::Blocks;
use super::super::msgpack::{Encoder, Value, Width};
use super::super::write::crafted::{Crafted, file, stamp};
use super::super::write::{Style, write};
use super::super::{Archive, dirpack};
use super::read_all;
use crate::go::mode;
use crate::package::ErrorKind;

const PLAIN: Style = Style { is_full: true, compression: None, has_parent: true, chunk_bytes: 100 };

fn small(style: Style) -> Vec<u8> {
    write(
        &[file("/manifest.yaml", 0o644, b"name: x"), file("/d/f", 0o755, &[7; 300])],
        &["/empty".into()],
        style,
        &stamp(),
    )
}

fn with_entry(record: &[u8]) -> Vec<u8> {
    let mut crafted = Crafted::new(false);
    crafted.raw_entry("/x", record);
    crafted.finish(1)
}

fn with_object(record: &[u8]) -> Vec<u8> {
    let mut crafted = Crafted::new(false);
    let object = crafted.raw_object(record);
    crafted.entry("/x", ("/", "x"), 0o644, Some(object));
    crafted.finish(1)
}

/// The sentence of an archive that must be refused.
fn why(bytes: &[u8]) -> String {
    Archive::open(bytes).err().expect("it is refused").what
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Value::read(&bytes);
        prop_assert!(Archive::open(&bytes).is_err());
        let begun = [b"_PLATAR_\0\0\x01\0".as_slice(), &bytes].concat();
        prop_assert!(Archive::open(&begun).is_err());
        for crafted in [
            Crafted::new(false).finish_with_node(&bytes),
            Crafted::new(false).finish_with_snapshot(&bytes),
            with_entry(&bytes),
            with_object(&bytes),
        ] {
            prop_assert!(Archive::open(&crafted).is_err());
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed_wherever_it_is(at in any::<prop::sample::Index>(), bit in 0..8_u8, is_compressed in any::<bool>()) {
        let whole = small(Style { compression: is_compressed.then_some(Blocks::Kib64), ..PLAIN });
        let mut flipped = whole.clone();
        flipped[at.index(whole.len())] ^= 1 << bit;
        match read_all(&flipped) {
            Ok(_) => prop_assert!(false, "byte {} means nothing", at.index(whole.len())),
            Err(error) => prop_assert!(matches!(error.kind, ErrorKind::Damaged | ErrorKind::Refused), "{error}"),
        }
    }

    #[test]
    fn an_archive_that_is_cut_is_damaged(at in any::<prop::sample::Index>()) {
        let whole = small(PLAIN);
        let error = Archive::open(&whole[..at.index(whole.len())]).err().expect("it is refused");
        prop_assert_eq!(error.kind, ErrorKind::Damaged);
    }

    #[test]
    fn a_trailer_with_any_numbers_is_refused(numbers in prop::array::uniform6(any::<i64>()), which in 0..6_usize) {
        let mut bytes = small(PLAIN);
        let at = bytes.len() - 48 + which * 8;
        bytes[at..at + 8].copy_from_slice(&numbers[which].to_le_bytes());
        prop_assert!(Archive::open(&bytes).is_err());
    }
}

#[test]
fn an_archive_with_any_byte_flipped_or_cut_anywhere_is_refused() {
    for compression in [None, Some(Blocks::Kib64)] {
        let whole = small(Style { compression, ..PLAIN });
        assert!(Archive::open(&whole).is_ok());
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 0xff;
            let error = read_all(&flipped).expect_err("a byte that counts");
            assert!(matches!(error.kind, ErrorKind::Damaged | ErrorKind::Refused) && error.what.len() > 10, "{error}");
            assert_eq!(Archive::open(&whole[..at]).err().expect("it is cut").kind, ErrorKind::Damaged, "{at}");
        }
    }
}

#[test]
fn what_hosts_install_from_must_be_what_is_looked_up() {
    let honest: [(&str, &[(u8, &str)]); 3] =
        [("/", &[(1, "/d"), (1, "/e"), (2, "/x"), (2, "/y")]), ("/d", &[(2, "/d/z")]), ("/e", &[])];
    let with = |dirpacks: &[(&str, &[(u8, &str)])]| {
        let mut crafted = Crafted::new(true);
        for folder in ["/d", "/e"] {
            crafted.entry(folder, ("/", &folder[1..]), mode::FOLDER | 0o700, None);
        }
        crafted.file("/x", b"one");
        crafted.file("/y", b"two");
        crafted.file("/d/z", b"three");
        for (folder, entries) in dirpacks {
            crafted.dirpack(folder, entries);
        }
        crafted.finish(1)
    };
    assert!(Archive::open(&with(&honest)).is_ok(), "{}", why(&with(&honest)));
    let [root, d, e] = honest;
    let wrong = |folder: &str| format!("its two lists of what is in {folder:?} differ");
    for (dirpacks, folder) in [
        (vec![root, d], "/e"),
        (vec![d, e], "/"),
        (vec![root, d, ("/d/z", &[]), e], "/d/z"),
        (vec![root, d, d, e], "/d"),
        (vec![root, ("/d", &[]), e], "/d"),
        (vec![root, ("/d", &[(2, "/x")]), e], "/d"),
        (vec![root, ("/d", &[(1, "/d/z")]), e], "/d"),
        (vec![root, d, ("/e", &[(2, "/d/z")])], "/e"),
        (vec![("/", &[(1, "/d"), (1, "/e"), (2, "/y"), (2, "/x")]), d, e], "/"),
        (vec![("/", &[(1, "/d"), (1, "/e"), (2, "/x"), (2, "/x")]), d, e], "/"),
    ] {
        let found = Archive::open(&with(&dirpacks)).err().map(|error| error.what);
        assert_eq!(found, Some(wrong(folder)), "{dirpacks:?}");
    }
}

#[test]
fn what_could_not_be_read_when_it_was_made_must_be_there_all_the_same() {
    let with = |failed| {
        let mut crafted = Crafted::new(true);
        crafted.file("/x", b"one");
        crafted.error(failed);
        crafted.finish(1)
    };
    assert!(Archive::open(&with("/x")).is_ok());
    assert_eq!(why(&with("/y")), "it lacks \"/y\", which could not be read when it was made");
}

#[test]
fn more_files_than_a_package_has_are_refused() {
    let mut crafted = Crafted::new(false);
    let object = crafted.object(&[]);
    for number in 0..20_000 {
        let name = format!("{number:05}");
        crafted.entry(&format!("/{name}"), ("/", &name), 0o644, Some(object));
    }
    assert_eq!(why(&crafted.finish(1)), "it holds more than 20000 files and folders");
}

#[test]
fn many_small_pieces_are_as_expensive_as_large_ones() {
    let mut crafted = Crafted::new(false);
    let chunk = crafted.chunk(b"");
    let object = crafted.object(&vec![(chunk, 0); 60_000]);
    for number in 0..9 {
        crafted.entry(&format!("/{number}"), ("/", &number.to_string()), 0o644, Some(object));
    }
    assert_eq!(why(&crafted.finish(1)), "its files are too large for a package");
}

/// An archive of as many empty folders, the dirpack of each made by `object` for its number.
fn empty_folders(count: usize, object: impl Fn(&mut Crafted, usize) -> Mac) -> Vec<u8> {
    let mut crafted = Crafted::new(false);
    let names: Vec<String> = (0..count).map(|number| format!("{number:05}")).collect();
    let paths: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
    for (name, path) in names.iter().zip(&paths) {
        crafted.entry(path, ("/", name), mode::FOLDER | 0o700, None);
    }
    let of_root: Vec<(u8, &str)> = paths.iter().map(|path| (dirpack::FOLDER, path.as_str())).collect();
    crafted.dirpack("/", &of_root);
    for (number, path) in paths.iter().enumerate() {
        let object = object(&mut crafted, number);
        crafted.dirpack_of(path, object);
    }
    crafted.finish(1)
}

#[test]
fn a_dirpack_that_thousands_of_folders_share_is_put_together_once() {
    // Read for each folder, these few MB would be 400 million pieces: an hour. Once, they take seconds.
    let object = std::cell::OnceCell::new();
    let bytes = empty_folders(10_000, |crafted, _| *object.get_or_init(|| crafted.empty_object(40_000, 0)));
    assert!(bytes.len() < 8 << 20);
    let began = std::time::Instant::now();
    assert!(Archive::open(&bytes).is_ok(), "{}", why(&bytes));
    assert!(began.elapsed() < std::time::Duration::from_mins(1));
}

#[test]
fn dirpacks_of_many_small_pieces_are_too_large_for_a_package() {
    let bytes = empty_folders(9, |crafted, number| crafted.empty_object(60_000 + number, 0));
    assert_eq!(why(&bytes), "its lists of what is in its folders are too large for a package");
}

#[test]
fn a_large_record_counts_for_each_file_that_it_is_taken_apart_for() {
    let with = |files: u32| {
        let mut crafted = Crafted::new(true);
        let object = crafted.empty_object(1, 15 << 20);
        for number in 0..files {
            crafted.entry(&format!("/{number:03}"), ("/", &format!("{number:03}")), 0o644, Some(object));
        }
        crafted.finish(1)
    };
    assert!(Archive::open(&with(100)).is_ok());
    assert_eq!(why(&with(200)), "its files are too large for a package");
}

#[test]
fn bytes_behind_the_end_are_refused() {
    assert_eq!(why(&[small(PLAIN), vec![0]].concat()), "it is cut, or what stands at its end is damaged");
    assert_eq!(why(b"PK\x03\x04"), "it is no package: it does not begin with _PLATAR_");
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for (path, parent, name) in [
        ("/..", "/", ".."),
        ("/../x", "/..", "x"),
        ("/a/../../x", "/a/../..", "x"),
        ("/.", "/", "."),
        ("//x", "/", "/x"),
        ("x", "", "x"),
        ("/x\0y", "/", "x\0y"),
    ] {
        let mut crafted = Crafted::new(false);
        let object = crafted.object(&[]);
        crafted.entry(path, (parent, name), 0o644, Some(object));
        assert!(why(&crafted.finish(1)).starts_with(&format!("it holds {path:?}, ")), "{path:?}");
    }
}

#[test]
fn a_name_that_is_not_that_of_its_place_is_refused() {
    for (parent, name) in [("/", "y"), ("/d", "x"), ("", "x"), ("/", "../x"), ("/..", "x")] {
        let mut crafted = Crafted::new(false);
        let object = crafted.object(&[]);
        crafted.entry("/x", (parent, name), 0o644, Some(object));
        assert_eq!(why(&crafted.finish(1)), "\"/x\" has another name than its place");
    }
}

#[test]
fn a_name_that_comes_twice_or_in_no_folder_is_refused() {
    let mut twice = Crafted::new(false);
    twice.file("/x", b"one");
    twice.file("/x", b"two");
    assert_eq!(why(&twice.finish(1)), "it names \"/x\" twice or out of its place");
    let mut nowhere = Crafted::new(false);
    nowhere.file("/d/x", b"one");
    assert_eq!(why(&nowhere.finish(1)), "it holds \"/d/x\" in no folder");
    let mut in_a_link = Crafted::new(false);
    in_a_link.entry("/d", ("/", "d"), mode::LINK | 0o777, None);
    in_a_link.file("/d/x", b"one");
    assert_eq!(why(&in_a_link.finish(1)), "it holds \"/d/x\" in no folder");
    let mut in_a_file = Crafted::new(false);
    in_a_file.file("/d", b"one");
    in_a_file.file("/d/x", b"one");
    assert_eq!(why(&in_a_file.finish(1)), "it holds \"/d/x\" in no folder");
}

#[test]
fn one_snapshot_is_a_package_and_none_or_two_are_not() {
    for (count, is_package) in [(0, false), (1, true), (2, false)] {
        assert_eq!(Archive::open(&Crafted::new(false).finish(count)).is_ok(), is_package, "{count}");
    }
    assert_eq!(why(&Crafted::new(false).finish(2)), "it does not hold exactly one snapshot, as packages do");
}

#[test]
fn a_content_that_is_not_what_is_said_of_it_is_refused() {
    for (said, why_not) in [
        (5, "a piece of a file is damaged: it can't be decompressed to a size that is allowed"),
        (1 << 20, "a file of it is put together from the wrong pieces"),
        ((1 << 20) + 1, "a piece of a file has another length than is said of it"),
        (u32::MAX, "what is said of a file's content is damaged"),
    ] {
        let mut crafted = Crafted::new(true);
        let chunk = crafted.chunk(&vec![0; 1 << 20]);
        let object = crafted.object(&[(chunk, said)]);
        crafted.entry("/x", ("/", "x"), 0o644, Some(object));
        assert!(why(&crafted.finish(1)).ends_with(why_not), "{said}");
    }
    let mut missing = Crafted::new(true);
    let object = missing.object(&[([5; 32], 3)]);
    missing.entry("/x", ("/", "x"), 0o644, Some(object));
    assert_eq!(why(&missing.finish(1)), "\"/x\": a piece of a file is missing");
}

#[test]
fn a_small_archive_that_stands_for_gigabytes_is_refused_before_they_are_made() {
    let mut bomb = Crafted::new(true);
    let chunk = bomb.chunk(&vec![0; 1 << 20]);
    let object = bomb.object(&vec![(chunk, 1 << 20); 1000]);
    for number in 0..3 {
        bomb.entry(&format!("/{number}"), ("/", &number.to_string()), 0o644, Some(object));
    }
    let bytes = bomb.finish(1);
    assert!(bytes.len() < 1 << 20);
    assert_eq!(why(&bytes), "its files are too large for a package");
}

#[test]
fn a_tree_that_leads_back_into_itself_or_names_no_neighbour_is_refused() {
    let mut node = Encoder::new(Width::Shortest);
    node.map(2).text("keys").list(1).text("/x").text("pointers").list(2).binary(&[1; 32]).binary(&[1; 32]);
    assert!(why(&Crafted::new(false).finish_with_node(&node.finish())).contains("is missing"));
    let mut unequal = Encoder::new(Width::Shortest);
    unequal.map(2).text("keys").list(2).text("/").text("/x").text("values").list(1).binary(&[1; 32]);
    let unequal = Crafted::new(false).finish_with_node(&unequal.finish());
    assert_eq!(why(&unequal), "a list of what is in it is damaged");
    let mut onward = Encoder::new(Width::Shortest);
    onward.map(1).text("next").binary(&[1; 32]);
    assert_eq!(why(&Crafted::new(false).finish_with_node(&onward.finish())), "a list of what is in it is damaged");
}
