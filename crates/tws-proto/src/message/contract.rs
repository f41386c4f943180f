//! What contracts there are, and what is known of them.

use rust_decimal::Decimal;

use crate::body::{body, fields};
use crate::contract::Contract;
use crate::error::Result;
use crate::hours::TradingHours;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{FundAssets, FundDistributionPolicy, SecurityType};
use crate::tags::TagValue;
use crate::time::TimeText;
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Wire, layout};

fields! {
    /// Asks for every contract that fits. `REQ_CONTRACT_DATA`, method `reqContractDetails`.
    /// Answered by [`ContractData`] and [`ContractDataEnd`], or by a notice with code 200.
    RequestContractData {
        "reqId" request_id: RequestId,
        /// What is known of it.
        "contract" contract: Contract,
    }
}

impl Layout for RequestContractData {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, contract } = self;
        w.constant("8")?;
        layout!(w; 1 request_id);
        if !w.is_text() {
            layout!(w; nested 2 contract);
            return Ok(());
        }
        contract.text_of_request(w)?;
        layout!(w, contract; 18 include_expired, 13 security_id_type, 14 security_id, 16 issuer_id);
        layout!(w, contract; proto_only 15 description, proto_only 19 combo_legs_description, proto_only 21 last_trade_date);
        contract.text_without_legs(w)
    }
}

fields! {
    /// One contract that fits. `CONTRACT_DATA`, callback `contractDetails`.
    ContractData {
        "reqId" request_id: RequestId,
        /// The contract in full.
        "contract" contract: Contract,
        /// What is known of it.
        "contractDetails" details: ContractDetails,
    }
}

impl Layout for ContractData {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, contract, details } = self;
        layout!(w; 1 request_id);
        if !w.is_text() {
            let contract_details = details;
            layout!(w; nested 2 contract, nested 3 contract_details);
            return Ok(());
        }
        layout!(w, contract; 2 symbol, 3 security_type, 4 last_trade_date_or_month, gated(V::LAST_TRADE_DATE) 21 last_trade_date,
            5 strike, 6 right, 8 exchange, 10 currency, 11 local_symbol);
        layout!(w, details; 1 market_name);
        layout!(w, contract; 12 trading_class, 1 contract_id);
        layout!(w, details; 2 min_tick);
        layout!(w, contract; 7 multiplier);
        layout!(w, details; 3 order_types, 4 valid_exchanges, 5 price_magnifier, 6 underlying_contract_id, escaped 7 long_name);
        layout!(w, contract; 9 primary_exchange);
        layout!(w, details; 8 contract_month, 9 industry, 10 category, 11 subcategory, 12 time_zone, 13 trading_hours,
            14 liquid_hours, 15 ev_rule, 16 ev_multiplier, map 17 security_ids, 18 aggregated_group, 19 underlying_symbol,
            20 underlying_security_type, 21 market_rule_ids, 22 real_expiration_date, 23 stock_type, 24 min_size,
            25 size_increment, 26 suggested_size_increment);
        let is_fund = contract.security_type.as_ref().is_some_and(|kind| kind.as_str() == SecurityType::Fund.as_str());
        w.group(w.since(V::FUND_DATA_FIELDS) && is_fund, |w| details.fund.layout(w))?;
        layout!(w, details; gated_list(V::INELIGIBILITY_REASONS) 58 ineligibility_reasons);
        // Bonds have a message of their own; what is newer than text has no place.
        details.bond.text_of_other_kinds(w)?;
        details.text_without_newer(w)?;
        layout!(w, contract; proto_only 13 security_id_type, proto_only 14 security_id, proto_only 15 description,
            proto_only 16 issuer_id, proto_only 18 include_expired, proto_only 19 combo_legs_description);
        contract.text_without_legs(w)
    }
}

body! {
    /// What is known of a contract beside the contract itself. Wire name `ContractDetails`.
    #[serde(default)]
    ContractDetails {
        1 "marketName" market_name: String,
        /// Smallest price step. Wire name `minTick`, digits in protobuf.
        exact 2 min_tick: Option<Decimal>,
        /// Order types allowed, separated by commas.
        3 "orderTypes" order_types: String,
        /// Exchanges it trades at, separated by commas.
        4 "validExchanges" valid_exchanges: String,
        /// Factor between the displayed price and the price in orders.
        5 "priceMagnifier" price_magnifier: Option<i32>,
        /// Contract of the underlying.
        6 "underConId" underlying_contract_id: Option<ContractId>,
        /// Name for people.
        7 "longName" long_name: String,
        /// Month of delivery.
        8 "contractMonth" contract_month: TimeText,
        9 "industry" industry: String,
        10 "category" category: String,
        11 "subcategory" subcategory: String,
        /// Zone of the trading hours.
        12 "timeZoneId" time_zone: String,
        /// When it trades.
        13 "tradingHours" trading_hours: TradingHours,
        /// When it trades with full liquidity.
        14 "liquidHours" liquid_hours: TradingHours,
        15 "evRule" ev_rule: String,
        16 "evMultiplier" ev_multiplier: Option<Decimal>,
        /// Identifiers from outside IB.
        map 17 "secIdList" security_ids: Vec<TagValue>,
        18 "aggGroup" aggregated_group: Option<i32>,
        19 "underSymbol" underlying_symbol: String,
        20 "underSecType" underlying_security_type: Option<SecurityType>,
        /// Ids of the price step tables, one an exchange, separated by commas.
        21 "marketRuleIds" market_rule_ids: String,
        22 "realExpirationDate" real_expiration_date: TimeText,
        23 "stockType" stock_type: String,
        /// Least order size.
        exact 24 "minSize" min_size: Option<Decimal>,
        /// Size step.
        exact 25 "sizeIncrement" size_increment: Option<Decimal>,
        /// Size step IB suggests.
        exact 26 "suggestedSizeIncrement" suggested_size_increment: Option<Decimal>,
        /// What is known of a fund.
        in_line 0 fund: FundDetails,
        /// What is known of a bond.
        in_line 0 bond: BondDetails,
        /// Why it cannot be traded.
        list 58 "ineligibilityReasonList" ineligibility_reasons: Vec<IneligibilityReason>,
        59 "eventContract1" event_contract: String,
        60 "eventContractDescription1" event_contract_description: String,
        61 "eventContractDescription2" event_contract_description_more: String,
        exact 62 "minAlgoSize" min_algo_size: Option<Decimal>,
        exact 63 "lastPricePrecision" last_price_precision: Option<Decimal>,
        exact 64 "lastSizePrecision" last_size_precision: Option<Decimal>,
        65 "settlementMethod" settlement_method: String,
    }
}

impl ContractDetails {
    /// What is newer than text has no place in it.
    fn text_without_newer(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; proto_only 59 event_contract, proto_only 60 event_contract_description,
            proto_only 61 event_contract_description_more, proto_only 62 min_algo_size, proto_only 63 last_price_precision,
            proto_only 64 last_size_precision, proto_only 65 settlement_method);
        Ok(())
    }
}

body! {
    /// What is known of a fund. In protobuf the fields stand among those of [`ContractDetails`].
    #[serde(default)]
    FundDetails {
        27 "fundName" name: String,
        28 "fundFamily" family: String,
        29 "fundType" kind: String,
        30 "fundFrontLoad" front_load: String,
        31 "fundBackLoad" back_load: String,
        32 "fundBackLoadTimeInterval" back_load_interval: String,
        33 "fundManagementFee" management_fee: String,
        34 "fundClosed" closed: bool,
        35 "fundClosedForNewInvestors" closed_for_new_investors: bool,
        36 "fundClosedForNewMoney" closed_for_new_money: bool,
        37 "fundNotifyAmount" notify_amount: String,
        38 "fundMinimumInitialPurchase" minimum_initial_purchase: String,
        39 "fundSubsequentMinimumPurchase" "fundMinimumSubsequentPurchase" minimum_subsequent_purchase: String,
        40 "fundBlueSkyStates" blue_sky_states: String,
        41 "fundBlueSkyTerritories" blue_sky_territories: String,
        /// What happens to its gains.
        42 "fundDistributionPolicyIndicator" distribution_policy: Option<FundDistributionPolicy>,
        /// What it holds.
        43 "fundAssetType" asset_type: Option<FundAssets>,
    }

    /// What is known of a bond. In protobuf the fields stand among those of [`ContractDetails`].
    #[serde(default)]
    BondDetails {
        44 "cusip" cusip: String,
        45 "issueDate" issue_date: TimeText,
        46 "ratings" ratings: String,
        47 "bondType" kind: String,
        48 "coupon" coupon: Option<Decimal>,
        49 "couponType" coupon_type: String,
        50 "convertible" convertible: bool,
        51 "callable" callable: bool,
        52 "putable" "puttable" puttable: bool,
        53 "descAppend" description_more: String,
        54 "nextOptionDate" next_option_date: TimeText,
        55 "nextOptionType" next_option_type: String,
        56 "nextOptionPartial" next_option_partial: bool,
        57 "notes" "bondNotes" notes: String,
    }
}

impl BondDetails {
    /// A text message about another kind of contract has no place for any of it.
    fn text_of_other_kinds(&mut self, w: &mut Wire<'_>) -> Result<()> {
        w.group(false, |w| self.layout(w))
    }
}

body! {
    /// Why a contract cannot be traded. Wire name `IneligibilityReason`.
    IneligibilityReason {
        1 "id" id: String,
        2 "description" description: String,
    }

    /// Every contract that fits was sent. `CONTRACT_DATA_END`, callback `contractDetailsEnd`.
    ContractDataEnd, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// Ends a request for contract data, from server version 215, protobuf form only. `CANCEL_CONTRACT_DATA`, method
    /// `cancelContractData`.
    CancelContractData {
        1 "reqId" request_id: RequestId,
    }
}

fields! {
    /// One bond that fits. `BOND_CONTRACT_DATA`, callback `bondContractDetails`. Answers [`RequestContractData`] too.
    /// In protobuf it has the body of [`ContractData`]; in text another one.
    BondContractData {
        "reqId" request_id: RequestId,
        /// The contract in full, the maturity as its last trade date.
        "contract" contract: Contract,
        /// What is known of it.
        "contractDetails" details: ContractDetails,
    }
}

impl Layout for BondContractData {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, contract, details } = self;
        layout!(w; 1 request_id);
        if !w.is_text() {
            let contract_details = details;
            layout!(w; nested 2 contract, nested 3 contract_details);
            return Ok(());
        }
        layout!(w, contract; 2 symbol, 3 security_type);
        let bond = &mut details.bond;
        layout!(w, bond; 44 cusip, 48 coupon);
        layout!(w, contract; 4 last_trade_date_or_month);
        layout!(w, bond; 45 issue_date, 46 ratings, 47 kind, 49 coupon_type, 50 convertible, 51 callable, 52 puttable,
            53 description_more);
        layout!(w, contract; 8 exchange, 10 currency);
        layout!(w, details; 1 market_name);
        layout!(w, contract; 12 trading_class, 1 contract_id);
        layout!(w, details; 2 min_tick, 3 order_types, 4 valid_exchanges);
        let bond = &mut details.bond;
        layout!(w, bond; 54 next_option_date, 55 next_option_type, 56 next_option_partial, 57 notes);
        layout!(w, details; 7 long_name, gated(V::BOND_TRADING_HOURS) 12 time_zone, gated(V::BOND_TRADING_HOURS) 13 trading_hours,
            gated(V::BOND_TRADING_HOURS) 14 liquid_hours, 15 ev_rule, 16 ev_multiplier, map 17 security_ids,
            18 aggregated_group, 21 market_rule_ids, 24 min_size, 25 size_increment, 26 suggested_size_increment);
        // What other kinds of contracts have, and what is newer than text, has no place.
        w.group(false, |w| details.fund.layout(w))?;
        layout!(w, details; proto_only 5 price_magnifier, proto_only 6 underlying_contract_id, proto_only 8 contract_month,
            proto_only 9 industry, proto_only 10 category, proto_only 11 subcategory, proto_only 19 underlying_symbol,
            proto_only 20 underlying_security_type, proto_only 22 real_expiration_date, proto_only 23 stock_type,
            proto_only_list 58 ineligibility_reasons);
        details.text_without_newer(w)?;
        layout!(w, contract; proto_only 5 strike, proto_only 6 right, proto_only 7 multiplier, proto_only 9 primary_exchange,
            proto_only 11 local_symbol);
        contract.text_without_identifiers(w)?;
        contract.text_without_extras(w)?;
        contract.text_without_legs(w)
    }
}
