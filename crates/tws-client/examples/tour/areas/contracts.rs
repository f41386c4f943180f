//! Contracts, option chains, what options are worth.

use tws_proto::Contract;
use tws_proto::kinds::OptionRight;
use tws_proto::message::MarketRuleId;

use super::{Desk, Outcome};

pub(super) async fn show(Desk { client, .. }: &Desk) -> Outcome {
    for found in client.matching_symbols("SPY").await? {
        println!("{} {}", found.contract.symbol, found.contract.description);
    }
    let spy = client.contract_details(&Contract::stock("SPY", "USD")).await?.remove(0);
    println!("{}, moves by {:?}", spy.details.long_name, spy.details.min_tick);
    if let Some(rule) = spy.details.market_rule_ids.split(',').next() {
        println!("{:?}", client.market_rule(MarketRuleId(rule.parse()?)).await?.steps);
    }

    // The chain first, and only then the contracts that are wanted: asking for all of them would be a storm.
    let chains = client.option_parameters(&spy.contract).await?;
    let chain = chains.iter().find(|chain| chain.exchange == "SMART").ok_or("no chain at SMART")?;
    let expiry = chain.expirations.last().ok_or("no expiration")?;
    let strike = chain.strikes[chain.strikes.len() / 2];
    println!("{} expirations, {} strikes", chain.expirations.len(), chain.strikes.len());
    let call = Contract::option("SPY", expiry.as_str(), strike, OptionRight::Call, "USD");
    let call = client.contract_details(&call).await?.remove(0).contract;

    let volatility = client.implied_volatility(&call, 8.into(), strike).await?;
    println!("a price of 8 implies a volatility of {:?}", volatility.implied_volatility);
    println!("depth is shown by {} exchanges", client.depth_exchanges().await?.len());
    Ok(())
}
