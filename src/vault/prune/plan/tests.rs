//! Whatever there is to be seen: nothing that is needed is lost, no pack loses its mark, and pruning comes to an end.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::vault::index::{Block, BlockContents};
use crate::vault::prune::usage::{Order, Usage};
use crate::vault::seal::Kind;
use crate::vault::store::Listed;

/// In seconds.
const GRACE: u64 = 100;
/// Times that a vault is pruned, each a grace period after the one before, until nothing is left to do.
const ROUNDS: usize = 12;

/// A vault, as far as pruning is concerned.
#[derive(Debug, Clone)]
struct World {
    /// Seconds since some time.
    now: u64,
    packs: BTreeMap<u8, Pack>,
    marks: Vec<Mark>,
    needed: BTreeSet<u8>,
    /// Index files that count.
    files: Vec<Name>,
    replaced: Vec<Name>,
    half_removed: Vec<String>,
    /// Number of the next pack that is written: none is ever used twice.
    next: u8,
}

#[derive(Debug, Clone)]
struct Pack {
    /// Numbers of objects, each of a length of its own.
    objects: Vec<u8>,
    is_there: bool,
    is_indexed: bool,
    written: u64,
}

impl Pack {
    fn contents(&self, id: Id) -> PackContents {
        let objects: Vec<(Address, u32)> =
            self.objects.iter().map(|number| (address(*number), u32::from(*number) * 50)).collect();
        let raw: u32 = objects.iter().map(|(_, length)| length + 1).sum();
        let block = Block { kind: Kind::Data, at: 13, sealed: raw / 4 + 40, raw };
        PackContents { id, size: u64::from(block.sealed) + 60, blocks: vec![BlockContents { block, objects }] }
    }
}

fn address(number: u8) -> Address {
    Address([number; 20])
}

fn id(number: u8) -> Id {
    [number; 16]
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

impl World {
    fn look(&self) -> Look {
        let of = |(number, pack): (&u8, &Pack)| pack.contents(id(*number));
        let listed = self.packs.iter().filter(|(_, pack)| pack.is_there);
        Look {
            now: time(self.now),
            marks: self.marks.clone(),
            half_removed: self.half_removed.clone(),
            snapshots: 1,
            usage: self.needed.iter().map(|number| (address(*number), Order::default())).collect::<Usage>(),
            packs: self.packs.iter().filter(|(_, pack)| pack.is_indexed).map(of).collect(),
            listed: listed
                .map(|(number, pack)| {
                    let size = pack.contents(id(*number)).size;
                    (id(*number), Listed { name: String::new(), size, modified: time(pack.written) })
                })
                .collect(),
            replaced: self.replaced.clone(),
        }
    }

    fn marked(&self) -> BTreeSet<u8> {
        self.marks.iter().flat_map(|mark| &mark.packs).map(|id| id[0]).collect()
    }

    fn tombstones(&self) -> BTreeSet<String> {
        self.marks.iter().flat_map(|mark| mark.snapshots.clone()).collect()
    }

    /// Whether the object can be read from a pack that is there.
    fn has(&self, object: u8) -> bool {
        self.packs.values().any(|pack| pack.is_there && pack.is_indexed && pack.objects.contains(&object))
    }

    fn mark(&mut self, packs: &[Id], indexes: &[String], snapshots: &[String]) {
        if packs.is_empty() && indexes.is_empty() && snapshots.is_empty() {
            return;
        }
        let name = format!("{}", self.now * 100 + self.marks.len() as u64);
        let (packs, indexes, snapshots) = (packs.to_vec(), indexes.to_vec(), snapshots.to_vec());
        self.marks.push(Mark { name, modified: time(self.now), packs, indexes, snapshots, damaged: false });
    }

    /// What carrying the plan out leaves; as `execute` does it.
    fn carry_out(&mut self, look: &Look, plan: &Plan) {
        self.half_removed.clear();
        self.mark(&[], &[], &plan.tombstones);
        let mut objects = Vec::new();
        for place in &plan.copied {
            let of_it = look.packs[*place].blocks[0].objects.iter();
            objects.extend(of_it.filter(|(address, _)| plan.homes.get(address) == Some(place)).map(|(a, _)| a.0[0]));
        }
        if !objects.is_empty() {
            self.next += 1;
            self.packs.insert(self.next, Pack { objects, is_there: true, is_indexed: true, written: self.now });
        }
        self.mark(&plan.mark, &plan.mark_indexes, &[]);
        let mut replaced = Vec::new();
        if plan.delete.iter().any(|id| self.packs.get(&id[0]).is_some_and(|pack| pack.is_indexed)) {
            replaced = std::mem::replace(&mut self.files, vec![Name::new(1)]);
        }
        self.packs.retain(|number, _| !plan.delete.contains(&id(*number)));
        self.mark(&plan.mark_again, &replaced.iter().map(Name::path).collect::<Vec<_>>(), &[]);
        self.replaced.extend(replaced);
        self.replaced.retain(|name| !plan.delete_indexes.contains(&name.path()));
        self.marks.retain(|mark| !plan.delete_marks.contains(&mark.name));
    }
}

/// When it was written, what it names of packs, index files and snapshots, and whether it is damaged.
type MarkSeed = (u64, BTreeSet<u8>, BTreeSet<u8>, BTreeSet<u8>, bool);

fn worlds() -> impl Strategy<Value = World> {
    let pack =
        (prop::collection::vec(0..30_u8, 0..8), prop::bool::weighted(0.8), prop::bool::weighted(0.8), 0..900_u64)
            .prop_map(|(objects, is_there, is_indexed, written)| {
                let objects = objects.into_iter().collect::<BTreeSet<u8>>().into_iter().collect();
                Pack { objects, is_there, is_indexed, written }
            });
    let packs = prop::collection::btree_map(0..12_u8, pack, 0..12);
    let subset = || prop::collection::btree_set(0..12_u8, 0..5);
    let marks = prop::collection::vec((700..1100_u64, subset(), subset(), subset(), prop::bool::weighted(0.1)), 0..12);
    let replaced = prop::collection::btree_set(0..12_u8, 0..6);
    let needed = prop::collection::btree_set(0..30_u8, 0..20);
    (packs, marks, replaced, needed, any::<bool>()).prop_map(|(packs, marks, replaced, needed, is_whole)| {
        let name = |number: &u8| Name { level: 0, id: id(*number) };
        let mark = |(number, (modified, packs, indexes, snapshots, damaged)): (usize, MarkSeed)| {
            let (packs, indexes) = (packs.iter().map(|n| id(*n)), indexes.iter().map(|number| name(number).path()));
            let snapshots = snapshots.iter().filter(|number| **number > 8).map(|number| format!("snapshot {number}"));
            let mut mark = Mark {
                name: format!("mark {number}"),
                modified: time(modified),
                packs: packs.collect(),
                indexes: indexes.collect(),
                snapshots: snapshots.collect(),
                damaged,
            };
            if damaged {
                (mark.packs, mark.indexes, mark.snapshots) = (Vec::new(), Vec::new(), Vec::new());
            }
            // As they are written: what tells of removed snapshots tells of nothing else.
            if !mark.snapshots.is_empty() {
                (mark.packs, mark.indexes) = (Vec::new(), Vec::new());
            }
            mark
        };
        let marks = marks.into_iter().enumerate().map(mark).collect();
        let (files, replaced) = (vec![Name::new(0)], replaced.iter().map(name).collect());
        let mut world = World {
            now: 1000,
            packs,
            marks,
            needed,
            files,
            replaced,
            half_removed: vec!["half".to_owned()],
            next: 100,
        };
        world.packs.retain(|_, pack| pack.is_there || pack.is_indexed);
        if is_whole {
            let held: BTreeSet<u8> = world.needed.iter().copied().filter(|object| world.has(*object)).collect();
            world.needed = held;
        }
        world
    })
}

fn graces() -> impl Strategy<Value = Grace> {
    prop_oneof![3 => Just(Grace::Wait(Duration::from_secs(GRACE))), 1 => Just(Grace::Now)]
}

/// Numbers of the packs that marks of this age or more name.
fn due(world: &World, grace: Grace) -> BTreeSet<u8> {
    let is_due = |mark: &&Mark| match grace {
        Grace::Now => true,
        Grace::Wait(grace) => time(world.now).duration_since(mark.modified).is_ok_and(|age| age >= grace),
    };
    world.marks.iter().filter(is_due).flat_map(|mark| &mark.packs).map(|id| id[0]).collect()
}

/// What must be so of any plan, and of what it leaves.
fn is_right(world: &World, grace: Grace, look: &Look, plan: &Plan) {
    let (marked, due) = (world.marked(), due(world, grace));
    let deleted: BTreeSet<u8> = plan.delete.iter().map(|id| id[0]).collect();
    assert!(deleted.is_subset(&due), "only what was marked long ago is deleted");
    let newly: BTreeSet<u8> = plan.mark.iter().map(|id| id[0]).collect();
    assert!(newly.is_disjoint(&marked));
    let copied: HashSet<Address> =
        plan.homes.iter().filter(|(_, home)| plan.copied.contains(home)).map(|(a, _)| *a).collect();
    for object in &world.needed {
        let holding =
            || world.packs.iter().filter(|(_, pack)| pack.is_there && pack.is_indexed && pack.objects.contains(object));
        let stays = holding().any(|(number, _)| !marked.contains(number) && !newly.contains(number));
        let only_waits = holding().all(|(number, _)| marked.contains(number) && !due.contains(number));
        assert!(stays || only_waits || copied.contains(&address(*object)), "object {object} goes");
    }
    let mut after = world.clone();
    after.carry_out(look, plan);
    assert!(world.needed.iter().all(|object| after.has(*object)), "what is needed is there");
    let marked_after = after.marked();
    for number in marked.union(&newly) {
        let is_left = after.packs.contains_key(number);
        assert!(!is_left || marked_after.contains(number), "pack {number} is not marked any more");
        // One that merges of index files may tell of once more.
        assert!(grace == Grace::Now || !deleted.contains(number) || marked_after.contains(number));
    }
    assert_eq!(world.tombstones(), after.tombstones(), "a removed snapshot is forgotten");
    let may_go: BTreeSet<&String> = world.marks.iter().flat_map(|mark| &mark.indexes).collect();
    let replaced: BTreeSet<String> = world.replaced.iter().map(Name::path).collect();
    assert!(plan.delete_indexes.iter().all(|name| may_go.contains(name) && replaced.contains(name)));
    counts_are_right(world, plan, &after);
}

fn counts_are_right(world: &World, plan: &Plan, after: &World) {
    let bytes = |world: &World| -> u64 {
        let there = world.packs.iter().filter(|(_, pack)| pack.is_there);
        there.map(|(number, pack)| pack.contents(id(*number)).size).sum()
    };
    let new: u64 = after
        .packs
        .iter()
        .filter(|(number, _)| !world.packs.contains_key(number))
        .map(|(n, p)| p.contents(id(*n)).size)
        .sum();
    assert_eq!(plan.summary.packs.bytes, bytes(world));
    assert_eq!(plan.summary.packs.bytes + new - plan.summary.deleted.bytes, bytes(after));
    let newly = plan.mark.iter().filter(|id| world.packs.get(&id[0]).is_some_and(|pack| pack.is_there));
    assert_eq!(plan.summary.marked.packs, newly.count() as u64);
    assert_eq!(plan.summary.merged.packs, plan.copied.len() as u64);
}

fn has_nothing_to_do(plan: &Plan) -> bool {
    let Plan {
        half_removed,
        copied,
        homes: _,
        mark,
        mark_indexes,
        delete,
        mark_again,
        delete_indexes,
        tombstones,
        delete_marks,
        summary: _,
    } = plan;
    half_removed.is_empty()
        && copied.is_empty()
        && mark.is_empty()
        && mark_indexes.is_empty()
        && delete.is_empty()
        && mark_again.is_empty()
        && delete_indexes.is_empty()
        && tombstones.is_empty()
        && delete_marks.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn nothing_that_is_needed_goes_and_pruning_comes_to_an_end(world in worlds(), grace in graces()) {
        let mut world = world;
        let is_whole = world.needed.iter().all(|object| world.has(*object));
        for round in 0.. {
            let look = world.look();
            let plan = match plan(&look, grace) {
                Ok(plan) => plan,
                Err(error) => {
                    assert!(!is_whole && error.kind == ErrorKind::Damaged, "{error}");
                    return Ok(());
                }
            };
            assert!(is_whole, "a plan though something is lost");
            is_right(&world, grace, &look, &plan);
            // By then the youngest mark is old enough.
            if has_nothing_to_do(&plan) && round >= 3 {
                break;
            }
            assert!(round < ROUNDS, "it goes on and on: {plan:?}");
            world.carry_out(&look, &plan);
            world.now += GRACE;
        }
        // What is left is what is needed, unmarked and in the index.
        assert!(world.marked().is_empty() && world.replaced.is_empty());
        assert!(world.packs.values().all(|pack| pack.is_there && pack.is_indexed));
        let is_needed = |pack: &Pack| pack.objects.iter().any(|object| world.needed.contains(object));
        assert!(world.packs.values().all(is_needed), "{world:?}");
    }
}
