//! The bare requests of a backup or a restore, and nothing else: `bare PORT WHAT CONNECTIONS [FOLDER]`.
//!
//! WHAT is `home` (one PROPFIND of Depth 1 of the home, with the ctags of all collections), `query` (that, and of each
//! collection one calendar-query with data), `multiget` (that, and of each collection its listing and multigets of 50), or
//! `put` (MKCALENDAR for each folder of calendars in FOLDER, and a conditional PUT for each of their files). They go over so
//! many connections at once, kept alive where the server does so, and signed in from the first on; answers are read to their end, and of the listings the
//! addresses are found. Printed is how many requests there were, and the bytes of their answers' bodies. Written for
//! Radicale's answers and tests/servers/radicale.sh's alice; needs the standard library alone: `rustc -O bench/bare.rs`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

const HOME: &str = "/alice/";
/// alice:alice-pw in Base64 (RFC 7617).
const LOGIN: &str = "YWxpY2U6YWxpY2UtcHc=";
/// As many as davault begins with.
const BATCH: usize = 50;

/// Not the sync tokens: they say no more, and cost Radicale more than twice as much.
const CTAGS: &str = r#"<propfind xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/"><prop><resourcetype/><CS:getctag/></prop></propfind>"#;
const ETAGS: &str = r#"<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>"#;
const QUERY: &str = r#"<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>"#;

enum Job {
    Query(String),
    List(String),
    Multiget(String, Vec<String>),
    Make(String),
    Put(String, PathBuf),
}

/// What is still to be asked, by whom it may be.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Jobs that may still add others.
    working: usize,
    is_broken: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (port, what, count, folder) = match words.as_slice() {
        [port, what, count] => (port.parse(), *what, count.parse(), None),
        [port, what, count, folder] => (port.parse(), *what, count.parse(), Some(Path::new(*folder))),
        _ => return usage(),
    };
    let (Ok(port), Ok(count)) = (port, count) else { return usage() };
    match run(port, what, count, folder) {
        Ok(Some((requests, bytes))) => {
            println!("{{\"requests\": {requests}, \"bytes\": {bytes}}}");
            ExitCode::SUCCESS
        }
        Ok(None) => usage(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: bare PORT home|query|multiget|put CONNECTIONS [FOLDER]");
    ExitCode::from(2)
}

/// How many requests were sent, and the bytes of the bodies of their answers.
fn run(port: u16, what: &str, count: usize, folder: Option<&Path>) -> io::Result<Option<(u64, u64)>> {
    let mut connections = vec![Connection::new(port)];
    let phases: Vec<Vec<Job>> = match (what, folder) {
        ("put", Some(folder)) => puts(folder)?.into(),
        ("home" | "query" | "multiget", None) => {
            let Some(first) = connections.first_mut() else { return Ok(None) };
            let collections = hrefs(&first.send("PROPFIND", HOME, &[("Depth", "1")], CTAGS.as_bytes())?, HOME);
            let job = |href| if what == "query" { Job::Query(href) } else { Job::List(href) };
            vec![if what == "home" { Vec::new() } else { collections.into_iter().map(job).collect() }]
        }
        _ => return Ok(None),
    };
    for jobs in phases {
        while connections.len() < count.min(jobs.len()) {
            connections.push(Connection::new(port));
        }
        let queue = Queue::default();
        queue.state().jobs.extend(jobs);
        let ended: io::Result<Vec<()>> = thread::scope(|scope| {
            let work = |connection| scope.spawn(|| queue.work(connection));
            let working: Vec<_> = connections.iter_mut().map(work).collect();
            working.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(other("a thread panicked")))).collect()
        });
        ended?;
    }
    let sum = |of: fn(&Connection) -> u64| connections.iter().map(of).sum();
    Ok(Some((sum(|one| one.requests), sum(|one| one.bytes))))
}

/// The collections that a folder holds, and then their items.
fn puts(folder: &Path) -> io::Result<[Vec<Job>; 2]> {
    let (mut makes, mut puts) = (Vec::new(), Vec::new());
    for calendar in folder.join("calendars").read_dir()? {
        let calendar = calendar?;
        let href = format!("{HOME}{}/", calendar.file_name().to_string_lossy());
        for item in calendar.path().read_dir()? {
            let path = item?.path();
            if path.extension().is_some_and(|extension| extension == "ics") {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                puts.push(Job::Put(format!("{href}{name}"), path));
            }
        }
        makes.push(Job::Make(href));
    }
    Ok([makes, puts])
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does jobs until none is left and none can come.
    fn work(&self, connection: &mut Connection) -> io::Result<()> {
        while let Some(job) = self.next() {
            let done = job.done(connection);
            let mut state = self.state();
            state.working -= 1;
            self.changed.notify_all();
            match done {
                Ok(more) => state.jobs.extend(more),
                Err(error) => {
                    state.is_broken = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            if state.is_broken {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                state.working += 1;
                return Some(job);
            }
            if state.working == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Job {
    /// Does it; what is to be done because of it.
    fn done(self, on: &mut Connection) -> io::Result<Vec<Job>> {
        match self {
            Job::Query(href) => on.send("REPORT", &href, &[("Depth", "1")], QUERY.as_bytes()).map(drop)?,
            Job::Multiget(href, items) => {
                let mut body = String::from(
                    r#"<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop>"#,
                );
                items.iter().for_each(|item| _ = write!(body, "<href>{item}</href>"));
                body.push_str("</C:calendar-multiget>");
                on.send("REPORT", &href, &[], body.as_bytes())?;
            }
            Job::List(href) => {
                let items = hrefs(&on.send("PROPFIND", &href, &[("Depth", "1")], ETAGS.as_bytes())?, &href);
                return Ok(items.chunks(BATCH).map(|batch| Job::Multiget(href.clone(), batch.to_vec())).collect());
            }
            Job::Make(href) => on.send("MKCALENDAR", &href, &[], b"").map(drop)?,
            Job::Put(href, path) => {
                let headers = [("If-None-Match", "*"), ("Content-Type", "text/calendar; charset=utf-8")];
                on.send("PUT", &href, &headers, &std::fs::read(path)?)?;
            }
        }
        Ok(Vec::new())
    }
}

/// One connection at a time, kept alive if the server does.
struct Connection {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
    requests: u64,
    bytes: u64,
}

impl Connection {
    fn new(port: u16) -> Connection {
        Connection { port, stream: None, requests: 0, bytes: 0 }
    }

    fn open(&mut self) -> io::Result<BufReader<TcpStream>> {
        if let Some(stream) = self.stream.take() {
            return Ok(stream);
        }
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_nodelay(true)?;
        Ok(BufReader::with_capacity(64 << 10, stream))
    }

    /// Sends a request and reads its answer, which has to be a good one.
    fn send(&mut self, method: &str, href: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Vec<u8>> {
        let mut message = format!("{method} {href} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {LOGIN}\r\n");
        headers.iter().for_each(|(name, value)| _ = write!(message, "{name}: {value}\r\n"));
        let _ = write!(message, "Content-Length: {}\r\n\r\n", body.len());
        let mut message = message.into_bytes();
        message.extend_from_slice(body);
        let mut stream = self.open()?;
        stream.get_mut().write_all(&message)?;
        self.requests += 1;
        let status = line(&mut stream)?;
        let mut is_kept = !status.starts_with("HTTP/1.0");
        let mut length = None;
        while let Some((name, value)) = line(&mut stream)?.to_ascii_lowercase().split_once(':') {
            match (name, value.trim()) {
                ("content-length", value) => length = value.parse().ok(),
                ("connection", value) => is_kept = value == "keep-alive",
                _ => (),
            }
        }
        let mut answer = vec![0; length.ok_or_else(|| other("an answer without a length"))?];
        stream.read_exact(&mut answer)?;
        self.stream = is_kept.then_some(stream);
        self.bytes += answer.len() as u64;
        if status.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
            Ok(answer)
        } else {
            Err(other(&format!("{method} {href}: {status}: {}", String::from_utf8_lossy(&answer))))
        }
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    match stream.read_line(&mut line)? {
        0 => Err(other("the server closed the connection")),
        _ => Ok(line.trim_end().to_owned()),
    }
}

/// The addresses in a listing, but for the listed collection's own.
fn hrefs(answer: &[u8], own: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    let within = |response: &str| response.split_once("<href>")?.1.split_once("</href>").map(|(href, _)| href.to_owned());
    text.split("<response>").skip(1).filter_map(within).filter(|href| href != own).collect()
}

fn other(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}
