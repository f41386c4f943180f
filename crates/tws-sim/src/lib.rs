//! A TWS to carry along: the broker's true book behind the real wire, as a library and a program.
//!
//! Read first: [`TwsSim`], which listens on a socket, and [`core::Core`], which is all of the simulated TWS without a
//! socket, a clock or a task. Then [`catalogue`] for what can be traded, [`market`] for what is shown and [`tape`] for
//! recorded markets.

pub mod builder;
pub mod core;
pub mod shell;

pub mod book;
pub mod books;
pub mod catalogue;
pub mod commission;
pub mod instrument;
pub mod market;
pub mod orders;
pub mod session;
pub mod tape;
pub mod time;
pub mod walk;

mod feed;
mod matching;
mod outbox;
mod peek;
mod validation;

pub use book::Book;
pub use builder::{Builder, StartError};
pub use commission::CommissionSchedule;
pub use instrument::Instrument;
pub use market::{Quote, Trade};
pub use shell::{Pace, TwsSim, UnknownInstrument};
pub use time::SimTime;
