//! A hundred thousand random orders in five markets and two currencies, and books that balance to the last digit.

mod house;

use std::collections::BTreeMap;

use house::{House, START};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::kinds::{Action, OrderType, TimeInForce};
use tws_proto::message::{CancelOrder, GlobalCancel, PlaceOrder};
use tws_proto::{Contract, Order};
use tws_sim::Instrument;
use tws_sim::core::{CoreSetup, Feed, Input};
use tws_sim::instrument::Class;
use tws_sim::market::{MarketEvent, Quote};

const ACCOUNT: &str = "DU1234567";
const ORDERS: i32 = 100_000;
/// Name, first bid and price step of each market.
const MARKETS: [(&str, i64, &str); 5] = [
    ("IBM", 18_000, "0.01"),
    ("SAP", 10_000, "0.01"),
    ("EUR.USD", 25_000, "0.00005"),
    ("ESZ3", 6_800, "0.25"),
    ("ACME", 400, "0.05"),
];

struct Floor {
    house: House,
    random: ChaCha8Rng,
    contracts: Vec<Contract>,
    bids: Vec<i64>,
}

impl Floor {
    fn new() -> Self {
        let mut setup = CoreSetup { feed: Feed::Still, ..CoreSetup::new(7, START) };
        setup.catalogue.add(Instrument::stock(900_001, "SAP", "EUR", Decimal::ONE_HUNDRED)).unwrap();
        setup.catalogue.add(Instrument::stock(900_002, "ACME", "USD", Decimal::from(20))).unwrap();
        let mut house = House::new(setup);
        house.start(1);
        let catalogue = house.core.catalogue();
        let contract = |name| Contract { exchange: String::new(), ..catalogue.by_name(name).unwrap().contract() };
        let contracts = MARKETS.iter().map(|(name, ..)| contract(name)).collect();
        let mut floor = Self {
            house,
            random: ChaCha8Rng::seed_from_u64(11),
            contracts,
            bids: MARKETS.iter().map(|(_, bid, _)| *bid).collect(),
        };
        (0..MARKETS.len()).for_each(|market| floor.quote(market));
        floor
    }

    fn price(market: usize, steps: i64) -> Decimal {
        MARKETS[market].2.parse::<Decimal>().unwrap() * Decimal::from(steps)
    }

    /// The market moves a little and shows new sizes.
    fn quote(&mut self, market: usize) {
        let bid = (self.bids[market] + self.random.random_range(-3..=3)).max(10);
        self.bids[market] = bid;
        let (bid, ask) = (Self::price(market, bid), Self::price(market, bid + self.random.random_range(1..=3)));
        let (bid_size, ask_size) = (self.random.random_range(1..500), self.random.random_range(1..500));
        let quote = Quote::new(bid, bid_size.into(), ask, ask_size.into());
        let contract = self.contracts[market].contract_id.unwrap();
        self.house.core.step(Input::Market { contract, event: MarketEvent::Quote(quote) }, self.house.now);
    }

    fn order(&mut self, id: i32) {
        let market = self.random.random_range(0..MARKETS.len());
        let action = if self.random.random_bool(0.5) { Action::Buy } else { Action::Sell };
        let price = Self::price(market, self.bids[market] + self.random.random_range(-8..=8));
        let mut order = Order::new(action, self.random.random_range(1..300).into(), OrderType::Market);
        match self.random.random_range(0..4) {
            0 => {}
            1 | 2 => (order.order_type, order.limit_price) = (OrderType::Limit, Some(price)),
            _ => (order.order_type, order.aux_price) = (OrderType::Stop, Some(price)),
        }
        if self.random.random_bool(0.3) {
            order.time_in_force = Some(TimeInForce::ImmediateOrCancel);
        }
        let contract = self.contracts[market].clone();
        self.house.say(1, Box::new(PlaceOrder { order_id: OrderId(id), contract, order, attached: None }));
        let back = self.random.random_range(0..20);
        if self.random.random_bool(0.6) && id > back {
            self.house.say(1, CancelOrder::new(OrderId(id - back)));
        }
        if id % 100 == 0 {
            self.house.say(1, GlobalCancel::default());
        }
        self.quote(market);
    }

    /// By currency: what cash and costs add up to, and what was there at the start and was earned since.
    fn check(&self) {
        let core = &self.house.core;
        let account = core.books().account(ACCOUNT).unwrap();
        let mut has: BTreeMap<&str, Decimal> = account.cash.iter().map(|(name, cash)| (name.as_str(), *cash)).collect();
        let mut should: BTreeMap<&str, Decimal> =
            account.initial_cash.iter().map(|(name, cash)| (name.as_str(), *cash)).collect();
        for (contract, holding) in &account.holdings {
            let instrument = core.catalogue().by_id(*contract).unwrap();
            let currency = instrument.currency.as_str();
            *should.entry(currency).or_default() += holding.realized;
            match instrument.class() {
                Class::Futures => {}
                Class::Stocks | Class::Options => *has.entry(currency).or_default() += holding.cost,
                Class::Forex => {
                    *has.entry(currency).or_default() += holding.cost;
                    *should.entry(&instrument.symbol).or_default() += holding.quantity;
                }
            }
        }
        assert_eq!(has, should);
        let worth = core.worth(ACCOUNT);
        let expected = Decimal::from(1_000_000) + worth.realized + worth.unrealized;
        assert_eq!(worth.net_liquidation.round_dp(2), expected.round_dp(2));
        assert_eq!(
            worth.daily.round_dp(2),
            (worth.realized + worth.unrealized).round_dp(2),
            "all of it happened today"
        );
    }
}

#[test]
fn a_hundred_thousand_orders_balance() {
    let mut floor = Floor::new();
    for id in 1..=ORDERS {
        floor.order(id);
        if id % 1_000 == 0 {
            floor.check();
        }
    }
    let core = &floor.house.core;
    let mut filled: BTreeMap<OrderId, (Decimal, Decimal)> = BTreeMap::new();
    let mut held: BTreeMap<_, Decimal> = BTreeMap::new();
    for fill in core.books().fills() {
        let sum = filled.entry(fill.order).or_default();
        sum.0 += fill.quantity;
        sum.1 += fill.commission;
        *held.entry(fill.contract).or_default() += fill.signed_quantity();
    }
    for (order, (quantity, commission)) in filled {
        let record = core.order(ClientId(1), order).unwrap();
        assert_eq!((record.filled, record.commission), (quantity, commission), "{order}");
        assert!(record.filled <= record.total);
    }
    let account = core.books().account(ACCOUNT).unwrap();
    assert_eq!(held, account.holdings.iter().map(|(contract, holding)| (*contract, holding.quantity)).collect());
    assert_eq!(held.len(), MARKETS.len(), "every market traded");
}
