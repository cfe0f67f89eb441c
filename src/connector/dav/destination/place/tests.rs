use super::*;
use crate::dav::{Home, Role, State};

fn href(path: &str) -> Href {
    Href::new(&url::Url::parse("https://dav.example.com/").unwrap(), path).unwrap()
}

fn calendar(path: &str, displayname: &str) -> Collection {
    Collection {
        href: href(path),
        kind: Kind::Calendar,
        role: Role::Usual,
        shared: false,
        displayname: Some(displayname.to_owned()).filter(|name| !name.is_empty()),
        description: None,
        color: None,
        order: None,
        timezone: None,
        components: Vec::new(),
        read_only: false,
        owner: None,
        source: None,
        other: Vec::new(),
        state: State::default(),
    }
}

fn account(collections: Vec<Collection>) -> Account {
    let homes = vec![Home { kind: Kind::Calendar, href: href("/alice/") }];
    Account {
        principal: None,
        user: None,
        homes,
        collections,
        trash: Vec::new(),
        failures: Vec::new(),
        only: false,
        scheduling: Some(false),
    }
}

fn wanted<'a>(name: &'a str, displayname: &'a str) -> Wanted<'a> {
    Wanted { kind: Kind::Calendar, name, displayname: Some(displayname), href: None }
}

fn path(account: &Account, into: Option<&Into>, wanted: Wanted<'_>) -> String {
    match place(account, into, wanted, Among::default()).unwrap() {
        Place::There(collection) => collection.href.path().to_owned(),
        Place::New { href, displayname } => format!("new {} {}", href.path(), displayname.unwrap_or_default()),
    }
}

#[test]
fn a_folder_goes_to_the_collection_of_its_name_then_of_its_display_name_then_to_a_new_one() {
    let account = account(vec![calendar("/alice/work/", "Private"), calendar("/alice/6f0b/", "Work")]);
    assert_eq!(path(&account, None, wanted("work", "Work")), "/alice/work/");
    assert_eq!(path(&account, None, wanted("job", "Work")), "/alice/6f0b/");
    assert_eq!(path(&account, None, wanted("job", "Job")), "new /alice/job/ ");
}

#[test]
fn a_display_name_that_two_have_decides_nothing() {
    let account = account(vec![calendar("/alice/a/", "Work"), calendar("/alice/b/", "Work")]);
    assert_eq!(path(&account, None, wanted("job", "Work")), "new /alice/job/ ");
}

#[test]
fn into_puts_everything_into_one_and_a_pattern_names_new_ones_only() {
    let account = account(vec![calendar("/alice/work/", "Work")]);
    let one = Into::One("Work".into());
    assert_eq!(path(&account, Some(&one), wanted("job", "Job")), "/alice/work/");
    let other = Into::One("All".into());
    assert_eq!(path(&account, Some(&other), wanted("job", "Job")), "new /alice/All/ All");
    let pattern = Into::Pattern("Restored %n".into());
    assert_eq!(path(&account, Some(&pattern), wanted("job", "Job")), "new /alice/Restored%20job/ Restored Job");
    assert_eq!(path(&account, Some(&pattern), wanted("work", "x")), "/alice/work/");
}

#[test]
fn what_has_no_place_is_refused_in_a_sentence() {
    let why = |account: &Account, wanted| place(account, None, wanted, Among::default()).unwrap_err().what;
    let mut account = account(vec![calendar("/alice/work/", "Work")]);
    assert_eq!(why(&account, wanted("", "")), "it is not known which calendar this is; say into=NAME");
    let contacts = Wanted { kind: Kind::AddressBook, name: "friends", displayname: None, href: None };
    assert_eq!(why(&account, contacts), "the account has no place for a new address book friends");
    account.only = true;
    assert_eq!(path(&account, None, wanted("job", "")), "/alice/work/");
    assert_eq!(why(&account, contacts), "the target is one collection, and it is no address book");
}

#[test]
fn what_got_a_suffix_in_the_snapshot_is_found_again() {
    let account = account(vec![calendar("/alice/Work/", "A"), calendar("/alice/work/", "B")]);
    let suffixed = with_suffix("Work", "Work", 0);
    assert_eq!(path(&account, None, wanted(&suffixed, "")), "/alice/Work/");
    assert_eq!(path(&account, None, wanted("work", "")), "/alice/work/");
    let was = Wanted { href: Some("/alice/work/"), ..wanted("anything", "") };
    assert_eq!(path(&account, None, was), "/alice/work/");
}

#[test]
fn a_name_that_the_other_kind_has_gets_a_suffix_and_is_found_by_it() {
    let book = Collection { kind: Kind::AddressBook, ..calendar("/alice/personal/", "") };
    let mut account = account(vec![book]);
    let suffixed = format!("/alice/{}/", with_suffix("personal", "calendar", 0));
    assert_eq!(path(&account, None, wanted("personal", "")), format!("new {suffixed} "));
    account.collections.push(calendar(&suffixed, ""));
    assert_eq!(path(&account, None, wanted("personal", "")), suffixed);
    account.collections.clear();
    let made = [(href("/alice/personal/"), Kind::AddressBook)];
    let place = place(&account, None, wanted("personal", ""), Among { made: &made, others: &[] }).unwrap();
    assert_eq!(place, Place::New { href: href(&suffixed), displayname: None });
}

#[test]
fn a_folder_never_goes_where_another_folder_belongs() {
    let account = account(vec![calendar("/alice/work/", "Work")]);
    let others = ["work".to_owned()];
    let among = Among { made: &[], others: &others };
    let to = place(&account, None, wanted("job", "Work"), among).unwrap();
    assert_eq!(to, Place::New { href: href("/alice/job/"), displayname: None });
}
