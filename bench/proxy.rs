//! A slow line to a server on this machine: `proxy PORT` listens on a free port of 127.0.0.1, prints it, and forwards.
//!
//! Each direction comes late by half of the round trip, and as much of it at a time as the two ends will have; a new connection
//! costs a round trip, as its handshake does on a real line. What is said on stdin: `delay MS` sets the round trip, `count`
//! prints as one line of JSON what went over the line since the last `count`. Needs the standard library alone:
//! `rustc -O bench/proxy.rs`.

use std::collections::BTreeMap;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[path = "proxy/messages.rs"]
mod messages;

use messages::{Event, Messages};

/// Most bytes that are read at once.
const PIECE: usize = 64 << 10;

/// Most pieces under way in one direction of one connection: 64 MiB, far more than a line of a second would hold.
const UNDER_WAY: usize = 1024;

/// The line, with what went over it.
#[derive(Default)]
struct Line {
    round_trip_us: AtomicU64,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: u64,
    /// By method.
    requests: BTreeMap<String, u64>,
    sent_bytes: u64,
    received_bytes: u64,
    in_flight: u64,
    most_in_flight: u64,
    /// When the first request came and when the last answer went.
    first: Option<Instant>,
    last: Option<Instant>,
}

/// Bytes, and when they are to be there; none at the end.
type Piece = (Instant, Vec<u8>);

fn main() -> io::Result<()> {
    let Some(Ok(upstream)) = std::env::args().nth(1).map(|port| port.parse::<u16>()) else {
        eprintln!("usage: proxy PORT");
        std::process::exit(2);
    };
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    say(&listener.local_addr()?.port().to_string())?;
    let line = Arc::new(Line::default());
    let forwarding = Arc::clone(&line);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A server that is not there is a connection that ends.
            if let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)) {
                let _ = forward(&forwarding, client, server);
            }
        }
    });
    for command in io::stdin().lock().lines() {
        match command?.split_once(' ') {
            Some(("delay", ms)) => {
                let ms: u64 = ms.trim().parse().map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
                line.round_trip_us.store(ms * 1000, Ordering::Relaxed);
            }
            _ => say(&line.counts().take().to_string())?,
        }
    }
    Ok(())
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

impl Line {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn round_trip(&self) -> Duration {
        Duration::from_micros(self.round_trip_us.load(Ordering::Relaxed))
    }
}

impl Counts {
    /// What was counted so far; what is in flight stays so.
    fn take(&mut self) -> Counts {
        let in_flight = self.in_flight;
        std::mem::replace(self, Counts { in_flight, most_in_flight: in_flight, ..Counts::default() })
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let requests: Vec<String> = self.requests.iter().map(|(method, count)| format!("{method:?}: {count}")).collect();
        let span = self.first.zip(self.last).map_or(Duration::ZERO, |(first, last)| last.saturating_duration_since(first));
        write!(
            out,
            "{{\"connections\": {}, \"requests\": {{{}}}, \"sent_bytes\": {}, \"received_bytes\": {}, \
            \"most_in_flight\": {}, \"seconds\": {:.4}}}",
            self.connections,
            requests.join(", "),
            self.sent_bytes,
            self.received_bytes,
            self.most_in_flight,
            span.as_secs_f64()
        )
    }
}

/// Joins two ends, in threads of their own.
fn forward(line: &Arc<Line>, client: TcpStream, server: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    line.counts().connections += 1;
    let open = Arc::new(AtomicU64::new(0));
    let (there, at_server) = sync_channel(UNDER_WAY);
    let (back, at_client) = sync_channel(UNDER_WAY);
    // What is sent before the handshake's answer could be there goes only then.
    let connected = Instant::now() + line.round_trip();
    let (from_client, from_server) = (client.try_clone()?, server.try_clone()?);
    let (asking, of_asking) = (Arc::clone(line), Arc::clone(&open));
    thread::spawn(move || {
        let mut requests = Messages::default();
        read(&asking, from_client, connected, &there, |bytes| {
            let began = requests.take(bytes).into_iter().filter_map(|event| match event {
                Event::Head(method) => Some(method),
                Event::End => None,
            });
            asking.counts().asked(bytes, began, &of_asking);
        });
    });
    thread::spawn(move || write(server, at_server, |_| ()));
    let returning = Arc::clone(line);
    thread::spawn(move || read(&returning, from_server, connected, &back, |_| ()));
    let answering = Arc::clone(line);
    thread::spawn(move || {
        let mut answers = Messages::default();
        write(client, at_client, |bytes| {
            let ended = answers.take(bytes).iter().filter(|event| **event == Event::End).count() as u64;
            answering.counts().answered(bytes, ended, &open);
        });
        // Whoever went away waits for nothing any more.
        answering.counts().in_flight -= open.swap(0, Ordering::Relaxed);
    });
    Ok(())
}

impl Counts {
    fn asked(&mut self, bytes: &[u8], began: impl Iterator<Item = String>, open: &AtomicU64) {
        self.sent_bytes += bytes.len() as u64;
        self.first.get_or_insert_with(Instant::now);
        for method in began {
            *self.requests.entry(method).or_default() += 1;
            open.fetch_add(1, Ordering::Relaxed);
            self.in_flight += 1;
            self.most_in_flight = self.most_in_flight.max(self.in_flight);
        }
    }

    fn answered(&mut self, bytes: &[u8], ended: u64, open: &AtomicU64) {
        self.received_bytes += bytes.len() as u64;
        self.last = Some(Instant::now());
        let ended = ended.min(open.load(Ordering::Relaxed));
        open.fetch_sub(ended, Ordering::Relaxed);
        self.in_flight -= ended;
    }
}

/// Reads one end until it ends.
fn read(line: &Line, mut from: TcpStream, connected: Instant, to: &SyncSender<Piece>, mut seen: impl FnMut(&[u8])) {
    let mut buffer = vec![0; PIECE];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        let bytes = buffer.split_at(length).0;
        if length > 0 {
            seen(bytes);
        }
        let due = Instant::now().max(connected) + line.round_trip() / 2;
        if to.send((due, bytes.to_vec())).is_err() || length == 0 {
            return;
        }
    }
}

/// Writes to the other end what is due.
fn write(mut to: TcpStream, from: Receiver<Piece>, mut seen: impl FnMut(&[u8])) {
    for (due, bytes) in from {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        // Who has the end of an answer may ask again at once, so it is counted before.
        seen(&bytes);
        if bytes.is_empty() || to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
