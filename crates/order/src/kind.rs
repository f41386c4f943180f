//! [`OrderKind`]: how an order decides at which price it trades, with the numbers that kind needs and no others.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::Order;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{OrderType, TimeInForce};

/// How an order decides at which price it trades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderKind {
    /// At once, at whatever price. Wire word `MKT`.
    Market,
    /// At the limit price or better. Wire word `LMT`.
    Limit {
        /// The worst price.
        limit_price: Decimal,
    },
    /// At the market once the stop price is touched. Wire word `STP`.
    Stop {
        /// The price that triggers it.
        stop_price: Decimal,
    },
    /// At the limit price or better once the stop price is touched. Wire word `STP LMT`.
    StopLimit {
        /// The price that triggers it.
        stop_price: Decimal,
        /// The worst price.
        limit_price: Decimal,
    },
    /// A stop that follows the market at a distance. Wire word `TRAIL`.
    Trail {
        /// The distance.
        distance: Distance,
        /// Where the stop begins; `None` for at the distance from the market. Wire name `trailStopPrice`.
        #[serde(default)]
        stop_price: Option<Decimal>,
    },
    /// A stop limit that follows the market at a distance. Wire word `TRAIL LIMIT`.
    TrailLimit {
        /// The distance.
        distance: Distance,
        /// Where the stop begins. Wire name `trailStopPrice`.
        stop_price: Decimal,
        /// How far the limit price lies behind the stop. Wire name `lmtPriceOffset`.
        limit_offset: Decimal,
    },
    /// At the market once the trigger is touched from the better side. Wire word `MIT`.
    MarketIfTouched {
        /// The price that triggers it.
        trigger_price: Decimal,
    },
    /// At the limit price or better once the trigger is touched from the better side. Wire word `LIT`.
    LimitIfTouched {
        /// The price that triggers it.
        trigger_price: Decimal,
        /// The worst price.
        limit_price: Decimal,
    },
    /// At the market in the opening auction. Wire word `MKT` with time in force `OPG`.
    MarketOnOpen,
    /// At the limit price or better in the opening auction. Wire word `LMT` with time in force `OPG`.
    LimitOnOpen {
        /// The worst price.
        limit_price: Decimal,
    },
    /// At the market in the closing auction. Wire word `MOC`.
    MarketOnClose,
    /// At the limit price or better in the closing auction. Wire word `LOC`.
    LimitOnClose {
        /// The worst price.
        limit_price: Decimal,
    },
    /// At the market; what does not fill at once stays as a limit order at the price of the fill. Wire word `MTL`.
    MarketToLimit,
    /// At the market, within the protection of a futures exchange. Wire word `MKT PRT`.
    MarketWithProtection,
    /// A stop within the protection of a futures exchange. Wire word `STP PRT`.
    StopWithProtection {
        /// The price that triggers it.
        stop_price: Decimal,
    },
    /// At the midpoint of the market or better. Wire word `MIDPRICE`.
    MidPrice {
        /// The worst price, where there is one.
        limit_price: Option<Decimal>,
    },
    /// Follows the other side of the market. Wire word `PEG MKT`.
    PeggedToMarket {
        /// How far behind it stays.
        offset: Decimal,
    },
    /// Follows its own side of the market, better by an offset. Wire word `REL`.
    PeggedToPrimary {
        /// By how much better.
        offset: Decimal,
        /// The worst price, where there is one.
        limit_price: Option<Decimal>,
    },
    /// Follows the midpoint. Wire word `PEG MID`.
    PeggedToMidpoint {
        /// How far behind it stays.
        offset: Decimal,
        /// The worst price, where there is one.
        limit_price: Option<Decimal>,
    },
    /// Competes with the best quote at IB's own market; what else it may be told goes into an extension. Wire word
    /// `PEG BEST`.
    PeggedToBest {
        /// The worst price.
        limit_price: Decimal,
    },
    /// An option that follows its stock. Wire word `PEG STK`.
    PeggedToStock {
        /// How far the price moves when the stock moves by one.
        delta: Decimal,
        /// Where the price begins.
        starting_price: Decimal,
        /// The price of the stock at which it begins; `None` for the midpoint.
        reference_price: Option<Decimal>,
    },
    /// Follows another instrument. Wire word `PEG BENCH`.
    PeggedToBenchmark(Box<BenchmarkPeg>),
}

/// How an order follows another instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchmarkPeg {
    /// Where the price begins.
    pub starting_price: Decimal,
    /// The instrument that it follows.
    pub reference: ContractId,
    /// Where that one trades.
    pub reference_exchange: String,
    /// For how far the reference moves.
    pub reference_change: Decimal,
    /// How far the price moves then.
    pub price_change: Decimal,
    /// Which way.
    pub follows: Follows,
}

/// Which way an order moves when what it follows rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follows {
    /// It rises too.
    With,
    /// It falls.
    Against,
}

/// How far a trailing stop stays behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// By an amount of the price.
    Amount(Decimal),
    /// By a percentage of the price, 1 for one percent.
    Percent(Decimal),
}

impl OrderKind {
    /// The worst price at which it may trade, where the kind has one.
    #[must_use]
    pub const fn limit_price(&self) -> Option<Decimal> {
        match self {
            Self::Limit { limit_price }
            | Self::StopLimit { limit_price, .. }
            | Self::LimitIfTouched { limit_price, .. }
            | Self::LimitOnOpen { limit_price }
            | Self::LimitOnClose { limit_price }
            | Self::PeggedToBest { limit_price } => Some(*limit_price),
            Self::MidPrice { limit_price }
            | Self::PeggedToPrimary { limit_price, .. }
            | Self::PeggedToMidpoint { limit_price, .. } => *limit_price,
            Self::Market
            | Self::Stop { .. }
            | Self::Trail { .. }
            | Self::TrailLimit { .. }
            | Self::MarketIfTouched { .. }
            | Self::MarketOnOpen
            | Self::MarketOnClose
            | Self::MarketToLimit
            | Self::MarketWithProtection
            | Self::StopWithProtection { .. }
            | Self::PeggedToMarket { .. }
            | Self::PeggedToStock { .. }
            | Self::PeggedToBenchmark(_) => None,
        }
    }

    /// The price that triggers it, where the kind has a fixed one.
    #[must_use]
    pub const fn trigger_price(&self) -> Option<Decimal> {
        match self {
            Self::Stop { stop_price }
            | Self::StopLimit { stop_price, .. }
            | Self::StopWithProtection { stop_price } => Some(*stop_price),
            Self::MarketIfTouched { trigger_price } | Self::LimitIfTouched { trigger_price, .. } => {
                Some(*trigger_price)
            }
            Self::Market
            | Self::Limit { .. }
            | Self::Trail { .. }
            | Self::TrailLimit { .. }
            | Self::MarketOnOpen
            | Self::LimitOnOpen { .. }
            | Self::MarketOnClose
            | Self::LimitOnClose { .. }
            | Self::MarketToLimit
            | Self::MarketWithProtection
            | Self::MidPrice { .. }
            | Self::PeggedToMarket { .. }
            | Self::PeggedToPrimary { .. }
            | Self::PeggedToMidpoint { .. }
            | Self::PeggedToBest { .. }
            | Self::PeggedToStock { .. }
            | Self::PeggedToBenchmark(_) => None,
        }
    }

    /// The word of the wire.
    #[must_use]
    pub const fn order_type(&self) -> OrderType {
        match self {
            Self::Market | Self::MarketOnOpen => OrderType::Market,
            Self::Limit { .. } | Self::LimitOnOpen { .. } => OrderType::Limit,
            Self::Stop { .. } => OrderType::Stop,
            Self::StopLimit { .. } => OrderType::StopLimit,
            Self::Trail { .. } => OrderType::Trail,
            Self::TrailLimit { .. } => OrderType::TrailLimit,
            Self::MarketIfTouched { .. } => OrderType::MarketIfTouched,
            Self::LimitIfTouched { .. } => OrderType::LimitIfTouched,
            Self::MarketOnClose => OrderType::MarketOnClose,
            Self::LimitOnClose { .. } => OrderType::LimitOnClose,
            Self::MarketToLimit => OrderType::MarketToLimit,
            Self::MarketWithProtection => OrderType::MarketWithProtection,
            Self::StopWithProtection { .. } => OrderType::StopWithProtection,
            Self::MidPrice { .. } => OrderType::MidPrice,
            Self::PeggedToMarket { .. } => OrderType::PeggedToMarket,
            Self::PeggedToPrimary { .. } => OrderType::Relative,
            Self::PeggedToMidpoint { .. } => OrderType::PeggedToMidpoint,
            Self::PeggedToBest { .. } => OrderType::PeggedToBest,
            Self::PeggedToStock { .. } => OrderType::PeggedToStock,
            Self::PeggedToBenchmark(_) => OrderType::PeggedToBenchmark,
        }
    }

    /// Whether it trades in the opening auction, which the wire spells as a time in force.
    #[must_use]
    pub const fn is_on_open(&self) -> bool {
        matches!(self, Self::MarketOnOpen | Self::LimitOnOpen { .. })
    }

    /// Whether it trades in an auction only, and so on one day only.
    #[must_use]
    pub const fn is_auction(&self) -> bool {
        self.is_on_open() || matches!(self, Self::MarketOnClose | Self::LimitOnClose { .. })
    }

    /// Writes the type and its numbers into an order of the wire.
    pub(crate) fn write(&self, order: &mut Order) {
        order.order_type = self.order_type();
        order.limit_price = self.limit_price();
        order.aux_price = self.trigger_price();
        match self {
            Self::MarketOnOpen | Self::LimitOnOpen { .. } => order.time_in_force = Some(TimeInForce::AtOpening),
            Self::Trail { distance, stop_price } => write_distance(*distance, *stop_price, order),
            Self::TrailLimit { distance, stop_price, limit_offset } => {
                write_distance(*distance, Some(*stop_price), order);
                order.limit_price_offset = Some(*limit_offset);
            }
            Self::PeggedToMarket { offset }
            | Self::PeggedToPrimary { offset, .. }
            | Self::PeggedToMidpoint { offset, .. } => order.aux_price = Some(*offset),
            Self::PeggedToStock { delta, starting_price, reference_price } => {
                order.delta = Some(*delta);
                order.starting_price = Some(*starting_price);
                order.stock_reference_price = *reference_price;
            }
            Self::PeggedToBenchmark(peg) => {
                order.starting_price = Some(peg.starting_price);
                order.reference_contract_id = Some(peg.reference);
                order.reference_exchange.clone_from(&peg.reference_exchange);
                order.reference_change_amount = Some(peg.reference_change);
                order.pegged_change_amount = Some(peg.price_change);
                order.pegged_change_decrease = peg.follows == Follows::Against;
            }
            Self::Market
            | Self::Limit { .. }
            | Self::Stop { .. }
            | Self::StopLimit { .. }
            | Self::MarketIfTouched { .. }
            | Self::LimitIfTouched { .. }
            | Self::MarketOnClose
            | Self::LimitOnClose { .. }
            | Self::MarketToLimit
            | Self::MarketWithProtection
            | Self::StopWithProtection { .. }
            | Self::MidPrice { .. }
            | Self::PeggedToBest { .. } => {}
        }
    }

    /// The same kind with the numbers that the broker shows, or what was `asked` of it, where that is what it shows. Zero
    /// stands for no trigger, distance and offset; where a stop begins is of no meaning once it trails.
    pub(crate) fn as_shown(&self, shown: &Order, asked: Option<&Self>) -> Self {
        let mut kind = asked.filter(|asked| self.is_shown_changed(asked, shown)).unwrap_or(self).clone();
        match &mut kind {
            Self::Limit { limit_price }
            | Self::LimitOnOpen { limit_price }
            | Self::LimitOnClose { limit_price }
            | Self::PeggedToBest { limit_price } => adopt(limit_price, shown.limit_price),
            Self::Stop { stop_price: trigger }
            | Self::StopWithProtection { stop_price: trigger }
            | Self::MarketIfTouched { trigger_price: trigger } => adopt(trigger, known(shown.aux_price)),
            Self::StopLimit { stop_price: trigger, limit_price }
            | Self::LimitIfTouched { trigger_price: trigger, limit_price } => {
                adopt(trigger, known(shown.aux_price));
                adopt(limit_price, shown.limit_price);
            }
            Self::Trail { distance, .. } => adopt_distance(distance, shown),
            Self::TrailLimit { distance, limit_offset, .. } => {
                adopt_distance(distance, shown);
                adopt(limit_offset, shown.limit_price_offset);
            }
            Self::PeggedToMarket { offset } => adopt(offset, known(shown.aux_price)),
            Self::PeggedToPrimary { offset, limit_price } | Self::PeggedToMidpoint { offset, limit_price } => {
                adopt(offset, known(shown.aux_price));
                *limit_price = limit_price.map(|limit| known(shown.limit_price).unwrap_or(limit));
            }
            Self::MidPrice { limit_price } => {
                *limit_price = limit_price.map(|limit| known(shown.limit_price).unwrap_or(limit));
            }
            Self::PeggedToStock { delta, .. } => adopt(delta, shown.delta),
            Self::Market
            | Self::MarketOnOpen
            | Self::MarketOnClose
            | Self::MarketToLimit
            | Self::MarketWithProtection
            | Self::PeggedToBenchmark(_) => {}
        }
        kind
    }

    /// Whether the broker shows all in which the kind that was asked for differs from this one: numbers where they begin,
    /// and limits that were none, are told by nothing else. A number that was taken away must not be shown any more.
    fn is_shown_changed(&self, asked: &Self, shown: &Order) -> bool {
        let written = |kind: &Self| {
            let mut order = Order::default();
            kind.write(&mut order);
            order
        };
        let (old, new) = (written(self), written(asked));
        let numbers: [fn(&Order) -> Option<Decimal>; 10] = [
            |order| order.limit_price,
            |order| order.aux_price,
            |order| order.trailing_percent,
            |order| order.trail_stop_price,
            |order| order.limit_price_offset,
            |order| order.delta,
            |order| order.starting_price,
            |order| order.stock_reference_price,
            |order| order.reference_change_amount,
            |order| order.pegged_change_amount,
        ];
        numbers.iter().map(|number| [&old, &new, shown].map(|order| known(number(order)))).all(|[old, new, shown]| {
            let is_gone = new.is_none() && shown != old;
            new == old || new == shown || is_gone
        }) && is_as(&old, &new, shown, |order| order.reference_contract_id)
            && is_as(&old, &new, shown, |order| order.pegged_change_decrease)
            && is_as(&old, &new, shown, |order| order.reference_exchange.clone())
    }

    /// Every price of the kind.
    pub(crate) fn prices(&self) -> impl Iterator<Item = Decimal> {
        [self.limit_price(), self.trigger_price(), self.beginning()].into_iter().flatten()
    }

    /// Where its price begins, before it follows the market.
    pub(crate) fn beginning(&self) -> Option<Decimal> {
        match self {
            Self::Trail { stop_price, .. } => *stop_price,
            Self::TrailLimit { stop_price, .. } => Some(*stop_price),
            Self::PeggedToStock { starting_price, .. } => Some(*starting_price),
            Self::PeggedToBenchmark(peg) => Some(peg.starting_price),
            _ => None,
        }
    }

    /// The same with its stop where it has trailed to, where it trails.
    pub(crate) fn trailed_to(&self, stop: Decimal) -> Self {
        let mut kind = self.clone();
        match &mut kind {
            Self::Trail { stop_price, .. } => *stop_price = Some(stop),
            Self::TrailLimit { stop_price, .. } => *stop_price = stop,
            _ => {}
        }
        kind
    }

    /// The distance at which it follows the market, where it does.
    pub(crate) const fn distance(&self) -> Option<Distance> {
        match self {
            Self::Trail { distance, .. } | Self::TrailLimit { distance, .. } => Some(*distance),
            _ => None,
        }
    }

    /// The offset from what it is pegged to, where there is one.
    pub(crate) const fn offset(&self) -> Option<Decimal> {
        match self {
            Self::PeggedToMarket { offset }
            | Self::PeggedToPrimary { offset, .. }
            | Self::PeggedToMidpoint { offset, .. } => Some(*offset),
            _ => None,
        }
    }
}

impl Distance {
    /// The number, of whatever it counts.
    #[must_use]
    pub const fn number(self) -> Decimal {
        match self {
            Self::Amount(number) | Self::Percent(number) => number,
        }
    }
}

fn write_distance(distance: Distance, stop_price: Option<Decimal>, order: &mut Order) {
    match distance {
        Distance::Amount(amount) => order.aux_price = Some(amount),
        Distance::Percent(percent) => order.trailing_percent = Some(percent),
    }
    order.trail_stop_price = stop_price;
}

fn adopt_distance(distance: &mut Distance, shown: &Order) {
    match distance {
        Distance::Amount(amount) => adopt(amount, known(shown.aux_price)),
        Distance::Percent(percent) => adopt(percent, known(shown.trailing_percent)),
    }
}

/// Whether what has changed of an order is as it is shown.
fn is_as<T: PartialEq>(old: &Order, new: &Order, shown: &Order, part: impl Fn(&Order) -> T) -> bool {
    part(new) == part(old) || part(new) == part(shown)
}

fn known(price: Option<Decimal>) -> Option<Decimal> {
    price.filter(|price| !price.is_zero())
}

fn adopt(price: &mut Decimal, shown: Option<Decimal>) {
    *price = shown.unwrap_or(*price);
}
