//! Search trees, written from their leaves up.

use super::super::hash::Mac;
use super::pack::Pack;

/// The order that root records name: most pointers of a node.
const ORDER: i8 = 50;
/// Most keys of a leaf and pointers of an inner node, as the host has them.
const MOST: usize = 49;

/// Stores a tree of keys in order and the MACs under them; returns the MAC of its root record.
pub(super) fn put(pack: &mut Pack, kinds: (u32, u32), pairs: &[(String, Mac)]) -> Mac {
    let mut level = put_leaves(pack, kinds.1, pairs);
    while level.len() > 1 {
        let mut above = Vec::new();
        for children in evenly(&level) {
            let Some(((smallest, _), later)) = children.split_first() else { continue };
            let pointers: Vec<&Mac> = children.iter().map(|(_, mac)| mac).collect();
            let keys: Vec<&str> = later.iter().map(|(key, _)| *key).collect();
            above.push((*smallest, put_node(pack, kinds.1, &Node { keys, pointers, ..Node::default() })));
        }
        level = above;
    }
    let root = level.first().map_or([0; 32], |(_, mac)| *mac);
    let mut record = pack.encoder();
    if pack.is_full() {
        record.map(4).text("Version").u32(0).text("Order").small(ORDER).text("Count").small(0);
    } else {
        record.map(2).text("Order").small(ORDER);
    }
    record.text("Root").binary(&root);
    pack.put(kinds.0, &record.finish())
}

/// Stores the leaves from right to left, as each names its right neighbour; returns their smallest keys and MACs.
fn put_leaves<'p>(pack: &mut Pack, kind: u32, pairs: &'p [(String, Mac)]) -> Vec<(&'p str, Mac)> {
    let mut leaves = Vec::new();
    let mut next = None;
    let groups: Vec<&[(String, Mac)]> = evenly(pairs).collect();
    for group in groups.into_iter().rev() {
        let keys: Vec<&str> = group.iter().map(|(key, _)| key.as_str()).collect();
        let smallest = keys.first().copied().unwrap_or_default();
        let values = group.iter().map(|(_, value)| value).collect();
        let mac = put_node(pack, kind, &Node { keys, values, next, ..Node::default() });
        leaves.push((smallest, mac));
        next = Some(mac);
    }
    if leaves.is_empty() {
        leaves.push(("", put_node(pack, kind, &Node::default())));
    }
    leaves.reverse();
    leaves
}

/// Groups of at most [`MOST`], none of them nearly empty.
fn evenly<T>(items: &[T]) -> impl Iterator<Item = &[T]> {
    let groups = items.len().div_ceil(MOST).max(1);
    items.chunks(items.len().div_ceil(groups).max(1))
}

#[derive(Default)]
struct Node<'n> {
    keys: Vec<&'n str>,
    pointers: Vec<&'n Mac>,
    values: Vec<&'n Mac>,
    next: Option<Mac>,
}

fn put_node(pack: &mut Pack, kind: u32, node: &Node) -> Mac {
    let mut record = pack.encoder();
    let is_full = pack.is_full();
    let lists = [("pointers", &node.pointers), ("values", &node.values)];
    let fields = [!node.keys.is_empty(), !node.pointers.is_empty(), !node.values.is_empty()];
    let count = if is_full { 4 } else { fields.iter().filter(|is_there| **is_there).count() };
    record.map(count + usize::from(node.next.is_some()));
    if is_full {
        record.text("version").u32(0);
    }
    if !node.keys.is_empty() {
        record.text("keys").list(node.keys.len());
        for key in &node.keys {
            record.text(key);
        }
    } else if is_full {
        record.text("keys").nil();
    }
    for (name, macs) in lists {
        if !macs.is_empty() {
            record.text(name).list(macs.len());
            for mac in macs {
                record.binary(mac);
            }
        } else if is_full {
            record.text(name).nil();
        }
    }
    if let Some(next) = &node.next {
        record.text("next").binary(next);
    }
    pack.put(kind, &record.finish())
}
