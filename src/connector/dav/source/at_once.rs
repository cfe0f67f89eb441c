//! A collection of which nothing is known yet, by one query that brings all contents along.
//!
//! What a query gives is no proof of what there is: one server gives a year of it, another nothing (servers.md §3). A listing
//! beside it would cost the server as much again. So this is done only where the server counts the items of a collection: if
//! as many came, or if the ctag is the digest of what came, none is missing. And only what its `ETag` confirms is handed on, so
//! that nothing has to be asked for while the answer runs. Whatever else there is gets listed and fetched as everywhere.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::collection::Item;
use super::exact::{Evidence, Stored, Trust, Wire, stored};
use super::fetch::Fetch;
use super::{Run, Stop, radicale};
use crate::connector::dav::described::is_item;
use crate::connector::name::{folded, hash, safe_name};
use crate::dav::request::{Depth, Fetched, Member, Propfind, Query, Streamed};
use crate::dav::{Collection, Href, names};

/// Items of an answer that wait to be handed on.
const WAITING: usize = 16;

/// QUIRK(radicale): refuses a query that finds more, after it has looked at so many (`max_expand_occurrence`).
const MOST: u64 = 10_000;

/// What a query gave of a collection.
#[derive(Default)]
pub(super) struct Given {
    /// The names of what was handed on: of each the hash of its [`folded`] form, and a keyed hash of its own. For the first alone
    /// somebody could make two names that meet, and one of the items would be taken for the other.
    names: HashMap<u64, u64>,
    keys: RandomState,
    /// What the query named and could not be handed on.
    rest: Vec<Member>,
    /// Whether the host does not want some of it.
    pub is_narrowed: bool,
    /// Whether there is nothing beside this.
    is_whole: bool,
    /// All that came, in the order in which it did.
    came: radicale::Given,
}

impl Given {
    /// Whether something was handed on.
    pub fn is_begun(&self) -> bool {
        !self.names.is_empty()
    }

    /// What else there is, if that is known.
    pub fn take_rest(&mut self) -> Option<Vec<Member>> {
        self.is_whole.then(|| std::mem::take(&mut self.rest))
    }

    /// Whether an item of the collection was handed on.
    pub fn has(&self, collection: &Collection, item: &Href) -> bool {
        self.is_begun() && own_name(collection, item).is_some_and(|name| self.has_name(&name))
    }

    /// Whether a name was given out, by the hash of its [`folded`] form.
    pub fn has_taken(&self, folded: u64) -> bool {
        self.names.contains_key(&folded)
    }

    fn has_name(&self, name: &str) -> bool {
        self.names.get(&hash(&folded(name))) == Some(&self.keys.hash_one(name))
    }

    fn add_name(&mut self, name: &str) {
        self.names.insert(hash(&folded(name)), self.keys.hash_one(name));
    }

    /// Keeps each that was not handed on once.
    fn each_once(&mut self) {
        self.rest.sort_unstable_by(|one, other| one.href.cmp(&other.href));
        // What came twice was asked for twice.
        self.rest.dedup_by(|one, other| one.href == other.href && one.trouble == other.trouble);
    }

    /// How many came.
    fn count(&self) -> u64 {
        (self.names.len() + self.rest.len()) as u64
    }
}

impl Run<'_> {
    /// Hands on what a query gives of a collection, where that is worth it.
    pub(super) async fn at_once(&self, fetch: &Fetch<'_>) -> Result<Given, Stop> {
        let mut given = Given::default();
        let collection = fetch.collection;
        let is_known = self.memory.is_some_and(|memory| memory.known(collection).is_some());
        if is_known || !collection.state.ctag.as_deref().is_some_and(radicale::is_ctag) {
            return Ok(given);
        }
        let mut count = None;
        let first = async {
            count = self.count(collection).await;
            count.is_some()
        };
        if !*self.flow.counts.get_or_init(|| first).await {
            return Ok(given);
        }
        if count.is_some_and(|count| count > MOST) {
            return Ok(given);
        }
        let (to, from) = mpsc::channel(WAITING);
        let asking = async {
            let (kind, collection) = (collection.kind, collection.href.clone());
            let query = Query { kind, collection, component: None, with_data: true };
            Ok(self.source.client.send(&Streamed::new(query, to)).await)
        };
        let (asked, ()) = tokio::try_join!(asking, self.hand_on(fetch, from, &mut given))?;
        given.each_once();
        given.is_whole = asked.is_ok() && self.is_whole(collection, &given, count).await;
        Ok(given)
    }

    /// Whether a query gave everything: as many as are counted, which costs the server a look at each, or what makes the ctag.
    async fn is_whole(&self, collection: &Collection, given: &Given, count: Option<u64>) -> bool {
        if count.is_none() && given.came.is_all_of(collection, self.told.wait().await.of(&collection.href)) {
            return true;
        }
        let count = match count {
            Some(count) => Some(count),
            None => self.count(collection).await,
        };
        count == Some(given.count())
    }

    /// How many items a collection has, where the server says so.
    async fn count(&self, collection: &Collection) -> Option<u64> {
        let names = vec![names::CONTENT_COUNT];
        let ask = Propfind { at: collection.href.clone(), depth: Depth::Zero, names, also: Vec::new() };
        let reply = self.source.client.send(&ask).await.ok()?;
        let own = reply.resources.iter().find(|one| one.href == collection.href)?;
        own.text(names::CONTENT_COUNT)?.trim().parse().ok()
    }

    async fn hand_on(
        &self,
        fetch: &Fetch<'_>,
        mut from: mpsc::Receiver<Fetched>,
        given: &mut Given,
    ) -> Result<(), Stop> {
        let collection = fetch.collection;
        while let Some(Fetched { href, status, trouble, etag, data }) = from.recv().await {
            given.came.add(&href, etag.as_ref());
            let name = own_name(collection, &href).filter(|_| trouble.is_none() && status < 300);
            if name.as_deref().is_some_and(|name| given.has_name(name)) {
                continue;
            }
            let trouble = trouble.map(Into::into);
            let member = Member { href, status, trouble, etag, size: None, modified: None };
            // One that is another's but for its case is named when all are known.
            let name = name.filter(|name| safe_name(name) == *name && !given.has_taken(hash(&folded(name))));
            let content = data.filter(|data| is_item(collection.kind, data));
            let content = content.and_then(|content| confirmed(content, &member));
            let (Some(name), Some(content)) = (name, content) else {
                given.rest.push(member);
                continue;
            };
            if !given.is_begun() {
                self.open(fetch.folder, collection).await?;
                self.begin_anew(collection).await;
            }
            given.add_name(&name);
            let path = format!("{}/{name}", fetch.folder);
            if self.is_unwanted(|| path.clone()) {
                given.is_narrowed = true;
            } else {
                fetch.item(Item { path, member }, content, None).await?;
            }
        }
        Ok(())
    }
}

/// The name of an item in its collection; none where it lies elsewhere.
fn own_name(collection: &Collection, item: &Href) -> Option<String> {
    let name = item.last_segment_decoded();
    // Also not where it is no UTF-8: then others could be shown by the same name.
    let own = collection.href.join(&name, false).ok()?;
    (own == *item).then_some(name)
}

fn confirmed(content: Vec<u8>, member: &Member) -> Option<Bytes> {
    let evidence = Evidence { etag: member.etag.as_ref(), size: None };
    match stored(&Bytes::from(content), Wire::Crlf, Trust::default(), evidence) {
        Stored::Confirmed(content) => Some(content),
        Stored::Assumed(_) | Stored::Contradicted(_) => None,
    }
}
