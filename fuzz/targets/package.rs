#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| davault::package::ptar::fuzzing::package(bytes));
