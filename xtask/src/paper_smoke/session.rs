//! The steps of the session.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use event_bus::{Queue, Subscription};
use order::{OrderUpdate, State};
use rust_decimal::Decimal;
use trader::prelude::*;
use trader::{Books, WaitError};
use tws_proto::kinds::MarketDataKind;

use super::Simulator;
use super::report::{FillRow, OrderRow, PositionRow, Report};
use super::tapes::Tapes;

/// In whose name it trades.
const STRATEGY: &str = "paper-smoke";
/// How long the market may take to say something.
const QUOTES_WITHIN: Duration = Duration::from_secs(20);
/// How long an order may take to get somewhere.
const ORDER_WITHIN: Duration = Duration::from_secs(30);
/// How long the link may take to come back.
const RECONNECT_WITHIN: Duration = Duration::from_secs(30);
/// How long the books may take to settle.
const SETTLE_WITHIN: Duration = Duration::from_secs(15);

/// A session that runs or is to run.
pub(super) struct Session {
    config: TraderConfig,
    sim: Option<Simulator>,
    tapes: Tapes,
    symbols: Vec<String>,
    trader: Option<Trader>,
}

/// What the steps work with once the trader runs.
struct Desk<'a> {
    trader: Handle,
    sim: Option<&'a Simulator>,
    account: String,
    quantity: Decimal,
}

impl Session {
    pub(super) fn new(config: TraderConfig, sim: Option<Simulator>, tapes: Tapes, symbols: Vec<String>) -> Self {
        Self { config, sim, tapes, symbols, trader: None }
    }

    /// Every step until the first that fails.
    pub(super) async fn run(&mut self, report: &mut Report) {
        let Some(account) = report.step("connect", self.connect()).await else { return };
        let Some(trader) = self.trader.as_ref().map(|trader| trader.handle().for_strategy(STRATEGY)) else { return };
        // A real paper account is touched with one unit only.
        let quantity = if self.sim.is_some() { Decimal::from(100) } else { Decimal::ONE };
        let desk = Desk { trader, sim: self.sim.as_ref(), account, quantity };
        desk.steps(&self.symbols, report).await;
    }

    async fn connect(&mut self) -> anyhow::Result<(String, String)> {
        let trader = Trader::builder(self.config.clone()).start().await?;
        let state = trader.handle().state();
        self.trader = Some(trader);
        let account = state.accounts.first().cloned().context("the login has no account")?;
        Ok((account, format!("{}:{} is ready, epoch {}", self.config.host, self.config.port, state.epoch)))
    }

    /// Takes back what was placed, stops, and holds the journal against the books. Runs however the steps ended.
    pub(super) async fn finish(mut self, report: &mut Report) {
        let Some(trader) = self.trader.take() else { return };
        let handle = trader.handle().for_strategy(STRATEGY);
        report.step("take back what is left", take_back(&handle)).await;
        let mut names = BTreeMap::new();
        if let Ok((orders, fills, positions, symbols)) = handle.inspect(tables).await {
            report.set_tables(orders, fills, positions);
            names = symbols;
        }
        report.step("stop, and replay the journal", replay(&self.config, trader)).await;
        if let Some(sim) = self.sim.take() {
            if !self.tapes.is_empty() {
                report.step("hold fills against the tapes", async { held_against(&self.tapes, &sim, &names) }).await;
            }
            sim.tws.shutdown().await;
        }
    }
}

impl Desk<'_> {
    async fn steps(&self, symbols: &[String], report: &mut Report) -> Option<()> {
        report.step("server time, accounts, ids", self.basics()).await?;
        // Listen before asking: a market may be quicker than we are.
        let mut quotes =
            self.trader.bus().subscribe_map(Queue::latest_by_key(64, |quote: &Quote| quote.contract_id), |event| {
                match event {
                    Event::Quote(quote) => Some(quote.clone()),
                    _ => None,
                }
            });
        let instruments = report.step("contract details and market data", self.watch(symbols)).await?;
        let first = instruments.first()?;
        let quote = report.step("quotes", self.quotes(&instruments, &mut quotes)).await?;
        report.step("a limit order far away, cancelled", self.far_limit(first, &quote)).await?;
        let quote = report.step("a fresh quote", latest(first, &mut quotes, quote)).await?;
        let entry = report.step("a bracket, its entry filled", self.bracket(first, &quote)).await?;
        report.step("position and unrealised profit", self.position(first, &entry)).await?;
        if self.sim.is_some() {
            report.step("the connection cut, and back", self.reconnect(first, &mut quotes)).await?;
        }
        report.step("the position closed", self.close(first)).await?;
        report.step("realised profit to the cent", self.realised(first)).await
    }

    async fn basics(&self) -> anyhow::Result<((), String)> {
        let client = self.trader.client();
        if self.sim.is_none() {
            client.choose_data_kind(MarketDataKind::Delayed); // where the login has no live data
        }
        let time = client.server_time().await?;
        let accounts = client.accounts().await?;
        let next = client.next_order_id().await?;
        ensure!(accounts.contains(&self.account), "account {} is not among {accounts:?}", self.account);
        let seconds = time.duration_since(std::time::UNIX_EPOCH)?.as_secs();
        Ok(((), format!("time {seconds}, {} account(s), next order id {next}", accounts.len())))
    }

    async fn watch(&self, symbols: &[String]) -> anyhow::Result<(Vec<Instrument>, String)> {
        let mut instruments = Vec::new();
        for symbol in symbols {
            let contract = match symbol.split_once('.') {
                Some((base, currency)) => Contract::forex(base, currency),
                None => Contract { primary_exchange: listing(symbol).to_owned(), ..Contract::stock(symbol, "USD") },
            };
            instruments.push(self.trader.watch(&contract).await.with_context(|| symbol.clone())?);
        }
        let found: Vec<String> = instruments.iter().map(|found| format!("{} #{}", found.symbol, found.id())).collect();
        Ok((instruments, found.join(", ")))
    }

    async fn quotes(
        &self,
        instruments: &[Instrument],
        quotes: &mut Subscription<Quote>,
    ) -> anyhow::Result<(Quote, String)> {
        let mut seen: BTreeMap<ContractId, Quote> = BTreeMap::new();
        let all = async {
            while instruments.iter().any(|instrument| !seen.contains_key(&instrument.id())) {
                if let Some(quote) = quotes.recv().await?.event().filter(Quote::is_two_sided) {
                    seen.insert(quote.contract_id, quote);
                }
            }
            anyhow::Ok(())
        };
        let complete = tokio::time::timeout(QUOTES_WITHIN, all).await;
        complete.with_context(|| format!("only {} of {} markets were quoted", seen.len(), instruments.len()))??;
        let told: Vec<String> =
            seen.values().map(|quote| format!("{} {}/{}", quote.symbol, show(quote.bid), show(quote.ask))).collect();
        let first = seen.remove(&instruments[0].id()).context("the first market was not quoted")?; // run() has one
        Ok((first, told.join(", ")))
    }

    async fn far_limit(&self, instrument: &Instrument, quote: &Quote) -> anyhow::Result<((), String)> {
        let bid = quote.bid.context("no bid")?;
        let price = (bid / Decimal::TWO).round_dp(2);
        let mut placed = self.trader.submit(Ticket::buy(instrument, self.quantity).limit(price)).await?;
        let working = placed.wait_for(ORDER_WITHIN, |update| matches!(update.state, State::Working(_))).await?;
        placed.cancel().await?;
        let done = placed.done(ORDER_WITHIN).await?;
        ensure!(
            done.state == State::Cancelled && done.filled.is_zero(),
            "it ended as {} with {} filled",
            done.state,
            done.filled
        );
        Ok(((), format!("order {} at {price} was {}, then {}", working.order_id, working.state, done.state)))
    }

    async fn bracket(&self, instrument: &Instrument, quote: &Quote) -> anyhow::Result<(OrderUpdate, String)> {
        let ask = quote.ask.context("no ask")?;
        let at = |factor: i64| (ask * Decimal::new(factor, 3)).round_dp(2);
        // Marketable, with room for a market that moves; the exits are far enough to stay.
        let (entry, profit, stop) = (at(1_010), at(1_200), at(800));
        let ticket = Ticket::buy(instrument, self.quantity).limit(entry).with_exits(profit, stop);
        let mut placed = self.trader.submit(ticket).await?;
        let filled =
            placed.wait_for(ORDER_WITHIN, |update| update.state == State::Filled || !update.state.is_live()).await?;
        ensure!(filled.state == State::Filled, "the entry ended as {} ({})", filled.state, filled.reason);
        let average = filled.average_price.context("no average price")?;
        ensure!(average <= entry, "the entry filled at {average}, above its limit {entry}");
        for id in placed.ids() {
            let leg = self.trader.order(*id).await?.context("a leg is missing")?;
            ensure!(*id == placed.id() || leg.state.is_live(), "exit {} is {}", leg.order_id, leg.state);
        }
        let detail = format!("bought {} at {average}; take profit {profit}, stop loss {stop} stand", filled.filled);
        Ok((filled, detail))
    }

    /// Our own count against the simulator's book: position, cost, and what it would earn at one and the same mark.
    async fn position(&self, instrument: &Instrument, entry: &OrderUpdate) -> anyhow::Result<((), String)> {
        let (account, id) = (self.account.clone(), instrument.id());
        let look = move |books: &Books| {
            let held = books.ledger.position(&account, id)?;
            let totals = books.ledger.totals(&account, "USD");
            Some((held, books.ledger.mark_of(id)?, totals))
        };
        // The commission may come a moment after its fill.
        let (held, mark, totals) = settled(|| async {
            self.trader.inspect(look.clone()).await.ok().flatten().filter(|(_, _, totals)| !totals.is_pending())
        })
        .await
        .context("the position or its commission did not come")?;
        ensure!(held.quantity == entry.filled, "we count {}, the entry filled {}", held.quantity, entry.filled);
        let unrealised = held.unrealised(mark, Decimal::ONE).context("no unrealised profit")?;
        if let Some(sim) = self.sim {
            let theirs = sim.tws.book().holding(&self.account, &instrument.symbol);
            ensure!(theirs.quantity == held.quantity, "we count {}, the broker {}", held.quantity, theirs.quantity);
            let commission = totals.commission.context("no commission")?;
            let at_the_same_mark = theirs.unrealized(mark, Decimal::ONE);
            // The broker counts the commission of opening into the cost.
            ensure!(
                unrealised - commission == at_the_same_mark,
                "at {mark} we count {unrealised} less {commission}, the broker {at_the_same_mark}"
            );
        }
        let compared = if self.sim.is_some() { ", as the broker has it" } else { "" };
        let (quantity, cost, symbol) = (held.quantity, held.cost, &instrument.symbol);
        Ok(((), format!("{quantity} {symbol} at cost {cost}; unrealised {unrealised} at {mark}{compared}")))
    }

    async fn reconnect(
        &self,
        instrument: &Instrument,
        quotes: &mut Subscription<Quote>,
    ) -> anyhow::Result<((), String)> {
        let sim = self.sim.context("only the simulator can be cut")?;
        let before = self.trader.state().epoch;
        let mut states = self.trader.bus().subscribe_map(Queue::lossless(1024), |event| match event {
            Event::State(state) => Some(state.clone()),
            _ => None,
        });
        sim.tws.drop_connections();
        let back = async {
            let mut phases = Vec::new();
            loop {
                let Some(state) = states.recv().await?.event() else { continue };
                phases.push(state.phase.to_string());
                if state.phase == Phase::Ready && state.epoch > before {
                    return anyhow::Ok(phases);
                }
            }
        };
        let phases = tokio::time::timeout(RECONNECT_WITHIN, back).await.context("the link did not come back")??;
        let refused = phases.iter().any(|phase| phase == "reconciling");
        ensure!(refused, "orders were taken before the books were compared");
        while let Ok(Some(_)) = quotes.try_recv() {} // from before the cut
        let fresh = async {
            loop {
                if let Some(quote) = quotes.recv().await?.event().filter(|quote| quote.contract_id == instrument.id()) {
                    return anyhow::Ok(quote);
                }
            }
        };
        tokio::time::timeout(QUOTES_WITHIN, fresh).await.context("market data did not come back")??;
        let unknown = self.trader.inspect(|books| books.orders.has_unknown()).await?;
        ensure!(!unknown, "an order is still unknown");
        let ours = self.trader.position(instrument.id()).await?;
        let theirs = sim.tws.book().position(&self.account, &instrument.symbol);
        ensure!(ours == theirs, "after the break we count {ours}, the broker {theirs}");
        Ok(((), format!("{}; nothing unknown, market data flows", phases.join(", "))))
    }

    async fn close(&self, instrument: &Instrument) -> anyhow::Result<((), String)> {
        let cancelled = self.trader.cancel_all(|order| order.intent.strategy == STRATEGY).await?;
        let gone = settled(|| async {
            self.trader.inspect(|books| books.orders.live().next().is_none()).await.ok().filter(|gone| *gone)
        });
        gone.await.context("the exits were not cancelled")?;
        let held = self.trader.position(instrument.id()).await?;
        ensure!(held > Decimal::ZERO, "there is nothing to close: {held}");
        let mut placed = self.trader.submit(Ticket::sell(instrument, held)).await?;
        let done = match placed.done(ORDER_WITHIN).await {
            Ok(done) => done,
            Err(WaitError::TimedOut { last, .. }) => bail!("the market did not take it: {last:?}"),
            Err(error) => return Err(error.into()),
        };
        ensure!(done.state == State::Filled, "it ended as {} ({})", done.state, done.reason);
        Ok(((), format!("{cancelled} exits cancelled, {} sold at {}", done.filled, show(done.average_price))))
    }

    async fn realised(&self, instrument: &Instrument) -> anyhow::Result<((), String)> {
        let account = self.account.clone();
        let look = move |books: &Books| books.ledger.totals(&account, "USD");
        let totals =
            settled(|| async { self.trader.inspect(look.clone()).await.ok().filter(|totals| !totals.is_pending()) });
        let totals = totals.await.context("a commission did not come")?;
        let net = totals.realised_net().context("no realised profit")?;
        let flat = self.trader.position(instrument.id()).await?;
        ensure!(flat.is_zero(), "{flat} are left");
        if let Some(sim) = self.sim {
            let theirs = sim.tws.book().realized(&self.account, &instrument.symbol);
            ensure!(net == theirs, "we count {net}, the broker {theirs}");
        }
        let compared = if self.sim.is_some() { ", as the broker has it" } else { "" };
        let (gross, commission) = (show(totals.realised), show(totals.commission));
        Ok(((), format!("{gross} less {commission} commission is {net}{compared}")))
    }
}

/// Asks again and again, a little later each time, until there is an answer or the time is up.
async fn settled<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> Option<T> {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SETTLE_WITHIN, asked).await.ok()
}

/// The newest quote of the instrument that has come since, or the one there was.
async fn latest(
    instrument: &Instrument,
    quotes: &mut Subscription<Quote>,
    mut quote: Quote,
) -> anyhow::Result<(Quote, String)> {
    while let Some(heard) = quotes.try_recv()? {
        if let Some(newer) = heard.event().filter(|newer| newer.contract_id == instrument.id() && newer.is_two_sided())
        {
            quote = newer;
        }
    }
    let told = format!("{} {}/{}", quote.symbol, show(quote.bid), show(quote.ask));
    Ok((quote, told))
}

/// Cancels what lives and closes what is held in the session's name.
async fn take_back(trader: &Handle) -> anyhow::Result<((), String)> {
    let cancelled = trader.cancel_all(|order| order.intent.strategy == STRATEGY).await?;
    let gone = settled(|| async {
        let none = |books: &Books| !books.orders.live().any(|order| order.intent.strategy == STRATEGY);
        trader.inspect(none).await.ok().filter(|gone| *gone)
    });
    gone.await.context("orders are still alive; cancel them in TWS")?;
    let held = trader
        .inspect(|books| -> Vec<(Contract, Decimal)> {
            let ours =
                books.ledger.holdings().filter(|held| held.strategy == Some(STRATEGY) && !held.position.is_flat());
            ours.map(|held| (Contract::by_id(held.instrument.contract_id, "SMART"), held.position.quantity)).collect()
        })
        .await?;
    for (contract, quantity) in &held {
        let instrument = trader.find(contract).await?;
        let ticket = if *quantity > Decimal::ZERO {
            Ticket::sell(&instrument, *quantity)
        } else {
            Ticket::buy(&instrument, -*quantity)
        };
        let mut placed = trader
            .submit(ticket)
            .await
            .with_context(|| format!("{quantity} {} are left; close them in TWS", instrument.symbol))?;
        let done = placed.done(ORDER_WITHIN).await?;
        ensure!(done.state == State::Filled, "{quantity} {} are left; close them in TWS", instrument.symbol);
    }
    Ok(((), format!("{cancelled} orders cancelled, {} positions closed", held.len())))
}

/// Stops the trader, checks the chain of its journal, and makes the books again out of it.
async fn replay(config: &TraderConfig, trader: Trader) -> anyhow::Result<((), String)> {
    let ended = trader.stop().await;
    if let Some(fault) = ended.journal_fault {
        bail!("the journal was not closed cleanly: {fault}");
    }
    let replayed = Trader::replay(config)?;
    ensure!(replayed.fingerprint() == ended.fingerprint, "the journal replays to other books");
    let short = ended.fingerprint.get(..12).unwrap_or_default();
    Ok(((), format!("{} records make the same books again ({short})", ended.records)))
}

fn held_against(tapes: &Tapes, sim: &Simulator, names: &BTreeMap<ContractId, String>) -> anyhow::Result<((), String)> {
    let book = sim.tws.book();
    let fills: Vec<_> = book
        .executions()
        .iter()
        .map(|fill| (names.get(&fill.contract).cloned().unwrap_or_default(), fill.clone()))
        .collect();
    let checked = tapes.check(&fills, sim.began)?;
    ensure!(checked > 0, "no fill was on a tape");
    Ok(((), format!("{checked} fills, each at a price that its tape showed at that moment, on the right side")))
}

/// Orders, fills, positions, and the symbols of what was traded.
type Tables = (Vec<OrderRow>, Vec<FillRow>, Vec<PositionRow>, BTreeMap<ContractId, String>);

fn tables(books: &Books) -> Tables {
    let orders = books.orders.iter().filter(|order| order.intent.strategy == STRATEGY).map(|order| OrderRow {
        id: order.order_id.0,
        what: format!("{} {} {}", order.intent.side, order.intent.quantity, order.intent.contract.symbol),
        state: order.state.to_string(),
        filled: order.filled.to_string(),
        average_price: show(order.average_price().map(|price| price.round_dp(4))),
    });
    let fills = books.orders.executions().iter().filter(|(_, fill)| fill.strategy.as_deref() == Some(STRATEGY)).map(
        |(root, fill)| FillRow {
            execution: root.into_owned(),
            what: format!("{} {}", fill.side, fill.quantity),
            price: fill.price.to_string(),
            commission: show(fill.cost.as_ref().map(|cost| cost.amount)),
        },
    );
    let positions = books.ledger.holdings().filter(|held| held.strategy == Some(STRATEGY)).map(|held| {
        let commission: Decimal = held.commission.values().sum();
        PositionRow {
            symbol: held.instrument.symbol.to_string(),
            quantity: held.position.quantity.to_string(),
            realised: held.position.realised.to_string(),
            commission: commission.to_string(),
            net: (held.position.realised - commission).to_string(),
        }
    });
    let symbols = books.ledger.holdings().map(|held| (held.instrument.contract_id, held.instrument.symbol.to_string()));
    (orders.collect(), fills.collect(), positions.collect(), symbols.collect())
}

/// The listing exchange of the usual symbols, which tells them from others of the same name.
fn listing(symbol: &str) -> &'static str {
    match symbol {
        "IBM" | "BAC" => "NYSE",
        "SPY" => "ARCA",
        _ => "",
    }
}

fn show(number: Option<Decimal>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.normalize().to_string())
}
