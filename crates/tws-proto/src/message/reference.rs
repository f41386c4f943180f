//! What does not change by the minute: symbols, option chains, price steps, exchanges, tiers, users.

use rust_decimal::Decimal;

use crate::body::{body, fields};
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

body! {
    /// Asks which contracts fit a name or the begin of a symbol. `REQ_MATCHING_SYMBOLS`, method `reqMatchingSymbols`.
    /// Answered by [`SymbolSamples`].
    RequestMatchingSymbols {
        1 "reqId" request_id: RequestId,
        2 "pattern" pattern: String,
    }

    /// Which contracts fit. `SYMBOL_SAMPLES`, callback `symbolSamples`.
    SymbolSamples {
        1 "reqId" request_id: RequestId,
        list 2 "contractDescriptions" samples: Vec<ContractDescription>,
    }
}

fields! {
    /// A contract and what is derived from it. Wire name `ContractDescription`.
    ContractDescription {
        "contract" contract: Contract,
        /// Kinds of contracts that rest on it.
        "derivativeSecTypes" derivatives: Vec<String>,
    }
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

body! {
    /// Asks for the option chains of an underlying. `REQ_SEC_DEF_OPT_PARAMS`, method `reqSecDefOptParams`.
    /// Answered by [`OptionParameters`] an exchange and class, then [`OptionParametersEnd`].
    RequestOptionParameters {
        1 "reqId" request_id: RequestId,
        2 "underlyingSymbol" underlying_symbol: String,
        /// Of futures options only, empty for all.
        3 "futFopExchange" exchange: String,
        /// Kind of the underlying.
        4 "underlyingSecType" underlying_security_type: Option<SecurityType>,
        maxed 5 "underlyingConId" underlying_contract_id: Option<ContractId>,
    }

    /// An option chain at one exchange. `SECURITY_DEFINITION_OPTION_PARAMETER`, callback `securityDefinitionOptionParameter`.
    OptionParameters {
        1 "reqId" request_id: RequestId,
        2 "exchange" exchange: String,
        3 "underlyingConId" underlying_contract_id: Option<ContractId>,
        4 "tradingClass" trading_class: String,
        /// Digits in both forms.
        exact 5 "multiplier" multiplier: Option<Decimal>,
        /// `YYYYMMDD` each.
        list 6 "expirations" expirations: Vec<TimeText>,
        list 7 "strikes" strikes: Vec<Decimal>,
    }

    /// All option chains were sent. `SECURITY_DEFINITION_OPTION_PARAMETER_END`, callback
    /// `securityDefinitionOptionParameterEnd`.
    OptionParametersEnd {
        1 "reqId" request_id: RequestId,
    }

    /// Asks for a table of price steps. `REQ_MARKET_RULE`, method `reqMarketRule`. Answered by [`MarketRule`].
    RequestMarketRule {
        1 "marketRuleId" rule_id: MarketRuleId,
    }

    /// A table of price steps. `MARKET_RULE`, callback `marketRule`.
    MarketRule {
        1 "marketRuleId" rule_id: MarketRuleId,
        /// By rising price.
        list 2 "priceIncrements" steps: Vec<PriceStep>,
    }

    /// The price step from one price on. Wire name `PriceIncrement`.
    PriceStep {
        /// From this price on.
        1 "lowEdge" low_edge: Option<Decimal>,
        2 "increment" increment: Option<Decimal>,
    }

    /// Asks what the exchange letters of a subscription mean. `REQ_SMART_COMPONENTS`, method `reqSmartComponents`.
    /// Answered by [`SmartComponents`].
    RequestSmartComponents {
        1 "reqId" request_id: RequestId,
        /// As [`TickRequestParameters`](super::TickRequestParameters) told it.
        2 "bboExchange" bbo_exchange: String,
    }

    /// What the exchange letters mean. `SMART_COMPONENTS`, callback `smartComponents`.
    /// IB's clients make a map of it; on the wire it is a list in both forms.
    SmartComponents {
        1 "reqId" request_id: RequestId,
        list 2 "smartComponentMap" "smartComponents" components: Vec<SmartComponent>,
    }

    /// One exchange of IB's router. Wire name `SmartComponent`.
    SmartComponent {
        1 "bitNumber" bit_number: Option<i32>,
        2 "exchange" exchange: String,
        3 "exchangeLetter" letter: String,
    }

    /// Asks which exchanges tell their books. `REQ_MKT_DEPTH_EXCHANGES`, method `reqMktDepthExchanges`.
    /// Answered by [`DepthExchanges`].
    RequestDepthExchanges {}

    /// Which exchanges tell their books. `MKT_DEPTH_EXCHANGES`, callback `mktDepthExchanges`.
    DepthExchanges {
        list 1 "depthMktDataDescriptions" "depthMarketDataDescriptions" exchanges: Vec<DepthExchange>,
    }

    /// An exchange that tells its book. Wire name `DepthMarketDataDescription`.
    DepthExchange {
        1 "exchange" exchange: String,
        /// Kind of contracts.
        2 "secType" security_type: Option<SecurityType>,
        3 "listingExch" listing_exchange: String,
        /// What its book tells.
        4 "serviceDataType" service: Option<DepthService>,
        5 "aggGroup" aggregated_group: Option<i32>,
    }

    /// Asks for the soft dollar tiers of the login. `REQ_SOFT_DOLLAR_TIERS`, method `reqSoftDollarTiers`.
    /// Answered by [`SoftDollarTiers`].
    RequestSoftDollarTiers {
        1 "reqId" request_id: RequestId,
    }

    /// The soft dollar tiers of the login. `SOFT_DOLLAR_TIERS`, callback `softDollarTiers`.
    SoftDollarTiers {
        1 "reqId" request_id: RequestId,
        list 2 "tiers" "softDollarTiers" tiers: Vec<SoftDollarTier>,
    }

    /// Asks which accounts belong together. `REQ_FAMILY_CODES`, method `reqFamilyCodes`. Answered by [`FamilyCodes`].
    RequestFamilyCodes {}

    /// Which accounts belong together. `FAMILY_CODES`, callback `familyCodes`.
    FamilyCodes {
        list 1 "familyCodes" codes: Vec<FamilyCode>,
    }

    /// The family of one account. Wire name `FamilyCode`.
    FamilyCode {
        1 "accountID" "accountId" account: String,
        /// Empty where it has none.
        2 "familyCodeStr" "familyCode" code: String,
    }

    /// Asks for the branding of the login. `REQ_USER_INFO`, method `reqUserInfo`. Answered by [`UserInfo`].
    RequestUserInfo {
        1 "reqId" request_id: RequestId,
    }

    /// The branding of the login. `USER_INFO`, callback `userInfo`.
    UserInfo {
        1 "reqId" request_id: RequestId,
        2 "whiteBrandingId" white_branding_id: String,
    }
}
