//! A small tree of XML elements: what one property holds, and the bodies that we send.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::names::{self, Name};

/// An element with its attributes and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Namespace of its name; empty if none.
    pub namespace: String,
    /// Its name without a prefix.
    pub local: String,
    /// Attributes without a namespace: name and value.
    pub attributes: Vec<(String, String)>,
    /// What is inside, in order.
    pub children: Vec<Node>,
}

/// What is inside an [`Element`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A further element.
    Element(Element),
    /// Text, unescaped.
    Text(String),
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self { namespace: name.namespace.into(), local: name.local.into(), ..Self::default() }
    }

    /// An empty element of that namespace and name.
    #[must_use]
    pub fn named(namespace: &str, local: &str) -> Self {
        Self { namespace: namespace.into(), local: local.into(), ..Self::default() }
    }

    /// The same with a further child.
    #[must_use]
    pub fn child(mut self, child: Element) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// The same with further children.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children.into_iter().map(Node::Element));
        self
    }

    /// The same with text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// The same with an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Whether it has that name.
    #[must_use]
    pub fn is(&self, name: Name) -> bool {
        self.local == name.local && self.namespace == name.namespace
    }

    /// The elements inside.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element inside with that name.
    #[must_use]
    pub fn find(&self, name: Name) -> Option<&Element> {
        self.elements().find(|element| element.is(name))
    }

    /// Whether an element with that name is inside, however deep.
    #[must_use]
    pub fn holds(&self, name: Name) -> bool {
        self.elements().any(|element| element.is(name) || element.holds(name))
    }

    /// The text directly inside, joined.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect()
    }

    /// The text directly inside, taken out; does not copy where it is one piece.
    #[must_use]
    pub fn into_text(self) -> String {
        let mut whole = String::new();
        for node in self.children {
            match node {
                Node::Text(text) if whole.is_empty() => whole = text,
                Node::Text(text) => whole.push_str(&text),
                Node::Element(_) => {}
            }
        }
        whole
    }

    /// The hrefs directly inside, as written.
    pub fn hrefs(&self) -> impl Iterator<Item = String> {
        self.elements().filter(|e| e.is(super::names::HREF)).map(|e| e.text().trim().to_owned())
    }

    /// As XML; all prefixes are declared at the root. QUIRK(cyrus): answers a `PROPPATCH` or `PROPFIND` in prefixes of its own
    /// making, and loses a namespace that is a default one below the root.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = String::new();
        self.write_alone(&mut xml);
        xml
    }

    /// What is inside as XML, to stand in an element of any namespace.
    #[must_use]
    pub fn inner_xml(&self) -> String {
        let mut xml = String::new();
        for child in &self.children {
            match child {
                Node::Element(element) => element.write_alone(&mut xml),
                Node::Text(text) => escape(text, &mut xml),
            }
        }
        xml
    }

    fn write_alone(&self, xml: &mut String) {
        let mut namespaces = BTreeSet::new();
        self.gather(&mut namespaces);
        let declarations: String = namespaces.into_iter().map(declaration).collect();
        self.write(xml, &declarations);
    }

    fn gather<'a>(&'a self, namespaces: &mut BTreeSet<&'a str>) {
        namespaces.insert(&self.namespace);
        self.elements().for_each(|element| element.gather(namespaces));
    }

    fn write(&self, xml: &mut String, declarations: &str) {
        let name = qualified(&self.namespace, &self.local);
        let _ = write!(xml, "<{name}{declarations}");
        for (name, value) in &self.attributes {
            let _ = write!(xml, " {name}=\"");
            escape(value, xml);
            xml.push('"');
        }
        if self.children.is_empty() {
            xml.push_str("/>");
            return;
        }
        xml.push('>');
        for child in &self.children {
            match child {
                Node::Element(element) => element.write(xml, ""),
                Node::Text(text) => escape(text, xml),
            }
        }
        let _ = write!(xml, "</{name}>");
    }
}

/// The prefix of a namespace, always the same one: servers that mix them up when one means two can't.
fn prefix(namespace: &str) -> String {
    let known = [names::DAV, names::CALDAV, names::CARDDAV, names::CALENDARSERVER, names::APPLE];
    if let Some((_, prefix)) = known.into_iter().zip(["D", "C", "R", "S", "A"]).find(|(known, _)| *known == namespace) {
        return prefix.into();
    }
    // FNV-1a, 32 bits.
    let step = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("x{:08x}", namespace.bytes().fold(0x811c_9dc5, step))
}

/// A name as it is written below a [`declaration`] of its namespace.
pub(super) fn qualified(namespace: &str, local: &str) -> String {
    if namespace.is_empty() { local.to_owned() } else { format!("{}:{local}", prefix(namespace)) }
}

/// The attribute that gives a namespace its prefix, with a space before it; nothing for no namespace.
pub(super) fn declaration(namespace: &str) -> String {
    if namespace.is_empty() {
        return String::new();
    }
    let mut xml = format!(" xmlns:{}=\"", prefix(namespace));
    escape(namespace, &mut xml);
    xml.push('"');
    xml
}

/// Characters that XML 1.0 can't hold are left out (§2.2); the server would refuse the whole body.
pub(super) fn escape(text: &str, xml: &mut String) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#13;"),
            '\t' | '\n' => xml.push(character),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => xml.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_every_namespace_is_declared_at_the_root() {
        let element = Element::new(names::PROP)
            .child(Element::new(names::DISPLAYNAME).with_text("a & <b>\u{1}"))
            .child(Element::new(names::CALENDAR_COMP).attribute("name", "V\"T"));
        assert_eq!(
            element.to_xml(),
            "<D:prop xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
             <D:displayname>a &amp; &lt;b&gt;</D:displayname><C:comp name=\"V&quot;T\"/></D:prop>"
        );
        let inside = Element::new(names::PROP).child(Element::new(names::HREF)).inner_xml();
        assert_eq!(inside, "<D:href xmlns:D=\"DAV:\"/>");
        let strange = Element { namespace: "urn:x".into(), local: "y".into(), ..Element::default() };
        assert_eq!(strange.to_xml(), "<x48f4da3a:y xmlns:x48f4da3a=\"urn:x\"/>");
    }
}
