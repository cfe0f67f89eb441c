//! The two vaults, what was reported as made in them, and how each action is judged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use davault::report::{Tally, sentence};
use davault::vault::{Backup, CheckDepth, Ending, Error, ErrorKind, Grace, Vault};
use proptest::sample::Index;

use super::process::{begin, files, unless_dead};
use super::{Action, Faults, Items};
use crate::support::storage::{Client, Storage};
use crate::vault::world::{at as time, everything, new_vault, open, passphrase};

/// A snapshot that was reported as made.
#[derive(Clone)]
pub struct Made {
    at: usize,
    id: String,
    items: Items,
    /// How many changes the storage had seen then.
    after: usize,
    /// How many there had been when its removal began.
    removed_after: Option<usize>,
}

/// A backup that has begun.
struct Running {
    at: usize,
    client: Client,
    vault: Vault,
    backup: Backup,
    items: Items,
    must_succeed: bool,
}

struct Side {
    storage: Arc<Storage>,
    made: Vec<Made>,
    is_old: bool,
    /// Whether files may have been deleted.
    has_removed: bool,
    /// Whether a backup that was not reported as made may have left a snapshot that is not whole.
    may_be_broken: bool,
}

pub struct Vaults {
    sides: [Side; 2],
    running: Vec<Running>,
}

impl Vaults {
    pub async fn new() -> Self {
        Self { sides: [Side::new().await, Side::new().await], running: Vec::new() }
    }

    fn side(&self, at: usize) -> &Side {
        self.sides.get(at).expect("there are two")
    }

    fn side_mut(&mut self, at: usize) -> &mut Side {
        self.sides.get_mut(at).expect("there are two")
    }

    /// Notes what an action may do, and what of it goes on beside `other`.
    pub fn before(&mut self, action: &Action, other: Option<&Action>) {
        let at = action.writes_to();
        let side = self.side_mut(at);
        if let Action::Remove { which, .. } = action
            && !side.made.is_empty()
        {
            // From the first thing that it does on, nobody may count on the snapshot any more.
            let changes = side.storage.change_count();
            let which = which.index(side.made.len());
            let made = side.made.get_mut(which).expect("it is one of them");
            made.removed_after.get_or_insert(changes);
            side.has_removed = true;
        }
        if let Action::Prune { now, .. } = action {
            side.has_removed = true;
            let is_other_writing = other.is_some_and(|other| other.makes_snapshots() && other.writes_to() == at);
            side.may_be_broken |= *now && is_other_writing;
            for running in self.running.iter_mut().filter(|running| running.at == at) {
                running.must_succeed = false;
            }
        }
    }

    /// Does it; what it reported as made. `alone` says that nothing goes on beside it.
    pub async fn act(&self, action: &Action, alone: bool) -> Vec<Made> {
        match action {
            Action::BackUp { at, source, items, clock, faults } => {
                let begun = self.started(*at, (*source, items.clone()), faults, alone).await;
                match begun {
                    Some(running) => self.finished(running, *clock).await.into_iter().collect(),
                    None => Vec::new(),
                }
            }
            Action::Remove { at, which, faults } => self.remove(*at, which, faults, alone).await,
            Action::Prune { at, now, faults } => self.prune(*at, *now, faults, alone).await,
            Action::Repair { at, faults } => self.repair(*at, faults, alone).await,
            Action::Copy { from, faults } => Box::pin(self.copy(*from, faults, alone)).await,
        }
    }

    /// Takes note of what was reported as made.
    pub fn report(&mut self, made: Vec<Made>) {
        for made in made {
            self.side_mut(made.at).made.push(made);
        }
    }

    pub async fn begin(&mut self, at: usize, source: u8, items: Items, faults: Faults) {
        let begun = self.started(at, (source, items), &faults, true).await;
        self.running.extend(begun);
    }

    pub async fn finish(&mut self, which: Index, clock: u64) {
        if !self.running.is_empty() {
            let running = self.running.swap_remove(which.index(self.running.len()));
            let made = self.finished(running, clock).await;
            self.report(made.into_iter().collect());
        }
    }

    pub fn wait(&self, time: Duration) {
        self.sides.iter().for_each(|side| side.storage.advance(time));
    }

    pub fn list_old(&mut self, at: usize, staleness: Duration) {
        self.side(at).storage.list_what_was_there_before(staleness);
        self.side_mut(at).is_old = !staleness.is_zero();
    }

    pub fn forget(&mut self, at: usize, changes: usize) {
        self.running.retain(|running| running.at != at);
        let side = self.side_mut(at);
        let left = side.storage.change_count().saturating_sub(changes).max(2);
        side.storage.forget_all_but(left);
        side.made.retain(|made| made.after <= left);
        for made in &mut side.made {
            made.removed_after = made.removed_after.filter(|after| *after < left);
        }
    }

    pub async fn are_whole(&mut self) {
        for side in &mut self.sides {
            side.storage.list_what_was_there_before(Duration::ZERO);
            side.is_old = false;
            side.is_whole().await;
        }
    }

    async fn started(&self, at: usize, (source, items): (u8, Items), faults: &Faults, alone: bool) -> Option<Running> {
        let side = self.side(at);
        let must_succeed = alone && faults.is_empty();
        let client = Client::new(&side.storage, faults.clone());
        let begun = unless_dead(&client, begin(&client, source, &items)).await?;
        side.may_fail(must_succeed, begun.as_ref().err());
        let (vault, backup) = begun.ok()?;
        Some(Running { at, client, vault, backup, items, must_succeed })
    }

    /// `None` if it was not reported as made.
    async fn finished(&self, running: Running, clock: u64) -> Option<Made> {
        let Running { at, client, vault, backup, items, must_succeed } = running;
        let side = self.side(at);
        let finished = unless_dead(&client, backup.finish(time(clock), Ending::default())).await;
        drop(vault);
        side.may_fail(must_succeed, finished.as_ref().and_then(|finished| finished.as_ref().err()));
        let (snapshot, _) = finished?.ok()?;
        Some(Made { at, id: snapshot.id, items, after: side.storage.change_count(), removed_after: None })
    }

    async fn remove(&self, at: usize, which: &Index, faults: &Faults, alone: bool) -> Vec<Made> {
        let side = self.side(at);
        if side.made.is_empty() {
            return Vec::new();
        }
        let id = which.get(&side.made).id.clone();
        let remove = async |vault: Vault| match vault.find(&id).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            found => vault.remove(&[found?]).await,
        };
        side.run(faults, alone, remove).await
    }

    async fn prune(&self, at: usize, now: bool, faults: &Faults, alone: bool) -> Vec<Made> {
        let side = self.side(at);
        // Without a grace period lists must not be old.
        let grace = if now && !side.is_old { Grace::Now } else { Grace::Wait(Duration::from_hours(1)) };
        side.run(faults, alone, async |vault: Vault| vault.prune(grace).await.map(drop)).await
    }

    async fn repair(&self, at: usize, faults: &Faults, alone: bool) -> Vec<Made> {
        let repair = async |vault: Vault| vault.repair(false, &Tally::default()).await.map(drop);
        self.side(at).run(faults, alone, repair).await
    }

    async fn copy(&self, from: usize, faults: &[Faults; 2], alone: bool) -> Vec<Made> {
        let to = 1 - from;
        let must_succeed = alone && faults.iter().all(Vec::is_empty) && !self.side(from).is_old;
        let [of_reading, of_writing] = faults.clone();
        let reading = Client::new(&self.side(from).storage, of_reading);
        let writing = Client::new(&self.side(to).storage, of_writing);
        let copied = Box::pin(unless_dead(&reading, unless_dead(&writing, copy_all(&reading, &writing)))).await;
        let Some(Some(copied)) = copied else { return Vec::new() };
        self.side(to).may_fail(must_succeed, copied.as_ref().err());
        let ids = copied.unwrap_or_default();
        let after = self.side(to).storage.change_count();
        // What was not reported as made there has no known items.
        let made = self.side(from).made.iter().filter(|made| ids.contains(&made.id));
        made.map(|made| Made { at: to, after, removed_after: None, ..made.clone() }).collect()
    }
}

async fn copy_all(from: &Client, to: &Client) -> Result<Vec<String>, Error> {
    let from = Vault::open(&from.place(), &passphrase("correct horse")).await?;
    let to = Vault::open(&to.place(), &passphrase("correct horse")).await?;
    let lacking = from.lacking(&to).await?;
    Ok(from.copy_to(lacking.snapshots, &to, &Tally::default()).await?.snapshots)
}

impl Side {
    async fn new() -> Self {
        let storage = Storage::new();
        new_vault(&storage.place()).await;
        // Whoever lists what was there before the vault finds no vault.
        storage.advance(Duration::from_hours(1));
        Self { storage, made: Vec::new(), is_old: false, has_removed: false, may_be_broken: false }
    }

    /// Does something that makes no snapshot.
    async fn run(&self, faults: &Faults, alone: bool, does: impl AsyncFnOnce(Vault) -> Result<(), Error>) -> Vec<Made> {
        let client = Client::new(&self.storage, faults.clone());
        let done = unless_dead(&client, async {
            does(Vault::open(&client.place(), &passphrase("correct horse")).await?).await
        });
        let done = done.await;
        self.may_fail(alone && faults.is_empty(), done.as_ref().and_then(|done| done.as_ref().err()));
        Vec::new()
    }

    fn may_fail(&self, must_succeed: bool, error: Option<&Error>) {
        let Some(error) = error else { return };
        let is_broken = self.may_be_broken && matches!(error.kind, ErrorKind::Damaged | ErrorKind::Missing);
        assert!(!must_succeed || self.is_old || is_broken, "it fails without any fault: {}", sentence(error));
    }

    async fn is_whole(&self) {
        let vault = open(&self.storage.place()).await;
        for made in self.made.iter().filter(|made| made.removed_after.is_none()) {
            let snapshot = vault.find(&made.id).await.expect("it was reported as made");
            let found: BTreeMap<String, Bytes> = everything(&vault, &snapshot).await.into_iter().collect();
            assert_eq!(found, files(&made.items), "{}", made.id);
        }
        let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.expect("the storage has no faults");
        assert!(summary.is_sound() || self.may_be_broken, "{summary:?}");
        let mut changes = self.storage.changes().into_iter();
        let bad = changes.find(|change| change.before.is_some() && !(change.is_removal && self.has_removed));
        assert!(bad.is_none(), "a file was replaced or removed: {bad:?}");
    }
}

impl Action {
    /// The vault in which it changes something.
    fn writes_to(&self) -> usize {
        match self {
            Action::BackUp { at, .. }
            | Action::Remove { at, .. }
            | Action::Prune { at, .. }
            | Action::Repair { at, .. } => *at,
            Action::Copy { from, .. } => 1 - from,
        }
    }

    fn makes_snapshots(&self) -> bool {
        matches!(self, Action::BackUp { .. } | Action::Copy { .. })
    }
}
