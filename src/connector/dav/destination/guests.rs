//! Whether somebody would be told of a write, and what keeps the server from telling. Pure: what was measured of each server is
//! shown by `tests/matrix/scheduling.rs`, and what it comes to is the table in docs/servers.md.

use super::wishes::Scheduling;
use crate::dav::{Engine, Scheduler};
use crate::item::guests::Whose;
use crate::item::people::{People, Person};

/// What an item is to the account that it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nobody else is in it, or we are not.
    Private,
    /// We invite others.
    Ours,
    /// Somebody else invited us.
    Invitation,
    /// One of the two.
    Unclear,
}

/// How an item is put or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As it is.
    Plain,
    /// As it is, and the server is asked by headers to tell nobody.
    Asked,
    /// With `SCHEDULE-AGENT=CLIENT`.
    LeftToClient(Whose),
    /// With its guests as notes.
    Notes,
    /// Not at all.
    HeldBack,
}

/// Who would be told by a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling<'a> {
    pub scheduler: &'a Scheduler,
    pub wish: Scheduling,
    /// Whether the calendar is ours; in somebody else's the server acts for its owner, whose addresses are unknown.
    pub own: bool,
}

impl Telling<'_> {
    /// How to put an item over what stands there.
    pub fn put(self, new: &People, there: Option<&People>) -> Way {
        let (role, before) = (self.role(new), there.map_or(Role::Private, |there| self.role(there)));
        if self.lets_tell() {
            return Way::Plain;
        }
        if self.scheduler.engine == Some(Engine::Sabre) {
            let notes = self.wish == Scheduling::WithoutAttendees && role != Role::Private;
            return if notes { Way::Notes } else { Way::Asked };
        }
        let is_quiet = there.is_none_or(|there| self.is_quiet(there, before));
        if role == Role::Private && is_quiet {
            return Way::Plain;
        }
        let measured = matches!(self.scheduler.engine, Some(Engine::Cyrus | Engine::Davical));
        if self.wish == Scheduling::WithoutAttendees {
            return if is_quiet || measured { Way::Notes } else { Way::HeldBack };
        }
        match (self.scheduler.engine, role) {
            (Some(Engine::Cyrus), Role::Ours) if is_quiet => Way::LeftToClient(Whose::Attendees),
            (Some(Engine::Cyrus), Role::Invitation) if is_quiet || before == Role::Invitation => {
                Way::LeftToClient(Whose::Organizer)
            }
            (Some(Engine::Cyrus), Role::Unclear) if is_quiet => Way::LeftToClient(Whose::Everybodys),
            // QUIRK(davical): answers an invitation whatever its lines say.
            (Some(Engine::Davical), Role::Ours) if is_quiet || before == Role::Ours => {
                Way::LeftToClient(Whose::Attendees)
            }
            _ => Way::HeldBack,
        }
    }

    /// How to delete what stands there.
    pub fn delete(self, there: &People) -> Way {
        let role = self.role(there);
        match self.scheduler.engine {
            _ if self.lets_tell() => Way::Plain,
            Some(Engine::Sabre) => Way::Asked,
            // RFC 6638 §8.1.
            Some(Engine::Cyrus | Engine::Davical) if role == Role::Invitation => Way::Asked,
            _ if self.is_quiet(there, role) => Way::Plain,
            _ => Way::HeldBack,
        }
    }

    /// Whether the server may do what it does.
    fn lets_tell(self) -> bool {
        self.scheduler.sends == Some(false) || self.wish == Scheduling::Server
    }

    /// Whether the server tells nobody of the end of an item that stands there.
    fn is_quiet(self, people: &People, role: Role) -> bool {
        let others = || {
            let is_organizer = |one: &&Person| people.organizers.iter().any(|other| other.address == one.address);
            people.attendees.iter().filter(move |one| !is_organizer(one))
        };
        let organizers = || people.organizers.iter().all(|one| one.left_to_client);
        match (self.scheduler.engine, role) {
            (_, Role::Private) => true,
            (Some(Engine::Cyrus | Engine::Davical), Role::Ours) => others().all(|one| one.left_to_client),
            (Some(Engine::Cyrus), Role::Invitation) => organizers(),
            (Some(Engine::Cyrus), Role::Unclear) => organizers() && others().all(|one| one.left_to_client),
            _ => false,
        }
    }

    fn role(self, people: &People) -> Role {
        if !people.may_be_told() {
            return Role::Private;
        }
        let addresses = &self.scheduler.addresses;
        // Who a server that we don't know takes for us is its secret, too.
        if self.scheduler.engine.is_none() || !self.own || addresses.is_empty() {
            return Role::Unclear;
        }
        let is_ours = |one: &Person| addresses.contains(&one.address);
        let is_strange = |one: &Person| {
            !is_ours(one) && (one.by_another || !one.address.starts_with("mailto:") || one.address.contains('%'))
        };
        let mut all = people.organizers.iter().chain(&people.attendees);
        let organized = people.organizers.iter().filter(|one| is_ours(one)).count();
        match organized {
            _ if all.any(is_strange) => Role::Unclear,
            0 if people.attendees.iter().any(is_ours) => Role::Invitation,
            0 => Role::Private,
            count if count == people.organizers.len() => Role::Ours,
            _ => Role::Unclear,
        }
    }
}

#[cfg(test)]
mod tests;
