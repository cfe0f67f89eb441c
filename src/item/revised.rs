//! When an item was revised, by its own word.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::component::Component;

/// Where items say it, the better word first: `LAST-MODIFIED` (RFC 5545 §3.8.7.3), `DTSTAMP` (§3.8.7.2), `REV` (RFC 6350 §6.7.4).
const PROPERTIES: [&str; 3] = ["LAST-MODIFIED", "DTSTAMP", "REV"];

/// When the item was last revised: of an event with exceptions, the latest of them. None where it does not say so in UTC.
#[must_use]
pub fn revised(item: &[u8]) -> Option<SystemTime> {
    let whole = Component::whole(item);
    let latest = |name| whole.subjects().filter_map(|each| time(each.line(name)?.value)).max();
    PROPERTIES.into_iter().find_map(latest)
}

/// `20260131T093000Z`, and as vCards may write it `2026-01-31T09:30:00Z`.
fn time(value: &[u8]) -> Option<SystemTime> {
    let value = std::str::from_utf8(value).ok()?.trim();
    let parse = |format| DateTime::strptime(format, value).ok();
    let time = parse("%Y%m%dT%H%M%SZ").or_else(|| parse("%Y-%m-%dT%H:%M:%SZ"))?;
    let seconds = time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(item: &str) -> Option<u64> {
        revised(item.as_bytes()).map(|time| time.duration_since(UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn the_latest_revision_of_what_an_item_is_about_counts_and_none_of_its_time_zones() {
        let item = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nLAST-MODIFIED:20300101T000000Z\nEND:VTIMEZONE\nBEGIN:VEVENT\n\
                    DTSTAMP:20270101T000000Z\nLAST-MODIFIED:20010909T014640Z\nEND:VEVENT\nBEGIN:VEVENT\n\
                    LAST-MODIFIED:20010909T014642Z\nEND:VEVENT\nEND:VCALENDAR\n";
        assert_eq!(seconds(item), Some(1_000_000_002));
        assert_eq!(seconds(&item.replace("LAST-MODIFIED", "X")), Some(1_798_761_600));
        assert_eq!(seconds("BEGIN:VCARD\nREV:2001-09-09T01:46:40Z\nEND:VCARD\n"), Some(1_000_000_000));
    }

    #[test]
    fn what_says_nothing_that_can_be_understood_was_revised_at_no_time() {
        for said in ["", "DTSTAMP:soon\n", "DTSTAMP:19000101T000000Z\n", "DTSTAMP:20260101\n"] {
            assert_eq!(seconds(&format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{said}END:VEVENT\nEND:VCALENDAR\n")), None);
        }
    }
}
