//! A server on a free loopback port that answers as a test tells it to, and records what it was asked.
//!
//! It runs on a thread of its own, so that tests without an async runtime and child processes can use it too.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Recorded {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What happens to a request.
pub struct Scripted {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    ending: Ending,
}

enum Body {
    Bytes(Vec<u8>),
    /// Sent in chunks, made one by one.
    Pieces(Box<dyn Iterator<Item = Vec<u8>> + Send>),
}

enum Ending {
    Whole,
    /// Closes after so many bytes of the body; `None` closes without any answer.
    Close(Option<usize>),
    /// Says nothing more after so many bytes of the body; `None` never answers.
    Hang(Option<usize>),
    /// Sends a byte of the body each time.
    Trickle(Duration),
}

impl Scripted {
    pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(body.into()), ending: Ending::Whole }
    }

    /// A 207 with this inside the `multistatus`, where `D:` is `DAV:`, `C:` `CalDAV`, `A:` `CardDAV`, `S:`
    /// Apple's calendar server.
    pub fn multistatus(inside: &str) -> Self {
        Self::answer(207, multistatus(inside)).header("Content-Type", "application/xml; charset=utf-8")
    }

    pub fn redirect(status: u16, to: &str) -> Self {
        Self::answer(status, "").header("Location", to)
    }

    pub fn challenge(how: &str) -> Self {
        Self::answer(401, "who are you?").header("WWW-Authenticate", how)
    }

    /// A 207 whose body is made while it is sent.
    pub fn pieces(pieces: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Self {
        Self { body: Body::Pieces(Box::new(pieces)), ..Self::answer(207, "") }
    }

    /// Reads the request and closes.
    pub fn close() -> Self {
        Self { ending: Ending::Close(None), ..Self::answer(200, "") }
    }

    /// Reads the request and never answers.
    pub fn hang() -> Self {
        Self { ending: Ending::Hang(None), ..Self::answer(200, "") }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn close_after(self, sent_bytes: usize) -> Self {
        Self { ending: Ending::Close(Some(sent_bytes)), ..self }
    }

    pub fn hang_after(self, sent_bytes: usize) -> Self {
        Self { ending: Ending::Hang(Some(sent_bytes)), ..self }
    }

    pub fn trickle(self, each: Duration) -> Self {
        Self { ending: Ending::Trickle(each), ..self }
    }
}

/// The document around the members.
pub fn multistatus(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\" \
         xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\" \
         xmlns:S=\"http://calendarserver.org/ns/\">{inside}</D:multistatus>"
    )
}

/// A member with properties that are all there.
pub fn member(href: &str, properties: &str) -> String {
    format!(
        "<D:response><D:href>{href}</D:href><D:propstat><D:prop>{properties}</D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    )
}

type Handler = Arc<dyn Fn(&Recorded) -> Scripted + Send + Sync>;

/// The running server; it stops when dropped.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    recorded: Arc<Mutex<Vec<Recorded>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(handler: impl Fn(&Recorded) -> Scripted + Send + Sync + 'static) -> Self {
        Self::run(None, Arc::new(handler))
    }

    pub fn start_tls(
        config: Arc<ServerConfig>,
        handler: impl Fn(&Recorded) -> Scripted + Send + Sync + 'static,
    ) -> Self {
        Self::run(Some(config.into()), Arc::new(handler))
    }

    fn run(tls: Option<TlsAcceptor>, handler: Handler) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("non-blocking");
        let address = listener.local_addr().expect("an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let log = Arc::clone(&recorded);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, tls, handler, log) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, scheme, recorded, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The same by name, for certificates.
    pub fn url_as(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    /// What was asked so far, as `METHOD /path`.
    pub fn requests(&self) -> Vec<String> {
        self.recorded().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    pub fn recorded(&self) -> Vec<Recorded> {
        self.recorded.lock().expect("no panic while recording").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(
    listener: std::net::TcpListener,
    tls: Option<TlsAcceptor>,
    handler: Handler,
    log: Arc<Mutex<Vec<Recorded>>>,
) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, handler, log) = (tls.clone(), Arc::clone(&handler), Arc::clone(&log));
        tokio::spawn(async move {
            let _ = match tls {
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, handler, log).await,
                    Err(error) => Err(error),
                },
                None => serve(stream, handler, log).await,
            };
        });
    }
}

async fn serve<S>(stream: S, handler: Handler, log: Arc<Mutex<Vec<Recorded>>>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        log.lock().expect("no panic while recording").push(request.clone());
        let scripted = handler(&request);
        if !write_answer(stream.get_mut(), scripted).await? {
            return stream.get_mut().shutdown().await;
        }
    }
    Ok(())
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Option<Recorded>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Recorded { method, path, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

/// Whether the connection may be used again.
async fn write_answer<S: AsyncWrite + Unpin>(stream: &mut S, scripted: Scripted) -> io::Result<bool> {
    if let Ending::Close(None) = scripted.ending {
        return Ok(false);
    }
    if let Ending::Hang(None) = scripted.ending {
        std::future::pending::<()>().await;
    }
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", scripted.status);
    for (name, value) in &scripted.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let body = match scripted.body {
        Body::Bytes(body) => body,
        Body::Pieces(pieces) => {
            stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await?;
            for piece in pieces {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
                stream.write_all(&piece).await?;
                stream.write_all(b"\r\n").await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
            stream.flush().await?;
            return Ok(true);
        }
    };
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes()).await?;
    match scripted.ending {
        Ending::Whole => stream.write_all(&body).await?,
        Ending::Close(after) => {
            stream.write_all(body.get(..after.unwrap_or(0)).unwrap_or(&body)).await?;
            stream.flush().await?;
            return Ok(false);
        }
        Ending::Hang(after) => {
            stream.write_all(body.get(..after.unwrap_or(0)).unwrap_or(&body)).await?;
            stream.flush().await?;
            std::future::pending::<()>().await;
        }
        Ending::Trickle(each) => {
            for byte in body {
                stream.write_all(&[byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(each).await;
            }
        }
    }
    stream.flush().await?;
    Ok(true)
}
