//! What does not count when two items are compared: the one place where this is decided.

use super::{Parameter, Property};

/// Components that don't count. Servers add a `VTIMEZONE` or replace it by their own: the zone's name, which stands beside
/// each time, does count, and what it means is the same time zone database for everybody.
pub(super) const COMPONENTS: [&str; 1] = ["VTIMEZONE"];

/// Properties that don't count, and those that begin with [`PROPERTY_PREFIXES`].
///
/// - `PRODID`: the last program that wrote the item; servers put their own name there.
/// - `DTSTAMP`, `LAST-MODIFIED`, `REV`: when it was written; servers stamp them at a PUT or add them.
/// - `CREATED`: some servers set it to the time of the upload; two items that differ in nothing else say the same.
/// - `METHOD`: belongs to the transport of invitations (RFC 5546); servers refuse it or take it off (RFC 4791 §4.1).
///
/// `SEQUENCE` counts: invitations with a lower one are refused by their receivers.
pub(super) const PROPERTIES: [&str; 6] = ["PRODID", "DTSTAMP", "LAST-MODIFIED", "REV", "CREATED", "METHOD"];

/// Beginnings of names of properties that don't count: Radicale's own notes.
pub(super) const PROPERTY_PREFIXES: [&str; 1] = ["X-RADICALE-"];

/// Parameters that don't count: what a server did with an invitation (RFC 6638 §7.3), the notes of vobject
/// (in Radicale) about a time that it moved, and a character set that every item has.
pub(super) const PARAMETERS: [&str; 4] =
    ["SCHEDULE-STATUS", "X-VOBJ-ORIGINAL-TZID", "X-VOBJ-FLOATINGTIME-ALLOWED", "CHARSET"];

/// Properties whose value here is what they mean when they are not there (RFC 5545 §3.7.1, §3.8.1, §3.8.2.7, §3.8.7.4;
/// RFC 6350 §6.1.4).
pub(super) const DEFAULTS: [(&str, &str); 6] = [
    ("CALSCALE", "GREGORIAN"),
    ("CLASS", "PUBLIC"),
    ("TRANSP", "OPAQUE"),
    ("SEQUENCE", "0"),
    ("PRIORITY", "0"),
    ("KIND", "INDIVIDUAL"),
];

/// Parameters whose value here is what they mean when they are not there (RFC 5545 §3.2).
pub(super) const PARAMETER_DEFAULTS: [(&str, &str); 7] = [
    ("CUTYPE", "INDIVIDUAL"),
    ("PARTSTAT", "NEEDS-ACTION"),
    ("ROLE", "REQ-PARTICIPANT"),
    ("RSVP", "FALSE"),
    ("ENCODING", "8BIT"),
    ("RELTYPE", "PARENT"),
    ("RELATED", "START"),
];

/// The type of value that a property has unless `VALUE` says otherwise (RFC 5545 §3.8, RFC 6350 §6).
pub(super) const VALUE_DEFAULTS: [(&str, &[&str]); 4] = [
    ("DATE-TIME", &["DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "EXDATE", "RDATE", "COMPLETED"]),
    ("DURATION", &["TRIGGER", "DURATION"]),
    ("URI", &["ATTACH", "URL"]),
    (
        "TEXT",
        &["SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CATEGORIES", "NOTE", "FN", "N", "TEL", "EMAIL", "ADR"],
    ),
];

/// The length that an event has which begins on a day and says no end (RFC 5545 §3.6.1).
pub(super) const ITS_DAY: &[u8] = b"DURATION:PT86400S";

/// Whether an event of these properties lasts that long without saying so. `SOGo` says it.
pub(super) fn lasts_its_day(component: &str, properties: &[Property]) -> bool {
    let is_day = |one: &Property| one.name == "DTSTART" && one.line.starts_with(b"DTSTART;VALUE=DATE:");
    component == "VEVENT" && properties.iter().any(is_day) && !properties.iter().any(|one| one.name == "DTEND")
}

/// Whether a property of that name (in capitals) doesn't count.
pub(super) fn property(name: &str) -> bool {
    PROPERTIES.contains(&name) || PROPERTY_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether this is what the property means when it is not there.
pub(super) fn is_default(property: &str, value: &[u8]) -> bool {
    DEFAULTS.iter().any(|(name, default)| *name == property && value.eq_ignore_ascii_case(default.as_bytes()))
}

/// Whether a parameter of that property doesn't count.
pub(super) fn parameter(parameter: &Parameter<'_>, property: &str) -> bool {
    let is = |name: &str| parameter.name.eq_ignore_ascii_case(name.as_bytes());
    if PARAMETERS.iter().any(|name| is(name)) {
        return true;
    }
    let [value] = parameter.values.as_slice() else { return false };
    let equals = |default: &str| value.eq_ignore_ascii_case(default.as_bytes());
    let of_value = |(kind, of): &(&str, &[&str])| is("VALUE") && equals(kind) && of.contains(&property);
    PARAMETER_DEFAULTS.iter().any(|(name, default)| is(name) && equals(default)) || VALUE_DEFAULTS.iter().any(of_value)
}
