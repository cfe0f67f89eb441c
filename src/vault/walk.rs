//! Going through the tree of a snapshot, lazily: no more is in memory than the nodes on the way.

use std::sync::Arc;

use super::address::Address;
use super::error::Error;
use super::message::Tree;
use super::node::{self, Content, Node, NodeKind};
use super::objects::Objects;

/// Goes through everything below a folder; a folder comes before what is in it, names in order.
pub struct Walk {
    objects: Arc<Objects>,
    /// What is still to come, next last.
    todo: Vec<Todo>,
}

enum Todo {
    /// A node of the tree of the folder at `path`, of the level below `level`.
    Tree { path: Arc<str>, address: Address, below: Option<u32> },
    /// An entry of the folder at `path`.
    Node { path: Arc<str>, node: Node },
}

impl Walk {
    pub(super) fn new(objects: Arc<Objects>, path: &str, node: &Node) -> Self {
        let mut todo = Vec::new();
        if let Content::Folder(address) = node.content {
            todo.push(Todo::Tree { path: path.into(), address, below: None });
        }
        Self { objects, todo }
    }

    /// The next folder or file with its path; `None` at the end. An error costs a part of one folder, which it names: the
    /// walk goes on behind it.
    pub async fn next(&mut self) -> Option<Result<(String, Node), Error>> {
        loop {
            match self.todo.pop()? {
                Todo::Node { path, node } => {
                    let path = node::join(&path, &node.name);
                    if let Content::Folder(address) = node.content
                        && path.len() <= node::LONGEST_PATH
                    {
                        self.todo.push(Todo::Tree { path: path.as_str().into(), address, below: None });
                    }
                    return Some(Ok((path, node)));
                }
                Todo::Tree { path, address, below } => {
                    if let Err(error) = self.open(&path, &address, below).await {
                        let what = format!("a part of the folder {path} cannot be read");
                        return Some(Err(Error::new(error.kind, what).because(error)));
                    }
                }
            }
        }
    }

    async fn open(&mut self, path: &Arc<str>, address: &Address, below: Option<u32>) -> Result<(), Error> {
        match part(&self.objects, address, below).await? {
            Part::Nodes(nodes) => {
                self.todo.extend(nodes.into_iter().rev().map(|node| Todo::Node { path: path.clone(), node }));
            }
            Part::Branches(level, branches) => {
                let trees = branches.into_iter().rev();
                self.todo.extend(trees.map(|(_, address)| Todo::Tree {
                    path: path.clone(),
                    address,
                    below: Some(level),
                }));
            }
        }
        Ok(())
    }
}

/// What one node of a tree holds.
pub(super) enum Part {
    /// Entries of the folder.
    Nodes(Vec<Node>),
    /// The level of this node, and the nodes below it: the last name of each, and its address.
    Branches(u32, Vec<(String, Address)>),
}

impl Part {
    /// The nodes of trees to which it refers, each with the level that it must be below, and the contents.
    pub(super) fn below(&self) -> (Vec<(Address, Option<u32>)>, Vec<Address>) {
        let nodes = match self {
            Part::Nodes(nodes) => nodes,
            Part::Branches(level, branches) => {
                return (branches.iter().map(|(_, address)| (*address, Some(*level))).collect(), Vec::new());
            }
        };
        let (mut trees, mut contents) = (Vec::new(), Vec::new());
        for node in nodes {
            match node.kind {
                NodeKind::Folder { .. } => trees.extend(node.references().iter().map(|address| (*address, None))),
                _ => contents.extend(node.references()),
            }
        }
        (trees, contents)
    }
}

/// Reads one node of a folder's tree, which must be of the level just below `below`.
pub(super) async fn part(objects: &Arc<Objects>, address: &Address, below: Option<u32>) -> Result<Part, Error> {
    let damaged = |why| Error::damaged(&format!("tree {address}"), why);
    let Tree { level, entries, branches } = objects.tree(address).await?;
    if below.is_some_and(|below| below != level + 1) {
        return Err(damaged("it is not of the level that it should be"));
    }
    if level == 0 {
        let nodes: Option<Vec<Node>> = entries.into_iter().map(Node::from_entry).collect();
        return nodes.map(Part::Nodes).ok_or_else(|| damaged("an entry contradicts itself"));
    }
    let branches: Option<Vec<_>> =
        branches.into_iter().map(|branch| Some((branch.last, Address::from_slice(&branch.address)?))).collect();
    branches.map(|branches| Part::Branches(level, branches)).ok_or_else(|| damaged("a branch has no address"))
}

/// The entry of this name; reads one node a level.
pub(super) async fn child(objects: &Arc<Objects>, folder: &Node, name: &str) -> Result<Option<Node>, Error> {
    let Content::Folder(mut address) = folder.content else { return Ok(None) };
    let mut below = None;
    loop {
        match part(objects, &address, below).await? {
            Part::Nodes(nodes) => return Ok(nodes.into_iter().find(|node| node.name == name)),
            Part::Branches(level, branches) => {
                let Some((_, next)) = branches.into_iter().find(|(last, _)| last.as_str() >= name) else {
                    return Ok(None);
                };
                address = next;
                below = Some(level);
            }
        }
    }
}

/// All entries of a folder, sorted by name.
pub(super) async fn children(objects: &Arc<Objects>, folder: &Node) -> Result<Vec<Node>, Error> {
    let Content::Folder(address) = folder.content else {
        return Err(Error::usage(format!("{} is not a folder", folder.name)));
    };
    let mut found = Vec::new();
    let mut todo = vec![(address, None)];
    while let Some((address, below)) = todo.pop() {
        match part(objects, &address, below).await? {
            Part::Nodes(nodes) => found.extend(nodes),
            Part::Branches(level, branches) => {
                todo.extend(branches.into_iter().rev().map(|(_, address)| (address, Some(level))));
            }
        }
    }
    Ok(found)
}
