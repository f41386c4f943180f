//! Contracts.

use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::kinds::{OptionRight, SecurityType};
use tws_proto::message::MarketRuleId;

use super::{Desk, Table, decimal, plain};

pub(super) async fn ask(version: i32, table: &mut Table) {
    let desk = Desk::new(version).await;
    details(&desk, table).await;
    lists(&desk, table).await;
    options(&desk, table).await;
}

async fn details(desk: &Desk, table: &mut Table) {
    let ibm = Contract::stock("IBM", "USD");
    let ask = || desk.client.contract_details(&ibm);
    let stock = ask().await.unwrap().remove(0);
    let bond = Contract { symbol: "IBM".into(), security_type: Some(SecurityType::Bond), ..Contract::default() };
    let bond = desk.client.contract_details(&bond).await.unwrap().remove(0);
    let told = format!(
        "{} {} tick {}; bond {} {} %",
        stock.contract.contract_id.unwrap(),
        stock.details.long_name,
        plain(stock.details.min_tick),
        bond.details.bond.cusip,
        plain(bond.details.bond.coupon),
    );
    table.add("REQ_CONTRACT_DATA", "contract_details", told);
    table.add("CANCEL_CONTRACT_DATA", "drop of contract_details", desk.give_up(ask()).await);
}

async fn lists(desk: &Desk, table: &mut Table) {
    let client = &desk.client;
    let found = client.matching_symbols("SPY").await.unwrap();
    let first = &found[0];
    let id = first.contract.contract_id.unwrap();
    let told = format!("{} found: {id} {}, {}", found.len(), first.contract.symbol, first.derivatives.join(" "));
    table.add("REQ_MATCHING_SYMBOLS", "matching_symbols", told);

    let underlying = desk.contract(Contract::stock("BAC", "USD")).await;
    let chains = client.option_parameters(&underlying).await.unwrap();
    let chain = chains.iter().find(|chain| chain.exchange == "SMART").unwrap();
    let (expiry, strike) = (chain.expirations[0].as_str(), chain.strikes[0]);
    let told = format!(
        "{} exchanges, {} x{}: {} expirations from {expiry}, {} strikes from {strike}",
        chains.len(),
        chain.trading_class,
        plain(chain.multiplier),
        chain.expirations.len(),
        chain.strikes.len(),
    );
    table.add("REQ_SEC_DEF_OPT_PARAMS", "option_parameters", told);

    let steps = client.market_rule(MarketRuleId(109)).await.unwrap().steps;
    let steps = steps.iter().map(|step| format!("{} from {}", plain(step.increment), plain(step.low_edge)));
    table.add("REQ_MARKET_RULE", "market_rule", steps.collect::<Vec<_>>().join(", "));
    let unknown = client.market_rule(MarketRuleId(1)).await.unwrap_err();
    assert!(matches!(unknown, tws_client::RequestError::Rejected { code: 321, .. }), "{unknown}");

    let components = client.smart_components("9c0001").await.unwrap();
    let second = &components[1];
    let told = format!("{} exchanges, bit 1 is {} {}", components.len(), second.exchange, second.letter);
    table.add("REQ_SMART_COMPONENTS", "smart_components", told);
}

async fn options(desk: &Desk, table: &mut Table) {
    let client = &desk.client;
    let option = desk.contract(Contract::option("SPY", "20131018", 170.into(), OptionRight::Call, "USD")).await;
    let (price, underlying) = (decimal("2.5"), decimal("170"));
    let ask = || client.implied_volatility(&option, price, underlying);
    let volatility = ask().await.unwrap().implied_volatility.unwrap();
    table.add("REQ_CALC_IMPLIED_VOLAT", "implied_volatility", format!("2.5 implies {volatility:.4}"));
    table.add("CANCEL_CALC_IMPLIED_VOLAT", "drop of implied_volatility", desk.give_up(ask()).await);
    let volatility = Decimal::try_from(volatility).unwrap();
    let ask = || client.option_price(&option, volatility, underlying);
    let price = ask().await.unwrap().option_price.unwrap();
    table.add("REQ_CALC_OPTION_PRICE", "option_price", format!("which implies {price:.4}"));
    table.add("CANCEL_CALC_OPTION_PRICE", "drop of option_price", desk.give_up(ask()).await);
}
