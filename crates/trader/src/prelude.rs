//! What a strategy needs, in one line: `use trader::prelude::*;`.

pub use order::{Change, IntentId, OrderKind, OrderUpdate, Side, State};
pub use rust_decimal::Decimal;
pub use tws_proto::Contract;
pub use tws_proto::ids::ContractId;

pub use crate::event::{Event, FillEvent, Phase, Signal, TraderState};
pub use crate::{Failure, Handle, Instrument, Outcome, Placed, Quote, Strategy, Ticket, Trader, TraderConfig};
