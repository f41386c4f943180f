//! [`Order`]: everything that can be said of an order, flat, as the wire has it.
//!
//! The text form carries an order in three shapes (placed, open, completed), interleaved with its contract; they stand
//! in `order_text.rs`. The protobuf form is one list, here.

use bytes::BytesMut;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::error::{Fault, Result};
use crate::ids::{ClientId, ContractId, OrderId, PermanentId};
use crate::kinds::{
    Action, AlgoStrategy, AllocationMethod, AuctionStrategy, ClearingIntent, HedgeType, ManualOrder, OcaType,
    OpenClose, OrderType, Origin, ReferencePriceType, Rule80A, ShortSaleSlot, TimeInForce, TrailingUnit, TriggerMethod,
    VolatilityType,
};
use crate::protobuf::Raw;
use crate::tags::TagValue;
use crate::time::TimeText;
use crate::value::Scalar;
use crate::version::ServerVersion;
use crate::wire::{Layout, Wire, layout};

/// An order as the wire carries it.
///
/// [`Order::new`] sets what every order needs; everything else starts as IB's own client has it. The zeros among the
/// defaults are what that client writes for "none": leaving them out would say "the maximum" in the text form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// API client that owns the order; told in answers. Wire name `clientId`.
    pub client_id: Option<ClientId>,
    /// Id of the order; the envelope of a request carries it too. Wire name `orderId`.
    pub order_id: Option<OrderId>,
    /// IB's own number of the order; told in answers. Wire name `permId`.
    pub permanent_id: Option<PermanentId>,
    /// Order whose fill activates this one; 0 for none. Wire name `parentId`.
    pub parent_id: Option<OrderId>,
    /// Which way it trades. Wire name `action`.
    pub action: Action,
    /// How much, in units of the contract; unset for orders by cash. Wire name `totalQuantity`.
    pub total_quantity: Option<Decimal>,
    /// How much of it the exchange may show; 0 for all. Wire name `displaySize`.
    pub display_size: Option<i32>,
    /// How it decides at which price it trades. Wire name `orderType`.
    pub order_type: OrderType,
    /// Limit price of the kinds that have one. Wire name `lmtPrice`.
    pub limit_price: Option<Decimal>,
    /// Stop price, trailing amount or offset, by the order type. Wire name `auxPrice`.
    pub aux_price: Option<Decimal>,
    /// How long it stands. Wire name `tif`.
    pub time_in_force: Option<TimeInForce>,
    /// Account it trades for; must be given where a login has several. Wire name `account`.
    pub account: String,
    /// Firm that settles (institutions). Wire name `settlingFirm`.
    pub settling_firm: String,
    /// Account the trade clears to. Wire name `clearingAccount`.
    pub clearing_account: String,
    /// Where it clears. Wire name `clearingIntent`.
    pub clearing_intent: Option<ClearingIntent>,
    /// Fill all of it or nothing. Wire name `allOrNone`.
    pub all_or_none: bool,
    /// An ISE block order. Wire name `blockOrder`.
    pub block_order: bool,
    /// Do not show it in the book. Wire name `hidden`.
    pub hidden: bool,
    /// Trade outside regular hours too. Wire name `outsideRth`.
    pub outside_regular_hours: bool,
    /// Take liquidity at several exchanges at once. Wire name `sweepToFill`.
    pub sweep_to_fill: bool,
    /// Offset of a relative order, as a fraction. Wire name `percentOffset`.
    pub percent_offset: Option<Decimal>,
    /// Trailing amount in percent; excludes an amount in `aux_price`. Wire name `trailingPercent`.
    pub trailing_percent: Option<Decimal>,
    /// First stop of a trailing order. Wire name `trailStopPrice`.
    pub trail_stop_price: Option<Decimal>,
    /// Least quantity of one fill. Wire name `minQty`.
    pub minimum_quantity: Option<i32>,
    /// Not active before: `YYYYMMDD hh:mm:ss` and a time zone. Wire name `goodAfterTime`.
    pub good_after_time: TimeText,
    /// Active until, with time in force `GTD`. Wire name `goodTillDate`.
    pub good_till_date: TimeText,
    /// Name of its one-cancels-all group; a name is used once. Wire name `ocaGroup`.
    pub oca_group: String,
    /// The owner's own name for it; comes back in open orders and executions. Wire name `orderRef`.
    pub order_reference: String,
    /// Kind of customer under rule 80A. Wire name `rule80A`.
    pub rule_80a: Option<Rule80A>,
    /// What a fill does to the others of its group. Wire name `ocaType`.
    pub oca_type: Option<OcaType>,
    /// Which price triggers a simulated stop. Wire name `triggerMethod`.
    pub trigger_method: Option<TriggerMethod>,
    /// Start of the activity of a GTC order. Wire name `activeStartTime`.
    pub active_start_time: TimeText,
    /// End of the activity of a GTC order. Wire name `activeStopTime`.
    pub active_stop_time: TimeText,
    /// Allocation group of a financial advisor. Wire name `faGroup`.
    pub advisor_group: String,
    /// Allocation method of a financial advisor. Wire name `faMethod`.
    pub advisor_method: Option<AllocationMethod>,
    /// Allocation percentage of a financial advisor. Wire name `faPercentage`.
    pub advisor_percentage: String,
    /// Volatility of a volatility order, in percent. Wire name `volatility`.
    pub volatility: Option<Decimal>,
    /// How that volatility is meant. Wire name `volatilityType`.
    pub volatility_type: Option<VolatilityType>,
    /// Follow the stock price continuously. Wire name `continuousUpdate`.
    pub continuous_update: bool,
    /// Which stock price a volatility order watches. Wire name `referencePriceType`.
    pub reference_price_type: Option<ReferencePriceType>,
    /// Order type of the hedge of a volatility order. Wire name `deltaNeutralOrderType`.
    pub delta_neutral_order_type: Option<OrderType>,
    /// Auxiliary price of that hedge. Wire name `deltaNeutralAuxPrice`.
    pub delta_neutral_aux_price: Option<Decimal>,
    /// Contract of that hedge. Wire name `deltaNeutralConId`.
    pub delta_neutral_contract_id: Option<ContractId>,
    /// Whether that hedge opens or closes. Wire name `deltaNeutralOpenClose`.
    pub delta_neutral_open_close: Option<OpenClose>,
    /// Whether that hedge sells short. Wire name `deltaNeutralShortSale`.
    pub delta_neutral_short_sale: bool,
    /// Where the shares of that short sale are held. Wire name `deltaNeutralShortSaleSlot`.
    pub delta_neutral_short_sale_slot: Option<ShortSaleSlot>,
    /// Location of those shares. Wire name `deltaNeutralDesignatedLocation`.
    pub delta_neutral_designated_location: String,
    /// Size of the first component of a scale order. Wire name `scaleInitLevelSize`.
    pub scale_initial_level_size: Option<i32>,
    /// Size of the other components. Wire name `scaleSubsLevelSize`.
    pub scale_subsequent_level_size: Option<i32>,
    /// Price step between components; above 0 makes it a scale order. Wire name `scalePriceIncrement`.
    pub scale_price_increment: Option<Decimal>,
    /// How much the starting price is adjusted. Wire name `scalePriceAdjustValue`.
    pub scale_price_adjust_value: Option<Decimal>,
    /// How often, in seconds. Wire name `scalePriceAdjustInterval`.
    pub scale_price_adjust_interval: Option<i32>,
    /// Offset of the profit orders. Wire name `scaleProfitOffset`.
    pub scale_profit_offset: Option<Decimal>,
    /// Restore components that profit orders closed. Wire name `scaleAutoReset`.
    pub scale_auto_reset: bool,
    /// Position at the start. Wire name `scaleInitPosition`.
    pub scale_initial_position: Option<i32>,
    /// Quantity filled at the start. Wire name `scaleInitFillQty`.
    pub scale_initial_fill_quantity: Option<i32>,
    /// Vary the sizes at random. Wire name `scaleRandomPercent`.
    pub scale_random_percent: bool,
    /// A scale table made by hand. Wire name `scaleTable`.
    pub scale_table: String,
    /// What a child order hedges of its parent. Wire name `hedgeType`.
    pub hedge_type: Option<HedgeType>,
    /// Beta or ratio of the hedge. Wire name `hedgeParam`.
    pub hedge_parameter: String,
    /// Name of an IB algorithm. Wire name `algoStrategy`.
    pub algo_strategy: Option<AlgoStrategy>,
    /// Its parameters. Wire name `algoParams`.
    pub algo_parameters: Vec<TagValue>,
    /// Identifier of an algorithm. Wire name `algoId`.
    pub algo_id: String,
    /// Routing options of a combination. Wire name `smartComboRoutingParams`.
    pub smart_combo_routing: Vec<TagValue>,
    /// Do not place it: answer with margin and commission. Wire name `whatIf`.
    pub what_if: bool,
    /// Send it to IB at once; in protobuf silence means false. Wire name `transmit`.
    pub transmit: bool,
    /// Ignore the price precautions of TWS. Wire name `overridePercentageConstraints`.
    pub override_percentage_constraints: bool,
    /// Whether it opens or closes a position (institutions). Wire name `openClose`.
    pub open_close: Option<OpenClose>,
    /// For whom it is (institutions). Wire name `origin`.
    pub origin: Option<Origin>,
    /// Who holds the shares of a short sale. Wire name `shortSaleSlot`.
    pub short_sale_slot: Option<ShortSaleSlot>,
    /// Who, where it is not the broker. Wire name `designatedLocation`.
    pub designated_location: String,
    /// Exemption from the short sale rule. Wire name `exemptCode`.
    pub exempt_code: Option<i32>,
    /// Settling firm of the hedge of a volatility order. Wire name `deltaNeutralSettlingFirm`.
    pub delta_neutral_settling_firm: String,
    /// Clearing account of that hedge. Wire name `deltaNeutralClearingAccount`.
    pub delta_neutral_clearing_account: String,
    /// Clearing intent of that hedge. Wire name `deltaNeutralClearingIntent`.
    pub delta_neutral_clearing_intent: Option<ClearingIntent>,
    /// How far beyond the limit it may trade unseen. Wire name `discretionaryAmt`.
    pub discretionary_amount: Option<Decimal>,
    /// Do not use IB's router. Wire name `optOutSmartRouting`.
    pub opt_out_smart_routing: bool,
    /// Starting price of a BOX auction or pegged order. Wire name `startingPrice`.
    pub starting_price: Option<Decimal>,
    /// Reference price of an order pegged to stock. Wire name `stockRefPrice`.
    pub stock_reference_price: Option<Decimal>,
    /// Delta of an order pegged to stock. Wire name `delta`.
    pub delta: Option<Decimal>,
    /// Low end of the stock's range. Wire name `stockRangeLower`.
    pub stock_range_lower: Option<Decimal>,
    /// High end of the stock's range. Wire name `stockRangeUpper`.
    pub stock_range_upper: Option<Decimal>,
    /// The broker may use discretion. Wire name `notHeld`.
    pub not_held: bool,
    /// Open-ended options. Wire name `orderMiscOptions`.
    pub misc_options: Vec<TagValue>,
    /// The order was solicited. Wire name `solicited`.
    pub solicited: bool,
    /// Vary the size by up to half. Wire name `randomizeSize`.
    pub randomize_size: bool,
    /// Vary the price a little. Wire name `randomizePrice`.
    pub randomize_price: bool,
    /// Contract a benchmark peg follows. Wire name `referenceContractId`.
    pub reference_contract_id: Option<ContractId>,
    /// How far the order moves. Wire name `peggedChangeAmount`.
    pub pegged_change_amount: Option<Decimal>,
    /// It moves against the reference. Wire name `isPeggedChangeAmountDecrease`.
    pub pegged_change_decrease: bool,
    /// For how far the reference moves. Wire name `referenceChangeAmount`.
    pub reference_change_amount: Option<Decimal>,
    /// Where the reference trades. Wire name `referenceExchangeId`.
    pub reference_exchange: String,
    /// Order type after the adjustment of a stop. Wire name `adjustedOrderType`.
    pub adjusted_order_type: Option<OrderType>,
    /// Price at which the adjustment happens. Wire name `triggerPrice`.
    pub trigger_price: Option<Decimal>,
    /// Stop after the adjustment. Wire name `adjustedStopPrice`.
    pub adjusted_stop_price: Option<Decimal>,
    /// Limit after the adjustment. Wire name `adjustedStopLimitPrice`.
    pub adjusted_stop_limit_price: Option<Decimal>,
    /// Trailing amount after the adjustment. Wire name `adjustedTrailingAmount`.
    pub adjusted_trailing_amount: Option<Decimal>,
    /// What that amount counts. Wire name `adjustableTrailingUnit`.
    pub adjustable_trailing_unit: Option<TrailingUnit>,
    /// Distance of the limit of a trailing limit order. Wire name `lmtPriceOffset`.
    pub limit_price_offset: Option<Decimal>,
    /// What must hold before it is sent or cancelled. Wire name `conditions`.
    pub conditions: Vec<Condition>,
    /// The conditions cancel it instead of sending it. Wire name `conditionsCancelOrder`.
    pub conditions_cancel_order: bool,
    /// The conditions hold outside regular hours too. Wire name `conditionsIgnoreRth`.
    pub conditions_ignore_regular_hours: bool,
    /// Model portfolio it belongs to. Wire name `modelCode`.
    pub model_code: String,
    /// Operator that CME rules want named. Wire name `extOperator`.
    pub external_operator: String,
    /// Soft dollar tier that is charged. Wire name `softDollarTier`.
    pub soft_dollar_tier: Option<SoftDollarTier>,
    /// Amount of money to trade for. Wire name `cashQty`.
    pub cash_quantity: Option<Decimal>,
    /// MiFID II: person who decides. Wire name `mifid2DecisionMaker`.
    pub mifid2_decision_maker: String,
    /// MiFID II: algorithm that decides. Wire name `mifid2DecisionAlgo`.
    pub mifid2_decision_algo: String,
    /// MiFID II: person who executes. Wire name `mifid2ExecutionTrader`.
    pub mifid2_execution_trader: String,
    /// MiFID II: algorithm that executes. Wire name `mifid2ExecutionAlgo`.
    pub mifid2_execution_algo: String,
    /// Do not price the hedge automatically. Wire name `dontUseAutoPriceForHedge`.
    pub no_auto_price_for_hedge: bool,
    /// It is a container of an order management system. Wire name `isOmsContainer`.
    pub is_oms_container: bool,
    /// A relative order may go up to its limit unseen. Wire name `discretionaryUpToLimitPrice`.
    pub discretionary_up_to_limit: bool,
    /// Date on which it is cancelled; told in answers. Wire name `autoCancelDate`.
    pub auto_cancel_date: TimeText,
    /// How much of it was filled; told of completed orders. Wire name `filledQuantity`.
    pub filled_quantity: Option<Decimal>,
    /// Future it refers to; told in answers. Wire name `refFuturesConId`.
    pub reference_futures_contract_id: Option<ContractId>,
    /// Cancel the parent when it is cancelled. Wire name `autoCancelParent`.
    pub auto_cancel_parent: bool,
    /// Shareholder; told in answers. Wire name `shareholder`.
    pub shareholder: String,
    /// Take part in an imbalance only. Wire name `imbalanceOnly`.
    pub imbalance_only: bool,
    /// Route to the best quote when marketable. Wire name `routeMarketableToBbo`.
    pub route_marketable_to_bbo: Option<bool>,
    /// IB's number of its parent; told in answers. Wire name `parentPermId`.
    pub parent_permanent_id: Option<PermanentId>,
    /// Let IB manage the price. Wire name `usePriceMgmtAlgo`.
    pub use_price_management: Option<bool>,
    /// Seconds it stays active. Wire name `duration`.
    pub duration: Option<i32>,
    /// Seconds it is posted to the ATS. Wire name `postToAts`.
    pub post_to_ats: Option<i32>,
    /// Codes of advanced rejects to override, separated by commas. Wire name `advancedErrorOverride`.
    pub advanced_error_override: String,
    /// Time at which a person gave the order. Wire name `manualOrderTime`.
    pub manual_order_time: TimeText,
    /// Least quantity of one trade at the IBKRATS. Wire name `minTradeQty`.
    pub minimum_trade_quantity: Option<i32>,
    /// Least size to compete against. Wire name `minCompeteSize`.
    pub minimum_compete_size: Option<i32>,
    /// How far it competes against the best quote. Wire name `competeAgainstBestOffset`.
    pub compete_against_best_offset: Option<CompeteOffset>,
    /// Offset from the midpoint where that is a whole tick. Wire name `midOffsetAtWhole`.
    pub mid_offset_at_whole: Option<Decimal>,
    /// Offset from the midpoint where that is half a tick. Wire name `midOffsetAtHalf`.
    pub mid_offset_at_half: Option<Decimal>,
    /// Account of the customer. Wire name `customerAccount`.
    pub customer_account: String,
    /// The customer is a professional. Wire name `professionalCustomer`.
    pub professional_customer: bool,
    /// Accrued interest of a bond; told in answers. Wire name `bondAccruedInterest`.
    pub bond_accrued_interest: String,
    /// Take part in the overnight session. Wire name `includeOvernight`.
    pub include_overnight: bool,
    /// Whether a person gave the order (CME). Wire name `manualOrderIndicator`.
    pub manual_order_indicator: Option<ManualOrder>,
    /// Who submitted it; told in answers. Wire name `submitter`.
    pub submitter: String,
    /// Take it off the market without cancelling it. Wire name `deactivate`.
    pub deactivate: bool,
    /// Only add liquidity. Wire name `postOnly`.
    pub post_only: bool,
    /// Take part before the open. Wire name `allowPreOpen`.
    pub allow_pre_open: bool,
    /// Stay out of the opening auction. Wire name `ignoreOpenAuction`.
    pub ignore_open_auction: bool,
    /// Seek price improvement. Wire name `seekPriceImprovement`.
    pub seek_price_improvement: Option<bool>,
    /// Kind of what-if answer. Wire name `whatIfType`.
    pub what_if_type: Option<i32>,
    /// Maximum size of a hedge. Wire name `hedgeMaxSize`.
    pub hedge_max_size: Option<i32>,
    /// The conditions look at the overnight session. Wire name `conditionsIncludeOvernight`.
    pub conditions_include_overnight: bool,
    /// BOX auction it takes part in; text form only. Wire name `auctionStrategy`.
    pub auction_strategy: Option<AuctionStrategy>,
    /// Allocation profile of a financial advisor; below server version 177, text form only. Wire name `faProfile`.
    pub advisor_profile: String,
    /// Basis points of an exchange for physical; told in text answers only. Wire name `basisPoints`.
    pub basis_points: Option<Decimal>,
    /// What those points count. Wire name `basisPointsType`.
    pub basis_points_type: Option<i32>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            client_id: None,
            order_id: None,
            permanent_id: None,
            parent_id: Some(OrderId(0)),
            action: Action::default(),
            total_quantity: None,
            display_size: Some(0),
            order_type: OrderType::default(),
            limit_price: None,
            aux_price: None,
            time_in_force: None,
            account: String::new(),
            settling_firm: String::new(),
            clearing_account: String::new(),
            clearing_intent: None,
            all_or_none: false,
            block_order: false,
            hidden: false,
            outside_regular_hours: false,
            sweep_to_fill: false,
            percent_offset: None,
            trailing_percent: None,
            trail_stop_price: None,
            minimum_quantity: None,
            good_after_time: TimeText::default(),
            good_till_date: TimeText::default(),
            oca_group: String::new(),
            order_reference: String::new(),
            rule_80a: None,
            oca_type: Some(OcaType::None),
            trigger_method: Some(TriggerMethod::Default),
            active_start_time: TimeText::default(),
            active_stop_time: TimeText::default(),
            advisor_group: String::new(),
            advisor_method: None,
            advisor_percentage: String::new(),
            volatility: None,
            volatility_type: None,
            continuous_update: false,
            reference_price_type: None,
            delta_neutral_order_type: None,
            delta_neutral_aux_price: None,
            delta_neutral_contract_id: None,
            delta_neutral_open_close: None,
            delta_neutral_short_sale: false,
            delta_neutral_short_sale_slot: None,
            delta_neutral_designated_location: String::new(),
            scale_initial_level_size: None,
            scale_subsequent_level_size: None,
            scale_price_increment: None,
            scale_price_adjust_value: None,
            scale_price_adjust_interval: None,
            scale_profit_offset: None,
            scale_auto_reset: false,
            scale_initial_position: None,
            scale_initial_fill_quantity: None,
            scale_random_percent: false,
            scale_table: String::new(),
            hedge_type: None,
            hedge_parameter: String::new(),
            algo_strategy: None,
            algo_parameters: Vec::new(),
            algo_id: String::new(),
            smart_combo_routing: Vec::new(),
            what_if: false,
            transmit: true,
            override_percentage_constraints: false,
            open_close: None,
            origin: Some(Origin::Customer),
            short_sale_slot: Some(ShortSaleSlot::None),
            designated_location: String::new(),
            exempt_code: Some(-1),
            delta_neutral_settling_firm: String::new(),
            delta_neutral_clearing_account: String::new(),
            delta_neutral_clearing_intent: None,
            discretionary_amount: Some(Decimal::ZERO),
            opt_out_smart_routing: false,
            starting_price: None,
            stock_reference_price: None,
            delta: None,
            stock_range_lower: None,
            stock_range_upper: None,
            not_held: false,
            misc_options: Vec::new(),
            solicited: false,
            randomize_size: false,
            randomize_price: false,
            reference_contract_id: None,
            pegged_change_amount: None,
            pegged_change_decrease: false,
            reference_change_amount: None,
            reference_exchange: String::new(),
            adjusted_order_type: None,
            trigger_price: None,
            adjusted_stop_price: None,
            adjusted_stop_limit_price: None,
            adjusted_trailing_amount: None,
            adjustable_trailing_unit: Some(TrailingUnit::Amount),
            limit_price_offset: None,
            conditions: Vec::new(),
            conditions_cancel_order: false,
            conditions_ignore_regular_hours: false,
            model_code: String::new(),
            external_operator: String::new(),
            soft_dollar_tier: None,
            cash_quantity: None,
            mifid2_decision_maker: String::new(),
            mifid2_decision_algo: String::new(),
            mifid2_execution_trader: String::new(),
            mifid2_execution_algo: String::new(),
            no_auto_price_for_hedge: false,
            is_oms_container: false,
            discretionary_up_to_limit: false,
            auto_cancel_date: TimeText::default(),
            filled_quantity: None,
            reference_futures_contract_id: None,
            auto_cancel_parent: false,
            shareholder: String::new(),
            imbalance_only: false,
            route_marketable_to_bbo: None,
            parent_permanent_id: None,
            use_price_management: None,
            duration: None,
            post_to_ats: None,
            advanced_error_override: String::new(),
            manual_order_time: TimeText::default(),
            minimum_trade_quantity: None,
            minimum_compete_size: None,
            compete_against_best_offset: None,
            mid_offset_at_whole: None,
            mid_offset_at_half: None,
            customer_account: String::new(),
            professional_customer: false,
            bond_accrued_interest: String::new(),
            include_overnight: false,
            manual_order_indicator: None,
            submitter: String::new(),
            deactivate: false,
            post_only: false,
            allow_pre_open: false,
            ignore_open_auction: false,
            seek_price_improvement: None,
            what_if_type: None,
            hedge_max_size: None,
            conditions_include_overnight: false,
            auction_strategy: Some(AuctionStrategy::None),
            advisor_profile: String::new(),
            basis_points: None,
            basis_points_type: None,
        }
    }
}

impl Order {
    /// An order that trades `quantity` units at once or at its limit; the rest as IB's client has it.
    #[must_use]
    pub fn new(action: Action, quantity: Decimal, order_type: OrderType) -> Self {
        Self { action, total_quantity: Some(quantity), order_type, ..Self::default() }
    }

    /// At once, at whatever price.
    #[must_use]
    pub fn market(action: Action, quantity: Decimal) -> Self {
        Self::new(action, quantity, OrderType::Market)
    }

    /// At `limit_price` or better.
    #[must_use]
    pub fn limit(action: Action, quantity: Decimal, limit_price: Decimal) -> Self {
        Self { limit_price: Some(limit_price), ..Self::new(action, quantity, OrderType::Limit) }
    }

    /// At the market once `stop_price` is touched.
    #[must_use]
    pub fn stop(action: Action, quantity: Decimal, stop_price: Decimal) -> Self {
        Self { aux_price: Some(stop_price), ..Self::new(action, quantity, OrderType::Stop) }
    }

    /// The parent's id, or `None` where there is no parent.
    #[must_use]
    pub fn parent(&self) -> Option<OrderId> {
        self.parent_id.filter(|id| id.0 != 0)
    }

    /// Whether the offsets from the midpoint are carried in the text form of a placement.
    pub(crate) fn carries_mid_offsets(&self) -> bool {
        self.order_type.is_pegged_to_midpoint()
            || (self.order_type.is_pegged_to_best() && self.compete_against_best_offset == Some(CompeteOffset::UpToMid))
    }
}

/// Protobuf only: the flat list in the order of its tags.
impl Layout for Order {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        use ServerVersion as V;
        #[rustfmt::skip]
        let Self {
            client_id, order_id, permanent_id, parent_id, action, total_quantity, display_size, order_type,
            limit_price, aux_price, time_in_force, account, settling_firm, clearing_account, clearing_intent,
            all_or_none, block_order, hidden, outside_regular_hours, sweep_to_fill, percent_offset, trailing_percent,
            trail_stop_price, minimum_quantity, good_after_time, good_till_date, oca_group, order_reference, rule_80a,
            oca_type, trigger_method, active_start_time, active_stop_time, advisor_group, advisor_method,
            advisor_percentage, volatility, volatility_type, continuous_update, reference_price_type,
            delta_neutral_order_type, delta_neutral_aux_price, delta_neutral_contract_id, delta_neutral_open_close,
            delta_neutral_short_sale, delta_neutral_short_sale_slot, delta_neutral_designated_location,
            scale_initial_level_size, scale_subsequent_level_size, scale_price_increment, scale_price_adjust_value,
            scale_price_adjust_interval, scale_profit_offset, scale_auto_reset, scale_initial_position,
            scale_initial_fill_quantity, scale_random_percent, scale_table, hedge_type, hedge_parameter,
            algo_strategy, algo_parameters, algo_id, smart_combo_routing, what_if, transmit,
            override_percentage_constraints, open_close, origin, short_sale_slot, designated_location, exempt_code,
            delta_neutral_settling_firm, delta_neutral_clearing_account, delta_neutral_clearing_intent,
            discretionary_amount, opt_out_smart_routing, starting_price, stock_reference_price, delta,
            stock_range_lower, stock_range_upper, not_held, misc_options, solicited, randomize_size, randomize_price,
            reference_contract_id, pegged_change_amount, pegged_change_decrease, reference_change_amount,
            reference_exchange, adjusted_order_type, trigger_price, adjusted_stop_price, adjusted_stop_limit_price,
            adjusted_trailing_amount, adjustable_trailing_unit, limit_price_offset, conditions,
            conditions_cancel_order, conditions_ignore_regular_hours, model_code, external_operator, soft_dollar_tier,
            cash_quantity, mifid2_decision_maker, mifid2_decision_algo, mifid2_execution_trader,
            mifid2_execution_algo, no_auto_price_for_hedge, is_oms_container, discretionary_up_to_limit,
            auto_cancel_date, filled_quantity, reference_futures_contract_id, auto_cancel_parent, shareholder,
            imbalance_only, route_marketable_to_bbo, parent_permanent_id, use_price_management, duration, post_to_ats,
            advanced_error_override, manual_order_time, minimum_trade_quantity, minimum_compete_size,
            compete_against_best_offset, mid_offset_at_whole, mid_offset_at_half, customer_account,
            professional_customer, bond_accrued_interest, include_overnight, manual_order_indicator, submitter,
            deactivate, post_only, allow_pre_open, ignore_open_auction, seek_price_improvement, what_if_type,
            hedge_max_size, conditions_include_overnight, auction_strategy, advisor_profile, basis_points,
            basis_points_type,
        } = self;
        layout!(w; 1 client_id, 2 order_id, 3 permanent_id, 4 parent_id, 5 action, exact 6 total_quantity,
            7 display_size, 8 order_type, 9 limit_price, 10 aux_price, 11 time_in_force, 12 account, 13 settling_firm,
            14 clearing_account, 15 clearing_intent, 16 all_or_none, 17 block_order, 18 hidden,
            19 outside_regular_hours, 20 sweep_to_fill, 21 percent_offset, 22 trailing_percent, 23 trail_stop_price,
            24 minimum_quantity, 25 good_after_time, 26 good_till_date, 27 oca_group, 28 order_reference, 29 rule_80a,
            30 oca_type, 31 trigger_method, 32 active_start_time, 33 active_stop_time, 34 advisor_group,
            35 advisor_method, 36 advisor_percentage, 37 volatility, 38 volatility_type, 39 continuous_update,
            40 reference_price_type, 41 delta_neutral_order_type, 42 delta_neutral_aux_price,
            43 delta_neutral_contract_id, 44 delta_neutral_open_close, 45 delta_neutral_short_sale,
            46 delta_neutral_short_sale_slot, 47 delta_neutral_designated_location, 48 scale_initial_level_size,
            49 scale_subsequent_level_size, 50 scale_price_increment, 51 scale_price_adjust_value,
            52 scale_price_adjust_interval, 53 scale_profit_offset, 54 scale_auto_reset, 55 scale_initial_position,
            56 scale_initial_fill_quantity, 57 scale_random_percent, 58 scale_table, 59 hedge_type,
            60 hedge_parameter, 61 algo_strategy, map 62 algo_parameters, 63 algo_id, map 64 smart_combo_routing,
            65 what_if, 66 transmit, 67 override_percentage_constraints, 68 open_close, 69 origin, 70 short_sale_slot,
            71 designated_location, 72 exempt_code, 73 delta_neutral_settling_firm, 74 delta_neutral_clearing_account,
            75 delta_neutral_clearing_intent, 76 discretionary_amount, 77 opt_out_smart_routing, 78 starting_price,
            79 stock_reference_price, 80 delta, 81 stock_range_lower, 82 stock_range_upper, 83 not_held,
            map 84 misc_options, 85 solicited, 86 randomize_size, 87 randomize_price, 88 reference_contract_id,
            89 pegged_change_amount, 90 pegged_change_decrease, 91 reference_change_amount, 92 reference_exchange,
            93 adjusted_order_type, 94 trigger_price, 95 adjusted_stop_price, 96 adjusted_stop_limit_price,
            97 adjusted_trailing_amount, 98 adjustable_trailing_unit, 99 limit_price_offset, list 100 conditions,
            101 conditions_cancel_order, 102 conditions_ignore_regular_hours, 103 model_code, 104 external_operator,
            optional 105 soft_dollar_tier, 106 cash_quantity, 107 mifid2_decision_maker, 108 mifid2_decision_algo,
            109 mifid2_execution_trader, 110 mifid2_execution_algo, 111 no_auto_price_for_hedge, 112 is_oms_container,
            113 discretionary_up_to_limit, 114 auto_cancel_date, exact 115 filled_quantity,
            116 reference_futures_contract_id, 117 auto_cancel_parent, 118 shareholder, 119 imbalance_only,
            gated(V::ADDITIONAL_ORDER_PARAMS_2) 120 route_marketable_to_bbo, 121 parent_permanent_id,
            122 use_price_management, 123 duration, 124 post_to_ats, 125 advanced_error_override,
            126 manual_order_time, 127 minimum_trade_quantity, 128 minimum_compete_size,
            129 compete_against_best_offset, 130 mid_offset_at_whole, 131 mid_offset_at_half, 132 customer_account,
            133 professional_customer, 134 bond_accrued_interest, 135 include_overnight, 136 manual_order_indicator,
            137 submitter, gated(V::ADDITIONAL_ORDER_PARAMS_1) 138 deactivate,
            gated(V::ADDITIONAL_ORDER_PARAMS_1) 139 post_only, gated(V::ADDITIONAL_ORDER_PARAMS_1) 140 allow_pre_open,
            gated(V::ADDITIONAL_ORDER_PARAMS_1) 141 ignore_open_auction,
            gated(V::ADDITIONAL_ORDER_PARAMS_2) 142 seek_price_improvement,
            gated(V::ADDITIONAL_ORDER_PARAMS_2) 143 what_if_type, gated(V::HEDGE_MAX_SIZE) 144 hedge_max_size,
            gated(V::COND_ORDER_WITH_OVERNIGHT_PARAM) 145 conditions_include_overnight, text_only 0 advisor_profile,
            text_only 0 basis_points, text_only 0 basis_points_type);
        // The default says nothing, so that leaving it out loses nothing.
        *auction_strategy = auction_strategy.filter(|strategy| *strategy != AuctionStrategy::None);
        layout!(w; text_only 0 auction_strategy);
        Ok(())
    }
}

/// A soft dollar tier: a commission that pays for research.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftDollarTier {
    /// Wire name `name`.
    pub name: String,
    /// Wire name `val`, `value`.
    pub value: String,
    /// For people; told in answers. Wire name `displayName`.
    pub display_name: String,
}

layout!(SoftDollarTier { 1 name, 2 value, 3 display_name });

/// How far an order pegged to the best quote competes: an infinity on the wire stands for "up to the midpoint".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompeteOffset {
    /// Up to the midpoint.
    UpToMid,
    /// By this much.
    By(Decimal),
}

impl Scalar for CompeteOffset {
    const MAXIMUM: &'static [u8] = Decimal::MAXIMUM;

    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        if field == b"Infinity" { Ok(Some(Self::UpToMid)) } else { Ok(Decimal::from_text(field)?.map(Self::By)) }
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        match self {
            Self::UpToMid => crate::value::put_text("Infinity", out),
            Self::By(offset) => offset.to_text(out),
        }
    }

    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        match raw {
            Raw::Fixed64(bits) if bits == f64::INFINITY.to_bits() => Ok(Some(Self::UpToMid)),
            _ => Ok(Decimal::from_protobuf(raw)?.map(Self::By)),
        }
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        match self {
            Self::UpToMid => {
                crate::protobuf::put_double_field(out, tag, f64::INFINITY);
                Ok(())
            }
            Self::By(offset) => offset.to_protobuf(tag, out),
        }
    }
}
