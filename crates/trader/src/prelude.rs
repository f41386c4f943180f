//! What a strategy needs, in one line: `use trader::prelude::*;`.

pub use order::{Change, Extension, IntentId, OrderKind, OrderUpdate, Side, State, TimeInForce, Unprotected};
pub use rust_decimal::Decimal;
pub use tws_proto::Contract;
pub use tws_proto::ids::ContractId;

pub use crate::event::{Event, FillEvent, Phase, Signal, TraderState};
pub use crate::{
    ExitPrices, Failure, Handle, Instrument, Outcome, Placed, Quote, Strategy, Ticket, Trader, TraderConfig,
};
