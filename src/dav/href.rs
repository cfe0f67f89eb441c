//! Addresses of things on a server, compared by what they mean and never by how they are escaped.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Position, Url};

use super::error::{Error, ErrorKind};

/// Longest href that is used, in bytes: as long as servers take in a request.
const LONGEST: usize = 8 << 10;

/// What is escaped in a name that we make: all but the unreserved characters (RFC 3986 §2.3), so also `/`.
const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An address on a server. Two are equal when scheme, host, port and the decoded segments of the path are; a slash at the
/// end makes no difference. What is sent is the path as the server wrote it.
///
/// Hundreds of thousands of them are held at a time, so nothing is kept beside the address.
#[derive(Clone)]
pub struct Href {
    /// A whole URL, without user, query or fragment.
    text: Box<str>,
    /// Where the path begins.
    path_start: u32,
}

impl Href {
    /// Reads an href as a server wrote it, found in the answer from `base`: a path or a whole URL.
    ///
    /// Kind `Malformed` if it is none, if it is longer than 8 KiB, or if a segment is `.` or `..`, also an escaped one.
    pub fn new(base: &Url, text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let bad = || Error::new(ErrorKind::Malformed, format!("the href {} can't be used", shown(text)));
        if text.len() > LONGEST {
            return Err(bad());
        }
        let path_start = match text.find("://") {
            Some(scheme) if !text.starts_with('/') => {
                let host = scheme + 3;
                text.get(host..).and_then(|rest| rest.find('/')).map_or(text.len(), |slash| host + slash)
            }
            _ => 0,
        };
        let (origin, path) = text.split_at_checked(path_start).ok_or_else(bad)?;
        // A second slash in front would be read as a host (RFC 3986 §4.2); no server means that.
        let path = if origin.is_empty() && path.starts_with("//") { path.trim_start_matches('/') } else { path };
        let lead = if origin.is_empty() && text.starts_with("//") { "/" } else { "" };
        if path.split(['/', '\\']).any(is_dots) {
            return Err(bad());
        }
        // Some servers list names unescaped; these would end the path or be read as a slash.
        let path = path.replace('\\', "%5C").replace('?', "%3F").replace('#', "%23");
        let url = base.join(&format!("{origin}{lead}{path}")).map_err(|_| bad())?;
        Self::from_url(&url).ok_or_else(bad)
    }

    pub(super) fn from_url(url: &Url) -> Option<Self> {
        let http = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        let path_start = u32::try_from(url[..Position::BeforePath].len()).ok()?;
        http.then(|| Self { text: String::from(url).into(), path_start })
    }

    /// The address of `name` in this collection, a slash at the end if `collection`.
    ///
    /// Kind `Usage` if the name is empty, `.`, `..`, or has a control character in it.
    pub fn join(&self, name: &str, collection: bool) -> Result<Self, Error> {
        if name.is_empty() || is_dots(name) || name.chars().any(char::is_control) {
            return Err(Error::new(ErrorKind::Usage, format!("{} can't be a name on a server", shown(name))));
        }
        let mut path = self.path().trim_end_matches('/').to_owned();
        path.push('/');
        path.extend(utf8_percent_encode(name, IN_SEGMENT));
        if collection {
            path.push('/');
        }
        let mut url = self.url();
        url.set_path(&path);
        Self::from_url(&url).ok_or_else(|| Error::new(ErrorKind::Usage, "no such address"))
    }

    /// The path as it is sent, percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.parts().1
    }

    /// The whole address, without user, query or fragment.
    #[must_use]
    pub fn url(&self) -> Url {
        Url::parse(&self.text).expect("the text of a URL is one")
    }

    /// The last name in the path, decoded; what is no UTF-8 becomes U+FFFD. Empty for `/`.
    #[must_use]
    pub fn last_segment_decoded(&self) -> String {
        self.last_segment().into_owned()
    }

    /// The same, copied only where something in it is escaped.
    #[must_use]
    pub fn last_segment(&self) -> Cow<'_, str> {
        match self.segments().next_back() {
            Some(Cow::Borrowed(last)) => String::from_utf8_lossy(last),
            Some(Cow::Owned(last)) => String::from_utf8_lossy(&last).into_owned().into(),
            None => Cow::Borrowed(""),
        }
    }

    /// Whether `other` is this or lies anywhere below it.
    #[must_use]
    pub fn is_above(&self, other: &Self) -> bool {
        let mut segments = other.segments();
        self.same_origin(other) && self.segments().all(|segment| segments.next() == Some(segment))
    }

    /// The names in the path, decoded.
    fn segments(&self) -> impl DoubleEndedIterator<Item = Cow<'_, [u8]>> {
        self.path().split('/').filter(|segment| !segment.is_empty()).map(decoded)
    }

    /// Scheme, host and port; a port that is the scheme's own is left out.
    fn origin(&self) -> &str {
        self.parts().0
    }

    fn parts(&self) -> (&str, &str) {
        let path_start = usize::try_from(self.path_start).unwrap_or_default();
        self.text.split_at_checked(path_start).unwrap_or_default()
    }

    fn same_origin(&self, other: &Self) -> bool {
        self.origin() == other.origin()
    }
}

impl PartialEq for Href {
    fn eq(&self, other: &Self) -> bool {
        self.same_origin(other) && (self.path() == other.path() || self.segments().eq(other.segments()))
    }
}

impl Eq for Href {}

impl Hash for Href {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.segments().for_each(|segment| segment.hash(state));
    }
}

impl PartialOrd for Href {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Href {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.segments().cmp(other.segments()).then_with(|| self.origin().cmp(other.origin()))
    }
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl fmt::Debug for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Href({})", self.text)
    }
}

fn decoded(segment: &str) -> Cow<'_, [u8]> {
    percent_decode_str(segment).into()
}

fn is_dots(segment: &str) -> bool {
    matches!(decoded(segment).as_ref(), b"." | b"..")
}

/// A text from outside for a sentence: short, and without control characters.
fn shown(text: &str) -> String {
    let short: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
    format!("\"{short}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://dav.example.com/cal/alice/").unwrap()
    }

    fn href(text: &str) -> Href {
        Href::new(&base(), text).unwrap()
    }

    #[test]
    fn hrefs_are_equal_when_they_mean_the_same() {
        assert_eq!(href("/cal/alice/%C3%BC%28x.ics"), href("https://dav.example.com:443/cal/alice/%c3%bc(x.ics"));
        assert_eq!(href("/cal/alice"), href("/cal/alice/"));
        assert_ne!(href("/cal/a%2Fb.ics"), href("/cal/a/b.ics"));
        assert_ne!(href("/cal/A.ics"), href("/cal/a.ics"));
        assert_ne!(href("/x"), href("https://other.example.com/x"));
        assert_eq!(href("//cal/x"), href("/cal/x"));
        assert_eq!(href("x.ics"), href("/cal/alice/x.ics"));
    }

    #[test]
    fn dots_are_refused_however_they_are_written() {
        for text in ["/a/../b", "..", "/a/%2e%2E/b", "/a/.%2e", "/a/./b", "https://dav.example.com/a/..", "a\\..\\b"] {
            let error = Href::new(&base(), text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Malformed, "{text}");
        }
        assert_eq!(Href::new(&base(), "/a/..").unwrap_err().to_string(), "the href \"/a/..\" can't be used");
        assert_eq!(Href::new(&base(), "mailto:x").unwrap_err().kind, ErrorKind::Malformed);
    }

    #[test]
    fn names_are_decoded_once_and_unescaped_ones_are_read_as_names() {
        assert_eq!(href("/cal/a%2Fb%2541.ics").last_segment_decoded(), "a/b%41.ics");
        assert_eq!(href("/cal/a b?c#d.ics").last_segment_decoded(), "a b?c#d.ics");
        assert_eq!(href("/cal/a b.ics").path(), "/cal/a%20b.ics");
        let long = "ü".repeat(300);
        assert_eq!(href(&format!("/cal/{long}.ics")).last_segment_decoded(), format!("{long}.ics"));
    }

    #[test]
    fn a_made_name_stays_one_segment() {
        let home = href("/cal/alice");
        assert_eq!(home.join("a/b ü%.ics", false).unwrap().path(), "/cal/alice/a%2Fb%20%C3%BC%25.ics");
        assert_eq!(home.join("work", true).unwrap().path(), "/cal/alice/work/");
        assert!(home.is_above(&home.join("a/b", false).unwrap()));
        assert!(!home.is_above(&href("/cal/alice2/x")));
        for name in ["", ".", "..", "%2e%2E", "a\nb"] {
            assert_eq!(home.join(name, false).unwrap_err().kind, ErrorKind::Usage, "{name}");
        }
    }
}
