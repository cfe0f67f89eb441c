//! What is made once, for all who ask for it.
//!
//! It is made by a task of its own, so nobody's wait depends on another's: who asked first may stop being polled, as one of a
//! buffered stream does while its consumer waits for something else, or may be dropped, and the others get it all the same.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use super::error::{Error, ErrorKind};

/// A value that is there, is being made, or is not asked for yet; clones are the same one.
#[derive(Clone)]
pub(super) struct Once<T: Clone>(Arc<Mutex<State<T>>>);

/// What all who wait for it get.
type Making<T> = Shared<BoxFuture<'static, Result<T, Error>>>;

enum State<T: Clone> {
    Absent,
    Making(Making<T>),
    Made(T),
}

impl<T: Clone + Send + Sync + 'static> Once<T> {
    /// The value, if it is there.
    pub(super) fn get(&self) -> Option<T> {
        if let State::Made(value) = &*self.lock() { Some(value.clone()) } else { None }
    }

    /// The value is this one.
    pub(super) fn set(&self, value: T) {
        *self.lock() = State::Made(value);
    }

    /// The value; made by `make` if nobody makes it already. An error goes to all who wait for it, and who asks later has it
    /// tried again.
    pub(super) async fn get_or_make<F>(&self, make: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let making = match &mut *self.lock() {
            State::Made(value) => return Ok(value.clone()),
            // One that is over and still here is that of a task that panicked: it is begun again.
            State::Making(making) if making.peek().is_none() => making.clone(),
            state => {
                let making = self.clone().making(make());
                *state = State::Making(making.clone());
                making
            }
        };
        making.await
    }

    fn making(self, work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Making<T> {
        let task = tokio::spawn(async move {
            let made = work.await;
            *self.lock() = made.as_ref().map_or(State::Absent, |value| State::Made(value.clone()));
            made
        });
        let broken_off = |error| Error::new(ErrorKind::Storage, "reading was broken off").because(error);
        async move { task.await.unwrap_or_else(|error| Err(broken_off(error))) }.boxed().shared()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Default for Once<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State::Absent)))
    }
}

impl<T: Clone> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::poll;
    use tokio::sync::Notify;

    use super::*;

    /// Counts how often something is made, which takes until it is let go.
    #[derive(Default, Clone)]
    struct Work {
        begun: Arc<AtomicUsize>,
        go: Arc<Notify>,
    }

    impl Work {
        fn of(&self, result: Result<u8, Error>) -> impl Future<Output = Result<u8, Error>> + Send + 'static {
            let Self { begun, go } = self.clone();
            async move {
                begun.fetch_add(1, Ordering::Relaxed);
                go.notified().await;
                result
            }
        }

        fn begun(&self) -> usize {
            self.begun.load(Ordering::Relaxed)
        }
    }

    fn failed() -> Result<u8, Error> {
        Err(Error::new(ErrorKind::Storage, "no connection"))
    }

    #[tokio::test]
    async fn nobody_waits_for_one_who_asked_first_and_stands_still_or_is_gone() {
        let (once, work) = (Once::default(), Work::default());
        let mut first = Box::pin(once.get_or_make(|| work.of(Ok(1))));
        assert!(poll!(&mut first).is_pending());
        let mut gone = Box::pin(once.get_or_make(|| work.of(Ok(2))));
        assert!(poll!(&mut gone).is_pending());
        drop(gone);
        work.go.notify_one();
        assert_eq!(once.get_or_make(|| work.of(Ok(3))).await.unwrap(), 1);
        assert_eq!((first.await.unwrap(), once.get(), work.begun()), (1, Some(1), 1));
    }

    #[tokio::test]
    async fn it_is_made_though_all_who_asked_are_gone() {
        let (once, work) = (Once::default(), Work::default());
        let mut only = Box::pin(once.get_or_make(|| work.of(Ok(1))));
        assert!(poll!(&mut only).is_pending());
        drop(only);
        work.go.notify_one();
        while once.get().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(work.begun(), 1);
    }

    #[tokio::test]
    async fn an_error_goes_to_all_who_wait_and_the_next_one_tries_again() {
        let (once, work) = (Once::default(), Work::default());
        let (first, second) = (once.get_or_make(|| work.of(failed())), once.get_or_make(|| work.of(Ok(2))));
        work.go.notify_one();
        let told = tokio::join!(first, second);
        assert_eq!([told.0, told.1].map(|it| it.unwrap_err().what), ["no connection", "no connection"]);
        work.go.notify_one();
        assert_eq!(once.get_or_make(|| work.of(Ok(3))).await.unwrap(), 3);
        assert_eq!(work.begun(), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_next_one_tries_again() {
        let once = Once::<u8>::default();
        let panics = || async { if std::hint::black_box(true) { panic!("as told") } else { Ok(1) } };
        assert_eq!(once.get_or_make(panics).await.unwrap_err().kind, ErrorKind::Storage);
        assert_eq!(once.get_or_make(|| async { Ok(2) }).await.unwrap(), 2);
    }
}
