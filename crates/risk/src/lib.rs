//! The gate before the journal: limits, collars, throttles, the kill switch and the paper interlock.
//!
//! Every order passes one [`RiskGate`], just before it is journaled. The gate is made of [`Limits`], which refuse to be
//! incomplete: no limit set = no trading. It says yes, or a typed [`Refusal`] that names the control, the numbers and
//! what to do. It has no clock: the engine tells it the time, quotes and what was accepted.
//!
//! | control | what it holds | refusals |
//! |---|---|---|
//! | C1 | quantity and value of one order, in money and as a part of the equity | [`Refusal::OrderQuantity`], [`Refusal::OrderValue`], [`Refusal::EquityShare`] |
//! | C2 | its price against the market and against our own last trade | [`Refusal::Collar`], [`Refusal::OwnCollar`], [`Refusal::NoFreshQuote`] |
//! | C3 | orders and changes a second, of a strategy and of all | [`Refusal::StrategyRate`], [`Refusal::TotalRate`] |
//! | C4 | the same order twice in a moment | [`Refusal::Duplicate`] |
//! | C5 | orders of a strategy in a minute and a day; one more halts it | [`Refusal::Entries`] |
//! | C6 | the position with every open order filled, and their number; what all contracts put at stake | [`Refusal::Position`], [`Refusal::OpenOrders`], [`Refusal::GrossExposure`], [`Refusal::NetExposure`] |
//! | C7 | what an account lost today, and from its best of today | [`Refusal::DailyLoss`], [`Refusal::Drawdown`] |
//! | C8 | accounts, symbols, kinds, exchanges; paper and live apart; contracts that expire or are halted | [`Refusal::AccountNotAllowed`], [`Refusal::Expired`], [`Refusal::TradingHalted`], ... |
//! | C9 | orders that would meet orders of our own | [`Refusal::SelfMatch`] |
//! | C10 | orders of a strategy that the broker rejects; too many halt it | [`Refusal::RejectStorm`] |
//! | C11 | the kill switch and the arming of live trading | [`Refusal::Killed`], [`Refusal::NotArmed`] |
//!
//! One order may go past some of them on a named person's word: [`CheckAt::waiving`] a [`Waiver`] (C16).
//!
//! Beside the gate stand what follows the link, [`Absence`] (C12), and what repeats alarms until a person knows of them,
//! [`Alarms`] (C14); and a [`Statement`] holds a day that is over against what the broker tells of it (C13).
//!
//! Cancels never come here: nothing may stop a cancel.
//!
//! A combination is counted by its legs: each leg's ratio times the quantity, on the leg's side, with the leg's own
//! multiplier and in its currency. Its value (C1) is what all legs are worth together, for its net price can be zero; that
//! price may be worse than the quotes of the legs say by the collar's share of that worth (C2); the position limit (C6)
//! holds for each leg's contract, with open orders for it alone and in other combinations. What the gate has to be told
//! for this are the legs: [`RiskGate::know`] and [`RiskGate::quote`].
//!
//! The legs of one submission count together, as far as several of them may fill: [`order::PassedLegs::filling`].
//!
//! The gate errs on the safe side. Both exits of a bracket, and all members of a one-cancels-all group, count as open
//! orders that may fill once they are placed, though one cancels the other; so does a change that is on its way. A clock
//! that jumps by more than their age makes quotes old and the windows of C3 and C4 empty.
//!
//! ```
//! use order::{Hours, Instance, Intent, IntentId, OrderKind, Orders, Side, SubmitError, TimeInForce,
//!     Timestamp};
//! use position::Ledger;
//! use risk::{AllowList, Limits, Quote, Refusal, RiskGate};
//! use rust_decimal::Decimal;
//! use tws_proto::Contract;
//! use tws_proto::ids::{ClientId, ContractId};
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
//! let mut orders = Orders::new(Instance::new("t1")?, ClientId(1));
//! let (ledger, now) = (Ledger::default(), Timestamp(0));
//!
//! let intent = Intent {
//!     id: IntentId(1),
//!     strategy: "breakout".into(),
//!     account: "DU123".into(),
//!     contract: Contract { contract_id: Some(ContractId(8314)), ..Contract::stock("IBM", "USD") }.into(),
//!     side: Side::Buy,
//!     quantity: 100.into(),
//!     kind: OrderKind::Market,
//!     time_in_force: TimeInForce::Day,
//!     hours: Hours::Regular,
//!     extension: None,
//! };
//! let refused = orders.submit(intent.clone().into(), &gate.at(now, &ledger), now);
//! assert!(matches!(refused, Err(SubmitError::Refused(Refusal::NoFreshQuote { .. }))));
//!
//! gate.quote(ContractId(8314), Quote { last: Some(Decimal::new(181_50, 2)), ..Quote::default() }, now);
//! let step = orders.submit(intent.clone().into(), &gate.at(now, &ledger), now)?;
//! // Make step.records durable; then, before anything else is submitted:
//! gate.accepted(&intent, now);
//!
//! gate.kill("ops", "prices look wrong"); // from here on everything is refused
//! gate.rearm("ops");
//! # drop(step);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod absence;
pub mod alarms;
pub mod check;
pub mod faults;
pub mod gate;
pub mod limits;
pub mod quote;
pub mod refusal;
pub mod statement;
pub mod waiver;

mod conduct;
mod crossing;
mod expiry;
mod exposure;
mod losses;
mod parts;
mod pricing;
mod throttle;

pub use absence::{Absence, OnReturn};
pub use alarms::{AlarmFault, Alarms, Bell, OpenAlarm};
pub use check::{CheckAt, OpenOrders, Purpose};
pub use faults::{Limit, LimitFault, LimitsError};
pub use gate::{Arming, ArmingError, Equity, Kill, RiskGate};
pub use limits::{AllowList, Limits, TradingMode, WithoutQuote, is_paper_account};
pub use losses::DayMark;
pub use quote::{Quote, Trading};
pub use refusal::{Refusal, Unpriced, Unvalued};
pub use statement::{AccountDay, Difference, Statement, Told};
pub use waiver::{Waivable, Waiver, WaiverFault, Waivers};
