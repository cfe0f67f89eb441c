//! A connector that somebody else made is installed, backed up with, and restored with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use davault::package::Platform;
use serde_json::{Value, json};

use crate::plugin::executable;
use crate::story_reader::read;
use crate::support::person::Person;

const FOLDER: u32 = 1 << 31;
const LINK: u32 = 1 << 27;
const DEVICE: u32 = 1 << 26;
const PIPE: u32 = 1 << 25;
const SETUID: u32 = 1 << 23;
const STICKY: u32 = 1 << 20;

const MANIFEST: &str = "\
name: tree
api_version: 1.1.0
connectors:
  - type: importer
    protocols: [tree]
    location_flags: [localfs]
    executable: connector
    args: [tree-importer]
  - type: exporter
    protocols: [tree]
    location_flags: [localfs]
    executable: connector
    args: [tree-exporter]
";

/// Makes the package, without installing it.
async fn package(person: &Person) -> String {
    let folder = person.path("made");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("manifest.yaml"), MANIFEST).expect("a manifest");
    let program = folder.join("connector");
    fs::write(&program, format!("#!/bin/sh\nexec {} \"$@\"\n", executable().display())).expect("a program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    person.ok(&["pkg", "create", "made/manifest.yaml", "v1.0.0"]).await;
    let Platform { os, arch } = Platform::here();
    format!("tree_v1.0.0_{os}_{arch}.ptar")
}

/// Somebody with an empty vault, the package, `things` at `@mine` and the destination `@back`.
async fn with_tree(things: &Value) -> Person {
    let person = Person::with_vault().await;
    let package = package(&person).await;
    person.ok(&["pkg", "add", &package]).await;
    let tree = person.path("tree.json");
    put(&tree, things);
    let log = format!("log={}", person.path("log").display());
    person.ok(&["source", "add", "mine", "tree://tree.json", &log, "api_token=open sesame"]).await;
    person.ok(&["destination", "add", "back", "tree://back.json", "with_xattrs=yes"]).await;
    person
}

fn put(path: &Path, things: &Value) {
    fs::write(path, things.to_string()).expect("a tree");
}

/// What the exporter was given, by path; extended attributes as `path name`.
fn given(path: &PathBuf) -> Vec<Value> {
    let mut given: Vec<Value> = serde_json::from_slice(&fs::read(path).expect("a restore")).expect("JSON");
    given.sort_by_key(|thing| {
        format!("{} {}", thing["path"].as_str().unwrap_or(""), thing["xattr"].as_str().unwrap_or(""))
    });
    given
}

/// The contents that were asked for since the last look.
fn opened(person: &Person) -> Vec<String> {
    let log = person.path("log");
    let mut opened: Vec<String> = fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect();
    opened.sort();
    let _ = fs::remove_file(log);
    opened
}

fn home() -> Value {
    json!([
        { "path": "/", "mode": FOLDER | STICKY | 0o777, "seconds": 5 },
        { "path": "/", "mode": FOLDER | STICKY | 0o777, "seconds": 5 },
        { "path": "/docs/letter.txt", "mode": 0o640, "content": "Dear all", "seconds": 1_700_000_000, "ino": 7, "dev": 3,
          "uid": 1000, "gid": 100, "nlink": 2, "user": "alice", "group": "users", "attributes": 32,
          "xattrs": { "user.comment": "draft", "user.empty": "" } },
        { "path": "/docs", "mode": FOLDER | 0o750, "seconds": 6, "uid": 1000, "xattrs": { "user.color": "red" } },
        { "path": "/docs/empty", "mode": 0o600, "content": "", "seconds": -5 },
        { "path": "/docs/tool", "mode": SETUID | 0o755, "content": "#!", "seconds": 8 },
        { "path": "/docs/latest", "mode": LINK | 0o777, "target": "../docs/letter.txt", "seconds": 9 },
        { "path": "/run/pipe", "mode": PIPE | 0o600 },
        { "path": "/run/disk", "mode": DEVICE | 0o660 },
        { "path": "/tar/link", "mode": 0o777, "target": "as in plakar's tar", "seconds": 10 },
        { "path": "/tar/tool", "mode": 0o4755, "content": "", "seconds": 11 },
    ])
}

#[tokio::test]
async fn a_location_that_nobody_serves_names_the_way_to_packages() {
    let person = Person::new();
    let refused = person.run(&["source", "add", "mine", "tree://x"]).await;
    assert_eq!(refused.code(), Some(2), "{refused:?}");
    let expected = "davault: unknown scheme tree://: davault itself reads caldav://, carddav://, dav://, vdir:// and plain \
                    paths, and no package that is installed reads tree://\n\
                    Install a package with a connector for it: `davault pkg add FILE.ptar`.\n";
    assert_eq!(refused.err(), expected);
    assert!(!person.path("config/davault").join("config.toml").exists());
    let web = person.run(&["source", "add", "mine", "https://dav.example.com"]).await;
    assert!(web.err().contains("a location does not begin with https://"), "{web:?}");
}

#[tokio::test]
async fn options_go_to_the_connector_as_they_are_and_what_it_says_is_shown() {
    let person = with_tree(&home()).await;
    let shown = person.ok(&["source", "show", "mine"]).await.out();
    let location = format!("mine: tree://{}\n", person.path("tree.json").display());
    assert!(
        shown.starts_with(&location) && shown.contains("api_token=********") && !shown.contains("sesame"),
        "{shown}"
    );
    assert_eq!(person.ok(&["source", "ping", "mine"]).await.out(), "a tree answers\n");
    assert_eq!(person.ok(&["destination", "ping", "back"]).await.out(), "@back answers\n");

    person.ok(&["source", "set", "mine", "api_token=wrong"]).await;
    let refused = person.run(&["at", "vault", "backup", "@mine"]).await;
    assert_eq!(refused.code(), Some(1), "{refused:?}");
    assert!(refused.err().contains("cannot back up @mine: cannot open the source: the token is wrong"), "{refused:?}");

    for flag in ["-dry-run", "-on-conflict=keep"] {
        let refused = person.run(&["at", "vault", "restore", "-to", "@back", flag]).await;
        assert_eq!(refused.code(), Some(2), "{refused:?}");
        assert!(refused.err().contains("is for davault's own destinations, and @back is another's"), "{refused:?}");
    }
    person.ok(&["pkg", "rm", "tree"]).await;
    let gone = person.run(&["at", "vault", "backup", "@mine"]).await;
    assert!(gone.code() == Some(2) && gone.err().contains("davault pkg add"), "{gone:?}");
}

#[tokio::test]
async fn everything_that_a_record_carries_comes_back() {
    let person = with_tree(&home()).await;
    let made = person.ok(&["at", "vault", "backup", "--json", "@mine"]).await;
    assert_eq!(made.value("/not_kept/devices"), 1, "{made:?}");
    assert!(
        made.err().contains("warning: the snapshot can't keep all of this source: 1 device has only a name"),
        "{made:?}"
    );
    assert_eq!(made.value("/snapshot/files"), 8, "{made:?}");

    let listed = person.ok(&["at", "vault", "ls", "-R", "latest"]).await.out();
    assert!(listed.contains("link") && listed.contains("  /docs/latest -> ../docs/letter.txt\n"), "{listed}");
    assert!(listed.contains(" pipe ") && listed.contains(" device "), "{listed}");
    assert_eq!(person.ok(&["at", "vault", "cat", "latest:/docs/letter.txt"]).await.out(), "Dear all");
    let link = person.run(&["at", "vault", "cat", "latest:/docs/latest"]).await;
    assert_eq!(link.err(), "davault: /docs/latest is a link to ../docs/letter.txt\n");

    let restored = person.ok(&["at", "vault", "restore", "--json", "-to", "@back", "latest"]).await;
    assert_eq!(restored.value("/outcomes"), json!({ "stored": 8 }), "{restored:?}");
    let expected = json!([
        { "path": "/", "name": "/", "mode": FOLDER | STICKY | 0o777, "seconds": 5 },
        { "path": "/docs", "name": "docs", "mode": FOLDER | 0o750, "seconds": 6, "uid": 1000, "xattrs": ["user.color"] },
        { "path": "/docs", "xattr": "user.color", "has_content": true, "content": "red", "length": 3 },
        { "path": "/docs/empty", "name": "empty", "mode": 0o600, "seconds": -5, "has_content": true },
        { "path": "/docs/latest", "name": "latest", "mode": LINK | 0o777, "seconds": 9, "target": "../docs/letter.txt" },
        { "path": "/docs/letter.txt", "name": "letter.txt", "mode": 0o640, "size": 8, "content": "Dear all", "length": 8,
          "has_content": true, "seconds": 1_700_000_000, "ino": 7, "dev": 3, "uid": 1000, "gid": 100, "nlink": 2,
          "user": "alice", "group": "users", "attributes": 32, "xattrs": ["user.comment", "user.empty"] },
        { "path": "/docs/letter.txt", "xattr": "user.comment", "has_content": true, "content": "draft", "length": 5 },
        { "path": "/docs/letter.txt", "xattr": "user.empty", "has_content": true },
        { "path": "/docs/tool", "name": "tool", "mode": SETUID | 0o755, "size": 2, "content": "#!", "length": 2,
          "has_content": true, "seconds": 8 },
        { "path": "/run", "name": "run", "mode": FOLDER | 0o750, "nlink": 1 },
        { "path": "/run/disk", "name": "disk", "mode": DEVICE | 0o660 },
        { "path": "/run/pipe", "name": "pipe", "mode": PIPE | 0o600 },
        { "path": "/tar", "name": "tar", "mode": FOLDER | 0o750, "nlink": 1 },
        { "path": "/tar/link", "name": "link", "mode": LINK | 0o777, "target": "as in plakar's tar", "seconds": 10 },
        { "path": "/tar/tool", "name": "tool", "mode": SETUID | 0o755, "has_content": true, "seconds": 11 },
    ]);
    assert_eq!(Value::from(given(&person.path("back.json"))), expected);
}

#[tokio::test]
async fn a_part_is_handed_over_as_plakar_does_and_attributes_only_to_who_wants_them() {
    let person = with_tree(&home()).await;
    person.ok(&["at", "vault", "backup", "@mine"]).await;
    person.ok(&["destination", "unset", "back", "with_xattrs"]).await;
    let paths = |person: &Person| -> Vec<(String, String)> {
        let text = |thing: &Value, name: &str| thing[name].as_str().unwrap_or_default().to_owned();
        given(&person.path("back.json")).iter().map(|thing| (text(thing, "path"), text(thing, "name"))).collect()
    };
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(path, name)| ((*path).into(), (*name).into())).collect()
    };
    let part = person.ok(&["at", "vault", "restore", "-to", "@back", "latest:/docs"]).await;
    let expected =
        [("/", "docs"), ("/empty", "empty"), ("/latest", "latest"), ("/letter.txt", "letter.txt"), ("/tool", "tool")];
    assert_eq!(paths(&person), owned(&expected));
    let warning = "davault: warning: @back takes no extended attributes, and 3 extended attributes were left out\n";
    assert_eq!(part.err(), warning);
    person.ok(&["at", "vault", "restore", "-to", "@back", "latest:/docs/tool"]).await;
    assert_eq!(paths(&person), owned(&[("/", "docs"), ("/tool", "tool")]));
}

#[tokio::test]
async fn what_did_not_change_is_not_opened_again() {
    let mut things = home();
    let person = with_tree(&things).await;
    person.ok(&["at", "vault", "backup", "@mine"]).await;
    let attributes = ["/docs user.color", "/docs/letter.txt user.comment", "/docs/letter.txt user.empty"];
    let mut first = vec!["/docs/empty", "/docs/letter.txt", "/docs/tool", "/tar/tool"];
    first.extend(attributes);
    first.sort_unstable();
    assert_eq!(opened(&person), first);

    let again = person.ok(&["at", "vault", "backup", "--json", "@mine"]).await;
    assert_eq!((again.value("/unchanged"), again.value("/new_objects")), (json!(4), json!(0)), "{again:?}");
    assert_eq!(opened(&person), attributes);

    things[2]["xattrs"] = json!({ "user.comment": "final" });
    things[2]["attributes"] = json!(0);
    things[5]["gid"] = json!(1);
    put(&person.path("tree.json"), &things);
    person.ok(&["at", "vault", "backup", "@mine"]).await;
    assert_eq!(opened(&person), ["/docs user.color", "/docs/letter.txt user.comment", "/docs/tool"]);
    person.ok(&["at", "vault", "restore", "-to", "@back", "latest"]).await;
    let letter: Vec<Value> =
        given(&person.path("back.json")).into_iter().filter(|it| it["path"] == "/docs/letter.txt").collect();
    assert_eq!((letter.len(), &letter[0]["content"], &letter[1]["content"]), (2, &json!("Dear all"), &json!("final")));
}

#[tokio::test]
async fn one_that_fails_costs_itself_alone_and_keeps_its_last_version() {
    let mut things = home();
    let person = with_tree(&things).await;
    person.ok(&["at", "vault", "backup", "@mine"]).await;
    things[2]["ino"] = json!(8);
    things[2]["broken"] = json!("the disk is bad");
    things[5] = json!({ "path": "/docs/tool", "error": "permission denied" });
    things.as_array_mut().expect("a list").extend([
        json!({ "path": "/docs/empty", "mode": 0o600, "content": "not empty" }),
        json!({ "path": "/docs/nowhere", "mode": LINK | 0o777 }),
        json!({ "path": "/docs/unwanted", "mode": 0o600, "content": "x" }),
    ]);
    put(&person.path("tree.json"), &things);
    let made = person.run(&["at", "vault", "backup", "@mine"]).await;
    assert_eq!(made.code(), Some(3), "{made:?}");
    for expected in [
        "davault: /docs/letter.txt: cannot read /docs/letter.txt: the disk is bad; the version of the snapshot before was kept",
        "davault: /docs/letter.txt: extended attribute user.comment: cannot read /docs/letter.txt: the disk is bad; the value \
         of the snapshot before was kept",
        "davault: /docs/tool: permission denied; the version of the snapshot before was kept",
        "davault: /docs/empty: came twice; the first was kept",
        "davault: /docs/nowhere: is a link that does not say where to",
    ] {
        assert!(made.err().contains(expected), "{expected}\n{made:?}");
    }
    let restored = person.run(&["at", "vault", "restore", "--json", "-to", "@back", "latest"]).await;
    assert_eq!(restored.code(), Some(3), "{restored:?}");
    assert_eq!(restored.value("/failures"), json!([{ "path": "/docs/unwanted", "why": "there is no room for it" }]));
    let given = given(&person.path("back.json"));
    let content = |path: &str| given.iter().find(|thing| thing["path"] == path).map(|thing| thing["content"].clone());
    assert_eq!(content("/docs/letter.txt"), Some(json!("Dear all")));
    assert_eq!(content("/docs/tool"), Some(json!("#!")));
    assert!(given.iter().any(|thing| thing["xattr"] == "user.comment" && thing["content"] == "draft"));
}

#[tokio::test]
async fn what_cannot_be_in_a_snapshot_costs_nothing_else() {
    let things = json!([
        { "path": "/bucket/a", "mode": 0o600, "content": "a file" },
        { "path": "/bucket/a/b", "mode": 0o600, "content": "in a file" },
        { "path": "/bucket//c", "mode": 0o600, "content": "x" },
        { "path": "relative", "mode": 0o600, "content": "x" },
        { "path": "/bucket/../../etc/passwd", "mode": 0o600, "content": "x" },
        { "path": "/other/d/e", "mode": 0o600, "content": "x" },
        { "path": "/other/d", "mode": 0o600, "content": "a file with something in it" },
        { "path": "/odd", "mode": 1 << 19 },
        { "path": "/ghost", "xattrs_only": true, "xattrs": { "user.a": "x" } },
        { "path": "/other", "xattrs_only": true, "xattrs": { "user.a": "y" } },
    ]);
    let person = with_tree(&things).await;
    let made = person.run(&["at", "vault", "backup", "--json", "@mine"]).await;
    assert_eq!((made.code(), made.value("/snapshot/failed")), (Some(3), json!(6)), "{made:?}");
    assert_eq!(made.value("/not_kept/unknown"), 1, "{made:?}");
    for expected in [
        "davault: /bucket/a/b: the plugin listed /bucket/a/b in something that is no folder; it was left out",
        "davault: /: the plugin listed the path \"/bucket//c\", which has an empty name in it; it was left out",
        "davault: /: the plugin listed the path \"relative\", which is not absolute; it was left out",
        "davault: /: the plugin listed the path \"/bucket/../../etc/passwd\", which leads out of its folder; it was left out",
        "davault: /other/d: the plugin listed /other/d as a file, and something in it; it was left out",
        "davault: /ghost: was not listed, and so its extended attributes can't be kept",
        "1 thing is of a kind that it has no word for",
    ] {
        assert!(made.err().contains(expected), "{expected}\n{made:?}");
    }
    person.ok(&["at", "vault", "restore", "-to", "@back", "latest"]).await;
    let given = given(&person.path("back.json"));
    let paths: Vec<_> = given.iter().filter_map(|thing| thing["path"].as_str()).collect();
    assert_eq!(paths, ["/", "/bucket", "/bucket/a", "/other", "/other", "/other/d", "/other/d/e"]);
}

#[tokio::test]
async fn what_is_too_large_to_be_kept_costs_itself_alone() {
    let mut things = json!([
        { "path": "/far", "mode": LINK | 0o777, "target": "near" },
        { "path": "/good", "mode": 0o600, "content": "good" },
        { "path": "/huge", "mode": 0o600, "content": "a hint, and a wrong one", "size": 200_u64 << 30 },
        { "path": "/owned", "mode": 0o600, "content": "x", "group": "x".repeat(2000) },
    ]);
    let person = with_tree(&things).await;
    let made = person.run(&["at", "vault", "backup", "@mine"]).await;
    assert_eq!((made.code(), opened(&person)), (Some(3), vec!["/good".to_owned()]), "{made:?}");
    things[0]["target"] = json!("x".repeat(70_000));
    put(&person.path("tree.json"), &things);
    let made = person.run(&["at", "vault", "backup", "@mine"]).await;
    for expected in [
        "davault: /far: /far is a link whose target is longer than 64 KiB; the version of the snapshot before was kept",
        "davault: /huge: is larger than 128 GiB, which is more than a vault keeps of one file",
        "davault: /owned: has an owner or a group with a name of more than 1 KiB",
    ] {
        assert!(made.err().contains(expected), "{expected}\n{made:?}");
    }
    person.ok(&["at", "vault", "check", "--read-data"]).await;
    person.ok(&["at", "vault", "restore", "-to", "@back", "latest"]).await;
    let given = given(&person.path("back.json"));
    let kept: Vec<_> = given.iter().map(|it| (it["path"].as_str(), it["target"].as_str())).collect();
    assert_eq!(kept, [(Some("/"), None), (Some("/far"), Some("near")), (Some("/good"), None)]);
}

#[tokio::test]
async fn a_top_that_cannot_be_listed_keeps_all_of_the_snapshot_before() {
    let person = with_tree(&home()).await;
    person.ok(&["at", "vault", "backup", "@mine"]).await;
    put(&person.path("tree.json"), &json!([{ "path": "/", "error": "permission denied" }]));
    let made = person.run(&["at", "vault", "backup", "@mine"]).await;
    assert_eq!(made.code(), Some(3), "{made:?}");
    let expected = "davault: /: permission denied; 8 files were kept as the snapshot before has them";
    assert!(made.err().contains(expected), "{made:?}");
    person.ok(&["at", "vault", "restore", "-to", "@back", "latest"]).await;
    let now = given(&person.path("back.json"));
    assert_eq!(now.len(), 15);
    assert_eq!((&now[0]["mode"], &now[0]["seconds"]), (&json!(FOLDER | STICKY | 0o777), &json!(5)));
}

#[tokio::test]
async fn an_attribute_that_cannot_be_listed_keeps_its_value_and_one_of_today_is_newer() {
    let things = json!([
        { "path": "/closed", "mode": FOLDER, "xattrs": { "user.a": "yesterday", "user.b": "kept" } },
        { "path": "/file", "mode": 0o600, "content": "x", "xattrs": { "user.a": "one", "user.b": "two" } },
    ]);
    let person = with_tree(&things).await;
    person.ok(&["at", "vault", "backup", "@mine"]).await;
    let things = json!([
        { "path": "/closed", "xattrs_only": true, "xattrs": { "user.a": "today" } },
        { "path": "/closed", "error": "permission denied" },
        { "path": "/file", "mode": 0o600, "content": "x", "xattrs": { "user.a": "new" },
          "xattr_errors": { "user.b": "permission denied", "user.c": "permission denied" } },
    ]);
    put(&person.path("tree.json"), &things);
    let made = person.run(&["at", "vault", "backup", "@mine"]).await;
    assert_eq!(made.code(), Some(3), "{made:?}");
    for expected in [
        "davault: /file: extended attribute user.b: permission denied; the value of the snapshot before was kept\n",
        "davault: /file: extended attribute user.c: permission denied\n",
        "davault: /closed: permission denied",
    ] {
        assert!(made.err().contains(expected), "{expected}\n{made:?}");
    }
    person.ok(&["at", "vault", "restore", "-to", "@back", "latest"]).await;
    let given = given(&person.path("back.json"));
    let contents: Vec<_> = given
        .iter()
        .filter(|it| it["xattr"].is_string())
        .map(|it| format!("{} {} {}", it["path"], it["xattr"], it["content"]).replace('"', ""))
        .collect();
    let expected = ["/closed user.a today", "/closed user.b kept", "/file user.a new", "/file user.b two"];
    assert_eq!(contents, expected);
    assert_eq!(given.iter().find(|it| it["path"] == "/closed").map(|it| &it["mode"]), Some(&json!(FOLDER)));
}

#[tokio::test]
async fn sizes_that_are_wrong_or_unknown_and_contents_of_any_size_are_stored_right() {
    let things = json!([
        { "path": "/short", "mode": 0o600, "content": "four", "size": 100 },
        { "path": "/long", "mode": 0o600, "content": "longer than said", "size": 3 },
        { "path": "/unknown", "mode": 0o600, "content": "who knows", "size": -1 },
        { "path": "/dated", "mode": 0o600, "content": "who knows", "size": -1, "seconds": 5 },
        { "path": "/large", "mode": 0o600, "content": "0123456789abcdef", "times": 2_000_000, "size": 32_000_000,
          "xattrs": {} },
        { "path": "/attributed", "mode": 0o600, "content": "", "xattrs": { "user.large": "x".repeat(70_000) } },
    ]);
    let person = with_tree(&things).await;
    let made = person.ok(&["at", "vault", "backup", "--json", "@mine"]).await;
    assert_eq!(made.value("/not_kept/extended_attributes"), 1, "{made:?}");
    assert!(made.err().contains("1 extended attribute is larger than 64 KiB"), "{made:?}");
    assert_eq!(opened(&person).len(), 7);
    let again = person.ok(&["at", "vault", "backup", "--json", "@mine"]).await;
    assert_eq!(again.value("/new_objects"), 0, "{again:?}");
    // Where neither size nor time nor number is known, nothing says that the content is the same.
    assert_eq!(opened(&person), ["/attributed user.large", "/long", "/short", "/unknown"]);
    person.ok(&["at", "vault", "check", "--read-data"]).await;
    person.ok(&["at", "vault", "restore", "-to", "@back", "latest"]).await;
    let given = given(&person.path("back.json"));
    let lengths: Vec<_> =
        given.iter().map(|it| (it["path"].as_str(), it["size"].as_u64(), it["length"].as_u64())).collect();
    let same = |path: &'static str, length: u64| (Some(path), Some(length), Some(length));
    let expected = [
        (Some("/"), None, None),
        (Some("/attributed"), None, None),
        same("/dated", 9),
        same("/large", 32_000_000),
        same("/long", 16),
        same("/short", 4),
        same("/unknown", 9),
    ];
    assert_eq!(lengths, expected);
}

#[tokio::test]
async fn what_davaults_own_destinations_cannot_take_is_said_item_by_item() {
    let person = with_tree(&home()).await;
    person.ok(&["at", "vault", "backup", "@mine"]).await;
    let restored = person.run(&["at", "vault", "restore", "-to", "./folder", "latest"]).await;
    assert_eq!(restored.code(), Some(3), "{restored:?}");
    for expected in [
        "davault: /docs/latest: /docs/latest is neither a folder nor a file",
        "davault: /run/pipe: /run/pipe is neither a folder nor a file",
        "davault: warning: ",
    ] {
        assert!(restored.err().contains(expected), "{expected}\n{restored:?}");
    }
    let other = person.run(&["at", "other", "create", "-key-memory", "8"]).await;
    assert_eq!(other.code(), Some(0), "{other:?}");
    person.ok(&["at", "vault", "sync", "to", "other"]).await;
    let reader = read(&person, "latest", "read", "a passphrase for tests").await;
    assert!(reader.status.success(), "{}", String::from_utf8_lossy(&reader.stderr));
    let target = fs::read_link(person.path("read/docs/latest")).expect("a link");
    assert_eq!(target, Path::new("../docs/letter.txt"));
    person.ok(&["at", "other", "restore", "-to", "@back", "latest"]).await;
    assert_eq!(given(&person.path("back.json")).len(), 15, "a copy has all of it");
    person.ok(&["at", "vault", "prune"]).await;
}
