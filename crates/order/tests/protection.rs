//! Positions that lose their stops: whatever happens, no more is placed for them than is left of them (R25).

mod world;

use order::{
    Bracket, BrokerEvent, Distance, Event, Exit, Extension, Instance, Intent, OrderKind, Orders, PriceStep,
    Replacement, Revenant, Side, Terms, TimeInForce, Timestamp, Tracked, Unprotected,
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId};
use tws_proto::kinds::OrderType;
use tws_proto::message::OpenOrder;
use tws_proto::order_state::OrderState;
use tws_proto::{Contract, Order};
use world::{Open, World, id, intent};

fn exit(profit: char, stop: char, quantity: u32) -> Exit {
    let leg = |name, kind| Intent { side: Side::Sell, quantity: quantity.into(), kind, ..intent(name) };
    Exit {
        take_profit: Some(leg(profit, OrderKind::Limit { limit_price: 12.into() })),
        stop_loss: Some(leg(stop, OrderKind::Stop { stop_price: 9.into() })),
    }
}

/// A world with a bracket of two exits, the stops of which are placed anew where they are lost.
fn two_exits() -> World {
    let mut world = World::new();
    let exits = vec![exit('b', 'c', 40), exit('d', 'e', 60)];
    let bracket = Bracket { entry: intent('a'), exits, unprotected: Unprotected::Protect };
    let step = world.orders.submit(bracket.into(), &Open, world.now).unwrap();
    let _ = world.keep(step);
    for (name, quantity) in [('a', 100), ('b', 40), ('c', 40), ('d', 60), ('e', 60)] {
        world.run(&format!("open {name} Submitted q{quantity}"));
    }
    world
}

fn run(world: &mut World, lines: &[&str]) -> String {
    lines.iter().map(|line| world.run(line) + "\n").collect()
}

fn closed(order: &Tracked) -> Decimal {
    order.filled.max(order.told.filled)
}

/// What stays open of an order of which nobody wants the end.
fn open(orders: &Orders, name: char) -> Decimal {
    let Some(order) = orders.get(id(name)) else { return Decimal::ZERO };
    let stays = order.state.is_live() && order.cancel.is_none();
    if stays { order.intent.quantity - closed(&order) } else { Decimal::ZERO }
}

fn closed_of(orders: &Orders, name: char) -> Decimal {
    orders.get(id(name)).map_or(Decimal::ZERO, |order| closed(&order))
}

/// Names of what is placed for the position.
const PROTECTIONS: std::ops::RangeInclusive<char> = 'f'..='z';

fn position(orders: &Orders) -> Decimal {
    let exits = ('b'..='e').chain(PROTECTIONS).map(|name| closed_of(orders, name));
    closed_of(orders, 'a') - exits.sum::<Decimal>()
}

/// Stops and what was placed for them never sell more than is held; what a take profit has sold, TWS takes from its stop.
fn check_stops(orders: &Orders) {
    let placed: Decimal = PROTECTIONS.map(|name| open(orders, name)).sum();
    let rest = |profit, stop, size: u32| {
        open(orders, stop).min(Decimal::from(size) - closed_of(orders, profit) - closed_of(orders, stop))
    };
    let stops = rest('b', 'c', 40).max(Decimal::ZERO) + rest('d', 'e', 60).max(Decimal::ZERO);
    let held = position(orders).max(Decimal::ZERO);
    assert!(placed.is_zero() || placed + stops <= held, "{placed} placed, {stops} in stops, {held} held");
}

/// One event that an honest broker, an owner or the clock can bring about.
fn happen(world: &mut World, (what, which, quantity): (u8, u8, u32), count: usize) {
    let names: Vec<char> = ('a'..='z').filter(|name| world.orders.get(id(*name)).is_some()).collect();
    let name = names[usize::from(which) % names.len()];
    let order = world.orders.get(id(name)).unwrap().into_owned();
    let mut rest = order.intent.quantity - closed(&order);
    if name != 'a' {
        rest = rest.min(position(&world.orders));
    }
    let quantity = Decimal::from(quantity).min(rest);
    let line = match what {
        0..=2 if order.state.is_live() && quantity > Decimal::ZERO => format!("exec {name} @r{count}.01 q{quantity}"),
        3..=4 if order.state.is_live() => format!("status {name} Cancelled"),
        5 if order.state.is_live() => format!("open {name} Submitted q{}", order.intent.quantity),
        6 if which == 0 => format!("cancel {name}"),
        7 if which == 0 => "link lost".to_owned(),
        7 => "link ready".to_owned(),
        8 => "wait 600".to_owned(),
        9 => "wait 6000".to_owned(),
        _ => {
            let next = PROTECTIONS.into_iter().find(|name| world.orders.get(id(*name)).is_none());
            next.map_or_else(|| "wait 1".to_owned(), |next| format!("protect {next}"))
        }
    };
    world.run(&line);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn r25_no_more_is_protected_than_is_held(events in prop::collection::vec((0_u8..13, 0_u8..12, 1_u32..101), 1..60)) {
        let mut world = two_exits();
        for (count, event) in events.into_iter().enumerate() {
            happen(&mut world, event, count);
            check_stops(&world.orders);
        }
        world.check_replay();
    }
}

#[test]
fn r25_a_stop_of_the_bracket_counts_beside_what_was_placed() {
    let mut world = two_exits();
    let out =
        run(&mut world, &["exec a @x.01 q100", "status c Cancelled", "wait 600", "protect f", "open f Submitted q40"]);
    assert!(out.contains("protect 40 for c"), "{out}");
    // The take profit of the stop that was lost fills before its cancel.
    let out = run(&mut world, &["exec b @y.01 q40"]);
    assert!(out.contains("cancel 6"), "60 are held, and the other stop sells them: {out}");
    let out = run(&mut world, &["status b Filled", "status f Cancelled", "wait 6000"]);
    assert!(!out.contains("protect"), "{out}");
}

#[test]
fn r25_a_position_is_protected_although_the_clock_was_set_back() {
    let mut world = World::new();
    world.now.0 += 7_200_000_000;
    let lost = ["bracket a protect", "open a Submitted", "open c PreSubmitted", "exec a @x.01", "status c Cancelled"];
    run(&mut world, &lost);
    world.now.0 -= 3_600_000_000; // the next run begins an hour earlier by its wall clock
    let out = run(&mut world, &["link lost", "link ready", "wait 1"]);
    assert!(out.contains("protect 100 for c"), "{out}");
    world.now.0 -= 3_600_000_000;
    let out = run(&mut world, &["link lost", "link ready", "wait 1"]);
    assert!(out.contains("protect 100 for c"), "what was asked for in vain is asked for again: {out}");
    let out = run(&mut world, &["wait 4000"]);
    assert!(!out.contains("protect 100"), "{out}");
    world.check_replay();
}

#[test]
fn r25_books_of_before_have_no_protections() {
    let mut world = two_exits();
    run(&mut world, &["exec a @x.01 q100", "status c Cancelled", "wait 600", "protect f"]);
    let mut stored = serde_json::to_value(&world.orders).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("stand_ins").is_some());
    let groups = stored["groups"].as_object_mut().unwrap();
    for group in groups.values_mut() {
        assert!(group.as_object_mut().unwrap().remove("protections").is_some());
    }
    world.orders = serde_json::from_value(stored).unwrap();
    assert_eq!(world.orders.get(id('f')).unwrap().in_place_of, Some(id('c')));
    let out = run(&mut world, &["open f Submitted q40", "wait 6000"]);
    assert!(!out.contains("protect"), "what stands in a stop's place is known without them: {out}");
    let out = run(&mut world, &["status e Cancelled", "wait 600"]);
    assert!(out.contains("protect 60 for e"), "{out}");
}

/// A world with a bracket whose second exit only takes a profit, held in full.
fn a_runner_without_a_stop() -> World {
    let mut world = World::new();
    let runner = Exit { stop_loss: None, ..exit('d', 'e', 60) };
    let bracket =
        Bracket { entry: intent('a'), exits: vec![exit('b', 'c', 40), runner], unprotected: Unprotected::Flatten };
    let step = world.orders.submit(bracket.into(), &Open, world.now).unwrap();
    let _ = world.keep(step);
    for (name, quantity) in [('a', 100), ('b', 40), ('c', 40), ('d', 60)] {
        world.run(&format!("open {name} Submitted q{quantity}"));
    }
    world.run("exec a @x.01 q100");
    world
}

#[test]
fn r25_a_part_that_was_to_have_no_stop_is_not_missing_one() {
    for first in [["exec b @y.01 q40", "status c Cancelled"], ["exec c @y.01 q40", "status b Cancelled"]] {
        let mut world = a_runner_without_a_stop();
        let out = run(&mut world, &[first[0], first[1], "wait 600", "wait 6000"]);
        assert!(!out.contains("alarm") && !out.contains("cancel 4"), "{first:?}: {out}");
    }
    // What the first exit has left has lost its stop all the same, and no more than that.
    let mut world = a_runner_without_a_stop();
    let out = run(&mut world, &["exec b @y.01 q10", "status c Cancelled", "wait 600"]);
    assert!(out.contains("alarm Unprotected; flatten 30 for c"), "{out}");
    // And what was placed for it is no part of the other one.
    let out = run(&mut world, &["protect f", "exec f @z.01 q30", "status b Cancelled", "wait 600", "wait 6000"]);
    assert!(!out.contains("flatten"), "{out}");
    world.check_replay();
}

/// Places an order that sells in the place of another one.
fn replace(world: &mut World, of: char, by: char, quantity: u32, kind: OrderKind) {
    let intent = Intent { side: Side::Sell, quantity: quantity.into(), kind, ..intent(by) };
    let replacement = Replacement { of: id(of), intent, revenant: Revenant::Cancel };
    let step = world.orders.submit(replacement.into(), &Open, world.now).unwrap();
    let _ = world.keep(step);
    world.run(&format!("open {by} Submitted q{quantity}"));
}

#[test]
fn r25_a_new_profit_that_its_owner_cancels_waives_no_stop() {
    let mut world = two_exits();
    run(&mut world, &["exec a @x.01 q100", "status b Cancelled"]);
    replace(&mut world, 'b', 'f', 40, OrderKind::Limit { limit_price: 13.into() });
    let out = run(&mut world, &["cancel f", "status f Cancelled", "status c Cancelled", "wait 600"]);
    assert!(out.contains("alarm Unprotected; protect 40 for c"), "{out}");
    world.check_replay();
}

#[test]
fn r25_a_stop_that_its_owner_cancels_waives_no_other() {
    let mut world = two_exits();
    let out = run(&mut world, &["exec a @x.01 q100", "cancel c", "status c Cancelled", "wait 600"]);
    assert!(!out.contains("Unprotected"), "{out}");
    let out = run(&mut world, &["status e Cancelled", "wait 600"]);
    assert!(out.contains("alarm Unprotected; protect 60 for e"), "{out}");
    // Who cancels what was placed for it wants none.
    let out = run(&mut world, &["protect f", "open f Submitted q60", "cancel f", "status f Cancelled", "wait 6000"]);
    assert!(out.contains("cancel of f is done") && !out.contains("protect 60"), "{out}");
    world.check_replay();
}

#[test]
fn r25_who_cancels_what_was_placed_for_several_stops_wants_none_of_them() {
    let mut world = two_exits();
    let out = run(&mut world, &["exec a @x.01 q100", "status c Cancelled", "status e Cancelled", "wait 600"]);
    assert!(out.contains("alarm Unprotected; protect 100 for c"), "{out}");
    let out = run(&mut world, &["protect f", "open f Submitted", "cancel f", "status f Cancelled", "wait 6000"]);
    assert!(!out.contains("alarm") && !out.contains("protect 60"), "{out}");
    world.check_replay();
}

#[test]
fn r25_a_stop_in_the_place_of_one_that_its_owner_cancelled_is_missed() {
    let mut world = two_exits();
    run(&mut world, &["exec a @x.01 q100", "cancel c", "status c Cancelled"]);
    replace(&mut world, 'c', 'f', 40, OrderKind::Stop { stop_price: 8.into() });
    let out = run(&mut world, &["wait 600", "status f Cancelled", "wait 600"]);
    assert!(out.contains("alarm Unprotected"), "{out}");
    world.check_replay();
}

#[test]
fn r25_books_of_before_waive_all_stops_or_none() {
    for (is_waived, is_missed) in [(true, false), (false, true)] {
        let mut world = two_exits();
        run(&mut world, &["exec a @x.01 q100"]);
        let mut stored = serde_json::to_value(&world.orders).unwrap();
        for group in stored["groups"].as_object_mut().unwrap().values_mut() {
            group["is_waived"] = is_waived.into();
        }
        world.orders = serde_json::from_value(stored).unwrap();
        let out = run(&mut world, &["status c Cancelled", "wait 600"]);
        assert_eq!(out.contains("Unprotected"), is_missed, "{out}");
    }
}

#[test]
fn r25_a_pair_that_has_its_stop_keeps_its_profit_when_another_has_lost_its_own() {
    let mut world = two_exits();
    let out = run(&mut world, &["exec a @x.01 q100", "status c Cancelled", "wait 600"]);
    assert!(out.contains("cancel 2; alarm Unprotected; protect 40 for c") && !out.contains("cancel 4"), "{out}");
    // The other one's goes as soon as its stop has, although the first is still to be protected.
    let out = run(&mut world, &["status e Cancelled", "wait 6000"]);
    assert!(out.contains("cancel 4") && out.contains("protect 100 for c"), "{out}");
    world.check_replay();
}

#[test]
fn r25_a_new_profit_is_cancelled_with_the_bracket_it_belongs_to() {
    let mut world = two_exits();
    run(&mut world, &["exec a @x.01 q100", "status b Cancelled"]);
    replace(&mut world, 'b', 'f', 40, OrderKind::Limit { limit_price: 13.into() });
    let out = run(&mut world, &["status c Cancelled", "wait 600"]);
    assert!(out.contains("cancel 6; alarm Unprotected; protect 40 for c"), "{out}");
    world.check_replay();
}

/// The broker shows where the stop `c` of this kind has trailed to.
fn show_trailed(world: &mut World, to: &str) {
    let order = world.orders.get(id('c')).unwrap().into_owned();
    let shown = Order {
        account: order.intent.account.to_string(),
        client_id: Some(ClientId(1)),
        permanent_id: Some(world::number('c')),
        order_reference: Instance::new("t1").unwrap().reference(id('c')),
        order_type: order.intent.kind.order_type(),
        total_quantity: Some(order.intent.quantity),
        aux_price: Some(2.into()),
        limit_price_offset: Some(Decimal::ONE),
        trail_stop_price: Some(to.parse().unwrap()),
        ..Order::market(Side::Sell.action(), order.intent.quantity)
    };
    let contract = Contract::clone(&order.intent.contract);
    let state = OrderState { status: Some("Submitted".into()), ..OrderState::default() };
    let open = OpenOrder { order_id: order.order_id, contract, order: shown, state };
    let _ = world.happen(Event::Broker(BrokerEvent::OpenOrder(Box::new(open))));
}

#[test]
fn r25_a_trailing_stop_is_placed_anew_where_it_had_trailed_to() {
    let distance = Distance::Amount(2.into());
    let trail = |stop_price: Option<Decimal>| OrderKind::Trail { distance, stop_price };
    let limit = |stop_price| OrderKind::TrailLimit { distance, stop_price, limit_offset: Decimal::ONE };
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    for (kind, shown, expected) in [
        (trail(Some(8.into())), "11.25", trail(Some(decimal("11.25")))),
        (trail(None), "11.25", trail(Some(decimal("11.25")))),
        (limit(8.into()), "11.25", limit(decimal("11.25"))),
        // What no exchange would take is rounded towards the market.
        (trail(None), "11.2513", trail(Some(decimal("11.26")))),
        (trail(Some(8.into())), "0", trail(Some(8.into()))),
    ] {
        let mut world = World::new();
        let terms =
            Terms { price_steps: vec![PriceStep { from: Decimal::ZERO, step: decimal("0.01") }], ..Terms::default() };
        let step = world.orders.learn(ContractId(8314), terms, world.now);
        let _ = world.keep(step);
        let mut pair = exit('b', 'c', 100);
        pair.stop_loss.as_mut().unwrap().kind = kind;
        let bracket = Bracket { entry: intent('a'), exits: vec![pair], unprotected: Unprotected::Protect };
        let step = world.orders.submit(bracket.into(), &Open, world.now).unwrap();
        let _ = world.keep(step);
        world.run("exec a @x.01 q100");
        show_trailed(&mut world, shown);
        let step = world.orders.step(Event::Broker(world.broker(&["status", "c", "Cancelled"])), world.now);
        let _ = world.keep(step);
        world.run("wait 600");
        let placed = world.protection.clone().unwrap().intent;
        assert_eq!((placed.kind, placed.quantity), (expected, 100.into()));
        assert!(!world.run("protect f").contains("refused"));
        world.check_replay();
    }
}

#[test]
fn r25_a_stop_whose_date_is_over_does_not_keep_its_position_from_protection() {
    for (unprotected, expected) in
        [(Unprotected::Protect, OrderKind::Stop { stop_price: 9.into() }), (Unprotected::Flatten, OrderKind::Market)]
    {
        let mut world = World::new();
        let mut pair = exit('b', 'c', 100);
        let until = Timestamp(world.now.0 + 60_000_000);
        pair.stop_loss.as_mut().unwrap().time_in_force = TimeInForce::GoodTillDate(until);
        let bracket = Bracket { entry: intent('a'), exits: vec![pair], unprotected };
        let step = world.orders.submit(bracket.into(), &Open, world.now).unwrap();
        let _ = world.keep(step);
        run(&mut world, &["exec a @x.01 q100", "wait 60000", "notice c 202", "wait 600"]);
        let out = world.run("protect f");
        assert!(out.contains("f sent working 100; place 4 100"), "{out}");
        let placed = world.orders.get(id('f')).unwrap().into_owned().intent;
        assert_eq!((placed.kind, placed.time_in_force), (expected, TimeInForce::Day));
        world.check_replay();
    }
}

#[test]
fn r25_what_closes_a_position_at_once_waits_for_nothing_that_its_stop_waited_for() {
    let adjustable = Extension::new(|order| {
        order.adjusted_order_type = Some(OrderType::Trail);
        order.trigger_price = Some(11.into());
        order.advisor_group = "all".to_owned();
        order.clearing_account = "elsewhere".to_owned();
    });
    let extension = Some(adjustable.unwrap());
    for (unprotected, is_adjusted) in [(Unprotected::Protect, true), (Unprotected::Flatten, false)] {
        let mut world = World::new();
        let mut pair = exit('b', 'c', 100);
        pair.stop_loss.as_mut().unwrap().extension.clone_from(&extension);
        let bracket = Bracket { entry: intent('a'), exits: vec![pair], unprotected };
        let step = world.orders.submit(bracket.into(), &Open, world.now).unwrap();
        let _ = world.keep(step);
        run(&mut world, &["exec a @x.01 q100", "notice c 202", "wait 600"]);
        let placed = world.protection.clone().unwrap().intent.to_order(&Instance::new("t1").unwrap());
        assert_eq!((placed.adjusted_order_type.is_some(), placed.trigger_price.is_some()), (is_adjusted, is_adjusted));
        assert_eq!((placed.advisor_group.as_str(), placed.clearing_account.as_str()), ("all", "elsewhere"));
    }
}
