//! A local folder as source and destination: what goes in comes out, and nothing is lost on the way.

mod safety;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use davault::connector::{self, Destination, Entry, EntryKind, ErrorKind, Found, Outcome, Source};
use davault::item::identity;

use crate::support::generate::{Account, Size};

const SIZE: Size = Size { calendars: 2, events_each: 40, books: 2, contacts_each: 30 };

type Options<'a> = &'a [(&'a str, &'a str)];

fn options(options: Options<'_>) -> BTreeMap<String, String> {
    options.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect()
}

async fn source(at: &Path, with: Options<'_>) -> Box<dyn Source> {
    connector::source(&at.display().to_string(), &options(with), None).await.expect("a source")
}

async fn destination(at: &Path, with: Options<'_>) -> Box<dyn Destination> {
    connector::destination(&at.display().to_string(), &options(with)).await.expect("a destination")
}

/// What a source sends, and the content of what it sends.
struct Listed {
    entries: Vec<(Entry, Option<Bytes>)>,
    failed: Vec<(String, String)>,
}

impl Listed {
    fn paths(&self) -> Vec<&str> {
        self.entries.iter().map(|(entry, _)| entry.path.as_str()).collect()
    }

    fn contents(&self) -> BTreeMap<&str, &Bytes> {
        self.entries.iter().filter_map(|(entry, content)| Some((entry.path.as_str(), content.as_ref()?))).collect()
    }
}

async fn list(source: &dyn Source) -> Listed {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(16);
    let receive = async {
        let mut listed = Listed { entries: Vec::new(), failed: Vec::new() };
        while let Some(found) = receiver.recv().await {
            match found {
                Found::Entry(entry) => {
                    let content = match entry.kind {
                        EntryKind::Folder => None,
                        EntryKind::File { size } => {
                            let bytes = source.read(&entry.path).await.expect("readable");
                            assert_eq!(bytes.len() as u64, size);
                            Some(bytes)
                        }
                    };
                    source.settled(&entry.path);
                    listed.entries.push((entry, content));
                }
                Found::Failed { path, why } => listed.failed.push((path, why)),
            }
        }
        listed
    };
    let (sent, listed) = tokio::join!(source.list(sender), receive);
    sent.expect("a listing that can be trusted");
    listed
}

/// Stores everything and says how often each outcome came; errors as sentences.
async fn store(destination: &dyn Destination, listed: &Listed) -> (BTreeMap<String, usize>, Vec<String>) {
    let (mut outcomes, mut errors) = (BTreeMap::new(), Vec::new());
    for (entry, content) in &listed.entries {
        match destination.store(entry.clone(), content.clone()).await {
            Ok(outcome) => *outcomes.entry(format!("{outcome:?}")).or_default() += 1,
            Err(error) => errors.push(error.to_string()),
        }
    }
    errors.extend(destination.finish().await.err().map(|error| error.to_string()));
    (outcomes, errors)
}

fn event(uid: &str, title: &str) -> Bytes {
    let text =
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    Bytes::from(text)
}

fn folder(path: &str, name: &str) -> Entry {
    Entry { path: path.into(), name: name.into(), kind: EntryKind::Folder, modified: None, version: 0 }
}

fn file(path: &str, content: &Bytes) -> Entry {
    let name = path.rsplit('/').next().expect("a name").to_string();
    Entry { path: path.into(), name, kind: EntryKind::File { size: content.len() as u64 }, modified: None, version: 0 }
}

async fn put(destination: &dyn Destination, path: &str, content: &Bytes) -> Result<Outcome, connector::Error> {
    destination.store(file(path, content), Some(content.clone())).await
}

fn files(at: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(at)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_account_goes_through_a_folder_and_comes_back_byte_for_byte() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let account = Account::seeded(11, SIZE);
    account.write_vdir(from.path()).unwrap();
    let listed = list(&*source(from.path(), &[]).await).await;
    assert_eq!(listed.paths()[..2], ["/", "/calendars"]);
    assert_eq!(listed.contents().len(), account.item_count() + 2 * 4 + 2 * 2, "items and metadata");

    let (outcomes, errors) = store(&*destination(to.path(), &[]).await, &listed).await;
    assert_eq!(errors, [""; 0]);
    assert_eq!(outcomes["Created"], account.item_count());
    let again = list(&*source(to.path(), &[]).await).await;
    assert_eq!((again.paths(), again.contents()), (listed.paths(), listed.contents()));

    let (outcomes, _) = store(&*destination(to.path(), &[("on_conflict", "overwrite")]).await, &listed).await;
    assert_eq!(outcomes["Identical"], account.item_count(), "a second restore changes nothing");
}

#[tokio::test]
async fn a_plain_vdir_and_a_single_collection_become_the_same_tree() {
    let top = tempfile::tempdir().unwrap();
    for (collection, name, content) in
        [("home", "a.ics", "BEGIN:VCALENDAR"), ("people", "b.vcf", "BEGIN:VCARD\r\nEND:VCARD")]
    {
        fs::create_dir(top.path().join(collection)).unwrap();
        fs::write(top.path().join(collection).join(name), content).unwrap();
    }
    fs::create_dir(top.path().join(".git")).unwrap();
    fs::write(top.path().join("README"), "not an item").unwrap();
    for name in [".hidden.ics", "x.tmp", ".Radicale.props", "color"] {
        fs::write(top.path().join("home").join(name), "x").unwrap();
    }
    let all = list(&*source(top.path(), &[]).await).await;
    let home = ["/calendars/home", "/calendars/home/a.ics", "/calendars/home/color"];
    let people = ["/contacts", "/contacts/people", "/contacts/people/b.vcf"];
    assert_eq!(all.paths(), [&["/", "/calendars"][..], &home, &people].concat());
    let one = list(&*source(&top.path().join("home"), &[]).await).await;
    assert_eq!(one.paths(), [&["/", "/calendars"][..], &home].concat());
    let without = list(&*source(top.path(), &[("exclude", "ho*")]).await).await;
    assert_eq!(without.paths(), [&["/"][..], &people].concat());
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_lead_out_and_what_is_no_file_are_told_and_the_rest_goes_on() {
    let (top, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(elsewhere.path().join("secret.ics"), "BEGIN:VCALENDAR").unwrap();
    let home = top.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("a.ics"), "BEGIN:VCALENDAR").unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("secret.ics"), home.join("link.ics")).unwrap();
    std::os::unix::fs::symlink(home.join("a.ics"), home.join("inside.ics")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), top.path().join("out")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(home.join("socket.ics")).unwrap();
    let listed = list(&*source(top.path(), &[]).await).await;
    assert_eq!(
        listed.contents().keys().copied().collect::<Vec<_>>(),
        ["/calendars/home/a.ics", "/calendars/home/inside.ics"]
    );
    let failed: BTreeMap<_, _> = listed.failed.iter().map(|(path, why)| (path.as_str(), why.as_str())).collect();
    assert_eq!(failed["/calendars/home/link.ics"], "it is a link to somewhere else, which is not followed");
    assert_eq!(failed["/calendars/home/socket.ics"], "it is no regular file");
    assert_eq!(failed["/out"], "it is a link to a folder elsewhere, which is not followed");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_a_sentence() {
    let top = tempfile::tempdir().unwrap();
    let missing = top.path().join("missing");
    let error = source(&missing, &[]).await.ping().await.expect_err("nothing is there");
    assert_eq!(error.kind, ErrorKind::Access);
    assert_eq!(error.to_string(), format!("cannot read the folder {}", missing.display()));
    destination(&missing, &[]).await.ping().await.expect("it can be made");
    assert!(!missing.exists(), "asking changes nothing");
}

#[tokio::test]
async fn an_item_that_differs_is_kept_replaced_or_copied_as_asked() {
    let top = tempfile::tempdir().unwrap();
    let at = top.path().join("calendars/work");
    let (old, new) = (event("1", "old"), event("1", "new"));
    put(&*destination(top.path(), &[]).await, "/calendars/work/a.ics", &old).await.expect("created");

    // Under another name: its UID says who it is.
    let error = put(&*destination(top.path(), &[]).await, "/calendars/work/b.ics", &new).await.expect_err("kept");
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(error.to_string(), "/calendars/work/b.ics differs from what stands there (SUMMARY), which was kept");

    for outcome in [Outcome::Created, Outcome::Identical] {
        let copying = destination(top.path(), &[("on_conflict", "copy")]).await;
        assert_eq!(put(&*copying, "/calendars/work/a.ics", &new).await.expect("copied"), outcome);
        assert_eq!(files(&at).len(), 2);
    }
    let uids: Vec<_> =
        files(&at).iter().map(|name| identity::of(&fs::read(at.join(name)).unwrap()).unwrap().uid).collect();
    assert!(uids[0] != uids[1] && uids.contains(&"1".to_string()));

    let overwriting = destination(top.path(), &[("on_conflict", "overwrite")]).await;
    assert_eq!(put(&*overwriting, "/calendars/work/a.ics", &new).await.expect("replaced"), Outcome::Replaced);
    assert_eq!(fs::read(at.join("a.ics")).unwrap(), new);
}

#[tokio::test]
async fn what_is_the_same_by_normal_form_is_not_written() {
    let top = tempfile::tempdir().unwrap();
    let stored = event("1", "a");
    put(&*destination(top.path(), &[]).await, "/calendars/work/a.ics", &stored).await.expect("created");
    let folded = Bytes::from(
        String::from_utf8_lossy(&stored).replace("UID:1\r\n", "DTSTAMP:20260101T000000Z\r\nU\r\n ID:1\r\n"),
    );
    let overwriting = destination(top.path(), &[("on_conflict", "overwrite")]).await;
    assert_eq!(put(&*overwriting, "/calendars/work/a.ics", &folded).await.expect("the same"), Outcome::Identical);
    assert_eq!(fs::read(top.path().join("calendars/work/a.ics")).unwrap(), stored);
}

#[tokio::test]
async fn items_with_one_name_or_one_uid_all_arrive_and_arrive_once() {
    let top = tempfile::tempdir().unwrap();
    let items = [("a.ics", "1"), ("A.ics", "2"), ("a", "3"), ("b.ics", "4"), ("c.ics", "4"), ("d", "5")];
    for expected in [Outcome::Created, Outcome::Identical] {
        let destination = destination(top.path(), &[]).await;
        for (name, uid) in items {
            let path = format!("/calendars/work/{name}");
            assert_eq!(put(&*destination, &path, &event(uid, name)).await.expect(name), expected, "{name}");
        }
    }
    let names = files(&top.path().join("calendars/work"));
    assert_eq!(names.len(), items.len());
    assert!(names.contains(&"d.ics".to_string()), "vdir readers go by the extension");
}

#[tokio::test]
async fn hostile_names_stay_in_the_folder() {
    let top = tempfile::tempdir().unwrap();
    let root = top.path().join("root");
    let destination = destination(&root, &[]).await;
    let names =
        ["..", ".", "...", "..\\..\\x", "a\0b", "\u{1b}[2J", ".hidden", "x.tmp", "Displayname", &"ü".repeat(200)];
    for (place, name) in names.iter().enumerate() {
        let content = event(&place.to_string(), "x");
        put(&*destination, &format!("/calendars/../{name}"), &content).await.expect(name);
    }
    assert_eq!(files(top.path()), ["root"]);
    assert_eq!(files(&root.join("calendars")), ["%2E."]);
    assert_eq!(files(&root.join("calendars/%2E.")).len(), names.len());
    let listed = list(&*source(&root, &[]).await).await;
    assert_eq!(listed.contents().len(), names.len(), "and all of them are items again");
}

#[tokio::test]
async fn a_part_of_a_snapshot_goes_to_the_collection_of_its_name() {
    let top = tempfile::tempdir().unwrap();
    let item = event("1", "x");
    // Alone, it is a folder of collections; where the tree is there already, it goes into the tree.
    for expected in ["work/a.ics", "calendars/work/a.ics"] {
        let destination = destination(top.path(), &[]).await;
        destination.store(folder("/", "work"), None).await.expect("noted");
        assert_eq!(put(&*destination, "/a.ics", &item).await.expect("stored"), Outcome::Created);
        assert!(top.path().join(expected).is_file(), "{expected}");
        fs::create_dir_all(top.path().join("calendars/work")).unwrap();
    }
    let single = destination(top.path(), &[]).await;
    single.store(folder("/", "/"), None).await.expect("noted");
    put(&*single, "/b.ics", &item).await.expect("stored");
    assert!(top.path().join("b.ics").is_file());
}

#[tokio::test]
async fn everything_may_go_into_one_collection_or_into_new_ones() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Account::readable().write_vdir(from.path()).unwrap();
    let listed = list(&*source(from.path(), &[]).await).await;
    store(&*destination(&to.path().join("one"), &[("into", "all")]).await, &listed).await;
    assert_eq!(files(&to.path().join("one/calendars")), ["all"]);
    assert_eq!(files(&to.path().join("one/calendars/all")).len(), 10);
    store(&*destination(&to.path().join("new"), &[("into", "Restored %n")]).await, &listed).await;
    assert_eq!(files(&to.path().join("new/contacts")), ["Restored friends"]);
    let name = fs::read_to_string(to.path().join("new/contacts/Restored friends/displayname")).unwrap();
    assert_eq!(name, "Restored Friends");
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_changes_nothing() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Account::readable().write_vdir(from.path()).unwrap();
    let listed = list(&*source(from.path(), &[]).await).await;
    let (outcomes, errors) = store(&*destination(to.path(), &[("dry_run", "true")]).await, &listed).await;
    assert_eq!((outcomes["Created"], errors.len()), (13, 0));
    assert_eq!(files(to.path()), [""; 0]);
}

#[tokio::test]
async fn a_mirror_deletes_what_the_snapshot_lacks_but_never_beside_an_incomplete_one() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Account::readable().write_vdir(from.path()).unwrap();
    fs::write(from.path().join("calendars/family/.collection.json"), r#"{"kind":"calendar","incomplete":true}"#)
        .unwrap();
    fs::write(from.path().join("calendars/work/.collection.json"), r#"{"kind":"calendar"}"#).unwrap();
    for calendar in ["work", "family", "own"] {
        fs::create_dir_all(to.path().join("calendars").join(calendar)).unwrap();
        fs::write(to.path().join("calendars").join(calendar).join("extra.ics"), event("extra", "x")).unwrap();
    }
    let listed = list(&*source(from.path(), &[]).await).await;
    store(&*destination(to.path(), &[]).await, &listed).await;
    assert!(to.path().join("calendars/work/extra.ics").exists(), "not without being asked");
    let (_, errors) = store(&*destination(to.path(), &[("mirror", "true")]).await, &listed).await;
    let family = to.path().join("calendars/family");
    let why = "the snapshot lacks items that were left out or could not be read";
    assert_eq!(errors, [format!("nothing was deleted in {}: {why}", family.display())]);
    assert!(!to.path().join("calendars/work/extra.ics").exists());
    assert!(to.path().join("calendars/work/displayname").exists());
    assert!(to.path().join("calendars/family/extra.ics").exists(), "what is missing there is not known to be gone");
    assert!(to.path().join("calendars/own/extra.ics").exists(), "no collection of the snapshot");
}

#[tokio::test]
async fn metadata_of_a_collection_that_is_there_changes_only_if_asked() {
    let top = tempfile::tempdir().unwrap();
    let (old, new) = (Bytes::from("Old"), Bytes::from("New"));
    for (with, content, expected) in
        [(&[][..], &old, "Old"), (&[], &new, "Old"), (&[("on_conflict", "overwrite")], &new, "New")]
    {
        let destination = destination(top.path(), with).await;
        let outcome = put(&*destination, "/calendars/work/displayname", content).await.expect("noted");
        assert_eq!(outcome, Outcome::Noted);
        assert_eq!(fs::read_to_string(top.path().join("calendars/work/displayname")).unwrap(), expected);
    }
}
