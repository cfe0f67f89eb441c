//! Which properties of a collection differ from those of a snapshot. No I/O.

use super::folder::Said;
use crate::dav::{self, Collection, Kind, Property, Value, names};

/// The writable properties that a folder says, as they are sent.
pub(super) fn wanted(kind: Kind, said: &Said, displayname: Option<&str>) -> Vec<Property> {
    let calendar = kind == Kind::Calendar;
    let value = |name: &str| said.values.get(name).filter(|value| !value.is_empty()).cloned();
    let own = || said.displayname().filter(|name| !name.is_empty());
    let displayname = displayname.or_else(own).map(str::to_owned);
    let timezone = said.described.as_ref().and_then(|described| described.timezone.clone());
    let all = [
        (names::DISPLAYNAME, displayname),
        (kind.description(), value("description")),
        (kind.color(), value("color")),
        (names::CALENDAR_ORDER, value("order").filter(|_| calendar)),
        (names::CALENDAR_TIMEZONE, timezone.filter(|_| calendar)),
    ];
    all.into_iter().filter_map(|(name, value)| value.map(|value| Property::text(name, value))).collect()
}

/// What is set only when the collection is there: servers that refuse this one would not make the collection with it.
pub(super) fn wanted_late(kind: Kind, said: &Said) -> Option<Property> {
    let mut others = said.described.iter().flat_map(|described| &described.properties);
    let stored = others.find(|other| is_transparency(&other.namespace, &other.name))?;
    let name = names::SCHEDULE_CALENDAR_TRANSP;
    // Only one of two elements may be in it (RFC 6638 §9.1): what the snapshot says is not sent on as it is.
    let word = if stored.xml.as_ref()?.contains("transparent") { "transparent" } else { "opaque" };
    let value = Value::Xml(format!("<{word} xmlns=\"{}\"/>", name.namespace));
    let property = Property { namespace: name.namespace.into(), name: name.local.into(), value };
    (kind == Kind::Calendar).then_some(property)
}

/// What programs have set; only what nobody but them means anything by. XML is read and written anew, as a snapshot may hold
/// whatever somebody has put there.
pub(super) async fn others(said: &Said) -> Vec<Property> {
    let mut properties = Vec::new();
    let stored = said.described.iter().flat_map(|described| &described.properties);
    for other in stored.filter(|other| !dav::is_live(&other.namespace, &other.name)) {
        let value = match (&other.xml, &other.text) {
            (Some(xml), _) => dav::inside(xml).await.map(Value::Xml),
            (None, text) => text.clone().map(Value::Text),
        };
        let (namespace, name) = (other.namespace.clone(), other.name.clone());
        properties.extend(value.map(|value| Property { namespace, name, value }));
    }
    properties
}

fn is_transparency(namespace: &str, name: &str) -> bool {
    (namespace, name) == (names::SCHEDULE_CALENDAR_TRANSP.namespace, names::SCHEDULE_CALENDAR_TRANSP.local)
}

/// Whether the events of such a calendar leave the time free; without the property they take it (RFC 6638 §9.1).
fn is_transparent(property: &Property) -> bool {
    matches!(&property.value, Value::Xml(xml) if xml.contains("transparent"))
}

/// Those of `wanted` that the collection has not got.
pub(super) fn differing(wanted: Vec<Property>, collection: &Collection) -> Vec<Property> {
    wanted.into_iter().filter(|property| !has(collection, property)).collect()
}

fn has(collection: &Collection, property: &Property) -> bool {
    if is_transparency(&property.namespace, &property.name) {
        let current = collection.other.iter().find(|one| is_transparency(&one.namespace, &one.name));
        return current.is_some_and(is_transparent) == is_transparent(property);
    }
    let current = match property.name.as_str() {
        "displayname" => &collection.displayname,
        "calendar-description" | "addressbook-description" => &collection.description,
        "calendar-color" | "addressbook-color" => &collection.color,
        "calendar-order" => &collection.order,
        // Servers rewrite it (servers.md §2), so one that is there is left alone.
        "calendar-timezone" => return collection.timezone.is_some(),
        _ => return false,
    };
    let Value::Text(text) = &property.value else { return false };
    let current = current.as_deref().unwrap_or_default().trim();
    current == text.trim() || (property.name.ends_with("-color") && plain_color(current) == plain_color(text.trim()))
}

/// A colour without the alpha of an opaque one. QUIRK(sogo): takes and gives only `#RRGGBBAA`.
fn plain_color(color: &str) -> String {
    let color = color.to_ascii_lowercase();
    match color.strip_suffix("ff").filter(|rest| rest.len() == 7) {
        Some(rest) => rest.to_owned(),
        None => color,
    }
}

/// A colour without alpha as one that is opaque; nothing for anything else. QUIRK(sogo): takes no other.
pub(super) fn with_alpha(property: &Property) -> Option<Property> {
    let Value::Text(color) = &property.value else { return None };
    let is_plain = property.name.ends_with("-color") && color.trim().len() == 7;
    is_plain.then(|| Property { value: Value::Text(format!("{}FF", color.trim())), ..property.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::dav::described::Described;

    fn said() -> Said {
        let values = [("displayname", "Work"), ("color", "#FF0000"), ("order", "3"), ("description", "")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Said { name: "work".into(), described: None::<Described>, values: values.into() }
    }

    #[test]
    fn what_a_folder_says_is_set_and_what_it_leaves_out_is_not() {
        let names = |kind| wanted(kind, &said(), None).into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names(Kind::Calendar), ["displayname", "calendar-color", "calendar-order"]);
        assert_eq!(names(Kind::AddressBook), ["displayname", "addressbook-color"]);
        let renamed = wanted(Kind::Calendar, &said(), Some("Restored"));
        assert_eq!(renamed.first(), Some(&Property::text(names::DISPLAYNAME, "Restored")));
    }

    #[test]
    fn a_calendar_that_leaves_time_free_does_so_again() {
        let described = |inside: &str| {
            let namespace = names::CALDAV;
            let properties = format!(
                r#"[{{"namespace": "{namespace}", "name": "schedule-calendar-transp", "xml": "<{inside} xmlns='{namespace}'/>"}}]"#
            );
            let json = format!(r#"{{"schema": 1, "kind": "calendar", "href": "/x/", "properties": {properties}}}"#);
            Said { described: Described::from_bytes(json.as_bytes()), ..said() }
        };
        let free = wanted_late(Kind::Calendar, &described("transparent")).unwrap();
        assert_eq!(free.value, Value::Xml(format!("<transparent xmlns=\"{}\"/>", names::CALDAV)));
        let busy = wanted_late(Kind::Calendar, &described("opaque")).unwrap();
        assert!(!is_transparent(&busy) && is_transparent(&free));
        assert_eq!(wanted_late(Kind::AddressBook, &described("opaque")), None);
        assert_eq!(wanted_late(Kind::Calendar, &said()), None);
    }

    #[test]
    fn an_opaque_colour_is_the_same_with_and_without_its_alpha() {
        assert_eq!(plain_color("#ff0000FF"), plain_color("#FF0000"));
        assert_ne!(plain_color("#ff0000aa"), plain_color("#FF0000"));
        assert_ne!(plain_color("#0000ff"), plain_color("#0000"));
    }
}
