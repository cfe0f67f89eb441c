//! Checking a vault: what is damaged or missing, and what that costs.
//!
//! A check goes on beside backups and prunes: what looks missing is looked for once more before it is called damage, and what
//! a mark says is deleted is none.

mod bad;
mod found;
mod look;
mod losses;
mod packs;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::error::Error;
use super::keyring;
use super::objects::Objects;
use super::open::Vault;
use super::snapshot::Snapshot;
use crate::report::{Report, sentence};
use bad::Bad;
use found::Found;
use look::Look;
use losses::Losses;
use packs::PacksRead;

pub(super) use packs::PACKS_AT_ONCE;

/// How often a check looks at what is there while something seems to be missing and other processes change the vault.
const MOST_LOOKS: usize = 4;

/// How deep a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckDepth {
    /// All that is needed to find things: key, index files, snapshots, trees; contents are looked up, not read.
    Structure,
    /// Every byte of every pack as well.
    ReadData,
    /// Besides the structure every byte of packs drawn at random: at least one, and at least so many percent of the bytes.
    ReadSome(u8),
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckSummary {
    /// Snapshots that were checked.
    pub snapshots: u64,
    /// Packs that the index names, or that the snapshots need if only some were checked.
    pub packs: u64,
    /// Packs that no index file names: of a backup that goes on, or was broken off.
    pub unused_packs: u64,
    /// Packs that the index names, that are not there, and that no snapshot needs; the next prune takes them out of the index.
    pub absent_packs: u64,
    /// Packs that were read.
    pub read_packs: u64,
    /// Bytes of packs that were read.
    pub read_bytes: u64,
    /// What is wrong with files of the vault.
    pub problems: Vec<Problem>,
    /// How many of the problems are that the vault is not as this machine last saw it.
    pub unexpected: usize,
    /// What these problems cost.
    pub lost: Vec<Lost>,
}

/// A file of the vault that is damaged or missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file in the vault.
    pub file: String,
    /// What is wrong with it, one sentence.
    pub why: String,
}

/// A folder or item of a snapshot that cannot be read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Id of the snapshot.
    pub snapshot: String,
    /// Path in it; `/` where nothing of it can be read.
    pub path: String,
    /// Why, one sentence.
    pub why: String,
}

impl CheckSummary {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.lost.is_empty()
    }
}

impl Vault {
    /// Looks for damage; trusts nothing that was read before. Damage is what it finds, not an error: `Err` means that it could
    /// not look. What is lost is also told to `report` as failed items, `SNAPSHOT:PATH`.
    pub async fn check(&self, depth: CheckDepth, report: &dyn Report) -> Result<CheckSummary, Error> {
        self.check_all_or(None, depth, report).await
    }

    /// As [`Vault::check`], of these snapshots and the packs that they need alone.
    pub async fn check_snapshots(
        &self,
        snapshots: &[Snapshot],
        depth: CheckDepth,
        report: &dyn Report,
    ) -> Result<CheckSummary, Error> {
        let names = snapshots.iter().map(|snapshot| snapshot.name.clone()).collect();
        self.check_all_or(Some(names), depth, report).await
    }

    async fn check_all_or(
        &self,
        only: Option<BTreeSet<String>>,
        depth: CheckDepth,
        report: &dyn Report,
    ) -> Result<CheckSummary, Error> {
        let mut summary = CheckSummary::default();
        self.check_keys(&mut summary).await?;
        match self.watch().await {
            Ok(problems) => {
                summary.unexpected = problems.len();
                summary.problems.extend(problems);
            }
            // What this machine remembers is no part of the vault.
            Err(error) => report.note(&sentence(&error)),
        }
        let mut look = Look::take(self, only.as_ref()).await?;
        let mut found = Found::of(&look, only.is_some()).await?;
        let read = match depth {
            CheckDepth::Structure => PacksRead::default(),
            _ => packs::read(&look.vault, packs::chosen(found.there(&look), depth), report).await,
        };
        for _ in 1..MOST_LOOKS {
            if !found.is_anything_missing() {
                break;
            }
            let again = Look::take(self, only.as_ref()).await?;
            let is_as_before = again.is_as(&look);
            look = again;
            if is_as_before {
                break;
            }
            found = Found::of(&look, only.is_some()).await?;
        }
        found.tell(&look, read, &mut summary).await;
        for lost in &summary.lost {
            report.item_failed(&format!("{}:{}", lost.snapshot, lost.path), &lost.why);
        }
        Ok(summary)
    }

    async fn check_keys(&self, summary: &mut CheckSummary) -> Result<(), Error> {
        let Objects { id, store, keys, .. } = self.objects.as_ref();
        let store = store.without_cache();
        let slots = keyring::damaged_slots(&store, id, keys).await?;
        let config = keyring::config_problem(&store, keys).await?;
        let config = config.map(|(file, error)| (file, sentence(&error)));
        summary.problems.extend(config.into_iter().chain(slots).map(|(file, why)| Problem { file, why }));
        Ok(())
    }

    /// The same vault without anything that was read before.
    pub(super) fn afresh(&self) -> Vault {
        Vault { objects: Arc::new(self.objects.afresh(self.objects.store.without_cache())) }
    }
}

/// What of all snapshots but those that are being removed cannot be read back for sure, without reading contents.
pub(super) async fn not_whole(vault: &Vault) -> Result<Vec<Lost>, Error> {
    let look = Look::take(vault, None).await?;
    let mut summary = CheckSummary::default();
    Found::of(&look, false).await?.tell(&look, PacksRead::default(), &mut summary).await;
    Ok(summary.lost)
}

/// What of these snapshots cannot be read back, going by the index as this vault knows it.
pub(super) async fn losses(vault: &Vault, names: &[String], report: &dyn Report) -> Vec<Lost> {
    let bad = Bad::default();
    let mut losses = Losses::new(vault, &bad);
    for name in names {
        match vault.snapshot(name.clone()).await {
            Ok(snapshot) => losses.snapshot(&snapshot).await,
            Err(error) => losses.whole(name, sentence(&error)),
        }
    }
    for lost in &losses.lost {
        report.item_failed(&format!("{}:{}", lost.snapshot, lost.path), &lost.why);
    }
    losses.lost
}
