//! The gate before the journal: limits, collars, throttles, the kill switch and the paper interlock.
//!
//! Every order passes one [`RiskGate`], just before it is journaled. The gate is made of [`Limits`], which refuse to be
//! incomplete: no limit set = no trading. It says yes, or a typed [`Refusal`] that names the control, the numbers and
//! what to do. It has no clock: the engine tells it the time, quotes and what was accepted.
//!
//! | control | what it holds | refusals |
//! |---|---|---|
//! | C1 | quantity and value of one order | [`Refusal::OrderQuantity`], [`Refusal::OrderValue`] |
//! | C2 | its price against the market | [`Refusal::Collar`], [`Refusal::NoFreshQuote`] |
//! | C3 | orders a second, of a strategy and of all | [`Refusal::StrategyRate`], [`Refusal::TotalRate`] |
//! | C4 | the same order twice in a moment | [`Refusal::Duplicate`] |
//! | C6 | the position with every open order filled, and their number | [`Refusal::Position`], [`Refusal::OpenOrders`] |
//! | C8 | accounts, symbols, kinds; paper and live apart | [`Refusal::AccountNotAllowed`], ... |
//! | C11 | the kill switch and the arming of live trading | [`Refusal::Killed`], [`Refusal::NotArmed`] |
//!
//! Cancels never come here: nothing may stop a cancel.
//!
//! ```
//! use order::Timestamp;
//! use position::Ledger;
//! use risk::{AllowList, Limits, RiskGate};
//! use rust_decimal::Decimal;
//!
//! let limits = Limits {
//!     accounts: ["DU123".to_owned()].into(),
//!     symbols: AllowList::only(["IBM"]),
//!     security_types: AllowList::only(["STK"]),
//!     order_quantity_max: Some(Decimal::from(500)),
//!     order_value_max: Some(Decimal::from(100_000)),
//!     position_max: Some(Decimal::from(1_000)),
//!     ..Limits::default()
//! };
//! let mut gate = RiskGate::new(limits)?;
//! let ledger = Ledger::default();
//! let check = gate.at(Timestamp(0), &ledger); // an `order::Gate` for one submission
//! # let _ = check;
//! gate.kill("ops", "prices look wrong"); // from here on everything is refused
//! gate.rearm("ops");
//! # Ok::<(), risk::LimitsError>(())
//! ```

pub mod gate;
pub mod limits;
pub mod quote;
pub mod refusal;

mod throttle;

pub use gate::{Arming, ArmingError, CheckAt, Kill, OpenOrders, Purpose, RiskGate};
pub use limits::{AllowList, Limit, LimitFault, Limits, LimitsError, TradingMode, WithoutQuote, is_paper_account};
pub use quote::Quote;
pub use refusal::Refusal;
