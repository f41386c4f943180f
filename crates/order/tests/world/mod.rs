//! A small language for scripts: an event a line, and what came of it.
//!
//! Orders are called `a`, `b`, ...; each buys 100 IBM at 10 in DU1, and IB numbers them 101, 102, ... `@1.01` is an
//! execution id, `#7` another number of IB's, `q5` a quantity, `f5` what has filled, `r5` what remains, `sold` the side of an
//! execution that is not its order's.

#![allow(dead_code, reason = "each test program uses its own part of the language")]

use std::fmt::Write as _;

use order::{
    Action, Bracket, BrokerEvent, Change, DAY_US, Event, Gate, HaltScope, Hours, Instance, Intent, IntentId, LinkEvent,
    OcaEffect, OneCancelsAll, Operation, OperationResult, OrderKind, OrderUpdate, Orders, Outcome, PassedLegs,
    Protection, Record, Replacement, Revenant, Session, Side, SnapshotEvent, SnapshotFacts, Step, Terms, TimeInForce,
    Timestamp, Unprotected,
};
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::{ExecutionSide, Status};
use tws_proto::message::{CommissionReport, CompletedOrder, ExecutionData, Notice, OpenOrder, OrderStatus};
use tws_proto::{ClientMessage, Contract, Order};

/// Lets everything through.
pub(crate) struct Open;

impl Gate for Open {
    type Refusal = std::convert::Infallible;

    fn check(&self, _: &Intent, _: PassedLegs<'_>, _: &Orders) -> Result<(), Self::Refusal> {
        Ok(())
    }
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn intent(name: char) -> Intent {
    Intent {
        id: id(name),
        strategy: "s".into(),
        account: "DU1".into(),
        contract: Contract { contract_id: Some(ContractId(8314)), ..Contract::stock("IBM", "USD") }.into(),
        side: Side::Buy,
        quantity: 100.into(),
        kind: OrderKind::Limit { limit_price: 10.into() },
        time_in_force: TimeInForce::GoodTillCancelled,
        hours: Hours::Regular,
        extension: None,
    }
}

/// Buys as `a` does, takes the profit at 12 and the loss at 9; the legs have the names that follow.
pub(crate) fn bracket(entry: char) -> Bracket {
    let leg = |place: u32, kind| Intent {
        side: Side::Sell,
        kind,
        ..intent(char::from_u32(u32::from(entry) + place).unwrap())
    };
    let profit = leg(1, OrderKind::Limit { limit_price: 12.into() });
    Bracket::new(intent(entry), profit, leg(2, OrderKind::Stop { stop_price: 9.into() }))
}

pub(crate) fn id(name: char) -> IntentId {
    IntentId(u128::from(u32::from(name)))
}

fn name(id: IntentId) -> char {
    u32::try_from(id.0).ok().and_then(char::from_u32).unwrap_or('?')
}

pub(crate) fn number(name: char) -> PermanentId {
    PermanentId(100 + i64::from(u32::from(name) - u32::from('a')) + 1)
}

pub(crate) fn book() -> Orders {
    Orders::new(Instance::new("t1").unwrap(), ClientId(1))
}

/// The book under test, its records, and the time.
pub(crate) struct World {
    pub(crate) orders: Orders,
    pub(crate) records: Vec<Record>,
    pub(crate) now: Timestamp,
    /// What should be placed for a position without a stop.
    pub(crate) protection: Option<Protection>,
}

/// Options of an event: a letter and a value each.
struct Options<'a>(Vec<&'a str>);

impl<'a> Options<'a> {
    fn text(&self, letter: char) -> Option<&'a str> {
        self.0.iter().find_map(|word| word.strip_prefix(letter))
    }

    fn number(&self, letter: char) -> Option<Decimal> {
        self.text(letter).map(decimal)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self { orders: book(), records: Vec::new(), now: Timestamp(0), protection: None };
        let _ = world.happen(Event::Link(LinkEvent::Ready { next_order_id: OrderId(1) }));
        world
    }

    pub(crate) fn keep(&mut self, step: Step) -> Vec<Action> {
        self.records.extend(step.records);
        step.actions
    }

    pub(crate) fn happen(&mut self, event: Event) -> Vec<Action> {
        let step = self.orders.step(event, self.now);
        self.keep(step)
    }

    /// Order id, number of IB's and reference of an order; a capital letter is another trader's with the same id.
    fn names(&self, name: char, options: &Options<'_>) -> (OrderId, Option<PermanentId>, String) {
        let ours = self.orders.get(id(name.to_ascii_lowercase())).map_or(OrderId(99), |order| order.order_id);
        let known = options
            .text('#')
            .map_or_else(|| number(name.to_ascii_lowercase()), |text| PermanentId(text.parse().unwrap()));
        let reference = match options.text('=') {
            Some(text) => text.to_owned(),
            None if name.is_ascii_uppercase() => "somebody else's".to_owned(),
            None => {
                self.orders.update(id(name)).map_or(String::new(), |_| Instance::new("t1").unwrap().reference(id(name)))
            }
        };
        (ours, Some(known), reference)
    }

    fn side(&self, name: char) -> Side {
        self.orders.get(id(name)).map_or(Side::Buy, |order| order.intent.side)
    }

    /// The order as the broker shows it: as it is known, with what the options say.
    fn shown(&self, name: char, options: &Options<'_>) -> Order {
        let kind = self.orders.get(id(name)).map(|order| order.intent.kind.clone());
        let quantity = options.number('q').unwrap_or(Decimal::ONE_HUNDRED);
        let action = self.side(name).action();
        match kind {
            Some(OrderKind::Stop { stop_price }) => Order::stop(action, quantity, stop_price),
            Some(OrderKind::Market) => Order::market(action, quantity),
            Some(OrderKind::Limit { .. }) | None => {
                let usual = if action == Side::Buy.action() { Decimal::TEN } else { 12.into() };
                Order::limit(action, quantity, options.number('p').unwrap_or(usual))
            }
            Some(other) => panic!("the language has no {other:?}"),
        }
    }

    pub(crate) fn broker(&self, words: &[&str]) -> BrokerEvent {
        let (verb, name) = (words[0], words[1].chars().next().unwrap());
        let options = Options(words[2..].to_vec());
        let (order_id, permanent_id, order_reference) = self.names(name, &options);
        let client_id = Some(ClientId(options.text('c').map_or(1, |text| text.parse().unwrap())));
        let contract = Contract::clone(&intent('a').contract);
        let status = || Status::from(options.0.first().copied().unwrap_or(""));
        let order = || Order {
            account: "DU1".to_owned(),
            client_id,
            permanent_id,
            order_reference: order_reference.clone(),
            filled_quantity: options.number('f'),
            ..self.shown(name, &options)
        };
        let state = || tws_proto::order_state::OrderState { status: Some(status()), ..Default::default() };
        match verb {
            "open" => {
                BrokerEvent::OpenOrder(Box::new(OpenOrder { order_id, contract, order: order(), state: state() }))
            }
            "done" => {
                BrokerEvent::CompletedOrder(Box::new(CompletedOrder { contract, order: order(), state: state() }))
            }
            "status" => BrokerEvent::OrderStatus(Box::new(OrderStatus {
                order_id,
                status: status(),
                filled: options.number('f'),
                remaining: options.number('r'),
                permanent_id: permanent_id.filter(|id| id.0 != 0),
                client_id,
                average_fill_price: options.number('p'),
                why_held: options.text('h').unwrap_or("").to_owned(),
                ..OrderStatus::default()
            })),
            "exec" => BrokerEvent::Execution(Box::new(ExecutionData {
                contract,
                execution: tws_proto::message::Execution {
                    order_id: Some(order_id),
                    execution_id: options.text('@').unwrap().to_owned(),
                    account: "DU1".to_owned(),
                    side: match self.side(name) {
                        _ if options.0.contains(&"sold") => ExecutionSide::Sold,
                        Side::Buy => ExecutionSide::Bought,
                        Side::Sell => ExecutionSide::Sold,
                    },
                    quantity: Some(options.number('q').unwrap_or(Decimal::ONE_HUNDRED)),
                    price: Some(options.number('p').unwrap_or(Decimal::TEN)),
                    permanent_id,
                    client_id,
                    order_reference,
                    cumulative_quantity: options.number('f'),
                    average_price: options.number('v'),
                    ..Default::default()
                },
                ..ExecutionData::default()
            })),
            "cost" => BrokerEvent::Commission(Box::new(CommissionReport {
                execution_id: options.text('@').unwrap().to_owned(),
                commission: Some(options.number('q').unwrap_or(Decimal::ONE)),
                currency: "USD".to_owned(),
                ..CommissionReport::default()
            })),
            "notice" => BrokerEvent::Notice(Box::new(Notice {
                id: Some(order_id.0),
                code: words[2].parse().unwrap(),
                text: "text".to_owned(),
                ..Notice::default()
            })),
            other => panic!("no such event: {other}"),
        }
    }

    /// Runs one line, and says what came of it.
    pub(crate) fn run(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let order = words.get(1).and_then(|word| word.chars().next()).filter(|_| words[1].len() == 1);
        let options = Options(words.get(2..).unwrap_or_default().to_vec());
        let now = self.now;
        let actions = match words[0] {
            "place" => {
                let mut wish = intent(order.unwrap());
                wish.quantity = options.number('q').unwrap_or(wish.quantity);
                if options.0.contains(&"day") {
                    wish.time_in_force = TimeInForce::Day;
                }
                match self.orders.submit(wish.into(), &Open, now) {
                    Ok(step) => self.keep(step),
                    Err(error) => return format!("refused: {error}"),
                }
            }
            "bracket" => {
                let policy = match options.0.first() {
                    Some(&"protect") => Unprotected::Protect,
                    Some(&"flatten") => Unprotected::Flatten,
                    _ => Unprotected::Alarm,
                };
                let bracket = Bracket { unprotected: policy, ..bracket(order.unwrap()) };
                match self.orders.submit(bracket.into(), &Open, now) {
                    Ok(step) => self.keep(step),
                    Err(error) => return format!("refused: {error}"),
                }
            }
            "oca" => {
                let next = |name: char| char::from_u32(u32::from(name) + 1).unwrap();
                let legs = vec![intent(order.unwrap()), intent(next(order.unwrap()))];
                let effect = match options.0.first() {
                    Some(&"reduce") => OcaEffect::ReduceWithoutBlock,
                    _ => OcaEffect::CancelWithBlock,
                };
                match self.orders.submit(OneCancelsAll { legs, effect }.into(), &Open, now) {
                    Ok(step) => self.keep(step),
                    Err(error) => return format!("refused: {error}"),
                }
            }
            "replace" => {
                let of = id(order.unwrap());
                let by = intent(options.0[0].chars().next().unwrap());
                let revenant = if options.0.get(1) == Some(&"adopt") { Revenant::Adopt } else { Revenant::Cancel };
                let replacement = Replacement { of, intent: by, revenant };
                match self.orders.submit(replacement.into(), &Open, now) {
                    Ok(step) => self.keep(step),
                    Err(error) => return format!("refused: {error}"),
                }
            }
            "protect" => {
                let Some(protection) = self.protection.take() else { return "nothing to protect".to_owned() };
                match self.orders.protect(protection, id(order.unwrap()), &Open, now) {
                    Ok(step) => self.keep(step),
                    Err(error) => return format!("refused: {error}"),
                }
            }
            "acknowledge" => {
                let scope = match words.get(2) {
                    Some(&"everything") => HaltScope::Everything,
                    _ => HaltScope::Strategy("s".to_owned()),
                };
                match self.orders.acknowledge(scope, words.get(1).copied().unwrap_or(""), now) {
                    Ok(step) => self.keep(step),
                    Err(error) => return format!("refused: {error}"),
                }
            }
            // The trading day ends so many seconds from now; another one follows.
            "hours" => {
                let closes = Timestamp(now.0 + words[1].parse::<i64>().unwrap() * 1_000_000);
                let today = Session { opens: now, closes, day: 1 };
                let next = Session { opens: closes, closes: Timestamp(closes.0 + DAY_US), day: 2 };
                let terms = Terms { regular: vec![today, next], ..Terms::default() };
                let step = self.orders.learn(ContractId(8314), terms, now);
                self.keep(step)
            }
            "cancel" => {
                let step = self.orders.cancel(id(order.unwrap()), now).unwrap();
                self.keep(step)
            }
            "change" => {
                let kind = options.number('p').map(|limit_price| OrderKind::Limit { limit_price });
                let change = Change { quantity: options.number('q'), kind, time_in_force: None };
                match self.orders.change(id(order.unwrap()), change, &Open, now) {
                    Ok(step) => self.keep(step),
                    Err(error) => return format!("refused: {error}"),
                }
            }
            "wait" => {
                self.now.0 += words[1].parse::<i64>().unwrap() * 1000;
                self.happen(Event::Timer)
            }
            "pass" => {
                let seconds: u32 = words[1].parse().unwrap();
                let mut actions = Vec::new();
                for _ in 0..seconds {
                    self.now.0 += 1_000_000;
                    actions.extend(self.happen(Event::Timer));
                }
                actions
            }
            "link" => self.happen(Event::Link(match words[1] {
                "lost" => LinkEvent::Lost,
                "ready" => {
                    LinkEvent::Ready { next_order_id: OrderId(options.text('n').map_or(1, |n| n.parse().unwrap())) }
                }
                "down" => LinkEvent::UpstreamLost,
                "up" => LinkEvent::UpstreamRestored,
                other => panic!("no such link event: {other}"),
            })),
            "snapshot" => self.happen(Event::Snapshot(match words[1] {
                "began" => SnapshotEvent::Began,
                // `u`: the position is not explained; `h5`: history reaches five days back.
                "ended" if words.len() > 2 => {
                    let known = ("DU1".to_owned(), ContractId(8314));
                    let unexplained = if options_of(&words).contains(&"u") { vec![known] } else { Vec::new() };
                    let days = options.text('h').map(|days| days.parse::<i64>().unwrap());
                    let history_from = days.map(|days| Timestamp(now.0 - days * DAY_US));
                    let step = self.orders.snapshot_ended(&SnapshotFacts { unexplained, history_from }, now);
                    let actions = self.keep(step);
                    return self.report(line, &actions);
                }
                "ended" => SnapshotEvent::Ended,
                other => panic!("no such snapshot event: {other}"),
            })),
            "unsent" => self.happen(Event::NotSent { intents: vec![id(order.unwrap())], reason: "pacing".to_owned() }),
            _ => {
                let event = self.broker(&words);
                self.happen(Event::Broker(event))
            }
        };
        self.report(line, &actions)
    }

    fn report(&mut self, line: &str, actions: &[Action]) -> String {
        let mut text = String::new();
        for order in self.orders.iter() {
            let OrderUpdate { state, quantity, filled, working, unknown, cancelled, .. } = order.update();
            let _ = write!(text, "{} {state}", name(order.intent.id));
            for (word, part) in
                [("filled", filled), ("working", working), ("unknown", unknown), ("cancelled", cancelled)]
            {
                if !part.is_zero() {
                    let _ = write!(text, " {word} {part}");
                }
            }
            assert!(
                filled + working + unknown + cancelled == quantity || filled > quantity,
                "R27 is broken behind {line}: {text}"
            );
            let exposure = order.exposure(self.now);
            if exposure != working + unknown {
                let _ = write!(text, " exposed {exposure}");
            }
            text.push_str("; ");
        }
        for action in actions {
            let _ = match action {
                Action::Send(burst) => {
                    write!(text, "{}; ", burst.clone().into_messages().iter().map(sent).collect::<Vec<_>>().join(", "))
                }
                Action::Changed(_) => Ok(()),
                Action::Filled(fill) => {
                    let replaces = fill.replaces.map_or(String::new(), |(q, p)| format!(" for {q} at {p}"));
                    let whose = fill.intent.map_or('-', name);
                    let verb = if fill.is_inferred { "is inferred to trade" } else { "trades" };
                    write!(text, "{whose} {verb} {} at {}{replaces}; ", fill.quantity, fill.price)
                }
                Action::Commission(commission) => {
                    write!(text, "costs {} to {}; ", commission.amount, commission.strategy.as_deref().unwrap_or("-"))
                }
                Action::Alarm(alarm) => {
                    let alarm = format!("{alarm:?}");
                    write!(text, "alarm {}; ", alarm.split_once(' ').map_or(alarm.as_str(), |(word, _)| word))
                }
                Action::Outcome(outcome) => {
                    let Outcome { intent, operation, result, .. } = &**outcome;
                    let operation = if *operation == Operation::Cancel { "cancel" } else { "change" };
                    let result = match result {
                        OperationResult::Done => "is done".to_owned(),
                        OperationResult::Refused => "is refused".to_owned(),
                        OperationResult::Overtaken(state) => format!("is overtaken: {state}"),
                        OperationResult::NotSent => "was not sent".to_owned(),
                        OperationResult::Unanswered => "has no answer".to_owned(),
                    };
                    write!(text, "{operation} of {} {result}; ", name(*intent))
                }
                Action::Ask(question) => write!(text, "ask {question:?}; "),
                Action::Protect(protection) => {
                    self.protection = Some((**protection).clone());
                    let Protection { of, intent, .. } = &**protection;
                    let kind = if intent.kind == OrderKind::Market { "flatten" } else { "protect" };
                    write!(text, "{kind} {} for {}; ", intent.quantity, name(*of))
                }
            };
        }
        text.trim_end_matches("; ").to_owned()
    }

    /// The records make the same book again, and so does its own text.
    pub(crate) fn check_replay(&self) {
        let (mut replayed, mut lived) = (book(), book());
        for record in &self.records {
            let text = serde_json::to_string(record).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), *record, "{text}");
            let mut actions = lived.apply(record);
            actions.retain(|action| !matches!(action, Action::Changed(_)));
            assert_eq!(replayed.replay(record), actions, "{text}");
        }
        assert_eq!((&replayed, &lived), (&self.orders, &self.orders));
        let text = serde_json::to_string(&self.orders).unwrap();
        assert_eq!(serde_json::from_str::<Orders>(&text).unwrap(), self.orders);
        assert_eq!(serde_json::to_string(&replayed).unwrap(), text);
    }
}

fn options_of<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.get(2..).unwrap_or_default().to_vec()
}

fn sent(message: &ClientMessage) -> String {
    match message {
        ClientMessage::PlaceOrder(place) => {
            let (quantity, price) = (place.order.total_quantity.unwrap(), place.order.limit_price.unwrap_or_default());
            format!("place {} {quantity} at {price}", place.order_id.0)
        }
        ClientMessage::CancelOrder(cancel) => format!("cancel {}", cancel.order_id.0),
        other => format!("{other:?}"),
    }
}
