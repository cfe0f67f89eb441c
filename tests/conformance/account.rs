//! Real accounts on a real server, and what lies in them.

use std::collections::BTreeMap;

use bytes::Bytes;
use davault::connector;
use davault::item::identity;

use crate::support::connectors::{give, options, take_all};
use crate::support::generate::Account;
use crate::support::servers::Server;

/// What is put into the configuration of a source or destination.
pub type Options = Vec<(&'static str, String)>;

/// Options that sign a user in, and more.
pub fn signed_in(user: &str, more: &[(&'static str, &str)]) -> Options {
    let mut options: Options = vec![("username", user.into()), ("password", format!("{user}-pw"))];
    options.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    options
}

/// A Radicale on which alice has a few calendars and address books.
pub async fn radicale() -> Server {
    radicale_with(&Account::readable()).await
}

/// A Radicale on which alice has that account.
pub async fn radicale_with(account: &Account) -> Server {
    let server = Server::radicale().await;
    let folder = tempfile::tempdir().expect("a folder");
    account.write_vdir(folder.path()).expect("an account");
    let taken = take_all(&folder.path().display().to_string(), &BTreeMap::new()).await.expect("a folder to read");
    assert!(taken.failures.is_empty(), "{:?}", taken.failures);
    let destination = connector::destination(&server.location(), &alice()).await.expect("a destination");
    for (path, outcome) in give(&*destination, taken.entries).await {
        outcome.unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    destination.finish().await.expect("a whole account");
    server
}

fn alice() -> BTreeMap<String, String> {
    options(&[("username", "alice"), ("password", "alice-pw")])
}

/// Every file of a user's account, as the connector itself gives them.
pub async fn files(server: &Server, user: &str) -> BTreeMap<String, Bytes> {
    let password = format!("{user}-pw");
    let taken = take_all(&server.location(), &options(&[("username", user), ("password", &password)])).await;
    let taken = taken.expect("an account to read");
    assert!(taken.failures.is_empty(), "{:?}", taken.failures);
    taken.files()
}

/// The items among files: by the folder that they are in and their UID, the content.
pub fn items(files: &BTreeMap<String, Bytes>) -> BTreeMap<(String, String), Bytes> {
    let mut items = BTreeMap::new();
    for (path, content) in files {
        let (folder, name) = path.rsplit_once('/').expect("a path");
        if matches!(name.rsplit_once('.'), Some((_, "ics" | "vcf"))) {
            let uid = identity::of(content).unwrap_or_else(|| panic!("{path} has no UID")).uid;
            assert!(items.insert((folder.to_owned(), uid), content.clone()).is_none(), "{path} is there twice");
        }
    }
    items
}

/// Whether that is the name of something in a calendar.
pub fn is_event(path: &str) -> bool {
    path.strip_suffix(".ics").is_some()
}

/// The calendar with the most items, such as `/calendars/work`, and the path of one item in it.
pub fn largest_calendar(files: &BTreeMap<String, Bytes>) -> (String, String) {
    let mut calendars: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in files.keys().filter(|path| path.starts_with("/calendars/") && is_event(path)) {
        let (folder, _) = path.rsplit_once('/').expect("a path");
        calendars.entry(folder).or_default().push(path);
    }
    let (folder, items) = calendars.into_iter().max_by_key(|(_, items)| items.len()).expect("a calendar");
    (folder.to_owned(), (*items.first().expect("an item")).to_owned())
}

/// An event with that UID.
pub fn event(uid: &str, summary: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davault//tests//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260102T000000Z\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
