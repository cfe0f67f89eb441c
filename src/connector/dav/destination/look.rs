//! Looking at what stands on the server: some items at once, one item, and one item again just before it is written over.

use std::collections::HashMap;

use super::collections::Target;
use super::seen::{Known, Seen};
use crate::dav::request::{Depth, Get, Got, Multiget, Propfind, VcardVersion};
use crate::dav::{Client, ETag, Error, ErrorKind, Href, names};

/// What became of an item that was asked for.
#[derive(Debug)]
pub(super) enum Looked {
    At(Known),
    Gone,
    /// It could not be read; why.
    Unread(Error),
}

/// What stands at an address; `None` if nothing does.
pub(super) async fn look_at(client: &Client, href: &Href) -> Result<Option<Known>, Error> {
    Ok(get(client, href, None).await?.as_ref().map(known))
}

/// The same, to be compared with `seen`.
pub(super) async fn look_for(client: &Client, href: &Href, seen: &Seen) -> Result<Option<Known>, Error> {
    Ok(read_back(client, href, seen).await?.as_ref().map(known))
}

/// The item at an address, to be compared with `seen`; `None` if there is none. QUIRK(cyrus): gives vCards of version 4.0 as
/// 3.0, unless 4.0 is asked for.
pub(super) async fn read_back(client: &Client, href: &Href, seen: &Seen) -> Result<Option<Got>, Error> {
    get(client, href, seen.is_vcard4.then_some(VcardVersion::V4)).await
}

async fn get(client: &Client, href: &Href, vcard_version: Option<VcardVersion>) -> Result<Option<Got>, Error> {
    match client.send(&Get { at: href.clone(), vcard_version }).await {
        Ok(got) => Ok(Some(got)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn known(got: &Got) -> Known {
    Known { etag: got.etag.clone(), seen: Some(Seen::of(&got.bytes)) }
}

/// The same for one of many: an error only where no other item would fare better.
pub(super) async fn read_one(client: &Client, href: &Href) -> Result<Looked, Error> {
    match look_at(client, href).await {
        Ok(Some(known)) => Ok(Looked::At(known)),
        Ok(None) => Ok(Looked::Gone),
        Err(error) if is_about_all(&error) => Err(error),
        Err(error) => Ok(Looked::Unread(error)),
    }
}

/// Items by one multiget, and what that does not give by GET.
pub(super) async fn read_batch(
    client: &Client,
    target: &Target,
    hrefs: Vec<Href>,
) -> Result<Vec<(Href, Looked)>, Error> {
    let request =
        Multiget { kind: target.kind, collection: target.href.clone(), hrefs: hrefs.clone(), vcard_version: None };
    let fetched = match client.send(&request).await {
        Ok(fetched) => fetched,
        Err(error) if is_about_all(&error) && error.kind != ErrorKind::TimedOut => return Err(error),
        // One bad item, too many at once, or a server without this report: each is asked for singly.
        Err(_) => Vec::new(),
    };
    let mut found: HashMap<Href, Known> = HashMap::new();
    for fetched in fetched {
        if let (None, Some(data)) = (fetched.trouble, fetched.data.filter(|data| !data.is_empty())) {
            found.insert(fetched.href, Known { etag: fetched.etag, seen: Some(Seen::of(&data)) });
        }
    }
    let mut read = Vec::with_capacity(hrefs.len());
    for href in hrefs {
        let looked = match found.remove(&href) {
            Some(known) => Looked::At(known),
            None => read_one(client, &href).await?,
        };
        read.push((href, looked));
    }
    Ok(read)
}

/// Whether the server would not answer for another item either.
fn is_about_all(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::Unreachable | ErrorKind::Tls | ErrorKind::Unauthorised | ErrorKind::Redirected | ErrorKind::TimedOut
    )
}

/// What a second look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Still {
    /// It is what was seen; a write is made conditional on this tag.
    Same(ETag),
    Changed,
    Gone,
    /// It has no tag to compare.
    Untagged,
}

/// Whether what stands at an address is still what was seen.
///
/// QUIRK(sogo): ignores the If-Match of a DELETE, as go-webdav does, so the condition of a write is not relied on alone. The
/// tag is asked for as in a listing; a GET may give a weaker one.
pub(super) async fn still(client: &Client, href: &Href, known: &Known) -> Result<Still, Error> {
    let ask = Propfind { at: href.clone(), depth: Depth::Zero, names: vec![names::GETETAG], also: Vec::new() };
    let listed = match client.send(&ask).await {
        Ok(reply) => reply.resources.iter().find(|one| one.href == *href).and_then(|one| one.text(names::GETETAG)),
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Still::Gone),
        Err(_) => None,
    };
    if let (Some(before), Some(now)) = (&known.etag, listed.as_deref().and_then(ETag::new)) {
        return Ok(if is_same(before, &now) { Still::Same(better(before.clone(), now)) } else { Still::Changed });
    }
    let Some(now) = look_at(client, href).await? else { return Ok(Still::Gone) };
    let says_the_same = known.seen.as_ref().is_some_and(|seen| now.says(seen));
    Ok(match (known.etag.clone(), now.etag) {
        (Some(before), Some(now)) if is_same(&before, &now) => Still::Same(better(before, now)),
        (None, Some(now)) if says_the_same => Still::Same(now),
        (Some(before), None) if says_the_same => Still::Same(before),
        (_, Some(_)) => Still::Changed,
        (_, None) => Still::Untagged,
    })
}

/// Which of two tags of the same content a write is made conditional on: the listed one, but for a weak one, which never
/// holds (RFC 9110 §13.1.1).
pub(super) fn better(listed: ETag, got: ETag) -> ETag {
    if listed.is_weak() && !got.is_weak() { got } else { listed }
}

/// Whether both name the same version: a proxy that compresses makes a tag weak.
pub(super) fn is_same(one: &ETag, other: &ETag) -> bool {
    let plain = |tag: &ETag| tag.as_str().trim_start_matches("W/").to_owned();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_tag_is_kept_unless_it_is_weak_and_another_is_strong() {
        let tag = |text: &str| ETag::new(text).unwrap();
        assert_eq!(better(tag("\"a\""), tag("W/\"a\"")), tag("\"a\""));
        assert_eq!(better(tag("W/\"a\""), tag("\"a\"")), tag("\"a\""));
        assert_eq!(better(tag("\"a\""), tag("\"a-gzip\"")), tag("\"a\""));
        assert!(is_same(&tag("W/\"a\""), &tag("\"a\"")));
        assert!(!is_same(&tag("\"a\""), &tag("\"b\"")));
    }
}
