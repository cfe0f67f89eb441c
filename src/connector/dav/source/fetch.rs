//! Gets the contents of what was listed.
//!
//! Multigets of as many items as the server answers quickly (`pace`), several side by side, each cut from what is left when
//! its turn comes; one that fails as a whole is halved, down to single GETs, so that one bad item costs a few requests and no
//! other item. What a multiget leaves out or refuses is asked for singly, and so is everything where there is no multiget. So
//! is the last event of a batch, but no contact: GET gives it converted where a multiget does not say so either (`exact`), and
//! only of what a multiget gave is known what its server does.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::OnceCell;

use super::collection::Item;
use super::exact::{Trust, Wire};
use super::flow::Flow;
use super::named::New;
use super::pace::{FIRST, MOST_BYTES, Pace, SLOW, Went};
use super::{Run, Stop};
use crate::connector::dav::described::is_item;
use crate::connector::dav::remembered::ItemSum;
use crate::dav::request::{Fetched, Get, Got, Member, Multiget, VcardVersion};
use crate::dav::{Collection, ETag, Error, ErrorKind, Href, Kind};
use crate::report::sentence;

/// So many requests in a row without an answer, and the server is gone. Those that run side by side count as one.
const MOST_LOST: usize = 5;

/// The fetching of one collection.
pub(super) struct Fetch<'a> {
    pub run: &'a Run<'a>,
    pub collection: &'a Collection,
    /// Its path in the snapshot.
    pub folder: &'a str,
    pub failures: AtomicUsize,
    /// What the items that came amount to.
    pub sum: Mutex<ItemSum>,
    /// How the texts of this collection are read, once some came.
    rule: OnceCell<Rule>,
    /// The same while only GETs gave anything.
    rule_of_wholes: OnceCell<Rule>,
    lost: AtomicUsize,
    /// Whether a multiget was answered here.
    answered: AtomicBool,
    /// Whether this collection answers no multiget.
    only_gets: AtomicBool,
    /// Whether it lets us wait: then it gets one connection while others have something to read, too.
    slow: AtomicBool,
}

/// Some items that are asked for together.
struct Batch {
    items: Vec<Item>,
    share: super::pace::Share,
}

/// What came of a collection.
pub(super) struct Came {
    /// How many items failed.
    pub failures: usize,
    /// What its items amount to.
    pub sum: ItemSum,
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

impl Raw {
    /// How many bytes came.
    fn length(&self) -> u64 {
        match self {
            Self::Text { text: bytes, .. } | Self::Whole { content: bytes } => bytes.len() as u64,
            Self::Failed { .. } => 0,
        }
    }
}

/// How the texts of a collection become what is stored.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub wire: Wire,
    pub trust: Trust,
    /// Contacts that are stored as vCard 4.0, as far as the server tells.
    pub newer: Arc<HashSet<Href>>,
}

impl<'a> Fetch<'a> {
    /// The fetching of a collection whose path in the snapshot is `folder`; nothing of it is fetched yet.
    pub(super) fn new(run: &'a Run<'a>, collection: &'a Collection, folder: &'a str) -> Self {
        Self {
            run,
            collection,
            folder,
            failures: AtomicUsize::new(0),
            sum: Mutex::default(),
            rule: OnceCell::new(),
            rule_of_wholes: OnceCell::new(),
            lost: AtomicUsize::new(0),
            answered: AtomicBool::new(false),
            only_gets: AtomicBool::new(false),
            slow: AtomicBool::new(false),
        }
    }
}

impl Fetch<'_> {
    /// Sends every one of the items as an entry or a failure; what came of the whole collection.
    pub(super) async fn items(self, mut items: Vec<New>) -> Result<Came, Stop> {
        let bad: Vec<_> =
            items.extract_if(.., |item| item.member.trouble.is_some() || item.member.status >= 300).collect();
        for item in bad {
            let Item { path, member: Member { status, trouble, .. } } = item.into_item(self.folder);
            let why = trouble.map_or_else(|| format!("the server answered {status} for it"), String::from);
            self.failed(path, why).await?;
        }
        self.all(items).await?;
        let sum = self.sum.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Came { failures: self.failures.into_inner(), sum })
    }

    /// Says that an item failed.
    pub(super) async fn failed(&self, path: String, why: String) -> Result<(), Stop> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.run.failed(path, why).await
    }

    fn flow(&self) -> &Flow {
        &self.run.flow
    }

    fn pace(&self) -> &Pace {
        self.flow().pace(self.collection.kind)
    }

    /// Asks for all of them, and sends them as they come.
    async fn all(&self, items: Vec<New>) -> Result<(), Stop> {
        let mut left = VecDeque::from(items);
        let mut under_way = FuturesUnordered::new();
        loop {
            let lanes = self.flow().lanes(self.slow.load(Ordering::Relaxed));
            while under_way.len() < lanes
                && let Some(batch) = self.cut(&mut left, lanes)
            {
                under_way.push(Box::pin(self.batch(batch)));
            }
            match under_way.next().await {
                Some(done) => done?,
                None => return Ok(()),
            }
        }
    }

    /// The next items that are asked for together: neither too many nor, as far as is known, too large.
    fn cut(&self, left: &mut VecDeque<New>, lanes: usize) -> Option<Batch> {
        if left.is_empty() {
            return None;
        }
        let share = self.pace().share(left.len(), lanes);
        let most = if self.is_without_multiget() { FIRST } else { share.hrefs };
        let (mut count, mut bytes) = (0, 0);
        for item in left.iter().take(most) {
            bytes += item.member.size.unwrap_or(0);
            if count > 0 && bytes > MOST_BYTES {
                break;
            }
            count += 1;
        }
        Some(Batch { items: left.drain(..count).map(|new| new.into_item(self.folder)).collect(), share })
    }

    /// Asks for a batch and sends what comes.
    async fn batch(&self, batch: Batch) -> Result<(), Stop> {
        let _place = self.flow().place().await?;
        let raws = self.ask(batch).await?;
        let has_text = raws.iter().any(|(_, raw)| matches!(raw, Raw::Text { .. }));
        // How this collection is read shows on the first texts; a batch without any must not decide it.
        let rule = match self.rule.get() {
            Some(rule) => rule,
            None if has_text => self.rule.get_or_try_init(|| self.rule(&raws)).await?,
            None => self.rule_of_wholes.get_or_try_init(|| self.rule(&raws)).await?,
        };
        self.deliver(raws, rule).await
    }

    /// Asks for all of a batch, in as few requests as the server lets us.
    async fn ask(&self, Batch { items, share }: Batch) -> Result<Vec<(Item, Raw)>, Stop> {
        let whole = items.len();
        let mut raws = Vec::with_capacity(whole);
        let mut left = VecDeque::from([items]);
        let mut went = None;
        while let Some(batch) = left.pop_front() {
            if self.is_single(&batch) {
                // What a single GET gives says nothing of why more failed at once.
                went = Some(if went.is_none() { Went::Well(Duration::ZERO, 0) } else { Went::Badly });
                raws.extend(self.gets(batch).await?);
                continue;
            }
            let round = self.lost.load(Ordering::Relaxed);
            match self.multiget_timed(&batch, None).await {
                (Ok(mut fetched), took) => {
                    self.slow.store(took > SLOW, Ordering::Relaxed);
                    went.get_or_insert(Went::Well(took, fetched.values().map(Raw::length).sum()));
                    let mut missing = Vec::new();
                    for item in batch {
                        match fetched.remove(&item.member.href) {
                            Some(raw) => raws.push((item, raw)),
                            None => missing.push(item),
                        }
                    }
                    raws.extend(self.gets(missing).await?);
                }
                (Err(error), _) => {
                    self.slow.fetch_or(error.kind == ErrorKind::TimedOut, Ordering::Relaxed);
                    if went.is_none() {
                        self.pace().failed(whole, error.kind);
                    }
                    went = Some(if went.is_none() { Went::InParts } else { Went::Badly });
                    let kind = self.survives(error, round)?.kind;
                    if self.refuses_multigets(kind, &batch).await? || batch.len() == 1 {
                        raws.extend(self.gets(batch).await?);
                        continue;
                    }
                    // Each round of a server that does not answer costs its timeout.
                    let parts = if kind == ErrorKind::TimedOut { 4 } else { 2 };
                    left.extend(batch.chunks(batch.len().div_ceil(parts)).map(<[Item]>::to_vec));
                }
            }
        }
        self.pace().note(&share, whole, went.filter(|_| !self.is_without_multiget()).unwrap_or(Went::Badly));
        Ok(raws)
    }

    fn is_without_multiget(&self) -> bool {
        self.only_gets.load(Ordering::Relaxed) || self.pace().is_without()
    }

    /// Whether the items are asked for one by one.
    fn is_single(&self, batch: &[Item]) -> bool {
        (batch.len() == 1 && self.collection.kind == Kind::Calendar) || self.is_without_multiget()
    }

    /// Whether a failure of this kind means that this collection answers no multiget at all: then none is sent any more.
    async fn refuses_multigets(&self, kind: ErrorKind, batch: &[Item]) -> Result<bool, Stop> {
        let is_refusal = |kind| matches!(kind, ErrorKind::Refused | ErrorKind::Forbidden);
        let for_good = kind == ErrorKind::Unsupported;
        if self.answered.load(Ordering::Relaxed) || !(for_good || is_refusal(kind)) {
            return Ok(false);
        }
        // It may be one of the items that is refused: the answer to a single one tells.
        if let (false, [_, .., one]) = (for_good, batch) {
            let round = self.lost.load(Ordering::Relaxed);
            match self.multiget(std::slice::from_ref(one), None).await {
                Err(error) if is_refusal(error.kind) => {}
                Err(error) => {
                    self.survives(error, round)?;
                    return Ok(false);
                }
                Ok(_) => return Ok(false),
            }
        }
        if !self.only_gets.swap(true, Ordering::Relaxed) {
            self.pace().refused(for_good);
        }
        Ok(true)
    }

    /// What GET gives for each of them, several at once.
    async fn gets(&self, items: Vec<Item>) -> Result<Vec<(Item, Raw)>, Stop> {
        let get = |item: Item| async move {
            let raw = self.get(&item, None).await?;
            Ok((item, raw))
        };
        stream::iter(items).map(get).buffered(self.run.source.connections.max(1)).try_collect().await
    }

    /// The texts that one multiget gives.
    pub(super) async fn multiget(
        &self,
        batch: &[Item],
        vcard_version: Option<VcardVersion>,
    ) -> Result<HashMap<Href, Raw>, Error> {
        self.multiget_timed(batch, vcard_version).await.0
    }

    /// The same, and how long the answer took.
    async fn multiget_timed(
        &self,
        batch: &[Item],
        vcard_version: Option<VcardVersion>,
    ) -> (Result<HashMap<Href, Raw>, Error>, Duration) {
        let request = Multiget {
            kind: self.collection.kind,
            collection: self.collection.href.clone(),
            hrefs: batch.iter().map(|item| item.member.href.clone()).collect(),
            vcard_version,
        };
        let (fetched, took) = self.run.source.client.send_timed(&request).await;
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(error) => return (Err(error), took),
        };
        self.lost.store(0, Ordering::Relaxed);
        self.answered.store(true, Ordering::Relaxed);
        self.pace().answered();
        let texts = fetched.into_iter().filter(|one| one.trouble.is_none() && one.status < 300);
        let texts = texts.filter_map(|Fetched { href, etag, data, .. }| {
            data.filter(|data| is_item(self.collection.kind, data))
                .map(|data| (href, Raw::Text { text: Bytes::from(data), etag }))
        });
        (Ok(texts.collect()), took)
    }

    /// What GET gives for one item.
    pub(super) async fn get(&self, item: &Item, vcard_version: Option<VcardVersion>) -> Result<Raw, Stop> {
        let round = self.lost.load(Ordering::Relaxed);
        match self.run.source.client.send(&Get { at: item.member.href.clone(), vcard_version }).await {
            Ok(Got { bytes, content_type, .. }) => {
                self.lost.store(0, Ordering::Relaxed);
                if is_item(self.collection.kind, &bytes) {
                    return Ok(Raw::Whole { content: bytes });
                }
                Ok(Raw::Failed { why: no_item(self.collection.kind, content_type.as_deref()), is_passing: false })
            }
            Err(error) => {
                let error = self.survives(error, round)?;
                Ok(Raw::Failed { why: sentence(&error), is_passing: error.is_passing() })
            }
        }
    }

    /// The error again, if the collection may be gone on with after it; `round` is how many were lost when it was sent.
    fn survives(&self, error: Error, round: usize) -> Result<Error, Stop> {
        if error.is_about_all() {
            // Somebody else may have counted for all that ran beside it.
            let _ = self.lost.compare_exchange(round, round + 1, Ordering::Relaxed, Ordering::Relaxed);
            if self.lost.load(Ordering::Relaxed) >= MOST_LOST {
                return Err(Stop::Lost(error));
            }
        }
        Ok(error)
    }
}

/// Why an answer of 200 is not kept.
pub(super) fn no_item(kind: Kind, content_type: Option<&str>) -> String {
    let what = if kind == Kind::Calendar { "calendar item" } else { "contact" };
    let sent: String = content_type.unwrap_or_default().chars().filter(|c| !c.is_control()).take(60).collect();
    let sent = if sent.is_empty() { "something else".to_owned() } else { sent };
    format!("the server gave no {what} but {sent}")
}
