//! Compaction as a whole, over lakes in memory and in directories.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at a surprise")]

mod bad_input;
mod costs;
mod elsewhere;
mod erasing;
mod facts;
mod lake;
mod merging;
mod older;
mod once;
mod onward;
mod projection;
mod proof;
mod proving;
mod racing;
mod rebuilding;
mod reliability;
mod repeats;
mod retrying;
mod sealing;
mod unusable;
