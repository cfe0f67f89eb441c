//! What a host keeps of a backup, and which part of it a restore hands over.

use std::collections::BTreeMap;

use bytes::Bytes;
use davault::proto::plakar::connectors::FileInfo;

/// Go's bit for a folder.
pub const FOLDER: u32 = 1 << 31;

/// A snapshot as plakar keeps one.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Every path, with its content where it is a file.
    pub entries: BTreeMap<String, Kept>,
    /// Paths that could not be read, and why.
    pub failures: BTreeMap<String, String>,
    /// Which contents were asked for.
    pub opened: Vec<String>,
}

/// A folder or a file of a snapshot.
#[derive(Debug, Clone)]
pub struct Kept {
    pub info: FileInfo,
    /// None for a folder.
    pub content: Option<Bytes>,
}

impl Snapshot {
    /// The content that a host keeps instead of asking for it: that of the same path with an equal `FileInfo`, compared without
    /// its flags, where the size is that of the bytes.
    pub fn unchanged(&self, path: &str, info: &FileInfo) -> Option<Bytes> {
        let kept = self.entries.get(path)?;
        let content = kept.content.clone()?;
        let stored = FileInfo { size: i64::try_from(content.len()).ok()?, flags: info.flags, ..kept.info.clone() };
        (stored == *info).then_some(content)
    }

    /// Notes an entry; a host takes each path once, after the folder that it is in, and with a name.
    pub fn keep(&mut self, path: &str, kept: Kept) {
        let parent = path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
        assert!(path == "/" || self.entries.contains_key(parent), "{path} came before {parent}");
        assert!(!kept.info.name.is_empty(), "{path} has no name");
        assert_eq!(kept.content.is_none(), kept.info.mode & FOLDER != 0, "{path}");
        assert!(self.entries.insert(path.to_owned(), kept).is_none(), "{path} came twice");
    }

    /// The content of each file.
    pub fn files(&self) -> BTreeMap<String, Bytes> {
        let files = self.entries.iter().filter_map(|(path, kept)| Some((path.clone(), kept.content.clone()?)));
        files.collect()
    }

    /// What `restore SNAP:AT` of plakar 1.1 hands over: `at` becomes `/`, and keeps its name; before one file stands a `/` that
    /// the host makes up. Folders go first.
    pub fn part(&self, at: &str) -> Vec<(String, Kept)> {
        let whole = self.entries.get(at).expect("a path of the snapshot");
        if let Some(content) = &whole.content {
            let info = FileInfo { name: "/".into(), mode: FOLDER | 0o700, ..FileInfo::default() };
            let file = Kept { info: whole.info.clone(), content: Some(content.clone()) };
            return vec![("/".into(), Kept { info, content: None }), (format!("/{}", whole.info.name), file)];
        }
        let prefix = at.trim_end_matches('/');
        let below = |path: &str| match path.strip_prefix(prefix)? {
            "" => Some("/".to_owned()),
            rest => rest.starts_with('/').then(|| rest.to_owned()),
        };
        let mut part: Vec<_> =
            self.entries.iter().filter_map(|(path, kept)| Some((below(path)?, kept.clone()))).collect();
        part.sort_by_key(|(_, kept)| kept.content.is_some());
        part
    }
}

/// A file that no backup made.
pub fn file(path: &str, content: &str) -> (String, Kept) {
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let size = i64::try_from(content.len()).expect("a small file");
    let info = FileInfo { name, size, mode: 0o600, nlink: 1, ..FileInfo::default() };
    (path.to_owned(), Kept { info, content: Some(Bytes::from(content.to_owned())) })
}

/// A folder that no backup made.
pub fn folder(path: &str, name: &str) -> (String, Kept) {
    let info = FileInfo { name: name.into(), mode: FOLDER | 0o750, ..FileInfo::default() };
    (path.to_owned(), Kept { info, content: None })
}
