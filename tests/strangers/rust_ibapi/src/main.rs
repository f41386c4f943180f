//! The `ibapi` crate, unchanged, against the simulator.
//!
//! usage: rust-ibapi-driver HOST PORT CLIENT_ID ACCOUNT VERSION

mod stage;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ibapi::client::blocking::Client;
use ibapi::market_data::historical::BarTimestamp;
use ibapi::orders::{CommissionReport, Execution, Executions, Order, OrderData, OrderStatus, OrderStatusKind};
use ibapi::prelude::*;
use serde_json::json;
use stage::{
    BOUGHT, HIGHER, Levels, MOVED, OPENING, Outcome, TARGET, act, holds, is_money, quote, same, say, truth, wait,
};
use time::macros::{date, datetime};

const CONTRACT_ID: i32 = 8314;
const QUANTITY: f64 = 100.0;

/// What the stream of order updates said.
#[derive(Default)]
struct Heard {
    statuses: Vec<OrderStatus>,
    open: Vec<OrderData>,
    executions: Vec<Execution>,
    commissions: Vec<CommissionReport>,
    failure: Option<String>,
}

impl Heard {
    fn knows(&self, execution: &str) -> bool {
        self.executions.iter().any(|known| known.execution_id == execution)
    }
}

struct Play {
    client: Arc<Client>,
    client_id: i32,
    account: String,
    contract: Contract,
    heard: Arc<Mutex<Heard>>,
    far: i32,
    bracket: [i32; 3],
}

fn fault(error: ibapi::Error) -> String {
    error.to_string()
}

impl Play {
    fn connect(address: &str, client_id: i32, account: String) -> Outcome<Self> {
        let client = Client::builder()
            .address(address)
            .client_id(client_id)
            .one_shot_timeout(stage::STEP)
            .connect()
            .map_err(fault)?;
        let contract = Contract::stock("IBM").build();
        let heard = Arc::default();
        Ok(Self { client: Arc::new(client), client_id, account, contract, heard, far: 0, bracket: [0; 3] })
    }

    /// Keeps what the stream of order updates says.
    fn listen(&self) -> Outcome<()> {
        let updates = self.client.order_update_stream().map_err(fault)?;
        let heard = Arc::clone(&self.heard);
        std::thread::spawn(move || {
            for update in updates.iter_data() {
                let mut heard = heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                match update {
                    Ok(OrderUpdate::OrderStatus(status)) => heard.statuses.push(status),
                    Ok(OrderUpdate::OpenOrder(open)) => heard.open.push(open),
                    // Answers to requests come here too.
                    Ok(OrderUpdate::ExecutionData(data)) if heard.knows(&data.execution.execution_id) => {}
                    Ok(OrderUpdate::ExecutionData(data)) => heard.executions.push(data.execution),
                    Ok(OrderUpdate::CommissionReport(report)) => heard.commissions.push(report),
                    Ok(OrderUpdate::OrderBound(_)) => {}
                    Err(error) => heard.failure = Some(error.to_string()),
                }
            }
        });
        Ok(())
    }

    fn heard<T>(&self, what: &str, find: impl Fn(&Heard) -> Option<T>) -> Outcome<T> {
        wait(what, || {
            let heard = self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match &heard.failure {
                Some(failure) => Err(failure.clone()),
                None => Ok(find(&heard)),
            }
        })
    }

    fn status(&self, order: i32, wanted: &[OrderStatusKind]) -> Outcome<OrderStatus> {
        self.heard(&format!("status {wanted:?} of order {order}"), |heard| {
            let latest = heard.statuses.iter().rfind(|status| status.order_id == order)?;
            wanted.contains(&latest.status).then(|| latest.clone())
        })
    }

    fn working(&self, order: i32) -> Outcome<OrderStatus> {
        self.status(order, &[OrderStatusKind::PreSubmitted, OrderStatusKind::Submitted])
    }

    fn cancelled(&self, order: i32) -> Outcome<OrderStatus> {
        self.status(order, &[OrderStatusKind::Cancelled, OrderStatusKind::ApiCancelled])
    }

    fn order(&self, action: Action, kind: &str, price: f64) -> Order {
        let order = Order {
            action,
            order_type: kind.to_owned(),
            total_quantity: QUANTITY,
            account: self.account.clone(),
            tif: ibapi::orders::TimeInForce::Day,
            transmit: true,
            ..Order::default()
        };
        match kind {
            "STP" => Order { aux_price: Some(price), ..order },
            _ => Order { limit_price: Some(price), ..order },
        }
    }

    fn submit(&self, id: i32, order: &Order) -> Outcome<i32> {
        self.client.submit_order(id, &self.contract, order).map_err(fault)?;
        Ok(id)
    }

    fn check_connection(&self, version: i32) -> Outcome<String> {
        same("the server version", self.client.server_version(), version)?;
        same("the accounts", self.client.managed_accounts().map_err(fault)?, vec![self.account.clone()])?;
        let next = self.client.next_valid_order_id().map_err(fault)?;
        holds(|| format!("the next valid id is {next}"), next >= 1)?;
        self.listen()?;
        Ok(format!("version {version}"))
    }

    fn server_time(&self) -> Outcome<String> {
        let told = self.client.server_time().map_err(fault)?.unix_timestamp();
        let answer = act(&json!({ "do": "time" }))?;
        let seconds = answer["seconds"].as_i64().unwrap_or_default();
        holds(|| format!("the time is {seconds}, told was {told}"), (seconds - told).abs() <= 5)?;
        Ok(String::new())
    }

    fn contract_details(&mut self) -> Outcome<String> {
        let found = self.client.contract_details(&self.contract).map_err(fault)?;
        let [details] = found.as_slice() else { return Err(format!("{} contracts for one", found.len())) };
        let contract = &details.contract;
        same("the contract", contract.contract_id, CONTRACT_ID)?;
        let told = [
            contract.symbol.to_string(),
            contract.exchange.to_string(),
            contract.currency.to_string(),
            contract.primary_exchange.to_string(),
            details.long_name.clone(),
            details.time_zone_id.clone(),
        ];
        let expected = ["IBM", "SMART", "USD", "NYSE", "INTL BUSINESS MACHINES CORP", "US/Eastern"];
        same("the contract", told, expected.map(str::to_owned))?;
        same("the step of prices", details.min_tick, 0.01)?;
        holds(|| "no exchange NYSE".to_owned(), details.valid_exchanges.iter().any(|exchange| exchange == "NYSE"))?;
        let hours = &details.liquid_hours;
        let monday = "20261123:0930-20261123:1600";
        holds(|| format!("the hours are {hours:?}"), hours.iter().any(|hours| hours.contains(monday)))?;
        self.contract = contract.clone();
        match self.client.contract_details(&Contract::stock("NOSUCHTHING").build()) {
            Err(error) if error.to_string().contains("200") => Ok(String::new()),
            Err(error) => Err(format!("a wrong symbol is answered by {error}")),
            Ok(found) => Err(format!("{} contracts are found of a wrong symbol", found.len())),
        }
    }

    fn quotes(&self) -> Outcome<String> {
        quote(&OPENING)?;
        act(&json!({ "do": "trade", "symbol": "IBM", "price": "100.00", "size": "200" }))?;
        let ticks = self.client.market_data(&self.contract).subscribe().map_err(fault)?;
        let mut last = std::collections::HashMap::new();
        let mut until = |levels: &Levels, more: &[(&str, f64)]| {
            let number = |word: &str| word.parse::<f64>().unwrap_or(f64::NAN);
            let mut wanted = vec![
                ("Bid", number(levels.0)),
                ("BidSize", number(levels.1)),
                ("Ask", number(levels.2)),
                ("AskSize", number(levels.3)),
            ];
            wanted.extend_from_slice(more);
            let text = format!("ticks {wanted:?}");
            wait(&text, || {
                while let Some(tick) = ticks.next_timeout(Duration::from_millis(10)) {
                    match tick.map_err(fault)? {
                        SubscriptionItem::Data(TickTypes::Price(tick)) => {
                            last.insert(format!("{:?}", tick.tick_type), tick.price);
                        }
                        SubscriptionItem::Data(TickTypes::Size(tick)) => {
                            last.insert(format!("{:?}", tick.tick_type), tick.size);
                        }
                        SubscriptionItem::Data(TickTypes::PriceSize(tick)) => {
                            last.insert(format!("{:?}", tick.price_tick_type), tick.price);
                            last.insert(format!("{:?}", tick.size_tick_type), tick.size);
                        }
                        _ => {}
                    }
                }
                Ok(wanted.iter().all(|(kind, value)| last.get(*kind) == Some(value)).then_some(()))
            })
        };
        until(&OPENING, &[("Last", 100.0), ("LastSize", 200.0), ("Volume", 200.0)])?;
        quote(&MOVED)?;
        until(&MOVED, &[])?;
        ticks.cancel();
        quote(&OPENING)?;
        Ok(String::new())
    }

    fn historical_bars(&self) -> Outcome<String> {
        let bars = |size| {
            self.client
                .historical_data(&self.contract, size)
                .what_to_show(HistoricalWhatToShow::Trades)
                .trading_hours(TradingHours::Regular)
                .duration(1.days())
                .ending(datetime!(2026-11-20 21:00 UTC))
                .fetch()
                .map(|data| data.bars)
                .map_err(fault)
        };
        let (fine, daily) = (bars(HistoricalBarSize::Min5)?, bars(HistoricalBarSize::Day)?);
        let [day] = daily.as_slice() else { return Err(format!("{} bars for one day", daily.len())) };
        same("the day", day.date, BarTimestamp::Date(date!(2026 - 11 - 20)))?;
        same("the number of bars", fine.len(), 78)?;
        for (at, bar) in fine.iter().enumerate() {
            let begins = datetime!(2026-11-20 14:30 UTC) + time::Duration::minutes(5 * at as i64);
            let is_then = matches!(bar.date, BarTimestamp::DateTime(told) if told == begins);
            holds(|| format!("bar {at} is of {}, not of {begins}", bar.date), is_then)?;
            let is_sound = bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close);
            holds(|| format!("bar {at} has a high below its low"), is_sound)?;
            holds(|| format!("bar {at} has no volume"), bar.volume > 0.0)?;
        }
        let high = fine.iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
        let low = fine.iter().map(|bar| bar.low).fold(f64::MAX, f64::min);
        same("the day", (day.open, day.high, day.low, day.close), (fine[0].open, high, low, fine[77].close))?;
        Ok("78 bars".to_owned())
    }

    fn place(&mut self) -> Outcome<String> {
        self.far = self.client.next_order_id();
        let order = Order { order_ref: "far".to_owned(), ..self.order(Action::Buy, "LMT", 90.0) };
        self.submit(self.far, &order)?;
        let status = self.working(self.far)?;
        same("filled, remaining", (status.filled, status.remaining), (0.0, QUANTITY))?;
        same("the client", status.client_id, self.client_id)?;
        let open =
            self.heard("open order", |heard| heard.open.iter().find(|open| open.order_id == self.far).cloned())?;
        let placed = &open.order;
        let told = [placed.order_type.as_str(), placed.account.as_str(), placed.order_ref.as_str()];
        same("the order", told, ["LMT", self.account.as_str(), "far"])?;
        same("the limit", placed.limit_price, Some(90.0))?;
        same("the contract", open.contract.contract_id, CONTRACT_ID)?;
        same("the quantity", placed.total_quantity, QUANTITY)?;
        same("the permanent id", placed.perm_id, status.perm_id)?;
        holds(|| "no permanent id".to_owned(), status.perm_id > 0)?;
        Ok(status.status.to_string())
    }

    fn modify(&self) -> Outcome<String> {
        let before = self.working(self.far)?.perm_id;
        let order =
            Order { order_ref: "far".to_owned(), total_quantity: 150.0, ..self.order(Action::Buy, "LMT", 91.0) };
        self.submit(self.far, &order)?;
        let open = self.heard("changed order", |heard| {
            let is_changed = |open: &&OrderData| open.order_id == self.far && open.order.limit_price == Some(91.0);
            heard.open.iter().find(is_changed).cloned()
        })?;
        same("the quantity", open.order.total_quantity, 150.0)?;
        same("the permanent id", open.order.perm_id, before)?;
        self.heard("status with the new size", |heard| {
            heard
                .statuses
                .iter()
                .rfind(|status| status.order_id == self.far)
                .filter(|status| status.remaining == 150.0)
                .cloned()
        })?;
        Ok(String::new())
    }

    fn cancel(&self) -> Outcome<String> {
        let answers = self.client.cancel_order(self.far, "").map_err(fault)?;
        same("filled", self.cancelled(self.far)?.filled, 0.0)?;
        drop(answers);
        let open = self.client.all_open_orders().map_err(fault)?.collect_to_end_within(stage::STEP).map_err(fault)?;
        same("the number of open orders", open.len(), 0)?;
        Ok(String::new())
    }

    fn enter(&mut self) -> Outcome<()> {
        let parent = self.client.next_order_id();
        let (profit, stop) = (self.client.next_order_id(), self.client.next_order_id());
        self.bracket = [parent, profit, stop];
        let entry =
            Order { transmit: false, order_ref: "bracket".to_owned(), ..self.order(Action::Buy, "LMT", 100.05) };
        let target = Order { transmit: false, parent_id: parent, ..self.order(Action::Sell, "LMT", 101.0) };
        let protection = Order { parent_id: parent, ..self.order(Action::Sell, "STP", 99.0) };
        for (id, order) in self.bracket.into_iter().zip([entry, target, protection]) {
            self.submit(id, &order)?;
        }
        let filled = self.status(parent, &[OrderStatusKind::Filled])?;
        same("filled, remaining", (filled.filled, filled.remaining), (QUANTITY, 0.0))?;
        same("the average price", filled.average_fill_price, Some(BOUGHT))?;
        self.status(profit, &[OrderStatusKind::Submitted])?;
        same("the parent", self.status(stop, &[OrderStatusKind::PreSubmitted])?.parent_id, parent)
    }

    fn commission(&self, execution: &str) -> Outcome<CommissionReport> {
        self.heard(&format!("commission of {execution}"), |heard| {
            heard.commissions.iter().find(|report| report.execution_id == execution).cloned()
        })
    }

    fn live(&self, count: usize) -> Outcome<Vec<Execution>> {
        self.heard(&format!("{count} executions"), |heard| {
            (heard.executions.len() >= count).then(|| heard.executions.clone())
        })
    }

    fn positions(&self) -> Outcome<String> {
        let updates = self.client.positions().map_err(fault)?;
        let told = updates.collect_until(stage::STEP, |told| matches!(told.last(), Some(PositionUpdate::PositionEnd)));
        let own: Vec<_> = told
            .into_iter()
            .filter_map(|update| match update {
                PositionUpdate::Position(position) if position.contract.contract_id == CONTRACT_ID => Some(position),
                _ => None,
            })
            .collect();
        let [position] = own.as_slice() else { return Err(format!("{} positions of one contract", own.len())) };
        same("the account", position.account.as_str(), self.account.as_str())?;
        same("the position", position.position, QUANTITY)?;
        let bought = self.live(1)?;
        let charged = self.commission(&bought[0].execution_id)?.commission;
        is_money("the cost", position.average_cost * QUANTITY, BOUGHT * QUANTITY + charged)?;
        Ok(String::new())
    }

    fn account_summary(&self) -> Outcome<String> {
        quote(&HIGHER)?;
        let tags = [
            (AccountSummaryTags::NET_LIQUIDATION, "net_liquidation"),
            (AccountSummaryTags::TOTAL_CASH_VALUE, "cash"),
            (AccountSummaryTags::GROSS_POSITION_VALUE, "gross_position_value"),
        ];
        let rows = self
            .client
            .account_summary(&AccountGroup("All".to_owned()), &tags.map(|(tag, _)| tag))
            .map_err(fault)?
            .collect_until(stage::STEP, |told| matches!(told.last(), Some(AccountSummaryResult::End)));
        let book = act(&json!({ "do": "book", "account": self.account, "symbol": "IBM" }))?;
        for (tag, name) in tags {
            let row = rows.iter().find_map(|row| match row {
                AccountSummaryResult::Summary(row) if row.tag == tag && row.account == self.account => Some(row),
                _ => None,
            });
            let row = row.ok_or_else(|| format!("no {tag}"))?;
            is_money(tag, row.value.parse().unwrap_or(f64::NAN), truth(&book, name)?)?;
            same("the currency", row.currency.as_str(), "USD")?;
        }
        Ok(format!("net liquidation {}", book["net_liquidation"]))
    }

    fn profit(&self) -> Outcome<String> {
        let book = act(&json!({ "do": "book", "account": self.account, "symbol": "IBM" }))?;
        let unrealized = truth(&book, "unrealized")?;
        let account = AccountId(self.account.clone());
        let stream = self.client.pnl(&account, None).map_err(fault)?;
        let told = stream.collect_until(stage::STEP, |told| !told.is_empty());
        let pnl = told.first().ok_or("no profit and loss")?;
        is_money("unrealized", pnl.unrealized_pnl.unwrap_or(f64::NAN), unrealized)?;
        is_money("realized", pnl.realized_pnl.unwrap_or(f64::NAN), 0.0)?;
        is_money("daily", pnl.daily_pnl, unrealized)?;
        let stream = self.client.pnl_single(&account, ContractId(CONTRACT_ID), None).map_err(fault)?;
        let told = stream.collect_until(stage::STEP, |told| !told.is_empty());
        let single = told.first().ok_or("no profit and loss of the position")?;
        same("the position", single.position, QUANTITY)?;
        is_money("unrealized of the position", single.unrealized_pnl, unrealized)?;
        is_money("the value of the position", single.value, truth(&book, "gross_position_value")?)?;
        Ok(format!("unrealized {unrealized}"))
    }

    fn take_profit(&self) -> Outcome<String> {
        let [_, profit, stop] = self.bracket;
        quote(&TARGET)?;
        let filled = self.status(profit, &[OrderStatusKind::Filled])?;
        same("filled, remaining", (filled.filled, filled.remaining), (QUANTITY, 0.0))?;
        same("the average price", filled.average_fill_price, Some(101.0))?;
        same("filled of the stop", self.cancelled(stop)?.filled, 0.0)?;
        Ok(format!("{BOUGHT} to 101"))
    }

    fn realized(&self) -> Outcome<f64> {
        let mut earned = (101.0 - BOUGHT) * QUANTITY;
        for execution in self.live(2)? {
            earned -= self.commission(&execution.execution_id)?.commission;
        }
        Ok(earned)
    }

    fn realized_profit(&self) -> Outcome<String> {
        let expected = self.realized()?;
        let stream = self.client.pnl(&AccountId(self.account.clone()), None).map_err(fault)?;
        let is_it = |pnl: &PnL| {
            (pnl.realized_pnl.unwrap_or(f64::NAN) - expected).abs() < 0.005
                && pnl.unrealized_pnl.unwrap_or(f64::NAN).abs() < 0.005
        };
        let told = stream.collect_until(stage::STEP, |told| told.last().is_some_and(is_it));
        holds(|| format!("{expected} were realized, told was {:?}", told.last()), told.last().is_some_and(is_it))?;
        Ok(format!("{expected:.2}"))
    }

    fn executions_asked(&self) -> Outcome<Vec<Execution>> {
        let answers = self.client.executions(ExecutionFilter::default()).map_err(fault)?;
        let told = answers.collect_to_end_within(stage::STEP).map_err(fault)?;
        let executions = told.into_iter().filter_map(|told| match told {
            Executions::ExecutionData(data) => Some(data.execution),
            Executions::CommissionReport(_) => None,
        });
        Ok(executions.collect())
    }

    fn executions(&self) -> Outcome<String> {
        let found = self.executions_asked()?;
        same("the number of executions", found.len(), 2)?;
        let [parent, profit, _] = self.bracket;
        let expected = [(parent, ExecutionSide::Bought, BOUGHT), (profit, ExecutionSide::Sold, 101.0)];
        for (execution, (order, side, price)) in found.iter().zip(expected) {
            same("the execution", (execution.order_id, execution.side), (order, side))?;
            same("the client", execution.client_id, self.client_id)?;
            same("the account", execution.account_number.as_str(), self.account.as_str())?;
            same("shares, in all", (execution.shares, execution.cumulative_quantity), (QUANTITY, QUANTITY))?;
            same("price, average", (execution.price, execution.average_price), (price, price))?;
            holds(|| format!("the time is {}", execution.time), execution.time.starts_with("20261123"))?;
            holds(|| "no permanent id".to_owned(), execution.perm_id > 0)?;
        }
        same("the reference", found[0].order_reference.as_str(), "bracket")?;
        let ids = |executions: &[Execution]| {
            let mut ids: Vec<String> = executions.iter().map(|execution| execution.execution_id.clone()).collect();
            ids.sort();
            ids
        };
        same("the execution ids told live", ids(&self.live(2)?), ids(&found))?;
        Ok(String::new())
    }

    fn commissions(&self) -> Outcome<String> {
        let mut reports = Vec::new();
        for execution in self.live(2)? {
            reports.push(self.commission(&execution.execution_id)?);
        }
        for report in &reports {
            same("the currency", report.currency.as_str(), "USD")?;
            holds(|| format!("the commission is {}", report.commission), (1.0..2.0).contains(&report.commission))?;
        }
        is_money("realized by the sale", reports[1].realized_pnl.unwrap_or(f64::NAN), self.realized()?)?;
        Ok(format!("{} and {}", reports[0].commission, reports[1].commission))
    }

    fn reconnect(&self) -> Outcome<String> {
        let kept = self.client.next_order_id();
        let order = Order { order_ref: "kept".to_owned(), ..self.order(Action::Buy, "LMT", 90.0) };
        self.submit(kept, &order)?;
        let before = self.working(kept)?.perm_id;
        let time = self.client.connection_time();
        act(&json!({ "do": "cut" }))?;
        // It connects again by itself.
        wait("end of the connection", || Ok((!self.client.is_connected()).then_some(())))?;
        self.client.wait_connected().map_err(fault)?;
        holds(|| "the connection is the old one".to_owned(), self.client.connection_time() >= time)?;
        let next = self.client.next_valid_order_id().map_err(fault)?;
        holds(|| format!("the next valid id is {next} after order {kept}"), next > kept)?;
        let open = self.client.all_open_orders().map_err(fault)?.collect_to_end_within(stage::STEP).map_err(fault)?;
        let again = open.into_iter().find_map(|open| match open {
            Orders::OrderData(open) if open.order_id == kept => Some(open.order),
            _ => None,
        });
        let again = again.ok_or("the order is not open any more")?;
        same("the permanent id", again.perm_id, before)?;
        same("the limit", again.limit_price, Some(90.0))?;
        same("the reference", again.order_ref.as_str(), "kept")?;
        same("the number of executions", self.executions_asked()?.len(), 2)?;
        let answers = self.client.cancel_order(kept, "").map_err(fault)?;
        self.cancelled(kept)?;
        drop(answers);
        Ok(String::new())
    }

    /// What the client believes at the end.
    fn tell(&self) -> Outcome<()> {
        let mut rows = Vec::new();
        for execution in self.live(2)? {
            rows.push(json!({
                "execution_id": execution.execution_id,
                "side": execution.side.as_str(),
                "quantity": execution.shares.to_string(),
                "price": execution.price.to_string(),
                "permanent_id": execution.perm_id,
                "commission": self.commission(&execution.execution_id)?.commission.to_string(),
            }));
        }
        say(&json!({ "told": rows }));
        Ok(())
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, client_id, account, version] = arguments.as_slice() else {
        return Err("usage: rust-ibapi-driver HOST PORT CLIENT_ID ACCOUNT VERSION".to_owned());
    };
    let number = |word: &String| word.parse::<i32>().map_err(|error| format!("{word}: {error}"));
    let mut play = match Play::connect(&format!("{host}:{port}"), number(client_id)?, account.clone()) {
        Ok(play) => play,
        Err(why) => {
            stage::told("connect", Err(why));
            return Ok(());
        }
    };
    stage::told("connect", play.check_connection(number(version)?));
    stage::told("server time", play.server_time());
    stage::told("contract details", play.contract_details());
    stage::told("quotes", play.quotes());
    stage::told("historical bars", play.historical_bars());
    stage::told("place", play.place());
    stage::told("modify", play.modify());
    stage::told("cancel", play.cancel());
    let entered = play.enter();
    stage::told("positions", play.positions());
    stage::told("account summary", play.account_summary());
    stage::told("profit and loss", play.profit());
    stage::told("bracket", entered.and_then(|()| play.take_profit()));
    stage::told("realized profit", play.realized_profit());
    stage::told("executions", play.executions());
    stage::told("commissions", play.commissions());
    stage::told("reconnect", play.reconnect());
    play.tell()?;
    play.client.disconnect();
    Ok(())
}
