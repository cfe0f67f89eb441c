//! An item in a few words, for lists and errors.

use std::fmt;

use calcard::Entry;
use calcard::icalendar::{
    ICalendar, ICalendarComponentType, ICalendarEntry, ICalendarParameterName, ICalendarProperty,
};
use calcard::vcard::{VCard, VCardProperty, VCardValue};

use super::kind::Kind;

/// Longest title that is shown, in characters.
const LONGEST: usize = 120;

/// Title and start of an item. Its content: not for logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What it is.
    pub kind: Kind,
    /// Its title, or the name of the contact, on one line; none if it has none.
    pub title: Option<String>,
    /// When it begins, or a to-do is due: `2026-01-31`, `2026-01-31 09:30 UTC`, `2026-01-31 09:30 Europe/Berlin`; as it is
    /// written, not as a local time.
    pub start: Option<String>,
}

/// The summary of the item; of a series, that of its master.
#[must_use]
pub fn of(item: &[u8]) -> Summary {
    let text = String::from_utf8_lossy(item);
    let mut parser = calcard::Parser::new(&text);
    let (title, start) = match parser.entry() {
        Entry::ICalendar(calendar) => of_calendar(&calendar),
        Entry::VCard(card) => (of_card(&card), None),
        _ => (None, None),
    };
    Summary { kind: Kind::of(item), title, start }
}

fn of_calendar(calendar: &ICalendar) -> (Option<String>, Option<String>) {
    let subjects = || calendar.components.iter().filter(|each| is_subject(&each.component_type));
    let master =
        subjects().find(|each| !each.has_property(&ICalendarProperty::RecurrenceId)).or_else(|| subjects().next());
    let Some(subject) = master else { return (None, None) };
    let titles = [ICalendarProperty::Summary, ICalendarProperty::Description];
    let title = |entry: &ICalendarEntry| entry.values.first().and_then(|value| value.as_text()).and_then(one_line);
    let starts = [ICalendarProperty::Dtstart, ICalendarProperty::Due];
    (
        titles.iter().find_map(|name| subject.property(name).and_then(title)),
        starts.iter().find_map(|name| subject.property(name).and_then(start)),
    )
}

fn is_subject(component: &ICalendarComponentType) -> bool {
    use ICalendarComponentType::{VAvailability, VEvent, VFreebusy, VJournal, VTodo};
    matches!(component, VEvent | VTodo | VJournal | VFreebusy | VAvailability)
}

fn of_card(card: &VCard) -> Option<String> {
    let names = [VCardProperty::Fn, VCardProperty::N, VCardProperty::Org, VCardProperty::Email];
    names.iter().find_map(|name| card.property(name).and_then(|entry| one_line(&words(&entry.values))))
}

fn words(values: &[VCardValue]) -> String {
    let words = values.iter().flat_map(|value| match value {
        VCardValue::Component(parts) => parts.iter().map(String::as_str).collect(),
        value => value.as_text().into_iter().collect::<Vec<_>>(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The text on one line, cut; none if it is empty. Control characters could move the cursor of a terminal.
fn one_line(text: &str) -> Option<String> {
    let words: Vec<_> =
        text.split(|sign: char| sign.is_control() || sign == ' ').filter(|word| !word.is_empty()).collect();
    let title: String = words.join(" ").chars().take(LONGEST).collect();
    (!title.is_empty()).then_some(title)
}

fn start(entry: &ICalendarEntry) -> Option<String> {
    let time = entry.values.first()?.as_partial_date_time()?;
    let date = format!("{:04}-{:02}-{:02}", time.year?, time.month?, time.day?);
    let (Some(hour), Some(minute)) = (time.hour, time.minute) else { return Some(date) };
    let zone = match (time.tz_hour, entry.parameter(&ICalendarParameterName::Tzid).and_then(|zone| zone.as_text())) {
        (Some(_), _) => " UTC".to_string(),
        (None, Some(zone)) => format!(" {}", zone.replace(char::is_control, "")),
        (None, None) => String::new(),
    };
    Some(format!("{date} {hour:02}:{minute:02}{zone}"))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.title {
            Some(title) => write!(f, "{title}")?,
            None => write!(f, "{} without a title", self.kind.word())?,
        }
        self.start.iter().try_for_each(|start| write!(f, " ({start})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_named_by_its_title_and_start() {
        let cases = [
            (
                "BEGIN:VEVENT\nSUMMARY:Lunch\\, late\nDTSTART;TZID=Europe/Berlin:20260131T133000",
                "Lunch, late (2026-01-31 13:30 Europe/Berlin)",
            ),
            (
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nRECURRENCE-ID:20260130T133000Z\nSUMMARY:b\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:a\nDTSTART:20260131T133000Z\nEND:VEVENT\nEND:VCALENDAR",
                "a (2026-01-31 13:30 UTC)",
            ),
            ("BEGIN:VTODO\nDUE;VALUE=DATE:20260131", "to-do without a title (2026-01-31)"),
            ("BEGIN:VCARD\nFN:Ada Lovelace\nBDAY:18151210", "Ada Lovelace"),
            ("BEGIN:VCARD\nFN:\nN:Lovelace;Ada;;;", "Lovelace Ada"),
            ("BEGIN:VEVENT\nSUMMARY:a\\nb\u{1b}[2Jc", "a b [2Jc"),
            ("garbage", "item without a title"),
        ];
        for (item, expected) in cases {
            assert_eq!(of(item.as_bytes()).to_string(), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_item_makes_it_panic(lines in "(BEGIN|END|SUMMARY|DTSTART|TZID|FN|N|RRULE|;|:|=|,|VEVENT|VCARD|VCALENDAR|[0-9TZ-]{0,9}|\\PC|\n ?|\"){0,60}") {
            let _ = of(lines.as_bytes()).to_string();
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = of(&bytes).to_string();
        }
    }
}
