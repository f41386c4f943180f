//! Whether markets are open.

use tws_proto::ids::ContractId;

use super::Core;
use crate::hours::{HoursKind, MarketHours, Timetable, TradingSession};

impl Core {
    /// Whether an instrument can trade now. Always, unless the simulator keeps hours.
    #[must_use]
    pub fn is_open(&self, contract: ContractId) -> bool {
        self.is_in(HoursKind::Trading, contract)
    }

    /// Whether an instrument is in its regular hours now. Always, unless the simulator keeps hours.
    #[must_use]
    pub fn is_liquid(&self, contract: ContractId) -> bool {
        self.is_in(HoursKind::Liquid, contract)
    }

    /// Whether markets open and close at all.
    #[must_use]
    pub const fn hours(&self) -> MarketHours {
        self.hours
    }

    /// When an instrument trades, whether the simulator keeps hours or not.
    #[must_use]
    pub fn timetable(&self, contract: ContractId) -> Option<Timetable> {
        self.catalogue.by_id(contract).map(Timetable::of)
    }

    /// The session of an instrument that contains this moment, else the next one, whether hours are kept or not.
    #[must_use]
    pub fn trading_session(&self, kind: HoursKind, contract: ContractId) -> Option<TradingSession> {
        self.timetable(contract)?.session_from(kind, self.now)
    }

    fn is_in(&self, kind: HoursKind, contract: ContractId) -> bool {
        match self.hours {
            MarketHours::AlwaysOpen => true,
            MarketHours::Kept => self.trading_session(kind, contract).is_some_and(|session| session.contains(self.now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{CoreSetup, Feed};
    use crate::time::SimTime;

    #[test]
    fn hours_count_only_where_they_are_kept() {
        let sunday = SimTime(1_381_075_200_000); // 6 October 2013, noon in New York
        let core = |hours| Core::new(CoreSetup { feed: Feed::Still, hours, ..CoreSetup::new(1, sunday) });
        let ibm = ContractId(8314);
        let [open, kept] = [MarketHours::AlwaysOpen, MarketHours::Kept].map(core);
        assert!(open.is_open(ibm) && open.is_liquid(ibm));
        assert!(!kept.is_open(ibm) && !kept.is_liquid(ibm));
        let next = kept.trading_session(HoursKind::Trading, ibm).unwrap();
        assert_eq!(next.opens.stamp(), "20131007 04:00:00 US/Eastern");
    }
}
