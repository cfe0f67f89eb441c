//! Which collections and items are wanted.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::connector::options::list;
use crate::connector::{Error, ErrorKind};

/// What `include`, `exclude` and `components` ask for.
#[derive(Debug)]
pub(super) struct Filter {
    include: Option<GlobSet>,
    exclude: GlobSet,
    /// In capitals; empty for all.
    pub components: Vec<String>,
}

impl Filter {
    /// Reads the options; they are checked ones.
    pub fn new(options: &BTreeMap<String, String>) -> Result<Self, Error> {
        let include = list(options, "include");
        Ok(Self {
            include: if include.is_empty() { None } else { Some(globs(&include)?) },
            exclude: globs(&list(options, "exclude"))?,
            components: list(options, "components").iter().map(|name| name.to_ascii_uppercase()).collect(),
        })
    }

    /// Whether a collection of that folder and display name is wanted.
    pub fn wants(&self, folder: &str, displayname: Option<&str>) -> bool {
        let matches = |set: &GlobSet| set.is_match(folder) || displayname.is_some_and(|name| set.is_match(name));
        self.include.as_ref().is_none_or(matches) && !matches(&self.exclude)
    }

    /// Whether a collection of that folder may be wanted, whose display name nobody knows.
    pub fn may_want(&self, folder: &str) -> bool {
        !self.exclude.is_match(folder)
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
        assert!(filter.wants("work", None));
        assert!(filter.wants("6f0b", Some("Projects")));
        assert!(!filter.wants("6f0b", Some("Private")));
        assert!(!filter.wants("work", Some("the archive")));
    }

    #[test]
    fn without_options_everything_is_wanted() {
        assert!(filter(&[]).wants("x", None));
        assert_eq!(filter(&[("components", "vevent,VTODO")]).components, ["VEVENT", "VTODO"]);
    }
}
