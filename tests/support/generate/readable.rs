//! The account of the demo: small enough to read.

use super::{Account, Collection, Kind};

/// Two calendars, a to-do list and an address book.
pub fn account() -> Account {
    Account {
        collections: vec![
            calendar(["work", "Work", "#1e6fd9", "What the office wants"], 1, &WORK),
            calendar(["family", "Family", "#2fa84f", "Birthdays, school and holidays"], 2, &FAMILY),
            calendar(["todo", "To do", "#f2a33c", "What must not be forgotten"], 3, &TODO),
            Collection {
                folder: "friends".into(),
                kind: Kind::AddressBook,
                displayname: "Friends".into(),
                color: None,
                description: "People, not customers".into(),
                order: None,
                items: FRIENDS.iter().map(card).collect(),
            },
        ],
    }
}

fn calendar([folder, name, color, description]: [&str; 4], order: u32, items: &[Item]) -> Collection {
    Collection {
        folder: folder.into(),
        kind: Kind::Calendar,
        displayname: name.into(),
        color: Some(color.into()),
        description: description.into(),
        order: Some(order),
        items: items.iter().map(event).collect(),
    }
}

/// File name without its end, component, and the lines that are its own.
type Item = (&'static str, &'static str, &'static [&'static str]);

const WORK: [Item; 4] = [
    (
        "team-meeting",
        "VEVENT",
        &[
            "SUMMARY:Team meeting",
            "DTSTART:20260105T090000Z",
            "DTEND:20260105T093000Z",
            "RRULE:FREQ=WEEKLY;BYDAY=MO",
            "LOCATION:Room 2",
        ],
    ),
    (
        "budget",
        "VEVENT",
        &["SUMMARY:Budget 2027", "DTSTART:20261012T130000Z", "DTEND:20261012T150000Z", "LOCATION:Board room"],
    ),
    (
        "conference",
        "VEVENT",
        &[
            "SUMMARY:Conference in Kraków",
            "DTSTART;VALUE=DATE:20260616",
            "DTEND;VALUE=DATE:20260619",
            "DESCRIPTION:Train at 7:12\\, hotel is booked.",
        ],
    ),
    ("review", "VEVENT", &["SUMMARY:Design review", "DTSTART:20260921T140000Z", "DTEND:20260921T150000Z"]),
];

const FAMILY: [Item; 4] = [
    ("grandma", "VEVENT", &["SUMMARY:Grandma's birthday 🎂", "DTSTART;VALUE=DATE:19450509", "RRULE:FREQ=YEARLY"]),
    ("school-play", "VEVENT", &["SUMMARY:School play", "DTSTART:20261203T170000Z", "DTEND:20261203T183000Z"]),
    (
        "holidays",
        "VEVENT",
        &["SUMMARY:Holidays at the sea", "DTSTART;VALUE=DATE:20260801", "DTEND;VALUE=DATE:20260816"],
    ),
    ("dentist", "VEVENT", &["SUMMARY:Dentist (Mia)", "DTSTART:20261118T081500Z", "DTEND:20261118T084500Z"]),
];

const TODO: [Item; 2] = [
    ("tax", "VTODO", &["SUMMARY:Tax declaration", "DUE;VALUE=DATE:20270731", "STATUS:NEEDS-ACTION"]),
    ("bicycle", "VTODO", &["SUMMARY:Repair the bicycle", "STATUS:COMPLETED", "COMPLETED:20260402T180000Z"]),
];

/// File name without its end, full name, family and given name, address of mail.
const FRIENDS: [(&str, &str, &str, &str); 3] = [
    ("ada", "Ada Lovelace", "Lovelace;Ada;;;", "ada@example.org"),
    ("grace", "Grace Hopper", "Hopper;Grace;;;", "grace@example.org"),
    ("emilie", "Émilie du Châtelet", "du Châtelet;Émilie;;;", "emilie@example.org"),
];

fn event((name, component, own): &Item) -> (String, Vec<u8>) {
    let own = own.join("\r\n");
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davault//demo//EN\r\nBEGIN:{component}\r\n\
         UID:{name}@demo.davault\r\nDTSTAMP:20260101T120000Z\r\n{own}\r\nEND:{component}\r\nEND:VCALENDAR\r\n"
    );
    (format!("{name}.ics"), text.into_bytes())
}

fn card((name, full, parts, mail): &(&str, &str, &str, &str)) -> (String, Vec<u8>) {
    let text = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{name}@demo.davault\r\nFN:{full}\r\nN:{parts}\r\nEMAIL:{mail}\r\nEND:VCARD\r\n"
    );
    (format!("{name}.vcf"), text.into_bytes())
}
