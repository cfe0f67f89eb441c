//! What stands in a collection that things go to: of each item its `ETag`, UID and a fingerprint, never its content.
//!
//! Listed once, when first needed. A few items that lie under the very name of what is put are looked at singly; as soon as
//! more is needed everything is read once, because a UID may lie under any name.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::collections::Target;
use crate::connector::Error;
use crate::connector::dav::open::failed;
use crate::dav::request::{Get, ListMembers, Multiget};
use crate::dav::{Client, ETag, ErrorKind, Href};
use crate::item;

/// So many items are looked at singly before everything is read: one event is put back without reading its calendar.
const MOST_SINGLE: usize = 8;

/// Most items in one multiget.
const MOST_HREFS: usize = 50;

/// What stands in a collection, as far as it was looked at.
#[derive(Debug, Default)]
pub(super) struct Existing {
    members: HashMap<Href, Known>,
    by_uid: HashMap<String, Href>,
    listed: bool,
    read: bool,
    singles: usize,
}

/// What is known of an item that stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub etag: Option<ETag>,
    /// `None` where it was not read, or could not be.
    pub seen: Option<Seen>,
}

/// What an item says, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Same for items that say the same.
    pub fingerprint: [u8; 32],
    pub uid: Option<String>,
}

impl Seen {
    /// Looks at an item.
    pub fn of(content: &[u8]) -> Self {
        Self { fingerprint: item::normal::fingerprint(content), uid: item::identity::of(content).map(|one| one.uid) }
    }
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

    /// All that stands there, with its `ETag`.
    pub fn members(&self) -> impl Iterator<Item = (&Href, Option<&ETag>)> {
        self.members.iter().map(|(href, known)| (href, known.etag.as_ref()))
    }

    /// Notes what was put, or found.
    pub fn note(&mut self, href: Href, known: Known) {
        if let Some(uid) = known.seen.as_ref().and_then(|seen| seen.uid.clone()) {
            self.by_uid.insert(uid, href.clone());
        }
        self.members.insert(href, known);
    }

    /// Whether something stands at an address.
    pub fn stands(&self, href: &Href) -> bool {
        self.members.contains_key(href)
    }

    /// Where an item stands: by its UID anywhere in the collection, and without one by its name.
    pub async fn find(
        &mut self,
        client: &Client,
        target: &Target,
        named: &Href,
        seen: &Seen,
    ) -> Result<Option<(Href, Known)>, Error> {
        self.list(client, target).await?;
        if !self.read && !self.knows(named, seen) && self.stands(named) && self.singles < MOST_SINGLE {
            self.singles += 1;
            self.look(client, target, named.clone()).await;
        }
        if !self.read && !self.knows(named, seen) && !self.members.is_empty() {
            self.read_all(client, target).await;
        }
        let at = match &seen.uid {
            Some(uid) => self.by_uid.get(uid).cloned().or_else(|| self.unread(named)),
            None => Some(named.clone()),
        };
        Ok(at.and_then(|href| self.members.get(&href).cloned().map(|known| (href, known))))
    }

    /// Reads everything again, because the server knows of something that we do not.
    pub async fn again(&mut self, client: &Client, target: &Target) -> Result<(), Error> {
        *self = Self::unknown();
        self.list(client, target).await?;
        self.read_all(client, target).await;
        Ok(())
    }

    /// Lists the collection, unless it was.
    pub async fn list(&mut self, client: &Client, target: &Target) -> Result<(), Error> {
        if self.listed {
            return Ok(());
        }
        let members = client.send(&ListMembers { collection: target.href.clone() }).await;
        let members = members.map_err(|error| failed(format!("cannot list {}", target.href), error))?;
        for member in members.into_iter().filter(|member| member.trouble.is_none() && member.status < 300) {
            self.members.entry(member.href).or_insert(Known { etag: member.etag, seen: None });
        }
        self.listed = true;
        Ok(())
    }

    /// Whether the place of an item is known without reading more.
    fn knows(&self, named: &Href, seen: &Seen) -> bool {
        match &seen.uid {
            Some(uid) => self.by_uid.contains_key(uid),
            None => self.members.get(named).is_none_or(|known| known.seen.is_some()),
        }
    }

    /// An item of that name which could not be read may be the one: it is not passed over.
    fn unread(&self, named: &Href) -> Option<Href> {
        self.members.get(named).filter(|known| known.seen.is_none()).map(|_| named.clone())
    }

    async fn look(&mut self, client: &Client, target: &Target, href: Href) {
        if let Some(known) = get(client, target, &href).await {
            self.note(href, known);
        }
    }

    /// Reads what was not read yet.
    async fn read_all(&mut self, client: &Client, target: &Target) {
        self.read = true;
        let unread = self.members.iter().filter(|(_, known)| known.seen.is_none()).map(|(href, _)| href.clone());
        let mut unread: Vec<_> = unread.collect();
        unread.sort();
        let batches: Vec<_> = unread.chunks(MOST_HREFS).map(<[Href]>::to_vec).collect();
        // The client bounds how many run at the same time; two keep it busy while an answer is looked at.
        let mut batches = stream::iter(batches).map(|batch| read_batch(client, target, batch)).buffer_unordered(2);
        while let Some(batch) = batches.next().await {
            for (href, known) in batch {
                self.note(href, known);
            }
        }
    }
}

/// What stands at an address, by GET; `None` if it can't be read.
async fn get(client: &Client, _target: &Target, href: &Href) -> Option<Known> {
    let got = client.send(&Get { at: href.clone(), vcard_version: None }).await.ok()?;
    Some(Known { etag: got.etag, seen: Some(Seen::of(&got.bytes)) })
}

/// Items by one multiget, and what that does not give by GET.
async fn read_batch(client: &Client, target: &Target, hrefs: Vec<Href>) -> Vec<(Href, Known)> {
    let mut read = Vec::with_capacity(hrefs.len());
    let request =
        Multiget { kind: target.kind, collection: target.href.clone(), hrefs: hrefs.clone(), vcard_version: None };
    let mut found: HashMap<Href, Known> = HashMap::new();
    for fetched in client.send(&request).await.unwrap_or_default() {
        if let (None, Some(data)) = (fetched.trouble, fetched.data.filter(|data| !data.is_empty())) {
            found.insert(fetched.href, Known { etag: fetched.etag, seen: Some(Seen::of(&data)) });
        }
    }
    for href in hrefs {
        let known = match found.remove(&href) {
            Some(known) => Some(known),
            None => get(client, target, &href).await,
        };
        read.extend(known.map(|known| (href, known)));
    }
    read
}

/// What stands at an address after a write of which nothing is known.
pub(super) async fn look_at(client: &Client, href: &Href) -> Result<Option<(Known, Bytes)>, crate::dav::Error> {
    match client.send(&Get { at: href.clone(), vcard_version: None }).await {
        Ok(got) => Ok(Some((Known { etag: got.etag, seen: Some(Seen::of(&got.bytes)) }, got.bytes))),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
