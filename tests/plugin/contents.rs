//! Contents that arrive in odd pieces, or not to their end.

use davault::plugin::ErrorKind;
use davault::plugin::host::Limits;

use super::misbehaving::{backup, sentence};

#[tokio::test]
async fn a_content_may_come_in_odd_pieces_and_from_odd_times() {
    for way in ["zero-chunks", "one-large-chunk", "end-of-time"] {
        assert_eq!(backup(way, Limits::default()).await.unwrap(), ["/a", "/"], "{way}");
    }
}

#[tokio::test]
async fn a_content_that_fails_costs_only_its_item() {
    for (way, what) in [
        ("fails-halfway", "cannot read /a: the disk is gone"),
        ("too-large", "/a is larger than 256 MiB, which is more than an item may be"),
    ] {
        assert_eq!(backup(way, Limits::default()).await.unwrap(), [what, "/"], "{way}");
    }
}

#[tokio::test]
async fn a_plugin_that_breaks_off_in_the_middle_of_a_content_is_said_to() {
    assert_eq!(sentence("breaks-off-reading", ErrorKind::Protocol).await, "… broke off when it was to read /a");
}
