//! Vaults in memory, and what to put into them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use davault::vault::{Ending, KeyCost, Meta, Node, Place, Snapshot, SnapshotHead, Unlock, Vault, Written};
use object_store::memory::InMemory;

/// The least that Argon2id takes: the tests are about other things.
pub const CHEAP: KeyCost = KeyCost { memory_kib: 8, passes: 1, lanes: 1 };

/// Seconds of a day.
pub const DAY: u64 = 24 * 3600;

/// A store in memory, and a place in it.
pub fn in_memory() -> (Arc<InMemory>, Place) {
    let store = Arc::new(InMemory::new());
    let place = Place::over(store.clone(), "", "memory");
    (store, place)
}

pub fn passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(text.into())
}

/// Some second in 2026, and `seconds` more.
pub fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000 + seconds)
}

pub async fn new_vault(place: &Place) -> Vault {
    Vault::create(place, &passphrase("correct horse"), CHEAP, at(0)).await.expect("a vault in memory works")
}

pub async fn open(place: &Place) -> Vault {
    Vault::open(place, &passphrase("correct horse")).await.expect("a vault in memory works")
}

pub fn head(source: &str) -> SnapshotHead {
    SnapshotHead {
        source: source.into(),
        location: "caldavs://dav.example.com/".into(),
        origin: "alice@dav.example.com".into(),
        connector: "caldav".into(),
        host: "laptop".into(),
        davault: "0.1.0".into(),
        ..SnapshotHead::default()
    }
}

/// A backup of these files, finished at `seconds`.
pub async fn back_up(vault: &Vault, files: &[(String, Bytes)], seconds: u64) -> (Snapshot, Written) {
    let backup = vault.backup(head("work")).await.expect("a vault in memory works");
    for (path, content) in files {
        let meta = Meta { mode: 0o600, modified: Some(at(5)), version: version(content), ..Meta::default() };
        backup.file(path, meta, content.clone()).await.expect("a vault in memory works");
    }
    backup.finish(at(seconds), Ending::default()).await.expect("a vault in memory works")
}

/// One more backup, in which all but these stay as they were.
pub async fn next_day(vault: &Vault, before: &Snapshot, changed: &[(String, Bytes)], day: u64) -> Snapshot {
    let folder = vault.entry(before, "/calendars/work").await.expect("it is there");
    let nodes = vault.children(&folder).await.expect("it is there");
    let nodes: BTreeMap<String, Node> =
        nodes.into_iter().map(|node| (format!("/calendars/work/{}", node.name), node)).collect();
    let backup = vault.backup(head("work")).await.expect("a vault in memory works");
    for (path, content) in changed {
        let meta = Meta { mode: 0o600, modified: Some(at(day * DAY)), version: version(content), ..Meta::default() };
        backup.file(path, meta, content.clone()).await.expect("a vault in memory works");
    }
    let changed: BTreeSet<&str> = changed.iter().map(|(path, _)| path.as_str()).collect();
    for (path, node) in nodes.iter().filter(|(path, _)| !changed.contains(path.as_str())) {
        backup.keep(path, node).expect("it is there");
    }
    backup.finish(at(day * DAY), Ending::default()).await.expect("a vault in memory works").0
}

/// Everything in a snapshot, by walking it.
pub async fn everything(vault: &Vault, snapshot: &Snapshot) -> Vec<(String, Bytes)> {
    let root = vault.root(snapshot).await.expect("a vault in memory works");
    let mut walk = vault.walk("/", &root);
    let mut found = Vec::new();
    while let Some(next) = walk.next().await {
        let (path, node) = next.expect("a vault in memory works");
        if matches!(node.kind, davault::vault::NodeKind::File { .. }) {
            found.push((path, vault.read(&node).await.expect("a vault in memory works")));
        }
    }
    found
}

/// Something that looks random and depends on the content alone.
pub fn version(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Numbers that look random, the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }
}

const WORDS: &str = "meeting review planning budget project release lunch coffee call customer team weekly report invoice \
    design travel flight hotel dentist school birthday concert training workshop quarterly strategy hiring interview \
    deadline milestone demo retrospective support incident holiday vacation party dinner breakfast garden repair car \
    doctor vaccine parents children football swimming music lesson library museum theatre cinema shopping market train \
    station airport office home kitchen bathroom window door insurance contract signature bank transfer tax letter parcel";

/// A calendar of events of about 1.1 KB each, as clients write them.
pub fn events(count: usize, seed: u64) -> Vec<(String, Bytes)> {
    let mut numbers = Numbers(seed);
    (0..count).map(|_| event(&mut numbers)).collect()
}

pub fn event(numbers: &mut Numbers) -> (String, Bytes) {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut text = |count: usize| {
        (0..count).map(|_| *words.get(numbers.below(words.len())).expect("in range")).collect::<Vec<_>>().join(" ")
    };
    let (summary, description, location) = (text(4), text(60), text(3));
    let uid = format!("{:016x}-{:016x}", numbers.next(), numbers.next());
    let (month, day, hour) = (numbers.below(12) + 1, numbers.below(28) + 1, numbers.below(12) + 7);
    let (minute, stamp) = (numbers.below(4) * 15, numbers.below(1_000_000));
    let (one, two) = (numbers.below(40), numbers.below(40));
    let item = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example Corp.//CalDAV Client 4.2//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n\
        BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19700329T020000\r\n\
        RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
        DTSTAMP:2026{month:02}{day:02}T{stamp:06}Z\r\nDTSTART;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}{minute:02}00\r\n\
        DTEND;TZID=Europe/Berlin:2026{month:02}{day:02}T{:02}{minute:02}00\r\nSUMMARY:{summary}\r\nLOCATION:{location}\r\n\
        DESCRIPTION:{description}\r\nATTENDEE;CN=Person {one};PARTSTAT=ACCEPTED:mailto:person{one}@example.com\r\n\
        ATTENDEE;CN=Person {two};PARTSTAT=NEEDS-ACTION:mailto:person{two}@example.com\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n\
        TRIGGER:-PT15M\r\nDESCRIPTION:{summary}\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        hour + 1
    );
    (format!("/calendars/work/{uid}.ics"), item.into())
}
