//! Going through the nodes of many trees, each once, whichever trees share it, and many at the same time.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::address::Address;
use super::error::Error;
use super::objects::{AT_ONCE, Objects};
use super::walk::{self, Part};

/// A node that is still to be read.
pub(super) struct Todo<C> {
    /// What the caller knows of it.
    pub(super) context: C,
    pub(super) address: Address,
    /// The level above it; `None` for the top node of a folder.
    pub(super) below: Option<u32>,
}

/// Reads these nodes and then, again and again, those that `visit` adds to its last argument; `visit` also sees to it that none
/// is read twice. An error of `visit` ends it.
///
/// Of all nodes that are known to be wanted, those that lie in one block are read together. So each block is fetched once as
/// long as the opened ones fit into what [`Objects`] keeps, and beyond that at most once for each level of the trees.
pub(super) async fn reach<C>(
    objects: &Arc<Objects>,
    mut todo: Vec<Todo<C>>,
    mut visit: impl FnMut(Todo<C>, Result<Part, Error>, &mut Vec<Todo<C>>) -> Result<(), Error>,
) -> Result<(), Error> {
    while !todo.is_empty() {
        objects.with_index(|index| {
            todo.sort_by_cached_key(|next| index.places(&next.address).first().map(|at| (at.pack, at.number)));
        });
        let read = todo.into_iter().map(|next| async move {
            let part = walk::part(objects, &next.address, next.below).await;
            (next, part)
        });
        let mut read = stream::iter(read).buffered(AT_ONCE);
        let mut further = Vec::new();
        while let Some((next, part)) = read.next().await {
            visit(next, part, &mut further)?;
        }
        todo = further;
    }
    Ok(())
}
