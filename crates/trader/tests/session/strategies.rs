//! Strategies: each in a task of its own, heard and ended alone.

use std::sync::Arc;

use order::OrderUpdate;
use rust_decimal::Decimal;
use tokio::sync::{Semaphore, mpsc};
use trader::prelude::*;
use trader::{Alarm, StartError};

use crate::desk::{Desk, PATIENCE, alarms, hear, number, simulator};

/// Does to every quote what it was made to do, and tells what it hears.
struct Scripted {
    name: &'static str,
    told: mpsc::UnboundedSender<String>,
    on_quote: OnQuote,
}

enum OnQuote {
    Tell,
    /// Takes a permit for every quote.
    Wait(Arc<Semaphore>),
    Panic,
    Fail,
    Buy(Decimal),
}

impl Strategy for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    async fn started(&mut self, trader: &Handle) -> Outcome {
        trader.watch(&Contract::stock("ACME", "USD")).await?;
        self.tell("started".to_owned());
        Ok(())
    }

    async fn quote(&mut self, quote: &Quote, trader: &Handle) -> Outcome {
        if !quote.is_two_sided() {
            return Ok(());
        }
        match &self.on_quote {
            OnQuote::Tell => {}
            OnQuote::Wait(permits) => permits.acquire().await?.forget(),
            OnQuote::Panic => panic!("a bug of the strategy"),
            OnQuote::Fail => return Err("nothing to trade".into()),
            OnQuote::Buy(quantity) => {
                let details = trader.find(&Contract::by_id(quote.contract_id, "SMART")).await?;
                trader.submit(Ticket::buy(&details, *quantity)).await?;
                self.on_quote = OnQuote::Tell;
            }
        }
        self.tell(format!("{} {}", quote.symbol, quote.ask.unwrap_or_default().normalize()));
        Ok(())
    }

    async fn order(&mut self, update: &OrderUpdate, _: &Handle) -> Outcome {
        self.tell(format!("order {} {}", update.quantity, update.state));
        Ok(())
    }

    async fn fill(&mut self, fill: &FillEvent, _: &Handle) -> Outcome {
        self.tell(format!("fill {} -> {}", fill.fill.quantity, fill.position));
        Ok(())
    }
}

impl Scripted {
    fn new(name: &'static str, on_quote: OnQuote) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (told, heard) = mpsc::unbounded_channel();
        (Self { name, told, on_quote }, heard)
    }

    fn tell(&self, what: String) {
        let _ = self.told.send(what);
    }
}

async fn until(heard: &mut mpsc::UnboundedReceiver<String>, wanted: &str) -> Vec<String> {
    let mut all = Vec::new();
    let found = async {
        while let Some(next) = heard.recv().await {
            all.push(next);
            if all.last().is_some_and(|last| last == wanted) {
                return true;
            }
        }
        false
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    assert_eq!(found, Ok(true), "{wanted:?} was not among {all:?}");
    all
}

#[tokio::test]
async fn a_strategy_hears_quotes_and_what_becomes_of_its_orders_and_of_no_others() {
    let desk = Desk::open().await;
    let (buyer, mut bought) = Scripted::new("buyer", OnQuote::Buy(number("100")));
    let (other, mut other_heard) = Scripted::new("other", OnQuote::Tell);
    let trader = Trader::builder(desk.config.clone()).strategy(buyer).strategy(other).start().await.unwrap();
    let heard = until(&mut bought, "fill 100 -> 100").await;
    assert_eq!(heard[0], "started");
    assert!(heard.contains(&"ACME 10.01".to_owned()), "{heard:?}");
    until(&mut bought, "order 100 filled").await;
    desk.quote("ACME", "10.10", "10.12");
    let heard = until(&mut other_heard, "ACME 10.12").await;
    assert!(!heard.iter().any(|told| told.starts_with("order") || told.starts_with("fill")), "{heard:?}");
    trader.stop().await;
}

#[tokio::test]
async fn p15_a_slow_strategy_delays_no_other_and_sees_the_newest_quote() {
    let desk = Desk::open().await;
    let permits = Arc::new(Semaphore::new(0));
    let (slow, mut slow_heard) = Scripted::new("slow", OnQuote::Wait(Arc::clone(&permits)));
    let (quick, mut quick_heard) = Scripted::new("quick", OnQuote::Tell);
    let trader = Trader::builder(desk.config.clone()).strategy(slow).strategy(quick).start().await.unwrap();
    until(&mut quick_heard, "ACME 10.01").await;
    for cents in 11..=40 {
        let ask = Decimal::new(1_000 + cents, 2);
        desk.quote("ACME", "10.00", &ask.to_string());
        until(&mut quick_heard, &format!("ACME {}", ask.normalize())).await;
    }
    permits.add_permits(100);
    let heard = until(&mut slow_heard, "ACME 10.4").await;
    assert!(heard.len() <= 4, "{heard:?}");
    trader.stop().await;
}

#[tokio::test]
async fn p16_a_strategy_that_panics_or_fails_ends_alone() {
    for (on_quote, cause) in [(OnQuote::Panic, "it panicked"), (OnQuote::Fail, "nothing to trade")] {
        let desk = Desk::open().await;
        desk.quote("ACME", "0", "0"); // no market yet
        let (bad, _) = Scripted::new("bad", on_quote);
        let (good, mut good_heard) = Scripted::new("good", OnQuote::Tell);
        let trader = Trader::builder(desk.config.clone()).strategy(bad).strategy(good).start().await.unwrap();
        let handle = trader.handle();
        let mut alarms = alarms(&handle);
        until(&mut good_heard, "started").await;
        desk.quote("ACME", "10.00", "10.02");
        let ended = hear(&mut alarms, |_| true).await;
        assert_eq!(ended, Alarm::StrategyEnded { name: "bad".into(), cause: cause.into() });
        desk.quote("ACME", "10.00", "10.03");
        until(&mut good_heard, "ACME 10.03").await;
        // Who comes late to a market hears where it stands.
        desk.watch(&handle, "ACME").await;
        trader.stop().await;
    }
}

#[tokio::test]
async fn strategies_have_names_of_their_own() {
    let desk = Desk::open().await;
    for (names, taken) in [(["a", "a"], true), (["a", "manual"], true), (["a", " "], false)] {
        let [one, two] = names.map(|name| Scripted::new(name, OnQuote::Tell).0);
        let error = Trader::builder(desk.config.clone()).strategy(one).strategy(two).start().await.err().unwrap();
        match error {
            StartError::StrategyNameTaken { .. } => assert!(taken),
            StartError::StrategyName { .. } => assert!(!taken),
            other => panic!("{other}"),
        }
    }
}

/// Never comes back from its start, and so never reads anything.
struct Absent;

impl Strategy for Absent {
    fn name(&self) -> &str {
        "absent"
    }

    async fn started(&mut self, trader: &Handle) -> Outcome {
        trader.watch(&Contract::stock("ACME", "USD")).await?;
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn p15_a_strategy_that_never_reads_keeps_nobody_from_trading_nor_the_trader_from_ending() {
    let desk = Desk::open().await;
    let trader = Trader::builder(desk.config.clone()).strategy(Absent).start().await.unwrap();
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    for cents in 0..600_i64 {
        desk.quote("ACME", "9.99", &Decimal::new(1_001 + cents % 2, 2).to_string());
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    let asked = tokio::time::Instant::now();
    handle.submit(Ticket::buy(&acme, 10)).await.unwrap().done(PATIENCE).await.unwrap();
    assert!(asked.elapsed() < std::time::Duration::from_millis(50), "{:?}", asked.elapsed());
    trader.stop().await;
}

/// Buys at the first quote of its market, and tells when it has what it wanted.
struct One {
    name: String,
    symbol: String,
    quantity: Decimal,
    instrument: Option<Instrument>,
    is_done: bool,
    told: mpsc::UnboundedSender<String>,
}

impl Strategy for One {
    fn name(&self) -> &str {
        &self.name
    }

    async fn started(&mut self, trader: &Handle) -> Outcome {
        self.instrument = Some(trader.watch(&Contract::stock(&self.symbol, "USD")).await?);
        Ok(())
    }

    async fn quote(&mut self, quote: &Quote, trader: &Handle) -> Outcome {
        let Some(instrument) = self.instrument.as_ref().filter(|own| own.id() == quote.contract_id) else {
            return Ok(());
        };
        if quote.is_two_sided() && !std::mem::replace(&mut self.is_done, true) {
            trader.submit(Ticket::buy(instrument, self.quantity)).await?;
        }
        Ok(())
    }

    async fn fill(&mut self, fill: &FillEvent, _: &Handle) -> Outcome {
        let _ = self.told.send(format!("{} {}", self.name, fill.position == self.quantity));
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn p17_a_hundred_strategies_trade_at_once_and_each_has_its_own() {
    // Ten markets, for IB takes 20 orders a side of one; and no two orders alike (C4).
    let markets = (0..10).map(|market| format!("M{market}")).collect::<Vec<_>>();
    let mut builder = simulator();
    for (id, symbol) in (910_000..).zip(&markets) {
        builder = builder.instrument(tws_sim::Instrument::stock(id, symbol, "USD", Decimal::TEN));
    }
    let mut desk = Desk::with(builder).await;
    desk.config.limits.orders_per_second = 1_000;
    for symbol in &markets {
        desk.quote(symbol, "9.99", "10.01");
    }
    let (told, mut heard) = mpsc::unbounded_channel();
    let mut builder = Trader::builder(desk.config.clone());
    for number in 0..100 {
        let symbol = markets[number % 10].clone();
        let (name, quantity) = (format!("s{number}"), Decimal::from(1 + number / 10));
        builder =
            builder.strategy(One { name, symbol, quantity, instrument: None, is_done: false, told: told.clone() });
    }
    let trader = builder.start().await.unwrap();
    let mut alarms = alarms(&trader.handle());
    let mut all = std::collections::BTreeSet::new();
    let filled = async {
        while all.len() < 100 {
            all.insert(heard.recv().await.unwrap());
        }
    };
    if tokio::time::timeout(PATIENCE, filled).await.is_err() {
        panic!("{} have traded; {:?}", all.len(), alarms.try_recv());
    }
    assert!(all.iter().all(|told| told.ends_with(" true")), "{all:?}");
    assert_eq!((desk.orders().len(), desk.holds("M7")), (100, number("55")));
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}
