//! What faults do to the desk: orders forgotten, renamed, doubled, and ids given out again.

use tws_proto::ids::{ClientId, OrderId};

use super::OrderDesk;
use crate::orders::{OrderKey, Stage};

impl OrderDesk {
    /// Clients that ever used an id.
    pub(crate) fn clients(&self) -> impl Iterator<Item = ClientId> {
        self.highest.keys().copied()
    }

    /// Orders of a client whose ids are not below `first`.
    pub(crate) fn ids_from(&self, client: ClientId, first: OrderId) -> Vec<OrderKey> {
        let range = OrderKey { client, order: first }..=OrderKey { client, order: OrderId(i32::MAX) };
        self.records.range(range).map(|(key, _)| *key).collect()
    }

    /// The id that a client may use next, whatever it used before.
    pub(crate) fn set_next_valid(&mut self, client: ClientId, next: OrderId) {
        self.highest.insert(client, next.0.saturating_sub(1));
    }

    /// Gives an order a name that nobody can use, so that its own is free.
    pub(crate) fn rename_hidden(&mut self, old: OrderKey, new: OrderKey) {
        self.rename(old, new);
        // Whoever has the name next has not ended.
        self.ended.retain(|key| *key != old);
    }

    /// Orders that were never transmitted are gone.
    pub(crate) fn forget_held(&mut self) {
        let held = self.iter().filter(|record| record.stage == Stage::Held).map(|record| record.key);
        for key in held.collect::<Vec<_>>() {
            self.set_wake(key, None);
            self.unwatch(key);
            self.forget(key);
        }
    }
}
