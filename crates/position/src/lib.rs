//! Fills to positions, marks to profit and loss, exactly: per strategy, account and currency.
//!
//! [`Ledger`] takes [`Fill`]s, [`Commission`]s, [`Adjustment`]s and marks in any order, as often as they come, and holds
//! what follows from them. Each call hands back what it changed: [`Ledger::apply`] a [`Change`] with what was opened,
//! closed and realised. Nothing here reads a clock, a disk or a socket, and no amount is a float: the same calls give
//! the same ledger, to the last digit.
//!
//! # The arithmetic
//!
//! A position is a signed quantity and what it cost (average cost method, as IB reports it). Adding, subtracting and
//! multiplying are exact or refused with [`LedgerError::Inexact`], never rounded. The one division is the share of the
//! cost that a **partial** close releases: it is rounded to [`COST_DECIMALS`] decimals, and the rest of the cost keeps
//! what was rounded off. So at all times, exactly,
//!
//! ```text
//! money that the fills brought in + quantity × mark × multiplier = realised + unrealised
//! ```
//!
//! and a position that is flat again has realised exactly what its fills brought in. While it is open, `n` partial
//! closes can have moved at most `n` × 10⁻¹² between realised and unrealised. Average prices are divided for display only.
//!
//! # Example
//!
//! ```
//! use position::{Commission, Fill, Instrument, Ledger, Side};
//! use rust_decimal::Decimal;
//! use tws_proto::ids::ContractId;
//!
//! let cents = |amount| Decimal::new(amount, 2);
//! let ibm = Instrument::stock(ContractId(8314), "IBM", "USD");
//! let buy = Fill {
//!     key: "0000e0d5.65f0c6b4.01".into(),
//!     revision: 1,
//!     account: "DU123".into(),
//!     strategy: Some("breakout".into()),
//!     instrument: ibm.clone(),
//!     side: Side::Buy,
//!     quantity: Decimal::from(100),
//!     price: cents(181_50),
//!     time_us: 1_381_152_600_000_000,
//! };
//! let sell = Fill { key: "0000e0d5.65f0c6b5.01".into(), side: Side::Sell, price: cents(182_25), ..buy.clone() };
//!
//! let mut ledger = Ledger::default();
//! assert_eq!(ledger.apply(&buy)?.opened, Decimal::from(100));
//! assert_eq!(ledger.apply(&sell)?.realised, cents(75_00));
//! assert!(ledger.apply(&sell)?.is_duplicate()); // sent again, counted once
//!
//! let commission = Commission {
//!     key: buy.key.clone(), revision: 1, amount: cents(1_00), currency: "USD".into(), time_us: buy.time_us,
//! };
//! ledger.commission(&commission)?;
//! let totals = ledger.totals("DU123", "USD");
//! assert_eq!(totals.realised_net(), Some(cents(74_00)));
//! assert_eq!(totals.commissions_pending, 1); // that of the sale has not been told yet
//! # Ok::<(), position::LedgerError>(())
//! ```
//!
//! Read [`ledger`] first; [`exits`] and [`sizing`] are pure helpers for strategies and stand alone.

pub mod ledger;

pub mod book;
pub mod change;
pub mod error;
pub mod fill;
pub mod instrument;
pub mod totals;

pub mod exits;
pub mod sizing;

mod exact;
mod pairs;

pub use book::{COST_DECIMALS, Position};
pub use change::{Change, CommissionOutcome, Holding, Outcome};
pub use error::{Amount, LedgerError};
pub use fill::{Adjustment, Commission, Fill};
pub use instrument::{Instrument, InstrumentError};
pub use ledger::Ledger;
pub use totals::Totals;
pub use tws_proto::Side;
pub use tws_proto::ids::split_execution_id;
