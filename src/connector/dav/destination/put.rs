//! One item: look where it stands, compare, and put it only if that changes something.

use bytes::Bytes;

use super::collections::Target;
use super::existing::{Known, Seen, look_at};
use super::wishes::OnConflict;
use super::{DavDestination, copy, refused};
use crate::connector::dav::open::failed;
use crate::connector::{Entry, Error, ErrorKind, Outcome};
use crate::dav::request::{Put, When};
use crate::dav::{self, ETag, Href, Kind};

/// An item on its way to a collection.
#[derive(Debug, Clone)]
struct Sent<'a> {
    target: &'a Target,
    path: &'a str,
    content: Bytes,
    seen: Seen,
}

impl DavDestination {
    /// Puts an item into a collection, unless it stands there already.
    pub(super) async fn put(&self, target: &Target, entry: &Entry, content: Bytes) -> Result<Outcome, Error> {
        let seen = Seen::of(&content);
        let sent = Sent { target, path: &entry.path, content, seen };
        let named = join(target, &entry.name)?;
        let found = target.existing.lock().await.find(&self.client, target, &named, &sent.seen).await?;
        if let Some((href, known)) = found {
            return self.put_over(sent, href, known).await;
        }
        let taken = target.existing.lock().await.stands(&named);
        // Another item has this name already, so this one gets one that is made from its own.
        let at = if taken { join(target, &plain_name(&entry.name, target.kind))? } else { named };
        self.put_new(sent, at, &entry.name).await
    }

    /// An item of that identity stands there.
    async fn put_over(&self, sent: Sent<'_>, href: Href, known: Known) -> Result<Outcome, Error> {
        sent.target.keep(href.clone());
        if known.seen.as_ref().is_some_and(|there| there.fingerprint == sent.seen.fingerprint) {
            return Ok(Outcome::Identical);
        }
        match self.wishes.on_conflict {
            OnConflict::Keep => {
                Err(conflict(format!("{} differs from what stands at {href}, which was kept", sent.path)))
            }
            OnConflict::Copy => self.put_copy(sent).await,
            OnConflict::Overwrite => self.replace(sent, href, known.etag).await,
        }
    }

    async fn replace(&self, sent: Sent<'_>, href: Href, etag: Option<ETag>) -> Result<Outcome, Error> {
        self.may_put(&sent).await?;
        if self.wishes.dry_run {
            return Ok(Outcome::Replaced);
        }
        let etag = match etag {
            Some(etag) => Some(etag),
            None => look_at(&self.client, &href).await.ok().flatten().and_then(|(known, _)| known.etag),
        };
        let Some(etag) = etag else {
            return Err(refused(format!("{} was not put: what stands at {href} has no ETag to compare", sent.path)));
        };
        match self.send(&sent, &href, When::Matches(etag)).await {
            Ok(put) => self.done(sent, href, put, Outcome::Replaced).await,
            Err(error) => match error.kind {
                dav::ErrorKind::OutcomeUnknown | dav::ErrorKind::Precondition => {
                    let there = look_at(&self.client, &href).await.ok().flatten();
                    if there.is_some_and(|(known, _)| same(&known, &sent.seen)) {
                        return Ok(Outcome::Replaced);
                    }
                    Err(failed(format!("{} was not put: what stands at {href} changed meanwhile", sent.path), error))
                }
                _ => Err(failed(format!("cannot put {}", sent.path), error)),
            },
        }
    }

    /// Nothing of that identity is known to stand there.
    async fn put_new(&self, sent: Sent<'_>, at: Href, name: &str) -> Result<Outcome, Error> {
        self.may_put(&sent).await?;
        if self.wishes.dry_run {
            sent.target.existing.lock().await.note(at, Known { etag: None, seen: Some(sent.seen) });
            return Ok(Outcome::Created);
        }
        let error = match self.send(&sent, &at, When::Absent).await {
            Ok(put) => return self.done(sent, at, put, Outcome::Created).await,
            Err(error) => error,
        };
        match error.kind {
            dav::ErrorKind::OutcomeUnknown => self.put_again(sent, at, error).await,
            dav::ErrorKind::Precondition | dav::ErrorKind::Conflict | dav::ErrorKind::Forbidden if !is_name(&error) => {
                self.put_found(sent, at, name, error).await
            }
            _ => self.put_plainly(sent, name, error).await,
        }
    }

    /// The answer to a PUT was lost: look, and put it once more only if it is not there.
    async fn put_again(&self, sent: Sent<'_>, at: Href, error: dav::Error) -> Result<Outcome, Error> {
        match look_at(&self.client, &at).await {
            Ok(Some((known, _))) if same(&known, &sent.seen) => self.done(sent, at, known.etag, Outcome::Created).await,
            Ok(None) => match self.send(&sent, &at, When::Absent).await {
                Ok(put) => self.done(sent, at, put, Outcome::Created).await,
                Err(error) => Err(failed(format!("cannot put {}", sent.path), error)),
            },
            _ => Err(failed(format!("it is not known whether {} was put", sent.path), error)),
        }
    }

    /// The server says that it is there already: under this name, or its UID under another.
    async fn put_found(&self, sent: Sent<'_>, at: Href, name: &str, error: dav::Error) -> Result<Outcome, Error> {
        if let Ok(Some((known, _))) = look_at(&self.client, &at).await
            && known.seen.as_ref().is_some_and(|there| there.uid == sent.seen.uid)
        {
            return self.put_over(sent, at, known).await;
        }
        let found = {
            let mut existing = sent.target.existing.lock().await;
            existing.again(&self.client, sent.target).await?;
            existing.find(&self.client, sent.target, &at, &sent.seen).await?
        };
        match found {
            Some((href, known)) => self.put_over(sent, href, known).await,
            None => self.put_plainly(sent, name, error).await,
        }
    }

    /// The server may dislike no more than the name: a plain one is tried, where this one is not.
    async fn put_plainly(&self, sent: Sent<'_>, name: &str, error: dav::Error) -> Result<Outcome, Error> {
        let about_the_name = matches!(error.status, Some(400 | 403 | 404 | 405 | 409 | 412 | 414 | 500 | 501));
        if is_plain(name) || !about_the_name {
            return Err(failed(format!("cannot put {}", sent.path), error));
        }
        let at = join(sent.target, &plain_name(name, sent.target.kind))?;
        match self.send(&sent, &at, When::Absent).await {
            Ok(put) => self.done(sent, at, put, Outcome::Created).await,
            Err(_) => Err(failed(format!("cannot put {}", sent.path), error)),
        }
    }

    /// Puts it beside what stands there, under a UID of its own.
    async fn put_copy(&self, sent: Sent<'_>) -> Result<Outcome, Error> {
        let Some(content) = copy::with_new_uid(&sent.content) else {
            return Err(conflict(format!(
                "{} differs, and can't be copied: it has no single UID to change",
                sent.path
            )));
        };
        let content = Bytes::from(content);
        let seen = Seen::of(&content);
        let name = plain_name(seen.uid.as_deref().unwrap_or_default(), sent.target.kind);
        let at = join(sent.target, &name)?;
        let copy = Sent { content, seen, ..sent };
        let found = copy.target.existing.lock().await.find(&self.client, copy.target, &at, &copy.seen).await?;
        match found {
            Some((href, known)) if same(&known, &copy.seen) => {
                copy.target.keep(href);
                Ok(Outcome::Identical)
            }
            Some((href, _)) => Err(conflict(format!("{} differs, and so does the copy of it at {href}", copy.path))),
            None => Box::pin(self.put_new(copy, at, &name)).await,
        }
    }

    async fn send(&self, sent: &Sent<'_>, at: &Href, when: When) -> Result<Option<ETag>, dav::Error> {
        let (kind, body) = (sent.target.kind, sent.content.clone());
        self.client.send(&Put { at: at.clone(), kind, body, when, silent: true }).await
    }

    /// Notes what was put, and reads it back if that was asked for.
    async fn done(&self, sent: Sent<'_>, at: Href, etag: Option<ETag>, outcome: Outcome) -> Result<Outcome, Error> {
        sent.target.keep(at.clone());
        let verified = if self.wishes.verify { Some(look_at(&self.client, &at).await) } else { None };
        let known = Known { etag, seen: Some(sent.seen.clone()) };
        sent.target.existing.lock().await.note(at.clone(), known);
        match verified {
            Some(Ok(Some((there, _)))) if !same(&there, &sent.seen) => {
                Err(refused(format!("{} was put, and the server made something else of it at {at}", sent.path)))
            }
            Some(Ok(None)) => Err(refused(format!("{} was put, and is not there", sent.path))),
            Some(Err(error)) => Err(failed(format!("{} was put, and can't be read back", sent.path), error)),
            Some(Ok(Some(_))) | None => Ok(outcome),
        }
    }

    /// Whether it may be put at all: the collection can be written to, and nobody gets mail from it.
    async fn may_put(&self, sent: &Sent<'_>) -> Result<(), Error> {
        let target = sent.target;
        if target.before.as_ref().is_some_and(|before| before.read_only) {
            return Err(refused(format!("{} was not put: {} can only be read", sent.path, target.href)));
        }
        if target.kind == Kind::Calendar && self.account().await?.scheduling && invites(&sent.content) {
            return Err(refused(format!(
                "{} was held back: the server would mail its attendees; scheduling=server and \
                 scheduling=without-attendees, which would put it, are not there yet",
                sent.path
            )));
        }
        Ok(())
    }
}

/// Whether a server that schedules would tell somebody of it: it has an organizer and attendees (RFC 6638 §3.2).
pub(super) fn invites(content: &[u8]) -> bool {
    let has = |name: &str| {
        content.split(|byte| *byte == b'\n').any(|line| {
            let (start, rest) = line.split_at_checked(name.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(name.as_bytes()) && matches!(rest.first(), Some(b':' | b';'))
        })
    };
    has("ORGANIZER") && has("ATTENDEE")
}

fn same(there: &Known, seen: &Seen) -> bool {
    there.seen.as_ref().is_some_and(|there| there.fingerprint == seen.fingerprint)
}

/// Whether a server refused only the name, as far as it says so.
fn is_name(error: &dav::Error) -> bool {
    error.kind == dav::ErrorKind::Forbidden && error.condition.is_none()
}

/// Whether every server we know takes such a name.
fn is_plain(name: &str) -> bool {
    name.len() <= 200 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A name that every server takes, and the same each time.
fn plain_name(name: &str, kind: Kind) -> String {
    format!("{}.{}", copy::short_digest(name.as_bytes()), kind.extension())
}

fn join(target: &Target, name: &str) -> Result<Href, Error> {
    target.href.join(name, false).map_err(|error| failed(format!("cannot put {name}"), error))
}

fn conflict(what: String) -> Error {
    Error { kind: ErrorKind::Conflict, what, source: None }
}
