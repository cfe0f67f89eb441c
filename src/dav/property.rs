//! A property of a collection, with whatever it holds.

use super::names::Name;

/// A property and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The namespace of its name.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: Value,
}

/// What a property holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text only, unescaped.
    Text(String),
    /// What is inside the property's element, as XML that declares every namespace it uses.
    Xml(String),
}

impl Property {
    /// A property that holds text.
    #[must_use]
    pub fn text(name: Name, text: impl Into<String>) -> Self {
        Self { namespace: name.namespace.into(), name: name.local.into(), value: Value::Text(text.into()) }
    }

    /// Whether it is there and holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.value, Value::Text(text) | Value::Xml(text) if text.is_empty())
    }
}
