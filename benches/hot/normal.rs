//! The normal form of an item, by which a restore sees what needs nothing.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use davault::item::normal;

/// The fingerprints of 500 events.
pub fn normal_form(bench: &mut Criterion) {
    let events = super::events(500);
    let bytes = events.iter().map(|(_, content)| content.len() as u64).sum();
    let mut group = bench.benchmark_group("normal form");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("500 events", |bencher| {
        bencher.iter(|| events.iter().for_each(|(_, content)| _ = black_box(normal::fingerprint(black_box(content)))));
    });
    group.finish();
}
