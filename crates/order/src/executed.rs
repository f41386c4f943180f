//! What executions do to orders: they alone move what has filled (R12, R13).

use std::borrow::Cow;

use rust_decimal::Decimal;
use smol_str::SmolStr;
use tws_proto::ids::PermanentId;
use tws_proto::message::ExecutionData;

use crate::action::{Action, Alarm, Fill, UncountableReason};
use crate::fills::{Execution, Reading};
use crate::halt::HaltScope;
use crate::identity::Names;
use crate::missing::{Proven, Total};
use crate::orders::Orders;
use crate::reference::IntentId;
use crate::state::{Evidence, State};
use crate::time::Timestamp;
use crate::tracked::Tracked;
use tws_proto::Side;

/// The revision of an execution that nothing has corrected.
const FIRST_REVISION: u32 = 1;

/// Quantity and price of an execution as an order counts it.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    quantity: Decimal,
    price: Decimal,
}

impl Counted {
    /// What an execution on this side counts for an order: nothing of one that is for the other side.
    fn of(order: Option<&Tracked>, side: Side, quantity: Decimal, price: Decimal) -> Self {
        if order.is_some_and(|order| is_against(order, side)) { Self::default() } else { Self { quantity, price } }
    }
}

/// Whether an execution on this side is against its order. A hedge is TWS's, whatever it makes of it.
fn is_against(order: &Tracked, side: Side) -> bool {
    order.intent.side != side && order.hedge.is_none()
}

/// How an execution changes the count of an order.
#[derive(Clone, Copy, Debug)]
struct Counting {
    /// What it counted before; nothing for a new one.
    before: Counted,
    /// What it counts now.
    now: Counted,
    /// What had filled of the order before anything of this was counted.
    filled_before: Option<Decimal>,
    /// Its revision.
    revision: u32,
}

impl Orders {
    pub(crate) fn execution(&mut self, data: &ExecutionData, at: Timestamp, actions: &mut Vec<Action>) {
        let execution = &data.execution;
        let uncountable = |reason| {
            Action::Alarm(Alarm::UncountableExecution { execution_id: execution.execution_id.clone(), reason })
        };
        let reading = match Reading::of(data) {
            Ok(reading) => reading,
            Err(reason) => return actions.push(uncountable(reason)),
        };
        let names = Names {
            permanent_id: execution.permanent_id.and_then(PermanentId::known),
            reference: &execution.order_reference,
            client_id: execution.client_id,
            order_id: execution.order_id,
            account: &execution.account,
            contract: &data.contract,
            side: Some(reading.side),
        };
        if let Some(id) = execution.order_id {
            self.see_order_id(id);
        }
        let found = self.owner(&names);
        let known = self.executions.get(&reading.root).map(Cow::into_owned);
        // Attribution once found stays found: a correction may come without the order's own names.
        let owner = known.as_ref().and_then(|known| known.intent).or(found);
        if let Some(known) = known.as_ref().filter(|known| reading.revision <= known.revision) {
            if let (None, Some(id)) = (known.intent, owner) {
                self.bind(id, names.permanent_id, at, actions);
                self.attribute(id, &reading.root, at, actions);
            }
            return;
        }
        // The execution of a whole combination moves no position: its legs come by themselves (R16).
        let is_combination = data.contract.is_combination();
        let number = names.permanent_id.or_else(|| known.as_ref()?.permanent_id);
        let order = owner.and_then(|id| self.orders.get(&id));
        let order = order.as_deref();
        let now = Counted::of(order, reading.side, reading.quantity, reading.price);
        let before = match &known {
            Some(known) if known.intent.is_some() => Counted::of(order, known.side, known.quantity, known.price),
            Some(_) | None => Counted::default(), // nobody's until now: the order has not counted it
        };
        if order.is_some_and(|order| sums(order, before, now).is_none()) {
            return actions.push(uncountable(UncountableReason::TooLarge));
        }
        let strategy = order.map(|order| order.intent.strategy.clone());
        let filled_before = order.map(|order| order.filled);
        let counts = order.is_some_and(|order| order.counts(&execution.account, is_combination));
        let moves_position = !is_combination && order.is_none_or(|order| order.moves(&execution.account));
        let is_against = counts && order.is_some_and(|order| is_against(order, reading.side));
        if owner.is_none() {
            self.remember_stranger(&names);
        }
        self.moved.0 = true;
        let has_cost = self.executions.take(
            &reading.root,
            Execution {
                revision: reading.revision,
                intent: owner,
                strategy: strategy.clone(),
                account: execution.account.as_str().into(),
                contract_id: data.contract.known_id(),
                side: reading.side,
                quantity: reading.quantity,
                price: reading.price,
                permanent_id: number,
                is_combination,
                is_inferred: false,
                at,
                cost: None,
            },
        );
        if let Some(id) = owner.filter(|_| counts) {
            self.prove(id, number, before.quantity, now.quantity);
            // What it says has filled in all was not heard of before it. A correction may say what was before another one.
            let is_first = reading.revision <= FIRST_REVISION && !is_against;
            let told = execution.cumulative_quantity.filter(|_| is_first).unwrap_or_default();
            let proven = Proven { quantity: now.quantity.saturating_sub(before.quantity), told };
            self.replace_inferred(id, proven, at, actions);
        }
        if moves_position {
            actions.push(Action::Filled(Box::new(Fill {
                intent: owner,
                strategy,
                root: reading.root.clone(),
                revision: reading.revision,
                account: execution.account.as_str().into(),
                contract: self.contracts.shared(&data.contract),
                side: reading.side,
                quantity: reading.quantity,
                price: reading.price,
                broker_time: SmolStr::new(execution.time.as_str()),
                at,
                replaces: known.as_ref().map(|known| (known.quantity, known.price)),
                is_inferred: false,
            })));
        }
        if has_cost {
            let waited = self.executions.commission(&reading.root, at);
            actions.extend(waited.map(|commission| Action::Commission(Box::new(commission))));
        }
        let Some(id) = owner else {
            if known.is_none() {
                self.alarm_at_our_execution(&names, &execution.execution_id, actions);
            }
            return;
        };
        self.bind(id, names.permanent_id, at, actions);
        let revision = reading.revision;
        if counts {
            self.count(id, Counting { before, now, filled_before, revision }, at, actions);
            if is_against {
                return self.alarm_against(id, execution.execution_id.clone(), reading.side, actions);
            }
            let (filled, average_price) = (execution.cumulative_quantity, execution.average_price);
            self.told_filled(id, Total { number, filled, average_price }, at);
        }
    }

    /// Gives an execution that was nobody's to the order that has proven to be its own. It was told as a fill already,
    /// and a ledger keeps it where it was booked; the order counts it.
    pub(crate) fn attribute(&mut self, id: IntentId, root: &SmolStr, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get(&id) else { return };
        let Some(execution) = self.executions.get(root).filter(|execution| execution.intent.is_none()) else { return };
        let side = execution.side;
        let now = Counted::of(Some(&order), side, execution.quantity, execution.price);
        let is_against = is_against(&order, side);
        if sums(&order, Counted::default(), now).is_none() {
            let reason = UncountableReason::TooLarge;
            let execution_id = root.to_string();
            return actions.push(Action::Alarm(Alarm::UncountableExecution { execution_id, reason }));
        }
        let filled_before = Some(order.filled);
        let counts = order.counts(&execution.account, execution.is_combination);
        let (strategy, revision) = (order.intent.strategy.clone(), execution.revision);
        let number = execution.permanent_id;
        if counts {
            self.prove(id, number, Decimal::ZERO, now.quantity);
            self.replace_inferred(id, Proven { quantity: now.quantity, told: Decimal::ZERO }, at, actions);
        }
        self.moved.0 = true;
        if self.executions.attribute(root, id, &strategy) && counts {
            let before = Counted::default();
            self.count(id, Counting { before, now, filled_before, revision }, at, actions);
            if is_against {
                self.alarm_against(id, root.to_string(), side, actions);
            }
        }
    }

    /// Totals that are told of an order may have such an execution in them, so nothing is inferred of it any more.
    fn alarm_against(&mut self, id: IntentId, execution_id: String, side: Side, actions: &mut Vec<Action>) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.is_corrected = true;
        }
        actions.push(Action::Alarm(Alarm::AgainstOrder { intent: id, execution_id, side }));
    }

    fn count(&mut self, id: IntentId, counting: Counting, at: Timestamp, actions: &mut Vec<Action>) {
        let Counting { before, now, filled_before, revision } = counting;
        let Some(order) = self.orders.get_mut(&id) else { return };
        let Some((filled, filled_value)) = sums(order, before, now) else { return };
        let filled_before = filled_before.unwrap_or(order.filled);
        (order.filled, order.filled_value) = (filled, filled_value);
        if now.quantity < before.quantity {
            // What a correction took back was told by mistake too.
            order.told.filled = order.told.filled.saturating_sub(before.quantity - now.quantity);
        }
        // A correction of the price alone leaves every total as it was told.
        let is_corrected = revision > FIRST_REVISION && now.quantity != before.quantity;
        order.is_corrected |= is_corrected;
        if let Some(inferred) = &mut order.inferred {
            inferred.is_doubted |= is_corrected && before.quantity.is_zero(); // nobody knows what it was
        }
        order.told.filled = order.told.filled.max(filled);
        self.counted(id, filled_before, at, actions);
    }

    /// What follows once the count of an order's fills has moved.
    pub(crate) fn counted(&mut self, id: IntentId, filled_before: Decimal, at: Timestamp, actions: &mut Vec<Action>) {
        self.note_missing(id, at);
        let Some(order) = self.orders.get(&id) else { return };
        let state_before = order.state.clone();
        self.weigh_fills(id, filled_before, at, actions);
        if self.orders.get(&id).is_some_and(|order| order.state == state_before) {
            self.tell(id, at, actions); // the state stayed, the quantities did not
        }
        self.meet_overfill(id, at, actions);
    }

    /// What follows from what has filled, against what was ordered.
    pub(crate) fn weigh_fills(
        &mut self,
        id: IntentId,
        filled_before: Decimal,
        at: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let Some(order) = self.orders.get(&id) else { return };
        let evidence = if order.filled >= order.intent.quantity {
            // While a larger quantity is asked for, or another incarnation lives, more may fill.
            if order.state.is_live() && order.may_fill() > Decimal::ZERO {
                Evidence::FilledInPart
            } else {
                Evidence::FilledInFull
            }
        } else if filled_before >= order.intent.quantity && order.state == State::Filled {
            Evidence::Unfilled
        } else {
            Evidence::FilledInPart
        };
        self.weigh(id, &evidence, at, "", actions);
    }

    /// R26: an overfill is booked as it is and halts its strategy.
    fn meet_overfill(&mut self, id: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        if let Some(order) = self.orders.get(&id)
            && order.filled > order.intent.quantity
        {
            let (quantity, filled) = (order.intent.quantity, order.filled);
            actions.push(Action::Alarm(Alarm::Overfilled { intent: id, quantity, filled }));
            let strategy = HaltScope::Strategy(order.intent.strategy.to_string());
            let reason = format!("order {id} was for {quantity}, but {filled} have filled");
            self.halted(&strategy, &reason, at, actions);
        }
    }
}

/// Quantity and value of an order's executions once `now` has replaced `before`; `None` beyond what can be counted.
fn sums(order: &Tracked, before: Counted, now: Counted) -> Option<(Decimal, Decimal)> {
    let filled = order.filled.checked_add(now.quantity)?;
    let filled_value = order.filled_value.checked_add(now.quantity.checked_mul(now.price)?)?;
    if before.quantity.is_zero() {
        return Some((filled, filled_value));
    }
    let value_before = before.quantity.checked_mul(before.price)?;
    Some((filled.checked_sub(before.quantity)?, filled_value.checked_sub(value_before)?))
}
