//! The command line: ingest, compaction, reports and SQL on a lake
