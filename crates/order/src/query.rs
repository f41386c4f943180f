//! [`Query`] and [`FillQuery`]: which orders and which fills are asked for.

use smol_str::SmolStr;
use tws_proto::ids::ContractId;

use crate::fills::Execution;
use crate::orders::Orders;
use crate::reference::{IntentId, Owner};
use crate::state::State;
use crate::store::Found;
use crate::time::Timestamp;
use crate::tracked::Tracked;

/// Which orders are asked for: those that fit whatever is said. An empty one fits every order that is not forgotten.
///
/// ```
/// use order::{Query, Standing, Timestamp};
///
/// // The last ten of a strategy that were refused since then.
/// let query = Query {
///     strategy: Some("momentum".into()),
///     standing: Some(Standing::Rejected),
///     from: Some(Timestamp(1_381_152_600_000_000)),
///     most: Some(10),
///     ..Query::default()
/// };
/// # let _ = query;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Whose.
    pub strategy: Option<SmolStr>,
    /// In which account.
    pub account: Option<SmolStr>,
    /// For which contract.
    pub contract_id: Option<ContractId>,
    /// How they stand.
    pub standing: Option<Standing>,
    /// Recorded then or later.
    pub from: Option<Timestamp>,
    /// Recorded before then.
    pub before: Option<Timestamp>,
    /// No more than so many of them, the newest.
    pub most: Option<usize>,
}

/// How an order stands, without the details of its [`State`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It can still trade, as far as anybody knows.
    Live,
    /// It cannot.
    Ended,
    /// [`State::Sent`].
    Sent,
    /// [`State::Working`].
    Working,
    /// [`State::Held`].
    Held,
    /// [`State::Suspended`].
    Suspended,
    /// [`State::Unknown`].
    Unknown,
    /// [`State::Filled`].
    Filled,
    /// [`State::Cancelled`].
    Cancelled,
    /// [`State::Rejected`].
    Rejected,
    /// [`State::Expired`].
    Expired,
    /// [`State::Lost`].
    Lost,
}

impl Standing {
    /// Whether an order in this state stands so.
    #[must_use]
    pub const fn fits(self, state: &State) -> bool {
        match self {
            Self::Live => state.is_live(),
            Self::Ended => !state.is_live(),
            Self::Sent => matches!(state, State::Sent),
            Self::Working => matches!(state, State::Working(_)),
            Self::Held => matches!(state, State::Held),
            Self::Suspended => matches!(state, State::Suspended),
            Self::Unknown => matches!(state, State::Unknown(_)),
            Self::Filled => matches!(state, State::Filled),
            Self::Cancelled => matches!(state, State::Cancelled),
            Self::Rejected => matches!(state, State::Rejected),
            Self::Expired => matches!(state, State::Expired),
            Self::Lost => matches!(state, State::Lost),
        }
    }
}

impl Query {
    /// Whether an order is among those that are asked for, [`most`](Self::most) aside.
    #[must_use]
    pub fn fits(&self, order: &Tracked) -> bool {
        let Self { strategy, account, contract_id, standing, from, before, most: _ } = self;
        fits(strategy.as_ref(), &order.intent.strategy)
            && fits(account.as_ref(), &order.intent.account)
            && contract_id.is_none_or(|id| order.intent.contract.known_id() == Some(id))
            && standing.is_none_or(|standing| standing.fits(&order.state))
            && is_between(order.created_at, *from, *before)
    }
}

/// Which fills are asked for: those that fit whatever is said. An empty one fits every execution that is not forgotten, those
/// of others among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FillQuery {
    /// Of which order of ours.
    pub intent: Option<IntentId>,
    /// Whose.
    pub strategy: Option<SmolStr>,
    /// In which account.
    pub account: Option<SmolStr>,
    /// Of which contract.
    pub contract_id: Option<ContractId>,
    /// Heard of then or later.
    pub from: Option<Timestamp>,
    /// Heard of before then.
    pub before: Option<Timestamp>,
}

impl FillQuery {
    /// Whether an execution is among those that are asked for.
    #[must_use]
    pub fn fits(&self, execution: &Execution) -> bool {
        let Self { intent, strategy, account, contract_id, from, before } = self;
        intent.is_none_or(|intent| execution.intent == Some(intent))
            && strategy.as_ref().is_none_or(|strategy| execution.strategy.as_ref() == Some(strategy))
            && fits(account.as_ref(), &execution.account)
            && contract_id.is_none_or(|id| execution.contract_id == Some(id))
            && is_between(execution.at, *from, *before)
    }
}

/// Whether it is what is asked for, or nothing is.
fn fits<T: PartialEq>(asked: Option<&T>, found: &T) -> bool {
    asked.is_none_or(|asked| asked == found)
}

fn is_between(at: Timestamp, from: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    from.is_none_or(|from| at >= from) && before.is_none_or(|before| at < before)
}

impl Orders {
    /// The orders that are asked for, highest id first: where ids rise with time, as those of a trader do, the newest.
    pub fn find<'a>(&'a self, query: &'a Query) -> impl Iterator<Item = Found<'a>> {
        self.orders.newest().filter(|order| query.fits(order)).take(query.most.unwrap_or(usize::MAX))
    }

    /// The fills that are asked for, by root, oldest first.
    #[must_use]
    pub fn find_fills(&self, query: &FillQuery) -> Vec<(SmolStr, Execution)> {
        let found = self.executions.iter().filter(|(_, execution)| query.fits(execution));
        let mut found: Vec<_> = found.map(|(root, execution)| (SmolStr::from(root), execution.into_owned())).collect();
        found.sort_by_key(|(_, execution)| execution.at); // those of one moment stay by root
        found
    }

    /// The order with this reference on the wire (`orderRef`): ours by what it says, one of others that was taken on by its
    /// own words (R18).
    #[must_use]
    pub fn by_reference(&self, reference: &str) -> Option<Found<'_>> {
        if let Owner::Ours(id) = self.instance.read(reference) {
            return self.orders.get(&id);
        }
        let is_named = |order: &Found<'_>| order.reference.as_deref() == Some(reference) && !reference.is_empty();
        self.orders.newest().find(is_named)
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use tws_proto::Contract;
    use tws_proto::ids::ClientId;

    use super::*;
    use crate::event::{Event, LinkEvent};
    use crate::intent::{Hours, Intent};
    use crate::kind::OrderKind;
    use crate::lifetime::TimeInForce;
    use crate::orders::Gate;
    use crate::passed::PassedLegs;
    use crate::reference::Instance;
    use tws_proto::Side;
    use tws_proto::ids::OrderId;

    struct Open;

    impl Gate for Open {
        type Refusal = std::convert::Infallible;

        fn check(&self, _: &Intent, _: PassedLegs<'_>, _: &Orders) -> Result<(), Self::Refusal> {
            Ok(())
        }
    }

    #[test]
    fn what_is_packed_is_found_as_what_is_not() {
        let mut orders = Orders::new(Instance::new("t1").expect("two letters"), ClientId(1));
        let _ = orders.step(Event::Link(LinkEvent::Ready { next_order_id: OrderId(1) }), Timestamp(0));
        let intents: Vec<IntentId> = (1..=6).map(IntentId).collect();
        for id in &intents {
            let intent = Intent {
                id: *id,
                strategy: if id.0 % 2 == 0 { "even".into() } else { "odd".into() },
                account: "DU1".into(),
                contract: Contract { contract_id: Some(ContractId(5)), ..Contract::stock("IBM", "USD") }.into(),
                side: Side::Buy,
                quantity: Decimal::ONE,
                kind: OrderKind::Market,
                time_in_force: TimeInForce::Day,
                hours: Hours::Regular,
                extension: None,
            };
            let _ = orders.submit(intent.into(), &Open, Timestamp(id.0 as i64)).expect("the gate is open");
        }
        // What never left has ended, and is packed; of six, the third and the fourth live.
        let ended = [1, 2, 5, 6].map(IntentId).to_vec();
        let _ = orders.step(Event::NotSent { intents: ended, reason: String::new() }, Timestamp(10));
        let found =
            |orders: &Orders, query: &Query| orders.find(query).map(|order| order.intent.id.0).collect::<Vec<_>>();
        let even = Query { strategy: Some("even".into()), ..Query::default() };
        let late = Query { contract_id: Some(ContractId(5)), from: Some(Timestamp(3)), ..Query::default() };
        let live = Query { standing: Some(Standing::Sent), most: Some(1), ..Query::default() };
        let check = |orders: &Orders| {
            assert_eq!(found(orders, &Query::default()), [6, 5, 4, 3, 2, 1]);
            assert_eq!(found(orders, &even), [6, 4, 2]);
            assert_eq!(found(orders, &late), [6, 5, 4, 3]);
            assert_eq!(found(orders, &live), [4]);
            for id in &intents {
                let reference = orders.instance.reference(*id);
                assert_eq!(orders.by_reference(&reference).map(|order| order.intent.id), Some(*id));
            }
            assert!(orders.by_reference("").is_none());
        };
        check(&orders);
        orders.pack_ended();
        check(&orders);
    }
}
