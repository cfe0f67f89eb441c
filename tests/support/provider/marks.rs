//! Ctags, sync tokens and reports of changes (RFC 6578), as a server has them that keeps to the rules; and ways not to.

use std::collections::BTreeMap;

use super::{Collection, missing};
use crate::support::scripted::Scripted;

/// What was there when each token was given: a token is a place in this.
#[derive(Debug, Default)]
pub struct Marks {
    given: Vec<(String, BTreeMap<String, Vec<u8>>)>,
    /// Every report says that nothing changed, as `SabreDAV` says it to a token from the future.
    pub silent: bool,
    /// So many changes are told in one report, with a 507 and a token to go on from.
    pub most: Option<usize>,
    /// Every report tells of a change of this one and of nothing else, as of a calendar that was made anew since.
    pub only: Option<&'static str>,
    /// No token is known any more.
    pub forgetful: bool,
}

/// The properties of a collection that are marks of its state.
pub fn properties(collection: &Collection) -> String {
    let ctag = collection.ctag.clone().unwrap_or_else(|| {
        let all = collection.items.iter().flat_map(|(name, content)| [name.as_bytes(), content.as_slice()].concat());
        format!("{:x}-", all.fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))))
    });
    let born = collection.born.as_ref().map(|born| format!("<D:creationdate>{born}</D:creationdate>"));
    format!(
        "<S:getctag>{ctag}</S:getctag>{}<D:supported-report-set><D:supported-report><D:report><D:sync-collection/>\
         </D:report></D:supported-report></D:supported-report-set>",
        born.unwrap_or_default()
    )
}

impl Marks {
    /// The answer to a report of changes.
    pub fn changes(
        &mut self,
        path: &str,
        collection: &Collection,
        asked: &str,
        listed: &dyn Fn(&str, &[u8]) -> String,
    ) -> Scripted {
        let since = asked.split("sync-token>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        let before = match since.strip_prefix("urn:mark:").map(str::parse::<usize>) {
            None => BTreeMap::new(),
            Some(_) if self.forgetful => {
                return Scripted::answer(403, "<D:error xmlns:D='DAV:'><D:valid-sync-token/></D:error>");
            }
            Some(number) => match number.ok().and_then(|number| self.given.get(number)) {
                Some((at, before)) if at == path => before.clone(),
                _ => return Scripted::answer(403, "<D:error xmlns:D='DAV:'><D:valid-sync-token/></D:error>"),
            },
        };
        if let Some((name, content)) = self.only.and_then(|name| collection.items.get_key_value(name)) {
            let told = listed(&format!("{path}{name}"), content);
            return Scripted::multistatus(&format!("{told}<D:sync-token>urn:mark:new</D:sync-token>"));
        }
        if self.silent {
            return Scripted::multistatus(&format!("<D:sync-token>{since}</D:sync-token>"));
        }
        let (mut after, mut members, mut left) = (before.clone(), String::new(), self.most.unwrap_or(usize::MAX));
        let changed = collection.items.iter().filter(|(name, content)| before.get(*name) != Some(*content));
        for (name, content) in changed {
            if left == 0 {
                break;
            }
            left -= 1;
            members.push_str(&listed(&format!("{path}{name}"), content));
            after.insert(name.clone(), content.clone());
        }
        for name in before.keys().filter(|name| !collection.items.contains_key(*name)) {
            if left == 0 {
                break;
            }
            left -= 1;
            members.push_str(&missing(&format!("{path}{name}")));
            after.remove(name);
        }
        if after != collection.items {
            let more = "<D:status>HTTP/1.1 507 Insufficient Storage</D:status>";
            members.extend(["<D:response><D:href>", path, "</D:href>", more, "</D:response>"]);
        }
        self.given.push((path.to_owned(), after));
        Scripted::multistatus(&format!("{members}<D:sync-token>urn:mark:{}</D:sync-token>", self.given.len() - 1))
    }
}
