//! What file systems have besides folders and plain files.

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{
    CheckDepth, Details, Ending, Growing, LARGEST_XATTR, Meta, Node, NodeKind, Snapshot, Special, Vault, Xattr,
};

use super::world::{Numbers, at, head, in_memory, new_vault, open};

fn meta() -> Meta {
    let details = Details {
        uid: 0,
        gid: 5_000_000_000,
        user: "root".into(),
        group: String::new(),
        dev: u64::MAX,
        nlink: 2,
        flags: 1,
        attributes: 32,
    };
    Meta { mode: 0o6755, modified: Some(at(5)), version: 9, details: Some(Box::new(details)) }
}

fn xattr(name: &str, value: &str) -> Xattr {
    Xattr { name: name.into(), kind: u32::from(name == "stream"), value: Bytes::copy_from_slice(value.as_bytes()) }
}

async fn entry(vault: &Vault, snapshot: &Snapshot, path: &str) -> Node {
    vault.entry(snapshot, path).await.expect("it was stored")
}

#[tokio::test]
async fn links_special_files_owners_and_attributes_come_back() {
    let (_, place) = in_memory();
    let vault = new_vault(&place).await;
    let backup = vault.backup(head("disk")).await.unwrap();
    // An attribute may come before what has it.
    assert!(backup.xattr("/a/file", xattr("user.b", "two")));
    backup.folder("/", meta()).unwrap();
    backup.folder("/a", meta()).unwrap();
    backup.file("/a/file", meta(), "text".into()).await.unwrap();
    backup.link("/a/link", meta(), "../somewhere else").unwrap();
    let specials = [Special::Pipe, Special::Socket, Special::CharacterDevice, Special::BlockDevice];
    for (number, special) in specials.into_iter().enumerate() {
        backup.special(&format!("/a/special-{number}"), meta(), special).unwrap();
    }
    for (path, name, value) in [("/a/file", "stream", ""), ("/a", "user.a", "one"), ("/", "user.r", "top")] {
        assert!(backup.xattr(path, xattr(name, value)));
    }
    assert!(!backup.xattr("/a/file", xattr("user.large", &"x".repeat(LARGEST_XATTR + 1))));
    assert!(backup.link("/a/nowhere", meta(), "").is_err());
    assert!(backup.link("/a/file", meta(), "twice").is_err());
    let (snapshot, _) = backup.finish(at(1), Ending::default()).await.unwrap();
    assert_eq!((snapshot.counts.folders, snapshot.counts.items, snapshot.counts.bytes), (1, 6, 4));

    let vault = open(&place).await;
    let file = entry(&vault, &snapshot, "/a/file").await;
    assert_eq!((file.meta.clone(), file.xattrs.clone()), (meta(), vec![xattr("stream", ""), xattr("user.b", "two")]));
    let link = entry(&vault, &snapshot, "/a/link").await;
    assert_eq!((link.kind, link.target(), link.meta.clone()), (NodeKind::Link, Some("../somewhere else"), meta()));
    for (number, special) in specials.into_iter().enumerate() {
        let node = entry(&vault, &snapshot, &format!("/a/special-{number}")).await;
        assert_eq!((node.kind, node.meta), (NodeKind::Special(special), meta()));
    }
    assert_eq!(entry(&vault, &snapshot, "/a").await.xattrs, [xattr("user.a", "one")]);
    assert_eq!(entry(&vault, &snapshot, "/").await.xattrs, [xattr("user.r", "top")]);
    assert!(vault.check(CheckDepth::ReadData, &Tally::default()).await.unwrap().is_sound());

    // As an unchanged file, and a link that could not be read, are taken over.
    let backup = vault.backup(head("disk")).await.unwrap();
    backup.keep("/a/file", &file).unwrap();
    backup.keep("/a/link", &link).unwrap();
    let (again, _) = backup.finish(at(2), Ending::default()).await.unwrap();
    assert_eq!(entry(&vault, &again, "/a/file").await, file);
    assert_eq!(entry(&vault, &again, "/a/link").await, link);
}

#[tokio::test]
async fn a_content_that_comes_in_pieces_is_the_same_object_as_a_whole_one() {
    let (_, place) = in_memory();
    let vault = new_vault(&place).await;
    let mut numbers = Numbers(3);
    let large: Bytes = (0..1_000_000).flat_map(|_| numbers.next().to_le_bytes()).collect::<Vec<_>>().into();
    let backup = vault.backup(head("disk")).await.unwrap();
    backup.file("/whole", Meta::default(), large.clone()).await.unwrap();
    for (path, length) in [("/pieces", large.len()), ("/small", 1000), ("/empty", 0)] {
        let mut growing = Growing::default();
        for piece in large.slice(..length).chunks(300_000) {
            backup.grow(&mut growing, piece).await.unwrap();
        }
        backup.grown(path, Meta::default(), growing).await.unwrap();
    }
    let (snapshot, _) = backup.finish(at(1), Ending::default()).await.unwrap();
    let (whole, pieces) = (entry(&vault, &snapshot, "/whole").await, entry(&vault, &snapshot, "/pieces").await);
    assert!(whole.same_content(&pieces) && whole.pieces() > 4);
    let mut read = Vec::new();
    for number in 0..pieces.pieces() {
        read.extend_from_slice(&vault.piece(&pieces, number).await.unwrap());
    }
    assert!(read == large);
    assert!(vault.piece(&pieces, pieces.pieces()).await.is_err());
    let (small, empty) = (entry(&vault, &snapshot, "/small").await, entry(&vault, &snapshot, "/empty").await);
    assert_eq!((small.pieces(), vault.read(&small).await.unwrap()), (1, large.slice(..1000)));
    assert_eq!((empty.pieces(), empty.kind), (0, NodeKind::File { size: 0 }));
}
