//! On which days futures and options expire, by the rules of their exchanges.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;

use crate::hours::Calendar;

/// When the last trade of a delivery month is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryRule {
    /// The third Friday of the month: indices.
    ThirdFriday,
    /// The last Friday of the month: crypto currencies.
    LastFriday,
    /// The second business day before the third Wednesday: currencies.
    BeforeThirdWednesday,
    /// The third last business day of the month: metals.
    ThirdLastBusinessDay,
    /// The seventh business day before the last one of the month: bonds.
    EighthLastBusinessDay,
    /// The third business day before the 25th of the month before: crude oil.
    BeforeTheTwentyFifth,
    /// The third last business day of the month before: natural gas.
    ThirdLastBusinessDayBefore,
    /// The Wednesday thirty days before the next month's third Friday: volatility.
    ThirtyDaysBeforeOptions,
}

impl ExpiryRule {
    /// The last trade date of a delivery month, given as any day of it.
    pub(super) fn date(self, month: Date, calendar: Calendar) -> Option<Date> {
        let first = month.first_of_month();
        match self {
            Self::ThirdFriday => third_friday(first, calendar),
            Self::LastFriday => business_day_from(first.nth_weekday_of_month(-1, Weekday::Friday).ok()?, calendar),
            Self::BeforeThirdWednesday => {
                business_days_before(first.nth_weekday_of_month(3, Weekday::Wednesday).ok()?, 2, calendar)
            }
            Self::ThirdLastBusinessDay => business_days_before(next_month(first)?, 3, calendar),
            Self::EighthLastBusinessDay => business_days_before(next_month(first)?, 8, calendar),
            Self::BeforeTheTwentyFifth => {
                let before = first.yesterday().ok()?.first_of_month().checked_add(24.days()).ok()?;
                let last_of = if calendar.is_closed(before) { business_day_from(before, calendar)? } else { before };
                business_days_before(last_of, 3, calendar)
            }
            Self::ThirdLastBusinessDayBefore => business_days_before(first, 3, calendar),
            Self::ThirtyDaysBeforeOptions => {
                let friday = next_month(first)?.nth_weekday_of_month(3, Weekday::Friday).ok()?;
                business_day_from(friday.checked_sub(30.days()).ok()?, calendar)
            }
        }
    }
}

/// The third Friday of a month, or the Thursday before where that is a holiday.
pub(super) fn third_friday(month: Date, calendar: Calendar) -> Option<Date> {
    business_day_from(month.nth_weekday_of_month(3, Weekday::Friday).ok()?, calendar)
}

/// The first of the month after the one of this day.
pub(super) fn next_month(day: Date) -> Option<Date> {
    day.last_of_month().tomorrow().ok()
}

/// This day, or the last one before it that is no holiday.
pub(super) fn business_day_from(day: Date, calendar: Calendar) -> Option<Date> {
    let mut day = day;
    while calendar.is_closed(day) {
        day = day.yesterday().ok()?;
    }
    Some(day)
}

/// The business day that is so many of them before a day.
fn business_days_before(day: Date, count: u32, calendar: Calendar) -> Option<Date> {
    let mut day = day;
    for _ in 0..count {
        day = business_day_from(day.yesterday().ok()?, calendar)?;
    }
    Some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: ExpiryRule, year: i16, month: i8, expected: &str) {
        let calendar = if rule == ExpiryRule::ThirdFriday { Calendar::Futures } else { Calendar::UsStocks };
        let found = rule.date(Date::new(year, month, 1).unwrap(), calendar).unwrap();
        assert_eq!(found.strftime("%Y%m%d").to_string(), expected);
    }

    #[test]
    fn months_expire_on_the_days_that_exchanges_published() {
        check(ExpiryRule::ThirdFriday, 2026, 12, "20261218");
        check(ExpiryRule::ThirdFriday, 2025, 4, "20250417"); // Good Friday
        check(ExpiryRule::LastFriday, 2025, 1, "20250131");
        check(ExpiryRule::BeforeThirdWednesday, 2024, 12, "20241216");
        check(ExpiryRule::ThirdLastBusinessDay, 2024, 12, "20241227");
        check(ExpiryRule::EighthLastBusinessDay, 2024, 12, "20241219");
        check(ExpiryRule::BeforeTheTwentyFifth, 2025, 1, "20241219");
        check(ExpiryRule::ThirdLastBusinessDayBefore, 2025, 1, "20241227");
        check(ExpiryRule::ThirtyDaysBeforeOptions, 2025, 1, "20250122");
    }
}
