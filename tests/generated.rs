//! What tests rely on in the accounts that they make.

use std::collections::HashSet;

use crate::support::generate::{Account, Kind, Size, Style};

const SIZE: Size = Size { calendars: 3, events_each: 200, books: 2, contacts_each: 120 };

fn items(account: &Account) -> Vec<&(String, Vec<u8>)> {
    account.collections.iter().flat_map(|collection| &collection.items).collect()
}

#[test]
fn the_same_seed_gives_the_same_account_and_another_seed_another() {
    assert_eq!(Account::seeded(1, SIZE), Account::seeded(1, SIZE));
    assert_ne!(Account::seeded(1, SIZE), Account::seeded(2, SIZE));
}

#[test]
fn an_account_has_the_size_that_was_asked_for_and_names_that_are_unique() {
    let account = Account::seeded(7, SIZE);
    assert_eq!(account.item_count(), 3 * 200 + 2 * 120);
    let names: HashSet<_> = items(&account).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), account.item_count());
    let books = account.collections.iter().filter(|collection| collection.kind == Kind::AddressBook);
    assert_eq!(books.count(), 2);
}

#[test]
fn events_without_large_attachments_have_about_1100_bytes() {
    let style = Style { attachment_bytes: 0, ..Style::default() };
    let account = Account::in_style(3, Size { calendars: 2, events_each: 1000, books: 0, contacts_each: 0 }, style);
    let average = account.item_bytes() / account.item_count();
    assert!((1000..1250).contains(&average), "{average} bytes");
}

#[test]
fn lines_are_folded_at_75_octets_between_characters_unless_asked_otherwise() {
    let whole = Account::seeded(5, SIZE);
    for (name, bytes) in items(&whole) {
        let text = std::str::from_utf8(bytes).expect("UTF-8");
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{name}");
        assert!(text.split("\r\n").all(|line| !line.contains('\n')), "{name}");
    }
    let style = Style { split_characters: true, ..Style::default() };
    let split = Account::in_style(5, SIZE, style);
    let broken = |line: &[u8]| std::str::from_utf8(line).is_err();
    assert!(items(&split).iter().any(|(_, bytes)| bytes.split(|byte| *byte == b'\n').any(broken)));
}

#[test]
fn an_account_that_is_not_gentle_has_commas_in_uris_and_may_have_attendees() {
    let style = Style { gentle: false, attendees: true, ..Style::default() };
    let account = Account::in_style(5, SIZE, style);
    let text: String = items(&account).iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
    assert!(text.contains("X-DAVAULT-PLACE:geo:48."));
    assert!(text.contains("ATTENDEE;"));
    assert!(text.contains("PHOTO:data:image/jpeg;base64,"));
}

#[test]
fn an_account_is_written_as_the_tree_of_a_snapshot() {
    let folder = tempfile::tempdir().expect("a folder");
    Account::readable().write_vdir(folder.path()).expect("written");
    let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).expect(path);
    assert_eq!(read("calendars/work/displayname"), "Work");
    assert_eq!(read("calendars/work/order"), "1");
    assert!(read("contacts/friends/ada.vcf").contains("FN:Ada Lovelace\r\n"));
}
