//! The calendar users of an item: who organises it, and who takes part (RFC 5545 §3.8.4.1, §3.8.4.3).

use super::component::Component;
use super::lines::Line;

/// The calendar users of all components of an item; those of alarms are none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// By `ORGANIZER`.
    pub organizers: Vec<Person>,
    /// By `ATTENDEE`.
    pub attendees: Vec<Person>,
}

/// A calendar user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The address in small letters, mostly `mailto:`.
    pub address: String,
    /// Whether somebody else acts for it (`SENT-BY`, RFC 5545 §3.2.18).
    pub by_another: bool,
    /// Whether the server is told not to schedule for it (`SCHEDULE-AGENT`, RFC 6638 §7.1).
    pub left_to_client: bool,
}

impl People {
    /// Whether a server that schedules may tell somebody of the item: who organises it is not the only one in it (RFC 6638
    /// §3.1).
    #[must_use]
    pub fn may_be_told(&self) -> bool {
        let is_organizer = |one: &Person| self.organizers.iter().any(|other| other.address == one.address);
        !self.organizers.is_empty() && !self.attendees.iter().all(is_organizer)
    }
}

/// The calendar users of an item.
#[must_use]
pub fn of(item: &[u8]) -> People {
    let mut people = People::default();
    add(&Component::whole(item), &mut people);
    people
}

fn add(component: &Component<'_>, people: &mut People) {
    for line in component.lines.iter().filter_map(|line| Line::parse(line)) {
        if line.is("ORGANIZER") {
            people.organizers.push(person(&line));
        } else if line.is("ATTENDEE") {
            people.attendees.push(person(&line));
        }
    }
    component.children.iter().filter(|child| is_scheduled(&child.name)).for_each(|child| add(child, people));
}

/// Whether a component of that name (in capitals) may be about calendar users. An alarm has only an address to send mail to
/// (RFC 5545 §3.6.6).
pub(super) fn is_scheduled(component: &str) -> bool {
    !matches!(component, "VALARM" | "VCARD")
}

fn person(line: &Line<'_>) -> Person {
    let agent = line.parameter("SCHEDULE-AGENT").map(<[u8]>::to_ascii_uppercase);
    Person {
        address: String::from_utf8_lossy(line.value.trim_ascii()).to_lowercase(),
        by_another: line.parameter("SENT-BY").is_some(),
        left_to_client: matches!(agent.as_deref(), Some(b"CLIENT" | b"NONE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &str) -> bool {
        of(format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n").as_bytes())
            .may_be_told()
    }

    #[test]
    fn an_organizer_with_guests_may_tell_them_however_the_lines_are_folded() {
        assert!(told("ORGANIZER;CN=A:mailto:a@x\r\nATTENDEE:mailto:b@x\r\n"));
        assert!(told("ORGANIZ\r\n ER:mailto:a@x\nATTEN\n\tDEE:mailto:b@x\n"));
        assert!(told("ORGANIZER:mailto:a@x\r\nATTENDEE:mailto:b@x\r\nATTENDEE:mailto:a@x\r\n"));
        assert!(!told("ORGANIZER:mailto:a@x\r\nX-ATTENDEE:mailto:b@x\r\n"));
        assert!(!told("ATTENDEE:mailto:b@x\r\nDESCRIPTION:x\r\n ORGANIZER:no\r\n"));
    }

    #[test]
    fn who_is_alone_with_himself_tells_nobody() {
        assert!(!told("ORGANIZER:mailto:a@x\r\nATTENDEE:MAILTO:A@x\r\n"));
        assert!(!told("ORGANIZER:mailto:a@x\r\nBEGIN:VALARM\r\nATTENDEE:mailto:b@x\r\nEND:VALARM\r\n"));
    }

    #[test]
    fn the_guests_of_one_occurrence_count_as_those_of_the_series() {
        let item = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nORGANIZER:mailto:a@x\nEND:VEVENT\nBEGIN:VEVENT\nRECURRENCE-ID:20260101\nATTENDEE;schedule-agent=client:mailto:b@x\nEND:VEVENT\nEND:VCALENDAR";
        let people = of(item.as_bytes());
        assert!(people.may_be_told());
        assert!(people.attendees.iter().all(|one| one.left_to_client && !one.by_another));
    }
}
