//! A listing whose members are handed on while they arrive.

use tokio::sync::mpsc;

use super::{Head, Listing, Part, Parts, Request};
use crate::dav::{Error, ErrorKind};

/// Like the `listing`, but nothing of it is gathered: whoever listens gets each member as it comes, and the server waits until
/// it is taken.
///
/// Where the answer breaks off, those that came are there nevertheless; where it is asked for again, they come again.
pub struct Streamed<L: Listing> {
    listing: L,
    to: mpsc::Sender<L::Item>,
}

impl<L: Listing> Streamed<L> {
    /// Hands the members on `to` somebody.
    pub fn new(listing: L, to: mpsc::Sender<L::Item>) -> Self {
        Self { listing, to }
    }
}

impl<L: Listing> Request for Streamed<L> {
    type Reply = ();

    fn parts(&self) -> Parts {
        self.listing.parts()
    }

    fn begin(&self, _head: &Head) -> Result<(), Error> {
        Ok(())
    }

    fn add(&self, (): &mut (), part: Part) -> Result<(), Error> {
        let Part::Response(response) = part else { return Ok(()) };
        match self.listing.item(response)? {
            Some(item) => self.to.try_send(item).map_err(|_| Error::new(ErrorKind::Usage, "nobody listens any more")),
            None => Ok(()),
        }
    }

    async fn room(&self) {
        // Nobody else sends, so the room stays. Who listens no more is told so by `add`.
        let _ = self.to.reserve().await;
    }

    /// Nothing of it is kept.
    fn largest_answer(&self) -> u64 {
        u64::MAX
    }

    fn can_be_less(&self) -> bool {
        true
    }
}
