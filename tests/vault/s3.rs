//! A vault on a real S3 server (`s3s-fs`) in this process, over HTTP and with signed requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use davault::report::Tally;
use davault::vault::{CheckDepth, ErrorKind, Place, Vault, check_options};

use crate::support::s3::{ACCESS_KEY, SECRET_KEY, serve, serve_append_only};

use super::world::{CHEAP, at, back_up, events, everything, passphrase};

/// Options of a vault on a server of [`crate::support::s3`].
pub fn options(address: SocketAddr, secret: &str) -> BTreeMap<String, String> {
    let endpoint = format!("http://{address}");
    let options =
        [("endpoint", endpoint.as_str()), ("access_key", ACCESS_KEY), ("secret_key", secret), ("region", "us-east-1")];
    options.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn a_vault_on_s3_is_created_once_backed_up_to_read_and_checked() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("backups")).unwrap();
    let address = serve(root.path()).await;
    let place = Place::parse("s3://backups/alice/vault", &options(address, SECRET_KEY)).unwrap();
    assert_eq!(Vault::open(&place, &passphrase("x")).await.err().unwrap().kind, ErrorKind::NotAVault);
    let vault = Vault::create(&place, &passphrase("x"), CHEAP, at(0)).await.unwrap();
    assert_eq!(Vault::create(&place, &passphrase("x"), CHEAP, at(0)).await.err().unwrap().kind, ErrorKind::Exists);
    let mut these = events(300, 4);
    let (snapshot, _) = back_up(&vault, &these, 1).await;
    let vault = Vault::open(&place, &passphrase("x")).await.unwrap();
    these.sort();
    assert_eq!(vault.find("latest").await.unwrap(), snapshot);
    assert_eq!(everything(&vault, &snapshot).await, these);
    let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.unwrap();
    assert!(summary.is_sound(), "{summary:?}");
    assert_eq!((summary.snapshots, summary.packs), (1, 1));
}

#[tokio::test]
async fn who_may_only_add_can_create_back_up_and_copy() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("backups")).unwrap();
    let address = serve_append_only(root.path()).await;
    let place = Place::parse("s3://backups/vault", &options(address, SECRET_KEY)).unwrap();
    let vault = Vault::create(&place, &passphrase("x"), CHEAP, at(0)).await.unwrap();
    assert_eq!(Vault::create(&place, &passphrase("x"), CHEAP, at(0)).await.err().unwrap().kind, ErrorKind::Exists);
    let (_, memory) = super::world::in_memory();
    let other = super::world::new_vault(&memory).await;
    back_up(&other, &events(20, 9), 1).await;
    let mut kept = Vec::new();
    // Enough for the index files to be merged.
    for round in 0..20 {
        kept.push(back_up(&vault, &events(5, round), 2 + round).await.0);
    }
    let copied =
        other.copy_to(other.lacking(&vault).await.unwrap().snapshots, &vault, &Tally::default()).await.unwrap();
    assert_eq!(copied.snapshots.len(), 1);
    let vault = Vault::open(&place, &passphrase("x")).await.unwrap();
    assert_eq!(everything(&vault, &kept[0]).await.len(), 5);
    let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.unwrap();
    assert!(summary.is_sound() && summary.snapshots == 21, "{summary:?}");
}

#[tokio::test]
async fn of_two_creations_at_once_one_succeeds() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("backups")).unwrap();
    let address = serve(root.path()).await;
    let place = Place::parse("s3://backups/vault", &options(address, SECRET_KEY)).unwrap();
    let (one, two) = (passphrase("one"), passphrase("two"));
    let (one, two) = tokio::join!(Vault::create(&place, &one, CHEAP, at(0)), Vault::create(&place, &two, CHEAP, at(0)));
    let failed: Vec<_> = [&one, &two].into_iter().filter_map(|created| created.as_ref().err()).collect();
    assert_eq!(failed.iter().map(|error| error.kind).collect::<Vec<_>>(), [ErrorKind::Exists]);
    let made = if one.is_ok() { "one" } else { "two" };
    Vault::open(&place, &passphrase(made)).await.unwrap();
}

#[tokio::test]
async fn a_wrong_secret_key_is_an_error_of_the_storage_that_does_not_show_it() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("backups")).unwrap();
    let address = serve(root.path()).await;
    let place = Place::parse("s3://backups/vault", &options(address, "hunter2-is-wrong")).unwrap();
    let error = Vault::open(&place, &passphrase("x")).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Storage);
    let sentence = davault::report::sentence(&error);
    assert!(sentence.starts_with("cannot read config in s3://backups/vault: "), "{sentence}");
    assert!(!format!("{sentence} {error:?} {place:?}").contains("hunter2"));
}

#[test]
fn options_are_checked_by_name_and_value() {
    let check = |location: &str, options: &[(&str, &str)]| {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check_options(location, &options).map_err(|error| error.to_string())
    };
    assert_eq!(check("/srv/vault", &[]), Ok(()));
    assert_eq!(
        check("s3://b/p", &[("endpoint", "https://s3.example.com"), ("access_key", "a"), ("secret_key", "b")]),
        Ok(())
    );
    let refused = |location, options: &[(&str, &str)]| check(location, options).unwrap_err();
    assert_eq!(
        refused("s3://b/p", &[("acces_key", "a")]),
        "a vault on S3 has no option acces_key; did you mean access_key?"
    );
    assert_eq!(refused("s3://b", &[("access_key", "a")]), "access_key and secret_key only make sense together");
    assert_eq!(refused("s3://b", &[("endpoint", "host:1")]), "endpoint=host:1 must begin with https:// or http://");
    assert_eq!(refused("s3:///p", &[]), "s3:///p names no bucket: s3://BUCKET/PREFIX");
    assert_eq!(refused("/srv/vault", &[("region", "x")]), "a vault in a folder has no option region");
    assert_eq!(refused("ftp://h/", &[]), "ftp:// is no place for a vault; a path, file://, s3://, gs:// or az:// is");
    assert_eq!(check("gs://b/p", &[("service_account", "/etc/key.json")]), Ok(()));
    assert_eq!(
        refused("gs://b/p", &[("service_acount", "x")]),
        "a vault on Google Cloud Storage has no option service_acount; did you mean service_account?"
    );
    assert_eq!(
        refused("gs://b/p", &[("service_account", "x"), ("bearer_token", "y")]),
        "bearer_token and service_account are two ways to sign in: give one"
    );
    assert_eq!(refused("gs://", &[]), "gs:// names no bucket: gs://BUCKET/PREFIX");
    assert_eq!(check("az://c/p", &[("account", "a"), ("access_key", "b")]), Ok(()));
    assert_eq!(check("az://c/p", &[("account", "a")]), Ok(()));
    assert_eq!(refused("az://c/p", &[("sas_token", "x")]), "sas_token and account only make sense together");
    assert_eq!(refused("az://", &[]), "az:// names no container: az://CONTAINER/PREFIX");
    assert_eq!(refused("", &[]), "the location of the vault is empty");
}
