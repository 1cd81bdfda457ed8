//! The ingest endpoint on one machine: HTTP, group commit, spool
