//! Whether something of an item happens within a window of time, as RFC 4791 §9.9 says what that is.
//!
//! An item is all that its resource holds: a series with its rules, extra dates, exceptions and changed occurrences is one,
//! and so is a changed occurrence whose series is not there. What can't be told (a date that is none, a rule that is not
//! understood, a component that nobody knows, a rule that would have to be followed for too long) may be in the window: a
//! filter loses nothing. The work is bounded (`rule::MOST_LOOKS`, [`MOST_COMPONENTS`]), whatever the item says.
//!
//! Two things are taken as given, for lack of better: a time zone is what the tz database says for its name, its definition
//! in the item counts only where the name says nothing, and then only by how far it is from UTC; and a series that happens
//! several times a day is taken to happen all through each of its days.

use super::component::Component;
use super::kind::Kind;
use super::window::Window;
use series::Times;
use zones::Zones;

mod calendar;
mod moment;
mod overlap;
mod rule;
mod series;
mod zones;

/// Components of one item beyond which nobody looks closer: each is compared with all others.
const MOST_COMPONENTS: usize = 2_000;

/// Whether something of a calendar item happens in the window; also where nobody can tell.
#[must_use]
pub fn may_happen(item: &[u8], window: &Window) -> bool {
    if window.is_all() {
        return true;
    }
    let whole = Component::whole(item);
    if whole.subjects().nth(MOST_COMPONENTS).is_some() {
        return true;
    }
    let zones = Zones::of(&whole);
    let mut components = Vec::new();
    for subject in whole.subjects() {
        let kind = Kind::of_component(&subject.name);
        match Times::of(kind, subject, &zones) {
            Some(times) => components.push(times),
            None => return true,
        }
    }
    components.is_empty() || series::any_in(&components, window)
}

#[cfg(test)]
mod tests;
