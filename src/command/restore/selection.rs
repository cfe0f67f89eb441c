//! The part of a snapshot that a person means by words, names and times.

use futures_util::{StreamExt, stream};

use crate::item::identity;
use crate::item::search::{Subject, has_words};
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
    check(terms)?;
    let mut pool = Pool::of(Contents::whole(vault, found).await?);
    let all = pool.items.len();
    collections::choose(vault, &mut pool, terms).await?;
    by_content(vault, &mut pool, terms).await;
    if pool.items.is_empty() {
        return Err(nothing(found, all));
    }
    if !context.json && !context.quiet {
        output::line(&format!("{} of {} chosen", words::thousands(pool.items.len()), counted(all)))?;
    }
    Ok(Some(pool.contents()))
}

/// Refuses what can't mean anything.
fn check(terms: &Terms) -> Result<(), Failure> {
    let texts = [("-event", &terms.event), ("-contact", &terms.contact)];
    let empty = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
    if let Some((name, _)) = texts.iter().find(|(_, text)| empty(text)) {
        return Err(Failure::usage(format!("{name} needs words to look for")));
    }
    if terms.event.is_some() && terms.contact.is_some() {
        return Err(Failure::usage("-event and -contact together mean nothing, as no item is both")
            .hint("Restore the one, then the other."));
    }
    Ok(())
}

/// Keeps what says what is looked for. What the vault can't give stays, and fails when it is restored: it may be meant.
async fn by_content(vault: &Vault, pool: &mut Pool, terms: &Terms) {
    if terms.event.is_none() && terms.contact.is_none() && terms.uids.is_empty() {
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
        if content.map_or(true, |content| is_meant(&content, terms)) {
            pool.items.push((path, node));
        }
    }
}

/// Whether all that is said of its content is true of an item.
fn is_meant(item: &[u8], terms: &Terms) -> bool {
    let has = |subject, words: &Option<String>| words.as_ref().is_none_or(|words| has_words(item, subject, words));
    let has_uid = || {
        let Some(identity) = identity::of(item) else { return false };
        terms.uids.iter().any(|uid| *uid == identity.uid || identity.others.contains(uid))
    };
    has(Subject::Event, &terms.event) && has(Subject::Contact, &terms.contact) && (terms.uids.is_empty() || has_uid())
}

fn nothing(found: &Found, all: usize) -> Failure {
    let place = format!("{}:{}", node::short(&found.snapshot.id), found.path);
    Failure::failed(format!("nothing is chosen: none of {} in {place} is what was asked for", counted(all)))
        .hint(format!("See what is there with `davault ls -R {place}`."))
}

fn counted(items: usize) -> String {
    if items == 1 { "1 item".into() } else { format!("{} items", words::thousands(items)) }
}
