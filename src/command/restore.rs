//! `davault restore -to @dest|FOLDER SNAP[:PATH]`
//!
//! To davault's own destinations in two sessions with one process: the first makes a plan, the second does what is left to do.
//! What is written over or deleted goes into the vault between them. To others' connectors in one.

use std::time::Instant;

use crate::connector::{self, Role};
use crate::plugin::host::{Exporter, Plugin, Stored};
use crate::report::{ItemFailure, Report, Tally, sentence};
use crate::vault::Vault;

use super::arguments;
use super::context::Context;
use super::endpoint::{self, Endpoint};
use super::failure::Failure;
use super::node::{self, Found};
use super::progress::Progress;
use super::{connectors, open, output, words};

mod bins;
mod contents;
mod done;
mod flags;
mod plan;
mod selection;
mod sending;
mod session;
mod show;
mod undo;

use contents::{Contents, Sizes};
use done::{Done, Outcomes};
use plan::{Overwritten, Plan, Verdict};
use sending::Sender;
use session::Ended;
use show::Titles;
use undo::Undo;

/// Puts a snapshot, or a part of one, back and says what that came to.
pub async fn run(context: &Context, arguments: &arguments::Restore) -> Result<(), Failure> {
    let mut to = endpoint::resolve(context, Role::Destination, &arguments.to, &arguments.options)?;
    flags::choose(&mut to, arguments)?;
    let vault = open::vault(context).await?;
    let found = node::find(&vault, &arguments.what).await?;
    let restore = Restore { context, arguments, vault, found, to, began: Instant::now() };
    if restore.to.served.is_own() { Box::pin(restore.to_own()).await } else { Box::pin(restore.to_others()).await }
}

/// One restore.
struct Restore<'a> {
    context: &'a Context,
    arguments: &'a arguments::Restore,
    vault: Vault,
    found: Found,
    to: Endpoint,
    began: Instant,
}

impl Restore<'_> {
    async fn to_own(&self) -> Result<(), Failure> {
        let contents = match selection::contents(self.context, &self.vault, &self.found, &self.arguments.terms).await? {
            Some(chosen) => chosen,
            None => self.all().await?,
        };
        if self.mirrors() {
            self.found.must_be_whole()?;
        }
        let plugin = connectors::start(&self.to).await?;
        let mut init = connectors::init(&self.to);
        init.options.insert("dry_run".into(), "true".into());
        let planning = plugin.export(init).await.map_err(|error| self.failed(&error))?;
        let plan = self.plan(&planning, &contents).await?;
        let titles = Titles::new(&self.vault, &contents);
        let is_dry = connector::is_on(&self.to.options, "dry_run");
        if is_dry || plan.is_done() {
            planning.finish().await.map_err(|error| self.failed(&error))?;
            connectors::stop(&self.to, plugin).await.map_err(|error| self.failed(&error))?;
            self.warn_of_xattrs(&planning, &contents);
            let outcomes = done::outcomes(&plan, &Verdict::ALL);
            let done = self.done(outcomes, plan.all_failures(), Some(&plan), None);
            return done.say(self.context, Some(&titles), self.arguments.verbose).await;
        }
        self.warn_of_xattrs(&planning, &contents);
        let undo = self.undo(&plan).await?;
        let mut left = contents.clone();
        left.keep_only(&plan.to_send());
        let (outcomes, failures) = self.carry_out(plugin, planning, &left, &plan).await.map_err(|failure| {
            undo.iter().fold(failure, |failure, undo| failure.and(format!("To undo what was done: {}", undo.words())))
        })?;
        self.done(outcomes, failures, Some(&plan), undo.as_ref()).say(self.context, Some(&titles), false).await
    }

    /// All of what was named; to an account without what lay in a bin, unless that was named, or a place for it.
    async fn all(&self) -> Result<Contents, Failure> {
        let mut contents = Contents::whole(&self.vault, &self.found).await?;
        if !connector::is_account(&self.to.location) || self.to.options.contains_key("into") {
            return Ok(contents);
        }
        for bin in bins::leave_out(&self.vault, &self.found, &mut contents).await {
            if !self.context.quiet {
                let id = node::short(&self.found.snapshot.id);
                let line = format!(
                    "davault: {bin} lay in a bin and is left out; restore {id}:{bin} with -into NAME to have it"
                );
                output::error_line(&words::printable(&line));
            }
        }
        Ok(contents)
    }

    /// Asks the destination what it would do with all of it.
    async fn plan(&self, exporter: &Exporter, contents: &Contents) -> Result<Plan, Failure> {
        let tally = Tally::default();
        let progress = Progress::new(self.context, "looking", &tally);
        let mirrors = self.mirrors();
        let sender = Sender { vault: &self.vault, exporter, progress: &progress, mirrors, takes_xattrs: false };
        let mut plan = Plan::default();
        let mut sizes = contents.sizes();
        let ended = session::run(&sender, contents, |stored| {
            if let Some(size) = sizes.remove(&stored.path) {
                progress.items_done(1, size);
            }
            plan.take(stored);
        });
        let ended = ended.await;
        progress.clear();
        match ended? {
            Ended::Well => {}
            Ended::Troubled(error) => plan.trouble = Some(sentence(&error)),
            Ended::Stopped(error) => return Err(self.failed(&error)),
        }
        for ItemFailure { path, why } in tally.counts().failures {
            plan.unreadable(path, why);
        }
        plan.sort();
        Ok(plan)
    }

    /// Puts what will be lost into the vault, and says how it comes back before anything is written.
    async fn undo(&self, plan: &Plan) -> Result<Option<Undo>, Failure> {
        let overwritten = plan.overwritten();
        if self.arguments.no_undo || overwritten == Overwritten::Nothing {
            return Ok(None);
        }
        let undo = undo::take(self.context, &self.vault, self.arguments, &self.to, &overwritten);
        let undo = Box::pin(undo).await?;
        if !self.context.quiet {
            let id = node::short(&undo.snapshot.id);
            let lines = [
                format!("davault: what stands there and will be written over is kept as snapshot {id}"),
                format!("davault: to undo: {}", undo.words()),
            ];
            for line in lines {
                output::error_line(&line);
            }
        }
        Ok(Some(undo))
    }

    /// Does what the plan has left to do.
    async fn carry_out(
        &self,
        plugin: Plugin,
        planning: Exporter,
        contents: &Contents,
        plan: &Plan,
    ) -> Result<(Outcomes, Vec<ItemFailure>), Failure> {
        // The process is the same, so that it knows what it saw.
        let exporter = plugin.export(connectors::init(&self.to)).await.map_err(|error| self.failed(&error))?;
        drop(planning);
        let tally = Tally::default();
        let mut outcomes = done::outcomes(plan, &[Verdict::Identical]);
        let ended = self.put(&exporter, contents, &tally, &mut outcomes).await?;
        exporter.finish().await.map_err(|error| self.failed(&error))?;
        connectors::stop(&self.to, plugin).await.map_err(|error| self.failed(&error))?;
        let mut failures: Vec<_> = plan.failures().collect();
        failures.extend(tally.counts().failures);
        if ended && plan.deletes() > 0 {
            outcomes.insert("deleted".into(), plan.deletes());
        }
        Ok((outcomes, failures))
    }

    async fn to_others(&self) -> Result<(), Failure> {
        let contents = match selection::contents(self.context, &self.vault, &self.found, &self.arguments.terms).await? {
            Some(chosen) => chosen,
            None => Contents::below(&self.vault, &self.found).await?,
        };
        let plugin = connectors::start(&self.to).await?;
        let exporter = plugin.export(connectors::init(&self.to)).await.map_err(|error| self.failed(&error))?;
        let (tally, mut outcomes) = (Tally::default(), Outcomes::new());
        self.put(&exporter, &contents, &tally, &mut outcomes).await?;
        exporter.finish().await.map_err(|error| self.failed(&error))?;
        self.warn_of_xattrs(&exporter, &contents);
        connectors::stop(&self.to, plugin).await.map_err(|error| self.failed(&error))?;
        self.done(outcomes, tally.counts().failures, None, None).say(self.context, None, false).await
    }

    /// Sends all of it and counts what becomes of it; whether it ended as it should.
    async fn put(
        &self,
        exporter: &Exporter,
        contents: &Contents,
        tally: &Tally,
        outcomes: &mut Outcomes,
    ) -> Result<bool, Failure> {
        let progress = Progress::new(self.context, "writing", tally);
        let (mirrors, takes_xattrs) = (self.mirrors(), self.takes_xattrs(exporter));
        let sender = Sender { vault: &self.vault, exporter, progress: &progress, mirrors, takes_xattrs };
        let mut sizes = contents.sizes();
        let heard = |stored| count(stored, &mut sizes, &progress, outcomes);
        let ended = session::run(&sender, contents, heard).await;
        progress.clear();
        match ended? {
            Ended::Well => Ok(true),
            Ended::Troubled(error) => {
                tally.item_failed("/", &sentence(&error));
                Ok(false)
            }
            Ended::Stopped(error) => {
                Err(connectors::failure("the restore stopped", &error).hint(if self.to.served.is_own() {
                    "Run it again: what is there already is recognised and not sent twice."
                } else {
                    "Run it again: all of it is sent again, and what becomes of what is there already is the connector's to decide."
                }))
            }
        }
    }

    /// Extended attributes are lost where nobody takes them.
    fn warn_of_xattrs(&self, exporter: &Exporter, contents: &Contents) {
        let left_out = if self.takes_xattrs(exporter) { 0 } else { contents.xattrs() };
        if left_out > 0 {
            let attributes = words::count(left_out, "extended attribute was", "extended attributes were");
            let to = self.to.shown();
            output::error_line(&format!(
                "davault: warning: {to} takes no extended attributes, and {attributes} left out"
            ));
        }
    }

    fn mirrors(&self) -> bool {
        self.to.served.is_own() && connector::is_on(&self.to.options, "mirror")
    }

    fn takes_xattrs(&self, exporter: &Exporter) -> bool {
        exporter.about().wants_xattrs() || self.to.served.has_flag("exportxattr")
    }

    fn failed(&self, error: &crate::plugin::Error) -> Failure {
        connectors::failure(&format!("cannot restore to {}", self.to.shown()), error)
    }

    fn done<'a>(
        &'a self,
        outcomes: Outcomes,
        failures: Vec<ItemFailure>,
        plan: Option<&'a Plan>,
        undo: Option<&'a Undo>,
    ) -> Done<'a> {
        Done { found: &self.found, to: &self.to, outcomes, failures, began: self.began, plan, undo }
    }
}

/// Counts what became of one record.
fn count(stored: Stored, sizes: &mut Sizes, progress: &Progress<'_>, outcomes: &mut Outcomes) {
    if let Some(attribute) = stored.attribute {
        if let Some(why) = stored.error {
            progress.item_failed(&stored.path, &format!("extended attribute {attribute}: {why}"));
        }
        return;
    }
    let size = sizes.remove(&stored.path);
    match (stored.error, stored.outcome.as_deref()) {
        (Some(why), _) => return progress.item_failed(&stored.path, &why),
        // Folders and what describes them are no items.
        (None, Some("noted")) => (),
        (None, None) if size.is_none() => (),
        (None, outcome) => *outcomes.entry(outcome.unwrap_or("stored").to_string()).or_default() += 1,
    }
    if let Some(size) = size {
        progress.items_done(1, size);
    }
}
