//! What a person names as a source or a destination: `@name`, a location, a folder.

use std::collections::BTreeMap;

use crate::config::Section;
use crate::connector::{self, Role};

use super::arguments;
use super::context::Context;
use super::failure::Failure;
use super::served::{self, Served};

/// A location with its options.
pub struct Endpoint {
    /// The name it is configured under, if it is.
    pub name: Option<String>,
    /// The location; a folder is absolute.
    pub location: String,
    /// The options.
    pub options: BTreeMap<String, String>,
    /// Whose connector it is for.
    pub served: Served,
}

impl Endpoint {
    /// How it is named in a sentence.
    pub fn shown(&self) -> String {
        self.name.as_ref().map_or_else(|| connector::without_password(&self.location), |name| format!("@{name}"))
    }
}

/// Looks up `@name` or takes a location, and adds the options `extra` (key=value) over the configured ones.
pub fn resolve(context: &Context, role: Role, named: &str, extra: &[String]) -> Result<Endpoint, Failure> {
    let section = match role {
        Role::Source => Section::Sources,
        Role::Destination => Section::Destinations,
    };
    let (name, location, mut options) = match named.strip_prefix('@') {
        Some(name) => {
            let place = context.config.get(section, name)?;
            (Some(name.into()), place.location.clone(), place.options.clone())
        }
        None => (None, served::remembered(role, named)?, BTreeMap::new()),
    };
    options.extend(arguments::options(extra)?);
    let served = served::by(role, &location, &options)?;
    Ok(Endpoint { name, location, options, served })
}
