//! Runs a connector as a host would: everything that a source has, everything into a destination.

use std::collections::BTreeMap;

use bytes::Bytes;
use davault::connector::{self, Destination, Entry, EntryKind, Error, Found, Outcome, Source};
use tokio::sync::mpsc;

/// What a source gave: its entries with the contents of files, in the order in which they came, and what failed.
#[derive(Debug, Default)]
pub struct Taken {
    pub entries: Vec<(Entry, Option<Bytes>)>,
    pub failures: BTreeMap<String, String>,
}

impl Taken {
    /// The content of each file, by path.
    pub fn files(&self) -> BTreeMap<String, Bytes> {
        let files = self.entries.iter().filter_map(|(entry, content)| Some((entry.path.clone(), content.clone()?)));
        files.collect()
    }

    /// The paths of the items: no folders, nothing that describes a collection.
    pub fn items(&self) -> Vec<String> {
        let is_item = |path: &String| matches!(path.rsplit_once('.'), Some((_, "ics" | "vcf")));
        self.files().into_keys().filter(is_item).collect()
    }
}

/// Options as a person writes them.
pub fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Everything that lies at a location.
pub async fn take_all(location: &str, options: &BTreeMap<String, String>) -> Result<Taken, Error> {
    take(&*connector::source(location, options, None).await?).await
}

/// Everything that a source has; each content is read as soon as its entry is there.
pub async fn take(source: &dyn Source) -> Result<Taken, Error> {
    let (sender, mut receiver) = mpsc::channel(16);
    let mut taken = Taken::default();
    let reading = async {
        while let Some(found) = receiver.recv().await {
            match found {
                Found::Failed { path, why } => {
                    let before = taken.failures.insert(path.clone(), why);
                    assert_eq!(before, None, "{path} failed twice");
                }
                Found::Entry(entry) => {
                    let content = match entry.kind {
                        EntryKind::Folder => None,
                        EntryKind::File { size } => {
                            let content = source.read(&entry.path).await.expect("what was listed can be read");
                            assert_eq!(content.len() as u64, size, "{}", entry.path);
                            source.settled(&entry.path);
                            Some(content)
                        }
                    };
                    taken.entries.push((entry, content));
                }
            }
        }
    };
    let (listed, ()) = tokio::join!(source.list(sender), reading);
    listed.map(|()| taken)
}

/// What became of each path; folders first, then by path, as a host sends them.
pub async fn give(
    destination: &dyn Destination,
    entries: Vec<(Entry, Option<Bytes>)>,
) -> BTreeMap<String, Result<Outcome, Error>> {
    let mut entries = entries;
    entries.sort_by(|(one, _), (other, _)| {
        let rank = |entry: &Entry| entry.kind != EntryKind::Folder;
        (rank(one), &one.path).cmp(&(rank(other), &other.path))
    });
    let mut outcomes = BTreeMap::new();
    for (entry, content) in entries {
        let path = entry.path.clone();
        outcomes.insert(path, destination.store(entry, content).await);
    }
    outcomes
}
