//! `davault ls`: the snapshots; `davault ls SNAP[:PATH]`: what one holds.

use serde_json::{Value, json};

use crate::item::summary;
use crate::report::sentence;
use crate::vault::{Node, NodeKind, Snapshot, Special, Vault};

use super::arguments::Ls;
use super::context::Context;
use super::failure::Failure;
use super::{node, open, output, words};

/// Items up to this size are opened for their title; a larger one is mostly an attachment.
const TITLE_BYTES: u64 = 1024 * 1024;

/// Lists snapshots, or the content of one.
pub async fn run(context: &Context, arguments: &Ls) -> Result<(), Failure> {
    let vault = open::vault(context).await?;
    let Some(what) = &arguments.what else {
        return snapshots(context, &vault).await;
    };
    let found = node::find(&vault, what).await?;
    let listing = Listing { vault: &vault, json: context.json, recursive: arguments.recursive };
    match found.node.kind {
        NodeKind::Folder { .. } => listing.folder(&found.node, &found.path).await,
        _ => listing.entry(&found.node, &found.path).await,
    }
}

async fn snapshots(context: &Context, vault: &Vault) -> Result<(), Failure> {
    let snapshots = vault.snapshots().await.map_err(|error| open::failure("cannot list the snapshots", &error))?;
    let damaged: Vec<_> = snapshots.damaged.iter().map(|error| words::printable(&sentence(error))).collect();
    for why in &damaged {
        output::error_line(&format!("davault: {why}"));
    }
    let snapshots = snapshots.whole;
    if snapshots.is_empty() && damaged.is_empty() && !context.json && !context.quiet {
        output::error_line("There is no snapshot yet. Make one with `davault at VAULT backup @source`.");
    }
    for snapshot in &snapshots {
        if context.json { output::json(&snapshot_json(snapshot))? } else { output::line(&snapshot_line(snapshot))? }
    }
    for why in damaged.iter().filter(|_| context.json) {
        output::json(&json!({ "damaged": why }))?;
    }
    if damaged.is_empty() { Ok(()) } else { Err(Failure::partly()) }
}

fn snapshot_line(snapshot: &Snapshot) -> String {
    let head = &snapshot.head;
    let from = if head.source.is_empty() { head.origin.clone() } else { format!("@{}", head.source) };
    let mut columns = vec![
        node::short(&snapshot.id).to_string(),
        words::minute(snapshot.time),
        format!("{:<16}", words::printable(&from)),
        format!("{:>12}", words::count(snapshot.counts.items, "file", "files")),
        format!("{:>9}", words::size(snapshot.counts.bytes)),
    ];
    if snapshot.failed > 0 {
        columns.push(format!("{} failed", snapshot.failed));
    }
    if snapshot.partial {
        columns.push("partial".into());
    }
    if !head.tags.is_empty() {
        columns.push(format!("[{}]", words::printable(&head.tags.join(", "))));
    }
    columns.join("  ")
}

/// A snapshot as `ls --json` and `backup --json` show it.
pub fn snapshot_json(snapshot: &Snapshot) -> Value {
    let failures: Vec<Value> =
        snapshot.failures.iter().map(|(path, why)| json!({ "path": path, "why": why })).collect();
    json!({
        "id": snapshot.id, "time": words::rfc3339(snapshot.time), "source": snapshot.head.source,
        "origin": snapshot.head.origin, "location": snapshot.head.location, "host": snapshot.head.host,
        "folders": snapshot.counts.folders, "files": snapshot.counts.items, "bytes": snapshot.counts.bytes,
        "failed": snapshot.failed, "failures": failures, "partial": snapshot.partial, "tags": snapshot.head.tags,
    })
}

fn name_of(special: Special) -> &'static str {
    match special {
        Special::Pipe => "pipe",
        Special::Socket => "socket",
        Special::CharacterDevice | Special::BlockDevice => "device",
    }
}

struct Listing<'a> {
    vault: &'a Vault,
    json: bool,
    recursive: bool,
}

impl Listing<'_> {
    async fn folder(&self, folder: &Node, path: &str) -> Result<(), Failure> {
        // A stack of what is still to print, last first: folders may be nested without bound.
        let mut open = self.entries(folder, path).await?;
        while let Some((path, node)) = open.pop() {
            self.entry(&node, &path).await?;
            if self.recursive {
                open.extend(self.entries(&node, &path).await?);
            }
        }
        Ok(())
    }

    async fn entries(&self, folder: &Node, path: &str) -> Result<Vec<(String, Node)>, Failure> {
        let children = node::children(self.vault, folder, path).await?;
        Ok(children.into_iter().rev().map(|child| (node::join(path, &child.name), child)).collect())
    }

    async fn entry(&self, node: &Node, path: &str) -> Result<(), Failure> {
        match node.kind {
            NodeKind::Folder { below } => {
                let title = node::display_name(self.vault, node, path).await?;
                if self.json {
                    return output::json(&json!({
                        "path": path, "kind": "folder", "title": title, "files": below.items, "bytes": below.bytes,
                    }));
                }
                let count = words::count(below.items, "file", "files");
                self.line(
                    &format!("{:>9}  {count:>12}", words::size(below.bytes)),
                    &format!("{path}/"),
                    title.as_deref(),
                )
            }
            NodeKind::File { size } => {
                let title = if size <= TITLE_BYTES { self.title(node, path).await? } else { None };
                let modified = node.meta.modified;
                if self.json {
                    let modified = modified.map(words::rfc3339);
                    return output::json(&json!({
                        "path": path, "kind": "file", "title": title, "bytes": size, "modified": modified,
                    }));
                }
                let modified = modified.map_or_else(|| "-".into(), words::minute);
                self.line(&format!("{:>9}  {modified:>16}", words::size(size)), path, title.as_deref())
            }
            NodeKind::Link => {
                let (target, modified) = (node.target().unwrap_or_default(), node.meta.modified);
                if self.json {
                    let modified = modified.map(words::rfc3339);
                    return output::json(&json!({
                        "path": path, "kind": "link", "target": target, "modified": modified,
                    }));
                }
                let modified = modified.map_or_else(|| "-".into(), words::minute);
                self.line(&format!("{:>9}  {modified:>16}", "link"), &format!("{path} -> {target}"), None)
            }
            NodeKind::Special(special) => {
                let kind = name_of(special);
                if self.json {
                    return output::json(&json!({ "path": path, "kind": kind }));
                }
                let modified = node.meta.modified.map_or_else(|| "-".into(), words::minute);
                self.line(&format!("{kind:>9}  {modified:>16}"), path, None)
            }
            NodeKind::Other => self.line(&format!("{:>9}  {:>16}", "?", "?"), path, Some("written by a newer davault")),
        }
    }

    async fn title(&self, node: &Node, path: &str) -> Result<Option<String>, Failure> {
        let bytes = self.vault.read(node).await.map_err(|error| node::unreadable(path, &error))?;
        let summary = summary::of(&bytes);
        Ok(summary.title.is_some().then(|| summary.to_string()))
    }

    #[expect(clippy::unused_self, reason = "one of the ways in which a listing prints")]
    fn line(&self, columns: &str, path: &str, title: Option<&str>) -> Result<(), Failure> {
        let title = title.map_or_else(String::new, |title| format!("  “{}”", words::printable(title)));
        output::line(&format!("{columns}  {}{title}", words::printable(path)))
    }
}
