//! When one occurrence is in a window: the tables of RFC 4791 §9.9.

use super::calendar::DAY;
use super::moment::{Length, Moment, Value, Zone};
use crate::item::kind::Kind;
use crate::item::window::Window;

/// How long an occurrence is, the same for each of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// Nothing is said.
    None,
    /// A `DURATION`.
    After(Length),
    /// A `DTEND` or `DUE`: so many seconds later on the clock that the start is on, and so many seconds later in time. Where
    /// clocks change in between the two differ, and readers of RFC 5545 do as well.
    Until { shown: i64, passed: i64 },
}

impl End {
    /// What lies between a start and an end.
    pub fn between(start: Moment, end: Moment) -> Self {
        let (from, to) = (start.range(), end.range());
        let shown = end.local.saturating_sub(start.local);
        // Of two clocks that can't be compared: all that may be.
        let passed =
            if from.floats == to.floats { to.last.saturating_sub(from.first) } else { shown.saturating_add(DAY) };
        match (start.zone, end.zone) {
            // One clock that is known roughly is off by the same at both.
            (one @ Zone::Within(..), other) if one == other => Self::Until { shown, passed: shown },
            (one, other) if one == other => Self::Until { shown, passed },
            _ => Self::Until { shown: passed, passed },
        }
    }

    /// How far the end is from the start at most, in seconds; either may be the earlier one.
    pub fn furthest(self) -> i64 {
        match self {
            Self::None => DAY,
            Self::After(length) => {
                length.days.saturating_mul(DAY).saturating_add(length.seconds).saturating_abs().saturating_add(DAY)
            }
            Self::Until { shown, passed } => shown.saturating_abs().max(passed.saturating_abs()),
        }
    }
}

/// An occurrence of a series, without its start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    pub kind: Kind,
    /// Whether it starts with a whole day.
    pub is_date: bool,
    pub end: End,
    /// Whether what starts is the end itself: a to-do that is due and has no start.
    pub is_due_only: bool,
}

impl Shape {
    /// Whether the occurrence that starts then is in the window.
    pub fn is_in(&self, start: Moment, window: &Window) -> bool {
        match self.kind {
            Kind::Todo => self.todo(start, window),
            Kind::Journal if self.is_date => window.begins_before(start.shown_later(DAY)) && window.ends_after(start),
            Kind::Journal => window.begins_by(start) && window.ends_after(start),
            _ => self.event(start, window),
        }
    }

    fn event(&self, start: Moment, window: &Window) -> bool {
        let begins = match self.end {
            End::None if self.is_date => window.begins_before(start.shown_later(DAY)),
            End::After(length) if length.is_positive() => window.begins_before(length.after(start)),
            End::Until { shown, passed } if shown.max(passed) > 0 => {
                window.begins_before(start.shown_later(shown)) || window.begins_before(start.later(passed))
            }
            // Also what ends before it starts.
            _ => window.begins_by(start),
        };
        begins && window.ends_after(start)
    }

    fn todo(&self, start: Moment, window: &Window) -> bool {
        if self.is_due_only {
            return window.begins_before(start) && window.ends_from(start);
        }
        match self.end {
            End::None => window.begins_by(start) && window.ends_after(start),
            End::After(length) => {
                let end = length.after(start);
                window.begins_by(end) && (window.ends_after(start) || window.ends_from(end))
            }
            End::Until { shown, passed } => {
                let dues = [start.shown_later(shown), start.later(passed)];
                let begins = window.begins_by(start) || dues.into_iter().any(|due| window.begins_before(due));
                begins && (window.ends_after(start) || dues.into_iter().any(|due| window.ends_from(due)))
            }
        }
    }
}

/// A to-do with neither start nor due date.
pub fn undated_todo(completed: Option<Value>, created: Option<Value>, window: &Window) -> bool {
    match (completed.map(|value| value.moment), created.map(|value| value.moment)) {
        (Some(completed), Some(created)) => {
            (window.begins_by(created) || window.begins_by(completed))
                && (window.ends_from(created) || window.ends_from(completed))
        }
        (Some(completed), None) => window.begins_by(completed) && window.ends_from(completed),
        (None, Some(created)) => window.ends_after(created),
        (None, None) => true,
    }
}

/// A free-busy time, by its start and end, else by its periods.
pub fn free_busy(start: Option<Value>, end: Option<Value>, periods: &[(Moment, Moment)], window: &Window) -> bool {
    if let (Some(start), Some(end)) = (start, end) {
        return window.begins_by(end.moment) && window.ends_after(start.moment);
    }
    periods.iter().any(|(start, end)| window.begins_before(*end) && window.ends_after(*start))
}

/// An availability (RFC 7953 §3.1), which goes on for ever where it has no start or no end.
pub fn availability(start: Option<Value>, end: Option<Moment>, window: &Window) -> bool {
    end.is_none_or(|end| window.begins_before(end)) && start.is_none_or(|start| window.ends_after(start.moment))
}
