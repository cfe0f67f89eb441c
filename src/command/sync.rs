//! `davault sync [SNAP…] to|from|with OTHER`: copies snapshots between vaults.

use std::time::Instant;

use serde_json::{Value, json};

use crate::report::Tally;
use crate::vault::{Copied, Lacking, Snapshot, Vault};

use super::arguments::Sync;
use super::context::Context;
use super::failure::Failure;
use super::progress::Progress;
use super::{ls, node, open, output, words};

/// Copies what the one vault has and the other lacks.
pub async fn run(context: &Context, arguments: &Sync) -> Result<(), Failure> {
    let Wanted { snapshots, direction, other } = wanted(&arguments.words)?;
    let vault = open::vault(context).await?;
    let other = open::other(context, other, arguments.peer_keyfile.as_deref()).await?;
    let mut runs = Vec::new();
    let ways = match direction {
        Direction::To => vec![(&vault, &other)],
        Direction::From => vec![(&other, &vault)],
        Direction::With => vec![(&vault, &other), (&other, &vault)],
    };
    for (from, to) in ways {
        runs.push(copy(context, arguments.dry_run, snapshots, (from, to)).await?);
    }
    if context.json {
        output::json(&Value::Array(runs.iter().map(Run::as_json).collect()))?;
    } else if !context.quiet {
        runs.iter().try_for_each(|run| output::line(&run.summary()))?;
    }
    if runs.iter().all(|run| run.copied.failed == 0) { Ok(()) } else { Err(Failure::partly()) }
}

/// What the words of the command line mean.
struct Wanted<'a> {
    /// As they were written; all if there are none.
    snapshots: &'a [String],
    direction: Direction,
    other: &'a str,
}

#[derive(Clone, Copy)]
enum Direction {
    To,
    From,
    With,
}

fn wanted(words: &[String]) -> Result<Wanted<'_>, Failure> {
    let missing = || {
        Failure::usage("the other vault is missing").hint("Write `davault at VAULT sync to OTHER`, `davault at VAULT sync from OTHER` or `davault at VAULT sync with OTHER`.")
    };
    let [snapshots @ .., direction, other] = words else { return Err(missing()) };
    let direction = match direction.as_str() {
        "to" => Direction::To,
        "from" => Direction::From,
        "with" => Direction::With,
        _ => return Err(missing()),
    };
    Ok(Wanted { snapshots, direction, other })
}

/// What was copied from one vault to another.
struct Run {
    from: String,
    to: String,
    /// What was lacking when the run began.
    lacking: Vec<Snapshot>,
    /// Ids of snapshots that were removed from the other vault, and are left out for that.
    removed: Vec<String>,
    copied: Copied,
    is_dry: bool,
    began: Instant,
}

async fn copy(
    context: &Context,
    is_dry: bool,
    snapshots: &[String],
    (from, to): (&Vault, &Vault),
) -> Result<Run, Failure> {
    let began = Instant::now();
    let what = format!("cannot copy from {} to {}", from.place(), to.place());
    let failed = |error| open::failure(&what, &error);
    let Lacking { snapshots: mut lacking, mut removed } = from.lacking(to).await.map_err(failed)?;
    if !snapshots.is_empty() {
        let mut meant = Vec::new();
        for which in snapshots {
            meant.push(from.find(which).await.map_err(failed)?);
        }
        let is_lacking = |id: &String| removed.contains(id) || lacking.iter().any(|snapshot| snapshot.id == *id);
        meant.retain(|snapshot| is_lacking(&snapshot.id));
        meant.sort_by_key(|snapshot| (snapshot.time, snapshot.id.clone()));
        meant.dedup();
        (lacking, removed) = (meant, Vec::new());
    }
    let tally = Tally::default();
    let progress = Progress::new(context, "copying", &tally);
    let copied = if is_dry { Ok(Copied::default()) } else { from.copy_to(lacking.clone(), to, &progress).await };
    progress.clear();
    for failure in tally.counts().failures {
        let id = node::short(&failure.path);
        output::error_line(&words::printable(&format!("davault: snapshot {id} was not copied: {}", failure.why)));
    }
    let copied = copied.map_err(|error| {
        failed(error).hint("What was copied so far is kept, and the same command goes on from there.")
    })?;
    Ok(Run { from: from.place().to_owned(), to: to.place().to_owned(), lacking, removed, copied, is_dry, began })
}

impl Run {
    fn as_json(&self) -> Value {
        json!({
            "from": self.from, "to": self.to, "dry_run": self.is_dry,
            "lacking": self.lacking.iter().map(ls::snapshot_json).collect::<Vec<_>>(),
            "removed": self.removed, "copied": self.copied.snapshots, "failed": self.copied.failed,
            "new_objects": self.copied.written.new_objects, "new_bytes": self.copied.written.new_bytes,
            "stored_bytes": self.copied.written.stored_bytes, "seconds": self.began.elapsed().as_secs_f64(),
        })
    }

    fn summary(&self) -> String {
        let Run { from, to, .. } = self;
        let snapshots = |count: usize| words::count(count as u64, "snapshot", "snapshots");
        let left_out = match self.removed.len() {
            0 => String::new(),
            removed => format!("; left out {} removed there (named, they are copied)", snapshots(removed)),
        };
        if self.lacking.is_empty() {
            return format!("{from} to {to}: nothing to copy{left_out}");
        }
        if self.is_dry {
            let ids: Vec<&str> = self.lacking.iter().map(|snapshot| node::short(&snapshot.id)).collect();
            return format!("{from} to {to}: would copy {} ({}){left_out}", snapshots(ids.len()), ids.join(", "));
        }
        let failed = match self.copied.failed {
            0 => String::new(),
            failed => format!("; {failed} failed"),
        } + &left_out;
        let (stored, took) = (words::size(self.copied.written.stored_bytes), words::duration(self.began.elapsed()));
        format!("{from} to {to}: copied {}, {stored} added in {took}{failed}", snapshots(self.copied.snapshots.len()))
    }
}
