//! The collections that things go to: found or made, and their properties set.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use super::existing::Existing;
use super::folder::{Folder, Said};
use super::limits;
use super::place::{Among, Place, Wanted, place};
use super::plan::Quieted;
use super::read_back::ReadBack;
use super::wishes::{Into, Properties};
use super::{DavDestination, properties, refused};
use crate::connector::Error;
use crate::connector::dav::described::CollectionRole;
use crate::connector::dav::open::failed;
use crate::dav::request::{How, MakeCollection, PropertyStatus, Proppatch, Subscribe};
use crate::dav::{self, Collection, Href, Kind, Property, Role};
use crate::report::sentence;

/// Turns of a collection.
const TURNS: u8 = 128;

/// A collection that things go to.
#[derive(Debug)]
pub(super) struct Target {
    pub href: Href,
    pub kind: Kind,
    /// As it was before; `None` if this run made it.
    pub before: Option<Collection>,
    /// As what this run made it.
    made_as: Role,
    /// The display name that an option gives it.
    displayname: Option<String>,
    /// Whether its properties are to be those of its folder.
    owned: bool,
    /// What stands in it.
    pub existing: tokio::sync::Mutex<Existing>,
    /// What a plan puts into it otherwise than it is.
    pub quieted: Quieted,
    /// What of it the snapshot has.
    kept: Mutex<HashSet<Href>>,
    /// What of it the snapshot has, as the plan says that is carried out.
    kept_before: HashSet<Href>,
    /// Those that were put and are read back together.
    pub read_back: ReadBack,
    /// An item has its turn by its identity; some more turns than items that are put at the same time.
    turns: Vec<tokio::sync::Mutex<()>>,
    by: RandomState,
}

impl Target {
    /// Why nothing may be written to it, if so.
    pub fn why_not_written(&self) -> Option<&'static str> {
        let role = self.before.as_ref().map_or(self.made_as, |before| before.role);
        match role {
            Role::Subscribed => Some("shows what a feed has; say into=NAME to keep what it had"),
            Role::Birthdays => Some("is made by the server from the birthdays of contacts; say into=NAME to keep it"),
            Role::Trash => Some("is a bin"),
            Role::Usual => self.before.as_ref().is_some_and(|before| before.read_only).then_some("can only be read"),
        }
    }

    /// The snapshot has this item; false if another item of it went there before.
    pub fn keep(&self, href: Href) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(href)
    }

    /// Waits until no other item of this identity is being put; until the guard is dropped none will be.
    pub async fn turn(&self, identity: &str) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let turn = self.turns.get(usize::from(self.by.hash_one(identity).to_le_bytes()[0] % TURNS))?;
        Some(turn.lock().await)
    }

    pub(super) fn keeps(&self, href: &Href) -> bool {
        self.kept_before.contains(href) || self.kept.lock().unwrap_or_else(PoisonError::into_inner).contains(href)
    }

    /// All that it has of the snapshot by now.
    pub(super) fn kept(&self) -> HashSet<Href> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The display name that an option gives it.
    pub(super) fn displayname(&self) -> Option<&str> {
        self.displayname.as_deref()
    }
}

impl DavDestination {
    /// The collection for a folder; made if there is none.
    pub(super) async fn target(&self, folder: &Folder, kind: Kind) -> Result<Arc<Target>, Error> {
        let account = self.account().await?;
        let said = folder.said();
        let displayname = said.displayname();
        let href = said.described.as_ref().map(|described| described.href.as_str());
        let wanted = Wanted { kind, name: &said.name, displayname, href };
        let into = self.wishes.into.as_ref();
        if into.is_none() && said.role() == CollectionRole::Trash {
            return Err(refused(format!("{} lay in a bin; say into=NAME to have it back", folder.path)));
        }
        let mut targets = self.targets.lock().await;
        let made: Vec<_> = targets.iter().map(|target| (target.href.clone(), target.kind)).collect();
        let others = self.folders().into_iter().filter(|other| other.path != folder.path && other.kind() == Some(kind));
        let others: Vec<_> = others.map(|other| other.said().name).collect();
        let planned = self.carried.as_ref().and_then(|carried| carried.place(&folder.path));
        let place = match planned {
            Some(place) => place,
            None => place(account, into, wanted, Among { made: &made, others: &others })?,
        };
        let href = match &place {
            Place::There(collection) => &collection.href,
            Place::New { href, .. } => href,
        };
        if let Some(target) = targets.iter().find(|target| target.href == *href && target.kind == kind) {
            return Ok(target.clone());
        }
        let (href, before, displayname) = match place {
            Place::There(collection) => (collection.href.clone(), Some(*collection), None),
            Place::New { href, displayname } => (href, None, displayname),
        };
        let keeps = account.only || matches!(into, Some(Into::One(_))) || self.wishes.properties == Properties::Keep;
        let made_as = if self.feed_of(&said).is_some() { Role::Subscribed } else { Role::Usual };
        if before.is_none() && !self.wishes.dry_run {
            self.make_as(&href, kind, &said, displayname.as_deref()).await?;
        }
        let (existing, kept_before) = match &self.carried {
            Some(carried) if before.is_some() => carried.seen(&href, kind),
            _ if before.is_some() => (Existing::unknown(), HashSet::new()),
            _ => (Existing::nothing(), HashSet::new()),
        };
        let target = Arc::new(Target {
            href,
            kind,
            made_as,
            owned: before.is_none() || !keeps,
            before,
            displayname,
            existing: tokio::sync::Mutex::new(existing),
            kept: Mutex::default(),
            quieted: Quieted::default(),
            kept_before,
            read_back: ReadBack::default(),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
            by: RandomState::new(),
        });
        targets.push(target.clone());
        Ok(target)
    }

    /// The address to subscribe to, where the folder is to be a subscription again.
    fn feed_of(&self, said: &Said) -> Option<String> {
        let source = said.described.as_ref().and_then(|described| described.source.clone());
        source.filter(|_| said.role() == CollectionRole::Subscribed && self.wishes.into.is_none())
    }

    /// Makes what the folder was: a subscription, or a collection.
    async fn make_as(&self, at: &Href, kind: Kind, said: &Said, displayname: Option<&str>) -> Result<(), Error> {
        let wanted = properties::wanted(kind, said, displayname);
        if let Some(source) = self.feed_of(said) {
            return self.subscribe(at, source, wanted).await;
        }
        let components = said.described.as_ref().map(|described| described.components.clone()).unwrap_or_default();
        self.make(at, kind, wanted, components).await
    }

    /// Makes a subscription; its address is in no error, as it may hold a secret.
    async fn subscribe(&self, at: &Href, source: String, properties: Vec<Property>) -> Result<(), Error> {
        let request = Subscribe { at: at.clone(), source, properties };
        self.client.send(&request).await.map_err(|error| {
            let what = format!("cannot subscribe again to what {at} shows; its address is in .collection.json");
            failed(what, error)
        })
    }

    /// Makes a collection, with as much of its properties at once as the server takes.
    async fn make(&self, at: &Href, kind: Kind, wanted: Vec<Property>, components: Vec<String>) -> Result<(), Error> {
        let mut first = None;
        for (properties, components) in [(wanted, components), (Vec::new(), Vec::new())] {
            for how in [How::Mkcalendar, How::ExtendedMkcol] {
                if how == How::Mkcalendar && kind == Kind::AddressBook {
                    continue;
                }
                let (at, properties, components) = (at.clone(), properties.clone(), components.clone());
                let Err(error) = self.client.send(&MakeCollection { at, kind, how, properties, components }).await
                else {
                    return Ok(());
                };
                first.get_or_insert(error);
            }
        }
        // An answer may have been lost: it may be there all the same.
        let made = self.discover().await?.collections.iter().any(|one| one.href == *at && one.kind == kind);
        match first {
            Some(error) if !made => {
                Err(failed(format!("cannot make the {} {at}", kind.word()), limits::making(error, kind)))
            }
            _ => Ok(()),
        }
    }

    /// Sets what still differs of the properties; says in sentences what the server refused.
    pub(super) async fn late_properties(&self) -> Result<Vec<String>, Error> {
        let mut troubles = Vec::new();
        let folders: Vec<_> = self
            .folders()
            .into_iter()
            .filter_map(|folder| folder.target.get().cloned().map(|target| (folder, target)))
            .collect();
        // What the server took of a new collection's properties shows only when they are read again.
        let again =
            if folders.iter().any(|(_, target)| target.before.is_none()) { Some(self.discover().await?) } else { None };
        for (folder, target) in folders.iter().filter(|(_, target)| target.owned) {
            let now = again
                .iter()
                .flat_map(|account| &account.collections)
                .find(|one| one.href == target.href && one.kind == target.kind);
            let Some(now) = now.or(target.before.as_ref()) else { continue };
            if now.read_only {
                continue;
            }
            let differing = self.differing(folder, target, now).await;
            if !differing.is_empty() {
                troubles.extend(self.patch(target, differing).await);
            }
        }
        Ok(troubles)
    }

    /// All that the folder says of its collection, and the collection is not.
    async fn differing(&self, folder: &Folder, target: &Target, now: &Collection) -> Vec<Property> {
        let mut differing = unset(folder, target, now);
        differing.extend(self.others_that_differ(target, &folder.said()).await);
        differing
    }

    /// What programs have set, and the collection has not.
    async fn others_that_differ(&self, target: &Target, said: &Said) -> Vec<Property> {
        let wanted = properties::others(said).await;
        if wanted.is_empty() {
            return wanted;
        }
        let named = wanted.iter().map(|one| (one.namespace.clone(), one.name.clone())).collect();
        let there = dav::properties_of(&self.client, &target.href, named).await;
        wanted.into_iter().filter(|one| !there.contains(one)).collect()
    }

    /// Names of the properties that an existing collection would be given.
    pub(super) async fn would_set(&self, folder: &Folder, target: &Target) -> Vec<String> {
        let before = target.before.as_ref().filter(|before| target.owned && !before.read_only);
        let Some(before) = before else { return Vec::new() };
        let differing = self.differing(folder, target, before).await;
        differing.into_iter().map(|property| property.name).collect()
    }

    /// Sets properties, together or else one by one; says in one sentence for each reason which were refused.
    async fn patch(&self, target: &Target, set: Vec<Property>) -> Vec<String> {
        if self.set(target, &set).await.is_ok() {
            return Vec::new();
        }
        let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for property in set {
            let name = property.name.clone();
            let opaque = properties::with_alpha(&property);
            let Err(why) = self.set(target, &[property]).await else { continue };
            let taken = match opaque {
                Some(opaque) => self.set(target, &[opaque]).await.is_ok(),
                None => false,
            };
            if !taken {
                refused.entry(why).or_default().push(name);
            }
        }
        refused.into_iter().map(|(why, names)| format!("{} refused {}: {why}", target.href, names.join(", "))).collect()
    }

    /// Sets properties, all or none; else why, one sentence.
    async fn set(&self, target: &Target, set: &[Property]) -> Result<(), String> {
        match self.client.send(&Proppatch { at: target.href.clone(), set: set.to_vec() }).await {
            Ok(statuses) if all_set(set, &statuses) => Ok(()),
            Ok(statuses) => Err(format!("status {}", statuses.first().map_or(0, |one| one.status))),
            Err(error) => Err(sentence(&error)),
        }
    }
}

/// What the folder says of its collection, and the collection is not.
fn unset(folder: &Folder, target: &Target, now: &Collection) -> Vec<Property> {
    let said = folder.said();
    let mut wanted = properties::wanted(target.kind, &said, target.displayname.as_deref());
    wanted.extend(properties::wanted_late(target.kind, &said));
    properties::differing(wanted, now)
}

fn all_set(set: &[Property], statuses: &[PropertyStatus]) -> bool {
    let is_set = |property: &Property| {
        statuses.iter().any(|one| one.name == property.name && one.namespace == property.namespace && one.status < 300)
    };
    set.iter().all(is_set)
}
