//! Zoho (users.md items 5 and 25): a multiget of more than a hundred fails as a whole, an item is stored under its UID, and a UID
//! that was deleted is never taken again.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::{Provider, asked, is_book, split, uid};
use crate::support::scripted::Scripted;

/// Most items of one multiget.
const MOST_HREFS: usize = 100;

pub fn start() -> Provider {
    let deleted: Mutex<BTreeSet<String>> = Mutex::default();
    Provider::start(move |account, request| {
        let mut deleted = deleted.lock().expect("no panic while serving");
        match request.method.as_str() {
            "REPORT" => (asked(request).len() > MOST_HREFS).then(|| Scripted::answer(500, "")),
            "DELETE" => {
                deleted.extend(account.item(&request.path).and_then(|content| uid(content)));
                None
            }
            "PUT" => {
                let uid = uid(&request.body)?;
                if deleted.contains(&uid) {
                    return Some(Scripted::answer(409, ""));
                }
                let (folder, _) = split(&request.path);
                let end = if is_book(folder) { "vcf" } else { "ics" };
                let at = format!("{folder}{uid}.{end}");
                Some(account.put(&at, request))
            }
            _ => None,
        }
    })
}
