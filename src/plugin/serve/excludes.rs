//! The host's wish to leave paths out, as patterns in the manner of `.gitignore`.
//!
//! plakar leaves out itself what they match; here they save the work. So nothing may match here that does not match there, also
//! where git itself reads a pattern otherwise: a name below an excluded folder can be taken back.

use tonic::Status;

use glob::Glob;

mod glob;

/// Patterns, of which the last that matches decides.
pub(super) struct Excludes(Vec<Pattern>);

struct Pattern {
    path: Path,
    /// Takes back what an earlier pattern left out.
    back: bool,
    folders_only: bool,
}

enum Path {
    /// A name, anywhere in the path.
    Anywhere(Glob),
    /// The first names of the path.
    FromTop(Vec<Step>),
}

enum Step {
    Name(Glob),
    /// `**`: any number of folders.
    Folders,
}

impl Excludes {
    /// Whether it leaves out nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn new(patterns: &[String]) -> Result<Self, Status> {
        let texts = patterns.iter().map(|text| cleaned(text)).filter(|text| !text.is_empty());
        texts.map(|text| Pattern::new(&text)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether `path` is to be left out, by its own name or by that of a folder above it.
    pub(super) fn leave_out(&self, path: &str, folder: bool) -> bool {
        if self.0.is_empty() || path == "/" {
            return false;
        }
        let names: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        self.0.iter().rev().find(|pattern| pattern.matches(&names, folder)).is_some_and(|pattern| !pattern.back)
    }
}

/// A line without comment and the blanks after it; `\#` begins a name with `#`.
fn cleaned(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let text = line.trim_end_matches(' ');
    match (line.len() > text.len()).then(|| text.strip_suffix('\\')).flatten() {
        Some(text) => format!("{text} "),
        None if text.starts_with('#') => String::new(),
        None => text.strip_prefix('\\').filter(|rest| rest.starts_with('#')).unwrap_or(text).to_owned(),
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, Status> {
        let (back, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (folders_only, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
        let glob = |name: &str| {
            let why = |why| Status::invalid_argument(format!("cannot understand the exclude pattern {text:?}: {why}"));
            Glob::new(name).map_err(why)
        };
        let path = match rest.strip_prefix('/').unwrap_or(rest) {
            names if rest.contains('/') => {
                // plakar finds nothing by such a name; alone it would mean as much as one star.
                let is_void = names.split('/').any(|name| name.contains("**") && name != "**");
                let step = |name: &str| if name == "**" { Ok(Step::Folders) } else { glob(name).map(Step::Name) };
                let steps = names.split('/').filter(|_| !is_void).map(step);
                Path::FromTop(steps.collect::<Result<_, _>>()?)
            }
            name => Path::Anywhere(glob(name)?),
        };
        Ok(Pattern { path, back, folders_only })
    }

    fn matches(&self, names: &[&str], folder: bool) -> bool {
        let is_folder = |last: usize| folder || !self.folders_only || last + 1 < names.len();
        match &self.path {
            Path::Anywhere(glob) => names.iter().position(|name| glob.matches(name)).is_some_and(is_folder),
            Path::FromTop(steps) => from_top(steps, names).is_some_and(is_folder),
        }
    }
}

/// Which of `names` the last step stands for; `None` where the steps do not lead along them. After `**`, the first name that fits
/// is the one.
fn from_top(steps: &[Step], names: &[&str]) -> Option<usize> {
    let (mut at, mut anywhere) = (0, false);
    for step in steps {
        match step {
            Step::Folders => anywhere = true,
            Step::Name(glob) => {
                let mut rest = names.iter().skip(at);
                let further = if anywhere { rest.position(|name| glob.matches(name)) } else { None };
                at += match further {
                    Some(further) => further + 1,
                    None if !anywhere && names.get(at).is_some_and(|name| glob.matches(name)) => 1,
                    None => return None,
                };
                anywhere = false;
            }
        }
    }
    at.checked_sub(1)
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
        assert!(!excludes.leave_out("/calendars", true));
        assert!(excludes.leave_out("/calendars/home/a.ics", false));
        assert!(!excludes.leave_out("/calendars/home", false));
    }

    #[test]
    fn a_later_exclamation_mark_takes_back_also_what_is_in_an_excluded_folder() {
        let excludes = excludes(&["*.ics", "work", "!keep.ics"]);
        assert!(excludes.leave_out("/a/b.ics", false));
        assert!(!excludes.leave_out("/a/keep.ics", false));
        assert!(!excludes.leave_out("/work/keep.ics", false));
    }

    #[test]
    fn two_stars_stand_for_any_number_of_folders() {
        let anywhere = excludes(&["**/work/*.ics", "/contacts/**", "/a/**/z/"]);
        assert!(anywhere.leave_out("/work/a.ics", false) && anywhere.leave_out("/calendars/work/a.ics", false));
        assert!(!anywhere.leave_out("/calendars/work/color", false));
        assert!(anywhere.leave_out("/contacts/friends/a.vcf", false));
        assert!(anywhere.leave_out("/a/z/x", false) && anywhere.leave_out("/a/b/c/z", true));
        assert!(!anywhere.leave_out("/a/b/c/z", false));
        assert!(excludes(&["**"]).leave_out("/a", false) && !excludes(&["/a/b**"]).leave_out("/a/b", false));
    }

    #[test]
    fn what_only_looks_like_a_pattern_leaves_nothing_out() {
        assert!(!excludes(&["", "  ", "# work", "#"]).leave_out("/# work", false));
        assert!(excludes(&["\\#a", "b \r", "c\\ "]).leave_out("/#a", false));
        assert!(excludes(&["b  "]).leave_out("/b", false) && excludes(&["c\\ "]).leave_out("/c ", false));
        let braces = excludes(&["{work,home}"]);
        assert!(!braces.leave_out("/work", true) && braces.leave_out("/{work,home}", true));
    }

    #[test]
    fn a_pattern_that_makes_no_sense_is_named() {
        let error = Excludes::new(&["[a".into()]).err().unwrap();
        assert_eq!(error.message(), "cannot understand the exclude pattern \"[a\": a [ is never closed");
        assert!(Excludes::new(&["a//b".into()]).is_err());
    }
}
