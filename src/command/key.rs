//! `davault key list|add|rm|change`

use serde_json::json;

use crate::vault::{self, ErrorKind, KeyChange, KeyCost, KeyRing, KeySlot};

use super::arguments::{Key, NewKey};
use super::context::Context;
use super::failure::Failure;
use super::{node, open, output, passphrase, words};

/// Runs one of these commands.
pub async fn run(context: &Context, command: Key) -> Result<(), Failure> {
    let mut ring = open::key_ring(context).await?;
    match command {
        Key::List => list(context, &ring).await,
        Key::Add { new, label } => add(context, &ring, &new, label.unwrap_or_default()).await,
        Key::Rm { ids } => remove(context, &ring, &ids).await,
        Key::Change { new, label, same } => {
            let unlock = if same { None } else { Some(passphrase::new_unlock(new.new_keyfile.as_deref()).await?) };
            let change = KeyChange { unlock, label, cost: cost(&new) };
            let changed = ring.change(change, Context::now()).await;
            let slot = changed.map_err(|error| failure("cannot change the key", &error))?;
            say(context, "changed", &slot)
        }
    }
}

fn cost(new: &NewKey) -> KeyCost {
    KeyCost { memory_kib: new.key_memory * 1024, passes: new.key_passes, ..KeyCost::default() }
}

async fn add(context: &Context, ring: &KeyRing, new: &NewKey, label: String) -> Result<(), Failure> {
    let unlock = passphrase::new_unlock(new.new_keyfile.as_deref()).await?;
    let key = vault::NewKey { unlock, label, cost: cost(new) };
    let slot = ring.add(key, Context::now()).await.map_err(|error| failure("cannot add the key", &error))?;
    say(context, "added", &slot)
}

async fn remove(context: &Context, ring: &KeyRing, ids: &[String]) -> Result<(), Failure> {
    for id in ids {
        let slot = ring.remove(id).await.map_err(|error| failure("cannot remove the key", &error))?;
        say(context, "removed", &slot)?;
    }
    if !context.quiet {
        output::error_line(
            "It opens this vault no more; copies of the vault made before, and whoever unlocked it before, are not undone.",
        );
    }
    Ok(())
}

async fn list(context: &Context, ring: &KeyRing) -> Result<(), Failure> {
    let slots = ring.slots().await.map_err(|error| failure("cannot list the keys", &error))?;
    for slot in &slots {
        if context.json { output::json(&as_json(slot))? } else { output::line(&line(slot))? }
    }
    let is_weak = |slot: &&KeySlot| slot.in_use && slot.about.as_ref().is_ok_and(|about| is_below_default(&about.cost));
    if !context.quiet && !context.json && slots.iter().find(is_weak).is_some() {
        output::error_line(
            "A guess at this key costs less than davault asks for now: `davault key change -same` raises it.",
        );
    }
    if let Some(damaged) = slots.iter().find(|slot| slot.about.is_err()) {
        let id = node::short(&damaged.id);
        return Err(Failure::failed("a key of the vault is damaged")
            .hint(format!("Add it again with `davault key add`, then remove this one with `davault key rm {id}`.")));
    }
    Ok(())
}

fn is_below_default(cost: &KeyCost) -> bool {
    let work = |cost: &KeyCost| u64::from(cost.memory_kib) * u64::from(cost.passes);
    work(cost) < work(&KeyCost::default())
}

fn line(slot: &KeySlot) -> String {
    let id = node::short(&slot.id);
    let about = match &slot.about {
        Ok(about) => about,
        Err(why) => return format!("{id}  damaged: {why}"),
    };
    let label =
        if about.label.is_empty() { String::new() } else { format!("  “{}”", words::printable(&about.label)) };
    let (kind, created) = (words::printable(&about.kind), words::printable(&about.created));
    let cost = format!("{} MiB × {}", about.cost.memory_kib / 1024, about.cost.passes);
    let in_use = if slot.in_use { "  (opened the vault now)" } else { "" };
    format!("{id}  {kind:<10}  {created}  {cost}{label}{in_use}")
}

fn say(context: &Context, done: &str, slot: &KeySlot) -> Result<(), Failure> {
    if context.json {
        return output::json(&json!({ "done": done, "key": as_json(slot) }));
    }
    if context.quiet { Ok(()) } else { output::line(&format!("{done} key {}", line(slot))) }
}

fn as_json(slot: &KeySlot) -> serde_json::Value {
    match &slot.about {
        Ok(about) => json!({
            "id": slot.id, "in_use": slot.in_use, "kind": about.kind, "label": about.label, "created": about.created,
            "memory_kib": about.cost.memory_kib, "passes": about.cost.passes, "lanes": about.cost.lanes,
        }),
        Err(why) => json!({ "id": slot.id, "in_use": slot.in_use, "damaged": why }),
    }
}

fn failure(what: &str, error: &vault::Error) -> Failure {
    let failure = open::failure(what, error);
    match error.kind {
        ErrorKind::InUse => {
            failure.hint("Unlock the vault with another key to remove this one, or use `davault key change`.")
        }
        ErrorKind::NotFound | ErrorKind::Ambiguous => failure.hint("See which there are with `davault key list`."),
        _ => failure,
    }
}
