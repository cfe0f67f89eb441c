//! What one process does in the vaults, until it is done, fails or dies.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use davault::vault::{Backup, Error, ErrorKind, Meta, NodeKind, Vault};

use super::Items;
use crate::support::storage::Client;
use crate::vault::world::{head, passphrase, version};

/// What a process does, unless it dies of it.
pub async fn unless_dead<T>(client: &Client, does: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = client.died() => None,
        done = does => Some(done),
    }
}

/// Opens the vault, and backs up everything as davault does: what did not change since the snapshot before is kept.
pub async fn begin(client: &Client, source: u8, items: &Items) -> Result<(Vault, Backup), Error> {
    let vault = Vault::open(&client.place(), &passphrase("correct horse")).await?;
    let source = format!("source-{source}");
    let before = match vault.find(&format!("latest@{source}")).await {
        Ok(snapshot) => Some(snapshot),
        Err(error) if error.kind == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut known = BTreeMap::new();
    if let Some(before) = before {
        let mut walk = vault.walk("/", &vault.root(&before).await?);
        while let Some(next) = walk.next().await {
            let (path, node) = next?;
            if matches!(node.kind, NodeKind::File { .. }) {
                known.insert(path, node);
            }
        }
    }
    let backup = vault.backup(head(&source)).await?;
    for (path, content) in files(items) {
        let kept = known.get(&path).filter(|node| node.meta.version == version(&content));
        if kept.is_none_or(|node| backup.keep(&path, node).is_err()) {
            let meta = Meta {
                mode: 0o600,
                modified: Some(SystemTime::UNIX_EPOCH),
                version: version(&content),
                ..Meta::default()
            };
            backup.file(&path, meta, content).await?;
        }
    }
    Ok((vault, backup))
}

pub fn files(items: &Items) -> BTreeMap<String, Bytes> {
    let file = |(name, content): (&u8, &u8)| {
        let text = format!("content {content} ").repeat(1 + usize::from(*content) * 20);
        (format!("/calendars/{}/{name}.ics", name % 3), Bytes::from(text))
    };
    items.iter().map(file).collect()
}
