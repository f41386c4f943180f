//! [`Pricing`]: what decides at which price an order trades.

use order::{Extension, Intent, OrderKind, Side};
use rust_decimal::Decimal;

use crate::refusal::Refusal;

/// What decides at which price an order trades.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pricing {
    /// The market.
    Market,
    /// The market, at a distance behind its best.
    Trailing,
    /// A limit.
    Limit(Decimal),
    /// The market, once a price is touched.
    Triggered(Decimal),
    /// A limit, once a price is touched.
    TriggeredLimit { trigger: Decimal, limit_price: Decimal },
}

impl Pricing {
    /// What decides at which price this order trades: beyond its limit by its discretion, where it has one.
    pub(crate) fn of(intent: &Intent) -> Result<Self, Refusal> {
        let (pricing, discretion) = (Self::of_kind(&intent.kind)?, discretion_of(intent));
        if discretion.is_zero() {
            return Ok(pricing);
        }
        let beyond =
            |limit_price: Decimal| limit_price.checked_add(intent.side.signed(discretion)).ok_or(Refusal::OutOfRange);
        Ok(match pricing {
            Self::Limit(limit_price) => Self::Limit(beyond(limit_price)?),
            Self::TriggeredLimit { trigger, limit_price } => {
                Self::TriggeredLimit { trigger, limit_price: beyond(limit_price)? }
            }
            Self::Market | Self::Trailing | Self::Triggered(_) => pricing,
        })
    }

    fn of_kind(kind: &OrderKind) -> Result<Self, Refusal> {
        Ok(match kind {
            OrderKind::Market
            | OrderKind::MarketOnOpen
            | OrderKind::MarketOnClose
            | OrderKind::MarketToLimit
            | OrderKind::MarketWithProtection
            | OrderKind::MidPrice { limit_price: None }
            | OrderKind::PeggedToMarket { .. }
            | OrderKind::PeggedToPrimary { limit_price: None, .. }
            | OrderKind::PeggedToMidpoint { limit_price: None, .. } => Self::Market,
            OrderKind::Limit { limit_price }
            | OrderKind::LimitOnOpen { limit_price }
            | OrderKind::LimitOnClose { limit_price }
            | OrderKind::PeggedToBest { limit_price }
            | OrderKind::MidPrice { limit_price: Some(limit_price) }
            | OrderKind::PeggedToPrimary { limit_price: Some(limit_price), .. }
            | OrderKind::PeggedToMidpoint { limit_price: Some(limit_price), .. } => Self::Limit(*limit_price),
            OrderKind::Stop { stop_price: trigger }
            | OrderKind::StopWithProtection { stop_price: trigger }
            | OrderKind::MarketIfTouched { trigger_price: trigger } => Self::Triggered(*trigger),
            OrderKind::StopLimit { stop_price: trigger, limit_price }
            | OrderKind::LimitIfTouched { trigger_price: trigger, limit_price } => {
                Self::TriggeredLimit { trigger: *trigger, limit_price: *limit_price }
            }
            OrderKind::Trail { .. } | OrderKind::TrailLimit { .. } => Self::Trailing,
            // Their price follows from another instrument, of which nothing is known here.
            other => return Err(Refusal::KindNotValued { kind: Box::new(other.clone()) }),
        })
    }

    /// The price at which the order moves the most money, not signed; `None` where none is known. `taken` is what the
    /// market pays or asks, and `beside` what else is known of its price where that is old or missing.
    pub(crate) fn worst(self, side: Side, taken: Option<Decimal>, beside: Option<Decimal>) -> Option<Decimal> {
        let known = taken.max(beside);
        let prices = match (self, side) {
            (Self::Market | Self::Trailing, _) => [taken.and(known), None, None], // what was is no bound
            (Self::Limit(limit_price), Side::Buy) => [Some(limit_price), None, None], // it pays no more
            (Self::Limit(limit_price), Side::Sell) => [Some(limit_price), known, None], // it may get more
            (Self::Triggered(trigger), _) => [Some(trigger), known, None],
            (Self::TriggeredLimit { trigger, limit_price }, Side::Buy) => [Some(limit_price), Some(trigger), None],
            (Self::TriggeredLimit { trigger, limit_price }, Side::Sell) => [Some(limit_price), Some(trigger), known],
        };
        prices.into_iter().flatten().map(|price| price.abs()).max()
    }

    /// The order's own price, where it has one.
    pub(crate) const fn own(self) -> Option<Decimal> {
        match self {
            Self::Market | Self::Trailing => None,
            Self::Limit(price) | Self::Triggered(price) | Self::TriggeredLimit { limit_price: price, .. } => {
                Some(price)
            }
        }
    }
}

/// By how much an order may trade beyond its limit, as its extension says.
fn discretion_of(intent: &Intent) -> Decimal {
    let amount = intent.extension.as_ref().and_then(Extension::discretionary_amount);
    amount.unwrap_or_default().max(Decimal::ZERO)
}

/// Whether an order has no price of its own at all.
pub(crate) fn trades_at_the_market(kind: &OrderKind) -> bool {
    kind.limit_price().is_none() && kind.trigger_price().is_none()
}
