//! Google (its own guide; users.md §2): no `If-None-Match`, no MKCALENDAR or MKCOL, an item is stored under its UID whatever it
//! was called, limits are a 403 with JSON, and events that others organise can't be written.

use std::sync::Mutex;

use super::{Account, Provider, etag, is_book, split, uid};
use crate::support::scripted::{Recorded, Scripted};

/// What Google answers where a limit is reached: `rateLimitExceeded`, or `quotaExceeded` for a day.
pub fn limit(reason: &str, message: &str) -> Scripted {
    let body = format!(
        "{{\"error\": {{\"errors\": [{{\"domain\": \"usageLimits\", \"reason\": \"{reason}\", \"message\": \"{message}\"}}], \
         \"code\": 403, \"message\": \"{message}\"}}}}"
    );
    Scripted::answer(403, body).header("Content-Type", "application/json; charset=UTF-8")
}

/// A Google account; the first answers to PUT are these.
pub fn start(first: Vec<Scripted>) -> Provider {
    let first = Mutex::new(first);
    Provider::start(move |account, request| match request.method.as_str() {
        "MKCALENDAR" | "MKCOL" => Some(Scripted::answer(403, "")),
        "PUT" => {
            let mut first = first.lock().expect("no panic while serving");
            Some(if first.is_empty() { put(account, request) } else { first.remove(0) })
        }
        _ => None,
    })
}

fn put(account: &mut Account, request: &Recorded) -> Scripted {
    let (folder, name) = split(&request.path);
    let Some(collection) = account.collections.get_mut(folder) else { return Scripted::answer(404, "") };
    if request.text().contains("ORGANIZER:mailto:other@") {
        return Scripted::answer(403, "");
    }
    if let Some(tag) = request.header("if-match")
        && collection.items.get(name).map(|there| etag(there)).as_deref() != Some(tag)
    {
        return Scripted::answer(412, "");
    }
    let end = if is_book(folder) { "vcf" } else { "ics" };
    let own = uid(&request.body).map_or_else(|| name.to_owned(), |uid| format!("{uid}.{end}"));
    collection.items.insert(own, request.body.clone());
    Scripted::answer(201, "")
}
