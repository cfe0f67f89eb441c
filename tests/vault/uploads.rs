//! Large packs go to a bucket in parts, whole or not at all, and nothing half-done stays there.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use davault::report::{Tally, sentence};
use davault::vault::{CheckDepth, Ending, ErrorKind, Meta, Place, Vault};

use crate::support::s3::{Fault, SECRET_KEY, Wire, serve_over};

use super::s3::options;
use super::world::{CHEAP, Numbers, at, back_up, events, everything, head, passphrase};

/// Bytes that no compression makes fewer.
pub fn noise(bytes: usize, seed: u64) -> Bytes {
    let mut numbers = Numbers(seed);
    (0..bytes / 8).flat_map(|_| numbers.next().to_le_bytes()).collect::<Vec<_>>().into()
}

/// As much as goes in two parts of a bit more than 5 MiB.
fn large() -> Vec<(String, Bytes)> {
    vec![("/calendars/work/large.ics".to_owned(), noise(10_600_000, 7))]
}

struct Bucket {
    root: tempfile::TempDir,
    place: Place,
    wire: Arc<Wire>,
}

async fn bucket(wire: Arc<Wire>) -> (Bucket, Vault) {
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir(root.path().join("backups")).expect("it works");
    let address = serve_over(root.path(), wire.clone()).await;
    let place = Place::parse("s3://backups/vault", &options(address, SECRET_KEY)).expect("it works");
    let vault = Vault::create(&place, &passphrase("x"), CHEAP, at(0)).await.expect("it works");
    (Bucket { root, place, wire }, vault)
}

impl Bucket {
    /// How often this was asked for, of packs.
    fn count(&self, method: &str, query: &str) -> usize {
        let requests = self.wire.requests();
        requests
            .iter()
            .filter(|asked| asked.starts_with(method) && asked.contains("/packs/") && asked.contains(query))
            .count()
    }

    /// What the server keeps of uploads that are neither ended nor taken back.
    fn leftovers(&self) -> Vec<String> {
        let names = fs::read_dir(self.root.path())
            .expect("it works")
            .map(|file| file.expect("it works").file_name().into_string().expect("it works"));
        names.filter(|name| name.contains("upload")).collect()
    }

    async fn holds(&self, files: &[(String, Bytes)]) {
        let vault = Vault::open(&self.place, &passphrase("x")).await.expect("it works");
        let found = vault.find("latest").await.expect("it works");
        assert_eq!(everything(&vault, &found).await, files);
        let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.expect("it works");
        assert!(summary.is_sound(), "{summary:?}");
        assert_eq!(self.leftovers(), [""; 0]);
    }
}

fn packs(root: &Path) -> usize {
    let folders = fs::read_dir(root.join("backups/vault/packs")).into_iter().flatten();
    folders.map(|folder| fs::read_dir(folder.expect("it works").path()).expect("it works").count()).sum()
}

#[tokio::test]
async fn a_large_pack_goes_in_parts_and_a_small_one_in_one() {
    let (bucket, vault) = bucket(Arc::default()).await;
    back_up(&vault, &large(), 1).await;
    let (parts, ends) = (bucket.count("PUT", "partNumber="), bucket.count("POST", "?uploadId="));
    assert_eq!((bucket.count("POST", "?uploads"), parts, ends), (1, 2, 1));
    assert_eq!((bucket.count("PUT", ""), bucket.count("DELETE", "")), (2, 0));
    bucket.holds(&large()).await;
    back_up(&vault, &events(30, 1), 2).await;
    assert_eq!((bucket.count("PUT", ""), bucket.count("POST", "")), (3, 2));
}

#[tokio::test]
async fn a_part_that_fails_is_sent_again_and_nothing_else() {
    let fault = Fault { method: "PUT", part: "partNumber=2", status: 503, times: 1, happens: false };
    let (bucket, vault) = bucket(Wire::with(fault)).await;
    back_up(&vault, &large(), 1).await;
    assert_eq!((bucket.count("PUT", "partNumber=1"), bucket.count("PUT", "partNumber=2")), (1, 2));
    bucket.holds(&large()).await;
}

#[tokio::test]
async fn a_part_that_is_refused_ends_the_backup_and_the_upload() {
    for (method, part) in [("PUT", "partNumber=2"), ("POST", "?uploadId=")] {
        let (bucket, vault) = bucket(Wire::with(Fault { method, part, status: 403, times: 1, happens: false })).await;
        let backup = vault.backup(head("work")).await.unwrap();
        let [(path, content)] = large().try_into().unwrap();
        // Noticed by whatever comes after it.
        let error = match backup.file(&path, Meta::default(), content).await {
            Err(error) => error,
            Ok(()) => backup.finish(at(1), Ending::default()).await.unwrap_err(),
        };
        assert_eq!(error.kind, ErrorKind::Storage);
        let said = sentence(&error);
        assert!(said.starts_with("cannot write packs/") && said.contains(" in s3://backups/vault: "), "{said}");
        assert!(said.contains("not now") && !said.contains(SECRET_KEY), "{said}");
        assert_eq!((bucket.count("POST", "?uploads"), bucket.count("DELETE", "?uploadId=")), (1, 1));
        assert_eq!(bucket.leftovers(), [""; 0]);
        assert_eq!(packs(bucket.root.path()), 0, "a pack is there whole or not at all");
        let mut small = events(30, 1);
        small.sort();
        back_up(&vault, &small, 2).await;
        bucket.holds(&small).await;
    }
}

#[tokio::test]
async fn a_pack_whose_last_answer_was_lost_is_found_to_be_there() {
    let fault = Fault { method: "POST", part: "?uploadId=", status: 500, times: 1, happens: true };
    let (bucket, vault) = bucket(Wire::with(fault)).await;
    back_up(&vault, &large(), 1).await;
    assert_eq!(bucket.count("POST", "?uploadId="), 2);
    bucket.holds(&large()).await;
}
