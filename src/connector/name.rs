//! Names for files and folders that are safe on every disk, made from names that a server or a snapshot gave.
//!
//! A safe name is one name (no separator, not `..`), is not hidden, has at most 255 bytes, no control character, and is none
//! of the files that describe a collection. What is unsafe in a name is written as `%` and two hexadecimal digits.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use sha2::{Digest, Sha256};

/// The file of a collection with everything that vdir has no file for.
pub const COLLECTION_FILE: &str = ".collection.json";

/// The files of a collection that describe it (vdir's metadata, and ours), which no item may be called.
pub const METADATA: [&str; 5] = ["displayname", "color", "description", "order", COLLECTION_FILE];

/// Longest name in bytes: what ext4, APFS, NTFS and their like allow.
const LONGEST: usize = 255;

/// What ends the name of a file that is still being written.
const UNFINISHED: &str = ".tmp";

/// Safe names for the names of one folder, in the same order, no two alike, not even but for their case; as [`renamed`].
#[must_use]
pub fn safe_names(stored: &[String]) -> Vec<String> {
    let mut renamed =
        renamed(stored.len(), |at| stored.get(at).map(String::as_str).unwrap_or_default().into(), |_| false);
    stored.iter().enumerate().map(|(at, name)| renamed.remove(&at).unwrap_or_else(|| name.clone())).collect()
}

/// Those of the `count` names of one folder that can't stay as they are, by their number, and the names that they get: safe ones,
/// no two of all alike, not even but for their case. `is_taken` tells of the [`hash`] of a [`folded`] name whether another item has
/// it already.
///
/// They depend only on which names there are, not on their order: of names that collide, a safe one in small letters keeps its
/// name, else a safe one, else the first in the alphabet; the others get a suffix made from their own name. Takes about 30 bytes
/// of memory a name.
#[must_use]
pub fn renamed<'a>(
    count: usize,
    name: impl Fn(usize) -> Cow<'a, str>,
    is_taken: impl Fn(u64) -> bool,
) -> HashMap<usize, String> {
    let mut order: Vec<(Claim, usize)> = (0..count).map(|at| (Claim::of(&name(at)), at)).collect();
    order.sort_unstable_by(|(one, at), (other, and)| {
        one.cmp(other).then_with(|| name(*at).cmp(&name(*and))).then_with(|| at.cmp(and))
    });
    let (mut taken, mut renamed) = (HashSet::with_capacity(count), HashMap::new());
    let mut take = |name: &str| {
        let folded = hash(&folded(name));
        !is_taken(folded) && taken.insert(folded)
    };
    for (_, at) in order {
        let stored = name(at);
        let mut safe = safe_name(&stored);
        let mut again = 0;
        while !take(&safe) {
            safe = with_suffix(&safe_name(&stored), &stored, again);
            again += 1;
        }
        if safe != stored {
            renamed.insert(at, safe);
        }
    }
    renamed
}

/// What a name has a right to; the least goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// Safe, and the same on a disk that does not tell capitals from small letters.
    SmallLetters,
    Safe,
    /// Becomes another name.
    Unsafe,
}

impl Claim {
    fn of(name: &str) -> Self {
        match name {
            _ if safe_name(name) != name => Self::Unsafe,
            _ if folded(name) == name => Self::SmallLetters,
            _ => Self::Safe,
        }
    }
}

/// The same for the same name in every run. Two names may meet, by chance or because somebody made them so: here that costs one of
/// them a suffix. It proves nowhere that two names are the same.
#[must_use]
pub fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// The safe name for one name; the name itself if it is safe.
#[must_use]
pub fn safe_name(stored: &str) -> String {
    let mut name = String::with_capacity(stored.len());
    for (at, sign) in stored.char_indices() {
        let hidden = at == 0 && sign == '.';
        let reserved = at == 0 && METADATA.contains(&&*folded(stored));
        if hidden || reserved || sign.is_control() || matches!(sign, '/' | '\\') {
            push_encoded(&mut name, sign);
        } else {
            name.push(sign);
        }
    }
    if folded(&name).ends_with(UNFINISHED) {
        let dot = name.len() - UNFINISHED.len();
        name.replace_range(dot..=dot, "%2E");
    }
    match name.as_str() {
        "" => "%".to_string(),
        long if long.len() > LONGEST => with_suffix(long, stored, 0),
        _ => name,
    }
}

/// `name` with a suffix before its extension that is made from `of`: `a.ics` becomes `a~1f3870be.ics`. Always safe if `name`
/// was; a further `again` gives a further suffix.
#[must_use]
pub fn with_suffix(name: &str, of: &str, again: u32) -> String {
    let mut hash = Sha256::new();
    hash.update(of);
    if again > 0 {
        hash.update([0]);
        hash.update(again.to_be_bytes());
    }
    let hash = hash.finalize();
    let mut suffix = String::from("~");
    for byte in hash.iter().take(4) {
        let _ = write!(suffix, "{byte:02x}");
    }
    let extension = name.rfind('.').filter(|dot| *dot > 0 && name.len() - dot <= 16).unwrap_or(name.len());
    let (stem, extension) = name.split_at_checked(extension).unwrap_or((name, ""));
    let mut end = stem.len().min(LONGEST - suffix.len() - extension.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}{extension}", stem.get(..end).unwrap_or_default())
}

/// Whether a file of this name in a collection's folder may be an item: not metadata, hidden, or still being written.
#[must_use]
pub fn may_be_item(name: &str) -> bool {
    !METADATA.contains(&name) && !name.starts_with('.') && !folded(name).ends_with(UNFINISHED)
}

/// The names as a disk sees them that does not tell capitals from small letters.
#[must_use]
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

fn push_encoded(name: &mut String, sign: char) {
    let mut bytes = [0; 4];
    for byte in sign.encode_utf8(&mut bytes).bytes() {
        let _ = write!(name, "%{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(stored: &[&str]) -> Vec<String> {
        safe_names(&stored.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_safe_name_stays_and_an_unsafe_one_is_written_out() {
        let cases = [
            ("a b ü(1)='%41;.ics", "a b ü(1)='%41;.ics"),
            ("..", "%2E."),
            ("", "%"),
            ("../../etc/passwd", "%2E./../etc/passwd".replace('/', "%2F").as_str()),
            ("a\\b\0c", "a%5Cb%00c"),
            (".hidden.ics", "%2Ehidden.ics"),
            (COLLECTION_FILE, "%2Ecollection.json"),
            ("displayname", "%64isplayname"),
            ("Order", "%4Frder"),
            ("x.TMP", "x%2ETMP"),
            (".tmp", "%2Etmp"),
        ]
        .map(|(stored, expected)| (stored.to_string(), expected.to_string()));
        for (stored, expected) in cases {
            assert_eq!(safe_name(&stored), expected);
            assert_eq!(safe_name(&expected), expected, "a safe name is safe");
            assert!(may_be_item(&expected));
        }
    }

    #[test]
    fn names_that_differ_only_by_case_get_a_suffix_of_their_own_whatever_their_order() {
        let names = safe(&["A.ics", "a.ics", "b.ics"]);
        assert_eq!(names, [&with_suffix("A.ics", "A.ics", 0), "a.ics", "b.ics"]);
        let capitals = safe(&["AB.ics", "Ab.ics"]);
        assert_eq!(capitals, ["AB.ics", &with_suffix("Ab.ics", "Ab.ics", 0)]);
        let mut back = safe(&["b.ics", "a.ics", "A.ics"]);
        back.reverse();
        assert_eq!(back, names);
    }

    #[test]
    fn a_name_that_was_given_out_before_is_not_given_again_in_any_case() {
        let names = ["A.ics", "b.ics"];
        let renamed = renamed(2, |at| names[at].into(), |taken| taken == hash("a.ics"));
        assert_eq!(renamed, HashMap::from([(0, with_suffix("A.ics", "A.ics", 0))]));
    }

    #[test]
    fn a_name_that_becomes_another_ones_name_gets_a_suffix_and_the_other_keeps_its() {
        let names = safe(&["a/b", "a%2Fb", "a%2Fb"]);
        assert_eq!(names[1], "a%2Fb");
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 3);
        assert_eq!(safe(&["A/b", "A%2Fb"])[1], "A%2Fb");
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_between_characters_and_keeps_its_end() {
        let long = format!("{}.ics", "ü".repeat(150));
        let name = safe_name(&long);
        assert!((250..=255).contains(&name.len()), "{name}");
        assert_eq!(name.rsplit_once('.').map(|(_, end)| end), Some("ics"));
        assert_ne!(name, safe_name(&format!("{}x.ics", "ü".repeat(150))));
        assert_eq!(safe_name(&name), name);
    }
}
