//! `_delivery` and its claim check.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octolake_fuzzed::check("claim_check", data));
