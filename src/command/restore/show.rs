//! A plan as a person reads it.

use std::collections::HashMap;

use crate::item::summary;
use crate::plugin::host::Foreseen;
use crate::vault::{Node, NodeKind, Vault};

use super::super::failure::Failure;
use super::super::{output, words};
use super::contents::Contents;
use super::plan::{Collection, Item, Plan, Verdict};

/// So many items of a kind are named of each collection, unless all are asked for.
const NAMED: usize = 10;
/// Largest item whose title is looked up, in bytes.
const TITLE_BYTES: u64 = 1 << 20;

/// The titles of items, read from the vault when they are shown.
pub struct Titles<'a> {
    vault: &'a Vault,
    nodes: HashMap<&'a str, &'a Node>,
}

impl<'a> Titles<'a> {
    /// For what a restore is of.
    pub fn new(vault: &'a Vault, contents: &'a Contents) -> Self {
        Self { vault, nodes: contents.files.iter().map(|(path, node)| (path.as_str(), node)).collect() }
    }

    /// ` “Dentist, 2026-01-31”`; nothing where there is none.
    pub async fn of(&self, path: &str) -> String {
        let node =
            self.nodes.get(path).filter(|node| matches!(node.kind, NodeKind::File { size } if size <= TITLE_BYTES));
        let Some(node) = node else { return String::new() };
        let Ok(bytes) = self.vault.read(node).await else { return String::new() };
        let summary = summary::of(&bytes);
        if summary.title.is_none() {
            String::new()
        } else {
            format!(" “{}”", words::printable(&summary.to_string()))
        }
    }
}

/// Prints what would be done with each collection.
pub async fn print(plan: &Plan, titles: &Titles<'_>, is_verbose: bool) -> Result<(), Failure> {
    for (path, collection) in plan.collections() {
        let lines = lines(path, collection, titles, is_verbose).await;
        for line in &lines {
            output::line(&words::printable(line))?;
        }
    }
    if let Some(trouble) = &plan.trouble {
        output::error_line(&words::printable(&format!("davault: {trouble}")));
    }
    Ok(())
}

/// The lines of one collection; none where nothing is to be said of it.
async fn lines(path: &str, collection: &Collection, titles: &Titles<'_>, is_verbose: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let unknown = Foreseen::default();
    let foreseen = collection.foreseen.as_ref().unwrap_or(&unknown);
    for property in &foreseen.sets {
        lines.push(format!("  set           its {property}"));
    }
    let most = if is_verbose { usize::MAX } else { NAMED };
    for verdict in Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Identical || is_verbose) {
        let items = collection.of(verdict);
        for Item { path, why } in items.iter().take(most) {
            let title = titles.of(path).await;
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            lines.push(format!("  {:<12}  {path}{title}{why}", verb(verdict)));
        }
        lines.extend(more(items.len(), most));
    }
    lines.extend(foreseen.deletes.iter().take(most).map(|at| format!("  {:<12}  {at}", "delete")));
    lines.extend(more(foreseen.deletes.len(), most));
    lines.extend(foreseen.leaves.iter().map(|why| format!("  {:<12}  {why}", "leave")));
    if lines.is_empty() && !foreseen.makes {
        return lines;
    }
    let to = match (foreseen.at.as_str(), foreseen.makes) {
        ("", _) => String::new(),
        (at, false) => format!(" → {at}"),
        (at, true) => format!(" → {at} (to be made)"),
    };
    lines.insert(0, format!("{path}{to}"));
    lines
}

fn more(all: usize, most: usize) -> Option<String> {
    let more = all.checked_sub(most).filter(|more| *more > 0)?;
    Some(format!("  … and {more} more (-verbose names all)"))
}

fn verb(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Create => "create",
        Verdict::Change => "change",
        other => other.words(),
    }
}
