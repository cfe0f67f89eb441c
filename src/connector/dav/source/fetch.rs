//! Gets the contents of what was listed.
//!
//! Multigets of up to [`MOST_HREFS`] items; one that fails as a whole is cut into quarters, down to single GETs, so that
//! one bad item costs a few requests and no other item. What a multiget leaves out or refuses is asked for singly. So is the
//! last event of a batch, but no contact: GET gives it converted where a multiget does not say so either (`exact`), and only
//! of what a multiget gave is known what its server does.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::collection::Item;
use super::exact::{Trust, Wire};
use super::{Run, Stop};
use crate::connector::dav::described::is_item;
use crate::dav::request::{Fetched, Get, Got, Multiget, VcardVersion};
use crate::dav::{Collection, ETag, Error, Href, Kind};
use crate::report::sentence;

/// Most items in one multiget; servers answer so many in well under a second, and a failure costs little.
const MOST_HREFS: usize = 50;

/// Most bytes of items in one multiget, as far as their sizes are listed.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// So many requests in a row without an answer, and the server is gone: 50, 13, 4, 1 items and one more.
const MOST_LOST: usize = 5;

/// The fetching of one collection.
pub(super) struct Fetch<'a> {
    pub run: &'a Run<'a>,
    pub collection: &'a Collection,
    pub failures: AtomicUsize,
    /// The kinds of components that were seen.
    pub components: Mutex<BTreeSet<&'static str>>,
    lost: AtomicUsize,
}

/// What came of a collection.
pub(super) struct Came {
    /// How many items failed.
    pub failures: usize,
    /// The kinds of components that its items are of.
    pub components: BTreeSet<&'static str>,
}

/// What came of asking for an item.
#[derive(Clone)]
pub(super) enum Raw {
    /// The text that a multiget gave.
    Text { text: Bytes, etag: Option<ETag> },
    /// What GET gave.
    Whole { content: Bytes },
    /// Nothing, for now or for good; the reason in a sentence.
    Failed { why: String, is_passing: bool },
}

/// How the texts of a collection become what is stored.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub wire: Wire,
    pub trust: Trust,
    /// Contacts that are stored as vCard 4.0, as far as the server tells.
    pub newer: Arc<HashSet<Href>>,
}

impl Run<'_> {
    /// Sends every item of a collection as an entry or a failure.
    pub(super) async fn fetch(&self, collection: &Collection, items: Vec<Item>) -> Result<Came, Stop> {
        let (failures, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let fetch = Fetch { run: self, collection, failures, components: Mutex::default(), lost };
        let (good, bad): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| item.member.trouble.is_none() && item.member.status < 300);
        for item in bad {
            let status = item.member.status;
            let why = item.member.trouble.unwrap_or_else(|| format!("the server answered {status} for it"));
            fetch.failed(item.path, why).await?;
        }
        let mut batches = batches(good).into_iter();
        if let Some(first) = batches.next() {
            // How this collection is to be read shows on its first batch.
            let raws = fetch.ask(first).await?;
            let rule = fetch.rule(&raws).await?;
            fetch.deliver(raws, &rule).await?;
            let (fetch, rule) = (&fetch, &rule);
            let rest = stream::iter(batches).map(|batch| async move {
                let _permit = self.batches.acquire().await.map_err(|_| Stop::Unheard)?;
                let raws = fetch.ask(batch).await?;
                fetch.deliver(raws, rule).await
            });
            rest.buffer_unordered(self.source.connections.max(1)).try_collect::<()>().await?;
        }
        let components = fetch.components.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Came { failures: fetch.failures.into_inner(), components })
    }
}

impl Fetch<'_> {
    /// Says that an item failed.
    pub(super) async fn failed(&self, path: String, why: String) -> Result<(), Stop> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.run.failed(path, why).await
    }

    /// Asks for all of a batch, in as few requests as the server lets us.
    async fn ask(&self, batch: Vec<Item>) -> Result<Vec<(Item, Raw)>, Stop> {
        let mut raws = Vec::with_capacity(batch.len());
        let mut left = VecDeque::from([batch]);
        while let Some(batch) = left.pop_front() {
            let is_contact = self.collection.kind == Kind::AddressBook;
            if let ([item], false) = (batch.as_slice(), is_contact) {
                let raw = self.get(item, None).await?;
                raws.extend(batch.into_iter().map(|item| (item, raw.clone())));
                continue;
            }
            match self.multiget(&batch, None).await {
                Ok(mut fetched) => {
                    for item in batch {
                        let raw = match fetched.remove(&item.member.href) {
                            Some(raw) => raw,
                            None => self.get(&item, None).await?,
                        };
                        raws.push((item, raw));
                    }
                }
                Err(error) => {
                    self.survives(error)?;
                    if let [item] = batch.as_slice() {
                        let raw = self.get(item, None).await?;
                        raws.extend(batch.into_iter().map(|item| (item, raw.clone())));
                        continue;
                    }
                    let quarter = batch.len().div_ceil(4);
                    left.extend(batch.chunks(quarter).map(<[Item]>::to_vec));
                }
            }
        }
        Ok(raws)
    }

    /// The texts that one multiget gives.
    pub(super) async fn multiget(
        &self,
        batch: &[Item],
        vcard_version: Option<VcardVersion>,
    ) -> Result<HashMap<Href, Raw>, Error> {
        let request = Multiget {
            kind: self.collection.kind,
            collection: self.collection.href.clone(),
            hrefs: batch.iter().map(|item| item.member.href.clone()).collect(),
            vcard_version,
        };
        let fetched = self.run.source.client.send(&request).await?;
        self.lost.store(0, Ordering::Relaxed);
        let texts = fetched.into_iter().filter(|one| one.trouble.is_none() && one.status < 300);
        let texts = texts.filter_map(|Fetched { href, etag, data, .. }| {
            data.filter(|data| is_item(self.collection.kind, data))
                .map(|data| (href, Raw::Text { text: Bytes::from(data), etag }))
        });
        Ok(texts.collect())
    }

    /// What GET gives for one item.
    pub(super) async fn get(&self, item: &Item, vcard_version: Option<VcardVersion>) -> Result<Raw, Stop> {
        match self.run.source.client.send(&Get { at: item.member.href.clone(), vcard_version }).await {
            Ok(Got { bytes, content_type, .. }) => {
                self.lost.store(0, Ordering::Relaxed);
                if is_item(self.collection.kind, &bytes) {
                    return Ok(Raw::Whole { content: bytes });
                }
                Ok(Raw::Failed { why: no_item(self.collection.kind, content_type.as_deref()), is_passing: false })
            }
            Err(error) => {
                let error = self.survives(error)?;
                Ok(Raw::Failed { why: sentence(&error), is_passing: error.is_passing() })
            }
        }
    }

    /// The error again, if the collection may be gone on with after it.
    fn survives(&self, error: Error) -> Result<Error, Stop> {
        let lost = if error.is_about_all() { self.lost.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        if lost >= MOST_LOST { Err(Stop::Lost(error)) } else { Ok(error) }
    }
}

/// Why an answer of 200 is not kept.
pub(super) fn no_item(kind: Kind, content_type: Option<&str>) -> String {
    let what = if kind == Kind::Calendar { "calendar item" } else { "contact" };
    let sent: String = content_type.unwrap_or_default().chars().filter(|c| !c.is_control()).take(60).collect();
    let sent = if sent.is_empty() { "something else".to_owned() } else { sent };
    format!("the server gave no {what} but {sent}")
}

/// Items in runs that are neither too many nor, as far as is known, too large.
fn batches(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut batches: Vec<Vec<Item>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let size = item.member.size.unwrap_or(0);
        match batches.last_mut() {
            Some(batch) if batch.len() < MOST_HREFS && bytes + size <= MOST_BYTES => {
                bytes += size;
                batch.push(item);
            }
            _ => {
                bytes = size;
                batches.push(vec![item]);
            }
        }
    }
    batches
}
