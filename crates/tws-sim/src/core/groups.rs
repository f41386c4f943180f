//! What a fill does to the other orders of its group, and to the other children of its parent.

use rust_decimal::Decimal;
use tws_proto::ids::ContractId;
use tws_proto::kinds::OcaType;

use super::Core;
use super::cancel::CANCELLED;
use crate::market::Taker;
use crate::orders::{OrderKey, OrderRecord};

impl Core {
    /// What a fill does to the other orders of its group, and to the other children of its parent. The order had `before`
    /// to go.
    pub(super) fn spare_the_others(&mut self, key: OrderKey, before: Decimal) {
        if self.spares_nobody(key) {
            return;
        }
        let Some(record) = self.desk.get(key) else { return };
        let (parent, after) = (record.parent(), record.remaining());
        if record.in_group() {
            // Nothing is ever at two exchanges at once here, so with and without block are the same.
            let reduces = matches!(record.order.oca_type, Some(OcaType::ReduceWithBlock | OcaType::ReduceWithoutBlock));
            let (account, group) = (record.order.account.clone(), record.order.oca_group.clone());
            let others = self.desk.group_of(record);
            if !reduces || after.is_zero() {
                self.desk.spend_group(&account, &group);
            }
            for other in others {
                let Some(record) = self.desk.get(other) else { continue };
                // The others shrink in proportion: half of one filled leaves half of each.
                let part = if reduces { after.checked_div(before).unwrap_or_default() } else { Decimal::ZERO };
                let left = self.in_whole_increments(record, record.remaining() * part);
                self.reduce(other, left);
            }
        }
        if let Some(parent) = parent {
            self.spare_siblings(parent);
        }
    }

    /// Rounded up, so that nothing is lost to rounding before the group is filled.
    fn in_whole_increments(&self, record: &OrderRecord, size: Decimal) -> Decimal {
        let increment =
            self.catalogue.by_id(record.contract_id).map_or(Decimal::ONE, |instrument| instrument.size_increment);
        (increment * (size / increment).ceil()).min(record.remaining()).normalize()
    }

    /// Children that close their parent's position close it once: none may be larger than what is still open.
    fn spare_siblings(&mut self, parent: OrderKey) {
        let Some(opener) = self.desk.get(parent) else { return };
        let (opened, filled, contract) = (opener.taker(), opener.filled, opener.contract_id);
        let children = self.desk.children(parent);
        let found = || children.iter().filter_map(|child| self.desk.get(*child));
        let closing = || found().filter(|child| closes(child, opened, contract));
        let open = filled - closing().map(|child| child.filled).sum::<Decimal>();
        let live: Vec<OrderKey> = closing()
            .filter(|child| child.stage.is_live() && child.remaining() > open)
            .map(|child| child.key)
            .collect();
        for child in live {
            self.reduce(child, open);
        }
    }

    /// A child that begins to work closes no more than its parent opened.
    pub(super) fn fit_to_parent(&mut self, child: OrderKey) {
        let Some(parent) = self.desk.get(child).and_then(OrderRecord::parent) else { return };
        let Some(opener) = self.desk.get(parent) else { return };
        let (opened, filled, contract) = (opener.taker(), opener.filled, opener.contract_id);
        let Some(record) = self.desk.get_mut(child).filter(|record| closes(record, opened, contract)) else { return };
        if record.total > filled {
            record.total = filled;
            record.order.total_quantity = Some(filled);
        }
    }

    /// Leaves so much of a live order to be filled; nothing means that it is cancelled.
    fn reduce(&mut self, key: OrderKey, left: Decimal) {
        let Some(record) = self.desk.get_mut(key).filter(|record| record.stage.is_live()) else { return };
        if left <= Decimal::ZERO {
            return self.end_order(key, "Cancelled by OCA group", CANCELLED);
        }
        if record.remaining() == left {
            return;
        }
        record.total = record.filled + left;
        record.order.total_quantity = Some(record.total);
        self.tell_order(key);
    }
}

/// Whether a child closes what its parent opened.
fn closes(child: &OrderRecord, opened: Taker, contract: ContractId) -> bool {
    child.taker() != opened && child.contract_id == contract && child.order.hedge_type.is_none()
}
