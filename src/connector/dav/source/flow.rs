//! How much of a run goes on at the same time.
//!
//! Requests are bounded by the client. Here it is decided who gets to send them: collections are listed and fetched side by
//! side, and no collection takes all connections while others have something to read, so that one that stands still holds up
//! itself alone.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use super::Stop;
use super::pace::Pace;
use crate::dav::Kind;

/// What the collections of one run share.
pub(super) struct Flow {
    connections: usize,
    /// Collections that are not read to their end.
    open: AtomicUsize,
    /// Bounds how many batches of contents are in memory besides the buffer.
    batches: Semaphore,
    /// Whether the server counts the items of a collection.
    pub counts: OnceCell<bool>,
    calendars: Learned,
    address_books: Learned,
}

/// What was learned of a server's answers for one kind of collection.
#[derive(Default)]
struct Learned {
    pace: Pace,
    /// Whether a listed size proved to be the one that GET gives.
    sizes_are_exact: AtomicBool,
}

impl Flow {
    /// Over so many connections.
    pub fn new(connections: usize) -> Self {
        let connections = connections.max(1);
        Self {
            connections,
            open: AtomicUsize::new(0),
            // One more than there are connections: while one is handed on, the others are all asking.
            batches: Semaphore::new(connections + 1),
            counts: OnceCell::new(),
            calendars: Learned::default(),
            address_books: Learned::default(),
        }
    }

    /// How many collections are worked on side by side: one more than there are connections, as each hands on, too.
    pub fn collections(&self) -> usize {
        self.connections + 1
    }

    /// So many collections are to be read.
    pub fn begin(&self, collections: usize) {
        self.open.store(collections, Ordering::Relaxed);
    }

    /// A collection was read to its end.
    pub fn done(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many batches of one collection may be under way; of one that lets us wait only one, if there are others.
    pub fn lanes(&self, is_slow: bool) -> usize {
        match (self.open.load(Ordering::Relaxed) > 1, is_slow) {
            (true, true) => 1,
            (true, false) => self.connections.saturating_sub(1).max(1),
            (false, _) => self.connections + 1,
        }
    }

    /// The right to have a batch in memory.
    pub async fn place(&self) -> Result<SemaphorePermit<'_>, Stop> {
        self.batches.acquire().await.map_err(|_| Stop::Unheard)
    }

    /// How many items are asked for at once.
    pub fn pace(&self, kind: Kind) -> &Pace {
        &self.learned(kind).pace
    }

    /// Notes that listed sizes are the ones that GET gives, as a sample showed.
    pub fn note_exact_sizes(&self, kind: Kind) {
        self.learned(kind).sizes_are_exact.store(true, Ordering::Relaxed);
    }

    /// Whether listed sizes are known to be those that GET gives.
    pub fn has_exact_sizes(&self, kind: Kind) -> bool {
        self.learned(kind).sizes_are_exact.load(Ordering::Relaxed)
    }

    fn learned(&self, kind: Kind) -> &Learned {
        match kind {
            Kind::Calendar => &self.calendars,
            Kind::AddressBook => &self.address_books,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_collection_never_takes_all_connections_while_others_are_to_be_read() {
        let flow = Flow::new(4);
        flow.begin(2);
        assert_eq!((flow.lanes(false), flow.lanes(true)), (3, 1));
        flow.done();
        assert_eq!((flow.lanes(false), flow.lanes(true)), (5, 5));
        let flow = Flow::new(1);
        flow.begin(2);
        assert_eq!(flow.lanes(false), 1);
    }
}
