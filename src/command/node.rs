//! From `SNAP:PATH` to what lies there. A folder may be named as it is stored or by its display name.

use crate::vault::{Node, NodeKind, Snapshot, Vault};

use super::failure::Failure;
use super::open;

/// Most bytes of a display name file that are looked at.
const NAME_BYTES: u64 = 4096;

/// A snapshot and one of its folders or files.
pub struct Found {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The path as it is stored.
    pub path: String,
    /// What is there.
    pub node: Node,
}

impl Found {
    /// A mirror deletes what a snapshot lacks, so this part of it must be a whole one of at least one collection.
    pub fn must_be_whole(&self) -> Result<(), Failure> {
        let refused = |why: String| Failure::failed(format!("cannot mirror {}: {why}", self.path));
        if !matches!(self.node.kind, NodeKind::Folder { .. }) {
            return Err(refused("from one file nothing follows about the others".into())
                .hint("Leave out mirror=true, or name its folder."));
        }
        let Snapshot { failed, failures, .. } = &self.snapshot;
        let id = short(&self.snapshot.id);
        let missed =
            failures.iter().map(|(path, _)| path).find(|path| is_below(path, &self.path) || is_below(&self.path, path));
        let why = match missed {
            Some(path) => format!("{path} could not be read when snapshot {id} was made"),
            // Which ones is written down of the first only.
            None if *failed > failures.len() as u64 => {
                format!("{failed} items could not be read when snapshot {id} was made")
            }
            None => return Ok(()),
        };
        Err(refused(why)
            .hint("What it lacks may not be gone. Leave out mirror=true, or take a snapshot without failures."))
    }
}

/// Whether `path` is `folder` or lies in it.
fn is_below(path: &str, folder: &str) -> bool {
    folder == "/" || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Splits `SNAP[:PATH]`; without a path all of the snapshot is meant.
pub fn split(what: &str) -> (&str, &str) {
    what.split_once(':').unwrap_or((what, "/"))
}

/// Finds `SNAP[:PATH]`.
pub async fn find(vault: &Vault, what: &str) -> Result<Found, Failure> {
    let (which, path) = split(what);
    let which = if which.is_empty() { "latest" } else { which };
    let snapshot = vault
        .find(which)
        .await
        .map_err(|error| open::failure(&format!("cannot use the snapshot '{which}'"), &error))?;
    let root = vault.root(&snapshot).await.map_err(|error| unreadable("/", &error))?;
    let mut found = Found { snapshot, path: "/".into(), node: root };
    for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
        found = step(vault, found, name).await?;
    }
    Ok(found)
}

async fn step(vault: &Vault, from: Found, name: &str) -> Result<Found, Failure> {
    let children = children(vault, &from.node, &from.path).await?;
    let stored = children.iter().position(|child| child.name == name);
    let position = match stored {
        Some(position) => Some(position),
        None => named(vault, &children, name, &from.path).await?,
    };
    let Some(node) = position.and_then(|position| children.into_iter().nth(position)) else {
        let id = short(&from.snapshot.id);
        return Err(Failure::failed(format!("snapshot {id} has nothing called '{name}' in {}", from.path))
            .hint(format!("See what is there with `davault ls {id}:{}`.", from.path)));
    };
    let path = join(&from.path, &node.name);
    Ok(Found { snapshot: from.snapshot, path, node })
}

/// The one folder among `children` whose display name is `name`.
async fn named(vault: &Vault, children: &[Node], name: &str, path: &str) -> Result<Option<usize>, Failure> {
    let mut found = Vec::new();
    for (position, child) in children.iter().enumerate() {
        if display_name(vault, child, &join(path, &child.name)).await?.as_deref() == Some(name) {
            found.push(position);
        }
    }
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        many => {
            let folders = many.iter().filter_map(|position| children.get(*position)).map(|child| child.name.as_str());
            let folders = folders.collect::<Vec<_>>().join(", ");
            Err(Failure::failed(format!("several collections in {path} are called '{name}': name one of {folders}")))
        }
    }
}

/// What a person calls the collection in `folder`: the text of its `displayname`.
pub async fn display_name(vault: &Vault, folder: &Node, path: &str) -> Result<Option<String>, Failure> {
    if !matches!(folder.kind, NodeKind::Folder { .. }) {
        return Ok(None);
    }
    let children = children(vault, folder, path).await?;
    let file = children.iter().find(|child| child.name == "displayname");
    let Some(file) = file.filter(|file| matches!(file.kind, NodeKind::File { size } if size <= NAME_BYTES)) else {
        return Ok(None);
    };
    let bytes = vault.read(file).await.map_err(|error| unreadable(&join(path, "displayname"), &error))?;
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end().to_string()))
}

/// What is directly in a folder, sorted by name.
pub async fn children(vault: &Vault, folder: &Node, path: &str) -> Result<Vec<Node>, Failure> {
    if !matches!(folder.kind, NodeKind::Folder { .. }) {
        return Ok(Vec::new());
    }
    vault.children(folder).await.map_err(|error| unreadable(path, &error))
}

/// An error for a folder or file that the vault should hold and can't give.
pub fn unreadable(path: &str, error: &crate::vault::Error) -> Failure {
    open::failure(&format!("cannot read {path} from the vault"), error)
        .hint("Run `davault check --read-data` to see what else is affected.")
}

/// The path of `name` in the folder at `path`.
pub fn join(path: &str, name: &str) -> String {
    if path == "/" { format!("/{name}") } else { format!("{path}/{name}") }
}

/// The folder that a path lies in, and its last name; `/` lies in itself and has none.
pub fn split_path(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some(parts) => parts,
        None => ("/", path),
    }
}

/// The first eight digits of an id, as they are shown.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
