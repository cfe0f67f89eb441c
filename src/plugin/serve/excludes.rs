//! The host's wish to leave paths out, as patterns in the manner of `.gitignore`.

use globset::{GlobBuilder, GlobMatcher};
use tonic::Status;

/// Patterns, of which the last that matches a path or a folder above it decides.
pub(super) struct Excludes(Vec<Pattern>);

struct Pattern {
    glob: GlobMatcher,
    /// Matches the whole path instead of a name anywhere.
    whole: bool,
    /// Takes back what an earlier pattern left out.
    back: bool,
    folders_only: bool,
}

impl Excludes {
    pub(super) fn new(patterns: &[String]) -> Result<Self, Status> {
        patterns
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| Pattern::new(text))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether `path`, or a folder above it, is to be left out.
    pub(super) fn leave_out(&self, path: &str, folder: bool) -> bool {
        if self.0.is_empty() || path == "/" {
            return false;
        }
        let above = path.match_indices('/').skip(1).filter_map(|(end, _)| path.get(..end));
        above.into_iter().any(|above| self.matches(above, true)) || self.matches(path, folder)
    }

    fn matches(&self, path: &str, folder: bool) -> bool {
        self.0.iter().rev().find(|pattern| pattern.matches(path, folder)).is_some_and(|pattern| !pattern.back)
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, Status> {
        let (back, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (folders_only, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
        let whole = rest.contains('/');
        let glob = GlobBuilder::new(rest.strip_prefix('/').unwrap_or(rest)).literal_separator(true).build().map_err(
            |error| {
                Status::invalid_argument(format!("cannot understand the exclude pattern {text:?}: {}", error.kind()))
            },
        )?;
        Ok(Pattern { glob: glob.compile_matcher(), whole, back, folders_only })
    }

    fn matches(&self, path: &str, folder: bool) -> bool {
        let text = if self.whole { path.strip_prefix('/') } else { path.rsplit('/').next() };
        (folder || !self.folders_only) && text.is_some_and(|text| self.glob.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excludes(patterns: &[&str]) -> Excludes {
        Excludes::new(&patterns.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_bare_name_matches_anywhere_and_takes_what_is_in_the_folder() {
        let excludes = excludes(&["work", "*.tmp"]);
        assert!(excludes.leave_out("/calendars/work", true));
        assert!(excludes.leave_out("/calendars/work/a.ics", false));
        assert!(excludes.leave_out("/x.tmp", false));
        assert!(!excludes.leave_out("/calendars/workshop/a.ics", false));
        assert!(!excludes.leave_out("/", true));
    }

    #[test]
    fn a_slash_binds_to_the_top_and_a_trailing_one_to_folders() {
        let excludes = excludes(&["/calendars/work", "home/"]);
        assert!(excludes.leave_out("/calendars/work/a.ics", false));
        assert!(!excludes.leave_out("/old/calendars/work/a.ics", false));
        assert!(excludes.leave_out("/calendars/home/a.ics", false));
        assert!(!excludes.leave_out("/calendars/home", false));
    }

    #[test]
    fn a_later_exclamation_mark_takes_back() {
        let excludes = excludes(&["*.ics", "!keep.ics"]);
        assert!(excludes.leave_out("/a/b.ics", false));
        assert!(!excludes.leave_out("/a/keep.ics", false));
    }

    #[test]
    fn a_pattern_that_makes_no_sense_is_named() {
        let error = Excludes::new(&["[a".into()]).err().unwrap();
        assert_eq!(
            error.message(),
            "cannot understand the exclude pattern \"[a\": unclosed character class; missing ']'"
        );
    }
}
