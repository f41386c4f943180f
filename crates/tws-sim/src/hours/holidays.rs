//! The days on which exchanges of the United States are closed, by the rules they follow since 2022.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// Holidays of the New York Stock Exchange: one on Saturday is kept on Friday (New Year is not kept then), one on Sunday
/// on Monday.
pub(super) fn is_us_holiday(day: Date) -> bool {
    let fixed = [(6, 19), (7, 4), (12, 25)].into_iter().any(|(month, date)| is_observed(day, month, date));
    fixed
        || is_new_year(day)
        || is_nth(day, 1, 3, Weekday::Monday) // Martin Luther King
        || is_nth(day, 2, 3, Weekday::Monday) // Presidents
        || is_good_friday(day)
        || (day.month() == 5 && day.weekday() == Weekday::Monday && day.day() > 24) // Memorial
        || is_nth(day, 9, 1, Weekday::Monday) // Labor
        || is_thanksgiving(day)
}

/// The holidays on which the electronic futures market is closed all day.
pub(super) fn is_futures_holiday(day: Date) -> bool {
    is_new_year_or_christmas(day) || is_good_friday(day)
}

pub(super) fn is_new_year_or_christmas(day: Date) -> bool {
    is_new_year(day) || is_observed(day, 12, 25)
}

/// Trading in stocks ends at 13:00 on the eve of Independence Day and of Christmas and on the day after Thanksgiving.
pub(super) fn closes_early(day: Date) -> bool {
    let weekday = !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let eve = matches!((day.month(), day.day()), (7, 3) | (12, 24));
    let after_thanksgiving = day.yesterday().is_ok_and(is_thanksgiving);
    weekday && !is_us_holiday(day) && (eve || after_thanksgiving)
}

fn is_new_year(day: Date) -> bool {
    let weekday = day.weekday();
    match (day.month(), day.day()) {
        (1, 1) => !matches!(weekday, Weekday::Saturday | Weekday::Sunday),
        (1, 2) => weekday == Weekday::Monday,
        _ => false,
    }
}

fn is_thanksgiving(day: Date) -> bool {
    is_nth(day, 11, 4, Weekday::Thursday)
}

fn is_observed(day: Date, month: i8, date: i8) -> bool {
    let kept = |shift: i64| day.checked_add(shift.days()).is_ok_and(|kept| (kept.month(), kept.day()) == (month, date));
    match day.weekday() {
        Weekday::Friday => kept(0) || kept(1),
        Weekday::Monday => kept(0) || kept(-1),
        Weekday::Saturday | Weekday::Sunday => false,
        _ => kept(0),
    }
}

fn is_nth(day: Date, month: i8, nth: i8, weekday: Weekday) -> bool {
    day.month() == month && day.weekday() == weekday && (day.day() - 1) / 7 + 1 == nth
}

fn is_good_friday(day: Date) -> bool {
    easter(day.year()).and_then(|easter| easter.checked_sub(2.days()).ok()) == Some(day)
}

/// Easter Sunday of the Gregorian calendar.
fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let golden = year % 19;
    let (century, rest) = (year / 100, year % 100);
    let epact = (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let correction = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * correction + 114;
    let (month, day) = (i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?);
    Date::new(i16::try_from(year).ok()?, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(year: i16, of: impl Fn(Date) -> bool, expected: &str) {
        let first = Date::new(year, 1, 1).unwrap();
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(|day| day.year() == year);
        let found: Vec<String> = days.filter(|day| of(*day)).map(|day| day.strftime("%m-%d").to_string()).collect();
        assert_eq!(found.join(" "), expected, "{year}");
    }

    #[test]
    fn holidays_are_those_that_the_exchange_published() {
        check(2022, is_us_holiday, "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26");
        check(2023, is_us_holiday, "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25");
        check(2024, is_us_holiday, "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25");
        check(2025, is_us_holiday, "01-01 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25");
        check(2026, is_us_holiday, "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25");
        check(2026, is_futures_holiday, "01-01 04-03 12-25");
        check(2026, is_new_year_or_christmas, "01-01 12-25");
    }

    #[test]
    fn early_closes_are_those_that_the_exchange_published() {
        check(2023, closes_early, "07-03 11-24");
        check(2024, closes_early, "07-03 11-29 12-24");
        check(2025, closes_early, "07-03 11-28 12-24");
        check(2026, closes_early, "11-27 12-24");
    }
}
