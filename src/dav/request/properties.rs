//! Which properties there are, and those of any name (RFC 4918 §9.1).

use super::propfind::propfind;
use super::{Depth, Head, Part, Parts, Request};
use crate::dav::{Element, Error, Href, names};

/// What of the properties is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The names of all that are there.
    Names,
    /// All that the server likes to give; dead ones are among them (RFC 4918 §9.1).
    All,
    /// These: namespace and name.
    Named(Vec<(String, String)>),
}

/// Asks for properties of `at`, and with [`Depth::One`] of what lies in it.
#[derive(Debug, Clone)]
pub struct Properties {
    /// Where.
    pub at: Href,
    /// How deep.
    pub depth: Depth,
    /// Which.
    pub wanted: Wanted,
}

impl Request for Properties {
    /// Of each thing, the properties that are there.
    type Reply = Vec<(Href, Vec<Element>)>;

    fn parts(&self) -> Parts {
        let inside = match &self.wanted {
            Wanted::Names => Element::new(names::PROPNAME),
            Wanted::All => Element::new(names::ALLPROP),
            Wanted::Named(wanted) => {
                let named = wanted.iter().map(|(namespace, local)| Element::named(namespace, local));
                Element::new(names::PROP).children(named)
            }
        };
        propfind(self.at.clone(), self.depth, inside)
    }

    fn begin(&self, _head: &Head) -> Result<Self::Reply, Error> {
        Ok(Vec::new())
    }

    fn add(&self, reply: &mut Self::Reply, part: Part) -> Result<(), Error> {
        let Part::Response(response) = part else {
            return Ok(());
        };
        let found = response.propstats.into_iter().filter(|propstat| propstat.status == 200);
        reply.push((response.href, found.flat_map(|propstat| propstat.properties).collect()));
        Ok(())
    }

    fn largest_answer(&self) -> u64 {
        16 << 20
    }
}
