//! [`Outcome`]: what became of a cancel or a change. They are operations of their own: the order's state is one thing, what
//! came of the wish another (R19, R21).

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::action::Action;
use crate::change::Change;
use crate::orders::Orders;
use crate::reference::IntentId;
use crate::state::State;
use crate::time::Timestamp;
use crate::tracked::Tracked;

/// What became of a cancel or a change of one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Of which order.
    pub intent: IntentId,
    /// Whose.
    pub strategy: SmolStr,
    /// What was wanted.
    pub operation: Operation,
    /// What came of it.
    pub result: OperationResult,
    /// The broker's words, or ours, where there are any.
    pub words: String,
    /// When that was known.
    pub at: Timestamp,
}

/// What was wanted of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// That it ends.
    Cancel,
    /// That it has other values.
    Change(Change),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationResult {
    /// It is done: the order is cancelled, or has the new values.
    Done,
    /// The broker does not do it; a change leaves the last confirmed values.
    Refused,
    /// The order ended otherwise before.
    Overtaken(State),
    /// It never left this machine.
    NotSent,
    /// The broker does not answer. A cancel may still be done: the order counts as live until its end is known.
    Unanswered,
}

impl Orders {
    /// Tells what came of the change that is on its way, and forgets it.
    pub(crate) fn end_change(
        &mut self,
        id: IntentId,
        result: OperationResult,
        words: &str,
        at: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.change_asked_at = None;
        order.is_change_looked_for = false;
        if let Some(change) = order.change.take() {
            actions.push(outcome(order, Operation::Change(change), result, words, at));
        }
    }

    /// An order has ended: so have a cancel and a change of it, one way or another.
    pub(crate) fn end_operations(&mut self, id: IntentId, words: &str, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let state = order.state.clone();
        if order.cancel.take().is_some() {
            let result = match state {
                State::Cancelled => OperationResult::Done,
                _ => OperationResult::Overtaken(state.clone()),
            };
            actions.push(outcome(order, Operation::Cancel, result, words, at));
        }
        self.end_change(id, OperationResult::Overtaken(state), words, at, actions);
    }
}

pub(crate) fn outcome(
    order: &Tracked,
    operation: Operation,
    result: OperationResult,
    words: &str,
    at: Timestamp,
) -> Action {
    Action::Outcome(Box::new(Outcome {
        intent: order.intent.id,
        strategy: order.intent.strategy.clone(),
        operation,
        result,
        words: words.to_owned(),
        at,
    }))
}
