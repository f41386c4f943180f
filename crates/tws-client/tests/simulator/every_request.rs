//! Every request of the wire, asked over TCP of the simulator in text (187) and in protobuf (226): what came of it, beside
//! what the simulator was set up to hold. One table; a row that is missing fails the test.

mod accounts;
mod contracts;
mod history;
mod information;
mod markets;
mod orders;
mod session;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use expect_test::expect_file;
use rust_decimal::Decimal;
use tws_client::config::Pacing;
use tws_client::relation::RELATIONS;
use tws_client::{Config, OrderEvents, RequestError, Subscription, TradingClient, Update, stream::Conflate};
use tws_proto::ids::{ClientId, ContractId, OrderId};
use tws_proto::{Contract, ServerVersion};
use tws_sim::advisor::{AdvisorGroup, AdvisorSetup, GroupMethod};
use tws_sim::time::SimTime;
use tws_sim::{Builder, Pace, TwsSim};

const PATIENCE: Duration = Duration::from_secs(20);
/// 7 October 2013, 13:00 in New York.
const START: SimTime = SimTime(1_381_165_200_000);
const ACCOUNT: &str = "DU1234567";
const TEXT: i32 = 187;
const PROTOBUF: i32 = 226;

/// A simulator whose clock stands still, and a client of it.
struct Desk {
    sim: TwsSim,
    client: TradingClient,
    lane: OrderEvents,
    next_order_id: OrderId,
    version: i32,
}

impl Desk {
    async fn new(version: i32) -> Self {
        Self::new_client(version, Config::paper().client_id).await
    }

    async fn new_client(version: i32, client_id: ClientId) -> Self {
        let build = |builder: Builder| builder.position(ACCOUNT, "IBM", 300, 180);
        Self::with(version, client_id, build).await
    }

    /// The login of an advisor with two accounts and a group of them.
    async fn advisor(version: i32) -> Self {
        let group = AdvisorGroup::new("Both", GroupMethod::Equal, ["DU1", "DU2"]);
        let advisor = AdvisorSetup::new("DF1").with_group(group);
        let client_id = Config::paper().client_id;
        Self::with(version, client_id, |builder| builder.account("DU1").account("DU2").advisor(advisor)).await
    }

    async fn with(version: i32, client_id: ClientId, build: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = TwsSim::builder().seed(7).still_markets().start_time(START).speed(Pace::Manual);
        let sim = build(builder).start().await.unwrap();
        let (host, port) = (sim.address().ip().to_string(), sim.address().port());
        // The simulator does not mind, and nothing given up may have waited for its turn.
        let pacing = Pacing { frames_per_second: 100_000, ..Pacing::default() };
        let config =
            Config { host, port, client_id, pacing, newest_version: ServerVersion(version), ..Config::paper() };
        let (client, driver) = TradingClient::connect(config).unwrap();
        let lane = client.take_order_events().unwrap();
        tokio::spawn(driver.run());
        let ready = client.ready(PATIENCE).await.unwrap();
        assert_eq!(ready.server_version, ServerVersion(version));
        Self { sim, client, lane, next_order_id: ready.next_order_id, version }
    }

    /// The next data of a stream.
    async fn next<T: Conflate>(&self, stream: &mut Subscription<T>) -> T {
        loop {
            match tokio::time::timeout(PATIENCE, stream.recv()).await.expect("the stream said nothing") {
                Some(Update::Data(data)) => return data,
                Some(Update::Notice(_) | Update::Gap { .. }) => {}
                Some(Update::Ended(error)) => panic!("{error}"),
                None => panic!("the stream has ended"),
            }
        }
    }

    /// Drops a stream and lets `poke` make what it would have told: TWS hears one cancel, refuses nothing, and says no word
    /// but the answer to a question that stands behind it.
    async fn drop_stream<T>(&self, stream: Subscription<T>, poke: impl FnOnce(&TwsSim)) -> String {
        assert_eq!(self.words_after_drop(stream, poke).await, 0);
        "heard; nothing follows".to_owned()
    }

    /// Drops a stream and lets `poke` make what it would have told; TWS hears one cancel. How many words it says then.
    async fn words_after_drop<T>(&self, stream: Subscription<T>, poke: impl FnOnce(&TwsSim)) -> u64 {
        self.settle().await;
        let before = self.sim.counters();
        drop(stream);
        self.settle().await;
        poke(&self.sim);
        self.settle().await;
        let after = self.sim.counters();
        // Two questions and their answers stand between.
        assert_eq!(after.messages_in - before.messages_in, 3);
        after.messages_out - before.messages_out - 2
    }

    /// Asks, and gives the request up before its answer is read: how many messages TWS heard, the question behind them not
    /// counted.
    async fn give_up<T>(&self, request: impl Future<Output = T>) -> String {
        self.settle().await;
        let before = self.sim.counters().messages_in;
        let mut request = Box::pin(request);
        let asked = std::future::poll_fn(|context| std::task::Poll::Ready(request.as_mut().poll(context))).await;
        assert!(asked.is_pending());
        drop(request);
        self.settle().await;
        match self.sim.counters().messages_in - before - 1 {
            1 => "not to be said: no word for it".to_owned(),
            2 => "heard".to_owned(),
            other => panic!("{other} messages"),
        }
    }

    /// TWS has heard all that was said before, and we all that it had to say to that.
    async fn settle(&self) {
        self.client.accounts().await.unwrap();
    }

    async fn contract(&self, contract: Contract) -> Contract {
        self.client.contract_details(&contract).await.unwrap().remove(0).contract
    }

    async fn ibm(&self) -> Contract {
        self.contract(Contract::stock("IBM", "USD")).await
    }

    fn quote_ibm(&self, bid: &str, ask: &str) {
        self.sim.quote("IBM", decimal(bid), decimal(ask)).unwrap();
    }
}

/// What was found: request and case, method, result.
#[derive(Default)]
struct Table(BTreeMap<(&'static str, &'static str), (&'static str, String)>);

impl Table {
    fn add(&mut self, request: &'static str, method: &'static str, result: impl Display) {
        self.add_case(request, "", method, result);
    }

    fn add_case(&mut self, request: &'static str, case: &'static str, method: &'static str, result: impl Display) {
        let is_row = RELATIONS.iter().any(|row| (row.request, row.case) == (request, case));
        assert!(is_row, "{request} ({case}) is no row of the table of relations");
        let before = self.0.insert((request, case), (method, result.to_string()));
        assert!(before.is_none(), "{request} ({case}) twice");
    }

    /// A line a row, in the order of the relations; where text and protobuf differ, both results.
    fn lines(text: &Self, protobuf: &Self) -> String {
        let mut lines = String::new();
        for row in RELATIONS {
            let key = (row.request, row.case);
            let (Some((method, result)), Some((_, other))) = (text.0.get(&key), protobuf.0.get(&key)) else {
                panic!("nobody asks {row:?}");
            };
            let results = match result == other {
                true => result.clone(),
                false => format!("{result} [{TEXT}]; {other} [{PROTOBUF}]"),
            };
            lines += &format!("{row:?} | {method} | {results}\n");
        }
        lines
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A number as a person writes it, or `none`.
fn plain(value: Option<Decimal>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.normalize().to_string())
}

/// What came of a request that may fail.
fn outcome<T>(result: Result<T, RequestError>, show: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(value) => show(value),
        Err(error) => error.to_string(),
    }
}

async fn ask_everything(version: i32) -> Table {
    let mut table = Table::default();
    session::ask(version, &mut table).await;
    markets::ask(version, &mut table).await;
    history::ask(version, &mut table).await;
    contracts::ask(version, &mut table).await;
    accounts::ask(version, &mut table).await;
    orders::ask(version, &mut table).await;
    information::ask(version, &mut table).await;
    table
}

#[tokio::test]
async fn every_request_is_answered_in_text_and_in_protobuf() {
    let (text, protobuf) = (ask_everything(TEXT).await, ask_everything(PROTOBUF).await);
    let lines = Table::lines(&text, &protobuf);
    println!("{lines}");
    expect_file!["every_request/answers.txt"].assert_eq(&lines);
}

const IBM: ContractId = ContractId(8314);
