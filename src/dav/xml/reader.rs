//! The elements of a document, one child of its root at a time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::dav::element::{Element, Node};
use crate::dav::error::{Error, ErrorKind};

/// Deepest nesting of elements; real answers have about ten levels.
const MOST_LEVELS: usize = 64;

/// Largest member of an answer, in bytes: an item of 40 MB in base64, with room.
const LARGEST_MEMBER: usize = 64 << 20;

/// Most elements in one member; bounds the memory that many tiny ones take.
const MOST_ELEMENTS: usize = 20_000;

/// A reader that hands out whole children of the root.
pub(super) struct Reader<R> {
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
    pub fn new(body: R) -> Self {
        let xml = NsReader::from_reader(Metered { inner: body, left: LARGEST_MEMBER });
        Self { xml, buffer: Vec::new(), ended: false }
    }

    /// The root's start, with nothing in it.
    pub async fn root(&mut self) -> Result<Element, Error> {
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
    pub async fn child(&mut self) -> Result<Option<Element>, Error> {
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

pub(super) fn too_large(why: &str) -> Error {
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
