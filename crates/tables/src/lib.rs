//! The lake's schema, and the way from an envelope to Arrow rows
