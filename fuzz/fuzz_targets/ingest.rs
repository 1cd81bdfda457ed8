//! Headers, signature and body of a delivery.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octolake_fuzzed::check("ingest", data));
