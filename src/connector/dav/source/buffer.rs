//! Contents that were fetched before the host asked for them.
//!
//! At most [`CAPACITY`] bytes are held. When that is full, whoever fetches waits until the host reads or settles something.
//! A host may ask late, in any order, or only after the listing ended: when nothing moved for a while, the oldest contents
//! are given up to make room, and are fetched again when they are asked for. So nobody waits for ever.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::dav::Href;
use crate::dav::request::VcardVersion;

/// Bytes of contents held at most, besides one item that may be larger alone. A host that works takes them as they come; more
/// would only be memory.
const CAPACITY: u64 = 12 * 1024 * 1024;

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
    /// It has to be fetched again.
    Elsewhere(Origin),
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
}

#[derive(Debug, Default)]
struct State {
    slots: HashMap<String, Slot>,
    /// Paths in the order in which they came; also of slots that are gone or empty.
    order: VecDeque<String>,
    held_bytes: u64,
    moves: u64,
    /// Whether the host took nothing for so long that nobody waits for it any more.
    late: bool,
}

#[derive(Debug)]
struct Slot {
    origin: Origin,
    content: Option<Bytes>,
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
                    return state.insert(path, Slot { origin, content: Some(content) });
                }
                state.moves
            };
            if tokio::time::timeout(self.stall, moved).await.is_err() {
                let mut state = self.state();
                state.late = state.moves == count;
            }
        }
    }

    /// What there is for `path`; its content is handed out once.
    pub fn take(&self, path: &str) -> Option<Wanted> {
        let mut state = self.state();
        let slot = state.slots.get_mut(path)?;
        let origin = slot.origin.clone();
        let content = if origin.href.is_some() { slot.content.take() } else { slot.content.clone() };
        let Some(content) = content else {
            return Some(Wanted::Elsewhere(origin));
        };
        if origin.href.is_some() {
            state.held_bytes = state.held_bytes.saturating_sub(origin.size);
        }
        state.moves += 1;
        state.late = false;
        drop(state);
        self.moved.notify_waiters();
        Some(Wanted::Held(content))
    }

    /// Nothing more is needed of `path`.
    pub fn settle(&self, path: &str) {
        let mut state = self.state();
        let Some(slot) = state.slots.remove(path) else { return };
        if slot.content.is_some() {
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
    fn insert(&mut self, path: String, slot: Slot) {
        self.held_bytes += slot.origin.size;
        // Names of what is gone are dropped now and then, so that they do not gather.
        if self.order.len() > 2 * self.slots.len() + 64 {
            let slots = &self.slots;
            self.order.retain(|path| slots.get(path).is_some_and(|slot| slot.content.is_some()));
        }
        self.order.push_back(path.clone());
        self.slots.insert(path, slot);
    }

    /// Gives up the oldest contents until at most `target` bytes are held or no more can go.
    fn give_up(&mut self, target: u64) {
        let mut kept = VecDeque::new();
        while self.held_bytes > target {
            let Some(path) = self.order.pop_front() else { break };
            let Some(slot) = self.slots.get_mut(&path) else { continue };
            if slot.origin.href.is_none() {
                kept.push_back(path);
            } else if slot.content.take().is_some() {
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
        Origin { href: Some(Href::new(&base, path).unwrap()), vcard_version: None, size }
    }

    fn content(size: usize) -> Bytes {
        Bytes::from(vec![b'x'; size])
    }

    #[tokio::test]
    async fn what_is_held_is_handed_out_once_and_known_until_it_is_settled() {
        let buffer = Buffer::default();
        buffer.hold("/a".into(), at("/c/a", 3), content(3)).await;
        assert!(matches!(buffer.take("/a"), Some(Wanted::Held(bytes)) if bytes.len() == 3));
        assert!(matches!(buffer.take("/a"), Some(Wanted::Elsewhere(origin)) if origin == at("/c/a", 3)));
        buffer.settle("/a");
        assert!(buffer.take("/a").is_none());
        assert_eq!(buffer.state().held_bytes, 0);
    }

    #[tokio::test]
    async fn fetching_waits_until_the_host_takes_something() {
        let buffer = std::sync::Arc::new(Buffer::new(10, Duration::from_hours(1)));
        buffer.hold("/a".into(), at("/c/a", 8), content(8)).await;
        let waiting = tokio::spawn({
            let buffer = buffer.clone();
            async move { buffer.hold("/b".into(), at("/c/b", 8), content(8)).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        buffer.settle("/a");
        waiting.await.unwrap();
        assert!(matches!(buffer.take("/b"), Some(Wanted::Held(_))));
    }

    #[tokio::test]
    async fn a_host_that_reads_nothing_until_the_end_is_waited_for_only_a_while() {
        let buffer = Buffer::new(10, Duration::from_millis(5));
        for name in ["/a", "/b", "/c"] {
            buffer.hold(name.into(), at(name, 8), content(8)).await;
        }
        assert!(matches!(buffer.take("/a"), Some(Wanted::Elsewhere(_))));
        assert!(matches!(buffer.take("/b"), Some(Wanted::Elsewhere(_))));
        assert!(matches!(buffer.take("/c"), Some(Wanted::Held(_))));
    }

    #[tokio::test]
    async fn what_has_no_request_of_its_own_is_never_given_up() {
        let buffer = Buffer::new(10, Duration::from_millis(5));
        for name in ["/a", "/b"] {
            buffer.hold(name.into(), Origin { href: None, ..at(name, 8) }, content(8)).await;
        }
        assert!(matches!(buffer.take("/a"), Some(Wanted::Held(_))));
        assert!(matches!(buffer.take("/a"), Some(Wanted::Held(_))));
        assert!(matches!(buffer.take("/b"), Some(Wanted::Held(_))));
    }
}
