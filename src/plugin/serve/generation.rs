//! Which generation of the interface a host speaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{HeaderMap, USER_AGENT};

/// The newest minor version of grpc-go (1.77) that a plakar of generation 1.0 was released with: 1.0.6. Those of generation 1.1
/// began with 1.78.
const GRPC_GO_OF_1_0: u32 = 77;

/// How the gRPC of plakar calls itself.
const GRPC_GO: &str = "grpc-go/";

/// How the gRPC of davault's own host calls itself.
const OWN: &str = "tonic/";

/// A generation of the plugin interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// plakar 1.0.x.
    V1_0,
    /// plakar 1.1.x, and davault.
    V1_1,
}

/// What is believed of the host.
#[derive(Clone)]
pub(super) struct Belief(Arc<State>);

struct State {
    told: Option<Generation>,
    /// A plakar was answered as generation 1.1 because of what it calls itself.
    guessed_1_1: AtomicBool,
    /// It made more calls than Init.
    went_on: AtomicBool,
}

impl Belief {
    /// Nothing known of the host but what a person may have told.
    pub(super) fn new(told: Option<Generation>) -> Self {
        Belief(Arc::new(State { told, guessed_1_1: AtomicBool::new(false), went_on: AtomicBool::new(false) }))
    }

    /// The generation that a call of the importer belongs to, whose service has one name in both. Close is the same in both but
    /// for its cookie.
    pub(super) fn of_call(&self, method: &str, headers: &HeaderMap) -> Generation {
        if method == "Init" {
            return self.of_host(headers);
        }
        self.0.went_on.store(true, Ordering::Relaxed);
        match method {
            "Info" | "Scan" | "OpenReader" | "CloseReader" | "Close" => Generation::V1_0,
            _ => Generation::V1_1,
        }
    }

    /// Whether the host went away as generation 1.0 does when it reads the origin in generation 1.1's answer as an error: after
    /// Init, which succeeded. One of 1.1 calls Close at least.
    pub(super) fn was_wrong(&self) -> bool {
        self.0.guessed_1_1.load(Ordering::Relaxed) && !self.0.went_on.load(Ordering::Relaxed)
    }

    /// Nothing in Init itself tells: what generation 1.1 wants to read as the origin is an error to generation 1.0, and both ask
    /// with the same message.
    fn of_host(&self, headers: &HeaderMap) -> Generation {
        let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        match self.0.told.filter(|_| !agent.starts_with(OWN)) {
            Some(told) => told,
            None if is_old(agent) => Generation::V1_0,
            None => {
                self.0.guessed_1_1.fetch_or(agent.starts_with(GRPC_GO), Ordering::Relaxed);
                Generation::V1_1
            }
        }
    }
}

/// Whether that is the gRPC of a plakar of generation 1.0.
fn is_old(agent: &str) -> bool {
    let minor = agent.strip_prefix(GRPC_GO).and_then(|version| version.strip_prefix("1.")).unwrap_or_default();
    let digits: String = minor.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().is_ok_and(|minor: u32| minor <= GRPC_GO_OF_1_0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(agent: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(USER_AGENT, http::HeaderValue::from_static(agent))])
    }

    #[test]
    fn the_generation_of_a_released_plakar_is_told_by_its_user_agent() {
        let is_1_0 = |headers: &HeaderMap| Belief::new(None).of_call("Init", headers) == Generation::V1_0;
        assert!(is_1_0(&of("grpc-go/1.75.0")) && is_1_0(&of("grpc-go/1.77.0")));
        assert!(!is_1_0(&of("grpc-go/1.78.0")) && !is_1_0(&of("grpc-go/1.81.1")) && !is_1_0(&of("grpc-go/1.100.0")));
        assert!(!is_1_0(&of("tonic/0.14.2")) && !is_1_0(&of("grpc-go/1.")) && !is_1_0(&HeaderMap::new()));
    }

    #[test]
    fn what_a_person_tells_has_the_last_word_but_for_davault_itself() {
        let told = |told, agent| Belief::new(Some(told)).of_call("Init", &of(agent));
        assert_eq!(told(Generation::V1_0, "grpc-go/1.81.1"), Generation::V1_0);
        assert_eq!(told(Generation::V1_1, "grpc-go/1.70.0"), Generation::V1_1);
        assert_eq!(told(Generation::V1_0, "tonic/0.14.2"), Generation::V1_1);
    }

    #[test]
    fn a_plakar_that_goes_away_after_a_guess_was_guessed_wrong() {
        let wrong = |told, agent, methods: &[&str]| {
            let belief = Belief::new(told);
            for method in methods {
                belief.of_call(method, &of(agent));
            }
            belief.was_wrong()
        };
        assert!(wrong(None, "grpc-go/1.81.1", &["Init"]));
        assert!(!wrong(None, "grpc-go/1.81.1", &["Init", "Close"]) && !wrong(None, "grpc-go/1.81.1", &[]));
        assert!(!wrong(Some(Generation::V1_1), "grpc-go/1.81.1", &["Init"]) && !wrong(None, "tonic/0.14.2", &["Init"]));
    }
}
