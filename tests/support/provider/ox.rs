//! OX, and mailbox.org with it (users.md item 22): a REPORT without a time range answers what is about a year around today.

use super::{Collection, Provider};
use crate::support::scripted::{Recorded, Scripted};

/// An OX account; `lists` is whether it answers a PROPFIND of a calendar's members.
pub fn start(lists: bool) -> Provider {
    Provider::start(move |account, request| match (request.method.as_str(), request.header("depth")) {
        ("PROPFIND", Some("1")) if !lists && account.collections.contains_key(&request.path) => {
            Some(Scripted::answer(501, ""))
        }
        ("REPORT", _) if is_without_range(request) => {
            // The old ones are left out as if they were not there.
            let whole = account.collections.get(&request.path)?.clone();
            let near = |content: &Vec<u8>| !String::from_utf8_lossy(content).contains("DTSTART:19");
            let items = whole.items.clone().into_iter().filter(|(_, content)| near(content)).collect();
            account.collections.insert(request.path.clone(), Collection { items, ..whole.clone() });
            let answer = account.answer(request);
            account.collections.insert(request.path.clone(), whole);
            Some(answer)
        }
        _ => None,
    })
}

fn is_without_range(request: &Recorded) -> bool {
    let text = request.text();
    text.contains("-query") && !text.contains("time-range")
}
