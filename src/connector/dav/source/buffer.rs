//! Contents that were fetched before the host asked for them.
//!
//! At most [`CAPACITY`] bytes are held. When that is full, whoever fetches waits until the host reads or settles something.
//! A host may ask late, in any order, or only after the listing ended: when nothing moved for a while, the oldest contents
//! are given up to make room, and are fetched again when they are asked for. So nobody waits for ever.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::dav::request::VcardVersion;
use crate::dav::{Href, Kind};

/// Bytes of contents held at most, besides one item that may be larger alone. A host that works takes them as they come; more
/// would only be memory, as small items cost as much again for what is kept beside their contents.
const CAPACITY: u64 = 4 * 1024 * 1024;

/// Items that are fetched at once because the host asked for one of them.
const BATCH: usize = 50;

/// Bytes of items in such a batch, beside one that may be larger alone; several batches must fit into [`CAPACITY`].
const BATCH_BYTES: u64 = 1024 * 1024;

/// How long nothing must have moved before held contents are given up; a host that works takes something sooner.
const STALL: Duration = Duration::from_secs(5);

/// What is held, and where to get what no longer is.
#[derive(Debug)]
pub(super) struct Buffer {
    capacity: u64,
    stall: Duration,
    state: Mutex<State>,
    moved: Notify,
}

/// What the host asks for by a path.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// The content is here.
    Held(Bytes),
    /// It has to be fetched, by who is told so, and with it what the host will most likely ask for next.
    Fetch(Vec<Batch>),
    /// Somebody is fetching it; what there is for it is to be asked again when something moved.
    Coming,
    /// It was handed out before, and no request gives it.
    Gone,
}

/// Where an item came from and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// The item; `None` for what has no request of its own, and is therefore never given up.
    pub href: Option<Href>,
    /// The version that a contact was asked for in.
    pub vcard_version: Option<VcardVersion>,
    /// The size that the host was told, in bytes.
    pub size: u64,
    /// What the host was told that changes with the content.
    pub version: u64,
}

/// What to fetch for a host that asks for what is not held: items of one collection, in one version.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// What they are.
    pub kind: Kind,
    /// Where they lie.
    pub collection: Href,
    /// Their paths, the one that was asked for first.
    pub items: Vec<(String, Origin)>,
}

#[derive(Debug, Default)]
struct State {
    slots: BTreeMap<Arc<str>, Slot>,
    /// The collection of each folder.
    places: HashMap<String, (Kind, Href)>,
    /// Paths in the order in which they came; also of slots that are gone or empty.
    order: VecDeque<Arc<str>>,
    held_bytes: u64,
    moves: u64,
    /// Whether the host took nothing for so long that nobody waits for it any more.
    late: bool,
}

#[derive(Debug)]
struct Slot {
    origin: Origin,
    content: Content,
}

/// Where the content of an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    /// Here.
    Held(Bytes),
    /// On the server.
    There,
    /// On its way.
    Coming,
    /// At the host, or not to be had along with others.
    Taken,
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new(CAPACITY, STALL)
    }
}

impl Buffer {
    fn new(capacity: u64, stall: Duration) -> Self {
        Self { capacity, stall, state: Mutex::default(), moved: Notify::new() }
    }

    /// Holds the content of `path` as soon as there is room.
    pub async fn hold(&self, path: String, origin: Origin, content: Bytes) {
        loop {
            let moved = self.moved.notified();
            let count = {
                let mut state = self.state();
                let room = self.capacity.saturating_sub(origin.size);
                // Where giving up does not help, only contents that can't be fetched again are left: few and small.
                if state.held_bytes == 0 || state.held_bytes <= room || state.late {
                    state.give_up(room);
                    return state.insert(path.into(), Slot { origin, content: Content::Held(content) });
                }
                state.moves
            };
            if tokio::time::timeout(self.stall, moved).await.is_err() {
                let mut state = self.state();
                state.late = state.moves == count;
            }
        }
    }

    /// Says which collection a folder is.
    pub fn place(&self, folder: String, kind: Kind, collection: Href) {
        self.state().places.insert(folder, (kind, collection));
    }

    /// Knows of an item whose content is fetched when the host asks for it.
    pub fn expect(&self, path: String, origin: Origin) {
        self.state().slots.insert(path.into(), Slot { origin, content: Content::There });
    }

    /// What there is for `path`, `None` if it is not known; its content is handed out once. Where it has to be fetched, so are
    /// the next items of its folder, in at most `batches` requests.
    pub fn take(&self, path: &str, batches: usize) -> Option<Wanted> {
        let mut state = self.state();
        let slot = state.slots.get_mut(path)?;
        let has_request = slot.origin.href.is_some();
        let size = slot.origin.size;
        match slot.content.clone() {
            Content::Coming => Some(Wanted::Coming),
            Content::There | Content::Taken if has_request => Some(Wanted::Fetch(state.batches(path, batches))),
            Content::There | Content::Taken => Some(Wanted::Gone),
            Content::Held(content) => {
                if has_request {
                    slot.content = Content::Taken;
                    state.held_bytes = state.held_bytes.saturating_sub(size);
                }
                state.moves += 1;
                state.late = false;
                drop(state);
                self.moved.notify_waiters();
                Some(Wanted::Held(content))
            }
        }
    }

    /// Holds what was fetched for a [`Batch`]; `None` where nothing came of it. Without waiting for room: a batch is small.
    pub fn came(&self, path: &str, content: Option<Bytes>) {
        let mut state = self.state();
        if let Some(slot) = state.slots.get_mut(path).filter(|slot| slot.content == Content::Coming) {
            let size = slot.origin.size;
            // What did not come is not tried again for others' sake.
            slot.content = content.map_or(Content::Taken, Content::Held);
            if matches!(slot.content, Content::Held(_)) {
                state.held_bytes += size;
                state.order.push_back(path.into());
                let capacity = self.capacity;
                state.give_up(capacity);
            }
        }
        drop(state);
        self.moved.notify_waiters();
    }

    /// Ends when something moves from now on.
    pub fn moved(&self) -> tokio::sync::futures::Notified<'_> {
        self.moved.notified()
    }

    /// Nothing more is needed of `path`.
    pub fn settle(&self, path: &str) {
        let mut state = self.state();
        let Some(slot) = state.slots.remove(path) else { return };
        if matches!(slot.content, Content::Held(_)) {
            state.held_bytes = state.held_bytes.saturating_sub(slot.origin.size);
        }
        state.moves += 1;
        state.late = false;
        drop(state);
        self.moved.notify_waiters();
    }

    /// Forgets everything, as at the beginning of a listing.
    pub fn clear(&self) {
        *self.state() = State::default();
        self.moved.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, path: Arc<str>, slot: Slot) {
        self.held_bytes += slot.origin.size;
        // Names of what is gone are dropped now and then, so that they do not gather.
        if self.order.len() > 2 * self.slots.len() + 64 {
            let slots = &self.slots;
            self.order.retain(|path| slots.get(path).is_some_and(|slot| matches!(slot.content, Content::Held(_))));
        }
        self.order.push_back(path.clone());
        self.slots.insert(path, slot);
    }

    /// The item at `path` and those after it in its folder that nobody fetches yet, in batches; all are on their way now.
    fn batches(&mut self, path: &str, most: usize) -> Vec<Batch> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some((kind, collection)) = self.places.get(folder).cloned() else { return Vec::new() };
        let mut batches: Vec<Batch> = Vec::new();
        let (mut bytes, mut version) = (0, None);
        let is_here = |other: &str| other.rsplit_once('/').is_some_and(|(its, _)| its == folder);
        let from = (std::ops::Bound::Included(path), std::ops::Bound::Unbounded);
        for (at, slot) in self.slots.range_mut::<str, _>(from).take_while(|(at, _)| is_here(at)) {
            // What the host had once and asks for again is no sign that it wants others again.
            let is_wanted = slot.content == Content::There || (**at == *path && slot.content == Content::Taken);
            if !is_wanted || slot.origin.href.is_none() {
                continue;
            }
            bytes += slot.origin.size;
            let same = *version.get_or_insert(slot.origin.vcard_version) == slot.origin.vcard_version;
            if !same {
                continue;
            }
            let is_full = batches.last().is_none_or(|batch| batch.items.len() >= BATCH || bytes > BATCH_BYTES);
            if is_full && batches.len() >= most.max(1) {
                break;
            }
            if is_full {
                bytes = slot.origin.size;
                batches.push(Batch { kind, collection: collection.clone(), items: Vec::new() });
            }
            if let Some(batch) = batches.last_mut() {
                batch.items.push((at.to_string(), slot.origin.clone()));
                slot.content = Content::Coming;
            }
        }
        batches
    }

    /// Gives up the oldest contents until at most `target` bytes are held or no more can go.
    fn give_up(&mut self, target: u64) {
        let mut kept = VecDeque::new();
        while self.held_bytes > target {
            let Some(path) = self.order.pop_front() else { break };
            let Some(slot) = self.slots.get_mut(&path) else { continue };
            if slot.origin.href.is_none() {
                kept.push_back(path);
            } else if matches!(std::mem::replace(&mut slot.content, Content::There), Content::Held(_)) {
                self.held_bytes = self.held_bytes.saturating_sub(slot.origin.size);
            }
        }
        kept.append(&mut self.order);
        self.order = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, size: u64) -> Origin {
        let base = url::Url::parse("http://127.0.0.1/").unwrap();
        Origin { href: Some(Href::new(&base, path).unwrap()), vcard_version: None, size, version: 0 }
    }

    fn content(size: usize) -> Bytes {
        Bytes::from(vec![b'x'; size])
    }

    #[tokio::test]
    async fn what_is_held_is_handed_out_once_and_known_until_it_is_settled() {
        let buffer = Buffer::default();
        buffer.hold("/a".into(), at("/c/a", 3), content(3)).await;
        assert!(matches!(buffer.take("/a", 1), Some(Wanted::Held(bytes)) if bytes.len() == 3));
        assert!(matches!(buffer.take("/a", 1), Some(Wanted::Fetch(batches)) if batches.is_empty()));
        buffer.settle("/a");
        assert!(buffer.take("/a", 1).is_none());
        assert_eq!(buffer.state().held_bytes, 0);
    }

    #[tokio::test]
    async fn fetching_waits_until_the_host_takes_something() {
        let buffer = Arc::new(Buffer::new(10, Duration::from_hours(1)));
        buffer.hold("/a".into(), at("/c/a", 8), content(8)).await;
        let waiting = tokio::spawn({
            let buffer = buffer.clone();
            async move { buffer.hold("/b".into(), at("/c/b", 8), content(8)).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        buffer.settle("/a");
        waiting.await.unwrap();
        assert!(matches!(buffer.take("/b", 1), Some(Wanted::Held(_))));
    }

    #[tokio::test]
    async fn a_host_that_reads_nothing_until_the_end_is_waited_for_only_a_while() {
        let buffer = Buffer::new(10, Duration::from_millis(5));
        for name in ["/a", "/b", "/c"] {
            buffer.hold(name.into(), at(name, 8), content(8)).await;
        }
        assert!(matches!(buffer.take("/a", 1), Some(Wanted::Fetch(_))));
        assert!(matches!(buffer.take("/b", 1), Some(Wanted::Fetch(_))));
        assert!(matches!(buffer.take("/c", 1), Some(Wanted::Held(_))));
    }

    #[tokio::test]
    async fn what_has_no_request_of_its_own_is_never_given_up() {
        let buffer = Buffer::new(10, Duration::from_millis(5));
        for name in ["/a", "/b"] {
            buffer.hold(name.into(), Origin { href: None, ..at(name, 8) }, content(8)).await;
        }
        assert!(matches!(buffer.take("/a", 1), Some(Wanted::Held(_))));
        assert!(matches!(buffer.take("/a", 1), Some(Wanted::Held(_))));
        assert!(matches!(buffer.take("/b", 1), Some(Wanted::Held(_))));
    }
}
