//! The collections that things go to: found or made, their properties set, and in the end, if asked for, emptied of what the
//! snapshot lacks.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::existing::Existing;
use super::folder::Folder;
use super::place::{Place, Wanted, place};
use super::wishes::Into;
use super::{DavDestination, properties, put};
use crate::connector::Error;
use crate::connector::dav::open::failed;
use crate::dav::request::{Delete, Get, How, MakeCollection, PropertyStatus, Proppatch};
use crate::dav::{Collection, Href, Kind, Property};
use crate::report::sentence;

/// A collection that things go to.
#[derive(Debug)]
pub(super) struct Target {
    pub href: Href,
    pub kind: Kind,
    /// As it was before; `None` if this run made it.
    pub before: Option<Collection>,
    /// The display name that an option gives it.
    displayname: Option<String>,
    /// Whether its properties are to be those of its folder.
    owned: bool,
    /// What stands in it.
    pub existing: tokio::sync::Mutex<Existing>,
    /// What of it the snapshot has.
    kept: Mutex<HashSet<Href>>,
}

impl Target {
    /// The snapshot has this item.
    pub fn keep(&self, href: Href) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(href);
    }

    fn keeps(&self, href: &Href) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).contains(href)
    }
}

impl DavDestination {
    /// The collection for a folder; made if there is none.
    pub(super) async fn target(&self, folder: &Folder, kind: Kind) -> Result<Arc<Target>, Error> {
        let account = self.account().await?;
        let said = folder.said();
        let displayname = said.values.get("displayname").map(String::as_str);
        let wanted = Wanted { kind, name: &said.name, displayname };
        let into = self.wishes.into.as_ref();
        let mut targets = self.targets.lock().await;
        let place = place(account, into, wanted)?;
        let href = match &place {
            Place::There(collection) => &collection.href,
            Place::New { href, .. } => href,
        };
        if let Some(target) = targets.iter().find(|target| target.href == *href) {
            return Ok(target.clone());
        }
        let (href, before, displayname) = match place {
            Place::There(collection) => (collection.href.clone(), Some(*collection), None),
            Place::New { href, displayname } => (href, None, displayname),
        };
        if before.is_none() && !self.wishes.dry_run {
            let wanted = properties::wanted(kind, &said, displayname.as_deref());
            let components = said.described.map(|described| described.components).unwrap_or_default();
            self.make(&href, kind, wanted, components).await?;
        }
        let existing = if before.is_some() { Existing::unknown() } else { Existing::nothing() };
        let target = Arc::new(Target {
            href,
            kind,
            owned: before.is_none() || !(account.only || matches!(into, Some(Into::One(_)))),
            before,
            displayname,
            existing: tokio::sync::Mutex::new(existing),
            kept: Mutex::default(),
        });
        targets.push(target.clone());
        Ok(target)
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
        let made = self.discover().await?.collections.iter().any(|one| one.href == *at);
        match first {
            Some(error) if !made => Err(failed(format!("cannot make the {} {at}", kind.word()), error)),
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
        if self.wishes.dry_run {
            return Ok(troubles);
        }
        // What the server took of a new collection's properties shows only when they are read again.
        let again =
            if folders.iter().any(|(_, target)| target.before.is_none()) { Some(self.discover().await?) } else { None };
        for (folder, target) in folders.iter().filter(|(_, target)| target.owned) {
            let now = again.iter().flat_map(|account| &account.collections).find(|one| one.href == target.href);
            let Some(now) = now.or(target.before.as_ref()) else { continue };
            let wanted = properties::wanted(target.kind, &folder.said(), target.displayname.as_deref());
            let differing = properties::differing(wanted, now);
            if !differing.is_empty() {
                troubles.extend(self.patch(target, differing).await);
            }
        }
        Ok(troubles)
    }

    /// Sets properties, together or else one by one.
    async fn patch(&self, target: &Target, set: Vec<Property>) -> Vec<String> {
        let mut troubles = Vec::new();
        let together = self.client.send(&Proppatch { at: target.href.clone(), set: set.clone() }).await;
        if together.is_ok_and(|statuses| all_set(&set, &statuses)) {
            return troubles;
        }
        for property in set {
            let name = property.name.clone();
            let request = Proppatch { at: target.href.clone(), set: vec![property] };
            match self.client.send(&request).await {
                Ok(statuses) if all_set(&request.set, &statuses) => {}
                Ok(statuses) => {
                    let status = statuses.first().map_or(0, |one| one.status);
                    troubles.push(format!("{} refused the property {name} ({status})", target.href));
                }
                Err(error) => {
                    troubles.push(format!("{} refused the property {name}: {}", target.href, sentence(&error)));
                }
            }
        }
        troubles
    }

    /// Deletes what the snapshot lacks; says in sentences what was not deleted, and why.
    pub(super) async fn mirror(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        let folders = self.folders();
        let targets = self.targets.lock().await.clone();
        for target in targets.iter().filter(|target| target.before.is_some()) {
            let mut into_it =
                folders.iter().filter(|folder| folder.target.get().is_some_and(|one| one.href == target.href));
            if let Some(why) = into_it.find_map(|folder| why_not_whole(folder)) {
                troubles.push(format!("nothing was deleted in {}: {why}", target.href));
                continue;
            }
            if let Err(error) = self.delete_others(target, &mut troubles).await {
                troubles.push(format!("nothing was deleted in {}: {}", target.href, sentence(&error)));
            }
        }
        troubles
    }

    async fn delete_others(&self, target: &Target, troubles: &mut Vec<String>) -> Result<(), Error> {
        let mut existing = target.existing.lock().await;
        existing.list(&self.client, target).await?;
        for (href, etag) in existing.members().filter(|(href, _)| !target.keeps(href)) {
            let Some(matches) = etag.cloned() else {
                troubles.push(format!("{href} was not deleted: the server gives it no ETag"));
                continue;
            };
            if !self.may_delete(target, href).await? {
                troubles.push(format!("{href} was held back: deleting it would mail its attendees"));
                continue;
            }
            if let Err(error) = self.client.send(&Delete { at: href.clone(), matches, silent: true }).await {
                troubles.push(format!("{href} was not deleted: {}", sentence(&error)));
            }
        }
        Ok(())
    }

    /// Whether nobody is told of it when an item is deleted.
    async fn may_delete(&self, target: &Target, href: &Href) -> Result<bool, Error> {
        if target.kind == Kind::AddressBook || !self.account().await?.scheduling {
            return Ok(true);
        }
        let got = self.client.send(&Get { at: href.clone(), vcard_version: None }).await;
        Ok(got.is_ok_and(|got| !put::invites(&got.bytes)))
    }
}

/// Why nothing follows from what a folder lacks.
fn why_not_whole(folder: &Folder) -> Option<&'static str> {
    match folder.said().described {
        None => Some("it is not known whether the snapshot has all of it"),
        Some(described) if described.incomplete => Some("the snapshot lacks items that could not be read"),
        Some(described) if !described.only_components.is_empty() => Some("the snapshot has only some kinds of items"),
        Some(_) if !folder.is_whole() => Some("some items could not be restored"),
        Some(_) => None,
    }
}

fn all_set(set: &[Property], statuses: &[PropertyStatus]) -> bool {
    let is_set = |property: &Property| {
        statuses.iter().any(|one| one.name == property.name && one.namespace == property.namespace && one.status < 300)
    };
    set.iter().all(is_set)
}
