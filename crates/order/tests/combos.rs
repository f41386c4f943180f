//! Orders for combinations: the whole counts for the order, the legs for positions (R16).

mod world;

use order::{Action, BrokerEvent, Event, Fill, Intent};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::kinds::SecurityType;
use world::{World, intent};

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
