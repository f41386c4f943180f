//! What contracts there are, and what is known of them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::error::Result;
use crate::hours::TradingHours;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{FundAssets, FundDistributionPolicy, SecurityType};
use crate::tags::TagValue;
use crate::time::TimeText;
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Wire, layout};

/// Asks for every contract that fits. `REQ_CONTRACT_DATA`, method `reqContractDetails`.
/// Answered by [`ContractData`] and [`ContractDataEnd`], or by a notice with code 200.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestContractData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// What is known of it. Wire name `contract`.
    pub contract: Contract,
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

/// One contract that fits. `CONTRACT_DATA`, callback `contractDetails`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// The contract in full. Wire name `contract`.
    pub contract: Contract,
    /// What is known of it. Wire name `contractDetails`.
    pub details: ContractDetails,
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
        let is_fund = contract.security_type == Some(SecurityType::Fund);
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

/// What is known of a contract beside the contract itself. Wire name `ContractDetails`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContractDetails {
    /// Wire name `marketName`.
    pub market_name: String,
    /// Smallest price step. Wire name `minTick`, digits in protobuf.
    pub min_tick: Option<Decimal>,
    /// Order types allowed, separated by commas. Wire name `orderTypes`.
    pub order_types: String,
    /// Exchanges it trades at, separated by commas. Wire name `validExchanges`.
    pub valid_exchanges: String,
    /// Factor between the displayed price and the price in orders. Wire name `priceMagnifier`.
    pub price_magnifier: Option<i32>,
    /// Contract of the underlying. Wire name `underConId`.
    pub underlying_contract_id: Option<ContractId>,
    /// Name for people. Wire name `longName`.
    pub long_name: String,
    /// Month of delivery. Wire name `contractMonth`.
    pub contract_month: TimeText,
    /// Wire name `industry`.
    pub industry: String,
    /// Wire name `category`.
    pub category: String,
    /// Wire name `subcategory`.
    pub subcategory: String,
    /// Zone of the trading hours. Wire name `timeZoneId`.
    pub time_zone: String,
    /// When it trades. Wire name `tradingHours`.
    pub trading_hours: TradingHours,
    /// When it trades with full liquidity. Wire name `liquidHours`.
    pub liquid_hours: TradingHours,
    /// Wire name `evRule`.
    pub ev_rule: String,
    /// Wire name `evMultiplier`.
    pub ev_multiplier: Option<Decimal>,
    /// Identifiers from outside IB. Wire name `secIdList`.
    pub security_ids: Vec<TagValue>,
    /// Wire name `aggGroup`.
    pub aggregated_group: Option<i32>,
    /// Wire name `underSymbol`.
    pub underlying_symbol: String,
    /// Wire name `underSecType`.
    pub underlying_security_type: Option<SecurityType>,
    /// Ids of the price step tables, one an exchange, separated by commas. Wire name `marketRuleIds`.
    pub market_rule_ids: String,
    /// Wire name `realExpirationDate`.
    pub real_expiration_date: TimeText,
    /// Wire name `stockType`.
    pub stock_type: String,
    /// Least order size. Wire name `minSize`.
    pub min_size: Option<Decimal>,
    /// Size step. Wire name `sizeIncrement`.
    pub size_increment: Option<Decimal>,
    /// Size step IB suggests. Wire name `suggestedSizeIncrement`.
    pub suggested_size_increment: Option<Decimal>,
    /// What is known of a fund.
    pub fund: FundDetails,
    /// What is known of a bond.
    pub bond: BondDetails,
    /// Why it cannot be traded. Wire name `ineligibilityReasonList`.
    pub ineligibility_reasons: Vec<IneligibilityReason>,
    /// Wire name `eventContract1`.
    pub event_contract: String,
    /// Wire name `eventContractDescription1`.
    pub event_contract_description: String,
    /// Wire name `eventContractDescription2`.
    pub event_contract_description_more: String,
    /// Wire name `minAlgoSize`.
    pub min_algo_size: Option<Decimal>,
    /// Wire name `lastPricePrecision`.
    pub last_price_precision: Option<Decimal>,
    /// Wire name `lastSizePrecision`.
    pub last_size_precision: Option<Decimal>,
    /// Wire name `settlementMethod`.
    pub settlement_method: String,
}
layout!(ContractDetails { 1 market_name, exact 2 min_tick, 3 order_types, 4 valid_exchanges, 5 price_magnifier, 6 underlying_contract_id, 7 long_name, 8 contract_month, 9 industry, 10 category, 11 subcategory, 12 time_zone, 13 trading_hours, 14 liquid_hours, 15 ev_rule, 16 ev_multiplier, map 17 security_ids, 18 aggregated_group, 19 underlying_symbol, 20 underlying_security_type, 21 market_rule_ids, 22 real_expiration_date, 23 stock_type, exact 24 min_size, exact 25 size_increment, exact 26 suggested_size_increment, in_line 0 fund, in_line 0 bond, list 58 ineligibility_reasons, 59 event_contract, 60 event_contract_description, 61 event_contract_description_more, exact 62 min_algo_size, exact 63 last_price_precision, exact 64 last_size_precision, 65 settlement_method });

impl ContractDetails {
    /// What is newer than text has no place in it.
    fn text_without_newer(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; proto_only 59 event_contract, proto_only 60 event_contract_description,
            proto_only 61 event_contract_description_more, proto_only 62 min_algo_size, proto_only 63 last_price_precision,
            proto_only 64 last_size_precision, proto_only 65 settlement_method);
        Ok(())
    }
}

/// What is known of a fund. In protobuf the fields stand among those of [`ContractDetails`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FundDetails {
    /// Wire name `fundName`.
    pub name: String,
    /// Wire name `fundFamily`.
    pub family: String,
    /// Wire name `fundType`.
    pub kind: String,
    /// Wire name `fundFrontLoad`.
    pub front_load: String,
    /// Wire name `fundBackLoad`.
    pub back_load: String,
    /// Wire name `fundBackLoadTimeInterval`.
    pub back_load_interval: String,
    /// Wire name `fundManagementFee`.
    pub management_fee: String,
    /// Wire name `fundClosed`.
    pub closed: bool,
    /// Wire name `fundClosedForNewInvestors`.
    pub closed_for_new_investors: bool,
    /// Wire name `fundClosedForNewMoney`.
    pub closed_for_new_money: bool,
    /// Wire name `fundNotifyAmount`.
    pub notify_amount: String,
    /// Wire name `fundMinimumInitialPurchase`.
    pub minimum_initial_purchase: String,
    /// Wire name `fundSubsequentMinimumPurchase`, `fundMinimumSubsequentPurchase`.
    pub minimum_subsequent_purchase: String,
    /// Wire name `fundBlueSkyStates`.
    pub blue_sky_states: String,
    /// Wire name `fundBlueSkyTerritories`.
    pub blue_sky_territories: String,
    /// What happens to its gains. Wire name `fundDistributionPolicyIndicator`.
    pub distribution_policy: Option<FundDistributionPolicy>,
    /// What it holds. Wire name `fundAssetType`.
    pub asset_type: Option<FundAssets>,
}
layout!(FundDetails {
    27 name, 28 family, 29 kind, 30 front_load, 31 back_load, 32 back_load_interval, 33 management_fee, 34 closed,
    35 closed_for_new_investors, 36 closed_for_new_money, 37 notify_amount, 38 minimum_initial_purchase,
    39 minimum_subsequent_purchase, 40 blue_sky_states, 41 blue_sky_territories, 42 distribution_policy, 43 asset_type
});

/// What is known of a bond. In protobuf the fields stand among those of [`ContractDetails`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BondDetails {
    /// Wire name `cusip`.
    pub cusip: String,
    /// Wire name `issueDate`.
    pub issue_date: TimeText,
    /// Wire name `ratings`.
    pub ratings: String,
    /// Wire name `bondType`.
    pub kind: String,
    /// Wire name `coupon`.
    pub coupon: Option<Decimal>,
    /// Wire name `couponType`.
    pub coupon_type: String,
    /// Wire name `convertible`.
    pub convertible: bool,
    /// Wire name `callable`.
    pub callable: bool,
    /// Wire name `putable`, `puttable`.
    pub puttable: bool,
    /// Wire name `descAppend`.
    pub description_more: String,
    /// Wire name `nextOptionDate`.
    pub next_option_date: TimeText,
    /// Wire name `nextOptionType`.
    pub next_option_type: String,
    /// Wire name `nextOptionPartial`.
    pub next_option_partial: bool,
    /// Wire name `notes`, `bondNotes`.
    pub notes: String,
}
layout!(BondDetails {
    44 cusip, 45 issue_date, 46 ratings, 47 kind, 48 coupon, 49 coupon_type, 50 convertible, 51 callable, 52 puttable,
    53 description_more, 54 next_option_date, 55 next_option_type, 56 next_option_partial, 57 notes
});

impl BondDetails {
    /// A text message about another kind of contract has no place for any of it.
    fn text_of_other_kinds(&mut self, w: &mut Wire<'_>) -> Result<()> {
        w.group(false, |w| self.layout(w))
    }
}

/// Why a contract cannot be traded. Wire name `IneligibilityReason`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IneligibilityReason {
    /// Wire name `id`.
    pub id: String,
    /// Wire name `description`.
    pub description: String,
}
layout!(IneligibilityReason { 1 id, 2 description });

/// Every contract that fits was sent. `CONTRACT_DATA_END`, callback `contractDetailsEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractDataEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(ContractDataEnd, version "1" { 1 request_id });

/// Ends a request for contract data, from server version 215, protobuf form only. `CANCEL_CONTRACT_DATA`, method
/// `cancelContractData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelContractData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelContractData { 1 request_id });

/// One bond that fits. `BOND_CONTRACT_DATA`, callback `bondContractDetails`. Answers [`RequestContractData`] too.
/// In protobuf it has the body of [`ContractData`]; in text another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BondContractData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// The contract in full, the maturity as its last trade date. Wire name `contract`.
    pub contract: Contract,
    /// What is known of it. Wire name `contractDetails`.
    pub details: ContractDetails,
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
