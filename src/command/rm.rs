//! `davault rm SNAP…`, or by rules.

use serde_json::json;

use crate::vault::{ErrorKind, Snapshot, Vault};

use super::arguments::Rm;
use super::context::Context;
use super::failure::Failure;
use super::{keep, node, open, output, words};

/// Removes snapshots; what only they need is freed by pruning.
pub async fn run(context: &Context, arguments: &Rm) -> Result<(), Failure> {
    let rules = keep::rules(context, &arguments.chosen)?;
    if rules.is_some() != arguments.snapshots.is_empty() {
        return Err(Failure::usage("name snapshots, or give rules such as --keep-daily 7; not both, and not neither"));
    }
    let vault = open::vault(context).await?;
    let mut unreadable = Vec::new();
    let going = match &rules {
        None => named(&vault, &arguments.snapshots, &mut unreadable).await?,
        Some(rules) => {
            let choices = keep::choices(&arguments.chosen, rules, snapshots(&vault).await?)?;
            if arguments.dry_run && !context.json {
                return keep::print(&choices);
            }
            keep::going(&choices)
        }
    };
    if !arguments.dry_run {
        let failed = |error| open::failure("cannot remove all of these snapshots", &error);
        vault.remove(&going).await.map_err(failed)?;
        for id in &mut unreadable {
            *id = vault.remove_unread(id).await.map_err(failed)?;
        }
    }
    say(context, arguments, &going, &unreadable)
}

/// All snapshots; rules need them all, so that one which cannot be read is no reason to go on.
pub async fn snapshots(vault: &Vault) -> Result<Vec<Snapshot>, Failure> {
    let snapshots = vault.snapshots().await.map_err(|error| open::failure("cannot list the snapshots", &error))?;
    match snapshots.damaged.first() {
        None => Ok(snapshots.whole),
        Some(error) => Err(open::failure("cannot go by rules", error)
            .hint("`davault at VAULT check` tells more; `davault at VAULT rm ID` removes a snapshot that is damaged.")),
    }
}

/// The snapshots of these names. Those of which the file is damaged are put to the `unreadable` ones: they can be removed too.
pub async fn named(vault: &Vault, names: &[String], unreadable: &mut Vec<String>) -> Result<Vec<Snapshot>, Failure> {
    let mut found: Vec<Snapshot> = Vec::new();
    for which in names {
        match vault.find(which).await {
            Ok(snapshot) if found.contains(&snapshot) => {}
            Ok(snapshot) => found.push(snapshot),
            Err(error) if error.kind == ErrorKind::Damaged && is_id(which) => unreadable.push(which.clone()),
            Err(error) => return Err(open::failure(&format!("cannot use the snapshot '{which}'"), &error)),
        }
    }
    Ok(found)
}

/// Whether this is the beginning of an id, and not a word such as `latest`.
fn is_id(which: &str) -> bool {
    which.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn say(context: &Context, arguments: &Rm, going: &[Snapshot], unreadable: &[String]) -> Result<(), Failure> {
    if context.json {
        let ids = going.iter().map(|snapshot| snapshot.id.as_str()).chain(unreadable.iter().map(String::as_str));
        let ids: Vec<&str> = ids.collect();
        return output::json(&json!({ "removed": ids, "dry_run": arguments.dry_run }));
    }
    if context.quiet {
        return Ok(());
    }
    let would = if arguments.dry_run { "would remove" } else { "removed" };
    for snapshot in going {
        output::line(&format!("{would} {}", keep::name(snapshot).trim_end()))?;
    }
    for id in unreadable {
        output::line(&format!("{would} {}, which cannot be read", node::short(id)))?;
    }
    let count = going.len() + unreadable.len();
    let advice = if arguments.dry_run || count == 0 { "" } else { "; `prune` frees what only they needed" };
    output::line(&format!("{would} {}{advice}", words::count(count as u64, "snapshot", "snapshots")))
}
