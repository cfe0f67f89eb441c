//! What a local folder must never do: delete what is not known to be gone, call a folder otherwise than before, or hang.

use std::fs;
use std::time::Duration;

use davault::connector::Outcome;
use futures_util::future::join;
use tokio::time::timeout;

use super::{destination, event, folder, list, put, source};

const WHOLE: &str = r#"{"schema":1,"kind":"calendar","href":"/work/"}"#;

#[tokio::test]
async fn a_mirror_of_one_item_deletes_nothing_beside_it() {
    let top = tempfile::tempdir().unwrap();
    let at = top.path().join("calendars/work");
    fs::create_dir_all(&at).unwrap();
    fs::write(at.join("other.ics"), event("other", "x")).unwrap();
    let mirror = destination(top.path(), &[("mirror", "true")]).await;
    for path in ["/", "/calendars", "/calendars/work"] {
        mirror.store(folder(path, path.rsplit('/').next().unwrap()), None).await.expect("noted");
    }
    put(&*mirror, "/calendars/work/a.ics", &event("a", "x")).await.expect("created");
    let why = mirror.finish().await.expect_err("a sentence").to_string();
    let expected =
        format!("nothing was deleted in {}: it is not known whether the snapshot has all of it", at.display());
    assert_eq!(why, expected);
    assert!(at.join("other.ics").exists());
}

#[tokio::test]
async fn a_mirror_deletes_only_where_the_description_says_that_it_is_whole() {
    for (description, goes) in [
        (WHOLE, true),
        (r#"{"kind":"calendar","only_components":[],"incomplete":false}"#, true),
        (r#"{"kind":"calendar","only_components":["VTODO"]}"#, false),
        (r#"{"kind":"calendar","only_between":{"since":"2026-01-01T00:00:00Z"}}"#, false),
        (r#"{"kind":"calendar","incomplete":true}"#, false),
        ("[]", false),
        ("no JSON", false),
    ] {
        let top = tempfile::tempdir().unwrap();
        let at = top.path().join("calendars/work");
        fs::create_dir_all(&at).unwrap();
        fs::write(at.join("other.ics"), event("other", "x")).unwrap();
        let mirror = destination(top.path(), &[("mirror", "true")]).await;
        mirror.store(folder("/calendars/work", "work"), None).await.expect("noted");
        put(&*mirror, "/calendars/work/.collection.json", &description.into()).await.expect("noted");
        put(&*mirror, "/calendars/work/a.ics", &event("a", "x")).await.expect("created");
        assert_eq!(mirror.finish().await.is_ok(), goes, "{description}");
        assert_eq!(!at.join("other.ics").exists(), goes, "{description}");
    }
}

#[tokio::test]
async fn a_second_item_of_the_same_identity_takes_no_place_from_the_first_that_was_found() {
    let top = tempfile::tempdir().unwrap();
    let at = top.path().join("calendars/work");
    fs::create_dir_all(&at).unwrap();
    let (first, second) = (event("same", "first"), event("same", "second"));
    fs::write(at.join("a.ics"), &first).unwrap();
    let planning = destination(top.path(), &[("dry_run", "true"), ("on_conflict", "overwrite")]).await;
    planning.store(folder("/calendars/work", "work"), None).await.expect("noted");
    assert_eq!(put(&*planning, "/calendars/work/a.ics", &first).await.expect("planned"), Outcome::Identical);
    assert_eq!(put(&*planning, "/calendars/work/b.ics", &second).await.expect("planned"), Outcome::Created);
    planning.finish().await.expect("a plan");
    let doing = planning.carry_out().expect("a plan can be carried out");
    doing.store(folder("/calendars/work", "work"), None).await.expect("noted");
    assert_eq!(put(&*doing, "/calendars/work/b.ics", &second).await.expect("done"), Outcome::Created);
    doing.finish().await.expect("done");
    assert_eq!(fs::read_to_string(at.join("a.ics")).unwrap(), first);
    assert_eq!(fs::read_to_string(at.join("b.ics")).unwrap(), second);
}

#[tokio::test]
async fn of_two_items_of_the_same_identity_the_first_gets_the_file_that_has_it() {
    let top = tempfile::tempdir().unwrap();
    let at = top.path().join("calendars/work");
    fs::create_dir_all(&at).unwrap();
    fs::write(at.join("z.ics"), event("same", "before")).unwrap();
    let destination = destination(top.path(), &[("on_conflict", "overwrite")]).await;
    destination.store(folder("/calendars/work", "work"), None).await.expect("noted");
    assert!(destination.begins_in_order());
    let (first, second) = (event("same", "first"), event("same", "second"));
    let one = put(&*destination, "/calendars/work/a.ics", &first);
    let other = put(&*destination, "/calendars/work/b.ics", &second);
    let (one, other) = join(one, other).await;
    assert_eq!((one.expect("done"), other.expect("done")), (Outcome::Replaced, Outcome::Created));
    assert_eq!(fs::read_to_string(at.join("z.ics")).unwrap(), first);
    assert_eq!(fs::read_to_string(at.join("b.ics")).unwrap(), second);
}

#[cfg(unix)]
#[tokio::test]
async fn a_plan_calls_a_collection_as_a_source_of_the_folder_does() {
    let top = tempfile::tempdir().unwrap();
    let book = top.path().join("elsewhere/people");
    fs::create_dir_all(&book).unwrap();
    fs::write(book.join("a.vcf"), "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:A\r\nEND:VCARD\r\n").unwrap();
    fs::create_dir(top.path().join("work")).unwrap();
    std::os::unix::fs::symlink(top.path().join("work"), top.path().join("linked")).unwrap();
    let from_there = list(&*source(top.path(), &[]).await).await;
    for (name, expected) in [("work", "/calendars/work"), ("linked", "/calendars/work"), ("new", "/new")] {
        let planning = destination(top.path(), &[("dry_run", "true")]).await;
        planning.store(folder("/", name), None).await.expect("noted");
        planning.finish().await.expect("a plan");
        let foreseen = planning.foreseen().await;
        assert_eq!(foreseen[0].name, expected);
        assert_eq!(from_there.paths().contains(&expected), !foreseen[0].makes, "{name}");
    }
    let planning = destination(&top.path().join("elsewhere"), &[("dry_run", "true")]).await;
    planning.store(folder("/", "people"), None).await.expect("noted");
    planning.finish().await.expect("a plan");
    assert_eq!(planning.foreseen().await[0].name, "/contacts/people");
}

#[cfg(unix)]
#[tokio::test]
async fn a_collection_that_was_read_in_part_says_so_in_the_snapshot() {
    let top = tempfile::tempdir().unwrap();
    let work = top.path().join("work");
    fs::create_dir(&work).unwrap();
    fs::write(work.join(".collection.json"), WHOLE).unwrap();
    fs::write(work.join("a.ics"), event("a", "x")).unwrap();
    let told = || async {
        let listed = list(&*source(top.path(), &[]).await).await;
        serde_json::from_slice::<serde_json::Value>(listed.contents()["/calendars/work/.collection.json"]).unwrap()
    };
    assert_eq!(told().await.get("incomplete"), None);
    let _socket = std::os::unix::net::UnixListener::bind(work.join("b.ics")).unwrap();
    let told = told().await;
    assert_eq!((&told["incomplete"], &told["href"]), (&true.into(), &"/work/".into()));
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cant_be_listed_fails_where_it_stands_in_the_snapshot() {
    use std::os::unix::fs::PermissionsExt;

    let top = tempfile::tempdir().unwrap();
    for (at, name) in [("work", "a.ics"), ("told", "a.ics"), ("calendars/placed", "a.ics"), ("calendars/work", "a.ics")]
    {
        fs::create_dir_all(top.path().join(at)).unwrap();
        fs::write(top.path().join(at).join(name), event("a", "x")).unwrap();
    }
    fs::write(top.path().join("told/.collection.json"), r#"{"kind":"address-book"}"#).unwrap();
    let whole = list(&*source(top.path(), &[]).await).await;
    for (at, mode) in [("work", 0o000), ("told", 0o100), ("calendars/placed", 0o000)] {
        fs::set_permissions(top.path().join(at), fs::Permissions::from_mode(mode)).unwrap();
    }
    if fs::read_dir(top.path().join("work")).is_ok() {
        return; // Root may list everything.
    }
    let listed = list(&*source(top.path(), &[]).await).await;
    let failed: Vec<_> = listed.failed.iter().map(|(path, _)| path.as_str()).collect();
    for (at, mode) in [("work", 0o700), ("told", 0o700), ("calendars/placed", 0o700)] {
        fs::set_permissions(top.path().join(at), fs::Permissions::from_mode(mode)).unwrap();
    }
    // Two are called work: which of them has the suffix is the same as while both could be listed.
    let still: Vec<_> = listed.paths().into_iter().filter(|path| path.ends_with("a.ics")).collect();
    assert_eq!(still.len(), 1);
    assert!(whole.paths().contains(&still[0]), "{still:?}");
    assert_eq!(failed.len(), 4, "{failed:?}");
    for path in ["/calendars/placed", "/contacts/told", "/contacts/work"] {
        assert!(failed.contains(&path), "{path}: {failed:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_describes_a_collection_is_no_pipe_and_no_link_to_elsewhere() {
    let (top, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["home", "linked"] {
        fs::create_dir(top.path().join(name)).unwrap();
        fs::write(top.path().join(name).join("a.ics"), event("a", "x")).unwrap();
    }
    for name in ["displayname", ".collection.json"] {
        let pipe = top.path().join("home").join(name);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    }
    fs::write(elsewhere.path().join("secret"), "Secret").unwrap();
    fs::write(elsewhere.path().join("kind"), r#"{"kind":"address-book"}"#).unwrap();
    for (target, name) in [("secret", "displayname"), ("kind", ".collection.json")] {
        std::os::unix::fs::symlink(elsewhere.path().join(target), top.path().join("linked").join(name)).unwrap();
    }
    let source = source(top.path(), &[("exclude", "Secret")]).await;
    let listed = timeout(Duration::from_mins(1), list(&*source)).await.expect("an end");
    let contents: Vec<_> = listed.contents().into_keys().collect();
    assert_eq!(contents, ["/calendars/home/a.ics", "/calendars/linked/a.ics"]);
    assert_eq!(listed.failed.len(), 4, "{:?}", listed.failed);
}
