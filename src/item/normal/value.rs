//! The value of a property in normal form.

use super::Line;
use crate::item::text::{escape, split, unescape};

/// How the value of a property is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One text: every escape counts, a separator without one is part of it.
    Text,
    /// Texts between commas whose order has no meaning, and which may also stand on a line each.
    Texts,
    /// Times between commas, which may also stand on a line each.
    Times,
    /// Fields between semicolons; empty ones at the end may be left out.
    Fields,
    /// A word in any case.
    Word,
    /// A recurrence rule.
    Rule,
    /// A time span.
    Span,
    /// Latitude and longitude.
    Place,
    /// Base64, in which blanks have no meaning.
    Base64,
    /// The address of a person.
    Address,
    /// Anything else: kept, but for the two ways to write an escaped line end.
    Other,
}

/// Form by name (RFC 5545 §3.8, RFC 6350 §6, RFC 2426 §3).
const FORMS: [(Form, &[&str]); 9] = [
    (
        Form::Text,
        &[
            "SUMMARY",
            "DESCRIPTION",
            "LOCATION",
            "COMMENT",
            "CONTACT",
            "UID",
            "TZNAME",
            "NAME",
            "FN",
            "NOTE",
            "TITLE",
            "LABEL",
            "SORT-STRING",
            "X-ABLABEL",
            "X-WR-CALNAME",
            "X-WR-CALDESC",
        ],
    ),
    (Form::Texts, &["CATEGORIES", "RESOURCES", "NICKNAME"]),
    (Form::Times, &["EXDATE", "RDATE"]),
    (Form::Fields, &["N", "ADR", "ORG", "GENDER"]),
    (Form::Word, &["STATUS", "ACTION", "CLASS", "TRANSP", "KIND", "CALSCALE"]),
    (Form::Rule, &["RRULE", "EXRULE"]),
    (Form::Span, &["DURATION", "TRIGGER"]),
    (Form::Place, &["GEO"]),
    (Form::Address, &["ATTENDEE", "ORGANIZER"]),
];

/// The values that the line stands for, in normal form: one, or those of a list.
pub fn normal(name: &str, line: &Line<'_>) -> Vec<Vec<u8>> {
    let value = line.value;
    match form(name, line) {
        Form::Text => vec![escape(&unescape(value))],
        Form::Texts => split(value, b',').into_iter().map(|text| escape(&unescape(text))).collect(),
        Form::Times => value.split(|byte| *byte == b',').map(|time| time.trim_ascii().to_ascii_uppercase()).collect(),
        Form::Fields => vec![fields(value)],
        Form::Word => vec![value.trim_ascii().to_ascii_uppercase()],
        Form::Rule => vec![rule(value)],
        Form::Span => vec![span(value).unwrap_or_else(|| value.to_vec())],
        Form::Place => vec![place(value).unwrap_or_else(|| value.to_vec())],
        Form::Base64 => vec![value.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()],
        Form::Address => vec![address(value)],
        Form::Other => vec![small_line_ends(value)],
    }
}

/// Whether a property of that name is one text, and nothing where that is empty.
pub fn is_text(name: &str) -> bool {
    FORMS.iter().any(|(form, names)| *form == Form::Text && names.contains(&name))
}

/// Whether it is a time without a zone: `20260101T000000`.
pub fn is_local(value: &[u8]) -> bool {
    let is_in_place = |(at, byte): (usize, &u8)| if at == 8 { *byte == b'T' } else { byte.is_ascii_digit() };
    value.len() == 15 && value.iter().enumerate().all(is_in_place)
}

/// Whether it is one time or one date, whose zone can be told by a `Z` behind it or means nothing.
pub fn is_plain_time(value: &[u8]) -> bool {
    let is_date = value.len() == 8 && value.iter().all(u8::is_ascii_digit);
    is_date || is_local(value.strip_suffix(b"Z").unwrap_or(value))
}

fn form(name: &str, line: &Line<'_>) -> Form {
    let encoding = line.parameter("ENCODING").unwrap_or_default();
    if encoding.eq_ignore_ascii_case(b"BASE64") || encoding.eq_ignore_ascii_case(b"B") {
        return Form::Base64;
    }
    FORMS.iter().find(|(_, names)| names.contains(&name)).map_or(Form::Other, |(form, _)| *form)
}

/// `\N` as `\n`; every other escape as it is.
fn small_line_ends(value: &[u8]) -> Vec<u8> {
    let mut escaped = false;
    let small = |byte: &u8| {
        let here = escaped && *byte == b'N';
        escaped = *byte == b'\\' && !escaped;
        if here { b'n' } else { *byte }
    };
    value.iter().map(small).collect()
}

fn fields(value: &[u8]) -> Vec<u8> {
    let mut fields = split(value, b';');
    while fields.len() > 1 && fields.last().is_some_and(|last| last.is_empty()) {
        fields.pop();
    }
    let texts = |field: &[u8]| {
        split(field, b',').into_iter().map(|text| escape(&unescape(text))).collect::<Vec<_>>().join(&b',')
    };
    fields.into_iter().map(texts).collect::<Vec<_>>().join(&b';')
}

/// Parts by name, lists within them sorted; without the interval and the first day of the week that are the default
/// (RFC 5545 §3.3.10).
fn rule(value: &[u8]) -> Vec<u8> {
    let value = value.to_ascii_uppercase();
    let part = |part: &[u8]| {
        let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let (name, list) = part.split_at_checked(at).unwrap_or((part, b""));
        let mut list: Vec<_> = list.get(1..).unwrap_or_default().split(|byte| *byte == b',').map(unsigned).collect();
        list.sort_unstable();
        list.dedup();
        [name.trim_ascii(), b"=", &list.join(&b',')].concat()
    };
    let mut parts: Vec<_> = value.split(|byte| *byte == b';').filter(|part| !part.is_empty()).map(part).collect();
    parts.retain(|part| part != b"INTERVAL=1" && part != b"WKST=MO");
    parts.sort_unstable();
    parts.join(&b';')
}

fn unsigned(text: &[u8]) -> &[u8] {
    text.trim_ascii().strip_prefix(b"+").unwrap_or(text.trim_ascii())
}

/// A time span in seconds (RFC 5545 §3.3.6). A day is taken for 24 hours, since servers write one for the other.
fn span(value: &[u8]) -> Option<Vec<u8>> {
    let value = std::str::from_utf8(value).ok()?.trim().to_ascii_uppercase();
    let (negative, rest) = match value.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, value.strip_prefix('+').unwrap_or(&value)),
    };
    let mut seconds: i64 = 0;
    let mut number = String::new();
    let mut in_time = false;
    for sign in rest.strip_prefix('P')?.chars() {
        let unit = match (sign, in_time) {
            ('0'..='9', _) => {
                number.push(sign);
                continue;
            }
            ('T', false) if number.is_empty() => {
                in_time = true;
                continue;
            }
            ('W', false) => 7 * 86_400,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        seconds = number.parse::<i64>().ok()?.checked_mul(unit)?.checked_add(seconds)?;
        number.clear();
    }
    number.is_empty().then(|| format!("{}PT{seconds}S", if negative && seconds > 0 { "-" } else { "" }).into_bytes())
}

/// Both numbers with six digits (RFC 5545 §3.8.1.6 asks for as many), the semicolon escaped or not.
fn place(value: &[u8]) -> Option<Vec<u8>> {
    let value = String::from_utf8(unescape(value)).ok()?;
    let (latitude, longitude) = value.split_once(';')?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    Some(format!("{:.6};{:.6}", number(latitude)?, number(longitude)?).into_bytes())
}

/// `MAILTO:` in small letters, the rest as it is.
fn address(value: &[u8]) -> Vec<u8> {
    match value.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"mailto:") => [&b"mailto:"[..], rest].concat(),
        _ => value.to_vec(),
    }
}
