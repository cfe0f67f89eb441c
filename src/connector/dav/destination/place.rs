//! Which collection of an account a folder of a snapshot goes to. Pure: an account and wishes in, a plan out.

use super::refused;
use super::wishes::Into;
use crate::connector::Error;
use crate::connector::dav::open::failed;
use crate::connector::name::safe_name;
use crate::dav::{Account, Collection, Href, Kind};

/// Where the items of a folder go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Into a collection that is there.
    There(Box<Collection>),
    /// Into one that has to be made.
    New {
        /// Where.
        href: Href,
        /// The display name that the option gives it; without one it keeps its own.
        displayname: Option<String>,
    },
}

/// The folder to find a place for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub kind: Kind,
    /// The folder's name; empty where it is unknown.
    pub name: &'a str,
    pub displayname: Option<&'a str>,
}

/// Finds the place: the only collection, the one asked for, the one of that name, the one of that display name, a new one.
pub(super) fn place(account: &Account, into: Option<&Into>, wanted: Wanted<'_>) -> Result<Place, Error> {
    let word = wanted.kind.word();
    let mut of_kind = account.collections.iter().filter(|one| one.kind == wanted.kind);
    if account.only {
        let Some(only) = of_kind.next() else {
            return Err(refused(format!("the target is one collection, and it is no {word}")));
        };
        return Ok(Place::There(Box::new(only.clone())));
    }
    let (name, displayname) = match into {
        Some(Into::One(name)) => (name.as_str(), Some(name.as_str())),
        _ => (wanted.name, wanted.displayname),
    };
    if let Some(there) = matching(&of_kind.collect::<Vec<_>>(), name, displayname) {
        return Ok(Place::There(Box::new(there.clone())));
    }
    if name.is_empty() {
        return Err(refused(format!("it is not known which {word} this is; say into=NAME")));
    }
    let Some(home) = account.homes.iter().find(|home| home.kind == wanted.kind) else {
        return Err(refused(format!("the account has no place for a new {word} {name}")));
    };
    let (segment, displayname) = match into {
        Some(Into::Pattern(pattern)) => {
            (pattern.replace("%n", name), Some(pattern.replace("%n", displayname.unwrap_or(name))))
        }
        Some(Into::One(name)) => (name.clone(), Some(name.clone())),
        None => (name.to_owned(), None),
    };
    let href = home.href.join(&safe_name(&segment), true);
    let href = href.map_err(|error| failed(format!("cannot make the {word} {segment}"), error))?;
    // What an earlier restore made by the same pattern is there now.
    if let Some(there) = account.collections.iter().find(|one| one.href == href && one.kind == wanted.kind) {
        return Ok(Place::There(Box::new(there.clone())));
    }
    Ok(Place::New { href, displayname })
}

/// By folder name; else by display name, where only one has it.
fn matching<'a>(of_kind: &[&'a Collection], name: &str, displayname: Option<&str>) -> Option<&'a Collection> {
    let segment = |one: &Collection| one.href.last_segment_decoded();
    let by_name = of_kind.iter().find(|one| segment(one) == name || safe_name(&segment(one)) == name);
    let mut by_displayname =
        of_kind.iter().filter(|one| displayname.is_some() && one.displayname.as_deref() == displayname);
    match (by_name, by_displayname.next(), by_displayname.next()) {
        (Some(one), _, _) | (None, Some(one), None) => Some(one),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
