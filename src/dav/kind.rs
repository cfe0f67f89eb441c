//! The two kinds of collections, and the one table of what differs between them.

use super::names::{self, Name};

/// What a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Calendar items (RFC 4791).
    Calendar,
    /// Contacts (RFC 6352).
    AddressBook,
}

impl Kind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Calendar, Self::AddressBook];

    /// For a person: `calendar` or `address book`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::AddressBook => "address book",
        }
    }

    /// The media type of an item: RFC 5545 §8.1, RFC 6350 §10.1.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        self.row().content_type
    }

    /// The ending of an item's name, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.row().extension
    }

    /// The property that describes a collection of this kind: RFC 4791 §5.2.1, RFC 6352 §6.2.1.
    #[must_use]
    pub fn description(self) -> Name {
        self.row().description
    }

    /// The property that holds its colour, which no standard has: Apple's, or `InfCloud`'s.
    #[must_use]
    pub fn color(self) -> Name {
        self.row().color
    }

    pub(super) fn row(self) -> &'static Row {
        match self {
            Self::Calendar => &CALENDAR,
            Self::AddressBook => &ADDRESS_BOOK,
        }
    }
}

/// What differs between the kinds on the wire.
pub(super) struct Row {
    pub content_type: &'static str,
    pub extension: &'static str,
    pub resource_type: Name,
    pub home_set: Name,
    pub description: Name,
    pub color: Name,
    pub data: Name,
    pub multiget: Name,
    pub query: Name,
    pub filter: Name,
    /// RFC 6764 §5.
    pub well_known: &'static str,
    /// RFC 6764 §3.
    pub service: &'static str,
}

static CALENDAR: Row = Row {
    content_type: "text/calendar; charset=utf-8",
    extension: "ics",
    resource_type: names::CALENDAR,
    home_set: names::CALENDAR_HOME_SET,
    description: names::CALENDAR_DESCRIPTION,
    color: names::CALENDAR_COLOR,
    data: names::CALENDAR_DATA,
    multiget: names::CALENDAR_MULTIGET,
    query: names::CALENDAR_QUERY,
    filter: names::CALENDAR_FILTER,
    well_known: "/.well-known/caldav",
    service: "_caldavs._tcp",
};

static ADDRESS_BOOK: Row = Row {
    content_type: "text/vcard; charset=utf-8",
    extension: "vcf",
    resource_type: names::ADDRESSBOOK,
    home_set: names::ADDRESSBOOK_HOME_SET,
    description: names::ADDRESSBOOK_DESCRIPTION,
    color: names::ADDRESSBOOK_COLOR,
    data: names::ADDRESS_DATA,
    multiget: names::ADDRESSBOOK_MULTIGET,
    query: names::ADDRESSBOOK_QUERY,
    filter: names::ADDRESSBOOK_FILTER,
    well_known: "/.well-known/carddav",
    service: "_carddavs._tcp",
};
