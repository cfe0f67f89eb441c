//! What a run tells while it goes on: how much there is, what is done, which items failed.
//!
//! Rooms that work on many items take a [`Report`] and go on after a failed item; only [`crate::command`] decides how a
//! person sees it. Uses the standard library alone, and never prints.

use std::error::Error;
use std::sync::{Mutex, PoisonError};

/// Receives the progress of a run. Methods are called from several tasks at once and must return at once.
pub trait Report: Send + Sync {
    /// A further `items` items are known to be part of this run.
    fn expect(&self, items: u64);
    /// So many further items are done; `bytes` is the size of their contents.
    fn items_done(&self, items: u64, bytes: u64);
    /// The item at `path` failed; `why` is one sentence without a full stop. The run goes on.
    fn item_failed(&self, path: &str, why: &str);
    /// Something a person should know that is no failure, as one sentence.
    fn note(&self, sentence: &str);
}

/// An item that could not be handled, and why, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFailure {
    /// Path of the item in the snapshot.
    pub path: String,
    /// The reason, one sentence without a full stop.
    pub why: String,
}

/// A report that counts and keeps the failures, and shows nothing.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Mutex<Counts>,
}

/// What a [`Tally`] has counted so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Items announced.
    pub expected: u64,
    /// Items done.
    pub done: u64,
    /// Content bytes of the items done.
    pub done_bytes: u64,
    /// Items that failed, in the order in which they did.
    pub failures: Vec<ItemFailure>,
    /// Sentences for the person.
    pub notes: Vec<String>,
}

impl Tally {
    /// A copy of the counts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Report for Tally {
    fn expect(&self, items: u64) {
        self.with(|counts| counts.expected += items);
    }

    fn items_done(&self, items: u64, bytes: u64) {
        self.with(|counts| {
            counts.done += items;
            counts.done_bytes += bytes;
        });
    }

    fn item_failed(&self, path: &str, why: &str) {
        self.with(|counts| counts.failures.push(ItemFailure { path: path.into(), why: why.into() }));
    }

    fn note(&self, sentence: &str) {
        self.with(|counts| counts.notes.push(sentence.into()));
    }
}

/// The whole chain of an error as one sentence: `what failed: why: why`. A cause that its parent already says is left out.
#[must_use]
pub fn sentence(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence.push_str(": ");
            sentence.push_str(&text);
        }
        cause = error.source();
    }
    sentence
}
