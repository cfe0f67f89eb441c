//! Equivalences case by case, and promises for any input.

use proptest::prelude::*;

use super::*;
use crate::item::{difference, identity, kind, summary, terminator};

fn event(lines: &str) -> Vec<u8> {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n").into_bytes()
}

fn card(lines: &str) -> Vec<u8> {
    format!("BEGIN:VCARD\nVERSION:3.0\nUID:1\n{lines}\nEND:VCARD\n").into_bytes()
}

#[test]
fn what_servers_do_to_events_does_not_count() {
    let same_events = [
        ("SUMMARY:a\nLOCATION:b", "location:b\nsummary:a"),
        (
            "SUMMARY:a\nDTSTAMP:20260101T000000Z\nCREATED:20260101T000000Z",
            "SUMMARY:a\nLAST-MODIFIED:20260101T000000Z\nX-RADICALE-NAME:x",
        ),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,TU;INTERVAL=1", "RRULE:BYDAY=TU,MO;freq=weekly;WKST=MO"),
        ("CATEGORIES:a,b", "CATEGORIES:b\nCATEGORIES:a"),
        (
            "EXDATE;TZID=X:20260101T000000,20260102T000000",
            "EXDATE;TZID=\"X\":20260102T000000\nEXDATE;TZID=X:20260101T000000",
        ),
        ("SUMMARY:a\\, b\\; c\\nd", "SUMMARY:a, b; c\\Nd"),
        (
            "ATTENDEE;CN=A;ROLE=REQ-PARTICIPANT;SCHEDULE-STATUS=3.7:MAILTO:a@x",
            "ATTENDEE;PARTSTAT=needs-action;CN=\"A\":mailto:a@x",
        ),
        ("BEGIN:VALARM\nTRIGGER:-PT90M\nEND:VALARM", "BEGIN:VALARM\nTRIGGER;VALUE=DURATION:-PT1H30M\nEND:VALARM"),
        ("GEO:1.0;2.5", "GEO:1.000000\\;2.500000"),
        (
            "DTSTART;VALUE=DATE-TIME:20260101T000000Z",
            "DTSTART:20260101T000000Z\nCLASS:PUBLIC\nTRANSP:OPAQUE\nSEQUENCE:0",
        ),
        ("ATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA", "ATTACH;VALUE=BINARY;ENCODING=B:AA AA"),
        ("SUMMARY:a", "SUMMARY:a\nBEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE"),
        // Radicale and Xandikos (vobject and icalendar know no zone of that name).
        ("DTSTART;TZID=UTC:20260101T000000", "DTSTART:20260101T000000Z"),
        ("EXDATE;TZID=Etc/UTC:20260101T000000,20260102T000000", "EXDATE:20260102T000000Z\nEXDATE:20260101T000000Z"),
        // SOGo.
        ("DTSTART;VALUE=DATE:20260101", "DTSTART;VALUE=DATE:20260101\nDURATION:P1D"),
        // Cyrus and SOGo.
        ("SUMMARY:a\nLOCATION:\nDESCRIPTION;LANGUAGE=de:", "SUMMARY:a"),
    ];
    for (one, other) in same_events {
        assert_eq!(difference::names(&event(one), &event(other)), [""; 0], "{one}");
        assert_eq!(fingerprint(&event(one)), fingerprint(&event(other)), "{one}");
    }
}

#[test]
fn what_servers_do_to_cards_does_not_count() {
    let same_cards = [
        ("TEL;TYPE=HOME,VOICE:1", "TEL;TYPE=voice;TYPE=home:1"),
        ("TEL;TYPE=\"voice,home\":1", "TEL;TYPE=home;TYPE=voice:1"),
        ("TEL;TYPE=CELL:1", "TEL;CELL:1\nREV:20260101T000000Z"),
        ("N:Müller;Anna;;;", "N:Müller;Anna"),
        ("PHOTO;ENCODING=b;TYPE=JPEG:AAAA", "PHOTO;TYPE=jpeg;ENCODING=BASE64:AAAA"),
        ("item1.URL:http://x\nitem1.X-ABLabel:y", "ITEM1.X-ABLABEL:y\nITEM1.URL:http://x"),
        ("NOTE:a\\, b", "NOTE;CHARSET=UTF-8:a, b"),
        // Cyrus and DAViCal.
        ("NICKNAME:a;b,c", "NICKNAME:a\\;b,c"),
        // go-webdav.
        ("N;SORT-AS=\"Muller,Anna\":Müller;Anna", "N;SORT-AS=Muller;SORT-AS=Anna:Müller;Anna"),
        ("FN:a\nNOTE:", "FN:a"),
    ];
    for (one, other) in same_cards {
        assert_eq!(difference::names(&card(one), &card(other)), [""; 0], "{one}");
    }
}

#[test]
fn what_a_person_would_miss_does_count() {
    let others = [
        "SUMMARY:b",
        "SUMMARY:A",
        "SUMMARY:a\nSEQUENCE:1",
        "SUMMARY;LANGUAGE=de:a",
        "SUMMARY:a\nX-OWN:1",
        "SUMMARY:a\nSUMMARY:a",
        "SUMMARY:a\nDTSTART:20260101T000000Z",
        "SUMMARY:a\nDTSTART:20260101T000000",
        "SUMMARY:a\nDTSTART;TZID=Europe/Vienna:20260101T000000",
        "SUMMARY:a\nDTSTART;VALUE=DATE:20260101",
        "SUMMARY:a\nDTSTART;VALUE=DATE:20260101\nDURATION:P2D",
        "SUMMARY:a\nDTSTART:20260101T000000Z\nDURATION:P1D",
        "SUMMARY:a\nX-OWN:",
        "SUMMARY:a\nRRULE:FREQ=DAILY",
        "SUMMARY:a\nRRULE:FREQ=DAILY;INTERVAL=2",
        "SUMMARY:a\nEXDATE:20260101T000000Z",
        "SUMMARY:a\nCATEGORIES:x",
        "SUMMARY:a\nBEGIN:VALARM\nEND:VALARM",
        "SUMMARY:a\nURL:http://x/A",
        "SUMMARY:a\nURL:http://x/a",
        "a line without a colon",
        "SUMMARY:a\\\\nb",
        "SUMMARY:a\\nb",
        "SUMMARY:a\nTRANSP:TRANSPARENT",
        "SUMMARY:a",
        "SUMMARY:a ",
    ];
    let prints: std::collections::HashSet<_> = others.iter().map(|lines| fingerprint(&event(lines))).collect();
    assert_eq!(prints.len(), others.len());
    assert_ne!(fingerprint(&card("ORG:a;b")), fingerprint(&card("ORG:a\\;b")));
    assert_ne!(fingerprint(&card("NICKNAME:a,b")), fingerprint(&card("NICKNAME:a\\,b")));
    assert_ne!(fingerprint(&card("N:a,b;c")), fingerprint(&card("N:a\\,b;c")));
}

#[test]
fn the_fingerprint_of_this_version_is_this_one() {
    let print = fingerprint(&event("SUMMARY:Lunch"));
    assert_eq!(
        print[..8],
        [0x0e, 0xef, 0xf7, 0xd7, 0x2b, 0x8c, 0x77, 0x55],
        "a change of the normal form needs a new VERSION"
    );
}

/// Content lines without folds; values with every character that matters.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = ("[A-Z]{3,8}", "(;[A-Z]{2,5}=[a-z\":,;äλ]{0,4})?", "[a-z\\\\,;:=\"N äλ🎂]{0,90}")
        .prop_map(|(name, parameter, value)| format!("X-{name}{parameter}:{value}"));
    prop::collection::vec(line, 0..8)
}

/// The same content with folds after every so many octets and the given line end.
fn refolded(item: &[u8], width: usize, end: &str) -> Vec<u8> {
    let mut folded = Vec::new();
    for line in item.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let fold = format!("{end} ");
        folded.extend(line.chunks(width).collect::<Vec<_>>().join(fold.as_bytes()));
        folded.extend_from_slice(end.as_bytes());
    }
    folded
}

proptest! {
    #[test]
    fn folds_line_ends_and_order_do_not_count(lines in lines(), width in 1_usize..100, end in prop::sample::select(vec!["\n", "\r\n", "\n\t"])) {
        let item = event(&lines.join("\n"));
        let mut turned = lines.clone();
        turned.reverse();
        let end = if end == "\n\t" { "\r\n" } else { end };
        let other = refolded(&event(&turned.join("\n")), width, end);
        prop_assert_eq!(fingerprint(&item), fingerprint(&other));
        prop_assert_eq!(difference::names(&item, &other), Vec::<String>::new());
        prop_assert_eq!(identity::of(&item), identity::of(&other));
    }

    #[test]
    fn another_uid_or_another_title_is_another_fingerprint(one in "[a-zäλ ,;]{0,20}", other in "[a-zäλ ,;]{0,20}") {
        prop_assume!(one != other);
        prop_assert_ne!(fingerprint(&event(&format!("SUMMARY:{one}"))), fingerprint(&event(&format!("SUMMARY:{other}"))));
        prop_assert_ne!(fingerprint(&card(&format!("X-UID:{one}"))), fingerprint(&card(&format!("X-UID:{other}"))));
    }

    #[test]
    fn no_bytes_make_it_panic(item in prop::collection::vec(any::<u8>(), 0..400), other in "(BEGIN:|END:|VEVENT|VCARD|RRULE:|TRIGGER:|GEO:|[A-Z;:=,\"\\\\.+-9]|\n|\r| ){0,80}") {
        for item in [item.as_slice(), other.as_bytes()] {
            let crlf = terminator::to_crlf(item);
            prop_assert!(same(item, &crlf));
            prop_assert_eq!(difference::names(item, other.as_bytes()).is_empty(), same(item, other.as_bytes()));
            let _ = (identity::of(item), kind::Kind::of(item), summary::of(item).to_string());
        }
    }
}

#[test]
fn a_period_in_utc_is_none_on_a_clock_without_a_zone() {
    let utc = event("RDATE;VALUE=PERIOD;TZID=UTC:20260101T000000/PT1H");
    assert!(!same(&utc, &event("RDATE;VALUE=PERIOD:20260101T000000/PT1H")));
    assert!(same(&event("RDATE;VALUE=DATE;TZID=UTC:20260101"), &event("RDATE;VALUE=DATE:20260101")));
}
