//! plakar 1.0 as a host.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use davault::proto::plakar::connectors::FileInfo;
use davault::proto::v1_0::exporter::exporter_client::ExporterClient;
use davault::proto::v1_0::exporter::store_file_request::Type;
use davault::proto::v1_0::exporter::{self as e, StoreFileRequest};
use davault::proto::v1_0::importer::importer_client::ImporterClient;
use davault::proto::v1_0::importer::scan_response::Result as Scanned;
use davault::proto::v1_0::importer::{self as i, ScanResponse};
use futures_util::{StreamExt, TryStreamExt, stream};
use tonic::transport::Channel;

use super::account::Options;
use super::process::Process;
use super::snapshot::{Kept, Snapshot};

/// What plakar sends at once.
const CHUNK: usize = 1 << 20;
/// Files that plakar on nine cores handles side by side.
const AT_ONCE: usize = 8;

/// An importer, and the cookie that it is known by.
#[derive(Clone)]
pub struct Importer {
    client: ImporterClient<Channel>,
    cookie: String,
}

fn config(location: &str, options: &Options) -> HashMap<String, String> {
    let mut config: HashMap<_, _> = options.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    config.insert("location".into(), location.into());
    config
}

/// Init, whose failure is all that is shown of it.
pub async fn importer(process: &Process, location: &str, options: &Options) -> Result<Importer, String> {
    let mut client = ImporterClient::new(process.channel());
    let host = i::Options { hostname: "desk".into(), maxconcurrency: 3, ..i::Options::default() };
    let proto = location.split("://").next().unwrap_or_default().into();
    let request = i::InitRequest { options: Some(host), proto, config: config(location, options) };
    let answer = client.init(request).await.map_err(|status| status.message().to_owned())?.into_inner();
    match answer.error {
        Some(error) => Err(error),
        None => Ok(Importer { client, cookie: answer.cookie }),
    }
}

impl Importer {
    /// As plakar before 1.0.6, which knows no cookies.
    pub fn without_cookie(self) -> Importer {
        Importer { cookie: String::new(), ..self }
    }

    pub async fn info(&self) -> i::InfoResponse {
        let request = i::InfoRequest { cookie: self.cookie.clone() };
        self.client.clone().info(request).await.expect("who it is").into_inner()
    }

    /// Scan, with the contents read side by side; `before` is the snapshot that unchanged contents are taken from.
    pub async fn back_up(&self, before: &Snapshot) -> Snapshot {
        let request = i::ScanRequest { cookie: self.cookie.clone() };
        let list = self.client.clone().scan(request).await.expect("a list").into_inner();
        let scanned: Vec<(ScanResponse, Option<Bytes>, bool)> = list
            .map(|response| response.expect("plakar reads on for ever after an error"))
            .map(|response| self.take(response, before))
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut snapshot = Snapshot::default();
        for (response, content, opened) in scanned {
            let path = response.pathname;
            match response.result.expect("a record or an error") {
                Scanned::Error(error) => {
                    snapshot.failures.insert(path, error.message);
                }
                Scanned::Record(record) => {
                    snapshot.opened.extend(opened.then(|| path.clone()));
                    let info = common(record.fileinfo.expect("a FileInfo"));
                    snapshot.keep(&path, Kept { info, content });
                }
            }
        }
        snapshot
    }

    async fn take(&self, response: ScanResponse, before: &Snapshot) -> (ScanResponse, Option<Bytes>, bool) {
        let Some(Scanned::Record(record)) = &response.result else { return (response, None, false) };
        let info = common(record.fileinfo.clone().expect("a FileInfo"));
        if info.mode & super::snapshot::FOLDER != 0 {
            return (response, None, false);
        }
        if let Some(content) = before.unchanged(&response.pathname, &info) {
            return (response, Some(content), false);
        }
        let content = self.read(&response.pathname).await.expect("a content");
        assert_eq!(usize::try_from(info.size).ok(), Some(content.len()), "{}", response.pathname);
        (response, Some(content), true)
    }

    /// `OpenReader` to the end, then `CloseReader`.
    pub async fn read(&self, path: &str) -> Result<Bytes, String> {
        let mut client = self.client.clone();
        let request = i::OpenReaderRequest { pathname: path.into(), cookie: self.cookie.clone() };
        let chunks = client.open_reader(request).await.map_err(|status| status.message().to_owned())?.into_inner();
        let chunks: Vec<_> = chunks.try_collect().await.map_err(|status| status.message().to_owned())?;
        assert!(chunks.iter().all(|message| !message.chunk.is_empty()), "plakar takes an empty chunk for a fault");
        assert!(chunks.iter().all(|message| message.chunk.len() <= CHUNK));
        let request = i::CloseReaderRequest { pathname: path.into(), cookie: self.cookie.clone() };
        client.close_reader(request).await.expect("a reader that is closed");
        Ok(chunks.iter().flat_map(|message| message.chunk.clone()).collect())
    }

    pub async fn close(mut self) {
        self.client.close(i::CloseRequest { cookie: self.cookie }).await.expect("an importer that is closed");
    }
}

/// The same numbers as generation 1.1's.
fn common(info: i::FileInfo) -> FileInfo {
    FileInfo {
        name: info.name,
        size: info.size,
        mode: info.mode,
        mod_time: info.mod_time,
        ino: info.ino,
        nlink: info.nlink,
        ..FileInfo::default()
    }
}

/// An exporter, and the cookie that it is known by.
#[derive(Clone)]
pub struct Exporter {
    pub client: ExporterClient<Channel>,
    pub cookie: String,
}

/// Init of a destination, whose failure is all that is shown of it.
pub async fn exporter(process: &Process, location: &str, options: &Options) -> Result<Exporter, String> {
    let mut client = ExporterClient::new(process.channel());
    let proto = location.split("://").next().unwrap_or_default().into();
    let host = Some(e::Options { maxconcurrency: 8 });
    let request = e::InitRequest { options: host, proto, config: config(location, options) };
    let answer = client.init(request).await.map_err(|status| status.message().to_owned())?.into_inner();
    Ok(Exporter { client, cookie: answer.cookie })
}

impl Exporter {
    /// `restore` of these paths, in the order of their names: folders as they come, files side by side. What failed, in the
    /// words that are shown.
    pub async fn restore(&self, entries: &BTreeMap<String, Kept>) -> BTreeMap<String, String> {
        let request = e::RootRequest { cookie: self.cookie.clone() };
        let root = self.client.clone().root(request).await.expect("a root").into_inner().root_path;
        assert_eq!(root, "/", "the host puts it before every path");
        let mut failed = BTreeMap::new();
        let mut files = Vec::new();
        for (path, kept) in entries {
            match &kept.content {
                Some(content) => files.push((path.clone(), content.clone())),
                None if path == "/" => {}
                None => failed.extend(self.folder(path).await.err().map(|error| (path.clone(), error))),
            }
        }
        let stored = stream::iter(files).map(|(path, content)| async move {
            let stored = self.file(&path, &content, content.len()).await;
            stored.err().map(|error| (path, error))
        });
        failed.extend(stored.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect::<Vec<_>>().await);
        for (path, kept) in entries.iter().rev().filter(|(path, kept)| kept.content.is_none() && *path != "/") {
            self.permissions(path, kept).await;
        }
        failed
    }

    async fn folder(&self, path: &str) -> Result<(), String> {
        let request = e::CreateDirectoryRequest { pathname: path.into(), cookie: self.cookie.clone() };
        let made = self.client.clone().create_directory(request).await;
        made.map(drop).map_err(|status| status.message().to_owned())
    }

    /// The folder above, once more; the content, in pieces; its permissions. `size` is what the header says.
    pub async fn file(&self, path: &str, content: &[u8], size: usize) -> Result<(), String> {
        let parent = path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
        self.folder(parent).await?;
        let header = e::Header { pathname: path.into(), size: size as u64 };
        let data = content.chunks(CHUNK).map(|chunk| Type::Data(e::Data { chunk: Bytes::copy_from_slice(chunk) }));
        let cookie = self.cookie.clone();
        let messages: Vec<_> = std::iter::once(Type::Header(header))
            .chain(data)
            .map(|message| StoreFileRequest { r#type: Some(message), cookie: cookie.clone() })
            .collect();
        let stored = self.client.clone().store_file(stream::iter(messages)).await;
        stored.map(drop).map_err(|status| status.message().to_owned())
    }

    async fn permissions(&self, path: &str, kept: &Kept) {
        let info = Some(e::FileInfo { name: kept.info.name.clone(), mode: kept.info.mode, ..e::FileInfo::default() });
        let request = e::SetPermissionsRequest { pathname: path.into(), file_info: info, cookie: self.cookie.clone() };
        self.client.clone().set_permissions(request).await.expect("permissions that are set");
    }

    /// Its answer is not read.
    pub async fn close(self) {
        let Exporter { mut client, cookie } = self;
        let _ = client.close(e::CloseRequest { cookie }).await;
    }
}
