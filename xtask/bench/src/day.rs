//! [`Day`]: a trading day as the trader writes it down. The simulator's core is the broker; what it says goes through the
//! trader's own books, whose records come out.

use order::{Action, TimeInForce, Timestamp};
use order::{
    BrokerEvent, Event, Gate, Hours, Instance, Intent, IntentId, LinkEvent, OrderKind, Orders, PassedLegs, Side, Step,
};
use rust_decimal::Decimal;
use trader::{Books, Record};
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::message::StartApi;
use tws_proto::{Contract, ServerVersion};
use tws_sim::SimTime;
use tws_sim::core::{Core, CoreSetup, Feed, Input, Output};
use tws_sim::market::{MarketEvent, Quote};
use tws_sim::session::SessionId;

const SESSION: SessionId = SessionId(1);
const CLIENT: ClientId = ClientId(1);
/// 7 October 2013, 9:30 in New York.
const START: SimTime = SimTime(1_381_152_600_000);

/// A day of orders, one after the other: one rests and is cancelled, the next trades.
pub(crate) struct Day {
    books: Books,
    broker: Core,
    contract: Contract,
    now: SimTime,
    orders: u64,
}

/// Lets everything through: the gate is not measured here.
struct Open;

impl Gate for Open {
    type Refusal = std::convert::Infallible;

    fn check(&self, _: &Intent, _: PassedLegs<'_>, _: &Orders) -> Result<(), Self::Refusal> {
        Ok(())
    }
}

impl Day {
    /// A broker with one quoted market, and empty books.
    pub(crate) fn begin() -> Self {
        let mut broker = Core::new(CoreSetup { feed: Feed::Still, ..CoreSetup::new(1, START) });
        broker.step(Input::Connected { session: SESSION, version: ServerVersion::NEWEST }, START);
        let hello = StartApi { client_id: CLIENT, ..StartApi::default() };
        broker.step(Input::Message { session: SESSION, message: hello.into() }, START);
        let instrument = broker.catalogue().by_name("IBM").expect("it is built in");
        let (id, contract) = (instrument.contract_id, instrument.contract());
        let deep = Decimal::from(1_000_000_000);
        let quote = Quote::new(Decimal::new(18_450, 2), deep, Decimal::new(18_451, 2), deep);
        broker.step(Input::Market { contract: id, event: MarketEvent::Quote(quote) }, START);
        Self { books: empty_books(), broker, contract, now: START, orders: 0 }
    }

    /// The records of the next order's whole life, round by round of the engine.
    pub(crate) fn order(&mut self) -> Vec<Vec<Record>> {
        self.orders += 1;
        let mut rounds = Vec::new();
        if self.orders == 1 {
            let ready = Event::Link(LinkEvent::Ready { next_order_id: OrderId(1) });
            let step = self.books.orders.step(ready, self.at());
            self.take(step, &mut rounds);
        }
        let rests = self.orders.is_multiple_of(2);
        // Buys and sells in turns.
        let side = if self.orders % 4 < 2 { Side::Buy } else { Side::Sell };
        let limit_price = match (side, rests) {
            (Side::Buy, true) | (Side::Sell, false) => Decimal::new(18_400, 2),
            (Side::Buy, false) | (Side::Sell, true) => Decimal::new(18_500, 2),
        };
        let id = IntentId((u128::from(self.at().0.unsigned_abs()) << 32) + u128::from(self.orders));
        let intent = Intent {
            id,
            strategy: "momentum".into(),
            account: "DU1234567".into(),
            contract: self.contract.clone().into(),
            side,
            quantity: Decimal::ONE_HUNDRED,
            kind: OrderKind::Limit { limit_price },
            time_in_force: TimeInForce::Day,
            hours: Hours::Regular,
            extension: None,
        };
        let step = self.books.orders.submit(intent.into(), &Open, self.at()).expect("the gate is open");
        self.take(step, &mut rounds);
        if rests {
            let step = self.books.orders.cancel(id, self.at()).expect("it was submitted");
            self.take(step, &mut rounds);
        }
        rounds
    }

    /// Takes a step as the engine does, and what the broker answers to it.
    fn take(&mut self, step: Step, rounds: &mut Vec<Vec<Record>>) {
        let Step { records, actions } = step;
        let mut round: Vec<Record> = records.into_iter().map(|record| Record::Order(Box::new(record))).collect();
        self.books.follow(&actions);
        round.extend(self.books.told(&actions));
        if !round.is_empty() {
            rounds.push(round);
        }
        let bursts = actions.into_iter().filter_map(|action| match action {
            Action::Send(burst) => Some(burst.into_messages()),
            _ => None, // news for owners
        });
        for message in bursts.flatten().collect::<Vec<_>>() {
            self.now = self.now.plus_ms(1);
            for output in self.broker.step(Input::Message { session: SESSION, message }, self.now) {
                let Output::Send { message, .. } = output else { continue };
                let Ok(event) = BrokerEvent::from_server(message) else { continue };
                let step = self.books.orders.step(Event::Broker(event), self.at());
                self.take(step, rounds);
            }
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp(self.now.0 * 1000)
    }
}

/// Books of the trader that had this day.
pub(crate) fn empty_books() -> Books {
    Books::new(Instance::new("t1").expect("a good name"), CLIENT)
}
