//! A component with its times, and a series with what belongs to it.

use std::collections::HashSet;

use super::calendar::DAY;
use super::moment::{Length, Moment, Value};
use super::overlap::{self, End, Shape};
use super::rule::{MOST_LOOKS, Reach, Rule, Search};
use super::zones::Zones;
use crate::item::component::Component;
use crate::item::kind::Kind;
use crate::item::lines::Line;
use crate::item::window::Window;

/// Changes of "this one and all after it" in one series beyond which nobody looks closer.
const MOST_CHANGES: usize = 50;

/// A component with all that says when it happens.
#[derive(Debug)]
pub struct Times {
    kind: Kind,
    uid: Vec<u8>,
    start: Option<Value>,
    end: Option<Value>,
    length: Option<Length>,
    due: Option<Value>,
    completed: Option<Value>,
    created: Option<Value>,
    /// Which occurrence it stands for, and whether for all later ones, too.
    stands_for: Option<(Value, bool)>,
    rules: Vec<Rule>,
    /// Extra starts, with what each takes where it says so.
    extra: Vec<(Value, Option<End>)>,
    excepted: Vec<Moment>,
    periods: Vec<(Moment, Moment)>,
}

impl Times {
    /// What a component says; `None` where something of it is not understood.
    pub fn of(kind: Kind, component: &Component<'_>, zones: &Zones) -> Option<Self> {
        if matches!(kind, Kind::Unknown | Kind::Card) {
            return None;
        }
        let value = |line: &Line<'_>| Value::of(line, zones.of_line(line));
        // A value that is there and is none says that nobody knows.
        let one = |name: &str| component.line(name).map_or(Some(None), |line| value(&line).map(Some));
        let stands_for = component.line("RECURRENCE-ID").map(|line| {
            let further = line.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case(b"THISANDFUTURE"));
            value(&line).map(|value| (value, further))
        });
        let mut times = Self {
            kind,
            uid: component.line("UID").map(|line| line.value.trim_ascii().to_vec()).unwrap_or_default(),
            start: one("DTSTART")?,
            end: one("DTEND")?,
            length: component.line("DURATION").map_or(Some(None), |line| Length::parse(line.value).map(Some))?,
            due: one("DUE")?,
            completed: one("COMPLETED")?,
            created: one("CREATED")?,
            stands_for: stands_for.map_or(Some(None), |known| known.map(Some))?,
            rules: component.all("RRULE").map(|line| Rule::parse(line.value)).collect::<Option<_>>()?,
            extra: Vec::new(),
            excepted: Vec::new(),
            periods: Vec::new(),
        };
        for line in component.all("RDATE") {
            for text in line.value.split(|byte| *byte == b',') {
                times.extra.push(extra(text, &line, zones)?);
            }
        }
        for line in component.all("FREEBUSY").filter(|_| kind == Kind::FreeBusy) {
            for text in line.value.split(|byte| *byte == b',') {
                times.periods.push(period(text, &line, zones)?);
            }
        }
        for line in component.all("EXDATE") {
            let dates =
                line.value.split(|byte| *byte == b',').filter_map(|text| Value::parse(text, zones.of_line(&line)));
            times.excepted.extend(dates.map(|value| value.moment));
        }
        Some(times)
    }

    /// Where it begins, and what an occurrence of it looks like; `None` where it has no time.
    fn shape(&self) -> Option<(Moment, Shape)> {
        let stands_for = self.stands_for.map(|(value, _)| value);
        let is_due_only = self.kind == Kind::Todo && self.start.is_none() && self.due.is_some();
        let start = if is_due_only { self.due } else { self.start.or(stands_for) }?;
        let end = if self.kind == Kind::Todo { self.due } else { self.end };
        let end = match (end, self.length) {
            _ if is_due_only || self.kind == Kind::Journal => End::None,
            (Some(end), _) => End::between(start.moment, end.moment),
            (None, Some(length)) => End::After(length),
            (None, None) => End::None,
        };
        Some((start.moment, Shape { kind: self.kind, is_date: start.is_date, end, is_due_only }))
    }

    /// Whether it is in the window without having a time of its own that could recur.
    fn is_in_undated(&self, window: &Window) -> bool {
        match self.kind {
            Kind::Todo => overlap::undated_todo(self.completed, self.created, window),
            // It has no time, and is in no window by RFC 4791 §9.9.
            Kind::Journal => false,
            _ => true,
        }
    }
}

/// Whether one of these components, which are an item, has an occurrence in the window, or may have.
pub fn any_in(components: &[Times], window: &Window) -> bool {
    let mut looks = MOST_LOOKS;
    components.iter().any(|times| match times.kind {
        Kind::FreeBusy => overlap::free_busy(times.start, times.end, &times.periods, window),
        Kind::Availability => {
            let after = |start: Value| times.length.map(|length| length.after(start.moment));
            overlap::availability(times.start, times.end.map(|end| end.moment).or(times.start.and_then(after)), window)
        }
        _ => is_in(times, components, window, &mut looks),
    })
}

fn is_in(times: &Times, components: &[Times], window: &Window, looks: &mut i64) -> bool {
    let Some((start, shape)) = times.shape() else { return times.is_in_undated(window) };
    if times.stands_for.is_some() && times.rules.is_empty() && times.extra.is_empty() {
        return shape.is_in(start, window);
    }
    let others = || components.iter().filter(|other| other.uid == times.uid && !std::ptr::eq(*other, times));
    let replaced = others().filter_map(|other| other.stands_for.map(|(value, _)| value.moment));
    let gone: HashSet<_> = times.excepted.iter().copied().chain(replaced).filter_map(Moment::key).collect();
    let is_gone = |start: Moment| start.key().is_some_and(|key| gone.contains(&key));
    let Some(changes) = others().filter(|other| other.changes_later()).map(Change::of).collect::<Option<Vec<_>>>()
    else {
        return true;
    };
    if changes.len() > MOST_CHANGES {
        return true;
    }
    let is_there = |start: Moment| {
        if is_gone(start) {
            return false;
        }
        let mut changes = changes.iter().filter(|change| change.is_of(start)).peekable();
        let is_changed = changes.peek().is_some();
        (!is_changed && shape.is_in(start, window))
            || changes.any(|change| change.shape.is_in(change.moved(start), window))
    };
    let extra = |(value, end): &(Value, Option<End>)| match end {
        Some(end) => !is_gone(value.moment) && Shape { end: *end, ..shape }.is_in(value.moment, window),
        None => is_there(value.moment),
    };
    if is_there(start) || times.extra.iter().any(extra) {
        return true;
    }
    let furthest = changes.iter().map(|change| change.shape.end.furthest().saturating_add(change.by.saturating_abs()));
    let reach = reach(start, furthest.fold(shape.end.furthest(), i64::max), window);
    let mut is_there = is_there;
    times.rules.iter().any(|rule| rule.search(start, reach, looks, &mut is_there) != Search::Nothing)
}

/// Where starts on the series' clock must lie to be in the window, to which what counts of them is that far away at most:
/// clocks differ by a day at most.
fn reach(start: Moment, furthest: i64, window: &Window) -> Reach {
    let from = window.since.map_or(start.local, |edge| edge.utc.min(edge.local).saturating_sub(furthest));
    let to =
        window.until.map_or(i64::MAX, |edge| edge.utc.max(edge.local).saturating_add(2 * DAY).saturating_add(furthest));
    Reach { from: from.saturating_sub(2 * DAY).max(start.local), to }
}

impl Times {
    /// Whether it changes all later occurrences of its series (RFC 5545 §3.2.13).
    fn changes_later(&self) -> bool {
        self.stands_for.is_some_and(|(_, further)| further)
    }
}

/// A change of an occurrence and all after it.
struct Change {
    since: Moment,
    /// By how much the starts are moved, in seconds.
    by: i64,
    shape: Shape,
}

impl Change {
    /// `None` where the two clocks can't be compared.
    fn of(times: &Times) -> Option<Self> {
        let (start, shape) = times.shape()?;
        let (since, _) = times.stands_for?;
        let (from, to) = (since.moment.range(), start.range());
        let by = if since.moment.zone == start.zone { start.local - since.moment.local } else { to.first - from.first };
        (from.floats == to.floats).then_some(Self { since: since.moment, by, shape })
    }

    /// Whether that occurrence is not before the first that it changes.
    fn is_of(&self, start: Moment) -> bool {
        let (start, since) = (start.range(), self.since.range());
        start.floats != since.floats || start.last >= since.first
    }

    fn moved(&self, start: Moment) -> Moment {
        start.shown_later(self.by)
    }
}

/// An extra start, or a period (RFC 5545 §3.8.5.2).
fn extra(text: &[u8], line: &Line<'_>, zones: &Zones) -> Option<(Value, Option<End>)> {
    if !text.contains(&b'/') {
        return Some((Value::parse(text, zones.of_line(line))?, None));
    }
    let (start, end) = period(text, line, zones)?;
    Some((Value { moment: start, is_date: false }, Some(End::between(start, end))))
}

/// A start with an end or a length behind it (RFC 5545 §3.3.9).
fn period(text: &[u8], line: &Line<'_>, zones: &Zones) -> Option<(Moment, Moment)> {
    let at = text.iter().position(|byte| *byte == b'/')?;
    let (start, end) = (text.get(..at)?, text.get(at + 1..)?);
    let start = Value::parse(start, zones.of_line(line))?.moment;
    let end = match Length::parse(end) {
        Some(length) => length.after(start),
        None => Value::parse(end, zones.of_line(line))?.moment,
    };
    Some((start, end))
}
