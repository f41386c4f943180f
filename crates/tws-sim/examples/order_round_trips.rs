//! How many orders a second go through the core: each is placed, acknowledged, and filled or cancelled.
//!
//! `cargo run --release -p tws-sim --example order_round_trips -- 200000`

use std::time::Instant;

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::kinds::Action;
use tws_proto::message::{CancelOrder, PlaceOrder, StartApi};
use tws_proto::{ClientMessage, Contract, Order, ServerVersion};
use tws_sim::core::{Core, CoreSetup, Feed, Input};
use tws_sim::market::{MarketEvent, Quote};
use tws_sim::session::SessionId;
use tws_sim::time::SimTime;

/// Orders that rest meanwhile: those that come and go must not pay for them.
const RESTING: i32 = 1000;

fn main() {
    let rounds: i32 = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(200_000);
    let (session, now) = (SessionId(1), SimTime(1_381_165_200_000));
    let mut core = Core::new(CoreSetup { feed: Feed::Still, ..CoreSetup::new(1, now) });
    core.step(Input::Connected { session, version: ServerVersion::NEWEST }, now);
    let mut say = |message: ClientMessage| core.step(Input::Message { session, message }, now).len();
    say(StartApi { client_id: ClientId(1), ..StartApi::default() }.into());
    for id in 1..=RESTING {
        say(place(id, "SPY", Order::limit(Action::Buy, Decimal::ONE, Decimal::ONE)));
    }
    let ibm = core.catalogue().by_name("IBM").map(|instrument| instrument.contract_id).unwrap_or_default();
    let (bid, ask, size) = (Decimal::new(10_000, 2), Decimal::new(10_010, 2), Decimal::from(100_000_000));
    let event = MarketEvent::Quote(Quote::new(bid, size, ask, size));
    core.step(Input::Market { contract: ibm, event }, now);
    let (mut heard, began) = (0, Instant::now());
    for round in 0..rounds {
        let id = RESTING + 1 + round;
        let mut say = |message: ClientMessage| core.step(Input::Message { session, message }, now).len();
        if round % 2 == 0 {
            let action = if round % 4 == 0 { Action::Buy } else { Action::Sell };
            heard += say(place(id, "IBM", Order::market(action, Decimal::ONE)));
        } else {
            heard += say(place(id, "IBM", Order::limit(Action::Buy, Decimal::ONE, Decimal::new(9_900, 2))));
            heard += say(CancelOrder::new(OrderId(id)).into());
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{rounds} round trips in {seconds:.2} s: {:.0} a second, {heard} answers", f64::from(rounds) / seconds);
}

fn place(id: i32, symbol: &str, order: Order) -> ClientMessage {
    let request = PlaceOrder { order_id: OrderId(id), contract: Contract::stock(symbol, "USD"), order, attached: None };
    Box::new(request).into()
}
