//! Whole-system tests: the built binary, as its users run it
