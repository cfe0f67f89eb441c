//! What a dry run came to, folder by folder.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::DavDestination;
use super::mirror::Mirrored;
use crate::connector::dav::source::folder_of;
use crate::connector::{Error, Foreseen, Outcome};

/// How many items of a plan would be put so that the server tells nobody.
#[derive(Debug, Default)]
pub(super) struct Quieted {
    left_to_client: AtomicU64,
    guests_as_notes: AtomicU64,
}

impl Quieted {
    /// What is said of an item, if it is changed for that.
    pub fn note(&self, silenced: Option<Outcome>) {
        let counter = match silenced {
            Some(Outcome::LeftToClient) => &self.left_to_client,
            Some(Outcome::GuestsAsNotes) => &self.guests_as_notes,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn left_to_client(&self) -> u64 {
        self.left_to_client.load(Ordering::Relaxed)
    }

    fn guests_as_notes(&self) -> u64 {
        self.guests_as_notes.load(Ordering::Relaxed)
    }
}

impl DavDestination {
    /// Writes down what would be done besides storing items.
    pub(super) async fn foresee(&self) -> Result<(), Error> {
        let account = self.account().await?;
        let mut mirrored = if self.wishes.mirror { self.mirror().await } else { Vec::new() };
        let mut told = HashSet::new();
        let mut plan = Vec::new();
        for folder in self.folders() {
            let Some(target) = folder.target.get() else { continue };
            // Several folders may go to one collection, of which each thing is said once.
            let is_first = told.insert((target.href.clone(), target.kind));
            let of_target = mirrored.iter().position(|(one, _)| one.href == target.href && one.kind == target.kind);
            let Mirrored { deleted, left } = of_target.map(|at| mirrored.swap_remove(at).1).unwrap_or_default();
            let makes = is_first && target.before.is_none() && (folder.is_whole() || !target.kept().is_empty());
            plan.push(Foreseen {
                folder: folder.path.clone(),
                at: target.href.path().to_owned(),
                name: folder_of(account, target.kind, &target.href).unwrap_or_default(),
                makes,
                sets: self.would_set(&folder, target).await,
                deletes: deleted.iter().map(|href| href.path().to_owned()).collect(),
                leaves: left,
                left_to_client: if is_first { target.quieted.left_to_client() } else { 0 },
                guests_as_notes: if is_first { target.quieted.guests_as_notes() } else { 0 },
            });
        }
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
        Ok(())
    }
}
