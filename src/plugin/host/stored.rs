//! What an exporter says of a record, and the words in which davault's own says more.

use crate::plugin::{path, wire};

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The record's path.
    pub path: String,
    /// The name of the extended attribute that it was about.
    pub attribute: Option<String>,
    /// Why it was not stored, one sentence; `None` where it was.
    pub error: Option<String>,
    /// What exactly was done: `created`, `replaced`, `identical` or `noted`; where nothing was, `in-the-way`, `held-back`,
    /// `not-possible` or `failed`. `None` from plugins other than davault's.
    pub outcome: Option<String>,
    /// What a plan says of a folder's collection; `None` of all else.
    pub foreseen: Option<Foreseen>,
}

/// What would be done with the collection that a folder goes to, besides what is said of each item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Where it stands: a path on the server, or on the disk.
    pub at: String,
    /// The folder that a snapshot of this place has for it.
    pub name: String,
    /// Whether it would be made.
    pub makes: bool,
    /// Names of its properties that would be set.
    pub sets: Vec<String>,
    /// What would be deleted in it.
    pub deletes: Vec<String>,
    /// What would be left in it, and why: sentences.
    pub leaves: Vec<String>,
    /// How many items would be put with `SCHEDULE-AGENT=CLIENT`.
    pub left_to_client: u64,
    /// How many would be put with their guests as notes.
    pub guests_as_notes: u64,
}

/// The words that davault's own exporter says.
pub(super) fn words(attributes: &[String]) -> (Option<String>, Option<Foreseen>) {
    let (mut outcome, mut foreseen) = (None, Foreseen::default());
    let words = attributes.iter().filter_map(|text| text.strip_prefix(wire::WORD)?.split_once('='));
    for (name, value) in words {
        let value = path::shown(value);
        match name {
            wire::OUTCOME => outcome = Some(value),
            wire::AT => foreseen.at = value,
            wire::NAME => foreseen.name = value,
            wire::MAKES => foreseen.makes = true,
            wire::SETS => foreseen.sets.push(value),
            wire::DELETES => foreseen.deletes.push(value),
            wire::LEAVES => foreseen.leaves.push(value),
            wire::LEFT_TO_CLIENT => foreseen.left_to_client = value.parse().unwrap_or_default(),
            wire::GUESTS_AS_NOTES => foreseen.guests_as_notes = value.parse().unwrap_or_default(),
            _ => {}
        }
    }
    (outcome, Some(foreseen).filter(|foreseen| !foreseen.at.is_empty()))
}
