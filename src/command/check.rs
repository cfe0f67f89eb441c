//! `davault check [--read-data]`

use std::collections::HashSet;

use serde_json::json;

use crate::report::Tally;
use crate::vault::{CheckDepth, CheckSummary};

use super::arguments::Check;
use super::context::Context;
use super::failure::Failure;
use super::progress::Progress;
use super::{node, open, output, words};

/// Looks for damage, and says what it costs.
pub async fn run(context: &Context, arguments: &Check) -> Result<(), Failure> {
    let vault = open::unwatched(context).await?;
    if arguments.accept {
        vault.accept().await.map_err(|error| open::failure("cannot accept the vault as it is", &error))?;
    }
    let depth = if arguments.read_data { CheckDepth::ReadData } else { CheckDepth::Structure };
    let tally = Tally::default();
    let progress = Progress::new(context, "checking", &tally);
    let checked = vault.check(depth, &progress).await;
    progress.clear();
    let checked = checked.map_err(|error| open::failure("cannot check the vault", &error))?;
    for sentence in &tally.counts().notes {
        output::error_line(&words::printable(sentence));
    }
    if context.json {
        output::json(&as_json(&checked, arguments.read_data))?;
    } else {
        say(context, &checked, arguments.read_data)?;
    }
    if checked.is_sound() { Ok(()) } else { Err(damaged(&checked)) }
}

fn as_json(checked: &CheckSummary, read_data: bool) -> serde_json::Value {
    let problems = checked.problems.iter().map(|problem| json!({ "file": problem.file, "why": problem.why }));
    let lost = checked.lost.iter().map(|lost| json!({ "snapshot": lost.snapshot, "path": lost.path, "why": lost.why }));
    json!({
        "sound": checked.is_sound(), "snapshots": checked.snapshots, "packs": checked.packs,
        "unused_packs": checked.unused_packs, "read_data": read_data, "read_bytes": checked.read_bytes,
        "problems": problems.collect::<Vec<_>>(), "lost": lost.collect::<Vec<_>>(),
    })
}

fn say(context: &Context, checked: &CheckSummary, read_data: bool) -> Result<(), Failure> {
    for problem in &checked.problems {
        output::line(&words::printable(&format!("damaged: {}: {}", problem.file, problem.why)))?;
    }
    for lost in &checked.lost {
        output::line(&words::printable(&format!("lost: {}:{}: {}", node::short(&lost.snapshot), lost.path, lost.why)))?;
    }
    if context.quiet || !checked.is_sound() {
        return Ok(());
    }
    let read = if read_data {
        format!("{} were read", words::size(checked.read_bytes))
    } else {
        "contents were not read: --read-data does".into()
    };
    output::line(&format!(
        "no damage found: {}, {} ({read})",
        words::count(checked.snapshots, "snapshot", "snapshots"),
        words::count(checked.packs, "pack", "packs"),
    ))
}

fn damaged(checked: &CheckSummary) -> Failure {
    let files: HashSet<_> = checked.problems.iter().map(|problem| &problem.file).collect();
    let problems = words::count(files.len() as u64, "file", "files");
    let lost = words::count(checked.lost.len() as u64, "folder or item", "folders and items");
    Failure::failed(format!("the vault is damaged: {problems}, which costs {lost}"))
        .hint("What is not listed is whole and can be restored. A new backup stores again what the source still has.")
}
