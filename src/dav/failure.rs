//! What went wrong with one sending, said so that a person understands it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use http::StatusCode;
use url::Url;

use super::element::Element;
use super::error::{Error, ErrorKind};
use super::names;
use super::retry::End;
use super::{tls, xml};

/// Longest piece of a server's own words in a sentence, in characters.
const LONGEST_REASON: usize = 200;

/// Namespace of `SabreDAV`'s own words.
const SABRE: &str = "http://sabredav.org/ns";

/// One sending that failed.
pub(super) struct Failure {
    pub end: End,
    /// How long the server asks us to wait.
    pub asked_delay: Option<Duration>,
    pub error: Error,
}

impl Failure {
    /// One that would fail again in the same way.
    pub fn lasting(error: Error) -> Self {
        let end = End::Status(error.status.unwrap_or(400));
        Self { end, asked_delay: None, error }
    }

    /// Whether a gateway gave up waiting for the server: who can ask for less gets an answer sooner than who asks again.
    pub fn is_of_a_gateway(&self) -> bool {
        matches!(self.end, End::Status(502 | 504))
    }

    /// No answer came within the time.
    pub fn silent(timeout: Duration) -> Self {
        let why = format!("no answer came within {} s", timeout.as_secs_f32().round().max(1.0));
        Self { end: End::Silent, asked_delay: None, error: Error::new(ErrorKind::TimedOut, why) }
    }

    /// The request could not be sent, or no head of an answer came.
    pub fn sending(error: reqwest::Error, url: &Url) -> Self {
        let error = error.without_url();
        let host = host_and_port(url);
        if let Some(why) = tls::reason(&error) {
            return Self::lasting(Error::new(ErrorKind::Tls, why));
        }
        let connecting = error.is_connect();
        let end = if connecting { End::NotConnected } else { End::Broken };
        let unreachable = |why: String| Error::new(ErrorKind::Unreachable, why);
        // Where we know what it means the library's own words would only repeat it.
        let error = match io_kind(&error) {
            _ if connecting && error.is_timeout() => {
                Error::new(ErrorKind::TimedOut, format!("connecting to {host} took too long"))
            }
            _ if connecting && is_dns(&error) => unreachable(format!("there is no host {host}")),
            Some(io::ErrorKind::ConnectionRefused) => unreachable(format!("{host} refused the connection")),
            Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
                unreachable(format!("there is no way to {host}"))
            }
            _ if connecting => unreachable(format!("can't connect to {host}")).caused_by(error),
            _ => unreachable("the connection broke before an answer came".to_owned()).caused_by(error),
        };
        Self { end, asked_delay: None, error }
    }

    /// Something failed while the body was read.
    pub fn reading(error: Error) -> Self {
        let end = match error.kind {
            ErrorKind::Unreachable => End::Broken,
            ErrorKind::TimedOut => End::Silent,
            _ => End::Status(error.status.unwrap_or(200)),
        };
        Self { end, asked_delay: None, error }
    }
}

/// The error that a status means; `body` is the beginning of what the server says about it.
pub(super) async fn refusal(status: StatusCode, content_type: Option<&str>, body: &[u8]) -> Error {
    let said = Said::read(content_type, body).await;
    let mut what = format!("the server answered {}", status.as_u16());
    if let Some(words) = status.canonical_reason() {
        what.push(' ');
        what.push_str(words);
    }
    if status.is_success() {
        what.push_str(", which no CalDAV or CardDAV server does here");
    }
    if let Some(reason) = said.sentence() {
        what = format!("{what} ({reason})");
    }
    let mut error = Error::new(kind_of(status.as_u16()), what).with_status(status.as_u16());
    error.condition = said.condition;
    if error.condition.as_deref() == Some("quotaExceeded") {
        error.kind = ErrorKind::Quota;
    }
    error
}

fn kind_of(status: u16) -> ErrorKind {
    match status {
        200..=299 => ErrorKind::NotDav,
        401 => ErrorKind::Unauthorised,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        405 | 501 => ErrorKind::Unsupported,
        409 => ErrorKind::Conflict,
        412 => ErrorKind::Precondition,
        413 => ErrorKind::TooLarge,
        507 => ErrorKind::Quota,
        408 | 504 => ErrorKind::TimedOut,
        429 | 500..=599 => ErrorKind::Server,
        _ => ErrorKind::Refused,
    }
}

/// What a server says beside the status.
#[derive(Default)]
struct Said {
    condition: Option<String>,
    words: Option<String>,
}

impl Said {
    async fn read(content_type: Option<&str>, body: &[u8]) -> Self {
        let media_type = content_type.unwrap_or_default();
        if media_type.contains("xml") || body.trim_ascii_start().starts_with(b"<?xml") {
            return xml::document(body).await.map(|root| Self::from_xml(&root)).unwrap_or_default();
        }
        if media_type.contains("json") {
            return serde_json::from_slice(body).map(|said| Self::from_json(&said)).unwrap_or_default();
        }
        let text = String::from_utf8_lossy(body);
        let first = text.lines().map(str::trim).find(|line| !line.is_empty());
        let words = first.filter(|_| media_type.starts_with("text/plain")).and_then(plain);
        Self { condition: None, words }
    }

    fn from_xml(root: &Element) -> Self {
        if !root.is(names::ERROR) {
            return Self::default();
        }
        let own = |element: &&Element| element.namespace == SABRE || element.is(names::RESPONSEDESCRIPTION);
        let named = root.elements().find(|e| !own(e));
        let condition = named.map(|e| e.local.clone());
        let said = root.elements().find(|e| e.local == "message" || e.is(names::RESPONSEDESCRIPTION));
        // RFC 4791 §5.3.2.1: where the other item of that UID is.
        let elsewhere = || named.and_then(|e| e.hrefs().next()).and_then(|href| plain(&href));
        Self { condition, words: said.and_then(|element| plain(&element.text())).or_else(elsewhere) }
    }

    /// Google's way to say it.
    fn from_json(said: &serde_json::Value) -> Self {
        let text = |pointer| said.pointer(pointer).and_then(serde_json::Value::as_str);
        Self {
            condition: text("/error/errors/0/reason").map(str::to_owned),
            words: text("/error/message").and_then(plain),
        }
    }

    fn sentence(&self) -> Option<String> {
        match (&self.condition, &self.words) {
            (Some(condition), Some(words)) => plain(&format!("{condition}: {words}")),
            (condition, words) => words.clone().or_else(|| condition.as_deref().and_then(plain)),
        }
    }
}

/// Short, in one line, without control characters.
fn plain(text: &str) -> Option<String> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let plain: String = words.join(" ").chars().take(LONGEST_REASON).collect();
    (!plain.is_empty()).then_some(plain)
}

/// A URL for a sentence: without user, query and fragment.
pub(super) fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), host_and_port(url), url.path())
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn io_kind(error: &dyn StdError) -> Option<io::ErrorKind> {
    causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// The resolver's error has a private type; its words are stable.
fn is_dns(error: &dyn StdError) -> bool {
    causes(error).any(|cause| cause.to_string().starts_with("dns error"))
}

fn causes<'a>(error: &'a dyn StdError) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| {
        let cause: &'a (dyn StdError + 'static) = *cause;
        cause.source()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sentence(status: u16, content_type: &str, body: &str) -> (Error, String) {
        let status = StatusCode::from_u16(status).unwrap();
        let error = refusal(status, Some(content_type), body.as_bytes()).await;
        let text = error.to_string();
        (error, text)
    }

    #[tokio::test]
    async fn the_reason_of_the_server_is_told_in_short() {
        let sabre = "<?xml version=\"1.0\"?><d:error xmlns:d=\"DAV:\" xmlns:s=\"http://sabredav.org/ns\">\
                     <s:exception>Sabre\\X</s:exception><s:message>Validation\nerror</s:message></d:error>";
        let (error, text) = sentence(415, "application/xml", sabre).await;
        assert_eq!(text, "the server answered 415 Unsupported Media Type (Validation error)");
        assert_eq!((error.kind, error.condition), (ErrorKind::Refused, None));

        let conflict = "<error xmlns=\"DAV:\"><no-uid-conflict xmlns=\"urn:ietf:params:xml:ns:caldav\"/></error>";
        let (error, text) = sentence(409, "text/xml; charset=utf-8", conflict).await;
        assert_eq!(text, "the server answered 409 Conflict (no-uid-conflict)");
        assert_eq!((error.kind, error.condition.as_deref()), (ErrorKind::Conflict, Some("no-uid-conflict")));

        let limit =
            "{\"error\": {\"errors\": [{\"reason\": \"rateLimitExceeded\"}], \"message\": \"Rate Limit Exceeded\"}}";
        let (error, text) = sentence(403, "application/json; charset=UTF-8", limit).await;
        assert_eq!(text, "the server answered 403 Forbidden (rateLimitExceeded: Rate Limit Exceeded)");
        assert!(error.is_about_rate() && error.is_about_all());

        let (_, text) = sentence(500, "text/plain", &format!("\n a\u{7}b {}\nsecond", "x".repeat(500))).await;
        assert_eq!(text, format!("the server answered 500 Internal Server Error (a b {})", "x".repeat(196)));
        let (_, text) = sentence(404, "text/html", "<html>no</html>").await;
        assert_eq!(text, "the server answered 404 Not Found");
    }

    #[test]
    fn a_url_is_shown_without_user_and_query() {
        let url = Url::parse("https://alice:secret@dav.example.com:8443/a%20b?token=x#y").unwrap();
        assert_eq!(shown(&url), "https://dav.example.com:8443/a%20b");
    }
}
