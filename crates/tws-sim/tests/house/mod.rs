//! A core with several clients, driven by scripts: `CLIENT: COMMAND`, and behind `>` what each client hears.
//!
//! Commands: `start`, `leave`, `quote BID ASK`, `buy|sell ID QUANTITY TYPE [LIMIT] [key=value..]`, `cancel ID`, `open`,
//! `open all`, `auto on|off`, `executions [key=value..]`, `completed [api]`, `ids`, `wait MS`. By hand, without client:
//! `hand buy|sell QUANTITY TYPE [LIMIT]`, `hand change N LIMIT`, `hand cancel N` (N-th order made by hand, from 1).

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId, PermanentId, RequestId};
use tws_proto::kinds::{Action, OrderType, TimeInForce};
use tws_proto::message::{
    CancelOrder, ExecutionFilter, PlaceOrder, RequestAllOpenOrders, RequestAutoOpenOrders, RequestCompletedOrders,
    RequestExecutions, RequestIds, RequestOpenOrders, StartApi,
};
use tws_proto::{ClientMessage, Contract, Order, ServerMessage, ServerVersion};
use tws_sim::book::Book;
use tws_sim::core::{Core, CoreSetup, Feed, HandRefused, Input, Manual, Output};
use tws_sim::market::{MarketEvent, Quote};
use tws_sim::session::SessionId;
use tws_sim::time::SimTime;

/// 7 October 2013, 13:00 in New York.
pub(crate) const START: SimTime = SimTime(1_381_165_200_000);

pub(crate) struct House {
    pub(crate) core: Core,
    pub(crate) now: SimTime,
    sessions: BTreeMap<i32, SessionId>,
    next_session: u64,
    by_hand: Vec<PermanentId>,
    refused: Option<HandRefused>,
}

/// Markets that stand still.
pub(crate) fn still() -> CoreSetup {
    CoreSetup { feed: Feed::Still, ..CoreSetup::new(7, START) }
}

impl House {
    pub(crate) fn new(setup: CoreSetup) -> Self {
        let now = setup.start;
        Self {
            core: Core::new(setup),
            now,
            sessions: BTreeMap::new(),
            next_session: 0,
            by_hand: Vec::new(),
            refused: None,
        }
    }

    pub(crate) fn book(&self) -> Book {
        Book::of(&self.core)
    }

    pub(crate) fn start(&mut self, client: i32) -> Vec<Output> {
        self.next_session += 1;
        let session = SessionId(self.next_session);
        self.core.step(Input::Connected { session, version: ServerVersion::NEWEST }, self.now);
        let message = StartApi { client_id: ClientId(client), ..StartApi::default() }.into();
        let outputs = self.core.step(Input::Message { session, message }, self.now);
        if !outputs.iter().any(|output| matches!(output, Output::Close { .. })) {
            self.sessions.insert(client, session);
        }
        outputs
    }

    pub(crate) fn leave(&mut self, client: i32) {
        let session = self.sessions.remove(&client).unwrap();
        self.core.step(Input::Disconnected { session }, self.now);
    }

    pub(crate) fn say(&mut self, client: i32, message: impl Into<ClientMessage>) -> Vec<Output> {
        let session = self.sessions[&client];
        self.core.step(Input::Message { session, message: message.into() }, self.now)
    }

    pub(crate) fn wait(&mut self, milliseconds: i64) -> Vec<Output> {
        self.now = self.now.plus_ms(milliseconds);
        self.core.step(Input::TimePassed, self.now)
    }

    pub(crate) fn quote(&mut self, instrument: &str, bid: &str, ask: &str) -> Vec<Output> {
        let contract = self.core.catalogue().by_name(instrument).unwrap().contract_id;
        let size = Decimal::ONE_THOUSAND;
        let quote = Quote::new(bid.parse().unwrap(), size, ask.parse().unwrap(), size);
        self.core.step(Input::Market { contract, event: MarketEvent::Quote(quote) }, self.now)
    }

    /// Forgets every session, as after a restart of the gateway.
    pub(crate) fn forget_sessions(&mut self) {
        self.sessions.clear();
    }

    pub(crate) fn run(&mut self, command: &str) -> Vec<Output> {
        let words: Vec<&str> = command.split_whitespace().collect();
        if let Some((client, rest)) = words.split_first()
            && let Some(client) = client.strip_suffix(':')
        {
            return self.client(client.parse().unwrap(), rest);
        }
        match words.as_slice() {
            ["quote", bid, ask] => self.quote("IBM", bid, ask),
            ["quote", instrument, bid, ask] => self.quote(instrument, bid, ask),
            ["wait", ms] => self.wait(ms.parse().unwrap()),
            ["hand", rest @ ..] => self.hand(rest),
            _ => panic!("no such command: {command}"),
        }
    }

    fn client(&mut self, client: i32, words: &[&str]) -> Vec<Output> {
        let id = |text: &str| OrderId(text.parse().unwrap());
        match words {
            ["start"] => self.start(client),
            ["leave"] => {
                self.leave(client);
                Vec::new()
            }
            [side @ ("buy" | "sell"), order_id, rest @ ..] => {
                let (contract, order) = order(side, rest);
                self.say(client, Box::new(PlaceOrder { order_id: id(order_id), contract, order, attached: None }))
            }
            ["cancel", order] => self.say(client, CancelOrder::new(id(order))),
            ["open"] => self.say(client, RequestOpenOrders {}),
            ["open", "all"] => self.say(client, RequestAllOpenOrders {}),
            ["auto", switch] => self.say(client, RequestAutoOpenOrders { auto_bind: *switch == "on" }),
            ["completed", rest @ ..] => self.say(client, RequestCompletedOrders { api_only: !rest.is_empty() }),
            ["ids"] => self.say(client, RequestIds::default()),
            ["executions", rest @ ..] => {
                let mut filter = ExecutionFilter::default();
                for word in rest {
                    match word.split_once('=').unwrap() {
                        ("client", id) => filter.client_id = Some(ClientId(id.parse().unwrap())),
                        ("account", account) => filter.account = account.to_owned(),
                        ("time", time) => filter.time = time.replace('_', " ").into(),
                        ("symbol", symbol) => filter.symbol = symbol.to_owned(),
                        ("type", kind) => filter.security_type = Some(kind.into()),
                        ("exchange", exchange) => filter.exchange = exchange.to_owned(),
                        ("side", side) => filter.side = Some(side.into()),
                        ("days", days) => filter.last_days = Some(days.parse().unwrap()),
                        ("date", date) => filter.dates.push(date.parse().unwrap()),
                        other => panic!("no such filter: {other:?}"),
                    }
                }
                let request = RequestExecutions { request_id: RequestId(9), filter: Some(filter) };
                self.say(client, Box::new(request))
            }
            _ => panic!("no such command: {words:?}"),
        }
    }

    fn hand(&mut self, words: &[&str]) -> Vec<Output> {
        let nth = |text: &str| self.by_hand[text.parse::<usize>().unwrap() - 1];
        let act = match words {
            [side @ ("buy" | "sell"), rest @ ..] => {
                let (contract, order) = order(side, rest);
                Manual::Place { contract: Box::new(contract), order: Box::new(order) }
            }
            ["change", number, limit] => {
                let permanent_id = nth(number);
                let order = self.core.live_by_permanent_id(permanent_id).unwrap().order.clone();
                Manual::Change {
                    permanent_id,
                    order: Box::new(Order { limit_price: Some(limit.parse().unwrap()), ..order }),
                }
            }
            ["cancel", number] => Manual::Cancel { permanent_id: nth(number) },
            _ => panic!("no such command: {words:?}"),
        };
        let is_new = matches!(act, Manual::Place { .. });
        let (done, outputs) = self.core.by_hand(act, self.now);
        match done {
            Ok(permanent_id) if is_new => self.by_hand.push(permanent_id),
            Ok(_) => {}
            Err(refused) => self.refused = Some(refused),
        }
        outputs
    }

    /// Why the last act by hand came to nothing.
    pub(crate) fn refused(&mut self) -> Option<HandRefused> {
        self.refused.take()
    }

    /// What is worth reading of the outputs, in one line: `CLIENT:what`.
    pub(crate) fn trace(&self, outputs: &[Output]) -> String {
        let word = |output: &Output| {
            let (session, word) = match output {
                Output::Send { session, message } => (session, word(message)?),
                Output::Close { session, .. } => (session, "close".to_owned()),
            };
            let client = self.sessions.iter().find(|(_, known)| *known == session).map(|(client, _)| *client);
            Some(client.map_or_else(|| format!("?:{word}"), |client| format!("{client}:{word}")))
        };
        outputs.iter().filter_map(word).collect::<Vec<_>>().join(" | ")
    }
}

/// Runs a script and compares every line that says what follows.
#[track_caller]
pub(crate) fn check(setup: CoreSetup, script: &str) -> House {
    let mut house = House::new(setup);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) =
            line.split_once('>').map_or((line, ""), |(command, expected)| (command, expected.trim()));
        let outputs = house.run(command);
        assert_eq!(house.trace(&outputs), expected, "\nafter {command}");
    }
    house
}

fn order(side: &str, words: &[&str]) -> (Contract, Order) {
    let action = if side == "buy" { Action::Buy } else { Action::Sell };
    let [quantity, kind, rest @ ..] = words else { panic!("an order needs quantity and type") };
    let mut order = Order::new(action, quantity.parse().unwrap(), OrderType::from(kind.replace('_', " ")));
    let mut contract = Contract::stock("IBM", "USD");
    for word in rest {
        match word.split_once('=') {
            None => order.limit_price = Some(word.parse().unwrap()),
            Some(("tif", tif)) => order.time_in_force = Some(TimeInForce::from(tif)),
            Some(("transmit", flag)) => order.transmit = flag == "1",
            Some(("account", account)) => order.account = account.to_owned(),
            Some(("group", group)) => order.advisor_group = group.to_owned(),
            Some(("method", method)) => order.advisor_method = Some(method.into()),
            Some(("symbol", symbol)) => contract.symbol = symbol.to_owned(),
            Some(("type", kind)) => contract.security_type = Some(kind.into()),
            Some(("exchange", exchange)) => contract.exchange = exchange.to_owned(),
            Some(("currency", currency)) => contract.currency = currency.to_owned(),
            Some(("local", name)) => contract.local_symbol = name.to_owned(),
            Some(other) => panic!("no such key: {other:?}"),
        }
    }
    (contract, order)
}

fn word(message: &ServerMessage) -> Option<String> {
    Some(match message {
        ServerMessage::OpenOrder(open) => {
            let price = open.order.limit_price.map(|price| format!(" {price}")).unwrap_or_default();
            format!("open {} {}{price}", open.order_id, open.state.status.as_ref()?.as_str())
        }
        ServerMessage::OrderStatus(status) => format!("status {} {}", status.order_id, status.status.as_str()),
        ServerMessage::OrderBound(bound) => format!("bound {}", bound.order_id?),
        ServerMessage::ExecutionData(data) => {
            let execution = &data.execution;
            let (side, order, quantity, price) =
                (execution.side.as_str(), execution.order_id?, execution.quantity?, execution.price?);
            format!("exec {order} {} {side} {quantity}@{price}", execution.account)
        }
        ServerMessage::CommissionReport(report) => format!("fee {}", report.commission?.normalize()),
        ServerMessage::CompletedOrder(done) => format!("done {}", done.state.status.as_ref()?.as_str()),
        ServerMessage::ManagedAccounts(accounts) => format!("accounts {}", accounts.accounts),
        ServerMessage::NextValidId(next) => format!("next {}", next.order_id),
        ServerMessage::Notice(notice) if (2000..3000).contains(&notice.code) => return None,
        ServerMessage::Notice(notice) => format!("error {} {}", notice.id?, notice.code),
        ServerMessage::OpenOrdersEnd(_) | ServerMessage::CompletedOrdersEnd(_) | ServerMessage::ExecutionsEnd(_) => {
            "end".to_owned()
        }
        _ => return None,
    })
}
