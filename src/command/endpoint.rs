//! What a person names as a source or a destination: `@name`, a location, a folder.

use std::collections::BTreeMap;

use crate::config::Section;
use crate::connector::{self, Role};

use super::context::Context;
use super::failure::Failure;
use super::{arguments, open};

/// A location with its options.
pub struct Endpoint {
    /// The name it is configured under, if it is.
    pub name: Option<String>,
    /// The location; a folder is absolute.
    pub location: String,
    /// The options.
    pub options: BTreeMap<String, String>,
}

impl Endpoint {
    /// How it is named in a sentence.
    pub fn shown(&self) -> String {
        self.name.as_ref().map_or_else(|| self.location.clone(), |name| format!("@{name}"))
    }
}

/// Looks up `@name` or takes a location, and adds the options `extra` (key=value) over the configured ones.
pub fn resolve(context: &Context, role: Role, named: &str, extra: &[String]) -> Result<Endpoint, Failure> {
    let section = match role {
        Role::Source => Section::Sources,
        Role::Destination => Section::Destinations,
    };
    let mut endpoint = match named.strip_prefix('@') {
        Some(name) => {
            let place = context.config.get(section, name)?;
            Endpoint { name: Some(name.into()), location: place.location.clone(), options: place.options.clone() }
        }
        None => Endpoint { name: None, location: open::absolute(named)?, options: BTreeMap::new() },
    };
    endpoint.options.extend(arguments::options(extra)?);
    connector::check(role, &endpoint.location, &endpoint.options)?;
    Ok(endpoint)
}
