//! Hand-made cases for each line of the tables of RFC 4791 §9.9.

use super::{may_happen, one, window};

/// A component's lines with blanks between them, and what is asked of each window.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str, bool)]);

const CASES: &[Case] = &[
    // VEVENT with DTEND: start < DTEND AND end > DTSTART.
    (
        "VEVENT",
        "DTSTART:20260110T100000Z DTEND:20260110T110000Z",
        &[
            ("2026-01-10T10:59:59Z", "", true),
            ("2026-01-10T11:00:00Z", "", false),
            ("", "2026-01-10T10:00:00Z", false),
            ("", "2026-01-10T10:00:01Z", true),
        ],
    ),
    // With a DURATION above zero, and one of zero.
    (
        "VEVENT",
        "DTSTART:20260110T100000Z DURATION:PT1H",
        &[("2026-01-10T10:59:59Z", "", true), ("2026-01-10T11:00:00Z", "", false)],
    ),
    (
        "VEVENT",
        "DTSTART:20260110T100000Z DURATION:PT0S",
        &[("2026-01-10T10:00:00Z", "", true), ("2026-01-10T10:00:01Z", "", false), ("", "2026-01-10T10:00:00Z", false)],
    ),
    ("VEVENT", "DTSTART:20260110T100000Z", &[("2026-01-10T10:00:00Z", "", true), ("2026-01-10T10:00:01Z", "", false)]),
    // A whole day is one of the clock of whoever looks.
    (
        "VEVENT",
        "DTSTART;VALUE=DATE:20260110",
        &[
            ("2026-01-10T23:59", "", true),
            ("2026-01-11", "", false),
            ("", "2026-01-10", false),
            ("", "2026-01-10T00:00:01", true),
        ],
    ),
    (
        "VEVENT",
        "DTSTART;VALUE=DATE:20260110 DTEND;VALUE=DATE:20260113",
        &[("2026-01-12T12:00", "", true), ("2026-01-13", "", false)],
    ),
    (
        "VEVENT",
        "DTSTART:20260110T100000 DTEND:20260110T110000",
        &[("2026-01-10T09:59:59Z", "", true), ("2026-01-10T10:00:00Z", "", false)],
    ),
    (
        "VEVENT",
        "DTSTART;TZID=America/New_York:20260110T100000 DURATION:PT1H",
        &[("2026-01-10T15:59:59Z", "", true), ("2026-01-10T16:00:00Z", "", false)],
    ),
    // The hour that clocks leave out is no hour of a duration.
    (
        "VEVENT",
        "DTSTART;TZID=Europe/Berlin:20260329T010000 DURATION:PT2H",
        &[("2026-03-29T01:59:59Z", "", true), ("2026-03-29T02:00:00Z", "", false)],
    ),
    // An end before the start, as one server writes it.
    (
        "VEVENT",
        "DTSTART:20260110T100000Z DTEND:20260109T100000Z",
        &[("2026-01-10T10:00:00Z", "", true), ("2026-01-10T10:00:01Z", "", false)],
    ),
    // What can't be read may happen at any time.
    ("VEVENT", "SUMMARY:x", &[("2026-01-01", "2026-01-02", true)]),
    ("VEVENT", "DTSTART:tomorrow", &[("2026-01-01", "2026-01-02", true)]),
    ("VEVENT", "DTSTART:20200101T000000Z RRULE:FREQ=DAILY;BYEASTER=1", &[("2026-01-01", "2026-01-02", true)]),
    ("VEVENT", "DTSTART:20260105T000000Z RRULE:FREQ=WEEKLY;BYDAY=1MO", &[("2026-01-12", "2026-01-13", true)]),
    ("VPOLL", "DTSTART:20200101T000000Z", &[("2026-01-01", "2026-01-02", true)]),
    // VTODO, the eight lines of its table.
    (
        "VTODO",
        "DTSTART:20260110T100000Z DURATION:PT1H",
        &[
            ("2026-01-10T11:00:00Z", "", true),
            ("2026-01-10T11:00:01Z", "", false),
            ("", "2026-01-10T10:00:00Z", false),
            ("", "2026-01-10T10:00:01Z", true),
        ],
    ),
    (
        "VTODO",
        "DTSTART:20260110T100000Z DUE:20260110T110000Z",
        &[("2026-01-10T10:59:59Z", "", true), ("2026-01-10T11:00:00Z", "", false), ("", "2026-01-10T10:00:00Z", false)],
    ),
    ("VTODO", "DTSTART:20260110T100000Z", &[("2026-01-10T10:00:00Z", "", true), ("2026-01-10T10:00:01Z", "", false)]),
    (
        "VTODO",
        "DUE:20260110T100000Z",
        &[
            ("2026-01-10T09:59:59Z", "", true),
            ("2026-01-10T10:00:00Z", "", false),
            ("", "2026-01-10T10:00:00Z", true),
            ("", "2026-01-10T09:59:59Z", false),
        ],
    ),
    (
        "VTODO",
        "COMPLETED:20260110T100000Z CREATED:20260101T100000Z",
        &[
            ("2026-01-10T10:00:00Z", "", true),
            ("2026-01-10T10:00:01Z", "", false),
            ("", "2026-01-01T10:00:00Z", true),
            ("", "2026-01-01T09:59:59Z", false),
        ],
    ),
    ("VTODO", "COMPLETED:20260110T100000Z", &[("2026-01-10T10:00:01Z", "", false), ("", "2026-01-10T10:00:00Z", true)]),
    (
        "VTODO",
        "CREATED:20260110T100000Z",
        &[("2030-01-01", "", true), ("", "2026-01-10T10:00:00Z", false), ("", "2026-01-10T10:00:01Z", true)],
    ),
    ("VTODO", "SUMMARY:x", &[("2030-01-01", "", true), ("", "1970-01-01", true)]),
    // VJOURNAL.
    (
        "VJOURNAL",
        "DTSTART:20260110T100000Z",
        &[("2026-01-10T10:00:00Z", "", true), ("2026-01-10T10:00:01Z", "", false)],
    ),
    ("VJOURNAL", "DTSTART;VALUE=DATE:20260110", &[("2026-01-10T23:00", "", true), ("2026-01-11", "", false)]),
    ("VJOURNAL", "SUMMARY:x", &[("2026-01-01", "", false)]),
    // VFREEBUSY and VAVAILABILITY.
    (
        "VFREEBUSY",
        "DTSTART:20260110T100000Z DTEND:20260110T110000Z",
        &[("2026-01-10T11:00:00Z", "", true), ("2026-01-10T11:00:01Z", "", false)],
    ),
    (
        "VFREEBUSY",
        "FREEBUSY:20260110T100000Z/PT1H,20260112T100000Z/20260112T110000Z",
        &[("2026-01-11", "2026-01-12", false), ("2026-01-12", "", true), ("2026-01-13", "", false)],
    ),
    ("VFREEBUSY", "DTSTAMP:20260110T100000Z", &[("2026-01-01", "", false)]),
    ("VAVAILABILITY", "DTSTART:20260110T100000Z", &[("2030-01-01", "", true), ("", "2026-01-10T10:00:00Z", false)]),
    ("VAVAILABILITY", "SUMMARY:x", &[("2030-01-01", "", true)]),
    // Series.
    (
        "VEVENT",
        "DTSTART;TZID=Europe/Berlin:20100104T090000 DURATION:PT1H RRULE:FREQ=WEEKLY EXDATE;TZID=Europe/Berlin:20260105T090000",
        &[
            ("2026-01-05", "2026-01-06", false),
            ("2026-01-12T08:59:59Z", "2026-01-13", true),
            ("2026-01-12T09:00:00Z", "2026-01-13", false),
            ("2026-07-13T07:59:59Z", "2026-07-14", true),
            ("2026-07-13T08:00:00Z", "2026-07-14", false),
            ("9000-01-01", "", true),
            ("", "2010-01-04", false),
        ],
    ),
    (
        "VEVENT",
        "DTSTART;VALUE=DATE:20240229 RRULE:FREQ=YEARLY",
        &[("2026-01-01", "2027-01-01", false), ("2028-01-01", "2029-01-01", true)],
    ),
    (
        "VEVENT",
        "DTSTART:20260131T000000Z RRULE:FREQ=MONTHLY;COUNT=3",
        &[("2026-05-31", "2026-06-02", true), ("2026-06-02", "", false)],
    ),
    (
        "VEVENT",
        "DTSTART:20260101T090000Z RRULE:FREQ=DAILY;UNTIL=20260103T090000Z",
        &[("2026-01-03T09:00:00Z", "", true), ("2026-01-03T09:00:01Z", "", false)],
    ),
    (
        "VEVENT",
        "DTSTART;VALUE=DATE:20260101 RRULE:FREQ=DAILY;UNTIL=20260103",
        &[("2026-01-03T23:00", "", true), ("2026-01-04", "", false)],
    ),
    (
        "VEVENT",
        "DTSTART:20260106T090000Z RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        &[("2026-02-27", "2026-02-28", true), ("2026-02-28", "2026-03-01", false)],
    ),
    (
        "VEVENT",
        "DTSTART:20260101T090000Z RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        &[("2026-11-26", "2026-11-27", true), ("2026-11-19", "2026-11-20", false)],
    ),
    (
        "VEVENT",
        "DTSTART:20260101T000000Z RDATE:20260301T000000Z,20260401T000000Z",
        &[("2026-02-01", "2026-03-01T00:00:00Z", false), ("2026-02-01", "2026-03-02", true), ("2026-05-01", "", false)],
    ),
    (
        "VEVENT",
        "DTSTART:20260101T000000Z RDATE;VALUE=PERIOD:20260301T000000Z/P3D",
        &[("2026-03-03T12:00", "2026-03-03T13:00", true), ("2026-03-05", "", false)],
    ),
    (
        "VTODO",
        "DTSTART:20260101T090000Z DUE:20260102T090000Z RRULE:FREQ=MONTHLY",
        &[("2026-06-02T08:00:00Z", "2026-06-02T08:30:00Z", true), ("2026-06-03", "2026-06-04", false)],
    ),
    // An end or a due date long before the start.
    (
        "VEVENT",
        "DTSTART:20260301T090000Z DTEND:20250101T090000Z RRULE:FREQ=MONTHLY",
        &[("2026-06-01", "2026-06-02", true), ("2026-06-02", "2026-06-03", false), ("", "2026-03-02", true)],
    ),
    (
        "VTODO",
        "DTSTART:20260301T090000Z DUE:20250101T090000Z RRULE:FREQ=MONTHLY",
        &[("2026-06-01", "2026-06-02", true), ("", "2025-02-15", true), ("", "2024-12-31", false)],
    ),
    // A zone that nobody knows is somewhere on earth.
    (
        "VEVENT",
        "DTSTART;TZID=Nowhere:20260110T120000 DURATION:PT1H",
        &[("2026-01-10T00:00:00Z", "", true), ("2026-01-11T01:00:00Z", "", false)],
    ),
    // Several times a day.
    (
        "VEVENT",
        "DTSTART:20260101T000000Z RRULE:FREQ=MINUTELY;INTERVAL=7;BYDAY=MO",
        &[
            ("2026-01-05T10:00:00Z", "2026-01-05T10:03:00Z", true),
            ("2026-01-06T10:00:00Z", "2026-01-06T10:30:00Z", false),
        ],
    ),
    (
        "VEVENT",
        "DTSTART:20260101T000000Z RRULE:FREQ=HOURLY;COUNT=48",
        &[("2026-01-02T12:00:00Z", "", true), ("2026-01-02T23:00:01Z", "", false)],
    ),
];

#[test]
fn every_line_of_the_tables_holds_at_its_edges() {
    let mut wrong = Vec::new();
    for (name, lines, asked) in CASES {
        let item = one(name, lines);
        for (since, until, expected) in *asked {
            if may_happen(item.as_bytes(), &window(since, until)) != *expected {
                wrong.push(format!("{name} {lines}: {since}..{until} is not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
