//! Reads XML as a stream: one member of an answer is in memory at a time, and nothing outside the document is looked at.
//!
//! Document types are refused, so there are no entities but the five of XML itself (§4.6), and no bombs made of them.

use tokio::io::AsyncBufRead;
use url::Url;

use super::element::{Element, Node};
use super::error::{Error, ErrorKind};
use super::href::Href;
use super::names;
use super::sync_token::SyncToken;
use reader::{Reader, too_large};

mod reader;

/// Most members of one answer.
const MOST_MEMBERS: usize = 500_000;

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

#[cfg(test)]
mod tests;
