//! A store that stops working in the middle: what was there before stays whole, and the next backup succeeds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use davault::report::Tally;
use davault::vault::{CheckDepth, Ending, ErrorKind, Meta, Place, Vault};
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

use super::world::{back_up, events, everything, head, new_vault, open};

/// Lets so many writes through, and fails all that follow.
#[derive(Debug)]
struct Failing {
    inner: Arc<InMemory>,
    writes_left: AtomicUsize,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failing")
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let left = self.writes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match left {
            Ok(_) => self.inner.put_opts(location, payload, options).await,
            Err(_) => Err(object_store::Error::Generic { store: "failing", source: "no space left on device".into() }),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

async fn try_back_up(vault: &Vault, files: &[(String, Bytes)]) -> std::result::Result<(), davault::vault::Error> {
    let backup = vault.backup(head("work")).await?;
    for (path, content) in files {
        backup.file(path, Meta::default(), content.clone()).await?;
    }
    backup.finish(super::world::at(9), Ending::default()).await.map(|_| ())
}

#[tokio::test]
async fn a_backup_that_stops_after_any_write_costs_no_earlier_snapshot() {
    let these = events(400, 11);
    // A pack, an index file, a snapshot: the fourth attempt succeeds.
    for writes in 0..=3 {
        let inner = Arc::new(InMemory::new());
        let sound = Place::over(inner.clone(), "", "memory");
        let vault = new_vault(&sound).await;
        let (first, _) = back_up(&vault, &these[..100], 1).await;
        let before = everything(&vault, &first).await;
        let failing = Failing { inner, writes_left: AtomicUsize::new(writes) };
        let ended = try_back_up(&open(&Place::over(Arc::new(failing), "", "memory")).await, &these).await;
        match ended {
            Ok(()) => assert_eq!(writes, 3),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Storage);
                assert!(davault::report::sentence(&error).ends_with("no space left on device"), "{error}");
            }
        }
        let vault = open(&sound).await;
        let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.unwrap();
        assert!(summary.is_sound(), "{summary:?}");
        assert_eq!(summary.snapshots, if writes == 3 { 2 } else { 1 });
        assert_eq!(everything(&vault, &first).await, before);
        let (next, _) = back_up(&vault, &these, 20).await;
        assert_eq!(everything(&vault, &next).await.len(), 400);
    }
}
