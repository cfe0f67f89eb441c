//! The properties of collections that no standard of ours names: dead ones (RFC 4918 §4) and what programs have set.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::account::{Collection, Home};
use super::client::Client;
use super::element::Element;
use super::error::Error;
use super::href::Href;
use super::names;
use super::property::{Property, Value};
use super::request::{Depth, Properties, Wanted};

/// Namespaces whose properties are the server's own: it makes them, or keeps them for us in a way of its own.
const LIVE_NAMESPACES: [&str; 9] = [
    names::DAV,
    names::CARDDAV,
    "http://apache.org/dav/props/",
    "http://cyrusimap.org/ns/",
    "http://davical.org/ns/",
    names::RADICALE,
    "http://sabredav.org/ns",
    "http://sabre.io/ns",
    "urn:inverse:params:xml:ns:inverse-dav",
];

/// Properties of other namespaces that the server makes, or that are read and set by their names elsewhere.
const LIVE: [(&str, &[&str]); 6] = [
    (
        names::CALDAV,
        &[
            "calendar-description",
            "calendar-free-busy-set",
            "calendar-home-set",
            "calendar-timezone",
            "calendar-user-address-set",
            "calendar-user-type",
            "managed-attachments-server-URL",
            "max-attachment-size",
            "max-attachments-per-resource",
            "max-attendees-per-instance",
            "max-date-time",
            "max-instances",
            "max-resource-size",
            "min-date-time",
            "originator",
            "recipient",
            "schedule-calendar-transp",
            "schedule-default-calendar-URL",
            "schedule-inbox-URL",
            "schedule-outbox-URL",
            "schedule-tag",
            "supported-calendar-component-set",
            "supported-calendar-component-sets",
            "supported-calendar-data",
            "supported-collation-set",
            "supported-rscale-set",
        ],
    ),
    (
        names::CALENDARSERVER,
        &[
            "allowed-calendar-component-set",
            "allowed-sharing-modes",
            "calendar-proxy-read-for",
            "calendar-proxy-write-for",
            "checksum-versions",
            "dropbox-home-URL",
            "email-address-set",
            "getctag",
            "invite",
            "notification-URL",
            "pre-publish-url",
            "publish-url",
            "push-transports",
            "pushkey",
            "shared-url",
            "source",
            "subscribed",
            "xmpp-server",
            "xmpp-uri",
        ],
    ),
    (names::APPLE, &["calendar-color", "calendar-order"]),
    (names::INFCLOUD, &["addressbook-color"]),
    (
        "http://owncloud.org/ns",
        &["display-name", "fileid", "id", "invite", "owner-displayname", "owner-principal", "permissions", "read-only"],
    ),
    (
        names::NEXTCLOUD,
        &[
            "calendar-uri",
            "deleted-at",
            "federated-by",
            "is-shared",
            "last-modified",
            "owner-displayname",
            "public-url",
            "source-calendar-uri",
            "trash-bin-retention-duration",
        ],
    ),
];

/// What programs set, and what some servers give only to who asks for it by name.
const ASKED_FOR: [(&str, &str); 11] = [
    // RFC 7953 §7.2.4.
    (names::CALDAV, "calendar-availability"),
    // RFC 7809 §5.2.
    (names::CALDAV, "calendar-timezone-id"),
    (names::CALDAV, "default-alarm-vevent-date"),
    (names::CALDAV, "default-alarm-vevent-datetime"),
    (names::CALDAV, "default-alarm-vtodo-date"),
    (names::CALDAV, "default-alarm-vtodo-datetime"),
    (names::APPLE, "refreshrate"),
    (names::CALENDARSERVER, "subscribed-strip-alarms"),
    (names::CALENDARSERVER, "subscribed-strip-attachments"),
    (names::CALENDARSERVER, "subscribed-strip-todos"),
    ("http://owncloud.org/ns", "calendar-enabled"),
];

/// Whether a property is the server's own, or has a place of its own in [`Collection`]: nobody sets it from outside.
#[must_use]
pub fn is_live(namespace: &str, name: &str) -> bool {
    LIVE_NAMESPACES.contains(&namespace) || LIVE.iter().any(|(of, names)| *of == namespace && names.contains(&name))
}

/// The other properties that an account's collections were found to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Others {
    /// Namespace and name of what to ask for, each once.
    named: Vec<(String, String)>,
    /// What is there by a list of names of the server's own, and is therefore kept without any value, too.
    empty: HashSet<(Href, String, String)>,
}

impl Others {
    /// What collections had before: which one, namespace, name, and whether there was nothing in it. It is asked for by name
    /// then, without asking for the names first.
    #[must_use]
    pub fn of(known: impl IntoIterator<Item = (Href, String, String, bool)>) -> Self {
        let mut others = Self::default();
        others.named.extend(ASKED_FOR.iter().map(|(namespace, name)| ((*namespace).to_owned(), (*name).to_owned())));
        for (href, namespace, name, is_empty) in known {
            if is_empty {
                others.empty.insert((href, namespace.clone(), name.clone()));
            }
            others.named.push((namespace, name));
        }
        others.bounded()
    }

    /// Namespace and name of what to ask for.
    pub(super) fn named(&self) -> &[(String, String)] {
        &self.named
    }

    /// Adds to a collection what of this is among its elements.
    pub(super) fn add_to(&self, collection: &mut Collection, elements: &[&Element]) {
        add(collection, elements, &self.empty);
    }

    fn bounded(mut self) -> Self {
        self.named.sort();
        self.named.dedup();
        self.named.truncate(MOST_NAMES);
        self
    }
}

/// Adds to the collections of an account what else they have, all at once in each of its `homes`; without homes of each by
/// itself. What a server refuses to tell is left out: no item depends on it. Given back is of which collections nobody knows,
/// since the server did not answer for now.
pub async fn add_other_properties(client: &Client, collections: &mut [Collection], homes: &[Home]) -> HashSet<Href> {
    let mut places: Vec<(Href, Depth)> = Vec::new();
    if homes.is_empty() {
        places.extend(collections.iter().map(|one| (one.href.clone(), Depth::Zero)));
    }
    for home in homes {
        if !places.iter().any(|(known, _)| *known == home.href) {
            places.push((home.href.clone(), Depth::One));
        }
    }
    let (mut told, mut silent) = (HashSet::new(), Vec::new());
    for OthersAt { at, others, is_silent, asked } in
        join_all(places.into_iter().map(|place| others_at(client, place))).await
    {
        if is_silent || asked.as_ref().is_err_and(is_for_now) {
            silent.push(at);
        }
        for (href, elements) in asked.unwrap_or_default() {
            for one in collections.iter_mut().filter(|one| one.href == href) {
                others.add_to(one, &elements.iter().collect::<Vec<_>>());
            }
            if !is_silent {
                told.insert(href);
            }
        }
    }
    let is_untold = |href: &&Href| {
        !told.contains(*href) && silent.iter().any(|place: &Href| place == *href || place.is_above(href))
    };
    collections.iter().map(|one| &one.href).filter(is_untold).cloned().collect()
}

/// What else there is at a place, by its names and then by its values.
async fn others_at(client: &Client, (at, depth): (Href, Depth)) -> OthersAt {
    let (others, is_silent) = names_at(client, &at, depth).await;
    let wanted = Wanted::Named(others.named.clone());
    let asked = client.send(&Properties { at: at.clone(), depth, wanted }).await;
    OthersAt { at, others, is_silent, asked }
}

/// What else a server says there is at one place.
struct OthersAt {
    at: Href,
    others: Others,
    /// Whether it gave no list of names for now.
    is_silent: bool,
    asked: Result<Vec<(Href, Vec<Element>)>, Error>,
}

/// Whether a server may well say it another time. A plain 500 is what some say to every question of this kind.
fn is_for_now(error: &Error) -> bool {
    error.is_about_all() || matches!(error.status, Some(502 | 503))
}

/// These properties of one collection, as far as it has them.
pub async fn properties_of(client: &Client, at: &Href, named: Vec<(String, String)>) -> Vec<Property> {
    let wanted = Wanted::Named(named);
    let asked = client.send(&Properties { at: at.clone(), depth: Depth::Zero, wanted }).await;
    let own = asked.unwrap_or_default().into_iter().find(|(href, _)| href == at);
    own.map(|(_, elements)| elements.iter().map(kept).collect()).unwrap_or_default()
}

/// What to ask for: what is there by a list of names, and what is not listed by some.
///
/// QUIRK(davical): has no list of names, QUIRK(xandikos): fails at it; both give values instead.
///
/// Also whether the server gave no list for now.
async fn names_at(client: &Client, at: &Href, depth: Depth) -> (Others, bool) {
    let mut others = Others::of([]);
    let mut is_silent = false;
    for wanted in [Wanted::Names, Wanted::All] {
        let is_list = matches!(wanted, Wanted::Names);
        let listed = client.send(&Properties { at: at.clone(), depth, wanted }).await;
        is_silent |= listed.as_ref().is_err_and(is_for_now);
        let mut is_listed = false;
        for (href, elements) in listed.unwrap_or_default() {
            is_listed |= !elements.is_empty();
            for one in elements.into_iter().filter(|one| !is_live(&one.namespace, &one.local)) {
                if is_list {
                    others.empty.insert((href.clone(), one.namespace.clone(), one.local.clone()));
                }
                others.named.push((one.namespace, one.local));
            }
        }
        if is_listed {
            is_silent = false;
            break;
        }
    }
    (others.bounded(), is_silent)
}

/// Most properties that are asked for beside the usual ones; more is no calendar program's doing.
const MOST_NAMES: usize = 200;

fn add(collection: &mut Collection, elements: &[&Element], empty: &HashSet<(Href, String, String)>) {
    let is_named = |element: &Element| {
        let name = (collection.href.clone(), element.namespace.clone(), element.local.clone());
        !element.children.is_empty() || empty.contains(&name)
    };
    let elements: Vec<_> = elements.iter().copied().filter(|element| is_named(element)).collect();
    for element in elements {
        let is_known =
            collection.other.iter().any(|one| one.namespace == element.namespace && one.name == element.local);
        if !is_known && !is_live(&element.namespace, &element.local) {
            collection.other.push(kept(element));
        }
    }
}

/// A property as it is kept: its text, or the XML inside it.
pub(super) fn kept(element: &Element) -> Property {
    let plain = element.elements().next().is_none();
    let value = if plain { Value::Text(element.text()) } else { Value::Xml(element.inner_xml()) };
    Property { namespace: element.namespace.clone(), name: element.local.clone(), value }
}
