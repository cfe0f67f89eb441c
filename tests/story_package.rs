//! A person makes a package of a connector, installs it, upgrades it, and takes it away again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use davault::package::Platform;

use crate::support::person::Person;

const MANIFEST: &str = "\
name: notes
display_name: Notes
description: Reads notes from a folder
license: MIT
tags: [notes, test]
api_version: 1.1.0
connectors:
  - type: importer
    class: notes
    protocols: [notes, mynotes]
    location_flags: [localfs, stream]
    executable: bin/notes
    args: [read, fast]
    validator: schema.json
    extra_files: [share/help.txt]
  - type: exporter
    protocols: [notes]
    executable: bin/notes
";

/// A folder with a connector, as its author has it.
fn connector(folder: &Path, program: &str) {
    for (name, content, mode) in [
        ("manifest.yaml", MANIFEST, 0o640),
        ("bin/notes", program, 0o700),
        ("schema.json", "{\"type\": \"object\"}", 0o600),
        ("share/help.txt", "", 0o644),
        ("not packed", "x", 0o644),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
    }
}

fn file_name(version: &str) -> String {
    let Platform { os, arch } = Platform::here();
    format!("notes_{version}_{os}_{arch}.ptar")
}

#[tokio::test]
async fn a_package_is_made_installed_upgraded_and_removed() {
    let person = Person::new();
    connector(&person.path("src"), "#!/bin/sh\necho one\n");
    let made = person.ok(&["pkg", "create", "src/manifest.yaml", "v1.0.0"]).await;
    let first = file_name("v1.0.0");
    assert!(made.out().starts_with(&format!("made {first} (")), "{made:?}");
    let twice = person.run(&["pkg", "create", "src/manifest.yaml", "v1.0.0"]).await;
    assert_eq!(twice.code(), Some(1), "{twice:?}");
    fs::create_dir(person.path("out")).expect("a folder");
    person.ok(&["pkg", "create", "src/manifest.yaml", "v1.0.0", "-out", "out"]).await;
    let bytes = fs::read(person.path(&first)).expect("the package");
    assert_eq!(
        fs::read(person.path("out").join(&first)).expect("the package"),
        bytes,
        "the same files, the same bytes"
    );

    let line = "notes v1.0.0: importer notes://, mynotes://; exporter notes://\n";
    assert_eq!(person.ok(&["pkg", "add", &first]).await.out(), format!("installed {line}"));
    assert_eq!(person.ok(&["pkg", "add", &first]).await.out(), format!("installed already: {line}"));
    assert_eq!(person.ok(&["pkg", "list"]).await.out(), line);
    let shown = person.ok(&["pkg", "show", "--json", "notes"]).await;
    assert_eq!(shown.value("/connectors/0/location_flags/1"), "stream");
    assert_eq!(shown.value("/connectors/0/args"), serde_json::json!(["read", "fast"]));
    let program = shown.value("/connectors/0/program").as_str().expect("a path").to_owned();
    let ran = std::process::Command::new(&program).output().expect("it can be started");
    assert_eq!(ran.stdout, b"one\n");
    let text = person.ok(&["pkg", "show", "notes"]).await.out();
    for part in ["notes v1.0.0\n", "  about: Reads notes from a folder\n", "    runs bin/notes read fast\n"] {
        assert!(text.contains(part), "{text}");
    }

    fs::write(person.path("src/bin/notes"), "#!/bin/sh\necho two\n").expect("a new program");
    person.ok(&["pkg", "create", "src/manifest.yaml", "v1.1.0"]).await;
    let upgraded = person.ok(&["pkg", "add", &file_name("v1.1.0")]).await.out();
    assert!(upgraded.starts_with("replaced v1.0.0, installed notes v1.1.0: "), "{upgraded}");
    assert!(!Path::new(&program).exists(), "nothing of the old version stays");
    let back = person.run(&["pkg", "add", &first]).await;
    assert_eq!(back.code(), Some(1), "{back:?}");
    let why = format!("davault: cannot install {first}: the newer version v1.1.0 of it is installed\n");
    assert_eq!(back.err(), why + "To go back, remove that one first: `davault pkg rm NAME`.\n");

    assert_eq!(person.ok(&["pkg", "rm", "notes"]).await.out(), "removed notes\n");
    assert_eq!(person.ok(&["pkg", "list"]).await.out(), "");
    let gone = person.run(&["pkg", "show", "notes"]).await;
    assert_eq!((gone.code(), gone.out()), (Some(2), String::new()), "{gone:?}");
}

#[tokio::test]
async fn a_damaged_package_is_refused_and_the_installed_one_stays() {
    let person = Person::new();
    connector(&person.path("src"), "#!/bin/sh\necho one\n");
    for version in ["v1.0.0", "v1.1.0"] {
        person.ok(&["pkg", "create", "src/manifest.yaml", version]).await;
    }
    person.ok(&["pkg", "add", &file_name("v1.0.0")]).await;
    let path = person.path(&file_name("v1.1.0"));
    let whole = fs::read(&path).expect("the package");
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).expect("the package");
        let ran = person.run(&["pkg", "add", &file_name("v1.1.0")]).await;
        assert_eq!(ran.code(), Some(1), "{ran:?}");
        assert!(ran.err().starts_with(&format!("davault: cannot install {}: ", file_name("v1.1.0"))), "{ran:?}");
    }
    assert!(person.ok(&["pkg", "list"]).await.out().starts_with("notes v1.0.0: "));
    let folders = fs::read_dir(person.path(".local/share/davault/packages")).expect("the packages");
    assert_eq!(folders.count(), 3, "a record, a folder and the lock");
}

#[tokio::test]
async fn a_damaged_package_is_named_and_the_others_are_listed() {
    let person = Person::new();
    connector(&person.path("src"), "#!/bin/sh\n");
    person.ok(&["pkg", "create", "src/manifest.yaml", "v1.0.0"]).await;
    person.ok(&["pkg", "add", &file_name("v1.0.0")]).await;
    let packages = person.path(".local/share/davault/packages");
    fs::write(packages.join("broken.json"), "{").expect("a record");
    let listed = person.run(&["pkg", "list"]).await;
    assert_eq!(listed.code(), Some(3), "{listed:?}");
    assert!(listed.out().starts_with("notes v1.0.0: "), "{listed:?}");
    let path = packages.join("broken.json");
    let why = format!("davault: the package broken can't be used: {} can't be understood\n", path.display());
    let advice = "Install it again with `davault pkg add`, or remove it: `davault pkg rm broken`.\n";
    assert_eq!(listed.err(), why + advice);
    person.ok(&["pkg", "rm", "broken"]).await;
    person.ok(&["pkg", "list"]).await;
}

#[tokio::test]
async fn of_a_folder_among_the_extra_files_the_folder_is_packed() {
    let person = Person::new();
    connector(&person.path("src"), "#!/bin/sh\n");
    fs::write(person.path("src/manifest.yaml"), MANIFEST.replace("share/help.txt", "share")).expect("a file");
    let made = person.ok(&["pkg", "create", "src/manifest.yaml", "v1.0.0"]).await;
    let why = "only the folder itself is packed, as plakar has it: name its files one by one";
    assert_eq!(made.err(), format!("davault: warning: share: {why}\n"));
    person.ok(&["pkg", "add", &file_name("v1.0.0")]).await;
    let shown = person.ok(&["pkg", "show", "--json", "notes"]).await;
    let share = Path::new(shown.value("/folder").as_str().expect("a folder")).join("share");
    assert_eq!(fs::read_dir(share).expect("a folder").count(), 0);
}

#[tokio::test]
async fn what_a_manifest_names_must_be_there_below_it_and_what_it_is_named_as() {
    let person = Person::new();
    connector(&person.path("src"), "#!/bin/sh\n");
    let src = person.path("src");
    fs::write(person.path("secret"), "x").expect("a file");
    let wrong =
        |from: &str, to: &str| fs::write(src.join("manifest.yaml"), MANIFEST.replace(from, to)).expect("a file");
    std::os::unix::fs::symlink(person.path("secret"), src.join("link")).expect("a link");
    for (from, to, why) in [
        ("share/help.txt", "link", "link leads out of the manifest's folder"),
        ("schema.json", "share", "share is no file"),
        ("share/help.txt", "../secret", "manifest.yaml names \"../secret\", which is no file below its folder"),
        ("bin/notes", "schema.json", "schema.json is not executable: chmod +x it"),
        ("schema.json", "share/help.txt", "share/help.txt is a validator and no JSON object"),
    ] {
        wrong(from, to);
        let ran = person.run(&["pkg", "create", "src/manifest.yaml", "v1"]).await;
        assert_eq!(ran.code(), Some(1), "{ran:?}");
        assert!(ran.err().ends_with(&format!("{why}\n")), "{ran:?}");
    }
    wrong("notes", "notes");
    let version = person.run(&["pkg", "create", "src/manifest.yaml", "1.0.0"]).await;
    assert_eq!(version.code(), Some(2), "{version:?}");
    assert!(!person.path(&file_name("v1")).exists());
}

#[tokio::test]
async fn davaults_own_package_is_made_of_its_manifest_and_can_be_installed_beside_it() {
    let person = Person::new();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("manifest.yaml"), person.path("manifest.yaml")).expect("ours");
    fs::write(person.path("davault"), "#!/bin/sh\n").expect("a program");
    fs::set_permissions(person.path("davault"), fs::Permissions::from_mode(0o755)).expect("a mode");
    person.ok(&["pkg", "create", "manifest.yaml", "v0.1.0"]).await;
    let Platform { os, arch } = Platform::here();
    let note = "davault speaks caldav://, carddav:// and dav:// itself and does not use this package for it\n";
    let added = person.ok(&["pkg", "add", &format!("davault_v0.1.0_{os}_{arch}.ptar")]).await.out();
    let line = "davault v0.1.0: importer caldav://, carddav://, dav://; exporter caldav://, carddav://, dav://\n";
    assert_eq!(added, format!("installed {line}{note}"));
    assert!(person.ok(&["pkg", "show", "davault"]).await.out().ends_with(&format!("  {note}")));
    assert_eq!(person.ok(&["pkg", "list"]).await.out(), line);
}
