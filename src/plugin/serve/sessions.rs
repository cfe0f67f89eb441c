//! What a process works with from Init to Close.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tonic::Status;

/// The sessions of one service, by the cookies of generation 1.0. Generation 1.1 has no cookies, and one session a process.
pub(super) struct Sessions<T>(Mutex<Begun<T>>);

struct Begun<T> {
    count: u64,
    running: Vec<(String, Arc<T>)>,
}

impl<T> Sessions<T> {
    pub(super) fn new() -> Self {
        Sessions(Mutex::new(Begun { count: 0, running: Vec::new() }))
    }

    /// Takes in a session, and says its cookie.
    pub(super) fn begin(&self, session: T) -> String {
        let mut begun = self.lock();
        begun.count += 1;
        let cookie = format!("session {}", begun.count);
        begun.running.push((cookie.clone(), Arc::new(session)));
        cookie
    }

    /// The session of that cookie; without one, the session that began last.
    pub(super) fn find(&self, cookie: &str) -> Result<Arc<T>, Status> {
        let begun = self.lock();
        let mut from_last = begun.running.iter().rev();
        let found = from_last.find(|(own, _)| cookie.is_empty() || own == cookie);
        found.map(|(_, session)| Arc::clone(session)).ok_or_else(|| before_init(cookie))
    }

    /// Ends the session that [`Sessions::find`] would find; `None` where there is none.
    pub(super) fn end(&self, cookie: &str) -> Option<Arc<T>> {
        let mut begun = self.lock();
        let at = begun.running.iter().rposition(|(own, _)| cookie.is_empty() || own == cookie)?;
        Some(begun.running.remove(at).1)
    }

    fn lock(&self) -> MutexGuard<'_, Begun<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn before_init(cookie: &str) -> Status {
    Status::failed_precondition(match cookie {
        "" => "the host must call Init first",
        _ => "the host named a session that is closed, or that never was",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_finds_its_session_and_none_the_last() {
        let sessions = Sessions::new();
        assert_eq!(sessions.find("").unwrap_err().message(), "the host must call Init first");
        let (one, two) = (sessions.begin(1), sessions.begin(2));
        assert_eq!((*sessions.find(&one).unwrap(), *sessions.find(&two).unwrap()), (1, 2));
        assert_eq!(*sessions.find("").unwrap(), 2);
        assert_eq!(sessions.end("").as_deref(), Some(&2));
        assert_eq!(*sessions.find("").unwrap(), 1);
        let why = sessions.find(&two).unwrap_err();
        assert_eq!(why.message(), "the host named a session that is closed, or that never was");
        assert_eq!(sessions.end(&two), None);
        assert_ne!(sessions.begin(3), two, "a cookie is never given again");
    }
}
