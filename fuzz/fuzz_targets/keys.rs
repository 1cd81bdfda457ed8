//! Keys of the lake, event types, ids and times.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octolake_fuzzed::check("keys", data));
