//! Where the three parts of an archive lie.

use super::format::{Bytes, MAGIC, TRAILER, V1_0};
use crate::package::error::Error;

/// Bytes of what is before the first part: magic and version.
const HEAD: usize = 12;

/// Configuration, packfile and state, by the trailer. What is in none of them must be zeros, so that every byte counts.
pub(super) fn parts(bytes: &[u8]) -> Result<[&[u8]; 3], Error> {
    let mut head = Bytes(bytes);
    if head.take::<8>().as_ref() != Some(MAGIC) {
        return Err(Error::damaged("it is no package: it does not begin with _PLATAR_"));
    }
    // The host does not look at this version; another one may mean anything.
    if head.u32().is_some_and(|version| version != V1_0) {
        return Err(Error::refused("it is of another format than this program reads"));
    }
    let cut = || Error::damaged("it is cut, or what stands at its end is damaged");
    let end = bytes.len().checked_sub(TRAILER).ok_or_else(cut)?;
    let (body, trailer) = bytes.split_at_checked(end).ok_or_else(cut)?;
    let mut trailer = Bytes(trailer);
    let mut place = || {
        let offset = trailer.offset().filter(|offset| *offset >= HEAD)?;
        Some((offset, offset.checked_add(trailer.offset()?)?))
    };
    let (Some(configuration), Some(packfile), Some(state)) = (place(), place(), place()) else { return Err(cut()) };
    let part = |(from, to): (usize, usize)| body.get(from..to);
    let (Some(one), Some(two), Some(three)) = (part(configuration), part(packfile), part(state)) else {
        return Err(cut());
    };
    let mut places = [configuration, packfile, state];
    places.sort_unstable();
    let mut last = HEAD;
    for (from, to) in places.into_iter().chain([(end, end)]) {
        // Hosts take gaps, and writers leave one where the host reads further than it should.
        if body.get(last..from).is_none_or(|gap| gap.iter().any(|byte| *byte != 0)) {
            return Err(cut());
        }
        last = to;
    }
    Ok([one, two, three])
}
