//! Which collection of an account a folder of a snapshot goes to. Pure: an account and wishes in, a plan out.

use super::refused;
use super::wishes::Into;
use crate::connector::Error;
use crate::connector::dav::open::failed;
use crate::connector::name::{safe_name, safe_names, with_suffix};
use crate::dav::{Account, Collection, Href, Kind, Role};

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
    /// Where it was, as its description says.
    pub href: Option<&'a str>,
}

/// What else this restore does, which may stand in the way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Among<'a> {
    /// Where other folders go, as far as that is known.
    pub made: &'a [(Href, Kind)],
    /// The names of the other folders of this kind.
    pub others: &'a [String],
}

/// Finds the place: the only collection, the one asked for, the one that it was, the one of that name, the one of that display
/// name, a new one.
pub(super) fn place(
    account: &Account,
    into: Option<&Into>,
    wanted: Wanted<'_>,
    among: Among<'_>,
) -> Result<Place, Error> {
    let word = wanted.kind.word();
    let mut of_kind = account.collections.iter().filter(|one| one.kind == wanted.kind);
    if account.only {
        let Some(only) = of_kind.next() else {
            return Err(refused(format!("the target is one collection, and it is no {word}")));
        };
        return Ok(Place::There(Box::new(only.clone())));
    }
    // Two folders may be asked into one; else none goes where another one belongs.
    let (wanted, among) = match into {
        Some(Into::One(name)) => {
            (Wanted { name, displayname: Some(name), href: None, ..wanted }, Among { others: &[], ..among })
        }
        _ => (wanted, among),
    };
    let Wanted { name, displayname, .. } = wanted;
    if let Some(there) = matching(&of_kind.collect::<Vec<_>>(), wanted, among) {
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
    let segment = safe_name(&segment);
    // Where calendars and contacts share a home, one of the other kind may have the name: a suffix tells them apart.
    for segment in [with_suffix(&segment, word, 0), segment.clone()].iter().rev() {
        let href = home.href.join(segment, true);
        let href = href.map_err(|error| failed(format!("cannot make the {word} {segment}"), error))?;
        let mut there = account.collections.iter().filter(|one| one.href == href).peekable();
        let is_other =
            there.peek().is_some() || among.made.iter().any(|(made, kind)| *made == href && *kind != wanted.kind);
        // What an earlier restore made by the same pattern is there now.
        if let Some(there) = there.find(|one| one.kind == wanted.kind) {
            return Ok(Place::There(Box::new(there.clone())));
        }
        if !is_other {
            return Ok(Place::New { href, displayname });
        }
    }
    Err(refused(format!("the account has no free name for a new {word} {segment}")))
}

/// The one that it was; else by folder name; else by display name, where only one has it that no other folder belongs to.
fn matching<'a>(of_kind: &[&'a Collection], wanted: Wanted<'_>, among: Among<'_>) -> Option<&'a Collection> {
    let segments: Vec<_> = of_kind.iter().map(|one| one.href.last_segment_decoded()).collect();
    // Named as a snapshot of this account names them, then as one of another account may have.
    let named = |name: &str| {
        let safe = safe_names(&segments);
        let at = segments.iter().position(|segment| segment == name);
        let at = at.or_else(|| safe.iter().position(|safe| safe == name));
        at.or_else(|| segments.iter().position(|segment| safe_name(segment) == name))
    };
    let same = wanted.href.and_then(|href| of_kind.iter().position(|one| one.href.path() == href));
    let is_free = |one: &Collection| {
        let segment = one.href.last_segment_decoded();
        let belongs = |other: &String| *other == segment || *other == safe_name(&segment);
        let goes = |(href, kind): &(Href, Kind)| *href == one.href && *kind == one.kind;
        !among.others.iter().any(belongs) && !among.made.iter().any(goes)
    };
    let displayed = wanted.displayname.filter(|name| !name.is_empty());
    let by_displayname =
        of_kind.iter().filter(|one| displayed.is_some() && one.displayname.as_deref() == displayed && is_free(one));
    // A subscription that is only called the same is no place for items.
    let mut by_displayname = by_displayname.filter(|one| one.role == Role::Usual);
    match (same.or_else(|| named(wanted.name)), by_displayname.next(), by_displayname.next()) {
        (Some(at), _, _) => of_kind.get(at).copied(),
        (None, Some(one), None) => Some(one),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
