//! The loops in which a backup and a restore spend their time: `cargo bench --bench hot`, with a part of a name for some of them.
//!
//! Each is reached as everybody reaches it, through what the rooms offer to others, so each comes with what cannot be left off.

#[path = "../tests/support/generate.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod generate;
#[path = "hot/multistatus.rs"]
mod multistatus;
#[path = "hot/normal.rs"]
mod normal;
#[path = "hot/store.rs"]
mod store;

use criterion::{criterion_group, criterion_main};
use generate::{Account, Size, Style};

criterion_group!(hot, multistatus::parsing, normal::normal_form, store::sealing, store::trees);
criterion_main!(hot);

/// Names and contents of generated events, without large attachments.
fn events(count: usize) -> Vec<(String, Vec<u8>)> {
    let size = Size { calendars: 1, events_each: count, books: 0, contacts_each: 0 };
    let account = Account::in_style(20_261_122, size, Style { attachment_bytes: 0, ..Style::default() });
    account.collections.into_iter().flat_map(|collection| collection.items).collect()
}

/// For what is awaited within a measurement.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be made")
}
