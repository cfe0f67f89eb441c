//! What a server allows no more of, with what to do about it.

use crate::dav::{Error, Kind};

/// What to do with an account that is full.
const FULL: &str = "the account has no room left: free some and run the restore again, which goes on where it stopped";

/// Why a collection could not be made, with what to do.
pub(super) fn making(mut error: Error, kind: Kind) -> Error {
    let word = kind.word();
    let advice = match error.status {
        // QUIRK(nextcloud): makes ten calendars an hour.
        _ if error.is_about_rate() => format!(
            "no more {word}s are made for a while (Nextcloud makes 10 calendars an hour): wait and run the restore again, which \
             goes on where it stopped, or put it into one that is there with -into NAME"
        ),
        Some(507) => FULL.to_owned(),
        // QUIRK(nextcloud): says 403 where an account has thirty calendars. QUIRK(google): makes none.
        Some(403 | 405 | 501) => {
            format!("make the {word} in another way, or put this into one that is there with -into NAME")
        }
        _ => return error,
    };
    error.what = format!("{}; {advice}", error.what);
    error
}

/// Why an item could not be put, with what to do where that is not about the item.
pub(super) fn putting(mut error: Error) -> Error {
    let advice = match error.status {
        _ if error.is_about_rate() => "wait and run the restore again, which goes on where it stopped",
        Some(507) => FULL,
        _ => return error,
    };
    error.what = format!("{}; {advice}", error.what);
    error
}
