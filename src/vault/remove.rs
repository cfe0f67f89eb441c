//! Removing snapshots: said in a mark first, so that whoever misses one can tell a person's wish from a loss.

use std::collections::BTreeSet;

use super::error::{Error, ErrorKind};
use super::open::{self, Vault};
use super::snapshot::{self, Snapshot};
use super::{mark, message};

impl Vault {
    /// Removes snapshots. What only they need stays in the vault until it is pruned. If this fails half-way, the next
    /// pruning finishes it.
    pub async fn remove(&self, snapshots: &[Snapshot]) -> Result<(), Error> {
        self.remove_by_name(snapshots.iter().map(|snapshot| snapshot.name.clone()).collect()).await
    }

    /// Removes the one snapshot whose id begins so, without reading it: it may be damaged. Its id.
    pub async fn remove_unread(&self, which: &str) -> Result<String, Error> {
        let name = open::the_one(self.snapshot_names().await?, which)?;
        let id = snapshot::named(&name).map_or_else(String::new, |named| named.id.to_owned());
        self.remove_by_name(vec![name]).await?;
        Ok(id)
    }

    async fn remove_by_name(&self, names: Vec<String>) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        mark::write(&self.objects, &message::Mark { snapshots: names.clone(), ..message::Mark::default() }).await?;
        self.remove_named(&names).await
    }

    /// Deletes the files of snapshots that a mark names.
    pub(super) async fn remove_named(&self, names: &[String]) -> Result<(), Error> {
        for name in names {
            match self.objects.store.delete(&format!("snapshots/{name}")).await {
                Err(error) if error.kind != ErrorKind::Missing => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Names of the snapshots that somebody who has the key removed on purpose, as far as the vault still remembers.
    pub(super) async fn removed_names(&self) -> Result<BTreeSet<String>, Error> {
        let marks = mark::read_all(&self.objects).await?;
        Ok(mark::snapshots(&marks).into_iter().cloned().collect())
    }
}
