//! What became of the items of an account that was put on a server and read back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use davault::item;

use crate::support::person::Ran;

/// Path from the root of the account and content, by UID; by file name where there is none.
pub type Items = BTreeMap<String, (String, Vec<u8>)>;

#[derive(Debug, Default)]
pub struct Became {
    /// Their bytes are the same.
    pub exact: usize,
    /// They say the same.
    pub equal: usize,
    /// They say something else, and the restore said so: names of properties, and the items.
    pub altered: BTreeMap<String, Vec<String>>,
    /// The server did not take or keep them, and the restore said so: by reason.
    pub refused: BTreeMap<String, Vec<String>>,
    /// Altered, gone or come from nowhere, and nobody said so.
    pub unexplained: Vec<String>,
}

impl Became {
    /// Compares what was put with what came back, and with what the restore said of it.
    pub fn of(made: &Items, back: &Items, restored: &Ran) -> Became {
        let told = told(restored);
        let mut became = Became::default();
        for (uid, (path, bytes)) in made {
            let by_name = || back.values().find(|(there, _)| file_name(there) == file_name(path));
            let there = back.get(uid).or_else(by_name).map(|(_, there)| there);
            let differing = there.map(|there| item::difference::names(bytes, there));
            let same = differing.as_ref().is_some_and(Vec::is_empty);
            // A folder gives every item an ending; Calypso has none.
            let plain = || told.get(path.rsplit_once('.').map_or(path.as_str(), |(plain, _)| plain));
            match (there, differing, told.get(path).or_else(plain)) {
                (_, _, Some(why)) if same && (why.contains(" changed ") || why.ends_with(" is not there")) => {
                    became.unexplained.push(format!("{uid}: {why}, and it is as it was"));
                }
                (Some(there), _, _) if there == bytes => became.exact += 1,
                (_, Some(differing), _) if differing.is_empty() => became.equal += 1,
                (_, Some(differing), None) => became.unexplained.push(format!("{uid}: {}", differing.join(" "))),
                (_, None, None) => became.unexplained.push(format!("{uid}: gone")),
                (_, Some(differing), Some(_)) => {
                    became.altered.entry(differing.join(" ")).or_default().push(uid.clone());
                }
                (_, None, Some(why)) => became.refused.entry(reason(why)).or_default().push(uid.clone()),
            }
        }
        let known = |uid: &String, path: &String| {
            made.contains_key(uid) || made.values().any(|(there, _)| file_name(there) == file_name(path))
        };
        let strange = back.iter().filter(|(uid, (path, _))| !known(uid, path));
        became.unexplained.extend(strange.map(|(uid, _)| format!("{uid}: from nowhere")));
        became
    }

    pub fn altered(&self) -> usize {
        self.altered.values().map(Vec::len).sum()
    }

    pub fn refused(&self) -> usize {
        self.refused.values().map(Vec::len).sum()
    }
}

/// All items below a folder.
pub fn items(dir: &Path) -> Items {
    let mut items = Items::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "ics" || end == "vcf") {
                let bytes = fs::read(&path).expect("an item");
                let path = format!("/{}", path.strip_prefix(dir).expect("below it").display());
                let uid = item::identity::of(&bytes).map_or_else(|| file_name(&path).into(), |identity| identity.uid);
                // A second one of the UID keeps its path as its name, and is found to come from nowhere.
                let key = if items.contains_key(&uid) { path.clone() } else { uid };
                items.insert(key, (path, bytes));
            }
        }
    }
    items
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What the restore said of items, by the path that each has in the snapshot.
fn told(restored: &Ran) -> BTreeMap<String, String> {
    let failures = restored.value("/failures");
    let text =
        |one: &serde_json::Value, name| one.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
    failures.as_array().into_iter().flatten().map(|one| (text(one, "path"), text(one, "why"))).collect()
}

/// The part of a sentence that is the same for all items: why the server did not take it.
fn reason(why: &str) -> String {
    if why.contains(" was held back: ") {
        return "held back: it would mail somebody".into();
    }
    if why.ends_with(" was put, and is not there") {
        return "took it, and it is not there".into();
    }
    if why.starts_with("it is not known whether ") {
        return "ended the connection without an answer".into();
    }
    let from = why.rsplit("the server ").next().unwrap_or_default();
    from.split(" at /").next().unwrap_or_default().to_owned()
}
