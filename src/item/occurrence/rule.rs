//! Recurrence rules (RFC 5545 §3.3.10): reading them, and the starts that they give within some time.

use super::calendar::{DAY, date_of, day_of, days_in_month, week, weekday};
use super::moment::{Moment, Value, Zone, digits, signed};
use day::Days;

mod day;

/// Days and times that are looked at for one item at most; what a rule gives beyond is not known. A thousand years of a
/// yearly rule, 270 of a daily one, and a few milliseconds.
pub const MOST_LOOKS: i64 = 100_000;

/// How far clocks may be from UTC, in seconds; a day is more than any is.
const ZONES: i64 = DAY;

/// How often, in the order of RFC 5545.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Frequency {
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    frequency: Frequency,
    interval: i64,
    count: Option<i64>,
    until: Option<Value>,
    days: Days,
    hours: Vec<i64>,
    minutes: Vec<i64>,
    seconds: Vec<i64>,
    positions: Vec<i64>,
    first_weekday: u8,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// What was looked for is there.
    Found,
    /// It is not.
    Nothing,
    /// Nobody knows without looking for longer.
    Unknown,
}

/// Where a search looks: starts from the one to the other, in seconds on the series' clock.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub from: i64,
    pub to: i64,
}

impl Rule {
    /// Reads a rule; `None` where something in it is not understood.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii().to_ascii_uppercase();
        let mut rule = Self {
            frequency: Frequency::Yearly,
            interval: 1,
            count: None,
            until: None,
            days: Days::default(),
            hours: Vec::new(),
            minutes: Vec::new(),
            seconds: Vec::new(),
            positions: Vec::new(),
            first_weekday: 0,
        };
        let mut frequency = None;
        for part in text.split(|byte| *byte == b';').filter(|part| !part.trim_ascii().is_empty()) {
            let at = part.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (part.get(..at)?.trim_ascii(), part.get(at + 1..)?.trim_ascii());
            match name {
                b"FREQ" => frequency = Some(frequency_of(value)?),
                b"INTERVAL" => rule.interval = digits(value).filter(|number| *number > 0)?,
                b"COUNT" => rule.count = Some(digits(value)?),
                // A day stands for all of it.
                b"UNTIL" => rule.until = Some(Value::parse(value, Zone::Floating)?),
                b"WKST" => rule.first_weekday = weekday_of(value)?,
                b"BYHOUR" => rule.hours = numbers(value, 0..=23)?,
                b"BYMINUTE" => rule.minutes = numbers(value, 0..=59)?,
                // A leap second is on no clock that is compared here.
                b"BYSECOND" => {
                    rule.seconds = numbers(value, 0..=60)?.iter().map(|second| (*second).min(59)).collect();
                    rule.seconds.dedup();
                }
                b"BYSETPOS" => rule.positions = numbers(value, -366..=366)?,
                _ => rule.days.part(name, value)?,
            }
        }
        rule.frequency = frequency?;
        rule.days.is_yearly = rule.frequency == Frequency::Yearly;
        rule.days.first_weekday = rule.first_weekday;
        if rule.frequency < Frequency::Monthly && rule.days.says_which_weekday() {
            return None;
        }
        Some(rule)
    }

    /// Asks `is_it` of every start of the series that begins at `start`, in order, within `reach`, until it says yes. `looks`
    /// are the ones that are left, and become fewer.
    pub fn search(
        &self,
        start: Moment,
        reach: Reach,
        looks: &mut i64,
        is_it: &mut dyn FnMut(Moment) -> bool,
    ) -> Search {
        let reach = Reach { to: reach.to.min(self.last(start)), ..reach };
        if self.frequency < Frequency::Daily {
            return self.search_days(start, reach, looks, is_it);
        }
        let mut rule = self.clone();
        let (year, month, date) = date_of(start.local.div_euclid(DAY));
        rule.fill(start, (month, date));
        let times = [&rule.hours, &rule.minutes, &rule.seconds].into_iter().map(|list| list.len() as u64).product();
        *looks = looks.saturating_sub_unsigned(times);
        if *looks < 0 {
            return Search::Unknown;
        }
        let times = rule.times();
        let origin = Origin { day: start.local.div_euclid(DAY), year, month: month.into() };
        let mut number = if self.count.is_some() { 0 } else { rule.periods_before(origin, reach.from) };
        let mut left = self.count.unwrap_or(i64::MAX);
        loop {
            let (first, last) = rule.period(origin, number);
            if first.saturating_mul(DAY) > reach.to || left == 0 || date_of(first).0 > 9999 {
                return Search::Nothing;
            }
            let Some(starts) = rule.starts(first..last, &times, looks) else { return Search::Unknown };
            for local in starts.into_iter().filter(|local| *local >= start.local) {
                if left == 0 || local > reach.to {
                    return Search::Nothing;
                }
                left -= 1;
                let at = Moment::at(local, start.zone);
                if local >= reach.from && self.ends_from(at) && is_it(at) {
                    return Search::Found;
                }
            }
            number += 1;
        }
    }

    /// Makes explicit what the start of the series says (RFC 5545 §3.3.10: "information missing from the rule").
    fn fill(&mut self, start: Moment, (month, date): (u8, u8)) {
        let day = start.local.div_euclid(DAY);
        if self.days.says_no_day() {
            match self.frequency {
                Frequency::Yearly => {
                    if self.days.months.is_empty() {
                        self.days.months = vec![month.into()];
                    }
                    self.days.of_month = vec![date.into()];
                }
                Frequency::Monthly => self.days.of_month = vec![date.into()],
                Frequency::Weekly => self.days.weekdays = vec![(0, weekday(day))],
                _ => {}
            }
        } else if self.days.says_weeks_only() {
            self.days.weekdays = vec![(0, weekday(day))];
        }
        let of_day = start.local.rem_euclid(DAY);
        let parts =
            [(&mut self.hours, of_day / 3600), (&mut self.minutes, of_day / 60 % 60), (&mut self.seconds, of_day % 60)];
        for (list, usual) in parts.into_iter().filter(|(list, _)| list.is_empty()) {
            list.push(usual);
        }
    }

    /// The times of a day, in seconds.
    fn times(&self) -> Vec<i64> {
        let minutes =
            || self.minutes.iter().flat_map(|minute| self.seconds.iter().map(move |second| minute * 60 + second));
        self.hours.iter().flat_map(|hour| minutes().map(move |rest| hour * 3600 + rest)).collect()
    }

    /// The starts in a period, in order; `None` where too much was looked at.
    fn starts(&self, days: std::ops::Range<i64>, times: &[i64], looks: &mut i64) -> Option<Vec<i64>> {
        let mut starts = Vec::new();
        for day in days {
            *looks -= 1;
            if self.days.has(day) {
                *looks -= i64::try_from(times.len()).unwrap_or(i64::MAX);
                if *looks < 0 {
                    return None;
                }
                starts.extend(times.iter().map(|time| day * DAY + time));
            }
        }
        if *looks < 0 {
            return None;
        }
        if self.positions.is_empty() {
            return Some(starts);
        }
        let length = i64::try_from(starts.len()).ok()?;
        let place = |position: &i64| if *position > 0 { position - 1 } else { length + position };
        let mut places: Vec<_> = self.positions.iter().filter(|position| **position != 0).map(place).collect();
        places.sort_unstable();
        places.dedup();
        let at = |place: i64| usize::try_from(place).ok().and_then(|place| starts.get(place).copied());
        Some(places.into_iter().filter_map(at).collect())
    }

    /// The first day of the period of that number, counted from the one that the series begins in, and the day behind it.
    fn period(&self, origin: Origin, number: i64) -> (i64, i64) {
        let steps = number.saturating_mul(self.interval).min(4_000_000);
        match self.frequency {
            Frequency::Yearly => (day_of(origin.year + steps, 1, 1), day_of(origin.year + steps + 1, 1, 1)),
            Frequency::Monthly => {
                let month = origin.month + steps;
                (day_of(origin.year, month, 1), day_of(origin.year, month + 1, 1))
            }
            Frequency::Weekly => {
                let first = origin.week(self.first_weekday) + 7 * steps;
                (first, first + 7)
            }
            _ => (origin.day + steps, origin.day + steps + 1),
        }
    }

    /// How many periods certainly end before that time, so that nobody need look at them.
    fn periods_before(&self, origin: Origin, from: i64) -> i64 {
        let day = from.div_euclid(DAY);
        let (year, month, _) = date_of(day.clamp(-800_000, 3_000_000));
        let passed = match self.frequency {
            Frequency::Yearly => year - origin.year,
            Frequency::Monthly => (year - origin.year) * 12 + i64::from(month) - origin.month,
            Frequency::Weekly => (day - origin.week(self.first_weekday)).div_euclid(7),
            _ => day - origin.day,
        };
        (passed.div_euclid(self.interval)).max(0)
    }

    /// The last time on the series' clock at which something may start.
    fn last(&self, start: Moment) -> i64 {
        let until = self.until.map_or(i64::MAX, |until| until.moment.local.saturating_add(2 * ZONES));
        let unit = match self.frequency {
            Frequency::Secondly => 1,
            Frequency::Minutely => 60,
            Frequency::Hourly => 3600,
            _ => return until,
        };
        // Without anything that leaves some out, the last of so many follows.
        let lists = [&self.hours, &self.minutes, &self.seconds, &self.positions];
        let plain = self.days.is_every_day() && lists.into_iter().all(Vec::is_empty);
        match self.count {
            Some(count) if plain => until
                .min(start.local.saturating_add((count - 1).max(0).saturating_mul(self.interval).saturating_mul(unit))),
            _ => until,
        }
    }

    /// Whether the rule's end is not before that start, or may not be.
    fn ends_from(&self, start: Moment) -> bool {
        let Some(until) = self.until else { return true };
        let range = start.range();
        match (until.is_date, until.moment.zone) {
            (true, _) => start.local < until.moment.local + DAY,
            (false, Zone::Utc) if !range.floats => range.first <= until.moment.local,
            // The clocks differ: a day more is no harm.
            (false, Zone::Utc) => start.local <= until.moment.local + ZONES,
            (false, _) => start.local <= until.moment.local,
        }
    }

    /// Several times a day: it is asked of every day on which something may start, as if it started anywhere in it.
    fn search_days(
        &self,
        start: Moment,
        reach: Reach,
        looks: &mut i64,
        is_it: &mut dyn FnMut(Moment) -> bool,
    ) -> Search {
        let first = start.local.max(reach.from.saturating_sub(DAY)).div_euclid(DAY);
        for day in first.. {
            if day.saturating_mul(DAY) > reach.to || date_of(day).0 > 9999 {
                return Search::Nothing;
            }
            *looks -= 1;
            if *looks < 0 {
                return Search::Unknown;
            }
            let from = start.local.max(day * DAY);
            let spread = (day * DAY + DAY - 1).min(reach.to) - from;
            if self.days.has(day) && is_it(Moment { spread: spread.max(0), ..Moment::at(from, start.zone) }) {
                return Search::Found;
            }
        }
        Search::Nothing
    }
}

/// Where a series begins.
#[derive(Debug, Clone, Copy)]
struct Origin {
    day: i64,
    year: i64,
    month: i64,
}

impl Origin {
    /// The first day of its week.
    fn week(self, first_weekday: u8) -> i64 {
        self.day - i64::from((weekday(self.day) + 7 - first_weekday) % 7)
    }
}

fn frequency_of(name: &[u8]) -> Option<Frequency> {
    Some(match name {
        b"SECONDLY" => Frequency::Secondly,
        b"MINUTELY" => Frequency::Minutely,
        b"HOURLY" => Frequency::Hourly,
        b"DAILY" => Frequency::Daily,
        b"WEEKLY" => Frequency::Weekly,
        b"MONTHLY" => Frequency::Monthly,
        b"YEARLY" => Frequency::Yearly,
        _ => return None,
    })
}

/// 0 for Monday to 6 for Sunday.
fn weekday_of(name: &[u8]) -> Option<u8> {
    let names: [&[u8]; 7] = [b"MO", b"TU", b"WE", b"TH", b"FR", b"SA", b"SU"];
    names.iter().position(|each| *each == name).and_then(|place| u8::try_from(place).ok())
}

/// Numbers between commas, all of them allowed ones, each once and in order: there are never more than may be different.
fn numbers(list: &[u8], allowed: std::ops::RangeInclusive<i64>) -> Option<Vec<i64>> {
    let numbers = list.split(|byte| *byte == b',').map(|text| number(text).filter(|number| allowed.contains(number)));
    let mut numbers: Vec<_> = numbers.collect::<Option<_>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

fn number(text: &[u8]) -> Option<i64> {
    let (sign, rest) = signed(text.trim_ascii());
    digits(rest).map(|number| sign * number)
}
