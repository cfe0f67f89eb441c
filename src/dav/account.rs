//! What an account holds, read from the properties of its collections.

use super::element::Element;
use super::href::Href;
use super::kind::Kind;
use super::names::{self, Name};
use super::others::kept;
use super::property::Property;
use super::request::Resource;
use super::unread::Unread;

/// What lies at a location.
#[derive(Debug)]
pub struct Account {
    /// Who we are there.
    pub principal: Option<Href>,
    /// Who is signed in: another one, where the account is somebody's who shares it.
    pub user: Option<Href>,
    /// Where new collections go; empty if the location is one collection.
    pub homes: Vec<Home>,
    /// Every calendar and address book, each once.
    pub collections: Vec<Collection>,
    /// What was deleted and can still be read: Nextcloud's bin, and calendars in it.
    pub trash: Vec<Collection>,
    /// What the server would not tell of; what is in it is not in `collections`.
    pub failures: Vec<Unread>,
    /// Whether the location itself is one collection.
    pub only: bool,
    /// Whether the server sends invitations by itself (RFC 6638 §2); `None` where no answer told.
    pub scheduling: Option<bool>,
}

/// Where collections of a kind lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Of which kind.
    pub kind: Kind,
    /// Where.
    pub href: Href,
}

/// A calendar or an address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Where it is.
    pub href: Href,
    /// What it holds.
    pub kind: Kind,
    /// Whether it is more than a place for items.
    pub role: Role,
    /// Whether it is somebody else's, who shares it with us.
    pub shared: bool,
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
    /// Whether the server says that we may not write into it.
    pub read_only: bool,
    /// The path of its owner's principal.
    pub owner: Option<String>,
    /// Where a subscribed calendar comes from.
    pub source: Option<String>,
    /// Every other property that we ask for and the server let us read.
    pub other: Vec<Property>,
    /// In which state it is.
    pub state: State,
}

/// The state of a collection, as far as its properties tell: hints, of which each is wrong on some server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Another one whenever something in it changed; of some servers the second in which that was.
    pub ctag: Option<String>,
    /// What tells it from another one that was made under its name: its resource-id (RFC 5842 §3.1), else when it was made.
    pub born: Option<String>,
    /// Whether the server tells what changed since a sync token (RFC 6578).
    pub tells_changes: bool,
}

/// Longest mark of a state that is kept, in bytes; real ones have less than 200.
const LONGEST_MARK: usize = 4 << 10;

impl State {
    fn read(resource: &Resource) -> Self {
        let mark = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|it| it.len() <= LONGEST_MARK);
        let id = resource.get(names::RESOURCE_ID).and_then(|id| id.hrefs().next());
        let reports = resource.get(names::SUPPORTED_REPORT_SET);
        Self {
            ctag: mark(resource.text(names::GETCTAG)),
            born: mark(id.or_else(|| resource.text(names::CREATIONDATE))),
            tells_changes: reports.is_some_and(|reports| reports.holds(names::SYNC_COLLECTION)),
        }
    }
}

/// What a collection is beside a place for items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Nothing more.
    #[default]
    Usual,
    /// A copy of a feed; its `source` says of which.
    Subscribed,
    /// Made by the server from the birthdays of contacts.
    Birthdays,
    /// What was deleted and can still be had back; or a calendar that was.
    Trash,
}

/// What is kept of a collection as it is, without being understood.
const OTHER: [Name; 8] = [
    names::RESOURCETYPE,
    names::RESOURCE_ID,
    names::SUPPORTED_REPORT_SET,
    names::SCHEDULE_CALENDAR_TRANSP,
    names::SUPPORTED_CALENDAR_DATA,
    names::CALENDAR_MAX_RESOURCE_SIZE,
    names::SUPPORTED_ADDRESS_DATA,
    names::ADDRESSBOOK_MAX_RESOURCE_SIZE,
];

/// What is understood of a collection. Not its sync token, which a report gives when it is needed: Radicale walks all items
/// for the token once more than for the ctag.
const UNDERSTOOD: [Name; 14] = [
    names::DISPLAYNAME,
    names::CALENDAR_DESCRIPTION,
    names::ADDRESSBOOK_DESCRIPTION,
    names::CALENDAR_COLOR,
    names::ADDRESSBOOK_COLOR,
    names::CALENDAR_ORDER,
    names::CALENDAR_TIMEZONE,
    names::SUPPORTED_CALENDAR_COMPONENT_SET,
    names::CURRENT_USER_PRIVILEGE_SET,
    names::OWNER,
    names::SUBSCRIBED,
    names::SOURCE,
    names::GETCTAG,
    names::CREATIONDATE,
];

/// The properties to ask for where collections lie.
pub(super) fn collection_properties() -> Vec<Name> {
    OTHER.iter().chain(&UNDERSTOOD).filter(|name| **name != names::SUBSCRIBED).copied().collect()
}

impl Collection {
    /// `None` if it is no collection of these kinds.
    pub(super) fn read(resource: &Resource, kinds: &[Kind]) -> Option<Self> {
        if resource.trouble.is_some() {
            return None;
        }
        let types = resource.get(names::RESOURCETYPE)?;
        // Where it came from says little of a calendar that can be written to: somebody may have made it his own.
        let is_copy =
            || source(resource).is_some() && kind_of(types, kinds) == Some(Kind::Calendar) && read_only(resource);
        let is_feed = (types.find(names::SUBSCRIBED).is_some() && kinds.contains(&Kind::Calendar)) || is_copy();
        let is_trash = TRASH.iter().any(|bin| types.find(*bin).is_some()) && kinds.contains(&Kind::Calendar);
        let kind = match kind_of(types, kinds) {
            None if is_trash || types.find(names::SUBSCRIBED).is_some() && is_feed => Kind::Calendar,
            kind => kind?,
        };
        let role = match () {
            () if is_trash => Role::Trash,
            () if is_feed => Role::Subscribed,
            () if is_birthdays(&resource.href) => Role::Birthdays,
            () => Role::Usual,
        };
        Some(Self {
            // What is in the bin lies in a folder of it.
            href: match types.find(names::TRASH_BIN) {
                Some(_) => resource.href.join("objects", true).ok()?,
                None => resource.href.clone(),
            },
            kind,
            role,
            shared: types.find(names::SHARED).is_some(),
            displayname: resource.text(names::DISPLAYNAME),
            description: resource.text(kind.description()),
            color: resource.text(kind.color()).map(|text| text.trim().to_owned()),
            order: resource.text(names::CALENDAR_ORDER).map(|text| text.trim().to_owned()),
            timezone: resource.text(names::CALENDAR_TIMEZONE),
            components: components(resource),
            read_only: role != Role::Usual || read_only(resource),
            owner: resource.get(names::OWNER).and_then(|owner| owner.hrefs().next()),
            source: source(resource),
            other: OTHER.iter().filter_map(|name| resource.get(*name)).map(kept).collect(),
            state: State::read(resource),
        })
    }
}

/// What lies in Nextcloud's bin, and the bin.
const TRASH: [Name; 2] = [names::TRASH_BIN, names::DELETED_CALENDAR];

/// QUIRK(nextcloud): the calendar of birthdays is known by its name alone.
fn is_birthdays(href: &Href) -> bool {
    href.last_segment_decoded() == "contact_birthdays"
}

/// What something of these types holds; `None` if nothing of these kinds, or if it lies in a bin.
pub(super) fn kind_of(types: &Element, kinds: &[Kind]) -> Option<Kind> {
    if TRASH.iter().any(|bin| types.find(*bin).is_some()) {
        return None;
    }
    // QUIRK(calypso): says of everything that it is both; then the first kind wanted is taken.
    kinds.iter().copied().find(|kind| types.find(kind.row().resource_type).is_some())
}

fn components(resource: &Resource) -> Vec<String> {
    let set = resource.get(names::SUPPORTED_CALENDAR_COMPONENT_SET);
    let comps = set.into_iter().flat_map(Element::elements).filter(|e| e.is(names::CALENDAR_COMP));
    comps.filter_map(|comp| comp.attributes.iter().find(|(name, _)| name == "name")).map(|(_, v)| v.clone()).collect()
}

/// Only a server that lists our privileges, and none to write among them, says that we may not.
fn read_only(resource: &Resource) -> bool {
    let writes = [names::ACL_WRITE, names::ACL_WRITE_CONTENT, names::ACL_BIND, names::ACL_ALL];
    let Some(set) = resource.get(names::CURRENT_USER_PRIVILEGE_SET) else { return false };
    let mut privileges = set.elements().flat_map(Element::elements).peekable();
    privileges.peek().is_some() && !privileges.any(|privilege| writes.iter().any(|write| privilege.is(*write)))
}

fn source(resource: &Resource) -> Option<String> {
    let source = resource.get(names::SOURCE)?;
    let text = source.hrefs().next().unwrap_or_else(|| source.text().trim().to_owned());
    (!text.is_empty()).then_some(text)
}
