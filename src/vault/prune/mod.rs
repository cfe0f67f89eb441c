//! Giving back the space of what no snapshot needs, and merging what many small backups left.
//!
//! Nothing is deleted at once: it is named in a mark first, and when the mark is older than the grace period, by the store's
//! own clock, all snapshots are looked at again; what one needs by then is stored again before its pack is deleted. Why no
//! backup that runs meanwhile loses anything is in docs/vault-format.md, section 9. A look, a plan that is pure, then doing it.

mod copy;
mod execute;
mod look;
mod plan;
pub(super) mod usage;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::error::{Error, ErrorKind};
use super::open::Vault;
use super::snapshot::Snapshot;
use super::{check, mark, message};
use look::Look;

/// Snapshots that are named one by one where some are not whole.
const MOST_NAMED: usize = 16;
/// Passes after which pruning without a grace period ends: it marks, deletes, and clears up.
const MOST_PASSES: usize = 4;

/// How long what is marked stays before it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grace {
    /// So long, by the store's own clock.
    Wait(Duration),
    /// Not at all. Reading and restoring meanwhile may fail.
    Now,
}

/// What pruning does, or did: packs and their bytes, as they lie in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PruneSummary {
    /// Snapshots that were looked at, and stay.
    pub snapshots: u64,
    /// All packs before.
    pub packs: Amount,
    /// Of that, what snapshots need.
    pub needed_bytes: u64,
    /// Packs marked now, to be deleted after the grace period; those that are merged are among them.
    pub marked: Amount,
    /// Packs whose needed objects are written into new packs, because they are small, or mostly unused, or needed again.
    pub merged: Amount,
    /// Packs deleted now.
    pub deleted: Amount,
    /// Packs that were marked before, and wait for the end of their grace period.
    pub waiting: Amount,
}

/// So many packs of so many bytes in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// How many.
    pub packs: u64,
    /// Their size.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.packs += 1;
        self.bytes += bytes;
    }

    fn add_all(&mut self, other: Amount) {
        self.packs += other.packs;
        self.bytes += other.bytes;
    }
}

impl Vault {
    /// What pruning would do if these snapshots were removed before. Writes nothing, so that the store's time is not known:
    /// `now` stands for it.
    pub async fn plan_prune(&self, grace: Grace, without: &[Snapshot], now: SystemTime) -> Result<PruneSummary, Error> {
        let without: BTreeSet<String> = without.iter().map(|snapshot| snapshot.name.clone()).collect();
        let planned = async {
            let (_, look) = look::look(self, &without, now).await?;
            Ok(plan::plan(&look, grace)?.summary)
        };
        match planned.await {
            Err(error) => Err(self.naming_what_is_not_whole(error).await),
            planned => planned,
        }
    }

    /// Prunes. [`ErrorKind::Damaged`] if anything that is needed for knowing what snapshots need cannot be read; then nothing
    /// was changed, and the error names the snapshots that are not whole.
    pub async fn prune(&self, grace: Grace) -> Result<PruneSummary, Error> {
        match self.prune_all(grace).await {
            Err(error) => Err(self.naming_what_is_not_whole(error).await),
            pruned => pruned,
        }
    }

    async fn prune_all(&self, grace: Grace) -> Result<PruneSummary, Error> {
        let mut summary = self.prune_once(grace).await?;
        if grace == Grace::Now {
            for _ in 1..MOST_PASSES {
                let next = self.prune_once(grace).await?;
                summary.deleted.add_all(next.deleted);
                if next.deleted == Amount::default() && next.marked == Amount::default() {
                    break;
                }
            }
        }
        Ok(summary)
    }

    async fn prune_once(&self, grace: Grace) -> Result<PruneSummary, Error> {
        // A file of our own tells the store's time; before the snapshots are listed, so that all that are there by then are.
        let probe = mark::write(&self.objects, &message::Mark::default()).await?;
        let looked = async {
            let now = self.objects.store.modified(&mark::path(&probe)).await?;
            look::look(self, &BTreeSet::new(), now).await
        };
        let looked = looked.await;
        // That it can't be removed is no harm: it names nothing.
        let _ = self.objects.store.delete(&mark::path(&probe)).await;
        let (objects, look): (_, Look) = looked?;
        let plan = plan::plan(&look, grace)?;
        execute::execute(self, &objects, &look, &plan).await?;
        Ok(plan.summary)
    }

    /// Every snapshot that keeps others from being pruned, so that they can be removed, or what is gone be brought back.
    async fn naming_what_is_not_whole(&self, error: Error) -> Error {
        if error.kind != ErrorKind::Damaged {
            return error;
        }
        let lost = check::not_whole(self).await.unwrap_or_default();
        let ids: BTreeSet<&str> = lost.iter().map(|lost| lost.snapshot.as_str()).collect();
        if ids.is_empty() {
            return error;
        }
        let more = ids.len().saturating_sub(MOST_NAMED);
        let named = ids.into_iter().take(MOST_NAMED).collect::<Vec<_>>().join(", ");
        let named = if more > 0 { format!("{named} and {more} more") } else { named };
        let what = format!("some snapshots are not whole, so that nobody knows what they need: {named}");
        Error::new(ErrorKind::Damaged, what).because(error)
    }
}
