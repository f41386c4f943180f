//! Market data: one subscription a contract, whoever wants it, and one quote out of its ticks.

use std::time::SystemTime;

use tokio::sync::mpsc;
use tws_client::{MarketData, Tick, Update};
use tws_proto::Contract;
use tws_proto::ids::ContractId;

use super::Engine;
use crate::event::{Alarm, Event};
use crate::quote::Quote;

/// News of one market.
#[derive(Debug)]
pub(crate) enum MarketUpdate {
    /// Its prices.
    Quote(Quote),
    /// They were interrupted.
    Gap(ContractId),
    /// There will be no more.
    Ended(ContractId, String),
}

/// A market that is watched.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) symbol: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Market {
    fn drop(&mut self) {
        self.task.abort(); // the stream it owns cancels itself
    }
}

impl Engine {
    /// Watches a market, once however often it is asked for.
    pub(super) fn watch(&mut self, contract: &Contract) -> Result<(), String> {
        let Some(id) = contract.known_id() else { return Err("the contract has no number".to_owned()) };
        if self.markets.contains_key(&id) {
            return Ok(());
        }
        let data = self.client.market_data(contract, &[]).map_err(|error| error.to_string())?;
        let quote = Quote::unknown(id, contract.symbol.clone());
        let task = tokio::spawn(pump(data, quote, self.market_sender.clone()));
        self.markets.insert(id, Market { symbol: contract.symbol.clone(), task });
        Ok(())
    }

    pub(super) fn on_market(&mut self, update: MarketUpdate) {
        let now = self.clock.now();
        match update {
            MarketUpdate::Quote(quote) => {
                if let Some(mark) = quote.mark() {
                    self.books.ledger.mark(quote.contract_id, mark);
                }
                if let Some(gate) = &mut self.gate {
                    let prices = risk::Quote { bid: quote.bid, ask: quote.ask, last: quote.last };
                    gate.quote(quote.contract_id, prices, now);
                }
                self.outbox.events.push(Event::Quote(quote));
            }
            MarketUpdate::Gap(contract_id) => {
                if let Some(gate) = &mut self.gate {
                    gate.forget_quote(contract_id);
                }
                self.outbox.events.push(Event::QuoteGap { contract_id });
            }
            MarketUpdate::Ended(contract_id, cause) => {
                if let Some(gate) = &mut self.gate {
                    gate.forget_quote(contract_id);
                }
                if let Some(market) = self.markets.remove(&contract_id) {
                    self.alarm(Alarm::MarketDataEnded { symbol: market.symbol.clone(), cause });
                }
            }
        }
    }
}

/// Puts ticks together and passes quotes on. While the engine is busy the client conflates behind it.
async fn pump(mut data: MarketData, mut quote: Quote, updates: mpsc::Sender<MarketUpdate>) {
    let id = quote.contract_id;
    while let Some(update) = data.recv().await {
        let mut changed = take(&mut quote, update, &updates).await;
        // What has arrived meanwhile belongs to the same moment.
        while let Some(update) = data.try_recv() {
            changed |= take(&mut quote, update, &updates).await;
        }
        if changed && updates.send(MarketUpdate::Quote(quote.clone())).await.is_err() {
            return;
        }
    }
    let _ = updates.send(MarketUpdate::Ended(id, "the session has ended".to_owned())).await;
}

async fn take(quote: &mut Quote, update: Update<Tick>, updates: &mpsc::Sender<MarketUpdate>) -> bool {
    let at = SystemTime::now();
    match update {
        Update::Data(Tick::Price(tick)) => quote.take_price(tick.kind, tick.price, tick.size, at),
        Update::Data(Tick::Size(tick)) => quote.take_size(tick.kind, tick.size, at),
        Update::Data(Tick::Generic(_) | Tick::Text(_) | Tick::DataKind(_) | Tick::Parameters(_)) | Update::Notice(_) => false,
        Update::Gap { .. } => {
            *quote = Quote::unknown(quote.contract_id, std::mem::take(&mut quote.symbol));
            let _ = updates.send(MarketUpdate::Gap(quote.contract_id)).await;
            false
        }
        Update::Ended(error) => {
            let _ = updates.send(MarketUpdate::Ended(quote.contract_id, error.to_string())).await;
            false
        }
    }
}
