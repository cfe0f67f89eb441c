//! Real servers on free loopback ports, installed by `make tools`, with empty accounts of alice and bob.
//!
//! A server that can't be started fails the test with its log; no test is left out silently.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval};

/// How long a server may take until it listens, on a machine that is busy with other tests.
const START: Duration = Duration::from_mins(1);
/// How often another port is tried when somebody else was quicker.
const TRIES: usize = 5;

/// What there is to know of a server before it runs.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// `tests/servers/NAME.sh` starts it.
    pub name: &'static str,
    scheme: &'static str,
    /// Where the accounts are found, `/` at its beginning and end.
    path: &'static str,
    /// It is more than one process: it is set up when the file `ready` is there, and ends when its standard input does.
    several: bool,
}

const fn program(name: &'static str, path: &'static str) -> Program {
    Program { name, scheme: "http", path, several: false }
}

pub const RADICALE: Program = program("radicale", "/");
/// Over https, with a certificate of its own: [`Server::ca_file`].
pub const XANDIKOS: Program = Program { scheme: "https", ..program("xandikos", "/") };
/// The same with accounts that are not empty, so that it can deliver invitations.
pub const XANDIKOS_INVITES: Program = Program { scheme: "https", ..program("xandikos-invites", "/") };
pub const CYRUS: Program = Program { several: true, ..program("cyrus", "/") };
pub const SABREDAV: Program = program("sabredav", "/");
pub const DAVICAL: Program = Program { several: true, ..program("davical", "/") };
pub const SOGO: Program = Program { several: true, ..program("sogo", "/SOGo/dav/") };
pub const GOWEBDAV: Program = program("gowebdav", "/");
/// It tells nobody where an account is, and says of everything that it is both: one calendar is named.
pub const CALYPSO: Program = program("calypso", "/private/alice/cal/");

/// A program that runs until this value is dropped.
pub struct Server {
    program: Program,
    port: u16,
    child: Child,
    dir: TempDir,
}

impl Server {
    pub async fn radicale() -> Server {
        Server::start(RADICALE).await
    }

    pub async fn xandikos() -> Server {
        Server::start(XANDIKOS).await
    }

    /// An S3 server that is not ours (moto), which can answer as Google Cloud Storage, too; `make stores` installs it.
    pub async fn moto() -> Server {
        Server::start(program("moto", "/")).await
    }

    /// Azure's blobs (Azurite); `make stores` installs it.
    pub async fn azurite() -> Server {
        Server::start(program("azurite", "/")).await
    }

    /// Its root, such as `http://127.0.0.1:41234/`.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}/", self.program.scheme, self.port)
    }

    pub fn program(&self) -> Program {
        self.program
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its accounts are, as davault names it, for calendars and contacts.
    pub fn location(&self) -> String {
        let Program { scheme, path, .. } = self.program;
        match scheme {
            "http" => format!("dav://http://127.0.0.1:{}{path}", self.port),
            _ => format!("dav://127.0.0.1:{}{path}", self.port),
        }
    }

    /// The certificate to trust, where it speaks https.
    pub fn ca_file(&self) -> Option<PathBuf> {
        (self.program.scheme == "https").then(|| self.dir.path().join("state/certs/selfsigned.crt"))
    }

    /// `key=value` options that sign a user in: `alice` or `bob`.
    pub fn sign_in(&self, user: &str) -> Vec<String> {
        let mut options = vec![format!("username={user}"), format!("password={user}-pw")];
        options.extend(self.ca_file().map(|file| format!("ca_file={}", file.display())));
        options
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Removes something behind davault's back, as another program of alice's would.
    pub async fn delete(&self, path: &str) {
        self.ask(Method::DELETE, path, "").await;
    }

    /// Writes an item behind davault's back.
    pub async fn put(&self, path: &str, item: &str) {
        self.ask(Method::PUT, path, item).await;
    }

    /// Reads an item.
    pub async fn get(&self, path: &str) -> String {
        self.ask(Method::GET, path, "").await
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> String {
        let answer = self.send(method, path, &[], body).await;
        assert!(answer.status().is_success(), "{path}: {}; its log: {}", answer.status(), self.log());
        answer.text().await.expect("a body")
    }

    /// One request of alice's, below the root; whatever it answers.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> reqwest::Response {
        self.user("alice").send(method, path, headers, body).await
    }

    /// Somebody who asks it.
    pub fn user<'a>(&'a self, name: &'a str) -> User<'a> {
        User { server: self, name }
    }

    async fn answer(&self, user: &str, request: Request<'_>) -> reqwest::Response {
        let Request { method, path, headers, body } = request;
        // Fails where another test has chosen the same before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = reqwest::Client::builder().no_proxy();
        if let Some(file) = self.ca_file() {
            let pem = fs::read(file).expect("a certificate");
            client = client.add_root_certificate(reqwest::Certificate::from_pem(&pem).expect("a certificate"));
        }
        let url = self.url() + path.trim_start_matches('/');
        let mut request =
            client.build().expect("a client").request(method, url).basic_auth(user, Some(format!("{user}-pw")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.to_string()).send().await.expect("an answer")
    }

    /// Starts it with empty accounts of alice and bob.
    pub async fn start(program: Program) -> Server {
        let mut log = String::new();
        for _ in 0..TRIES {
            let mut server = Server::spawn(program, free_port());
            if server.listens().await {
                return server;
            }
            log = server.log();
        }
        panic!("{} does not start (`make tools stores servers` installs it); its log: {log}", program.name);
    }

    /// Ends it without a word, as a machine that goes down, and starts it again with the data that it had.
    pub async fn restart(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
        self.child = Server::run(self.program, self.port, self.dir.path());
        assert!(self.listens().await, "{} does not start again; its log: {}", self.program.name, self.log());
    }

    /// The file of its users, one `name:password` a line, where it is Radicale.
    pub fn users(&self) -> PathBuf {
        self.dir.path().join("users")
    }

    fn spawn(program: Program, port: u16) -> Server {
        let dir = tempfile::tempdir().expect("a folder for the server");
        let child = Server::run(program, port, dir.path());
        Server { program, port, child, dir }
    }

    fn run(program: Program, port: u16, dir: &Path) -> Child {
        let log = fs::File::options().create(true).append(true).open(dir.join("log")).expect("a log");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/servers/{}.sh", program.name));
        Command::new("bash")
            .arg(script)
            .arg(dir)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("bash runs")
    }

    /// Waits until its port takes connections; false if it ended instead.
    async fn listens(&mut self) -> bool {
        let began = Instant::now();
        let mut again = interval(Duration::from_millis(20));
        loop {
            again.tick().await;
            if self.child.try_wait().expect("a child").is_some() {
                return false;
            }
            let is_set_up = !self.program.several || self.dir.path().join("ready").exists();
            if is_set_up && TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return true;
            }
            let name = self.program.name;
            assert!(began.elapsed() < START, "{name} does not listen after {START:?}; its log: {}", self.log());
        }
    }
}

/// A user of a server.
#[derive(Clone, Copy)]
pub struct User<'a> {
    server: &'a Server,
    name: &'a str,
}

struct Request<'a> {
    method: Method,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

impl User<'_> {
    /// One request below the root; whatever it answers.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> reqwest::Response {
        self.server.answer(self.name, Request { method, path, headers, body }).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What is several processes ends with its standard input, within seconds.
        drop(self.child.stdin.take());
        if !self.program.several {
            // Its whole process group; fails only where that has ended by itself.
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        }
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on, and that no other test of this process was given.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        if given.get_or_insert_default().insert(port) {
            return port;
        }
    }
}
