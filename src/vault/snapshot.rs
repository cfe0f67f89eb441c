//! A snapshot: what a source held at one time, and where its tree begins.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::error::Error;
use super::hex::{self, Id};
use super::node::Totals;
use super::seal::Keys;
use super::squeeze;

/// Most bytes of a snapshot, sealed or not.
pub(super) const MOST_BYTES: u32 = 4 * 1024 * 1024;
/// Failures that are written down one by one; further ones are only counted.
const MOST_FAILURES: usize = 1000;

/// The tag of what stood at a destination before a restore: such a snapshot is no backup of a source, and never its latest.
pub const BEFORE_RESTORE: &str = "before-restore";

/// What is known of a backup when it begins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SnapshotHead {
    /// Name of the configured source, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The location that was backed up, without secrets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// Who was backed up, such as `alice@dav.example.com`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// Which connector did it, such as `caldav`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connector: String,
    /// Name of the machine that made the backup.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Words that a person gave it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Id of the snapshot of the same source before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Version of davault that made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub davault: String,
}

impl SnapshotHead {
    /// Whether it says what stood at a destination before a restore.
    #[must_use]
    pub fn is_before_restore(&self) -> bool {
        self.tags.iter().any(|tag| tag == BEFORE_RESTORE)
    }
}

/// How a backup ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ending {
    /// Items that could not be backed up: path and reason.
    pub failures: Vec<(String, String)>,
    /// Only a part of the source was asked for, or read.
    pub partial: bool,
}

/// A snapshot as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// 32 hexadecimal digits.
    pub id: String,
    /// When it was finished, in whole milliseconds.
    pub time: SystemTime,
    /// What was known when it began.
    pub head: SnapshotHead,
    /// Folders, items and bytes in it.
    pub counts: Totals,
    /// How many items could not be backed up.
    pub failed: u64,
    /// Those items with the reasons; at most a thousand.
    pub failures: Vec<(String, String)>,
    /// Only a part of the source was asked for, or read.
    pub partial: bool,
    pub(super) root: Address,
    pub(super) name: String,
    /// What a later davault wrote and this one does not know; a copy keeps it.
    pub(super) more: BTreeMap<String, serde_json::Value>,
}

/// The JSON of a snapshot.
#[derive(Serialize, Deserialize)]
struct Written {
    time: u64,
    root: String,
    #[serde(flatten)]
    head: SnapshotHead,
    #[serde(default, skip_serializing_if = "is_zero")]
    folders: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    items: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    bytes: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    failed: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failures: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    /// What a later davault added.
    #[serde(flatten)]
    more: BTreeMap<String, serde_json::Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Snapshot {
    pub(super) fn new(
        keys: &Keys,
        head: SnapshotHead,
        now: SystemTime,
        (root, counts): (Address, Totals),
        ending: Ending,
    ) -> Self {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds(since));
        let id = hex::new_id();
        let failed = ending.failures.len() as u64;
        let failures = ending.failures.into_iter().take(MOST_FAILURES).collect();
        let (partial, name, id) = (ending.partial, name(&id, time, &tag(keys, &head)), hex::encode(&id));
        Self { id, time, head, counts, failed, failures, partial, root, name, more: BTreeMap::new() }
    }

    /// Where its file lies in the vault.
    pub(super) fn path(&self) -> String {
        format!("snapshots/{}", self.name)
    }

    pub(super) fn seal(&self, keys: &Keys) -> Vec<u8> {
        let since = self.time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let written = Written {
            time: milliseconds(since),
            root: self.root.to_string(),
            head: self.head.clone(),
            folders: self.counts.folders,
            items: self.counts.items,
            bytes: self.counts.bytes,
            failed: self.failed,
            failures: self.failures.clone(),
            partial: self.partial,
            more: self.more.clone(),
        };
        let json = serde_json::to_vec(&written).expect("strings and numbers are always JSON");
        keys.seal_snapshot(&self.name, &squeeze::compress(&json))
    }

    /// The same snapshot for another vault, where its tree is at `root`.
    pub(super) fn copy(&self, keys: &Keys, root: Address) -> Self {
        let id = hex::decode(&self.id);
        let name = id.map_or_else(|| self.name.clone(), |id| name(&id, self.time, &tag(keys, &self.head)));
        Self { root, name, ..self.clone() }
    }

    /// The same snapshot with a time, and so a name, that is a millisecond later.
    pub(super) fn a_millisecond_later(self, keys: &Keys) -> Self {
        Self { time: self.time + Duration::from_millis(1), ..self }.copy(keys, self.root)
    }

    pub(super) fn open(keys: &Keys, name: &str, sealed: &[u8]) -> Result<Self, Error> {
        let damaged = |why| Error::damaged(&format!("snapshot {name}"), why);
        let id = named(name).ok_or_else(|| damaged("its name is not that of a snapshot"))?.id;
        let opened = keys.open_snapshot(name, sealed).ok_or_else(|| damaged("it does not open"))?;
        let json = usize::try_from(MOST_BYTES).ok().and_then(|most| squeeze::expand(&opened, most));
        let json = json.ok_or_else(|| damaged("it does not decompress"))?;
        let written: Written =
            serde_json::from_slice(&json).map_err(|error| damaged("it is not what it should be").because(error))?;
        let root = Address::from_hex(&written.root).ok_or_else(|| damaged("its root is no address"))?;
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(written.time));
        Ok(Self {
            id: id.to_owned(),
            time: time.ok_or_else(|| damaged("its time is out of range"))?,
            head: written.head,
            counts: Totals { folders: written.folders, items: written.items, bytes: written.bytes },
            failed: written.failed,
            failures: written.failures,
            partial: written.partial,
            root,
            name: name.to_owned(),
            more: written.more,
        })
    }
}

/// What the name of a snapshot says of it: its tag and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named<'n> {
    pub(super) tag: &'n str,
    pub(super) id: &'n str,
}

/// What a name below `snapshots/` says; `None` where it is not that of a snapshot.
pub(super) fn named(name: &str) -> Option<Named<'_>> {
    let mut parts = name.splitn(3, '-');
    let (time, tag, id) = (parts.next()?, parts.next()?, parts.next()?);
    let is_name = time.len() == 19 && hex::decode::<4>(tag).is_some() && hex::decode::<16>(id).is_some();
    is_name.then_some(Named { tag, id })
}

/// The tag in the names of the snapshots of this source. One without a name is known by its location and who it is; no
/// name holds a line break. What stood somewhere before a restore has tags of its own: whoever looks for the latest of a
/// source passes it by.
pub(super) fn tag(keys: &Keys, head: &SnapshotHead) -> String {
    if head.is_before_restore() {
        hex::encode(&keys.tag(&format!("{BEFORE_RESTORE}\n{}\n{}", head.location, head.origin)))
    } else if head.source.is_empty() {
        hex::encode(&keys.tag(&format!("{}\n{}", head.location, head.origin)))
    } else {
        hex::encode(&keys.tag(&head.source))
    }
}

/// The time of a new snapshot of this tag: now, but behind all that are there of the same source. So the last one made is the
/// last one by time, whatever a clock says that was set back.
pub(super) fn behind<'n>(names: impl Iterator<Item = &'n String>, tag: &str, now: SystemTime) -> SystemTime {
    let of_tag = names.filter(|name| named(name).is_some_and(|named| named.tag == tag));
    let newest = of_tag.filter_map(|name| time_of(name)).max();
    newest.map_or(now, |newest| now.max(newest + Duration::from_millis(1)))
}

/// The time that a name begins with.
fn time_of(name: &str) -> Option<SystemTime> {
    let digits = |from: usize, to: usize| name.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize, to: usize| i8::try_from(digits(from, to)?).ok();
    let date = jiff::civil::Date::new(digits(0, 4)?, small(4, 6)?, small(6, 8)?).ok()?;
    let nanoseconds = i32::from(digits(15, 18)?).checked_mul(1_000_000)?;
    let time = jiff::civil::Time::new(small(9, 11)?, small(11, 13)?, small(13, 15)?, nanoseconds).ok()?;
    Some(date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().into())
}

fn milliseconds(since: Duration) -> u64 {
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The name of a snapshot: its time first, so that sorting names sorts by time.
fn name(id: &Id, time: SystemTime, tag: &str) -> String {
    let stamp = jiff::Timestamp::try_from(time).unwrap_or_default();
    format!("{}-{tag}-{}", stamp.strftime("%Y%m%dT%H%M%S%3fZ"), hex::encode(id))
}
