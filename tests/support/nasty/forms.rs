//! What is about bytes and not about meaning: the same few items in every form that programs have written.

use super::{Item, STAMP, WHEN};

/// Name of a form, and what it makes of the lines of an item.
type Form = (&'static str, fn(&[&str]) -> Vec<u8>);

const FORMS: [Form; 9] = [
    ("lines-lf", |lines| (lines.join("\n") + "\n").into_bytes()),
    ("lines-mixed", |lines| lines.chunks(2).map(|two| two.join("\r\n") + "\n").collect::<String>().into_bytes()),
    ("lines-no-end", |lines| lines.join("\r\n").into_bytes()),
    ("lines-blank-end", |lines| (lines.join("\r\n") + "\r\n\r\n\r\n").into_bytes()),
    ("lines-marked", |lines| (String::from("\u{feff}") + &lines.join("\r\n") + "\r\n").into_bytes()),
    ("folds-short", |lines| folded(lines, 20, b"\r\n ")),
    ("folds-tabs", |lines| folded(lines, 60, b"\r\n\t")),
    ("folds-inside", |lines| folded(lines, 75, b"\r\n ")),
    ("folds-never", |lines| (lines.join("\r\n") + "\r\n").into_bytes()),
];

/// Folds each line after so many octets, also within a character (RFC 5545 §3.1 warns of it).
fn folded(lines: &[&str], width: usize, fold: &[u8]) -> Vec<u8> {
    let each = |line: &&str| [line.as_bytes().chunks(width).collect::<Vec<_>>().join(fold), b"\r\n".to_vec()].concat();
    lines.iter().flat_map(each).collect()
}

/// An event in each form.
pub fn events() -> Vec<Item> {
    let title = format!("SUMMARY:{}", "Zähneputzen über Österreich – ".repeat(8));
    FORMS
        .iter()
        .map(|(name, form)| {
            let uid = format!("UID:{name}-event");
            let mut lines = vec!["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", "BEGIN:VEVENT", &uid, STAMP];
            lines.extend(WHEN.split("\r\n"));
            lines.extend([title.as_str(), "END:VEVENT", "END:VCALENDAR"]);
            (format!("{name}.ics"), form(&lines))
        })
        .collect()
}

/// A contact of each version in each form.
pub fn cards() -> Vec<Item> {
    let note = format!("NOTE:{}", "Zähneputzen über Österreich – ".repeat(8));
    let both = |(name, form): &Form| {
        ["3.0", "4.0"].map(|version| {
            let (uid, version) = (format!("UID:{name}-{version}"), format!("VERSION:{version}"));
            let lines = [
                "BEGIN:VCARD",
                &version,
                &uid,
                "FN:Jürgen Müller-Lüdenscheidt",
                "N:Müller;Jürgen;;;",
                &note,
                "END:VCARD",
            ];
            (format!("{name}-{}.vcf", &version[8..9]), form(&lines))
        })
    };
    FORMS.iter().flat_map(both).collect()
}
