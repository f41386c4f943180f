//! Runs a scenario step by step.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::civil::DateTime;
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId, RequestId};
use tws_proto::kinds::{Action, OcaType, OrderType, TimeInForce};
use tws_proto::message::{
    CancelMarketData, CancelOrder, GlobalCancel, Message, PlaceOrder, RequestAccountSummary, RequestAllOpenOrders,
    RequestCompletedOrders, RequestContractData, RequestCurrentTime, RequestExecutions, RequestIds, RequestMarketData,
    RequestOpenOrders, RequestPositions,
};
use tws_proto::{ClientMessage, Contract, Order, ServerVersion};

use super::client::ScriptedClient;
use super::judge;
use super::{Check, ClientStep, Given, PlaceStep, QuoteStep, Report, RequestStep, Scenario, Step, TradeStep, Wanted};
use crate::market::{Quote, Trade};
use crate::shell::TwsSim;
use crate::time::SimTime;

/// Where a scenario begins that does not say: a Friday at 10:00 in New York.
const START: &str = "2026-11-20 10:00";
/// How long everything has to come to rest after a step. Time is paused: it passes when nobody has anything to do.
const REST: Duration = Duration::from_millis(1);
/// How many of the last messages are shown where something failed.
const SHOWN_MAX: usize = 12;

/// The simulator and its clients while a scenario runs.
pub(super) struct Stage {
    pub(super) sim: TwsSim,
    pub(super) clients: BTreeMap<i32, ScriptedClient>,
}

/// Runs it; an error says what cannot be.
pub(super) async fn run(scenario: &Scenario, path: &Path) -> Result<Report, String> {
    let sim = start(&scenario.given, path).await?;
    let mut stage = Stage { sim, clients: BTreeMap::new() };
    for quote in &scenario.given.quotes {
        stage.quote(quote)?;
    }
    let mut checks = Vec::new();
    for (number, step) in scenario.when.iter().enumerate() {
        let wrong = |why: String| format!("step {} of when: {why}", number + 1);
        match step {
            Step::Expect(expected) => checks.push(judge::judge(&stage, expected)),
            step => stage.take(step).await.map_err(wrong)?,
        }
        tokio::time::sleep(REST).await;
    }
    checks.extend(scenario.then.iter().map(|expected| judge::judge(&stage, expected)));
    let heard = if checks.iter().all(|check: &Check| check.found.is_none()) { BTreeMap::new() } else { stage.heard() };
    stage.sim.shutdown().await;
    Ok(Report { name: scenario.name.clone(), checks, heard })
}

async fn start(given: &Given, path: &Path) -> Result<TwsSim, String> {
    let start = moment(given.start.as_deref().unwrap_or(START))?;
    let version = ServerVersion(given.version.unwrap_or(ServerVersion::NEWEST.0));
    let latency = Duration::from_millis(given.latency_ms);
    let mut builder =
        TwsSim::builder().in_memory().seed(given.seed).start_time(start).max_version(version).latency(latency);
    match given.markets.as_deref() {
        None | Some("still") => builder = builder.still_markets(),
        Some("walk") => {}
        Some(other) => return Err(format!("markets are still or walk, not {other:?}")),
    }
    for account in &given.accounts {
        let cash = account.cash.unwrap_or_else(|| Decimal::from(1_000_000));
        builder = builder.account_with_cash(&account.name, cash);
    }
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    for file in &given.instruments {
        builder = builder.instruments_file(folder.join(file));
    }
    for fault in &given.faults {
        builder = builder.fault(fault.clone());
    }
    builder.start().await.map_err(|error| error.to_string())
}

fn moment(text: &str) -> Result<SimTime, String> {
    let local = DateTime::strptime("%Y-%m-%d %H:%M", text);
    let zoned = local.and_then(|local| local.in_tz("America/New_York"));
    let zoned = zoned.map_err(|_| format!("{text:?} is no start: write it as {START:?}"))?;
    Ok(SimTime(zoned.timestamp().as_millisecond()))
}

impl Stage {
    async fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Connect(ClientStep { client, version }) => {
                let version = version.map_or(ServerVersion::NEWEST, ServerVersion);
                let stream = self.sim.connect();
                let scripted = self.clients.entry(*client).or_insert_with(ScriptedClient::new);
                scripted.connect(stream, *client, version).await;
            }
            Step::Disconnect(ClientStep { client, .. }) => self.client(*client)?.disconnect(),
            Step::Place(place) => {
                let request = self.placed(place)?;
                self.say(place.client, Box::new(request)).await?;
            }
            Step::Cancel(cancel) => self.say(cancel.client, CancelOrder::new(OrderId(cancel.order))).await?,
            Step::CancelAll(ClientStep { client, .. }) => self.say(*client, GlobalCancel::default()).await?,
            Step::Request(request) => {
                let message = self.asked(request)?;
                self.say(request.client, message).await?;
            }
            Step::Quote(quote) => self.quote(quote)?,
            Step::Trade(TradeStep { instrument, price, size }) => {
                let size = size.unwrap_or(Decimal::ONE_THOUSAND);
                let trade = Trade { price: *price, size, exchange: String::new() };
                self.sim.trade(instrument, trade).map_err(|error| error.to_string())?;
            }
            Step::Fault(fault) => self.sim.inject((**fault).clone()).map_err(|error| error.to_string())?,
            Step::Clear(name) if name == "all" => self.sim.clear_faults(),
            Step::Clear(name) => {
                let switch = name.parse().map_err(|error: crate::faults::UnknownSwitch| error.to_string())?;
                self.sim.clear(switch);
            }
            Step::Wait(span) => tokio::time::sleep(Duration::from_millis(span.milliseconds)).await,
            Step::Expect(_) => {} // the caller judges
        }
        Ok(())
    }

    fn quote(&self, step: &QuoteStep) -> Result<(), String> {
        let size = |size: Option<Decimal>| size.unwrap_or(Decimal::ONE_THOUSAND);
        let quote = Quote::new(step.bid, size(step.bid_size), step.ask, size(step.ask_size));
        self.sim.quote_with_sizes(&step.instrument, quote).map_err(|error| error.to_string())
    }

    fn client(&mut self, client: i32) -> Result<&mut ScriptedClient, String> {
        self.clients.get_mut(&client).ok_or_else(|| format!("client {client} never connected"))
    }

    async fn say(&mut self, client: i32, message: impl Into<ClientMessage>) -> Result<(), String> {
        match self.client(client)?.say(message).await {
            None => Ok(()),
            Some(refused) => Err(format!("client {client} cannot say that: {refused}")),
        }
    }

    fn contract(&self, instrument: &str) -> Result<Contract, String> {
        let found = self.sim.look(|core| core.catalogue().by_name(instrument).map(|found| found.contract()));
        found.ok_or_else(|| format!("there is no instrument {instrument:?}"))
    }

    fn placed(&self, place: &PlaceStep) -> Result<PlaceOrder, String> {
        let contract = self.contract(&place.instrument)?;
        let action = match place.action.as_str() {
            "BUY" => Action::Buy,
            "SELL" => Action::Sell,
            other => return Err(format!("the action is BUY or SELL, not {other:?}")),
        };
        let kind = match (place.kind.as_deref(), place.limit, place.stop) {
            (Some(kind), _, _) => OrderType::from(kind),
            (None, Some(_), Some(_)) => OrderType::StopLimit,
            (None, Some(_), None) => OrderType::Limit,
            (None, None, Some(_)) => OrderType::Stop,
            (None, None, None) => OrderType::Market,
        };
        let mut order = Order::new(action, place.quantity, kind);
        (order.limit_price, order.aux_price) = (place.limit, place.stop);
        order.time_in_force = place.tif.as_deref().map(TimeInForce::from);
        order.account = place.account.clone().unwrap_or_default();
        order.parent_id = place.parent.map(OrderId);
        order.transmit = place.transmit.unwrap_or(true);
        order.oca_group = place.oca_group.clone().unwrap_or_default();
        order.oca_type = match place.oca_type {
            None => None,
            Some(1) => Some(OcaType::CancelWithBlock),
            Some(2) => Some(OcaType::ReduceWithBlock),
            Some(3) => Some(OcaType::ReduceWithoutBlock),
            Some(other) => return Err(format!("an OCA type is 1, 2 or 3, not {other}")),
        };
        order.order_reference = place.reference.clone().unwrap_or_default();
        Ok(PlaceOrder { order_id: OrderId(place.order), contract, order, attached: None })
    }

    fn asked(&self, request: &RequestStep) -> Result<ClientMessage, String> {
        let request_id = RequestId(request.id.unwrap_or(1));
        let contract = || {
            let name = request.instrument.as_deref().ok_or("that request needs an instrument")?;
            self.contract(name)
        };
        Ok(match request.what {
            Wanted::OpenOrders => RequestOpenOrders {}.into(),
            Wanted::AllOpenOrders => RequestAllOpenOrders {}.into(),
            Wanted::CompletedOrders => RequestCompletedOrders { api_only: false }.into(),
            Wanted::Executions => Box::new(RequestExecutions { request_id, filter: None }).into(),
            Wanted::Positions => RequestPositions {}.into(),
            Wanted::CurrentTime => RequestCurrentTime {}.into(),
            Wanted::NextId => RequestIds::default().into(),
            Wanted::MarketData => {
                Box::new(RequestMarketData { request_id, contract: contract()?, ..RequestMarketData::default() }).into()
            }
            Wanted::CancelMarketData => CancelMarketData { request_id }.into(),
            Wanted::ContractDetails => Box::new(RequestContractData { request_id, contract: contract()? }).into(),
            Wanted::AccountSummary => {
                let (group, tags) = ("All".to_owned(), "NetLiquidation,TotalCashValue".to_owned());
                RequestAccountSummary { request_id, group, tags: tags.as_str().into() }.into()
            }
        })
    }

    /// The latest messages of every client, a line each.
    fn heard(&self) -> BTreeMap<i32, Vec<String>> {
        let last = |client: &ScriptedClient| {
            let log = client.log();
            let first = log.messages.len().saturating_sub(SHOWN_MAX);
            log.messages[first..]
                .iter()
                .map(|message| {
                    let body = serde_json::to_value(message).unwrap_or_default();
                    let body = body.as_object().and_then(|object| object.values().next()).cloned().unwrap_or_default();
                    format!("{} {}", message.facts().name, brief(&body))
                })
                .collect()
        };
        self.clients.iter().map(|(id, client)| (*id, last(client))).collect()
    }
}

/// What a message says without what it leaves unsaid.
fn brief(body: &serde_json::Value) -> String {
    let Some(object) = body.as_object() else { return body.to_string() };
    let said = object.iter().filter(|(_, value)| !matches!(value, serde_json::Value::Null) && **value != "");
    let words: Vec<String> = said.map(|(name, value)| format!("{name}={}", excerpt(&value.to_string()))).collect();
    words.join(" ")
}

fn excerpt(text: &str) -> String {
    const LONG: usize = 60;
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

/// The client id of a script.
pub(super) const fn client_id(client: i32) -> ClientId {
    ClientId(client)
}
