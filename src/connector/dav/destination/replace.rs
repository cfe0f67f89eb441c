//! Writing over what stands there, and whether an item may be written at all.

use super::limits::not_put;
use super::look::{Still, look_for, still};
use super::put::Sent;
use super::seen::{Known, Seen};
use super::{DavDestination, held_back, refused};
use crate::connector::dav::open::failed;
use crate::connector::{Error, Outcome};
use crate::dav::request::When;
use crate::dav::{self, Href, Kind};

impl DavDestination {
    /// Puts an item over another one that was seen and has its identity.
    pub(super) async fn replace(&self, sent: Sent<'_>, href: Href, known: Known) -> Result<Outcome, Error> {
        self.may_put(&sent, known.seen.as_ref()).await?;
        if self.wishes.dry_run {
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
        match self.send(&sent, &href, When::Matches(etag)).await {
            Ok(put) => self.done(sent, href, put, Outcome::Replaced).await,
            Err(error) => match error.kind {
                dav::ErrorKind::OutcomeUnknown | dav::ErrorKind::Precondition => {
                    let there = look_for(&self.client, &href, &sent.seen).await.ok().flatten();
                    if let Some(there) = there.filter(|there| there.says(&sent.seen)) {
                        return self.done(sent, href, there.etag, Outcome::Replaced).await;
                    }
                    Err(failed(changed(), error))
                }
                _ => Err(not_put(path, error)),
            },
        }
    }

    /// Whether it may be put at all: the collection can be written to, and nobody gets mail from it, neither as invited by
    /// it nor as no longer invited by what stands there (RFC 6638 §3.2.1).
    pub(super) async fn may_put(&self, sent: &Sent<'_>, there: Option<&Seen>) -> Result<(), Error> {
        let target = sent.target;
        if target.before.as_ref().is_some_and(|before| before.read_only) {
            return Err(refused(format!("{} was not put: {} can only be read", sent.path, target.href)));
        }
        let invites = sent.seen.invites || there.is_some_and(|there| there.invites);
        if invites && self.schedules(target.kind).await? {
            return Err(held_back(format!(
                "{} was held back: the server would mail its attendees; scheduling=server and \
                 scheduling=without-attendees, which would put it, are not there yet",
                sent.path
            )));
        }
        Ok(())
    }

    /// Whether the server sends mail for what is put into such a collection.
    pub(super) async fn schedules(&self, kind: Kind) -> Result<bool, Error> {
        Ok(kind == Kind::Calendar && self.may_invite().await?)
    }
}
