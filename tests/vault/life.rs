//! Creating, opening, backing up, finding and reading.

use std::collections::BTreeMap;

use bytes::Bytes;
use davault::vault::{Ending, ErrorKind, Meta, NodeKind, Place, Totals, Vault};

use super::world::{CHEAP, at, back_up, events, everything, head, in_memory, new_vault, open, passphrase, version};

fn files(these: &[(&str, &str)]) -> Vec<(String, Bytes)> {
    these.iter().map(|(path, content)| ((*path).to_owned(), Bytes::from((*content).to_owned()))).collect()
}

#[tokio::test]
async fn what_was_backed_up_is_read_back_by_another_process() {
    let (_, place) = in_memory();
    let vault = new_vault(&place).await;
    let mut these =
        files(&[("/calendars/work/a.ics", "one"), ("/calendars/work/empty", ""), ("/contacts/x.vcf", "two")]);
    these.push(("/big".into(), (0..3_000_000_u32).flat_map(|n| version(&n.to_le_bytes()).to_le_bytes()).collect()));
    these.sort();
    let (snapshot, written) = back_up(&vault, &these, 1).await;
    assert_eq!(snapshot.counts, Totals { folders: 3, items: 4, bytes: 24_000_006 });
    assert!(written.stored_bytes > 24_000_000);
    for vault in [vault, open(&place).await] {
        let found = vault.snapshots().await.unwrap().whole;
        assert_eq!(found, std::slice::from_ref(&snapshot));
        assert_eq!(everything(&vault, &snapshot).await, these);
    }
}

#[tokio::test]
async fn a_large_folder_comes_back_in_order_and_each_entry_is_found() {
    let (_, place) = in_memory();
    let vault = new_vault(&place).await;
    let mut these = events(3000, 1);
    let (snapshot, _) = back_up(&vault, &these, 1).await;
    these.sort();
    assert_eq!(everything(&vault, &snapshot).await, these);
    for (path, content) in these.iter().step_by(97) {
        let node = vault.entry(&snapshot, path).await.unwrap();
        assert_eq!(node.meta.version, version(content));
        assert_eq!(vault.read(&node).await.unwrap(), content);
    }
    let error = vault.entry(&snapshot, "/calendars/work/zzz").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let folder = vault.entry(&snapshot, "/calendars/work").await.unwrap();
    assert_eq!(vault.children(&folder).await.unwrap().len(), 3000);
}

#[tokio::test]
async fn a_folder_on_disk_holds_a_vault_and_a_second_creation_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("new").join("vault");
    let place = Place::parse(location.to_str().unwrap(), &BTreeMap::default()).unwrap();
    assert_eq!(Vault::open(&place, &passphrase("x")).await.err().unwrap().kind, ErrorKind::NotAVault);
    let vault = Vault::create(&place, &passphrase("x"), CHEAP, at(0)).await.unwrap();
    let these = events(50, 2);
    let (snapshot, _) = back_up(&vault, &these, 1).await;
    let error = Vault::create(&place, &passphrase("x"), CHEAP, at(0)).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Exists);
    let vault = Vault::open(&place, &passphrase("x")).await.unwrap();
    assert_eq!(everything(&vault, &snapshot).await.len(), 50);
    let error = Vault::open(&place, &passphrase("y")).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::WrongPassphrase);
    assert_eq!(error.to_string(), format!("this passphrase does not open the vault in {}", location.display()));
    let other = Place::parse(folder.path().to_str().unwrap(), &BTreeMap::default()).unwrap();
    assert_eq!(Vault::create(&other, &passphrase("x"), CHEAP, at(0)).await.err().unwrap().kind, ErrorKind::Exists);
}

#[tokio::test]
async fn snapshots_are_found_by_prefix_by_latest_and_by_source() {
    let (_, place) = in_memory();
    let vault = new_vault(&place).await;
    assert_eq!(vault.find("latest").await.unwrap_err().kind, ErrorKind::NotFound);
    let (first, _) = back_up(&vault, &files(&[("/a", "1")]), 1).await;
    let backup = vault.backup(head("home")).await.unwrap();
    let (second, _) = backup.finish(at(2), Ending::default()).await.unwrap();
    assert_eq!(vault.find("latest").await.unwrap(), second);
    assert_eq!(vault.find("latest@work").await.unwrap(), first);
    assert_eq!(vault.find(&first.id[..12]).await.unwrap(), first);
    assert_eq!(vault.find("latest@none").await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(vault.find("xyz").await.unwrap_err().kind, ErrorKind::NotFound);
    for n in 3..40 {
        back_up(&vault, &[], n).await;
    }
    let digits: Vec<String> =
        vault.snapshots().await.unwrap().whole.iter().map(|snapshot| snapshot.id[..1].to_owned()).collect();
    let twice = digits.iter().find(|digit| digits.iter().filter(|other| other == digit).count() > 1).unwrap();
    assert_eq!(vault.find(twice).await.unwrap_err().kind, ErrorKind::Ambiguous);
}

#[tokio::test]
async fn what_is_kept_needs_no_content_and_what_came_twice_is_refused() {
    let (_, place) = in_memory();
    let vault = new_vault(&place).await;
    let these = files(&[("/calendars/work/a.ics", "one"), ("/calendars/home/b.ics", "two")]);
    let (first, _) = back_up(&vault, &these, 1).await;
    let vault = open(&place).await;
    let backup = vault.backup(head("work")).await.unwrap();
    let file = vault.entry(&first, "/calendars/work/a.ics").await.unwrap();
    let folder = vault.entry(&first, "/calendars/home").await.unwrap();
    backup.folder("/calendars", Meta::default()).unwrap();
    backup.keep("/calendars/work/a.ics", &file).unwrap();
    backup.keep("/calendars/home", &folder).unwrap();
    for twice in ["/calendars/work/a.ics", "/calendars/work", "/calendars/home/b.ics", "/calendars/home"] {
        let refused = backup.file(twice, Meta::default(), Bytes::from_static(b"x")).await.unwrap_err();
        assert_eq!((refused.kind, twice), (ErrorKind::Exists, twice));
    }
    for bad in ["", "/", "a", "/a/", "/a/../b", "//a", "/."] {
        let refused = backup.file(bad, Meta::default(), Bytes::new()).await.unwrap_err();
        assert_eq!((refused.kind, bad), (ErrorKind::Usage, bad));
    }
    assert_eq!(backup.folder("/calendars", Meta::default()).unwrap_err().kind, ErrorKind::Exists);
    let (second, _) = backup.finish(at(2), Ending::default()).await.unwrap();
    assert_eq!(second.counts, first.counts);
    assert_eq!(everything(&vault, &second).await, everything(&vault, &first).await);
    assert_eq!(vault.root(&second).await.unwrap().kind, NodeKind::Folder { below: first.counts });
}
