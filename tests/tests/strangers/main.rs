//! Clients that other people wrote talk to our simulator, unchanged.
//!
//! Where Python or PyPI cannot be reached the tests are skipped, loudly: see `strangers/README.md`.

mod environment;
mod told;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use rust_decimal::Decimal;
use tws_proto::ServerVersion;
use tws_sim::{Book, Pace, SimTime, TwsSim};

use crate::environment::Environment;
use crate::told::{Execution, Heard, Placed, Told};

const IBAPI: &str = "ibapi-latest==10.51.1";
const CLIENT_ID: i32 = 31;
const SYMBOL: &str = "IBM";
const BID: i32 = 1;
const ASK: i32 = 2;
const LAST: i32 = 4;
/// 23 November 2026, 10:00 in New York.
const MONDAY_MORNING: SimTime = SimTime(1_795_446_000_000);
/// Ticks that carry the size of bid, ask and last.
const SIZES: [i32; 3] = [0, 3, 5];

#[tokio::test]
async fn ibapi_trades_in_text() -> Result<()> {
    check_ibapi("ibapi at server version 187", ServerVersion(187)).await
}

#[tokio::test]
async fn ibapi_trades_in_protobuf() -> Result<()> {
    check_ibapi("ibapi at server version 226", ServerVersion(226)).await
}

async fn check_ibapi(test: &str, version: ServerVersion) -> Result<()> {
    let environment = match Environment::with_package(IBAPI).await? {
        Ok(environment) => environment,
        Err(missing) => return missing.report(test),
    };
    // Ten times real speed: a trade, and with it a last price, comes within a second.
    let sim =
        TwsSim::builder().max_version(version).start_time(MONDAY_MORNING).speed(Pace::Factor(10.0)).start().await?;
    let address = sim.address();
    let arguments = [address.ip().to_string(), address.port().to_string(), CLIENT_ID.to_string(), SYMBOL.to_owned()];
    let told = Told::parse(&environment.run("ibapi/session.py", &arguments).await?)?;
    judge(&told, version).and_then(|()| judge_book(&told.heard, &sim.book())).with_context(|| told.story())
}

/// Everything the client was told against what it did. Every fact is checked; the first that is wrong fails.
fn judge(told: &Told, version: ServerVersion) -> Result<()> {
    let Told { failure, script, heard } = told;
    if let Some(failure) = failure {
        bail!("the session failed: {failure}");
    }
    ensure!(script.server_version == Some(version.0), "the client settled on {:?}", script.server_version);
    let account = heard.managed_accounts.as_deref().unwrap_or("").split(',').next().unwrap_or("");
    ensure!(account.starts_with("DU"), "the account {account:?} is no paper account");
    let far = script.far.as_ref().context("no far order was placed")?;
    let near = script.near.as_ref().context("no near order was placed")?;
    ensure!(heard.next_valid_id == Some(far.order_id), "the first order took another id than nextValidId");

    let contract_id = judge_contract(heard)?;
    judge_ticks(heard)?;
    let far_permanent_id = judge_open_order(heard, far, account, contract_id)?;
    let near_permanent_id = judge_open_order(heard, near, account, contract_id)?;
    ensure!(far_permanent_id != near_permanent_id, "two orders share one permId");
    judge_cancelled(heard, far)?;
    judge_filled(heard, near)?;
    for execution in &heard.executions {
        judge_execution(heard, execution, near, account, contract_id, near_permanent_id)?;
    }
    judge_commissions(heard)?;
    judge_notices(heard, far)
}

fn judge_contract(heard: &Heard) -> Result<i32> {
    let [contract] = heard.contracts.as_slice() else { bail!("{} contracts for one", heard.contracts.len()) };
    ensure!(contract.con_id > 0, "no conId");
    let told = [&contract.symbol, &contract.sec_type, &contract.currency, &contract.exchange].map(String::as_str);
    ensure!(told == [SYMBOL, "STK", "USD", "SMART"], "another contract: {told:?}");
    ensure!(contract.min_tick == Decimal::new(1, 2), "minTick {}", contract.min_tick);
    ensure!(!contract.long_name.is_empty(), "no longName");
    Ok(contract.con_id)
}

fn judge_ticks(heard: &Heard) -> Result<()> {
    for kind in [BID, ASK, LAST] {
        ensure!(heard.prices.iter().any(|tick| tick.tick_type == kind), "no price of kind {kind}");
    }
    for kind in SIZES {
        ensure!(
            heard.sizes.iter().any(|tick| tick.tick_type == kind && tick.size > Decimal::ZERO),
            "no size of kind {kind}"
        );
    }
    Ok(())
}

/// Checks what the open order messages said, and returns the permanent id.
fn judge_open_order(heard: &Heard, placed: &Placed, account: &str, contract_id: i32) -> Result<i64> {
    let mut ids = BTreeSet::new();
    for open in heard.open_orders.iter().filter(|open| open.order_id == placed.order_id) {
        let texts = [&open.symbol, &open.action, &open.order_type, &open.tif, &open.account, &open.order_ref];
        ensure!(
            texts.map(String::as_str) == [SYMBOL, "BUY", "LMT", "DAY", account, placed.order_ref.as_str()],
            "another order came back: {open:?}"
        );
        ensure!(open.total_quantity == placed.quantity && open.lmt_price == placed.limit, "other numbers: {open:?}");
        ensure!(open.con_id == contract_id && open.client_id == CLIENT_ID, "other ids: {open:?}");
        ids.insert(open.perm_id);
    }
    for status in heard.order_statuses.iter().filter(|status| status.order_id == placed.order_id) {
        ensure!(status.client_id == CLIENT_ID, "another clientId: {status:?}");
        ensure!(status.filled + status.remaining == placed.quantity, "quantities do not add up: {status:?}");
        ids.insert(status.perm_id);
    }
    let id = ids.first().copied().context("no open order and no status")?;
    ensure!(ids.len() == 1 && id != 0, "order {} has the permIds {ids:?}", placed.order_id);
    Ok(id)
}

fn judge_cancelled(heard: &Heard, placed: &Placed) -> Result<()> {
    let last = heard.order_statuses.iter().rfind(|status| status.order_id == placed.order_id);
    let last = last.context("no status of the cancelled order")?;
    ensure!(last.status == "Cancelled" && last.filled.is_zero(), "it ended as {last:?}");
    ensure!(last.remaining == placed.quantity && last.avg_fill_price.is_zero(), "it ended as {last:?}");
    let is_executed = heard.executions.iter().any(|execution| execution.order_id == placed.order_id);
    ensure!(!is_executed, "the cancelled order was executed");
    Ok(())
}

fn judge_filled(heard: &Heard, placed: &Placed) -> Result<()> {
    let last = heard.order_statuses.iter().rfind(|status| status.order_id == placed.order_id);
    let last = last.context("no status of the filled order")?;
    ensure!(last.status == "Filled" && last.remaining.is_zero(), "it ended as {last:?}");
    let shares: Decimal = heard.executions.iter().map(|execution| execution.shares).sum();
    ensure!(shares == placed.quantity && last.filled == shares, "{shares} were executed, {} filled", last.filled);
    let value: Decimal = heard.executions.iter().map(|execution| execution.shares * execution.price).sum();
    // The average travels as a double; one cent in a million is far less than it can hold.
    let difference = (value / shares - last.avg_fill_price).abs();
    ensure!(difference < Decimal::new(1, 8), "average price {}, executed at {}", last.avg_fill_price, value / shares);
    let last_execution = heard.executions.last().context("no execution")?;
    ensure!(last_execution.cum_qty == placed.quantity, "cumQty {}", last_execution.cum_qty);
    ensure!((last_execution.avg_price - last.avg_fill_price).abs() < Decimal::new(1, 8), "avgPrice differs");
    Ok(())
}

fn judge_execution(
    heard: &Heard,
    execution: &Execution,
    placed: &Placed,
    account: &str,
    contract_id: i32,
    permanent_id: i64,
) -> Result<()> {
    let texts = [&execution.symbol, &execution.account, &execution.side, &execution.order_ref].map(String::as_str);
    ensure!(texts == [SYMBOL, account, "BOT", placed.order_ref.as_str()], "another execution: {execution:?}");
    ensure!(execution.order_id == placed.order_id && execution.client_id == CLIENT_ID, "other ids: {execution:?}");
    ensure!(execution.con_id == contract_id && execution.perm_id == permanent_id, "other ids: {execution:?}");
    ensure!(!execution.exec_id.is_empty() && !execution.time.is_empty(), "no execId or time: {execution:?}");
    ensure!(execution.price <= placed.limit, "above the limit: {execution:?}");
    let is_quoted = heard.prices.iter().any(|tick| tick.tick_type == ASK && tick.price == execution.price);
    ensure!(is_quoted, "bought at {}, which no ask showed", execution.price);
    Ok(())
}

/// What the client was told of its executions is what the broker's book holds, to the last digit.
fn judge_book(heard: &Heard, book: &Book) -> Result<()> {
    let fills = book.executions();
    ensure!(fills.len() == heard.executions.len(), "the book has {} executions", fills.len());
    for fill in fills {
        let told = heard.executions.iter().find(|told| told.exec_id == fill.execution_id);
        let told = told.with_context(|| format!("nothing was told of {fill:?}"))?;
        ensure!(told.price == fill.price && told.shares == fill.quantity, "{told:?} is in the book as {fill:?}");
        ensure!(told.account == fill.account && told.perm_id == fill.permanent_id.0, "{told:?} is {fill:?}");
        let charged = heard.commissions.iter().find(|told| told.exec_id == fill.execution_id);
        let charged = charged.with_context(|| format!("no commission was told of {fill:?}"))?;
        ensure!(charged.commission == fill.commission && charged.currency == fill.currency, "{charged:?}, {fill:?}");
        ensure!(book.position(&fill.account, SYMBOL) == fill.cumulative, "the position is not what was bought");
    }
    Ok(())
}

/// Each execution has one commission report and the other way round.
fn judge_commissions(heard: &Heard) -> Result<()> {
    let executed: BTreeSet<&str> = heard.executions.iter().map(|execution| execution.exec_id.as_str()).collect();
    let charged: BTreeSet<&str> = heard.commissions.iter().map(|commission| commission.exec_id.as_str()).collect();
    ensure!(executed == charged && charged.len() == heard.commissions.len(), "executions and commissions differ");
    for commission in &heard.commissions {
        ensure!(commission.currency == "USD" && commission.commission > Decimal::ZERO, "{commission:?}");
    }
    Ok(())
}

/// Nothing but farm notices, and 202 for the cancelled order.
fn judge_notices(heard: &Heard, cancelled: &Placed) -> Result<()> {
    for notice in &heard.errors {
        let is_farm = notice.id == -1 && matches!(notice.code, 2104 | 2106 | 2107 | 2108 | 2158);
        let is_cancel = notice.id == cancelled.order_id && notice.code == 202;
        ensure!(is_farm || is_cancel, "unexpected notice {}: {}", notice.code, notice.text);
    }
    Ok(())
}
