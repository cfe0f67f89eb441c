//! What became of a collection since it was last read, found with as few requests as can be trusted.
//!
//! Ctags and sync tokens are hints: servers answer a stale or foreign token with nothing at all, count in whole seconds, or
//! begin anew under the old name (servers.md §3, §7). So what they say is checked against what else is known, a sample of what
//! they say nothing about is looked at, and now and then everything is listed all the same.

use std::collections::{HashMap, HashSet};

use super::listing::{self, Listing};
use super::marks::{is_counter, is_now, shared_tags, went_back};
use super::memory::{Known, Memory};
use super::sweep::Sweep;
use crate::connector::dav::remembered::{RememberedItem, RememberedState};
use crate::dav::request::{Depth, Member, Propfind, SyncCollection};
use crate::dav::{Client, Collection, ETag, Error, ErrorKind, Href, State, SyncToken, names};

/// Most parts of one report of changes (RFC 6578 §3.6); each must lead to another token.
const MOST_PARTS: usize = 1_000;

/// From so many items on it is worth a token to be told only what changed.
const MANY: usize = 200;

/// A collection as it is now. There may be hundreds of thousands of items in it, so no list is kept beside these.
#[derive(Default)]
pub(super) struct Seen {
    /// What is as it was, and where it is.
    pub same: Vec<(Href, RememberedItem)>,
    /// What is to be fetched.
    pub new: Vec<Member>,
    /// Why not everything is known, one sentence.
    pub part: Option<String>,
    /// How it is to be written down.
    pub note: Note,
    /// Whether a full listing contradicted what the server says of changes.
    pub contradicted: bool,
}

/// How what was seen is to be written down.
#[derive(Default)]
pub(super) enum Note {
    /// Not at all.
    #[default]
    None,
    /// Nothing changed.
    AsBefore(i64),
    /// So much of it is other than before.
    Changed {
        /// Nothing that was known holds any more.
        forget: bool,
        /// What is no longer there.
        gone: Vec<Box<str>>,
        /// Its state, once everything in it is stored.
        state: RememberedState,
    },
}

/// Looks what became of a collection.
pub(super) async fn look(
    client: &Client,
    memory: Option<&Memory>,
    collection: &Collection,
    sweep: Sweep,
) -> Result<Seen, Error> {
    let known = memory.and_then(|memory| memory.known(collection));
    let (Some(memory), Some(known)) = (memory, known) else {
        return Look { client, collection, known: None, items: Vec::new() }.listing(sweep).await;
    };
    let before = &known.collection.state;
    // Another run may have written it since.
    let Some(items) = memory.items(&known).await else {
        return Look { client, collection, known: None, items: Vec::new() }.listing(sweep).await;
    };
    let now = &collection.state;
    let is_due = sweep.is_due(before.unswept);
    let look = Look { client, collection, known: Some(&known), items };
    if is_another(before, now) || went_back(before.ctag.as_deref(), now.ctag.as_deref()) {
        return Look { items: Vec::new(), ..look }.listing(sweep).await;
    }
    if is_as_before(before, now, sweep) {
        return Ok(look.unchanged(known.id));
    }
    if !is_due && before.whole && now.tells_changes {
        match &before.sync_token {
            Some(token) => return Box::pin(look.since(token.clone(), sweep)).await,
            None if look.items.len() >= MANY => return look.all_by_report(sweep).await,
            None => {}
        }
    }
    look.listing(sweep).await
}

/// Whether a collection is as it was, as far as the server is to be believed without a listing.
pub(super) fn is_as_before(before: &RememberedState, now: &State, sweep: Sweep) -> bool {
    let is_same = before.whole && before.ctag.is_some() && before.ctag == now.ctag;
    is_same && !is_another(before, now) && !sweep.is_due(before.unswept)
}

/// Whether another collection has its name now.
fn is_another(before: &RememberedState, now: &State) -> bool {
    before.born.is_some() && now.born.is_some() && before.born != now.born
}

/// What there is of a collection of which nothing was known, where these members are all that is new to the host.
pub(super) fn first(client: &Client, collection: &Collection, members: Vec<Member>, sweep: Sweep) -> Seen {
    Look { client, collection, known: None, items: Vec::new() }.compared(members, None, None, sweep)
}

struct Look<'a> {
    client: &'a Client,
    collection: &'a Collection,
    known: Option<&'a Known>,
    /// What it had, by href.
    items: Vec<RememberedItem>,
}

impl Look<'_> {
    fn unchanged(self, id: i64) -> Seen {
        let same = self.items.into_iter().filter_map(|item| Some((self.client.href(&item.href).ok()?, item)));
        Seen { same: same.collect(), new: Vec::new(), part: None, note: Note::AsBefore(id), contradicted: false }
    }

    /// The state of what is now seen, if it is seen whole; a ctag that may be that of a later change, too, is none.
    fn state(&self, sync_token: Option<SyncToken>, unswept: u32) -> RememberedState {
        let State { ctag, born, .. } = self.collection.state.clone();
        let now = jiff::Timestamp::now().as_second();
        let ctag = ctag.filter(|ctag| !is_now(ctag, now));
        let sync_token = sync_token.filter(|token| !is_now(token.as_str(), now));
        RememberedState { whole: true, ctag, sync_token, born, unswept, sum: None }
    }

    /// Everything, by a listing.
    async fn listing(self, sweep: Sweep) -> Result<Seen, Error> {
        let (members, part) = match listing::list(self.client, self.collection).await? {
            Listing::Whole(members) => (members, None),
            Listing::Part { members, why } => (members, Some(why)),
        };
        // A state that was read before the listing stays, and whatever came since is told again.
        Ok(self.compared(members, part, None, sweep))
    }

    /// Everything, with a token, by a report without one; where that can't be trusted, by a listing.
    async fn all_by_report(self, sweep: Sweep) -> Result<Seen, Error> {
        match self.report(None).await? {
            // QUIRK(google): the first answer of all may be empty. Who really deletes things is asked once more.
            Some(report) if report.gone.is_empty() && report.changed.len() >= self.items.len() => {
                Ok(self.compared(report.changed, None, Some(report.token), sweep))
            }
            _ => self.listing(sweep).await,
        }
    }

    /// What changed since a token; where the answer can't be trusted, everything by a listing.
    async fn since(self, token: SyncToken, sweep: Sweep) -> Result<Seen, Error> {
        let Some(report) = self.report(Some(token)).await? else { return self.listing(sweep).await };
        let before = self.known.map(|known| &known.collection.state);
        let ctag = before.and_then(|before| before.ctag.as_deref());
        let moved = ctag.is_some() && ctag != self.collection.state.ctag.as_deref();
        // Something changed of which the report does not know.
        if moved && report.changed.is_empty() && report.gone.is_empty() {
            return self.listing(sweep).await;
        }
        let touched: HashSet<&Href> = report.changed.iter().map(|member| &member.href).chain(&report.gone).collect();
        let (mut same, mut gone) = (Vec::with_capacity(self.items.len()), Vec::new());
        for item in &self.items {
            match self.client.href(&item.href) {
                Ok(href) if !touched.contains(&href) => same.push((href, item.clone())),
                Ok(href) if report.gone.contains(&href) => gone.push(item.href.clone()),
                Ok(_) | Err(_) => {}
            }
        }
        if !Box::pin(self.samples_stand(&same)).await {
            return self.listing(sweep).await;
        }
        let unswept = before.map_or(0, |before| before.unswept + 1);
        let state = self.state(Some(report.token), unswept);
        let note = Note::Changed { forget: false, gone, state };
        Ok(Seen { same, new: report.changed, part: None, note, contradicted: false })
    }

    /// Whether two of those of which nothing was said are what they were: of a collection that was made anew they are not.
    async fn samples_stand(&self, same: &[(Href, RememberedItem)]) -> bool {
        let samples = [same.first(), same.get(same.len() / 2)].into_iter().flatten();
        let mut checks = samples.map(|(href, item)| async move {
            let names = vec![names::GETETAG];
            let ask = Propfind { at: href.clone(), depth: Depth::Zero, names, also: Vec::new() };
            let reply = self.client.send(&ask).await;
            let own = reply.ok().and_then(|reply| reply.resources.into_iter().find(|one| one.href == *href));
            let etag = own.and_then(|own| ETag::new(own.text(names::GETETAG)?.trim()));
            etag.is_some() && etag == item.etag
        });
        let (one, other) = (checks.next(), checks.next());
        let check = async |check: Option<_>| match check {
            Some(check) => check.await,
            None => true,
        };
        let (one, other) = tokio::join!(check(one), check(other));
        one && other
    }

    /// What the server reports; `None` where that is of no use.
    async fn report(&self, since: Option<SyncToken>) -> Result<Option<Report>, Error> {
        let mut since = since;
        let (mut changed, mut gone) = (HashMap::<Href, Member>::new(), HashSet::new());
        for _ in 0..MOST_PARTS {
            let request = SyncCollection { collection: self.collection.href.clone(), since: since.clone() };
            let part = match self.client.send(&request).await {
                Ok(part) => part,
                Err(error) if error.is_about_all() && error.kind != ErrorKind::TimedOut => return Err(error),
                // A token that is no longer known, a report that is not there or takes too long, an answer that can't be read.
                Err(_) => return Ok(None),
            };
            let Some(token) = part.token else { return Ok(None) };
            for member in part.changed {
                gone.remove(&member.href);
                changed.insert(member.href.clone(), member);
            }
            for href in part.gone {
                changed.remove(&href);
                gone.insert(href);
            }
            if !part.has_more {
                return Ok(Some(Report { changed: changed.into_values().collect(), gone, token }));
            }
            if since.as_ref() == Some(&token) {
                return Ok(None);
            }
            since = Some(token);
        }
        Ok(None)
    }

    /// What a whole listing says beside what is remembered.
    fn compared(self, members: Vec<Member>, part: Option<String>, sync_token: Option<SyncToken>, sweep: Sweep) -> Seen {
        let mut new = members;
        let state = self.state(sync_token, 0);
        let mut before: HashMap<Href, RememberedItem> = HashMap::with_capacity(self.items.len());
        for item in self.items {
            if let Ok(href) = self.client.href(&item.href) {
                before.insert(href, item);
            }
        }
        let forget = self.known.is_some() && before.is_empty();
        let is_first = before.is_empty();
        let shared = if is_first { HashSet::new() } else { shared_tags(&new) };
        let (mut same, mut is_other) = (Vec::with_capacity(before.len()), false);
        let mut is_new = |member: &Member| {
            let known = before.remove(&member.href);
            let tells = member.etag.as_ref().is_some_and(|etag| !is_counter(etag) && !shared.contains(etag));
            let is_good = member.trouble.is_none() && member.status < 300 && tells;
            match known {
                Some(known) if is_good && known.is_still(member) => {
                    same.push((member.href.clone(), known));
                    return false;
                }
                // Where tags tell nothing, another content is no contradiction.
                known => is_other |= known.is_none_or(|known| is_good && known.etag != member.etag),
            }
            true
        };
        if !is_first {
            new.retain(&mut is_new);
        }
        is_other |= !before.is_empty();
        let was = self.known.map(|known| &known.collection.state);
        let is_silent = was.is_some_and(|was| was.whole && was.ctag.is_some() && was.ctag == state.ctag);
        let contradicted = is_silent && is_other && part.is_none() && sweep.is_due(was.map_or(0, |was| was.unswept));
        // Nothing follows from what is missing in a part.
        let gone = if part.is_some() { Vec::new() } else { before.into_values().map(|item| item.href).collect() };
        let state = if part.is_some() { RememberedState::default() } else { state };
        Seen { same, new, part, note: Note::Changed { forget, gone, state }, contradicted }
    }
}

/// What a server reports as changed.
struct Report {
    changed: Vec<Member>,
    gone: HashSet<Href>,
    token: SyncToken,
}
