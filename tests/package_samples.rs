//! Archives that the genuine host made, which are not part of this repository: a folder of them and a listing of what each
//! holds is named by `DAVAULT_PTAR_SAMPLES`, for `cargo test --test all -- --ignored package_samples`.

use std::fs;
use std::path::PathBuf;

use davault::package::ptar::{Archive, EntryKind};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::person::Person;

fn samples() -> (PathBuf, Vec<Value>) {
    let folder = PathBuf::from(std::env::var_os("DAVAULT_PTAR_SAMPLES").expect("DAVAULT_PTAR_SAMPLES names a folder"));
    let text = fs::read_to_string(folder.join("listing.json")).expect("a listing");
    let listing: Value = serde_json::from_str(&text).expect("a listing");
    (folder, listing.get("samples").and_then(Value::as_array).expect("samples").clone())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Path, mode and hash of each file, and each folder and link, as the listing has them.
fn listed(sample: &Value) -> Vec<String> {
    let list = |key: &str| sample[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let file = |file: &Value| format!("{} {} {}", text(&file["path"]), text(&file["mode"]), text(&file["sha256"]));
    let mut lines: Vec<String> = list("files").iter().map(file).collect();
    lines.extend(list("dirs").iter().map(text));
    lines.extend(list("symlinks").iter().map(|link| format!("{} -> {}", text(&link["path"]), text(&link["target"]))));
    lines.sort();
    lines
}

fn read(archive: &Archive) -> Vec<String> {
    let line = |entry: &davault::package::ptar::Entry| match &entry.kind {
        EntryKind::File(object) => {
            let mut content = Vec::new();
            archive.read(object, &mut content).expect("a file");
            format!("{} {:04o} {}", entry.path, entry.permissions, hex(&content))
        }
        EntryKind::Folder => entry.path.clone(),
        EntryKind::Link(target) => format!("{} -> {target}", entry.path),
        EntryKind::Other => panic!("{} is nothing that is listed", entry.path),
    };
    let mut lines: Vec<String> = archive.entries().iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
#[ignore = "needs archives that are not ours to keep here"]
fn all_are_read_as_listed() {
    let (folder, samples) = samples();
    for sample in &samples {
        let name = sample["file"].as_str().expect("a name");
        let bytes = fs::read(folder.join(name)).expect("a sample");
        match Archive::open(&bytes) {
            Ok(archive) => {
                assert!(sample["error"].is_null(), "{name} must be refused");
                assert_eq!(read(&archive), listed(sample), "{name}");
                assert_eq!(archive.is_compressed(), sample["compression"] == "LZ4", "{name}");
            }
            Err(error) => assert!(!sample["error"].is_null(), "{name}: {error}"),
        }
    }
}

#[test]
#[ignore = "needs archives that are not ours to keep here"]
fn each_is_refused_with_a_byte_flipped_or_its_end_cut_off() {
    let (folder, samples) = samples();
    for sample in &samples {
        let name = sample["file"].as_str().expect("a name");
        let whole = fs::read(folder.join(name)).expect("a sample");
        for at in (0..whole.len()).step_by(whole.len() / 150) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x20;
            for bytes in [&flipped, &whole[..at]] {
                let error = Archive::open(bytes).err().unwrap_or_else(|| panic!("{name}: byte {at} means nothing"));
                assert!(error.to_string().contains(' '), "{error}");
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs archives that are not ours to keep here"]
async fn packages_of_both_generations_are_installed() {
    let (folder, samples) = samples();
    let mut count = 0;
    for sample in &samples {
        let name = sample["file"].as_str().expect("a name");
        if !name.ends_with("_linux_amd64.ptar") {
            continue;
        }
        count += 1;
        let person = Person::new();
        let path = folder.join(name);
        person.ok(&["pkg", "add", path.to_str().expect("a path")]).await;
        let package = name.split('_').next().expect("a name");
        let shown = person.ok(&["pkg", "show", "--json", package]).await;
        let installed = PathBuf::from(shown.value("/folder").as_str().expect("a folder"));
        for file in sample["files"].as_array().expect("files") {
            let path = file["path"].as_str().expect("a path").trim_start_matches('/');
            assert_eq!(hex(&fs::read(installed.join(path)).expect("a file")), file["sha256"], "{name}: {path}");
        }
    }
    assert!(count >= 3, "{count}");
}
