//! The session: its machine alone with a clock moved by hand, and the whole client against a scripted server and against
//! the simulator in paused time. The session cases S1 to S15 and S38 to S41 and the rules R5, R8 and R31 to R34 of the
//! reliability specification have their numbers in the names of their tests.

#[path = "../support/mod.rs"]
mod support;

mod deadlines;
mod desk;
mod gate;
mod liveness;
mod machine;
mod pacing;
mod pair;
mod reconnect;
mod refused;
mod upstream;
