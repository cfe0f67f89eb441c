//! An answer of 200 MB needs no 200 MB.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::support::person::Person;
use crate::support::process::children;
use crate::support::scripted::{Scripted, Server, member, multistatus};

/// Bytes of what the answer holds besides what is listed.
const FILLER: usize = 1 << 20;
/// So many members make the answer 200 MiB.
const MEMBERS: usize = 200;
/// Most memory of one process, in KiB; a backup of an account with nothing in it takes about 40 MiB of a debug build.
const MOST: u64 = 96 << 10;

const CALENDAR: &str = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>";
const EVENT: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// The most memory that a process and what it started ever had, in KiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let own = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    children(process).into_iter().map(peak).fold(own, u64::max)
}

fn listing() -> Scripted {
    let whole = multistatus("|");
    let (head, tail) = whole.split_once('|').map(|(h, t)| (h.to_owned(), t.to_owned())).expect("two halves");
    let filler = "x".repeat(FILLER);
    // Folders in a calendar are no items of it.
    let folder = "<D:resourcetype><D:collection/></D:resourcetype>";
    let members = (0..MEMBERS).map(move |n| member(&format!("/cal/{n}/"), &format!("{folder}<D:x>{filler}</D:x>")));
    let item = member("/cal/a.ics", "<D:getetag>\"1\"</D:getetag><D:resourcetype/>");
    let pieces = std::iter::once(head + &item).chain(members).chain(std::iter::once(tail));
    Scripted::pieces(pieces.map(String::into_bytes))
}

#[tokio::test]
async fn a_listing_of_200_mb_is_read_in_little_memory() {
    let (process, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)));
    let (watched, measured) = (Arc::clone(&process), Arc::clone(&most));
    let server = Server::start(move |request| match (request.method.as_str(), request.header("depth")) {
        ("PROPFIND", Some("0")) => Scripted::multistatus(&member("/cal/", CALENDAR)),
        ("PROPFIND", _) => listing(),
        // Asked for when the whole listing is read.
        ("GET", _) => {
            measured.store(peak(watched.load(Ordering::SeqCst)), Ordering::SeqCst);
            Scripted::answer(200, EVENT)
        }
        _ => Scripted::answer(404, ""),
    });
    let person = Person::with_vault().await;
    let location = format!("caldav://{}/cal/", server.url());
    let backup = person.command(&["at", "vault", "backup", "--json", &location]).spawn().expect("davault starts");
    process.store(backup.id().expect("it runs"), Ordering::SeqCst);
    let output = backup.wait_with_output().await.expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let most = most.load(Ordering::SeqCst);
    assert!((1..MOST).contains(&most), "{most} KiB");
}
