//! Events, to-dos and journal entries.

use super::Style;
use super::text::{Chance, Lines, paragraph, pick, sentence};

const BERLIN: [&str; 17] = [
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Berlin",
    "BEGIN:DAYLIGHT",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "TZNAME:CEST",
    "DTSTART:19700329T020000",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "TZNAME:CET",
    "DTSTART:19701025T030000",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
    "END:STANDARD",
    "END:VTIMEZONE",
];
const CATEGORIES: [&str; 6] = ["Work", "Private", "Travel", "Geburtstag", "Sport", "Health"];
const WEEKDAYS: [&str; 7] = ["TH", "FR", "SA", "SU", "MO", "TU", "WE"];

/// The item at this place of its calendar: its name and its bytes.
pub fn item(chance: &mut Chance, place: usize, style: Style) -> (String, Vec<u8>) {
    let uid = chance.uuid();
    let mut lines = Lines::new(style.split_characters);
    lines.add_all(&["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//davault//seeded account//EN"]);
    match place % 20 {
        5 => todo(chance, &mut lines, &uid),
        12 => journal(chance, &mut lines, &uid),
        _ => event(chance, &mut lines, &uid, place, style),
    }
    lines.add("END:VCALENDAR");
    (format!("{uid}.ics"), lines.done())
}

/// When an event is: a day since 1970-01-01, and its hour and minutes.
#[derive(Clone, Copy)]
struct When {
    day: u64,
    hour: u64,
    minute: u64,
}

impl When {
    fn by_chance(chance: &mut Chance) -> When {
        // 2015 to 2029.
        When { day: 16_436 + chance.below(5_400), hour: 7 + chance.below(13), minute: 15 * chance.below(4) }
    }

    fn later(self, days: u64, hours: u64) -> When {
        When { day: self.day + days, hour: self.hour + hours, ..self }
    }

    fn date(self) -> String {
        let (year, month, day) = civil(self.day);
        format!("{year:04}{month:02}{day:02}")
    }

    fn local(self) -> String {
        format!("{}T{:02}{:02}00", self.date(), self.hour, self.minute)
    }
}

/// Year, month and day of a day since 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

fn event(chance: &mut Chance, lines: &mut Lines, uid: &str, place: usize, style: Style) {
    let when = When::by_chance(chance);
    let form = chance.below(10);
    // Seven in ten in a time zone, one in UTC, two the whole day.
    let (start_tag, start, end_tag, end) = match form {
        0..7 => ("DTSTART;TZID=Europe/Berlin", when.local(), "DTEND;TZID=Europe/Berlin", when.later(0, 1).local()),
        7 => ("DTSTART", format!("{}Z", when.local()), "DTEND", format!("{}Z", when.later(0, 2).local())),
        _ => ("DTSTART;VALUE=DATE", when.date(), "DTEND;VALUE=DATE", when.later(1, 0).date()),
    };
    if form < 7 {
        lines.add_all(&BERLIN);
    }
    lines.add("BEGIN:VEVENT");
    stamps(chance, lines, uid, when);
    lines.add(&format!("{start_tag}:{start}"));
    lines.add(&format!("{end_tag}:{end}"));
    let series = form < 7 && chance.one_in(6);
    if series {
        let weekday = pick(&WEEKDAYS, usize::try_from(when.day % 7).unwrap_or(0));
        lines.add(&format!("RRULE:FREQ=WEEKLY;COUNT={};BYDAY={weekday}", 6 + chance.below(20)));
        lines.add(&format!("EXDATE;TZID=Europe/Berlin:{}", when.later(14, 0).local()));
    }
    details(chance, lines, place, style);
    lines.add("END:VEVENT");
    if series {
        lines.add("BEGIN:VEVENT");
        stamps(chance, lines, uid, when);
        lines.add(&format!("RECURRENCE-ID;TZID=Europe/Berlin:{}", when.later(21, 0).local()));
        lines.add(&format!("DTSTART;TZID=Europe/Berlin:{}", when.later(22, 0).local()));
        lines.add(&format!("DTEND;TZID=Europe/Berlin:{}", when.later(22, 1).local()));
        lines.add(&format!("SUMMARY:{}", sentence(chance, 4)));
        lines.add("END:VEVENT");
    }
}

fn stamps(chance: &mut Chance, lines: &mut Lines, uid: &str, when: When) {
    let made = When { day: when.day - 20 - chance.below(300), hour: 8, minute: 10 + chance.below(50) };
    lines.add(&format!("UID:{uid}"));
    lines.add(&format!("DTSTAMP:{}Z", made.local()));
    lines.add(&format!("CREATED:{}Z", made.local()));
    lines.add(&format!("LAST-MODIFIED:{}Z", made.later(1, 3).local()));
}

fn details(chance: &mut Chance, lines: &mut Lines, place: usize, style: Style) {
    lines.add(&format!("SEQUENCE:{}", chance.below(4)));
    let words = 2 + chance.below(6);
    lines.add(&format!("SUMMARY:{}", sentence(chance, words)));
    lines.add(&format!("LOCATION:{}\\, {}", sentence(chance, 2), sentence(chance, 1)));
    let sentences = 1 + chance.below(6);
    lines.add(&format!("DESCRIPTION:{}", paragraph(chance, sentences)));
    lines.add(&format!("CATEGORIES:{}", pick(&CATEGORIES, place)));
    lines.add_all(&["STATUS:CONFIRMED", "TRANSP:OPAQUE"]);
    if chance.one_in(4) {
        lines.add(&format!("URL:https://cal.example.com/{}?id={}", chance.word(), chance.below(100_000)));
    }
    if style.attendees && chance.one_in(8) {
        lines.add("ORGANIZER;CN=Olga Organiser:mailto:olga@elsewhere.example");
        lines.add(
            "ATTENDEE;CN=\"Guest, Gustav\";PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:gustav@elsewhere.example",
        );
    }
    lines.add(&format!("X-DAVAULT-NOTE:{}", sentence(chance, 3)));
    if !style.gentle {
        lines.add(&format!("X-DAVAULT-PLACE:geo:48.{},11.{}", chance.below(9_999), chance.below(9_999)));
    }
    if chance.one_in(2) {
        lines.add_all(&["BEGIN:VALARM", "ACTION:DISPLAY"]);
        lines.add(&format!("DESCRIPTION:{}", sentence(chance, 2)));
        lines.add(&format!("TRIGGER:-PT{}M", 5 * (1 + chance.below(12))));
        lines.add("END:VALARM");
    }
    if style.attachment_bytes > 0 && place == 7 {
        let data = chance.base64(style.attachment_bytes);
        lines.add(&format!("ATTACH;ENCODING=BASE64;FMTTYPE=image/jpeg;VALUE=BINARY:{data}"));
    }
}

fn todo(chance: &mut Chance, lines: &mut Lines, uid: &str) {
    let when = When::by_chance(chance);
    lines.add("BEGIN:VTODO");
    stamps(chance, lines, uid, when);
    lines.add(&format!("SUMMARY:{}", sentence(chance, 4)));
    lines.add(&format!("DUE:{}Z", when.local()));
    lines.add(&format!("PRIORITY:{}", 1 + chance.below(9)));
    if chance.one_in(3) {
        lines.add(&format!("COMPLETED:{}Z", when.later(1, 0).local()));
        lines.add_all(&["STATUS:COMPLETED", "PERCENT-COMPLETE:100"]);
    } else {
        lines.add("STATUS:NEEDS-ACTION");
    }
    lines.add(&format!("DESCRIPTION:{}", paragraph(chance, 4)));
    lines.add("END:VTODO");
}

fn journal(chance: &mut Chance, lines: &mut Lines, uid: &str) {
    let when = When::by_chance(chance);
    lines.add("BEGIN:VJOURNAL");
    stamps(chance, lines, uid, when);
    lines.add(&format!("DTSTART;VALUE=DATE:{}", when.date()));
    lines.add(&format!("SUMMARY:{}", sentence(chance, 4)));
    lines.add(&format!("DESCRIPTION:{}", paragraph(chance, 8)));
    lines.add("END:VJOURNAL");
}
