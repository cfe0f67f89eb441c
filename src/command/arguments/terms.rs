//! What a person means by words, names and times, of all that a snapshot holds: arguments of `restore`.

#![allow(clippy::doc_markdown, reason = "doc comments are what --help shows a person")]

use clap::Args;

/// A choice of items. What is said in several ways must be true in each of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Only some items (all that is said must be true of an item)")]
pub struct Terms {
    /// Events, to-dos and journal entries with these words in their title or place
    #[arg(long, value_name = "WORDS")]
    pub event: Option<String>,
    /// Contacts with these words in their names, organisation or addresses
    #[arg(long, value_name = "WORDS")]
    pub contact: Option<String>,
    /// The item with this UID; may be repeated
    #[arg(long = "uid", value_name = "UID")]
    pub uids: Vec<String>,
    /// What lies in this calendar, by its display name or its folder; may be repeated
    #[arg(long = "calendar", value_name = "NAME")]
    pub calendars: Vec<String>,
    /// What lies in this address book, by its display name or its folder; may be repeated
    #[arg(long = "address-book", value_name = "NAME")]
    pub address_books: Vec<String>,
    /// What happens from the one date on and before the other: 2026-01-01..2026-02-01, 2026-01-01.., ..-30d. A series is put
    /// back as a whole; contacts are not meant
    #[arg(long, value_name = "FROM..TO", allow_hyphen_values = true)]
    pub between: Option<String>,
    /// What this snapshot or a later one of the same source has and the named one has not, in its last version
    #[arg(long, value_name = "SNAP")]
    pub deleted_since: Option<String>,
}

impl Terms {
    /// Whether all is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether items are chosen, and not only whole calendars and address books.
    #[must_use]
    pub fn choose_items(&self) -> bool {
        !Self { calendars: Vec::new(), address_books: Vec::new(), ..self.clone() }.is_empty()
    }
}
