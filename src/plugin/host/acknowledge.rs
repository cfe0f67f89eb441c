//! Acknowledgments on their way to an importer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;

use crate::proto::importer::ImportRequest;
use crate::proto::plakar::connectors::{FileInfo, Record, Result as Acknowledged};

/// What an acknowledgment costs beside its texts, in bytes, about.
const MESSAGE: usize = 256;

/// Where acknowledgments go in.
pub(super) struct Acknowledge {
    to_plugin: mpsc::UnboundedSender<ImportRequest>,
    waiting_bytes: Arc<AtomicUsize>,
    most_bytes: usize,
}

/// Where they come out, to be sent.
pub(super) struct Acknowledgments {
    messages: mpsc::UnboundedReceiver<ImportRequest>,
    waiting_bytes: Arc<AtomicUsize>,
}

/// A queue of at most so many bytes.
pub(super) fn queue(most_bytes: usize) -> (Acknowledge, Acknowledgments) {
    let (to_plugin, messages) = mpsc::unbounded_channel();
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    let out = Acknowledgments { messages, waiting_bytes: Arc::clone(&waiting_bytes) };
    (Acknowledge { to_plugin, waiting_bytes, most_bytes }, out)
}

impl Acknowledge {
    /// Queues a folder that the host has, with the number of its contents.
    pub(super) fn hold(&self, folder: &str, contents: u64) {
        let file_info = Some(FileInfo { ino: contents, ..FileInfo::default() });
        self.send(Record { pathname: folder.into(), file_info, ..Record::default() }, "");
    }

    /// Says that those were all.
    pub(super) fn hold_no_more(&self) {
        let _ = self.to_plugin.send(ImportRequest { result: None });
    }

    /// Queues one. When the queue is full, the plugin does not listen, and loses what it did not ask for in time: such a record
    /// counts as not taken, and comes again in the next backup.
    pub(super) fn send(&self, header: Record, error: &str) {
        let cost = header.pathname.len() + error.len() + MESSAGE;
        if self.waiting_bytes.load(Ordering::Relaxed) + cost > self.most_bytes {
            return;
        }
        self.waiting_bytes.fetch_add(cost, Ordering::Relaxed);
        let result = Some(Acknowledged { header: Some(header), error: error.into() });
        // A list that broke off takes none any more, and needs none.
        let _ = self.to_plugin.send(ImportRequest { result });
    }
}

impl Stream for Acknowledgments {
    type Item = ImportRequest;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ImportRequest>> {
        let polled = self.messages.poll_recv(context);
        if let Poll::Ready(Some(ImportRequest { result: Some(result) })) = &polled {
            let path = result.header.as_ref().map_or(0, |header| header.pathname.len());
            let cost = path + result.error.len() + MESSAGE;
            self.waiting_bytes.fetch_sub(cost, Ordering::Relaxed);
        }
        polled
    }
}
