//! What is to be put back, and under which paths.

use std::collections::{HashMap, HashSet};

use crate::connector::name::METADATA;
use crate::plugin::host::Record;
use crate::vault::{Node, NodeKind, Vault};

use super::super::failure::Failure;
use super::super::node::{self, Found};
use super::super::translate;

/// How many bytes each file has, by its path.
pub type Sizes = HashMap<String, u64>;

/// What is to be sent: folders first, each before what is in it, then all else.
#[derive(Clone, Default)]
pub struct Contents {
    /// Folders, with what they have of extended attributes.
    pub folders: Vec<(Record, Node)>,
    /// Files, links and what has no content.
    pub files: Vec<(String, Node)>,
}

impl Contents {
    /// All of it under whole paths, with the folders above, so that davault's destinations know which calendar an event belongs
    /// to.
    pub async fn whole(vault: &Vault, found: &Found) -> Result<Self, Failure> {
        let mut contents = Self::default();
        contents.parents(vault, found).await?;
        contents.gather(vault, found).await?;
        Ok(contents)
    }

    /// All of it as plakar hands it over: the folder that was named is `/`, and a file stands directly in it.
    pub async fn below(vault: &Vault, found: &Found) -> Result<Self, Failure> {
        let mut contents = Self::default();
        contents.gather(vault, found).await?;
        let is_folder = matches!(found.node.kind, NodeKind::Folder { .. });
        let parent = if is_folder { found.path.as_str() } else { node::split_path(&found.path).0 };
        let above = if parent == "/" { "" } else { parent };
        let shorten = |path: &mut String| {
            let rest = path.strip_prefix(above).unwrap_or(path);
            *path = if rest.is_empty() { "/".into() } else { rest.into() };
        };
        contents.folders.iter_mut().for_each(|(record, _)| shorten(&mut record.path));
        contents.files.iter_mut().for_each(|(path, _)| shorten(path));
        if !is_folder {
            let folder = vault.entry(&found.snapshot, parent).await;
            let folder = folder.map_err(|error| node::unreadable(parent, &error))?;
            contents.folders.push((translate::record("/".into(), &folder), folder));
        }
        Ok(contents)
    }

    async fn gather(&mut self, vault: &Vault, found: &Found) -> Result<(), Failure> {
        let mut open = vec![(found.path.clone(), found.node.clone())];
        while let Some((path, node)) = open.pop() {
            if !matches!(node.kind, NodeKind::Folder { .. }) {
                self.files.push((path, node));
                continue;
            }
            let mut children = node::children(vault, &node, &path).await?;
            // What describes a collection goes first, so that it is made with it; popped from the end, hence sorted the other
            // way.
            children.reverse();
            children.sort_by_key(|child| METADATA.contains(&child.name.as_str()));
            open.extend(children.into_iter().map(|child| (node::join(&path, &child.name), child)));
            self.folders.push((translate::record(path, &node), node));
        }
        Ok(())
    }

    /// The folders above a part of a snapshot.
    async fn parents(&mut self, vault: &Vault, found: &Found) -> Result<(), Failure> {
        let mut path = String::new();
        for name in found.path.split('/').skip(1).filter(|name| !name.is_empty()) {
            let parent = if path.is_empty() { "/" } else { &path };
            let folder =
                vault.entry(&found.snapshot, parent).await.map_err(|error| node::unreadable(parent, &error))?;
            self.folders.push((translate::record(parent.to_string(), &folder), folder));
            path = node::join(parent, name);
        }
        Ok(())
    }

    /// The sizes of all but folders.
    pub fn sizes(&self) -> Sizes {
        let size = |node: &Node| if let NodeKind::File { size } = node.kind { size } else { 0 };
        self.files.iter().map(|(path, node)| (path.clone(), size(node))).collect()
    }

    /// How many extended attributes there are.
    pub fn xattrs(&self) -> u64 {
        let nodes = self.folders.iter().map(|(_, node)| node).chain(self.files.iter().map(|(_, node)| node));
        nodes.map(|node| node.xattrs.len() as u64).sum()
    }

    /// Of the items only these; with all folders, and what describes them.
    pub fn keep_only(&mut self, items: &HashSet<&str>) {
        let describes = |path: &str| METADATA.contains(&node::split_path(path).1);
        self.files.retain(|(path, _)| items.contains(path.as_str()) || describes(path));
    }
}
