//! What a restore came to, or would come to: the counts, the failures, and how it is undone.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use crate::connector;
use crate::report::ItemFailure;

use super::super::context::Context;
use super::super::endpoint::Endpoint;
use super::super::failure::Failure;
use super::super::node::Found;
use super::super::{ls, node, output, words};
use super::plan::{Plan, Verdict};
use super::show::{self, Titles};
use super::undo::Undo;

/// So many failures are shown with the titles of their items; each is read from the vault.
const TITLED: usize = 100;

/// How often each thing happened to an item, by the exporter's own word for it.
pub type Outcomes = BTreeMap<String, u64>;

/// What a restore came to.
pub struct Done<'a> {
    /// What was restored.
    pub found: &'a Found,
    /// Where to.
    pub to: &'a Endpoint,
    /// What became of the items.
    pub outcomes: Outcomes,
    /// What was not restored, and why.
    pub failures: Vec<ItemFailure>,
    /// When it began.
    pub began: Instant,
    /// What was planned, where davault's own destination was asked.
    pub plan: Option<&'a Plan>,
    /// What undoes it, where something was written over or deleted.
    pub undo: Option<&'a Undo>,
}

/// What a plan says of the items, in the words of what is done.
pub fn outcomes(plan: &Plan, verdicts: &[Verdict]) -> Outcomes {
    let words = [(Verdict::Create, "created"), (Verdict::Change, "replaced"), (Verdict::Identical, "identical")];
    let wanted = words.into_iter().filter(|(verdict, _)| verdicts.contains(verdict));
    let counted = wanted.map(|(verdict, word)| (word.to_owned(), plan.count(verdict)));
    counted.filter(|(_, count)| *count > 0).collect()
}

impl Done<'_> {
    /// Prints it, and says whether all went well; of a plan `is_verbose` asks for every item.
    pub async fn say(&self, context: &Context, titles: Option<&Titles<'_>>, is_verbose: bool) -> Result<(), Failure> {
        let is_told = !context.json && !context.quiet;
        // A plan is printed with its failures.
        let plan = self.plan.filter(|_| self.is_dry() && is_told).zip(titles);
        if plan.is_none() {
            self.say_failures(titles).await;
        }
        if context.json {
            output::json(&self.json())?;
        }
        if is_told {
            output::line(&words::printable(&self.summary()))?;
        }
        if let Some((plan, titles)) = plan {
            show::print(plan, titles, is_verbose).await?;
        }
        if is_told {
            self.advice().iter().try_for_each(|line| output::line(line))?;
        }
        if self.failures.is_empty() { Ok(()) } else { Err(Failure::partly()) }
    }

    async fn say_failures(&self, titles: Option<&Titles<'_>>) {
        for (number, failure) in self.failures.iter().enumerate() {
            let title = match titles.filter(|_| number < TITLED) {
                Some(titles) => titles.of(&failure.path).await,
                None => String::new(),
            };
            output::error_line(&words::printable(&format!("davault: {}{title}: {}", failure.path, failure.why)));
        }
    }

    fn json(&self) -> Value {
        let failures: Vec<_> =
            self.failures.iter().map(|failure| json!({ "path": failure.path, "why": failure.why })).collect();
        let undo =
            self.undo.map(|undo| json!({ "snapshot": ls::snapshot_json(&undo.snapshot), "command": undo.command }));
        json!({
            "snapshot": self.found.snapshot.id, "path": self.found.path, "to": self.to.shown(),
            "outcomes": self.outcomes, "failed": failures.len(), "failures": failures,
            "on_conflict": self.option("on_conflict"), "dry_run": self.is_dry(),
            "plan": self.plan.map(Plan::json), "undo": undo,
            "seconds": self.began.elapsed().as_secs_f64(),
        })
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

    fn summary(&self) -> String {
        let mut parts = if self.is_dry() { self.plan.map(planned).unwrap_or_default() } else { self.done() };
        if parts.is_empty() {
            parts.push("nothing to do".into());
        }
        let (verb, time) = if self.is_dry() {
            ("would restore", String::new())
        } else {
            ("restored", format!(" in {}", words::duration(self.began.elapsed())))
        };
        format!(
            "{verb} {}:{} to {}{time}: {}{}",
            node::short(&self.found.snapshot.id),
            self.found.path,
            self.to.shown(),
            parts.join(", "),
            self.option("on_conflict").map_or_else(String::new, |choice| format!(" (on conflict: {choice})")),
        )
    }

    fn done(&self) -> Vec<String> {
        let mut parts: Vec<_> = self.outcomes.iter().map(|(outcome, items)| format!("{items} {outcome}")).collect();
        if !self.failures.is_empty() {
            parts.push(format!("{} failed", self.failures.len()));
        }
        parts
    }

    /// What else a person may want to know.
    fn advice(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let held_back = self.plan.map_or(0, |plan| plan.count(Verdict::HeldBack));
        if held_back > 0 {
            lines.push(format!(
                "{} held back, because the server would tell the guests: `-o scheduling=server` lets it, \
                 `-o scheduling=without-attendees` puts the events without guests",
                words::count(held_back, "item was", "items were")
            ));
        }
        if let Some(undo) = self.undo {
            lines.push(format!("to undo: {}", undo.words()));
        }
        let in_new = self.plan.map_or(0, Plan::in_new);
        if self.undo.is_some() && in_new > 0 {
            lines.push(format!(
                "that leaves the collections that were made, with {} in them",
                words::count(in_new, "item", "items")
            ));
        }
        lines
    }
}

/// How many items would fare how.
fn planned(plan: &Plan) -> Vec<String> {
    let mut parts = Vec::new();
    if plan.makes() > 0 {
        parts.push(words::count(plan.makes(), "collection to make", "collections to make"));
    }
    let counts = Verdict::ALL.map(|verdict| (plan.count(verdict), verdict.words()));
    let more = [
        (plan.left_to_client(), "of these to put with SCHEDULE-AGENT=CLIENT"),
        (plan.guests_as_notes(), "of these to put with their guests as notes"),
        (plan.deletes(), "to delete"),
    ];
    let counts = counts.into_iter().chain(more).filter(|(count, _)| *count > 0);
    parts.extend(counts.map(|(count, words)| format!("{count} {words}")));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::host::{Foreseen, Stored};

    #[test]
    fn a_plan_says_what_is_changed_so_that_guests_are_not_told() {
        let mut plan = Plan::default();
        let stored = |path: &str, outcome: &str, foreseen| Stored {
            path: path.into(),
            attribute: None,
            error: None,
            outcome: Some(outcome.into()),
            foreseen,
        };
        let deletes = vec!["/w/c.ics".to_owned()];
        let foreseen = Foreseen { left_to_client: 1, guests_as_notes: 2, deletes, ..Foreseen::default() };
        plan.take(stored("/calendars/work", "noted", Some(foreseen)));
        plan.take(stored("/calendars/work/a.ics", "created", None));
        plan.take(stored("/calendars/work/b.ics", "replaced", None));
        let said = [
            "1 to create",
            "1 to change",
            "1 of these to put with SCHEDULE-AGENT=CLIENT",
            "2 of these to put with their guests as notes",
            "1 to delete",
        ];
        assert_eq!(planned(&plan), said);
        assert_eq!((&plan.json()["left_to_client"], &plan.json()["guests_as_notes"]), (&json!(1), &json!(2)));
    }
}
