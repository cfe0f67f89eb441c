//! `davault backup @source`

use std::time::Instant;

use serde_json::json;

use crate::connector::{self, Role};
use crate::plugin::host::Importer;
use crate::report::{Tally, sentence};
use crate::vault::{self, BEFORE_RESTORE, Ending, Snapshot, SnapshotHead, Written};

use super::arguments;
use super::context::Context;
use super::endpoint::{self, Endpoint};
use super::failure::Failure;
use super::progress::Progress;
use super::taking::{self, Lost, Stopped, Taken};
use super::{clock, connectors, local, ls, node, open, output, words};

mod begin;

use begin::Begun;

/// Options that leave a part of the source out.
const SELECTING: [&str; 5] = ["include", "exclude", "components", "since", "until"];

/// Takes an account into the vault and says what that came to.
pub async fn run(context: &Context, arguments: &arguments::Backup) -> Result<(), Failure> {
    let endpoint = endpoint::resolve(context, Role::Source, &arguments.source, &arguments.options)?;
    if arguments.tags.iter().any(|tag| tag == BEFORE_RESTORE) {
        return Err(Failure::usage(format!(
            "the tag {BEFORE_RESTORE} is what davault gives to snapshots that undo a restore; choose another word"
        )));
    }
    let ready = open::ready(context).await?;
    let began = Instant::now();
    let Begun { vault, plugin, importer } = Box::pin(begin::begin(context, &endpoint, ready)).await?;
    let head = head(&endpoint, &importer, &arguments.tags);
    let tally = Tally::default();
    let progress = Progress::new(context, "reading", &tally);
    let taken = taking::take(&vault, &importer, head, endpoint.served.is_own(), &progress).await;
    progress.clear();
    let Taken { backup, unchanged, lost } = taken.map_err(|error| stopped(error, &endpoint))?;
    let failures: Vec<_> = tally.counts().failures.into_iter().map(|failure| (failure.path, failure.why)).collect();
    let ending = Ending { failures, partial: is_partial(&endpoint) };
    let now = Context::now();
    let (snapshot, written) = backup.finish(now, ending).await.map_err(|error| not_stored(&error))?;
    // Only now: what a source remembers as taken must be in a snapshot.
    let ended = async { importer.finish().await.and(connectors::stop(&endpoint, plugin).await) }.await;
    clock::warn(&snapshot, now);
    let done = Done { snapshot, written, unchanged, lost, began };
    let said = done.say(context);
    match ended {
        Ok(()) => said,
        Err(error) => {
            let stored =
                format!("snapshot {} is stored, but its source did not end well", node::short(&done.snapshot.id));
            output::error_line(&format!("davault: {stored}: {}", sentence(&error)));
            said.and(Err(Failure::partly()))
        }
    }
}

/// What is known of a backup of `endpoint` when it begins.
pub fn head(endpoint: &Endpoint, importer: &Importer, tags: &[String]) -> SnapshotHead {
    SnapshotHead {
        source: endpoint.name.clone().unwrap_or_default(),
        // davault's own locations hold no password; others' may.
        location: if endpoint.served.is_own() {
            endpoint.location.clone()
        } else {
            connector::without_password(&endpoint.location)
        },
        origin: importer.about().origin.clone(),
        connector: importer.about().kind.clone(),
        host: local::host_name(),
        tags: tags.to_vec(),
        parent: None,
        davault: env!("CARGO_PKG_VERSION").into(),
    }
}

/// What others' options leave out is not known.
fn is_partial(endpoint: &Endpoint) -> bool {
    endpoint.served.is_own() && SELECTING.iter().any(|option| endpoint.options.contains_key(*option))
}

fn not_stored(error: &vault::Error) -> Failure {
    open::failure("cannot store the backup", error).hint("Every earlier snapshot is untouched.")
}

fn stopped(why: Stopped, endpoint: &Endpoint) -> Failure {
    match why {
        Stopped::Source(error) => connectors::failure(&format!("cannot back up {}", endpoint.shown()), &error)
            .hint("Nothing was stored, and every earlier snapshot is untouched."),
        Stopped::Vault(error) => not_stored(&error),
    }
}

/// What a backup came to.
struct Done {
    snapshot: Snapshot,
    written: Written,
    unchanged: u64,
    lost: Lost,
    began: Instant,
}

impl Done {
    fn say(&self, context: &Context) -> Result<(), Failure> {
        for (path, why) in &self.snapshot.failures {
            output::error_line(&words::printable(&format!("davault: {path}: {why}")));
        }
        if let Some(sentence) = self.lost.sentence() {
            output::error_line(&format!("davault: warning: {sentence}"));
        }
        if context.json {
            output::json(&json!({
                "snapshot": ls::snapshot_json(&self.snapshot), "unchanged": self.unchanged,
                "not_kept": self.lost.json(),
                "new_objects": self.written.new_objects, "new_bytes": self.written.new_bytes,
                "stored_bytes": self.written.stored_bytes, "seconds": self.began.elapsed().as_secs_f64(),
            }))?;
        } else if !context.quiet {
            output::line(&self.summary())?;
        }
        if self.snapshot.failed == 0 { Ok(()) } else { Err(Failure::partly()) }
    }

    fn summary(&self) -> String {
        let counts = self.snapshot.counts;
        let failed = match self.snapshot.failed {
            0 => String::new(),
            failed => format!("; {failed} failed"),
        };
        format!(
            "snapshot {}: {} ({}), {} unchanged; {} added to the vault in {}{failed}",
            node::short(&self.snapshot.id),
            words::count(counts.items, "file", "files"),
            words::size(counts.bytes),
            self.unchanged,
            words::size(self.written.stored_bytes),
            words::duration(self.began.elapsed()),
        )
    }
}
