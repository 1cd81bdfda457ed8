//! The Delta table of a lake.
