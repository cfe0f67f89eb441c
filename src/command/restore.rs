//! `davault restore -to @dest|FOLDER SNAP[:PATH]`

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::connector::name::METADATA;
use crate::connector::{self, Role};
use crate::plugin::host::{Exporter, Record};
use crate::plugin::{Error, ErrorKind};
use crate::report::{Report, Tally, sentence};
use crate::vault::{Node, NodeKind, Vault};

use super::arguments;
use super::context::Context;
use super::endpoint::{self, Endpoint};
use super::failure::Failure;
use super::node::{self, Found};
use super::progress::Progress;
use super::{connectors, open, output, words};

/// Contents read ahead from the vault.
const READ_AHEAD: usize = 8;

/// Puts a snapshot, or a part of one, back and says what that came to.
pub async fn run(context: &Context, arguments: &arguments::Restore) -> Result<(), Failure> {
    let mut endpoint = endpoint::resolve(context, Role::Destination, &arguments.to, &arguments.options)?;
    choose(&mut endpoint, arguments);
    connector::check(Role::Destination, &endpoint.location, &endpoint.options)?;
    let vault = open::vault(context).await?;
    let found = node::find(&vault, &arguments.what).await?;
    let contents = contents(&vault, &found).await?;
    let mirrors = connector::is_on(&endpoint.options, "mirror");
    if mirrors {
        found.must_be_whole()?;
        contents.must_be_readable(&vault).await?;
    }
    let began = Instant::now();
    let plugin = connectors::start(&endpoint).await?;
    let failed = |error| connectors::failure(&format!("cannot restore to {}", endpoint.shown()), &error);
    let exporter = plugin.export(connectors::init(&endpoint)).await.map_err(failed)?;
    let tally = Tally::default();
    let progress = Progress::new(context, "writing", &tally);
    let put = put(&vault, contents, mirrors, &exporter, &progress).await;
    progress.clear();
    let outcomes = put?;
    exporter.finish().await.map_err(failed)?;
    plugin.stop().await.map_err(failed)?;
    let done = Done { found, to: endpoint, outcomes, tally, began };
    done.say(context)
}

/// davault's own restore overwrites what differs and reads back what it put, unless the person or the configuration says
/// otherwise.
fn choose(endpoint: &mut Endpoint, arguments: &arguments::Restore) {
    let verifies = !arguments.no_verify && connector::verifies(&endpoint.location);
    let options = &mut endpoint.options;
    if verifies {
        options.entry("verify".into()).or_insert_with(|| "true".into());
    }
    match &arguments.on_conflict {
        Some(choice) => _ = options.insert("on_conflict".into(), choice.clone()),
        None => _ = options.entry("on_conflict".into()).or_insert_with(|| "overwrite".into()),
    }
    if arguments.dry_run {
        options.insert("dry_run".into(), "true".into());
    }
}

/// How often each thing happened to an item, by the exporter's own word for it.
type Outcomes = BTreeMap<String, u64>;

async fn put(
    vault: &Vault,
    contents: Contents,
    mirrors: bool,
    exporter: &Exporter,
    progress: &Progress<'_>,
) -> Result<Outcomes, Failure> {
    progress.expect(contents.files.len() as u64);
    let sizes = contents.sizes();
    let sending = async {
        match send(vault, contents, mirrors, exporter, progress).await {
            Err(Unsent::Unreadable(failure)) => Err(failure),
            Err(Unsent::Refused(error)) => Ok(Err(error)),
            Ok(()) => Ok(Ok(())),
        }
    };
    let receiving = async { Ok(receive(exporter, sizes, progress).await) };
    // Both at once: a destination may not take the next record before its last answer was heard.
    let (sent, (outcomes, ended)) = tokio::try_join!(sending, receiving)?;
    match ended {
        // All was sent, and something that belongs to no single item went wrong at the end: a colour that is refused, say.
        Err(error) if sent.is_ok() && error.kind == ErrorKind::Refused => {
            progress.item_failed("/", &sentence(&error));
            Ok(outcomes)
        }
        ended => match ended.and(sent) {
            Ok(()) => Ok(outcomes),
            Err(error) => Err(connectors::failure("the restore stopped", &error)
                .hint("Run it again: what is there already is recognised and not sent twice.")),
        },
    }
}

/// Why not all was sent.
enum Unsent {
    Refused(Error),
    Unreadable(Failure),
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Unsent {
        Unsent::Refused(error)
    }
}

async fn send(
    vault: &Vault,
    contents: Contents,
    mirrors: bool,
    exporter: &Exporter,
    progress: &Progress<'_>,
) -> Result<(), Unsent> {
    for record in contents.folders {
        if record.path.matches('/').count() > 1 {
            progress.collection();
        }
        exporter.send(&record, None).await?;
    }
    let read = |(path, node): (String, Node)| async move { (vault.read(&node).await, path, node) };
    let mut files = stream::iter(contents.files).map(read).buffered(READ_AHEAD);
    while let Some((content, path, node)) = files.next().await {
        match content {
            Ok(content) => exporter.send(&record(path, &node), Some(content)).await?,
            // Broken off without an end, so that what is missing here is not deleted there.
            Err(error) if mirrors => return Err(Unsent::Unreadable(node::unreadable(&path, &error))),
            Err(error) => progress.item_failed(&path, &sentence(&error)),
        }
    }
    exporter.all_sent().await;
    Ok(())
}

/// Counts what became of the items, until the destination says that it is done, or why it stopped.
async fn receive(exporter: &Exporter, mut sizes: Sizes, progress: &Progress<'_>) -> (Outcomes, Result<(), Error>) {
    let mut outcomes = Outcomes::new();
    loop {
        let stored = match exporter.next().await {
            Ok(Some(stored)) => stored,
            ended => return (outcomes, ended.map(|_| ())),
        };
        let size = sizes.remove(&stored.path);
        match (stored.error, stored.outcome.as_deref()) {
            (Some(why), _) => {
                progress.item_failed(&stored.path, &why);
                continue;
            }
            // Folders and what describes them are no items.
            (None, Some("noted")) => (),
            (None, outcome) => *outcomes.entry(outcome.unwrap_or("stored").to_string()).or_default() += 1,
        }
        if let Some(size) = size {
            progress.item_done(&stored.path, size);
        }
    }
}

/// How many bytes each file has, by its path.
type Sizes = HashMap<String, u64>;

/// What is to be sent: folders first, each before what is in it, then the files.
#[derive(Default)]
struct Contents {
    folders: Vec<Record>,
    files: Vec<(String, Node)>,
}

async fn contents(vault: &Vault, found: &Found) -> Result<Contents, Failure> {
    let mut contents = Contents::default();
    contents.parents(vault, found).await?;
    let mut open = vec![(found.path.clone(), found.node.clone())];
    while let Some((path, node)) = open.pop() {
        if !matches!(node.kind, NodeKind::Folder { .. }) {
            contents.files.push((path, node));
            continue;
        }
        let mut children = node::children(vault, &node, &path).await?;
        // What describes a collection goes first, so that it is made with it; popped from the end, hence sorted the other way.
        children.reverse();
        children.sort_by_key(|child| METADATA.contains(&child.name.as_str()));
        open.extend(children.into_iter().map(|child| (node::join(&path, &child.name), child)));
        contents.folders.push(record(path, &node));
    }
    Ok(contents)
}

impl Contents {
    fn sizes(&self) -> Sizes {
        let size = |node: &Node| if let NodeKind::File { size } = node.kind { size } else { 0 };
        self.files.iter().map(|(path, node)| (path.clone(), size(node))).collect()
    }

    /// A mirror deletes what it does not get, so what the vault can't give must be known before it begins.
    async fn must_be_readable(&self, vault: &Vault) -> Result<(), Failure> {
        for (path, node) in &self.files {
            vault.read(node).await.map_err(|error| node::unreadable(path, &error))?;
        }
        Ok(())
    }

    /// The folders above a part of a snapshot, so that the destination knows which calendar an event belongs to.
    async fn parents(&mut self, vault: &Vault, found: &Found) -> Result<(), Failure> {
        let mut path = String::new();
        for name in found.path.split('/').skip(1).filter(|name| !name.is_empty()) {
            let parent = if path.is_empty() { "/" } else { &path };
            let folder =
                vault.entry(&found.snapshot, parent).await.map_err(|error| node::unreadable(parent, &error))?;
            self.folders.push(record(parent.to_string(), &folder));
            path = node::join(parent, name);
        }
        Ok(())
    }
}

fn record(path: String, node: &Node) -> Record {
    let NodeKind::File { size } = node.kind else {
        return Record { modified: node.meta.modified, version: node.meta.version, ..Record::folder(&path) };
    };
    let meta = &node.meta;
    Record { path, name: node.name.clone(), size, mode: meta.mode, modified: meta.modified, version: meta.version }
}

/// What a restore came to.
struct Done {
    found: Found,
    to: Endpoint,
    outcomes: Outcomes,
    tally: Tally,
    began: Instant,
}

impl Done {
    fn say(&self, context: &Context) -> Result<(), Failure> {
        let failures = self.tally.counts().failures;
        for failure in &failures {
            output::error_line(&words::printable(&format!("davault: {}: {}", failure.path, failure.why)));
        }
        if context.json {
            let failures: Vec<_> =
                failures.iter().map(|failure| json!({ "path": failure.path, "why": failure.why })).collect();
            output::json(&json!({
                "snapshot": self.found.snapshot.id, "path": self.found.path, "to": self.to.shown(),
                "outcomes": self.outcomes, "failed": failures.len(), "failures": failures,
                "on_conflict": self.option("on_conflict"), "dry_run": self.is_dry(),
                "seconds": self.began.elapsed().as_secs_f64(),
            }))?;
        } else if !context.quiet {
            output::line(&self.summary(failures.len()))?;
        }
        if failures.is_empty() { Ok(()) } else { Err(Failure::partly()) }
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.to.options.get(name).map(String::as_str)
    }

    fn is_dry(&self) -> bool {
        connector::is_on(&self.to.options, "dry_run")
    }

    fn summary(&self, failed: usize) -> String {
        let mut parts: Vec<String> =
            self.outcomes.iter().map(|(outcome, items)| format!("{items} {outcome}")).collect();
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
        if parts.is_empty() {
            parts.push("nothing to do".into());
        }
        format!(
            "{} {}:{} to {} in {}: {} (on conflict: {})",
            if self.is_dry() { "would restore" } else { "restored" },
            node::short(&self.found.snapshot.id),
            self.found.path,
            self.to.shown(),
            words::duration(self.began.elapsed()),
            parts.join(", "),
            self.option("on_conflict").unwrap_or_default(),
        )
    }
}
