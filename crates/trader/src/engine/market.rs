//! Market data: one subscription a contract, whoever wants it, and one quote out of its ticks.

use order::Terms;
use tokio::sync::mpsc;
use tws_client::{MarketData, RequestError, Tick, Update};
use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::message::AccountSummary;

use super::{Clock, Engine};
use crate::event::{Alarm, Event};
use crate::quote::Quote;

/// News that may wait.
#[derive(Debug)]
pub(super) enum MarketUpdate {
    /// Of one market.
    Market {
        /// Which market; one that was watched before under the same contract is another.
        market: u64,
        /// What.
        news: News,
    },
    /// Of what accounts are worth.
    Equity(Vec<AccountSummary>),
    /// Of what a contract is, its hours above all.
    Terms {
        /// Which.
        contract_id: ContractId,
        /// What.
        terms: Box<Terms>,
        /// By how much its prices are told larger than money.
        magnifier: u32,
    },
}

#[derive(Debug)]
pub(super) enum News {
    /// Its prices.
    Quote(Quote),
    /// They were interrupted; nothing is known from before.
    Gap(Quote),
    /// There will be no more.
    Ended(Quote, String),
}

/// A market that is watched.
#[derive(Debug)]
pub(super) struct Market {
    id: u64,
    /// What it is a market in; the gate counts combinations by it.
    contract: Contract,
    /// The last quote, for those who begin to watch a market that does not move.
    quote: Option<Quote>,
    task: tokio::task::JoinHandle<()>,
}

impl Market {
    pub(super) fn contract(&self) -> &Contract {
        &self.contract
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        self.task.abort(); // the stream it owns cancels itself
    }
}

impl Engine {
    /// Watches a market, once however often it is asked for; who asks later hears the last quote again. One whose data
    /// has ended can be asked for anew.
    pub(super) fn watch(&mut self, contract: &Contract) -> Result<(), RequestError> {
        let Some(contract_id) = contract.known_id() else {
            return Err(RequestError::Nonsense { message: "CONTRACT_DATA" });
        };
        if let Some(market) = self.markets.get(&contract_id) {
            self.outbox.events.extend(market.quote.clone().map(Event::Quote));
            return Ok(());
        }
        let data = self.client.market_data(contract, &[])?;
        self.markets_begun += 1;
        let pump = Pump {
            market: self.markets_begun,
            quote: Quote::unknown(contract_id, contract.symbol.clone()),
            updates: self.market_sender.clone(),
            clock: self.clock,
        };
        let market =
            Market { id: pump.market, contract: contract.clone(), quote: None, task: tokio::spawn(pump.run(data)) };
        self.markets.insert(contract_id, market);
        Ok(())
    }

    pub(super) fn on_market(&mut self, update: MarketUpdate) {
        let (market, news) = match update {
            MarketUpdate::Market { market, news } => (market, news),
            MarketUpdate::Equity(values) => return self.on_equity(&values),
            MarketUpdate::Terms { contract_id, terms, magnifier } => return self.learn(contract_id, *terms, magnifier),
        };
        let (News::Quote(quote) | News::Gap(quote) | News::Ended(quote, _)) = &news;
        let contract_id = quote.contract_id;
        let Some(market) = self.markets.get_mut(&contract_id).filter(|known| known.id == market) else {
            return; // the last words of a market that was given up
        };
        match news {
            News::Quote(quote) => {
                let before = market.quote.replace(quote.clone());
                // The end of a halt is no news of prices: those of before it are as old as they were.
                let has_moved = before.is_none_or(|before| before.prices_and_sizes() != quote.prices_and_sizes());
                if let Some(mark) = quote.mark() {
                    self.books.ledger.mark(contract_id, mark);
                    self.silence.marked(contract_id, self.clock.now());
                }
                if let Some(gate) = &mut self.gate {
                    // A leg whose prices are known must be known itself; before the login there was nobody to tell.
                    if gate.known(contract_id) != Some(&market.contract) {
                        gate.know(&market.contract);
                    }
                    if has_moved {
                        let prices = risk::Quote { bid: quote.bid, ask: quote.ask, last: quote.last };
                        gate.quote(contract_id, prices, self.clock.now());
                    }
                    gate.trading(contract_id, quote.trading);
                }
                self.outbox.events.push(Event::Quote(quote));
            }
            News::Gap(_) => {
                market.quote = None;
                self.forget_quote(contract_id);
            }
            News::Ended(quote, cause) => {
                self.forget_quote(contract_id);
                self.markets.remove(&contract_id);
                self.alarm(Alarm::MarketDataEnded { symbol: quote.symbol, cause });
            }
        }
    }

    /// A price that nobody keeps up to date measures no order.
    fn forget_quote(&mut self, contract_id: ContractId) {
        if let Some(gate) = &mut self.gate {
            gate.forget_quote(contract_id);
        }
        self.outbox.events.push(Event::QuoteGap { contract_id });
    }
}

/// Puts the ticks of one market together and passes quotes on. While the engine is busy the client conflates behind it.
struct Pump {
    market: u64,
    quote: Quote,
    updates: mpsc::Sender<MarketUpdate>,
    clock: Clock,
}

/// What ticks have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Nothing,
    Change,
    End,
}

impl Pump {
    async fn run(mut self, mut data: MarketData) {
        while let Some(update) = data.recv().await {
            let mut taken = self.take(update).await;
            // What has arrived meanwhile belongs to the same moment.
            while taken != Taken::End
                && let Some(update) = data.try_recv()
            {
                taken = match self.take(update).await {
                    Taken::Nothing => taken,
                    later => later,
                };
            }
            match taken {
                Taken::Nothing => {}
                Taken::Change => self.tell(News::Quote(self.quote.clone())).await,
                Taken::End => return,
            }
        }
        self.tell(News::Ended(self.quote.clone(), "the session has ended".to_owned())).await;
    }

    async fn take(&mut self, update: Update<Tick>) -> Taken {
        let at = self.clock.system_time();
        let changed = match update {
            Update::Data(Tick::Price(tick)) => self.quote.take_price(tick.kind, tick.price, tick.size, at),
            Update::Data(Tick::Size(tick)) => self.quote.take_size(tick.kind, tick.size, at),
            Update::Data(Tick::Generic(tick)) => self.quote.take_number(tick.kind, tick.value, at),
            Update::Data(Tick::Text(_) | Tick::DataKind(_) | Tick::Parameters(_)) => false,
            Update::Data(Tick::Option(_) | Tick::News(_) | Tick::Rerouted(_)) => false,
            Update::Data(Tick::ExchangeForPhysical(_) | Tick::DeltaNeutral(_)) => false,
            Update::Notice(_) => false,
            Update::Gap { .. } => {
                self.quote = Quote::unknown(self.quote.contract_id, std::mem::take(&mut self.quote.symbol));
                self.tell(News::Gap(self.quote.clone())).await;
                false
            }
            Update::Ended(error) => {
                self.tell(News::Ended(self.quote.clone(), error.to_string())).await;
                return Taken::End;
            }
        };
        if changed { Taken::Change } else { Taken::Nothing }
    }

    async fn tell(&self, news: News) {
        // Where the engine has ended, this task is about to.
        let _ = self.updates.send(MarketUpdate::Market { market: self.market, news }).await;
    }
}
