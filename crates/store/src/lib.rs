//! The only place that knows whether a lake is a directory, S3 or memory
