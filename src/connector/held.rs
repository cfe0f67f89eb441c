//! Folders that a host has already as they are, so that nothing of what lies in them need be sent.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use tokio::sync::SetOnce;

/// What lies directly in a folder, files alone, as one number: two that have the same hold the same names, each with the same
/// version, size and time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contents(u64);

impl Contents {
    /// Adds a file, in whatever order. Its `version` changes with its content, and is not 0.
    pub fn add(&mut self, name: &str, size: u64, version: u64, modified: Option<SystemTime>) {
        let modified = modified.map(|time| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (1, after),
            Err(before) => (2, before.duration()),
        });
        let (sign, distance) = modified.unwrap_or((0, Duration::ZERO));
        let mut digest = Sha256::new();
        for number in [size, version, sign, distance.as_secs(), distance.subsec_nanos().into()] {
            digest.update(number.to_be_bytes());
        }
        digest.update(name);
        self.0 = self.0.wrapping_add(first_bytes(&digest.finalize()));
    }

    /// Adds other files of the same folder.
    pub fn extend(&mut self, others: Contents) {
        self.0 = self.0.wrapping_add(others.0);
    }

    /// What was [`Contents::sum`].
    #[must_use]
    pub fn of_sum(sum: u64) -> Self {
        Self(sum)
    }

    /// What further files can be added to in another run.
    #[must_use]
    pub fn sum(self) -> u64 {
        self.0
    }

    /// The number, which is never 0.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0.max(1)
    }
}

/// The first 8 bytes of a digest, as a number.
pub fn first_bytes(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// What a host tells of the folders that it has, once it knows; by default that it has none.
#[derive(Debug, Clone)]
pub struct Held(Arc<SetOnce<HashMap<String, u64>>>);

impl Held {
    /// What nobody has told yet; [`Held::tell`] must follow.
    #[must_use]
    pub fn to_be_told() -> Self {
        Self(Arc::default())
    }

    /// Tells the paths of all that it has, each with the number of its [`Contents`]. Only the first time counts.
    pub fn tell(&self, folders: HashMap<String, u64>) {
        let _ = self.0.set(folders);
    }

    /// Whether it may have any.
    #[must_use]
    pub fn may_have_any(&self) -> bool {
        self.0.get().is_none_or(|folders| !folders.is_empty())
    }

    /// Whether it has a folder with these contents; waits until that is told.
    pub async fn has(&self, folder: &str, contents: u64) -> bool {
        self.0.wait().await.get(folder) == Some(&contents)
    }
}

impl Default for Held {
    fn default() -> Self {
        let held = Self::to_be_told();
        held.tell(HashMap::new());
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_tell_names_sizes_versions_and_times_but_no_order() {
        let number = |files: &[(&str, u64, u64, Option<u64>)]| {
            let mut contents = Contents::default();
            for (name, size, version, seconds) in files {
                contents.add(name, *size, *version, seconds.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)));
            }
            contents.number()
        };
        let (a, b) = (("a", 1, 7, Some(9)), ("b", 2, 8, None));
        assert_eq!(number(&[a, b]), number(&[b, a]));
        let others =
            [("c", 1, 7, Some(9)), ("a", 2, 7, Some(9)), ("a", 1, 8, Some(9)), ("a", 1, 7, None), ("a", 1, 7, Some(0))];
        for other in others {
            assert_ne!(number(&[a, b]), number(&[other, b]), "{other:?}");
        }
        assert_ne!(number(&[a]), number(&[a, b]));
        assert_ne!(number(&[]), 0);
    }
}
