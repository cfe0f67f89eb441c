//! A whole account on a scripted server: calendars and address books that may be listed, read, written and made. What a
//! provider does otherwise is a file beside this one, which sees each request first.

pub mod google;
pub mod icloud;
pub mod marks;
pub mod nextcloud;
pub mod ox;
pub mod zoho;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::scripted::{Recorded, Scripted, Server, member};

pub const CALENDARS: &str = "/alice/cal/";
pub const BOOKS: &str = "/alice/card/";

/// A running provider; it stops when dropped.
pub struct Provider {
    pub server: Server,
    account: Arc<Mutex<Account>>,
}

/// What the provider holds.
#[derive(Debug, Default)]
pub struct Account {
    /// By path, `/` at the end.
    pub collections: BTreeMap<String, Collection>,
    /// The tag that every item has, as `SOGo`'s new ones do; else one that its content makes.
    pub only_tag: Option<&'static str>,
    /// Whether its collections have ctags and tell what changed since a token.
    pub marks: Option<marks::Marks>,
}

/// A calendar, or an address book if it lies in [`BOOKS`].
#[derive(Debug, Default, Clone)]
pub struct Collection {
    pub displayname: String,
    /// By the last segment of the href, as it is sent.
    pub items: BTreeMap<String, Vec<u8>>,
    /// The ctag that it has whatever is in it; else one that its items make.
    pub ctag: Option<String>,
    /// When it was made, if it says so.
    pub born: Option<String>,
}

impl Provider {
    /// One whose account has an empty calendar `home` and an empty address book `people`. `quirks` answers what the provider
    /// does in its own way.
    pub fn start(quirks: impl Fn(&mut Account, &Recorded) -> Option<Scripted> + Send + Sync + 'static) -> Provider {
        let collections =
            [format!("{CALENDARS}home/"), format!("{BOOKS}people/")].map(|at| (at, Collection::default()));
        let account = Arc::new(Mutex::new(Account { collections: collections.into(), ..Account::default() }));
        let shared = Arc::clone(&account);
        let server = Server::start(move |request| {
            let mut account = shared.lock().expect("no panic while serving");
            quirks(&mut account, request).unwrap_or_else(|| account.answer(request))
        });
        Provider { server, account }
    }

    /// Where the account is, for calendars and contacts.
    pub fn location(&self) -> String {
        format!("dav://{}/", self.server.url())
    }

    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("no panic while serving")
    }

    /// How often it was sent a request of that method.
    pub fn count(&self, method: &str) -> usize {
        self.server.recorded().iter().filter(|request| request.method == method).count()
    }
}

impl Account {
    pub fn collection(&mut self, path: &str) -> &mut Collection {
        self.collections.get_mut(path).unwrap_or_else(|| panic!("no {path}"))
    }

    /// All items of all collections.
    pub fn items(&self) -> impl Iterator<Item = (String, &Vec<u8>)> {
        self.collections.iter().flat_map(|(at, collection)| {
            collection.items.iter().map(move |(name, content)| (format!("{at}{name}"), content))
        })
    }

    /// Where an item of that UID is.
    pub fn by_uid(&self, uid: &str) -> Option<String> {
        self.items().find(|(_, content)| self::uid(content).as_deref() == Some(uid)).map(|(at, _)| at)
    }

    /// What a server without quirks answers.
    pub fn answer(&mut self, request: &Recorded) -> Scripted {
        let path = request.path.as_str();
        match (request.method.as_str(), request.header("depth").unwrap_or("0")) {
            ("OPTIONS", _) => Scripted::answer(200, "").header("DAV", "1, 3, calendar-access, addressbook"),
            ("PROPFIND", depth) => self.propfind(path, depth),
            ("REPORT", _) => self.report(path, request),
            ("MKCALENDAR" | "MKCOL", _) => self.make(path, request),
            ("PROPPATCH", _) => Scripted::multistatus(&member(path, "<D:displayname/>")),
            ("GET", _) => match self.item(path) {
                Some(content) => Scripted::answer(200, content.clone())
                    .header("ETag", &self.tag(content))
                    .header("Content-Type", if is_book(path) { "text/vcard" } else { "text/calendar" }),
                None => Scripted::answer(404, ""),
            },
            ("PUT", _) => self.put(path, request),
            ("DELETE", _) => {
                let (folder, name) = split(path);
                let gone = self.collections.get_mut(folder).and_then(|collection| collection.items.remove(name));
                Scripted::answer(if gone.is_some() { 204 } else { 404 }, "")
            }
            _ => Scripted::answer(405, ""),
        }
    }

    pub fn item(&self, path: &str) -> Option<&Vec<u8>> {
        let (folder, name) = split(path);
        self.collections.get(folder)?.items.get(name)
    }

    fn propfind(&self, path: &str, depth: &str) -> Scripted {
        let principal = "<D:current-user-principal><D:href>/alice/</D:href></D:current-user-principal>";
        let folder = "<D:resourcetype><D:collection/></D:resourcetype>";
        let homes = format!(
            "<C:calendar-home-set><D:href>{CALENDARS}</D:href></C:calendar-home-set>\
             <A:addressbook-home-set><D:href>{BOOKS}</D:href></A:addressbook-home-set>"
        );
        let mut members = match path {
            "/" => member(path, &format!("{principal}{folder}")),
            "/alice/" => member(path, &format!("{principal}{folder}{homes}")),
            CALENDARS | BOOKS => member(path, folder),
            _ => match (self.collections.get(path), self.item(path)) {
                (Some(collection), _) => self.about(path, collection),
                (_, Some(content)) => self.listed(path, content),
                _ => return Scripted::answer(404, ""),
            },
        };
        if depth == "1" && matches!(path, CALENDARS | BOOKS) {
            let within = self.collections.iter().filter(|(at, _)| at.starts_with(path));
            members.extend(within.map(|(at, collection)| self.about(at, collection)));
        } else if depth == "1" {
            let items = self.collections.get(path).into_iter().flat_map(|collection| &collection.items);
            members.extend(items.map(|(name, content)| self.listed(&format!("{path}{name}"), content)));
        }
        Scripted::multistatus(&members)
    }

    fn report(&mut self, path: &str, request: &Recorded) -> Scripted {
        let Some(collection) = self.collections.get(path) else { return Scripted::answer(404, "") };
        let text = request.text();
        if text.contains("sync-collection") {
            let Some(mut marks) = self.marks.take() else { return Scripted::answer(403, "") };
            let answer = marks.changes(path, collection, &text, &|at, content| self.listed(at, content));
            self.marks = Some(marks);
            return answer;
        }
        if !text.contains("multiget") {
            let with_data = text.contains("-data");
            let each = |(name, content): (&String, &Vec<u8>)| {
                let at = format!("{path}{name}");
                if with_data { self.fetched(&at, content) } else { self.listed(&at, content) }
            };
            return Scripted::multistatus(&collection.items.iter().map(each).collect::<String>());
        }
        let each = |href: String| match self.item(&href) {
            Some(content) => self.fetched(&href, content),
            None => missing(&href),
        };
        Scripted::multistatus(&asked(request).into_iter().map(each).collect::<String>())
    }

    fn make(&mut self, path: &str, request: &Recorded) -> Scripted {
        if self.collections.contains_key(path) {
            return Scripted::answer(405, "");
        }
        let text = request.text();
        let name = text.split("displayname>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        self.collections.insert(path.to_owned(), Collection { displayname: name.to_owned(), ..Collection::default() });
        Scripted::answer(201, "")
    }

    fn about(&self, path: &str, collection: &Collection) -> String {
        let kind = if is_book(path) { "<A:addressbook/>" } else { "<C:calendar/>" };
        let name = &collection.displayname;
        let marks = if self.marks.is_some() { marks::properties(collection) } else { String::new() };
        member(
            path,
            &format!(
                "<D:resourcetype><D:collection/>{kind}</D:resourcetype><D:displayname>{name}</D:displayname>{marks}"
            ),
        )
    }

    /// The tag of an item of that content.
    pub fn tag(&self, content: &[u8]) -> String {
        self.only_tag.map_or_else(|| etag(content), str::to_owned)
    }

    fn listed(&self, href: &str, content: &[u8]) -> String {
        member(href, &format!("<D:getetag>{}</D:getetag><D:resourcetype/>", self.tag(content)))
    }

    /// A member of a multiget.
    pub fn fetched(&self, href: &str, content: &[u8]) -> String {
        let name = if is_book(href) { "A:address-data" } else { "C:calendar-data" };
        let text = String::from_utf8_lossy(content).replace('&', "&amp;").replace('<', "&lt;").replace('\r', "");
        member(href, &format!("<D:getetag>{}</D:getetag><{name}>{text}</{name}>", self.tag(content)))
    }

    /// PUT with its conditions.
    pub fn put(&mut self, path: &str, request: &Recorded) -> Scripted {
        let (folder, name) = split(path);
        let (only, tag) = (self.only_tag, self.tag(&request.body));
        let Some(collection) = self.collections.get_mut(folder) else { return Scripted::answer(409, "") };
        let there = collection.items.get(name).map(|content| only.map_or_else(|| etag(content), str::to_owned));
        let may = match (request.header("if-match"), request.header("if-none-match")) {
            (Some(tag), _) => there.as_deref() == Some(tag),
            (_, Some("*")) => there.is_none(),
            _ => true,
        };
        if !may {
            return Scripted::answer(412, "");
        }
        collection.items.insert(name.to_owned(), request.body.clone());
        Scripted::answer(if there.is_some() { 204 } else { 201 }, "").header("ETag", &tag)
    }
}

/// The hrefs that a multiget names.
pub fn asked(request: &Recorded) -> Vec<String> {
    let text = request.text();
    let hrefs = text.split("href>").skip(1).step_by(2);
    hrefs.filter_map(|rest| Some(rest.split("</").next()?.to_owned())).collect()
}

/// The folder and the name of a path.
pub fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |at| at + 1))
}

/// The UID that an item says.
pub fn uid(content: &[u8]) -> Option<String> {
    davault::item::identity::of(content).map(|identity| identity.uid)
}

pub fn is_book(path: &str) -> bool {
    path.starts_with(BOOKS)
}

/// The tag that an item of that content has.
pub fn etag(content: &[u8]) -> String {
    let sum = content.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    format!("\"{sum:x}\"")
}

/// A member of a multiget that is not there.
pub fn missing(href: &str) -> String {
    format!("<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>")
}
