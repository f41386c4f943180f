//! A core without runtime, driven by scripts: a command a line, and behind `>` what the client hears.
//!
//! Commands: `quote BIDxSIZE ASKxSIZE`, `trade PRICExSIZE`, `buy|sell ID QUANTITY TYPE [PRICE [STOP]] [key=value..]`,
//! `cancel ID`, `cancel all`, `open`, `open all`, `completed`, `executions`, `positions`, `reconnect`, `wait MS`,
//! `fault NAME [key=value..]`, `clear NAME`.

#![allow(dead_code, reason = "each test file uses its part")]

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId, RequestId};
use tws_proto::kinds::{Action, OcaType, OrderType, TimeInForce, TriggerMethod};
use tws_proto::message::{
    CancelOrder, GlobalCancel, PlaceOrder, RequestAllOpenOrders, RequestCompletedOrders, RequestExecutions,
    RequestOpenOrders, RequestPositions, StartApi,
};
use tws_proto::{ClientMessage, Contract, Order, ServerMessage, ServerVersion};
use tws_sim::Fault;
use tws_sim::book::Book;
use tws_sim::core::{Core, CoreSetup, Feed, Input, Output};
use tws_sim::faults::Clear;
use tws_sim::market::{Level, MarketEvent, Quote, Trade};
use tws_sim::session::SessionId;
use tws_sim::time::SimTime;

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
            ["quote", bid, ask] => {
                let quote = Quote { bid: level(bid), ask: level(ask) };
                self.show("IBM", MarketEvent::Quote(quote))
            }
            ["trade", trade] => {
                let Level { price, size } = level(trade).unwrap();
                self.show("IBM", MarketEvent::Trade(Trade { price, size, exchange: String::new() }))
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
    let mut desk = Desk::new();
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
            Some(("tif", tif)) => order.time_in_force = Some(TimeInForce::from(tif)),
            Some(("parent", id)) => order.parent_id = Some(OrderId(id.parse().unwrap())),
            Some(("transmit", flag)) => order.transmit = flag == "1",
            Some(("oca", group)) => order.oca_group = group.to_owned(),
            Some(("ocatype", "1")) => order.oca_type = Some(OcaType::CancelWithBlock),
            Some(("ocatype", "2")) => order.oca_type = Some(OcaType::ReduceWithBlock),
            Some(("ocatype", "3")) => order.oca_type = Some(OcaType::ReduceWithoutBlock),
            Some(("trigger", "doublelast")) => order.trigger_method = Some(TriggerMethod::DoubleLast),
            Some(("trigger", "last")) => order.trigger_method = Some(TriggerMethod::Last),
            Some(("whatif", flag)) => order.what_if = flag == "1",
            Some(("ref", text)) => order.order_reference = text.to_owned(),
            Some(("symbol", symbol)) => contract.symbol = symbol.to_owned(),
            Some(("account", account)) => order.account = account.to_owned(),
            Some(other) => panic!("no such key: {other:?}"),
        }
    }
    match (order_type, prices.as_slice()) {
        (OrderType::Limit, [limit]) => order.limit_price = Some(*limit),
        (OrderType::Stop, [stop]) => order.aux_price = Some(*stop),
        (OrderType::StopLimit, [limit, stop]) => {
            order.limit_price = Some(*limit);
            order.aux_price = Some(*stop);
        }
        (_, []) => {}
        (kind, prices) => panic!("{kind:?} does not take {prices:?}"),
    }
    PlaceOrder { order_id: OrderId(id.parse().unwrap()), contract, order, attached: None }
}
