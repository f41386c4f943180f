//! [`OrderRules`]: the switches of how orders are taken, held and filled.

use rust_decimal::Decimal;

/// The switches of how orders are taken, held and filled. The default is the plain broker: everything that is legal is
/// taken, nothing fills for more than is shown, cancels take effect at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderRules {
    /// How much an order gets at the price shown.
    pub sizes: SizeRule,
    /// How long a cancel is on its way, milliseconds; until then the order is `PendingCancel` and may still fill.
    /// `None` takes the latency of the simulator.
    pub cancel_ms: Option<i64>,
    /// What happens to a sale of stock that is not there.
    pub short_sales: ShortSales,
    /// Whether the account is a paper account with all its quirks.
    pub account: AccountKind,
    /// How many orders may be active for one contract, side and account; `None` for any number. IB allows 20.
    pub active_orders_max: Option<usize>,
    /// Whether an order is refused that the account cannot pay for.
    pub margin: MarginCheck,
    /// How far a limit may be beyond the market, percent; farther is refused with 109. `None` for any distance.
    pub price_precaution_percent: Option<Decimal>,
}

/// How much an order gets at the price shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SizeRule {
    /// No more than is shown, and what was taken is gone until the quote changes.
    #[default]
    AsShown,
    /// Everything, at the price shown.
    Unlimited,
}

/// What happens to a sale of stock that the account does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShortSales {
    /// It trades as any other.
    #[default]
    Free,
    /// It is held with code 404 and `locate` until shares are found after so many milliseconds.
    Located {
        /// How long that takes.
        after_ms: i64,
    },
    /// It is held with code 404 and `locate` for as long as it lives.
    Unavailable,
}

/// What kind of account the simulator plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountKind {
    /// Whatever can be simulated is simulated.
    #[default]
    Plain,
    /// As IB's paper accounts: the rest of a partly filled market order that was routed directly is rejected; auctions,
    /// pegged to market, VWAP and requests for quotes are rejected.
    Paper,
}

/// Whether an order is refused that the account cannot pay for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarginCheck {
    /// Never.
    #[default]
    Off,
    /// With code 201 where the margin after it would be above the equity.
    On,
}
