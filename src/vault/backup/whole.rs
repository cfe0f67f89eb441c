//! Folders of an earlier snapshot of which the vault has everything, to be kept as they are.

use super::super::error::{Error, ErrorKind};
use super::super::node::{Content, Meta, Node, NodeKind, Totals};
use super::super::walk::{self, Part};
use super::{Backup, split};

/// A folder with files in it, of which every object was found in the vault by the backup that made this.
pub struct Whole {
    node: Node,
    below: Totals,
}

impl Whole {
    /// How much lies in it.
    #[must_use]
    pub fn below(&self) -> Totals {
        self.below
    }
}

impl Backup {
    /// Looks up everything in a folder of an earlier snapshot, and shows each entry to `is_fit`. `None` where one is not fit, is a
    /// folder itself, or can't be read or kept any more. Reads the nodes of the folder's tree, and holds one of them at a time.
    pub async fn whole(&self, folder: &Node, mut is_fit: impl FnMut(&Node) -> bool) -> Result<Option<Whole>, Error> {
        let (NodeKind::Folder { below }, Content::Folder(root)) = (folder.kind, &folder.content) else {
            return Ok(None);
        };
        let mut todo = vec![(*root, None)];
        while let Some((address, level)) = todo.pop() {
            if !self.writer.has(&address) {
                return Ok(None);
            }
            match walk::part(&self.objects, &address, level).await {
                Ok(Part::Nodes(nodes)) => {
                    let is_kept = |node: &Node| {
                        let is_folder = matches!(node.kind, NodeKind::Folder { .. });
                        !is_folder && node.references().iter().all(|address| self.writer.has(address))
                    };
                    if !nodes.iter().all(|node| is_kept(node) && is_fit(node)) {
                        return Ok(None);
                    }
                }
                Ok(Part::Branches(level, branches)) => {
                    todo.extend(branches.into_iter().map(|(_, address)| (address, Some(level))));
                }
                Err(error) if matches!(error.kind, ErrorKind::Missing | ErrorKind::Damaged) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(Whole { node: folder.clone(), below }))
    }

    /// Adds a folder with all that [`Backup::whole`] found in it. [`ErrorKind::Exists`] if the path came already.
    pub fn keep_whole(&self, path: &str, meta: Meta, whole: &Whole) -> Result<(), Error> {
        let (parent, name) = split(path)?;
        self.must_be_free(path, parent, name)?;
        self.insert(path, &Node { meta, xattrs: Vec::new(), ..whole.node.clone() })
    }
}
