//! Contracts and what is known of them.

use rust_decimal::Decimal;
use tws_proto::contract::Contract;
use tws_proto::message::{
    CalculateImpliedVolatility, CalculateOptionPrice, ContractData, ContractDescription, DepthExchange, MarketRule,
    MarketRuleId, OptionParameters, RequestContractData, RequestDepthExchanges, RequestMarketRule,
    RequestMatchingSymbols, RequestOptionParameters, RequestSmartComponents, SmartComponent, TickOptionComputation,
};

use super::Client;
use crate::error::RequestError;

impl Client {
    /// Every contract that fits, bonds too (`REQ_CONTRACT_DATA`, ended by `CONTRACT_DATA_END`; `CANCEL_CONTRACT_DATA` from
    /// server version 215 when dropped). A vague description can have thousands of answers and take TWS long.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 200 where none fits, 321 where the description is none; else as for every request.
    pub async fn contract_details(&self, contract: &Contract) -> Result<Vec<ContractData>, RequestError> {
        self.request(RequestContractData { contract: contract.clone(), ..Default::default() }).await
    }

    /// Contracts whose symbol or name begins with a pattern (`REQ_MATCHING_SYMBOLS`), at most 16. TWS takes one a second.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn matching_symbols(&self, pattern: &str) -> Result<Vec<ContractDescription>, RequestError> {
        self.request(RequestMatchingSymbols { pattern: pattern.to_owned(), ..Default::default() }).await
    }

    /// Expirations and strikes of the options on an underlying, one set an exchange and trading class
    /// (`REQ_SEC_DEF_OPT_PARAMS`, ended by `SECURITY_DEFINITION_OPTION_PARAMETER_END`). Not every strike exists at every
    /// expiration; but it spares TWS the flood that contract details of a whole chain would be. The underlying must have its
    /// contract id; for a future its exchange is sent too.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 321 where the underlying is not known; else as for every request.
    pub async fn option_parameters(&self, underlying: &Contract) -> Result<Vec<OptionParameters>, RequestError> {
        let is_future = underlying.security_type == Some(tws_proto::kinds::SecurityType::Future);
        self.request(RequestOptionParameters {
            underlying_symbol: underlying.symbol.clone(),
            exchange: if is_future { underlying.exchange.clone() } else { String::new() },
            underlying_security_type: underlying.security_type.clone(),
            underlying_contract_id: underlying.contract_id,
            ..Default::default()
        })
        .await
    }

    /// The steps in which prices move (`REQ_MARKET_RULE`), for an id out of
    /// [`ContractDetails::market_rule_ids`](tws_proto::message::ContractDetails::market_rule_ids).
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 321 for a rule that does not exist, or [`RequestError::TimedOut`] where other
    /// requests without an id are under way, since that error names none; else as for every request.
    pub async fn market_rule(&self, rule_id: MarketRuleId) -> Result<MarketRule, RequestError> {
        self.request(RequestMarketRule { rule_id }).await
    }

    /// Which exchanges the letters of a quote stand for (`REQ_SMART_COMPONENTS`); the name is that in
    /// [`TickRequestParameters::bbo_exchange`](tws_proto::message::TickRequestParameters::bbo_exchange).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn smart_components(&self, bbo_exchange: &str) -> Result<Vec<SmartComponent>, RequestError> {
        self.request(RequestSmartComponents { bbo_exchange: bbo_exchange.to_owned(), ..Default::default() }).await
    }

    /// Which exchanges show depth (`REQ_MKT_DEPTH_EXCHANGES`).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn depth_exchanges(&self) -> Result<Vec<DepthExchange>, RequestError> {
        self.request(RequestDepthExchanges {}).await
    }

    /// The volatility that the price of an option implies (`REQ_CALC_IMPLIED_VOLAT`, answered by `TICK_OPTION_COMPUTATION`;
    /// `CANCEL_CALC_IMPLIED_VOLAT` when dropped).
    ///
    /// # Errors
    /// [`RequestError::Rejected`] for a contract that is no option, or where nothing can be calculated; else as for every
    /// request.
    pub async fn implied_volatility(
        &self,
        option: &Contract,
        price: Decimal,
        underlying_price: Decimal,
    ) -> Result<TickOptionComputation, RequestError> {
        self.request(CalculateImpliedVolatility {
            contract: option.clone(),
            option_price: Some(price),
            underlying_price: Some(underlying_price),
            ..Default::default()
        })
        .await
    }

    /// The price of an option that a volatility implies, 0.2 for 20 % (`REQ_CALC_OPTION_PRICE`, answered by
    /// `TICK_OPTION_COMPUTATION`; `CANCEL_CALC_OPTION_PRICE` when dropped).
    ///
    /// # Errors
    /// As for [`Client::implied_volatility`].
    pub async fn option_price(
        &self,
        option: &Contract,
        volatility: Decimal,
        underlying_price: Decimal,
    ) -> Result<TickOptionComputation, RequestError> {
        self.request(CalculateOptionPrice {
            contract: option.clone(),
            volatility: Some(volatility),
            underlying_price: Some(underlying_price),
            ..Default::default()
        })
        .await
    }
}
