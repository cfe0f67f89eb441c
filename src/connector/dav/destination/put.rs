//! One item: look where it stands, compare, and put it only if that changes something.

use std::borrow::Cow;

use bytes::Bytes;

use super::DavDestination;
use super::collections::Target;
use super::fitting::fits;
use super::limits;
use super::look::{look_at, look_for};
use super::read_back::Lane;
use super::seen::{Known, Seen, short_digest};
use super::wishes::Scheduling;
use crate::connector::dav::open::failed;
use crate::connector::on_conflict::OnConflict;
use crate::connector::{Entry, Error, ErrorKind, Outcome};
use crate::dav::request::{Put, When};
use crate::dav::{self, ETag, Href, Kind};
use crate::item::{copy, guests, method};

/// So often an item is put again whose answer was lost.
const MOST_AGAIN: usize = 3;

/// An item on its way to a collection.
#[derive(Debug, Clone)]
pub(super) struct Sent<'a> {
    pub target: &'a Target,
    pub lane: &'a Lane,
    pub path: &'a str,
    /// As the snapshot has it.
    pub given: Bytes,
    /// The same without what an earlier restore did to its guests.
    pub wanted: Bytes,
    /// What is sent.
    pub content: Bytes,
    /// What `wanted` says.
    pub seen: Seen,
    /// Whether the snapshot has it from the very collection that it goes to.
    pub is_from_there: bool,
    /// What is said of it, if it had to be changed so that its guests are not told.
    pub silenced: Option<Outcome>,
}

impl DavDestination {
    /// Puts an item into a collection, unless it stands there already.
    pub(super) async fn put(
        &self,
        (target, lane): (&Target, &Lane),
        entry: &Entry,
        content: Bytes,
        is_from_there: bool,
    ) -> Result<Outcome, Error> {
        let wanted = match guests::original(&content) {
            Cow::Borrowed(_) => content.clone(),
            Cow::Owned(wanted) => wanted.into(),
        };
        let seen = Seen::of(&wanted);
        let (path, given) = (entry.path.as_str(), content);
        let content = wanted.clone();
        let sent = Sent { target, lane, path, given, content, wanted, seen, is_from_there, silenced: None };
        let named = join(target, &entry.name)?;
        // Two items of one UID never run side by side: the second must see what became of the first.
        let _turn = target.turn(sent.seen.uid.as_deref().unwrap_or(&entry.name)).await;
        // Only now: who waits for his turn waits for who is read back.
        let _putting = target.read_back.begin();
        lane.enter(&self.lanes).await;
        self.goes_on(path)?;
        let mut existing = target.existing.lock().await;
        if let Some((href, known)) = existing.find(&self.client, target, &named, &sent.seen).await? {
            drop(existing);
            return self.put_over(sent, href, known).await;
        }
        // Another item may have this name already; then this one gets one that is made from what it is.
        let own = sent.seen.uid.as_deref().unwrap_or(&entry.path);
        let at = if existing.give(&named) { named } else { join(target, &plain_name(own, target.kind))? };
        drop(existing);
        self.put_new(sent, at, &entry.name).await
    }

    /// Something stands where the item belongs.
    async fn put_over(&self, sent: Sent<'_>, href: Href, known: Known) -> Result<Outcome, Error> {
        let first = sent.target.keep(href.clone());
        // Where another item of this dry run would have been written over it, it is gone by now.
        let planned = sent.target.existing.lock().await.planned_over(&href);
        let is_stale = planned.is_some();
        let known = planned.map_or(known.clone(), |seen| Known { seen: Some(seen), ..known });
        if self.is_there(&known, &sent.seen) || (!is_stale && self.says_as_vcard4(&sent, &href).await) {
            return Ok(Outcome::Identical);
        }
        let path = sent.path;
        if self.wishes.on_conflict == OnConflict::Copy {
            return self.put_copy(sent).await;
        }
        if !first {
            return Err(conflict(format!(
                "{path} was not put: it has the identity of another item of this restore, which stands at {href}"
            )));
        }
        let Some(there) = &known.seen else {
            return Err(conflict(format!("{path} was not put: what stands at {href} could not be read")));
        };
        if there.uid != sent.seen.uid {
            return Err(conflict(format!("{path} was not put: another item stands at {href}, which was kept")));
        }
        match self.wishes.on_conflict {
            OnConflict::Overwrite if !sent.target.existing.lock().await.is_foreseen(&href, &known) => {
                Err(conflict(format!(
                    "{path} was not put: what stands at {href} came or changed since it was looked at; run the restore again"
                )))
            }
            OnConflict::Overwrite => {
                fits(&sent)?;
                self.replace(sent, href, known).await
            }
            _ => Err(conflict(format!("{path} differs from what stands at {href}, which was kept"))),
        }
    }

    /// Whether nothing is to be done. What a restore did to the guests of what stands there is no difference, unless the server
    /// may have them back.
    pub(super) fn is_there(&self, known: &Known, seen: &Seen) -> bool {
        if self.wishes.scheduling == Scheduling::Server { known.says_exactly(seen) } else { known.says(seen) }
    }

    /// Whether what stands there says the same when it is asked for in the version of what is put.
    async fn says_as_vcard4(&self, sent: &Sent<'_>, href: &Href) -> bool {
        let looked =
            if sent.seen.is_vcard4 { look_for(&self.client, href, &sent.seen).await.ok().flatten() } else { None };
        looked.is_some_and(|known| known.says(&sent.seen))
    }

    /// Nothing of that identity is known to stand there.
    async fn put_new(&self, sent: Sent<'_>, at: Href, name: &str) -> Result<Outcome, Error> {
        fits(&sent)?;
        let sent = self.prepared(sent, None).await?;
        if self.wishes.dry_run {
            sent.target.quieted.note(sent.silenced);
            sent.target.keep(at.clone());
            sent.target.existing.lock().await.plan(at, sent.seen);
            return Ok(Outcome::Created);
        }
        let error = match self.send(&sent, &at, When::Absent).await {
            Ok(put) => return self.done(sent, at, put, Outcome::Created).await,
            Err(error) => error,
        };
        match error.kind {
            dav::ErrorKind::OutcomeUnknown => self.put_again(sent, at, error).await,
            _ if is_there(&error) => self.put_found(sent, at, name, error).await,
            _ => self.put_otherwise(sent, at, name, error).await,
        }
    }

    /// The answer to a PUT was lost: look, and put it once more only if it is not there. QUIRK(sogo): one item that it can't
    /// read ends a worker, and with it what the others were sending.
    async fn put_again(&self, sent: Sent<'_>, at: Href, mut error: dav::Error) -> Result<Outcome, Error> {
        for _ in 0..MOST_AGAIN {
            match look_for(&self.client, &at, &sent.seen).await {
                Ok(Some(known)) if self.is_there(&known, &sent.seen) => {
                    return self.done(sent, at, known.etag, Outcome::Created).await;
                }
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => break,
            }
            match self.send(&sent, &at, When::Absent).await {
                Ok(put) => return self.done(sent, at, put, Outcome::Created).await,
                Err(again) if again.kind == dav::ErrorKind::OutcomeUnknown => error = again,
                Err(again) => return Err(cannot_put(sent.path, again)),
            }
        }
        Err(failed(format!("it is not known whether {} was put", sent.path), error))
    }

    /// The server says that it is there already: under this name, or its UID under another.
    async fn put_found(&self, sent: Sent<'_>, at: Href, name: &str, error: dav::Error) -> Result<Outcome, Error> {
        if let Ok(Some(known)) = look_at(&self.client, &at).await
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
            None => self.put_otherwise(sent, at, name, error).await,
        }
    }

    /// The server may dislike no more than that it is called an invitation, or its name.
    async fn put_otherwise(&self, sent: Sent<'_>, at: Href, name: &str, error: dav::Error) -> Result<Outcome, Error> {
        match self.send_without_method(&sent, &at, When::Absent, &error).await {
            Some((bare, put)) => self.done(bare, at, put, Outcome::WithoutMethod).await,
            None => self.put_plainly(sent, name, error).await,
        }
    }

    /// The server may dislike no more than the name: a plain one is tried, where this one is not.
    async fn put_plainly(&self, sent: Sent<'_>, name: &str, error: dav::Error) -> Result<Outcome, Error> {
        let about_the_name =
            matches!(error.status, Some(400 | 403 | 404 | 405 | 409 | 412 | 414 | 500 | 501)) && !error.is_about_rate();
        if is_plain(name) || !about_the_name {
            return Err(cannot_put(sent.path, error));
        }
        let at = join(sent.target, &plain_name(name, sent.target.kind))?;
        match self.send(&sent, &at, When::Absent).await {
            Ok(put) => self.done(sent, at, put, Outcome::Created).await,
            Err(_) => Err(cannot_put(sent.path, error)),
        }
    }

    /// Puts it beside what stands there, under a UID of its own.
    async fn put_copy(&self, sent: Sent<'_>) -> Result<Outcome, Error> {
        let Some(content) = copy::with_new_uid(&sent.wanted) else {
            return Err(conflict(format!("{} differs, and can't be copied: it has no UID to change", sent.path)));
        };
        let content = Bytes::from(content);
        let seen = Seen::of(&content);
        let name = plain_name(seen.uid.as_deref().unwrap_or_default(), sent.target.kind);
        let at = join(sent.target, &name)?;
        let copy = Sent { given: content.clone(), wanted: content.clone(), content, seen, ..sent };
        let found = copy.target.existing.lock().await.find(&self.client, copy.target, &at, &copy.seen).await?;
        match found {
            Some((href, known)) if known.says(&copy.seen) => {
                copy.target.keep(href);
                Ok(Outcome::Identical)
            }
            Some((href, _)) => Err(conflict(format!("{} differs, and so does the copy of it at {href}", copy.path))),
            None => Box::pin(self.put_new(copy, at, &name)).await,
        }
    }

    /// Sends what was refused once more, without its METHOD line, if it may have been refused for that: it is an invitation that was
    /// sent by mail, and Cyrus, `SabreDAV` 4 and go-webdav refuse those (RFC 4791 §4.1).
    pub(super) async fn send_without_method<'a>(
        &self,
        sent: &Sent<'a>,
        at: &Href,
        when: When,
        refused: &dav::Error,
    ) -> Option<(Sent<'a>, Option<ETag>)> {
        let about_the_content = matches!(refused.status, Some(400 | 403 | 409 | 412 | 415 | 422));
        let content = method::without(&sent.content).filter(|_| about_the_content)?;
        let bare = Sent { content: content.into(), ..sent.clone() };
        let put = self.send(&bare, at, when).await.ok()?;
        Some((bare, put))
    }

    pub(super) async fn send(&self, sent: &Sent<'_>, at: &Href, when: When) -> Result<Option<ETag>, dav::Error> {
        let (kind, body) = (sent.target.kind, sent.content.clone());
        let silent = self.wishes.scheduling != Scheduling::Server;
        self.client.send(&Put { at: at.clone(), kind, body, when, silent }).await
    }
}

/// What the server says of an item that it will not have.
pub(super) fn cannot_put(path: &str, error: dav::Error) -> Error {
    let mut error = limits::putting(error);
    let about_uid = ["no-uid-conflict", "unique-scheduling-object-resource"];
    let is_named = error.condition.as_deref().is_some_and(|condition| about_uid.contains(&condition));
    // QUIRK(icloud): 412 and no more. QUIRK(nextcloud): 400 with a sentence, also for what lies in the trash.
    let is_taken = is_named
        || (error.status == Some(412) && error.condition.is_none())
        || error.what.contains("with uid already exists");
    if is_taken {
        let taken =
            "; its UID may be that of an item in another collection of the account, or in the server's trash bin";
        error.what.push_str(taken);
    }
    failed(format!("cannot put {path}"), error)
}

/// Whether the server says that something is in the way: what has this name, or this UID (RFC 4791 §5.3.2.1).
fn is_there(error: &dav::Error) -> bool {
    error.kind == dav::ErrorKind::Precondition || error.condition.as_deref() == Some("no-uid-conflict")
}

/// Whether every server we know takes such a name.
fn is_plain(name: &str) -> bool {
    name.len() <= 200 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A name that every server takes, and the same each time.
fn plain_name(name: &str, kind: Kind) -> String {
    format!("{}.{}", short_digest(name.as_bytes()), kind.extension())
}

fn join(target: &Target, name: &str) -> Result<Href, Error> {
    target.href.join(name, false).map_err(|error| failed(format!("cannot put {name}"), error))
}

fn conflict(what: String) -> Error {
    Error { kind: ErrorKind::Conflict, what, source: None }
}
