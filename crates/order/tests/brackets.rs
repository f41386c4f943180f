//! Groups: one record, one burst, ids in a row (R25, R26).

mod world;

use order::{
    Action, Bracket, Exit, GroupFault, Hedge, Hedged, Input, Intent, Invalid, OcaEffect, OneCancelsAll, OrderKind,
    Side, Submission, SubmitError, Timestamp, Unprotected,
};
use rust_decimal::Decimal;
use tws_proto::ClientMessage;
use tws_proto::kinds::{HedgeType, OcaType};
use tws_proto::message::PlaceOrder;
use world::{Open, book, intent};

fn profit(name: char) -> Intent {
    Intent { side: Side::Sell, kind: OrderKind::Limit { limit_price: 12.into() }, ..intent(name) }
}

fn stop(name: char) -> Intent {
    Intent { side: Side::Sell, kind: OrderKind::Stop { stop_price: 9.into() }, ..intent(name) }
}

fn bracket() -> Bracket {
    Bracket::new(intent('a'), profit('b'), stop('c'))
}

fn any_of(legs: Vec<Intent>) -> OneCancelsAll {
    OneCancelsAll { legs, effect: OcaEffect::CancelWithBlock }
}

/// The one burst that a submission becomes.
fn burst(submission: Submission) -> Vec<PlaceOrder> {
    let mut orders = book();
    let legs: Vec<_> = submission.legs().map(|leg| leg.id).collect();
    let step = orders.submit(submission, &Open, Timestamp(0)).unwrap();
    assert!(
        matches!(step.records.as_slice(), [record] if matches!(record.input, Input::Submitted { .. })),
        "one record"
    );
    let mut bursts = step.actions.iter().filter_map(|action| match action {
        Action::Send(burst) => Some(burst),
        _ => None,
    });
    let burst = bursts.next().unwrap();
    assert!(bursts.next().is_none(), "one burst");
    assert_eq!(burst.places(), legs);
    let messages = burst.clone().into_messages();
    messages
        .into_iter()
        .map(|message| match message {
            ClientMessage::PlaceOrder(place) => *place,
            other => panic!("{other:?} in a burst"),
        })
        .collect()
}

#[test]
fn r25_a_bracket_is_one_burst_that_only_the_last_leg_sets_free() {
    let legs = burst(bracket().into());
    let rows: Vec<_> =
        legs.iter().map(|leg| (leg.order_id.0, leg.order.parent().map(|id| id.0), leg.order.transmit)).collect();
    assert_eq!(rows, [(1, None, false), (2, Some(1), false), (3, Some(1), true)]);
}

#[test]
fn r25_a_changed_leg_keeps_its_parent_and_is_transmitted() {
    let mut world = world::World::new();
    let step = world.orders.submit(bracket().into(), &Open, Timestamp(0)).unwrap();
    let _ = world.keep(step);
    let _ = world.run("open b PreSubmitted p12");
    let change = order::Change { kind: Some(OrderKind::Limit { limit_price: 13.into() }), ..Default::default() };
    let step = world.orders.change(world::id('b'), change, &Open, Timestamp(0)).unwrap();
    let Some(Action::Send(burst)) = step.actions.first() else { panic!("{step:?}") };
    let messages = burst.clone().into_messages();
    let [ClientMessage::PlaceOrder(place)] = messages.as_slice() else { panic!("{burst:?}") };
    assert!(burst.places().is_empty() && place.order.transmit);
    assert_eq!(place.order.parent().map(|id| id.0), Some(1));
    assert_eq!((place.order_id.0, place.order.limit_price), (2, Some(13.into())));
    let _ = world.keep(step);
    world.check_replay();
}

#[test]
fn r26_a_group_of_one_cancels_all_has_a_name_of_its_own() {
    let group = |names: [char; 2]| burst(any_of(names.map(intent).to_vec()).into());
    let (one, other) = (group(['a', 'b']), group(['c', 'd']));
    assert!(
        one.iter().chain(&other).all(|leg| leg.order.oca_type == Some(OcaType::CancelWithBlock) && leg.order.transmit)
    );
    let names = |legs: &[PlaceOrder]| legs.iter().map(|leg| leg.order.oca_group.clone()).collect::<Vec<_>>();
    let (one, other) = (names(&one), names(&other));
    assert!(!one[0].is_empty() && one[0] == one[1] && other[0] == other[1] && one[0] != other[0], "{one:?} {other:?}");
}

/// Pairs of exits of these quantities, called `b` and `c`, `d` and `e`, and so on.
fn scale_out(quantities: &[u32]) -> Vec<Exit> {
    let mut names = 'b'..;
    let mut exit = |quantity: u32| {
        let (profit, stop) = (profit(names.next().unwrap()), stop(names.next().unwrap()));
        Exit {
            take_profit: Some(Intent { quantity: quantity.into(), ..profit }),
            stop_loss: Some(Intent { quantity: quantity.into(), ..stop }),
        }
    };
    quantities.iter().map(|quantity| exit(*quantity)).collect()
}

#[test]
fn r25_scale_out_is_one_burst_of_pairs_each_a_group_of_its_own() {
    let bracket = Bracket { entry: intent('a'), exits: scale_out(&[30, 70]), unprotected: Unprotected::Flatten };
    let legs = burst(bracket.into());
    let rows: Vec<_> = legs
        .iter()
        .map(|leg| (leg.order_id.0, leg.order.parent().map(|id| id.0), leg.order.transmit, leg.order.total_quantity))
        .collect();
    let row = |id, parent, transmit, quantity: u32| (id, parent, transmit, Some(Decimal::from(quantity)));
    assert_eq!(
        rows,
        [
            row(1, None, false, 100),
            row(2, Some(1), false, 30),
            row(3, Some(1), false, 30),
            row(4, Some(1), false, 70),
            row(5, Some(1), true, 70),
        ]
    );
    let groups: Vec<&str> = legs.iter().map(|leg| leg.order.oca_group.as_str()).collect();
    assert!(groups[0].is_empty() && !groups[1].is_empty(), "{groups:?}");
    assert!(groups[1] == groups[2] && groups[3] == groups[4] && groups[1] != groups[3], "{groups:?}");
    assert!(legs[1..].iter().all(|leg| leg.order.oca_type == Some(OcaType::ReduceWithBlock)));
}

#[test]
fn r26_the_type_of_a_group_is_what_was_wanted() {
    for (effect, expected) in [
        (OcaEffect::CancelWithBlock, OcaType::CancelWithBlock),
        (OcaEffect::ReduceWithBlock, OcaType::ReduceWithBlock),
        (OcaEffect::ReduceWithoutBlock, OcaType::ReduceWithoutBlock),
    ] {
        let legs = burst(OneCancelsAll { legs: vec![intent('a'), intent('b')], effect }.into());
        assert!(legs.iter().all(|leg| leg.order.oca_type == Some(expected)), "{effect:?}");
    }
}

#[test]
fn r25_a_chain_hangs_each_order_on_the_one_before() {
    let legs = burst(Submission::Chain(vec![intent('a'), intent('b'), intent('c')]));
    let rows: Vec<_> = legs.iter().map(|leg| (leg.order.parent().map(|id| id.0), leg.order.transmit)).collect();
    assert_eq!(rows, [(None, false), (Some(1), false), (Some(2), true)]);
}

#[test]
fn r25_a_hedge_is_a_child_that_tws_sizes() {
    for (by, kind, parameter) in [
        (Hedge::Delta, HedgeType::Delta, ""),
        (Hedge::Beta("1.50".parse().unwrap()), HedgeType::Beta, "1.5"),
        (Hedge::Currency, HedgeType::Currency, ""),
        (Hedge::Pair(2.into()), HedgeType::Pair, "2"),
    ] {
        let hedge = Intent { side: Side::Sell, kind: OrderKind::Market, ..intent('b') };
        let legs = burst(Hedged { entry: intent('a'), hedge, by }.into());
        let order = &legs[1].order;
        assert_eq!((order.parent().map(|id| id.0), order.transmit), (Some(1), true));
        assert_eq!((order.hedge_type.clone(), order.hedge_parameter.as_str()), (Some(kind), parameter));
        assert_eq!(order.total_quantity, Some(Decimal::ZERO), "TWS finds the size");
    }
}

#[test]
fn p22_groups_of_old_journals_are_read() {
    let entry = serde_json::to_value(intent('a')).unwrap();
    let (profit, stop) = (serde_json::to_value(profit('b')).unwrap(), serde_json::to_value(stop('c')).unwrap());
    let old = serde_json::json!({"bracket": {"entry": entry, "take_profit": profit, "stop_loss": stop}});
    assert_eq!(serde_json::from_value::<Submission>(old).unwrap(), bracket().into());
    let old = serde_json::json!({"one_cancels_all": [entry, profit]});
    let expected = any_of(vec![intent('a'), self::profit('b')]);
    assert_eq!(serde_json::from_value::<Submission>(old).unwrap(), expected.clone().into());
    for submission in [Submission::from(bracket()), expected.into()] {
        let text = serde_json::to_string(&submission).unwrap();
        assert_eq!(serde_json::from_str::<Submission>(&text).unwrap(), submission);
    }
}

#[test]
fn nothing_is_taken_of_a_group_with_a_bad_or_refused_leg() {
    #[track_caller]
    fn check(submission: impl Into<Submission>, expected: GroupFault) {
        let mut orders = book();
        let refused = orders.submit(submission.into(), &Open, Timestamp(0));
        assert_eq!(refused.unwrap_err(), SubmitError::Invalid(Invalid::Group(expected)));
        assert_eq!(orders, book());
    }
    let with = |mend: fn(&mut Bracket)| {
        let mut bracket = bracket();
        mend(&mut bracket);
        bracket
    };
    let bad_stop = |mend: fn(&mut Intent)| {
        let mut leg = stop('c');
        mend(&mut leg);
        Bracket::new(intent('a'), profit('b'), leg)
    };
    let bad_profit = |mend: fn(&mut Intent)| {
        let mut leg = profit('b');
        mend(&mut leg);
        Bracket::new(intent('a'), leg, stop('c'))
    };
    check(bad_stop(|leg| leg.account = "DU2".into()), GroupFault::Mixed);
    check(bad_profit(|leg| leg.strategy = "t".into()), GroupFault::Mixed);
    check(bad_profit(|leg| leg.contract_mut().symbol = "X".to_owned()), GroupFault::Mixed);
    check(bad_stop(|leg| leg.side = Side::Buy), GroupFault::SameSide);
    check(bad_stop(|leg| leg.quantity = Decimal::ONE), GroupFault::Quantity);
    check(bad_profit(|leg| leg.kind = OrderKind::Market), GroupFault::Kinds);
    check(bad_stop(|leg| leg.kind = OrderKind::Market), GroupFault::Kinds);
    check(bad_stop(|leg| leg.kind = OrderKind::Stop { stop_price: 11.into() }), GroupFault::Prices);
    check(bad_profit(|leg| leg.kind = OrderKind::Limit { limit_price: 10.into() }), GroupFault::Prices);
    check(bad_stop(|leg| leg.id = world::id('a')), GroupFault::Ids);
    check(with(|b| b.exits.clear()), GroupFault::Size);
    check(with(|b| b.exits[0] = Exit { take_profit: None, stop_loss: None }), GroupFault::Size);
    check(with(|b| b.exits = scale_out(&[30, 60])), GroupFault::Quantity);
    check(any_of(vec![]), GroupFault::Size);
    check(any_of(vec![intent('a')]), GroupFault::Size);
    check(any_of(('a'..='k').map(intent).collect()), GroupFault::Size);
    check(any_of(vec![intent('a'), Intent { account: "DU2".into(), ..intent('b') }]), GroupFault::Mixed);
    check(Submission::Chain(vec![intent('a')]), GroupFault::Size);
}

/// Lets through what buys.
struct BuysOnly;

impl order::Gate for BuysOnly {
    type Refusal = Side;

    fn check(&self, intent: &Intent, _: order::PassedLegs<'_>, _: &order::Orders) -> Result<(), Side> {
        if intent.side == Side::Buy { Ok(()) } else { Err(intent.side) }
    }
}

#[test]
fn a_leg_that_the_gate_refuses_takes_the_others_with_it() {
    let mut orders = book();
    let refused = orders.submit(bracket().into(), &BuysOnly, Timestamp(0));
    assert_eq!(refused.unwrap_err(), SubmitError::Refused(Side::Sell));
    assert_eq!(orders, book());
}

#[test]
fn an_id_is_used_once_and_ids_end() {
    let mut world = world::World::new();
    assert_eq!(world.run("place a"), "a sent working 100; place 1 100 at 10");
    assert!(world.run("place a").starts_with("refused: intent"));
    let _ = world.run("link ready n1073741821");
    let refused = world.orders.submit(Bracket::new(intent('d'), profit('e'), stop('f')).into(), &Open, Timestamp(0));
    assert!(refused.is_ok(), "the last three ids are {:?}", refused);
    assert_eq!(world.orders.next_order_id().0, order::orders::ORDER_ID_MAX + 1);
    assert!(world.run("place g").starts_with("refused: order ids are exhausted"));
}
