//! Which collections and items are wanted.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::connector::options::{list, window};
use crate::connector::{Error, ErrorKind};
use crate::item::kind::Kind;
use crate::item::occurrence::may_happen;
use crate::item::window::Window;

/// Globs on collections: those that begin with `/` mean the path in the snapshot, all others the folder or the display name.
#[derive(Debug)]
struct Globs {
    paths: GlobSet,
    names: GlobSet,
}

impl Globs {
    fn new(patterns: &[String]) -> Result<Self, Error> {
        let (paths, names): (Vec<_>, Vec<_>) = patterns.iter().cloned().partition(|pattern| pattern.starts_with('/'));
        Ok(Self { paths: globs(&paths)?, names: globs(&names)? })
    }

    fn match_folder(&self, path: &str) -> bool {
        let folder = path.rsplit('/').next().unwrap_or(path);
        self.paths.is_match(path) || self.names.is_match(folder)
    }

    fn match_any(&self, path: &str, displayname: Option<&str>) -> bool {
        self.match_folder(path) || displayname.is_some_and(|name| self.names.is_match(name))
    }
}

/// What `include`, `exclude`, `components`, `since` and `until` ask for.
#[derive(Debug)]
pub(super) struct Filter {
    include: Option<Globs>,
    exclude: Globs,
    /// In capitals; empty for all.
    pub components: Vec<String>,
    /// When something of a calendar item must happen.
    pub window: Window,
}

impl Filter {
    /// Reads the options; they are checked ones.
    pub fn new(options: &BTreeMap<String, String>) -> Result<Self, Error> {
        let include = list(options, "include");
        Ok(Self {
            include: if include.is_empty() { None } else { Some(Globs::new(&include)?) },
            exclude: Globs::new(&list(options, "exclude"))?,
            components: list(options, "components").iter().map(|name| name.to_ascii_uppercase()).collect(),
            window: window(options)?,
        })
    }

    /// Whether a collection of that path and display name is wanted.
    pub fn wants(&self, path: &str, displayname: Option<&str>) -> bool {
        let matches = |globs: &Globs| globs.match_any(path, displayname);
        self.include.as_ref().is_none_or(matches) && !matches(&self.exclude)
    }

    /// Whether all items of a calendar are wanted; those of an address book always are.
    pub fn wants_all_items(&self) -> bool {
        self.components.is_empty() && self.window.is_all()
    }

    /// Whether a calendar item is wanted. Of what can't be told when it happens, it is.
    pub fn wants_item(&self, content: &[u8]) -> bool {
        let is_of_kind = || {
            self.components.is_empty() || {
                let components = Kind::components(content);
                self.components.iter().any(|name| components.contains(name.as_str()))
            }
        };
        self.wants_all_items() || (is_of_kind() && may_happen(content, &self.window))
    }

    /// The edges of the window, in UTC: what a snapshot says that it has.
    pub fn edges(&self) -> [(&'static str, Option<String>); 2] {
        let Window { since, until } = self.window;
        [("since", since.map(|edge| edge.to_string())), ("until", until.map(|edge| edge.to_string()))]
    }

    /// Whether a collection of that path may be wanted, whose display name nobody knows.
    pub fn may_want(&self, path: &str) -> bool {
        let may_match = |globs: &Globs| !globs.names.is_empty() || globs.match_folder(path);
        self.include.as_ref().is_none_or(may_match) && !self.exclude.match_folder(path)
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).map_err(|error| wrong(pattern, error))?);
    }
    set.build().map_err(|error| wrong(&patterns.join(","), error))
}

fn wrong(pattern: &str, error: globset::Error) -> Error {
    Error { kind: ErrorKind::Usage, what: format!("cannot use the glob {pattern}"), source: Some(Box::new(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(options: &[(&str, &str)]) -> Filter {
        Filter::new(&options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()).unwrap()
    }

    #[test]
    fn globs_match_folder_or_display_name() {
        let filter = filter(&[("include", "work, Pro*"), ("exclude", "*archive*")]);
        assert!(filter.wants("/calendars/work", None));
        assert!(filter.wants("/calendars/6f0b", Some("Projects")));
        assert!(!filter.wants("/calendars/6f0b", Some("Private")));
        assert!(!filter.wants("/calendars/work", Some("the archive")));
        assert!(filter.may_want("/calendars/6f0b") && !filter.may_want("/calendars/archive"));
    }

    #[test]
    fn a_glob_that_begins_with_a_slash_means_a_path_and_nothing_else() {
        let filter = filter(&[("include", "/calendars/work")]);
        assert!(filter.wants("/calendars/work", None));
        assert!(!filter.wants("/contacts/work", None) && !filter.wants("/calendars/other", Some("work")));
        assert!(filter.may_want("/calendars/work") && !filter.may_want("/contacts/work"));
    }

    #[test]
    fn items_are_wanted_by_what_they_are_and_by_when_they_happen() {
        let event =
            |start: &str| format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:{start}\nEND:VEVENT\nEND:VCALENDAR\n");
        let filter =
            filter(&[("components", "VEVENT"), ("since", "2026-01-01T00:00Z"), ("until", "2027-01-01T00:00Z")]);
        assert!(filter.wants_item(event("20260601T000000Z").as_bytes()));
        assert!(!filter.wants_item(event("20250601T000000Z").as_bytes()));
        assert!(filter.wants_item(event("whenever").as_bytes()));
        assert!(!filter.wants_item(event("20260601T000000Z").replace("VEVENT", "VTODO").as_bytes()));
        let both = event("20260601T000000Z").replacen("BEGIN:VEVENT", "BEGIN:VTODO\nEND:VTODO\nBEGIN:VEVENT", 1);
        assert!(filter.wants_item(both.as_bytes()));
        let [since, until] = filter.edges().map(|(_, edge)| edge.unwrap());
        assert_eq!((since.as_str(), until.as_str()), ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"));
    }

    #[test]
    fn without_options_everything_is_wanted() {
        assert!(filter(&[]).wants_all_items());
        assert!(filter(&[]).wants("/calendars/x", None));
        assert_eq!(filter(&[("components", "vevent,VTODO")]).components, ["VEVENT", "VTODO"]);
    }
}
