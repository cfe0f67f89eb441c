//! An account as a destination: collections are matched or made, and items put only where they are not there already.
//!
//! Identity is the UID, wherever it lies in its collection; what is equal by normal form is not sent. Every write has a
//! condition, nothing that was not looked at is overwritten, and nothing is deleted unless `mirror` asks for it. Unless the
//! person wants it, nobody is invited and nobody is cancelled: the server is kept from it, or the item is held back.

mod carried;
mod collections;
mod existing;
mod fitting;
mod folder;
mod guests;
mod limits;
mod look;
mod lost;
mod mirror;
mod place;
mod plan;
mod properties;
mod put;
mod read_back;
mod replace;
mod seen;
mod verified;
mod wishes;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{OnceCell, Semaphore};

use super::described::CollectionRole;
use super::open::{Opened, failed};
use crate::connector::name::METADATA;
use crate::connector::{About, Destination, Entry, EntryKind, Error, ErrorKind, Foreseen, Outcome};
use crate::dav::{self, Client, Kind};
use crate::item;
use carried::Carried;
use collections::Target;
use folder::Folder;
use lost::{Lost, of_server};
use read_back::Lane;
use wishes::Wishes;

/// How many items are on their way where they are read back: while one multiget reads what was put, all connections have others
/// to put. No more requests than connections run at the same time.
const WIDTH: usize = 2 * read_back::MOST;

/// An account on a server, to put things back to.
pub(in crate::connector) struct DavDestination {
    client: Client,
    about: About,
    kinds: Vec<Kind>,
    connections: usize,
    wishes: Wishes,
    account: OnceCell<dav::Account>,
    /// How the server schedules, as far as it tells.
    scheduler: OnceCell<dav::Scheduler>,
    lost: Lost,
    /// The rights to put an item.
    lanes: Arc<Semaphore>,
    /// The folders of the snapshot, by path.
    folders: Mutex<BTreeMap<String, Arc<Folder>>>,
    /// The collections that they go to; one may serve several folders.
    targets: tokio::sync::Mutex<Vec<Arc<Target>>>,
    /// The plan that is carried out here, if there is one.
    carried: Option<Carried>,
    /// What a dry run came to.
    plan: Mutex<Vec<Foreseen>>,
}

impl DavDestination {
    /// A destination over an opened account; the options are checked ones.
    pub fn new(opened: Opened, options: &BTreeMap<String, String>) -> Self {
        let Opened { client, about, kinds, connections, identity: _ } = opened;
        Self {
            client,
            about,
            kinds,
            connections,
            wishes: Wishes::new(options),
            account: OnceCell::new(),
            scheduler: OnceCell::new(),
            lost: Lost::default(),
            lanes: Arc::new(Semaphore::new(connections.max(1))),
            folders: Mutex::default(),
            targets: tokio::sync::Mutex::default(),
            carried: None,
            plan: Mutex::default(),
        }
    }

    async fn discover(&self) -> Result<dav::Account, Error> {
        let found = dav::discover(&self.client, &self.kinds).await;
        found.map_err(|error| failed(format!("cannot find the account at {}", self.about.origin), error))
    }

    async fn account(&self) -> Result<&dav::Account, Error> {
        self.account.get_or_try_init(|| self.discover()).await
    }

    /// How the server schedules; asked when the first item comes that has guests.
    async fn scheduler(&self) -> Result<&dav::Scheduler, Error> {
        let account = self.account().await?;
        Ok(self.scheduler.get_or_init(|| dav::scheduler(&self.client, account)).await)
    }

    fn folder(&self, path: &str) -> Arc<Folder> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let at = || {
            let folder = Folder::at(path);
            if self.carried.as_ref().is_some_and(|carried| carried.has_failure(path)) {
                folder.has_failure();
            }
            Arc::new(folder)
        };
        folders.entry(path.to_owned()).or_insert_with(at).clone()
    }

    fn folders(&self) -> Vec<Arc<Folder>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// An error where too much was lost for another item to be tried.
    fn goes_on(&self, path: &str) -> Result<(), Error> {
        let why = self.lost.why().map(|why| refused(format!("{path} was not tried any more: {why}")));
        why.map_or(Ok(()), Err)
    }

    /// The collection that a folder goes to. What the server has answered once it is not asked again for each item.
    async fn place_for(&self, folder: &Folder, kind: Kind) -> Result<Arc<Target>, Error> {
        if let Some(why) = folder.no_place.get() {
            return Err(refused(why.clone()));
        }
        self.target(folder, kind).await.inspect_err(|error| {
            if of_server(error).is_some_and(|error| error.status.is_some()) {
                let _ = folder.no_place.set(crate::report::sentence(error));
            }
        })
    }

    /// Puts one item into the collection that its folder goes to.
    async fn item(&self, folder: &Folder, entry: &Entry, content: Bytes) -> Result<Outcome, Error> {
        let kind = folder.kind().unwrap_or_else(|| kind_of(&entry.name, &content));
        self.goes_on(&entry.path)?;
        let target = folder.target.get_or_try_init(|| self.place_for(folder, kind)).await?;
        let is_from_there = folder.said().described.is_some_and(|described| described.href == target.href.path());
        let lane = Lane::default();
        let outcome = self.put((target, &lane), entry, content, is_from_there).await;
        self.lost.note(&outcome);
        outcome
    }
}

#[async_trait]
impl Destination for DavDestination {
    fn about(&self) -> About {
        self.about.clone()
    }

    async fn ping(&self) -> Result<(), Error> {
        let found = self.discover().await?;
        // What is stored next need not look again; if somebody has looked before, that stands.
        let _ = self.account.set(found);
        Ok(())
    }

    fn in_order(&self, entry: &Entry) -> bool {
        entry.kind == EntryKind::Folder || METADATA.contains(&entry.name.as_str())
    }

    fn width(&self) -> usize {
        // QUIRK(radicale): takes as many items a second from four connections as from two, over a line of 40 ms, too; others
        // take more.
        if self.wishes.dry_run || !self.looks() { self.connections.max(1) } else { WIDTH.max(self.connections) }
    }

    async fn store(&self, entry: Entry, content: Option<Bytes>) -> Result<Outcome, Error> {
        let Some(content) = content else {
            self.folder(&entry.path).named(&entry.name);
            return Ok(Outcome::Noted);
        };
        let (parent, _) = entry.path.rsplit_once('/').unwrap_or_default();
        let folder = self.folder(if parent.is_empty() { "/" } else { parent });
        if METADATA.contains(&entry.name.as_str()) {
            folder.described(&entry.name, &content);
            return Ok(Outcome::Noted);
        }
        let outcome = self.item(&folder, &entry, content).await;
        if outcome.is_err() {
            folder.has_failure();
        }
        outcome
    }

    async fn finish(&self) -> Result<(), Error> {
        let mut troubles = Vec::new();
        for folder in self.folders() {
            // An empty collection is one only by what describes it, or by where it lies. Where items failed because there is no
            // place for them, that has been said of each.
            let planned = self.carried.as_ref().and_then(|carried| carried.there(&folder.path));
            let is_bin = || self.wishes.into.is_none() && folder.said().role() == CollectionRole::Trash;
            let empty = || folder.kind_when_empty().filter(|_| folder.is_whole() && !is_bin());
            if let (None, Some(kind)) = (folder.target.get(), planned.or_else(empty))
                && let Err(error) = folder.target.get_or_try_init(|| self.target(&folder, kind)).await
            {
                troubles.push(crate::report::sentence(&error));
            }
        }
        if self.wishes.dry_run {
            self.foresee().await?;
        } else {
            troubles.extend(self.late_properties().await?);
            if self.wishes.mirror {
                troubles.extend(self.mirror().await.into_iter().flat_map(|(_, mirrored)| mirrored.left));
            }
        }
        if troubles.is_empty() {
            return Ok(());
        }
        Err(Error { kind: ErrorKind::Item, what: troubles.join("; "), source: None })
    }

    async fn foreseen(&self) -> Vec<Foreseen> {
        std::mem::take(&mut *self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn carry_out(&self) -> Option<Box<dyn Destination>> {
        Some(Box::new(self.carried_out()?))
    }
}

fn kind_of(name: &str, content: &[u8]) -> Kind {
    match item::kind::Kind::of(content) {
        item::kind::Kind::Card => Kind::AddressBook,
        item::kind::Kind::Unknown if name.to_ascii_lowercase().ends_with(".vcf") => Kind::AddressBook,
        _ => Kind::Calendar,
    }
}

fn refused(what: String) -> Error {
    Error { kind: ErrorKind::Item, what, source: None }
}

fn held_back(what: String) -> Error {
    Error { kind: ErrorKind::HeldBack, what, source: None }
}
