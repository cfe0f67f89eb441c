//! What undoes a restore: a snapshot of what it writes over or deletes, taken before, and the command that puts that back.

use crate::connector::{self, OPTIONS, Role};
use crate::report::{Tally, sentence};
use crate::vault::{BEFORE_RESTORE, Ending, Snapshot, Vault};

use super::super::arguments;
use super::super::context::Context;
use super::super::endpoint::Endpoint;
use super::super::failure::Failure;
use super::super::progress::Progress;
use super::super::taking::{self, Stopped, Taken};
use super::super::{backup, connectors, node};
use super::plan::Overwritten;

/// Options that shape a restore, and not where it goes.
const SHAPING: [&str; 7] = ["on_conflict", "into", "mirror", "dry_run", "verify", "scheduling", "properties"];

/// Stands for a secret that this command line gave, and that is printed nowhere.
const SECRET: &str = "SECRET";

/// What stood there, and how it is put back.
pub struct Undo {
    /// What stood there.
    pub snapshot: Snapshot,
    /// What a person types.
    pub command: String,
}

impl Undo {
    /// The command, for a person.
    pub fn words(&self) -> String {
        let has_secret = self.command.contains(&format!("={SECRET}"));
        let rest = if has_secret { format!("  (with what you gave in place of {SECRET})") } else { String::new() };
        format!("{}{rest}", self.command)
    }
}

/// Takes what will be written over or deleted into the vault; all of it, or the restore must not begin.
pub async fn take(
    context: &Context,
    vault: &Vault,
    arguments: &arguments::Restore,
    to: &Endpoint,
    overwritten: &Overwritten<'_>,
) -> Result<Undo, Failure> {
    let endpoint = source(to, overwritten);
    let not_kept = |why: &str| {
        Failure::failed(format!(
            "nothing was changed: what stands at {} can't be put into the vault before it is written over: {why}",
            to.shown()
        ))
        .hint("With -no-undo it is restored all the same, and what is written over or deleted is lost.")
    };
    let failed = |error: &dyn std::error::Error| not_kept(&sentence(error));
    let plugin = connectors::start(&endpoint).await?;
    let importer = plugin.import(connectors::init(&endpoint)).await.map_err(|error| failed(&error))?;
    let head = backup::head(&endpoint, &importer, &[BEFORE_RESTORE.to_string()]);
    let tally = Tally::default();
    let progress = Progress::new(context, "keeping", &tally);
    let taken = taking::take(vault, &importer, head, true, &progress).await;
    progress.clear();
    let Taken { backup, .. } = taken.map_err(|stopped| match stopped {
        Stopped::Source(error) => failed(&error),
        Stopped::Vault(error) => failed(&error),
    })?;
    if let Some(first) = tally.counts().failures.iter().find(|one| matters(&one.path, overwritten)) {
        return Err(not_kept(&format!("{}: {}", first.path, first.why)));
    }
    let ending = Ending { partial: matches!(overwritten, Overwritten::In(_)), ..Ending::default() };
    let (snapshot, _) = backup.finish(Context::now(), ending).await.map_err(|error| failed(&error))?;
    if let Overwritten::In(collections) = overwritten {
        for one in collections {
            if vault.entry(&snapshot, &one.name).await.is_err() {
                return Err(not_kept(&format!("{} was not found", one.name)));
            }
        }
    }
    // It is whole and stored; how its source ends takes nothing from it.
    let _ = importer.finish().await;
    let _ = connectors::stop(&endpoint, plugin).await;
    let command = command(context, arguments, to, node::short(&snapshot.id));
    Ok(Undo { snapshot, command })
}

/// The destination as a source of what will be written over.
fn source(to: &Endpoint, overwritten: &Overwritten<'_>) -> Endpoint {
    let is_both = |name: &str| {
        let mut named = OPTIONS.iter().filter(|spec| spec.name == name).peekable();
        named.peek().is_some() && named.all(|spec| spec.role != Some(Role::Destination))
    };
    let mut options = to.options.clone();
    options.retain(|name, _| is_both(name));
    if let Overwritten::In(collections) = overwritten {
        let mut globs: Vec<_> = collections.iter().map(|one| glob(&one.name)).collect();
        globs.sort();
        globs.dedup();
        options.insert("include".into(), globs.join(","));
    }
    Endpoint { name: None, location: to.location.clone(), options, served: to.served.clone() }
}

/// Whether what can't be read there may be something that is written over.
fn matters(path: &str, overwritten: &Overwritten<'_>) -> bool {
    let Overwritten::In(collections) = overwritten else { return true };
    let mut names = path.split('/').skip(1).filter(|name| !name.is_empty());
    match (names.next(), names.next()) {
        (Some(top), Some(folder)) => {
            let path = format!("/{top}/{folder}");
            collections.iter().any(|one| one.name == path)
        }
        // Above all collections, or above those of a kind.
        _ => true,
    }
}

/// A glob that means this path; a comma would end it, and blanks at its ends are cut off.
fn glob(name: &str) -> String {
    let glob = globset::escape(name).replace(',', "?");
    let blanks = |text: &str| "?".repeat(text.len());
    let begin = glob.len() - glob.trim_start().len();
    let end = glob.trim_end().len().max(begin);
    match (glob.get(..begin), glob.get(begin..end), glob.get(end..)) {
        (Some(before), Some(name), Some(after)) => format!("{}{name}{}", blanks(before), blanks(after)),
        _ => glob,
    }
}

/// The command that puts it back, as it is typed. What is a secret of this command line has to be typed again.
fn command(context: &Context, arguments: &arguments::Restore, to: &Endpoint, id: &str) -> String {
    let mut words = vec!["davault".to_string()];
    if let Some(at) = &context.at {
        words.extend(["at".into(), quoted(at)]);
    }
    if let Some(keyfile) = &context.keyfile {
        words.extend(["-keyfile".into(), quoted(&keyfile.display().to_string())]);
    }
    words.extend(["restore".into(), "-to".into(), quoted(&arguments.to)]);
    for option in &arguments.options {
        match option.split_once('=') {
            Some(("scheduling", "server")) => words.extend(["-o".into(), option.clone()]),
            Some((name, _)) if SHAPING.contains(&name) => {}
            Some((name, _)) if connector::is_secret(name) => words.extend(["-o".into(), format!("{name}={SECRET}")]),
            _ => words.extend(["-o".into(), quoted(option)]),
        }
    }
    // What is configured for the destination would hold for the way back, too.
    let configured = to.name.is_some();
    if configured && to.options.contains_key("into") {
        words.extend(["-into".into(), "''".into()]);
    }
    if configured && to.options.get("on_conflict").is_some_and(|choice| choice != "overwrite") {
        words.extend(["-on-conflict".into(), "overwrite".into()]);
    }
    // Guests and names are what is to come back.
    for (name, lossy, whole) in [("scheduling", "without-attendees", "silent"), ("properties", "keep", "set")] {
        if configured && to.options.get(name).is_some_and(|choice| choice == lossy) {
            words.extend(["-o".into(), format!("{name}={whole}")]);
        }
    }
    words.extend(["-mirror".into(), id.to_string()]);
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_as_a_glob_means_itself() {
        assert_eq!(glob("work"), "work");
        assert_eq!(glob("a*[b],c"), "a[*][[]b[]]?c");
        assert_eq!(glob(" a "), "?a?");
    }

    #[test]
    fn only_what_may_be_written_over_matters() {
        let work = crate::plugin::host::Foreseen { name: "/calendars/work".into(), ..Default::default() };
        let overwritten = Overwritten::In(vec![&work]);
        for path in ["/calendars/work", "/calendars/work/a.ics", "/calendars", "/"] {
            assert!(matters(path, &overwritten), "{path}");
        }
        for path in ["/calendars/workshop", "/calendars/other/a.ics", "/contacts/work"] {
            assert!(!matters(path, &overwritten), "{path}");
            assert!(matters(path, &Overwritten::Anywhere), "{path}");
        }
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_otherwise() {
        assert_eq!(quoted("dav://http://127.0.0.1:5232/"), "dav://http://127.0.0.1:5232/");
        assert_eq!(quoted("./my vault"), "'./my vault'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
