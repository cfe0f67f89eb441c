//! The rules that an importer's list must keep, and what was received of it so far.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Limits;
use super::mode::Kind;
use super::record::{Attribute, Received, Record, key_of};
use crate::plugin::path::{self, Seen};
use crate::plugin::wire;
use crate::proto::plakar::connectors as wire_format;

/// Longest name of an extended attribute, in bytes; Linux has 255, NTFS 510.
const LONGEST_ATTRIBUTE: usize = 1024;
/// Longest name of an owner or a group, in bytes; Linux has 32, Windows 256 characters.
const LONGEST_OWNER: usize = 1024;
/// Most bytes of folder names in one list; they are kept to its end, to make up those that never come.
const FOLDERS: usize = 64 << 20;
/// Most bytes of paths and reasons of failures in one list; they are kept to the end of the run.
const FAILURES: usize = 64 << 20;

/// What was received so far of one list.
pub(super) struct Listing {
    limits: Limits,
    /// Whether links, special files and extended attributes are taken, too.
    all_kinds: bool,
    seen: Seen,
    /// Folders that came again.
    repeated: usize,
    failures: usize,
    failure_bytes: usize,
    unsettled: Seen,
    unsettled_bytes: usize,
    /// Every folder in or above a record; true where it was itself a record.
    folders: BTreeMap<String, bool>,
    folder_bytes: usize,
    /// Folders that were never listed, once the list is over.
    to_make_up: Option<VecDeque<String>>,
    /// What has an attribute and was not listed yet.
    attributed: BTreeSet<String>,
}

impl Listing {
    pub(super) fn new(limits: Limits, all_kinds: bool) -> Self {
        Listing {
            limits,
            all_kinds,
            seen: Seen::new(),
            repeated: 0,
            failures: 0,
            failure_bytes: 0,
            unsettled: Seen::new(),
            unsettled_bytes: 0,
            folders: BTreeMap::new(),
            folder_bytes: 0,
            to_make_up: None,
            attributed: BTreeSet::new(),
        }
    }

    /// Takes in the next record; `None` for a folder that came before and needs nothing more. An error continues "the plugin
    /// X …".
    pub(super) fn take(&mut self, record: wire_format::Record) -> Result<Option<Received>, String> {
        let received = self.check(record)?;
        match &received {
            Some(Received::Failed { path, why } | Received::Flaw { path, why }) => self.fail(path.len() + why.len()),
            Some(Received::AttributeFailed { path, name, why }) => self.fail(path.len() + name.len() + why.len()),
            Some(Received::Record(record)) => self.expect(&record.key(), record.cost()),
            Some(Received::Attribute(attribute)) => self.expect(&attribute.key(), attribute.cost()),
            None => self.repeated += 1,
        }
        self.count()?;
        Ok(received)
    }

    fn fail(&mut self, bytes: usize) {
        self.failures += 1;
        self.failure_bytes += bytes + wire::RECORD;
    }

    fn check(&mut self, record: wire_format::Record) -> Result<Option<Received>, String> {
        let shown = path::shown(&record.pathname);
        if let Err(why) = path::check(&record.pathname) {
            return self.against_the_rules("/".into(), format!("listed the path {shown:?}, which {why}"));
        }
        let key = key_of(&record);
        if !record.is_xattr && !record.error.is_empty() {
            return Ok(Some(failed(record.pathname, &path::shown(&record.error))));
        }
        if record.is_xattr && !self.all_kinds {
            return Ok(Some(flaw(record.pathname, "has an extended attribute, which can't be kept")));
        }
        if record.is_xattr {
            return Ok(Some(self.attribute(record, &key)));
        }
        let record = Record::from_wire(record).map_err(|why| format!("listed {shown} {why}"))?;
        if record.details.user.len().max(record.details.group.len()) > LONGEST_OWNER {
            return Ok(Some(failed(record.path, "has an owner or a group with a name of more than 1 KiB")));
        }
        if !self.seen.insert(&key) {
            return self.again(record, &shown);
        }
        if let Err(what) = self.place(&record) {
            return self.against_the_rules(record.path, what);
        }
        if self.attributed.remove(&record.path) {
            self.failure_bytes = self.failure_bytes.saturating_sub(attributed_cost(&record.path));
        }
        match record.kind() {
            Kind::Folder | Kind::File => {}
            _ if !self.all_kinds => {
                return Ok(Some(failed(record.path, "is neither a folder nor a file, and can't be kept")));
            }
            Kind::Link if record.target.is_empty() => {
                return Ok(Some(failed(record.path, "is a link that does not say where to")));
            }
            _ => {}
        }
        Ok(Some(Received::Record(record)))
    }

    fn attribute(&mut self, record: wire_format::Record, key: &str) -> Received {
        let (path, name) = (record.pathname, record.xattr_name);
        if name.is_empty() || name.len() > LONGEST_ATTRIBUTE || name.contains('\0') {
            return flaw(path, "has an extended attribute whose name is empty, too long or holds a NUL");
        }
        if !record.error.is_empty() {
            return Received::AttributeFailed { path, name, why: path::shown(&record.error) };
        }
        if !self.seen.insert(key) {
            return flaw(path, &format!("{}came twice; the first was kept", attribute_named(&name)));
        }
        if !self.seen.contains(&path) && self.attributed.insert(path.clone()) {
            self.failure_bytes += attributed_cost(&path);
        }
        let kind = u32::try_from(record.xattr_type).unwrap_or(0);
        Received::Attribute(Attribute { path, name, kind })
    }

    /// What a path costs that can't be one of a snapshot: davault's own connectors list none, so nothing of theirs counts then. A
    /// bucket may well hold `a` and `a/b`, and `a//b`, and the rest of it is none the worse for that.
    fn against_the_rules(&self, path: String, what: String) -> Result<Option<Received>, String> {
        if self.all_kinds { Ok(Some(flaw(path, &format!("the plugin {what}; it was left out")))) } else { Err(what) }
    }

    /// What to do of a path that came before. Some plugins list the folders above their root once for each way to it.
    fn again(&self, record: Record, shown: &str) -> Result<Option<Received>, String> {
        match self.folders.get(&record.path) {
            _ if !self.all_kinds => Err(format!("listed {shown} twice")),
            Some(true) if record.is_folder() => Ok(None),
            _ => Ok(Some(flaw(record.path, "came twice; the first was kept"))),
        }
    }

    fn expect(&mut self, key: &str, cost: usize) {
        self.unsettled.insert(key);
        self.unsettled_bytes += cost;
    }

    /// Notes that the host is done with what has this key and cost; false where it was already, or never came from the plugin.
    pub(super) fn settle(&mut self, key: &str, cost: usize) -> bool {
        let settled = self.unsettled.remove(key);
        if settled {
            self.unsettled_bytes = self.unsettled_bytes.saturating_sub(cost);
        }
        settled
    }

    /// What follows the list: a folder that has something in it and was not listed, each once, the upper ones first; and what
    /// has attributes and never came.
    pub(super) fn make_up(&mut self) -> Option<Received> {
        let folders = &self.folders;
        let never_listed = || folders.iter().filter(|(_, listed)| !**listed).map(|(path, _)| path.clone()).collect();
        if let Some(path) = self.to_make_up.get_or_insert_with(never_listed).pop_front() {
            return Some(Received::Record(Record::folder(&path)));
        }
        let known = |path: &String| self.folders.contains_key(path);
        let path = std::iter::from_fn(|| self.attributed.pop_first()).find(|path| !known(path))?;
        Some(flaw(path, "was not listed, and so its extended attributes can't be kept"))
    }

    /// Remembers the folders above `record`, and that no file is one of them; changes nothing where that is not so.
    fn place(&mut self, record: &Record) -> Result<(), String> {
        let shown = path::shown(&record.path);
        if !record.is_folder() && self.folders.contains_key(&record.path) {
            return Err(format!("listed {shown} as a file, and something in it"));
        }
        let mut new = Vec::new();
        let mut path = record.path.as_str();
        while let Some((above, _)) = path.rsplit_once('/').filter(|_| path != "/") {
            let above = if above.is_empty() { "/" } else { above };
            if self.folders.contains_key(above) {
                break;
            }
            if self.seen.contains(above) {
                return Err(format!("listed {shown} in something that is no folder"));
            }
            new.push(above);
            path = above;
        }
        let itself = record.is_folder().then_some((record.path.as_str(), true));
        for (path, listed) in new.into_iter().map(|path| (path, false)).chain(itself) {
            self.folder_bytes += path.len() + wire::RECORD;
            self.folders.insert(path.into(), listed);
        }
        Ok(())
    }

    fn count(&self) -> Result<(), String> {
        if self.seen.len() + self.failures + self.repeated > self.limits.records {
            return Err(format!("listed more than {} items", self.limits.records));
        }
        if self.unsettled_bytes > self.limits.unsettled_bytes {
            return Err("lists faster than its items can be taken".into());
        }
        if self.failure_bytes > FAILURES {
            return Err("listed more failures than can be kept in mind".into());
        }
        if self.folder_bytes > FOLDERS {
            return Err("listed more folders than can be kept in mind".into());
        }
        Ok(())
    }
}

/// What a path costs that has an attribute and was not listed yet: it may become a failure.
fn attributed_cost(path: &str) -> usize {
    path.len() + wire::RECORD
}

fn failed(path: String, why: &str) -> Received {
    Received::Failed { path, why: why.into() }
}

fn flaw(path: String, why: &str) -> Received {
    Received::Flaw { path, why: why.into() }
}

/// `extended attribute user.comment: `
fn attribute_named(name: &str) -> String {
    format!("extended attribute {}: ", path::shown(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::host::mode;

    fn record(path: &str) -> wire_format::Record {
        let info = wire_format::FileInfo { mode: mode::mode(Kind::File, 0o600), ..Default::default() };
        wire_format::Record { pathname: path.into(), file_info: Some(info), ..Default::default() }
    }

    fn attribute(path: &str, name: &str) -> wire_format::Record {
        wire_format::Record {
            pathname: path.into(),
            is_xattr: true,
            xattr_name: name.into(),
            ..wire_format::Record::default()
        }
    }

    fn listing() -> Listing {
        Listing::new(Limits::default(), true)
    }

    #[test]
    fn attributes_that_come_before_their_records_cost_nothing_once_those_came() {
        let mut listing = listing();
        for number in 0..100 {
            let path = format!("/{number}");
            for name in ["user.a", "user.b"] {
                assert!(matches!(listing.take(attribute(&path, name)), Ok(Some(Received::Attribute(_)))));
            }
            assert_eq!(listing.failure_bytes, attributed_cost(&path), "each path counts once");
            assert!(matches!(listing.take(record(&path)), Ok(Some(Received::Record(_)))));
            assert_eq!(listing.failure_bytes, 0);
        }
    }

    #[test]
    fn an_attribute_that_was_not_read_is_told_by_its_name() {
        let failed = wire_format::Record { error: "not\u{1b} allowed".into(), ..attribute("/a", "user.a") };
        let expected =
            Received::AttributeFailed { path: "/a".into(), name: "user.a".into(), why: "not  allowed".into() };
        assert_eq!(listing().take(failed.clone()), Ok(Some(expected)));
        let nameless = wire_format::Record { xattr_name: String::new(), ..failed };
        assert!(matches!(listing().take(nameless), Ok(Some(Received::Flaw { .. }))));
    }

    #[test]
    fn an_owner_with_an_endless_name_costs_the_one_record() {
        for length in [LONGEST_OWNER, LONGEST_OWNER + 1] {
            let mut owned = record("/a");
            owned.file_info.as_mut().unwrap().groupname = "x".repeat(length);
            let is_taken = matches!(listing().take(owned), Ok(Some(Received::Record(_))));
            assert_eq!(is_taken, length == LONGEST_OWNER);
        }
    }
}
