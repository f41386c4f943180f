//! [`Beside`]: what others may fill beside an order. Of orders of which the broker lets only one fill, one counts.

use rust_decimal::Decimal;
use tws_proto::kinds::OcaType;

use crate::guard::Role;
use crate::orders::Orders;
use crate::reference::IntentId;
use crate::time::Timestamp;
use crate::tracked::Tracked;

/// An order, and how much of it may fill, beside which others are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Which. It does not count beside itself.
    pub id: IntentId,
    /// How much of it may fill.
    pub quantity: Decimal,
}

/// What keeps several orders from filling together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tie<'a> {
    /// A one-cancels-all group with block: one of its orders is at an exchange at a time.
    Block(&'a str),
    /// TWS takes one exit of a bracket back as the other fills, but both work at once.
    Exits(IntentId),
}

/// A sum of what orders may fill.
#[derive(Debug, Default)]
pub(crate) struct Sum<'a> {
    sum: Decimal,
    /// The most of what is tied together, as far as it is counted.
    tied: Vec<(Tie<'a>, Decimal)>,
}

impl<'a> Sum<'a> {
    /// An empty sum beside an order: what is tied to it counts for no more than it is larger.
    pub(crate) fn beside(orders: &'a Orders, beside: Option<Beside>, now: Timestamp) -> Self {
        let known = beside.and_then(|beside| Some((beside.quantity, orders.orders.in_full(&beside.id)?)));
        let tie = known.and_then(|(quantity, order)| {
            // Both exits may fill in one moment, so an exit that asks for more than it has counts beside the other.
            let is_counted = |tie: &Tie<'_>| matches!(tie, Tie::Block(_)) || quantity <= order.exposure(now);
            Some((tie_of(order).filter(is_counted)?, quantity))
        });
        Self { sum: Decimal::ZERO, tied: tie.into_iter().collect() }
    }

    /// Adds what an order may fill.
    pub(crate) fn add(&mut self, order: &'a Tracked, quantity: Decimal) {
        let known = tie_of(order).and_then(|tie| {
            if !self.tied.iter().any(|(known, _)| *known == tie) && matches!(tie, Tie::Block(_)) {
                self.tied.push((tie, Decimal::ZERO));
            }
            self.tied.iter_mut().find(|(known, _)| *known == tie)
        });
        let more = known.map_or(quantity, |(_, most)| {
            let more = quantity.saturating_sub(*most).max(Decimal::ZERO);
            *most = quantity.max(*most);
            more
        });
        self.add_alone(more);
    }

    /// Adds what is tied to nothing.
    pub(crate) fn add_alone(&mut self, quantity: Decimal) {
        // Numbers of the wire: a sum beyond what can be counted is the largest there is, and any gate refuses that.
        self.sum = self.sum.saturating_add(quantity);
    }

    pub(crate) const fn total(&self) -> Decimal {
        self.sum
    }
}

impl Tracked {
    /// The one-cancels-all group of which the broker lets no more fill than one order, where this one is in such a group.
    /// Of an order that is several at IB (R22) nobody knows whether all of them are.
    #[must_use]
    pub fn block_group(&self) -> Option<&str> {
        let is_blocked = matches!(self.oca_type, Some(OcaType::CancelWithBlock | OcaType::ReduceWithBlock));
        let is_one = self.permanent_ids.len() <= 1;
        Some(self.oca_group.as_str()).filter(|group| is_blocked && is_one && !group.is_empty())
    }
}

fn tie_of(order: &Tracked) -> Option<Tie<'_>> {
    let exit = || {
        let leg = order.leg.filter(|leg| matches!(leg.role, Role::TakeProfit | Role::StopLoss))?;
        let is_tied = order.oca_group.is_empty() && order.permanent_ids.len() <= 1;
        is_tied.then_some(Tie::Exits(leg.group))
    };
    order.block_group().map(Tie::Block).or_else(exit)
}
