//! [`Expiry`]: until when a contract trades, as its own words tell (C8).

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use order::Timestamp;
use tws_proto::Contract;
use tws_proto::kinds::SecurityType;
use tws_proto::time::BrokerTime;

/// The last day on which a contract trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// There is none: it is of a kind that does not expire.
    Never,
    /// It is not told, or cannot be read.
    Untold,
    /// It lies within these days, the same day twice where it is told to the day.
    Within { first: Date, last: Date },
}

impl Expiry {
    /// When a contract expires. IB tells days, and of some futures no more than the month.
    pub(crate) fn of(contract: &Contract) -> Self {
        let expires = matches!(
            contract.security_type,
            Some(
                SecurityType::Future
                    | SecurityType::Option
                    | SecurityType::FutureOption
                    | SecurityType::Warrant
                    | SecurityType::StructuredProduct
            )
        );
        if !expires {
            return Self::Never;
        }
        let on = |day| Self::Within { first: day, last: day };
        match contract.last_trade_date_or_month.read() {
            Ok(BrokerTime::Day(day)) => on(day),
            Ok(BrokerTime::At(time, _)) => on(time.date()),
            Ok(BrokerTime::Epoch(at)) => on(TimeZone::UTC.to_datetime(at).date()),
            Ok(BrokerTime::Month { year, month }) => Date::new(year, month, 1)
                .map_or(Self::Untold, |first| Self::Within { first, last: first.last_of_month() }),
            Ok(_) | Err(_) => Self::Untold,
        }
    }

    /// Whether the last day is over. It is a day of the exchange's calendar, held against that of UTC: the exchange itself
    /// refuses what is some hours late.
    pub(crate) fn is_over(self, now: Timestamp) -> bool {
        match (self, today(now)) {
            (Self::Within { last, .. }, Some(today)) => last < today,
            (Self::Within { .. }, None) | (Self::Never | Self::Untold, _) => false,
        }
    }

    /// Whether that many days are left for certain.
    pub(crate) fn is_ahead_by(self, days: u32, now: Timestamp) -> bool {
        match self {
            Self::Never => true,
            Self::Untold => false,
            Self::Within { first, .. } => {
                let least = today(now).and_then(|today| today.checked_add(i64::from(days).days()).ok());
                least.is_some_and(|least| least <= first)
            }
        }
    }
}

/// The day in UTC; `None` for a time beyond every calendar.
fn today(now: Timestamp) -> Option<Date> {
    jiff::Timestamp::from_microsecond(now.0).ok().map(|at| TimeZone::UTC.to_datetime(at).date())
}
