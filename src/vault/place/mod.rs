//! Where a vault lies: a local folder, or a prefix in a bucket.

mod bucket;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use super::error::{Error, ErrorKind};
use super::store::Store;
use super::upload::Uploads;
use bucket::Bucket;

/// Where a vault lies. Making one touches neither disk nor network.
#[derive(Clone)]
pub struct Place {
    kind: PlaceKind,
}

#[derive(Clone)]
enum PlaceKind {
    Folder(PathBuf),
    Bucket(Bucket),
    Over { objects: Arc<dyn ObjectStore>, prefix: Path, name: String },
}

/// Whether the value of this option is a secret.
#[must_use]
pub fn is_secret_option(name: &str) -> bool {
    bucket::is_secret(name)
}

/// Whether these options make sense for this location; needs no disk and no network.
pub fn check_options(location: &str, options: &BTreeMap<String, String>) -> Result<(), Error> {
    Place::parse(location, options).map(|_| ())
}

impl Place {
    /// A plain path, `file://PATH`, or a bucket: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` (Google), `az://CONTAINER/PREFIX`
    /// (Azure), with the options that README.md lists. Without keys of their own, those of the environment are used
    /// (`AWS_ACCESS_KEY_ID`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME`, and so on).
    pub fn parse(location: &str, options: &BTreeMap<String, String>) -> Result<Place, Error> {
        let kind = match location.split_once("://") {
            None if location.is_empty() => return Err(Error::usage("the location of the vault is empty")),
            None => folder(location, options)?,
            Some(("file", path)) => folder(path, options)?,
            Some((scheme, rest)) => PlaceKind::Bucket(Bucket::parse(scheme, rest, options)?),
        };
        Ok(Place { kind })
    }

    /// A folder of any object store, called `name` in messages. For stores that have no location, such as one in memory.
    #[must_use]
    pub fn over(objects: Arc<dyn ObjectStore>, prefix: &str, name: &str) -> Place {
        Place { kind: PlaceKind::Over { objects, prefix: Path::from(prefix), name: name.to_owned() } }
    }

    /// The location for a person, without secrets.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.kind {
            PlaceKind::Folder(path) => path.display().to_string(),
            PlaceKind::Bucket(bucket) => bucket.describe(),
            PlaceKind::Over { name, .. } => name.clone(),
        }
    }

    /// The store, for reading; a folder must be there.
    pub(super) fn store(&self) -> Result<Store, Error> {
        let place = self.describe();
        let (objects, prefix): (Arc<dyn ObjectStore>, Path) = match &self.kind {
            PlaceKind::Folder(path) => {
                if !path.exists() {
                    return Err(Error::new(ErrorKind::NotAVault, format!("there is no folder {place}")));
                }
                let cannot =
                    |error| Error::new(ErrorKind::Storage, format!("cannot use the folder {place}")).because(error);
                let local = LocalFileSystem::new_with_prefix(path).map_err(cannot)?;
                // Without this a power cut could leave a snapshot whose packs never reached the disk.
                (Arc::new(local.with_fsync(true)), Path::default())
            }
            PlaceKind::Bucket(bucket) => (bucket.connect()?, bucket.prefix()),
            PlaceKind::Over { objects, prefix, .. } => (objects.clone(), prefix.clone()),
        };
        let is_near = matches!(self.kind, PlaceKind::Folder(_));
        Ok(Store { objects, prefix, place, is_near, uploads: Uploads::new(), cache: None })
    }

    /// The store, for a new vault; a folder is made.
    pub(super) fn new_store(&self) -> Result<Store, Error> {
        if let PlaceKind::Folder(path) = &self.kind {
            let failed = |error| {
                Error::new(ErrorKind::Storage, format!("cannot make the folder {}", path.display())).because(error)
            };
            fs::create_dir_all(path).map_err(failed)?;
        }
        self.store()
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Place({})", self.describe())
    }
}

fn folder(path: &str, options: &BTreeMap<String, String>) -> Result<PlaceKind, Error> {
    match options.keys().next() {
        Some(name) => Err(Error::usage(format!("a vault in a folder has no option {name}"))),
        None => Ok(PlaceKind::Folder(PathBuf::from(path))),
    }
}
