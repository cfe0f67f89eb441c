//! An address that was looked at, and what that says of the account around it.

use super::account::Home;
use super::href::Href;
use super::names;
use super::request::{PropfindReply, Resource};

/// An address that was looked at.
pub(super) struct Look {
    /// Where the answer came from, after redirects.
    pub at: Href,
    /// What it says.
    pub resource: Resource,
}

impl Look {
    /// Who we are there.
    pub fn principal(&self) -> Option<Href> {
        let text = self.resource.get(names::CURRENT_USER_PRINCIPAL)?.hrefs().next()?;
        Href::new(&self.at.url(), &text).ok()
    }

    /// Whether the address stands for all of what was found from it: the principal, or something above it or its homes.
    pub fn leads_to(&self, principal: Option<&Href>, homes: &[Home]) -> bool {
        principal.is_some_and(|principal| self.at.is_above(principal))
            || homes.iter().any(|home| self.at.is_above(&home.href))
    }
}

/// What an answer says of the address that was asked for.
pub(super) fn own_resource<'a>(reply: &'a PropfindReply, asked: &Href) -> Option<&'a Resource> {
    let mut usable = reply.resources.iter().filter(|resource| resource.trouble.is_none());
    let own = usable.clone().find(|resource| resource.href == reply.at || resource.href == *asked);
    own.or_else(|| usable.next())
}

/// RFC 5397 §3: the server let us in without asking who we are.
pub(super) fn is_nobody(resource: &Resource) -> bool {
    resource.get(names::CURRENT_USER_PRINCIPAL).is_some_and(|e| e.find(names::UNAUTHENTICATED).is_some())
}

/// Homes are written without the slash at the end by some; names are joined to them.
pub(super) fn as_collection(href: Href) -> Href {
    if href.path().ends_with('/') {
        return href;
    }
    let mut url = href.url();
    url.set_path(&format!("{}/", href.path()));
    Href::from_url(&url).unwrap_or(href)
}
