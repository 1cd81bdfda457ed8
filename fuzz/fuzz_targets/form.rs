//! A body as JSON and as a form.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octolake_fuzzed::check("form", data));
