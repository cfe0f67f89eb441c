//! iCloud (users.md items 6, 9 and 21): what is missing in a multiget hides all the rest of it, a UID is there once in an account,
//! events want an end, and there are no journals.

use super::{Account, Provider, asked, is_book, missing, split, uid};
use crate::support::scripted::{Recorded, Scripted};

pub fn start() -> Provider {
    Provider::start(|account, request| match request.method.as_str() {
        "REPORT" => {
            let gone = asked(request).into_iter().find(|href| is_gone(account, href))?;
            Some(Scripted::multistatus(&missing(&gone)))
        }
        "GET" => is_gone(account, &request.path).then(|| Scripted::answer(404, "")),
        "PUT" => {
            let elsewhere = uid(&request.body).and_then(|uid| account.by_uid(&uid));
            let (folder, _) = split(&request.path);
            match elsewhere {
                Some(there) if split(&there).0 != folder => Some(Scripted::answer(412, "")),
                _ => refuses(request).then(|| Scripted::answer(403, "")),
            }
        }
        _ => None,
    })
}

/// Lists one more item in every collection, and does not give it.
pub fn list_more(provider: &Provider, name: &str) {
    for (at, collection) in &mut provider.account().collections {
        let end = if is_book(at) { "vcf" } else { "ics" };
        collection.items.insert(format!("{name}.{end}"), GONE.to_vec());
    }
}

/// The content of what is listed and not there.
const GONE: &[u8] = b"gone";

fn is_gone(account: &Account, href: &str) -> bool {
    account.item(href).is_none_or(|content| content == GONE)
}

fn refuses(request: &Recorded) -> bool {
    let text = request.text();
    let has_end = text.contains("DTEND") || text.contains("DURATION");
    text.contains("BEGIN:VJOURNAL") || (text.contains("BEGIN:VEVENT") && !has_end)
}
