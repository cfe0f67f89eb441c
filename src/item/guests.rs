//! What is sent of an item whose guests must not be told of it, and how that is taken back.
//!
//! Each rewriting keeps what it replaces beside it, in a parameter or a property of its own, so that [`original`] gives back
//! the item as it was. Lines that are not touched keep their bytes.

use std::borrow::Cow;

use super::lines::{Line, Parameter, fold, logical_lines, unfold};
use super::people::is_scheduled;

/// What `SCHEDULE-AGENT` said before; without one it means `SERVER` (RFC 6638 §7.1).
const AGENT_BEFORE: &str = "X-DAVAULT-SCHEDULE-AGENT";

/// The properties under which calendar users are kept.
const KEPT: [(&str, &str); 2] = [("ORGANIZER", "X-DAVAULT-ORGANIZER"), ("ATTENDEE", "X-DAVAULT-ATTENDEE")];

/// Whose lines say that the server is not to schedule for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// For an item that the account organises.
    Attendees,
    /// For an invitation that the account got.
    Organizer,
    /// Where that is not known.
    Everybodys,
}

/// The item with `SCHEDULE-AGENT=CLIENT` (RFC 6638 §7.1) in those lines that leave the scheduling to the server.
#[must_use]
pub fn left_to_client(item: &[u8], whose: Whose) -> Vec<u8> {
    rewritten(item, |line| {
        let wanted = match whose {
            Whose::Attendees => line.is("ATTENDEE"),
            Whose::Organizer => line.is("ORGANIZER"),
            Whose::Everybodys => line.is("ATTENDEE") || line.is("ORGANIZER"),
        };
        let agent = line.parameter("SCHEDULE-AGENT").map(<[u8]>::to_ascii_uppercase);
        if !wanted || matches!(agent.as_deref(), Some(b"CLIENT" | b"NONE")) {
            return None;
        }
        let before = agent.unwrap_or_else(|| b"SERVER".to_vec());
        let mut parameters: Vec<_> =
            line.parameters.iter().filter(|each| !is(each, "SCHEDULE-AGENT")).map(written).collect();
        parameters.push(b"SCHEDULE-AGENT=CLIENT".to_vec());
        parameters.push(written(&Parameter { name: AGENT_BEFORE.as_bytes(), values: vec![&before] }));
        Some(joined(line.name, &parameters, line.value))
    })
    .into_owned()
}

/// The item without calendar users: their lines become properties that no server knows.
#[must_use]
pub fn kept_as_notes(item: &[u8]) -> Vec<u8> {
    rewritten(item, |line| {
        let (_, kept) = KEPT.iter().find(|(name, _)| line.is(name))?;
        let mut parameters: Vec<_> = line.parameters.iter().filter(|each| !is(each, "VALUE")).map(written).collect();
        // Text would have its commas and semicolons escaped.
        parameters.push(b"VALUE=CAL-ADDRESS".to_vec());
        Some(joined(kept.as_bytes(), &parameters, line.value))
    })
    .into_owned()
}

/// The item as it was before [`left_to_client`] and [`kept_as_notes`]; itself where neither was at work.
#[must_use]
pub fn original(item: &[u8]) -> Cow<'_, [u8]> {
    rewritten(item, |line| {
        if let Some((name, _)) = KEPT.iter().find(|(_, kept)| line.is(kept)) {
            let parameters: Vec<_> = line.parameters.iter().filter(|each| !is(each, "VALUE")).map(written).collect();
            return Some(joined(name.as_bytes(), &parameters, line.value));
        }
        let before = line.parameter(AGENT_BEFORE)?.to_ascii_uppercase();
        let ours = |each: &&Parameter<'_>| is(each, "SCHEDULE-AGENT") || is(each, AGENT_BEFORE);
        let mut parameters: Vec<_> = line.parameters.iter().filter(|each| !ours(each)).map(written).collect();
        if before != b"SERVER" {
            parameters.push(written(&Parameter { name: b"SCHEDULE-AGENT", values: vec![&before] }));
        }
        Some(joined(line.name, &parameters, line.value))
    })
}

/// The item with other lines where `by` gives some; asked are those of components that are scheduled, alarms left out.
fn rewritten(item: &[u8], by: impl Fn(&Line<'_>) -> Option<Vec<u8>>) -> Cow<'_, [u8]> {
    let mut whole = Vec::new();
    let mut changed = false;
    let mut open: Vec<String> = Vec::new();
    for raw in logical_lines(item) {
        let line = unfold(raw).into_iter().next().unwrap_or_default();
        let new = Line::parse(&line).and_then(|line| {
            if line.is("BEGIN") {
                open.push(String::from_utf8_lossy(line.value.trim_ascii()).to_ascii_uppercase());
            } else if line.is("END") {
                open.pop();
            }
            by(&line).filter(|_| open.iter().all(|name| is_scheduled(name)))
        });
        match new {
            Some(new) => {
                let end = raw.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
                whole.extend(fold(&new, line_end(raw.get(end..).unwrap_or_default())));
                changed = true;
            }
            None => whole.extend_from_slice(raw),
        }
    }
    if changed { Cow::Owned(whole) } else { Cow::Borrowed(item) }
}

/// The line end that a rewritten line gets: its own, and CRLF where it has none.
fn line_end(own: &[u8]) -> &[u8] {
    if own.is_empty() { b"\r\n" } else { own }
}

fn is(parameter: &Parameter<'_>, name: &str) -> bool {
    parameter.name.eq_ignore_ascii_case(name.as_bytes())
}

fn joined(name: &[u8], parameters: &[Vec<u8>], value: &[u8]) -> Vec<u8> {
    let mut line = name.to_vec();
    for parameter in parameters {
        line.push(b';');
        line.extend_from_slice(parameter);
    }
    line.push(b':');
    line.extend_from_slice(value);
    line
}

/// `NAME=value,"value"`, with quotation marks where RFC 5545 §3.2 wants them.
fn written(parameter: &Parameter<'_>) -> Vec<u8> {
    let mut text = parameter.name.to_vec();
    for (at, value) in parameter.values.iter().enumerate() {
        text.push(if at == 0 { b'=' } else { b',' });
        let quoted = value.iter().any(|byte| matches!(byte, b':' | b';' | b',')) && !value.contains(&b'"');
        let mark: &[u8] = if quoted { b"\"" } else { b"" };
        text.extend([mark, value, mark].concat());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::normal;
    use crate::item::people;

    const EVENT: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nORGANIZER;CN=\"Alice, A\":mailto:alice@x\r\nATTENDEE;PARTSTAT=ACCEPTED;MEMBER=\"mailto:a@x\",\"mailto:b@x\":mailto:al\r\n ice@x\r\nattendee;SCHEDULE-AGENT=SERVER:mailto:b,ob@x\r\nATTENDEE;SCHEDULE-AGENT=NONE:mailto:c@x\r\nBEGIN:VALARM\r\nATTENDEE:mailto:d@x\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn guests_that_are_left_to_the_client_can_be_given_back_to_the_server() {
        let silent = left_to_client(EVENT.as_bytes(), Whose::Attendees);
        let people = people::of(&silent);
        assert!(people.attendees.iter().all(|one| one.left_to_client));
        assert!(people.organizers.iter().all(|one| !one.left_to_client));
        assert_eq!(left_to_client(&silent, Whose::Attendees), silent, "once is enough");
        assert!(silent.split(|byte| *byte == b'\n').all(|line| line.len() <= 76));
        assert_eq!(normal::fingerprint(&original(&silent)), normal::fingerprint(&without_agent(EVENT)));
        let both = left_to_client(EVENT.as_bytes(), Whose::Everybodys);
        assert!(people::of(&both).organizers.iter().all(|one| one.left_to_client));
    }

    /// `SERVER` is what no parameter means.
    fn without_agent(item: &str) -> Vec<u8> {
        item.replace(";SCHEDULE-AGENT=SERVER", "").into_bytes()
    }

    #[test]
    fn guests_that_are_kept_as_notes_come_back_as_they_were() {
        let notes = kept_as_notes(EVENT.as_bytes());
        assert_eq!(people::of(&notes), people::People::default());
        assert!(String::from_utf8_lossy(&notes).contains("ATTENDEE:mailto:d@x"), "an alarm needs its address");
        assert_eq!(normal::fingerprint(&original(&notes)), normal::fingerprint(EVENT.as_bytes()));
    }

    #[test]
    fn what_was_never_touched_is_its_own_original() {
        assert!(matches!(original(EVENT.as_bytes()), Cow::Borrowed(_)));
        assert!(matches!(original(b"garbage"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = (left_to_client(&bytes, Whose::Everybodys), kept_as_notes(&bytes), original(&bytes));
        }
    }
}
