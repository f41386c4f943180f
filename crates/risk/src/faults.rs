//! [`LimitsError`]: what is wrong with limits, limit by limit.

use std::fmt;

use rust_decimal::Decimal;

/// Why limits are no limits: everything that is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsError {
    /// Every fault; never empty.
    pub faults: Vec<LimitFault>,
}

impl std::error::Error for LimitsError {}

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing can be traded with these limits")?;
        for (number, fault) in self.faults.iter().enumerate() {
            f.write_str(if number == 0 { ": " } else { "; " })?;
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// One thing that is wrong with limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitFault {
    /// It is not set, or allows nothing.
    #[error("set {0}: without it nothing is allowed")]
    Missing(Limit),
    /// It is zero or negative.
    #[error("{limit} is {value}; it must be positive")]
    NotPositive {
        /// Which one.
        limit: Limit,
        /// What was set.
        value: Decimal,
    },
    /// It is not between its least, 1 for most, and its maximum.
    #[error("{limit} is {value}; it must be from 1 to {max}")]
    OutOfRange {
        /// Which one.
        limit: Limit,
        /// What was set.
        value: u64,
        /// The most that can be set.
        max: u64,
    },
    /// An account that is not a paper account, in paper mode.
    #[error("account {0} is not a paper account (DU..., DF...) and the mode is paper; name paper accounts")]
    LiveAccountInPaperMode(String),
    /// An account that is not among the live ones, in live mode.
    #[error("account {0} is not in `live_accounts` and the mode is live; name it there too")]
    AccountNotNamedLive(String),
}

/// Names a limit, as it is spelled in [`Limits`](crate::Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// `accounts`
    Accounts,
    /// `symbols`
    Symbols,
    /// `security_types`
    SecurityTypes,
    /// `exchanges`
    Exchanges,
    /// `expiry_days_min`
    ExpiryDays,
    /// `order_quantity_max`
    OrderQuantity,
    /// `order_value_max`
    OrderValue,
    /// `position_max`
    Position,
    /// `gross_exposure_max`
    GrossExposure,
    /// `net_exposure_max`
    NetExposure,
    /// `open_orders_max`
    OpenOrders,
    /// `collar_percent`, `collar_percent_by_type`, `own_collar_percent`
    Collar,
    /// `quote_age_max_ms`
    QuoteAge,
    /// `own_price_age_max_s`
    OwnPriceAge,
    /// `duplicate_window_ms`
    DuplicateWindow,
    /// `orders_per_second_strategy`
    StrategyRate,
    /// `orders_per_second`
    TotalRate,
    /// `order_value_percent_max`
    OrderValuePercent,
    /// `equity_age_max_s`
    EquityAge,
    /// `entries_per_minute_strategy`
    EntriesPerMinute,
    /// `entries_per_day_strategy`
    EntriesPerDay,
    /// `daily_loss_max`
    DailyLoss,
    /// `drawdown_max`
    Drawdown,
    /// `day_begins_utc_minute`
    DayBegins,
    /// `link_away_alarm_s`
    LinkAwayAlarm,
    /// `cancel_on_return_after_s`
    CancelOnReturn,
    /// `alarm_repeat_s`
    AlarmRepeat,
    /// `waiver_s`
    WaiverSeconds,
    /// `rejects_max`
    Rejects,
    /// `rejects_window_s`
    RejectsWindow,
}

impl Limit {
    /// Whether there is no live trading without it.
    pub(crate) const fn is_required_live(self) -> bool {
        matches!(self, Self::DailyLoss | Self::GrossExposure | Self::NetExposure)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accounts => "`accounts`",
            Self::Symbols => "`symbols`",
            Self::SecurityTypes => "`security_types`",
            Self::Exchanges => "`exchanges`",
            Self::ExpiryDays => "`expiry_days_min`",
            Self::OrderQuantity => "`order_quantity_max`",
            Self::OrderValue => "`order_value_max`",
            Self::Position => "`position_max`",
            Self::GrossExposure => "`gross_exposure_max`",
            Self::NetExposure => "`net_exposure_max`",
            Self::OpenOrders => "`open_orders_max`",
            Self::Collar => "`collar_percent`",
            Self::QuoteAge => "`quote_age_max_ms`",
            Self::OwnPriceAge => "`own_price_age_max_s`",
            Self::DuplicateWindow => "`duplicate_window_ms`",
            Self::StrategyRate => "`orders_per_second_strategy`",
            Self::TotalRate => "`orders_per_second`",
            Self::OrderValuePercent => "`order_value_percent_max`",
            Self::EquityAge => "`equity_age_max_s`",
            Self::EntriesPerMinute => "`entries_per_minute_strategy`",
            Self::EntriesPerDay => "`entries_per_day_strategy`",
            Self::DailyLoss => "`daily_loss_max`",
            Self::Drawdown => "`drawdown_max`",
            Self::DayBegins => "`day_begins_utc_minute`",
            Self::LinkAwayAlarm => "`link_away_alarm_s`",
            Self::CancelOnReturn => "`cancel_on_return_after_s`",
            Self::AlarmRepeat => "`alarm_repeat_s`",
            Self::WaiverSeconds => "`waiver_s`",
            Self::Rejects => "`rejects_max`",
            Self::RejectsWindow => "`rejects_window_s`",
        })
    }
}
