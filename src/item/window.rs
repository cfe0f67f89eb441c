//! A span of time that a person names: from a date on, before a date, or both.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp, Zoned};

/// How an edge is written, for a person.
pub const FORMS: &str = "give a date such as 2026-01-31, a time such as 2026-01-31T09:30 or 2026-01-31T09:30Z, or days, weeks, months or years from \
     today, such as -90d, -6m, +2y";

/// From `since` on, and before `until`; without one of them it has no end there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first moment in it.
    pub since: Option<Edge>,
    /// The first moment behind it.
    pub until: Option<Edge>,
}

/// A moment on all clocks: what has no time zone of its own (a whole day, a floating time) is compared by the local one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// In seconds since 1970 in UTC.
    pub utc: i64,
    /// The same moment on the person's clock, in seconds since 1970-01-01T00:00 on that clock.
    pub local: i64,
}

impl Window {
    /// Reads both edges, each as [`Edge::parse`] does.
    pub fn parse(since: Option<&str>, until: Option<&str>, now: &Zoned) -> Result<Self, &'static str> {
        let edge = |text: Option<&str>| text.map(|text| Edge::parse(text, now)).transpose();
        let (since, until) = (edge(since)?, edge(until)?);
        if since.zip(until).is_some_and(|(since, until)| since.utc >= until.utc) {
            return Err("the end is not after the beginning, so that nothing lies between them");
        }
        Ok(Self { since, until })
    }

    /// Whether all times are in it.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }
}

impl Edge {
    /// Reads one of [`FORMS`]; a day begins at midnight on the clock of `now`. The error says what is valid.
    pub fn parse(text: &str, now: &Zoned) -> Result<Self, &'static str> {
        let text = text.trim();
        if let Some(date) = relative(text, now.date()) {
            return Self::of(date?.to_datetime(Time::midnight()), now).ok_or(FORMS);
        }
        if let Some(date) = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten() {
            return Self::of(date.to_datetime(Time::midnight()), now).ok_or(FORMS);
        }
        if let Ok(exact) = text.parse::<Timestamp>() {
            let local = exact.to_zoned(now.time_zone().clone()).datetime();
            return Ok(Self { utc: exact.as_second(), local: seconds(local).ok_or(FORMS)? });
        }
        let is_local = text.contains(['T', 't', ' ']) && !text.ends_with(['Z', 'z']);
        let local = if is_local { text.parse::<DateTime>().ok() } else { None };
        local.and_then(|local| Self::of(local, now)).ok_or(FORMS)
    }

    fn of(local: DateTime, now: &Zoned) -> Option<Self> {
        let utc = local.to_zoned(now.time_zone().clone()).ok()?.timestamp().as_second();
        Some(Self { utc, local: seconds(local)? })
    }
}

impl fmt::Display for Edge {
    /// In UTC, to the second, as RFC 3339 writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Timestamp::from_second(self.utc).map_or(Err(fmt::Error), |time| time.fmt(f))
    }
}

/// A clock's time in seconds since 1970 on it.
fn seconds(local: DateTime) -> Option<i64> {
    Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// `-90d`, `+1y`: the date so far from today; `None` where it is not of that form.
fn relative(text: &str, today: Date) -> Option<Result<Date, &'static str>> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let number = text.get(1..text.len() - text.chars().next_back()?.len_utf8())?;
    let number: i64 = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()?;
    let span = match text.chars().next_back()? {
        'd' => Span::new().try_days(sign * number),
        'w' => Span::new().try_weeks(sign * number),
        'm' => Span::new().try_months(sign * number),
        'y' => Span::new().try_years(sign * number),
        _ => return None,
    };
    let date = span.and_then(|span| today.checked_add(span));
    Some(date.map_err(|_| "give a date in the years 1 to 9999"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        // An hour ahead of UTC, and not at midnight.
        "2026-03-31T12:34:56+01:00[+01:00]".parse().unwrap()
    }

    fn edge(text: &str) -> String {
        Edge::parse(text, &now()).map_or_else(str::to_owned, |edge| edge.to_string())
    }

    #[test]
    fn dates_and_times_are_those_of_the_persons_clock() {
        assert_eq!(edge("2026-01-31"), "2026-01-30T23:00:00Z");
        assert_eq!(edge("2026-01-31T09:30"), "2026-01-31T08:30:00Z");
        assert_eq!(edge(" 2026-01-31 09:30:01 "), "2026-01-31T08:30:01Z");
        assert_eq!(edge("2026-01-31T09:30Z"), "2026-01-31T09:30:00Z");
        assert_eq!(edge("2026-01-31T09:30:00+02:00"), "2026-01-31T07:30:00Z");
        let one = Edge::parse("2026-01-31T09:30Z", &now()).unwrap();
        assert_eq!(one.local - one.utc, 3600);
    }

    #[test]
    fn days_weeks_months_and_years_count_from_today() {
        assert_eq!(edge("-90d"), "2025-12-30T23:00:00Z");
        assert_eq!(edge("+2w"), "2026-04-13T23:00:00Z");
        assert_eq!(edge("-1m"), "2026-02-27T23:00:00Z", "February has no 31st");
        assert_eq!(edge("+1y"), "2027-03-30T23:00:00Z");
        assert_eq!(edge("-0d"), "2026-03-30T23:00:00Z");
    }

    #[test]
    fn what_is_none_of_these_is_refused_with_what_is_valid() {
        for bad in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "20260131",
            "90d",
            "-90",
            "-d",
            "+1h",
            "2026-01-31T25:00",
            "-é",
        ] {
            assert_eq!(edge(bad), FORMS, "{bad}");
        }
        assert_eq!(edge("-99999y"), "give a date in the years 1 to 9999");
        let window = |since, until| Window::parse(since, until, &now());
        assert!(window(Some("2026-01-02"), Some("2026-01-02")).unwrap_err().contains("the end is not after"));
        assert!(window(Some("-1d"), None).unwrap().until.is_none());
        assert!(window(None, None).unwrap().is_all());
    }
}
