//! A folder of collections as it lies on the disk, read for comparing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use davault::item::identity;

/// Every collection of a restored account, by its path: `calendars/work`.
pub type Collections = BTreeMap<String, Folder>;

/// One collection.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// `displayname`, `color`, `description`, `order`, as far as they are there.
    pub properties: BTreeMap<String, String>,
    /// Content of each item by its UID, which stays where servers choose other file names.
    pub items: BTreeMap<String, Vec<u8>>,
}

/// Reads `root/calendars/*` and `root/contacts/*`. No item may be lost on the way: two with one UID fail the test.
pub fn read(root: &Path) -> Collections {
    let mut collections = Collections::new();
    for kind in ["calendars", "contacts"] {
        let Ok(folders) = fs::read_dir(root.join(kind)) else { continue };
        for folder in folders {
            let path = folder.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            collections.insert(format!("{kind}/{name}"), read_folder(&path));
        }
    }
    collections
}

fn read_folder(path: &Path) -> Folder {
    let mut folder = Folder::default();
    for file in fs::read_dir(path).expect("a folder") {
        let path = file.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("a file");
        match name.as_str() {
            "displayname" | "color" | "description" | "order" => {
                folder.properties.insert(name, String::from_utf8(bytes).expect("UTF-8").trim_end().to_string());
            }
            _ if name.starts_with('.') => {}
            _ => {
                let uid = identity::of(&bytes).unwrap_or_else(|| panic!("{name} has no UID")).uid;
                assert!(folder.items.insert(uid, bytes).is_none(), "{name} has the UID of another item");
            }
        }
    }
    folder
}

/// How many items there are.
pub fn item_count(collections: &Collections) -> usize {
    collections.values().map(|folder| folder.items.len()).sum()
}
