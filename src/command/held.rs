//! Folders of the snapshot before that the vault has whole. A source is told what lies in them; one in which the same lies today is
//! kept as it is, without a word on each file.

use std::collections::HashMap;

use crate::connector::Contents;
use crate::vault::{Backup, Error, Node, NodeKind, Whole};

use super::previous::Previous;

/// The folders, by path.
#[derive(Default)]
pub struct Held(HashMap<String, (u64, Whole)>);

impl Held {
    /// Those of the snapshot before in which nothing but files of davault's own connectors lie, all of them in the vault.
    pub async fn of(previous: &Previous, backup: &Backup) -> Result<Held, Error> {
        let mut held = HashMap::new();
        for (path, folder) in previous.lowest_folders().await? {
            let mut contents = Contents::default();
            let add = |node: &Node| match node.kind {
                NodeKind::File { size } if node.meta.version != 0 && is_plain(node) => {
                    contents.add(&node.name, size, node.meta.version, node.meta.modified);
                    true
                }
                _ => false,
            };
            if let Some(whole) = backup.whole(&folder, add).await? {
                held.insert(path, (contents.number(), whole));
            }
        }
        Ok(Held(held))
    }

    /// Each of them, with the number of its contents.
    pub fn folders(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(path, (contents, _))| (path.as_str(), *contents))
    }

    /// The folder of that path and contents.
    pub fn at(&self, path: &str, contents: u64) -> Option<&Whole> {
        self.0.get(path).filter(|(number, _)| *number == contents).map(|(_, whole)| whole)
    }
}

/// Whether nothing is known of a file that a record of davault's own connectors does not tell.
fn is_plain(node: &Node) -> bool {
    node.meta.details.is_none() && node.xattrs.is_empty()
}
