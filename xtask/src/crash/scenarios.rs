//! The base scenarios: what a strategy does, and what the world does meanwhile.

use std::time::Duration;

use anyhow::{Context, ensure};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tws_proto::contract::ComboLeg;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{Action, SecurityType};
use tws_proto::{Contract, Order};
use tws_sim::faults::Switch;
use tws_sim::market::Quote;

use super::trial::{ACCOUNT, Trial};

/// One scenario.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// What happens; it may be cut off anywhere and goes on.
    pub(super) script: fn(&mut Trial) -> anyhow::Result<()>,
}

/// All of them, in the order of the specification.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "instant market fill", script: instant_fill },
    Scenario { name: "resting limit filled in parts", script: filled_in_parts },
    Scenario { name: "cancel", script: cancel },
    Scenario { name: "modify", script: modify },
    Scenario { name: "bracket", script: bracket },
    Scenario { name: "OCA pair", script: oca_pair },
    Scenario { name: "reject 201", script: reject },
    Scenario { name: "DAY expiry", script: day_expiry },
    Scenario { name: "kill", script: kill },
    Scenario { name: "upstream outage with a kept order", script: outage },
    Scenario { name: "combo", script: combo },
    Scenario { name: "two strategies and a manual trade", script: two_strategies },
];

fn acme() -> Value {
    json!({"symbol": "ACME", "sec_type": "STK", "exchange": "SMART", "currency": "USD"})
}

fn market(side: &str, quantity: &str) -> Value {
    json!({"cmd": "submit", "contract": acme(), "side": side, "quantity": quantity, "kind": "MKT"})
}

fn limit(side: &str, quantity: &str, price: &str) -> Value {
    json!({"cmd": "submit", "contract": acme(), "side": side, "quantity": quantity, "kind": "LMT", "limit_price": price})
}

fn leg(side: &str, quantity: &str, price: &str) -> Value {
    json!({"contract": acme(), "side": side, "quantity": quantity, "kind": "LMT", "limit_price": price})
}

/// A quote in cents.
fn quote(trial: &Trial, bid: i64, bid_size: u32, ask: i64, ask_size: u32) -> anyhow::Result<()> {
    let quote = Quote::new(Decimal::new(bid, 2), bid_size.into(), Decimal::new(ask, 2), ask_size.into());
    Ok(trial.sim.quote_with_sizes("ACME", quote)?)
}

/// What the account holds in the end, at the broker: no order was doubled, and none is missing.
fn holds(trial: &Trial, quantity: i64) -> anyhow::Result<()> {
    let held = trial.sim.book().position(ACCOUNT, "ACME");
    ensure!(held == Decimal::from(quantity), "the account holds {held} instead of {quantity}");
    Ok(())
}

fn by_hand(trial: &Trial, action: Action, quantity: i64) -> anyhow::Result<()> {
    trial
        .sim
        .manual_order(Contract::stock("ACME", "USD"), Order::market(action, quantity.into()))
        .map(drop)
        .context("by hand")
}

fn instant_fill(trial: &mut Trial) -> anyhow::Result<()> {
    let name = trial.place("a", &market("BUY", "100"))?;
    trial.wait_state(&name, "filled")?;
    holds(trial, 100)
}

fn filled_in_parts(trial: &mut Trial) -> anyhow::Result<()> {
    let name = trial.place("a", &limit("BUY", "100", "9.50"))?;
    quote(trial, 949, 1_000, 950, 40)?;
    trial.wait(&name, "filled in part", |order| order["filled"] == "40")?;
    quote(trial, 948, 1_000, 949, 60)?;
    trial.wait_state(&name, "filled")?;
    holds(trial, 100)
}

fn cancel(trial: &mut Trial) -> anyhow::Result<()> {
    let name = trial.place("a", &limit("BUY", "100", "9.50"))?;
    trial.insist(&json!({"cmd": "cancel", "ref": name}))?;
    trial.wait_state(&name, "cancelled")?;
    holds(trial, 0)
}

fn modify(trial: &mut Trial) -> anyhow::Result<()> {
    let name = trial.place("a", &limit("BUY", "100", "9.50"))?;
    trial.insist(&json!({"cmd": "modify", "ref": name, "quantity": "150"}))?;
    // A change that the death has kept from the broker has failed once the broker shows the order without it; its owner
    // asks again.
    let has_failed = |order: &Value| order["reason"].as_str().is_some_and(|why| why.contains("without the change"));
    let is_told = |order: &Value| order["quantity"] == "150" || has_failed(order);
    if trial.wait(&name, "changed or not", is_told)?["quantity"] != "150" {
        trial.insist(&json!({"cmd": "modify", "ref": name, "quantity": "150"}))?;
        trial.wait(&name, "changed", |order| order["quantity"] == "150")?;
    }
    quote(trial, 949, 1_000, 950, 1_000)?;
    trial.wait_state(&name, "filled")?;
    holds(trial, 150)
}

fn bracket(trial: &mut Trial) -> anyhow::Result<()> {
    let order =
        json!({"cmd": "bracket", "entry": leg("BUY", "100", "9.50"), "take_profit": "10.50", "stop_loss": "9.00"});
    let name = trial.place("a", &order)?;
    quote(trial, 949, 1_000, 950, 1_000)?;
    trial.wait_state(&name, "filled")?;
    quote(trial, 1_050, 1_000, 1_051, 1_000)?;
    trial.wait_state(&format!("{name}:take_profit"), "filled")?;
    trial.wait_state(&format!("{name}:stop_loss"), "cancelled")?;
    holds(trial, 0)
}

fn oca_pair(trial: &mut Trial) -> anyhow::Result<()> {
    let order = json!({"cmd": "oco", "orders": [leg("BUY", "100", "9.50"), leg("BUY", "100", "9.40")]});
    let name = trial.place("a", &order)?;
    quote(trial, 949, 1_000, 950, 1_000)?;
    trial.wait_state(&format!("{name}-0"), "filled")?;
    trial.wait_state(&format!("{name}-1"), "cancelled")?;
    holds(trial, 100)
}

fn reject(trial: &mut Trial) -> anyhow::Result<()> {
    trial.sim.inject(Switch::Reject)?;
    let name = trial.place("a", &limit("BUY", "100", "9.50"))?;
    trial.wait_state(&name, "rejected")?;
    holds(trial, 0)
}

fn day_expiry(trial: &mut Trial) -> anyhow::Result<()> {
    let name = trial.place("a", &limit("BUY", "100", "9.50"))?;
    // 13:00 and four hours: the session is over.
    trial.sim.advance(Duration::from_secs(4 * 3_600));
    trial.wait(&name, "ended", |order| matches!(order["state"].as_str(), Some("cancelled" | "expired")))?;
    holds(trial, 0)
}

fn kill(trial: &mut Trial) -> anyhow::Result<()> {
    let one = trial.place("a", &limit("BUY", "100", "9.50"))?;
    let two = trial.place("b", &limit("SELL", "50", "10.50"))?;
    trial.insist(&json!({"cmd": "kill", "by": "ann", "reason": "a drill"}))?;
    trial.wait_state(&one, "cancelled")?;
    trial.wait_state(&two, "cancelled")?;
    trial.insist(&json!({"cmd": "arm", "by": "ann"})).or_else(|error| match error.to_string().contains("armed") {
        true => Ok(Value::Null), // it was before the death
        false => Err(error),
    })?;
    holds(trial, 0)
}

fn outage(trial: &mut Trial) -> anyhow::Result<()> {
    let name = trial.place("a", &limit("BUY", "100", "9.50"))?;
    trial.sim.inject(Switch::UpstreamLost)?;
    quote(trial, 949, 1_000, 950, 1_000)?;
    trial.insist(&json!({"cmd": "cancel", "ref": name}))?;
    trial.sim.inject(Switch::UpstreamRestored)?;
    // Filled at the exchange, or cancelled before: the broker says which.
    trial.wait(&name, "ended", |order| matches!(order["state"].as_str(), Some("filled" | "cancelled")))?;
    Ok(())
}

/// A combination given by hand, since our own gate lets none through yet: its legs move positions, it does not itself.
fn combo(trial: &mut Trial) -> anyhow::Result<()> {
    let name = trial.place("a", &market("BUY", "100"))?;
    let leg = |contract_id, action| ComboLeg {
        contract_id: Some(ContractId(contract_id)),
        ratio: Some(1),
        action: Some(action),
        exchange: "SMART".into(),
        ..ComboLeg::default()
    };
    let pair = Contract {
        security_type: Some(SecurityType::Combination),
        combo_legs: vec![leg(900_001, Action::Buy), leg(900_002, Action::Sell)],
        ..Contract::stock("ACME,BETA", "USD")
    };
    trial.sim.manual_order(pair, Order::market(Action::Buy, 30.into())).context("by hand")?;
    trial.wait_state(&name, "filled")?;
    holds(trial, 130)
}

fn two_strategies(trial: &mut Trial) -> anyhow::Result<()> {
    let with = |mut order: Value, strategy: &str| {
        order["strategy"] = json!(strategy);
        order
    };
    let one = trial.place("a", &with(market("BUY", "50"), "one"))?;
    by_hand(trial, Action::Buy, 20)?;
    let two = trial.place("b", &with(market("SELL", "30"), "two"))?;
    trial.wait_state(&one, "filled")?;
    trial.wait_state(&two, "filled")?;
    holds(trial, 40)
}
