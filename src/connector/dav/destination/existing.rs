//! What stands in a collection that things go to: of each item its `ETag`, UID and a fingerprint, never its content.
//!
//! Listed once, when first needed. A few items that lie under the very name of what is put are looked at singly; as soon as
//! more is needed everything is read once, because a UID may lie under any name. What can't be read is not taken for absent.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{StreamExt, stream};

use super::collections::Target;
use super::look::{Looked, better, is_same, read_batch, read_one};
use super::refused;
use super::seen::{Known, Seen};
use crate::connector::Error;
use crate::connector::dav::open::failed;
use crate::dav::request::ListMembers;
use crate::dav::{self, Client, Href};
use crate::report::sentence;

/// So many items are looked at singly before everything is read: one event is put back without reading its calendar.
const MOST_SINGLE: usize = 8;

/// So often a collection is listed once more because an item does not lie where it was put.
const MOST_LISTINGS: usize = 200;

/// Most items in one multiget.
const MOST_HREFS: usize = 50;

/// So many answers are looked at side by side.
const MOST_BATCHES: usize = 8;

/// What stands in a collection, as far as it was looked at.
#[derive(Debug, Default)]
pub(super) struct Existing {
    members: HashMap<Href, Known>,
    by_uid: HashMap<String, Href>,
    /// What stands there and could not be read, and why.
    unread: BTreeMap<Href, String>,
    /// The names that were given to new items of this run.
    given: HashSet<Href>,
    listed: bool,
    read: bool,
    /// Whether everything was read anew because the server knew of something that we did not.
    again: bool,
    singles: usize,
    /// New items that a dry run noted as if they were there.
    planned: HashSet<Href>,
    /// What a dry run would write over what stands there.
    replacing: HashMap<Href, Seen>,
    /// What stood here when the plan was made that is being carried out.
    foreseen: Option<HashMap<Href, Known>>,
    /// How often it was listed once more to find where something was put.
    listings: usize,
}

impl Existing {
    /// A collection that was not looked at yet.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// A collection that was just made.
    pub fn nothing() -> Self {
        Self { listed: true, read: true, ..Self::default() }
    }

    /// The same collection for who carries out what was planned with this: it is listed once more, and what is still the
    /// same is not read again.
    pub fn after_plan(mut self) -> Self {
        self.members.retain(|href, _| !self.planned.contains(href));
        Self { foreseen: Some(self.members), ..Self::default() }
    }

    /// Whether it is what the plan saw, where there is one.
    pub fn is_foreseen(&self, href: &Href, now: &Known) -> bool {
        let Some(foreseen) = &self.foreseen else { return true };
        let Some(before) = foreseen.get(href) else { return false };
        match (&before.etag, &now.etag) {
            (Some(before), Some(now)) => is_same(before, now),
            _ => before.seen.is_some() && before.seen == now.seen,
        }
    }

    /// Notes what would be put.
    pub fn plan(&mut self, href: Href, seen: Seen) {
        self.planned.insert(href.clone());
        self.note(href, Known { etag: None, seen: Some(seen) });
    }

    /// Notes what would be written over what stands there, which stays known as it is.
    pub fn plan_over(&mut self, href: Href, seen: Seen) {
        self.replacing.insert(href, seen);
    }

    /// What would stand there by now, where a dry run would have written over it.
    pub fn planned_over(&self, href: &Href) -> Option<Seen> {
        self.replacing.get(href).cloned()
    }

    /// All that stands there, as far as it is known.
    pub fn members(&self) -> impl Iterator<Item = (&Href, &Known)> {
        self.members.iter()
    }

    /// Notes what was put, or found.
    pub fn note(&mut self, href: Href, known: Known) {
        if let Some(uid) = known.seen.as_ref().and_then(|seen| seen.uid.clone()) {
            // Where two have one UID, it is always the same one that is found by it.
            let at = self.by_uid.entry(uid).or_insert_with(|| href.clone());
            if href < *at {
                *at = href.clone();
            }
        }
        self.unread.remove(&href);
        self.members.insert(href, known);
    }

    /// Takes a name for a new item; false if something has it.
    pub fn give(&mut self, href: &Href) -> bool {
        !self.members.contains_key(href) && self.given.insert(href.clone())
    }

    /// Where an item stands: under its name if what is there has its UID, else wherever its UID is; without a UID by its name.
    pub async fn find(
        &mut self,
        client: &Client,
        target: &Target,
        named: &Href,
        seen: &Seen,
    ) -> Result<Option<(Href, Known)>, Error> {
        self.list(client, target).await?;
        if !self.knows(named, seen) && self.members.contains_key(named) && self.singles < MOST_SINGLE {
            self.singles += 1;
            let looked =
                read_one(client, named).await.map_err(|error| failed(format!("cannot read {named}"), error))?;
            self.looked(named.clone(), looked);
        }
        if !self.knows(named, seen) && !self.members.is_empty() {
            self.read_all(client, target).await?;
        }
        let at = match &seen.uid {
            None => Some(named),
            Some(uid) if self.uid_at(named) == Some(uid) => Some(named),
            Some(uid) => self.by_uid.get(uid),
        };
        match (at, self.unread.first_key_value()) {
            (None, Some((href, why))) => Err(refused(format!(
                "nothing new was put into {}: {} of its items could not be read, and may be the same one; {href}: {why}",
                target.href,
                self.unread.len()
            ))),
            _ => Ok(at.and_then(|href| self.members.get(href).map(|known| (href.clone(), known.clone())))),
        }
    }

    /// Reads everything again, because the server knows of something that we do not; once, as it will not tell more.
    pub async fn again(&mut self, client: &Client, target: &Target) -> Result<(), Error> {
        if self.again {
            return Ok(());
        }
        let (given, foreseen) = (std::mem::take(&mut self.given), self.foreseen.take());
        *self = Self { given, foreseen, again: true, ..Self::default() };
        self.list(client, target).await?;
        self.read_all(client, target).await
    }

    /// Where an item of that UID has appeared since the collection was listed. QUIRK(calypso): gives to-dos and journals names
    /// of its own.
    pub async fn appeared(&mut self, client: &Client, target: &Target, uid: &str) -> Result<Option<Href>, dav::Error> {
        if self.listings >= MOST_LISTINGS {
            return Ok(None);
        }
        self.listings += 1;
        let members = client.send(&ListMembers { collection: target.href.clone() }).await?;
        let is_new = |href: &Href| !self.members.contains_key(href);
        let new: Vec<_> = members.into_iter().filter(|one| one.trouble.is_none() && is_new(&one.href)).collect();
        for batch in new.chunks(MOST_HREFS) {
            for member in batch {
                self.members.insert(member.href.clone(), Known { etag: member.etag.clone(), seen: None });
            }
            let hrefs = batch.iter().map(|member| member.href.clone()).collect();
            for (href, looked) in read_batch(client, target, hrefs).await? {
                self.looked(href, looked);
            }
        }
        Ok(self.by_uid.get(uid).cloned())
    }

    /// Lists the collection, unless it was.
    pub async fn list(&mut self, client: &Client, target: &Target) -> Result<(), Error> {
        if self.listed {
            return Ok(());
        }
        let members = client.send(&ListMembers { collection: target.href.clone() }).await;
        let members = members.map_err(|error| failed(format!("cannot list {}", target.href), error))?;
        for member in
            members.into_iter().filter(|member| member.trouble.is_none() && !matches!(member.status, 404 | 410))
        {
            let before = self.foreseen.as_ref().and_then(|foreseen| foreseen.get(&member.href)).cloned();
            let is_the_same = |before: &Known| match (&before.etag, &member.etag) {
                (Some(before), Some(now)) => is_same(before, now),
                _ => false,
            };
            match before.filter(is_the_same) {
                Some(before) => self.note(member.href, before),
                None => _ = self.members.entry(member.href).or_insert(Known { etag: member.etag, seen: None }),
            }
        }
        self.listed = true;
        Ok(())
    }

    /// Whether the place of an item is known without reading more.
    fn knows(&self, named: &Href, seen: &Seen) -> bool {
        let looked_at_name = self.members.get(named).is_none_or(|known| known.seen.is_some());
        self.read || (looked_at_name && seen.uid.as_ref().is_none_or(|uid| self.by_uid.contains_key(uid)))
    }

    fn uid_at(&self, href: &Href) -> Option<&String> {
        self.members.get(href)?.seen.as_ref()?.uid.as_ref()
    }

    /// Notes what an item that was listed turned out to be.
    fn looked(&mut self, href: Href, looked: Looked) {
        match looked {
            Looked::At(got) => {
                let listed = self.members.get(&href).and_then(|known| known.etag.clone());
                let etag = match (listed, got.etag) {
                    (Some(listed), Some(got)) => Some(better(listed, got)),
                    (listed, got) => listed.or(got),
                };
                self.note(href, Known { etag, seen: got.seen });
            }
            Looked::Gone => _ = self.members.remove(&href),
            Looked::Unread(error) => _ = self.unread.insert(href, sentence(&error)),
        }
    }

    /// Reads what was not read yet.
    async fn read_all(&mut self, client: &Client, target: &Target) -> Result<(), Error> {
        let unread = self.members.iter().filter(|(_, known)| known.seen.is_none()).map(|(href, _)| href.clone());
        let mut unread: Vec<_> = unread.collect();
        unread.sort();
        let batches: Vec<_> = unread.chunks(MOST_HREFS).map(<[Href]>::to_vec).collect();
        // The client bounds how many run at the same time.
        let mut batches =
            stream::iter(batches).map(|batch| read_batch(client, target, batch)).buffer_unordered(MOST_BATCHES);
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| failed(format!("cannot read what stands in {}", target.href), error))?;
            for (href, looked) in batch {
                self.looked(href, looked);
            }
        }
        self.read = true;
        Ok(())
    }
}
