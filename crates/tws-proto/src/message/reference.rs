//! What does not change by the minute: symbols, option chains, price steps, exchanges, tiers, users.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::declare::newtype;
use crate::error::Result;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{DepthService, SecurityType};
use crate::order::SoftDollarTier;
use crate::time::TimeText;
use crate::wire::{Layout, Wire, layout};

newtype! {
    /// Names a table of price steps. Wire name `marketRuleId`.
    MarketRuleId(i32);
}

/// Asks which contracts fit a name or the begin of a symbol. `REQ_MATCHING_SYMBOLS`, method `reqMatchingSymbols`.
/// Answered by [`SymbolSamples`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMatchingSymbols {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `pattern`.
    pub pattern: String,
}
layout!(RequestMatchingSymbols { 1 request_id, 2 pattern });

/// Which contracts fit. `SYMBOL_SAMPLES`, callback `symbolSamples`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolSamples {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `contractDescriptions`.
    pub samples: Vec<ContractDescription>,
}
layout!(SymbolSamples { 1 request_id, list 2 samples });

/// A contract and what is derived from it. Wire name `ContractDescription`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractDescription {
    /// Wire name `contract`.
    pub contract: Contract,
    /// Kinds of contracts that rest on it. Wire name `derivativeSecTypes`.
    pub derivatives: Vec<String>,
}

impl Layout for ContractDescription {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { contract, derivatives } = self;
        if !w.is_text() {
            layout!(w; nested 1 contract, list 2 derivatives);
            return Ok(());
        }
        layout!(w, contract; 1 contract_id, 2 symbol, 3 security_type, 9 primary_exchange, 10 currency);
        layout!(w; list 2 derivatives);
        layout!(w, contract; 15 description, 16 issuer_id);
        layout!(w, contract; proto_only 4 last_trade_date_or_month, proto_only 5 strike, proto_only 6 right,
            proto_only 7 multiplier, proto_only 8 exchange, proto_only 11 local_symbol, proto_only 12 trading_class,
            proto_only 18 include_expired, proto_only 19 combo_legs_description, proto_only 21 last_trade_date);
        contract.text_without_identifiers(w)?;
        contract.text_without_legs(w)
    }
}

/// Asks for the option chains of an underlying. `REQ_SEC_DEF_OPT_PARAMS`, method `reqSecDefOptParams`.
/// Answered by [`OptionParameters`] an exchange and class, then [`OptionParametersEnd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestOptionParameters {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `underlyingSymbol`.
    pub underlying_symbol: String,
    /// Of futures options only, empty for all. Wire name `futFopExchange`.
    pub exchange: String,
    /// Kind of the underlying. Wire name `underlyingSecType`.
    pub underlying_security_type: Option<SecurityType>,
    /// Wire name `underlyingConId`.
    pub underlying_contract_id: Option<ContractId>,
}
layout!(RequestOptionParameters {
    1 request_id, 2 underlying_symbol, 3 exchange, 4 underlying_security_type, maxed 5 underlying_contract_id
});

/// An option chain at one exchange. `SECURITY_DEFINITION_OPTION_PARAMETER`, callback `securityDefinitionOptionParameter`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionParameters {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `exchange`.
    pub exchange: String,
    /// Wire name `underlyingConId`.
    pub underlying_contract_id: Option<ContractId>,
    /// Wire name `tradingClass`.
    pub trading_class: String,
    /// Digits in both forms. Wire name `multiplier`.
    pub multiplier: Option<Decimal>,
    /// `YYYYMMDD` each. Wire name `expirations`.
    pub expirations: Vec<TimeText>,
    /// Wire name `strikes`.
    pub strikes: Vec<Decimal>,
}
layout!(OptionParameters {
    1 request_id, 2 exchange, 3 underlying_contract_id, 4 trading_class, exact 5 multiplier, list 6 expirations,
    list 7 strikes
});

/// All option chains were sent. `SECURITY_DEFINITION_OPTION_PARAMETER_END`, callback
/// `securityDefinitionOptionParameterEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionParametersEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(OptionParametersEnd { 1 request_id });

/// Asks for a table of price steps. `REQ_MARKET_RULE`, method `reqMarketRule`. Answered by [`MarketRule`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMarketRule {
    /// Wire name `marketRuleId`.
    pub rule_id: MarketRuleId,
}
layout!(RequestMarketRule { 1 rule_id });

/// A table of price steps. `MARKET_RULE`, callback `marketRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketRule {
    /// Wire name `marketRuleId`.
    pub rule_id: MarketRuleId,
    /// By rising price. Wire name `priceIncrements`.
    pub steps: Vec<PriceStep>,
}
layout!(MarketRule { 1 rule_id, list 2 steps });

/// The price step from one price on. Wire name `PriceIncrement`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceStep {
    /// From this price on. Wire name `lowEdge`.
    pub low_edge: Option<Decimal>,
    /// Wire name `increment`.
    pub increment: Option<Decimal>,
}
layout!(PriceStep { 1 low_edge, 2 increment });

/// Asks what the exchange letters of a subscription mean. `REQ_SMART_COMPONENTS`, method `reqSmartComponents`.
/// Answered by [`SmartComponents`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSmartComponents {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// As [`TickRequestParameters`](super::TickRequestParameters) told it. Wire name `bboExchange`.
    pub bbo_exchange: String,
}
layout!(RequestSmartComponents { 1 request_id, 2 bbo_exchange });

/// What the exchange letters mean. `SMART_COMPONENTS`, callback `smartComponents`.
/// IB's clients make a map of it; on the wire it is a list in both forms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmartComponents {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `smartComponentMap`, `smartComponents`.
    pub components: Vec<SmartComponent>,
}
layout!(SmartComponents { 1 request_id, list 2 components });

/// One exchange of IB's router. Wire name `SmartComponent`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmartComponent {
    /// Wire name `bitNumber`.
    pub bit_number: Option<i32>,
    /// Wire name `exchange`.
    pub exchange: String,
    /// Wire name `exchangeLetter`.
    pub letter: String,
}
layout!(SmartComponent { 1 bit_number, 2 exchange, 3 letter });

/// Asks which exchanges tell their books. `REQ_MKT_DEPTH_EXCHANGES`, method `reqMktDepthExchanges`.
/// Answered by [`DepthExchanges`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestDepthExchanges {}
layout!(RequestDepthExchanges {});

/// Which exchanges tell their books. `MKT_DEPTH_EXCHANGES`, callback `mktDepthExchanges`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthExchanges {
    /// Wire name `depthMktDataDescriptions`, `depthMarketDataDescriptions`.
    pub exchanges: Vec<DepthExchange>,
}
layout!(DepthExchanges { list 1 exchanges });

/// An exchange that tells its book. Wire name `DepthMarketDataDescription`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthExchange {
    /// Wire name `exchange`.
    pub exchange: String,
    /// Kind of contracts. Wire name `secType`.
    pub security_type: Option<SecurityType>,
    /// Wire name `listingExch`.
    pub listing_exchange: String,
    /// What its book tells. Wire name `serviceDataType`.
    pub service: Option<DepthService>,
    /// Wire name `aggGroup`.
    pub aggregated_group: Option<i32>,
}
layout!(DepthExchange { 1 exchange, 2 security_type, 3 listing_exchange, 4 service, 5 aggregated_group });

/// Asks for the soft dollar tiers of the login. `REQ_SOFT_DOLLAR_TIERS`, method `reqSoftDollarTiers`.
/// Answered by [`SoftDollarTiers`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSoftDollarTiers {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(RequestSoftDollarTiers { 1 request_id });

/// The soft dollar tiers of the login. `SOFT_DOLLAR_TIERS`, callback `softDollarTiers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftDollarTiers {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `tiers`, `softDollarTiers`.
    pub tiers: Vec<SoftDollarTier>,
}
layout!(SoftDollarTiers { 1 request_id, list 2 tiers });

/// Asks which accounts belong together. `REQ_FAMILY_CODES`, method `reqFamilyCodes`. Answered by [`FamilyCodes`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFamilyCodes {}
layout!(RequestFamilyCodes {});

/// Which accounts belong together. `FAMILY_CODES`, callback `familyCodes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyCodes {
    /// Wire name `familyCodes`.
    pub codes: Vec<FamilyCode>,
}
layout!(FamilyCodes { list 1 codes });

/// The family of one account. Wire name `FamilyCode`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyCode {
    /// Wire name `accountID`, `accountId`.
    pub account: String,
    /// Empty where it has none. Wire name `familyCodeStr`, `familyCode`.
    pub code: String,
}
layout!(FamilyCode { 1 account, 2 code });

/// Asks for the branding of the login. `REQ_USER_INFO`, method `reqUserInfo`. Answered by [`UserInfo`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestUserInfo {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(RequestUserInfo { 1 request_id });

/// The branding of the login. `USER_INFO`, callback `userInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `whiteBrandingId`.
    pub white_branding_id: String,
}
layout!(UserInfo { 1 request_id, 2 white_branding_id });
