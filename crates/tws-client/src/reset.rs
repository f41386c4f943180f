//! [`ResetWindow`]: hours in which IB resets its servers, so that a lost link is no reason to wake anybody.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A time of day, on some days of the week, in which IB's servers or TWS itself may restart.
///
/// Nothing but the alarm about a session that is not ready looks at it: the session reconnects at all hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetWindow {
    /// Name of the time zone, as the tz database spells it: `America/New_York`.
    pub zone: String,
    /// Days on which the window begins.
    pub days: Vec<Weekday>,
    /// When it begins, local time.
    pub from: Time,
    /// When it ends, local time; where that is not after the beginning, on the next day.
    pub to: Time,
}

/// Every day of the week.
pub const EVERY_DAY: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

const fn at(hour: i8, minute: i8) -> Time {
    Time::constant(hour, minute, 0, 0)
}

impl ResetWindow {
    fn daily(zone: &str, from: Time, to: Time) -> Self {
        Self { zone: zone.to_owned(), days: EVERY_DAY.to_vec(), from, to }
    }

    /// The resets of servers in America: 00:15 to 01:45 in New York.
    #[must_use]
    pub fn america() -> Self {
        Self::daily("America/New_York", at(0, 15), at(1, 45))
    }

    /// The hour in which TWS restarts itself by default, and in which older pages of IB place the reset: 23:45 to 00:45
    /// in New York.
    #[must_use]
    pub fn restart() -> Self {
        Self::daily("America/New_York", at(23, 45), at(0, 45))
    }

    /// The resets of servers in Europe: 06:25 to 07:45 in Zurich.
    #[must_use]
    pub fn europe() -> Self {
        Self::daily("Europe/Zurich", at(6, 25), at(7, 45))
    }

    /// The resets of servers in Asia: 04:45 to 06:05 and 20:15 to 21:15 in Hong Kong.
    #[must_use]
    pub fn asia() -> [Self; 2] {
        let zone = "Asia/Hong_Kong";
        [Self::daily(zone, at(4, 45), at(6, 5)), Self::daily(zone, at(20, 15), at(21, 15))]
    }

    /// The reset of the weekend: Friday 23:00 to Saturday 03:00 in New York.
    #[must_use]
    pub fn weekend() -> Self {
        Self { days: vec![Weekday::Friday], ..Self::daily("America/New_York", at(23, 0), at(3, 0)) }
    }

    /// Whether the time zone exists.
    pub(crate) fn is_valid(&self) -> bool {
        TimeZone::get(&self.zone).is_ok()
    }

    /// How long the window lasts from now on, inside of it.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        let zone = TimeZone::get(&self.zone).ok()?;
        let today = now.to_zoned(zone.clone()).date();
        // One that began yesterday may last until today.
        let days = [today.yesterday().ok(), Some(today)];
        let ends = days.into_iter().flatten().filter_map(|day| {
            let (from, to) = self.on(day, &zone)?;
            (from <= now && now < to).then(|| Duration::try_from(to.duration_since(now)).ok())?
        });
        ends.max()
    }

    /// The window that begins on a day, if one does.
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        if !self.days.contains(&day.weekday()) {
            return None;
        }
        let last = if self.to > self.from { day } else { day.tomorrow().ok()? };
        // A local time that a change of clocks skips or doubles is taken as the tz database suggests.
        let moment = |day: Date, time: Time| day.to_datetime(time).to_zoned(zone.clone()).ok();
        Some((moment(day, self.from).as_ref().map(Zoned::timestamp)?, moment(last, self.to)?.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(window: &ResetWindow, now: &str, left_minutes: Option<u64>) {
        let left = window.left(now.parse().unwrap());
        assert_eq!(left, left_minutes.map(|minutes| Duration::from_secs(60 * minutes)), "{now} in {window:?}");
    }

    #[test]
    fn windows_begin_and_end_by_local_time() {
        let america = ResetWindow::america();
        check(&america, "2026-11-25T05:14:59Z", None);
        check(&america, "2026-11-25T05:15:00Z", Some(90));
        check(&america, "2026-11-25T06:44:00Z", Some(1));
        check(&america, "2026-11-25T06:45:00Z", None);
        // The same hour in summer.
        check(&america, "2026-07-01T04:15:00Z", Some(90));
    }

    #[test]
    fn windows_may_pass_midnight_and_keep_to_their_days() {
        let restart = ResetWindow::restart();
        check(&restart, "2026-11-25T04:45:00Z", Some(60));
        check(&restart, "2026-11-25T05:15:00Z", Some(30));
        check(&restart, "2026-11-25T05:45:00Z", None);
        let weekend = ResetWindow::weekend();
        check(&weekend, "2026-11-28T04:00:00Z", Some(240));
        check(&weekend, "2026-11-28T07:59:00Z", Some(1));
        check(&weekend, "2026-11-27T04:00:00Z", None);
        check(&weekend, "2026-11-29T04:00:00Z", None);
    }

    #[test]
    fn a_window_is_as_long_as_its_clocks_say() {
        // On 1 November 2026 at 02:00 New York turns back to 01:00: of 01:45 the first is meant.
        check(&ResetWindow::america(), "2026-11-01T04:15:00Z", Some(90));
        // On 8 March 2026 there is no 02:30 there.
        let night = ResetWindow { to: at(2, 30), ..ResetWindow::america() };
        check(&night, "2026-03-08T05:15:00Z", Some(135));
    }

    #[test]
    fn every_window_of_ours_has_a_zone() {
        let [morning, evening] = ResetWindow::asia();
        let ours = [ResetWindow::america(), ResetWindow::restart(), ResetWindow::europe(), ResetWindow::weekend()];
        for window in ours.iter().chain([&morning, &evening]) {
            assert!(window.is_valid(), "{window:?}");
        }
        assert!(!ResetWindow { zone: "Atlantis/Capital".into(), ..ResetWindow::america() }.is_valid());
    }
}
