//! Starting a connector: a child process of this very program, or one of an installed package, driven in the same way.

use std::path::Path;
use std::time::Duration;

use crate::connector::secret;
use crate::plugin::host::{Init, Limits, Plugin};
use crate::plugin::{self, ErrorKind};
use crate::report::sentence;

use super::endpoint::Endpoint;
use super::failure::Failure;
use super::local;
use super::served::Served;

/// How long others' connectors may take to answer Init: some of them sign in then.
const FIRST_ANSWER: Duration = Duration::from_mins(2);

/// Starts the plugin that serves an endpoint.
pub async fn start(endpoint: &Endpoint) -> Result<Plugin, Failure> {
    match &endpoint.served {
        Served::Own => start_own(endpoint).await,
        Served::Package(package) => {
            let limits = Limits { answer: FIRST_ANSWER, opens: cores(), ..Limits::default() };
            let failed = format!("cannot start a connector of the package {}", package.name);
            start_program(&package.program, &package.args, limits, &failed).await
        }
    }
}

/// Starts the plugin that serves davault's own connectors.
async fn start_own(endpoint: &Endpoint) -> Result<Plugin, Failure> {
    let program =
        std::env::current_exe().map_err(|error| Failure::because("cannot find davault's own program", &error))?;
    let mut limits = Limits::default();
    if endpoint.options.contains_key("password_command") {
        // It runs before the connector answers, and a person may have to type something into it.
        limits.answer += secret::COMMAND_LIMIT;
    }
    start_program(&program, &["plugin".to_string()], limits, "cannot start a connector").await
}

async fn start_program(program: &Path, args: &[String], limits: Limits, failed: &str) -> Result<Plugin, Failure> {
    Plugin::start_within(program, args, limits).await.map_err(|error| Failure::because(failed, &error))
}

/// What the connector is told of `endpoint`.
pub fn init(endpoint: &Endpoint) -> Init {
    let init = Init { location: endpoint.location.clone(), options: endpoint.options.clone(), ..Init::default() };
    match endpoint.served {
        Served::Own => init,
        // Some of them do nothing at all where nothing may be done at once.
        Served::Package(_) => Init { max_concurrency: cores(), hostname: local::host_name(), all_kinds: true, ..init },
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Ends a plugin whose work is done. How others' end is nobody's business: plakar kills them.
pub async fn stop(endpoint: &Endpoint, plugin: Plugin) -> Result<(), plugin::Error> {
    let ended = plugin.stop().await;
    if endpoint.served.is_own() { ended } else { Ok(()) }
}

/// Connects to a source and returns who it is.
pub async fn ping_source(endpoint: &Endpoint) -> Result<String, Failure> {
    let plugin = start(endpoint).await?;
    let importer = plugin.import(init(endpoint)).await.map_err(|error| unreachable(endpoint, &error))?;
    importer.ping().await.map_err(|error| unreachable(endpoint, &error))?;
    let origin = importer.about().origin.clone();
    drop(importer);
    pinged(endpoint, plugin, origin).await
}

/// Connects to a destination and returns who it is.
pub async fn ping_destination(endpoint: &Endpoint) -> Result<String, Failure> {
    let plugin = start(endpoint).await?;
    let exporter = plugin.export(init(endpoint)).await.map_err(|error| unreachable(endpoint, &error))?;
    exporter.ping().await.map_err(|error| unreachable(endpoint, &error))?;
    let origin = exporter.about().origin.clone();
    drop(exporter);
    pinged(endpoint, plugin, origin).await
}

/// Who answered; some connectors of others have no name for that.
async fn pinged(endpoint: &Endpoint, plugin: Plugin, origin: String) -> Result<String, Failure> {
    let ended = stop(endpoint, plugin).await;
    ended.map_err(|error| Failure::because("the connector did not end well", &error))?;
    Ok(if origin.is_empty() { endpoint.shown() } else { origin })
}

fn unreachable(endpoint: &Endpoint, error: &plugin::Error) -> Failure {
    failure(&format!("cannot reach {}", endpoint.shown()), error)
}

/// An error of a plugin's as the failure of a command.
pub fn failure(what: &str, error: &plugin::Error) -> Failure {
    let text = format!("{what}: {}", sentence(error));
    if error.kind == ErrorKind::Usage { Failure::usage(text) } else { Failure::failed(text) }
}
