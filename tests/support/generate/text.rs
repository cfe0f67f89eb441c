//! Chance, words and content lines.

use std::fmt::Write as _;

/// Numbers that depend on the seed alone (`SplitMix64`).
pub struct Chance(u64);

impl Chance {
    /// A stream of its own for each `part` of the account, so that one collection's size does not change the next.
    pub fn of(seed: u64, part: u64) -> Chance {
        let mut chance = Chance(seed ^ part.wrapping_mul(0xd134_2543_de82_ef95));
        chance.next();
        chance
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number from 0 up to, but not, `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True once in `times` on average.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn word(&mut self) -> &'static str {
        let at = self.below(WORDS.len() as u64);
        pick(&WORDS, usize::try_from(at).unwrap_or(0))
    }

    /// A random UUID (RFC 9562 §5.4).
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff
        )
    }

    /// Base64 text that stands for `bytes` bytes of something already compressed.
    pub fn base64(&mut self, bytes: usize) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::with_capacity(bytes.div_ceil(3) * 4 + 12);
        while text.len() < bytes.div_ceil(3) * 4 {
            let mut word = self.next();
            for _ in 0..8 {
                let sign = ALPHABET.get((word & 63) as usize).copied().unwrap_or(b'A');
                text.push(char::from(sign));
                word >>= 6;
            }
        }
        text
    }
}

/// The element at `number`, counted around.
pub fn pick<'a>(of: &[&'a str], number: usize) -> &'a str {
    of.get(number % of.len().max(1)).copied().unwrap_or_default()
}

const WORDS: [&str; 96] = [
    "meeting",
    "review",
    "lunch",
    "with",
    "and",
    "the",
    "budget",
    "quarter",
    "planning",
    "dentist",
    "Schule",
    "Überblick",
    "Übergabe",
    "naïve",
    "café",
    "résumé",
    "Größe",
    "Straße",
    "Zürich",
    "København",
    "Łódź",
    "Москва",
    "встреча",
    "проект",
    "東京",
    "会議",
    "打ち合わせ",
    "🎂",
    "🚆",
    "birthday",
    "train",
    "flight",
    "project",
    "kick-off",
    "call",
    "weekly",
    "notes",
    "agenda",
    "release",
    "customer",
    "supplier",
    "offer",
    "contract",
    "draft",
    "final",
    "please",
    "bring",
    "your",
    "laptop",
    "room",
    "second",
    "floor",
    "garden",
    "concert",
    "ticket",
    "football",
    "practice",
    "parents",
    "evening",
    "morning",
    "doctor",
    "appointment",
    "insurance",
    "holiday",
    "hotel",
    "booking",
    "reference",
    "number",
    "phone",
    "conference",
    "video",
    "link",
    "minutes",
    "follow-up",
    "decision",
    "open",
    "question",
    "answer",
    "team",
    "design",
    "sketch",
    "test",
    "server",
    "backup",
    "restore",
    "invoice",
    "payment",
    "until",
    "after",
    "before",
    "about",
    "from",
    "next",
    "year",
    "month",
    "week",
];

/// A few words, the first with a capital, not escaped and without comma, semicolon or backslash.
pub fn sentence(chance: &mut Chance, words: u64) -> String {
    let mut sentence = String::new();
    for place in 0..words {
        if place > 0 {
            sentence.push(' ');
        }
        let word = chance.word();
        match (place, word.chars().next()) {
            (0, Some(first)) => {
                sentence.extend(first.to_uppercase());
                sentence.push_str(word.get(first.len_utf8()..).unwrap_or_default());
            }
            _ => sentence.push_str(word),
        }
    }
    sentence
}

/// A paragraph as the text of a property: with escaped commas, semicolons and line ends (RFC 5545 §3.3.11).
pub fn paragraph(chance: &mut Chance, sentences: u64) -> String {
    let mut text = String::new();
    for _ in 0..sentences {
        let (first, second) = (4 + chance.below(6), 3 + chance.below(5));
        let _ = write!(text, "{}\\, {}", sentence(chance, first), sentence(chance, second).to_lowercase());
        text.push_str(if chance.one_in(3) {
            ".\\n"
        } else if chance.one_in(4) {
            "\\; "
        } else {
            ". "
        });
    }
    text.truncate(text.trim_end().len());
    text
}

/// An item while it is written: content lines that end in CRLF and are folded at 75 octets.
pub struct Lines {
    bytes: Vec<u8>,
    split_characters: bool,
}

impl Lines {
    pub fn new(split_characters: bool) -> Lines {
        Lines { bytes: Vec::with_capacity(2048), split_characters }
    }

    /// Adds one line, folded (RFC 5545 §3.1): at most 75 octets a line, the continuation's space included.
    pub fn add(&mut self, line: &str) {
        let mut rest = line.as_bytes();
        let mut room = 75;
        while rest.len() > room {
            let within = |cut: usize| rest.get(cut).is_some_and(|byte| byte & 0xc0 == 0x80);
            let mut cut = room;
            while !self.split_characters && within(cut) {
                cut -= 1;
            }
            let Some((line, more)) = rest.split_at_checked(cut) else { break };
            self.bytes.extend_from_slice(line);
            self.bytes.extend_from_slice(b"\r\n ");
            rest = more;
            room = 74;
        }
        self.bytes.extend_from_slice(rest);
        self.bytes.extend_from_slice(b"\r\n");
    }

    pub fn add_all(&mut self, lines: &[&str]) {
        for line in lines {
            self.add(line);
        }
    }

    pub fn done(self) -> Vec<u8> {
        self.bytes
    }
}
