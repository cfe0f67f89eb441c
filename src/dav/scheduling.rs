//! Whether a server sends invitations by itself (RFC 6638 §2).

use super::account::Account;
use super::client::Client;
use super::kind::Kind;
use super::names;
use super::request::{Features, PropfindReply, Resource};

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

/// Whether the server sends invitations by itself, asked by OPTIONS where finding the account did not tell; `None` if that
/// does not tell either.
pub async fn sends_invitations(client: &Client, account: &Account) -> Option<bool> {
    if account.scheduling.is_some() {
        return account.scheduling;
    }
    let home = account.homes.iter().find(|home| home.kind == Kind::Calendar).map(|home| &home.href);
    let calendar = account.collections.iter().find(|one| one.kind == Kind::Calendar).map(|one| &one.href);
    let features = client.send(&Features { at: home.or(calendar)?.clone() }).await.ok()?;
    let is_calendar_server = features.iter().any(|class| class.starts_with("calendar-"));
    is_calendar_server.then(|| features.iter().any(|class| class == CLASS))
}
