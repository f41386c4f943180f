//! [`Kind`]: what an order type means, in three questions: what it waits for, how it is priced, in which session it trades.

use tws_proto::Order;
use tws_proto::kinds::{OrderType, TimeInForce};

/// What an order type means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) trigger: Trigger,
    pub(crate) pricing: Pricing,
    pub(crate) session: Session,
}

/// Which price an order waits for before it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    None,
    /// The market moves against it up to the stop.
    Stop,
    /// The same; the stop follows the market while that moves the other way.
    Trail,
    /// The market moves its way up to the trigger.
    Touch,
}

/// Which price a working order takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pricing {
    /// Any.
    Market,
    /// Its limit or better.
    Limit,
    /// A limit that keeps its distance from the trailing stop.
    TrailingLimit,
    /// Any at first; the rest at the price of the first fill or better.
    MarketToLimit,
    /// Any that is not too far from the one at which it began to work.
    Protected,
    /// A limit that follows the quote.
    Pegged(Peg),
    /// A limit that is taken from the quote once.
    Snap(Peg),
}

/// Which price of the quote a pegged order follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peg {
    /// Its own side, more aggressive by the offset.
    Relative,
    /// Its own side, less aggressive by the offset.
    Passive,
    /// The midpoint, less aggressive by the offset.
    MidPoint,
    /// The other side, less aggressive by the offset.
    Market,
}

/// In which session an order trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    Any,
    /// In the opening auction.
    Open,
    /// In the closing auction.
    Close,
}

impl Kind {
    /// How an order trades; `None` for types that the simulator cannot execute honestly.
    pub(crate) fn of(order: &Order) -> Option<Self> {
        use Pricing::{Limit, Market, MarketToLimit, Pegged, Protected, Snap, TrailingLimit};
        let (trigger, pricing) = match &order.order_type {
            OrderType::Market | OrderType::MarketOnClose => (Trigger::None, Market),
            OrderType::Limit | OrderType::LimitOnClose => (Trigger::None, Limit),
            OrderType::Stop => (Trigger::Stop, Market),
            OrderType::StopLimit => (Trigger::Stop, Limit),
            OrderType::Trail => (Trigger::Trail, Market),
            OrderType::TrailLimit => (Trigger::Trail, TrailingLimit),
            OrderType::MarketIfTouched => (Trigger::Touch, Market),
            OrderType::LimitIfTouched => (Trigger::Touch, Limit),
            OrderType::MarketToLimit | OrderType::BoxTop => (Trigger::None, MarketToLimit),
            OrderType::MarketWithProtection => (Trigger::None, Protected),
            OrderType::StopWithProtection => (Trigger::Stop, Protected),
            OrderType::Relative => (Trigger::None, Pegged(Peg::Relative)),
            OrderType::PassiveRelative => (Trigger::None, Pegged(Peg::Passive)),
            OrderType::PeggedToMidpoint | OrderType::MidPrice => (Trigger::None, Pegged(Peg::MidPoint)),
            OrderType::PeggedToMarket => (Trigger::None, Pegged(Peg::Market)),
            OrderType::SnapToMarket => (Trigger::None, Snap(Peg::Market)),
            OrderType::SnapToMidpoint => (Trigger::None, Snap(Peg::MidPoint)),
            OrderType::SnapToPrimary => (Trigger::None, Snap(Peg::Passive)),
            OrderType::RelativePlusLimit
            | OrderType::RelativePlusMarket
            | OrderType::PeggedToBest
            | OrderType::PeggedToBenchmark
            | OrderType::PeggedToStock
            | OrderType::Volatility
            | OrderType::Quote => return None,
            OrderType::Other(word) => match word.as_str() {
                "PEGMID" => (Trigger::None, Pegged(Peg::MidPoint)),
                "PEGMKT" => (Trigger::None, Pegged(Peg::Market)),
                _ => return None,
            },
        };
        let session = match (&order.order_type, &order.time_in_force) {
            (OrderType::MarketOnClose | OrderType::LimitOnClose, _) => Session::Close,
            (_, Some(TimeInForce::AtOpening)) => Session::Open,
            _ => Session::Any,
        };
        Some(Self { trigger, pricing, session })
    }

    /// Whether its owner must give a limit.
    pub(crate) fn needs_limit(self) -> bool {
        self.pricing == Pricing::Limit
    }

    /// Whether its owner must give a stop or trigger price.
    pub(crate) fn needs_stop(self) -> bool {
        matches!(self.trigger, Trigger::Stop | Trigger::Touch)
    }
}
