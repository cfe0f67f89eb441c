//! Reads XML as a stream: one member of an answer is in memory at a time, and nothing outside the document is looked at.
//!
//! Document types are refused, so there are no entities but the five of XML itself (§4.6), and no bombs made of them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};
use url::Url;

use super::element::{Element, Node};
use super::error::{Error, ErrorKind};
use super::href::Href;
use super::names;
use super::sync_token::SyncToken;

/// Deepest nesting of elements; real answers have about ten levels.
const MOST_LEVELS: usize = 64;

/// Largest member of an answer, in bytes: an item of 40 MB in base64, with room.
const LARGEST_MEMBER: usize = 64 << 20;

/// Most members of one answer.
const MOST_MEMBERS: usize = 500_000;

/// Most elements in one member; bounds the memory that many tiny ones take.
const MOST_ELEMENTS: usize = 20_000;

/// One member of a multistatus (RFC 4918 §14.24).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What it is about.
    pub href: Href,
    /// Why that href can't be used as the server wrote it; then it only stands for the member.
    pub trouble: Option<String>,
    /// The status of the whole member, where there is one.
    pub status: Option<u16>,
    /// Properties, by their status.
    pub propstats: Vec<Propstat>,
    /// Local name of what `DAV:error` holds.
    pub condition: Option<String>,
}

/// Properties that share a status (RFC 4918 §14.22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Propstat {
    /// The status.
    pub status: u16,
    /// The properties.
    pub properties: Vec<Element>,
}

impl Response {
    /// The properties that the server gave, with status 200.
    pub fn found(&self) -> impl Iterator<Item = &Element> {
        self.propstats.iter().filter(|propstat| propstat.status == 200).flat_map(|propstat| &propstat.properties)
    }

    /// The status of the member: its own, else 200.
    #[must_use]
    pub fn status_or_ok(&self) -> u16 {
        self.status.unwrap_or(200)
    }
}

/// The members of a multistatus, one after the other.
pub(super) struct Multistatus<R> {
    xml: Reader<R>,
    base: Url,
    waiting: Vec<Response>,
    members: usize,
    sync_token: Option<SyncToken>,
}

impl<R: AsyncBufRead + Unpin> Multistatus<R> {
    /// Begins to read; hrefs are relative to `base`. Kind `NotDav` if the document is something else.
    pub async fn open(body: R, base: Url) -> Result<Self, Error> {
        let mut xml = Reader::new(body);
        let root = xml.root().await?;
        if !root.is(names::MULTISTATUS) {
            return Err(Error::new(ErrorKind::NotDav, format!("the answer is a <{}>, no multistatus", root.local)));
        }
        Ok(Self { xml, base, waiting: Vec::new(), members: 0, sync_token: None })
    }

    /// The next member; `None` after the last one, when the document ended as it should.
    pub async fn next(&mut self) -> Result<Option<Response>, Error> {
        loop {
            if let Some(response) = self.waiting.pop() {
                self.members += 1;
                if self.members > MOST_MEMBERS {
                    return Err(too_large("the answer has too many members"));
                }
                return Ok(Some(response));
            }
            let Some(child) = self.xml.child().await? else {
                return Ok(None);
            };
            if child.is(names::RESPONSE) {
                self.waiting = responses(child, &self.base)?;
                self.waiting.reverse();
            } else if child.is(names::SYNC_TOKEN) {
                self.sync_token = SyncToken::new(&child.text());
            }
        }
    }

    /// The token of the state that was listed (RFC 6578 §6.2), once [`Multistatus::next`] has said that this was all.
    pub fn into_sync_token(self) -> Option<SyncToken> {
        self.sync_token
    }
}

/// The root of a small document, such as the body of an error.
pub(super) async fn document(body: &[u8]) -> Result<Element, Error> {
    let mut xml = Reader::new(body);
    let mut root = xml.root().await?;
    while let Some(child) = xml.child().await? {
        root.children.push(Node::Element(child));
    }
    Ok(root)
}

/// What is inside an element, read and written again, so that it can't end the element that it is put into; `None` where it is
/// no XML.
pub async fn inside(xml: &str) -> Option<String> {
    let root = document(format!("<x><y>{xml}</y></x>").as_bytes()).await.ok()?;
    Some(root.elements().next()?.inner_xml())
}

/// A member may hold several hrefs that share one status.
fn responses(element: Element, base: &Url) -> Result<Vec<Response>, Error> {
    let mut hrefs = Vec::new();
    let mut status = None;
    let mut condition = None;
    let mut propstats = Vec::new();
    for child in into_elements(element) {
        if child.is(names::HREF) {
            hrefs.push(child.into_text());
        } else if child.is(names::STATUS) {
            status = status_code(&child.text());
        } else if child.is(names::ERROR) {
            condition = child.elements().next().map(|e| e.local.clone());
        } else if child.is(names::PROPSTAT) {
            propstats.push(propstat(child));
        }
    }
    let mut responses = Vec::with_capacity(hrefs.len());
    for text in hrefs {
        let (href, trouble) = usable_href(base, &text)?;
        let propstats = if responses.is_empty() { std::mem::take(&mut propstats) } else { Vec::new() };
        responses.push(Response { href, trouble, status, propstats, condition: condition.clone() });
    }
    Ok(responses)
}

fn usable_href(base: &Url, text: &str) -> Result<(Href, Option<String>), Error> {
    Href::new(base, text).map(|href| (href, None)).or_else(|trouble| {
        let name: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        let stand_in = Href::new(base, "")?.join(&format!("href {name}"), false)?;
        Ok((stand_in, Some(trouble.what)))
    })
}

fn propstat(element: Element) -> Propstat {
    let mut result = Propstat { status: 200, properties: Vec::new() };
    for child in into_elements(element) {
        if child.is(names::STATUS) {
            result.status = status_code(&child.text()).unwrap_or(200);
        } else if child.is(names::PROP) {
            result.properties.extend(into_elements(child));
        }
    }
    result
}

fn into_elements(element: Element) -> impl Iterator<Item = Element> {
    element.children.into_iter().filter_map(|node| match node {
        Node::Element(element) => Some(element),
        Node::Text(_) => None,
    })
}

/// `HTTP/1.1 404 Not Found` → 404.
fn status_code(line: &str) -> Option<u16> {
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// A reader that hands out whole children of the root.
struct Reader<R> {
    xml: NsReader<Metered<R>>,
    buffer: Vec<u8>,
    ended: bool,
}

enum Token {
    Start(Element),
    Empty(Element),
    Text(String),
    End,
}

impl<R: AsyncBufRead + Unpin> Reader<R> {
    fn new(body: R) -> Self {
        let xml = NsReader::from_reader(Metered { inner: body, left: LARGEST_MEMBER });
        Self { xml, buffer: Vec::new(), ended: false }
    }

    /// The root's start, with nothing in it.
    async fn root(&mut self) -> Result<Element, Error> {
        loop {
            match self.token().await? {
                Token::Start(root) => return Ok(root),
                Token::Empty(root) => {
                    self.ended = true;
                    return Ok(root);
                }
                Token::Text(text) if text.chars().all(|c| c.is_whitespace() || c == '\u{feff}') => {}
                Token::Text(_) => {
                    return Err(Error::new(ErrorKind::NotDav, "the answer is no XML"));
                }
                Token::End => return Err(malformed("it ends before it begins")),
            }
        }
    }

    /// The next child of the root, whole; `None` when the root ended. Text between children is passed over.
    async fn child(&mut self) -> Result<Option<Element>, Error> {
        while !self.ended {
            self.xml.get_mut().left = LARGEST_MEMBER;
            match self.token().await? {
                Token::Start(start) => return self.rest_of(start).await.map(Some),
                Token::Empty(element) => return Ok(Some(element)),
                Token::Text(_) => {}
                Token::End => self.ended = true,
            }
        }
        Ok(None)
    }

    async fn rest_of(&mut self, start: Element) -> Result<Element, Error> {
        let mut open = Vec::new();
        let mut current = start;
        let mut elements = 1;
        loop {
            match self.token().await? {
                Token::Start(element) => {
                    elements += 1;
                    open.push(std::mem::replace(&mut current, element));
                }
                Token::Empty(element) => {
                    elements += 1;
                    current.children.push(Node::Element(element));
                }
                Token::Text(text) => append_text(&mut current, text),
                Token::End => match open.pop() {
                    Some(mut parent) => {
                        parent.children.push(Node::Element(current));
                        current = parent;
                    }
                    None => return Ok(current),
                },
            }
            if open.len() > MOST_LEVELS {
                return Err(malformed("its elements are nested too deep"));
            }
            if elements > MOST_ELEMENTS {
                return Err(too_large("a member of the answer has too many elements"));
            }
        }
    }

    async fn token(&mut self) -> Result<Token, Error> {
        loop {
            self.buffer.clear();
            let (namespace, event) =
                self.xml.read_resolved_event_into_async(&mut self.buffer).await.map_err(xml_error)?;
            return Ok(match event {
                Event::Start(start) => Token::Start(element(&namespace, &start)?),
                Event::Empty(start) => Token::Empty(element(&namespace, &start)?),
                Event::End(_) => Token::End,
                Event::Text(text) => Token::Text(utf8(&text)?.to_owned()),
                Event::CData(text) => Token::Text(utf8(&text)?.to_owned()),
                Event::GeneralRef(reference) => Token::Text(resolved(&reference)?.to_string()),
                Event::DocType(_) => return Err(malformed("it declares a document type")),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
                Event::Eof => return Err(malformed("it ends too early")),
            });
        }
    }
}

fn append_text(element: &mut Element, text: String) {
    match element.children.last_mut() {
        Some(Node::Text(before)) => before.push_str(&text),
        _ => element.children.push(Node::Text(text)),
    }
}

fn element(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Result<Element, Error> {
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => utf8(namespace.as_ref())?.to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(_) => return Err(malformed("it uses an undeclared prefix")),
    };
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| malformed("an attribute is broken"))?;
        let name = utf8(attribute.key.as_ref())?;
        if name != "xmlns" && !name.contains(':') {
            let value = quick_xml::escape::unescape(utf8(&attribute.value)?);
            attributes.push((name.to_owned(), value.map_err(|_| malformed("an attribute is broken"))?.into_owned()));
        }
    }
    let local = utf8(start.local_name().as_ref())?.to_owned();
    Ok(Element { namespace, local, attributes, children: Vec::new() })
}

fn resolved(reference: &BytesRef<'_>) -> Result<char, Error> {
    let unknown = || malformed("it uses an unknown entity");
    if let Some(character) = reference.resolve_char_ref().map_err(|_| unknown())? {
        return if character == '\0' { Err(unknown()) } else { Ok(character) };
    }
    let name: &[u8] = reference;
    match name {
        b"amp" => Ok('&'),
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"quot" => Ok('"'),
        b"apos" => Ok('\''),
        _ => Err(unknown()),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| malformed("it is no UTF-8"))
}

fn xml_error(error: quick_xml::Error) -> Error {
    match error {
        quick_xml::Error::Io(error) => match error.kind() {
            io::ErrorKind::TimedOut => Error::new(ErrorKind::TimedOut, "the answer stopped in the middle"),
            io::ErrorKind::FileTooLarge => too_large("the answer is larger than allowed"),
            _ => {
                Error::new(ErrorKind::Unreachable, "the connection broke in the middle of the answer").caused_by(error)
            }
        },
        other => malformed("it is not well-formed").caused_by(other),
    }
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("the server's XML can't be used: {why}"))
}

fn too_large(why: &str) -> Error {
    Error::new(ErrorKind::TooLarge, why)
}

/// Bounds what may be read for one member, so that one endless text can't fill the memory.
struct Metered<R> {
    inner: R,
    left: usize,
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Metered<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        Pin::new(&mut this.inner).poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.get_mut();
        this.left = this.left.saturating_sub(amount);
        Pin::new(&mut this.inner).consume(amount);
    }
}

/// Required by `AsyncBufRead`; the XML reader uses only that.
impl<R: AsyncBufRead + Unpin> AsyncRead for Metered<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = match Pin::new(&mut *this).poll_fill_buf(cx) {
            Poll::Ready(Ok(available)) => {
                let amount = available.len().min(buffer.remaining());
                buffer.put_slice(available.get(..amount).unwrap_or_default());
                amount
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        };
        Pin::new(this).consume(read);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
