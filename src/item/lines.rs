//! Content lines (RFC 5545 §3.1, RFC 6350 §3.2): unfolding, and the parts of one line.

use std::borrow::Cow;

/// The content lines of an item, unfolded, without line ends and empty lines.
///
/// Works on octets: a fold within a UTF-8 character is undone like any other. A byte order mark at the start is left out.
pub fn unfold(item: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let item = item.strip_prefix(b"\xef\xbb\xbf").unwrap_or(item);
    let mut lines: Vec<Cow<'_, [u8]>> = Vec::new();
    for line in item.split(|byte| *byte == b'\n') {
        let line = without_cr(line);
        match (line, lines.last_mut()) {
            ([b' ' | b'\t', rest @ ..], Some(last)) => last.to_mut().extend_from_slice(rest),
            ([], _) => {}
            _ => lines.push(Cow::Borrowed(line)),
        }
    }
    lines
}

/// Each content line with its folds and its line end.
pub fn logical_lines(item: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = item;
    while !rest.is_empty() {
        let next = |(at, byte): (usize, &u8)| *byte == b'\n' && !matches!(rest.get(at + 1), Some(b' ' | b'\t'));
        let end = rest.iter().enumerate().position(next).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
        lines.push(line);
        rest = after;
    }
    lines
}

/// Longest line without its line end, in octets (RFC 5545 §3.1).
const LONGEST: usize = 75;

/// A content line, folded where it is too long, never within a character; ends as `end` says.
pub fn fold(line: &[u8], end: &[u8]) -> Vec<u8> {
    let mut folded = Vec::with_capacity(line.len() + 8);
    let mut length = 0;
    for (at, byte) in line.iter().enumerate() {
        let begins_character = byte & 0xc0 != 0x80;
        let character = if begins_character {
            1 + line.iter().skip(at + 1).take(3).take_while(|byte| **byte & 0xc0 == 0x80).count()
        } else {
            1
        };
        if begins_character && length + character > LONGEST {
            folded.extend_from_slice(end);
            folded.push(b' ');
            length = 1;
        }
        folded.push(*byte);
        length += 1;
    }
    folded.extend_from_slice(end);
    folded
}

fn without_cr(mut line: &[u8]) -> &[u8] {
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}

/// The parts of a content line: `group.NAME;PARAMETER=value,"value":value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// vCard's group (RFC 6350 §3.3), without the dot.
    pub group: Option<&'a [u8]>,
    /// As written, not folded to one case.
    pub name: &'a [u8],
    pub parameters: Vec<Parameter<'a>>,
    /// As written, still escaped.
    pub value: &'a [u8],
}

/// A parameter; one without `=`, as vCard 2.1 has them, has no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter<'a> {
    pub name: &'a [u8],
    /// Without the quotation marks around them.
    pub values: Vec<&'a [u8]>,
}

impl<'a> Line<'a> {
    /// The parts of an unfolded line; none if it has no colon or no name.
    pub fn parse(line: &'a [u8]) -> Option<Line<'a>> {
        // A quotation mark without its partner is taken for an ordinary character.
        let colon = outside_quotes(line, b':').or_else(|| line.iter().position(|byte| *byte == b':'))?;
        let (head, value) = line.split_at_checked(colon)?;
        let mut parts = split_outside_quotes(head, b';').into_iter();
        let name = parts.next().filter(|name| !name.is_empty())?;
        let (group, name) = match name.iter().rposition(|byte| *byte == b'.') {
            Some(dot) => (name.get(..dot), name.get(dot + 1..)?),
            None => (None, name),
        };
        let parameters = parts.filter(|part| !part.is_empty()).map(parameter).collect();
        Some(Line { group, name, parameters, value: value.get(1..)? })
    }

    /// Whether this is the property of that name, in whatever case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The first value of the parameter of that name, in whatever case.
    pub fn parameter(&self, name: &str) -> Option<&'a [u8]> {
        let parameter = self.parameters.iter().find(|each| each.name.eq_ignore_ascii_case(name.as_bytes()))?;
        parameter.values.first().copied()
    }
}

fn parameter(part: &[u8]) -> Parameter<'_> {
    let Some(at) = part.iter().position(|byte| *byte == b'=') else {
        return Parameter { name: part, values: Vec::new() };
    };
    let (name, value) = part.split_at_checked(at).unwrap_or((part, b"="));
    let values = split_outside_quotes(value.get(1..).unwrap_or_default(), b',');
    Parameter { name, values: values.into_iter().map(unquoted).collect() }
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'"') => inner,
        _ => value,
    }
}

fn outside_quotes(text: &[u8], wanted: u8) -> Option<usize> {
    let mut quoted = false;
    text.iter().position(|byte| {
        quoted ^= *byte == b'"';
        *byte == wanted && !quoted
    })
}

fn split_outside_quotes(text: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut quoted = false;
    text.split(|byte| {
        quoted ^= *byte == b'"';
        *byte == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(item: &[u8]) -> Vec<Vec<u8>> {
        unfold(item).into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn a_fold_is_undone_with_either_line_end_and_either_blank() {
        for item in ["SUMMARY:a\r\n b\r\nUID:1\r\n", "SUMMARY:a\n\tb\nUID:1", "\nSUMMARY:a\r\r\n b\n\nUID:1\n\n"] {
            assert_eq!(unfolded(item.as_bytes()), [b"SUMMARY:ab".to_vec(), b"UID:1".to_vec()]);
        }
    }

    #[test]
    fn a_long_line_is_folded_between_characters() {
        let line = format!("X:{}", "ü".repeat(80));
        let folded = fold(line.as_bytes(), b"\r\n");
        assert!(folded.split(|byte| *byte == b'\n').all(|line| line.len() <= 76 && std::str::from_utf8(line).is_ok()));
        assert_eq!(unfolded(&folded), [line.into_bytes()]);
        assert_eq!(fold(b"A:b", b"\n"), b"A:b\n");
    }

    #[test]
    fn a_fold_within_a_character_is_undone() {
        assert_eq!(unfolded(b"FN:Z\xc3\r\n \xbcrich\r\n"), ["FN:Zürich".as_bytes().to_vec()]);
    }

    #[test]
    fn only_one_blank_of_a_continuation_belongs_to_the_fold() {
        assert_eq!(unfolded(b"A:b\r\n  c\r\n"), [b"A:b c".to_vec()]);
    }

    #[test]
    fn a_colon_within_quotation_marks_does_not_end_the_parameters() {
        let line = Line::parse(b"item1.ATTENDEE;CN=\"a:b;c,d\";X=1,\"2\";HOME:mailto:x@y").expect("a line");
        assert_eq!((line.group, line.name, line.value), (Some(&b"item1"[..]), &b"ATTENDEE"[..], &b"mailto:x@y"[..]));
        assert_eq!(line.parameter("cn"), Some(&b"a:b;c,d"[..]));
        let values: Vec<_> = line.parameters.iter().map(|parameter| parameter.values.len()).collect();
        assert_eq!(values, [1, 2, 0]);
    }

    #[test]
    fn a_lone_quotation_mark_is_an_ordinary_character() {
        let line = Line::parse(b"X;CN=12\" disk:value").expect("a line");
        assert_eq!((line.parameter("CN"), line.value), (Some(&b"12\" disk"[..]), &b"value"[..]));
    }
}
