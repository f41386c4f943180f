//! [`OrderKind`]: how an order decides at which price it trades, with the prices that kind needs and no others.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::Order;
use tws_proto::kinds::OrderType;

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
    /// At the market in the closing auction. Wire word `MOC`.
    MarketOnClose,
    /// At the limit price or better in the closing auction. Wire word `LOC`.
    LimitOnClose {
        /// The worst price.
        limit_price: Decimal,
    },
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
            | Self::LimitOnClose { limit_price } => Some(*limit_price),
            Self::Market
            | Self::Stop { .. }
            | Self::Trail { .. }
            | Self::MarketIfTouched { .. }
            | Self::MarketOnClose => None,
        }
    }

    /// The price that triggers it, where the kind has one.
    #[must_use]
    pub const fn trigger_price(&self) -> Option<Decimal> {
        match self {
            Self::Stop { stop_price } | Self::StopLimit { stop_price, .. } => Some(*stop_price),
            Self::MarketIfTouched { trigger_price } | Self::LimitIfTouched { trigger_price, .. } => {
                Some(*trigger_price)
            }
            Self::Market
            | Self::Limit { .. }
            | Self::Trail { .. }
            | Self::MarketOnClose
            | Self::LimitOnClose { .. } => None,
        }
    }

    /// Writes the type and the prices into an order of the wire.
    pub(crate) fn write(&self, order: &mut Order) {
        let (order_type, aux_price) = match self {
            Self::Market => (OrderType::Market, None),
            Self::Limit { .. } => (OrderType::Limit, None),
            Self::Stop { stop_price } => (OrderType::Stop, Some(*stop_price)),
            Self::StopLimit { stop_price, .. } => (OrderType::StopLimit, Some(*stop_price)),
            Self::Trail { distance: Distance::Amount(amount) } => (OrderType::Trail, Some(*amount)),
            Self::Trail { distance: Distance::Percent(percent) } => {
                order.trailing_percent = Some(*percent);
                (OrderType::Trail, None)
            }
            Self::MarketIfTouched { trigger_price } => (OrderType::MarketIfTouched, Some(*trigger_price)),
            Self::LimitIfTouched { trigger_price, .. } => (OrderType::LimitIfTouched, Some(*trigger_price)),
            Self::MarketOnClose => (OrderType::MarketOnClose, None),
            Self::LimitOnClose { .. } => (OrderType::LimitOnClose, None),
        };
        order.order_type = order_type;
        order.aux_price = aux_price;
        order.limit_price = self.limit_price();
    }

    /// The same kind with the prices that the broker shows. Zero stands for no trigger and no distance.
    pub(crate) fn as_shown(&self, shown: &Order) -> Self {
        let mut kind = self.clone();
        match &mut kind {
            Self::Market | Self::MarketOnClose => {}
            Self::Limit { limit_price } | Self::LimitOnClose { limit_price } => adopt(limit_price, shown.limit_price),
            Self::Stop { stop_price: trigger } | Self::MarketIfTouched { trigger_price: trigger } => {
                adopt(trigger, known(shown.aux_price));
            }
            Self::StopLimit { stop_price: trigger, limit_price }
            | Self::LimitIfTouched { trigger_price: trigger, limit_price } => {
                adopt(trigger, known(shown.aux_price));
                adopt(limit_price, shown.limit_price);
            }
            Self::Trail { distance: Distance::Amount(amount) } => adopt(amount, known(shown.aux_price)),
            Self::Trail { distance: Distance::Percent(percent) } => adopt(percent, known(shown.trailing_percent)),
        }
        kind
    }

    /// Every price and distance of the kind.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Decimal> {
        let distance = match self {
            Self::Trail { distance: Distance::Amount(amount) | Distance::Percent(amount) } => Some(*amount),
            _ => None,
        };
        [self.limit_price(), self.trigger_price(), distance].into_iter().flatten()
    }
}

fn known(price: Option<Decimal>) -> Option<Decimal> {
    price.filter(|price| !price.is_zero())
}

fn adopt(price: &mut Decimal, shown: Option<Decimal>) {
    *price = shown.unwrap_or(*price);
}
