//! [`Condition`]: what must hold before an order is sent or cancelled.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use bytes::{BufMut, BytesMut};

use crate::error::{Fault, Result};
use crate::ids::ContractId;
use crate::kinds::{SecurityType, TriggerMethod};
use crate::protobuf::Raw;
use crate::time::TimeText;
use crate::value::Scalar;
use crate::wire::{Layout, Wire, layout};

/// One condition of an order. Each is joined to the next by its [`Conjunction`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Condition {
    /// A price is reached. Wire type 1.
    Price {
        /// How it joins the next one. Wire name `isConjunctionConnection`.
        conjunction: Conjunction,
        /// Which side of it counts. Wire name `isMore`.
        bound: Bound,
        /// The price. Wire name `price`.
        price: Option<Decimal>,
        /// Whose price. Wire name `conId`.
        contract_id: Option<ContractId>,
        /// Where. Wire name `exchange`.
        exchange: String,
        /// Which price counts. Wire name `triggerMethod`.
        trigger_method: Option<TriggerMethod>,
    },
    /// A time is reached. Wire type 3.
    Time {
        /// How it joins the next one.
        conjunction: Conjunction,
        /// Which side of it counts.
        bound: Bound,
        /// `YYYYMMDD HH:MM:SS` with an optional time zone. Wire name `time`.
        time: TimeText,
    },
    /// The cushion of the account's margin. Wire type 4.
    Margin {
        /// How it joins the next one.
        conjunction: Conjunction,
        /// Which side of it counts.
        bound: Bound,
        /// Percent. Wire name `percent`.
        percent: Option<i32>,
    },
    /// A trade happens in an instrument. Wire type 5.
    Execution {
        /// How it joins the next one.
        conjunction: Conjunction,
        /// Kind of the instrument. Wire name `secType`.
        security_type: Option<SecurityType>,
        /// Where it trades. Wire name `exchange`.
        exchange: String,
        /// Its symbol. Wire name `symbol`.
        symbol: String,
    },
    /// A volume is reached. Wire type 6.
    Volume {
        /// How it joins the next one.
        conjunction: Conjunction,
        /// Which side of it counts.
        bound: Bound,
        /// The volume. Wire name `volume`.
        volume: Option<i32>,
        /// Whose volume.
        contract_id: Option<ContractId>,
        /// Where.
        exchange: String,
    },
    /// A price moves by a percentage. Wire type 7.
    PercentChange {
        /// How it joins the next one.
        conjunction: Conjunction,
        /// Which side of it counts.
        bound: Bound,
        /// Percent. Wire name `changePercent`.
        change_percent: Option<Decimal>,
        /// Whose price.
        contract_id: Option<ContractId>,
        /// Where.
        exchange: String,
    },
}

impl Condition {
    /// Wire name `type`, `condType`.
    const fn kind(&self) -> i32 {
        match self {
            Self::Price { .. } => 1,
            Self::Time { .. } => 3,
            Self::Margin { .. } => 4,
            Self::Execution { .. } => 5,
            Self::Volume { .. } => 6,
            Self::PercentChange { .. } => 7,
        }
    }

    fn blank(kind: i32) -> Result<Self, Fault> {
        let conjunction = Conjunction::default();
        let bound = Bound::Below;
        let exchange = String::new();
        Ok(match kind {
            1 => Self::Price { conjunction, bound, price: None, contract_id: None, exchange, trigger_method: None },
            3 => Self::Time { conjunction, bound, time: TimeText::default() },
            4 => Self::Margin { conjunction, bound, percent: None },
            5 => Self::Execution { conjunction, security_type: None, exchange, symbol: String::new() },
            6 => Self::Volume { conjunction, bound, volume: None, contract_id: None, exchange },
            7 => Self::PercentChange { conjunction, bound, change_percent: None, contract_id: None, exchange },
            unknown => return Err(Fault::UnknownKind(unknown)),
        })
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::Margin { conjunction: Conjunction::default(), bound: Bound::Below, percent: None }
    }
}

impl Layout for Condition {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        w.choose(const { &crate::wire::Tag { number: 1, name: "type" } }, self, Self::kind, Self::blank)?;
        match self {
            Self::Price { conjunction, bound, price, contract_id, exchange, trigger_method } => {
                layout!(w; 2 conjunction, 3 bound, maxed 10 price, maxed 4 contract_id, 5 exchange, maxed 11 trigger_method);
            }
            Self::Time { conjunction, bound, time } => layout!(w; 2 conjunction, 3 bound, 12 time),
            Self::Margin { conjunction, bound, percent } => layout!(w; 2 conjunction, 3 bound, maxed 8 percent),
            Self::Execution { conjunction, security_type, exchange, symbol } => {
                layout!(w; 2 conjunction, 7 security_type, 5 exchange, 6 symbol);
            }
            Self::Volume { conjunction, bound, volume, contract_id, exchange } => {
                layout!(w; 2 conjunction, 3 bound, maxed 13 volume, maxed 4 contract_id, 5 exchange);
            }
            Self::PercentChange { conjunction, bound, change_percent, contract_id, exchange } => {
                layout!(w; 2 conjunction, 3 bound, maxed 9 change_percent, maxed 4 contract_id, 5 exchange);
            }
        }
        Ok(())
    }
}

/// How a condition joins the next one: `a` or `o` in text, a boolean in protobuf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conjunction {
    /// Both must hold.
    And,
    /// One of the two is enough. What IB's protobuf means by silence.
    #[default]
    Or,
}

/// Which side of its value a condition waits for. Wire name `isMore`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At or above the value; for a time, after it.
    Above,
    /// At or below the value; for a time, before it.
    #[default]
    Below,
}

/// How a choice of two travels: as a word in text, as a boolean in protobuf, written even where it is false, as IB's client
/// does in conditions.
macro_rules! choice {
    ($name:ident: $yes:ident $word:literal or $no:ident $other:literal) => {
        impl Scalar for $name {
            fn silence() -> Option<Self> {
                Some(Self::$no)
            }

            fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
                match field {
                    $word => Ok(Some(Self::$yes)),
                    $other => Ok(Some(Self::$no)),
                    _ => Ok(bool::from_text(field)?.map(|yes| if yes { Self::$yes } else { Self::$no })),
                }
            }

            fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
                out.put_slice(if *self == Self::$yes { $word } else { $other });
                Ok(())
            }

            fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
                Ok(bool::from_protobuf(raw)?.map(|yes| if yes { Self::$yes } else { Self::$no }))
            }

            fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
                (*self == Self::$yes).to_protobuf(tag, out)
            }
        }
    };
}

choice!(Conjunction: And b"a" or Or b"o");
choice!(Bound: Above b"1" or Below b"0");
