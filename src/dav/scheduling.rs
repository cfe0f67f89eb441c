//! Whether a server sends invitations by itself (RFC 6638 §2), which one it is, and who we are to it.

use http::HeaderMap;

use super::account::Account;
use super::client::Client;
use super::element::Element;
use super::href::Href;
use super::kind::Kind;
use super::names;
use super::request::{Depth, Features, Propfind, PropfindReply, Resource};

/// The class in the `DAV` header of a server that does.
const CLASS: &str = "calendar-auto-schedule";

/// What the answers of a search told of it.
#[derive(Debug, Default)]
pub(super) struct Scheduling {
    sends: bool,
    told: bool,
}

impl Scheduling {
    // QUIRK(xandikos): sends the `DAV` header with OPTIONS alone; the outbox tells it too.
    pub fn note(&mut self, reply: &PropfindReply) {
        self.sends |= reply.features.iter().any(|class| class == CLASS)
            || reply.resources.iter().any(|resource| resource.get(names::SCHEDULE_OUTBOX_URL).is_some());
        self.told |= reply.features.iter().any(|class| class == "calendar-access");
    }

    /// A principal that was asked for its outbox told by having none, unless it would not say.
    pub fn note_principal(&mut self, principal: &Resource) {
        let outbox = principal.properties.iter().find(|property| property.element.is(names::SCHEDULE_OUTBOX_URL));
        self.told |= outbox.is_none_or(|property| matches!(property.status, 200 | 404));
    }

    pub fn says(&self) -> Option<bool> {
        (self.sends || self.told).then_some(self.sends)
    }
}

/// A server that schedules, as far as it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scheduler {
    /// Whether it sends invitations by itself; `None` where nothing tells.
    pub sends: Option<bool>,
    /// What it is; `None` where it is none of those whose ways are known.
    pub engine: Option<Engine>,
    /// The addresses that are ours, in small letters (RFC 6638 §2.4.1); empty where it would not say.
    pub addresses: Vec<String>,
}

/// The servers whose ways of scheduling were measured, or read in their sources: `tests/matrix/scheduling.rs` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Cyrus IMAP.
    Cyrus,
    /// `DAViCal`.
    Davical,
    /// `SabreDAV`, with Baikal, Davis, Nextcloud and ownCloud.
    Sabre,
    /// `SOGo`.
    Sogo,
}

impl Engine {
    /// Which one answers with these headers; `None` where that is not sure.
    pub(super) fn of(headers: &HeaderMap, classes: &[String]) -> Option<Self> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // `Schedule-Reply` is obeyed since scheduling came with 2.1. Nextcloud hides the version and names its own classes.
        let sabre = header("x-sabre-version").split('.').next().and_then(|major| major.parse::<u32>().ok());
        let is_nextcloud = || classes.iter().any(|class| class == "nextcloud-checksum-update");
        match () {
            () if sabre.is_some_and(|major| major >= 2) || is_nextcloud() => Some(Self::Sabre),
            () if header("x-davical-version").starts_with("DAViCal/1.") => Some(Self::Davical),
            () if header("server").starts_with("Cyrus-HTTP/3.") => Some(Self::Cyrus),
            () => None,
        }
    }
}

/// Asks a server how it schedules: nothing more where finding the account told that it does not.
pub async fn scheduler(client: &Client, account: &Account) -> Scheduler {
    let mut scheduler = Scheduler { sends: account.scheduling, ..Scheduler::default() };
    if scheduler.sends == Some(false) {
        return scheduler;
    }
    let home = account.homes.iter().find(|home| home.kind == Kind::Calendar).map(|home| &home.href);
    let calendar = account.collections.iter().find(|one| one.kind == Kind::Calendar).map(|one| &one.href);
    if let Some(at) = home.or(calendar)
        && let Ok(told) = client.send(&Features { at: at.clone() }).await
    {
        let is_calendar_server = told.classes.iter().any(|class| class.starts_with("calendar-"));
        let says = is_calendar_server.then(|| told.classes.iter().any(|class| class == CLASS));
        scheduler.sends = scheduler.sends.or(says);
        scheduler.engine = told.engine;
    }
    if let Some(principal) = account.principal.as_ref().filter(|_| scheduler.sends != Some(false)) {
        // QUIRK(sogo): names itself in no header that OPTIONS has.
        let is_sogo = principal.path().starts_with("/SOGo/dav/");
        scheduler.engine = scheduler.engine.or(is_sogo.then_some(Engine::Sogo));
        scheduler.addresses = addresses(client, principal).await;
    }
    scheduler
}

async fn addresses(client: &Client, principal: &Href) -> Vec<String> {
    let names = vec![names::CALENDAR_USER_ADDRESS_SET];
    let asked = client.send(&Propfind { at: principal.clone(), depth: Depth::Zero, names, also: Vec::new() }).await;
    let set = asked.ok().and_then(|reply| {
        reply.resources.iter().find_map(|resource| resource.get(names::CALENDAR_USER_ADDRESS_SET).cloned())
    });
    set.iter().flat_map(Element::hrefs).map(|address| address.trim().to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_what_only_it_says() {
        let engine = |name: &'static str, value: &str, classes: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let classes: Vec<String> = classes.iter().map(|&class| class.to_owned()).collect();
            Engine::of(&headers, &classes)
        };
        assert_eq!(engine("server", "Cyrus-HTTP/3.6.1 Lib/XML2", &[]), Some(Engine::Cyrus));
        assert_eq!(engine("server", "nginx", &["calendar-auto-schedule"]), None);
        assert_eq!(engine("x-davical-version", "DAViCal/1.1.12; DB/1.3.5", &[]), Some(Engine::Davical));
        assert_eq!(engine("x-sabre-version", "4.7.1", &[]), Some(Engine::Sabre));
        assert_eq!(engine("x-sabre-version", "1.8.12", &[]), None);
        assert_eq!(engine("server", "Apache", &["1", "nextcloud-checksum-update"]), Some(Engine::Sabre));
    }
}
