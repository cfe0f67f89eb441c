//! `davault cat SNAP:PATH`

use crate::vault::NodeKind;

use super::arguments::Cat;
use super::context::Context;
use super::failure::Failure;
use super::{node, open, output};

/// Prints an item's bytes, exactly as they are stored.
pub async fn run(context: &Context, arguments: &Cat) -> Result<(), Failure> {
    let vault = open::vault(context).await?;
    let found = node::find(&vault, &arguments.what).await?;
    if !matches!(found.node.kind, NodeKind::File { .. }) {
        return Err(Failure::failed(format!("{} is a folder", found.path)).hint(format!(
            "See what is in it with `davault ls {}:{}`.",
            node::short(&found.snapshot.id),
            found.path
        )));
    }
    let bytes = vault.read(&found.node).await.map_err(|error| node::unreadable(&found.path, &error))?;
    output::bytes(&bytes)
}
