//! When a restore asks for nothing more: where nobody answers, nobody lets us in, or nothing more is taken for now, a thousand
//! further items would fare no better, and a server that asks for patience would be asked a thousand times.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::connector::{Error, Outcome};
use crate::dav::{self, ErrorKind};
use crate::report::sentence;

/// So many items in a row, and no other is tried.
const MOST_LOST: usize = 5;

/// What was lost so far.
#[derive(Debug, Default)]
pub(super) struct Lost {
    in_a_row: AtomicUsize,
    why: OnceLock<String>,
}

impl Lost {
    /// Why nothing more is tried, if it is not.
    pub fn why(&self) -> Option<&str> {
        self.why.get().map(String::as_str)
    }

    /// Notes what became of an item.
    pub fn note(&self, outcome: &Result<Outcome, Error>) {
        match outcome {
            Ok(Outcome::Identical | Outcome::Noted) => {}
            Ok(_) => self.in_a_row.store(0, Ordering::Relaxed),
            Err(error) => match of_server(error).filter(|error| error.is_about_all() || error.kind == ErrorKind::Quota)
            {
                Some(error) if self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_LOST => {
                    let _ = self.why.set(sentence(error));
                }
                Some(_) => {}
                None => self.in_a_row.store(0, Ordering::Relaxed),
            },
        }
    }
}

/// What the server said, where it is about that.
pub(super) fn of_server(error: &Error) -> Option<&dav::Error> {
    error.source.as_ref()?.downcast_ref()
}
