//! The bytes that GET gives, from what a multiget gave.
//!
//! XML turns CRLF into LF (XML 1.0 §2.11), so the text of `calendar-data` is not what is stored. What has to be done is
//! decided once for a collection, by comparing one item's GET with its multiget: nothing, CR put back, or, where they differ
//! in more than that, asking for every item by GET. Where an `ETag` is the digest of what is stored (MD5: `SabreDAV` and what is
//! built on it, `DAViCal`; SHA-256: Radicale), it also tells for each item which form is the stored one; that matters for items
//! stored with bare LF.
//!
//! A `vCard` may come converted, 4.0 to 3.0, under its own `ETag` (Cyrus, `SabreDAV` 4: servers.md §4a). So one that its `ETag`
//! or its listed size contradicts is asked for as 4.0 too, and that is kept only where one of the two confirms it.

use std::borrow::Cow;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::dav::ETag;
use crate::item::terminator::to_crlf;

/// How what a multiget gives becomes what GET gives, in one collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// They are the same.
    Exact,
    /// Lines end in CRLF.
    Crlf,
    /// Only GET tells.
    GetOnly,
}

impl Wire {
    /// Decides by one item that was fetched in both ways.
    pub fn by_sample(multiget: &[u8], get: &[u8]) -> Self {
        if multiget == get {
            Self::Exact
        } else if to_crlf(multiget).as_ref() == get {
            Self::Crlf
        } else {
            Self::GetOnly
        }
    }

    /// Decides without a sample, where listed sizes are known to be those that GET gives: `None` unless each text has one that is
    /// the size of one and only one of its forms. Most lines decide; what is another form tells its size later.
    pub fn by_sizes<'a>(texts: impl Iterator<Item = (&'a [u8], Option<u64>)>) -> Option<Self> {
        let (mut exact, mut with_cr) = (0, 0);
        for (text, size) in texts {
            let forms = (text.len() as u64, to_crlf(text).len() as u64);
            match size? {
                size if forms.0 == forms.1 && size == forms.0 => {}
                size if size == forms.0 => exact += 1,
                size if size == forms.1 => with_cr += 1,
                _ => return None,
            }
        }
        Some(if exact > with_cr { Self::Exact } else { Self::Crlf })
    }
}

/// What of a collection's answers has proved to tell about the stored bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trust {
    /// An `ETag` is the digest of them.
    pub digest: bool,
    /// The size in the listing is that of one of their forms.
    pub size: bool,
    /// The size in the listing is the very one that GET gives, so it also tells which form that is.
    pub form: bool,
}

/// What is known of an item beside its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    /// The version that the text was given under.
    pub etag: Option<&'a ETag>,
    /// Its size in the listing, in bytes.
    pub size: Option<u64>,
}

/// The stored form of a text, as far as can be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// These are the bytes: their digest is the `ETag`.
    Confirmed(Bytes),
    /// Probably these; nothing contradicts it.
    Assumed(Bytes),
    /// What can be trusted contradicts it.
    Contradicted(Bytes),
}

/// The stored form of what a multiget gave.
pub(super) fn stored(text: &Bytes, wire: Wire, trust: Trust, evidence: Evidence<'_>) -> Stored {
    let with_cr = match to_crlf(text) {
        Cow::Borrowed(_) => text.clone(),
        Cow::Owned(text) => Bytes::from(text),
    };
    let digest = evidence.etag.and_then(Digest::in_tag);
    if let Some(form) = [&with_cr, text].into_iter().find(|form| digest.as_ref().is_some_and(|one| one.is_of(form))) {
        return Stored::Confirmed(form.clone());
    }
    let fits = |size: u64| [text.len(), with_cr.len()].iter().any(|length| *length as u64 == size);
    let contradicted =
        (trust.digest && digest.is_some()) || (trust.size && evidence.size.is_some_and(|size| !fits(size)));
    let by_size = [&with_cr, text].into_iter().find(|form| trust.form && evidence.size == Some(form.len() as u64));
    let form = match (by_size, wire) {
        (Some(form), _) => form.clone(),
        (None, Wire::Crlf) => with_cr,
        (None, _) => text.clone(),
    };
    if contradicted { Stored::Contradicted(form) } else { Stored::Assumed(form) }
}

/// Of the forms of a text the one that the `ETag` or, where that is no digest, the size stands for.
pub(super) fn confirmed(text: &Bytes, evidence: Evidence<'_>) -> Option<Bytes> {
    let with_cr = Bytes::from(to_crlf(text).into_owned());
    let digest = evidence.etag.and_then(Digest::in_tag);
    [with_cr, text.clone()].into_iter().find(|form| match &digest {
        Some(digest) => digest.is_of(form),
        None => evidence.size == Some(form.len() as u64),
    })
}

/// A digest in an `ETag` that looks like one.
enum Digest {
    Md5([u8; 16]),
    Sha256([u8; 32]),
}

impl Digest {
    fn in_tag(etag: &ETag) -> Option<Self> {
        bytes_in(etag.as_str()).map(Self::Md5).or_else(|| bytes_in(etag.as_str()).map(Self::Sha256))
    }

    fn is_of(&self, content: &[u8]) -> bool {
        match self {
            Self::Md5(digest) => <[u8; 16]>::from(Md5::digest(content)) == *digest,
            Self::Sha256(digest) => <[u8; 32]>::from(Sha256::digest(content)) == *digest,
        }
    }
}

/// What a tag of twice as many hexadecimal digits stands for.
pub(super) fn bytes_in<const N: usize>(tag: &str) -> Option<[u8; N]> {
    let digits = tag.trim_matches('"');
    if digits.len() != 2 * N || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LF: &[u8] = b"BEGIN:VCALENDAR\nEND:VCALENDAR\n";
    const CRLF: &[u8] = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";

    fn etag_of(bytes: &[u8]) -> ETag {
        let digest = u128::from_be_bytes(Md5::digest(bytes).into());
        ETag::new(&format!("\"{digest:032x}\"")).unwrap()
    }

    #[test]
    fn an_etag_that_is_a_sha256_confirms_a_form_too() {
        let etag = |bytes: &[u8]| {
            let digits = Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            ETag::new(&format!("\"{digits}\"")).unwrap()
        };
        let by = |etag| {
            stored(&Bytes::from_static(LF), Wire::Crlf, Trust::default(), Evidence { etag: Some(etag), size: None })
        };
        let (lf, crlf, other) = (etag(LF), etag(CRLF), etag(b"other"));
        assert_eq!(by(&lf), Stored::Confirmed(Bytes::from_static(LF)));
        assert_eq!(by(&crlf), Stored::Confirmed(Bytes::from_static(CRLF)));
        assert_eq!(by(&other), Stored::Assumed(Bytes::from_static(CRLF)));
    }

    #[test]
    fn one_item_decides_how_a_collection_is_read() {
        assert_eq!(Wire::by_sample(CRLF, CRLF), Wire::Exact);
        assert_eq!(Wire::by_sample(LF, LF), Wire::Exact);
        assert_eq!(Wire::by_sample(LF, CRLF), Wire::Crlf);
        assert_eq!(Wire::by_sample(LF, b"BEGIN:VCALENDAR\r\nX:1\r\nEND:VCALENDAR\r\n"), Wire::GetOnly);
    }

    #[test]
    fn where_sizes_are_exact_they_decide_unless_one_of_them_does_not_fit() {
        let by = |texts: &[(&'static [u8], Option<u64>)]| Wire::by_sizes(texts.iter().copied());
        let (lf, crlf) = (LF.len() as u64, CRLF.len() as u64);
        assert_eq!(by(&[(LF, Some(crlf)), (LF, Some(crlf)), (LF, Some(lf))]), Some(Wire::Crlf));
        assert_eq!(by(&[(LF, Some(lf))]), Some(Wire::Exact));
        assert_eq!(by(&[(LF, Some(crlf)), (LF, None)]), None);
        assert_eq!(by(&[(LF, Some(crlf)), (LF, Some(7))]), None);
    }

    #[test]
    fn an_etag_that_is_a_digest_tells_which_lines_are_stored() {
        let (lf, crlf, other) = (etag_of(LF), etag_of(CRLF), etag_of(b"other"));
        let trust = Trust { digest: true, ..Trust::default() };
        let by = |etag| stored(&Bytes::from_static(LF), Wire::Crlf, trust, Evidence { etag: Some(etag), size: None });
        assert_eq!(by(&lf), Stored::Confirmed(Bytes::from_static(LF)));
        assert_eq!(by(&crlf), Stored::Confirmed(Bytes::from_static(CRLF)));
        assert_eq!(by(&other), Stored::Contradicted(Bytes::from_static(CRLF)));
    }

    #[test]
    fn a_size_that_is_the_one_of_get_tells_which_lines_are_stored() {
        let text = Bytes::from_static(LF);
        let by = |wire, form, size: usize| {
            let trust = Trust { digest: false, size: true, form };
            stored(&text, wire, trust, Evidence { etag: None, size: Some(size as u64) })
        };
        assert_eq!(by(Wire::Crlf, true, LF.len()), Stored::Assumed(Bytes::from_static(LF)));
        assert_eq!(by(Wire::Exact, true, CRLF.len()), Stored::Assumed(Bytes::from_static(CRLF)));
        // A size of what a server holds inside, not of what it gives.
        assert_eq!(by(Wire::Crlf, false, LF.len()), Stored::Assumed(Bytes::from_static(CRLF)));
    }

    #[test]
    fn a_size_that_fits_no_form_contradicts_where_sizes_can_be_trusted() {
        let text = Bytes::from_static(LF);
        let by = |trusted, size| {
            let trust = Trust { size: trusted, ..Trust::default() };
            stored(&text, Wire::Crlf, trust, Evidence { etag: None, size: Some(size) })
        };
        assert_eq!(by(true, CRLF.len() as u64), Stored::Assumed(Bytes::from_static(CRLF)));
        assert_eq!(by(false, 7), Stored::Assumed(Bytes::from_static(CRLF)));
        assert_eq!(by(true, 7), Stored::Contradicted(Bytes::from_static(CRLF)));
        let evidence = |etag| Evidence { etag, size: Some(CRLF.len() as u64) };
        assert_eq!(confirmed(&text, evidence(None)), Some(Bytes::from_static(CRLF)));
        assert_eq!(confirmed(&text, evidence(Some(&etag_of(b"other")))), None);
    }
}
