//! The rules that an importer's list must keep, and what was received of it so far.

use std::collections::BTreeMap;

use super::Limits;
use super::record::{Received, Record};
use crate::plugin::path::{self, Seen};
use crate::plugin::wire;
use crate::proto::plakar::connectors as wire_format;

/// What a record costs beside its path, in bytes, about.
const RECORD: usize = 256;
/// Most bytes of folder names in one list; they are kept to its end, to make up those that never come.
const FOLDERS: usize = 64 << 20;
/// Most bytes of paths and reasons of failures in one list; they are kept to the end of the run.
const FAILURES: usize = 64 << 20;

/// What was received so far of one list.
pub(super) struct Listing {
    limits: Limits,
    seen: Seen,
    failures: usize,
    failure_bytes: usize,
    unsettled: Seen,
    unsettled_bytes: usize,
    /// Every folder in or above a record; true where it was itself a record.
    folders: BTreeMap<String, bool>,
    folder_bytes: usize,
}

impl Listing {
    pub(super) fn new(limits: Limits) -> Self {
        Listing {
            limits,
            seen: Seen::new(),
            failures: 0,
            failure_bytes: 0,
            unsettled: Seen::new(),
            unsettled_bytes: 0,
            folders: BTreeMap::new(),
            folder_bytes: 0,
        }
    }

    /// Takes in the next record; an error continues "the plugin X …".
    pub(super) fn take(&mut self, record: wire_format::Record) -> Result<Received, String> {
        let received = self.check(record)?;
        match &received {
            Received::Failed { path, why } => {
                self.failures += 1;
                self.failure_bytes += path.len() + why.len() + RECORD;
            }
            Received::Record(record) => {
                self.unsettled.insert(&record.path);
                self.unsettled_bytes += cost(record);
            }
        }
        self.count()?;
        Ok(received)
    }

    fn check(&mut self, record: wire_format::Record) -> Result<Received, String> {
        let shown = path::shown(&record.pathname);
        path::check(&record.pathname).map_err(|why| format!("listed the path {shown:?}, which {why}"))?;
        if !record.error.is_empty() {
            return Ok(Received::Failed { path: record.pathname, why: path::shown(&record.error) });
        }
        if record.is_xattr {
            return Ok(failed(record.pathname, "has an extended attribute, which can't be kept"));
        }
        let info = record.file_info.ok_or_else(|| format!("listed {shown} without saying what it is"))?;
        let record = Record::from_wire(record.pathname, &info).map_err(|why| format!("listed {shown} {why}"))?;
        if !self.seen.insert(&record.path) {
            return Err(format!("listed {shown} twice"));
        }
        self.place(&record)?;
        if !record.is_folder() && record.mode & wire::MODE_TYPE != 0 {
            return Ok(failed(record.path, "is neither a folder nor a file, and can't be kept"));
        }
        Ok(Received::Record(record))
    }

    /// Notes that the host is done with `record`; false where it was already, or never came from the plugin.
    pub(super) fn settle(&mut self, record: &Record) -> bool {
        let settled = self.unsettled.remove(&record.path);
        if settled {
            self.unsettled_bytes = self.unsettled_bytes.saturating_sub(cost(record));
        }
        settled
    }

    /// A folder that has something in it and was not listed; each once, the upper ones first.
    pub(super) fn make_up(&mut self) -> Option<Record> {
        let (path, listed) = self.folders.iter_mut().find(|(_, listed)| !**listed)?;
        *listed = true;
        Some(Record::folder(path))
    }

    /// Remembers the folders above `record`, and that no file is one of them.
    fn place(&mut self, record: &Record) -> Result<(), String> {
        let shown = path::shown(&record.path);
        if record.is_folder() {
            self.folder_bytes += record.path.len() + RECORD;
            self.folders.insert(record.path.clone(), true);
        } else if self.folders.contains_key(&record.path) {
            return Err(format!("listed {shown} as a file, and something in it"));
        }
        let mut path = record.path.as_str();
        while let Some((above, _)) = path.rsplit_once('/').filter(|_| path != "/") {
            let above = if above.is_empty() { "/" } else { above };
            if self.folders.contains_key(above) {
                break;
            }
            if self.seen.contains(above) {
                return Err(format!("listed {shown} in something that is no folder"));
            }
            self.folder_bytes += above.len() + RECORD;
            self.folders.insert(above.into(), false);
            path = above;
        }
        Ok(())
    }

    fn count(&self) -> Result<(), String> {
        if self.seen.len() + self.failures > self.limits.records {
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

fn failed(path: String, why: &str) -> Received {
    Received::Failed { path, why: why.into() }
}

fn cost(record: &Record) -> usize {
    record.path.len() + record.name.len() + RECORD
}
