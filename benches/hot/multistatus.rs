//! Multistatus answers, read by the client from a server that has them ready: what it costs beside parsing is the loopback.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use criterion::{Criterion, Throughput};
use davault::dav::request::{ListMembers, Multiget};
use davault::dav::{Client, Kind, Options, Request};

const CALENDAR: &str = "/alice/work/";

/// A listing of 10,000 members, and a multiget of 500 events.
pub fn parsing(bench: &mut Criterion) {
    let listing: String = (0..10_000).map(|number| response(&format!("{number:032x}.ics"), "")).collect();
    let events = super::events(500);
    let data = |content: &[u8]| format!("<C:calendar-data>{}</C:calendar-data>", escaped(content));
    let multiget: String = events.iter().map(|(name, content)| response(name, &data(content))).collect();
    let (listing, multiget) = (multistatus(&listing), multistatus(&multiget));
    let sizes = (listing.len() as u64, multiget.len() as u64);
    let client = client(serve(listing, multiget));
    let collection = client.href(CALENDAR).expect("it is a path");
    let hrefs = events.iter().map(|(name, _)| collection.join(name, false).expect("it is a name")).collect();
    let mut group = bench.benchmark_group("multistatus");
    group.throughput(Throughput::Bytes(sizes.0));
    read(&mut group, "listing of 10,000", &client, &ListMembers { collection: collection.clone() });
    group.throughput(Throughput::Bytes(sizes.1));
    let request = Multiget { kind: Kind::Calendar, collection, hrefs, vcard_version: None };
    read(&mut group, "multiget of 500", &client, &request);
    group.finish();
}

fn read<R: Request>(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    client: &Client,
    request: &R,
) {
    let runtime = super::runtime();
    let send = || runtime.block_on(client.send(request)).expect("the answer is a good one");
    group.bench_function(name, |bencher| bencher.iter_with_large_drop(send));
}

fn client(port: u16) -> Client {
    let base = format!("http://127.0.0.1:{port}/").parse().expect("it is a URL");
    Client::new(Options::new(base)).expect("the options are good")
}

fn multistatus(responses: &str) -> Arc<str> {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{responses}</multistatus>"#
    )
    .into()
}

fn response(name: &str, more: &str) -> String {
    format!(
        "<response><href>{CALENDAR}{name}</href><propstat><prop><getetag>\"{name}\"</getetag>{more}</prop>\
        <status>HTTP/1.1 200 OK</status></propstat></response>"
    )
}

fn escaped(content: &[u8]) -> String {
    String::from_utf8_lossy(content).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Answers each PROPFIND with one and each other request with the other, until the process ends; the port.
fn serve(listing: Arc<str>, multiget: Arc<str>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let port = listener.local_addr().expect("it listens").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (listing, multiget) = (Arc::clone(&listing), Arc::clone(&multiget));
            // A connection that ends is how this ends.
            thread::spawn(move || _ = answer(stream, &listing, &multiget));
        }
    });
    port
}

fn answer(mut to: TcpStream, listing: &str, multiget: &str) -> io::Result<()> {
    let mut from = BufReader::new(to.try_clone()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if from.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        io::copy(&mut from.by_ref().take(length.unwrap_or(0)), &mut io::sink())?;
        let body = if head.starts_with("PROPFIND") { listing } else { multiget };
        let mut message = String::with_capacity(body.len() + 200);
        let _ = write!(
            message,
            "HTTP/1.1 207 Multi-Status\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        to.write_all(message.as_bytes())?;
    }
}
