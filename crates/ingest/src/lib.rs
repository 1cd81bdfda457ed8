//! From an HTTP request to a verified entry on a bus
