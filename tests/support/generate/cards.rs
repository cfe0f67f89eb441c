//! Contacts, as vCard 3.0 (RFC 2426) and 4.0 (RFC 6350).

use super::Style;
use super::text::{Chance, Lines, paragraph, pick, sentence};

const GIVEN: [&str; 10] = ["Anna", "Jürgen", "Zoë", "Łukasz", "Мария", "太郎", "José", "Björk", "Omar", "Grace"];
const FAMILY: [&str; 10] =
    ["Müller", "Smith", "O'Neill", "García", "Иванова", "山田", "Ångström", "de la Cruz", "Haddad", "Hopper"];

/// The contact at this place of its book: its name and its bytes.
pub fn item(chance: &mut Chance, place: usize, style: Style) -> (String, Vec<u8>) {
    let uid = chance.uuid();
    let mut lines = Lines::new(style.split_characters);
    lines.add("BEGIN:VCARD");
    if place % 3 == 2 {
        newer(chance, &mut lines, &uid, place);
    } else {
        older(chance, &mut lines, &uid);
    }
    if style.attachment_bytes > 0 && place % 20 == 4 {
        photo(chance, &mut lines, place, style);
    }
    lines.add(&format!("X-DAVAULT-NOTE:{}", sentence(chance, 3)));
    lines.add(&format!("REV:2025{:02}{:02}T101500Z", 1 + chance.below(12), 1 + chance.below(28)));
    lines.add("END:VCARD");
    (format!("{uid}.vcf"), lines.done())
}

fn older(chance: &mut Chance, lines: &mut Lines, uid: &str) {
    let (given, family) = name(chance);
    lines.add_all(&["VERSION:3.0", "PRODID:-//davault//seeded account//EN"]);
    lines.add(&format!("UID:{uid}"));
    lines.add(&format!("FN:{given} {family}"));
    lines.add(&format!("N:{family};{given};;;"));
    lines.add(&format!("EMAIL;TYPE=HOME:{}.{}@example.org", chance.below(100_000), chance.below(1_000)));
    lines.add(&format!("TEL;TYPE=CELL:+49 151 {}", 1_000_000 + chance.below(8_999_999)));
    lines.add(&format!(
        "ADR;TYPE=HOME:;;{} {};{};;{:05};Österreich",
        street(chance),
        chance.below(99),
        "Graz",
        chance.below(99_999)
    ));
    lines.add(&format!("BDAY:19{:02}-{:02}-{:02}", 30 + chance.below(70), 1 + chance.below(12), 1 + chance.below(28)));
    lines.add(&format!("CATEGORIES:{}", if chance.one_in(2) { "Family" } else { "Colleagues" }));
    if chance.one_in(3) {
        // A group as Apple's clients write it: a label for the property beside it.
        lines.add(&format!("item1.URL:https://people.example.com/{}", chance.below(100_000)));
        lines.add("item1.X-ABLabel:_$!<HomePage>!$_");
    }
    if chance.one_in(2) {
        let sentences = 2 + chance.below(3);
        lines.add(&format!("NOTE:{}", paragraph(chance, sentences)));
    }
}

fn newer(chance: &mut Chance, lines: &mut Lines, uid: &str, place: usize) {
    lines.add("VERSION:4.0");
    lines.add(&format!("UID:urn:uuid:{uid}"));
    if place % 60 == 59 {
        lines.add_all(&["KIND:group", &format!("FN:{}", sentence(chance, 2))]);
        for _ in 0..3 {
            lines.add(&format!("MEMBER:urn:uuid:{}", chance.uuid()));
        }
        return;
    }
    let (given, family) = name(chance);
    lines.add("KIND:individual");
    lines.add(&format!("FN:{given} {family}"));
    lines.add(&format!("N:{family};{given};;;"));
    lines.add(&format!("EMAIL;TYPE=work;PREF=1:{}@example.org", chance.below(100_000)));
    lines.add(&format!("TEL;VALUE=uri;TYPE=voice:tel:+49-30-{}", 100_000 + chance.below(899_999)));
    lines.add(&format!("ORG:{};{}", sentence(chance, 2), sentence(chance, 1)));
    lines.add(&format!("BDAY:--{:02}{:02}", 1 + chance.below(12), 1 + chance.below(28)));
    lines.add("GENDER:O");
    lines.add(&format!("NOTE:{}", paragraph(chance, 2)));
}

/// A photo of 12 KB, in the way of the card's version; vCard 4.0 has a `data:` URI, whose comma is not gentle.
fn photo(chance: &mut Chance, lines: &mut Lines, place: usize, style: Style) {
    if place % 3 != 2 {
        let data = chance.base64(12 * 1024);
        lines.add(&format!("PHOTO;ENCODING=b;TYPE=JPEG:{data}"));
    } else if style.gentle {
        lines.add(&format!("PHOTO:https://people.example.com/photo/{}.jpg", chance.below(100_000)));
    } else {
        let data = chance.base64(12 * 1024);
        lines.add(&format!("PHOTO:data:image/jpeg;base64,{data}"));
    }
}

fn name(chance: &mut Chance) -> (&'static str, &'static str) {
    let (given, family) = (chance.below(10), chance.below(10));
    (pick(&GIVEN, usize::try_from(given).unwrap_or(0)), pick(&FAMILY, usize::try_from(family).unwrap_or(0)))
}

fn street(chance: &mut Chance) -> String {
    format!("{}straße", sentence(chance, 1))
}
