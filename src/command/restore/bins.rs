//! What lay in an account's bin goes back to an account only where that is asked for.

use crate::connector::{self, name::COLLECTION_FILE};
use crate::vault::{NodeKind, Vault};

use super::super::node::{Found, split_path};
use super::contents::Contents;

/// Most bytes of a description that are looked at.
const MOST_BYTES: u64 = 1 << 20;

/// Takes the bins out that lie below what was named, and returns their folders.
pub async fn leave_out(vault: &Vault, found: &Found, contents: &mut Contents) -> Vec<String> {
    let mut bins = Vec::new();
    for (path, node) in &contents.files {
        let (folder, name) = split_path(path);
        let is_small = matches!(node.kind, NodeKind::File { size } if size <= MOST_BYTES);
        if name != COLLECTION_FILE || folder == "/" || folder == found.path || !is_small {
            continue;
        }
        // What the vault can't give is told when it is sent.
        if vault.read(node).await.is_ok_and(|content| connector::is_bin(&content)) {
            bins.push(folder.to_owned());
        }
    }
    let lies_in = |path: &str, bin: &String| {
        path.strip_prefix(bin.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_out = |path: &str| bins.iter().any(|bin| lies_in(path, bin));
    contents.folders.retain(|(record, _)| !is_out(&record.path));
    contents.files.retain(|(path, _)| !is_out(path));
    bins
}
