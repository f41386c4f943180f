//! Fills that the broker tells of and no execution proves (R14): asked for, then inferred, then replaced.
//!
//! What is inferred stands beside the executions under a root of its own. Each execution that comes takes from it what
//! it proves itself, so an order counts a trade once whichever of the two is heard of first.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use tws_proto::ids::PermanentId;
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

/// What has filled of one of several incarnations (R22). Each has totals of its own; those of the order are their sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incarnation {
    /// IB's number of it.
    pub number: PermanentId,
    /// The most that anything said has filled of it.
    pub told: Decimal,
    /// The average price that was told with it.
    pub average_price: Option<Decimal>,
    /// How much of it executions prove.
    pub proven: Decimal,
}

impl Incarnation {
    const fn new(number: PermanentId) -> Self {
        Self { number, told: Decimal::ZERO, average_price: None, proven: Decimal::ZERO }
    }

    fn filled(&self) -> Decimal {
        self.told.max(self.proven)
    }
}

/// A total that something tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    /// IB's number of what it is about, where it was told.
    pub(crate) number: Option<PermanentId>,
    /// How much has filled, where it was told.
    pub(crate) filled: Option<Decimal>,
    /// At which average price.
    pub(crate) average_price: Option<Decimal>,
}

/// What an execution adds to what is proven.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proven {
    /// How much.
    pub(crate) quantity: Decimal,
    /// How much it says has filled in all, zero where it does not.
    pub(crate) told: Decimal,
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
    /// Whether an execution of the order was first heard of as a correction (R13): what was told may have been of before it.
    #[serde(default)]
    pub is_doubted: bool,
}

impl Inferred {
    /// Whether some of it is left that may be no fill at all.
    pub(crate) fn is_in_doubt(self) -> bool {
        self.is_doubted && self.quantity > Decimal::ZERO
    }
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
    /// A status, a completed order or an execution says how much has filled of an order, or of one of several
    /// incarnations.
    pub(crate) fn told_filled(&mut self, id: IntentId, total: Total, at: Timestamp) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let Total { number, filled, average_price } = total;
        let Some(filled) = filled.filter(|filled| *filled > Decimal::ZERO) else { return };
        let average_price = average_price.filter(|price| !price.is_zero());
        if let Some(one) = number.and_then(|number| order.incarnation(number))
            && filled > one.told
        {
            (one.told, one.average_price) = (filled, average_price);
            self.moved.0 = true;
        }
        let all = filled.max(order.filled_of_each());
        if all <= order.told.filled {
            return;
        }
        self.moved.0 = true;
        order.told.filled = all;
        order.told.average_price = average_price;
        self.touched.0.push(id); // what is told counts for its bracket (R25), though its owner waits for proof
        self.note_missing(id, at);
    }

    /// A status or a completed order says how much has filled. `Filled` without a quantity (F30) says that all of it has:
    /// but not of a size that is TWS's or that others reduce, and not of one of several orders (R22).
    pub(crate) fn told_by(&mut self, id: IntentId, status: &Status, total: Total, at: Timestamp) {
        let Some(order) = self.orders.get(&id) else { return };
        let is_own_size = order.hedge.is_none() && !order.is_reduced_by_others();
        let is_whole = *status == Status::Filled && is_own_size && order.permanent_ids.len() < 2;
        let changed = order.change.as_ref().and_then(|change| change.quantity);
        let whole = changed.map_or(order.intent.quantity, |changed| changed.min(order.intent.quantity));
        let filled = total.filled.filter(|filled| !filled.is_zero()).or_else(|| is_whole.then_some(whole));
        self.told_filled(id, Total { filled, ..total }, at);
    }

    /// An execution of one of several incarnations counts `now` in the place of `before`.
    pub(crate) fn prove(&mut self, id: IntentId, number: Option<PermanentId>, before: Decimal, now: Decimal) {
        let Some((order, number)) = self.orders.get_mut(&id).zip(number) else { return };
        let Some(one) = order.incarnation(number) else { return };
        one.proven = one.proven.saturating_sub(before).saturating_add(now);
        if now < before {
            one.told = one.told.saturating_sub(before - now); // what a correction took back was told by mistake too
        }
        order.told.filled = order.told.filled.max(order.filled_of_each());
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
            self.give_up_doubted(id, at, actions);
            self.missing.remove(&id);
            let Some(order) = self.orders.get_mut(&id) else { return };
            order.told.ahead_since = None;
            let filled = order.filled;
            return actions.push(Action::Alarm(Alarm::FillsMissing { intent: id, told, filled }));
        }
        let quantity = told.saturating_sub(filled);
        let none = Inferred { quantity: Decimal::ZERO, price: Decimal::ZERO, revision: 0, is_doubted: false };
        let known = order.inferred.unwrap_or(none);
        let all = known.quantity.saturating_add(quantity);
        let inferred = Inferred {
            quantity: all,
            price: price_of(order, known, quantity),
            revision: known.revision.saturating_add(1),
            ..known
        };
        let price = inferred.price;
        self.set_inferred(id, inferred, at, actions);
        actions.push(Action::Alarm(Alarm::FillInferred { intent: id, quantity, price }));
        self.counted(id, filled, at, actions);
    }

    /// Takes back what was inferred and may be no fill: the order is as if its corrections had been heard of first.
    fn give_up_doubted(&mut self, id: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get(&id) else { return };
        let (filled, doubted) = (order.filled, order.inferred.filter(|part| part.is_in_doubt()));
        if let Some(known) = doubted {
            let inferred = Inferred { quantity: Decimal::ZERO, revision: known.revision.saturating_add(1), ..known };
            self.set_inferred(id, inferred, at, actions);
            self.counted(id, filled, at, actions);
        }
    }

    /// Takes from the inferred part what an execution proves of it: nothing, where it is of a further fill.
    pub(crate) fn replace_inferred(&mut self, id: IntentId, proven: Proven, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get(&id) else { return };
        let Some(known) = order.inferred.filter(|known| known.quantity > Decimal::ZERO) else { return };
        let executed = order.filled.saturating_sub(known.quantity).saturating_add(proven.quantity);
        let told = order.told.filled.max(proven.told);
        let quantity = told.saturating_sub(executed).clamp(Decimal::ZERO, known.quantity);
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

impl Tracked {
    /// What is known of the incarnation with this number, where there are several (R22). What was told and proven while
    /// there was one is its own.
    pub(crate) fn incarnation(&mut self, number: PermanentId) -> Option<&mut Incarnation> {
        if self.incarnations.is_empty() {
            match *self.permanent_ids {
                [] => return None,
                [only] if only == number => return None,
                [only] => {
                    let inferred = self.inferred.map_or(Decimal::ZERO, |part| part.quantity);
                    self.incarnations.push(Incarnation {
                        number: only,
                        told: self.told.filled,
                        average_price: self.told.average_price,
                        proven: self.filled.saturating_sub(inferred),
                    });
                }
                _ => {} // a book of before: whose its totals are was not kept
            }
        }
        let at = self.incarnations.iter().position(|one| one.number == number);
        if at.is_none() {
            self.incarnations.push(Incarnation::new(number));
        }
        let last = self.incarnations.len().saturating_sub(1);
        self.incarnations.get_mut(at.unwrap_or(last))
    }

    /// What has filled of all of several incarnations; zero where there is one.
    fn filled_of_each(&self) -> Decimal {
        self.incarnations.iter().fold(Decimal::ZERO, |sum, one| sum.saturating_add(one.filled()))
    }

    /// The average price that was told with all that was told to have filled.
    fn average_told(&self) -> Option<Decimal> {
        if self.incarnations.is_empty() {
            return self.told.average_price;
        }
        let mut filled = self.incarnations.iter().filter(|one| one.filled() > Decimal::ZERO);
        let value = filled.try_fold(Decimal::ZERO, |sum, one| {
            sum.checked_add(one.average_price?.checked_mul(one.filled())?) // one without a price leaves it open
        })?;
        if self.filled_of_each() == self.told.filled { value.checked_div(self.told.filled) } else { None }
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
    let exact = order.average_told().and_then(|average| {
        let known_value = known.quantity.checked_mul(known.price)?;
        let executed_value = order.filled_value.checked_sub(known_value)?;
        let rest = average.checked_mul(*filled)?.checked_sub(executed_value)?;
        let price = rest.checked_div(known.quantity.checked_add(more)?)?;
        // An average that was rounded, or told for another quantity, must not make a price of the other sign.
        (price.is_sign_negative() == average.is_sign_negative()).then_some(price)
    });
    exact.unwrap_or(guess).round_dp(PRICE_DECIMALS).normalize()
}
