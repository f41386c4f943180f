//! R25: exits of brackets whose position was closed by hand. TWS leaves them alone, and the next that trades opens one.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Engine;
use crate::event::Alarm;

impl Engine {
    /// Looks whether the positions that exits are for are still held, once ours are those of the broker.
    pub(super) fn watch_exits(&mut self) {
        let mut positions = BTreeMap::new();
        for (exit, open) in self.books.orders.guarded() {
            let Some(held) = self.books.closable(exit) else { continue };
            let key = (exit.account.as_str(), exit.strategy.as_str(), exit.contract.known_id(), exit.side);
            let (_, exits, _) = positions.entry(key).or_insert((exit.contract.symbol.as_str(), Decimal::ZERO, held));
            *exits = Decimal::saturating_add(*exits, open);
        }
        let beyond = positions.into_values().filter(|(_, exits, held)| exits > held);
        let alarms =
            beyond.map(|(symbol, exits, held)| Alarm::ExitsWithoutPosition { symbol: symbol.to_owned(), exits, held });
        for alarm in alarms.collect::<Vec<_>>() {
            self.alarm(alarm);
        }
    }
}
