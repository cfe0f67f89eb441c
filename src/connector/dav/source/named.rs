//! The names that the items of a collection get.
//!
//! A collection may have hundreds of thousands of items. So nearly all of them keep the name that their href ends with, and only
//! another one is kept; whole paths are made for those that are being fetched.

use std::borrow::Cow;

use super::collection::Item;
use crate::connector::dav::remembered::RememberedItem;
use crate::connector::name::renamed;
use crate::dav::Href;
use crate::dav::request::Member;

/// An item that is as it was.
pub(super) struct Same {
    /// The name that it gets, where that is not what its href ends with.
    name: Option<Box<str>>,
    /// Where it is.
    pub href: Href,
    /// As it was.
    pub item: RememberedItem,
}

/// An item that is to be fetched.
pub(super) struct New {
    /// The name that it gets, where that is not what its href ends with.
    name: Option<Box<str>>,
    /// What the listing said.
    pub member: Member,
}

impl Same {
    /// Its path in the snapshot.
    pub fn path(&self, folder: &str) -> String {
        path(folder, &self.name())
    }

    /// Its name in the snapshot.
    pub fn name(&self) -> Cow<'_, str> {
        name(self.name.as_deref(), &self.href)
    }
}

impl New {
    /// Its path in the snapshot.
    pub fn path(&self, folder: &str) -> String {
        path(folder, &name(self.name.as_deref(), &self.member.href))
    }

    /// The same, with its path.
    pub fn into_item(self, folder: &str) -> Item {
        Item { path: self.path(folder), member: self.member }
    }
}

fn name<'a>(name: Option<&'a str>, href: &'a Href) -> Cow<'a, str> {
    name.map_or_else(|| href.last_segment(), Cow::Borrowed)
}

fn path(folder: &str, name: &str) -> String {
    format!("{folder}/{name}")
}

/// What was listed with its names: they depend on no order, and no two are alike, and none of them is taken already, as `is_taken`
/// tells of the hash of a folded name. Each href once, in the order of hrefs.
pub(super) fn named(
    same: Vec<(Href, RememberedItem)>,
    new: Vec<Member>,
    is_taken: impl Fn(u64) -> bool,
) -> (Vec<Same>, Vec<New>) {
    let (mut same, mut new) = (same, new);
    same.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    same.dedup_by(|(one, _), (other, _)| one == other);
    // A member whose href can't be used stands for itself: it is no second one of the href that stands for it.
    let is_trouble = |member: &Member| member.trouble.is_some();
    new.sort_unstable_by(|one, other| (is_trouble(one), &one.href).cmp(&(is_trouble(other), &other.href)));
    new.dedup_by(|one, other| !is_trouble(one) && !is_trouble(other) && one.href == other.href);
    new.retain(|member| is_trouble(member) || same.binary_search_by(|(href, _)| href.cmp(&member.href)).is_err());
    let stored = |at: usize| {
        let href = same.get(at).map(|(href, _)| href);
        let href = href.or_else(|| Some(&new.get(at.checked_sub(same.len())?)?.href));
        href.map(Href::last_segment).unwrap_or_default()
    };
    let mut renamed = renamed(same.len() + new.len(), stored, is_taken);
    let mut names = (0..).map(|at| renamed.remove(&at).map(Into::into));
    let mut name = || names.next().flatten();
    let same = same.into_iter().map(|(href, item)| Same { name: name(), href, item }).collect();
    let new = new.into_iter().map(|member| New { name: name(), member }).collect();
    (same, new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn href(text: &str) -> Href {
        Href::new(&"http://h/".parse().unwrap(), text).unwrap()
    }

    fn member(text: &str, trouble: Option<&str>) -> Member {
        let trouble = trouble.map(Into::into);
        Member { href: href(text), status: 200, trouble, etag: None, size: None, modified: None }
    }

    fn item() -> RememberedItem {
        RememberedItem {
            href: "".into(),
            etag: None,
            listed_size: None,
            modified: None,
            size: 0,
            version: 0,
            vcard_version: None,
            components: "".into(),
            wanted: true,
        }
    }

    #[test]
    fn each_href_comes_once_and_no_two_names_are_alike_whatever_the_order() {
        let new = ["/c/b.ics", "/c/%62.ics", "/c/same.ics", "/c/B.ics", "/c/x%2Fy.ics"];
        let paths = |hrefs: &[&str]| {
            let new = hrefs.iter().map(|text| member(text, None)).collect();
            let (same, new) = named(vec![(href("/c/same.ics"), item())], new, |_| false);
            let same = same.iter().map(|same| same.path("/f"));
            same.chain(new.iter().map(|new| new.path("/f"))).collect::<Vec<_>>()
        };
        let suffixed = format!("/f/{}", crate::connector::name::with_suffix("B.ics", "B.ics", 0));
        assert_eq!(paths(&new), ["/f/same.ics", &suffixed, "/f/b.ics", "/f/x%2Fy.ics"]);
        let mut back = new;
        back.reverse();
        assert_eq!(paths(&back), paths(&new));
    }

    #[test]
    fn members_whose_hrefs_cannot_be_used_are_all_told_of() {
        let new = vec![member("/c/x", Some("one")), member("/c/x", Some("two")), member("/c/x", None)];
        let (_, new) = named(Vec::new(), new, |_| false);
        let mut paths: Vec<_> = new.iter().map(|new| new.path("/f")).collect();
        paths.sort();
        paths.dedup();
        assert_eq!((new.len(), paths.len()), (3, 3));
    }
}
