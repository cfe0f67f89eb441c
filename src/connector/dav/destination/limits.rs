//! What a server allows no more of: a collection that it would not make is not asked for again with each item, and the
//! sentence says what to do.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{DavDestination, refused};
use crate::connector::dav::open::failed;
use crate::connector::{Error, ErrorKind};
use crate::dav::{self, Href, Kind, Property};
use crate::report::sentence;

/// The collections that could not be made, and why.
#[derive(Debug, Default)]
pub(super) struct Unmade(Mutex<HashMap<Href, String>>);

impl DavDestination {
    /// Makes a collection; one that the server would not make is not tried again.
    pub(super) async fn make_once(
        &self,
        at: &Href,
        kind: Kind,
        wanted: Vec<Property>,
        components: Vec<String>,
    ) -> Result<(), Error> {
        let said = self.unmade.0.lock().unwrap_or_else(PoisonError::into_inner).get(at).cloned();
        if let Some(why) = said {
            return Err(refused(why));
        }
        let Err(error) = self.make(at, kind, wanted, components).await else { return Ok(()) };
        if error.kind != ErrorKind::Item {
            return Err(error);
        }
        let why = match error.source.as_ref().and_then(|source| source.downcast_ref::<dav::Error>()) {
            Some(cause) => format!("{}{}", sentence(&error), making_advice(cause, kind)),
            None => sentence(&error),
        };
        self.unmade.0.lock().unwrap_or_else(PoisonError::into_inner).insert(at.clone(), why.clone());
        Err(refused(why))
    }
}

/// What to do where a collection can't be made.
fn making_advice(error: &dav::Error, kind: Kind) -> String {
    let word = kind.word();
    match error.status {
        // QUIRK(nextcloud): makes ten calendars an hour.
        Some(429) => format!(
            "; the server makes no more {word}s for a while (Nextcloud: 10 an hour): wait and run the restore again, which \
             goes on where it stopped, or put it into one that is there with -into NAME"
        ),
        Some(507) => format!("; {FULL}"),
        // QUIRK(nextcloud): has thirty calendars an account, and says 403 to the next.
        Some(403 | 405 | 501) => {
            format!("; make the {word} by the server's own page, or put this into one that is there with -into NAME")
        }
        _ => String::new(),
    }
}

/// Why an item could not be put, and what to do where that is not about the item.
pub(super) fn not_put(path: &str, error: dav::Error) -> Error {
    let advice = match error.status {
        Some(429) => {
            "the server takes no more for a while: wait and run the restore again, which goes on where it stopped"
        }
        Some(507) => FULL,
        _ => return failed(format!("cannot put {path}"), error),
    };
    let error = failed(format!("cannot put {path}"), error);
    refused(format!("{}; {advice}", sentence(&error)))
}

/// What to do with an account that is full.
const FULL: &str = "the account has no room left: free some and run the restore again, which goes on where it stopped";
