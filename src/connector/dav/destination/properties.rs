//! Which properties of a collection differ from those of a snapshot. Pure.

use super::folder::Said;
use crate::dav::{Collection, Kind, Property, names};

/// The writable properties that a folder says, as they are sent.
pub(super) fn wanted(kind: Kind, said: &Said, displayname: Option<&str>) -> Vec<Property> {
    let calendar = kind == Kind::Calendar;
    let value = |name: &str| said.values.get(name).filter(|value| !value.is_empty()).cloned();
    let (description, color) = if calendar {
        (names::CALENDAR_DESCRIPTION, names::CALENDAR_COLOR)
    } else {
        (names::ADDRESSBOOK_DESCRIPTION, names::ADDRESSBOOK_COLOR)
    };
    let displayname = displayname.map(str::to_owned).or_else(|| value("displayname"));
    let timezone = said.described.as_ref().and_then(|described| described.timezone.clone());
    let all = [
        (names::DISPLAYNAME, displayname),
        (description, value("description")),
        (color, value("color")),
        (names::CALENDAR_ORDER, value("order").filter(|_| calendar)),
        (names::CALENDAR_TIMEZONE, timezone.filter(|_| calendar)),
    ];
    all.into_iter().filter_map(|(name, value)| value.map(|value| Property::text(name, value))).collect()
}

/// Those of `wanted` that the collection has not got.
pub(super) fn differing(wanted: Vec<Property>, collection: &Collection) -> Vec<Property> {
    wanted.into_iter().filter(|property| !has(collection, property)).collect()
}

fn has(collection: &Collection, property: &Property) -> bool {
    let current = match property.name.as_str() {
        "displayname" => &collection.displayname,
        "calendar-description" | "addressbook-description" => &collection.description,
        "calendar-color" | "addressbook-color" => &collection.color,
        "calendar-order" => &collection.order,
        // Servers rewrite it (servers.md §2), so one that is there is left alone.
        "calendar-timezone" => return collection.timezone.is_some(),
        _ => return false,
    };
    let crate::dav::Value::Text(text) = &property.value else { return false };
    let current = current.as_deref().unwrap_or_default().trim();
    // QUIRK(sogo): writes colours as #RRGGBBAA whatever was sent; an opaque one is the same.
    let opaque =
        |color: &str| color.to_ascii_lowercase().strip_suffix("ff").filter(|rest| rest.len() == 7).map(str::to_owned);
    let is_color = property.name.ends_with("-color");
    current == text.trim() || (is_color && same_color(current, text.trim(), opaque))
}

fn same_color(one: &str, other: &str, opaque: impl Fn(&str) -> Option<String>) -> bool {
    let plain = |color: &str| opaque(color).unwrap_or_else(|| color.to_ascii_lowercase());
    plain(one) == plain(other)
}
