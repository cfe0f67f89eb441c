//! Series with changes, zones of an item's own, and what is meant to take for ever.

use super::may_happen;
use crate::item::window::{Edge, Window};

mod tables;
mod walked;

/// Somebody whose clock is an hour ahead of UTC.
fn window(since: &str, until: &str) -> Window {
    let now: jiff::Zoned = "2026-03-31T12:00:00+01:00[+01:00]".parse().unwrap();
    let edge = |text: &str| (!text.is_empty()).then(|| Edge::parse(text, &now).unwrap());
    Window { since: edge(since), until: edge(until) }
}

fn calendar(components: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\n{components}END:VCALENDAR\n")
}

fn one(name: &str, lines: &str) -> String {
    let lines = lines.replace(' ', "\n");
    calendar(&format!("BEGIN:{name}\nUID:1\n{lines}\nEND:{name}\n"))
}

const MASTER: &str =
    "BEGIN:VEVENT\nUID:1\nDTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\nSEQUENCE:3\nEND:VEVENT\n";

#[test]
fn a_moved_occurrence_is_where_it_went_and_no_more_where_it_was() {
    let moved =
        "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260112T090000Z\nDTSTART:20260114T090000Z\nDURATION:PT1H\nEND:VEVENT\n";
    let series = calendar(&format!("{MASTER}{moved}"));
    let asked = |item: &str, since, until| may_happen(item.as_bytes(), &window(since, until));
    assert!(!asked(&series, "2026-01-12", "2026-01-13"));
    assert!(asked(&series, "2026-01-14", "2026-01-15"));
    assert!(asked(&series, "2026-01-19", "2026-01-20"));
    let alone = calendar(moved);
    assert!(asked(&alone, "2026-01-14", "2026-01-15"));
    assert!(!asked(&alone, "2026-01-19", "2026-01-20"));
    // One of another series replaces nothing.
    let other = calendar(&format!("{MASTER}{}", moved.replace("UID:1", "UID:2")));
    assert!(asked(&other, "2026-01-12", "2026-01-13"));
}

#[test]
fn a_change_of_all_later_ones_moves_them_and_makes_them_as_long_as_itself() {
    let later = "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260119T090000Z\nDTSTART:20260120T140000Z\nDURATION:PT3H\nEND:VEVENT\n";
    let series = calendar(&format!("{MASTER}{later}"));
    let asked = |since, until| may_happen(series.as_bytes(), &window(since, until));
    assert!(asked("2026-01-12", "2026-01-13"), "before it all is as it was");
    assert!(!asked("2026-01-19", "2026-01-20"));
    assert!(asked("2026-01-20", "2026-01-21"));
    assert!(!asked("2026-02-02", "2026-02-03"));
    assert!(asked("2026-02-03T16:30:00Z", "2026-02-03T16:59:00Z"));
}

#[test]
fn a_zone_of_the_items_own_is_known_by_its_offsets() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n";
    let item =
        calendar(&format!("{zone}BEGIN:VEVENT\nDTSTART;TZID=Office:20260110T120000\nDURATION:PT1H\nEND:VEVENT\n"));
    let asked = |since, until| may_happen(item.as_bytes(), &window(since, until));
    assert!(asked("2026-01-10T07:29:59Z", "") && !asked("2026-01-10T07:30:00Z", ""));
    assert!(!asked("", "2026-01-10T06:30:00Z") && asked("", "2026-01-10T06:30:01Z"));
}

#[test]
fn what_would_have_to_be_followed_for_ever_may_happen_and_costs_little() {
    let all = |most: u32| (0..most).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let times = format!("BYHOUR={};BYMINUTE={};BYSECOND={}", all(24), all(60), all(60));
    let hostile = [
        ("DTSTART:20000101T000000Z RRULE:FREQ=SECONDLY".to_owned(), true),
        ("DTSTART:20000101T000000Z RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30".into(), false),
        ("DTSTART:20000101T000000Z RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30".into(), false),
        ("DTSTART:20000101T000000Z RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1".into(), true),
        ("DTSTART:20000101T000000Z RRULE:FREQ=DAILY;COUNT=9999999999".into(), true),
        ("DTSTART:00010101T000000Z RRULE:FREQ=DAILY;COUNT=9999999;INTERVAL=3".into(), true),
        ("DTSTART:20000101T000000Z DURATION:P9999999999W RRULE:FREQ=DAILY;INTERVAL=9999999999".into(), true),
        (format!("DTSTART:20000101T000000Z RRULE:FREQ=YEARLY;{times}"), true),
        (
            // The same over and over, in the longest lists.
            format!(
                "DTSTART:20000101T000000Z RRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30{0};BYYEARDAY=1{1};BYDAY=1MO{2}",
                ",30".repeat(30_000),
                ",1".repeat(30_000),
                ",1MO".repeat(30_000)
            ),
            false,
        ),
        (
            format!(
                "DTSTART:20000101T000000Z {}X:1",
                "RRULE:FREQ=DAILY;UNTIL=20200101T000000Z;COUNT=9999 ".repeat(20_000)
            ),
            true,
        ),
    ];
    let changed = "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260112T090000Z\nDTSTART:20260114T090000Z\nEND:VEVENT\n";
    assert!(may_happen(calendar(&changed.repeat(100_000)).as_bytes(), &window("9990-01-01", "")));
    assert!(!may_happen(calendar(&changed.repeat(1_000)).as_bytes(), &window("9990-01-01", "")));
    for (lines, expected) in hostile {
        let item = one("VEVENT", &lines);
        assert_eq!(may_happen(item.as_bytes(), &window("9990-01-01", "9990-01-02")), expected, "{lines:.80}");
    }
}
