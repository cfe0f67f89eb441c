use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::connector::Contents;
use crate::dav::request::{Member, VcardVersion};
use crate::dav::{ETag, Href, SyncToken};

fn identity(username: &str) -> Identity {
    let (location, filter) = ("https://dav.example.com/".to_owned(), String::new());
    Identity { location, username: Some(username.to_owned()), kinds: vec![Kind::Calendar], filter }
}

fn state(ctag: &str) -> RememberedState {
    RememberedState {
        whole: true,
        ctag: Some(ctag.to_owned()),
        sync_token: SyncToken::new("data:,1"),
        born: None,
        unswept: 3,
        sum: Some(ItemSum { contents: Contents::of_sum(u64::MAX - 7), components: ["VEVENT", "VTODO"].into() }),
    }
}

fn item(href: &str, etag: &str) -> RememberedItem {
    RememberedItem {
        href: href.into(),
        etag: ETag::new(etag),
        listed_size: Some(7),
        modified: Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
        size: 8,
        version: u64::MAX - 5,
        vcard_version: Some(VcardVersion::V4),
        components: "VEVENT,VTODO".into(),
        wanted: true,
    }
}

fn written(id: i64, state: RememberedState) -> End {
    End { written: vec![(id, state)], ..End::default() }
}

/// The only collection there is, and what it has.
async fn the_one(remembered: &Remembered) -> (RememberedCollection, Option<Vec<RememberedItem>>) {
    let [(id, collection)] = remembered.collections().await.unwrap().try_into().unwrap();
    let items = remembered.items(id, &collection).await.unwrap().map(|(_, items)| items);
    (collection, items)
}

#[tokio::test]
async fn what_is_remembered_is_there_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let items = [item("/work/a.ics", "\"1\""), item("/work/b.ics", "\"2\"")];
    let account = RememberedAccount {
        user: Some("/alice/".into()),
        only: false,
        homes: vec![(Kind::Calendar, "/alice/".into())],
        filter: ";;".into(),
        unswept: 2,
        basic: true,
    };
    let properties = vec![("urn:x".to_owned(), "mood".to_owned(), true)];
    let id = {
        let remembered = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
        remembered.describe(&[(Kind::Calendar, "/work/".into(), Some(properties.clone()))]).await.unwrap();
        let id = remembered.begin(Kind::Calendar, "/work/", false).await.unwrap();
        remembered.write(&items.clone().map(|item| (id, item)), &[]).await.unwrap();
        assert!(!the_one(&remembered).await.0.state.whole, "until the run is over");
        remembered.keep(&account).await.unwrap();
        remembered.end(&written(id, state("7"))).await.unwrap();
        id
    };
    let remembered = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    assert_eq!(remembered.account().await.unwrap(), Some(account));
    let (work, its) = the_one(&remembered).await;
    assert_eq!((work.href.as_str(), &work.state, &work.properties), ("/work/", &state("7"), &properties));
    assert_eq!(its.unwrap(), items);
    // What nobody could say for now stays.
    remembered.describe(&[(Kind::Calendar, "/work/".into(), None)]).await.unwrap();
    assert_eq!(the_one(&remembered).await.0.properties, properties);
    remembered.end(&End { unchanged: vec![id], ..End::default() }).await.unwrap();
    assert_eq!(the_one(&remembered).await.0.state, RememberedState { unswept: 4, ..state("7") });
    remembered.end(&End { gone: vec![id], ..End::default() }).await.unwrap();
    assert_eq!(remembered.items(id, &work).await.unwrap(), None);
}

#[tokio::test]
async fn of_two_runs_the_one_that_began_last_writes() {
    let folder = tempfile::tempdir().unwrap();
    let one = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    let other = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    let id = one.begin(Kind::Calendar, "/work/", false).await.unwrap();
    assert_eq!(other.begin(Kind::Calendar, "/work/", false).await.unwrap(), id);
    let (old, new) = ([(id, item("/work/a.ics", "\"old\""))], [(id, item("/work/a.ics", "\"new\""))]);
    let (first, second) = tokio::join!(other.write(&new, &[]), one.write(&old, &[]));
    first.unwrap();
    second.unwrap();
    other.end(&written(id, state("8"))).await.unwrap();
    one.end(&written(id, state("7"))).await.unwrap();
    let (work, items) = the_one(&one).await;
    assert_eq!((work.state, items.unwrap().as_slice()), (state("8"), [item("/work/a.ics", "\"new\"")].as_slice()));
}

#[tokio::test]
async fn what_another_run_has_written_since_is_not_taken_for_what_was_known() {
    let folder = tempfile::tempdir().unwrap();
    let one = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    let other = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    let id = one.begin(Kind::Calendar, "/work/", false).await.unwrap();
    one.write(&[(id, item("/work/a.ics", "\"1\""))], &[]).await.unwrap();
    one.end(&written(id, state("7"))).await.unwrap();
    let (known, _) = the_one(&one).await;
    other.begin(Kind::Calendar, "/work/", true).await.unwrap();
    assert_eq!(one.items(id, &known).await.unwrap(), None, "it is being written");
    other.forget_collections().await.unwrap();
    assert_eq!(one.items(id, &known).await.unwrap(), None, "nothing is known any more");
    assert_ne!(other.begin(Kind::Calendar, "/other/", false).await.unwrap(), id, "a number is never given again");
}

#[tokio::test]
async fn what_proved_wrong_is_forgotten_and_its_collection_listed_whatever_its_run_says_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let remembered = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    let id = remembered.begin(Kind::Calendar, "/work/", false).await.unwrap();
    let items = [(id, item("/work/a.ics", "\"1\"")), (id, item("/work/b.ics", "\"1\""))];
    remembered.write(&items, &[]).await.unwrap();
    remembered.doubt(&[(id, "/work/a.ics".into())]).await.unwrap();
    remembered.end(&written(id, state("7"))).await.unwrap();
    let (work, items) = the_one(&remembered).await;
    assert_eq!((work.state.whole, work.state.sync_token), (false, None));
    assert_eq!(items.unwrap(), [item("/work/b.ics", "\"1\"")]);
}

#[tokio::test]
async fn another_user_has_another_memory_and_a_broken_file_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let alice = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    alice.begin(Kind::Calendar, "/work/", false).await.unwrap();
    let bob = Remembered::open(folder.path(), &identity("bob")).await.unwrap();
    assert_eq!(bob.collections().await.unwrap(), []);
    // Whoever has one open has it in memory, too, and must not see it shrink.
    for open in [alice, bob] {
        open.database.into_inner().close().await.unwrap();
    }
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let text = "no database, but longer than the header of one, so that it is read as such";
        std::fs::write(file.unwrap().path(), text).unwrap();
    }
    let again = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    assert_eq!(again.collections().await.unwrap(), []);
    again.begin(Kind::Calendar, "/work/", false).await.unwrap();
}

#[test]
fn an_item_is_the_same_only_if_tag_size_and_time_are() {
    let known = item("/work/a.ics", "\"1\"");
    let member = Member {
        href: Href::new(&"https://dav.example.com/".parse().unwrap(), "/work/a.ics").unwrap(),
        status: 200,
        trouble: None,
        etag: known.etag.clone(),
        size: known.listed_size,
        modified: known.modified,
    };
    assert!(known.is_still(&member));
    assert!(!known.is_still(&Member { etag: ETag::new("\"2\""), ..member.clone() }));
    assert!(!known.is_still(&Member { size: Some(6), ..member.clone() }));
    assert!(
        !known.is_still(&Member { modified: known.modified.map(|at| at + Duration::from_secs(1)), ..member.clone() })
    );
    assert!(known.is_still(&Member { modified: None, ..member.clone() }), "a listing without times");
    let by_report = RememberedItem { listed_size: None, modified: None, ..known.clone() };
    assert!(by_report.is_still(&member));
    let untagged = RememberedItem { etag: None, ..known };
    assert!(!untagged.is_still(&Member { etag: None, ..member }));
}
