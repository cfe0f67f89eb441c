//! How many bytes a backup adds.

use super::world::{Numbers, back_up, event, events, in_memory, new_vault};

#[tokio::test]
async fn ten_thousand_events_take_a_quarter_of_their_bytes_and_changes_little() {
    let (_, place) = in_memory();
    let vault = new_vault(&place).await;
    let mut these = events(10_000, 7);
    let raw: usize = these.iter().map(|(_, content)| content.len()).sum();
    let (_, first) = back_up(&vault, &these, 1).await;
    let (_, unchanged) = back_up(&vault, &these, 2).await;
    these[5000].1 = event(&mut Numbers(99)).1;
    let (_, changed) = back_up(&vault, &these, 3).await;
    println!("raw {raw} first {first:?} unchanged {unchanged:?} one changed {changed:?}");
    assert!(first.stored_bytes * 100 <= raw as u64 * 24, "{} of {raw}", first.stored_bytes);
    assert!(unchanged.stored_bytes <= 1024, "{}", unchanged.stored_bytes);
    assert_eq!(unchanged.new_objects, 0);
    assert!(changed.stored_bytes <= 8 * 1024, "{}", changed.stored_bytes);
}
