//! Days as numbers: the proleptic Gregorian calendar, day 0 being 1970-01-01.

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Year, month and day of a day.
pub fn date_of(day: i64) -> (i64, u8, u8) {
    // Years that begin in March have the leap day at their end.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = small(of_year - (153 * month + 2) / 5 + 1);
    let month = small(if month < 10 { month + 3 } else { month - 9 });
    (era * 400 + year + i64::from(month <= 2), month, date)
}

/// The day of a date; months beyond 12 or below 1 belong to the years beside.
pub fn day_of(year: i64, month: i64, date: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + date - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// How many days a month has.
pub fn days_in_month(year: i64, month: u8) -> i64 {
    let month = i64::from(month);
    day_of(year, month + 1, 1) - day_of(year, month, 1)
}

/// 0 for Monday to 6 for Sunday.
pub fn weekday(day: i64) -> u8 {
    small((day + 3).rem_euclid(7))
}

/// The number of the week that a day lies in, and how many weeks the year of that week has (RFC 5545 §3.3.10, BYWEEKNO: the
/// first week has at least four days in its year).
pub fn week(day: i64, first_weekday: u8) -> (i64, i64) {
    let start = day - i64::from((weekday(day) + 7 - first_weekday) % 7);
    let year = date_of(start + 3).0;
    let first_of = |year: i64| {
        let fourth = day_of(year, 1, 4);
        fourth - i64::from((weekday(fourth) + 7 - first_weekday) % 7)
    };
    ((start - first_of(year)) / 7 + 1, (first_of(year + 1) - first_of(year)) / 7)
}

fn small(number: i64) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_its_date_as_another_calendar_says() {
        let mut date = jiff::civil::date(1583, 1, 1);
        for day in day_of(1583, 1, 1)..day_of(2420, 1, 1) {
            let (year, month, of_month) = date_of(day);
            assert_eq!(
                (year, month, of_month),
                (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
            );
            assert_eq!(day_of(year, month.into(), of_month.into()), day);
            assert_eq!(weekday(day), date.weekday().to_monday_zero_offset().unsigned_abs());
            assert_eq!(week(day, 0).0, i64::from(date.iso_week_date().week()));
            date = date.tomorrow().unwrap();
        }
    }

    #[test]
    fn months_and_weeks_are_counted() {
        assert_eq!((days_in_month(2024, 2), days_in_month(2026, 2), days_in_month(2026, 12)), (29, 28, 31));
        assert_eq!(day_of(2026, 13, 1), day_of(2027, 1, 1));
        assert_eq!(day_of(2026, 0, 1), day_of(2025, 12, 1));
        assert_eq!(week(day_of(2026, 12, 31), 0), (53, 53));
    }
}
