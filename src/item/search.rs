//! Whether an item is the one that a person means by a few words.

use super::component::Component;
use super::kind::Kind;
use super::text::{split, unescape};

/// What a person looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An event, a to-do or a journal entry: by its title and its place.
    Event,
    /// A contact: by its names, its organisation and its addresses.
    Contact,
}

impl Subject {
    fn is(self, kind: Kind) -> bool {
        match self {
            Subject::Event => matches!(kind, Kind::Event | Kind::Todo | Kind::Journal),
            Subject::Contact => kind == Kind::Card,
        }
    }

    /// The properties that a person knows it by.
    fn properties(self) -> &'static [&'static str] {
        match self {
            Subject::Event => &["SUMMARY", "LOCATION"],
            Subject::Contact => &["FN", "N", "NICKNAME", "ORG", "EMAIL"],
        }
    }
}

/// Whether it is something of a calendar, known or not, and no contact.
#[must_use]
pub fn is_of_calendar(item: &[u8]) -> bool {
    Component::whole(item).children.iter().any(|each| each.name == "VCALENDAR")
}

/// Whether the item is such a one, and one of its components (an occurrence that was changed is one of its own) has all the
/// words, in whatever order and case, also as parts of longer words.
#[must_use]
pub fn has_words(item: &[u8], subject: Subject, words: &str) -> bool {
    let words: Vec<_> = words.split_whitespace().map(str::to_lowercase).collect();
    let whole = Component::whole(item);
    let mut meant = whole.subjects().filter(|each| subject.is(Kind::of_component(&each.name)));
    meant.any(|each| {
        let text = text(each, subject.properties());
        words.iter().all(|word| text.contains(word))
    })
}

/// What those properties say, in small letters, a line each.
fn text(component: &Component<'_>, names: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        for line in component.all(name) {
            // The parts of a name stand between semicolons.
            let parts = split(line.value, b';').into_iter().map(unescape).collect::<Vec<_>>().join(&b' ');
            text.push_str(&String::from_utf8_lossy(&parts).to_lowercase());
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: &str = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Zahnarzt\\, früh\nLOCATION:Über den Dä\n chern\n\
                          DESCRIPTION:secret\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260101\nSUMMARY:Dentist\n\
                          END:VEVENT\nEND:VCALENDAR\n";
    const CARD: &str = "BEGIN:VCARD\nFN:Countess\nN:Lovelace;Ada;;;\nNICKNAME:Bird\nitem1.EMAIL;TYPE=home:ada@example.org\n\
                        ORG:Analytical;Engines\nNOTE:secret\nEND:VCARD\n";

    #[test]
    fn an_event_is_found_by_title_and_place_in_any_case() {
        for words in ["zahnarzt", "FRÜH arzt", "über dächern", "dentist"] {
            assert!(has_words(SERIES.as_bytes(), Subject::Event, words), "{words}");
        }
        for words in ["secret", "zahnarzt dentist", "VEVENT"] {
            assert!(!has_words(SERIES.as_bytes(), Subject::Event, words), "{words}");
        }
        assert!(!has_words(SERIES.as_bytes(), Subject::Contact, "dentist"));
    }

    #[test]
    fn a_contact_is_found_by_names_organisation_and_addresses() {
        for words in ["ada lovelace", "bird", "example.org", "engines", "countess"] {
            assert!(has_words(CARD.as_bytes(), Subject::Contact, words), "{words}");
        }
        assert!(!has_words(CARD.as_bytes(), Subject::Contact, "secret"));
        assert!(!has_words(CARD.as_bytes(), Subject::Event, "ada"));
    }
}
