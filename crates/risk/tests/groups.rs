//! What the gate counts of orders that are tied to each other once they are placed.

use order::OcaEffect::{CancelWithBlock, ReduceWithBlock, ReduceWithoutBlock};
use order::{
    Bracket, BrokerEvent, Change, ChangeError, Event, Hours, Instance, Intent, IntentId, OcaEffect, OneCancelsAll,
    OrderKind, Orders, Side, Submission, SubmitError, TimeInForce, Timestamp, Tracked,
};
use position::{Adjustment, Instrument, Ledger};
use risk::{AllowList, Equity, Limits, Quote, RiskGate};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::Status;
use tws_proto::message::OpenOrder;
use tws_proto::order_state::OrderState;

const ID: ContractId = ContractId(8314);

/// IBM at 100, of which an account holds some.
struct Scene {
    gate: RiskGate,
    ledger: Ledger,
    orders: Orders,
}

impl Scene {
    fn new(held: i64, change: impl FnOnce(&mut Limits)) -> Self {
        let plenty = Some(Decimal::from(1_000_000));
        let mut limits = Limits {
            accounts: ["DU1".to_owned()].into(),
            symbols: AllowList::Any,
            security_types: AllowList::Any,
            order_quantity_max: plenty,
            order_value_max: plenty,
            position_max: plenty,
            duplicate_window_ms: 1,
            ..Limits::default()
        };
        change(&mut limits);
        let mut gate = RiskGate::new(limits).unwrap(); // sound limits
        gate.quote(ID, Quote { last: Some(Decimal::ONE_HUNDRED), ..Quote::default() }, Timestamp(0));
        let equity = Equity { amount: Decimal::ONE, currency: "USD".to_owned(), rates: [].into() };
        gate.equity("DU1", equity, Timestamp(0));
        let mut ledger = Ledger::default();
        let adjustment = Adjustment {
            account: "DU1".to_owned(),
            instrument: Instrument::stock(ID, "IBM", "USD"),
            quantity: held.into(),
            average_cost: Decimal::ONE_HUNDRED,
            reason: "given".to_owned(),
            time_us: 0,
        };
        ledger.adjust(&adjustment).unwrap(); // it fits
        ledger.mark(ID, Decimal::ONE_HUNDRED);
        let orders = Orders::new(Instance::new("t1").unwrap(), ClientId(1)); // a sound name
        Self { gate, ledger, orders }
    }

    /// As `new`, and the loss of the day is reached: only what makes a position smaller passes.
    fn lost(held: i64) -> Self {
        let mut scene = Self::new(held, |limits| limits.daily_loss_max = Some(Decimal::ONE));
        let _ = scene.gate.look_at_losses(&scene.ledger, Timestamp(0));
        scene.ledger.mark(ID, Decimal::from(50));
        scene
    }

    fn submit(&mut self, submission: impl Into<Submission>) -> Result<(), &'static str> {
        let now = Timestamp(0);
        match self.orders.submit(submission.into(), &self.gate.at(now, &self.ledger), now) {
            Ok(_) => Ok(()),
            Err(SubmitError::Refused(refusal)) => Err(refusal.control()),
            Err(other) => panic!("{other}"),
        }
    }

    /// Places before anything is lost.
    fn place(&mut self, submission: impl Into<Submission>) {
        let now = Timestamp(0);
        let free = Self::new(0, |_| ()).gate;
        let _ = self.orders.submit(submission.into(), &free.at(now, &self.ledger), now).unwrap(); // nothing is in its way
        let working: Vec<_> = self.orders.live().map(|order| order.order_id).collect();
        for order_id in working {
            self.shown(order_id.0, 1_000 + i64::from(order_id.0));
        }
    }

    /// TWS shows an order as it was sent.
    fn shown(&mut self, order_id: i32, permanent_id: i64) {
        let order_id = OrderId(order_id);
        let Some(Tracked { intent, .. }) = self.orders.by_order_id(order_id).map(|order| order.into_owned()) else {
            panic!("{order_id:?}")
        };
        let mut order = intent.to_order(&Instance::new("t1").unwrap()); // a sound name
        (order.permanent_id, order.client_id) = (Some(PermanentId(permanent_id)), Some(ClientId(1)));
        let state = OrderState { status: Some(Status::Submitted), ..OrderState::default() };
        let open = OpenOrder { order_id, contract: (*intent.contract).clone(), order, state };
        let _ = self.orders.step(Event::Broker(BrokerEvent::OpenOrder(Box::new(open))), Timestamp(1));
    }

    fn change(&mut self, id: u128, change: Change) -> Result<(), &'static str> {
        let now = Timestamp(2);
        match self.orders.change(IntentId(id), change, &self.gate.at(now, &self.ledger), now) {
            Ok(_) => Ok(()),
            Err(ChangeError::Refused(refusal)) => Err(refusal.control()),
            Err(other) => panic!("{other}"),
        }
    }
}

fn sell(id: u128, quantity: i64, kind: OrderKind) -> Intent {
    Intent {
        id: IntentId(id),
        strategy: "mean".into(),
        account: "DU1".into(),
        contract: Contract { contract_id: Some(ID), ..Contract::stock("IBM", "USD") }.into(),
        side: Side::Sell,
        quantity: Decimal::from(quantity),
        kind,
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,
        extension: None,
    }
}

fn limit(price: i64) -> OrderKind {
    OrderKind::Limit { limit_price: price.into() }
}

fn stop(price: i64) -> OrderKind {
    OrderKind::Stop { stop_price: price.into() }
}

fn to_stop(price: i64) -> Change {
    Change { kind: Some(stop(price)), ..Change::default() }
}

/// A profit and a loss of one group.
fn pair(profit: i64, loss: i64, effect: OcaEffect) -> OneCancelsAll {
    OneCancelsAll { legs: vec![sell(1, profit, limit(110)), sell(2, loss, stop(90))], effect }
}

fn bracket() -> Bracket {
    let entry = Intent { side: Side::Buy, ..sell(1, 100, limit(100)) };
    Bracket::new(entry, sell(2, 100, limit(110)), sell(3, 100, stop(90)))
}

#[test]
fn c7_of_a_group_with_block_one_order_counts_beside_a_sale() {
    for (effect, passes) in [(CancelWithBlock, 100), (ReduceWithBlock, 100), (ReduceWithoutBlock, 60)] {
        let mut scene = Scene::lost(200);
        scene.place(pair(100, 40, effect));
        assert_eq!(scene.submit(sell(9, passes + 1, limit(100))), Err("C7"), "{effect:?}");
        assert_eq!(scene.submit(sell(9, passes, limit(100))), Ok(()), "{effect:?}");
    }
}

#[test]
fn c6_of_a_group_with_block_one_order_counts_beside_another() {
    for (effect, passes) in [(CancelWithBlock, 50), (ReduceWithBlock, 50), (ReduceWithoutBlock, 10)] {
        let mut scene = Scene::new(0, |limits| limits.position_max = Some(150.into()));
        scene.place(pair(100, 40, effect));
        assert_eq!(scene.submit(sell(9, passes + 1, limit(100))), Err("C6"), "{effect:?}");
        assert_eq!(scene.submit(sell(9, passes, limit(100))), Ok(()), "{effect:?}");
    }
}

#[test]
fn c6_of_a_group_with_block_one_order_counts_in_the_exposure() {
    for (effect, passes) in [(CancelWithBlock, 44), (ReduceWithBlock, 44), (ReduceWithoutBlock, 4)] {
        // 100 at 110 or 40 at 100, which is what the market pays.
        let mut scene = Scene::new(0, |limits| limits.gross_exposure_max = Some(15_400.into()));
        scene.place(pair(100, 40, effect));
        assert_eq!(scene.submit(sell(9, passes + 1, limit(100))), Err("C6"), "{effect:?}");
        assert_eq!(scene.submit(sell(9, passes, limit(100))), Ok(()), "{effect:?}");
    }
}

#[test]
fn c6_an_order_of_a_group_with_block_is_changed_beside_the_others() {
    let mut scene = Scene::new(0, |limits| {
        limits.position_max = Some(150.into());
        limits.gross_exposure_max = Some(16_500.into());
    });
    scene.place(pair(100, 40, CancelWithBlock));
    let to = |quantity: i64| Change { quantity: Some(quantity.into()), ..Change::default() };
    assert_eq!(scene.change(2, to(151)), Err("C6"));
    assert_eq!(scene.change(2, to(150)), Ok(()), "a group of which no more than 150 fill");
    assert_eq!(scene.submit(sell(9, 1, limit(100))), Err("C6"), "150 on their way");
}

#[test]
fn c6_what_is_two_orders_at_ib_counts_beside_its_group() {
    let mut scene = Scene::new(0, |limits| limits.position_max = Some(250.into()));
    scene.place(pair(100, 40, ReduceWithBlock));
    // IB has made two of the first (R22); whether the other one is in the group is not known.
    scene.shown(1, 2_000);
    assert_eq!(scene.orders.get(IntentId(1)).map(|order| order.permanent_ids.len()), Some(2));
    assert_eq!(scene.submit(sell(9, 11, limit(100))), Err("C6"));
    assert_eq!(scene.submit(sell(9, 10, limit(100))), Ok(()));
}

#[test]
fn c7_a_stop_is_moved_beside_the_other_exit_of_its_position() {
    for effect in [CancelWithBlock, ReduceWithBlock] {
        let mut scene = Scene::lost(100);
        scene.place(pair(100, 100, effect));
        assert_eq!(scene.change(2, to_stop(95)), Ok(()), "{effect:?}");
    }
    let mut scene = Scene::lost(100);
    scene.place(pair(100, 100, ReduceWithoutBlock));
    assert_eq!(scene.change(2, to_stop(95)), Err("C7"), "both may fill");
}

#[test]
fn c7_the_stop_of_a_bracket_is_moved_beside_its_profit() {
    let mut scene = Scene::lost(100);
    scene.place(bracket());
    assert_eq!(scene.change(3, to_stop(95)), Ok(()));
    // A new order finds both of them, which TWS ties without block.
    let mut scene = Scene::lost(250);
    scene.place(bracket());
    assert_eq!(scene.submit(sell(9, 51, limit(101))), Err("C7"));
    assert_eq!(scene.submit(sell(9, 50, limit(101))), Ok(()));
    // What may fill beyond what the exit was is no way out, and nor is what another order leaves nothing of.
    let mut scene = Scene::lost(100);
    scene.place(bracket());
    let more = Change { quantity: Some(101.into()), ..to_stop(95) };
    assert_eq!(scene.change(3, more), Err("C7"));
    scene.place(sell(8, 1, limit(120)));
    assert_eq!(scene.change(3, to_stop(95)), Err("C7"));
}
