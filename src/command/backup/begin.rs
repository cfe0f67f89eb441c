//! The beginning of a backup: the vault is opened while the source is looked for.
//!
//! What a passphrase costs and what a server takes to answer pass together. Nobody is asked two things at once: what unlocks the
//! vault is there before, and a source for which somebody may be asked waits until the vault is open.

use std::pin::pin;

use futures_util::future::{Either, select};

use crate::plugin;
use crate::plugin::host::{Importer, Plugin};
use crate::vault::Vault;

use super::super::context::Context;
use super::super::endpoint::Endpoint;
use super::super::failure::Failure;
use super::super::{connectors, open};

/// What a backup works with.
pub struct Begun {
    /// The open vault.
    pub vault: Vault,
    /// The process of the connector.
    pub plugin: Plugin,
    /// The source.
    pub importer: Importer,
}

/// Opens the vault and the source. Where the vault does not open, that is what is said, whatever became of the source, and its
/// process has ended.
pub async fn begin(context: &Context, endpoint: &Endpoint, ready: open::Ready) -> Result<Begun, Failure> {
    if may_ask(endpoint) {
        let vault = ready.open(context).await?;
        let plugin = connectors::start(endpoint).await?;
        let importer = plugin.import(connectors::init(endpoint)).await.map_err(|error| failed(endpoint, &error))?;
        return Ok(Begun { vault, plugin, importer });
    }
    let plugin = connectors::start(endpoint).await?;
    match Box::pin(both(ready.open(context), listed(&plugin, endpoint))).await {
        Ok((vault, Ok(importer))) => Ok(Begun { vault, plugin, importer }),
        Ok((_, Err(error))) => Err(failed(endpoint, &error)),
        Err(failure) => {
            // It may have been in the middle of something: how it ends says nothing.
            let _ = plugin.stop().await;
            Err(failure)
        }
    }
}

/// Whether a person may be asked for something when the source is opened. Of others' connectors nobody knows.
fn may_ask(endpoint: &Endpoint) -> bool {
    !endpoint.served.is_own() || endpoint.options.contains_key("password_command")
}

/// The source, which is looking for what it holds already.
async fn listed(plugin: &Plugin, endpoint: &Endpoint) -> Result<Importer, plugin::Error> {
    let importer = plugin.import(connectors::init(endpoint)).await?;
    importer.begin().await?;
    Ok(importer)
}

/// Waits for both; for the vault alone where that fails.
async fn both<S>(
    vault: impl Future<Output = Result<Vault, Failure>>,
    source: impl Future<Output = S>,
) -> Result<(Vault, S), Failure> {
    match select(pin!(vault), pin!(source)).await {
        Either::Left((vault, source)) => Ok((vault?, source.await)),
        Either::Right((source, vault)) => Ok((vault.await?, source)),
    }
}

fn failed(endpoint: &Endpoint, error: &plugin::Error) -> Failure {
    connectors::failure(&format!("cannot back up {}", endpoint.shown()), error)
}
