//! Scenarios that cross crates, each over loopback TCP.

mod bad_input;
mod meddler;
