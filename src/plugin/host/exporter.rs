//! Drives a plugin that writes to a destination.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::About;
use super::link::Link;
use super::record::{Attribute, Record, key_of};
use super::sending::Sending;
use super::stored::{Stored, words};
use crate::plugin::error::{Error, ErrorKind};
use crate::plugin::path::{self, Seen};
use crate::plugin::wire;
use crate::proto::plakar::connectors::{Record as WireRecord, Result as Answer};
use crate::proto::plakar::exporter::export_request::Packet;
use crate::proto::plakar::exporter::exporter_client::ExporterClient;
use crate::proto::plakar::exporter::{CloseRequest, ExportRequest, ExportResponse, InitRequest, PingRequest};
use crate::report;

/// Messages that wait for the plugin while it is busy: at most so many MiB of content.
const WAITING: usize = 16;

/// A destination behind the interface. [`Exporter::send`] and [`Exporter::next`] are meant for two tasks.
pub struct Exporter {
    about: About,
    link: Arc<Link>,
    client: ExporterClient<Channel>,
    packets: tokio::sync::Mutex<Option<mpsc::Sender<ExportRequest>>>,
    results: tokio::sync::Mutex<mpsc::UnboundedReceiver<Stored>>,
    asked: Arc<Mutex<Asked>>,
    /// How the exchange ended; `None` while it goes on.
    end: watch::Receiver<Option<End>>,
    exchange: AbortHandle,
}

/// `Err` holds what an [`Error`] is made of, for as many callers as ask.
type End = Result<(), (ErrorKind, String)>;

/// Which records the plugin owes an answer, and which it has answered.
struct Asked {
    open: Seen,
    answered: Seen,
    all_sent: bool,
}

impl Exporter {
    pub(super) async fn init(link: Arc<Link>, channel: Channel, request: InitRequest) -> Result<Exporter, Error> {
        let mut client = ExporterClient::new(channel).max_decoding_message_size(wire::MESSAGE);
        let doing = "open the destination";
        let answer = link.answer(doing, link.limits.answer, client.init(request)).await?.into_inner();
        let (packets, to_plugin) = mpsc::channel(WAITING);
        let (stored, results) = mpsc::unbounded_channel();
        let (ended, end) = watch::channel(None);
        let asked = Arc::new(Mutex::new(Asked { open: Seen::new(), answered: Seen::new(), all_sent: false }));
        let exchange = Exchange { link: Arc::clone(&link), asked: Arc::clone(&asked), stored };
        let exchange = tokio::spawn(exchange.run(client.clone(), to_plugin, ended)).abort_handle();
        Ok(Exporter {
            about: About {
                origin: path::shown(&answer.origin),
                kind: path::shown(&answer.r#type),
                root: path::shown(&answer.root),
                flags: answer.flags,
            },
            packets: tokio::sync::Mutex::new(Some(packets)),
            results: tokio::sync::Mutex::new(results),
            link,
            client,
            asked,
            end,
            exchange,
        })
    }

    /// Who the plugin writes to.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Tries whether the destination can be reached.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut client = self.client.clone();
        self.link.answer("reach the destination", self.link.limits.quiet, client.ping(PingRequest {})).await?;
        Ok(())
    }

    /// Sends a record and, for a file, its content; waits while the plugin is busy. Folders go before what is in them, and no
    /// path goes twice.
    pub async fn send(&self, record: &Record, content: Option<Bytes>) -> Result<(), Error> {
        match content {
            None => self.begin(&record.key(), record.to_wire(false)).await?.done(),
            Some(content) => {
                let mut sending = self.open(record).await?;
                sending.add(content).await?;
                sending.end().await?;
            }
        }
        Ok(())
    }

    /// Sends an extended attribute of what went before.
    pub async fn send_attribute(&self, attribute: &Attribute, value: Bytes) -> Result<(), Error> {
        let mut sending = self.begin(&attribute.key(), attribute.to_wire()).await?;
        sending.add(value).await?;
        sending.end().await
    }

    /// Sends the record of a file; its content follows piece by piece.
    pub async fn open(&self, record: &Record) -> Result<Sending<'_>, Error> {
        self.begin(&record.key(), record.to_wire(true)).await
    }

    async fn begin(&self, key: &str, record: WireRecord) -> Result<Sending<'_>, Error> {
        let mut packets = self.packets.lock().await;
        // Taken out meanwhile: a content that is cut off by a caller who gives up must not be followed by anything.
        let Some(to_plugin) = packets.take() else {
            return Err(Error::new(ErrorKind::Refused, "cannot send a record after the last"));
        };
        asked(&self.asked).open.insert(key);
        let sending = Sending::new(self, packets, to_plugin);
        sending.packet(Packet::Record(record)).await?;
        Ok(sending)
    }

    /// All records were sent; the plugin may finish.
    pub async fn all_sent(&self) {
        let mut packets = self.packets.lock().await;
        asked(&self.asked).all_sent = true;
        packets.take();
    }

    /// What became of the next record, in whatever order; `None` after the last, when all went well on the whole.
    pub async fn next(&self) -> Result<Option<Stored>, Error> {
        match self.results.lock().await.recv().await {
            Some(stored) => Ok(Some(stored)),
            None => match self.end().await {
                Ok(()) => Ok(None),
                Err((kind, what)) => Err(Error::new(kind, what)),
            },
        }
    }

    /// Closes the destination, after [`Exporter::next`] has said that all is done.
    pub async fn finish(&self) -> Result<(), Error> {
        let mut client = self.client.clone();
        self.link.answer("close the destination", self.link.limits.answer, client.close(CloseRequest {})).await?;
        Ok(())
    }

    pub(super) async fn ended(&self) -> Error {
        match self.end().await {
            Ok(()) => self.link.broke_rule("takes no more records"),
            Err((kind, what)) => Error::new(kind, what),
        }
    }

    pub(super) async fn end(&self) -> End {
        let mut end = self.end.clone();
        let gone = || Err((ErrorKind::Died, "the exchange with the plugin was given up".into()));
        end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone()).unwrap_or_else(gone)
    }
}

/// Whoever gives up in the middle breaks the exchange off: an orderly end would tell the plugin that this was all.
impl Drop for Exporter {
    fn drop(&mut self) {
        self.exchange.abort();
    }
}

fn asked(asked: &Mutex<Asked>) -> MutexGuard<'_, Asked> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The task that makes the call and takes the results.
struct Exchange {
    link: Arc<Link>,
    asked: Arc<Mutex<Asked>>,
    stored: mpsc::UnboundedSender<Stored>,
}

impl Exchange {
    async fn run(
        self,
        client: ExporterClient<Channel>,
        to_plugin: mpsc::Receiver<ExportRequest>,
        ended: watch::Sender<Option<End>>,
    ) {
        let end = self.exchange(client, to_plugin).await;
        ended.send_replace(Some(end.map_err(|error| (error.kind, report::sentence(&error)))));
    }

    async fn exchange(
        &self,
        mut client: ExporterClient<Channel>,
        mut to_plugin: mpsc::Receiver<ExportRequest>,
    ) -> Result<(), Error> {
        // A plugin that is only pinged is never asked to export.
        let Some(first) = to_plugin.recv().await else { return Ok(()) };
        let packets = tokio_stream::StreamExt::chain(tokio_stream::once(first), ReceiverStream::new(to_plugin));
        let mut results: Streaming<ExportResponse> = self.wait(client.export(packets)).await?.into_inner();
        while let Some(response) = self.wait(results.message()).await? {
            self.take(response)?;
        }
        self.check_end()
    }

    /// Waits for the plugin; as long as it likes while it owes nothing, because then the host is what is slow.
    async fn wait<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Error> {
        let doing = "write to the destination";
        let mut call = std::pin::pin!(call);
        loop {
            let answer = tokio::select! {
                biased;
                answer = timeout(self.link.limits.quiet, call.as_mut()) => answer,
                () = self.link.gone() => return Err(self.link.broken().await),
            };
            match answer {
                Ok(answer) => return self.link.checked(doing, answer).await,
                Err(_) if self.owes_nothing() => {}
                Err(_) => return Err(self.link.late(doing, self.link.limits.quiet)),
            }
        }
    }

    fn owes_nothing(&self) -> bool {
        let asked = asked(&self.asked);
        asked.open.len() == 0 && !asked.all_sent
    }

    fn take(&self, response: ExportResponse) -> Result<(), Error> {
        let Some(Answer { header: Some(header), error }) = response.result else {
            return Err(self.link.broke_rule("gave a result that belongs to no record"));
        };
        let shown = path::shown(&header.pathname);
        {
            let mut asked = asked(&self.asked);
            let key = key_of(&header);
            if !asked.open.remove(&key) {
                let again = asked.answered.contains(&key);
                let what = if again { "gave two results for" } else { "gave a result for what it was not given," };
                return Err(self.link.broke_rule(format!("{what} {shown}")));
            }
            asked.answered.insert(&key);
        }
        let (outcome, foreseen) = words(&header.extended_attributes);
        let error = Some(path::shown(&error)).filter(|error| !error.is_empty());
        // Nobody waits for results any more when the exporter was dropped; the exchange ends with the plugin then.
        let attribute = header.is_xattr.then(|| path::shown(&header.xattr_name));
        let _ = self.stored.send(Stored { path: header.pathname, attribute, error, outcome, foreseen });
        Ok(())
    }

    fn check_end(&self) -> Result<(), Error> {
        let asked = asked(&self.asked);
        match (asked.all_sent, asked.open.len()) {
            (false, _) => Err(self.link.broke_rule("ended its results before it was given the last record")),
            (true, 0) => Ok(()),
            (true, 1) => Err(self.link.broke_rule("did not say what became of one record")),
            (true, count) => Err(self.link.broke_rule(format!("did not say what became of {count} records"))),
        }
    }
}
