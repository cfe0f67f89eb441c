//! Properties, against calcard's own expansion, which walks from the start.

use calcard::common::timezone::Tz;
use calcard::icalendar::ICalendar;
use proptest::prelude::*;

use super::{may_happen, one};
use crate::item::window::{Edge, Window};

prop_compose! {
    /// A rule that calcard expands as RFC 5545 has it.
    fn a_rule()(
        frequency in 0_usize..4, interval in 1_u32..4, days in "|;BYDAY=MO|;BYDAY=TU,FR|;BYMONTHDAY=1,-1|;BYMONTHDAY=15",
        months in "|;BYMONTH=2|;BYMONTH=3,11", hours in "|;BYHOUR=8,20", nth in 0_usize..3, end in 0_usize..3, count in 1_u32..30
    ) -> String {
        let frequency = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"][frequency];
        let weekly = frequency == "WEEKLY";
        let days = if weekly && days.contains("MONTHDAY") { "" } else { days.as_str() };
        let days = match (nth, frequency) { (1, "MONTHLY") => ";BYDAY=2WE,-1FR", (2, "MONTHLY") => ";BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1", _ => days };
        let end = match end { 0 => format!(";COUNT={count}"), 1 => ";UNTIL=20270301T120000".into(), _ => String::new() };
        format!("FREQ={frequency};INTERVAL={interval}{days}{months}{hours}{end}")
    }
}

/// So many starts are walked to: that is slow.
const MOST: usize = 400;

/// The starts that calcard finds, from the first on, in seconds on their clock.
fn naive(item: &str) -> Vec<i64> {
    let calendar = ICalendar::parse(item).expect("a calendar");
    let mut starts: Vec<i64> =
        calendar.expand_dates(Tz::Floating, MOST).events.iter().map(|event| event.start.timestamp()).collect();
    starts.sort_unstable();
    starts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_series_is_found_exactly_where_walking_from_its_start_finds_it(
        rule in a_rule(), month in 1_u32..13, day in 1_u32..29, hour in 0_u32..24,
        from in 0_i64..1500, length in 1_i64..40, minutes in 0_u32..3000,
    ) {
        let start = format!("2026{month:02}{day:02}T{hour:02}0000");
        let item = one("VEVENT", &format!("DTSTART:{start} DURATION:PT{minutes}M RRULE:{rule}"));
        let starts = naive(&item);
        let since = 1_767_225_600 + from * 43_200;
        let edge = |local: i64| Some(Edge { utc: local, local });
        let until = since + length * 10_000;
        prop_assume!(!starts.is_empty() && (starts.len() < MOST || starts.last().is_some_and(|last| *last > until)));
        let seconds = i64::from(minutes) * 60;
        let first = crate::item::occurrence::moment::Value::parse(start.as_bytes(), crate::item::occurrence::moment::Zone::Floating).unwrap().moment.local;
        let is_in = |begins: &i64| *begins < until && if seconds > 0 { begins + seconds > since } else { *begins >= since };
        // calcard leaves out a first one that the rule does not give, and RFC 5545 leaves it open.
        let expected = starts.iter().any(is_in) || is_in(&first);
        let found = may_happen(item.as_bytes(), &Window { since: edge(since), until: edge(until) });
        prop_assert_eq!(found, expected, "{}", item);
    }

    #[test]
    fn a_wider_window_never_loses_anything(rule in a_rule(), from in 0_i64..2000, length in 1_i64..100, more in 0_i64..100) {
        let item = one("VEVENT", &format!("DTSTART;TZID=Europe/Berlin:20260131T023000 DURATION:PT90M RRULE:{rule}"));
        let at = |number: i64| Some(Edge { utc: 1_767_225_600 + number * 40_000, local: 1_767_229_200 + number * 40_000 });
        let small = Window { since: at(from), until: at(from + length) };
        let large = Window { since: at(from - more), until: at(from + length + more) };
        prop_assert!(!may_happen(item.as_bytes(), &small) || may_happen(item.as_bytes(), &large), "{}", item);
    }

    #[test]
    fn nothing_makes_it_panic(
        lines in "(BEGIN:|END:|VEVENT\n|VTODO\n|VCALENDAR\n|DTSTART|DTEND|DUE|RDATE|EXDATE|RRULE|RECURRENCE-ID|DURATION|;RANGE=THISANDFUTURE|;TZID=Europe/Berlin|:|\n|FREQ=(DAILY|HOURLY|YEARLY);|COUNT=|INTERVAL=|UNTIL=|BYDAY=-1MO|BYSETPOS=-1|[0-9]{8}T[0-9]{6}Z?|[0-9]{1,10}|P[0-9]{1,10}W|,|/|\\PC){0,60}",
        since in any::<i32>(), length in 1_i64..10_000_000_000
    ) {
        let edge = |number: i64| Some(Edge { utc: number, local: number });
        let _ = may_happen(lines.as_bytes(), &Window { since: edge(since.into()), until: edge(i64::from(since) + length) });
    }
}
