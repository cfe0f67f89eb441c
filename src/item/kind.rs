//! What an item is.

use std::collections::BTreeSet;

use super::component::Component;

/// What an item is, by the first component that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `VEVENT` (RFC 5545 §3.6.1).
    Event,
    /// `VTODO` (RFC 5545 §3.6.2).
    Todo,
    /// `VJOURNAL` (RFC 5545 §3.6.3).
    Journal,
    /// `VFREEBUSY` (RFC 5545 §3.6.4).
    FreeBusy,
    /// `VAVAILABILITY` (RFC 7953 §3.1).
    Availability,
    /// `VCARD` (RFC 6350, RFC 2426).
    Card,
    /// Anything else, also what can't be read.
    Unknown,
}

impl Kind {
    /// The kind of this item.
    #[must_use]
    pub fn of(item: &[u8]) -> Kind {
        let whole = Component::whole(item);
        whole
            .subjects()
            .map(|each| Kind::of_component(&each.name))
            .find(|kind| *kind != Kind::Unknown)
            .unwrap_or(Kind::Unknown)
    }

    /// What [`Kind::component`] gives for all that an item is about: some servers keep a to-do beside an event.
    #[must_use]
    pub fn components(item: &[u8]) -> BTreeSet<&'static str> {
        let whole = Component::whole(item);
        whole.subjects().filter_map(|each| Kind::of_component(&each.name).component()).collect()
    }

    /// The word for a person: `event`, `to-do`, …; `item` for what is unknown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Todo => "to-do",
            Kind::Journal => "journal entry",
            Kind::FreeBusy => "free-busy time",
            Kind::Availability => "availability",
            Kind::Card => "contact",
            Kind::Unknown => "item",
        }
    }

    /// The component of an event, a to-do or a journal entry: what people keep in calendars, and `components` chooses from.
    #[must_use]
    pub fn component(self) -> Option<&'static str> {
        match self {
            Kind::Event => Some("VEVENT"),
            Kind::Todo => Some("VTODO"),
            Kind::Journal => Some("VJOURNAL"),
            _ => None,
        }
    }

    /// What [`Kind::component`] gives for the kind whose component has that name.
    #[must_use]
    pub fn component_named(name: &str) -> Option<&'static str> {
        Kind::of_component(name).component()
    }

    pub(super) fn of_component(name: &str) -> Kind {
        match name {
            "VEVENT" => Kind::Event,
            "VTODO" => Kind::Todo,
            "VJOURNAL" => Kind::Journal,
            "VFREEBUSY" => Kind::FreeBusy,
            "VAVAILABILITY" => Kind::Availability,
            "VCARD" => Kind::Card,
            _ => Kind::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_that_of_the_component_and_not_of_the_time_zone_before_it() {
        let todo = b"BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nEND:VTIMEZONE\nBEGIN:VTODO\nEND:VTODO\nEND:VCALENDAR";
        assert_eq!(Kind::of(todo), Kind::Todo);
        assert_eq!(Kind::of(b"begin:vcard\r\nEND:VCARD\r\n"), Kind::Card);
        assert_eq!(Kind::of(b"BEGIN:VCALENDAR\nEND:VCALENDAR"), Kind::Unknown);
        assert_eq!(Kind::of(b"\xff\xfe"), Kind::Unknown);
    }
}
