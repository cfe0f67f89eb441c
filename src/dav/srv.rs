//! What DNS says about a host's services (RFC 6764 §3 and §4).

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use tokio::time::timeout;
use url::Url;

/// Longest wait for DNS; this is asked only when nothing else worked.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that DNS names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    priority: u16,
    weight: u16,
    host: String,
    port: u16,
}

/// Where the service of `domain` is, best first; empty if DNS says nothing.
pub(super) async fn locations(service: &str, domain: &str) -> Vec<Url> {
    timeout(PATIENCE, look_up(service, domain)).await.ok().flatten().unwrap_or_default()
}

async fn look_up(service: &str, domain: &str) -> Option<Vec<Url>> {
    let resolver = TokioResolver::builder_tokio().ok()?.build().ok()?;
    let name = format!("{service}.{domain}.");
    let answer = resolver.srv_lookup(name.as_str()).await.ok()?;
    let targets = answer.answers().iter().filter_map(|record| match &record.data {
        RData::SRV(srv) => Some(Target {
            priority: srv.priority,
            weight: srv.weight,
            host: srv.target.to_ascii().trim_end_matches('.').to_ascii_lowercase(),
            port: srv.port,
        }),
        _ => None,
    });
    let targets: Vec<Target> = targets.collect();
    let path = match resolver.txt_lookup(name.as_str()).await {
        Ok(answer) => answer.answers().iter().find_map(|record| match &record.data {
            RData::TXT(txt) => txt.txt_data.iter().find_map(|text| path_of(text)),
            _ => None,
        }),
        Err(_) => None,
    };
    Some(urls(targets, path.as_deref()))
}

/// `path=/dav/` in a TXT record.
fn path_of(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let path = text.strip_prefix("path=")?;
    path.starts_with('/').then(|| path.to_owned())
}

/// A target of `.` says that there is no such service (RFC 2782).
fn urls(mut targets: Vec<Target>, path: Option<&str>) -> Vec<Url> {
    targets.retain(|target| !target.host.is_empty());
    targets.sort_by_key(|target| (target.priority, std::cmp::Reverse(target.weight)));
    let url = |target: &Target| {
        let path = path.unwrap_or("/");
        Url::parse(&format!("https://{}:{}{path}", target.host, target.port)).ok()
    };
    targets.iter().filter_map(url).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(priority: u16, weight: u16, host: &str) -> Target {
        Target { priority, weight, host: host.into(), port: 443 }
    }

    #[test]
    fn targets_come_by_priority_then_weight_with_the_path_of_the_txt_record() {
        let targets = vec![target(20, 0, "c.test"), target(10, 1, "b.test"), target(10, 9, "a.test"), target(0, 0, "")];
        let urls: Vec<String> = urls(targets, Some("/dav/")).iter().map(Url::to_string).collect();
        assert_eq!(urls, ["https://a.test/dav/", "https://b.test/dav/", "https://c.test/dav/"]);
    }

    #[test]
    fn only_an_absolute_path_is_taken_from_a_txt_record() {
        assert_eq!(path_of(b"path=/caldav"), Some("/caldav".to_owned()));
        assert_eq!(path_of(b"path=evil"), None);
        assert_eq!(path_of(b"v=spf1"), None);
    }
}
