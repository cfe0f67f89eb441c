//! A connector as a plakar plugin: what `davault plugin` is.
//!
//! One process offers an importer and an exporter of both generations of the interface, and lives as long as its standard
//! input is open. Promises that every status message is a sentence for a person. Never prints: standard output belongs to the
//! host.

mod answer;
mod broken;
mod calls;
mod content;
mod excludes;
mod exporter;
mod generation;
mod importer;
mod sessions;
mod v1_0;
mod v1_1;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream;
use tokio_stream::StreamExt;
use tonic::{Code, Status};

use super::error::{Error, ErrorKind};
use super::pipe::{End, Pipe};
use super::wire;
use crate::connector::{self, Destination, ErrorKind as Wrong, Source};
use crate::report;

pub use generation::Generation;

/// What to do where a plakar 1.0 was taken for a newer one.
const MISTAKEN_1_0: &str = "the host went away as plakar 1.0 does when it is taken for 1.1; if it is one, set \
                            DAVAULT_PLUGIN_API=1.0 in its environment";

/// The option that asks for a plan.
const DRY_RUN: &str = "dry_run";

/// Makes the connectors that are served, once the host has said for which location.
#[async_trait]
pub trait Connectors: Send + Sync + 'static {
    /// A source for `location` as the user wrote it; connects to nothing yet.
    async fn source(
        &self,
        location: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Box<dyn Source>, connector::Error>;

    /// A destination for `location` as the user wrote it; connects to nothing yet.
    async fn destination(
        &self,
        location: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Box<dyn Destination>, connector::Error>;

    /// The generation that the host is of, where a person has said so; else it is told by what the host calls itself.
    fn generation(&self) -> Option<Generation> {
        None
    }

    /// Tells the person at the terminal what no answer to the host can.
    fn warn(&self, _sentence: &str) {}
}

/// Serves `connectors` on standard input and output until the host closes them; that is an end without an error.
///
/// An interrupt from the terminal is left to the host: it gets the same one, and decides how to end.
pub async fn serve_stdio(connectors: impl Connectors) -> Result<(), Error> {
    let pipe = Pipe::stdio()
        .map_err(|error| Error::new(ErrorKind::Pipe, "cannot use standard input and output").because(error))?;
    tokio::select! {
        ended = serve(pipe, Arc::new(connectors)) => ended,
        never = ignore_interrupts() => match never {},
    }
}

async fn ignore_interrupts() -> Infallible {
    loop {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Serves `connectors` on `pipe` until its other end is closed.
async fn serve(pipe: Pipe, connectors: Arc<dyn Connectors>) -> Result<(), Error> {
    let end = pipe.end();
    let calls = calls::Calls::new(Arc::clone(&connectors));
    let served = tonic::transport::Server::builder()
        .initial_stream_window_size(wire::STREAM_WINDOW)
        .initial_connection_window_size(wire::CONNECTION_WINDOW)
        .serve_with_incoming(calls.clone(), only(pipe, end))
        .await;
    if calls.was_mistaken() {
        connectors.warn(MISTAKEN_1_0);
    }
    served.map_err(|error| Error::new(ErrorKind::Pipe, "cannot serve the plugin interface").because(error))
}

/// The one connection; ends when that connection does, and serving with it.
fn only(pipe: Pipe, end: End) -> impl stream::Stream<Item = Result<Pipe, Infallible>> {
    let ended = stream::once(async move {
        let mut end = end;
        end.reached().await;
    });
    stream::iter([Ok(pipe)]).chain(ended.filter_map(|()| None))
}

/// What the host asks for with Init. Options may be secrets, so this can't be printed.
#[derive(Clone)]
struct Asked {
    location: String,
    options: BTreeMap<String, String>,
}

impl Asked {
    /// Takes the location out of what the host configured; the rest are options. `at_once` is how many items the host wants to
    /// be worked on at the same time; 0 where it does not say.
    fn new(config: HashMap<String, String>, at_once: i64) -> Result<Self, Status> {
        let mut options: BTreeMap<_, _> = config.into_iter().collect();
        let Some(location) = options.remove("location") else {
            return Err(Status::invalid_argument("the host gave no location"));
        };
        if let Ok(at_once) = usize::try_from(at_once) {
            connector::limit(&location, &mut options, at_once);
        }
        Ok(Asked { location, options })
    }

    /// Whether it is asked only what would be done.
    fn is_plan(&self) -> bool {
        connector::is_on(&self.options, DRY_RUN)
    }

    /// Whether `other` asks for what was asked here as a plan.
    fn is_plan_of(&self, other: &Asked) -> bool {
        let others = |asked: &Asked| {
            let mut options = asked.options.clone();
            options.remove(DRY_RUN);
            options
        };
        self.is_plan() && !other.is_plan() && self.location == other.location && others(self) == others(other)
    }

    async fn source(&self, connectors: &dyn Connectors) -> Result<Arc<dyn Source>, Status> {
        let source = connectors.source(&self.location, &self.options).await;
        source.map(Arc::from).map_err(|error| status(&error))
    }

    async fn destination(&self, connectors: &dyn Connectors) -> Result<Box<dyn Destination>, Status> {
        connectors.destination(&self.location, &self.options).await.map_err(|error| status(&error))
    }
}

/// A connector's error as the status that a person will read. Never `Unavailable`, which plakar shows as trouble with the
/// plugin itself, and never `Cancelled`, whose message it drops.
fn status(error: &connector::Error) -> Status {
    let code = match error.kind {
        Wrong::Usage => Code::InvalidArgument,
        Wrong::Access => Code::PermissionDenied,
        Wrong::Conflict => Code::AlreadyExists,
        Wrong::HeldBack => Code::FailedPrecondition,
        Wrong::Item | Wrong::Other => Code::Unknown,
    };
    Status::new(code, report::sentence(error))
}
