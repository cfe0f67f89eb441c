//! A calendar on a scripted server: one collection, whose items a test may read and spoil.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::support::scripted::{Recorded, Scripted, Server, member};

/// What stands in the calendar: by the last segment of the href as it is sent, the content.
pub type Items = Arc<Mutex<BTreeMap<String, String>>>;

pub const AT: &str = "/cal/work/";

/// An event of that UID, with CRLF.
pub fn event(uid: &str, summary: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260102T000000Z\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

pub fn items<const N: usize>(items: [(&str, String); N]) -> Items {
    Arc::new(Mutex::new(items.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()))
}

/// A server with one calendar; `first` answers instead where it gives something.
pub fn serve(items: &Items, first: impl Fn(&Recorded) -> Option<Scripted> + Send + Sync + 'static) -> Server {
    let items = items.clone();
    Server::start(move |request| first(request).unwrap_or_else(|| answer(&items, request)))
}

pub fn location(server: &Server) -> String {
    format!("caldav://{}{AT}", server.url())
}

/// The methods that were used, without the PROPFIND that finds the calendar.
pub fn methods(server: &Server) -> Vec<String> {
    let recorded = server.recorded();
    let rest = recorded.iter().filter(|one| one.header("depth") != Some("0") || one.method != "PROPFIND");
    rest.map(|one| one.method.clone()).collect()
}

fn answer(items: &Items, request: &Recorded) -> Scripted {
    let mut items = items.lock().expect("no panic while serving");
    let name = request.path.strip_prefix(AT).unwrap_or_default();
    match (request.method.as_str(), request.header("depth")) {
        ("PROPFIND", Some("0")) if !name.is_empty() => match items.get(name) {
            Some(content) => Scripted::multistatus(&listed(name, content)),
            None => Scripted::answer(404, ""),
        },
        ("PROPFIND", Some("0")) => Scripted::multistatus(&member(AT, ABOUT)).header("DAV", "1, 3, calendar-access"),
        ("PROPFIND", _) => {
            let members: String = items.iter().map(|(name, content)| listed(name, content)).collect();
            Scripted::multistatus(&format!("{}{members}", member(AT, ABOUT)))
        }
        ("REPORT", _) => {
            let asked = |name: &str| request.text().contains(&format!("{AT}{name}<"));
            let found = items.iter().filter(|(name, _)| asked(name));
            Scripted::multistatus(&found.map(|(name, content)| fetched(name, content)).collect::<String>())
        }
        ("GET", _) => match items.get(name) {
            Some(content) => Scripted::answer(200, content.clone()).header("ETag", &etag(content)),
            None => Scripted::answer(404, ""),
        },
        ("PUT", _) => {
            let there = items.get(name).map(|content| etag(content));
            let may = match request.header("if-match") {
                Some(tag) => there.as_deref() == Some(tag),
                None => there.is_none() && request.header("if-none-match") == Some("*"),
            };
            if !may {
                return Scripted::answer(412, "");
            }
            items.insert(name.to_owned(), request.text());
            Scripted::answer(201, "").header("ETag", &etag(&request.text()))
        }
        ("DELETE", _) => match items.remove(name) {
            Some(_) => Scripted::answer(204, ""),
            None => Scripted::answer(404, ""),
        },
        ("PROPPATCH", _) => Scripted::multistatus(&member(AT, "<D:displayname/>")),
        _ => Scripted::answer(405, ""),
    }
}

/// What the calendar says of itself.
pub const ABOUT: &str =
    "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Work</D:displayname>";

/// The tag that an item of that content has.
pub fn etag(content: &str) -> String {
    format!("\"{}-{}\"", content.len(), content.bytes().map(u64::from).sum::<u64>())
}

fn listed(name: &str, content: &str) -> String {
    let tag = etag(content);
    member(&format!("{AT}{name}"), &format!("<D:getetag>{tag}</D:getetag><D:resourcetype/>"))
}

fn fetched(name: &str, content: &str) -> String {
    let (tag, data) = (etag(content), content.replace('\r', ""));
    let properties = format!("<D:getetag>{tag}</D:getetag><C:calendar-data>{data}</C:calendar-data>");
    member(&format!("{AT}{name}"), &properties)
}
