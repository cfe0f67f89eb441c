//! How many items one multiget asks for: learned from what a server answered before, in one run.
//!
//! It begins with [`FIRST`] and doubles while answers are quick and small; a doubled number is tried by one batch first. What
//! was too much is not tried again for a long time, so a server with a limit costs a failed request or two, not one a batch.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::dav::ErrorKind;

/// Items in the first multigets. One provider fails beyond a hundred.
pub(super) const FIRST: usize = 50;

/// Most items in one multiget; more saves no time that counts, and a failure would cost more.
const MOST: usize = 400;

/// Most bytes of items in one multiget, as far as their sizes are known.
pub(super) const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// An answer that took no longer may be asked for twice as much.
const QUICK: Duration = Duration::from_secs(2);

/// One that took longer is asked for half as much.
pub(super) const SLOW: Duration = Duration::from_secs(15);

/// So many batches must go well before what was too much is tried again; four times as many the next time.
const PATIENCE: usize = 32;

/// So many collections must refuse multigets before all others are taken to do so, too.
const REFUSALS: usize = 2;

/// What is known of the multigets of one kind of collection.
#[derive(Debug)]
pub(super) struct Pace {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// So many at once go well, as far as is known.
    good: usize,
    /// So many at once were too much.
    bad: usize,
    /// How many more batches go well before that may be tried again: it may have been a passing trouble.
    patience: usize,
    next_patience: usize,
    /// Whether the last answer was quick and small.
    quick: bool,
    /// Whether a batch is under way that tries more than `good`.
    tried: bool,
    answered: bool,
    refusals: usize,
}

/// How many items a batch may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// So many at most.
    pub hrefs: usize,
    is_trial: bool,
}

/// How it went with a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Went {
    /// It was answered as a whole: after how long, with how many bytes.
    Well(Duration, u64),
    /// It failed as a whole, and each part of it was answered at once.
    InParts,
    /// Some of it could be had no way.
    Badly,
}

impl Default for Pace {
    fn default() -> Self {
        let state = State {
            good: FIRST,
            bad: usize::MAX,
            patience: 0,
            next_patience: PATIENCE,
            quick: false,
            tried: false,
            answered: false,
            refusals: 0,
        };
        Self { state: Mutex::new(state) }
    }
}

impl Pace {
    /// How many of the `left` items the next batch may have, where it is one of `lanes` side by side.
    pub fn share(&self, left: usize, lanes: usize) -> Share {
        let mut state = self.state();
        // All lanes get something to do, if it is worth a request.
        let even = left.div_ceil(lanes.max(1)).max(FIRST);
        let more = (state.good * 2).min(MOST);
        let is_trial = state.quick && !state.tried && more > state.good && more < state.bad && even > state.good;
        state.tried |= is_trial;
        Share { hrefs: even.min(if is_trial { more } else { state.good }), is_trial }
    }

    /// Notes how it went with a batch of `hrefs` items.
    pub fn note(&self, share: &Share, hrefs: usize, went: Went) {
        let mut state = self.state();
        if share.is_trial {
            state.tried = false;
        }
        match went {
            Went::Well(took, _) if took > SLOW => {
                state.quick = false;
                state.good = state.good.min((hrefs / 2).max(1));
            }
            Went::Well(took, bytes) => {
                state.quick = took <= QUICK && bytes <= MOST_BYTES / 2;
                state.good = if hrefs < state.bad { state.good.max(hrefs) } else { state.good };
                state.patience = state.patience.saturating_sub(1);
                if state.patience == 0 {
                    state.bad = usize::MAX;
                }
            }
            Went::InParts if state.tells(hrefs) => {
                state.bad = state.bad.min(hrefs);
                state.good = state.good.min((hrefs / 2).max(1));
                state.patience = state.next_patience;
                state.next_patience *= 4;
            }
            Went::InParts | Went::Badly => state.quick = false,
        }
    }

    /// Notes that `hrefs` items at once failed as a whole, as soon as that is known.
    pub fn failed(&self, hrefs: usize, kind: ErrorKind) {
        use ErrorKind::{Quota, Server, TimedOut, TooLarge};
        let mut state = self.state();
        if matches!(kind, TooLarge | Quota | TimedOut | Server) && state.tells(hrefs) {
            state.quick = false;
            state.good = state.good.min((hrefs / 2).max(1));
        }
    }

    /// Notes that a multiget was answered.
    pub fn answered(&self) {
        self.state().answered = true;
    }

    /// Notes that a collection answers none; `for_good` where the server has no such request.
    pub fn refused(&self, for_good: bool) {
        self.state().refusals += if for_good { REFUSALS } else { 1 };
    }

    /// Whether the server is taken to answer none at all.
    pub fn is_without(&self) -> bool {
        let state = self.state();
        !state.answered && state.refusals >= REFUSALS
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether so many say something about how many are too much: where few fail, one of them is to blame.
    fn tells(&self, hrefs: usize) -> bool {
        hrefs.saturating_mul(2) >= self.good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Went = Went::Well(Duration::from_millis(40), 50_000);

    fn shares(pace: &Pace, count: usize) -> Vec<usize> {
        let next = |_| {
            let share = pace.share(100_000, 4);
            pace.note(&share, share.hrefs, SOON);
            share.hrefs
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn batches_double_while_answers_are_quick_up_to_a_bound() {
        assert_eq!(shares(&Pace::default(), 6), [50, 100, 200, 400, 400, 400]);
    }

    #[test]
    fn slow_or_large_answers_make_batches_no_larger_and_very_slow_ones_make_them_smaller() {
        for went in [Went::Well(Duration::from_secs(3), 9), Went::Well(Duration::from_millis(9), MOST_BYTES)] {
            let pace = Pace::default();
            let share = pace.share(1000, 4);
            pace.note(&share, share.hrefs, went);
            assert_eq!(pace.share(1000, 4).hrefs, 50, "{went:?}");
        }
        let pace = Pace::default();
        let share = pace.share(1000, 4);
        pace.note(&share, share.hrefs, Went::Well(Duration::from_secs(20), 9));
        assert_eq!(pace.share(1000, 4).hrefs, 25);
    }

    #[test]
    fn more_is_tried_by_one_batch_and_what_was_too_much_is_not_tried_again() {
        let pace = Pace::default();
        assert_eq!(shares(&pace, 2), [50, 100]);
        let trial = pace.share(100_000, 4);
        assert_eq!((trial.hrefs, pace.share(100_000, 4).hrefs), (200, 100));
        pace.failed(200, ErrorKind::Server);
        pace.note(&trial, 200, Went::InParts);
        assert_eq!(shares(&pace, 4), [100, 100, 100, 100]);
    }

    #[test]
    fn what_was_too_much_is_tried_again_once_in_a_long_while() {
        let pace = Pace::default();
        shares(&pace, 2);
        for batches in [PATIENCE, 4 * PATIENCE] {
            let trial = pace.share(100_000, 4);
            assert_eq!(trial.hrefs, 200);
            pace.note(&trial, 200, Went::InParts);
            assert_eq!(shares(&pace, batches), vec![100; batches]);
        }
    }

    #[test]
    fn a_few_items_that_fail_are_to_blame_themselves() {
        let pace = Pace::default();
        let share = pace.share(3, 4);
        pace.failed(3, ErrorKind::Server);
        pace.note(&share, 3, Went::InParts);
        assert_eq!(pace.share(1000, 4).hrefs, 50);
    }

    #[test]
    fn what_went_well_before_is_halved_where_it_is_too_much_now_down_to_one() {
        let pace = Pace::default();
        for expected in [25, 12, 6, 3, 1, 1] {
            let share = pace.share(1000, 4);
            pace.failed(share.hrefs, ErrorKind::TimedOut);
            pace.note(&share, share.hrefs, Went::Badly);
            assert_eq!(pace.share(1000, 4).hrefs, expected);
        }
    }

    #[test]
    fn the_last_items_are_shared_out_to_all_lanes() {
        let pace = Pace::default();
        shares(&pace, 4);
        assert_eq!(pace.share(300, 4).hrefs, 75);
        assert_eq!(pace.share(60, 4).hrefs, 50);
    }

    #[test]
    fn a_server_without_multigets_is_known_after_two_collections_or_one_405() {
        let pace = Pace::default();
        pace.refused(false);
        assert!(!pace.is_without());
        pace.refused(false);
        assert!(pace.is_without());
        let pace = Pace::default();
        pace.refused(true);
        assert!(pace.is_without());
        pace.answered();
        assert!(!pace.is_without(), "only some collections refuse");
    }
}
