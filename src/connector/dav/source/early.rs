//! Items that are read from the state while the server is asked what changed: most likely nothing did.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use crate::connector::dav::remembered::{Remembered, RememberedCollection, RememberedItem, Writer};

/// Most items that are read early, so that an account of any size costs no more than some megabytes by that.
const MOST_ITEMS: usize = 20_000;

/// What was read early of each collection, by its number, and by whom it had been written.
type Read = HashMap<i64, (Writer, Vec<RememberedItem>)>;

/// Items that are being read early.
#[derive(Default)]
pub(super) struct Early {
    read: Arc<Mutex<Read>>,
    task: Mutex<Option<AbortHandle>>,
}

impl Early {
    /// Reads the items of these collections, and forgets what was read before.
    pub fn begin(&self, remembered: Arc<Remembered>, collections: Vec<(i64, RememberedCollection)>) {
        self.end();
        let read = Arc::clone(&self.read);
        let task = tokio::spawn(async move {
            let mut count = 0;
            for (id, collection) in collections {
                let Ok(Some((writer, items))) = remembered.items(id, &collection).await else { continue };
                count += items.len();
                lock(&read).insert(id, (writer, items));
                if count >= MOST_ITEMS {
                    break;
                }
            }
        });
        *lock(&self.task) = Some(task.abort_handle());
    }

    /// The items of a collection as they were read early, and by whom they had been written.
    pub fn take(&self, collection: i64) -> Option<(Writer, Vec<RememberedItem>)> {
        lock(&self.read).remove(&collection)
    }

    /// Reads no more, and forgets what nobody asked for.
    pub fn end(&self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
        lock(&self.read).clear();
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
