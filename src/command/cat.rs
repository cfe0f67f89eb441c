//! `davault cat SNAP:PATH`

use crate::vault::NodeKind;

use super::arguments::Cat;
use super::context::Context;
use super::failure::Failure;
use super::{node, open, output, words};

/// Prints an item's bytes, exactly as they are stored.
pub async fn run(context: &Context, arguments: &Cat) -> Result<(), Failure> {
    let vault = open::vault(context).await?;
    let found = node::find(&vault, &arguments.what).await?;
    match found.node.kind {
        NodeKind::File { .. } => {}
        NodeKind::Folder { .. } => {
            return Err(Failure::failed(format!("{} is a folder", found.path)).hint(format!(
                "See what is in it with `davault ls {}:{}`.",
                node::short(&found.snapshot.id),
                found.path
            )));
        }
        _ => {
            let what = match found.node.target() {
                Some(target) => format!("{} is a link to {}", found.path, words::printable(target)),
                None => format!("{} has no content", found.path),
            };
            return Err(Failure::failed(what));
        }
    }
    for number in 0..found.node.pieces() {
        let piece = vault.piece(&found.node, number).await;
        output::bytes(&piece.map_err(|error| node::unreadable(&found.path, &error))?)?;
    }
    Ok(())
}
