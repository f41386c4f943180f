//! Orders of others that are taken on, or left out of the count, on somebody's word (R18).
//!
//! To take an order on is to attribute it: from then on it is an order of a strategy, with state, fills and history, and
//! found by IB's number. It stays where it is and keeps its place in the queue: nothing is bound and nothing is sent. An
//! order of another client, or made by hand, has no number at this client, so it can be followed and not changed or
//! cancelled from here.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::{OrderId, PermanentId};
use tws_proto::kinds::{OrderType, TimeInForce as Word};
use tws_proto::message::OpenOrder;
use tws_proto::{Contract, Order};

use crate::action::{Action, ExternalOrder, Step};
use crate::event::Input;
use crate::extension::Extension;
use crate::identity::Names;
use crate::intent::{Hours, Intent};
use crate::kind::{Distance, OrderKind};
use crate::lifetime::TimeInForce;
use crate::orders::Orders;
use crate::reference::{IntentId, Owner};
use crate::state::{Evidence, Stage};
use crate::time::Timestamp;
use crate::tracked::{Ties, Tracked};

/// Longest name of a strategy, in bytes.
const STRATEGY_BYTES_MAX: usize = 64;

/// What is done with every order of others, as soon as it is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalPolicy {
    /// It is followed, counts in risk, and is nobody's.
    #[default]
    Observe,
    /// It is taken on in the name of a strategy, where enough is known of it; else it is observed.
    Adopt {
        /// Which strategy.
        strategy: String,
    },
    /// It does not count in risk until it has filled.
    Ignore,
}

/// What an order of others is, beyond what counts in risk: enough to take it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What it trades.
    pub contract: Contract,
    /// How much was ordered in all.
    pub quantity: Decimal,
    /// Its kind; `None` where this crate has none for it.
    pub kind: Option<OrderKind>,
    /// How long it stands.
    pub time_in_force: TimeInForce,
    /// During which hours.
    pub hours: Hours,
    /// Its number, where it is one of this client.
    pub order_id: Option<OrderId>,
    /// What ties it to others, of one of this client: a change sends it again.
    #[serde(default, skip_serializing_if = "Ties::is_none")]
    pub ties: Ties,
    /// What else it is, of one of this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
}

/// Why an order of others was not taken on or left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalError {
    /// No order of others with this number is live.
    #[error("no order of others with IB's number {0} is live")]
    NoSuchOrder(PermanentId),
    /// Nobody was named.
    #[error("an order of others is taken on or left out on a named person's word; say who")]
    NoName,
    /// The name of the strategy is empty or too long.
    #[error("an order is taken on in the name of a strategy of 1 to {STRATEGY_BYTES_MAX} bytes")]
    Strategy,
    /// It carries the mark of a trader like this one, which goes on with it.
    #[error("order {0} is another trader's, which goes on with it")]
    OtherTrader(PermanentId),
    /// What it is was not shown since this trader can take orders on; the next snapshot shows it.
    #[error("what order {0} is has not been shown yet; ask again in a minute")]
    NotShown(PermanentId),
    /// It is of a kind, or on a side, that this crate has no words for.
    #[error("order {0} is of a kind that cannot be taken on")]
    Kind(PermanentId),
    /// More has filled than executions prove: those fills are booked already, as EXTERNAL.
    #[error("{told} of order {number} have filled, but executions prove only {proven}; they would be counted twice")]
    FillsUnknown {
        /// Which.
        number: PermanentId,
        /// As the broker tells.
        told: Decimal,
        /// As executions prove.
        proven: Decimal,
    },
}

impl Orders {
    /// Takes an order of others on in the name of a strategy, on a named person's word, under an id of its own. What had
    /// filled before stays with EXTERNAL in the ledger.
    ///
    /// # Errors
    /// [`ExternalError`]; then nothing was recorded.
    pub fn adopt_external(
        &mut self,
        number: PermanentId,
        id: IntentId,
        strategy: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Step, ExternalError> {
        if by.trim().is_empty() {
            return Err(ExternalError::NoName);
        }
        if strategy.trim().is_empty() || strategy.len() > STRATEGY_BYTES_MAX {
            return Err(ExternalError::Strategy);
        }
        let external = self.external.get(&number).ok_or(ExternalError::NoSuchOrder(number))?;
        let (intent, order_id) = self.intent_of_external(external, id, strategy)?;
        let by = by.to_owned();
        Ok(self.record(Input::Adopted { number, intent: Box::new(intent), order_id, by }, now))
    }

    /// Leaves an order of others out of the count until it has filled, on a named person's word.
    ///
    /// # Errors
    /// [`ExternalError`]; then nothing was recorded.
    pub fn ignore_external(&mut self, number: PermanentId, by: &str, now: Timestamp) -> Result<Step, ExternalError> {
        if by.trim().is_empty() {
            return Err(ExternalError::NoName);
        }
        match self.external.get(&number) {
            None => Err(ExternalError::NoSuchOrder(number)),
            Some(external) if external.is_ignored => Ok(Step::default()),
            Some(_) => Ok(self.record(Input::Ignored { number, by: by.to_owned() }, now)),
        }
    }

    /// Does what a policy says with every order of others. Call it about once a second; what cannot be taken on is observed.
    pub fn meet_external(&mut self, policy: &ExternalPolicy, mut id: impl FnMut() -> IntentId, now: Timestamp) -> Step {
        const BY: &str = "policy";
        let mut step = Step::default();
        let strategy = match policy {
            ExternalPolicy::Observe => return step,
            ExternalPolicy::Adopt { strategy } => Some(strategy),
            ExternalPolicy::Ignore => None,
        };
        let waiting = self.external.values().filter(|external| !external.is_ignored);
        for number in waiting.map(|external| external.permanent_id).collect::<Vec<_>>() {
            let done = match strategy {
                Some(strategy) => self.adopt_external(number, id(), strategy, BY, now),
                None => self.ignore_external(number, BY, now),
            };
            if let Ok(done) = done {
                step.append(done);
            }
        }
        step
    }

    fn intent_of_external(
        &self,
        external: &ExternalOrder,
        id: IntentId,
        strategy: &str,
    ) -> Result<(Intent, Option<OrderId>), ExternalError> {
        let number = external.permanent_id;
        if self.instance.read(&external.reference) != Owner::Foreign {
            return Err(ExternalError::OtherTrader(number));
        }
        let shown = external.shown.as_deref().ok_or(ExternalError::NotShown(number))?;
        let Shown { contract, quantity, kind, time_in_force, hours, order_id, ties: _, extension } = shown.clone();
        let (Some(kind), Some(side)) = (kind, external.side) else { return Err(ExternalError::Kind(number)) };
        let is_combination = contract.is_combination();
        let roots = self.executions.unowned(number);
        let executions = roots.iter().filter_map(|root| self.executions.get(root));
        let counted = executions.filter(|execution| execution.is_combination == is_combination);
        let proven = counted.fold(Decimal::ZERO, |sum, execution| sum.saturating_add(execution.quantity));
        let told = quantity.saturating_sub(external.remaining);
        if told > proven {
            return Err(ExternalError::FillsUnknown { number, told, proven });
        }
        let (strategy, account, contract) = (strategy.into(), external.account.as_str().into(), Arc::new(contract));
        let intent = Intent { id, strategy, account, contract, side, quantity, kind, time_in_force, hours, extension };
        Ok((intent, order_id.filter(|order_id| !self.by_order_id.contains_key(order_id))))
    }

    pub(crate) fn adopted(
        &mut self,
        number: PermanentId,
        intent: &Intent,
        order_id: Option<OrderId>,
        at: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let id = intent.id;
        if self.orders.contains_key(&id) {
            return; // a record of another book: what is known is not forgotten
        }
        let ends_at = self.terms_of(intent).and_then(|terms| terms.end_of(intent, at));
        // What a change must send again is known of what this client has placed.
        let external = self.external.get(&number).filter(|_| order_id.is_some());
        let ties = external.and_then(|external| external.shown.as_ref()).map(|shown| shown.ties.clone());
        let reference = external.map(|external| external.reference.as_str().into());
        let order = Tracked::new(intent.clone(), order_id.unwrap_or(NOT_OURS), ties.unwrap_or_default(), at);
        self.orders.insert(id, Tracked { ends_at, reference, ..order });
        self.live.insert(id);
        if let Some(order_id) = order_id {
            self.by_order_id.insert(order_id, id);
        }
        self.snapshot.see(id);
        self.weigh(id, &Evidence::Live(Stage::Submitted), at, "taken on", actions);
        self.bind(id, Some(number), at, actions);
    }

    pub(crate) fn ignored(&mut self, number: PermanentId) {
        if let Some(external) = self.external.get_mut(&number) {
            external.is_ignored = true;
        }
    }
}

/// Stands for the number of an order that has none at this client.
pub(crate) const NOT_OURS: OrderId = OrderId(0);

/// What an open order shows of itself, for whoever takes it on. Only an order of this client has a number here.
pub(crate) fn shown(open: &OpenOrder, names: &Names<'_>, is_of_this_client: bool) -> Shown {
    let order = &open.order;
    let order_id = names.order_id.filter(|order_id| is_of_this_client && order_id.0 > 0);
    let ties = if order_id.is_some() { Ties::of(order) } else { Ties::default() };
    let is_readable = order_id.is_none() || ties.hedge.is_some() == order.hedge_type.is_some();
    let kind = kind_of(order).filter(|_| is_readable);
    let is_on_open = kind.as_ref().is_some_and(OrderKind::is_on_open);
    Shown {
        contract: open.contract.clone(),
        quantity: order.total_quantity.unwrap_or_default(),
        kind,
        // That an order trades on the opening is its kind here.
        time_in_force: if is_on_open { TimeInForce::Day } else { TimeInForce::Day.as_shown(order, None) },
        hours: if order.outside_regular_hours { Hours::Extended } else { Hours::Regular },
        order_id,
        ties,
        extension: order_id.and_then(|_| Extension::shown(order)),
    }
}

/// The kind that an order of the wire has, for the kinds that people give by hand.
fn kind_of(order: &Order) -> Option<OrderKind> {
    let positive = |number: Option<Decimal>| number.filter(|number| *number > Decimal::ZERO);
    let limit = || order.limit_price;
    let trigger = || order.aux_price;
    let is_on_open = order.time_in_force == Some(Word::AtOpening);
    Some(match &order.order_type {
        OrderType::Market if is_on_open => OrderKind::MarketOnOpen,
        OrderType::Limit if is_on_open => OrderKind::LimitOnOpen { limit_price: limit()? },
        OrderType::Market => OrderKind::Market,
        OrderType::Limit => OrderKind::Limit { limit_price: limit()? },
        OrderType::Stop => OrderKind::Stop { stop_price: trigger()? },
        OrderType::StopLimit => OrderKind::StopLimit { stop_price: trigger()?, limit_price: limit()? },
        OrderType::MarketIfTouched => OrderKind::MarketIfTouched { trigger_price: trigger()? },
        OrderType::LimitIfTouched => OrderKind::LimitIfTouched { trigger_price: trigger()?, limit_price: limit()? },
        OrderType::MarketOnClose => OrderKind::MarketOnClose,
        OrderType::LimitOnClose => OrderKind::LimitOnClose { limit_price: limit()? },
        OrderType::MarketToLimit => OrderKind::MarketToLimit,
        OrderType::Trail => {
            let amount = positive(order.aux_price).map(Distance::Amount);
            let distance = positive(order.trailing_percent).map(Distance::Percent).or(amount)?;
            OrderKind::Trail { distance, stop_price: positive(order.trail_stop_price) }
        }
        _ => return None,
    })
}
