//! What differs between two items, by the names of properties only: no value ever leaves here.

use std::collections::{BTreeMap, BTreeSet};

use super::normal::Normal;

/// Names of the properties that differ by normal form, sorted: `SUMMARY`, `VALARM/TRIGGER`; the name of a component that only
/// one of them has more of: `VALARM`; nothing exactly if they say the same.
#[must_use]
pub fn names(one: &[u8], other: &[u8]) -> Vec<String> {
    let mut names = BTreeSet::new();
    match (Normal::of(one), Normal::of(other)) {
        (Some(one), Some(other)) => compare(&one, &other, "", &mut names),
        _ if super::normal::same(one, other) => {}
        _ => _ = names.insert("the whole item".to_string()),
    }
    names.into_iter().collect()
}

fn compare(one: &Normal, other: &Normal, within: &str, names: &mut BTreeSet<String>) {
    let mut lines: BTreeMap<&[u8], (&str, i64)> = BTreeMap::new();
    let both = one.properties.iter().map(|each| (each, 1)).chain(other.properties.iter().map(|each| (each, -1)));
    for (property, count) in both {
        lines.entry(&property.line).or_insert((&property.name, 0)).1 += count;
    }
    let differing = lines.into_values().filter(|(_, balance)| *balance != 0);
    names.extend(
        differing.map(|(name, _)| format!("{within}{}", if name.is_empty() { "a line without a name" } else { name })),
    );
    let (mut left, mut right) = (by_key(one), by_key(other));
    let keys: BTreeSet<_> = left.keys().chain(right.keys()).cloned().collect();
    for key in keys {
        let (left, right) = (left.remove(&key).unwrap_or_default(), right.remove(&key).unwrap_or_default());
        if left.len() != right.len() {
            names.insert(format!("{within}{}", key.0));
        }
        for (one, other) in left.into_iter().zip(right) {
            compare(one, other, &deeper(within, one), names);
        }
    }
}

/// Components of one name, and of one occurrence of a series, belong together; several of them in their normal order.
fn by_key(component: &Normal) -> BTreeMap<(String, Vec<u8>), Vec<&Normal>> {
    let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for child in &component.children {
        let mut key = Vec::new();
        for property in child.properties.iter().filter(|each| matches!(&*each.name, "UID" | "RECURRENCE-ID")) {
            key.extend_from_slice(&property.line);
        }
        children.entry((child.name.clone(), key)).or_default().push(child);
    }
    children
}

/// What is in a calendar or a card is named without it, and so is what is in an event: only alarms and the like are told.
fn deeper(within: &str, component: &Normal) -> String {
    let told = !matches!(&*component.name, "VCALENDAR" | "VCARD" | "VEVENT" | "VTODO" | "VJOURNAL");
    if told { format!("{within}{}/", component.name) } else { within.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:a\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260101\nSUMMARY:b\nEND:VEVENT\nEND:VCALENDAR\n";

    fn differing(from: &str, to: &str) -> Vec<String> {
        names(EVENT.as_bytes(), EVENT.replace(from, to).as_bytes())
    }

    #[test]
    fn what_differs_is_named_and_never_quoted() {
        assert_eq!(differing("", ""), [""; 0]);
        assert_eq!(differing("SUMMARY:a", "SUMMARY:secret\nLOCATION:x"), ["LOCATION", "SUMMARY"]);
        assert_eq!(differing("-PT5M", "-PT6M"), ["VALARM/TRIGGER"]);
        assert_eq!(differing("BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\n", ""), ["VALARM"]);
        assert_eq!(differing("RECURRENCE-ID:20260101", "RECURRENCE-ID:20260102"), ["VEVENT"]);
    }

    #[test]
    fn titles_that_changed_places_differ() {
        let swapped =
            EVENT.replace("SUMMARY:a", "SUMMARY:c").replace("SUMMARY:b", "SUMMARY:a").replace("SUMMARY:c", "SUMMARY:b");
        assert_eq!(names(EVENT.as_bytes(), swapped.as_bytes()), ["SUMMARY"]);
    }

    #[test]
    fn what_is_no_item_differs_as_a_whole() {
        assert_eq!(names(b"a", b"b"), ["the whole item"]);
        assert_eq!(names(b"a\r\n", b"a\n"), [""; 0]);
    }
}
