//! Trading hours are told for about a week: of contracts in use they are asked for anew before they run out.

use std::collections::BTreeMap;

use order::{DAY_US, PriceStep, SECOND_US, Terms, Timestamp};
use tokio::sync::mpsc;
use tws_client::Client;
use tws_proto::Contract;
use tws_proto::ids::ContractId;

use super::Engine;
use super::controls::AbortOnDrop;
use super::market::MarketUpdate;
use crate::terms::{magnifier_of, terms_of};

/// How long before they end they are asked for.
const AHEAD_US: i64 = DAY_US;
/// How often a contract is asked for at most.
const ASKED_PAUSE_US: i64 = 60 * 60 * SECOND_US;
/// How often contracts are looked through.
const LOOK_PAUSE_US: i64 = 60 * SECOND_US;
/// Most contracts that are asked for at one look; what more there are waits for the next.
const ASKED_MAX: usize = 16;

/// What was asked for, and when.
#[derive(Debug, Default)]
pub(super) struct HoursWatch {
    looked_at: Option<Timestamp>,
    /// By contract; of those in use only.
    asked_at: BTreeMap<ContractId, Timestamp>,
    task: Option<AbortOnDrop>,
}

/// A contract to ask for.
struct Wanted {
    contract: Contract,
    contract_id: ContractId,
    /// Those of its market rule; they stay.
    price_steps: Vec<PriceStep>,
}

impl Engine {
    /// R28: an order of the day whose hours are over is expired, and one whose hours are not known may be called lost.
    pub(super) fn watch_hours(&mut self) {
        let now = self.clock.now();
        let is_asking = self.hours.task.as_ref().is_some_and(|task| !task.is_finished());
        let was_looked_at = self.hours.looked_at.is_some_and(|at| now.since(at) < LOOK_PAUSE_US);
        if is_asking || was_looked_at || self.link.ready.is_none() || self.link.is_degraded {
            return;
        }
        self.hours.looked_at = Some(now);
        let watched = self.markets.iter().map(|(id, market)| (*id, market.contract()));
        let ordered = self.books.orders.live().map(|order| order.intent.contract.as_ref());
        let ordered = ordered.filter_map(|contract| Some((contract.known_id()?, contract)));
        let held = self.books.ledger.holdings().filter(|holding| !holding.position.is_flat());
        let held = held.map(|holding| holding.instrument.contract_id);
        let held = held.filter_map(|id| Some((id, self.gate.as_ref()?.known(id)?)));
        let in_use: BTreeMap<ContractId, &Contract> = held.chain(ordered).chain(watched).collect();
        self.hours.asked_at.retain(|id, at| in_use.contains_key(id) && now.since(*at) < ASKED_PAUSE_US);
        let mut wanted = Vec::new();
        for (contract_id, contract) in in_use {
            let terms = self.books.orders.terms(contract_id).filter(|terms| run_out(terms, now));
            let Some(terms) = terms.filter(|_| !self.hours.asked_at.contains_key(&contract_id)) else { continue };
            let price_steps = terms.price_steps.clone();
            wanted.push(Wanted { contract: contract.clone(), contract_id, price_steps });
        }
        wanted.truncate(ASKED_MAX);
        if wanted.is_empty() {
            return;
        }
        self.hours.asked_at.extend(wanted.iter().map(|wanted| (wanted.contract_id, now)));
        let (client, news) = (self.client.client().clone(), self.market_sender.clone());
        self.hours.task = Some(AbortOnDrop::new(tokio::spawn(ask_terms(client, wanted, news))));
    }
}

/// Whether hours that were known end within a day, or have ended.
fn run_out(terms: &Terms, now: Timestamp) -> bool {
    let ends = |sessions: &[order::Session]| sessions.iter().map(|session| session.closes).max();
    [ends(&terms.regular), ends(&terms.extended)].into_iter().flatten().any(|ends| ends.since(now) < AHEAD_US)
}

async fn ask_terms(client: Client, wanted: Vec<Wanted>, news: mpsc::Sender<MarketUpdate>) {
    for Wanted { contract, contract_id, price_steps } in wanted {
        let told = match client.contract_details(&contract).await {
            Ok(found) => found.into_iter().find(|data| data.contract.known_id() == Some(contract_id)),
            Err(error) => {
                tracing::warn!(%error, symbol = contract.symbol, "TWS did not tell the trading hours");
                continue;
            }
        };
        let Some(told) = told else { continue };
        let terms = Box::new(terms_of(&told.details, Some(price_steps)));
        let magnifier = magnifier_of(&told.details);
        if news.send(MarketUpdate::Terms { contract_id, terms, magnifier }).await.is_err() {
            return;
        }
    }
}
