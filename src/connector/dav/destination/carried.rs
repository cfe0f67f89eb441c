//! From a plan to doing it: what a dry run saw goes on to the destination that does it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use super::DavDestination;
use super::collections::Target;
use super::existing::Existing;
use super::lost::Lost;
use super::place::Place;
use super::wishes::Wishes;
use crate::dav::{Account, Collection, Href, Kind};

/// What a collection held, and what of that the snapshot has.
type Seen = (Existing, HashSet<Href>);

/// The plan that is carried out.
pub(super) struct Carried {
    /// Where each folder of the snapshot goes.
    places: BTreeMap<String, (Kind, Place)>,
    /// What was seen in each collection; taken by the target that it is for.
    seen: Mutex<HashMap<(Href, Kind), Seen>>,
    /// Folders of which an item could not be stored.
    failed: BTreeSet<String>,
}

impl Carried {
    /// Where the folder goes.
    pub fn place(&self, folder: &str) -> Option<Place> {
        self.places.get(folder).map(|(_, place)| place.clone())
    }

    /// What the folder's collection holds, where that is there already.
    pub fn there(&self, folder: &str) -> Option<Kind> {
        self.places.get(folder).filter(|(_, place)| matches!(place, Place::There(_))).map(|(kind, _)| *kind)
    }

    /// Whether an item of the folder could not be stored.
    pub fn has_failure(&self, folder: &str) -> bool {
        self.failed.contains(folder)
    }

    /// What was seen in a collection. One that nobody looked into then has changed wholly since.
    pub fn seen(&self, href: &Href, kind: Kind) -> Seen {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&(href.clone(), kind)).unwrap_or_else(|| (Existing::default().after_plan(), HashSet::new()))
    }
}

impl DavDestination {
    /// The destination that does what was planned with this one; `None` as long as something is being stored here.
    pub(super) fn carried_out(&self) -> Option<DavDestination> {
        let account = self.account.get()?;
        let mut carried = Carried { places: BTreeMap::new(), seen: Mutex::default(), failed: BTreeSet::new() };
        for folder in self.folders() {
            if let Some(target) = folder.target.get() {
                carried.places.insert(folder.path.clone(), (target.kind, place_of(target)));
            }
            if !folder.is_whole() {
                carried.failed.insert(folder.path.clone());
            }
        }
        for target in self.targets.try_lock().ok()?.iter() {
            let existing = std::mem::take(&mut *target.existing.try_lock().ok()?);
            let seen = carried.seen.get_mut().unwrap_or_else(PoisonError::into_inner);
            seen.insert((target.href.clone(), target.kind), (existing.after_plan(), target.kept()));
        }
        Some(DavDestination {
            client: self.client.clone(),
            about: self.about.clone(),
            kinds: self.kinds.clone(),
            connections: self.connections,
            wishes: Wishes { dry_run: false, ..self.wishes.clone() },
            account: OnceCell::new_with(Some(copy_of(account))),
            scheduler: OnceCell::new_with(self.scheduler.get().cloned()),
            lost: Lost::default(),
            lanes: Arc::new(Semaphore::new(self.connections.max(1))),
            folders: Mutex::default(),
            targets: tokio::sync::Mutex::default(),
            carried: Some(carried),
            plan: Mutex::default(),
        })
    }
}

fn place_of(target: &Arc<Target>) -> Place {
    match &target.before {
        Some(collection) => Place::There(Box::new(Collection::clone(collection))),
        None => Place::New { href: target.href.clone(), displayname: target.displayname().map(str::to_owned) },
    }
}

/// The account as it was found; what could not be read of it matters to nobody who writes.
fn copy_of(account: &Account) -> Account {
    Account {
        principal: account.principal.clone(),
        user: account.user.clone(),
        homes: account.homes.clone(),
        collections: account.collections.clone(),
        trash: Vec::new(),
        failures: Vec::new(),
        only: account.only,
        scheduling: account.scheduling,
    }
}
