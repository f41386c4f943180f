//! Groups: one record, one burst, ids in a row (R25, R26).

mod world;

use order::{Action, Bracket, GroupFault, Input, Intent, Invalid, OrderKind, Side, Submission, SubmitError, Timestamp};
use rust_decimal::Decimal;
use tws_proto::ClientMessage;
use tws_proto::kinds::OcaType;
use tws_proto::message::PlaceOrder;
use world::{Open, book, intent};

fn bracket() -> Bracket {
    let exit = |name, kind| Intent { side: Side::Sell, kind, ..intent(name) };
    Bracket {
        entry: intent('a'),
        take_profit: exit('b', OrderKind::Limit { limit_price: 12.into() }),
        stop_loss: exit('c', OrderKind::Stop { stop_price: 9.into() }),
    }
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
    assert_eq!(burst.places, legs);
    burst
        .messages
        .iter()
        .map(|message| match message {
            ClientMessage::PlaceOrder(place) => (**place).clone(),
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
    let [ClientMessage::PlaceOrder(place)] = burst.messages.as_slice() else { panic!("{burst:?}") };
    assert!(burst.places.is_empty() && place.order.transmit);
    assert_eq!(place.order.parent().map(|id| id.0), Some(1));
    assert_eq!((place.order_id.0, place.order.limit_price), (2, Some(13.into())));
    let _ = world.keep(step);
    world.check_replay();
}

#[test]
fn r26_a_group_of_one_cancels_all_has_a_name_of_its_own() {
    let group = |names: [char; 2]| burst(Submission::OneCancelsAll(names.map(intent).to_vec()));
    let (one, other) = (group(['a', 'b']), group(['c', 'd']));
    assert!(
        one.iter().chain(&other).all(|leg| leg.order.oca_type == Some(OcaType::CancelWithBlock) && leg.order.transmit)
    );
    let names = |legs: &[PlaceOrder]| legs.iter().map(|leg| leg.order.oca_group.clone()).collect::<Vec<_>>();
    let (one, other) = (names(&one), names(&other));
    assert!(!one[0].is_empty() && one[0] == one[1] && other[0] == other[1] && one[0] != other[0], "{one:?} {other:?}");
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
    check(with(|b| b.stop_loss.account = "DU2".to_owned()), GroupFault::Mixed);
    check(with(|b| b.take_profit.strategy = "t".to_owned()), GroupFault::Mixed);
    check(with(|b| b.take_profit.contract.symbol = "X".to_owned()), GroupFault::Mixed);
    check(with(|b| b.stop_loss.side = Side::Buy), GroupFault::SameSide);
    check(with(|b| b.stop_loss.quantity = Decimal::ONE), GroupFault::Quantity);
    check(with(|b| b.take_profit.kind = OrderKind::Market), GroupFault::Kinds);
    check(with(|b| b.stop_loss.kind = OrderKind::Market), GroupFault::Kinds);
    check(with(|b| b.stop_loss.kind = OrderKind::Stop { stop_price: 11.into() }), GroupFault::Prices);
    check(with(|b| b.take_profit.kind = OrderKind::Limit { limit_price: 10.into() }), GroupFault::Prices);
    check(with(|b| b.stop_loss.id = b.entry.id), GroupFault::Ids);
    check(Submission::OneCancelsAll(vec![]), GroupFault::Size);
    check(Submission::OneCancelsAll(vec![intent('a')]), GroupFault::Size);
    check(Submission::OneCancelsAll(('a'..='k').map(intent).collect()), GroupFault::Size);
}

/// Lets through what buys.
struct BuysOnly;

impl order::Gate for BuysOnly {
    type Refusal = Side;

    fn check(&self, intent: &Intent, _: &order::Orders) -> Result<(), Side> {
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
    let refused = world.orders.submit(
        Bracket {
            entry: intent('d'),
            take_profit: Intent { id: world::id('e'), ..bracket().take_profit },
            stop_loss: Intent { id: world::id('f'), ..bracket().stop_loss },
        }
        .into(),
        &Open,
        Timestamp(0),
    );
    assert!(refused.is_ok(), "the last three ids are {:?}", refused);
    assert_eq!(world.orders.next_order_id().0, order::orders::ORDER_ID_MAX + 1);
    assert!(world.run("place g").starts_with("refused: order ids are exhausted"));
}
