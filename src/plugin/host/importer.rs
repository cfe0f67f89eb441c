//! Drives a plugin that reads a source.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Semaphore;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Streaming};

use super::About;
use super::acknowledge::{self, Acknowledge, Acknowledgments};
use super::link::Link;
use super::listing::Listing;
use super::mode::Kind;
use super::reading::{self, Reading};
use super::record::{Attribute, Received, Record};
use crate::plugin::error::{Error, ErrorKind};
use crate::plugin::{path, wire};
use crate::proto::importer::importer_client::ImporterClient;
use crate::proto::importer::{CloseRequest, ImportResponse, InitRequest, OpenRequest, OpenResponse, PingRequest};
use crate::proto::plakar::connectors as wire_format;

/// Content that is read at the same time, in KiB; a larger one is read alone.
const ROOM_KIB: u32 = 64 << 10;

/// A source behind the interface. All methods may be called from several tasks at once.
pub struct Importer {
    about: About,
    link: Arc<Link>,
    client: ImporterClient<Channel>,
    opens: Semaphore,
    /// One for each KiB of content that may be on its way.
    room: Semaphore,
    listing: Mutex<Listing>,
    /// Gone when all was acknowledged that will be.
    acknowledge: Mutex<Option<Acknowledge>>,
    /// Whether the plugin waits to be told which folders we have.
    owes_folders: AtomicBool,
    list: tokio::sync::Mutex<List>,
}

/// What a message of the list brings.
enum Next {
    Received(Box<Received>),
    Nothing,
    End,
}

/// How far the list has come.
enum List {
    NotAskedFor(Acknowledgments),
    Running(Streaming<ImportResponse>),
    Complete(Streaming<ImportResponse>),
    Over,
}

impl Importer {
    pub(super) async fn init(
        link: Arc<Link>,
        channel: Channel,
        request: InitRequest,
        all_kinds: bool,
    ) -> Result<Importer, Error> {
        let mut client = ImporterClient::new(channel).max_decoding_message_size(wire::MESSAGE);
        let answer = link.answer("open the source", link.limits.answer, client.init(request)).await?.into_inner();
        let (acknowledge, acknowledgments) = acknowledge::queue(link.limits.unsettled_bytes);
        Ok(Importer {
            about: About {
                origin: path::shown(&answer.origin),
                kind: path::shown(&answer.r#type),
                root: path::shown(&answer.root),
                flags: answer.flags,
            },
            opens: Semaphore::new(link.limits.opens.max(1)),
            room: Semaphore::new(ROOM_KIB as usize),
            listing: Mutex::new(Listing::new(link.limits.clone(), all_kinds)),
            acknowledge: Mutex::new(Some(acknowledge)),
            owes_folders: AtomicBool::new(false),
            list: tokio::sync::Mutex::new(List::NotAskedFor(acknowledgments)),
            link,
            client,
        })
    }

    /// Who the plugin reads from.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Tries whether the source can be reached.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut client = self.client.clone();
        self.link.answer("reach the source", self.link.limits.quiet, client.ping(PingRequest {})).await?;
        Ok(())
    }

    /// Asks one of davault's own connectors for what the source holds already, so that it is looked for while the host is still
    /// busy; [`Importer::next`] gives it. [`Importer::hold`] may come in between. Does nothing where it was done before.
    pub async fn begin(&self) -> Result<(), Error> {
        self.start(&mut *self.list.lock().await, true).await
    }

    /// Tells, before the first of the list is taken and after [`Importer::begin`], which folders the host has, each with the number
    /// of its contents. Of one that has the same contents the plugin sends only the folder, with that number as version.
    pub fn hold<'f>(&self, folders: impl Iterator<Item = (&'f str, u64)>) {
        if !self.owes_folders.swap(false, Ordering::Relaxed) {
            return;
        }
        if let Some(acknowledge) = &*self.acknowledge.lock().unwrap_or_else(PoisonError::into_inner) {
            folders.for_each(|(folder, contents)| acknowledge.hold(folder, contents));
            acknowledge.hold_no_more();
        }
    }

    async fn start(&self, list: &mut List, will_hold: bool) -> Result<(), Error> {
        if let List::NotAskedFor(_) = list
            && let List::NotAskedFor(acknowledgments) = std::mem::replace(list, List::Over)
        {
            self.owes_folders.store(will_hold, Ordering::Relaxed);
            *list = List::Running(self.ask(acknowledgments, will_hold).await?);
        }
        Ok(())
    }

    /// The next of what the source holds, `None` after the last. Every record must be settled; folders may come after what is
    /// in them, and those that the plugin does not list are made up. After an error every further call fails.
    pub async fn next(&self) -> Result<Option<Received>, Error> {
        let mut list = self.list.lock().await;
        self.start(&mut list, false).await?;
        self.hold(std::iter::empty());
        loop {
            let stream = match &mut *list {
                List::Running(stream) => stream,
                List::Complete(_) => return Ok(self.listing().make_up()),
                _ => return Err(Error::new(ErrorKind::Refused, "cannot list the source any further")),
            };
            let message = self.link.answer("list the source", self.link.limits.quiet, stream.message()).await;
            let next = message.and_then(|message| self.received(message));
            // After an error the list is over.
            let List::Running(stream) = std::mem::replace(&mut *list, List::Over) else { continue };
            *list = match next? {
                Next::Received(received) => {
                    *list = List::Running(stream);
                    return Ok(Some(*received));
                }
                Next::Nothing => List::Running(stream),
                Next::End => List::Complete(stream),
            };
        }
    }

    /// The whole content of a file; an error of kind [`ErrorKind::Item`] costs this one only.
    pub async fn read(&self, record: &Record) -> Result<Bytes, Error> {
        if record.size > wire::CONTENT {
            return Err(item(record, "is larger than 256 MiB, which is more than an item may be"));
        }
        let kib = u32::try_from(record.size / 1024 + 1).unwrap_or(ROOM_KIB).min(ROOM_KIB);
        let (Ok(_place), Ok(_room)) = (self.opens.acquire().await, self.room.acquire_many(kib).await) else {
            return Err(item(record, "can't be read any more"));
        };
        let mut reading = Reading::new(&self.link, &record.path, self.ask_for(record.to_wire(true)).await?);
        let mut content = Content::default();
        while let Some(chunk) = reading.next().await? {
            content.add(chunk);
            if content.length() > record.size {
                return Err(item(record, "has more content than was announced"));
            }
        }
        if content.length() < record.size {
            return Err(item(record, "has less content than was announced"));
        }
        Ok(content.bytes())
    }

    /// Begins to read the content of a file, of whatever size; errors of kind [`ErrorKind::Item`] cost this one only.
    pub async fn open<'a>(&'a self, record: &Record) -> Result<Reading<'a>, Error> {
        let Ok(place) = self.opens.acquire().await else { return Err(item(record, "can't be read any more")) };
        let chunks = self.ask_for(record.to_wire(true)).await?;
        Ok(Reading::new(&self.link, &record.path, chunks).holding(place))
    }

    /// The value of an extended attribute; `None` where it has more than `most` bytes. An error of kind [`ErrorKind::Item`]
    /// costs this one only.
    pub async fn read_attribute(&self, attribute: &Attribute, most: usize) -> Result<Option<Bytes>, Error> {
        let Ok(_place) = self.opens.acquire().await else {
            return Err(Error::new(ErrorKind::Item, "extended attributes can't be read any more"));
        };
        let mut reading = Reading::new(&self.link, &attribute.path, self.ask_for(attribute.to_wire()).await?);
        let mut content = Content::default();
        while let Some(chunk) = reading.next().await? {
            content.add(chunk);
            if content.length() > most as u64 {
                return Ok(None);
            }
        }
        Ok(Some(content.bytes()))
    }

    /// Tells the plugin that the host is done with `record`: it has it, or `error` says why not. Only the first call counts.
    pub fn settle(&self, record: &Record, error: Option<&str>) {
        if self.listing().settle(&record.key(), record.cost()) {
            self.send(record.to_wire(record.kind() == Kind::File), error.unwrap_or_default());
        }
    }

    /// The same of an extended attribute.
    pub fn settle_attribute(&self, attribute: &Attribute, error: Option<&str>) {
        if self.listing().settle(&attribute.key(), attribute.cost()) {
            self.send(attribute.to_wire(), error.unwrap_or_default());
        }
    }

    /// Ends the import: waits until the plugin has seen what was settled, and closes the source.
    pub async fn finish(&self) -> Result<(), Error> {
        self.acknowledge.lock().unwrap_or_else(PoisonError::into_inner).take();
        let list = std::mem::replace(&mut *self.list.lock().await, List::Over);
        if let List::Complete(mut stream) = list {
            let patience = self.link.limits.answer;
            if self.link.answer("end its list", patience, stream.message()).await?.is_some() {
                return Err(self.link.broke_rule("went on after the end of its list"));
            }
        }
        let mut client = self.client.clone();
        self.link.answer("close the source", self.link.limits.answer, client.close(CloseRequest {})).await?;
        Ok(())
    }

    async fn ask(&self, acknowledgments: Acknowledgments, will_hold: bool) -> Result<Streaming<ImportResponse>, Error> {
        let mut client = self.client.clone();
        let mut request = Request::new(acknowledgments);
        if will_hold {
            request.metadata_mut().insert(wire::HOLDS, MetadataValue::from_static("1"));
        }
        let call = client.import(request);
        Ok(self.link.answer("list the source", self.link.limits.quiet, call).await?.into_inner())
    }

    /// Asks for a content.
    async fn ask_for(&self, record: wire_format::Record) -> Result<Streaming<OpenResponse>, Error> {
        let mut client = self.client.clone();
        let doing = reading::doing(&record.pathname);
        let call = client.open(OpenRequest { record: Some(record) });
        let answer = self.link.answer(&doing, self.link.limits.quiet, call).await;
        Ok(answer.map_err(reading::of_item)?.into_inner())
    }

    fn received(&self, message: Option<ImportResponse>) -> Result<Next, Error> {
        match message {
            Some(ImportResponse { finished: true, record: None }) => Ok(Next::End),
            Some(ImportResponse { finished: false, record: Some(record) }) => self.take(record),
            Some(_) => Err(self.link.broke_rule("listed a record and the end in one, or neither")),
            None => Err(self.link.broke_rule("ended its list without saying that it is complete")),
        }
    }

    fn take(&self, record: wire_format::Record) -> Result<Next, Error> {
        // Go's plugins end the list at an acknowledgment that is no whole record: with file information, or with an error.
        let header = wire_format::Record {
            pathname: record.pathname.clone(),
            error: path::shown(&record.error),
            is_xattr: record.is_xattr,
            xattr_name: record.xattr_name.clone(),
            xattr_type: record.xattr_type,
            file_info: record.file_info.clone(),
            ..wire_format::Record::default()
        };
        let taken = self.listing().take(record).map_err(|what| self.link.broke_rule(what))?;
        let Some(received) = taken else {
            self.send(header, "");
            return Ok(Next::Nothing);
        };
        if let Received::Failed { why, .. } | Received::Flaw { why, .. } | Received::AttributeFailed { why, .. } =
            &received
        {
            self.send(header, why);
        }
        Ok(Next::Received(Box::new(received)))
    }

    fn send(&self, header: wire_format::Record, error: &str) {
        if let Some(acknowledge) = &*self.acknowledge.lock().unwrap_or_else(PoisonError::into_inner) {
            acknowledge.send(header, error);
        }
    }

    fn listing(&self) -> std::sync::MutexGuard<'_, Listing> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn item(record: &Record, what: &str) -> Error {
    Error::new(ErrorKind::Item, format!("{} {what}", path::shown(&record.path)))
}

/// The chunks of one content; the first is not copied when it is the only one.
#[derive(Default)]
struct Content {
    first: Bytes,
    all: BytesMut,
}

impl Content {
    fn length(&self) -> u64 {
        self.first.len().max(self.all.len()) as u64
    }

    fn add(&mut self, chunk: Bytes) {
        if self.first.is_empty() && self.all.is_empty() {
            self.first = chunk;
        } else {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
            self.all.extend_from_slice(&chunk);
        }
    }

    fn bytes(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.freeze() }
    }
}
