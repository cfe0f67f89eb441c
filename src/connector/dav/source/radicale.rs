//! Radicale's ctag, as proof that a query gave everything.
//!
//! QUIRK(radicale): it is the SHA-256 of the name and the `ETag` of each item, in the order in which a query gives them, and of the
//! properties that programs have set, as Python writes them as JSON. Whoever gets the same from what he was given was given
//! all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::exact::bytes_in;
use crate::dav::{Collection, ETag, Href, Kind, Property, Value, names};

/// Namespaces that Radicale writes as prefixes.
const PREFIXES: [(&str, &str); 7] = [
    (names::DAV, "D"),
    (names::CALDAV, "C"),
    (names::CARDDAV, "CR"),
    (names::CALENDARSERVER, "CS"),
    (names::APPLE, "ICAL"),
    (names::RADICALE, "RADICALE"),
    ("http://me.com/_namespace/", "ME"),
];

/// What was given so far.
#[derive(Default)]
pub(super) struct Given(Sha256);

impl Given {
    /// Adds the next item of the answer.
    pub fn add(&mut self, item: &Href, etag: Option<&ETag>) {
        self.0.update(item.last_segment().as_bytes());
        self.0.update("/");
        self.0.update(etag.map(ETag::as_str).unwrap_or_default());
    }

    /// Whether these were all items that a collection had when its ctag was told, if it has these `other` properties.
    pub fn is_all_of(&self, collection: &Collection, other: &[Property]) -> bool {
        let Some(ctag) = collection.state.ctag.as_deref().and_then(bytes_in::<32>) else { return false };
        let digest = |properties: &String| self.0.clone().chain_update(properties).finalize();
        properties(collection, other).iter().any(|properties| <[u8; 32]>::from(digest(properties)) == ctag)
    }
}

/// Whether it may be the ctag of a Radicale, which alone counts items: no other server is asked for that.
pub(super) fn is_ctag(ctag: &str) -> bool {
    bytes_in::<32>(ctag).is_some()
}

/// What may be set of a collection. A name and kinds of components are told of one that has neither, too.
fn properties(collection: &Collection, other: &[Property]) -> Vec<String> {
    let tag = match collection.kind {
        Kind::Calendar => "VCALENDAR",
        Kind::AddressBook => "VADDRESSBOOK",
    };
    let understood = [
        (collection.kind.description(), &collection.description),
        (collection.kind.color(), &collection.color),
        (names::CALENDAR_ORDER, &collection.order),
        (names::CALENDAR_TIMEZONE, &collection.timezone),
    ];
    let mut set = BTreeMap::from([("tag".to_owned(), tag.to_owned())]);
    set.extend(
        understood.into_iter().filter_map(|(name, value)| Some((key(name.namespace, name.local), value.clone()?))),
    );
    set.extend(other.iter().filter_map(|property| match &property.value {
        Value::Text(text) => Some((key(&property.namespace, &property.name), text.clone())),
        Value::Xml(_) => None,
    }));
    let displayname = collection.displayname.clone().map(|name| ("D:displayname".to_owned(), name));
    let components = Some(collection.components.join(",")).filter(|components| !components.is_empty());
    let components = components.map(|components| ("C:supported-calendar-component-set".to_owned(), components));
    let mut all = Vec::new();
    for displayname in [None, displayname] {
        for components in [None, components.clone()] {
            let maybe = displayname.clone().into_iter().chain(components);
            all.push(json(&set.clone().into_iter().chain(maybe).collect()));
        }
    }
    all
}

/// A property's name as Radicale keeps it.
fn key(namespace: &str, name: &str) -> String {
    match PREFIXES.iter().find(|(known, _)| *known == namespace) {
        Some((_, prefix)) => format!("{prefix}:{name}"),
        None => format!("{{{namespace}}}{name}"),
    }
}

/// An object of texts as Python's `json.dumps` writes it: in ASCII, with a blank after each comma and colon.
fn json(set: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = set.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(value))).collect();
    format!("{{{}}}", pairs.join(", "))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for unit in serde_json::Value::from(text).to_string().encode_utf16() {
        match char::from_u32(unit.into()) {
            Some(char @ ' '..='~') => quoted.push(char),
            // Writing into a text cannot fail.
            _ => drop(write!(quoted, "\\u{unit:04x}")),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dav::{Role, State};

    #[test]
    fn properties_are_written_as_python_does() {
        assert_eq!(
            quoted("a\"\\\n\r\t\u{8}\u{c}\u{1}\u{7f} ~é€\u{1f600}"),
            r#""a\"\\\n\r\t\b\f\u0001\u007f ~\u00e9\u20ac\ud83d\ude00""#
        );
        let set = [("tag", "VCALENDAR"), ("D:displayname", "x"), ("{urn:x}y", "")];
        let set = set.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let namespaces = ["DAV:", "urn:ietf:params:xml:ns:carddav", "http://me.com/_namespace/", "urn:x"];
        assert_eq!(namespaces.map(|namespace| key(namespace, "y")), ["D:y", "CR:y", "ME:y", "{urn:x}y"]);
        assert_eq!(json(&set), r#"{"D:displayname": "x", "tag": "VCALENDAR", "{urn:x}y": ""}"#);
    }

    /// What Radicale 3.9 answered of a calendar with two events.
    #[test]
    fn a_ctag_of_radicales_is_that_of_its_items_and_properties() {
        let site: url::Url = "http://h/".parse().unwrap();
        let collection = Collection {
            href: Href::new(&site, "/alice/work/").unwrap(),
            kind: Kind::Calendar,
            role: Role::Usual,
            shared: false,
            displayname: Some("Café 😀 \"x\"".into()),
            description: Some("a\nb".into()),
            color: Some("#ff0000ff".into()),
            order: Some("3".into()),
            timezone: None,
            components: vec!["VTODO".into(), "VEVENT".into()],
            read_only: false,
            owner: None,
            source: None,
            other: Vec::new(),
            state: State {
                ctag: Some("\"f9ff9a54a29466b81f85a91eb5b56b8b5651364f7c46085efbdd69fa44c7bad3\"".into()),
                ..State::default()
            },
        };
        let mood = [Property { namespace: "urn:z".into(), name: "mood".into(), value: Value::Text("grün".into()) }];
        let items = [
            ("/alice/work/B%20c.ics", "\"1c38ab0d955e17314a4cb54e9df978f1a5f366bc89310d2a76e5b1c3aabc7205\""),
            ("/alice/work/a.ics", "\"580222aba5cb24e77737f9e2e5da83ae70481451fde801f09bdba8866c6511a5\""),
        ];
        let given = |items: &[(&str, &str)]| {
            let mut given = Given::default();
            for (href, etag) in items {
                given.add(&Href::new(&site, href).unwrap(), ETag::new(etag).as_ref());
            }
            given
        };
        assert!(given(&items).is_all_of(&collection, &mood));
        assert!(!given(&items[..1]).is_all_of(&collection, &mood));
        assert!(!given(&[items[1], items[0]]).is_all_of(&collection, &mood));
        assert!(!given(&items).is_all_of(&collection, &[]));
        assert!(!given(&items).is_all_of(&Collection { state: State::default(), ..collection }, &mood));
    }
}
