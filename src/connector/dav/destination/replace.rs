//! Writing over what stands there, and whether an item may be written at all.

use bytes::Bytes;

use super::collections::Target;
use super::guests::{Telling, Way};
use super::look::{Still, look_for, still};
use super::put::{Sent, cannot_put};
use super::seen::{Known, Seen};
use super::wishes::Scheduling;
use super::{DavDestination, held_back, refused};
use crate::connector::dav::open::failed;
use crate::connector::{Error, Outcome};
use crate::dav::request::When;
use crate::dav::{self, Href, Kind};
use crate::item::guests;
use crate::item::people::{self, People};

impl DavDestination {
    /// Puts an item over another one that was seen and has its identity.
    pub(super) async fn replace(&self, sent: Sent<'_>, href: Href, known: Known) -> Result<Outcome, Error> {
        let sent = self.prepared(sent, known.seen.as_ref()).await?;
        if self.wishes.dry_run {
            sent.target.quieted.note(sent.silenced);
            sent.target.existing.lock().await.plan_over(href, sent.seen);
            return Ok(Outcome::Replaced);
        }
        let path = sent.path;
        let changed = || format!("{path} was not put: what stands at {href} changed meanwhile");
        let etag = match still(&self.client, &href, &known).await {
            Ok(Still::Same(etag)) => etag,
            Ok(Still::Changed | Still::Gone) => return Err(refused(changed())),
            Ok(Still::Untagged) => {
                return Err(refused(format!("{path} was not put: what stands at {href} has no ETag to compare")));
            }
            Err(error) => return Err(failed(format!("{path} was not put: cannot look at {href} again"), error)),
        };
        match self.send(&sent, &href, When::Matches(etag.clone())).await {
            Ok(put) => self.done(sent, href, put, Outcome::Replaced).await,
            Err(error) => match error.kind {
                dav::ErrorKind::OutcomeUnknown | dav::ErrorKind::Precondition => {
                    let there = look_for(&self.client, &href, &sent.seen).await.ok().flatten();
                    if let Some(there) = there.filter(|there| self.is_there(there, &sent.seen)) {
                        return self.done(sent, href, there.etag, Outcome::Replaced).await;
                    }
                    Err(failed(changed(), error))
                }
                _ => match self.send_without_method(&sent, &href, When::Matches(etag), &error).await {
                    Some((bare, put)) => self.done(bare, href, put, Outcome::WithoutMethod).await,
                    None => Err(cannot_put(path, error)),
                },
            },
        }
    }

    /// The item as it may be put: the collection can be written to, and nobody is told who should not be, neither as invited by
    /// it nor as no longer invited by what stands there (RFC 6638 §3.2.1).
    pub(super) async fn prepared<'a>(&self, sent: Sent<'a>, there: Option<&Seen>) -> Result<Sent<'a>, Error> {
        let target = sent.target;
        if let Some(why) = target.why_not_written() {
            return Err(refused(format!("{} was not put: {} {why}", sent.path, target.href)));
        }
        let there = there.and_then(|there| there.people.as_deref());
        if target.kind != Kind::Calendar || (sent.seen.people.is_none() && there.is_none()) {
            return Ok(sent);
        }
        let nobody = People::default();
        let new = sent.seen.people.as_deref().unwrap_or(&nobody);
        let way = self.telling(target).await?.put(new, there);
        let content: Bytes = match way {
            Way::Plain | Way::Asked => sent.wanted.clone(),
            Way::LeftToClient(whose) => guests::left_to_client(&sent.wanted, whose).into(),
            Way::Notes => guests::kept_as_notes(&sent.wanted).into(),
            // What an earlier restore has put without guests harms nobody, if it can't have them back.
            Way::HeldBack if there.is_none() && !people::of(&sent.given).may_be_told() => sent.given.clone(),
            Way::HeldBack => return Err(held_back(self.why_held_back(sent.path, there.is_some()))),
        };
        let silenced = match way {
            Way::LeftToClient(_) => Some(Outcome::LeftToClient),
            Way::Notes => Some(Outcome::GuestsAsNotes),
            _ => None,
        };
        let silenced = silenced.filter(|_| content != sent.wanted);
        Ok(Sent { content, silenced, ..sent })
    }

    fn why_held_back(&self, path: &str, is_there: bool) -> String {
        let is_ask = self.wishes.scheduling == Scheduling::Silent;
        match (is_ask, is_there) {
            (true, false) => format!(
                "{path} was held back: the server would tell its guests; scheduling=server lets it, and \
                 scheduling=without-attendees puts it without them"
            ),
            (true, true) => format!(
                "{path} was held back: the server would tell its guests of the change; scheduling=server lets it, and \
                 scheduling=without-attendees puts it without them where the server allows that"
            ),
            (false, _) => format!(
                "{path} was held back: the server would tell the guests of what stands there that it is off; \
                 scheduling=server lets it"
            ),
        }
    }

    /// Who would be told of what is written to such a collection.
    pub(super) async fn telling(&self, target: &Target) -> Result<Telling<'_>, Error> {
        let scheduler = self.scheduler().await?;
        let principal = self.account().await?.principal.as_ref();
        let owner = target.before.as_ref().and_then(|before| before.owner.as_deref());
        let is_ours = |owner: &str| {
            principal.is_some_and(|principal| self.client.href(owner).is_ok_and(|owner| owner == *principal))
        };
        Ok(Telling { scheduler, wish: self.wishes.scheduling, own: owner.is_none_or(is_ours) })
    }
}
