//! The core as a whole: determinism, tape prices, books that balance.

mod desk;

use desk::{ACCOUNT, Desk, START};
use proptest::prelude::*;
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId, RequestId};
use tws_proto::kinds::{Action, OrderType, TickKind, TimeInForce};
use tws_proto::message::{
    CancelMarketData, PlaceOrder, RequestAccountSummary, RequestMarketData, RequestTickByTick, StartApi,
};
use tws_proto::{Contract, Order, ServerMessage};
use tws_sim::core::{AccountSetup, CoreSetup, Feed, Output};
use tws_sim::market::{MarketEvent, Quote};
use tws_sim::tape::{Row, Tape};
use tws_sim::time::SimTime;

fn messages(outputs: Vec<Output>) -> Vec<ServerMessage> {
    let message = |output| match output {
        Output::Send { message, .. } => Some(message),
        Output::Close { .. } => None,
    };
    outputs.into_iter().filter_map(message).collect()
}

fn subscription(id: i32, snapshot: bool) -> Box<RequestMarketData> {
    let contract = Contract::stock("IBM", "USD");
    Box::new(RequestMarketData { request_id: RequestId(id), contract, snapshot, ..RequestMarketData::default() })
}

#[test]
fn the_same_seed_and_inputs_give_the_same_outputs() {
    let run = |seed| {
        let mut desk = Desk::with(CoreSetup::new(seed, START));
        let mut heard = desk.connect(1);
        heard.extend(desk.say(subscription(1, false)));
        for id in 1..40 {
            heard.extend(desk.run(&format!("buy {id} 700 MKT tif=GTC")));
            heard.extend(desk.wait(i64::from(id) * 100));
        }
        heard
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_subscription_gets_ticks_until_it_is_cancelled() {
    let mut desk = Desk::new();
    desk.run("quote 100.00x500 100.10x300");
    let first = messages(desk.say(subscription(5, false)));
    assert!(matches!(&first[0], ServerMessage::TickRequestParameters(_)), "{first:?}");
    assert!(matches!(&first[1], ServerMessage::MarketDataType(_)), "{first:?}");
    let kinds = |heard: &[ServerMessage]| {
        heard
            .iter()
            .filter_map(|message| match message {
                ServerMessage::TickPrice(tick) => Some(format!("{:?} {}", tick.kind, tick.price.unwrap())),
                ServerMessage::TickSize(tick) => Some(format!("{:?} {}", tick.kind, tick.size.unwrap())),
                ServerMessage::TickString(tick) => Some(format!("{:?}", tick.kind)),
                _ => None,
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(kinds(&first), "BidExchange, AskExchange, Bid 100.00, BidSize 500, Ask 100.10, AskSize 300");
    let quoted = messages(desk.run("quote 100.00x400 100.20x300"));
    assert_eq!(kinds(&quoted), "BidSize 400, Ask 100.20, AskSize 300");
    let traded = messages(desk.run("trade 100.20x10"));
    assert_eq!(kinds(&traded), "LastTimestamp, Last 100.20, LastSize 10, Volume 10, High 100.20, Low 100.20");
    assert!(messages(desk.say(CancelMarketData { request_id: RequestId(5) })).is_empty());
    assert!(messages(desk.run("quote 100.00x400 100.30x300")).is_empty());
    let unknown = messages(desk.say(CancelMarketData { request_id: RequestId(5) }));
    assert!(matches!(&unknown[..], [ServerMessage::Notice(notice)] if notice.code == 300));
}

#[test]
fn a_snapshot_ends_when_it_is_complete_or_when_its_time_is_over() {
    let ends = |heard: &[ServerMessage]| matches!(heard.last(), Some(ServerMessage::TickSnapshotEnd(_)));
    let mut desk = Desk::new();
    assert!(!ends(&messages(desk.say(subscription(1, true)))));
    assert!(!ends(&messages(desk.wait(10_999))));
    assert!(ends(&messages(desk.wait(1))));
    assert!(!ends(&messages(desk.say(subscription(2, true)))));
    assert!(ends(&messages(desk.run("quote 100.00x500 100.10x300"))));
    let at_once = messages(desk.say(subscription(3, true)));
    assert!(ends(&at_once));
    assert!(
        at_once.iter().any(|message| matches!(message, ServerMessage::TickPrice(tick) if tick.kind == TickKind::Ask))
    );
}

#[test]
fn single_ticks_are_what_was_asked_for() {
    let mut desk = Desk::new();
    desk.run("quote 100.00x500 100.10x300");
    for (id, kind) in [(1, "BidAsk"), (2, "MidPoint"), (3, "Last"), (4, "Bars")] {
        let contract = Contract::stock("IBM", "USD");
        let request = RequestTickByTick {
            request_id: RequestId(id),
            contract,
            kind: Some(kind.into()),
            ..RequestTickByTick::default()
        };
        let heard = messages(desk.say(Box::new(request)));
        let expected = [1, 1, 0, 1][id as usize - 1];
        assert_eq!(heard.len(), expected, "{kind}: {heard:?}");
    }
    assert_eq!(messages(desk.run("quote 100.00x500 100.20x300")).len(), 2);
    assert_eq!(messages(desk.run("quote 100.00x600 100.20x300")).len(), 1, "the midpoint stayed");
    assert_eq!(messages(desk.run("trade 100.20x10")).len(), 1);
}

#[test]
fn a_client_id_is_used_once_at_a_time_and_nothing_is_answered_before_the_start() {
    let mut desk = Desk::new();
    let refused = desk.connect(1);
    assert!(
        matches!(&refused[..], [Output::Send { message: ServerMessage::Notice(notice), .. }, Output::Close { .. }] if notice.code == 326)
    );
    desk.disconnect();
    let started = messages(desk.connect(2));
    let codes: Vec<i32> = started
        .iter()
        .filter_map(|message| match message {
            ServerMessage::Notice(notice) => Some(notice.code),
            _ => None,
        })
        .collect();
    assert_eq!(codes, [2104, 2106, 2158]);
    assert!(matches!(&started[..2], [ServerMessage::ManagedAccounts(_), ServerMessage::NextValidId(_)]));
    assert!(desk.say(StartApi { client_id: ClientId(3), ..StartApi::default() }).is_empty(), "started already");
}

#[test]
fn fills_happen_only_at_prices_the_tape_shows_at_that_moment() {
    let quote = |time_ms, bid: i64, ask: i64| {
        Row::quote(time_ms, Quote::new(Decimal::new(bid, 2), 100.into(), Decimal::new(ask, 2), 100.into()))
    };
    let rows = vec![quote(0, 18_120, 18_125), quote(1000, 18_110, 18_115), quote(2500, 18_130, 18_135)];
    let mut setup = CoreSetup { feed: Feed::Still, ..CoreSetup::new(1, START) };
    let ibm = setup.catalogue.by_name("IBM").unwrap().contract_id;
    setup.feeds.insert(ibm, Feed::Tape(Tape::from_rows(rows, START).unwrap()));
    let mut desk = Desk::with(setup);
    desk.connect(1);
    assert_eq!(desk.core.next_market_time(), Some(START.plus_ms(1000)), "the first row shows at the start");
    desk.run("buy 1 250 MKT");
    desk.run("sell 2 100 LMT 181.25");
    desk.wait(999);
    desk.wait(1);
    desk.wait(5000);
    let fills: Vec<(i64, i32, String)> = desk
        .book()
        .executions()
        .iter()
        .map(|fill| (fill.time.since_ms(START), fill.order.0, format!("{}@{}", fill.quantity, fill.price)))
        .collect();
    let expected = [
        (0, 1, "100@181.25".to_owned()),
        (1000, 1, "100@181.15".to_owned()),
        (2500, 1, "50@181.35".to_owned()),
        (2500, 2, "100@181.30".to_owned()),
    ];
    assert_eq!(fills, expected);
}

#[test]
fn account_values_are_told_and_told_again_when_they_change() {
    let mut desk = Desk::new();
    desk.run("quote 100.00x500 100.10x300");
    let request =
        |id, tags: &str| RequestAccountSummary { request_id: RequestId(id), group: "All".into(), tags: tags.into() };
    let values = |heard: Vec<ServerMessage>| -> Vec<String> {
        let value = |message| match message {
            ServerMessage::AccountSummary(row) => Some(format!("{}={}", row.tag, row.value)),
            _ => None,
        };
        heard.into_iter().filter_map(value).collect()
    };
    let first = values(messages(desk.say(request(1, "NetLiquidation,TotalCashValue,BuyingPower"))));
    assert_eq!(first, ["NetLiquidation=1000000.00", "TotalCashValue=1000000.00", "BuyingPower=2000000.00"]);
    desk.run("buy 1 100 MKT");
    let later = values(messages(desk.wait(180_000)));
    assert_eq!(later, ["NetLiquidation=999994.00", "TotalCashValue=989989.00", "BuyingPower=1989983.00"]);
    assert!(values(messages(desk.wait(180_000))).is_empty(), "nothing changed");
    let unknown = messages(desk.say(request(2, "Nonsense")));
    assert!(matches!(&unknown[..], [ServerMessage::Notice(notice)] if notice.code == 321));
}

#[test]
fn with_several_accounts_an_order_must_name_one() {
    let accounts = vec![AccountSetup::new("DU1"), AccountSetup::new("DU2")];
    let mut desk = Desk::with(CoreSetup { feed: Feed::Still, accounts, ..CoreSetup::new(7, START) });
    let started = messages(desk.connect(1));
    assert!(matches!(&started[0], ServerMessage::ManagedAccounts(accounts) if accounts.accounts == "DU1,DU2,"));
    desk.run("quote 100.00x500 100.10x300");
    assert_eq!(desk::trace(&desk.run("buy 1 100 MKT")), "error 1 435");
    desk.run("buy 2 100 MKT account=DU2");
    let book = desk.book();
    assert_eq!((book.position("DU1", "IBM"), book.position("DU2", "IBM")), (0.into(), 100.into()));
}

#[derive(Clone, Debug)]
enum Step {
    Place { buy: bool, quantity: u16, kind: u8, offset: i8 },
    Cancel(u8),
    Quote { bid: u16, spread: u8, size: u16 },
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), 1..2000_u16, 0..4_u8, -20..20_i8)
            .prop_map(|(buy, quantity, kind, offset)| Step::Place { buy, quantity, kind, offset }),
        1 => any::<u8>().prop_map(Step::Cancel),
        4 => (9_000..11_000_u16, 1..10_u8, 0..1500_u16).prop_map(|(bid, spread, size)| Step::Quote { bid, spread, size }),
        1 => any::<u16>().prop_map(Step::Wait),
    ]
}

proptest! {
    /// Cash, cost and realized results always add up to what was there at the start; every order is the sum of its fills;
    /// every fill is at a price that was shown.
    #[test]
    fn the_books_balance_to_the_last_digit(steps in prop::collection::vec(step(), 1..80)) {
        let mut desk = Desk::new();
        let (mut shown, mut next_id, mut checked) = (None::<(Decimal, Decimal)>, 1, 0);
        for step in steps {
            match step {
                Step::Place { buy, quantity, kind, offset } => {
                    let side = if buy { "buy" } else { "sell" };
                    let price = Decimal::new(10_000 + i64::from(offset) * 50, 2);
                    let order = match kind {
                        0 => "MKT".to_owned(),
                        1 => format!("LMT {price}"),
                        2 => format!("STP {price}"),
                        _ => format!("STP_LMT {price} {price}"),
                    };
                    desk.run(&format!("{side} {next_id} {quantity} {order}"));
                    next_id += 1;
                }
                Step::Cancel(id) => { desk.run(&format!("cancel {id}")); }
                Step::Quote { bid, spread, size } => {
                    let (bid, ask) = (Decimal::new(bid.into(), 2), Decimal::new(i64::from(bid) + i64::from(spread), 2));
                    shown = Some((bid, ask));
                    desk.show("IBM", MarketEvent::Quote(Quote::new(bid, size.into(), ask, size.into())));
                }
                Step::Wait(ms) => { desk.wait(ms.into()); }
            }
            let book = desk.book();
            let (bid, ask) = shown.unwrap_or_default();
            for fill in &book.executions()[checked..] {
                let is_buy = fill.side.as_str() == "BOT";
                prop_assert_eq!(fill.price, if is_buy { ask } else { bid });
            }
            checked = book.executions().len();
            let holding = book.holding(ACCOUNT, "IBM");
            let start = Decimal::from(1_000_000);
            prop_assert_eq!(book.cash(ACCOUNT).unwrap() + holding.cost, start + holding.realized);
            for record in book.orders() {
                let fills = book.executions().iter().filter(|fill| fill.order == record.key.order);
                let (mut quantity, mut fees) = (Decimal::ZERO, Decimal::ZERO);
                for fill in fills {
                    quantity += fill.quantity;
                    fees += fill.commission;
                }
                prop_assert_eq!(quantity, record.filled);
                prop_assert_eq!(fees, record.commission);
                prop_assert!(record.filled <= record.total);
            }
            let signed: Decimal = book.executions().iter()
                .map(|fill| if fill.side.as_str() == "BOT" { fill.quantity } else { -fill.quantity }).sum();
            prop_assert_eq!(signed, holding.quantity);
        }
        prop_assert!(desk.core.now() >= SimTime(0));
    }
}

#[test]
fn an_hour_of_random_markets_ends_as_it_always_does() {
    let run = || {
        let mut desk = Desk::with(CoreSetup::new(11, START));
        desk.connect(1);
        desk.say(subscription(1, false));
        let mut heard = 0;
        for id in 1..60 {
            let side = if id % 2 == 0 { "buy" } else { "sell" };
            desk.run(&format!("{side} {id} 300 MKT tif=GTC"));
            heard += desk.wait(60_000).len();
        }
        (heard, desk.book().cash(ACCOUNT), desk.core.worth(ACCOUNT))
    };
    assert_eq!(run(), run());
}

fn odd_number() -> impl Strategy<Value = Option<Decimal>> {
    let odd = [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::new(1, 28), Decimal::ONE, Decimal::NEGATIVE_ONE];
    let large = [100_000_000, 100_000_001, 10_000_000, 10_000_001].map(Decimal::from);
    let all: Vec<Decimal> = odd.into_iter().chain(large).chain([Decimal::new(10_010, 2)]).collect();
    prop::option::weighted(0.9, prop::sample::select(all))
}

fn odd_order() -> impl Strategy<Value = Order> {
    let kinds = prop::sample::select(OrderType::KNOWN);
    let tifs = prop::option::of(prop::sample::select(TimeInForce::KNOWN));
    let numbers = (odd_number(), odd_number(), odd_number());
    (kinds, tifs, numbers, 0..6, any::<(bool, bool, bool)>()).prop_map(
        |(order_type, time_in_force, (total_quantity, limit_price, aux_price), parent, (buys, transmit, what_if))| {
            Order {
                action: if buys { Action::Buy } else { Action::Sell },
                order_type,
                time_in_force,
                total_quantity,
                limit_price,
                aux_price,
                parent_id: Some(OrderId(parent)),
                transmit,
                what_if,
                ..Order::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn no_order_makes_it_panic(orders in prop::collection::vec((-2..8_i32, odd_order()), 1..20)) {
        let mut desk = Desk::new();
        for (id, order) in orders {
            desk.run("quote 100.00x100000000 100.10x50000000");
            let contract = Contract::stock("IBM", "USD");
            desk.say(Box::new(PlaceOrder { order_id: OrderId(id), contract, order, attached: None }));
            desk.run("trade 100.10x1000000000000");
            desk.run(&format!("cancel {id}"));
        }
        desk.run("cancel all");
        prop_assert_eq!(desk.book().open_orders().count(), 0);
    }
}
