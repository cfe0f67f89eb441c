//! Accounts of which the server can't tell everything today: what it does not tell is not gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::person::{Person, Ran};
use crate::support::scripted::{Recorded, Scripted, Server, member};

const FOLDER: &str = "<D:resourcetype><D:collection/></D:resourcetype>";
const CALENDAR: &str = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>";

/// A calendar home `/home/` with these calendars, each with one event of its own name.
fn home(names: &'static [&'static str]) -> impl Fn(&Recorded) -> Scripted + Send + Sync + 'static {
    move |request| {
        let name = request.path.strip_prefix("/home/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let tag = "<D:getetag>\"1\"</D:getetag><D:resourcetype/>";
        let item = format!("/home/{name}/{name}.ics");
        match (request.method.as_str(), request.path.as_str(), request.header("depth")) {
            ("PROPFIND", "/home/", Some("1")) => {
                let all: String = names.iter().map(|name| member(&format!("/home/{name}/"), CALENDAR)).collect();
                Scripted::multistatus(&(member("/home/", FOLDER) + &all))
            }
            ("PROPFIND", "/home/", _) => Scripted::multistatus(&member("/home/", FOLDER)),
            ("PROPFIND", path, _) if names.contains(&name) => {
                Scripted::multistatus(&(member(path, CALENDAR) + &member(&item, tag)))
            }
            ("GET", path, _) if path == item => Scripted::answer(200, event(name)),
            _ => Scripted::answer(404, ""),
        }
    }
}

fn event(name: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{name}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260102T000000Z\r\nSUMMARY:{name}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// A server that answers by `first` during the first backup, and where `later` says nothing else afterwards.
struct Changing {
    server: Server,
    later: Arc<AtomicUsize>,
}

impl Changing {
    fn start(
        first: impl Fn(&Recorded) -> Scripted + Send + Sync + 'static,
        later: impl Fn(&Recorded) -> Option<Scripted> + Send + Sync + 'static,
    ) -> Self {
        let is_later = Arc::new(AtomicUsize::new(0));
        let flag = Arc::clone(&is_later);
        let server = Server::start(move |request| match flag.load(Ordering::SeqCst) {
            0 => first(request),
            _ => later(request).unwrap_or_else(|| first(request)),
        });
        Self { server, later: is_later }
    }

    /// The first backup, which must be whole, and then a second one.
    async fn back_up_twice(&self, person: &Person) -> Ran {
        let location = format!("caldav://{}/home/", self.server.url());
        person.ok(&["source", "add", "bad", &location, "username=alice", "password=x", "connections=1"]).await;
        person.back_up("bad").await;
        self.later.store(1, Ordering::SeqCst);
        person.run(&["at", "vault", "backup", "@bad", "--json"]).await
    }
}

async fn items(person: &Person) -> Vec<String> {
    let listing = person.ok(&["at", "vault", "ls", "-recursive", "--json", "latest"]).await.out();
    let entries = listing.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let paths = entries.filter_map(|entry| Some(entry.get("path")?.as_str()?.to_string()));
    let mut items: Vec<_> = paths.filter(|path| path.contains(".ics")).collect();
    items.sort();
    items
}

const BOTH: [&str; 2] = ["/calendars/one/one.ics", "/calendars/two/two.ics"];

#[tokio::test]
async fn a_calendar_that_the_server_can_not_describe_today_stays_as_it_was() {
    let broken = [
        "<D:response><D:href>/home/two/</D:href><D:status>HTTP/1.1 500 No</D:status></D:response>",
        "<D:response><D:href>/home/two/</D:href><D:propstat><D:prop><D:resourcetype/></D:prop>\
         <D:status>HTTP/1.1 503 Busy</D:status></D:propstat></D:response>",
        "<D:response><D:href>/home/../two/</D:href><D:propstat><D:prop><D:resourcetype/></D:prop>\
         <D:status>HTTP/1.1 503 Busy</D:status></D:propstat></D:response>",
    ];
    for (broken, path) in broken.into_iter().zip(["/calendars/two", "/calendars/two", "/calendars"]) {
        let listing = format!("{}{}{broken}", member("/home/", FOLDER), member("/home/one/", CALENDAR));
        let server = Changing::start(home(&["one", "two"]), move |request| {
            let is_home = request.path == "/home/" && request.header("depth") == Some("1");
            is_home.then(|| Scripted::multistatus(&listing))
        });
        let person = Person::with_vault().await;
        let ran = server.back_up_twice(&person).await;
        assert_eq!(ran.code(), Some(3), "{ran:?}");
        assert_eq!(ran.value("/snapshot/failures/0/path"), path, "{ran:?}");
        assert_eq!(items(&person).await, BOTH, "{ran:?}");
    }
}

#[tokio::test]
async fn what_is_deleted_in_a_calendar_that_was_listed_is_gone_though_another_calendar_is_missing() {
    let strange = "<D:response><D:href>/home/../two/</D:href><D:status>HTTP/1.1 500 No</D:status></D:response>";
    let listing = format!("{}{}{strange}", member("/home/", FOLDER), member("/home/one/", CALENDAR));
    let server = Changing::start(home(&["one", "two"]), move |request| match request.path.as_str() {
        "/home/" if request.header("depth") == Some("1") => Some(Scripted::multistatus(&listing)),
        "/home/one/" => Some(Scripted::multistatus(&member("/home/one/", CALENDAR))),
        _ => None,
    });
    let person = Person::with_vault().await;
    let ran = server.back_up_twice(&person).await;
    assert_eq!(ran.code(), Some(3), "{ran:?}");
    assert_eq!(items(&person).await, ["/calendars/two/two.ics"], "{ran:?}");
}

#[tokio::test]
async fn a_calendar_that_can_not_be_listed_stays_as_it_was_and_the_others_are_read() {
    let endings: [fn() -> Scripted; 2] = [Scripted::close, || Scripted::challenge("Basic realm=\"x\"")];
    for ending in endings {
        let server = Changing::start(home(&["one", "two"]), move |request| (request.path == "/home/one/").then(ending));
        let person = Person::with_vault().await;
        let ran = server.back_up_twice(&person).await;
        assert_eq!(ran.code(), Some(3), "{ran:?}");
        assert_eq!(ran.value("/snapshot/failures/0/path"), "/calendars/one", "{ran:?}");
        assert_eq!(items(&person).await, BOTH, "{ran:?}");
    }
}

#[tokio::test]
async fn a_server_that_lets_nobody_read_any_more_ends_the_backup() {
    let all: &[&str] = &["one", "two", "three", "four"];
    for names in [&all[..1], all] {
        let server = Changing::start(home(names), |request| {
            (request.path != "/home/").then(|| Scripted::challenge("Basic realm=\"x\""))
        });
        let person = Person::with_vault().await;
        let ran = server.back_up_twice(&person).await;
        assert_eq!(ran.code(), Some(1), "{ran:?}");
        assert!(ran.err().contains("cannot read /calendars/"), "{ran:?}");
    }
}
