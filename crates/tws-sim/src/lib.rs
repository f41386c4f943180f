//! A TWS to carry along: the broker's true book behind the real wire, as a library and a program.
//!
//! Read first: [`TwsSim`], which listens on a socket, and [`core::Core`], which is all of the simulated TWS without a
//! socket, a clock or a task. Then [`catalogue`] for what can be traded, [`market`] for what is shown and [`tape`] for
//! recorded markets, [`book`] for the truth to compare with.
//!
//! ```
//! use rust_decimal::Decimal;
//! use tws_sim::{Instrument, TwsSim};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A market that only moves when told, on a free port of this machine.
//! let acme = Instrument::stock(900_001, "ACME", "USD", Decimal::TEN);
//! let sim = TwsSim::builder().seed(7).instrument(acme).still_markets().start().await?;
//! sim.quote("ACME", Decimal::new(999, 2), Decimal::new(1001, 2))?;
//!
//! // Any client of TWS connects to it; here, by hand.
//! let socket = tokio::net::TcpStream::connect(sim.address()).await?;
//!
//! assert_eq!(sim.book().cash("DU1234567"), Some(Decimal::from(1_000_000)));
//! assert_eq!(sim.book().position("DU1234567", "ACME"), Decimal::ZERO);
//! # drop(socket);
//! sim.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod builder;
pub mod control;
pub mod core;
pub mod shell;

pub mod accounts_file;
pub mod advisor;
pub mod book;
pub mod books;
pub mod catalogue;
pub mod combo;
pub mod commission;
pub mod data_settings;
pub mod derived;
pub mod faults;
pub mod hours;
pub mod information;
pub mod instrument;
pub mod market;
pub mod option_model;
pub mod order_rules;
pub mod orders;
pub mod scenario;
pub mod session;
pub mod settings;
pub mod statement;
pub mod tape;
pub mod time;
pub mod walk;

mod account_feeds;
mod account_setup;
mod amount;
mod bar_request;
mod candle;
mod currencies;
mod dice;
mod feed;
mod floor;
mod holding;
mod kind;
mod matching;
mod order_time;
mod outbox;
mod past;
mod peek;
mod record;
mod reference;
mod validation;
mod worth;

pub use book::Book;
pub use builder::{Builder, StartError};
pub use commission::CommissionSchedule;
pub use data_settings::DataSettings;
pub use faults::{Fault, Switch};
pub use hours::MarketHours;
pub use instrument::Instrument;
pub use market::{Quote, Trade};
pub use order_rules::OrderRules;
pub use settings::ApiSettings;
pub use shell::{NotShown, Pace, TwsSim, UnknownInstrument};
pub use time::SimTime;
