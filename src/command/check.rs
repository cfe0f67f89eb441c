//! `davault check [SNAP…] [--read-data[=SHARE]]`

use std::collections::HashSet;

use serde_json::json;

use crate::report::Tally;
use crate::vault::{CheckDepth, CheckSummary, Lost};

use super::arguments::Check;
use super::context::Context;
use super::failure::Failure;
use super::progress::Progress;
use super::{node, open, output, rm, words};

/// Looks for damage, and says what it costs.
pub async fn run(context: &Context, arguments: &Check) -> Result<(), Failure> {
    let vault = open::unwatched(context).await?;
    if arguments.accept {
        vault.accept().await.map_err(|error| open::failure("cannot accept the vault as it is", &error))?;
    }
    let depth = match arguments.read_data {
        None => CheckDepth::Structure,
        Some(100..) => CheckDepth::ReadData,
        Some(percent) => CheckDepth::ReadSome(percent),
    };
    let mut unreadable = Vec::new();
    let named = rm::named(&vault, &arguments.snapshots, &mut unreadable).await?;
    if let Some(id) = unreadable.first() {
        return Err(Failure::failed(format!("the file of the snapshot '{id}' is damaged: nothing of it can be read"))
            .hint("`check` without a name says why; `rm ID` removes it. A new backup has what the source still has."));
    }
    let tally = Tally::default();
    let progress = Progress::new(context, "checking", &tally);
    let checked = match named.as_slice() {
        [] => vault.check(depth, &progress).await,
        named => vault.check_snapshots(named, depth, &progress).await,
    };
    progress.clear();
    let checked = checked.map_err(|error| open::failure("cannot check the vault", &error))?;
    for sentence in &tally.counts().notes {
        output::error_line(&words::printable(sentence));
    }
    if checked.absent_packs > 0 && !context.quiet {
        let packs = words::count(checked.absent_packs, "pack", "packs");
        output::error_line(&format!(
            "{packs} of the index are not there, and no snapshot needs them; prune clears that up"
        ));
    }
    if context.json {
        output::json(&as_json(&checked, depth))?;
    } else {
        say(context, &checked, depth)?;
    }
    if checked.is_sound() { Ok(()) } else { Err(damaged(&checked, &open::find(context)?.named)) }
}

fn as_json(checked: &CheckSummary, depth: CheckDepth) -> serde_json::Value {
    let problems = checked.problems.iter().map(|problem| json!({ "file": problem.file, "why": problem.why }));
    let lost = checked.lost.iter().map(|lost| json!({ "snapshot": lost.snapshot, "path": lost.path, "why": lost.why }));
    json!({
        "sound": checked.is_sound(), "snapshots": checked.snapshots, "packs": checked.packs,
        "unused_packs": checked.unused_packs, "absent_packs": checked.absent_packs, "read_data": depth != CheckDepth::Structure,
        "read_packs": checked.read_packs, "read_bytes": checked.read_bytes,
        "problems": problems.collect::<Vec<_>>(), "lost": lost.collect::<Vec<_>>(),
    })
}

fn say(context: &Context, checked: &CheckSummary, depth: CheckDepth) -> Result<(), Failure> {
    for problem in &checked.problems {
        output::line(&words::printable(&format!("damaged: {}: {}", problem.file, problem.why)))?;
    }
    for lost in &checked.lost {
        output::line(&words::printable(&format!("lost: {}:{}: {}", node::short(&lost.snapshot), lost.path, lost.why)))?;
    }
    if context.quiet || !checked.is_sound() {
        return Ok(());
    }
    let (read, size) = (checked.read_packs, words::size(checked.read_bytes));
    let read = match depth {
        CheckDepth::Structure => "contents were not read: --read-data does".into(),
        CheckDepth::ReadData => format!("{size} were read"),
        CheckDepth::ReadSome(_) => {
            format!("{read} of {}, {size}, were read", words::count(checked.packs, "pack", "packs"))
        }
    };
    output::line(&format!(
        "no damage found: {}, {} ({read})",
        words::count(checked.snapshots, "snapshot", "snapshots"),
        words::count(checked.packs, "pack", "packs"),
    ))
}

fn damaged(checked: &CheckSummary, at: &str) -> Failure {
    let files: HashSet<_> = checked.problems.iter().map(|problem| &problem.file).collect();
    let problems = words::count(files.len() as u64, "file", "files");
    let lost = words::count(checked.lost.len() as u64, "folder or item", "folders and items");
    Failure::failed(format!("the vault is damaged: {problems}, which costs {lost}")).hint(advice(checked, at))
}

/// What to do now, in this order.
fn advice(checked: &CheckSummary, at: &str) -> String {
    let problems = checked.problems.iter();
    let is_any_in = |folder: &str| problems.clone().any(|problem| problem.file.starts_with(folder));
    // Of a snapshot's file that is damaged, all of the snapshot is lost.
    let is_of_file = |lost: &Lost| problems.clone().any(|problem| problem.file.ends_with(&lost.snapshot));
    let (of_files, of_packs): (Vec<&Lost>, Vec<&Lost>) = checked.lost.iter().partition(|lost| is_of_file(lost));
    let mut advice = Vec::new();
    if !checked.lost.is_empty() {
        advice.push("What is not listed is whole and can be restored.".to_string());
    }
    if is_any_in("packs/") || is_any_in("index/") || !of_packs.is_empty() {
        advice.push(format!(
            "First run `davault at {at} repair`: it takes what cannot be read out of the index, and names later backups of it. \
             Then back up again: that stores again what the source still has, also for earlier snapshots."
        ));
    } else if !of_files.is_empty() {
        advice.push(
            "A damaged snapshot is not healed: back up again to have a new one of what the source still has.".into(),
        );
    }
    if is_any_in("keys/") {
        advice.push(format!(
            "Add a damaged key again with `davault at {at} key add`, then remove the damaged one with `key rm`."
        ));
    }
    if checked.unexpected > 0 {
        advice.push(format!(
            "If you know why a file is gone or back, `davault at {at} check -accept` takes the vault as it is now."
        ));
    }
    if advice.is_empty() {
        advice.push("Copy the vault's other files away before anything else is done to it.".into());
    }
    advice.join(" ")
}
