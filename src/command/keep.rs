//! Rules for what stays: from the command line or a configured policy to what the vault understands.

use std::time::Duration;

use crate::config::Policy;
use crate::vault::{Choice, Keep, Snapshot, choose};

use super::arguments;
use super::context::Context;
use super::failure::Failure;
use super::{node, output, words};

/// The rules that the command line names; `None` without any.
pub fn rules(context: &Context, chosen: &arguments::Chosen) -> Result<Option<Keep>, Failure> {
    let own = policy(&chosen.keep);
    let keep = match &chosen.policy {
        Some(name) if own == Policy::default() => keep(context.config.policy(name)?)?,
        Some(_) => return Err(Failure::usage("--policy and --keep-… are two ways to say what stays; give one")),
        None => keep(&own)?,
    };
    if keep.is_empty() && !chosen.sources.is_empty() {
        return Err(Failure::usage("--source needs rules: --keep-… or --policy"));
    }
    Ok(if keep.is_empty() { None } else { Some(keep) })
}

/// The rules as they are configured.
pub fn policy(keep: &arguments::Keep) -> Policy {
    let keep = keep.clone();
    Policy {
        keep_last: keep.last,
        keep_hourly: keep.hourly,
        keep_daily: keep.daily,
        keep_weekly: keep.weekly,
        keep_monthly: keep.monthly,
        keep_yearly: keep.yearly,
        keep_within: keep.within,
        keep_tag: keep.tag,
    }
}

/// The vault's rules from configured ones.
pub fn keep(policy: &Policy) -> Result<Keep, Failure> {
    let within = policy.keep_within.as_deref().map(|within| duration("--keep-within", within)).transpose()?;
    Ok(Keep {
        last: policy.keep_last.unwrap_or(0),
        hourly: policy.keep_hourly.unwrap_or(0),
        daily: policy.keep_daily.unwrap_or(0),
        weekly: policy.keep_weekly.unwrap_or(0),
        monthly: policy.keep_monthly.unwrap_or(0),
        yearly: policy.keep_yearly.unwrap_or(0),
        tags: policy.keep_tag.clone(),
        within,
    })
}

/// Which of these snapshots the rules keep; those of other sources than the named ones are none of their business.
pub fn choices(chosen: &arguments::Chosen, keep: &Keep, snapshots: Vec<Snapshot>) -> Result<Vec<Choice>, Failure> {
    let names: Vec<&str> = chosen.sources.iter().map(|name| name.strip_prefix('@').unwrap_or(name)).collect();
    if let Some(name) = names.iter().find(|name| !snapshots.iter().any(|one| one.head.source == **name)) {
        return Err(Failure::failed(format!("there is no snapshot of @{name}")));
    }
    let of_these = |one: &Snapshot| names.is_empty() || names.contains(&one.head.source.as_str());
    let snapshots: Vec<Snapshot> = snapshots.into_iter().filter(of_these).collect();
    Ok(choose(&snapshots, keep, &jiff::tz::TimeZone::system()))
}

/// Those that go.
pub fn going(choices: &[Choice]) -> Vec<Snapshot> {
    choices.iter().filter(|choice| !choice.stays()).map(|choice| choice.snapshot.clone()).collect()
}

/// One line for each snapshot: what happens to it, and why.
pub fn print(choices: &[Choice]) -> Result<(), Failure> {
    for choice in choices {
        let what = if choice.stays() { format!("keep    {}", choice.reasons.join(", ")) } else { "remove".into() };
        output::line(&format!("{}  {what}", name(&choice.snapshot)))?;
    }
    Ok(())
}

/// A snapshot in a line: id, time, source.
pub fn name(snapshot: &Snapshot) -> String {
    let head = &snapshot.head;
    let from = if head.source.is_empty() { head.origin.clone() } else { format!("@{}", head.source) };
    format!("{}  {}  {:<16}", node::short(&snapshot.id), words::minute(snapshot.time), words::printable(&from))
}

/// A length of time such as `90min`, `24h`, `7d`, `8w`, `1y`.
pub fn duration(option: &str, text: &str) -> Result<Duration, Failure> {
    let bad = || Failure::usage(format!("{option} {text} is no length of time: write it as 90min, 24h, 7d, 8w or 1y"));
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
    let (number, unit) = text.split_at(digits);
    let seconds: u64 = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "y" => 365 * 86_400,
        _ => return Err(bad()),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    // Nobody means more than the time since there are calendars.
    let all = number.checked_mul(seconds).filter(|all| *all < 10_000 * 365 * 86_400).ok_or_else(bad)?;
    Ok(Duration::from_secs(all))
}
