//! Large files on their way to a storage far away: in parts, as it costs less to send one of them again than all.
//!
//! A storage shows a file that comes in parts when the last one is told to be there, whole or not at all. What is broken off
//! is taken back, as parts lie there unseen and cost money.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::future::join_all;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload, Result};
use tokio::sync::Semaphore;

/// Least bytes of a part, as S3 asks of all but the last; below twice as much, a file goes in one.
const PART: usize = 5 * 1024 * 1024;
/// Parts and files on the way at once, of all tasks together: more would share the same line, and each has its time
/// ([`super::place`]).
const AT_ONCE: usize = 4;

/// Sends files to one storage.
#[derive(Clone)]
pub(super) struct Uploads {
    slots: Arc<Semaphore>,
}

impl Uploads {
    pub(super) fn new() -> Self {
        Self { slots: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Writes a file, whole or not at all; one that is there is replaced.
    pub(super) async fn put(&self, objects: &dyn ObjectStore, path: &Path, bytes: &Bytes) -> Result<()> {
        let count = bytes.len() / PART;
        if count < 2 {
            let _slot = self.slots.acquire().await;
            return objects.put(path, PutPayload::from(bytes.clone())).await.map(drop);
        }
        let mut upload = objects.put_multipart(path).await?;
        let sent = self.send(upload.as_mut(), bytes, bytes.len().div_ceil(count)).await;
        if sent.is_err() {
            // Why it failed says more than why it could not be taken back.
            let _ = upload.abort().await;
        }
        sent
    }

    /// All parts but the last are of one size: some storages ask for that.
    async fn send(&self, upload: &mut dyn MultipartUpload, bytes: &Bytes, each: usize) -> Result<()> {
        let starts = (0..bytes.len()).step_by(each);
        let has_failed = &AtomicBool::new(false);
        let part = |start: usize| {
            let part = upload.put_part(PutPayload::from(bytes.slice(start..bytes.len().min(start + each))));
            async move {
                let _slot = self.slots.acquire().await;
                if has_failed.load(Ordering::Relaxed) {
                    return Ok(());
                }
                part.await.inspect_err(|_| has_failed.store(true, Ordering::Relaxed))
            }
        };
        // What is on its way is waited for: a part that comes after the upload was taken back would stay.
        let sent = join_all(starts.map(part).collect::<Vec<_>>()).await;
        sent.into_iter().collect::<Result<()>>()?;
        upload.complete().await.map(drop)
    }
}
