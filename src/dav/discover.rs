//! Finds everything of an account.

use super::client::Client;
use super::error::{Error, ErrorKind};
use super::href::Href;
use super::kind::Kind;
use super::property::Property;

/// What lies at a location.
#[derive(Debug)]
pub struct Account {
    /// Who we are there.
    pub principal: Option<Href>,
    /// Where new collections go; empty if the location is one collection.
    pub homes: Vec<Home>,
    /// Every calendar and address book, each once.
    pub collections: Vec<Collection>,
    /// Homes that could not be listed; what is in them is not in `collections`.
    pub failures: Vec<HomeFailure>,
    /// Whether the location itself is one collection.
    pub only: bool,
    /// Whether the server sends invitations by itself (RFC 6638 §2).
    pub scheduling: bool,
}

/// Where collections of a kind lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Of which kind.
    pub kind: Kind,
    /// Where.
    pub href: Href,
}

/// A home that could not be listed.
#[derive(Debug)]
pub struct HomeFailure {
    /// The home.
    pub href: Href,
    /// Why.
    pub why: Error,
}

/// A calendar or an address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Where it is.
    pub href: Href,
    /// What it holds.
    pub kind: Kind,
    /// Its name for a person.
    pub displayname: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its colour as the server writes it, mostly `#RRGGBB` or `#RRGGBBAA`.
    pub color: Option<String>,
    /// Its place among others.
    pub order: Option<String>,
    /// Its time zone, as an iCalendar text.
    pub timezone: Option<String>,
    /// Components that a calendar may hold; empty where the server does not say.
    pub components: Vec<String>,
    /// Changes with anything in it.
    pub ctag: Option<String>,
    /// The token for the next synchronisation (RFC 6578).
    pub sync_token: Option<String>,
    /// Whether the server says that we may not write into it.
    pub read_only: bool,
    /// The path of its owner's principal.
    pub owner: Option<String>,
    /// Where a subscribed calendar comes from.
    pub source: Option<String>,
    /// Every other property that the server let us read.
    pub other: Vec<Property>,
}

/// Finds the homes and collections of `kinds` from the client's location: the location itself, well-known addresses
/// (RFC 6764 §5), DNS (RFC 6764 §3).
pub async fn discover(_client: &Client, _kinds: &[Kind]) -> Result<Account, Error> {
    Err(Error::new(ErrorKind::Unsupported, "not built yet"))
}
