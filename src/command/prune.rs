//! `davault prune`

use serde_json::json;

use crate::vault::{Amount, Choice, ErrorKind, Grace, PruneSummary, Vault};

use super::arguments::Prune;
use super::context::Context;
use super::failure::Failure;
use super::{keep, open, output, rm, words};

/// Removes snapshots by rules, if there are any, and gives back what nothing needs.
pub async fn run(context: &Context, arguments: &Prune) -> Result<(), Failure> {
    let rules = keep::rules(context, &arguments.chosen)?;
    let grace = if arguments.now { Grace::Now } else { Grace::Wait(keep::duration("--grace", &arguments.grace)?) };
    let vault = open::vault(context).await?;
    let choices = match &rules {
        Some(rules) => keep::choices(&arguments.chosen, rules, rm::snapshots(&vault).await?)?,
        None => Vec::new(),
    };
    let pruned = if arguments.dry_run {
        vault.plan_prune(grace, &keep::going(&choices), Context::now()).await
    } else {
        prune(&vault, grace, &choices).await
    };
    let pruned = pruned.map_err(|error| {
        let hint = match error.kind {
            ErrorKind::Damaged => {
                "Nothing was deleted. `davault at VAULT check` says what is gone; a new backup stores again what the source still \
                has. What no backup brings back is lost: remove these snapshots with `davault at VAULT rm ID…`, and prune again."
            }
            _ => "Nothing that a snapshot needs is deleted. See `davault at VAULT check`.",
        };
        open::failure("cannot prune", &error).hint(hint)
    })?;
    say(context, arguments, &choices, &pruned)
}

async fn prune(vault: &Vault, grace: Grace, choices: &[Choice]) -> Result<PruneSummary, crate::vault::Error> {
    vault.remove(&keep::going(choices)).await?;
    vault.prune(grace).await
}

fn say(context: &Context, arguments: &Prune, choices: &[Choice], pruned: &PruneSummary) -> Result<(), Failure> {
    let going = keep::going(choices);
    if context.json {
        let amount = |amount: Amount| json!({ "packs": amount.packs, "bytes": amount.bytes });
        let removed: Vec<&str> = going.iter().map(|snapshot| snapshot.id.as_str()).collect();
        return output::json(&json!({
            "dry_run": arguments.dry_run, "removed": removed, "snapshots": pruned.snapshots,
            "packs": amount(pruned.packs), "needed_bytes": pruned.needed_bytes, "marked": amount(pruned.marked),
            "merged": amount(pruned.merged), "deleted": amount(pruned.deleted), "waiting": amount(pruned.waiting),
        }));
    }
    if arguments.dry_run {
        keep::print(choices)?;
    } else if context.quiet {
        return Ok(());
    }
    for line in lines(arguments, going.len() as u64, pruned) {
        output::line(&line)?;
    }
    Ok(())
}

fn lines(arguments: &Prune, going: u64, pruned: &PruneSummary) -> Vec<String> {
    let would = if arguments.dry_run { "would be " } else { "" };
    let amount =
        |amount: Amount| format!("{} ({})", words::count(amount.packs, "pack", "packs"), words::size(amount.bytes));
    let mut lines = Vec::new();
    if going > 0 {
        lines.push(format!(
            "{} {would}removed, {} left",
            words::count(going, "snapshot", "snapshots"),
            pruned.snapshots
        ));
    }
    if pruned.merged != Amount::default() {
        lines.push(format!("{} {would}merged into new ones", amount(pruned.merged)));
    }
    if pruned.deleted != Amount::default() {
        lines.push(format!("{} {would}deleted", amount(pruned.deleted)));
    }
    if pruned.marked != Amount::default() && !arguments.now {
        let grace = &arguments.grace;
        lines.push(format!("{} {would}marked, to be deleted by the first prune after {grace}", amount(pruned.marked)));
    } else if pruned.marked != Amount::default() && arguments.dry_run {
        lines.push(format!("{} {would}deleted", amount(pruned.marked)));
    }
    if pruned.waiting != Amount::default() {
        lines.push(format!("{} marked before, still waiting", amount(pruned.waiting)));
    }
    let needed = words::size(pruned.needed_bytes);
    let snapshots = words::count(pruned.snapshots, "snapshot", "snapshots");
    if lines.is_empty() {
        lines.push(format!("nothing to prune: {snapshots} of {} in {}", needed, amount(pruned.packs)));
    } else {
        lines.push(format!("{snapshots} need {needed} of {}", amount(pruned.packs)));
    }
    lines
}
