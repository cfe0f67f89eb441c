//! All that a plan needs to know, read in the one order in which nothing new can be missed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::{StreamExt, stream};

use super::usage::{self, Usage};
use crate::vault::error::{Error, ErrorKind};
use crate::vault::hex::Id;
use crate::vault::index::{Index, Name, PackContents};
use crate::vault::mark::{self, Mark};
use crate::vault::objects::{AT_ONCE, Objects};
use crate::vault::open::Vault;
use crate::vault::store::Listed;

/// What there is.
pub(super) struct Look {
    /// The store's time when the look began.
    pub(super) now: SystemTime,
    pub(super) marks: Vec<Mark>,
    /// Names of snapshots that are there and that a mark says are removed: removing them was broken off.
    pub(super) half_removed: Vec<String>,
    /// How many other snapshots there are.
    pub(super) snapshots: u64,
    pub(super) usage: Usage,
    /// All packs of which the index tells.
    pub(super) packs: Vec<PackContents>,
    /// All packs that are there.
    pub(super) listed: HashMap<Id, Listed>,
    /// Index files that are there, and that another one stands for.
    pub(super) replaced: Vec<Name>,
}

/// Looks at everything, as if the snapshots `without` were not there; and the objects, with the index as it was read.
pub(super) async fn look(
    vault: &Vault,
    without: &BTreeSet<String>,
    now: SystemTime,
) -> Result<(Arc<Objects>, Look), Error> {
    match look_once(vault, without, now).await {
        // Another prune may have moved things while they were read; damage is still there the second time.
        Err(error) if matches!(error.kind, ErrorKind::Damaged | ErrorKind::Missing) => {
            look_once(vault, without, now).await
        }
        looked => looked,
    }
}

async fn look_once(vault: &Vault, without: &BTreeSet<String>, now: SystemTime) -> Result<(Arc<Objects>, Look), Error> {
    let objects = Arc::new(vault.objects.afresh(vault.objects.store.clone()));
    let marks = mark::read_all(&objects).await?;
    let removed = mark::snapshots(&marks);
    // Snapshots before the index: what a snapshot needs is in the index before the snapshot is there.
    let names = vault.snapshot_names().await?;
    let (half_removed, names): (Vec<String>, Vec<String>) = names.into_iter().partition(|name| removed.contains(name));
    let read = names.into_iter().filter(|name| !without.contains(name)).map(|name| vault.snapshot(name));
    let mut snapshots = Vec::new();
    for snapshot in stream::iter(read).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match snapshot {
            Ok(snapshot) => snapshots.push(snapshot),
            // Removed since it was listed.
            Err(error) if error.kind == ErrorKind::Missing => {}
            Err(error) => return Err(error),
        }
    }
    if let Some((file, error)) = objects.load_index_anew().await?.into_iter().next() {
        let what = format!("{file} cannot be read, and may tell of packs that are needed");
        return Err(Error::new(ErrorKind::Damaged, what).because(error));
    }
    // Packs after the index: one that the index names and that is not listed is not there.
    let listed = objects.packs_there().await?;
    let replaced = objects.index_files().await?.into_iter().map(|(name, _)| name);
    let replaced = replaced.filter(|name| objects.with_index(|index| index.is_replaced(&name.id))).collect();
    let usage = usage::usage(&objects, &snapshots).await?;
    let packs = objects.with_index(Index::contents);
    let snapshots = snapshots.len() as u64;
    Ok((objects, Look { now, marks, half_removed, snapshots, usage, packs, listed, replaced }))
}
