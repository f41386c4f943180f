//! What the gate says beyond one order: who must stop until a person has looked, and what it must be told for that.

use std::mem::discriminant;
use std::time::Duration;

use order::{IntentId, OrderUpdate, State};
use risk::{Equity, OnReturn, Refusal, Waivable, Waiver};
use rust_decimal::Decimal;
use tokio::sync::mpsc;
use tws_client::Client;
use tws_proto::kinds::AccountTag;
use tws_proto::message::AccountSummary;

use super::Engine;
use super::commands::Refused;
use super::market::MarketUpdate;
use crate::event::{Alarm, Event};
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

    /// C7: what accounts had made when the day began, and at their best, must survive a restart. A limit that was reached is
    /// told at once: it may be long until an order is asked for. What the accounts had made before this trader knew what they
    /// hold is nobody's loss of today.
    pub(super) fn watch_losses(&mut self) {
        let (now, has_agreed) = (self.clock.now(), self.reconciler.has_agreed());
        let Some(gate) = self.gate.as_mut().filter(|_| has_agreed) else { return };
        for mark in gate.look_at_losses(&self.books.ledger, now) {
            let reached = mark.reached(gate.limits());
            let kind = reached.as_ref().map(discriminant);
            let before = self.books.keep_day(mark.clone()).filter(|before| before.day == mark.day);
            let is_news = kind != before.and_then(|before| before.reached(gate.limits())).as_ref().map(discriminant);
            if let Some(refusal) = reached.filter(|_| is_news) {
                let (account, refusal) = (mark.account.clone(), refusal.to_string());
                self.outbox.events.push(Event::Alarm(Alarm::LossReached { account, refusal }));
            }
            self.outbox.records.push(Record::Day(mark));
        }
    }

    /// C12: orders that work for too long without a link are an alarm.
    pub(super) fn watch_absence(&mut self) {
        let orders = self.books.orders.live().count();
        if let Some(away_s) = self.absence.look(orders, self.clock.now()) {
            self.alarm(Alarm::LinkAway { away_s, orders });
        }
    }

    /// C12: the link is back, and the orders go on or not.
    pub(super) fn meet_return(&mut self) {
        let orders = self.books.orders.live().count();
        match self.absence.returned(orders, self.clock.now()) {
            OnReturn::Keep => {}
            OnReturn::Cancel { away_s } => {
                self.alarm(Alarm::CancelledOnReturn { away_s, orders });
                self.cancel_everything();
            }
        }
    }

    /// C14: an alarm stands until a person acknowledges it.
    pub(super) fn keep_alarm(&mut self, alarm: &Alarm, text: &str) {
        let now = self.clock.now();
        if let Some(alarm) = self.books.alarms.raise(alarm.code(), alarm.about(), text, now) {
            self.bell.told(alarm.number, now);
            self.books.alarms.keep(alarm.clone());
            self.outbox.records.push(Record::Alarmed(alarm));
        }
    }

    /// C14: tells again what nobody has acknowledged.
    pub(super) fn ring(&mut self) {
        let due = self.bell.due(&self.books.alarms, self.config.limits.alarm_repeat_s, self.clock.now());
        self.outbox.events.extend(due.into_iter().map(Event::AlarmStands));
    }

    /// C14: a named person knows of an alarm.
    pub(super) fn acknowledge_alarm(&mut self, number: u64, by: String) -> Result<(), Refused> {
        self.books.alarms.check(number, &by)?;
        self.books.alarms.acknowledged(number);
        self.outbox.records.push(Record::AlarmAcknowledged { number, by });
        Ok(())
    }

    /// C16: a named person lets one order of a strategy go past a control.
    pub(super) fn waive(&mut self, what: (Waivable, &str), word: (&str, &str)) -> Result<Waiver, Refused> {
        let waiver = self.books.waivers.grant(what, word, &self.config.limits, self.clock.now())?;
        self.books.waivers.keep(waiver.clone());
        self.outbox.records.push(Record::WaiverGranted(waiver.clone()));
        Ok(waiver)
    }

    /// C16: an order has gone past a control.
    pub(super) fn use_waiver(&mut self, waiver: Waiver, intents: &[IntentId], refusal: &Refusal) {
        let Waiver { number, strategy, by, reason, .. } = waiver;
        let (intents, refusal) = (intents.to_vec(), refusal.to_string());
        self.books.waivers.used(number);
        self.outbox.records.push(Record::WaiverUsed { number, intents, refusal: refusal.clone() });
        self.alarm(Alarm::LimitWaived { strategy, by, reason, refusal });
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

impl AbortOnDrop {
    pub(super) fn new(task: tokio::task::JoinHandle<()>) -> Self {
        Self(task)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn ask_equity(client: Client, news: mpsc::Sender<MarketUpdate>) {
    loop {
        let pause = match client.account_summary(&[AccountTag::NetLiquidation, AccountTag::LedgerOfAllCurrencies]).await
        {
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
