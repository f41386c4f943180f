//! What the gate says beyond one order: who must stop until a person has looked, and what it must be told for that.

use std::time::Duration;

use order::{OrderUpdate, State};
use risk::{Equity, Refusal};
use rust_decimal::Decimal;
use tokio::sync::mpsc;
use tws_client::Client;
use tws_proto::kinds::AccountTag;
use tws_proto::message::AccountSummary;

use super::Engine;
use super::market::MarketUpdate;
use crate::record::Record;

/// How often TWS is asked what accounts are worth.
const EQUITY_PAUSE: Duration = Duration::from_secs(60);
/// How soon it is asked again where it did not say.
const EQUITY_RETRY: Duration = Duration::from_secs(2);

impl Engine {
    /// Halts whatever a refusal says must not go on (C5, C7, C10); durable, until a person acknowledges.
    pub(super) fn obey(&mut self, refusal: &Refusal) {
        let Some(scope) = refusal.halts() else { return };
        if self.books.orders.halts().any(|halt| halt.scope == scope) {
            return;
        }
        let step = self.books.orders.halt(scope, refusal.to_string(), self.clock.now());
        self.take(step);
    }

    /// C10: the broker rejected an order.
    pub(super) fn watch_rejects(&mut self, update: &OrderUpdate) {
        if update.state != State::Rejected {
            return;
        }
        let now = self.clock.now();
        let storm = self.gate.as_mut().and_then(|gate| gate.rejected(&update.strategy, update.intent, now));
        if let Some(refusal) = storm {
            self.obey(&refusal);
        }
    }

    /// C7: what accounts had made when the day began, and at their best, must survive a restart.
    pub(super) fn watch_losses(&mut self) {
        let now = self.clock.now();
        let Some(gate) = &mut self.gate else { return };
        for mark in gate.look_at_losses(&self.books.ledger, now) {
            self.books.keep_day(mark.clone());
            self.outbox.records.push(Record::Day(mark));
        }
    }

    /// C1, C6: asks what accounts are worth, again and again, where a limit is measured by it.
    pub(super) fn watch_equity(&mut self) {
        if self.config.limits.needs_equity() && self.equity_task.is_none() {
            let (client, news) = (self.client.client().clone(), self.market_sender.clone());
            self.equity_task = Some(AbortOnDrop(tokio::spawn(ask_equity(client, news))));
        }
    }

    pub(super) fn on_equity(&mut self, values: &[AccountSummary]) {
        let now = self.clock.now();
        let Some(gate) = &mut self.gate else { return };
        for (account, equity) in equities(values) {
            gate.equity(account, equity, now);
        }
    }
}

/// A task that ends with its owner.
#[derive(Debug)]
pub(super) struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn ask_equity(client: Client, news: mpsc::Sender<MarketUpdate>) {
    loop {
        let pause = match client.account_summary(&[AccountTag::NetLiquidation, AccountTag::Ledger]).await {
            Ok(values) => {
                if news.send(MarketUpdate::Equity(values)).await.is_err() {
                    return;
                }
                EQUITY_PAUSE
            }
            Err(error) => {
                tracing::warn!(%error, "TWS did not say what the accounts are worth");
                EQUITY_RETRY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// What each account is worth, and what its currencies are worth in its own.
fn equities(values: &[AccountSummary]) -> impl Iterator<Item = (String, Equity)> {
    let number = |value: &AccountSummary| value.value.trim().parse::<Decimal>().ok();
    values.iter().filter(|value| value.tag == AccountTag::NetLiquidation).filter_map(move |worth| {
        let rates =
            values.iter().filter(|value| value.account == worth.account && value.tag.as_str() == "ExchangeRate");
        let rates = rates.filter_map(|rate| Some((rate.currency.clone(), number(rate)?))).collect();
        let equity = Equity { amount: number(worth)?, currency: worth.currency.clone(), rates };
        Some((worth.account.clone(), equity))
    })
}
