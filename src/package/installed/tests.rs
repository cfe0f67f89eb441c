use super::super::ptar::crafted::{Crafted, file};
use super::super::ptar::{File as Packed, write_reproducible};
use super::*;

const MANIFEST_TEXT: &str = "name: other\ndescription: For tests\nconnectors:\n- {type: importer, protocols: [tst], executable: bin/run, args: [a]}\n";

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Home(tempfile::tempdir().unwrap())
    }

    fn packages(&self) -> Packages {
        Packages::at(&self.0.path().join("data/packages"))
    }

    /// Writes the file of a package and installs it.
    fn add(&self, name: &str, bytes: &[u8]) -> Result<Added, Error> {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        self.packages().add(&path)
    }

    /// What is in the folder of packages, without the lock.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path().join("data/packages")).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "lock");
        names.sort();
        names
    }
}

fn file_name(version: &str) -> String {
    FileName::new("test", version, Platform::here()).unwrap().to_string()
}

fn files(content: &[u8]) -> Vec<Packed> {
    vec![file("/manifest.yaml", 0o644, MANIFEST_TEXT.as_bytes()), file("/bin/run", 0o6775, content)]
}

fn package(content: &[u8]) -> Vec<u8> {
    write_reproducible(&files(content), &[], 1, "test")
}

#[test]
fn a_package_is_installed_as_a_whole_and_found_by_protocol() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let Added::New(installed) = home.add(&file_name("v1.0.0"), &package(b"one")).unwrap() else { panic!("it is new") };
    assert_eq!(home.packages().list().unwrap().installed, std::slice::from_ref(&installed));
    let (found, connector) = home.packages().find(&ConnectorKind::Importer, "TST").unwrap().unwrap();
    assert_eq!(found, installed);
    let program = found.program(&connector);
    assert_eq!(fs::read(&program).unwrap(), b"one");
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o7777, 0o755, "others may not write it");
    assert_eq!(home.packages().find(&ConnectorKind::Exporter, "tst").unwrap(), None);
    let again = home.add(&file_name("v1.0.0"), &package(b"one")).unwrap();
    assert_eq!(again, Added::Same(installed));
}

#[test]
fn a_newer_version_replaces_and_an_older_one_does_not() {
    let home = Home::new();
    home.add(&file_name("v1.9.0"), &package(b"one")).unwrap();
    let replaced = home.add(&file_name("v1.10.0"), &package(b"two")).unwrap();
    let Added::Replaced(installed, old) = replaced else { panic!("it replaces") };
    assert_eq!(old, "v1.9.0");
    assert_eq!(fs::read(installed.folder.join("bin/run")).unwrap(), b"two");
    assert_eq!(home.names().len(), 2, "the old folder is gone: {:?}", home.names());
    let error = home.add(&file_name("v1.9.0"), &package(b"one")).unwrap_err();
    assert_eq!(error.to_string(), "the newer version v1.10.0 of it is installed");
    home.packages().remove("test").unwrap();
    assert!(home.names().is_empty(), "{:?}", home.names());
    let error = home.packages().remove("test").unwrap_err();
    assert_eq!(error.to_string(), "no package \"test\" is installed (there is none)");
    home.add(&file_name("v1.9.0"), &package(b"one")).unwrap();
}

#[test]
fn what_an_installation_that_was_broken_off_left_is_swept_away() {
    let home = Home::new();
    home.add(&file_name("v1.0.0"), &package(b"one")).unwrap();
    let half = home.0.path().join("data/packages/test_v1.1.0_x_y-00");
    fs::create_dir_all(half.join("bin")).unwrap();
    fs::write(home.0.path().join("data/packages/test.new"), "{").unwrap();
    assert_eq!(home.packages().list().unwrap().installed.len(), 1);
    home.add(&file_name("v1.1.0"), &package(b"two")).unwrap();
    assert!(!half.exists());
    assert_eq!(home.names().len(), 2, "{:?}", home.names());
    // What is not of a package is nobody's to remove.
    let foreign = home.0.path().join("data/packages/notes of mine");
    fs::create_dir(&foreign).unwrap();
    home.add(&file_name("v1.2.0"), &package(b"three")).unwrap();
    assert!(foreign.exists());
}

#[test]
fn a_package_whose_files_were_lost_is_installed_again_by_the_same_file() {
    let home = Home::new();
    let of = |added: Added| match added {
        Added::New(installed) => (true, installed),
        Added::Same(installed) => (false, installed),
        Added::Replaced(_, old) => panic!("nothing is older, and not {old}"),
    };
    let file = package(b"one");
    let mut installed = of(home.add(&file_name("v1.0.0"), &file).unwrap()).1;
    for damage in 0..4 {
        let program = installed.folder.join("bin/run");
        match damage {
            0 => fs::remove_file(&program).unwrap(),
            1 => fs::write(&program, "two").unwrap(),
            2 => fs::remove_dir_all(&installed.folder).unwrap(),
            _ => fs::write(home.0.path().join("data/packages/test.json"), "{").unwrap(),
        }
        let (is_new, again) = of(home.add(&file_name("v1.0.0"), &file).unwrap());
        assert!(is_new, "{damage}");
        assert_eq!(fs::read(again.folder.join("bin/run")).unwrap(), b"one");
        assert_eq!(home.names().len(), 2, "{:?}", home.names());
        installed = again;
    }
    assert!(!of(home.add(&file_name("v1.0.0"), &file).unwrap()).0);
}

#[test]
fn a_damaged_package_keeps_nobody_from_the_others() {
    let home = Home::new();
    home.add(&file_name("v1.0.0"), &package(b"one")).unwrap();
    let other = MANIFEST_TEXT.replace("tst", "other");
    let other = write_reproducible(
        &[file("/manifest.yaml", 0o644, other.as_bytes()), file("/bin/run", 0o755, b"")],
        &[],
        1,
        "",
    );
    let name = FileName::new("second", "v1.0.0", Platform::here()).unwrap().to_string();
    home.add(&name, &other).unwrap();
    fs::write(home.0.path().join("data/packages/second.json"), "{}").unwrap();
    let listing = home.packages().list().unwrap();
    assert_eq!(listing.installed.iter().map(|one| one.file_name.name.as_str()).collect::<Vec<_>>(), ["test"]);
    let [(name, error)] = listing.damaged.as_slice() else { panic!("{listing:?}") };
    assert!(name == "second" && error.what.ends_with("second.json can't be understood"), "{error}");
    assert!(home.packages().find(&ConnectorKind::Importer, "tst").unwrap().is_some());
    let error = home.packages().find(&ConnectorKind::Importer, "elsewhere").unwrap_err();
    assert_eq!(error.what, "the package second can't be used, and no other is for elsewhere://");
    home.add(&file_name("v1.1.0"), &package(b"two")).unwrap();
    home.packages().remove("second").unwrap();
    assert!(home.packages().list().unwrap().damaged.is_empty());
}

#[test]
fn a_package_with_any_byte_flipped_or_cut_anywhere_leaves_nothing() {
    let home = Home::new();
    let whole = package(b"#!/bin/sh\n");
    for at in (0..whole.len()).step_by(3) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        for bytes in [&flipped, &whole[..at]] {
            let error = home.add(&file_name("v1.0.0"), bytes).unwrap_err();
            assert!(matches!(error.kind, ErrorKind::Damaged | ErrorKind::Refused), "{at}: {error}");
        }
    }
    assert!(home.names().is_empty());
}

#[test]
fn a_package_that_is_refused_leaves_nothing_and_what_was_there_stays() {
    let home = Home::new();
    home.add(&file_name("v1.0.0"), &package(b"one")).unwrap();
    let before = home.names();
    let mut damaged = package(b"two");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert_eq!(home.add(&file_name("v1.1.0"), &damaged).unwrap_err().kind, ErrorKind::Damaged);
    let mut link = Crafted::new(false);
    link.file("/manifest.yaml", MANIFEST_TEXT.as_bytes());
    link.entry("/run", ("/", "run"), 1 << 27 | 0o777, None);
    let mut setuid_pipe = Crafted::new(false);
    setuid_pipe.entry("/run", ("/", "run"), 1 << 25 | 0o777, None);
    let with = |from: &str, to: &str| {
        let manifest = MANIFEST_TEXT.replace(from, to);
        write_reproducible(
            &[file("/manifest.yaml", 0o644, manifest.as_bytes()), file("/bin/run", 0o755, b"")],
            &[],
            1,
            "",
        )
    };
    for (bytes, why) in [
        (link.finish(1), "\"/run\" is a symbolic link, which no package holds"),
        (setuid_pipe.finish(1), "\"/run\" is neither file nor folder"),
        (write_reproducible(&[file("/x", 0o755, b"")], &[], 1, ""), "it holds no manifest.yaml"),
        (with("bin/run", "bin/other"), "\"bin/other\", which its manifest names, is no executable file in it"),
        (with("bin/run", "bin"), "\"bin\", which its manifest names, is no executable file in it"),
        (with("bin/run", "manifest.yaml"), "\"manifest.yaml\", which its manifest names, is no executable file in it"),
        (with("bin/run", "../run"), "manifest.yaml names \"../run\", which is no file below its folder"),
        (
            with("args: [a]", "extra_files: [x/../../y]"),
            "manifest.yaml names \"x/../../y\", which is no file below its folder",
        ),
        (with("- {", "- ["), "manifest.yaml: line 5 can't be understood"),
        (with("name: other", &"# long\n".repeat(40_000)), "its manifest.yaml is too long"),
    ] {
        assert_eq!(home.add(&file_name("v1.1.0"), &bytes).unwrap_err().to_string(), why);
    }
    let other = FileName::new("second", "v1.0.0", Platform::here()).unwrap().to_string();
    let taken = home.add(&other, &package(b"one")).unwrap_err();
    assert_eq!(taken.to_string(), "it is for tst://, which the package test speaks already");
    let case = home.add(&FileName::new("TEST", "v1.0.0", Platform::here()).unwrap().to_string(), &package(b"one"));
    assert!(case.is_err());
    let elsewhere = home.add("test_v1.1.0_plan9_amd64.ptar", &package(b"one")).unwrap_err().to_string();
    assert_eq!(elsewhere, format!("it is for plan9/amd64, and this machine is {}", Platform::here()));
    assert_eq!(home.names(), before);
}

#[test]
fn a_record_that_leads_elsewhere_is_damaged_and_can_be_removed() {
    let home = Home::new();
    home.add(&file_name("v1.0.0"), &package(b"one")).unwrap();
    let outside = home.0.path().join("data/outside");
    fs::create_dir(&outside).unwrap();
    let record = home.0.path().join("data/packages/test.json");
    for folder in
        ["../outside".to_owned(), format!("{}/../../outside", FileName::parse(&file_name("v1.0.0")).unwrap().stem())]
    {
        let text = serde_json::json!({ "file": file_name("v1.0.0"), "sha256": "", "folder": folder }).to_string();
        fs::write(&record, text).unwrap();
        assert_eq!(home.packages().get("test").unwrap_err().kind, ErrorKind::Damaged);
    }
    assert_eq!(home.packages().get("../test").unwrap_err().kind, ErrorKind::NotFound);
    home.packages().remove("test").unwrap();
    assert!(outside.exists() && home.names().is_empty(), "{:?}", home.names());
}
