//! The progress of a run on a terminal: items, bytes, rate, time left. Elsewhere nothing is drawn.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::{Report, Tally};

use super::context::Context;
use super::words;

/// How often the bar is drawn again, so that a server that takes long is seen to be waited for.
const TICK: Duration = Duration::from_millis(200);

/// Counts into a tally, and draws.
pub struct Progress<'a> {
    tally: &'a Tally,
    bar: ProgressBar,
    collections: AtomicU64,
    done_bytes: AtomicU64,
}

impl<'a> Progress<'a> {
    /// Begins to draw, if standard error is a terminal and the person wants it. `doing` is a word such as `reading`.
    pub fn new(context: &Context, doing: &'static str, tally: &'a Tally) -> Self {
        let drawn = std::io::stderr().is_terminal() && !context.quiet && !context.json;
        let target = if drawn { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} items ({per_sec}, {eta} left)  {msg}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(doing);
        if drawn {
            bar.enable_steady_tick(TICK);
        }
        Progress { tally, bar, collections: AtomicU64::new(0), done_bytes: AtomicU64::new(0) }
    }

    /// A further collection has been begun.
    pub fn collection(&self) {
        self.collections.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the bar away, before a summary is printed.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn show_counts(&self) {
        if !self.bar.is_hidden() {
            let collections = words::count(self.collections.load(Ordering::Relaxed), "collection", "collections");
            self.bar.set_message(format!("{collections}, {}", words::size(self.done_bytes.load(Ordering::Relaxed))));
        }
    }
}

impl Report for Progress<'_> {
    fn expect(&self, items: u64) {
        self.tally.expect(items);
        self.bar.inc_length(items);
    }

    fn items_done(&self, items: u64, bytes: u64) {
        self.tally.items_done(items, bytes);
        self.done_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bar.inc(items);
        self.show_counts();
    }

    fn item_failed(&self, path: &str, why: &str) {
        self.tally.item_failed(path, why);
        self.bar.inc(1);
    }

    fn note(&self, sentence: &str) {
        self.tally.note(sentence);
    }
}
