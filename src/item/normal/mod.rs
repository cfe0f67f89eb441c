//! The normal form of an item: two items with the same one say the same, whatever a server did to their bytes.
//!
//! Undone are folding, line ends, the case of names, the order of what has none (properties, parameters, components, parts of
//! a rule), needless escapes and quotation marks, the two ways to write a time in UTC, and what `ignored.rs` lists: what servers
//! stamp, defaults written out, texts that are empty, and time zone components. It is for comparing only: nothing is ever
//! stored or sent in this form. What real servers were seen to do is in the tests, by their names.

use sha2::{Digest, Sha256};

use super::component::Component;
use super::kind::Kind;
use super::lines::{Line, Parameter};

mod ignored;
mod parameter;
mod value;

/// Changes whenever an item may get another normal form than before: fingerprints of different versions don't compare.
pub const VERSION: u32 = 4;

/// SHA-256 of the normal form and its version.
#[must_use]
pub fn fingerprint(item: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("davault item normal form {VERSION}\n"));
    hash.update(normal_form(item));
    hash.finalize().into()
}

/// Whether two items say the same.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one == other || normal_form(one) == normal_form(other)
}

/// The normal form itself, as unfolded lines that end in LF. An item without any component is only freed of its CRs.
#[must_use]
pub fn normal_form(item: &[u8]) -> Vec<u8> {
    let mut form = Vec::with_capacity(item.len());
    match Normal::of(item) {
        Some(normal) => normal.write(&mut form),
        None => form.extend(item.iter().filter(|byte| **byte != b'\r')),
    }
    form
}

/// A component in normal form; the order of its fields is the order in which components are sorted.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Normal {
    pub name: String,
    pub properties: Vec<Property>,
    pub children: Vec<Normal>,
}

/// A property in normal form.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Property {
    /// Without its group; the line's beginning where it is no content line.
    pub name: String,
    /// The whole line.
    pub line: Vec<u8>,
}

impl Normal {
    /// The item in normal form; none if it holds no component at all.
    pub fn of(item: &[u8]) -> Option<Normal> {
        let whole = Component::whole(item);
        (!whole.children.is_empty()).then(|| Normal::of_component(&whole))
    }

    fn of_component(component: &Component<'_>) -> Normal {
        let card = Kind::of_component(&component.name) == Kind::Card;
        let mut properties: Vec<_> = component.lines.iter().flat_map(|line| properties(line, card)).collect();
        if ignored::lasts_its_day(&component.name, &properties) {
            properties.retain(|property| property.line != ignored::ITS_DAY);
        }
        properties.sort();
        let kept = component.children.iter().filter(|child| !ignored::COMPONENTS.contains(&child.name.as_str()));
        let mut children: Vec<_> = kept.map(Normal::of_component).collect();
        children.sort();
        Normal { name: component.name.clone(), properties, children }
    }

    fn write(&self, form: &mut Vec<u8>) {
        if !self.name.is_empty() {
            form.extend_from_slice(format!("BEGIN:{}\n", self.name).as_bytes());
        }
        for property in &self.properties {
            form.extend_from_slice(&property.line);
            form.push(b'\n');
        }
        self.children.iter().for_each(|child| child.write(form));
        if !self.name.is_empty() {
            form.extend_from_slice(format!("END:{}\n", self.name).as_bytes());
        }
    }
}

/// The properties that a content line stands for: none if it is ignored, several if it is a list that may be split.
fn properties(line: &[u8], card: bool) -> Vec<Property> {
    let Some(mut parsed) = Line::parse(line) else {
        return vec![Property { name: String::new(), line: line.to_vec() }];
    };
    let name = String::from_utf8_lossy(parsed.name).to_ascii_uppercase();
    if ignored::property(&name) || (parsed.value.is_empty() && value::is_text(&name)) {
        return Vec::new();
    }
    let mut values = value::normal(&name, &parsed);
    // Of a period both ends would have to be changed: it keeps its zone.
    let is_utc = parsed.parameter("TZID").is_some_and(|zone| zone == b"UTC" || zone == b"Etc/UTC")
        && values.iter().all(|value| value::is_plain_time(value));
    if is_utc {
        parsed.parameters.retain(|parameter| !parameter.name.eq_ignore_ascii_case(b"TZID"));
    }
    let mut head = Vec::new();
    if let Some(group) = parsed.group {
        head.extend(group.to_ascii_uppercase());
        head.push(b'.');
    }
    head.extend(parsed.name.to_ascii_uppercase());
    parameter::write(&name, &parsed.parameters, card, &mut head);
    head.push(b':');
    let bare = parsed.parameters.iter().all(|parameter| ignored::parameter(parameter, &name));
    values.iter_mut().filter(|value| is_utc && value::is_local(value)).for_each(|value| value.push(b'Z'));
    let told = values.into_iter().filter(|value| !(bare && ignored::is_default(&name, value)));
    told.map(|value| Property { name: name.clone(), line: [head.as_slice(), &value].concat() }).collect()
}

#[cfg(test)]
mod tests;
