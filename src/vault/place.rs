//! Where a vault lies: a local folder, or a prefix in a bucket.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use secrecy::{ExposeSecret, SecretString};

use super::error::{Error, ErrorKind};
use super::store::Store;

/// The options of `s3://` locations.
const S3_OPTIONS: [&str; 5] = ["access_key", "endpoint", "region", "secret_key", "session_token"];

/// Where a vault lies. Making one touches neither disk nor network.
#[derive(Clone)]
pub struct Place {
    kind: PlaceKind,
}

#[derive(Clone)]
enum PlaceKind {
    Folder(PathBuf),
    S3 { bucket: String, prefix: String, options: BTreeMap<String, SecretString> },
    Over { objects: Arc<dyn ObjectStore>, prefix: Path, name: String },
}

/// Whether these options make sense for this location; needs no disk and no network.
pub fn check_options(location: &str, options: &BTreeMap<String, String>) -> Result<(), Error> {
    Place::parse(location, options).map(|_| ())
}

impl Place {
    /// A plain path or `file://PATH`, or `s3://BUCKET/PREFIX` with the options `endpoint`, `access_key`, `secret_key`,
    /// `session_token` and `region`. Without keys, those of the environment are used (`AWS_ACCESS_KEY_ID` and so on).
    pub fn parse(location: &str, options: &BTreeMap<String, String>) -> Result<Place, Error> {
        let kind = match location.split_once("://") {
            None if location.is_empty() => return Err(Error::usage("the location of the vault is empty")),
            None => folder(location, options)?,
            Some(("file", path)) => folder(path, options)?,
            Some(("s3", rest)) => s3(location, rest, options)?,
            Some((scheme, _)) => {
                let what = format!("{scheme}:// is no place for a vault; a path, file:// or s3:// is");
                return Err(Error::usage(what));
            }
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
            PlaceKind::S3 { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}"),
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
            PlaceKind::S3 { bucket, prefix, options } => {
                (Arc::new(connect(bucket, options, &place)?), Path::from(prefix.as_str()))
            }
            PlaceKind::Over { objects, prefix, .. } => (objects.clone(), prefix.clone()),
        };
        Ok(Store { objects, prefix, place })
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

fn s3(location: &str, rest: &str, options: &BTreeMap<String, String>) -> Result<PlaceKind, Error> {
    for name in options.keys() {
        if !S3_OPTIONS.contains(&name.as_str()) {
            let nearest = S3_OPTIONS.iter().min_by_key(|known| distance(known, name)).copied().unwrap_or_default();
            return Err(Error::usage(format!("a vault on S3 has no option {name}; did you mean {nearest}?")));
        }
    }
    if options.contains_key("access_key") != options.contains_key("secret_key") {
        return Err(Error::usage("access_key and secret_key only make sense together"));
    }
    if let Some(endpoint) = options.get("endpoint")
        && !endpoint.starts_with("https://")
        && !endpoint.starts_with("http://")
    {
        return Err(Error::usage(format!("endpoint={endpoint} must begin with https:// or http://")));
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() || bucket.contains('@') {
        return Err(Error::usage(format!(
            "{} names no bucket: s3://BUCKET/PREFIX",
            location.split('@').next_back().unwrap_or_default()
        )));
    }
    let options = options.iter().map(|(name, value)| (name.clone(), SecretString::from(value.as_str()))).collect();
    Ok(PlaceKind::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned(), options })
}

fn connect(bucket: &str, options: &BTreeMap<String, SecretString>, place: &str) -> Result<impl ObjectStore, Error> {
    // The first caller in the process wins, and all of ours choose ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let option = |name: &str| options.get(name).map(ExposeSecret::expose_secret);
    // Keys of one's own must not be mixed with the environment's: its session token would go to another's server.
    let known = if option("access_key").is_some() { AmazonS3Builder::new() } else { AmazonS3Builder::from_env() };
    let mut builder = known.with_bucket_name(bucket).with_conditional_put(S3ConditionalPut::ETagMatch);
    if let Some(endpoint) = option("endpoint") {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some((access, secret)) = option("access_key").zip(option("secret_key")) {
        builder = builder.with_access_key_id(access).with_secret_access_key(secret);
    }
    if let Some(token) = option("session_token") {
        builder = builder.with_token(token);
    }
    if let Some(region) = option("region") {
        builder = builder.with_region(region);
    }
    builder.build().map_err(|error| Error::new(ErrorKind::Storage, format!("cannot use {place}")).because(error))
}

/// How many letters must be changed, added or left out to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (above, x) in (1..).zip(a.chars()) {
        let mut next = vec![above];
        for ((diagonal, up), y) in row.iter().zip(row.iter().skip(1)).zip(b.chars()) {
            let left = next.last().copied().unwrap_or(above);
            next.push((diagonal + usize::from(x != y)).min(up + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
