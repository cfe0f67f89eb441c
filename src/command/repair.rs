//! `davault repair [-dry-run]`

use serde_json::json;

use crate::report::Tally;
use crate::vault::{Gone, RepairSummary};

use super::arguments::Repair;
use super::context::Context;
use super::failure::Failure;
use super::progress::Progress;
use super::{node, open, output, words};

/// Makes the index anew from what can be read, and says what is gone.
pub async fn run(context: &Context, arguments: &Repair) -> Result<(), Failure> {
    let vault = open::vault(context).await?;
    let tally = Tally::default();
    let progress = Progress::new(context, "reading packs", &tally);
    let repaired = vault.repair(arguments.dry_run, &progress).await;
    progress.clear();
    let repaired = repaired.map_err(|error| {
        open::failure("cannot repair the vault", &error)
            .hint("Nothing was changed: a repair that fails changes nothing.")
    })?;
    if context.json {
        output::json(&as_json(&repaired, arguments.dry_run))?;
    } else {
        say(context, &repaired, arguments.dry_run)?;
    }
    if repaired.gone.is_empty() { Ok(()) } else { Err(Failure::partly()) }
}

fn say(context: &Context, repaired: &RepairSummary, dry_run: bool) -> Result<(), Failure> {
    for problem in &repaired.unreadable {
        output::line(&words::printable(&format!("unreadable: {}: {}", problem.file, problem.why)))?;
    }
    for gone in &repaired.gone {
        output::line(&words::printable(&line(gone)))?;
    }
    if context.quiet {
        return Ok(());
    }
    let packs = words::count(repaired.packs, "pack", "packs");
    if !repaired.rebuilt {
        return output::line(&format!("the index holds what is in {packs}: nothing to repair"));
    }
    let would = if dry_run { "would make the index anew from" } else { "made the index anew from" };
    output::line(&format!(
        "{would} {packs}: {} that it did not know, {} dropped",
        words::count(repaired.found_objects, "object", "objects"),
        words::count(repaired.dropped_objects, "object that cannot be read is", "objects that cannot be read are"),
    ))?;
    if !dry_run && repaired.dropped_objects > 0 {
        output::error_line(
            "The next backup stores again what the source still has of it, and heals earlier snapshots too.",
        );
    }
    Ok(())
}

fn line(gone: &Gone) -> String {
    let lost = &gone.lost;
    let later = gone.later.as_deref().map_or_else(
        || "no later backup has it".into(),
        |later| format!("take it from {}:{}", node::short(later), lost.path),
    );
    format!("gone: {}:{}: {}; {later}", node::short(&lost.snapshot), lost.path, lost.why)
}

fn as_json(repaired: &RepairSummary, dry_run: bool) -> serde_json::Value {
    let unreadable = repaired.unreadable.iter().map(|problem| json!({ "file": problem.file, "why": problem.why }));
    let gone = repaired.gone.iter().map(|gone| {
        let lost = &gone.lost;
        json!({ "snapshot": lost.snapshot, "path": lost.path, "why": lost.why, "later": gone.later })
    });
    json!({
        "dry_run": dry_run, "packs": repaired.packs, "rebuilt": repaired.rebuilt,
        "found_objects": repaired.found_objects, "dropped_objects": repaired.dropped_objects,
        "unreadable": unreadable.collect::<Vec<_>>(), "gone": gone.collect::<Vec<_>>(),
    })
}
