//! `davault rm SNAP…`, or by rules.

use serde_json::json;

use crate::vault::Snapshot;

use super::arguments::Rm;
use super::context::Context;
use super::failure::Failure;
use super::{keep, open, output, words};

/// Removes snapshots; what only they need is freed by pruning.
pub async fn run(context: &Context, arguments: &Rm) -> Result<(), Failure> {
    let rules = keep::rules(context, &arguments.chosen)?;
    if rules.is_some() != arguments.snapshots.is_empty() {
        return Err(Failure::usage("name snapshots, or give rules such as --keep-daily 7; not both, and not neither"));
    }
    let vault = open::vault(context).await?;
    let going = match &rules {
        None => named(&vault, &arguments.snapshots).await?,
        Some(rules) => {
            let choices = keep::choices(&arguments.chosen, rules, snapshots(&vault).await?)?;
            if arguments.dry_run && !context.json {
                return keep::print(&choices);
            }
            keep::going(&choices)
        }
    };
    if !arguments.dry_run {
        vault.remove(&going).await.map_err(|error| open::failure("cannot remove all of these snapshots", &error))?;
    }
    say(context, arguments, &going)
}

/// All snapshots; rules need them all, so that one which cannot be read is no reason to go on.
pub async fn snapshots(vault: &crate::vault::Vault) -> Result<Vec<Snapshot>, Failure> {
    let snapshots = vault.snapshots().await.map_err(|error| open::failure("cannot list the snapshots", &error))?;
    match snapshots.damaged.first() {
        None => Ok(snapshots.whole),
        Some(error) => Err(open::failure("cannot go by rules", error).hint("Look with `davault at VAULT check`.")),
    }
}

/// The snapshots that these words mean, each once.
pub async fn named(vault: &crate::vault::Vault, names: &[String]) -> Result<Vec<Snapshot>, Failure> {
    let mut found: Vec<Snapshot> = Vec::new();
    for which in names {
        let snapshot = vault.find(which).await;
        let snapshot =
            snapshot.map_err(|error| open::failure(&format!("cannot use the snapshot '{which}'"), &error))?;
        if !found.contains(&snapshot) {
            found.push(snapshot);
        }
    }
    Ok(found)
}

fn say(context: &Context, arguments: &Rm, going: &[Snapshot]) -> Result<(), Failure> {
    if context.json {
        let ids: Vec<&str> = going.iter().map(|snapshot| snapshot.id.as_str()).collect();
        return output::json(&json!({ "removed": ids, "dry_run": arguments.dry_run }));
    }
    if context.quiet {
        return Ok(());
    }
    let would = if arguments.dry_run { "would remove" } else { "removed" };
    for snapshot in going {
        output::line(&format!("{would} {}", keep::name(snapshot).trim_end()))?;
    }
    let advice = if arguments.dry_run || going.is_empty() { "" } else { "; `prune` frees what only they needed" };
    output::line(&format!("{would} {}{advice}", words::count(going.len() as u64, "snapshot", "snapshots")))
}
