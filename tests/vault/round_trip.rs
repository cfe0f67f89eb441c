//! Whatever goes in comes back.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{CheckDepth, Ending, Meta, NodeKind};
use proptest::prelude::*;

use super::world::{at, head, in_memory, new_vault, open};

/// Files by path: few names, so that folders and contents repeat.
fn trees() -> impl Strategy<Value = BTreeMap<String, (Meta, Vec<u8>)>> {
    let path =
        prop::collection::vec("[a-c]{1,2}|[ü .#-]{1,3}x", 1..5).prop_map(|names| format!("/{}", names.join("/")));
    let time = (-4_000_000_000_i64..4_000_000_000, 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| {
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let whole = if seconds < 0 { SystemTime::UNIX_EPOCH - whole } else { SystemTime::UNIX_EPOCH + whole };
        whole + Duration::from_nanos(nanos.into())
    });
    let meta = (any::<u32>(), prop::option::of(time), any::<u64>());
    let meta = meta.prop_map(|(mode, modified, version)| Meta { mode, modified, version, details: None });
    let content = prop::collection::vec(0..4_u8, 0..30);
    prop::collection::btree_map(path, (meta, content), 0..40).prop_map(without_files_as_folders)
}

fn without_files_as_folders(mut files: BTreeMap<String, (Meta, Vec<u8>)>) -> BTreeMap<String, (Meta, Vec<u8>)> {
    let paths: Vec<String> = files.keys().cloned().collect();
    files.retain(|path, _| !paths.iter().any(|other| other.starts_with(&format!("{path}/"))));
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_tree_comes_back_whatever_order_it_came_in(files in trees(), turn in any::<prop::sample::Index>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_, place) = in_memory();
            let vault = new_vault(&place).await;
            let backup = vault.backup(head("work")).await.unwrap();
            let mut order: Vec<_> = files.iter().collect();
            if !order.is_empty() {
                let middle = turn.index(order.len());
                order.rotate_left(middle);
            }
            for (path, (meta, content)) in order {
                backup.file(path, meta.clone(), Bytes::from(content.clone())).await.unwrap();
            }
            let (snapshot, _) = backup.finish(at(1), Ending::default()).await.unwrap();
            let vault = open(&place).await;
            let mut walk = vault.walk("/", &vault.root(&snapshot).await.unwrap());
            let mut found = BTreeMap::new();
            while let Some(next) = walk.next().await {
                let (path, node) = next.unwrap();
                if let NodeKind::File { size } = node.kind {
                    let content = vault.read(&node).await.unwrap().to_vec();
                    assert_eq!(content.len() as u64, size);
                    found.insert(path, (node.meta.clone(), content));
                }
            }
            assert_eq!(found, files);
            assert_eq!(snapshot.counts.items, files.len() as u64);
            assert!(vault.check(CheckDepth::ReadData, &Tally::default()).await.unwrap().is_sound());
        });
    }
}
