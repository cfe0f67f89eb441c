#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| davault::vault::fuzzing::mark(bytes));
