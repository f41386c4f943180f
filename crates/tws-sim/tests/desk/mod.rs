//! A core without runtime, driven by scripts: a command a line, and behind `>` what the client hears.
//!
//! Commands: `quote BIDxSIZE ASKxSIZE`, `trade PRICExSIZE`, `buy|sell ID QUANTITY TYPE [PRICE [STOP]] [key=value..]`,
//! `exercise|lapse ID QUANTITY INSTRUMENT [override]`, `cancel ID`, `cancel all`, `open`, `open all`, `completed`,
//! `executions`, `positions`, `reconnect`, `wait MS`, `fault NAME [key=value..]`, `clear NAME`.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::LazyLock;

use rust_decimal::Decimal;
use tws_proto::condition::{Bound, Condition, Conjunction};
use tws_proto::contract::ComboLeg;
use tws_proto::ids::{ClientId, ContractId, OrderId, RequestId};
use tws_proto::kinds::{
    Action, AlgoStrategy, ExerciseAction, HedgeType, OcaType, OrderType, SecurityType, TimeInForce, TriggerMethod,
};
use tws_proto::message::{
    CancelOrder, ExerciseOptions, GlobalCancel, PlaceOrder, RequestAllOpenOrders, RequestCompletedOrders,
    RequestExecutions, RequestOpenOrders, RequestPositions, StartApi,
};
use tws_proto::tags::TagValue;
use tws_proto::{ClientMessage, Contract, Order, ServerMessage, ServerVersion};
use tws_sim::book::Book;
use tws_sim::catalogue::Catalogue;
use tws_sim::core::{Core, CoreSetup, Feed, Input, Output};
use tws_sim::faults::Clear;
use tws_sim::market::{Level, MarketEvent, Quote, Trade};
use tws_sim::session::SessionId;
use tws_sim::time::SimTime;
use tws_sim::{Fault, OrderRules};

/// 7 October 2013, 13:00 in New York.
pub(crate) const START: SimTime = SimTime(1_381_165_200_000);
pub(crate) const ACCOUNT: &str = "DU1234567";

pub(crate) struct Desk {
    pub(crate) core: Core,
    now: SimTime,
    session: u64,
}

impl Desk {
    /// A core whose markets stand still, with client 1 connected.
    pub(crate) fn new() -> Self {
        let mut desk = Self::with(CoreSetup { feed: Feed::Still, ..CoreSetup::new(7, START) });
        desk.connect(1);
        desk
    }

    pub(crate) fn with(setup: CoreSetup) -> Self {
        let now = setup.start;
        Self { core: Core::new(setup), now, session: 0 }
    }

    pub(crate) fn connect(&mut self, client: i32) -> Vec<Output> {
        self.session += 1;
        let session = SessionId(self.session);
        self.core.step(Input::Connected { session, version: ServerVersion::NEWEST }, self.now);
        self.say(StartApi { client_id: ClientId(client), ..StartApi::default() })
    }

    pub(crate) fn disconnect(&mut self) {
        self.core.step(Input::Disconnected { session: SessionId(self.session) }, self.now);
    }

    pub(crate) fn say(&mut self, message: impl Into<ClientMessage>) -> Vec<Output> {
        let session = SessionId(self.session);
        self.core.step(Input::Message { session, message: message.into() }, self.now)
    }

    pub(crate) fn wait(&mut self, milliseconds: i64) -> Vec<Output> {
        self.now = self.now.plus_ms(milliseconds);
        self.core.step(Input::TimePassed, self.now)
    }

    pub(crate) fn show(&mut self, instrument: &str, event: MarketEvent) -> Vec<Output> {
        let contract = self.core.catalogue().by_name(instrument).unwrap().contract_id;
        self.core.step(Input::Market { contract, event }, self.now)
    }

    pub(crate) fn book(&self) -> Book {
        Book::of(&self.core)
    }

    pub(crate) fn run(&mut self, command: &str) -> Vec<Output> {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            ["quote", bid, ask] => self.run(&format!("quote IBM {bid} {ask}")),
            ["quote", instrument, bid, ask] => {
                let quote = Quote { bid: level(bid), ask: level(ask) };
                self.show(&instrument.replace('_', " "), MarketEvent::Quote(quote))
            }
            ["trade", trade] => {
                let Level { price, size } = level(trade).unwrap();
                self.show("IBM", MarketEvent::Trade(Trade { price, size, exchange: String::new() }))
            }
            ["exercise" | "lapse", id, quantity, instrument, rest @ ..] => {
                let name = instrument.replace('_', " ");
                let contract = self.core.catalogue().by_name(&name).unwrap().contract();
                let action = if words[0] == "lapse" { ExerciseAction::Lapse } else { ExerciseAction::Exercise };
                self.say(Box::new(ExerciseOptions {
                    order_id: OrderId(id.parse().unwrap()),
                    contract,
                    action: Some(action),
                    quantity: Some(quantity.parse().unwrap()),
                    overrides_natural_action: rest == ["override"],
                    ..ExerciseOptions::default()
                }))
            }
            ["buy", rest @ ..] => self.say(Box::new(place(Action::Buy, rest))),
            ["sell", rest @ ..] => self.say(Box::new(place(Action::Sell, rest))),
            ["cancel", "all"] => self.say(GlobalCancel::default()),
            ["cancel", id] => self.say(CancelOrder::new(OrderId(id.parse().unwrap()))),
            ["open"] => self.say(RequestOpenOrders {}),
            ["open", "all"] => self.say(RequestAllOpenOrders {}),
            ["completed"] => self.say(RequestCompletedOrders { api_only: false }),
            ["executions"] => self.say(Box::new(RequestExecutions { request_id: RequestId(9), filter: None })),
            ["positions"] => self.say(RequestPositions {}),
            ["reconnect"] => {
                self.disconnect();
                self.connect(1)
            }
            ["fault", name, said @ ..] => {
                let fault = fault(name, said);
                self.core.step(Input::Fault(fault), self.now)
            }
            ["clear", name] => {
                let switch = Some(name.parse().unwrap());
                self.core.step(Input::Clear(Clear { switch, client: None }), self.now)
            }
            ["wait", ms] => self.wait(ms.parse().unwrap()),
            _ => panic!("no such command: {command}"),
        }
    }
}

/// Runs a script on a new desk and compares every line that says what follows.
#[track_caller]
pub(crate) fn check(script: &str) -> Desk {
    check_on(Desk::new(), script)
}

/// The same under other rules.
#[track_caller]
pub(crate) fn check_with(order_rules: OrderRules, script: &str) -> Desk {
    let mut desk = Desk::with(CoreSetup { feed: Feed::Still, order_rules, ..CoreSetup::new(7, START) });
    desk.connect(1);
    check_on(desk, script)
}

/// The same on a desk that is there already.
#[track_caller]
pub(crate) fn check_on(mut desk: Desk, script: &str) -> Desk {
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) =
            line.split_once('>').map_or((line, ""), |(command, expected)| (command, expected.trim()));
        let heard = trace(&desk.run(command));
        assert_eq!(heard, expected, "\nafter {command}");
    }
    desk
}

/// What is worth reading of the outputs, in one line.
pub(crate) fn trace(outputs: &[Output]) -> String {
    outputs.iter().filter_map(word).collect::<Vec<_>>().join(" | ")
}

fn word(output: &Output) -> Option<String> {
    let Output::Send { message, .. } = output else { return Some("close".to_owned()) };
    Some(match message {
        ServerMessage::OpenOrder(open) if open.order.what_if => {
            let state = &open.state;
            format!("preview {} margin {} fee {}", open.order_id, state.initial_margin_change?, state.commission?)
        }
        ServerMessage::OpenOrder(open) => {
            format!("open {} {} {}", open.order_id, open.state.status.as_ref()?.as_str(), open.order.total_quantity?)
        }
        ServerMessage::OrderStatus(status) => {
            let (filled, remaining) = (status.filled?, status.remaining?);
            format!("status {} {} {filled}/{remaining}", status.order_id, status.status.as_str())
        }
        ServerMessage::ExecutionData(data) => {
            let execution = &data.execution;
            format!(
                "exec {} {} {}@{}",
                execution.order_id?,
                execution.side.as_str(),
                execution.quantity?,
                execution.price?
            )
        }
        ServerMessage::CommissionReport(report) => match report.realized_pnl {
            Some(realized) => format!("fee {} pnl {realized}", report.commission?),
            None => format!("fee {}", report.commission?),
        },
        ServerMessage::Notice(notice) if notice.id == Some(-1) => return None,
        ServerMessage::Notice(notice) => format!("error {} {}", notice.id?, notice.code),
        ServerMessage::CompletedOrder(done) => {
            format!("done {} {}", done.state.status.as_ref()?.as_str(), done.order.filled_quantity?)
        }
        ServerMessage::Position(position) => {
            format!("position {} {}", position.position?, position.average_cost?)
        }
        ServerMessage::NextValidId(next) => format!("next {}", next.order_id),
        ServerMessage::OpenOrdersEnd(_)
        | ServerMessage::CompletedOrdersEnd(_)
        | ServerMessage::ExecutionsEnd(_)
        | ServerMessage::PositionEnd(_) => "end".to_owned(),
        _ => return None,
    })
}

fn fault(name: &str, said: &[&str]) -> Fault {
    let mut text = format!("fault = \"{name}\"\n");
    for word in said {
        let (key, value) = word.split_once('=').unwrap();
        let quoted = matches!(key, "text" | "instrument");
        let value = if quoted { format!("\"{value}\"") } else { value.to_owned() };
        text.push_str(&format!("{key} = {value}\n"));
    }
    let fault: Fault = toml::from_str(&text).unwrap();
    fault.check().unwrap();
    fault
}

fn level(text: &str) -> Option<Level> {
    let (price, size) = text.split_once('x')?;
    Some(Level { price: price.parse().unwrap(), size: size.parse().unwrap() })
}

fn place(action: Action, words: &[&str]) -> PlaceOrder {
    let [id, quantity, kind, rest @ ..] = words else { panic!("an order needs id, quantity and type") };
    let order_type = OrderType::from(kind.replace('_', " "));
    let mut order = Order::new(action, quantity.parse().unwrap(), order_type.clone());
    let mut contract = Contract::stock("IBM", "USD");
    let mut prices = Vec::new();
    for word in rest {
        match word.split_once('=') {
            None => prices.push(word.parse::<Decimal>().unwrap()),
            Some(("symbol", symbol)) => contract.symbol = symbol.to_owned(),
            Some(("conid", id)) => contract = Contract::by_id(ContractId(id.parse().unwrap()), "SMART"),
            Some(("legs", legs)) => contract = combination(legs),
            Some(("exchange", exchange)) => contract.exchange = exchange.to_owned(),
            Some((key, value)) => set(&mut order, key, value),
        }
    }
    match (order_type, prices.as_slice()) {
        (OrderType::Limit | OrderType::LimitOnClose, [limit]) => order.limit_price = Some(*limit),
        (OrderType::Stop | OrderType::MarketIfTouched | OrderType::StopWithProtection, [stop]) => {
            order.aux_price = Some(*stop);
        }
        (OrderType::StopLimit | OrderType::LimitIfTouched, [limit, stop]) => {
            order.limit_price = Some(*limit);
            order.aux_price = Some(*stop);
        }
        (_, []) => {}
        (kind, prices) => panic!("{kind:?} does not take {prices:?}"),
    }
    PlaceOrder { order_id: OrderId(id.parse().unwrap()), contract, order, attached: None }
}

/// The built-in instruments, read once.
pub(crate) fn catalogue() -> Catalogue {
    static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::built_in(START));
    BUILT_IN.clone()
}

/// `IBM:1,-SPY:2`: what one combination buys and, behind a dash, sells.
fn combination(legs: &str) -> Contract {
    let catalogue = catalogue();
    let leg = |text: &str| {
        let (name, ratio) = text.split_once(':').unwrap();
        let action = if name.starts_with('-') { Action::Sell } else { Action::Buy };
        ComboLeg {
            contract_id: Some(catalogue.by_name(name.trim_start_matches('-')).unwrap().contract_id),
            ratio: Some(ratio.parse().unwrap()),
            action: Some(action),
            exchange: "SMART".to_owned(),
            ..ComboLeg::default()
        }
    };
    Contract {
        security_type: Some(SecurityType::Combination),
        symbol: "IBM".to_owned(),
        currency: "USD".to_owned(),
        exchange: "SMART".to_owned(),
        combo_legs: legs.split(',').map(leg).collect(),
        ..Contract::default()
    }
}

fn set(order: &mut Order, key: &str, value: &str) {
    let number = || Some(value.parse::<Decimal>().unwrap());
    let spaced = || value.replace('_', " ");
    let flag = value == "1";
    match key {
        "tif" => order.time_in_force = Some(TimeInForce::from(value)),
        "parent" => order.parent_id = Some(OrderId(value.parse().unwrap())),
        "transmit" => order.transmit = flag,
        "oca" => order.oca_group = value.to_owned(),
        "ocatype" => order.oca_type = Some(OcaType::from(value.parse::<i32>().unwrap())),
        "trigger" => {
            order.trigger_method = Some(match value {
                "last" => TriggerMethod::Last,
                "doublelast" => TriggerMethod::DoubleLast,
                "bidask" => TriggerMethod::BidAsk,
                "doublebidask" => TriggerMethod::DoubleBidAsk,
                "midpoint" => TriggerMethod::MidPoint,
                other => panic!("no such method: {other}"),
            });
        }
        "whatif" => order.what_if = flag,
        "ref" => order.order_reference = value.to_owned(),
        "account" => order.account = value.to_owned(),
        "limit" => order.limit_price = number(),
        "aux" => order.aux_price = number(),
        "percent" => order.trailing_percent = number(),
        "trailstop" => order.trail_stop_price = number(),
        "offset" => order.limit_price_offset = number(),
        "percentoffset" => order.percent_offset = number(),
        "discretion" => order.discretionary_amount = number(),
        "cash" => order.cash_quantity = number(),
        "after" => order.good_after_time = spaced().into(),
        "till" => order.good_till_date = spaced().into(),
        "allornone" => order.all_or_none = flag,
        "min" => order.minimum_quantity = Some(value.parse().unwrap()),
        "outside" => order.outside_regular_hours = flag,
        "deactivate" => order.deactivate = flag,
        "postonly" => order.post_only = flag,
        "autocancelparent" => order.auto_cancel_parent = flag,
        "hedge" => order.hedge_type = Some(HedgeType::from(value)),
        "algo" => order.algo_strategy = Some(AlgoStrategy::from(value)),
        "ends" => order.algo_parameters.push(TagValue { tag: "endTime".to_owned(), value: spaced() }),
        "when" => order.conditions = conditions(value),
        "cancels" => order.conditions_cancel_order = flag,
        "ignorerth" => order.conditions_ignore_regular_hours = flag,
        other => panic!("no such key: {other}"),
    }
}

/// `price+101.00&time+20131007_14:00:00|margin-30`: at or above behind a plus, at or below behind a minus. A price may name
/// its method, `price.last+101.00`.
fn conditions(text: &str) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for part in text.split_inclusive(['&', '|']) {
        let conjunction = if part.ends_with('&') { Conjunction::And } else { Conjunction::Or };
        let part = part.trim_end_matches(['&', '|']);
        let at = part.find(['+', '-', '=']).unwrap();
        let (kind, value) = (&part[..at], &part[at + 1..]);
        let bound = if part[at..].starts_with('+') { Bound::Above } else { Bound::Below };
        let contract_id = Some(ContractId(8314));
        let exchange = "SMART".to_owned();
        let (kind, method) = kind.split_once('.').unwrap_or((kind, ""));
        let trigger_method = Some(match method {
            "last" => TriggerMethod::Last,
            "doublelast" => TriggerMethod::DoubleLast,
            "bidask" => TriggerMethod::BidAsk,
            _ => TriggerMethod::Default,
        });
        conditions.push(match kind {
            "price" => {
                let price = Some(value.parse().unwrap());
                Condition::Price { conjunction, bound, price, contract_id, exchange, trigger_method }
            }
            "time" => Condition::Time { conjunction, bound, time: value.replace('_', " ").into() },
            "margin" => Condition::Margin { conjunction, bound, percent: Some(value.parse().unwrap()) },
            "execution" => Condition::Execution {
                conjunction,
                security_type: Some(SecurityType::Stock),
                exchange,
                symbol: value.to_owned(),
            },
            "volume" => {
                let volume = Some(value.parse().unwrap());
                Condition::Volume { conjunction, bound, volume, contract_id, exchange }
            }
            "change" => {
                let change_percent = Some(value.parse().unwrap());
                Condition::PercentChange { conjunction, bound, change_percent, contract_id, exchange }
            }
            other => panic!("no such condition: {other}"),
        });
    }
    conditions
}
