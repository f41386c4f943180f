//! Random orders of every kind in random markets: what must hold whatever happens.
//!
//! `PROPTEST_CASES=1000` runs a hundred thousand orders; without it a few thousand are drawn.

mod desk;

use std::collections::BTreeMap;

use desk::{ACCOUNT, Desk, START};
use proptest::prelude::*;
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId};
use tws_proto::kinds::{OcaType, OrderType, TimeInForce};
use tws_sim::OrderRules;
use tws_sim::core::{CoreSetup, Feed};
use tws_sim::market::{Level, MarketEvent, Quote, Taker, Trade};
use tws_sim::orders::{OrderKey, OrderRecord, Stage};

/// What the accounts begin with.
const CASH: i64 = 1_000_000;
const NAMES: [&str; 2] = ["IBM", "SPY"];

#[derive(Clone, Debug)]
enum Step {
    Place(Draw),
    Bracket { draw: Draw, profit: u8, loss: u8 },
    Group { draws: Vec<Draw>, kind: u8 },
    Combination { buys: bool, quantity: u8, limit: i8 },
    Change { back: u8, quantity: u8, offset: i8 },
    Cancel(u8),
    CancelAll,
    Quote { name: u8, bid: i8, spread: u8, sizes: (u8, u8) },
    Trade { name: u8, offset: i8, size: u8 },
    Wait(u32),
}

/// An order: everything else follows from these.
#[derive(Clone, Debug)]
struct Draw {
    name: u8,
    buys: bool,
    quantity: u8,
    kind: u8,
    tif: u8,
    offsets: (i8, i8),
    extra: u8,
}

fn draw() -> impl Strategy<Value = Draw> {
    (0..2_u8, any::<bool>(), 1..=120_u8, 0..16_u8, 0..8_u8, (-20..20_i8, -20..20_i8), 0..24_u8).prop_map(
        |(name, buys, quantity, kind, tif, offsets, extra)| Draw { name, buys, quantity, kind, tif, offsets, extra },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => draw().prop_map(Step::Place),
        2 => (draw(), 1..10_u8, 1..10_u8).prop_map(|(draw, profit, loss)| Step::Bracket { draw, profit, loss }),
        2 => (prop::collection::vec(draw(), 2..4), 0..4_u8).prop_map(|(draws, kind)| Step::Group { draws, kind }),
        1 => (any::<bool>(), 1..20_u8, -30..30_i8).prop_map(|(buys, quantity, limit)| Step::Combination { buys, quantity, limit }),
        2 => (any::<u8>(), 1..=120_u8, -20..20_i8).prop_map(|(back, quantity, offset)| Step::Change { back, quantity, offset }),
        2 => any::<u8>().prop_map(Step::Cancel),
        1 => Just(Step::CancelAll),
        10 => (0..2_u8, -20..20_i8, 0..6_u8, (0..150_u8, 0..150_u8))
            .prop_map(|(name, bid, spread, sizes)| Step::Quote { name, bid, spread, sizes }),
        4 => (0..2_u8, -20..20_i8, 1..150_u8).prop_map(|(name, offset, size)| Step::Trade { name, offset, size }),
        2 => prop_oneof![0..2_000_u32, Just(3_600_000_u32), Just(90_000_000_u32)].prop_map(Step::Wait),
    ]
}

fn price(offset: i8) -> Decimal {
    Decimal::new(10_000 + i64::from(offset) * 5, 2)
}

/// The words of an order for the desk.
fn words(id: i32, draw: &Draw) -> String {
    let Draw { name, buys, quantity, kind, tif, offsets, extra } = draw;
    let side = if *buys { "buy" } else { "sell" };
    let (first, second) = (price(offsets.0), price(offsets.1));
    let amount = Decimal::new(i64::from(offsets.0.unsigned_abs()) + 1, 2);
    let kind = match kind {
        0 => "MKT".to_owned(),
        1..=3 => format!("LMT {first}"),
        4 => format!("STP {first}"),
        5 => format!("STP_LMT {first} {second}"),
        6 => format!("TRAIL aux={amount}"),
        7 => format!("TRAIL_LIMIT aux={amount} trailstop={second} offset=0.05"),
        8 => format!("MIT {first}"),
        9 => format!("LIT {first} {second}"),
        10 => "MTL".to_owned(),
        11 => format!("REL aux=0.02 limit={first}"),
        12 => "PEG_MID".to_owned(),
        13 => format!("MIDPRICE limit={first}"),
        14 => "MKT_PRT".to_owned(),
        _ => "VOL".to_owned(),
    };
    let tif = ["", " tif=GTC", " tif=IOC", " tif=FOK", " tif=GTD till=20131008", " tif=DTC", "", " tif=GTC"]
        [usize::from(*tif)];
    let extra = match extra {
        0 => " allornone=1",
        1 => " min=30",
        2 => " when=price+100.20",
        3 => " when=price-99.90&volume+200 cancels=1",
        4 => " after=20131007_13:30:00",
        5 => " trigger=doublelast",
        6 => " trigger=midpoint",
        7 => " algo=Adaptive",
        8 => " deactivate=1",
        9 => " when=execution=IBM",
        _ => "",
    };
    format!("{side} {id} {quantity} {kind} symbol={}{tif}{extra}", NAMES[usize::from(*name)])
}

/// What is remembered beside the core, to compare with.
#[derive(Default)]
struct Watch {
    seen: usize,
    /// What was shown last, and what was taken of it: by contract, bid and ask.
    shown: BTreeMap<ContractId, (Quote, Decimal, Decimal)>,
    /// The trade of this step, with what is left of it.
    printed: Option<(ContractId, Level)>,
    /// Sizes of orders in groups when they were placed.
    first_totals: BTreeMap<OrderKey, Decimal>,
    /// What each fill of an order came to.
    fills: BTreeMap<OrderKey, (Decimal, Decimal)>,
    positions: BTreeMap<ContractId, Decimal>,
}

fn run(steps: Vec<Step>, cancel_ms: i64) -> Result<usize, TestCaseError> {
    let order_rules = OrderRules { cancel_ms: Some(cancel_ms), ..OrderRules::default() };
    let catalogue = desk::catalogue();
    let mut desk = Desk::with(CoreSetup { feed: Feed::Still, order_rules, catalogue, ..CoreSetup::new(7, START) });
    desk.connect(1);
    let (mut id, mut watch) = (1, Watch::default());
    for step in steps {
        watch.printed = None;
        match step {
            Step::Place(draw) => {
                desk.run(&words(id, &draw));
                id += 1;
            }
            Step::Bracket { draw, profit, loss } => {
                let draw = Draw { extra: 99, tif: 1, kind: draw.kind.min(5), ..draw };
                desk.run(&format!("{} transmit=0", words(id, &draw)));
                let exit = if draw.buys { "sell" } else { "buy" };
                let sign = if draw.buys { 1 } else { -1 };
                let near = |steps: i8| price(draw.offsets.0.saturating_add(steps));
                let (up, down) = (near(sign * profit as i8), near(-sign * loss as i8));
                let (quantity, symbol) = (draw.quantity, NAMES[usize::from(draw.name)]);
                desk.run(&format!("{exit} {} {quantity} LMT {up} symbol={symbol} parent={id} transmit=0", id + 1));
                desk.run(&format!("{exit} {} {quantity} STP {down} symbol={symbol} parent={id}", id + 2));
                id += 3;
            }
            Step::Group { draws, kind } => {
                let group = format!("g{id}");
                for draw in draws {
                    // A member that joins when another has filled in part is as large as it says.
                    if desk.core.orders().any(|record| record.order.oca_group == group && record.filled > Decimal::ZERO)
                    {
                        break;
                    }
                    let draw = Draw { extra: 99, ..draw };
                    desk.run(&format!("{} oca={group} ocatype={kind}", words(id, &draw)));
                    watch.first_totals.insert(key(id), draw.quantity.into());
                    id += 1;
                }
            }
            Step::Combination { buys, quantity, limit } => {
                let side = if buys { "buy" } else { "sell" };
                let limit = Decimal::new(limit.into(), 2);
                desk.run(&format!("{side} {id} {quantity} LMT {limit} legs=IBM:1,-SPY:1 tif=GTC"));
                id += 1;
            }
            Step::Change { back, quantity, offset } => {
                let Some(record) = desk.core.order(ClientId(1), OrderId(id - 1 - i32::from(back))) else { continue };
                if record.in_group() || record.parent().is_some() || record.is_combination() {
                    continue;
                }
                let mut order = record.order.clone();
                order.total_quantity = Some(quantity.into());
                order.limit_price = order.limit_price.map(|_| price(offset));
                let (order_id, contract) = (record.key.order, record.contract.clone());
                desk.say(Box::new(tws_proto::message::PlaceOrder { order_id, contract, order, attached: None }));
            }
            Step::Cancel(back) => {
                desk.run(&format!("cancel {}", id - 1 - i32::from(back)));
            }
            Step::CancelAll => {
                desk.run("cancel all");
            }
            Step::Quote { name, bid, spread, sizes } => {
                let bid = price(bid);
                let ask = bid + Decimal::new(i64::from(spread) * 3, 2);
                let quote = Quote::new(bid, sizes.0.into(), ask, sizes.1.into());
                let name = NAMES[usize::from(name)];
                let contract = desk.core.catalogue().by_name(name).unwrap().contract_id;
                watch.shown.insert(contract, (quote, Decimal::ZERO, Decimal::ZERO));
                desk.show(name, MarketEvent::Quote(quote));
            }
            Step::Trade { name, offset, size } => {
                let (price, size) = (price(offset), Decimal::from(size));
                let name = NAMES[usize::from(name)];
                let contract = desk.core.catalogue().by_name(name).unwrap().contract_id;
                watch.printed = Some((contract, Level { price, size }));
                desk.show(name, MarketEvent::Trade(Trade { price, size, exchange: String::new() }));
            }
            Step::Wait(ms) => {
                desk.wait(ms.into());
            }
        }
        watch.check(&desk)?;
    }
    desk.run("cancel all");
    desk.wait(cancel_ms);
    prop_assert_eq!(desk.core.orders().filter(|record| record.stage.is_live()).count(), 0);
    watch.check(&desk)?;
    Ok(id as usize)
}

fn key(id: i32) -> OrderKey {
    OrderKey { client: ClientId(1), order: OrderId(id) }
}

impl Watch {
    fn check(&mut self, desk: &Desk) -> Result<(), TestCaseError> {
        self.check_fills(desk)?;
        let account = desk.core.books().account(ACCOUNT).unwrap();
        let (mut cost, mut realized) = (Decimal::ZERO, Decimal::ZERO);
        for (contract, holding) in &account.holdings {
            cost += holding.cost;
            realized += holding.realized;
            prop_assert_eq!(holding.quantity, self.positions.get(contract).copied().unwrap_or_default());
        }
        prop_assert_eq!(account.cash_in("USD") + cost, Decimal::from(CASH) + realized);
        let mut groups: BTreeMap<&str, Vec<&OrderRecord>> = BTreeMap::new();
        for record in desk.core.orders() {
            self.check_order(desk, record)?;
            if record.in_group() {
                groups.entry(record.order.oca_group.as_str()).or_default().push(record);
            }
        }
        for members in groups.values() {
            self.check_group(members)?;
        }
        Ok(())
    }

    fn check_fills(&mut self, desk: &Desk) -> Result<(), TestCaseError> {
        let fills = desk.core.books().fills();
        for fill in &fills[self.seen.min(fills.len())..] {
            let record = desk.core.order(fill.client, fill.order).unwrap();
            let is_whole = record.is_combination() && fill.contract == record.contract_id;
            if !record.is_combination() || is_whole {
                let (quantity, _) = self.fills.entry(record.key).or_default();
                *quantity += fill.quantity;
            }
            let (_, fees) = self.fills.entry(record.key).or_default();
            *fees += fill.commission;
            if is_whole {
                check_limit(record, fill.price)?;
                continue;
            }
            *self.positions.entry(fill.contract).or_default() += fill.signed_quantity();
            let buys = fill.signed_quantity() > Decimal::ZERO;
            let (quote, from_bid, from_ask) = self.shown.get_mut(&fill.contract).unwrap();
            let (level, taken) = if buys { (quote.ask.unwrap(), from_ask) } else { (quote.bid.unwrap(), from_bid) };
            if fill.price == level.price {
                *taken += fill.quantity;
                prop_assert!(*taken <= level.size, "{} of {} shown were taken", taken, level.size);
            } else if let Some((contract, trade)) = self.printed.as_mut().filter(|_| is_passive(record)) {
                // It waited inside the quote, and a trade came to it.
                prop_assert_eq!(*contract, fill.contract);
                let came = if buys { trade.price <= fill.price } else { trade.price >= fill.price };
                prop_assert!(came, "no trade came to it");
                let (bid, ask) = (quote.bid.unwrap().price, quote.ask.unwrap().price);
                prop_assert!(bid <= fill.price && fill.price <= ask, "{} outside {bid}..{ask}", fill.price);
                trade.size -= fill.quantity;
                prop_assert!(trade.size >= Decimal::ZERO, "more than was traded");
            } else {
                prop_assert_eq!(fill.price, level.price, "{:?}", record.order.order_type);
            }
            if !record.is_combination() {
                check_limit(record, fill.price)?;
            }
        }
        self.seen = fills.len();
        Ok(())
    }

    fn check_order(&self, desk: &Desk, record: &OrderRecord) -> Result<(), TestCaseError> {
        let (filled, fees) = self.fills.get(&record.key).copied().unwrap_or_default();
        prop_assert_eq!(filled, record.filled);
        prop_assert_eq!(fees, record.commission);
        prop_assert!(record.filled <= record.total && record.remaining() + record.filled == record.total);
        prop_assert_eq!(record.stage == Stage::Filled, record.remaining().is_zero() && record.filled > Decimal::ZERO);
        prop_assert_eq!(
            record.completed.is_some(),
            matches!(record.stage, Stage::Filled | Stage::Cancelled | Stage::Inactive)
        );
        let cannot_wait =
            matches!(record.order.time_in_force, Some(TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill));
        prop_assert!(!(cannot_wait && record.stage == Stage::Working), "{:?} waits", record.order.time_in_force);
        if record.order.time_in_force == Some(TimeInForce::FillOrKill) && !record.in_group() {
            prop_assert!(record.filled.is_zero() || record.stage == Stage::Filled);
        }
        if record.order.order_type == OrderType::Volatility {
            prop_assert!(record.filled.is_zero(), "what cannot be simulated never trades");
        }
        let Some(parent) = record.parent() else { return Ok(()) };
        let Some(parent) = desk.core.order(parent.client, parent.order) else { return Ok(()) };
        let freed =
            parent.stage == Stage::Filled || (parent.stage == Stage::Cancelled && parent.filled > Decimal::ZERO);
        let acts = matches!(record.stage, Stage::Dormant | Stage::Untriggered | Stage::Working | Stage::Filled);
        prop_assert!(freed || !(acts || record.filled > Decimal::ZERO), "a child lived before its parent filled");
        let dead = matches!(parent.stage, Stage::Cancelled | Stage::Inactive) && parent.filled.is_zero();
        prop_assert!(!(dead && record.stage.is_live()), "a child outlived its parent");
        let siblings = desk.core.orders().filter(|other| other.parent() == Some(parent.key));
        let closed: Decimal = siblings.map(|child| child.filled).sum();
        prop_assert!(closed <= parent.filled, "children closed more than their parent opened");
        Ok(())
    }

    fn check_group(&self, members: &[&OrderRecord]) -> Result<(), TestCaseError> {
        let filled = members.iter().filter(|member| member.filled > Decimal::ZERO).count();
        let reduces = |record: &OrderRecord| {
            matches!(record.order.oca_type, Some(OcaType::ReduceWithBlock | OcaType::ReduceWithoutBlock))
        };
        if !members.iter().all(|member| reduces(member)) {
            prop_assert!(filled <= 1, "two members of a group filled");
            return Ok(());
        }
        // Each may be rounded up to a whole unit at every fill of another.
        let (mut part, mut slack) = (Decimal::ZERO, Decimal::ZERO);
        for member in members {
            let first = self.first_totals[&member.key];
            part += member.filled / first;
            let others = members.iter().filter(|other| other.key != member.key);
            let fills: usize = others.map(|other| usize::from(other.filled > Decimal::ZERO) * 200).sum();
            slack += Decimal::from(fills.min(3)) * Decimal::from(members.len()) / first;
        }
        prop_assert!(part <= Decimal::ONE + slack, "{} of a group filled", part);
        Ok(())
    }
}

fn is_passive(record: &OrderRecord) -> bool {
    matches!(record.order.order_type, OrderType::Relative | OrderType::PeggedToMidpoint | OrderType::MidPrice)
}

/// No fill is worse than the limit of its order.
fn check_limit(record: &OrderRecord, price: Decimal) -> Result<(), TestCaseError> {
    let Some(limit) = record.limit() else { return Ok(()) };
    let fits = match record.taker() {
        Taker::Buyer => price <= limit,
        Taker::Seller => price >= limit,
    };
    // The limit of the rest of a market-to-limit order is the price of its first fill.
    prop_assert!(fits, "{} beyond {} of {:?}", price, limit, record.order.order_type);
    Ok(())
}

/// How many cases are drawn where the environment says nothing.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_must_hold_holds(steps in prop::collection::vec(step(), 200), cancel_ms in prop_oneof![Just(0_i64), Just(500)]) {
        run(steps, cancel_ms)?;
    }
}
