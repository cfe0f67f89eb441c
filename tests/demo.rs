//! The demo's account, which lies in the repository for people to read.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::support::generate::Account;

#[test]
fn the_demos_account_is_the_readable_one() {
    let made = tempfile::tempdir().expect("a folder");
    Account::readable().write_vdir(made.path()).expect("written");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/account");
    assert_eq!(files(&kept, &kept), files(made.path(), made.path()), "write it again with `bench/account.rs`");
}

#[tokio::test]
async fn the_demo_loses_a_calendar_and_brings_it_back() {
    let stage = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/run");
    let mut demo = Command::new(script);
    demo.env("DAVAULT_PROGRAM", env!("CARGO_BIN_EXE_davault")).env("DAVAULT_DEMO", stage.path());
    let output = demo.stdin(Stdio::null()).output().await.expect("the demo starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let family: Vec<_> = said.match_indices("  Family (calendar)\n").collect();
    assert_eq!(family.len(), 2, "it is there, is lost, and is there again:\n{said}");
    assert!(said.contains("\n$ davault at ./vault restore -to @alice latest:/calendars/family\n"), "{said}");
}

/// Every file below `folder`: its path from `root` and its bytes, in order.
fn files(root: &Path, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(root, &path));
        } else {
            let name = path.strip_prefix(root).expect("below the root").display().to_string();
            found.push((name, fs::read(&path).expect("a file")));
        }
    }
    found.sort();
    found
}
