//! Starting a connector: a child process of this very program, driven as any plugin would be.

use crate::connector::secret;
use crate::plugin::host::{Init, Limits, Plugin};
use crate::plugin::{self, ErrorKind};
use crate::report::sentence;

use super::endpoint::Endpoint;
use super::failure::Failure;

/// Starts the plugin that serves davault's own connectors.
pub async fn start(endpoint: &Endpoint) -> Result<Plugin, Failure> {
    let program =
        std::env::current_exe().map_err(|error| Failure::because("cannot find davault's own program", &error))?;
    let mut limits = Limits::default();
    if endpoint.options.contains_key("password_command") {
        // It runs before the connector answers, and a person may have to type something into it.
        limits.answer += secret::COMMAND_LIMIT;
    }
    Plugin::start_within(&program, &["plugin".to_string()], limits)
        .await
        .map_err(|error| Failure::because("cannot start a connector", &error))
}

/// What the connector is told of `endpoint`.
pub fn init(endpoint: &Endpoint) -> Init {
    Init { location: endpoint.location.clone(), options: endpoint.options.clone(), ..Init::default() }
}

/// Connects to a source and returns who it is.
pub async fn ping_source(endpoint: &Endpoint) -> Result<String, Failure> {
    let plugin = start(endpoint).await?;
    let importer = plugin.import(init(endpoint)).await.map_err(|error| unreachable(endpoint, &error))?;
    importer.ping().await.map_err(|error| unreachable(endpoint, &error))?;
    let origin = importer.about().origin.clone();
    drop(importer);
    plugin.stop().await.map_err(|error| Failure::because("the connector did not end well", &error))?;
    Ok(origin)
}

/// Connects to a destination and returns who it is.
pub async fn ping_destination(endpoint: &Endpoint) -> Result<String, Failure> {
    let plugin = start(endpoint).await?;
    let exporter = plugin.export(init(endpoint)).await.map_err(|error| unreachable(endpoint, &error))?;
    exporter.ping().await.map_err(|error| unreachable(endpoint, &error))?;
    let origin = exporter.about().origin.clone();
    drop(exporter);
    plugin.stop().await.map_err(|error| Failure::because("the connector did not end well", &error))?;
    Ok(origin)
}

fn unreachable(endpoint: &Endpoint, error: &plugin::Error) -> Failure {
    failure(&format!("cannot reach {}", endpoint.shown()), error)
}

/// An error of a plugin's as the failure of a command.
pub fn failure(what: &str, error: &plugin::Error) -> Failure {
    let text = format!("{what}: {}", sentence(error));
    if error.kind == ErrorKind::Usage { Failure::usage(text) } else { Failure::failed(text) }
}
