//! Vaults on servers that others wrote, in each of the three languages of cloud storage: `make test-stores`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use davault::report::Tally;
use davault::vault::{CheckDepth, ErrorKind, Grace, Place, Vault};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::support::servers::Server;

use super::uploads::noise;
use super::world::{CHEAP, at, back_up, events, everything, passphrase};

/// Azurite's account and key, the same everywhere.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

fn place(location: &str, options: &[(&str, &str)]) -> Place {
    let options: BTreeMap<_, _> =
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Place::parse(location, &options).expect("it works")
}

async fn put(url: &str, headers: &[(&str, &str)]) {
    // Fails where another test has chosen the same before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("it works");
    let request = headers.iter().fold(client.put(url), |request, (name, value)| request.header(*name, *value));
    let answer = request.header("content-length", 0).send().await.expect("it works");
    let status = answer.status();
    assert!(status.is_success(), "{url}: {status}: {}", answer.text().await.unwrap_or_default());
}

/// Makes a container, as docs of "Authorize with Shared Key" say.
async fn make_container(server: &Server, name: &str) {
    let date = httpdate::fmt_http_date(jiff::Timestamp::now().into());
    let headers = [("x-ms-date", date.as_str()), ("x-ms-version", "2021-08-06")];
    let signed = format!("x-ms-date:{date}\nx-ms-version:2021-08-06\n");
    let text = format!("PUT{}{signed}/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container", "\n".repeat(12));
    let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64.decode(KEY).expect("it works")).expect("it works");
    mac.update(text.as_bytes());
    let signature = format!("SharedKey {ACCOUNT}:{}", BASE64.encode(mac.finalize().into_bytes()));
    let url = format!("{}{ACCOUNT}/{name}?restype=container", server.url());
    put(&url, &[headers[0], headers[1], ("authorization", &signature)]).await;
}

/// The whole life of a vault: of eight creations at once one succeeds; backups, small and in parts, come back; what is removed
/// and pruned is gone, and the rest is whole.
async fn lives_at(place: &Place) {
    assert_eq!(Vault::open(place, &passphrase("x")).await.err().expect("an error").kind, ErrorKind::NotAVault);
    let unlock = passphrase("x");
    let creations = (0..8).map(|_| Vault::create(place, &unlock, CHEAP, at(0)));
    let created = futures_util::future::join_all(creations).await;
    let failed: Vec<_> = created.iter().filter_map(|created| created.as_ref().err()).collect();
    assert!(failed.len() == 7 && failed.iter().all(|error| error.kind == ErrorKind::Exists), "{failed:?}");

    let mut small = events(300, 4);
    let mut large = small.clone();
    large.push(("/calendars/work/large.ics".to_owned(), noise(10_600_000, 7)));
    small.sort();
    large.sort();
    let vault = Vault::open(place, &unlock).await.expect("it works");
    let (first, _) = back_up(&vault, &large, 1).await;
    let (second, _) = back_up(&vault, &small, 2).await;
    let vault = Vault::open(place, &unlock).await.expect("it works");
    assert_eq!(vault.find("latest").await.expect("it works"), second);
    assert_eq!(everything(&vault, &first).await, large);
    assert_eq!(everything(&vault, &second).await, small);

    vault.remove(std::slice::from_ref(&first)).await.expect("it works");
    let pruned = vault.prune(Grace::Now).await.expect("it works");
    assert!(pruned.deleted.bytes > 10_000_000, "{pruned:?}");
    let vault = Vault::open(place, &unlock).await.expect("it works");
    assert_eq!(vault.snapshots().await.expect("it works").whole, std::slice::from_ref(&second));
    assert_eq!(everything(&vault, &second).await, small);
    back_up(&vault, &large, 3).await;
    let summary = vault.check(CheckDepth::ReadData, &Tally::default()).await.expect("it works");
    assert!(summary.is_sound() && summary.snapshots == 2, "{summary:?}");
}

#[tokio::test]
#[ignore = "`make test-stores` installs the server and runs it"]
async fn a_vault_lives_on_an_s3_server_that_is_not_ours() {
    let server = Server::moto().await;
    put(&format!("{}backups", server.url()), &[]).await;
    let endpoint = server.url();
    let keys = [("access_key", "any"), ("secret_key", "any"), ("region", "us-east-1")];
    lives_at(&place("s3://backups/vault", &[&[("endpoint", endpoint.trim_end_matches('/'))], &keys[..]].concat()))
        .await;
}

#[tokio::test]
#[ignore = "`make test-stores` installs the server and runs it"]
async fn a_vault_lives_on_a_server_that_speaks_googles_language() {
    let server = Server::moto().await;
    put(&format!("{}backups", server.url()), &[]).await;
    let endpoint = server.url();
    let options = [("endpoint", endpoint.trim_end_matches('/')), ("bearer_token", "any")];
    lives_at(&place("gs://backups/vault", &options)).await;
}

#[tokio::test]
#[ignore = "`make test-stores` installs the server and runs it"]
async fn a_vault_lives_on_a_server_that_speaks_azures_language() {
    let server = Server::azurite().await;
    make_container(&server, "backups").await;
    let endpoint = format!("{}{ACCOUNT}", server.url());
    lives_at(&place("az://backups/vault", &[("endpoint", &endpoint), ("account", ACCOUNT), ("access_key", KEY)])).await;
}
