//! The binary itself starts, and says what it is.
//!
//! That this test is here makes `cargo test --workspace` build the binary: the whole-system tests
//! in `tests/` run it.

use std::process::Command;

#[test]
fn it_says_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_lakequery")).arg("--version").output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, concat!("lakequery ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
}
