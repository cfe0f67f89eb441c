//! Taking things into a vault in memory: sealing blocks of new contents, and building the trees of what is unchanged.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput};
use davault::vault::{Backup, Ending, KeyCost, Meta, Node, Place, Snapshot, SnapshotHead, Unlock, Vault};
use object_store::memory::InMemory;
use tokio::runtime::Runtime;

const FOLDER: &str = "/calendars/work";

/// 2,000 events that the vault does not have: addressed, gathered, compressed, sealed and indexed.
pub fn sealing(bench: &mut Criterion) {
    let events: Vec<(String, Bytes)> =
        super::events(2_000).into_iter().map(|(name, content)| (path(&name), content.into())).collect();
    let bytes = events.iter().map(|(_, content)| content.len() as u64).sum();
    let runtime = super::runtime();
    let mut group = bench.benchmark_group("sealing");
    group.sample_size(20).throughput(Throughput::Bytes(bytes));
    let empty = || runtime.block_on(create());
    group.bench_function("2,000 new events", |bencher| {
        bencher.iter_batched(empty, |vault| runtime.block_on(take(&vault, &events)), BatchSize::PerIteration);
    });
    group.finish();
}

/// A snapshot in which 10,000 events are as they were in the one before.
pub fn trees(bench: &mut Criterion) {
    let runtime = super::runtime();
    let (vault, before, nodes) = runtime.block_on(filled(10_000));
    let mut group = bench.benchmark_group("trees");
    group.sample_size(20).throughput(Throughput::Elements(nodes.len() as u64));
    group.bench_function("10,000 unchanged", |bencher| bencher.iter(|| keep(&runtime, &vault, &before, &nodes)));
    group.finish();
}

async fn create() -> Vault {
    let place = Place::over(Arc::new(InMemory::new()), "", "memory");
    let cost = KeyCost { memory_kib: 8, passes: 1, lanes: 1 };
    let created = Vault::create(&place, &Unlock::Passphrase("bench".into()), cost, SystemTime::UNIX_EPOCH).await;
    created.expect("a vault can be made in memory")
}

async fn take(vault: &Vault, events: &[(String, Bytes)]) -> Snapshot {
    let backup = begun(vault, None).await;
    for (path, content) in events {
        backup.file(path, Meta::default(), content.clone()).await.expect("memory takes it");
    }
    backup.finish(SystemTime::UNIX_EPOCH, Ending::default()).await.expect("memory takes it").0
}

async fn filled(count: u64) -> (Vault, Snapshot, Vec<Node>) {
    let vault = create().await;
    let events: Vec<(String, Bytes)> =
        (0..count).map(|number| (path(&format!("{number:032x}.ics")), Bytes::from(number.to_string()))).collect();
    let snapshot = take(&vault, &events).await;
    let folder = vault.entry(&snapshot, FOLDER).await.expect("the folder is there");
    let nodes = vault.children(&folder).await.expect("it can be listed");
    (vault, snapshot, nodes)
}

fn keep(runtime: &Runtime, vault: &Vault, before: &Snapshot, nodes: &[Node]) {
    runtime.block_on(async {
        let backup = begun(vault, Some(before.id.clone())).await;
        for node in nodes {
            backup.keep(&path(&node.name), node).expect("the vault has it");
        }
        let later = before.time + Duration::from_mins(1);
        backup.finish(later, Ending::default()).await.expect("memory takes it");
    });
}

async fn begun(vault: &Vault, parent: Option<String>) -> Backup {
    let (source, location, origin) = ("bench".into(), "bench://".into(), "bench".into());
    let backup = vault.backup(SnapshotHead { source, location, origin, parent, ..SnapshotHead::default() }).await;
    let backup = backup.expect("the vault is a good one");
    for folder in ["/calendars", FOLDER] {
        backup.folder(folder, Meta::default()).expect("it is a path");
    }
    backup
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}
