//! What is there when a check looks: all that may change while backups and prunes go on beside it.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::{StreamExt, stream};

use crate::vault::error::{Error, ErrorKind};
use crate::vault::hex::Id;
use crate::vault::lookup::BadIndex;
use crate::vault::mark;
use crate::vault::objects::AT_ONCE;
use crate::vault::open::Vault;
use crate::vault::snapshot::Snapshot;

/// What was there at one time.
pub(super) struct Look {
    /// The vault with its index as it was read then.
    pub(super) vault: Vault,
    /// Index files that are damaged.
    pub(super) bad_indexes: Vec<BadIndex>,
    /// The snapshots to be checked that are there and not removed, by name; each with what it says, or why it cannot be read.
    pub(super) snapshots: Vec<(String, Result<Snapshot, Error>)>,
    /// Sizes of the packs that are there.
    pub(super) packs: HashMap<Id, u64>,
    /// Packs that are about to be deleted, or were.
    pub(super) marked: HashSet<Id>,
    files: BTreeSet<String>,
}

impl Look {
    /// Looks anew, trusting nothing that was read before; at `only` these snapshots if it is given.
    pub(super) async fn take(vault: &Vault, only: Option<&BTreeSet<String>>) -> Result<Look, Error> {
        let vault = vault.afresh();
        let objects = vault.objects.as_ref();
        // Snapshots before the index: what a running backup writes meanwhile must not look missing.
        let mut names = vault.snapshot_names().await?;
        let files = names.iter().cloned().collect();
        names.retain(|name| only.is_none_or(|only| only.contains(name)));
        let read = names.into_iter().map(|name| read(&vault, name));
        let mut snapshots: Vec<_> = stream::iter(read).buffered(AT_ONCE).collect().await;
        let bad_indexes = objects.load_index_anew().await?;
        let mut look =
            Look { bad_indexes, snapshots: Vec::new(), packs: HashMap::new(), marked: HashSet::new(), files, vault };
        look.files.extend(look.vault.objects.index_files().await?.iter().map(|(name, _)| name.path()));
        // Packs after the index: one that the index names and that is not listed is not there.
        let listed = look.vault.objects.packs_there().await?;
        look.packs = listed.into_iter().map(|(id, file)| (id, file.size)).collect();
        // Marks last: who deletes anything says so first.
        let marks = mark::read_all(&look.vault.objects).await?;
        look.marked = mark::packs(&marks);
        let removed = mark::snapshots(&marks);
        snapshots.retain(|(name, _)| !removed.contains(name));
        look.snapshots = snapshots;
        Ok(look)
    }

    /// Whether another look saw just the same.
    pub(super) fn is_as(&self, other: &Look) -> bool {
        (&self.files, &self.packs, &self.marked) == (&other.files, &other.packs, &other.marked)
    }

    /// Whether a snapshot was listed and then was not there.
    pub(super) fn is_any_snapshot_gone(&self) -> bool {
        self.snapshots.iter().any(|(_, read)| read.as_ref().is_err_and(|error| error.kind == ErrorKind::Missing))
    }
}

async fn read(vault: &Vault, name: String) -> (String, Result<Snapshot, Error>) {
    let snapshot = vault.snapshot(name.clone()).await;
    (name, snapshot)
}
