//! Which snapshots stay, by rules: so many of the last, of different hours, days, weeks, months and years. Pure: the time
//! that counts is that of the snapshots, so that a clock that runs wrong removes nothing.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::snapshot::Snapshot;

/// What stays of each source. The newest of each always does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep {
    /// So many of the last.
    pub last: u32,
    /// The last one of each of so many hours that have any.
    pub hourly: u32,
    /// The last one of each of so many days that have any.
    pub daily: u32,
    /// The last one of each of so many weeks that have any; weeks begin on Monday.
    pub weekly: u32,
    /// The last one of each of so many months that have any.
    pub monthly: u32,
    /// The last one of each of so many years that have any.
    pub yearly: u32,
    /// All that have one of these tags.
    pub tags: Vec<String>,
    /// All that are not older than this, counted from the newest of the source.
    pub within: Option<Duration>,
}

/// A snapshot, and why it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Words such as `daily`; none means that it goes.
    pub reasons: Vec<&'static str>,
}

impl Keep {
    /// Whether there is no rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Keep::default()
    }
}

impl Choice {
    /// Whether the snapshot stays.
    #[must_use]
    pub fn stays(&self) -> bool {
        !self.reasons.is_empty()
    }
}

/// Chooses which of these snapshots stay, for each source by itself; days and hours are those of `zone`. In the order given.
#[must_use]
pub fn choose(snapshots: &[Snapshot], keep: &Keep, zone: &TimeZone) -> Vec<Choice> {
    let mut sources = BTreeMap::<_, Vec<(usize, &Snapshot)>>::new();
    for (number, snapshot) in snapshots.iter().enumerate() {
        sources.entry(source(snapshot)).or_default().push((number, snapshot));
    }
    let mut chosen: BTreeMap<usize, Vec<&'static str>> = BTreeMap::new();
    for mut of_source in sources.into_values() {
        // Newest first; of two in the same millisecond the one given later.
        of_source.sort_by_key(|(number, snapshot)| std::cmp::Reverse((snapshot.time, *number)));
        chosen.extend(reasons(&of_source, keep, zone));
    }
    let choice = |(number, snapshot): (usize, &Snapshot)| Choice {
        snapshot: snapshot.clone(),
        reasons: chosen.remove(&number).unwrap_or_default(),
    };
    snapshots.iter().enumerate().map(choice).collect()
}

/// What counts as one source: its configured name, else what was backed up. What stood there before a restore counts apart, so
/// that it never is the newest in place of a backup.
pub(super) fn source(snapshot: &Snapshot) -> (&str, &str, &str) {
    let head = &snapshot.head;
    if head.is_before_restore() {
        // No name holds a line break.
        ("\nbefore-restore", &head.location, &head.origin)
    } else if head.source.is_empty() {
        ("", &head.location, &head.origin)
    } else {
        (&head.source, "", "")
    }
}

/// Why each snapshot of one source stays; newest first.
fn reasons(snapshots: &[(usize, &Snapshot)], keep: &Keep, zone: &TimeZone) -> Vec<(usize, Vec<&'static str>)> {
    let newest = snapshots.first().map_or(SystemTime::UNIX_EPOCH, |(_, snapshot)| snapshot.time);
    let mut periods = [
        Period::new("hourly", keep.hourly),
        Period::new("daily", keep.daily),
        Period::new("weekly", keep.weekly),
        Period::new("monthly", keep.monthly),
        Period::new("yearly", keep.yearly),
    ];
    let mut all = Vec::new();
    for (place, (number, snapshot)) in (0_u32..).zip(snapshots) {
        let mut reasons = Vec::new();
        if place < keep.last {
            reasons.push("last");
        } else if place == 0 {
            reasons.push("newest");
        }
        let age = newest.duration_since(snapshot.time).unwrap_or_default();
        if keep.within.is_some_and(|within| age <= within) {
            reasons.push("within");
        }
        for period in &mut periods {
            if period.takes(snapshot.time, zone) {
                reasons.push(period.word);
            }
        }
        if snapshot.head.tags.iter().any(|tag| keep.tags.contains(tag)) {
            reasons.push("tag");
        }
        all.push((*number, reasons));
    }
    all
}

/// Takes the newest snapshot of each of so many periods.
struct Period {
    word: &'static str,
    left: u32,
    last: Option<String>,
}

impl Period {
    fn new(word: &'static str, left: u32) -> Self {
        Self { word, left, last: None }
    }

    fn takes(&mut self, time: SystemTime, zone: &TimeZone) -> bool {
        let name = Some(self.name(time, zone));
        if self.left == 0 || self.last == name {
            return false;
        }
        self.last = name;
        self.left -= 1;
        true
    }

    fn name(&self, time: SystemTime, zone: &TimeZone) -> String {
        let time = Timestamp::try_from(time).unwrap_or_default().to_zoned(zone.clone());
        let format = match self.word {
            "hourly" => "%Y-%m-%d %H %z",
            "daily" => "%Y-%m-%d",
            "weekly" => "%G-%V",
            "monthly" => "%Y-%m",
            _ => "%Y",
        };
        time.strftime(format).to_string()
    }
}

#[cfg(test)]
mod tests;
