//! The parameters of a property in normal form.

use std::collections::BTreeMap;

use super::Parameter;
use super::ignored;

/// Parameters whose values are words in any case (RFC 5545 §3.2, RFC 6350 §5).
const WORDS: [&str; 12] = [
    "CUTYPE",
    "ENCODING",
    "FBTYPE",
    "PARTSTAT",
    "RANGE",
    "RELATED",
    "RELTYPE",
    "ROLE",
    "RSVP",
    "SCHEDULE-AGENT",
    "TYPE",
    "VALUE",
];

/// Writes `;NAME=value,"value"` for each parameter that counts, sorted. A name given twice is one parameter with both values.
pub fn write(property: &str, parameters: &[Parameter<'_>], card: bool, line: &mut Vec<u8>) {
    let mut sorted: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for parameter in parameters.iter().filter(|each| !ignored::parameter(each, property)) {
        // A bare word is a type in vCard 2.1, which some programs still write into 3.0.
        let bare = card && parameter.values.is_empty();
        let name = if bare { b"TYPE".to_vec() } else { parameter.name.to_ascii_uppercase() };
        let values = if bare { vec![parameter.name] } else { parameter.values.clone() };
        // Also a quoted list is one: RFC 6350 §5.6, §5.9.
        let is_list = name == b"TYPE" || name == b"SORT-AS";
        let values = values.into_iter().flat_map(|value| value.split(move |byte| is_list && *byte == b','));
        let normal = values.map(|value| normal(&name, value));
        sorted.entry(name.clone()).or_default().extend(normal);
    }
    for (name, mut values) in sorted {
        if name == b"TYPE" {
            values.sort();
            values.dedup();
        }
        line.push(b';');
        line.extend_from_slice(&name);
        for (place, value) in values.iter().enumerate() {
            line.push(if place == 0 { b'=' } else { b',' });
            quote(value, line);
        }
    }
}

fn normal(name: &[u8], value: &[u8]) -> Vec<u8> {
    let value =
        if WORDS.iter().any(|word| word.as_bytes() == name) { value.to_ascii_uppercase() } else { value.to_vec() };
    if name == b"ENCODING" && value == b"BASE64" { b"B".to_vec() } else { value }
}

fn quote(value: &[u8], line: &mut Vec<u8>) {
    let needed = value.iter().any(|byte| matches!(byte, b':' | b';' | b',')) && !value.contains(&b'"');
    if needed {
        line.push(b'"');
    }
    line.extend_from_slice(value);
    if needed {
        line.push(b'"');
    }
}
