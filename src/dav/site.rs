//! Where a client may go: what counts as the same site as its location.

use std::sync::{PoisonError, RwLock};

use url::{Host, Url};

/// The location, and what else may get the credentials.
pub(super) struct Site {
    base: Url,
    trusted: Vec<(String, u16)>,
    /// Hosts that DNS named for the location, below it.
    named_by_dns: RwLock<Vec<(String, u16)>>,
}

impl Site {
    /// `trusted` are `host` or `host:port`; without a port it is 443.
    pub fn new(base: Url, trusted: &[String]) -> Result<Self, String> {
        let trusted = trusted.iter().map(|entry| host_and_port(entry).ok_or_else(|| entry.clone()));
        Ok(Self { base, trusted: trusted.collect::<Result<_, _>>()?, named_by_dns: RwLock::default() })
    }

    /// The location.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Whether requests, and with them credentials, may go to `url`.
    ///
    /// The location's own host and port with its scheme; that host over https if the location is http; else only https,
    /// and only to trusted hosts, to those that DNS named, or within iCloud.
    pub fn allows(&self, url: &Url) -> bool {
        let same_host = url.host() == self.base.host();
        if same_host && url.scheme() == self.base.scheme() {
            return url.port_or_known_default() == self.base.port_or_known_default() || self.is_trusted(url);
        }
        if url.scheme() != "https" {
            return false;
        }
        same_host || self.is_trusted(url) || self.is_icloud(url)
    }

    /// Whether one may be led from one URL to the other: never from https to http.
    pub fn may_lead(&self, from: &Url, to: &Url) -> bool {
        let weaker = from.scheme() == "https" && to.scheme() != "https";
        !weaker && self.allows(to)
    }

    /// Allows a host that DNS names for the location. Only hosts below it (RFC 6764 §8): anybody can forge DNS.
    pub fn allow_below(&self, url: &Url) -> bool {
        let (Some(Host::Domain(own)), Some(Host::Domain(other))) = (self.base.host(), url.host()) else { return false };
        let below = other.strip_suffix(own).is_some_and(|rest| rest.ends_with('.') && own.contains('.'));
        if below && url.scheme() == "https" {
            let port = url.port_or_known_default().unwrap_or(443);
            self.named_by_dns.write().unwrap_or_else(PoisonError::into_inner).push((other.to_owned(), port));
        }
        self.allows(url)
    }

    fn is_trusted(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
        let named = self.named_by_dns.read().unwrap_or_else(PoisonError::into_inner);
        url.scheme() == "https"
            && self.trusted.iter().chain(named.iter()).any(|(h, p)| h.eq_ignore_ascii_case(host) && *p == port)
    }

    // QUIRK(icloud): leads from caldav.icloud.com and contacts.icloud.com to pNN-caldav.icloud.com and the like.
    fn is_icloud(&self, url: &Url) -> bool {
        let within = |url: &Url| url.host_str().is_some_and(|h| h == "icloud.com" || h.ends_with(".icloud.com"));
        within(&self.base) && within(url) && url.port_or_known_default() == Some(443)
    }
}

/// Whether a URL's host is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn host_and_port(entry: &str) -> Option<(String, u16)> {
    let url = Url::parse(&format!("https://{}/", entry.trim())).ok()?;
    let plain = url.path() == "/" && url.username().is_empty() && url.query().is_none();
    let host = url.host_str().filter(|_| plain)?.to_owned();
    Some((host, url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn site(base: &str, trusted: &[&str]) -> Site {
        let trusted: Vec<String> = trusted.iter().map(|&t| t.to_owned()).collect();
        Site::new(url(base), &trusted).ok().unwrap()
    }

    #[test]
    fn only_the_own_site_and_trusted_hosts_over_https_are_allowed() {
        let site = site("https://dav.example.com/x", &["p1.example.com", "q.example.net:8443"]);
        for allowed in [
            "https://dav.example.com/y",
            "https://DAV.example.com:443/",
            "https://p1.example.com/",
            "https://q.example.net:8443/",
        ] {
            assert!(site.allows(&url(allowed)), "{allowed}");
        }
        for refused in [
            "http://dav.example.com/",
            "https://dav.example.com:8443/",
            "https://example.com/",
            "https://www.dav.example.com/",
            "https://dav.example.com.evil.test/",
            "http://p1.example.com/",
            "https://q.example.net/",
        ] {
            assert!(!site.allows(&url(refused)), "{refused}");
        }
    }

    #[test]
    fn http_may_become_https_on_the_same_host_and_never_back() {
        let site = site("http://dav.example.com/", &[]);
        assert!(site.may_lead(&url("http://dav.example.com/"), &url("https://dav.example.com/")));
        assert!(!site.may_lead(&url("https://dav.example.com/"), &url("http://dav.example.com/")));
        assert!(!site.may_lead(&url("http://dav.example.com/"), &url("https://other.example.com/")));
        assert!(!site.may_lead(&url("http://dav.example.com/"), &url("http://dav.example.com:81/")));
    }

    #[test]
    fn icloud_may_lead_to_its_partitions() {
        let icloud = site("https://caldav.icloud.com/", &[]);
        assert!(icloud.allows(&url("https://p42-caldav.icloud.com/1/")));
        assert!(!icloud.allows(&url("https://p42-caldav.icloud.com.evil.test/")));
        assert!(!site("https://dav.example.com/", &[]).allows(&url("https://p42-caldav.icloud.com/")));
    }

    #[test]
    fn dns_may_only_name_hosts_below_the_location() {
        let site = site("https://example.com/", &[]);
        assert!(!site.allows(&url("https://dav.example.com/")));
        assert!(site.allow_below(&url("https://dav.example.com/")));
        assert!(site.allows(&url("https://dav.example.com/")));
        assert!(!site.allow_below(&url("https://evilexample.com/")));
        assert!(!site.allow_below(&url("https://dav.example.net/")));
    }

    #[test]
    fn loopback_is_known_and_a_bad_trusted_host_is_named() {
        assert!(is_loopback(&url("http://127.0.0.2:5232/")) && is_loopback(&url("http://[::1]/")));
        assert!(!is_loopback(&url("http://localhost.example.com/")));
        assert_eq!(Site::new(url("https://a.test/"), &["b/c".into()]).err(), Some("b/c".to_owned()));
    }
}
