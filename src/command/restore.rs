//! `davault restore -to @dest|FOLDER SNAP[:PATH]`

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::json;

use crate::connector::{self, Role};
use crate::plugin::host::Exporter;
use crate::plugin::{Error, ErrorKind};
use crate::report::{Report, Tally, sentence};

use super::arguments;
use super::context::Context;
use super::endpoint::{self, Endpoint};
use super::failure::Failure;
use super::node::{self, Found};
use super::progress::Progress;
use super::{connectors, open, output, words};

mod contents;
mod selection;
mod sending;

use contents::{Contents, Sizes};
use sending::{Sender, Unsent};

/// Puts a snapshot, or a part of one, back and says what that came to.
pub async fn run(context: &Context, arguments: &arguments::Restore) -> Result<(), Failure> {
    let mut endpoint = endpoint::resolve(context, Role::Destination, &arguments.to, &arguments.options)?;
    choose(&mut endpoint, arguments)?;
    let vault = open::vault(context).await?;
    let found = node::find(&vault, &arguments.what).await?;
    let is_own = endpoint.served.is_own();
    let contents = match selection::contents(context, &vault, &found, &arguments.terms).await? {
        Some(chosen) => chosen,
        None if is_own => Contents::whole(&vault, &found).await?,
        None => Contents::below(&vault, &found).await?,
    };
    let mirrors = is_own && connector::is_on(&endpoint.options, "mirror");
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
    let takes_xattrs = exporter.about().wants_xattrs() || endpoint.served.has_flag("exportxattr");
    let left_out = if takes_xattrs { 0 } else { contents.xattrs() };
    let sender = Sender { vault: &vault, exporter: &exporter, progress: &progress, mirrors, takes_xattrs };
    let put = put(sender, contents, is_own).await;
    progress.clear();
    let outcomes = put?;
    exporter.finish().await.map_err(failed)?;
    connectors::stop(&endpoint, plugin).await.map_err(failed)?;
    if left_out > 0 {
        let attributes = words::count(left_out, "extended attribute was", "extended attributes were");
        let to = endpoint.shown();
        output::error_line(&format!("davault: warning: {to} takes no extended attributes, and {attributes} left out"));
    }
    let done = Done { found, to: endpoint, outcomes, tally, began };
    done.say(context)
}

/// davault's own restore overwrites what differs and reads back what it put, unless the person or the configuration says
/// otherwise. What others' connectors do is theirs to say, by their options.
fn choose(endpoint: &mut Endpoint, arguments: &arguments::Restore) -> Result<(), Failure> {
    if !arguments.terms.is_empty() && connector::is_on(&endpoint.options, "mirror") {
        return Err(Failure::usage("a choice of items can't be mirrored: all that was not chosen would be deleted")
            .hint("Leave out mirror=true, or restore a whole calendar or address book by its path."));
    }
    if !endpoint.served.is_own() {
        let flags = [
            ("-on-conflict", arguments.on_conflict.is_some()),
            ("-dry-run", arguments.dry_run),
            ("-no-verify", arguments.no_verify),
        ];
        return match flags.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => {
                let to = endpoint.shown();
                Err(Failure::usage(format!("{flag} is for davault's own destinations, and {to} is another's")))
            }
            None => Ok(()),
        };
    }
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
    Ok(connector::check(Role::Destination, &endpoint.location, options)?)
}

/// How often each thing happened to an item, by the exporter's own word for it.
type Outcomes = BTreeMap<String, u64>;

async fn put(sender: Sender<'_>, contents: Contents, is_own: bool) -> Result<Outcomes, Failure> {
    let (exporter, progress) = (sender.exporter, sender.progress);
    progress.expect(contents.files.len() as u64);
    let sizes = contents.sizes();
    let sending = async {
        match sender.send(contents).await {
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
            Err(error) => Err(connectors::failure("the restore stopped", &error).hint(if is_own {
                "Run it again: what is there already is recognised and not sent twice."
            } else {
                "Run it again: all of it is sent again, and what becomes of what is there already is the connector's to decide."
            })),
        },
    }
}

/// Counts what became of the items, until the destination says that it is done, or why it stopped.
async fn receive(exporter: &Exporter, mut sizes: Sizes, progress: &Progress<'_>) -> (Outcomes, Result<(), Error>) {
    let mut outcomes = Outcomes::new();
    loop {
        let stored = match exporter.next().await {
            Ok(Some(stored)) => stored,
            ended => return (outcomes, ended.map(|_| ())),
        };
        if let Some(attribute) = stored.attribute {
            if let Some(why) = stored.error {
                progress.item_failed(&stored.path, &format!("extended attribute {attribute}: {why}"));
            }
            continue;
        }
        let size = sizes.remove(&stored.path);
        match (stored.error, stored.outcome.as_deref()) {
            (Some(why), _) => {
                progress.item_failed(&stored.path, &why);
                continue;
            }
            // Folders and what describes them are no items.
            (None, Some("noted")) => (),
            (None, None) if size.is_none() => (),
            (None, outcome) => *outcomes.entry(outcome.unwrap_or("stored").to_string()).or_default() += 1,
        }
        if let Some(size) = size {
            progress.item_done(&stored.path, size);
        }
    }
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
            output::line(&words::printable(&self.summary(failures.len())))?;
        }
        if failures.is_empty() { Ok(()) } else { Err(Failure::partly()) }
    }

    /// What is asked of one of davault's own destinations.
    fn option(&self, name: &str) -> Option<&str> {
        if !self.to.served.is_own() {
            return None;
        }
        self.to.options.get(name).map(String::as_str)
    }

    fn is_dry(&self) -> bool {
        self.to.served.is_own() && connector::is_on(&self.to.options, "dry_run")
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
            "{} {}:{} to {} in {}: {}{}",
            if self.is_dry() { "would restore" } else { "restored" },
            node::short(&self.found.snapshot.id),
            self.found.path,
            self.to.shown(),
            words::duration(self.began.elapsed()),
            parts.join(", "),
            self.option("on_conflict").map_or_else(String::new, |choice| format!(" (on conflict: {choice})")),
        )
    }
}
