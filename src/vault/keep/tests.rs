use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::vault::address::Address;
use crate::vault::node::Totals;
use crate::vault::snapshot::SnapshotHead;

/// Hours in whole, since 1970-01-01, a Thursday.
fn snapshot(hours: u64, source: &str, tags: &[&str]) -> Snapshot {
    let time = SystemTime::UNIX_EPOCH + Duration::from_hours(hours);
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let head = SnapshotHead { source: source.into(), tags, ..SnapshotHead::default() };
    Snapshot {
        id: format!("{source}{hours}"),
        time,
        head,
        counts: Totals::default(),
        failed: 0,
        failures: Vec::new(),
        partial: false,
        root: Address([0; 20]),
        name: format!("{source}{hours}"),
        more: BTreeMap::new(),
    }
}

fn kept(snapshots: &[Snapshot], keep: &Keep) -> Vec<String> {
    let choices = choose(snapshots, keep, &TimeZone::UTC);
    assert_eq!(choices.len(), snapshots.len());
    choices.into_iter().filter(Choice::stays).map(|choice| choice.snapshot.id).collect()
}

#[test]
fn each_rule_keeps_the_last_of_each_period_of_each_source() {
    let hourly: Vec<Snapshot> = (0..24 * 400).map(|hour| snapshot(hour, "a", &[])).collect();
    let last = 24 * 400 - 1;
    let of = |keep: Keep| kept(&hourly, &keep);
    assert_eq!(of(Keep { last: 2, ..Keep::default() }), [format!("a{}", last - 1), format!("a{last}")]);
    assert_eq!(of(Keep { daily: 2, ..Keep::default() }), [format!("a{}", last - 24), format!("a{last}")]);
    // Day 399 is a Wednesday: 1971-02-04 was a Thursday, and 1971-02-03 the last one here is in the week of 02-01.
    let weekly = of(Keep { weekly: 2, ..Keep::default() });
    assert_eq!(weekly.len(), 2);
    assert_eq!(of(Keep { monthly: 3, ..Keep::default() }).len(), 3);
    assert_eq!(of(Keep { yearly: 9, ..Keep::default() }), [format!("a{}", 365 * 24 - 1), format!("a{last}")]);
    assert_eq!(of(Keep { within: Some(Duration::from_hours(3)), ..Keep::default() }).len(), 4);
    assert_eq!(of(Keep::default()), [format!("a{last}")], "the newest stays whatever the rules say");
    let two = [snapshot(1, "a", &["yes"]), snapshot(2, "b", &[]), snapshot(3, "a", &["no"])];
    assert_eq!(kept(&two, &Keep { last: 1, ..Keep::default() }), ["b2", "a3"]);
    assert_eq!(kept(&two, &Keep { tags: vec!["yes".into()], ..Keep::default() }), ["a1", "b2", "a3"]);
}

#[test]
fn days_are_those_of_the_zone() {
    let two = [snapshot(21, "a", &[]), snapshot(23, "a", &[])];
    let keep = Keep { daily: 5, ..Keep::default() };
    let staying = |zone: &TimeZone| choose(&two, &keep, zone).into_iter().filter(Choice::stays).count();
    assert_eq!(staying(&TimeZone::UTC), 1);
    assert_eq!(staying(&TimeZone::fixed(jiff::tz::offset(2))), 2);
}

proptest! {
    #[test]
    fn more_rules_keep_no_less_and_the_newest_always_stays(
        hours in prop::collection::vec(0_u64..20_000, 1..60),
        last in 0_u32..5, daily in 0_u32..9, monthly in 0_u32..4,
    ) {
        let snapshots: Vec<Snapshot> = hours.iter().map(|hour| snapshot(*hour, "a", &[])).collect();
        let little = kept(&snapshots, &Keep { daily, ..Keep::default() });
        let more = kept(&snapshots, &Keep { last, daily, monthly, ..Keep::default() });
        prop_assert!(little.iter().all(|id| more.contains(id)));
        let newest = hours.iter().max().map(|hour| format!("a{hour}")).unwrap_or_default();
        prop_assert!(little.contains(&newest));
        // Several of one hour may have one name here.
        prop_assert!(little.len() <= usize::try_from(daily.max(1)).unwrap_or(1) * hours.len());
    }
}

#[test]
fn what_stood_somewhere_before_a_restore_is_never_the_newest_in_place_of_a_backup() {
    let undo = |hours| snapshot(hours, "", &[crate::vault::BEFORE_RESTORE]);
    let last = Keep { last: 1, ..Keep::default() };
    assert_eq!(kept(&[snapshot(1, "", &[]), snapshot(2, "", &[]), undo(3), undo(4)], &last), ["2", "4"]);
}
