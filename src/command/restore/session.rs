//! One session with an exporter: everything is sent, and what became of it is heard.

use crate::plugin::host::{Exporter, Stored};
use crate::plugin::{Error, ErrorKind};
use crate::report::Report;

use super::super::failure::Failure;
use super::contents::Contents;
use super::sending::{Sender, Unsent};

/// How a session ended.
pub enum Ended {
    /// All was sent and answered.
    Well,
    /// So it was, and something that belongs to no single item went wrong at the end: a colour that is refused, say.
    Troubled(Error),
    /// Before its end.
    Stopped(Error),
}

/// Sends all of it, and hands on what became of each record. An error where the vault can't give what must not be missing.
pub async fn run(sender: &Sender<'_>, contents: &Contents, heard: impl FnMut(Stored)) -> Result<Ended, Failure> {
    sender.progress.expect(contents.files.len() as u64);
    let sending = async {
        match sender.send(contents).await {
            Err(Unsent::Unreadable(failure)) => Err(failure),
            Err(Unsent::Refused(error)) => Ok(Err(error)),
            Ok(()) => Ok(Ok(())),
        }
    };
    let receiving = async { Ok(receive(sender.exporter, heard).await) };
    // Both at once: a destination may not take the next record before its last answer was heard.
    let (sent, ended) = tokio::try_join!(sending, receiving)?;
    Ok(match (ended, sent) {
        (Ok(()), Ok(())) => Ended::Well,
        (Err(error), Ok(())) if error.kind == ErrorKind::Refused => Ended::Troubled(error),
        (Err(error), _) | (Ok(()), Err(error)) => Ended::Stopped(error),
    })
}

async fn receive(exporter: &Exporter, mut heard: impl FnMut(Stored)) -> Result<(), Error> {
    while let Some(stored) = exporter.next().await? {
        heard(stored);
    }
    Ok(())
}
