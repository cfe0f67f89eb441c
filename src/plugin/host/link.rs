//! The connection to one plugin, and what went wrong with it.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use super::Limits;
use super::process::Exit;
use crate::plugin::error::{Error, ErrorKind};
use crate::plugin::pipe::{End, Pipe};
use crate::plugin::{path, wire};

/// How long the end of a connection or a process may lag behind the error that it causes.
const LAG: Duration = Duration::from_secs(1);

/// What all calls to one plugin share.
pub(super) struct Link {
    name: String,
    exit: Exit,
    end: End,
    pub(super) limits: Limits,
}

impl Link {
    pub(super) fn new(name: &str, exit: Exit, end: End, limits: Limits) -> Self {
        Link { name: name.into(), exit, end, limits }
    }

    /// Speaks HTTP/2 over `pipe`, once: there is no second pipe to connect to again.
    pub(super) async fn connect(&self, pipe: Pipe) -> Result<Channel, Error> {
        let mut pipe = Some(pipe);
        let connector = tower::service_fn(move |_: http::Uri| {
            let pipe = pipe.take().map(TokioIo::new);
            async move { pipe.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)) }
        });
        let endpoint = Endpoint::from_static("http://plugin")
            .initial_stream_window_size(wire::STREAM_WINDOW)
            .initial_connection_window_size(wire::CONNECTION_WINDOW);
        match timeout(self.limits.answer, endpoint.connect_with_connector(connector)).await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(_)) => Err(self.broken().await),
            Err(_) => Err(self.late("start", self.limits.answer)),
        }
    }

    /// Waits for an answer to `call`, which is to `doing` ("cannot …"), at most `patience`.
    pub(super) async fn answer<T>(
        &self,
        doing: &str,
        patience: Duration,
        call: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            answer = timeout(patience, call) => match answer {
                Ok(answer) => self.checked(doing, answer).await,
                Err(_) => Err(self.late(doing, patience)),
            },
            () = self.gone() => Err(self.broken().await),
        }
    }

    /// Returns when the process has ended and what it said last has had time to arrive. Its output need not end with it: a child
    /// of it may hold that open.
    pub(super) async fn gone(&self) {
        self.exit.clone().status().await;
        tokio::time::sleep(LAG).await;
    }

    /// An answer of the plugin, or what its failure means.
    pub(super) async fn checked<T>(&self, doing: &str, answer: Result<T, Status>) -> Result<T, Error> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(status) => Err(self.fault(doing, &status).await),
        }
    }

    /// The plugin broke a rule of the interface; `what` continues "the plugin X …".
    pub(super) fn broke_rule(&self, what: impl AsRef<str>) -> Error {
        Error::new(ErrorKind::Protocol, format!("the plugin {} {}", self.name, what.as_ref()))
    }

    /// The plugin said nothing for as long as `patience`.
    pub(super) fn late(&self, doing: &str, patience: Duration) -> Error {
        let what = format!("the plugin {} gave no answer within {patience:?} when it was to {doing}", self.name);
        Error::new(ErrorKind::TimedOut, what)
    }

    /// Tells a plugin that says no from one that is gone or talks nonsense.
    async fn fault(&self, doing: &str, status: &Status) -> Error {
        if status.source().is_some() {
            return match timeout(LAG, self.over()).await {
                Ok(()) => self.broken().await,
                Err(_) => self.broke_rule(format!("broke off when it was to {doing}")),
            };
        }
        let made_here = match status.code() {
            Code::OutOfRange if status.message().contains("message length too large") => {
                Some("sent a message larger than 64 MiB".to_owned())
            }
            Code::Unimplemented => Some(format!("does not know the call to {doing}; it may be of another generation")),
            Code::Internal if MADE_HERE.iter().any(|start| status.message().starts_with(start)) => {
                Some(format!("sent a message that can't be read when it was to {doing}"))
            }
            _ => None,
        };
        if let Some(what) = made_here {
            return self.broke_rule(what);
        }
        let kind = match status.code() {
            Code::InvalidArgument => ErrorKind::Usage,
            Code::Unavailable | Code::PermissionDenied | Code::Unauthenticated => ErrorKind::Access,
            _ => ErrorKind::Refused,
        };
        Error::new(kind, format!("cannot {doing}")).because(Said::new(status))
    }

    /// Returns when the connection or the process has ended.
    async fn over(&self) {
        let (mut end, mut exit) = (self.end.clone(), self.exit.clone());
        tokio::select! {
            () = end.reached() => {}
            _ = exit.status() => {}
        }
    }

    /// What the end of the connection means.
    pub(super) async fn broken(&self) -> Error {
        match timeout(LAG, self.exit.clone().status()).await {
            Ok(Some(status)) => {
                let what = format!("the plugin {} ended before its work was done ({status})", self.name);
                Error::new(ErrorKind::Died, what)
            }
            Ok(None) => Error::new(ErrorKind::Died, format!("the plugin {} was ended", self.name)),
            Err(_) => self.broke_rule("sent something that is not the plugin interface, or closed its output"),
        }
    }
}

/// How statuses begin that tonic makes when it can't read a message.
const MADE_HERE: [&str; 4] = ["failed to decode", "protocol error", "Unexpected EOF", "Missing response message"];

/// What a plugin said in a status, fit to be shown.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl Said {
    fn new(status: &Status) -> Self {
        match status.message() {
            "" => Said(status.code().description().to_lowercase()),
            message => Said(path::shown(message)),
        }
    }
}
