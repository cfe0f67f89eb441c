//! Anything in any order, with faults: every snapshot that was reported as made and not removed comes back exactly.
//!
//! `DAVAULT_FAULT_CASES` says how many orders are tried; a failing one is printed, shrunk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{Backup, CheckDepth, Ending, Error, ErrorKind, Grace, Meta, NodeKind, Vault};
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
    Remove {
        which: Index,
        faults: Faults,
    },
    Prune {
        now: bool,
        faults: Faults,
    },
    /// Both at the same time, in two processes.
    BackUpAndPrune {
        source: u8,
        items: Items,
        faults: [Faults; 2],
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
        1 => (any::<Index>(), faults()).prop_map(|(which, faults)| Step::Remove { which, faults }),
        3 => (any::<bool>(), faults()).prop_map(|(now, faults)| Step::Prune { now, faults }),
        2 => (0..2_u8, items(), [faults(), faults()])
            .prop_map(|(source, items, faults)| Step::BackUpAndPrune { source, items, faults }),
        1 => (0..10_000_u64).prop_map(|seconds| Step::Wait { seconds }),
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
    /// How many there had been when its removal began.
    removed_after: Option<usize>,
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
    has_removed: bool,
}

impl World {
    async fn new() -> Self {
        let storage = Storage::new();
        new_vault(&storage.place()).await;
        // Whoever lists what was there before the vault finds no vault.
        storage.advance(Duration::from_hours(1));
        Self { storage, made: Vec::new(), running: Vec::new(), is_old: false, has_removed: false }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::BackUp { source, items, clock, faults } => {
                let made = self.back_up(source, items, clock, faults).await;
                self.made.extend(made);
            }
            Step::Begin { source, items, faults } => {
                let begun = self.begin(source, items, faults).await;
                self.running.extend(begun);
            }
            Step::Finish { which, clock } => {
                if !self.running.is_empty() {
                    let running = self.running.swap_remove(which.index(self.running.len()));
                    let made = self.finish(running, clock).await;
                    self.made.extend(made);
                }
            }
            Step::Remove { which, faults } => {
                if !self.made.is_empty() {
                    let which = which.index(self.made.len());
                    self.remove(which, faults).await;
                }
            }
            Step::Prune { now, faults } => {
                self.before_pruning();
                self.prune(now, faults).await;
            }
            Step::BackUpAndPrune { source, items, faults: [one, other] } => {
                self.before_pruning();
                // What it leans on may go in front of its eyes; then it says so.
                let one = [one, vec![(usize::MAX, Fault::Fails)]].concat();
                let (made, ()) = tokio::join!(self.back_up(source, items, 7, one), self.prune(false, other));
                self.made.extend(made);
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

    async fn back_up(&self, source: u8, items: Items, clock: u64, faults: Faults) -> Option<Made> {
        let running = self.begin(source, items, faults).await?;
        self.finish(running, clock).await
    }

    /// `None` if it was not reported as made.
    async fn finish(&self, running: Running, clock: u64) -> Option<Made> {
        let Running { client, vault, backup, items, must_succeed } = running;
        let finished = unless_dead(&client, backup.finish(at(clock), Ending::default())).await;
        drop(vault);
        self.may_fail(must_succeed, finished.as_ref().and_then(|finished| finished.as_ref().err()));
        let (snapshot, _) = finished?.ok()?;
        Some(Made { id: snapshot.id, items, after: self.storage.change_count(), removed_after: None })
    }

    async fn remove(&mut self, which: usize, faults: Faults) {
        let must_succeed = faults.is_empty();
        let client = Client::new(&self.storage, faults);
        let Some(made) = self.made.get_mut(which) else { return };
        // From the first thing that it does on, nobody may count on the snapshot any more.
        made.removed_after.get_or_insert(self.storage.change_count());
        self.has_removed = true;
        let id = made.id.clone();
        let removed = unless_dead(&client, async {
            let vault = Vault::open(&client.place(), &passphrase("correct horse")).await?;
            match vault.find(&id).await {
                Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
                found => vault.remove(&[found?]).await,
            }
        });
        let removed = removed.await;
        self.may_fail(must_succeed, removed.as_ref().and_then(|removed| removed.as_ref().err()));
    }

    /// What runs may find that what it leans on was pruned, and say so.
    fn before_pruning(&mut self) {
        self.has_removed = true;
        for running in &mut self.running {
            running.must_succeed = false;
        }
    }

    async fn prune(&self, now: bool, faults: Faults) {
        let must_succeed = faults.is_empty();
        let client = Client::new(&self.storage, faults);
        // Without a grace period nothing else may go on, and lists must not be old.
        let grace = if now && !self.is_old && self.running.is_empty() {
            Grace::Now
        } else {
            Grace::Wait(Duration::from_hours(1))
        };
        let pruned = unless_dead(&client, async {
            let vault = Vault::open(&client.place(), &passphrase("correct horse")).await?;
            vault.prune(grace).await
        });
        let pruned = pruned.await;
        self.may_fail(must_succeed, pruned.as_ref().and_then(|pruned| pruned.as_ref().err()));
    }

    fn forget(&mut self, changes: usize) {
        self.running.clear();
        let left = self.storage.change_count().saturating_sub(changes).max(2);
        self.storage.forget_all_but(left);
        self.made.retain(|made| made.after <= left);
        for made in &mut self.made {
            made.removed_after = made.removed_after.filter(|after| *after < left);
        }
    }

    fn may_fail(&self, must_succeed: bool, error: Option<&Error>) {
        if let Some(error) = error {
            assert!(!must_succeed || self.is_old, "it fails without any fault: {}", davault::report::sentence(error));
        }
    }

    async fn is_whole(&self) {
        self.storage.list_what_was_there_before(Duration::ZERO);
        let vault = open(&self.storage.place()).await;
        for made in self.made.iter().filter(|made| made.removed_after.is_none()) {
            let snapshot = vault.find(&made.id).await.expect("it was reported as made");
            let found: BTreeMap<String, Bytes> = everything(&vault, &snapshot).await.into_iter().collect();
            assert_eq!(found, files(&made.items), "{}", made.id);
        }
        let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.expect("the storage has no faults");
        assert!(summary.is_sound(), "{summary:?}");
        let mut changes = self.storage.changes().into_iter();
        let bad = changes.find(|change| change.before.is_some() && !(change.is_removal && self.has_removed));
        assert!(bad.is_none(), "a file was replaced or removed: {bad:?}");
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
                // Boxed: what all kinds of steps keep while they wait is more than belongs on a stack.
                Box::pin(world.step(step)).await;
            }
            world.is_whole().await;
            // Nor does pruning at the end take anything away that is needed.
            world.before_pruning();
            world.is_old = false;
            world.prune(true, Vec::new()).await;
            world.is_whole().await;
        });
    }
}
