//! A clock that is wrong, and shows.

use std::time::{Duration, SystemTime};

use crate::vault::Snapshot;

use super::{output, words};

/// Two machines may back up one source; by so much their clocks differ without a word.
const CLOCKS_DIFFER: Duration = Duration::from_mins(5);

/// Says that the clock is behind the snapshot before; clocks of several machines differ by a little.
pub fn warn(snapshot: &Snapshot, now: SystemTime) {
    if snapshot.time.duration_since(now).is_ok_and(|ahead| ahead > CLOCKS_DIFFER) {
        output::error_line(&format!(
            "davault: this machine's clock says {}, which is before the last snapshot of this source; the new one got the time {} \
             to come after it. Check the clock.",
            words::minute(now),
            words::minute(snapshot.time),
        ));
    }
}
