//! A raw object: gzip, windows, records.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octolake_fuzzed::check("raw_object", data));
