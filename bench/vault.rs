//! The vault alone, with a source that costs next to nothing: `cargo bench --bench vault -- FOLDER STEP [NUMBERS]`.
//!
//! Each step is a process of its own and prints a line: what it was, seconds, bytes read and the peak of its memory.
//! Steps: `create`, `first ITEMS COLLECTIONS`, `unchanged`, `changed HOW_OFTEN ITEMS` (so many snapshots, in each of which so
//! many items, on average, are others than before), `open`, `latest`, `ls` (what a folder holds), `one` (restores one item),
//! `list` (all snapshots), `prune` (without a grace period).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use davault::vault::{
    Backup, Ending, Error, Grace, KeyCost, Meta, Node, NodeKind, Place, Snapshot, SnapshotHead, Unlock, Vault,
};
use futures_util::{StreamExt, TryStreamExt, stream};

/// Different texts; more than fit into a block, so that a block compresses as one of a real calendar does.
const TEXTS: u64 = 4096;
/// Contents under way at the same time, as in `davault backup`.
const AT_ONCE: usize = 32;
const WORDS: &str = "meeting review planning budget project release lunch coffee call customer team weekly report invoice \
    design travel flight hotel dentist school birthday concert training workshop quarterly strategy hiring interview \
    deadline milestone demo retrospective support incident holiday vacation party dinner breakfast garden repair car";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [folder, step, numbers @ ..] = words.as_slice() else {
        return Err("usage: vault FOLDER STEP [NUMBERS]".into());
    };
    let numbers: Vec<u64> = numbers.iter().map(|number| number.parse()).collect::<Result<_, _>>()?;
    let place = Place::parse(folder, &BTreeMap::new())?;
    let unlock = Unlock::Passphrase("bench".into());
    if *step == "create" {
        let cost = KeyCost { memory_kib: 8, passes: 1, lanes: 1 };
        Vault::create(&place, &unlock, cost, SystemTime::UNIX_EPOCH).await?;
        return Ok(());
    }
    let began = Instant::now();
    let read_before = read_bytes();
    let vault = Vault::open(&place, &unlock).await?;
    let said = match (*step, numbers.as_slice()) {
        ("first", [items, collections]) => first(&vault, *items, *collections).await?,
        ("unchanged", _) => unchanged(&vault).await?,
        ("changed", [often, items]) => changed(&vault, *often, *items).await?,
        ("open", _) => String::new(),
        ("latest", _) => vault.find("latest@bench").await?.id,
        ("ls", _) => {
            let folder = vault.entry(&vault.find("latest").await?, "/calendars/c0").await?;
            format!("{} items", vault.children(&folder).await?.len())
        }
        ("one", _) => one(&vault).await?,
        ("prune", _) => format!("{} bytes needed", vault.prune(Grace::Now).await?.needed_bytes),
        ("list", _) => format!("{} snapshots", vault.snapshots().await?.whole.len()),
        _ => return Err("no such step".into()),
    };
    say(step, began.elapsed(), read_bytes() - read_before, &said);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn say(step: &str, took: Duration, read: u64, said: &str) {
    let peak = status("VmHWM:");
    println!(
        "{step:<10} {:>9.3} s  {:>9.1} KB read  {:>4} MB peak  {said}",
        took.as_secs_f64(),
        kilo(read),
        peak.div_ceil(1024)
    );
}

async fn first(vault: &Vault, items: u64, collections: u64) -> Result<String, Box<dyn std::error::Error>> {
    let texts: Vec<String> = (0..TEXTS).map(text).collect();
    let backup = vault.backup(head(None)).await?;
    let began = Instant::now();
    let per_collection = items.div_ceil(collections.max(1));
    for collection in 0..collections {
        let folder = format!("/calendars/c{collection}");
        backup.folder(&folder, Meta::default())?;
        let start = collection * per_collection;
        let these = (start..items.min(start + per_collection)).map(|number| {
            let (name, content) = item(&texts, number);
            let path = format!("{folder}/{name}");
            let backup = &backup;
            async move { backup.file(&path, meta(number), content).await }
        });
        stream::iter(these).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    }
    let taken = began.elapsed();
    let (snapshot, written) = backup.finish(time(0), Ending::default()).await?;
    let took = began.elapsed().as_secs_f64();
    Ok(format!(
        "{} items, {:.0} a second ({:.1} s to take them in), {:.1} MB of {:.1} MB stored",
        snapshot.counts.items,
        per_second(snapshot.counts.items, took),
        taken.as_secs_f64(),
        kilo(written.stored_bytes) / 1000.0,
        kilo(snapshot.counts.bytes) / 1000.0,
    ))
}

async fn unchanged(vault: &Vault) -> Result<String, Box<dyn std::error::Error>> {
    let (before, backup) = next(vault).await?;
    keep_all(vault, &before, &backup, |_| true).await?;
    let (snapshot, written) = backup.finish(later(&before), Ending::default()).await?;
    Ok(format!("{} items, {} bytes stored", snapshot.counts.items, written.stored_bytes))
}

async fn changed(vault: &Vault, often: u64, items: u64) -> Result<String, Box<dyn std::error::Error>> {
    let texts: Vec<String> = (0..TEXTS).map(text).collect();
    let (first, _) = item(&texts, 0);
    let mut stored = 0;
    for _ in 0..often {
        let (before, backup) = next(vault).await?;
        let seconds = before.time.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        // So many on average, anywhere, but for the one that is read.
        let stays = |path: &str| number_of(path, seconds) % before.counts.items >= items || path.ends_with(&first);
        for path in keep_all(vault, &before, &backup, stays).await? {
            let number = number_of(&path, seconds) % 1_000_000_000;
            backup.file(&path, meta(number), item(&texts, number).1).await?;
        }
        stored += backup.finish(later(&before), Ending::default()).await?.1.stored_bytes;
    }
    Ok(format!("{often} snapshots of {items} changes, {:.1} KB stored each", kilo(stored) / kilo(often * 1000)))
}

async fn one(vault: &Vault) -> Result<String, Box<dyn std::error::Error>> {
    let texts: Vec<String> = (0..1).map(text).collect();
    let (name, content) = item(&texts, 0);
    let node = vault.entry(&vault.find("latest@bench").await?, &format!("/calendars/c0/{name}")).await?;
    let read = vault.read(&node).await?;
    if read == content { Ok(format!("{} bytes", read.len())) } else { Err("it came back changed".into()) }
}

/// The last snapshot, and a backup after it.
async fn next(vault: &Vault) -> Result<(Snapshot, Backup), Box<dyn std::error::Error>> {
    let before = vault.previous(&head(None)).await?.ok_or("there is no snapshot yet")?;
    let backup = vault.backup(head(Some(before.id.clone()))).await?;
    Ok((before, backup))
}

/// Keeps each item that is to stay by itself, as a backup does whose source lists all of them; the paths of the others.
async fn keep_all(
    vault: &Vault,
    before: &Snapshot,
    backup: &Backup,
    stays: impl Fn(&str) -> bool,
) -> Result<Vec<String>, Error> {
    let mut others = Vec::new();
    let calendars = vault.entry(before, "/calendars").await?;
    for folder in vault.children(&calendars).await? {
        let path = format!("/calendars/{}", folder.name);
        backup.folder(&path, folder.meta.clone())?;
        let children: Vec<Node> = vault.children(&folder).await?;
        for node in children.iter().filter(|node| matches!(node.kind, NodeKind::File { .. })) {
            let path = format!("{path}/{}", node.name);
            if stays(&path) {
                backup.keep(&path, node)?;
            } else {
                others.push(path);
            }
        }
    }
    Ok(others)
}

/// A number that looks random and follows from a path and a time.
fn number_of(path: &str, seconds: u64) -> u64 {
    path.bytes().fold(mixed(seconds), |number, byte| mixed(number ^ u64::from(byte)))
}

fn head(parent: Option<String>) -> SnapshotHead {
    SnapshotHead {
        source: "bench".into(),
        location: "bench://".into(),
        origin: "bench".into(),
        parent,
        ..SnapshotHead::default()
    }
}

fn later(before: &Snapshot) -> SystemTime {
    before.time + Duration::from_mins(1)
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000 + seconds)
}

fn meta(number: u64) -> Meta {
    Meta { mode: 0o644, modified: Some(time(number)), version: mixed(number), details: None }
}

/// The item of this number, of about 1 KB: its own UID and times around one of the texts.
fn item(texts: &[String], number: u64) -> (String, Bytes) {
    let (one, two) = (mixed(number), mixed(number ^ 1 << 60));
    let text = texts.get(usize::try_from(number).unwrap_or(0) % texts.len()).map_or("", String::as_str);
    let mut item = String::with_capacity(text.len() + 200);
    let (month, day, hour) = (one % 12 + 1, one / 12 % 28 + 1, two % 12 + 7);
    let _ = write!(
        item,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{one:016x}-{two:016x}\r\nDTSTAMP:2026{month:02}{day:02}T{:06}Z\r\n\
        DTSTART:2026{month:02}{day:02}T{hour:02}0000Z\r\n{text}",
        two % 1_000_000
    );
    (format!("{one:016x}-{two:016x}.ics"), item.into())
}

fn text(number: u64) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut seed = mixed(number);
    let mut some = |count: usize| {
        let mut text = String::new();
        for _ in 0..count {
            seed = mixed(seed);
            let word = usize::try_from(seed % words.len() as u64).ok().and_then(|place| words.get(place));
            text.push_str(word.copied().unwrap_or_default());
            text.push(' ');
        }
        text
    };
    let (summary, location, description) = (some(4), some(3), some(75));
    format!(
        "DURATION:PT1H\r\nSUMMARY:{summary}\r\nLOCATION:{location}\r\nDESCRIPTION:{description}\r\n\
        ATTENDEE;CN=Person {0};PARTSTAT=ACCEPTED:mailto:person{0}@example.com\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n\
        TRIGGER:-PT15M\r\nDESCRIPTION:{summary}\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        number % 40
    )
}

/// A number that looks random (`SplitMix64`).
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Bytes that this process read from files so far.
fn read_bytes() -> u64 {
    field("/proc/self/io", "rchar:")
}

/// In KiB.
fn status(name: &str) -> u64 {
    field("/proc/self/status", name)
}

fn field(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "for a person")]
fn kilo(bytes: u64) -> f64 {
    bytes as f64 / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "for a person")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}
