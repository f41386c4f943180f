//! Orders for combinations, and those that an advisor spreads: the whole counts for the order, its parts for positions
//! (R16).

mod world;

use order::{Action, BrokerEvent, Event, Extension, Fill, HaltScope, Intent};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::ContractId;
use tws_proto::kinds::SecurityType;
use world::{World, id, intent};

fn contract(id: i32, security_type: SecurityType) -> Contract {
    Contract { contract_id: Some(ContractId(id)), security_type: Some(security_type), ..Contract::stock("IBM", "USD") }
}

/// An execution of `a`, of this contract.
fn execution(world: &World, root: &str, quantity: u32, of: &Contract) -> Event {
    let words = ["exec".to_owned(), "a".to_owned(), format!("@{root}.01"), format!("q{quantity}")];
    let BrokerEvent::Execution(mut data) = world.broker(&words.each_ref().map(String::as_str)) else {
        panic!("the language has changed")
    };
    data.contract = of.clone();
    Event::Broker(BrokerEvent::Execution(data))
}

fn fills(actions: &[Action]) -> Vec<&Fill> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Filled(fill) => Some(&**fill),
            _ => None,
        })
        .collect()
}

#[test]
fn r16_s32_legs_move_positions_and_the_whole_moves_the_order() {
    let combination = contract(900, SecurityType::Combination);
    let legs = [contract(901, SecurityType::Option), contract(902, SecurityType::Option)];
    let mut world = World::new();
    let wish = Intent { contract: combination.clone().into(), quantity: 2.into(), ..intent('a') };
    let step = world.orders.submit(wish.into(), &world::Open, world.now).unwrap();
    let _ = world.keep(step);

    // The whole: no position of its own.
    let event = execution(&world, "x", 2, &combination);
    let actions = world.happen(event);
    assert_eq!(fills(&actions), [] as [&Fill; 0]);
    assert_eq!(world.orders.update(world::id('a')).unwrap().filled, Decimal::TWO);
    // Its legs have one segment more (F28): each a fill of the strategy's, and none of the order's.
    for (place, leg) in legs.iter().enumerate() {
        let event = execution(&world, &format!("x.0{}", place + 2), 2, leg);
        let actions = world.happen(event.clone());
        let told = fills(&actions);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].strategy.as_deref(), told[0].contract.as_ref()), (Some("s"), leg));
        assert_eq!(world.orders.update(world::id('a')).unwrap().filled, Decimal::TWO);
        assert_eq!(world.happen(event), [], "once");
    }
    world.check_replay();
}

/// An order for a combination with a number of its own, of legs 8314 and 8315.
fn combination() -> Intent {
    let legs = [8314, 8315].map(|leg| ComboLeg { contract_id: Some(ContractId(leg)), ..ComboLeg::default() });
    let contract = Contract { combo_legs: legs.to_vec(), ..contract(900, SecurityType::Combination) };
    Intent { contract: contract.into(), ..intent('a') }
}

#[test]
fn r09_no_combination_is_lost_while_the_position_in_a_leg_is_not_explained() {
    for (facts, is_live) in [(" u", true), ("", false)] {
        let mut world = World::new();
        let step = world.orders.submit(combination().into(), &world::Open, world.now).unwrap();
        let _ = world.keep(step);
        for line in ["link lost", "link ready n2", "pass 40"] {
            world.run(line);
        }
        for _ in 0..3 {
            world.run("snapshot began");
            world.run(&format!("snapshot ended{facts}"));
            world.run("pass 11");
        }
        assert_eq!(world.orders.get(id('a')).unwrap().state.is_live(), is_live, "{facts}");
    }
}

#[test]
fn r17_the_halt_of_a_leg_covers_its_combination() {
    for (halted, is_covered) in [(8314, true), (8315, true), (900, true), (8316, false)] {
        let mut world = World::new();
        let scope = HaltScope::Instrument { account: "DU1".to_owned(), contract_id: ContractId(halted) };
        let step = world.orders.halt(scope, "a difference", world.now);
        let _ = world.keep(step);
        let submitted = world.orders.submit(combination().into(), &world::Open, world.now);
        assert_eq!(submitted.is_err(), is_covered, "{halted}");
    }
}

#[test]
fn r16_s33_what_an_advisor_spreads_counts_once_and_moves_the_accounts_it_is_spread_over() {
    let stock = Contract::clone(&intent('a').contract);
    let extension = Extension::new(|order| order.advisor_group = "Both".to_owned()).unwrap();
    let wish = Intent { extension: Some(extension), ..intent('a') };
    let parts = [("x", "DU1", 100), ("x.01", "DU2", 60), ("x.02", "DU3", 40)];
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0]] {
        let mut world = World::new();
        let step = world.orders.submit(wish.clone().into(), &world::Open, world.now).unwrap();
        let _ = world.keep(step);
        world.run("open a Submitted");
        let mut moved = Vec::new();
        for (root, account, quantity) in order.map(|place| parts[place]) {
            let mut event = execution(&world, root, quantity, &stock);
            if let Event::Broker(BrokerEvent::Execution(data)) = &mut event {
                data.execution.account = account.to_owned();
            }
            let actions = world.happen(event);
            moved.extend(fills(&actions).iter().map(|fill| (fill.account.to_string(), fill.quantity)));
        }
        moved.sort();
        assert_eq!(moved, [("DU2".to_owned(), 60.into()), ("DU3".to_owned(), 40.into())]);
        assert_eq!(world.orders.update(id('a')).unwrap().filled, Decimal::ONE_HUNDRED);
        assert!(world.orders.halts().next().is_none());
        world.check_replay();
    }
}

#[test]
fn r14_what_is_inferred_of_an_order_that_an_advisor_spreads_moves_no_position() {
    let extension = Extension::new(|order| order.advisor_group = "Both".to_owned()).unwrap();
    let wish = Intent { extension: Some(extension), ..intent('a') };
    let mut world = World::new();
    let step = world.orders.submit(wish.into(), &world::Open, world.now).unwrap();
    let _ = world.keep(step);
    world.run("open a Submitted");
    world.run("status a Filled f100 r0");
    let report = world.run("pass 40");
    assert!(report.contains("FillInferred") && !report.contains("is inferred to trade"), "{report}");
    assert_eq!(world.orders.update(id('a')).unwrap().filled, Decimal::ONE_HUNDRED);
}
