//! Records in bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octolake_fuzzed::check("framing", data));
