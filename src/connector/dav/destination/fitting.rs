//! What is known beforehand of what a collection takes: how large an item may be, and which kinds of them.

use super::collections::Target;
use super::put::Sent;
use super::refused;
use crate::connector::Error;
use crate::dav::{Collection, Kind, Value, names};
use crate::item;

/// The kinds of items that calendars are told apart by.
const KINDS: [(item::kind::Kind, &str); 3] =
    [(item::kind::Kind::Event, "VEVENT"), (item::kind::Kind::Todo, "VTODO"), (item::kind::Kind::Journal, "VJOURNAL")];

/// Refuses what the collection says that it does not take (RFC 4791 §5.2.3, §5.2.5, RFC 6352 §6.2.3).
pub(super) fn fits(sent: &Sent<'_>) -> Result<(), Error> {
    let Target { href, kind, before: Some(before), .. } = sent.target else { return Ok(()) };
    let path = sent.path;
    let bytes = sent.content.len() as u64;
    if let Some(most) = largest(before, *kind).filter(|most| bytes > *most) {
        return Err(refused(format!("{path} was not put: it has {bytes} bytes, and {href} takes at most {most}")));
    }
    let own = item::kind::Kind::of(&sent.content);
    let components = &before.components;
    // What a calendar held once it takes, whatever it says.
    let is_told_apart = *kind == Kind::Calendar && !components.is_empty() && !sent.is_from_there;
    let is_taken = |word: &str| components.iter().any(|one| one.eq_ignore_ascii_case(word));
    if let Some((_, word)) = KINDS.iter().find(|(one, word)| *one == own && is_told_apart && !is_taken(word)) {
        let only = components.join(", ");
        return Err(refused(format!(
            "{path} was not put: it is a {word}, and {href} says that it takes only {only}; put it elsewhere with -into NAME"
        )));
    }
    Ok(())
}

/// The largest item that the collection takes, in bytes, as far as it says.
fn largest(collection: &Collection, kind: Kind) -> Option<u64> {
    let name = match kind {
        Kind::Calendar => names::CALENDAR_MAX_RESOURCE_SIZE,
        Kind::AddressBook => names::ADDRESSBOOK_MAX_RESOURCE_SIZE,
    };
    let said = collection.other.iter().find(|one| (&*one.namespace, &*one.name) == (name.namespace, name.local))?;
    let Value::Text(text) = &said.value else { return None };
    text.trim().parse().ok().filter(|most| *most > 0)
}
