//! Reads that nobody goes on with meanwhile, as those of a buffered stream whose consumer is busy: no other read waits for them.

use std::time::Duration;

use davault::vault::{Node, Vault};
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, StreamExt, poll, stream};
use tokio::time::timeout;

use super::world::{back_up, events, head, new_vault, open};
use crate::support::storage::{Client, Fault, Storage};

/// So many files, of which several lie in one block, in a vault whose storage answers nothing at once.
async fn files(count: usize) -> (Client, Vault, Vec<Node>) {
    let storage = Storage::new();
    let (snapshot, _) = back_up(&new_vault(&storage.place()).await, &events(count, 1), 1).await;
    let client = Client::new(&storage, []);
    let vault = open(&client.place()).await;
    let folder = vault.entry(&snapshot, "/calendars/work").await.expect("it is there");
    let nodes = vault.children(&folder).await.expect("it is there");
    delay(&client);
    (client, vault, nodes)
}

/// The next operations take a while.
fn delay(client: &Client) {
    let next = client.operations();
    (next..next + 20).for_each(|number| client.plan(number, Fault::Delayed(1)));
}

/// What comes of it; it is a failure that it waits for what stands still.
async fn at_once<T>(read: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), read).await.expect("a read that waits for no other")
}

/// Begun, and not gone on with.
async fn begun<'a, T>(read: impl Future<Output = T> + 'a) -> LocalBoxFuture<'a, T> {
    let mut read = read.boxed_local();
    assert!(poll!(&mut read).is_pending(), "it takes a while");
    read
}

#[tokio::test]
async fn a_block_comes_though_who_asked_first_stands_still() {
    let (client, vault, nodes) = files(20).await;
    let before = client.fetched().len();
    let first = begun(vault.read(&nodes[0])).await;
    let other = at_once(vault.read(&nodes[1])).await.unwrap();
    assert_ne!(at_once(first).await.unwrap(), other);
    assert_eq!(client.fetched().len() - before, 1, "both are in one block, which is read once");
}

#[tokio::test]
async fn a_piece_comes_while_what_is_read_ahead_stands_still() {
    let (_, vault, nodes) = files(40).await;
    let mut ahead = stream::iter(&nodes).map(|node| vault.read(node)).buffered(8);
    let (first, rest) = (ahead.next().await, nodes.len() - 1);
    assert!(first.unwrap().is_ok());
    at_once(vault.piece(&nodes[9], 0)).await.unwrap();
    assert_eq!(at_once(ahead.filter(|read| std::future::ready(read.is_ok())).count()).await, rest);
}

#[tokio::test]
async fn the_index_is_opened_though_who_asked_first_stands_still_or_is_gone() {
    let storage = Storage::new();
    let (snapshot, _) = back_up(&new_vault(&storage.place()).await, &events(20, 1), 1).await;
    let client = Client::new(&storage, []);
    let vault = open(&client.place()).await;
    delay(&client);
    drop(begun(vault.root(&snapshot)).await);
    let first = begun(vault.root(&snapshot)).await;
    at_once(vault.root(&snapshot)).await.unwrap();
    at_once(first).await.unwrap();
}

#[tokio::test]
async fn a_backup_begins_though_another_that_reads_the_index_stands_still() {
    let storage = Storage::new();
    back_up(&new_vault(&storage.place()).await, &events(20, 1), 1).await;
    let client = Client::new(&storage, []);
    let vault = open(&client.place()).await;
    delay(&client);
    let first = begun(vault.backup(head("work"))).await;
    at_once(vault.backup(head("home"))).await.unwrap();
    at_once(first).await.unwrap();
}

#[tokio::test]
async fn a_failure_is_told_to_all_who_wait_and_is_not_kept() {
    let (client, vault, nodes) = files(20).await;
    client.plan(client.operations(), Fault::Fails);
    let reads = tokio::join!(vault.read(&nodes[0]), vault.read(&nodes[1]));
    let told = [reads.0, reads.1].map(|read| read.unwrap_err().to_string());
    assert!(told.iter().all(|what| what.starts_with("cannot read packs/")), "{told:?}");
    assert!(at_once(vault.read(&nodes[0])).await.is_ok());
}
