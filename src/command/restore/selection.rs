//! The part of a snapshot that a person means by words, names and times.

use futures_util::{StreamExt, stream};

use crate::item::identity;
use crate::item::occurrence::may_happen;
use crate::item::search::{Subject, has_words, is_of_calendar};
use crate::item::window::Window;
use crate::vault::{Node, NodeKind, Vault};

use super::super::arguments::Terms;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::node::Found;
use super::super::{node, output, words};
use super::contents::Contents;
use pool::Pool;

mod collections;
mod pool;
mod vanished;

/// Items that are read from the vault at the same time.
const READ_AHEAD: usize = 16;

/// The items that the terms mean, with what describes their collections; `None` where nothing is said and all is meant.
/// Says how many they are.
pub async fn contents(
    context: &Context,
    vault: &Vault,
    found: &Found,
    terms: &Terms,
) -> Result<Option<Contents>, Failure> {
    if terms.is_empty() {
        return Ok(None);
    }
    let wanted = Wanted::of(terms)?;
    let mut pool = match &terms.deleted_since {
        Some(since) => vanished::pool(vault, found, since).await?,
        None => Pool::of(Contents::whole(vault, found).await?),
    };
    let all = counted(pool.items.len(), terms);
    collections::choose(vault, &mut pool, terms).await?;
    wanted.choose(vault, &mut pool).await;
    if pool.items.is_empty() {
        let place = format!("{}:{}", node::short(&found.snapshot.id), found.path);
        let sentence = format!("nothing is chosen: none of {all} in {place} is what was asked for");
        return Err(Failure::failed(sentence).hint(format!("See what is there with `davault ls -R {place}`.")));
    }
    if !context.json && !context.quiet {
        output::line(&format!("{} of {all} chosen", words::thousands(pool.items.len())))?;
    }
    if !terms.choose_items() {
        pool.keep_all_that_describes();
    }
    Ok(Some(pool.contents()))
}

fn counted(items: usize, terms: &Terms) -> String {
    let vanished = if terms.deleted_since.is_some() { "vanished " } else { "" };
    format!("{} {vanished}item{}", words::thousands(items), if items == 1 { "" } else { "s" })
}

/// What an item must say to be meant.
struct Wanted<'a> {
    event: Option<&'a str>,
    contact: Option<&'a str>,
    uids: &'a [String],
    between: Option<Window>,
}

impl<'a> Wanted<'a> {
    /// Refuses what can't mean anything.
    fn of(terms: &'a Terms) -> Result<Self, Failure> {
        let (event, contact) = (terms.event.as_deref(), terms.contact.as_deref());
        for (name, text) in [("-event", event), ("-contact", contact)] {
            if text.is_some_and(|text| text.trim().is_empty()) {
                return Err(Failure::usage(format!("{name} needs words to look for")));
            }
        }
        let both = |one: &str, other: &str| {
            Failure::usage(format!("{one} and {other} together mean nothing, as no item is both"))
                .hint("Restore the one, then the other.")
        };
        if contact.is_some() && event.is_some() {
            return Err(both("-event", "-contact"));
        }
        if contact.is_some() && terms.between.is_some() {
            return Err(both("-contact", "-between"));
        }
        let between = terms.between.as_deref().map(window).transpose()?;
        Ok(Self { event, contact, uids: &terms.uids, between })
    }

    /// Keeps what says what is looked for. What the vault can't give stays, and fails when it is restored: it may be meant.
    async fn choose(&self, vault: &Vault, pool: &mut Pool) {
        if self.event.is_none() && self.contact.is_none() && self.uids.is_empty() && self.between.is_none() {
            return;
        }
        let read = |(path, node): (String, Node)| async move {
            let content = vault.read(&node).await;
            (path, node, content)
        };
        let items = std::mem::take(&mut pool.items);
        let files = items.into_iter().filter(|(_, node)| matches!(node.kind, NodeKind::File { .. }));
        let mut items = stream::iter(files).map(read).buffered(READ_AHEAD);
        while let Some((path, node, content)) = items.next().await {
            if content.map_or(true, |content| self.is(&content)) {
                pool.items.push((path, node));
            }
        }
    }

    /// Whether all that is said of its content is true of an item.
    fn is(&self, item: &[u8]) -> bool {
        let has = |subject, words: Option<&str>| words.is_none_or(|words| has_words(item, subject, words));
        let has_uid = || {
            let Some(identity) = identity::of(item) else { return false };
            self.uids.iter().any(|uid| *uid == identity.uid || identity.others.contains(uid))
        };
        let happens = |window: &Window| is_of_calendar(item) && may_happen(item, window);
        has(Subject::Event, self.event)
            && has(Subject::Contact, self.contact)
            && (self.uids.is_empty() || has_uid())
            && self.between.as_ref().is_none_or(happens)
    }
}

/// `A..B`, `A..` or `..B`.
fn window(text: &str) -> Result<Window, Failure> {
    let bad = |why: &str| Failure::usage(format!("-between {text}: {why}"));
    let Some((since, until)) = text.split_once("..") else {
        return Err(bad("write it as 2026-01-01..2026-02-01, 2026-01-01.. or ..2026-02-01"));
    };
    let given = |text: &'_ str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let (since, until) = (given(since), given(until));
    if since.is_none() && until.is_none() {
        return Err(bad("give a date before or behind the dots"));
    }
    let now = jiff::Timestamp::try_from(Context::now()).unwrap_or_default();
    let now = now.to_zoned(jiff::tz::TimeZone::system());
    Window::parse(since.as_deref(), until.as_deref(), &now).map_err(bad)
}
