//! Reading back what was put: what several puts wait for is asked for by one multiget.
//!
//! Items are put side by side, as many as there are connections. Whose PUT is done lets another begin, and waits here, until there
//! are enough of them or nobody is left who may still come; then one of those who wait asks for all. What a multiget does not
//! give, and a single item, is asked for by GET; not where the server answers nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use crate::dav::request::Multiget;
use crate::dav::{Client, Error, ErrorKind, Href, Kind};

/// Most items in one multiget.
pub(super) const MOST: usize = 50;

/// Those that were put into one collection and wait to be read back.
#[derive(Debug, Default)]
pub(super) struct ReadBack {
    state: Mutex<State>,
    /// Nobody is left who may still come.
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Items that are being put, and may have to be read back.
    putting: usize,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    href: Href,
    answer: oneshot::Sender<Result<Bytes, Error>>,
}

/// The right to put an item, of which there are as many as connections; given up early by who only waits to be read back.
#[derive(Debug, Default)]
pub(super) struct Lane(Mutex<Option<OwnedSemaphorePermit>>);

impl Lane {
    /// Waits for the right.
    pub async fn enter(&self, lanes: &Arc<Semaphore>) {
        let permit = Arc::clone(lanes).acquire_owned().await.ok();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = permit;
    }

    /// Lets another item begin.
    pub fn leave(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// An item is being put, or is about to be. Who waits for another item must not hold this.
pub(super) struct Putting<'a>(&'a ReadBack);

/// An item waits, and is not being put.
struct Aside<'a>(&'a ReadBack);

impl ReadBack {
    /// From now on an item is being put.
    pub fn begin(&self) -> Putting<'_> {
        self.state().putting += 1;
        Putting(self)
    }

    /// What stands at `href`, of an item that is being put; `None` where only GET can tell.
    pub async fn read(
        &self,
        client: &Client,
        kind: Kind,
        collection: &Href,
        href: &Href,
    ) -> Result<Option<Bytes>, Error> {
        let (answer, mut answered) = oneshot::channel();
        let is_full = {
            let mut state = self.state();
            state.waiting.push(Waiting { href: href.clone(), answer });
            state.waiting.len() >= MOST
        };
        let _aside = self.step_aside();
        if is_full {
            self.ask(client, kind, collection).await;
        }
        loop {
            tokio::select! {
                biased;
                answer = &mut answered => return answer.ok().transpose(),
                () = self.idle.notified() => {
                    let is_idle = self.state().putting == 0;
                    if is_idle {
                        self.ask(client, kind, collection).await;
                    }
                }
            }
        }
    }

    /// Asks for all that wait.
    async fn ask(&self, client: &Client, kind: Kind, collection: &Href) {
        let waiting = std::mem::take(&mut self.state().waiting);
        if waiting.len() < 2 {
            // Whose sender is dropped asks by GET.
            return;
        }
        let hrefs = waiting.iter().map(|one| one.href.clone()).collect();
        let request = Multiget { kind, collection: collection.clone(), hrefs, vcard_version: None };
        let fetched = match client.send(&request).await {
            Ok(fetched) => fetched,
            Err(error) if error.is_about_all() && error.kind != ErrorKind::TimedOut => {
                for one in waiting {
                    // Who was given up waits no more.
                    let _ = one.answer.send(Err(error.told()));
                }
                return;
            }
            Err(_) => return,
        };
        let given = fetched.into_iter().filter(|one| one.trouble.is_none() && one.status < 300);
        let mut given: HashMap<Href, Vec<u8>> = given.filter_map(|one| Some((one.href, one.data?))).collect();
        for one in waiting {
            if let Some(data) = given.remove(&one.href) {
                // Who was given up waits no more.
                let _ = one.answer.send(Ok(data.into()));
            }
        }
    }

    fn step_aside(&self) -> Aside<'_> {
        self.left();
        Aside(self)
    }

    fn left(&self) {
        let mut state = self.state();
        state.putting = state.putting.saturating_sub(1);
        let is_idle = state.putting == 0 && !state.waiting.is_empty();
        drop(state);
        if is_idle {
            self.idle.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Putting<'_> {
    fn drop(&mut self) {
        self.0.left();
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        self.0.state().putting += 1;
    }
}
