//! The files beside a collection's items that describe it: the vdir metadata `displayname`, `color`, `description` and
//! `order`, one value as plain text each, and `.collection.json` with everything else.
//!
//! Nothing in them changes while the collection itself stays as it is: no ctag, sync token, quota or date of a server.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::connector::name::METADATA;
use crate::dav::{Collection, Kind, Property, Role, Value};

/// Version of the schema of `.collection.json`.
const SCHEMA: u32 = 1;

/// Whether a content is what a collection of that kind holds, and not a page that a server shows instead.
pub(super) fn is_item(kind: Kind, content: &[u8]) -> bool {
    let begin: &[u8] = if kind == Kind::Calendar { b"BEGIN:VCALENDAR" } else { b"BEGIN:VCARD" };
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    content.split(|byte| matches!(byte, b'\n' | b'\r')).any(|line| line.trim_ascii().eq_ignore_ascii_case(begin))
}

/// What `.collection.json` says. Unknown fields are left out when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Described {
    /// 1.
    pub schema: u32,
    /// What it holds.
    pub kind: CollectionKind,
    /// What it is beside a place for items.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub role: CollectionRole,
    /// Whether somebody else shared it with us.
    #[serde(default, skip_serializing_if = "is_false")]
    pub shared: bool,
    /// Where it was on its server.
    pub href: String,
    /// Its display name, once more: this file is the first of its folder by name, and hosts that send files in that order
    /// send `displayname` after most items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub displayname: Option<String>,
    /// `VEVENT`, `VTODO`, … as far as the server said, and what it holds all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// Whether we could only read it.
    #[serde(default)]
    pub read_only: bool,
    /// The principal that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The feed that it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its default time zone, as iCalendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The kinds of items that were asked for, where not all were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_components: Vec<String>,
    /// The time of which items were asked for, where not all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_between: Option<Between>,
    /// Whether something in the collection could not be read, or was left out: what is missing here is not known to be gone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub incomplete: bool,
    /// Every other property, by namespace and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Other>,
}

/// From the one moment on and before the other, in UTC as RFC 3339 writes it; only items of which something happens then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Between {
    /// The first moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The first moment after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A kind of collection, as `.collection.json` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CollectionKind {
    /// Calendar items.
    Calendar,
    /// Contacts.
    AddressBook,
}

impl From<Kind> for CollectionKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Calendar => Self::Calendar,
            Kind::AddressBook => Self::AddressBook,
        }
    }
}

impl From<CollectionKind> for Kind {
    fn from(kind: CollectionKind) -> Self {
        match kind {
            CollectionKind::Calendar => Self::Calendar,
            CollectionKind::AddressBook => Self::AddressBook,
        }
    }
}

/// What a collection is, as `.collection.json` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CollectionRole {
    /// A place for items.
    #[default]
    Usual,
    /// A copy of a feed.
    Subscribed,
    /// Made by the server from the birthdays of contacts.
    Birthdays,
    /// What was deleted.
    Trash,
}

impl From<Role> for CollectionRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Usual => Self::Usual,
            Role::Subscribed => Self::Subscribed,
            Role::Birthdays => Self::Birthdays,
            Role::Trash => Self::Trash,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference to skip_serializing_if")]
fn is_usual(role: &CollectionRole) -> bool {
    *role == CollectionRole::Usual
}

/// A property that has no field of its own: its text, or the XML inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Other {
    /// The namespace of its name.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is inside it, where that is more than text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml: Option<String>,
}

impl Described {
    /// Adds the kinds of items that were found. QUIRK(go-webdav): says that its calendars hold events alone, and takes all.
    pub fn holds(&mut self, found: &BTreeSet<&'static str>) {
        if !self.components.is_empty() {
            let new = found.iter().filter(|name| !self.components.iter().any(|known| known == *name));
            let new: Vec<_> = new.map(|name| (*name).to_owned()).collect();
            self.components.extend(new);
        }
    }

    /// What is to be written down of a collection.
    pub fn of(collection: &Collection) -> Self {
        // Some servers give them in another order each time.
        let mut components = collection.components.clone();
        components.sort();
        let described = Self {
            schema: SCHEMA,
            kind: collection.kind.into(),
            role: collection.role.into(),
            shared: collection.shared,
            href: collection.href.path().to_owned(),
            displayname: collection.displayname.clone().filter(|name| !name.is_empty()),
            components,
            read_only: collection.read_only,
            owner: collection.owner.clone(),
            source: collection.source.clone(),
            timezone: collection.timezone.clone(),
            only_components: Vec::new(),
            only_between: None,
            incomplete: false,
            properties: Vec::new(),
        };
        described.with(&collection.other)
    }

    /// Adds other properties.
    pub fn with(mut self, others: &[Property]) -> Self {
        self.properties.extend(others.iter().filter(|property| !is_volatile(property)).map(other));
        self.properties.sort();
        self
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the file; `None` where it is not one of ours.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Whether a `.collection.json` says that its folder is what lay in a bin.
pub(in crate::connector) fn is_bin(content: &[u8]) -> bool {
    Described::from_bytes(content).is_some_and(|described| described.role == CollectionRole::Trash)
}

/// The metadata files of a collection: name and content of those that exist.
pub(super) fn metadata_of(collection: &Collection) -> Vec<(&'static str, String)> {
    let values = [&collection.displayname, &collection.color, &collection.description, &collection.order];
    // The last of these files has no single value.
    let pairs = METADATA.into_iter().zip(values);
    pairs
        .filter_map(|(name, value)| value.clone().filter(|value| !value.is_empty()).map(|value| (name, value)))
        .collect()
}

/// Whether a property changes while the collection stays as it is, or says something about us and not about it.
fn is_volatile(property: &Property) -> bool {
    const NAMES: [&str; 14] = [
        "getctag",
        "sync-token",
        "getetag",
        "getlastmodified",
        "getcontentlength",
        "quota-used-bytes",
        "quota-available-bytes",
        "current-user-principal",
        "current-user-privilege-set",
        "lockdiscovery",
        "supportedlock",
        "supported-report-set",
        "supported-method-set",
        "resourcetype",
    ];
    NAMES.contains(&property.name.as_str())
}

fn other(property: &Property) -> Other {
    let (text, xml) = match &property.value {
        Value::Text(text) => (Some(text.clone()), None),
        Value::Xml(xml) => (None, Some(xml.clone())),
    };
    Other { namespace: property.namespace.clone(), name: property.name.clone(), text, xml }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference to skip_serializing_if")]
fn is_false(flag: &bool) -> bool {
    !flag
}
