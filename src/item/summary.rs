//! An item in a few words, for lists and errors.

use std::fmt;

use super::component::Component;
use super::kind::Kind;
use super::lines::Line;
use super::text::{split, unescape};

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
    let whole = Component::whole(item);
    let known = || whole.subjects().filter(|each| Kind::of_component(&each.name) != Kind::Unknown);
    let master = known().find(|each| each.line("RECURRENCE-ID").is_none()).or_else(|| known().next());
    let Some(subject) = master else { return Summary { kind: Kind::Unknown, title: None, start: None } };
    let kind = Kind::of_component(&subject.name);
    let titles: &[&str] = if kind == Kind::Card { &["FN", "N", "ORG", "EMAIL"] } else { &["SUMMARY", "DESCRIPTION"] };
    let title = titles.iter().find_map(|name| subject.line(name).and_then(|line| title(&line)));
    let start = ["DTSTART", "DUE"].iter().find_map(|name| subject.line(name).and_then(|line| start(&line)));
    Summary { kind, title, start }
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

fn title(line: &Line<'_>) -> Option<String> {
    let value = if line.is("N") || line.is("ORG") { split(line.value, b';').join(&b' ') } else { line.value.to_vec() };
    let text = String::from_utf8_lossy(&unescape(&value)).into_owned();
    // Control characters could move the cursor of a terminal.
    let words: Vec<_> =
        text.split(|sign: char| sign.is_control() || sign == ' ').filter(|word| !word.is_empty()).collect();
    let title: String = words.join(" ").chars().take(LONGEST).collect();
    (!title.is_empty()).then_some(title)
}

fn start(line: &Line<'_>) -> Option<String> {
    let value = line.value.trim_ascii();
    let digits = |from: usize, to: usize| {
        value
            .get(from..to)
            .filter(|part| part.iter().all(u8::is_ascii_digit))
            .and_then(|part| std::str::from_utf8(part).ok())
    };
    let date = format!("{}-{}-{}", digits(0, 4)?, digits(4, 6)?, digits(6, 8)?);
    let (Some(hour), Some(minute)) = (digits(9, 11), digits(11, 13)) else { return Some(date) };
    let zone = match (value.last(), line.parameter("TZID")) {
        (Some(b'Z'), _) => " UTC".to_string(),
        (_, Some(zone)) => format!(" {}", String::from_utf8_lossy(zone).replace(char::is_control, "")),
        _ => String::new(),
    };
    Some(format!("{date} {hour}:{minute}{zone}"))
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
                "BEGIN:VEVENT\nRECURRENCE-ID:1\nSUMMARY:b\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:a\nDTSTART:20260131T133000Z",
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
}
