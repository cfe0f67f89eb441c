//! An item as the components that `BEGIN` and `END` make of its content lines.

use std::borrow::Cow;

use super::lines::{Line, unfold};

/// Components deeper than this are taken for plain lines. RFC 5545 needs 3.
const DEEPEST: usize = 16;

/// A component: its own lines in their order, and the components in it.
#[derive(Debug, Default)]
pub struct Component<'a> {
    /// In capitals; empty for the whole item.
    pub name: String,
    pub lines: Vec<Cow<'a, [u8]>>,
    pub children: Vec<Component<'a>>,
}

impl<'a> Component<'a> {
    /// The whole item as one component without a name. What is not closed ends with the item.
    pub fn whole(item: &'a [u8]) -> Component<'a> {
        let mut open = vec![Component::default()];
        for line in unfold(item) {
            match edge(&line) {
                Some((true, name)) if open.len() <= DEEPEST => open.push(Component { name, ..Component::default() }),
                Some((false, name)) if open.iter().any(|each| each.name == name) => {
                    while close(&mut open).is_some_and(|closed| closed != name) {}
                }
                _ => {
                    if let Some(inner) = open.last_mut() {
                        inner.lines.push(line);
                    }
                }
            }
        }
        while close(&mut open).is_some() {}
        open.pop().unwrap_or_default()
    }

    /// The components that an item is about: those of a calendar but its time zones, and cards.
    pub fn subjects(&self) -> impl Iterator<Item = &Component<'a>> {
        let (calendars, others): (Vec<_>, Vec<_>) = self.children.iter().partition(|each| each.name == "VCALENDAR");
        let inner = calendars.into_iter().flat_map(|calendar| &calendar.children);
        inner.chain(others).filter(|each| each.name != "VTIMEZONE")
    }

    /// The first line of that property.
    pub fn line(&self, name: &str) -> Option<Line<'_>> {
        self.all(name).next()
    }

    /// All lines of that property.
    pub fn all(&self, name: &str) -> impl Iterator<Item = Line<'_>> {
        self.lines.iter().filter_map(|line| Line::parse(line)).filter(move |line| line.is(name))
    }
}

/// Whether the line begins (true) or ends a component, and its name in capitals.
fn edge(line: &[u8]) -> Option<(bool, String)> {
    let begins = line.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:"));
    let ends = line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"END:"));
    let name = line.get(if begins { 6 } else { 4 }..)?.trim_ascii();
    // A name that is no text can't be told from another one when it is shown, so its line stays a line.
    let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
    (begins || ends).then(|| (begins, name.to_ascii_uppercase()))
}

/// Puts the innermost open component into the one around it; its name, or none if only the whole is left.
fn close(open: &mut Vec<Component<'_>>) -> Option<String> {
    if open.len() < 2 {
        return None;
    }
    let inner = open.pop()?;
    let name = inner.name.clone();
    open.last_mut()?.children.push(inner);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_stand_within_each_other() {
        let whole = Component::whole(b"begin:vcalendar\nBEGIN:VTIMEZONE\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n");
        let subjects: Vec<_> = whole.subjects().map(|each| each.name.as_str()).collect();
        assert_eq!(subjects, ["VEVENT"]);
        assert_eq!(
            whole.subjects().next().and_then(|event| event.children.first()).map(|alarm| &*alarm.name),
            Some("VALARM")
        );
    }

    #[test]
    fn what_is_not_closed_ends_with_what_is_around_it() {
        let whole = Component::whole(b"BEGIN:A\nBEGIN:B\nEND:A\nBEGIN:C\nX:1\n");
        assert_eq!(whole.children.iter().map(|each| each.name.as_str()).collect::<Vec<_>>(), ["A", "C"]);
        assert_eq!(whole.children[1].lines, [&b"X:1"[..]]);
    }

    #[test]
    fn a_hundred_thousand_levels_are_no_trouble() {
        let item = "BEGIN:X\n".repeat(100_000);
        let whole = Component::whole(item.as_bytes());
        assert_eq!(whole.children.len(), 1);
    }
}
