//! Orders change: the same id again, with another size, price or time in force.

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::kinds::TimeInForce;
use tws_proto::message::PlaceOrder;

use super::Core;
use super::orders::is_same_target;
use crate::orders::{Hold, OrderRecord, Stage, Target};
use crate::session::SessionId;
use crate::validation::Refusal;

impl Core {
    /// The same id again. What is refused leaves the order as it was.
    pub(super) fn modify_order(
        &mut self,
        session: SessionId,
        old: &OrderRecord,
        request: &PlaceOrder,
    ) -> Result<(), Refusal> {
        match old.stage {
            Stage::Filled => return Err(Refusal::invalid(104, "Cannot modify a filled order.")),
            Stage::Cancelled | Stage::Inactive => return Err(Refusal::invalid(103, "Duplicate order id")),
            Stage::Held | Stage::Waiting | Stage::Dormant | Stage::Untriggered | Stage::Working => {}
        }
        if old.cancels.is_some() {
            return Err(Refusal::invalid(2102, "Unable to modify this order as it is still being processed."));
        }
        let (target, account) = self.identify(request)?;
        check_change(old, request, &target, &account)?;
        let unsimulated = match self.check_order(request, &target) {
            Err(Refusal::Rejected(reason)) => {
                return Err(Refusal::invalid(329, format!("Order modify failed. {reason}")));
            }
            checked => checked?,
        };
        if request.order.what_if {
            self.preview(session, old.key, request, &target, &account);
            return Ok(());
        }
        self.desk.unwatch(old.key);
        let Some(record) = self.desk.get_mut(old.key) else { return Ok(()) };
        take_change(record, old, request, account, unsimulated);
        let mut planned = record.clone();
        let changed_plan = old.order.time_in_force != planned.order.time_in_force
            || old.order.good_till_date != planned.order.good_till_date
            || old.order.outside_regular_hours != planned.order.outside_regular_hours
            || old.hold == Some(Hold::Deactivated);
        if changed_plan {
            self.plan(&mut planned);
        }
        if let Some(record) = self.desk.get_mut(old.key) {
            record.expires = planned.expires;
            record.auction = planned.auction;
        }
        self.watch_conditions(old.key);
        match old.stage {
            Stage::Held => {
                if request.order.transmit {
                    self.transmit(old.key);
                } else {
                    self.reschedule(old.key);
                }
            }
            Stage::Waiting => {
                self.reschedule(old.key);
                self.tell_order(old.key);
            }
            Stage::Dormant
            | Stage::Untriggered
            | Stage::Working
            | Stage::Filled
            | Stage::Cancelled
            | Stage::Inactive => {
                self.arm(old.key);
                self.tell_order(old.key);
                self.try_order(old.key, None);
            }
        }
        Ok(())
    }
}

/// What may change is price, size and time in force.
fn check_change(old: &OrderRecord, request: &PlaceOrder, target: &Target, account: &str) -> Result<(), Refusal> {
    let new = &request.order;
    let same = is_same_target(old, target)
        && account == old.order.account
        && new.action == old.order.action
        && new.parent() == old.order.parent()
        && new.oca_group == old.order.oca_group
        && new.hedge_type == old.order.hedge_type;
    let total = new.total_quantity.unwrap_or(old.total);
    if !same || (old.filled > Decimal::ZERO && total <= old.filled) {
        return Err(Refusal::invalid(105, "Order being modified does not match original order."));
    }
    if old.stage == Stage::Held {
        return Ok(()); // it never left TWS
    }
    if new.order_type != old.order.order_type {
        let text = format!("Order modify failed. Cannot change to the new order type:{}", new.order_type.as_str());
        return Err(Refusal::invalid(329, text));
    }
    let stands = |tif: Option<&TimeInForce>| {
        matches!(tif, None | Some(TimeInForce::Day | TimeInForce::GoodTillCancelled | TimeInForce::GoodTillDate))
    };
    let tif = new.time_in_force.as_ref().unwrap_or(&TimeInForce::Day);
    let old_tif = old.order.time_in_force.as_ref();
    if old_tif != Some(tif) && !(stands(old_tif) && stands(Some(tif))) {
        let text = format!("Order modify failed. Cannot change to the new Time in Force.{}", tif.as_str());
        return Err(Refusal::invalid(462, text));
    }
    if new.algo_strategy != old.order.algo_strategy || new.algo_parameters != old.order.algo_parameters {
        return Err(Refusal::invalid(440, "Order modify failed. Algorithm cannot be modified."));
    }
    Ok(())
}

/// The order is what its owner said last; what the market did to it stays.
fn take_change(
    record: &mut OrderRecord,
    old: &OrderRecord,
    request: &PlaceOrder,
    account: String,
    unsimulated: Option<String>,
) {
    let new = &request.order;
    let time_in_force = Some(new.time_in_force.clone().unwrap_or(TimeInForce::Day));
    let transmit = old.stage != Stage::Held;
    record.order = Order { account, time_in_force, transmit, ..new.clone() };
    record.unsimulated = unsimulated;
    if let Some(total) = new.total_quantity {
        record.total = total;
    }
    let by_cash = new.cash_quantity.is_some_and(|cash| cash > Decimal::ZERO);
    if by_cash && new.cash_quantity == old.order.cash_quantity {
        record.total = old.total;
    }
    if new.conditions != old.order.conditions {
        record.conditions_met = false;
    }
    if record.hold == Some(Hold::Deactivated) {
        record.hold = None; // it is sent again
    }
    // A trailing stop that its owner did not move stays where the market put it.
    let told = old.open_order().order;
    let moved = new.aux_price != old.order.aux_price
        || new.trailing_percent != old.order.trailing_percent
        || (new.trail_stop_price != told.trail_stop_price && new.trail_stop_price != old.order.trail_stop_price);
    if old.triggered {
        return;
    }
    let stop = record.stop;
    record.reset_prices();
    if !moved && record.stop.is_some() == stop.is_some() {
        record.stop = stop;
    } else if !moved {
        record.stop = stop.or(record.stop);
    }
}
