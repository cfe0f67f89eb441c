//! What to do: pure, from a look alone.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::look::Look;
use super::{Amount, Grace, PruneSummary};
use crate::vault::address::{Address, BuildAddressHasher};
use crate::vault::error::{Error, ErrorKind};
use crate::vault::hex::Id;
use crate::vault::index::{Name, PackContents};
use crate::vault::mark::Mark;
use crate::vault::pack;

/// So many small packs are worth merging.
const MANY: usize = 4;
/// A pack is merged with smaller ones of which so many times the size is not below its own. So what is not merged stays below
/// an eighth of what is, and a large pack is not written anew for every small one.
const TIMES: u64 = 8;
/// Bytes that nothing needs are tolerated up to this share of those that are needed: one in so many.
const TOLERATED: u64 = 10;
/// Tombstones of removed snapshots that are kept, newest first.
const MOST_TOMBSTONES: usize = 10_000;
/// So many marks of removed snapshots are put together into one.
const MANY_TOMBSTONES: usize = 8;

/// What pruning does, in this order.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Snapshots to be deleted, which a mark names already.
    pub(super) half_removed: Vec<String>,
    /// Places of packs in [`Look::packs`] whose needed objects are written into new packs.
    pub(super) copied: BTreeSet<usize>,
    /// Which pack each needed object is read from: its place in [`Look::packs`].
    pub(super) homes: HashMap<Address, usize, BuildAddressHasher>,
    /// Packs to be marked.
    pub(super) mark: Vec<Id>,
    /// Index files to be marked, by their names.
    pub(super) mark_indexes: Vec<String>,
    /// Packs to be taken out of the index and deleted.
    pub(super) delete: Vec<Id>,
    /// Of these, the ones to be named in a mark once more.
    pub(super) mark_again: Vec<Id>,
    /// Index files to be deleted, by their names.
    pub(super) delete_indexes: Vec<String>,
    /// Snapshots to be named in one mark that stands for several.
    pub(super) tombstones: Vec<String>,
    /// Marks to be deleted, last of all.
    pub(super) delete_marks: Vec<String>,
    pub(super) summary: PruneSummary,
}

/// How a pack stands with the marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Free,
    /// Marked, and to be deleted.
    Due,
    /// Marked, and the grace period goes on.
    Waiting,
}

/// A pack of the index, weighed.
#[derive(Debug, Clone, Copy)]
struct Weighed {
    place: usize,
    state: State,
    size: u64,
    live: u64,
    dead: u64,
}

/// Plans. [`ErrorKind::Damaged`] if a snapshot needs an object that is nowhere.
pub(super) fn plan(look: &Look, grace: Grace) -> Result<Plan, Error> {
    let marks = States::new(look, grace);
    let mut plan = Plan { half_removed: look.half_removed.clone(), ..Plan::default() };
    plan.homes = homes(look, &marks)?;
    let weighed = weigh(look, &marks, &plan.homes);
    plan.summary = PruneSummary {
        snapshots: look.snapshots,
        packs: Amount { packs: look.listed.len() as u64, bytes: look.listed.values().map(|file| file.size).sum() },
        needed_bytes: weighed.iter().map(|pack| pack.live).sum(),
        ..PruneSummary::default()
    };
    let merged = worth_merging(&weighed);
    for pack in &weighed {
        let Some(id) = look.packs.get(pack.place).map(|contents| contents.id) else { continue };
        let is_merged = merged.contains(&pack.place) || (pack.state == State::Due && pack.live > 0);
        if is_merged {
            plan.copied.insert(pack.place);
            plan.summary.merged.add(pack.size);
        }
        match pack.state {
            // One that is not there too: a list may be older than the index.
            State::Free if is_merged || pack.live == 0 => plan.mark.push(id),
            State::Due => plan.delete.push(id),
            State::Free | State::Waiting => {}
        }
    }
    without_index(look, &marks, grace, &mut plan);
    count(look, &marks, &mut plan);
    marks_and_indexes(look, &marks, grace, &mut plan);
    Ok(plan)
}

/// Which packs are marked, and which marks are old enough.
struct States<'l> {
    packs: HashMap<Id, State>,
    due: Vec<&'l Mark>,
}

impl<'l> States<'l> {
    fn new(look: &'l Look, grace: Grace) -> Self {
        let is_due = |mark: &&Mark| is_older(look, mark, grace);
        let (due, waiting): (Vec<&Mark>, Vec<&Mark>) = look.marks.iter().partition(is_due);
        let mut packs = HashMap::new();
        for (marks, state) in [(waiting, State::Waiting), (due.clone(), State::Due)] {
            packs.extend(marks.iter().flat_map(|mark| &mark.packs).map(|id| (*id, state)));
        }
        Self { packs, due }
    }

    fn of(&self, pack: &Id) -> State {
        self.packs.get(pack).copied().unwrap_or(State::Free)
    }
}

fn is_older(look: &Look, mark: &Mark, grace: Grace) -> bool {
    let age = look.now.duration_since(mark.modified).unwrap_or(Duration::ZERO);
    match grace {
        Grace::Now => true,
        Grace::Wait(grace) => age >= grace,
    }
}

/// For each needed object the pack that it stays in, or is read from: one that is not marked, if there is one, and the largest
/// of those. Else one that is deleted now before one that only waits: another prune may find its waiting over, so that what
/// is deleted must be in a pack that is not marked, or be copied.
fn homes(look: &Look, states: &States) -> Result<HashMap<Address, usize, BuildAddressHasher>, Error> {
    let mut packs: Vec<(usize, &PackContents)> = look.packs.iter().enumerate().collect();
    packs.retain(|(_, pack)| look.listed.contains_key(&pack.id));
    packs.sort_by_key(|(_, pack)| (states.of(&pack.id), std::cmp::Reverse(pack.size), pack.id));
    let mut homes = HashMap::with_capacity_and_hasher(look.usage.len(), BuildAddressHasher::default());
    for (place, pack) in packs {
        for (address, _) in pack.blocks.iter().flat_map(|block| &block.objects) {
            if look.usage.contains_key(address) {
                homes.entry(*address).or_insert(place);
            }
        }
    }
    match look.usage.len() - homes.len() {
        0 => Ok(homes),
        lost => {
            let what = format!("{lost} objects that snapshots need are in no pack that is there");
            Err(Error::new(ErrorKind::Damaged, what))
        }
    }
}

fn weigh(look: &Look, states: &States, homes: &HashMap<Address, usize, BuildAddressHasher>) -> Vec<Weighed> {
    let weigh = |(place, pack): (usize, &PackContents)| {
        let mut weighed = Weighed { place, state: states.of(&pack.id), size: pack.size, live: 0, dead: 0 };
        for block in &pack.blocks {
            let objects = block.objects.iter();
            let (mut live, mut all) = (0, 0);
            for (address, length) in objects {
                // An empty object takes space too.
                let length = u64::from(*length) + 1;
                all += length;
                live += if homes.get(address) == Some(&place) { length } else { 0 };
            }
            let sealed = u64::from(block.block.sealed);
            let of_it = if live == 0 { 0 } else { (sealed * live / all).max(1) };
            weighed.live += of_it;
            weighed.dead += sealed - of_it;
        }
        weighed
    };
    look.packs.iter().enumerate().map(weigh).collect()
}

/// Places of packs that are not marked, and whose needed objects should be written anew.
fn worth_merging(weighed: &[Weighed]) -> BTreeSet<usize> {
    let mut free: Vec<&Weighed> = weighed.iter().filter(|pack| pack.state == State::Free && pack.live > 0).collect();
    let mut merged = BTreeSet::new();
    let live: u64 = free.iter().map(|pack| pack.live).sum();
    let mut dead: u64 = free.iter().map(|pack| pack.dead).sum();
    // The most wasteful first.
    free.sort_by_key(|pack| (std::cmp::Reverse(pack.dead * 1000 / pack.size.max(1)), pack.place));
    for pack in &free {
        if dead <= live / TOLERATED {
            break;
        }
        dead -= pack.dead;
        merged.insert(pack.place);
    }
    // The small ones, as far as each is not much larger than all before it together.
    free.retain(|pack| pack.size < pack::TARGET as u64);
    free.sort_by_key(|pack| (pack.size, pack.place));
    let mut together = 0;
    let is_near = |pack: &&&Weighed| {
        let is_near = together == 0 || pack.size <= together * TIMES;
        together += pack.size;
        is_near
    };
    let small: Vec<usize> = free.iter().take_while(is_near).map(|pack| pack.place).collect();
    if small.len() >= MANY {
        merged.extend(small);
    }
    merged
}

/// Packs that are there and that no index file tells of: of a backup that goes on, or was broken off long ago.
fn without_index(look: &Look, states: &States, grace: Grace, plan: &mut Plan) {
    let indexed: HashSet<Id> = look.packs.iter().map(|pack| pack.id).collect();
    let mut unknown: Vec<_> = look.listed.iter().filter(|(id, _)| !indexed.contains(*id)).collect();
    unknown.sort_by_key(|(id, _)| **id);
    for (id, file) in unknown {
        let age = look.now.duration_since(file.modified).unwrap_or_default();
        match (states.of(id), grace) {
            (State::Due, _) => plan.delete.push(*id),
            (State::Free, Grace::Now) => plan.mark.push(*id),
            (State::Free, Grace::Wait(grace)) if age >= grace => plan.mark.push(*id),
            _ => {}
        }
    }
}

fn count(look: &Look, states: &States, plan: &mut Plan) {
    let size = |id: &Id| look.listed.get(id).map(|file| file.size);
    plan.mark.iter().filter_map(size).for_each(|bytes| plan.summary.marked.add(bytes));
    plan.delete.iter().filter_map(size).for_each(|bytes| plan.summary.deleted.add(bytes));
    let waiting = states.packs.iter().filter(|(_, state)| **state == State::Waiting).filter_map(|(id, _)| size(id));
    waiting.for_each(|bytes| plan.summary.waiting.add(bytes));
}

fn marks_and_indexes(look: &Look, states: &States, grace: Grace, plan: &mut Plan) {
    // Who merged index files at the same time may have written one that tells of a pack which is deleted now. So what is
    // deleted stays marked for a further grace period, and is taken out of the index once more if need be.
    plan.mark_again = if grace == Grace::Now { Vec::new() } else { plan.delete.clone() };
    let replaced: HashSet<String> = look.replaced.iter().map(Name::path).collect();
    let marked: HashSet<&String> = look.marks.iter().flat_map(|mark| &mark.indexes).collect();
    plan.mark_indexes = replaced.iter().filter(|name| !marked.contains(name)).cloned().collect();
    plan.mark_indexes.sort_unstable();
    let due: BTreeSet<&String> = states.due.iter().flat_map(|mark| &mark.indexes).collect();
    plan.delete_indexes = due.into_iter().filter(|name| replaced.contains(*name)).cloned().collect();
    let (tombstones, others): (Vec<&Mark>, Vec<&Mark>) = states.due.iter().partition(|mark| !mark.snapshots.is_empty());
    plan.delete_marks = others.iter().map(|mark| mark.name.clone()).collect();
    if tombstones.len() >= MANY_TOMBSTONES {
        let names: BTreeSet<&String> = tombstones.iter().flat_map(|mark| &mark.snapshots).collect();
        plan.tombstones = names.into_iter().rev().take(MOST_TOMBSTONES).cloned().collect();
        plan.delete_marks.extend(tombstones.iter().map(|mark| mark.name.clone()));
    }
}

#[cfg(test)]
mod tests;
