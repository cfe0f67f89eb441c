//! What the options of a destination ask for.

use std::collections::BTreeMap;

use crate::connector::name::safe_name;
use crate::connector::on_conflict::OnConflict;
use crate::connector::options::is_on;

/// What the options ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wishes {
    pub on_conflict: OnConflict,
    pub into: Into,
    /// Delete what the snapshot lacks.
    pub mirror: bool,
    /// Leave what describes a collection that is there already.
    pub keeps_properties: bool,
    /// Change nothing.
    pub dry_run: bool,
}

/// Which collection things go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Into {
    /// Each to its own.
    Own,
    /// All to the one of this name.
    One(String),
    /// Each to its own, whose name is put for `%n` in this pattern.
    Renamed(String),
}

impl Wishes {
    /// Reads options that were checked.
    pub fn new(options: &BTreeMap<String, String>) -> Wishes {
        let on_conflict = OnConflict::of(options);
        let into = match options.get("into") {
            None => Into::Own,
            Some(pattern) if pattern.contains("%n") => Into::Renamed(pattern.clone()),
            Some(name) => Into::One(safe_name(name)),
        };
        let (mirror, dry_run) = (is_on(options, "mirror"), is_on(options, "dry_run"));
        let keeps_properties = options.get("properties").is_some_and(|choice| choice == "keep");
        Wishes { on_conflict, into, mirror, keeps_properties, dry_run }
    }
}

impl Into {
    /// The folder for the collection whose folder in the snapshot is `own`.
    pub fn folder(&self, own: &str) -> String {
        match self {
            Into::Own => safe_name(own),
            Into::One(name) => name.clone(),
            Into::Renamed(pattern) => safe_name(&pattern.replace("%n", own)),
        }
    }
}
