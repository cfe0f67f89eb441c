//! What an earlier snapshot had and the named one has not.
//!
//! An item is known by its collection and its UID: what only got another file name has not vanished. Of several versions the
//! last one counts, whichever snapshot has it.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, stream};

use crate::connector::name::with_suffix;
use crate::item::identity;
use crate::vault::{ErrorKind, Node, NodeKind, Snapshot, Vault};

use super::super::super::failure::Failure;
use super::super::super::node::{self, Found};
use super::super::super::{open, words};
use super::super::contents::Contents;
use super::READ_AHEAD;
use super::pool::Pool;

/// What has vanished since a snapshot, to choose from.
pub async fn pool(vault: &Vault, found: &Found, since: &str) -> Result<Pool, Failure> {
    let id = node::short(&found.snapshot.id);
    if found.snapshot.partial {
        return Err(Failure::failed(format!("cannot tell what vanished: snapshot {id} has only a part of its source"))
            .hint("What it lacks may still be there. Name a snapshot of the whole source."));
    }
    let earlier = earlier(vault, found, since).await?;
    let mut gone = Gone::of(vault, Contents::whole(vault, found).await?);
    let mut trees = vec![found.node.clone()];
    for snapshot in earlier.iter().rev() {
        let Some(part) = part(vault, snapshot, &found.path).await? else { continue };
        if !trees.iter().any(|tree| tree.same_content(&part.node)) {
            trees.push(part.node.clone());
            gone.add(Contents::whole(vault, &part).await?).await;
        }
    }
    if gone.pool.items.is_empty() {
        let looked_at = words::count(earlier.len() as u64, "earlier snapshot", "earlier snapshots");
        return Err(Failure::failed(format!(
            "nothing has vanished: snapshot {id} has all that {looked_at} had in {}",
            found.path
        )));
    }
    Ok(gone.pool)
}

/// The snapshots of the same source from that one on and before the named one, oldest first.
async fn earlier(vault: &Vault, found: &Found, since: &str) -> Result<Vec<Snapshot>, Failure> {
    let named = &found.snapshot;
    let failed = |error| open::failure(&format!("cannot use the snapshot '{since}'"), &error);
    let first = vault.find(since).await.map_err(failed)?;
    let (one, other) = (node::short(&first.id), node::short(&named.id));
    if !is_of_one_source(&first, named) {
        let sentence =
            format!("snapshots {one} and {other} are of different sources: nothing follows from what one lacks");
        return Err(Failure::failed(sentence).hint("`davault ls` shows the source of each snapshot."));
    }
    if first.time >= named.time {
        return Err(Failure::failed(format!("snapshot {one} is not earlier than {other}"))
            .hint("Behind -deleted-since stands a snapshot from before the loss, behind it the one that lacks it."));
    }
    let all = vault.snapshots().await.map_err(|error| open::failure("cannot list the snapshots", &error))?;
    let between = |snapshot: &Snapshot| snapshot.time >= first.time && snapshot.time < named.time;
    Ok(all.whole.into_iter().filter(|snapshot| between(snapshot) && is_of_one_source(snapshot, named)).collect())
}

fn is_of_one_source(one: &Snapshot, other: &Snapshot) -> bool {
    let (one, other) = (&one.head, &other.head);
    one.source == other.source
        && (!one.source.is_empty() || (&one.location, &one.origin) == (&other.location, &other.origin))
}

/// The same part of another snapshot, if it is there.
async fn part(vault: &Vault, snapshot: &Snapshot, path: &str) -> Result<Option<Found>, Failure> {
    let node = if path == "/" { vault.root(snapshot).await } else { vault.entry(snapshot, path).await };
    match node {
        Ok(node) => Ok(Some(Found { snapshot: snapshot.clone(), path: path.to_owned(), node })),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(node::unreadable(path, &error)),
    }
}

/// What has vanished, as far as it was looked for.
struct Gone<'a> {
    vault: &'a Vault,
    /// What the named snapshot has, by path.
    there: HashMap<String, Node>,
    /// The identities of its items, of collections that something is missing from.
    known: HashMap<String, HashSet<String>>,
    /// What was looked at before, by path.
    seen: HashMap<String, Vec<Node>>,
    folders: HashSet<String>,
    paths: HashSet<String>,
    pool: Pool,
}

impl<'a> Gone<'a> {
    fn of(vault: &'a Vault, named: Contents) -> Self {
        let named = Pool::of(named);
        let folders = named.folders.iter().map(|(record, _)| record.path.clone()).collect();
        let pool = Pool { folders: named.folders, metadata: named.metadata, ..Pool::default() };
        let there = named.items.into_iter().collect();
        Self { vault, there, known: HashMap::new(), seen: HashMap::new(), folders, paths: HashSet::new(), pool }
    }

    /// Adds what is in an earlier snapshot and neither in the named one nor in one that was added before.
    async fn add(&mut self, earlier: Contents) {
        let earlier = Pool::of(earlier);
        let is_file = |node: &Node| matches!(node.kind, NodeKind::File { .. });
        let mut changed = earlier.items;
        changed.retain(|(path, node)| {
            let has = |other: &Node| other.same_content(node);
            let seen =
                self.there.get(path).is_some_and(has) || self.seen.get(path).is_some_and(|all| all.iter().any(has));
            is_file(node) && !seen
        });
        let mut gone = Vec::new();
        for (path, node, identity) in identities(self.vault, changed).await {
            self.seen.entry(path.clone()).or_default().push(node.clone());
            let folder = node::split_path(&path).0.to_owned();
            if !self.known.contains_key(&folder) {
                let known = self.identities_of(&folder).await;
                self.known.insert(folder.clone(), known);
            }
            // From now on it is known, so that an older version of it is none that is missing.
            if self.known.get_mut(&folder).is_some_and(|known| known.insert(identity)) {
                gone.push((path, node));
            }
        }
        for (path, node) in gone {
            let path = self.free(&path);
            self.pool.items.push((path, node));
        }
        let new: Vec<_> =
            earlier.folders.into_iter().filter(|(record, _)| !self.folders.contains(&record.path)).collect();
        let is_new = |path: &str| new.iter().any(|(record, _)| record.path == node::split_path(path).0);
        self.pool.metadata.extend(earlier.metadata.into_iter().filter(|(path, _)| is_new(path)));
        for (record, node) in new {
            self.folders.insert(record.path.clone());
            self.pool.restored.insert(record.path.clone());
            self.pool.folders.push((record, node));
        }
    }

    /// The identities of the items that the named snapshot has in a folder.
    async fn identities_of(&self, folder: &str) -> HashSet<String> {
        let items = self.there.iter().filter(|(path, _)| node::split_path(path).0 == folder);
        let items = items.map(|(path, node)| (path.clone(), node.clone())).collect();
        identities(self.vault, items).await.into_iter().map(|(_, _, identity)| identity).collect()
    }

    /// A path that nothing else has which is put back.
    fn free(&mut self, path: &str) -> String {
        let mut free = path.to_owned();
        let mut again = 0;
        while !self.paths.insert(free.clone()) {
            let (folder, name) = node::split_path(path);
            free = node::join(folder, &with_suffix(name, name, again));
            again += 1;
        }
        free
    }
}

/// Items with what they are known by: the UID, or the path where there is none or the vault can't give it.
async fn identities(vault: &Vault, items: Vec<(String, Node)>) -> Vec<(String, Node, String)> {
    let read = move |(path, node): (String, Node)| async move {
        let uid = vault.read(&node).await.ok().and_then(|content| identity::of(&content));
        let identity = uid.map_or_else(|| format!("path {path}"), |identity| format!("uid {}", identity.uid));
        (path, node, identity)
    };
    stream::iter(items).map(read).buffered(READ_AHEAD).collect().await
}
