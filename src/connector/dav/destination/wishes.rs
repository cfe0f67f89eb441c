//! What the options ask of a destination.

use std::collections::BTreeMap;

use crate::connector::on_conflict::OnConflict;
use crate::connector::options::is_on;

/// The options of a destination, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wishes {
    pub on_conflict: OnConflict,
    /// `None` without the option.
    pub into: Option<Into>,
    pub mirror: bool,
    pub dry_run: bool,
    pub verify: bool,
    pub scheduling: Scheduling,
    pub properties: Properties,
}

/// What may happen to the guests of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheduling {
    /// Nobody is told: what can't be put so is held back.
    Silent,
    /// The server does what it does.
    Server,
    /// Where somebody would be told, the guests become notes.
    WithoutAttendees,
}

/// What becomes of the properties of a collection that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Properties {
    /// They get to be what the snapshot says.
    Set,
    /// They stay.
    Keep,
}

/// Where things go instead of where they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Into {
    /// All into the collection of this name.
    One(String),
    /// New collections get names by this pattern, with `%n` for their own.
    Pattern(String),
}

impl Wishes {
    /// Reads checked options.
    pub fn new(options: &BTreeMap<String, String>) -> Self {
        let on_conflict = OnConflict::of(options);
        let into = options.get("into").map(|into| {
            if into.contains("%n") { Into::Pattern(into.clone()) } else { Into::One(into.trim().to_owned()) }
        });
        let (mirror, dry_run, verify) = (is_on(options, "mirror"), is_on(options, "dry_run"), is_on(options, "verify"));
        let scheduling = match options.get("scheduling").map(String::as_str) {
            Some("server") => Scheduling::Server,
            Some("without-attendees") => Scheduling::WithoutAttendees,
            _ => Scheduling::Silent,
        };
        let is_keep = options.get("properties").is_some_and(|choice| choice == "keep");
        let properties = if is_keep { Properties::Keep } else { Properties::Set };
        Self { on_conflict, into, mirror, dry_run, verify, scheduling, properties }
    }
}
