//! Moments of an item: a clock's time and the time zone of that clock, which may be known only roughly.

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;

use super::calendar::{DAY, date_of, day_of};
use crate::item::lines::Line;
use crate::item::window::{Edge, Window};

/// What the clocks of the world are ahead of UTC at least and at most, in seconds.
const WORLD: (i64, i64) = (-12 * 3600, 14 * 3600);

/// The beginning of 2099, in seconds since 1970.
const TABLES_END: i64 = 4_070_908_800;

/// The clock of a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Zone {
    Utc,
    /// The clock of whoever looks (RFC 5545 §3.3.5, form 1); whole days are on it, too.
    Floating,
    Named(Tz),
    /// Ahead of UTC by so many seconds at least and at most.
    Within(i64, i64),
}

impl Zone {
    /// A clock of which nothing is known.
    pub const UNKNOWN: Zone = Zone::Within(WORLD.0, WORLD.1);
}

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// What the clock shows, in seconds since 1970-01-01T00:00 on it.
    pub local: i64,
    pub zone: Zone,
    /// So many seconds later than that.
    pub plus: i64,
    /// And up to so many seconds later still: all that is known of it.
    pub spread: i64,
}

/// When a moment is: between two times, which differ where its clock is not known, or shows that time twice or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub first: i64,
    pub last: i64,
    /// Whether these are times on the clock of whoever looks, and not in UTC.
    pub floats: bool,
}

impl Moment {
    pub fn at(local: i64, zone: Zone) -> Self {
        Self { local, zone, plus: 0, spread: 0 }
    }

    /// The moment when its clock shows so many seconds more.
    pub fn shown_later(self, seconds: i64) -> Self {
        Self { local: self.local.saturating_add(seconds), ..self }
    }

    /// The moment so many seconds later.
    pub fn later(self, seconds: i64) -> Self {
        Self { plus: self.plus.saturating_add(seconds), ..self }
    }

    pub fn range(self) -> Range {
        let (first, last) = match self.zone {
            Zone::Utc | Zone::Floating => (self.local, self.local),
            Zone::Within(least, most) => (self.local.saturating_sub(most), self.local.saturating_sub(least)),
            Zone::Named(zone) => named(self.local, zone),
        };
        let floats = self.zone == Zone::Floating;
        let last = last.saturating_add(self.plus).saturating_add(self.spread);
        Range { first: first.saturating_add(self.plus), last, floats }
    }

    /// The same for the same moment; `None` where it can't be told from others.
    pub fn key(self) -> Option<(u8, i64)> {
        let range = self.range();
        match self.zone {
            _ if self.spread > 0 => None,
            // Two clocks of which so little is known are taken for one: an item has rarely two such.
            Zone::Within(..) => Some((2, self.local + self.plus)),
            _ if range.first == range.last => Some((range.floats.into(), range.first)),
            Zone::Named(_) => Some((3, range.first)),
            _ => None,
        }
    }
}

/// When a zone's clock shows that time: twice where clocks are put back, where they are put forward as both see it.
fn named(local: i64, zone: Tz) -> (i64, i64) {
    const AROUND: i64 = 3 * 3600;
    if let Some(utc) = resolve(local, zone) {
        // The tables end there, and say nothing of summers.
        return if local < TABLES_END { (utc, utc) } else { (utc - 3600, utc + 3600) };
    }
    let before = resolve(local - AROUND, zone).map(|utc| utc + AROUND);
    let after = resolve(local + AROUND, zone).map(|utc| utc - AROUND);
    match (before, after) {
        (Some(one), Some(other)) => (one.min(other), one.max(other)),
        // Years that the tables do not have.
        _ => (local.saturating_sub(WORLD.1), local.saturating_sub(WORLD.0)),
    }
}

fn resolve(local: i64, zone: Tz) -> Option<i64> {
    let (year, month, day) = date_of(local.div_euclid(DAY));
    let second = local.rem_euclid(DAY);
    let part = |number: i64| u8::try_from(number).ok();
    let parts = PartialDateTime {
        year: Some(u16::try_from(year).ok().filter(|year| *year < 10_000)?),
        month: Some(month),
        day: Some(day),
        hour: Some(part(second / 3600)?),
        minute: Some(part(second / 60 % 60)?),
        second: Some(part(second % 60)?),
        ..PartialDateTime::default()
    };
    Some(parts.to_date_time_with_tz(zone)?.timestamp())
}

impl Window {
    /// Whether the window's beginning is before the moment, or may be.
    pub(super) fn begins_before(&self, moment: Moment) -> bool {
        let Range { last, floats, .. } = moment.range();
        self.since.is_none_or(|edge| side(edge, floats) < last)
    }

    /// Whether the window's beginning is not after the moment, or may not be.
    pub(super) fn begins_by(&self, moment: Moment) -> bool {
        self.begins_before(moment.later(1))
    }

    /// Whether the window's end is after the moment, or may be.
    pub(super) fn ends_after(&self, moment: Moment) -> bool {
        let Range { first, floats, .. } = moment.range();
        self.until.is_none_or(|edge| side(edge, floats) > first)
    }

    /// Whether the window's end is not before the moment, or may not be.
    pub(super) fn ends_from(&self, moment: Moment) -> bool {
        self.ends_after(moment.later(-1))
    }
}

fn side(edge: Edge, floats: bool) -> i64 {
    if floats { edge.local } else { edge.utc }
}

/// A date or a time as a property writes it (RFC 5545 §3.3.4, §3.3.5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    pub moment: Moment,
    /// Whether it is a whole day.
    pub is_date: bool,
}

impl Value {
    /// The value of a line; `zone` is what its TZID means. None if it is no date and no time.
    pub fn of(line: &Line<'_>, zone: Zone) -> Option<Self> {
        Self::parse(line.value, zone)
    }

    pub fn parse(text: &[u8], zone: Zone) -> Option<Self> {
        let text = text.trim_ascii();
        let number = |from: usize, to: usize| digits(text.get(from..to)?);
        let (year, month, date) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
        let day = day_of(year, month, date);
        if date_of(day) != (year, u8::try_from(month).ok()?, u8::try_from(date).ok()?) {
            return None;
        }
        let moment = |seconds, zone| Moment::at(day * DAY + seconds, zone);
        if text.len() == 8 {
            return Some(Self { moment: moment(0, Zone::Floating), is_date: true });
        }
        let zone = match text.get(15..)? {
            b"" => zone,
            b"Z" | b"z" => Zone::Utc,
            _ => return None,
        };
        let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
        let is_time = matches!(text.get(8), Some(b'T' | b't')) && hour < 24 && minute < 60 && second < 61;
        // A leap second is on no clock that is compared here.
        is_time.then(|| Self { moment: moment(hour * 3600 + minute * 60 + second.min(59), zone), is_date: false })
    }
}

/// A length of time (RFC 5545 §3.3.6): days, which are as long as they are, and seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Length {
    pub days: i64,
    pub seconds: i64,
}

impl Length {
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii().to_ascii_uppercase();
        let (sign, rest) = signed(&text);
        let mut length = Self::default();
        let (mut number, mut in_time) = (Vec::new(), false);
        for byte in rest.strip_prefix(b"P")? {
            if byte.is_ascii_digit() {
                number.push(*byte);
                continue;
            }
            if (*byte, in_time, number.is_empty()) == (b'T', false, true) {
                in_time = true;
                continue;
            }
            let number = sign * digits(&std::mem::take(&mut number))?;
            match (byte, in_time) {
                (b'W', false) => length.days += 7 * number,
                (b'D', false) => length.days += number,
                (b'H', true) => length.seconds += 3600 * number,
                (b'M', true) => length.seconds += 60 * number,
                (b'S', true) => length.seconds += number,
                _ => return None,
            }
        }
        (number.is_empty() && rest.len() > 1).then_some(length)
    }

    /// The moment so much later.
    pub fn after(self, moment: Moment) -> Moment {
        moment.shown_later(self.days * DAY).later(self.seconds)
    }

    pub fn is_positive(self) -> bool {
        self.days * DAY + self.seconds > 0
    }
}

/// A sign, and what is behind it.
pub fn signed(text: &[u8]) -> (i64, &[u8]) {
    match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    }
}

/// A number of at most ten digits.
pub fn digits(text: &[u8]) -> Option<i64> {
    let right = !text.is_empty() && text.len() <= 10 && text.iter().all(u8::is_ascii_digit);
    right.then(|| text.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str, zone: Zone) -> (i64, i64) {
        let range = Value::parse(text.as_bytes(), zone).unwrap().moment.range();
        (range.first, range.last)
    }

    fn at(text: &str) -> i64 {
        utc(text, Zone::Utc).0
    }

    #[test]
    fn a_clock_is_read_in_summer_in_winter_and_where_it_is_changed() {
        let berlin = Zone::Named("Europe/Berlin".parse().unwrap());
        assert_eq!(utc("20260115T120000", berlin), (at("20260115T110000"), at("20260115T110000")));
        assert_eq!(utc("20260715T120000", berlin), (at("20260715T100000"), at("20260715T100000")));
        assert_eq!(utc("20261025T023000", berlin), (at("20261025T003000"), at("20261025T013000")), "twice");
        assert_eq!(utc("20260329T023000", berlin), (at("20260329T003000"), at("20260329T013000")), "never");
        assert_eq!(utc("20260115T120000Z", berlin), (at("20260115T120000"), at("20260115T120000")));
        assert_eq!(utc("20260115T120000", Zone::Within(3600, 7200)), (at("20260115T100000"), at("20260115T110000")));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2026",
            "20260230",
            "20261301",
            "20260101T",
            "20260101T250000",
            "20260101T0900",
            "20260101T090000+0100",
            "2026-01-01",
            "é0260101",
        ] {
            assert_eq!(Value::parse(text.as_bytes(), Zone::Utc), None, "{text}");
        }
    }

    #[test]
    fn lengths_are_days_and_seconds() {
        let length = |text: &str| Length::parse(text.as_bytes()).map(|length| (length.days, length.seconds));
        assert_eq!(length("P1W"), Some((7, 0)));
        assert_eq!(length("P1DT2H3M4S"), Some((1, 7384)));
        assert_eq!(length("-PT15M"), Some((0, -900)));
        for text in ["", "P", "PT1D", "P1", "1D", "P1H", "PTT1S", "P99999999999D"] {
            assert_eq!(length(text), None, "{text}");
        }
    }
}
