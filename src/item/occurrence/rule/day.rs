//! Which days a rule is about.

use super::{date_of, day_of, days_in_month, number, numbers, week, weekday, weekday_of};

/// The days that a rule lets through; an empty list lets all through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Days {
    pub months: Vec<i64>,
    weeks: Vec<i64>,
    of_year: Vec<i64>,
    pub of_month: Vec<i64>,
    /// Which one of its month or year, from its end if negative, 0 for all; and the day of the week.
    pub weekdays: Vec<(i64, u8)>,
    /// Whether a numbered weekday without a month is counted in its year.
    pub is_yearly: bool,
    pub first_weekday: u8,
}

impl Days {
    /// Takes in a part of a rule; `None` where it is not understood.
    pub fn part(&mut self, name: &[u8], value: &[u8]) -> Option<()> {
        match name {
            b"BYMONTH" => self.months = numbers(value, 1..=12)?,
            b"BYWEEKNO" => self.weeks = numbers(value, -53..=53)?,
            b"BYYEARDAY" => self.of_year = numbers(value, -366..=366)?,
            b"BYMONTHDAY" => self.of_month = numbers(value, -31..=31)?,
            b"BYDAY" => {
                self.weekdays = value.split(|byte| *byte == b',').map(numbered).collect::<Option<_>>()?;
                self.weekdays.sort_unstable();
                self.weekdays.dedup();
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether nothing is said.
    pub fn is_every_day(&self) -> bool {
        self.says_no_day() && self.months.is_empty()
    }

    /// Whether only months are said, or nothing at all.
    pub fn says_no_day(&self) -> bool {
        self.weeks.is_empty() && self.says_weeks_only()
    }

    /// Whether no day is said, only weeks and months.
    pub fn says_weeks_only(&self) -> bool {
        self.of_year.is_empty() && self.of_month.is_empty() && self.weekdays.is_empty()
    }

    /// Whether a weekday has a number, which rules below monthly ones must not have (RFC 5545 §3.3.10).
    pub fn says_which_weekday(&self) -> bool {
        self.weekdays.iter().any(|(which, _)| *which != 0)
    }

    /// Whether a day is one of them.
    pub fn has(&self, day: i64) -> bool {
        let (year, month, date) = date_of(day);
        let (month_number, date) = (i64::from(month), i64::from(date));
        if !self.months.is_empty() && !self.months.contains(&month_number) {
            return false;
        }
        if !self.of_month.is_empty() {
            let from_end = date - days_in_month(year, month) - 1;
            if !self.of_month.iter().any(|wanted| *wanted == date || *wanted == from_end) {
                return false;
            }
        }
        if !self.weekdays.is_empty() && !self.weekdays.iter().any(|wanted| self.is_weekday(day, *wanted)) {
            return false;
        }
        if !self.of_year.is_empty() {
            let (first, next) = (day_of(year, 1, 1), day_of(year + 1, 1, 1));
            if !self.of_year.iter().any(|wanted| *wanted == day - first + 1 || *wanted == day - next) {
                return false;
            }
        }
        if !self.weeks.is_empty() {
            let (number, of) = week(day, self.first_weekday);
            return self.weeks.iter().any(|wanted| *wanted == number || *wanted == number - of - 1);
        }
        true
    }

    fn is_weekday(&self, day: i64, (which, wanted): (i64, u8)) -> bool {
        if weekday(day) != wanted {
            return false;
        }
        if which == 0 || !self.weeks.is_empty() {
            return true;
        }
        let (year, month, _) = date_of(day);
        let (first, next) = if self.is_yearly && self.months.is_empty() {
            (day_of(year, 1, 1), day_of(year + 1, 1, 1))
        } else {
            (day_of(year, month.into(), 1), day_of(year, i64::from(month) + 1, 1))
        };
        which == (day - first) / 7 + 1 || which == -((next - 1 - day) / 7 + 1)
    }
}

/// `MO`, `2MO`, `-1FR`.
fn numbered(text: &[u8]) -> Option<(i64, u8)> {
    let text = text.trim_ascii();
    let (which, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let which = if which.is_empty() { 0 } else { number(which).filter(|which| (1..=53).contains(&which.abs()))? };
    Some((which, weekday_of(name)?))
}
