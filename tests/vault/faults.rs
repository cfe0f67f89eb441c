//! Anything in any order, with faults: every snapshot that was reported as made and not removed comes back exactly.
//!
//! Two vaults, of which each gets copies of what the other has. `DAVAULT_FAULT_CASES` says how many orders are tried; a failing
//! one is printed, shrunk.

mod process;
mod vaults;

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::storage::Fault;

use vaults::Vaults;

/// What a source holds: number of the name, number of the content. Few of each, so that things come back.
type Items = BTreeMap<u8, u8>;
/// By number of the operation.
type Faults = Vec<(usize, Fault)>;

/// What one process does. `at` says in which vault.
#[derive(Debug, Clone)]
enum Action {
    /// A whole backup.
    BackUp {
        at: usize,
        source: u8,
        items: Items,
        clock: u64,
        faults: Faults,
    },
    Remove {
        at: usize,
        which: Index,
        faults: Faults,
    },
    Prune {
        at: usize,
        now: bool,
        faults: Faults,
    },
    Repair {
        at: usize,
        faults: Faults,
    },
    /// Copies what the other vault lacks; faults of reading, and of writing.
    Copy {
        from: usize,
        faults: [Faults; 2],
    },
}

#[derive(Debug, Clone)]
enum Step {
    One(Action),
    /// Both at the same time.
    Two(Action, Action),
    /// A backup that goes on while other things happen.
    Begin {
        at: usize,
        source: u8,
        items: Items,
        faults: Faults,
    },
    Finish {
        which: Index,
        clock: u64,
    },
    Wait {
        seconds: u64,
    },
    /// Lists are old from now on.
    ListOld {
        at: usize,
        seconds: u64,
    },
    /// The power goes: every process is gone, and so are the last changes.
    Forget {
        at: usize,
        changes: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let clock = || 0..100_000_u64;
    let step = prop_oneof![
        8 => action().prop_map(Step::One),
        5 => (action(), action()).prop_map(|(one, other)| Step::Two(one, other)),
        2 => (at(), 0..2_u8, items(), faults())
            .prop_map(|(at, source, items, faults)| Step::Begin { at, source, items, faults }),
        2 => (any::<Index>(), clock()).prop_map(|(which, clock)| Step::Finish { which, clock }),
        1 => (0..10_000_u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => (at(), 0..60_u64).prop_map(|(at, seconds)| Step::ListOld { at, seconds }),
        1 => (at(), 0..8_usize).prop_map(|(at, changes)| Step::Forget { at, changes }),
    ];
    prop::collection::vec(step, 1..16)
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (at(), 0..2_u8, items(), 0..100_000_u64, faults())
            .prop_map(|(at, source, items, clock, faults)| Action::BackUp { at, source, items, clock, faults }),
        1 => (at(), any::<Index>(), faults()).prop_map(|(at, which, faults)| Action::Remove { at, which, faults }),
        3 => (at(), any::<bool>(), faults()).prop_map(|(at, now, faults)| Action::Prune { at, now, faults }),
        1 => (at(), faults()).prop_map(|(at, faults)| Action::Repair { at, faults }),
        2 => (at(), [faults(), faults()]).prop_map(|(from, faults)| Action::Copy { from, faults }),
    ]
}

/// Most happens in the first vault.
fn at() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0), 1 => Just(1)]
}

fn items() -> impl Strategy<Value = Items> {
    prop::collection::btree_map(0..40_u8, 0..8_u8, 0..20)
}

fn faults() -> impl Strategy<Value = Faults> {
    let fault = prop_oneof![
        Just(Fault::Fails),
        Just(Fault::FailsAfterwards),
        Just(Fault::CutShort),
        (1..5_u8).prop_map(Fault::Delayed),
        Just(Fault::Dies),
        Just(Fault::DiesAfterwards),
    ];
    // Most go well, or little would be made.
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec((0..24_usize, fault), 1..3)]
}

fn cases() -> u32 {
    std::env::var("DAVAULT_FAULT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

async fn take(vaults: &mut Vaults, step: Step) {
    match step {
        Step::One(action) => {
            vaults.before(&action, None);
            let made = Box::pin(vaults.act(&action, true)).await;
            vaults.report(made);
        }
        Step::Two(one, other) => {
            vaults.before(&one, Some(&other));
            vaults.before(&other, Some(&one));
            // What they lean on may go in front of their eyes; then they say so.
            let (first, second) = tokio::join!(vaults.act(&one, false), vaults.act(&other, false));
            vaults.report(first);
            vaults.report(second);
        }
        Step::Begin { at, source, items, faults } => vaults.begin(at, source, items, faults).await,
        Step::Finish { which, clock } => vaults.finish(which, clock).await,
        Step::Wait { seconds } => vaults.wait(Duration::from_secs(seconds)),
        Step::ListOld { at, seconds } => vaults.list_old(at, Duration::from_secs(seconds)),
        Step::Forget { at, changes } => vaults.forget(at, changes),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_in_whatever_order_what_was_reported_as_made_comes_back(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a thread can be had");
        runtime.block_on(async {
            let mut vaults = Vaults::new().await;
            for step in steps {
                // Boxed: what all kinds of steps keep while they wait is more than belongs on a stack.
                Box::pin(take(&mut vaults, step)).await;
            }
            vaults.are_whole().await;
            // Nor does pruning at the end take anything away that is needed.
            for at in 0..2 {
                let action = Action::Prune { at, now: true, faults: Vec::new() };
                Box::pin(take(&mut vaults, Step::One(action))).await;
            }
            vaults.are_whole().await;
        });
    }
}
