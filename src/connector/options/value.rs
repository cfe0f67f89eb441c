//! Which values an option takes. Each check refuses by saying what is valid.

use globset::Glob;

use crate::item::window::Edge;

/// Most connections at the same time; more than this no server we know gains by.
const MOST_CONNECTIONS: usize = 64;

type Checked = Result<(), &'static str>;

/// A word that turns something on or off.
pub(super) fn as_flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Anything but nothing.
pub(super) fn text(value: &str) -> Checked {
    valid(!value.trim().is_empty(), "give a value that is not empty")
}

/// `true` or `false`.
pub(super) fn flag(value: &str) -> Checked {
    valid(as_flag(value).is_some(), "give true or false")
}

/// A scheme of HTTP authentication.
pub(super) fn auth(value: &str) -> Checked {
    valid(matches!(value, "auto" | "basic" | "digest" | "bearer"), "give auto, basic, digest or bearer")
}

/// The SHA-256 of a certificate in hexadecimal digits.
pub(super) fn fingerprint(value: &str) -> Checked {
    let digits: String = value.chars().filter(|letter| !matches!(letter, ':' | ' ')).collect();
    let whole = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    valid(whole, "give the SHA-256 of the certificate: 64 hexadecimal digits, with or without colons")
}

/// How many requests at the same time.
pub(super) fn connections(value: &str) -> Checked {
    let right = value.parse().is_ok_and(|number: usize| (1..=MOST_CONNECTIONS).contains(&number));
    valid(right, "give a whole number from 1 to 64")
}

/// How often everything is listed.
pub(super) fn sweep(value: &str) -> Checked {
    let right =
        matches!(value, "always" | "never") || value.parse().is_ok_and(|every: u32| (1..=1000).contains(&every));
    valid(right, "give always, never or a whole number from 1 to 1000")
}

/// A time in whole seconds, `s` after it or not.
pub(super) fn seconds(value: &str) -> Checked {
    let right = as_seconds(value).is_some_and(|seconds| (1..=86_400).contains(&seconds));
    valid(right, "give whole seconds from 1 to 86400")
}

/// The number in `90` or `90s`.
pub(super) fn as_seconds(value: &str) -> Option<u64> {
    value.strip_suffix('s').unwrap_or(value).parse().ok()
}

/// The URL of a proxy.
pub(super) fn proxy(value: &str) -> Checked {
    let known = ["http", "https", "socks5", "socks5h"];
    let right = url::Url::parse(value).is_ok_and(|url| known.contains(&url.scheme()) && url.has_host());
    valid(right, "give a URL such as http://proxy:3128 or socks5h://127.0.0.1:9050")
}

/// Globs, comma-separated.
pub(super) fn globs(value: &str) -> Checked {
    let right = !value.trim().is_empty() && value.split(',').all(|glob| Glob::new(glob.trim()).is_ok());
    valid(right, "give globs such as work or proj-*, comma-separated")
}

/// Kinds of calendar items.
pub(super) fn components(value: &str) -> Checked {
    let known = ["VEVENT", "VTODO", "VJOURNAL"];
    let right = value.split(',').all(|name| known.contains(&name.trim().to_ascii_uppercase().as_str()));
    valid(right, "give some of VEVENT, VTODO and VJOURNAL, comma-separated")
}

/// A moment, on whatever clock and whenever today is.
pub(super) fn date(value: &str) -> Checked {
    Edge::parse(value, &jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC)).map(drop)
}

/// What to do with what differs.
pub(super) fn on_conflict(value: &str) -> Checked {
    valid(matches!(value, "keep" | "overwrite" | "copy"), "give keep, overwrite or copy")
}

/// What becomes of the properties of a collection that is there.
pub(super) fn properties(value: &str) -> Checked {
    valid(matches!(value, "set" | "keep"), "give set or keep")
}

/// What may happen to attendees.
pub(super) fn scheduling(value: &str) -> Checked {
    valid(matches!(value, "silent" | "server" | "without-attendees"), "give silent, server or without-attendees")
}

fn valid(right: bool, otherwise: &'static str) -> Checked {
    if right { Ok(()) } else { Err(otherwise) }
}
