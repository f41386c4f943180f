//! Fills that the broker tells of and no execution proves (R14): asked for, then inferred, then replaced.
//!
//! What is inferred stands beside the executions under a root of its own. Each execution that comes takes from it what
//! it proves itself, so an order counts a trade once whichever of the two is heard of first.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use tws_proto::kinds::Status;

use crate::action::{Action, Alarm, Fill, Question};
use crate::fills::Execution;
use crate::orders::Orders;
use crate::reference::IntentId;
use crate::time::{SECOND_US, Timestamp};
use crate::tracked::Tracked;

/// For how long a status may run ahead of its executions before they are asked for.
const ASK_AFTER_US: i64 = 2 * SECOND_US;
/// How long that question waits before it is put again.
const ASK_AGAIN_US: i64 = 10 * SECOND_US;
/// How long executions may be missing before they are inferred.
const INFER_AFTER_US: i64 = 30 * SECOND_US;
/// Decimals of an inferred price: it is an estimate, and its products must stay exact.
const PRICE_DECIMALS: u32 = 6;

/// What the broker says has filled of an order, executions aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The most that anything said has filled.
    pub filled: Decimal,
    /// The average price that was told with it.
    pub average_price: Option<Decimal>,
    /// Since when it has been more than what is counted.
    pub ahead_since: Option<Timestamp>,
    /// When executions were last asked for since then.
    pub asked_at: Option<Timestamp>,
}

/// The part of what has filled that is inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inferred {
    /// How much; zero once executions have proven all of it.
    pub quantity: Decimal,
    /// At which price, as far as averages tell.
    pub price: Decimal,
    /// How often it was said anew.
    pub revision: u32,
}

/// The execution root under which the inferred part of an order's fills stands. None of IB's looks like it.
#[must_use]
pub fn inferred_root(id: IntentId) -> SmolStr {
    format_smolstr!("inferred-{id}")
}

/// What is due for an order whose fills are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Question,
    Inference,
}

fn due(order: &Tracked, now: Timestamp) -> Due {
    let Some(since) = order.told.ahead_since else { return Due::Nothing };
    match order.told.asked_at {
        None if now.since(since) >= ASK_AFTER_US => Due::Question,
        None => Due::Nothing,
        Some(_) if now.since(since) >= INFER_AFTER_US => Due::Inference,
        Some(asked_at) if now.since(asked_at) >= ASK_AGAIN_US => Due::Question,
        Some(_) => Due::Nothing,
    }
}

impl Orders {
    /// A status, a completed order or an execution says how much has filled.
    pub(crate) fn told_filled(&mut self, id: IntentId, filled: Decimal, average: Option<Decimal>, at: Timestamp) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if filled <= order.told.filled {
            return;
        }
        self.moved.0 = true;
        order.told.filled = filled;
        order.told.average_price = average.filter(|price| !price.is_zero());
        self.note_missing(id, at);
    }

    /// A status or a completed order says how much has filled. `Filled` without a quantity (F30) says that all of it has:
    /// but not of a size that is TWS's or that others reduce, and not of one of several orders (R22).
    pub(crate) fn told_by(
        &mut self,
        id: IntentId,
        status: &Status,
        filled: Option<Decimal>,
        average: Option<Decimal>,
        at: Timestamp,
    ) {
        let Some(order) = self.orders.get(&id) else { return };
        let is_own_size = order.hedge.is_none() && !order.is_reduced_by_others();
        let is_whole = *status == Status::Filled && is_own_size && order.permanent_ids.len() < 2;
        let changed = order.change.as_ref().and_then(|change| change.quantity);
        let whole = changed.map_or(order.intent.quantity, |changed| changed.min(order.intent.quantity));
        let told = filled.filter(|filled| !filled.is_zero()).or_else(|| is_whole.then_some(whole));
        self.told_filled(id, told.unwrap_or_default(), average, at);
    }

    /// Begins or ends the wait for executions.
    pub(crate) fn note_missing(&mut self, id: IntentId, at: Timestamp) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if order.is_fill_missing() {
            order.told.ahead_since.get_or_insert(at);
            self.missing.insert(id);
        } else {
            order.told.ahead_since = None;
            order.told.asked_at = None;
            self.missing.remove(&id);
        }
    }

    /// The link, or TWS's own, is back: only from now on can executions be asked for.
    pub(crate) fn wait_for_missing_anew(&mut self, at: Timestamp) {
        for id in &self.missing {
            if let Some(order) = self.orders.get_mut(id) {
                order.told.ahead_since = Some(at);
                order.told.asked_at = None;
            }
        }
    }

    pub(crate) fn is_missing_due(&self, now: Timestamp) -> bool {
        let orders = self.missing.iter().filter_map(|id| self.orders.get(id));
        self.link.can_tell() && orders.into_iter().any(|order| due(&order, now) != Due::Nothing)
    }

    /// Asks for what is missing, or infers it.
    pub(crate) fn look_for_missing(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        if !self.link.can_tell() {
            return;
        }
        let mut asks = false;
        for id in self.missing.clone() {
            let Some(order) = self.orders.get_mut(&id) else { continue };
            match due(order, at) {
                Due::Nothing => {}
                Due::Question => {
                    order.told.asked_at = Some(at);
                    asks = true;
                }
                Due::Inference => self.infer(id, at, actions),
            }
        }
        if asks {
            actions.push(Action::Ask(Question::Executions));
        }
    }

    /// Books what was told and never proven.
    fn infer(&mut self, id: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let (told, filled) = (order.told.filled, order.filled);
        let incarnations = Decimal::from(order.permanent_ids.len().max(1));
        let most = order.quantity_max().saturating_mul(incarnations);
        // Where a correction changed how much, totals that were told may be from before it; and what was told beyond
        // the order itself is no fill of it. A person must look.
        if order.is_corrected || told > most {
            order.told.ahead_since = None;
            self.missing.remove(&id);
            return actions.push(Action::Alarm(Alarm::FillsMissing { intent: id, told, filled }));
        }
        let quantity = told.saturating_sub(filled);
        let known = order.inferred.unwrap_or(Inferred { quantity: Decimal::ZERO, price: Decimal::ZERO, revision: 0 });
        let all = known.quantity.saturating_add(quantity);
        let inferred = Inferred {
            quantity: all,
            price: price_of(order, known, quantity),
            revision: known.revision.saturating_add(1),
        };
        let price = inferred.price;
        self.set_inferred(id, inferred, at, actions);
        actions.push(Action::Alarm(Alarm::FillInferred { intent: id, quantity, price }));
        self.counted(id, filled, at, actions);
    }

    /// Takes from the inferred part what an execution proves that adds `proven`.
    pub(crate) fn replace_inferred(&mut self, id: IntentId, proven: Decimal, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get(&id) else { return };
        let Some(known) = order.inferred.filter(|known| known.quantity > Decimal::ZERO) else { return };
        let executed = order.filled.saturating_sub(known.quantity).saturating_add(proven);
        let quantity = order.told.filled.saturating_sub(executed).clamp(Decimal::ZERO, known.quantity);
        if quantity < known.quantity {
            let inferred = Inferred { quantity, revision: known.revision.saturating_add(1), ..known };
            self.set_inferred(id, inferred, at, actions);
        }
    }

    /// Writes the inferred part into the order and beside the executions, and tells of it as a fill that replaces the
    /// one before.
    fn set_inferred(&mut self, id: IntentId, inferred: Inferred, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let value =
            |part: Option<Inferred>| part.map_or(Some(Decimal::ZERO), |part| part.quantity.checked_mul(part.price));
        let before = order.inferred.map_or(Decimal::ZERO, |part| part.quantity);
        let (Some(old), Some(new)) = (value(order.inferred), value(Some(inferred))) else { return };
        let Some(filled) = order.filled.checked_sub(before).and_then(|filled| filled.checked_add(inferred.quantity))
        else {
            return;
        };
        let Some(filled_value) = order.filled_value.checked_sub(old).and_then(|sum| sum.checked_add(new)) else {
            return;
        };
        let replaces = order.inferred.map(|part| (part.quantity, part.price));
        (order.filled, order.filled_value, order.inferred) = (filled, filled_value, Some(inferred));
        let intent = &order.intent;
        let root = inferred_root(id);
        let is_combination = intent.contract.is_combination();
        let moves_position = !is_combination && order.moves(&intent.account);
        let execution = Execution {
            revision: inferred.revision,
            intent: Some(id),
            strategy: Some(intent.strategy.clone()),
            account: intent.account.clone(),
            contract_id: intent.contract.known_id(),
            side: intent.side,
            quantity: inferred.quantity,
            price: inferred.price,
            permanent_id: order.permanent_ids.first().copied(),
            is_combination,
            is_inferred: true,
            at,
            cost: None,
        };
        let fill = Fill {
            intent: Some(id),
            strategy: Some(intent.strategy.clone()),
            root: root.clone(),
            revision: inferred.revision,
            account: intent.account.clone(),
            contract: intent.contract.clone(),
            side: intent.side,
            quantity: inferred.quantity,
            price: inferred.price,
            broker_time: SmolStr::default(),
            at,
            replaces,
            is_inferred: true,
        };
        let _ = self.executions.take(&root, execution); // nothing costs anything under a root of ours
        // The whole of a combination moves no position, and neither does what an advisor spreads: its legs, or the
        // allocations, show as differences of positions (R16).
        if moves_position {
            actions.push(Action::Filled(Box::new(fill)));
        }
    }
}

/// The price of the inferred part once `more` is added to it: what makes the average that was told come out, else the
/// best guess there is.
fn price_of(order: &Tracked, known: Inferred, more: Decimal) -> Decimal {
    let Told { filled, average_price, .. } = &order.told;
    let guess = average_price
        .or_else(|| order.average_price())
        .or_else(|| order.intent.kind.limit_price())
        .or_else(|| order.intent.kind.trigger_price())
        .unwrap_or_default();
    let exact = average_price.and_then(|average| {
        let known_value = known.quantity.checked_mul(known.price)?;
        let executed_value = order.filled_value.checked_sub(known_value)?;
        let rest = average.checked_mul(*filled)?.checked_sub(executed_value)?;
        let price = rest.checked_div(known.quantity.checked_add(more)?)?;
        // An average that was rounded, or told for another quantity, must not make a price of the other sign.
        (price.is_sign_negative() == average.is_sign_negative()).then_some(price)
    });
    exact.unwrap_or(guess).round_dp(PRICE_DECIMALS).normalize()
}
