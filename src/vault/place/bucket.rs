//! A prefix of a bucket at one of the three kinds of cloud storage, and the options of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{ClientConfigKey, ClientOptions, ObjectStore};
use secrecy::{ExposeSecret, SecretString};

use crate::vault::error::{Error, ErrorKind};

/// Time for one request with its content. On the way at once are at most some 40 MiB (`vault/upload.rs`), which a line of
/// 1 Mbit/s sends in it; `object_store`'s own 30 s would ask for ten times that.
const TIMEOUT: &str = "360 seconds";

/// One kind of storage.
struct Cloud {
    scheme: &'static str,
    /// What a person calls it, and what it calls the first part of a location.
    name: &'static str,
    bucket: &'static str,
    options: &'static [&'static str],
    /// Options of which one needs the other.
    together: &'static [(&'static str, &'static str)],
    /// Options of which one is enough.
    apart: &'static [(&'static str, &'static str)],
    connect: fn(&Bucket) -> object_store::Result<Arc<dyn ObjectStore>>,
}

const CLOUDS: [Cloud; 3] = [
    Cloud {
        scheme: "s3",
        name: "S3",
        bucket: "BUCKET",
        options: &["access_key", "endpoint", "region", "secret_key", "session_token"],
        together: &[("access_key", "secret_key"), ("session_token", "access_key")],
        apart: &[],
        connect: s3,
    },
    Cloud {
        scheme: "gs",
        name: "Google Cloud Storage",
        bucket: "BUCKET",
        options: &["bearer_token", "endpoint", "service_account"],
        together: &[],
        apart: &[("bearer_token", "service_account")],
        connect: google,
    },
    Cloud {
        scheme: "az",
        name: "Azure",
        bucket: "CONTAINER",
        options: &["access_key", "account", "endpoint", "sas_token"],
        together: &[("access_key", "account"), ("sas_token", "account")],
        apart: &[("access_key", "sas_token")],
        connect: azure,
    },
];

/// Options whose values are secrets, of whichever kind of storage.
const SECRET: [&str; 5] = ["access_key", "bearer_token", "sas_token", "secret_key", "session_token"];

pub(super) fn is_secret(option: &str) -> bool {
    SECRET.contains(&option)
}

/// A prefix of a bucket.
#[derive(Clone)]
pub(super) struct Bucket {
    cloud: &'static Cloud,
    name: String,
    prefix: String,
    options: BTreeMap<String, SecretString>,
}

impl Bucket {
    /// `rest` is the location behind `scheme://`.
    pub(super) fn parse(scheme: &str, rest: &str, options: &BTreeMap<String, String>) -> Result<Self, Error> {
        let Some(cloud) = CLOUDS.iter().find(|cloud| cloud.scheme == scheme) else {
            let what = format!("{scheme}:// is no place for a vault; a path, file://, s3://, gs:// or az:// is");
            return Err(Error::usage(what));
        };
        check(cloud, options)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || bucket.contains('@') {
            let rest = rest.split('@').next_back().unwrap_or_default();
            let word = cloud.bucket;
            let what = format!("{scheme}://{rest} names no {}: {scheme}://{word}/PREFIX", word.to_lowercase());
            return Err(Error::usage(what));
        }
        let options = options.iter().map(|(name, value)| (name.clone(), SecretString::from(value.as_str()))).collect();
        Ok(Self { cloud, name: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned(), options })
    }

    pub(super) fn describe(&self) -> String {
        format!("{}://{}/{}", self.cloud.scheme, self.name, self.prefix)
    }

    pub(super) fn prefix(&self) -> Path {
        Path::from(self.prefix.as_str())
    }

    pub(super) fn connect(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        // The first caller in the process wins, and all of ours choose ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cannot = |error| Error::new(ErrorKind::Storage, format!("cannot use {}", self.describe())).because(error);
        (self.cloud.connect)(self).map_err(cannot)
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(ExposeSecret::expose_secret)
    }

    /// Whether the endpoint was given, and without encryption.
    fn is_plain_http(&self) -> bool {
        self.option("endpoint").is_some_and(|endpoint| endpoint.starts_with("http://"))
    }
}

fn check(cloud: &Cloud, options: &BTreeMap<String, String>) -> Result<(), Error> {
    if let Some(name) = options.keys().find(|name| !cloud.options.contains(&name.as_str())) {
        let nearest = cloud.options.iter().min_by_key(|known| distance(known, name)).copied().unwrap_or_default();
        return Err(Error::usage(format!("a vault on {} has no option {name}; did you mean {nearest}?", cloud.name)));
    }
    let is_set = |name: &str| options.contains_key(name);
    for (one, other) in cloud.together {
        let is_half = is_set(one) != is_set(other);
        // Both of S3's keys, or none; elsewhere the second may stand alone.
        let is_pair = (*one, *other) == ("access_key", "secret_key");
        if is_half && (is_set(one) || is_pair) {
            return Err(Error::usage(format!("{one} and {other} only make sense together")));
        }
    }
    if let Some((one, other)) = cloud.apart.iter().find(|(one, other)| is_set(one) && is_set(other)) {
        return Err(Error::usage(format!("{one} and {other} are two ways to sign in: give one")));
    }
    match options
        .get("endpoint")
        .filter(|endpoint| !endpoint.starts_with("https://") && !endpoint.starts_with("http://"))
    {
        Some(endpoint) => Err(Error::usage(format!("endpoint={endpoint} must begin with https:// or http://"))),
        None => Ok(()),
    }
}

fn s3(bucket: &Bucket) -> object_store::Result<Arc<dyn ObjectStore>> {
    let (access, secret) = (bucket.option("access_key"), bucket.option("secret_key"));
    // Keys of one's own must not be mixed with the environment's: its session token would go to another's server.
    let mut builder = if access.is_some() { AmazonS3Builder::new() } else { AmazonS3Builder::from_env() };
    // A bucket with Object Lock takes nothing without a checksum.
    builder = builder
        .with_bucket_name(&bucket.name)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_checksum_algorithm(Checksum::SHA256)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT);
    if let Some(endpoint) = bucket.option("endpoint") {
        builder = builder.with_endpoint(endpoint).with_allow_http(bucket.is_plain_http());
    }
    if let Some((access, secret)) = access.zip(secret) {
        builder = builder.with_access_key_id(access).with_secret_access_key(secret);
    }
    if let Some(token) = bucket.option("session_token") {
        builder = builder.with_token(token);
    }
    if let Some(region) = bucket.option("region") {
        builder = builder.with_region(region);
    }
    Ok(Arc::new(builder.build()?))
}

fn google(bucket: &Bucket) -> object_store::Result<Arc<dyn ObjectStore>> {
    let (account, token) = (bucket.option("service_account"), bucket.option("bearer_token"));
    let is_own = account.is_some() || token.is_some();
    let mut builder = if is_own { GoogleCloudStorageBuilder::new() } else { GoogleCloudStorageBuilder::from_env() };
    builder = builder
        .with_bucket_name(&bucket.name)
        .with_client_options(ClientOptions::new().with_allow_http(bucket.is_plain_http()))
        .with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT);
    if let Some(endpoint) = bucket.option("endpoint") {
        builder = builder.with_base_url(endpoint);
    }
    if let Some(account) = account {
        builder = builder.with_service_account_path(account);
    }
    if let Some(token) = token {
        builder = builder.with_bearer_token(token);
    }
    Ok(Arc::new(builder.build()?))
}

fn azure(bucket: &Bucket) -> object_store::Result<Arc<dyn ObjectStore>> {
    let (account, key, token) = (bucket.option("account"), bucket.option("access_key"), bucket.option("sas_token"));
    let is_own = key.is_some() || token.is_some();
    let mut builder = if is_own { MicrosoftAzureBuilder::new() } else { MicrosoftAzureBuilder::from_env() };
    builder = builder
        .with_container_name(&bucket.name)
        .with_allow_http(bucket.is_plain_http())
        .with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT);
    if let Some(endpoint) = bucket.option("endpoint") {
        builder = builder.with_endpoint(endpoint.to_owned());
    }
    if let Some(account) = account {
        builder = builder.with_account(account);
    }
    if let Some(key) = key {
        builder = builder.with_access_key(key);
    }
    if let Some(token) = token {
        let pairs = url::form_urlencoded::parse(token.trim_start_matches('?').as_bytes());
        let pairs: Vec<(String, String)> = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        builder = builder.with_sas_authorization(pairs);
    }
    Ok(Arc::new(builder.build()?))
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
