//! Orders that are not ours: tracked, counted in risk, and nobody's (R17).

use rust_decimal::Decimal;
use tws_proto::ids::PermanentId;
use tws_proto::kinds::Status;
use tws_proto::message::{OpenOrder, OrderStatus};

use crate::action::ExternalOrder;
use crate::adopt;
use crate::identity::Names;
use crate::orders::Orders;
use crate::state::{self, Evidence, Stage};

impl Orders {
    pub(crate) fn external_order(&mut self, open: &OpenOrder, names: &Names<'_>) {
        let Some(number) = names.permanent_id else { return };
        if !open.state.status.as_ref().is_none_or(is_live) {
            self.forget_external(number);
            return;
        }
        let order = &open.order;
        // Text tells it with the status alone.
        let filled = order.filled_quantity.or_else(|| self.external.get(&number)?.filled());
        let filled = filled.unwrap_or_default().max(Decimal::ZERO);
        let external = ExternalOrder {
            permanent_id: number,
            account: order.account.clone(),
            contract_id: open.contract.known_id(),
            symbol: open.contract.symbol.clone(),
            side: names.side,
            remaining: order.total_quantity.unwrap_or_default().saturating_sub(filled).max(Decimal::ZERO),
            reference: order.order_reference.clone(),
            shown: Some(Box::new(adopt::shown(open, names, names.client_id == Some(self.client_id)))),
            is_ignored: self.external.get(&number).is_some_and(|known| known.is_ignored),
        };
        // Equal numbers may be spelled with more zeros: what is equal stays as it was recorded.
        if self.external.get(&number) != Some(&external) {
            self.moved.0 = true;
            self.external.insert(number, external);
        }
        self.snapshot.see_external(number);
    }

    pub(crate) fn external_status(&mut self, status: &OrderStatus) {
        let Some(number) = status.permanent_id else { return };
        let Some(external) = self.external.get_mut(&number) else { return };
        let remaining = status.remaining.unwrap_or(external.remaining).max(Decimal::ZERO);
        if remaining != external.remaining {
            self.moved.0 = true;
            external.remaining = remaining;
        }
        if !is_live(&status.status) {
            self.forget_external(number);
        }
    }

    pub(crate) fn external_ended(&mut self, names: &Names<'_>) {
        if let Some(number) = names.permanent_id {
            self.forget_external(number);
        }
    }

    fn forget_external(&mut self, number: PermanentId) {
        self.moved.0 |= self.external.remove(&number).is_some();
    }
}

impl ExternalOrder {
    /// How much of it has filled, where it was shown.
    fn filled(&self) -> Option<Decimal> {
        self.shown.as_ref().map(|shown| shown.quantity.saturating_sub(self.remaining))
    }
}

/// Whether an order with this status may still trade.
pub(crate) fn is_live(status: &Status) -> bool {
    !matches!(state::evidence_of(status), Evidence::Live(Stage::FilledUnproven) | Evidence::Cancelled)
}
