//! What may come over the wire, case by case: each test carries the number of its case in the list of faults.

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod coverage;
mod frames;
mod samples;
mod world;

mod handshake;
mod malformed;
mod outage;
mod protobuf;
mod soak;
mod stream;
mod values;
