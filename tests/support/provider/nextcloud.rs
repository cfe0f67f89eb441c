//! Nextcloud (users.md items 5 and 7): what was deleted lies in a trash bin and holds its UID, and only ten calendars may be made
//! in an hour.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::{Provider, split, uid};
use crate::support::scripted::Scripted;

/// A Nextcloud account, and what can be done to it from outside.
pub struct Nextcloud {
    pub provider: Provider,
    /// UIDs of what lies in the trash bin.
    pub trash: Arc<Mutex<Vec<String>>>,
    /// So many more calendars may be made in this hour.
    pub allowed: Arc<AtomicUsize>,
}

/// What `SabreDAV` says in XML.
pub fn exception(status: u16, message: &str) -> Scripted {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><d:error xmlns:d=\"DAV:\" xmlns:s=\"http://sabredav.org/ns\">\
         <s:exception>Sabre\\DAV\\Exception</s:exception><s:message>{message}</s:message></d:error>"
    );
    Scripted::answer(status, body).header("Content-Type", "application/xml; charset=utf-8")
}

pub fn start(allowed: usize) -> Nextcloud {
    let trash = Arc::new(Mutex::new(Vec::new()));
    let allowed = Arc::new(AtomicUsize::new(allowed));
    let (bin, more) = (Arc::clone(&trash), Arc::clone(&allowed));
    let provider = Provider::start(move |account, request| match request.method.as_str() {
        "MKCALENDAR" | "MKCOL" => {
            let one_less = |left: usize| left.checked_sub(1);
            let is_allowed = more.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
            (!is_allowed).then(|| exception(429, "Too many calendars created").header("Retry-After", "3600"))
        }
        "PUT" => {
            let uid = uid(&request.body)?;
            let (folder, name) = split(&request.path);
            let there = account
                .collections
                .get(folder)?
                .items
                .iter()
                .any(|(other, content)| other != name && super::uid(content).as_ref() == Some(&uid));
            let in_bin = bin.lock().expect("no panic while serving").contains(&uid);
            (there || in_bin)
                .then(|| exception(400, "Calendar object with uid already exists in this calendar collection."))
        }
        _ => None,
    });
    Nextcloud { provider, trash, allowed }
}
