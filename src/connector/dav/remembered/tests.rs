use std::time::UNIX_EPOCH;

use super::*;
use crate::dav::ETag;
use crate::dav::request::VcardVersion;

fn identity(username: &str) -> Identity {
    let location = "https://dav.example.com/".to_owned();
    Identity { location, username: Some(username.to_owned()), kinds: vec![Kind::Calendar] }
}

fn at(path: &str) -> Href {
    Href::new(&"https://dav.example.com/".parse().unwrap(), path).unwrap()
}

fn collection(path: &str, ctag: &str) -> RememberedCollection {
    RememberedCollection {
        kind: Kind::Calendar,
        href: at(path),
        ctag: Some(ctag.to_owned()),
        sync_token: SyncToken::new("data:,1"),
        born: None,
        reading: "crlf".to_owned(),
        unswept: 3,
    }
}

fn item(href: &str, etag: &str) -> RememberedItem {
    RememberedItem {
        href: href.to_owned(),
        etag: ETag::new(etag),
        listed_size: Some(7),
        modified: Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
        size: 8,
        version: u64::MAX - 5,
        vcard_version: Some(VcardVersion::V4),
        component: "VEVENT".to_owned(),
    }
}

#[tokio::test]
async fn what_is_remembered_is_there_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let (work, items) = (collection("/work/", "7"), [item("/work/a.ics", "\"1\""), item("/work/b.ics", "\"2\"")]);
    let homes = [Home { kind: Kind::Calendar, href: at("/alice/") }];
    {
        let remembered = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
        remembered.keep_homes(&homes).await.unwrap();
        remembered.keep(&work, &items, &[]).await.unwrap();
    }
    let remembered = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    assert_eq!(remembered.homes(&at("/")).await.unwrap(), homes);
    assert_eq!(remembered.collection(Kind::Calendar, &at("/work/")).await.unwrap(), Some(work));
    assert_eq!(remembered.items(&at("/work/"), None).await.unwrap(), items);
    assert_eq!(remembered.items(&at("/work/"), Some("/work/a.ics")).await.unwrap(), items[1..]);
    assert_eq!(remembered.collection(Kind::Calendar, &at("/other/")).await.unwrap(), None);
}

#[tokio::test]
async fn a_collection_is_kept_as_it_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let remembered = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    let (old, new) = (collection("/work/", "7"), collection("/work/", "8"));
    remembered.keep(&old, &[item("/work/a.ics", "\"1\""), item("/work/b.ics", "\"1\"")], &[]).await.unwrap();
    remembered.keep(&new, &[item("/work/b.ics", "\"2\"")], &["/work/a.ics".to_owned()]).await.unwrap();
    assert_eq!(remembered.collection(Kind::Calendar, &at("/work/")).await.unwrap(), Some(new));
    assert_eq!(remembered.items(&at("/work/"), None).await.unwrap(), [item("/work/b.ics", "\"2\"")]);
    remembered.keep_only(&[(Kind::Calendar, at("/home/"))]).await.unwrap();
    assert_eq!(remembered.collection(Kind::Calendar, &at("/work/")).await.unwrap(), None);
    assert_eq!(remembered.items(&at("/work/"), None).await.unwrap(), []);
}

#[tokio::test]
async fn another_user_has_another_memory_and_two_runs_may_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let alice = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    let again = Remembered::open(folder.path(), &identity("alice")).await.unwrap();
    let bob = Remembered::open(folder.path(), &identity("bob")).await.unwrap();
    let (one, other) = (collection("/one/", "1"), collection("/other/", "1"));
    let items = [item("/one/a.ics", "\"1\"")];
    let (first, second) = tokio::join!(alice.keep(&one, &items, &[]), again.keep(&other, &[], &[]));
    first.unwrap();
    second.unwrap();
    assert_eq!(again.collection(Kind::Calendar, &at("/one/")).await.unwrap(), Some(one));
    assert_eq!(alice.collection(Kind::Calendar, &at("/other/")).await.unwrap(), Some(other));
    assert_eq!(bob.collection(Kind::Calendar, &at("/one/")).await.unwrap(), None);
}

#[test]
fn an_item_is_the_same_only_if_tag_size_and_time_are() {
    let known = item("/work/a.ics", "\"1\"");
    let member = crate::dav::request::Member {
        href: at("/work/a.ics"),
        status: 200,
        trouble: None,
        etag: known.etag.clone(),
        size: known.listed_size,
        modified: known.modified,
        content_type: None,
    };
    assert!(known.is_still(&member));
    assert!(!known.is_still(&crate::dav::request::Member { etag: ETag::new("\"2\""), ..member.clone() }));
    assert!(!known.is_still(&crate::dav::request::Member { size: Some(6), ..member.clone() }));
    assert!(!known.is_still(&crate::dav::request::Member { modified: None, ..member.clone() }));
    let untagged = RememberedItem { etag: None, ..known };
    assert!(!untagged.is_still(&crate::dav::request::Member { etag: None, ..member }));
}
