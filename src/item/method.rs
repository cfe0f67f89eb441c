//! The line that says what an invitation that is sent by mail is for: REQUEST, PUBLISH and so on (RFC 5546 §1.4).

use super::lines::{Line, logical_lines, unfold};

/// The item without that line, which nothing that lies in a calendar may have (RFC 4791 §4.1); none if it has none.
/// Everything else keeps its bytes.
#[must_use]
pub fn without(item: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Vec::with_capacity(item.len());
    let mut open = 0_usize;
    for raw in logical_lines(item) {
        let line = unfold(raw).into_iter().next().unwrap_or_default();
        match Line::parse(&line) {
            Some(line) if line.is("BEGIN") => open += 1,
            Some(line) if line.is("END") => open = open.saturating_sub(1),
            // Only that of the calendar; a METHOD of anything within it is somebody's own.
            Some(line) if open == 1 && line.is("METHOD") => continue,
            _ => {}
        }
        rest.extend_from_slice(raw);
    }
    (rest.len() < item.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_of_the_calendar_goes() {
        let text = "BEGIN:VCALENDAR\r\nmeth\r\n od:PUBLISH\r\nBEGIN:VEVENT\nMETHOD:x\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let rest = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\nMETHOD:x\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(without(text.as_bytes()).as_deref(), Some(rest.as_bytes()));
        assert_eq!(without(rest.as_bytes()), None);
    }
}
