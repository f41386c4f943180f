//! Options: what a model computes of them, and their exercise.

use bytes::{BufMut, BytesMut};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::body::body;
use crate::contract::{Contract, DeltaNeutralContract};
use crate::error::{Excerpt, Fault, Result};
use crate::ids::{OrderId, RequestId};
use crate::kinds::{ComputationBasis, ExerciseAction, TickKind};
use crate::protobuf::{self, Raw};
use crate::tags::TagValue;
use crate::time::TimeText;
use crate::value::Scalar;
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Tag, Wire, layout};

body! {
    /// Asks which volatility a price stands for. `REQ_CALC_IMPLIED_VOLAT`, method `calculateImpliedVolatility`.
    /// Answered by [`TickOptionComputation`] with [`TickKind::CustomOption`].
    CalculateImpliedVolatility, version "3" {
        1 "reqId" request_id: RequestId,
        shaped(Contract::text_of_plain_request) 2 "contract" contract: Contract,
        maxed 3 "optionPrice" option_price: Option<Decimal>,
        maxed 4 "underPrice" underlying_price: Option<Decimal>,
        /// Open-ended options.
        behind_old_count 5 "impliedVolatilityOptions" options: Vec<TagValue>,
    }

    /// Asks which price a volatility stands for. `REQ_CALC_OPTION_PRICE`, method `calculateOptionPrice`.
    /// Answered by [`TickOptionComputation`] with [`TickKind::CustomOption`].
    CalculateOptionPrice, version "3" {
        1 "reqId" request_id: RequestId,
        shaped(Contract::text_of_plain_request) 2 "contract" contract: Contract,
        maxed 3 "volatility" volatility: Option<Decimal>,
        maxed 4 "underPrice" underlying_price: Option<Decimal>,
        /// Open-ended options.
        behind_old_count 5 "optionPriceOptions" options: Vec<TagValue>,
    }

    /// Ends a computation of a volatility. `CANCEL_CALC_IMPLIED_VOLAT`, method `cancelCalculateImpliedVolatility`.
    CancelCalculateImpliedVolatility, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// Ends a computation of a price. `CANCEL_CALC_OPTION_PRICE`, method `cancelCalculateOptionPrice`.
    CancelCalculateOptionPrice, version "1" {
        1 "reqId" request_id: RequestId,
    }
}

impl Wire<'_> {
    /// Options in one string. IB's clients up to 10.37 write their number, always 0, before them.
    fn behind_old_count(&mut self, tag: &'static Tag, options: &mut Vec<TagValue>) -> Result<()> {
        if self.trailing_fields() > 1 {
            self.constant("0")?;
        }
        self.tag_string(tag, options)
    }
}

/// What a model makes of an option's price. `TICK_OPTION_COMPUTATION`, callback `tickOptionComputation`.
///
/// All but the price of the underlying come out of a model in floating point, down to 1e-30 far out of the money: exact
/// decimals could not hold them, and nobody settles in them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickOptionComputation {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// What it rests on: bid, ask, last, model or a question. Wire name `tickType`.
    pub kind: TickKind,
    /// What the model rests on. Wire name `tickAttrib`.
    pub basis: Option<ComputationBasis>,
    /// Per year; below 0 on the wire where not computed. Wire name `impliedVol`.
    pub implied_volatility: Option<f64>,
    /// -2 on the wire where not computed. Wire name `delta`.
    pub delta: Option<f64>,
    /// -1 on the wire where not computed. Wire name `optPrice`.
    pub option_price: Option<f64>,
    /// Present value of the dividends; -1 on the wire where not computed. Wire name `pvDividend`.
    pub present_value_of_dividends: Option<f64>,
    /// -2 on the wire where not computed. Wire name `gamma`.
    pub gamma: Option<f64>,
    /// -2 on the wire where not computed. Wire name `vega`.
    pub vega: Option<f64>,
    /// -2 on the wire where not computed. Wire name `theta`.
    pub theta: Option<f64>,
    /// -1 on the wire where not known. Wire name `undPrice`.
    pub underlying_price: Option<Decimal>,
}

/// Without version field.
impl Layout for TickOptionComputation {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        #[rustfmt::skip]
        let Self {
            request_id, kind, basis, implied_volatility, delta, option_price, present_value_of_dividends, gamma, vega,
            theta, underlying_price,
        } = self;
        layout!(w; 1 request_id, 2 kind, 3 basis);
        computed(w, const { &Tag { number: 4, name: "implied_volatility" } }, implied_volatility, Volatility)?;
        computed(w, const { &Tag { number: 5, name: "delta" } }, delta, Greek)?;
        computed(w, const { &Tag { number: 6, name: "option_price" } }, option_price, ModelPrice)?;
        let dividends = const { &Tag { number: 7, name: "present_value_of_dividends" } };
        computed(w, dividends, present_value_of_dividends, ModelPrice)?;
        computed(w, const { &Tag { number: 8, name: "gamma" } }, gamma, Greek)?;
        computed(w, const { &Tag { number: 9, name: "vega" } }, vega, Greek)?;
        computed(w, const { &Tag { number: 10, name: "theta" } }, theta, Greek)?;
        let mut price = underlying_price.map(UnderlyingPrice);
        w.maxed(const { &Tag { number: 11, name: "underlying_price" } }, &mut price)?;
        *underlying_price = price.map(|price| price.0);
        Ok(())
    }
}

/// A number of the model; `wrap` says which value stands for "not computed".
fn computed<T: Scalar + Into<f64>>(
    w: &mut Wire<'_>,
    tag: &'static Tag,
    value: &mut Option<f64>,
    wrap: fn(f64) -> T,
) -> Result<()> {
    let mut wrapped = value.map(wrap);
    w.maxed(tag, &mut wrapped)?;
    *value = wrapped.map(Into::into);
    Ok(())
}

/// Declares a double of the model and the values of it that say "not computed", which cannot be written as numbers.
macro_rules! doubles {
    ($($(#[$doc:meta])* $name:ident: $word:literal, $is_unset:expr;)*) => {$(
        $(#[$doc])*
        struct $name(f64);

        impl From<$name> for f64 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl Scalar for $name {
            const MAXIMUM: &'static [u8] = $word;

            fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
                Ok(told(double_from_text(field)?, $is_unset).map(Self))
            }

            fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
                let value = told(self.0, $is_unset).ok_or(Fault::NotCarried)?;
                // The shortest spelling that reads as this double again.
                out.put_slice(format!("{value:?}").as_bytes());
                Ok(())
            }

            fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
                match raw {
                    Raw::Fixed64(bits) => Ok(told(f64::from_bits(bits), $is_unset).map(Self)),
                    Raw::Varint(_) | Raw::Bytes(_) | Raw::Fixed32(_) => Err(Fault::WrongWireType),
                }
            }

            fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
                protobuf::put_double_field(out, tag, told(self.0, $is_unset).ok_or(Fault::NotCarried)?);
                Ok(())
            }
        }
    )*};
}

doubles! {
    /// Not computed below zero.
    Volatility: b"-1", |value| value < 0.0;
    /// Not computed at -1.
    ModelPrice: b"-1", |value| value == -1.0;
    /// Not computed at -2.
    Greek: b"-2", |value| value == -2.0;
}

fn told(value: f64, is_unset: fn(f64) -> bool) -> Option<f64> {
    Some(value).filter(|value| value.is_finite() && *value != f64::MAX && !is_unset(*value))
}

fn double_from_text(field: &[u8]) -> Result<f64, Fault> {
    let text = std::str::from_utf8(field).map_err(|_| Fault::NotANumber(Excerpt::of(field)))?;
    text.parse().map_err(|_| Fault::NotANumber(Excerpt::of(field)))
}

/// A price; not known at -1.
struct UnderlyingPrice(Decimal);

impl Scalar for UnderlyingPrice {
    const MAXIMUM: &'static [u8] = b"-1";

    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        Ok(Decimal::from_text(field)?.filter(|price| *price != Decimal::NEGATIVE_ONE).map(Self))
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        if self.0 == Decimal::NEGATIVE_ONE { Err(Fault::NotCarried) } else { self.0.to_text(out) }
    }

    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        Ok(Decimal::from_protobuf(raw)?.filter(|price| *price != Decimal::NEGATIVE_ONE).map(Self))
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        if self.0 == Decimal::NEGATIVE_ONE { Err(Fault::NotCarried) } else { self.0.to_protobuf(tag, out) }
    }
}

body! {
    /// Exercises an option or lets it lapse. `EXERCISE_OPTIONS`, method `exerciseOptions`.
    /// Answered as an order is: [`OpenOrder`](super::OpenOrder), [`OrderStatus`](super::OrderStatus), notices.
    ExerciseOptions, version "2" {
        /// An order id.
        1 "reqId" "orderId" order_id: OrderId,
        shaped(Contract::text_of_exercise) 2 "contract" contract: Contract,
        maxed 3 "exerciseAction" action: Option<ExerciseAction>,
        /// How many contracts.
        maxed 4 "exerciseQuantity" quantity: Option<i32>,
        5 "account" account: String,
        /// Do it even against what would happen by itself.
        6 "override" overrides_natural_action: bool,
        /// When a person gave the order, from server version 180.
        gated(V::MANUAL_ORDER_TIME_EXERCISE_OPTIONS) 7 "manualOrderTime" manual_order_time: TimeText,
        /// From server version 183.
        gated(V::CUSTOMER_ACCOUNT) 8 "customerAccount" customer_account: String,
        /// From server version 184.
        gated(V::PROFESSIONAL_CUSTOMER) 9 "professionalCustomer" professional_customer: bool,
    }

    /// The stock or future that hedges a delta-neutral order was accepted. `DELTA_NEUTRAL_VALIDATION`, callback
    /// `deltaNeutralValidation`; text form only.
    DeltaNeutralValidation, version "1" {
        1 "reqId" request_id: RequestId,
        nested 2 "deltaNeutralContract" contract: DeltaNeutralContract,
    }
}
