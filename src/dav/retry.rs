//! When a request is sent again, and how long to wait before.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

use super::options::RetryPolicy;

/// How one sending ended, as far as sending it again goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The server answered with this status.
    Status(u16),
    /// No connection came about: nothing was sent.
    NotConnected,
    /// The connection broke after something was sent.
    Broken,
    /// Nothing came for too long after something was sent.
    Silent,
}

/// What to do after a sending that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send it again.
    Again,
    /// Give up with the plain error.
    GiveUp,
    /// Give up: whether it was done is unknown.
    Unknown,
}

/// Decides by how it ended and whether sending it twice is the same as once.
pub(super) fn next(end: End, repeatable: bool) -> Next {
    match (end, repeatable) {
        // The server refused to begin, or nothing reached it.
        (End::Status(429 | 503) | End::NotConnected, _) | (End::Status(502 | 504) | End::Broken, true) => Next::Again,
        // A gateway gave up, not the server behind it.
        (End::Status(502 | 504) | End::Broken | End::Silent, false) => Next::Unknown,
        // Waiting as long again would rarely help; the caller may ask for less.
        (End::Silent, true) | (End::Status(_), _) => Next::GiveUp,
    }
}

/// How long to wait before sending number `sending` (the first again is 2).
///
/// `asked` is what `Retry-After` says, at most the longest delay; see [`is_too_long`]. `random` is in 0..1.
pub(super) fn delay(policy: &RetryPolicy, sending: u32, asked: Option<Duration>, random: f64) -> Duration {
    let doublings = sending.saturating_sub(2).min(16);
    let plain = policy.first_delay.saturating_mul(1 << doublings).min(policy.longest_delay);
    let jittered = plain.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0);
    asked.map_or(jittered, |asked| asked.max(jittered).min(policy.longest_delay))
}

/// Whether the server asks for more time than a request waits: asking sooner would be refused again.
pub(super) fn is_too_long(policy: &RetryPolicy, asked: Option<Duration>) -> bool {
    asked.is_some_and(|asked| asked > policy.longest_delay)
}

/// `Retry-After` (RFC 9110 §10.2.3), in seconds or as a date; a date is compared with the answer's own `Date`, so that no
/// clock is needed and a wrong one does no harm.
pub(super) fn asked_delay(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let now: SystemTime = httpdate::parse_http_date(date).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_write_is_sent_again_only_if_the_server_did_not_begin_it() {
        for end in [End::Status(429), End::Status(503), End::NotConnected] {
            assert_eq!(next(end, false), Next::Again, "{end:?}");
        }
        for end in [End::Status(502), End::Status(504), End::Broken, End::Silent] {
            assert_eq!(next(end, false), Next::Unknown, "{end:?}");
        }
        assert_eq!(next(End::Status(500), false), Next::GiveUp);
    }

    #[test]
    fn a_read_is_sent_again_after_a_passing_failure() {
        for end in [End::Status(502), End::Status(504), End::Broken, End::NotConnected, End::Status(429)] {
            assert_eq!(next(end, true), Next::Again, "{end:?}");
        }
        for end in [End::Status(500), End::Status(404), End::Silent] {
            assert_eq!(next(end, true), Next::GiveUp, "{end:?}");
        }
    }

    #[test]
    fn waits_double_up_to_a_bound_and_are_jittered_downwards() {
        let policy =
            RetryPolicy { attempts: 9, first_delay: Duration::from_secs(1), longest_delay: Duration::from_secs(5) };
        let waits: Vec<u64> = (2..6).map(|n| delay(&policy, n, None, 0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5]);
        assert_eq!(delay(&policy, 2, None, 1.0), Duration::from_millis(500));
        assert_eq!(delay(&policy, 2, Some(Duration::from_secs(3)), 0.5), Duration::from_secs(3));
        assert_eq!(delay(&policy, 2, Some(Duration::from_hours(1)), 0.5), Duration::from_secs(5));
        assert!(is_too_long(&policy, Some(Duration::from_hours(1))));
        assert!(!is_too_long(&policy, Some(Duration::from_secs(5))) && !is_too_long(&policy, None));
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let headers = |after: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(after));
            headers.insert(header::DATE, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
            headers
        };
        assert_eq!(asked_delay(&headers("120")), Some(Duration::from_mins(2)));
        assert_eq!(asked_delay(&headers("Sun, 06 Nov 1994 08:50:07 GMT")), Some(Duration::from_secs(30)));
        assert_eq!(asked_delay(&headers("Sun, 06 Nov 1994 08:00:00 GMT")), Some(Duration::ZERO));
        assert_eq!(asked_delay(&headers("soon")), None);
    }
}
