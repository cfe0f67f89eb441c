//! Connectors that hold what their location says: `fake://COUNT` is so many small items, `fake://mixed` one of each sort,
//! `fake://held` a folder with contents 5 of which nothing is sent where the host has it.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use davault::connector::{About, Destination, Entry, EntryKind, Error, ErrorKind, Found, Held, Outcome, Source};
use davault::plugin::serve::Connectors;
use tokio::sync::{Barrier, mpsc};

pub struct Fakes;

#[async_trait]
impl Connectors for Fakes {
    async fn source(&self, location: &str, options: &BTreeMap<String, String>) -> Result<Box<dyn Source>, Error> {
        if options.contains_key("pasword") {
            let cause = std::io::Error::other("did you mean `password`?");
            let what = "unknown option `pasword`".into();
            return Err(Error { kind: ErrorKind::Usage, what, source: Some(Box::new(cause)) });
        }
        let settled = options.get("settled_file").cloned();
        Ok(Box::new(Fake { location: location.into(), settled, held: Mutex::default() }))
    }

    async fn destination(
        &self,
        location: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Box<dyn Destination>, Error> {
        let finished = options.get("finished_file").cloned();
        let (together, storing) = (Barrier::new(WIDTH), AtomicUsize::new(0));
        Ok(Box::new(Sink { location: location.into(), finished, together, storing }))
    }
}

struct Fake {
    location: String,
    settled: Option<String>,
    held: Mutex<Held>,
}

fn about(location: &str) -> About {
    About { origin: location.into(), scheme: "fake".into(), root: "/".into() }
}

fn error(kind: ErrorKind, what: &str) -> Error {
    Error { kind, what: what.into(), source: None }
}

fn entry(path: &str, kind: EntryKind) -> Found {
    let name = path.rsplit('/').next().unwrap_or_default().into();
    let modified = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    Found::Entry(Entry { path: path.into(), name, kind, modified, version: 7 })
}

fn folder(path: &str, version: u64) -> Found {
    let name = path.rsplit('/').next().unwrap_or_default().into();
    Found::Entry(Entry { path: path.into(), name, kind: EntryKind::Folder, modified: None, version })
}

#[async_trait]
impl Source for Fake {
    fn about(&self) -> About {
        about(&self.location)
    }

    async fn ping(&self) -> Result<(), Error> {
        match self.location.as_str() {
            "fake://away" => Err(error(ErrorKind::Access, "cannot reach fake://away")),
            _ => Ok(()),
        }
    }

    fn hold(&self, held: Held) {
        *self.held.lock().expect("no panic") = held;
    }

    async fn list(&self, found: mpsc::Sender<Found>) -> Result<(), Error> {
        let held = self.held.lock().expect("no panic").clone();
        let all = match self.location.as_str() {
            "fake://held" if held.has("/c", 5).await => vec![folder("/", 0), folder("/c", 5)],
            "fake://held" => {
                vec![folder("/", 0), folder("/c", 0), entry("/c/small.ics", EntryKind::File { size: 994 })]
            }
            "fake://mixed" => mixed(),
            "fake://broken" => return Err(error(ErrorKind::Access, "the listing stopped in the middle")),
            "fake://mistake" => panic!("as told"),
            location => many(location.trim_start_matches("fake://").parse().unwrap_or(0)),
        };
        for one in all {
            if found.send(one).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn read(&self, path: &str) -> Result<Bytes, Error> {
        match path {
            "/c/large.ics" => Ok(vec![b'x'; 3_000_000].into()),
            "/c/unreadable.ics" => Err(error(ErrorKind::Item, "GET /c/unreadable.ics: 500")),
            "/c/empty.ics" => Ok(Bytes::new()),
            path => Ok(path.repeat(1000 / path.len()).into_bytes().into()),
        }
    }

    fn settled(&self, path: &str) {
        if let Some(file) = &self.settled {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).expect("the settled file");
            writeln!(file, "{path}").expect("the settled file");
        }
    }
}

fn mixed() -> Vec<Found> {
    vec![
        entry("/", EntryKind::Folder),
        entry("/c", EntryKind::Folder),
        entry("/c/large.ics", EntryKind::File { size: 3_000_000 }),
        entry("/c/unreadable.ics", EntryKind::File { size: 5 }),
        entry("/c/empty.ics", EntryKind::File { size: 0 }),
        Found::Failed { path: "/c/gone.ics".into(), why: "the server answered 404".into() },
    ]
}

fn many(count: usize) -> Vec<Found> {
    let item = |number: usize| {
        let path = format!("/c/{number:06}.ics");
        let size = (1000 / path.len() * path.len()) as u64;
        entry(&path, EntryKind::File { size })
    };
    let folders = [entry("/", EntryKind::Folder), entry("/c", EntryKind::Folder)];
    folders.into_iter().chain((0..count).map(item)).collect()
}

const WIDTH: usize = 4;

struct Sink {
    location: String,
    finished: Option<String>,
    together: Barrier,
    storing: AtomicUsize,
}

#[async_trait]
impl Destination for Sink {
    fn about(&self) -> About {
        about(&self.location)
    }

    async fn ping(&self) -> Result<(), Error> {
        Ok(())
    }

    fn in_order(&self, entry: &Entry) -> bool {
        entry.kind == EntryKind::Folder
    }

    fn width(&self) -> usize {
        WIDTH
    }

    async fn store(&self, entry: Entry, content: Option<Bytes>) -> Result<Outcome, Error> {
        if entry.name.starts_with("together") {
            self.together.wait().await;
        }
        if self.storing.fetch_add(1, Ordering::SeqCst) > 0 && self.location == "fake://ordered" {
            return Err(error(ErrorKind::Other, "two things were stored at once"));
        }
        tokio::task::yield_now().await;
        self.storing.fetch_sub(1, Ordering::SeqCst);
        match (entry.kind, content) {
            (EntryKind::Folder, None) if entry.path == "/" && entry.name == "Work" => Ok(Outcome::Identical),
            (EntryKind::Folder, None) => Ok(Outcome::Noted),
            (EntryKind::File { size }, Some(content)) if size == content.len() as u64 => match entry.name.as_str() {
                "rejected.ics" => Err(error(ErrorKind::Item, "the server does not want it")),
                "mistake.ics" => panic!("as told"),
                _ => Ok(Outcome::Created),
            },
            _ => Err(error(ErrorKind::Other, "a file without its content, or a folder with one")),
        }
    }

    async fn finish(&self) -> Result<(), Error> {
        if let Some(file) = &self.finished {
            std::fs::write(file, "").expect("the file that says finished");
        }
        match self.location.as_str() {
            "fake://unfinished" => Err(error(ErrorKind::Other, "cannot set the colours")),
            _ => Ok(()),
        }
    }
}
