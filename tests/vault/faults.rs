//! Anything in any order, with faults: every snapshot that was reported as made and not removed comes back exactly.
//!
//! `DAVAULT_FAULT_CASES` says how many orders are tried; a failing one is printed, shrunk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{Backup, CheckDepth, Ending, Error, ErrorKind, Meta, NodeKind, Vault};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::storage::{Client, Fault, Storage};

use super::world::{at, everything, head, new_vault, open, passphrase, version};

/// What a source holds: number of the name, number of the content. Few of each, so that things come back.
type Items = BTreeMap<u8, u8>;
/// By number of the operation.
type Faults = Vec<(usize, Fault)>;

#[derive(Debug, Clone)]
enum Step {
    /// A whole backup.
    BackUp {
        source: u8,
        items: Items,
        clock: u64,
        faults: Faults,
    },
    /// A backup that goes on while other things happen.
    Begin {
        source: u8,
        items: Items,
        faults: Faults,
    },
    Finish {
        which: Index,
        clock: u64,
    },
    Wait {
        seconds: u64,
    },
    /// Lists are old from now on.
    ListOld {
        seconds: u64,
    },
    /// The power goes: every process is gone, and so are the last changes.
    Forget {
        changes: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let items = || prop::collection::btree_map(0..40_u8, 0..8_u8, 0..20);
    let clock = || 0..100_000_u64;
    let step = prop_oneof![
        4 => (0..2_u8, items(), clock(), faults())
            .prop_map(|(source, items, clock, faults)| Step::BackUp { source, items, clock, faults }),
        2 => (0..2_u8, items(), faults()).prop_map(|(source, items, faults)| Step::Begin { source, items, faults }),
        2 => (any::<Index>(), clock()).prop_map(|(which, clock)| Step::Finish { which, clock }),
        1 => (0..100_000_u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..60_u64).prop_map(|seconds| Step::ListOld { seconds }),
        1 => (0..8_usize).prop_map(|changes| Step::Forget { changes }),
    ];
    prop::collection::vec(step, 1..16)
}

fn faults() -> impl Strategy<Value = Faults> {
    let fault = prop_oneof![
        Just(Fault::Fails),
        Just(Fault::FailsAfterwards),
        Just(Fault::CutShort),
        (1..5_u8).prop_map(Fault::Delayed),
        Just(Fault::Dies),
        Just(Fault::DiesAfterwards),
    ];
    // Most go well, or little would be made.
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec((0..24_usize, fault), 1..3)]
}

/// A snapshot that was reported as made.
struct Made {
    id: String,
    items: Items,
    /// How many changes the storage had seen then.
    after: usize,
}

/// A backup that has begun.
struct Running {
    client: Client,
    vault: Vault,
    backup: Backup,
    items: Items,
    must_succeed: bool,
}

struct World {
    storage: Arc<Storage>,
    made: Vec<Made>,
    running: Vec<Running>,
    is_old: bool,
}

impl World {
    async fn new() -> Self {
        let storage = Storage::new();
        new_vault(&storage.place()).await;
        // Whoever lists what was there before the vault finds no vault.
        storage.advance(Duration::from_hours(1));
        Self { storage, made: Vec::new(), running: Vec::new(), is_old: false }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::BackUp { source, items, clock, faults } => {
                if let Some(running) = self.begin(source, items, faults).await {
                    self.finish(running, clock).await;
                }
            }
            Step::Begin { source, items, faults } => {
                let begun = self.begin(source, items, faults).await;
                self.running.extend(begun);
            }
            Step::Finish { which, clock } => {
                if !self.running.is_empty() {
                    let running = self.running.swap_remove(which.index(self.running.len()));
                    self.finish(running, clock).await;
                }
            }
            Step::Wait { seconds } => self.storage.advance(Duration::from_secs(seconds)),
            Step::ListOld { seconds } => {
                self.storage.list_what_was_there_before(Duration::from_secs(seconds));
                self.is_old = seconds > 0;
            }
            Step::Forget { changes } => self.forget(changes),
        }
    }

    async fn begin(&self, source: u8, items: Items, faults: Faults) -> Option<Running> {
        let must_succeed = faults.is_empty();
        let client = Client::new(&self.storage, faults);
        let begun = unless_dead(&client, begin(&client, source, &items)).await?;
        self.may_fail(must_succeed, begun.as_ref().err());
        let (vault, backup) = begun.ok()?;
        Some(Running { client, vault, backup, items, must_succeed })
    }

    async fn finish(&mut self, running: Running, clock: u64) {
        let Running { client, vault, backup, items, must_succeed } = running;
        let finished = unless_dead(&client, backup.finish(at(clock), Ending::default())).await;
        drop(vault);
        self.may_fail(must_succeed, finished.as_ref().and_then(|finished| finished.as_ref().err()));
        if let Some(Ok((snapshot, _))) = finished {
            self.made.push(Made { id: snapshot.id, items, after: self.storage.change_count() });
        }
    }

    fn forget(&mut self, changes: usize) {
        self.running.clear();
        let left = self.storage.change_count().saturating_sub(changes).max(2);
        self.storage.forget_all_but(left);
        self.made.retain(|made| made.after <= left);
    }

    fn may_fail(&self, must_succeed: bool, error: Option<&Error>) {
        if let Some(error) = error {
            assert!(!must_succeed || self.is_old, "it fails without any fault: {}", davault::report::sentence(error));
        }
    }

    async fn is_whole(&self) {
        self.storage.list_what_was_there_before(Duration::ZERO);
        let vault = open(&self.storage.place()).await;
        for made in &self.made {
            let snapshot = vault.find(&made.id).await.expect("it was reported as made");
            let found: BTreeMap<String, Bytes> = everything(&vault, &snapshot).await.into_iter().collect();
            assert_eq!(found, files(&made.items), "{}", made.id);
        }
        let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.expect("the storage has no faults");
        assert!(summary.is_sound(), "{summary:?}");
        let changed = self.storage.changes().into_iter().find(|change| change.before.is_some());
        assert!(changed.is_none(), "a file was replaced or removed: {changed:?}");
    }
}

/// What a process does, unless it dies of it.
async fn unless_dead<T>(client: &Client, does: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = client.died() => None,
        done = does => Some(done),
    }
}

/// Opens the vault, and backs up everything as davault does: what did not change since the snapshot before is kept.
async fn begin(client: &Client, source: u8, items: &Items) -> Result<(Vault, Backup), Error> {
    let vault = Vault::open(&client.place(), &passphrase("correct horse")).await?;
    let source = format!("source-{source}");
    let before = match vault.find(&format!("latest@{source}")).await {
        Ok(snapshot) => Some(snapshot),
        Err(error) if error.kind == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut known = BTreeMap::new();
    if let Some(before) = before {
        let mut walk = vault.walk("/", &vault.root(&before).await?);
        while let Some(next) = walk.next().await {
            let (path, node) = next?;
            if matches!(node.kind, NodeKind::File { .. }) {
                known.insert(path, node);
            }
        }
    }
    let backup = vault.backup(head(&source)).await?;
    for (path, content) in files(items) {
        let kept = known.get(&path).filter(|node| node.meta.version == version(&content));
        if kept.is_none_or(|node| backup.keep(&path, node).is_err()) {
            let meta = Meta { mode: 0o600, modified: Some(SystemTime::UNIX_EPOCH), version: version(&content) };
            backup.file(&path, meta, content).await?;
        }
    }
    Ok((vault, backup))
}

fn files(items: &Items) -> BTreeMap<String, Bytes> {
    let file = |(name, content): (&u8, &u8)| {
        let text = format!("content {content} ").repeat(1 + usize::from(*content) * 20);
        (format!("/calendars/{}/{name}.ics", name % 3), Bytes::from(text))
    };
    items.iter().map(file).collect()
}

fn cases() -> u32 {
    std::env::var("DAVAULT_FAULT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_in_whatever_order_what_was_reported_as_made_comes_back(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a thread can be had");
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.step(step).await;
            }
            world.is_whole().await;
        });
    }
}
