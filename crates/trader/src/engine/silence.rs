//! C7: a loss is known as far as its prices are: a position of which nothing is quoted any more keeps its last one.

use std::collections::{BTreeMap, BTreeSet};

use order::{SECOND_US, Terms, Timestamp};
use risk::Limits;
use tws_proto::ids::ContractId;

use super::Engine;
use crate::event::Alarm;

/// For how long a position may be without a new price while its market is open.
const SILENT_MINUTES: i64 = 10;
/// How often positions are looked through.
const LOOK_PAUSE_US: i64 = 30 * SECOND_US;

/// When prices came last, or were first missed.
#[derive(Debug)]
pub(super) struct SilenceWatch {
    /// Whether a loss is limited; else nothing is looked for, and nothing kept.
    is_limited: bool,
    looked_at: Option<Timestamp>,
    marked_at: BTreeMap<ContractId, Timestamp>,
    /// Contracts of which it was told that none comes.
    told: BTreeSet<ContractId>,
}

impl SilenceWatch {
    pub(super) fn new(limits: &Limits) -> Self {
        let is_limited = limits.daily_loss_max.is_some() || limits.drawdown_max.is_some();
        Self { is_limited, looked_at: None, marked_at: BTreeMap::new(), told: BTreeSet::new() }
    }

    pub(super) fn marked(&mut self, contract_id: ContractId, now: Timestamp) {
        if self.is_limited {
            self.marked_at.insert(contract_id, now);
            self.told.remove(&contract_id);
        }
    }
}

impl Engine {
    /// C7: where a loss is limited, a position without new prices is an alarm, once until there is one.
    pub(super) fn watch_silence(&mut self) {
        let now = self.clock.now();
        if !self.silence.is_limited || self.silence.looked_at.is_some_and(|at| now.since(at) < LOOK_PAUSE_US) {
            return;
        }
        self.silence.looked_at = Some(now);
        let holdings = self.books.ledger.holdings().filter(|holding| !holding.position.is_flat());
        let held: BTreeMap<ContractId, String> =
            holdings.map(|held| (held.instrument.contract_id, held.instrument.symbol.to_string())).collect();
        self.silence.told.retain(|contract_id| held.contains_key(contract_id));
        for (contract_id, symbol) in held {
            let since = Timestamp(now.0.saturating_sub(SILENT_MINUTES * 60 * SECOND_US));
            // Of what is found at the start, prices come with the first that watches it.
            let is_silent = *self.silence.marked_at.entry(contract_id).or_insert(now) <= since;
            let was_open = self.books.orders.terms(contract_id).is_some_and(|terms| was_open(terms, since, now));
            if was_open && is_silent && self.silence.told.insert(contract_id) {
                self.alarm(Alarm::Unpriced { symbol, minutes: SILENT_MINUTES });
            }
        }
    }
}

/// Whether the regular market was open all the time between.
fn was_open(terms: &Terms, since: Timestamp, now: Timestamp) -> bool {
    terms.regular.iter().any(|session| session.opens <= since && now < session.closes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_of_prices_where_no_loss_is_limited() {
        let limits = Limits::default();
        let limited = Limits { drawdown_max: Some(1.into()), ..limits.clone() };
        for (limits, kept) in [(limits, 0), (limited, 1)] {
            let mut watch = SilenceWatch::new(&limits);
            watch.marked(ContractId(1), Timestamp(0));
            assert_eq!(watch.marked_at.len(), kept);
        }
    }
}
