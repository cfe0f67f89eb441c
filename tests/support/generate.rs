//! A whole account made from a number: the same seed gives the same bytes, on every machine.
//!
//! Standard library only, so that benches include this file by `#[path]` too. Items look like those of real clients: folded
//! lines, UTF-8, alarms, series with overrides, to-dos, journals, time zones, photos and a few large attachments.

#[path = "generate/cards.rs"]
mod cards;
#[path = "generate/events.rs"]
mod events;
#[path = "generate/readable.rs"]
mod readable;
#[path = "generate/text.rs"]
mod text;

use std::fs;
use std::io;
use std::path::Path;

use text::{Chance, pick};

/// An account: calendars first, then address books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub collections: Vec<Collection>,
}

/// A calendar or an address book with its items, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub folder: String,
    pub kind: Kind,
    pub displayname: String,
    /// `#rrggbb`; address books have none.
    pub color: Option<String>,
    pub description: String,
    /// Place among the calendars, from 1; address books have none.
    pub order: Option<u32>,
    /// File name and content.
    pub items: Vec<(String, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Calendar,
    AddressBook,
}

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub calendars: usize,
    /// Items in each calendar: events, and about one in ten a to-do or a journal entry.
    pub events_each: usize,
    pub books: usize,
    pub contacts_each: usize,
}

/// What the items are made of.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Without what Radicale is known to damage: commas in values of X- properties and in URIs.
    pub gentle: bool,
    /// Lines are folded at 75 octets even within a UTF-8 character, as RFC 5545 §3.1 warns that some do.
    pub split_characters: bool,
    /// Size of the attachment that one event of each calendar has, in bytes; 0 for no attachments and no photos.
    pub attachment_bytes: usize,
    /// Some events are invitations between people of another site.
    pub attendees: bool,
}

impl Default for Style {
    fn default() -> Self {
        Style { gentle: true, split_characters: false, attachment_bytes: 200 * 1024, attendees: false }
    }
}

impl Account {
    /// An account of this size in the default style.
    pub fn seeded(seed: u64, size: Size) -> Account {
        Account::in_style(seed, size, Style::default())
    }

    /// An account of this size in this style.
    pub fn in_style(seed: u64, size: Size, style: Style) -> Account {
        let mut collections = Vec::new();
        for number in 0..size.calendars {
            let mut chance = Chance::of(seed, number as u64);
            collections.push(calendar(&mut chance, number, size.events_each, style));
        }
        for number in 0..size.books {
            let mut chance = Chance::of(seed, (1 << 32) + number as u64);
            collections.push(book(&mut chance, number, size.contacts_each, style));
        }
        Account { collections }
    }

    /// A handful of events, to-dos and contacts for the demo and the documents.
    pub fn readable() -> Account {
        readable::account()
    }

    /// Writes it as the tree of a snapshot: `calendars/FOLDER/…`, `contacts/FOLDER/…`, with the metadata files of a vdir.
    pub fn write_vdir(&self, dir: &Path) -> io::Result<()> {
        for collection in &self.collections {
            let folder = dir.join(collection.kind.folder()).join(&collection.folder);
            fs::create_dir_all(&folder)?;
            for (name, value) in collection.metadata() {
                fs::write(folder.join(name), value)?;
            }
            for (name, bytes) in &collection.items {
                fs::write(folder.join(name), bytes)?;
            }
        }
        Ok(())
    }

    /// How many items there are.
    pub fn item_count(&self) -> usize {
        self.collections.iter().map(|collection| collection.items.len()).sum()
    }

    /// Size of all items in bytes.
    pub fn item_bytes(&self) -> usize {
        self.collections.iter().flat_map(|collection| &collection.items).map(|(_, bytes)| bytes.len()).sum()
    }
}

impl Collection {
    /// The metadata files of a vdir: name and value.
    pub fn metadata(&self) -> Vec<(&'static str, String)> {
        let mut metadata = vec![("displayname", self.displayname.clone()), ("description", self.description.clone())];
        metadata.extend(self.color.clone().map(|color| ("color", color)));
        metadata.extend(self.order.map(|order| ("order", order.to_string())));
        metadata
    }
}

impl Kind {
    /// The folder of the tree in which collections of this kind stand.
    pub fn folder(self) -> &'static str {
        match self {
            Kind::Calendar => "calendars",
            Kind::AddressBook => "contacts",
        }
    }
}

const CALENDARS: [&str; 8] = ["Work", "Family", "Büro", "Дом", "旅行", "Sport & Verein", "Projets", "School"];
const BOOKS: [&str; 4] = ["Friends", "Büro-Kontakte", "Société", "Customers"];
const COLORS: [&str; 6] = ["#1e6fd9", "#e0433a", "#2fa84f", "#f2a33c", "#8e44ad", "#00897b"];

fn calendar(chance: &mut Chance, number: usize, items: usize, style: Style) -> Collection {
    // Half of real servers' collections are named by a UUID.
    let folder = if number.is_multiple_of(2) { format!("calendar-{number}") } else { chance.uuid() };
    let items = (0..items).map(|place| events::item(chance, place, style)).collect();
    Collection {
        folder,
        kind: Kind::Calendar,
        displayname: format!("{} {number}", pick(&CALENDARS, number)),
        color: Some(pick(&COLORS, number).to_string()),
        description: text::sentence(chance, 6),
        order: Some(u32::try_from(number + 1).unwrap_or(u32::MAX)),
        items,
    }
}

fn book(chance: &mut Chance, number: usize, items: usize, style: Style) -> Collection {
    let folder = if number.is_multiple_of(2) { format!("contacts-{number}") } else { chance.uuid() };
    let items = (0..items).map(|place| cards::item(chance, place, style)).collect();
    Collection {
        folder,
        kind: Kind::AddressBook,
        displayname: format!("{} {number}", pick(&BOOKS, number)),
        color: None,
        description: text::sentence(chance, 5),
        order: None,
        items,
    }
}
