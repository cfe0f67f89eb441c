//! What tags, ctags and tokens tell, and what they can't.

use std::collections::HashSet;

use crate::dav::ETag;
use crate::dav::request::Member;

/// So many seconds from our clock a ctag may be the second of now: servers' clocks differ, and another change in that second would
/// give the same ctag. QUIRK(sogo): its ctag is the second of the last change.
const NOW: u64 = 10 * 60;

/// Tags that more than one item has: of those they tell nothing.
pub(super) fn shared_tags(members: &[Member]) -> HashSet<ETag> {
    let (mut seen, mut shared) = (HashSet::new(), HashSet::new());
    for etag in members.iter().filter_map(|member| member.etag.as_ref()) {
        if !seen.insert(etag) {
            shared.insert(etag.clone());
        }
    }
    shared
}

/// QUIRK(sogo): counts the changes of an item, and begins at the same number for each, also for one that is made anew.
pub(super) fn is_counter(etag: &ETag) -> bool {
    etag.as_str().trim_matches('"').starts_with("gcs")
}

/// Whether a mark may be the second of now, both in seconds since 1970.
pub(super) fn is_now(mark: &str, now: i64) -> bool {
    mark.trim_matches('"').parse().is_ok_and(|mark: i64| mark.abs_diff(now) < NOW)
}

/// Whether a state is counted, and now counts less than it did: the server was put back to an earlier state, or the collection
/// made anew. What it says of changes means nothing then.
pub(super) fn went_back(before: Option<&str>, now: Option<&str>) -> bool {
    let (Some(before), Some(now)) = (before, now) else { return false };
    let split = |mark: &str| {
        let mark = mark.trim_matches('"');
        let at = mark.rfind(|sign: char| !sign.is_ascii_digit()).map_or(0, |at| at + 1);
        let (words, digits) = mark.split_at_checked(at)?;
        Some((words.to_owned(), digits.parse::<u64>().ok()?))
    };
    match (split(before), split(now)) {
        (Some((words_before, before)), Some((words, now))) => words_before == words && now < before,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dav::Href;

    #[test]
    fn a_mark_that_counts_less_than_before_went_back_and_no_other_does() {
        let back = |before: &str, now: &str| went_back(Some(before), Some(now));
        assert!(back("http://sabre.io/ns/sync/12", "http://sabre.io/ns/sync/11"));
        assert!(back("\"12\"", "\"9\""));
        assert!(!back("http://sabre.io/ns/sync/12", "http://sabre.io/ns/sync/13"));
        assert!(!back("a3f-12", "b3f-11"), "other words: no count");
        assert!(!back("12", "12") && !went_back(None, Some("1")) && !went_back(Some("1"), None));
    }

    #[test]
    fn a_mark_is_of_now_if_it_is_a_second_within_minutes() {
        let now = 1_700_000_000;
        assert!(is_now("1700000000", now) && is_now("\"1699999500\"", now) && is_now("1700000500", now));
        assert!(!is_now("1699990000", now) && !is_now("12", now) && !is_now("http://x/1700000000", now));
    }

    #[test]
    fn tags_that_two_have_and_counters_tell_nothing() {
        let etag = |text: &str| ETag::new(text).unwrap();
        let member = |name: &str, tag: &str| Member {
            href: Href::new(&"http://h/".parse().unwrap(), name).unwrap(),
            status: 200,
            trouble: None,
            etag: ETag::new(tag),
            size: None,
            modified: None,
        };
        let members = [member("/a", "\"1\""), member("/b", "\"1\""), member("/c", "\"2\"")];
        assert_eq!(shared_tags(&members), HashSet::from([etag("\"1\"")]));
        assert!(is_counter(&etag("\"gcs00000001\"")) && !is_counter(&etag("\"1\"")));
    }
}
