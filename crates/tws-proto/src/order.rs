//! [`Order`]: everything that can be said of an order, flat, as the wire has it.
//!
//! The text form carries an order in three shapes (placed, open, completed), interleaved with its contract; they stand
//! in `order_text.rs`. The protobuf form is one list, here.

use bytes::BytesMut;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::body::body;
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
use crate::version::ServerVersion as V;
use crate::wire::{Tag, Wire};

body! {
    /// An order as the wire carries it.
    ///
    /// [`Order::new`] sets what every order needs; everything else starts as IB's own client has it. The zeros among the
    /// defaults are what that client writes for "none": leaving them out would say "the maximum" in the text form.
    Order, mostly unset; sparse {
        /// API client that owns the order; told in answers.
        1 "clientId" client_id: Option<ClientId>,
        /// Id of the order; the envelope of a request carries it too.
        2 "orderId" order_id: Option<OrderId>,
        /// IB's own number of the order; told in answers.
        3 "permId" permanent_id: Option<PermanentId>,
        /// Order whose fill activates this one; 0 for none.
        4 "parentId" parent_id: Option<OrderId> = Some(OrderId(0)),
        /// Which way it trades.
        5 "action" action: Action,
        /// How much, in units of the contract; unset for orders by cash.
        exact 6 "totalQuantity" total_quantity: Option<Decimal>,
        /// How much of it the exchange may show; 0 for all.
        7 "displaySize" display_size: Option<i32> = Some(0),
        /// How it decides at which price it trades.
        8 "orderType" order_type: OrderType,
        /// Limit price of the kinds that have one.
        9 "lmtPrice" limit_price: Option<Decimal>,
        /// Stop price, trailing amount or offset, by the order type.
        10 "auxPrice" aux_price: Option<Decimal>,
        /// How long it stands.
        11 "tif" time_in_force: Option<TimeInForce>,
        /// Account it trades for; must be given where a login has several.
        12 "account" account: String,
        /// Firm that settles (institutions).
        13 "settlingFirm" settling_firm: String,
        /// Account the trade clears to.
        14 "clearingAccount" clearing_account: String,
        /// Where it clears.
        15 "clearingIntent" clearing_intent: Option<ClearingIntent>,
        /// Fill all of it or nothing.
        16 "allOrNone" all_or_none: bool,
        /// An ISE block order.
        17 "blockOrder" block_order: bool,
        /// Do not show it in the book.
        18 "hidden" hidden: bool,
        /// Trade outside regular hours too.
        19 "outsideRth" outside_regular_hours: bool,
        /// Take liquidity at several exchanges at once.
        20 "sweepToFill" sweep_to_fill: bool,
        /// Offset of a relative order, as a fraction.
        21 "percentOffset" percent_offset: Option<Decimal>,
        /// Trailing amount in percent; excludes an amount in `aux_price`.
        22 "trailingPercent" trailing_percent: Option<Decimal>,
        /// First stop of a trailing order.
        23 "trailStopPrice" trail_stop_price: Option<Decimal>,
        /// Least quantity of one fill.
        24 "minQty" minimum_quantity: Option<i32>,
        /// Not active before: `YYYYMMDD hh:mm:ss` and a time zone.
        25 "goodAfterTime" good_after_time: TimeText,
        /// Active until, with time in force `GTD`.
        26 "goodTillDate" good_till_date: TimeText,
        /// Name of its one-cancels-all group; a name is used once.
        27 "ocaGroup" oca_group: String,
        /// The owner's own name for it; comes back in open orders and executions.
        28 "orderRef" order_reference: String,
        /// Kind of customer under rule 80A.
        29 "rule80A" rule_80a: Option<Rule80A>,
        /// What a fill does to the others of its group.
        30 "ocaType" oca_type: Option<OcaType> = Some(OcaType::None),
        /// Which price triggers a simulated stop.
        31 "triggerMethod" trigger_method: Option<TriggerMethod> = Some(TriggerMethod::Default),
        /// Start of the activity of a GTC order.
        32 "activeStartTime" active_start_time: TimeText,
        /// End of the activity of a GTC order.
        33 "activeStopTime" active_stop_time: TimeText,
        /// Allocation group of a financial advisor.
        34 "faGroup" advisor_group: String,
        /// Allocation method of a financial advisor.
        35 "faMethod" advisor_method: Option<AllocationMethod>,
        /// Allocation percentage of a financial advisor.
        36 "faPercentage" advisor_percentage: String,
        /// Volatility of a volatility order, in percent.
        37 "volatility" volatility: Option<Decimal>,
        /// How that volatility is meant.
        38 "volatilityType" volatility_type: Option<VolatilityType>,
        /// Follow the stock price continuously.
        39 "continuousUpdate" continuous_update: bool,
        /// Which stock price a volatility order watches.
        40 "referencePriceType" reference_price_type: Option<ReferencePriceType>,
        /// Order type of the hedge of a volatility order.
        41 "deltaNeutralOrderType" delta_neutral_order_type: Option<OrderType>,
        /// Auxiliary price of that hedge.
        42 "deltaNeutralAuxPrice" delta_neutral_aux_price: Option<Decimal>,
        /// Contract of that hedge.
        43 "deltaNeutralConId" delta_neutral_contract_id: Option<ContractId>,
        /// Whether that hedge opens or closes.
        44 "deltaNeutralOpenClose" delta_neutral_open_close: Option<OpenClose>,
        /// Whether that hedge sells short.
        45 "deltaNeutralShortSale" delta_neutral_short_sale: bool,
        /// Where the shares of that short sale are held.
        46 "deltaNeutralShortSaleSlot" delta_neutral_short_sale_slot: Option<ShortSaleSlot>,
        /// Location of those shares.
        47 "deltaNeutralDesignatedLocation" delta_neutral_designated_location: String,
        /// Size of the first component of a scale order.
        48 "scaleInitLevelSize" scale_initial_level_size: Option<i32>,
        /// Size of the other components.
        49 "scaleSubsLevelSize" scale_subsequent_level_size: Option<i32>,
        /// Price step between components; above 0 makes it a scale order.
        50 "scalePriceIncrement" scale_price_increment: Option<Decimal>,
        /// How much the starting price is adjusted.
        51 "scalePriceAdjustValue" scale_price_adjust_value: Option<Decimal>,
        /// How often, in seconds.
        52 "scalePriceAdjustInterval" scale_price_adjust_interval: Option<i32>,
        /// Offset of the profit orders.
        53 "scaleProfitOffset" scale_profit_offset: Option<Decimal>,
        /// Restore components that profit orders closed.
        54 "scaleAutoReset" scale_auto_reset: bool,
        /// Position at the start.
        55 "scaleInitPosition" scale_initial_position: Option<i32>,
        /// Quantity filled at the start.
        56 "scaleInitFillQty" scale_initial_fill_quantity: Option<i32>,
        /// Vary the sizes at random.
        57 "scaleRandomPercent" scale_random_percent: bool,
        /// A scale table made by hand.
        58 "scaleTable" scale_table: String,
        /// What a child order hedges of its parent.
        59 "hedgeType" hedge_type: Option<HedgeType>,
        /// Beta or ratio of the hedge.
        60 "hedgeParam" hedge_parameter: String,
        /// Name of an IB algorithm.
        61 "algoStrategy" algo_strategy: Option<AlgoStrategy>,
        /// Its parameters.
        map 62 "algoParams" algo_parameters: Vec<TagValue>,
        /// Identifier of an algorithm.
        63 "algoId" algo_id: String,
        /// Routing options of a combination.
        map 64 "smartComboRoutingParams" smart_combo_routing: Vec<TagValue>,
        /// Do not place it: answer with margin and commission.
        65 "whatIf" what_if: bool,
        /// Send it to IB at once; in protobuf silence means false.
        66 "transmit" transmit: bool = true,
        /// Ignore the price precautions of TWS.
        67 "overridePercentageConstraints" override_percentage_constraints: bool,
        /// Whether it opens or closes a position (institutions).
        68 "openClose" open_close: Option<OpenClose>,
        /// For whom it is (institutions).
        69 "origin" origin: Option<Origin> = Some(Origin::Customer),
        /// Who holds the shares of a short sale.
        70 "shortSaleSlot" short_sale_slot: Option<ShortSaleSlot> = Some(ShortSaleSlot::None),
        /// Who, where it is not the broker.
        71 "designatedLocation" designated_location: String,
        /// Exemption from the short sale rule.
        72 "exemptCode" exempt_code: Option<i32> = Some(-1),
        /// Settling firm of the hedge of a volatility order.
        73 "deltaNeutralSettlingFirm" delta_neutral_settling_firm: String,
        /// Clearing account of that hedge.
        74 "deltaNeutralClearingAccount" delta_neutral_clearing_account: String,
        /// Clearing intent of that hedge.
        75 "deltaNeutralClearingIntent" delta_neutral_clearing_intent: Option<ClearingIntent>,
        /// How far beyond the limit it may trade unseen.
        76 "discretionaryAmt" discretionary_amount: Option<Decimal> = Some(Decimal::ZERO),
        /// Do not use IB's router.
        77 "optOutSmartRouting" opt_out_smart_routing: bool,
        /// Starting price of a BOX auction or pegged order.
        78 "startingPrice" starting_price: Option<Decimal>,
        /// Reference price of an order pegged to stock.
        79 "stockRefPrice" stock_reference_price: Option<Decimal>,
        /// Delta of an order pegged to stock.
        80 "delta" delta: Option<Decimal>,
        /// Low end of the stock's range.
        81 "stockRangeLower" stock_range_lower: Option<Decimal>,
        /// High end of the stock's range.
        82 "stockRangeUpper" stock_range_upper: Option<Decimal>,
        /// The broker may use discretion.
        83 "notHeld" not_held: bool,
        /// Open-ended options.
        map 84 "orderMiscOptions" misc_options: Vec<TagValue>,
        /// The order was solicited.
        85 "solicited" solicited: bool,
        /// Vary the size by up to half.
        86 "randomizeSize" randomize_size: bool,
        /// Vary the price a little.
        87 "randomizePrice" randomize_price: bool,
        /// Contract a benchmark peg follows.
        88 "referenceContractId" reference_contract_id: Option<ContractId>,
        /// How far the order moves.
        89 "peggedChangeAmount" pegged_change_amount: Option<Decimal>,
        /// It moves against the reference.
        90 "isPeggedChangeAmountDecrease" pegged_change_decrease: bool,
        /// For how far the reference moves.
        91 "referenceChangeAmount" reference_change_amount: Option<Decimal>,
        /// Where the reference trades.
        92 "referenceExchangeId" reference_exchange: String,
        /// Order type after the adjustment of a stop.
        93 "adjustedOrderType" adjusted_order_type: Option<OrderType>,
        /// Price at which the adjustment happens.
        94 "triggerPrice" trigger_price: Option<Decimal>,
        /// Stop after the adjustment.
        95 "adjustedStopPrice" adjusted_stop_price: Option<Decimal>,
        /// Limit after the adjustment.
        96 "adjustedStopLimitPrice" adjusted_stop_limit_price: Option<Decimal>,
        /// Trailing amount after the adjustment.
        97 "adjustedTrailingAmount" adjusted_trailing_amount: Option<Decimal>,
        /// What that amount counts.
        98 "adjustableTrailingUnit" adjustable_trailing_unit: Option<TrailingUnit> = Some(TrailingUnit::Amount),
        /// Distance of the limit of a trailing limit order.
        99 "lmtPriceOffset" limit_price_offset: Option<Decimal>,
        /// What must hold before it is sent or cancelled.
        list 100 "conditions" conditions: Vec<Condition>,
        /// The conditions cancel it instead of sending it.
        101 "conditionsCancelOrder" conditions_cancel_order: bool,
        /// The conditions hold outside regular hours too.
        102 "conditionsIgnoreRth" conditions_ignore_regular_hours: bool,
        /// Model portfolio it belongs to.
        103 "modelCode" model_code: String,
        /// Operator that CME rules want named.
        104 "extOperator" external_operator: String,
        /// Soft dollar tier that is charged.
        optional 105 "softDollarTier" soft_dollar_tier: Option<SoftDollarTier>,
        /// Amount of money to trade for.
        106 "cashQty" cash_quantity: Option<Decimal>,
        /// MiFID II: person who decides.
        107 "mifid2DecisionMaker" mifid2_decision_maker: String,
        /// MiFID II: algorithm that decides.
        108 "mifid2DecisionAlgo" mifid2_decision_algo: String,
        /// MiFID II: person who executes.
        109 "mifid2ExecutionTrader" mifid2_execution_trader: String,
        /// MiFID II: algorithm that executes.
        110 "mifid2ExecutionAlgo" mifid2_execution_algo: String,
        /// Do not price the hedge automatically.
        111 "dontUseAutoPriceForHedge" no_auto_price_for_hedge: bool,
        /// It is a container of an order management system.
        112 "isOmsContainer" is_oms_container: bool,
        /// A relative order may go up to its limit unseen.
        113 "discretionaryUpToLimitPrice" discretionary_up_to_limit: bool,
        /// Date on which it is cancelled; told in answers.
        114 "autoCancelDate" auto_cancel_date: TimeText,
        /// How much of it was filled; told of completed orders.
        exact 115 "filledQuantity" filled_quantity: Option<Decimal>,
        /// Future it refers to; told in answers.
        116 "refFuturesConId" reference_futures_contract_id: Option<ContractId>,
        /// Cancel the parent when it is cancelled.
        117 "autoCancelParent" auto_cancel_parent: bool,
        /// Shareholder; told in answers.
        118 "shareholder" shareholder: String,
        /// Take part in an imbalance only.
        119 "imbalanceOnly" imbalance_only: bool,
        /// Route to the best quote when marketable.
        gated(V::ADDITIONAL_ORDER_PARAMS_2) 120 "routeMarketableToBbo" route_marketable_to_bbo: Option<bool>,
        /// IB's number of its parent; told in answers.
        121 "parentPermId" parent_permanent_id: Option<PermanentId>,
        /// Let IB manage the price.
        122 "usePriceMgmtAlgo" use_price_management: Option<bool>,
        /// Seconds it stays active.
        123 "duration" duration: Option<i32>,
        /// Seconds it is posted to the ATS.
        124 "postToAts" post_to_ats: Option<i32>,
        /// Codes of advanced rejects to override, separated by commas.
        125 "advancedErrorOverride" advanced_error_override: String,
        /// Time at which a person gave the order.
        126 "manualOrderTime" manual_order_time: TimeText,
        /// Least quantity of one trade at the IBKRATS.
        127 "minTradeQty" minimum_trade_quantity: Option<i32>,
        /// Least size to compete against.
        128 "minCompeteSize" minimum_compete_size: Option<i32>,
        /// How far it competes against the best quote.
        129 "competeAgainstBestOffset" compete_against_best_offset: Option<CompeteOffset>,
        /// Offset from the midpoint where that is a whole tick.
        130 "midOffsetAtWhole" mid_offset_at_whole: Option<Decimal>,
        /// Offset from the midpoint where that is half a tick.
        131 "midOffsetAtHalf" mid_offset_at_half: Option<Decimal>,
        /// Account of the customer.
        132 "customerAccount" customer_account: String,
        /// The customer is a professional.
        133 "professionalCustomer" professional_customer: bool,
        /// Accrued interest of a bond; told in answers.
        134 "bondAccruedInterest" bond_accrued_interest: String,
        /// Take part in the overnight session.
        135 "includeOvernight" include_overnight: bool,
        /// Whether a person gave the order (CME).
        136 "manualOrderIndicator" manual_order_indicator: Option<ManualOrder>,
        /// Who submitted it; told in answers.
        137 "submitter" submitter: String,
        /// Take it off the market without cancelling it.
        gated(V::ADDITIONAL_ORDER_PARAMS_1) 138 "deactivate" deactivate: bool,
        /// Only add liquidity.
        gated(V::ADDITIONAL_ORDER_PARAMS_1) 139 "postOnly" post_only: bool,
        /// Take part before the open.
        gated(V::ADDITIONAL_ORDER_PARAMS_1) 140 "allowPreOpen" allow_pre_open: bool,
        /// Stay out of the opening auction.
        gated(V::ADDITIONAL_ORDER_PARAMS_1) 141 "ignoreOpenAuction" ignore_open_auction: bool,
        /// Seek price improvement.
        gated(V::ADDITIONAL_ORDER_PARAMS_2) 142 "seekPriceImprovement" seek_price_improvement: Option<bool>,
        /// Kind of what-if answer.
        gated(V::ADDITIONAL_ORDER_PARAMS_2) 143 "whatIfType" what_if_type: Option<i32>,
        /// Maximum size of a hedge.
        gated(V::HEDGE_MAX_SIZE) 144 "hedgeMaxSize" hedge_max_size: Option<i32>,
        /// The conditions look at the overnight session.
        gated(V::COND_ORDER_WITH_OVERNIGHT_PARAM) 145 "conditionsIncludeOvernight" conditions_include_overnight: bool,
        /// BOX auction it takes part in; text form only.
        auction 0 "auctionStrategy" auction_strategy: Option<AuctionStrategy> = Some(AuctionStrategy::None),
        /// Allocation profile of a financial advisor; below server version 177, text form only.
        text_only 0 "faProfile" advisor_profile: String,
        /// Basis points of an exchange for physical; told in text answers only.
        text_only 0 "basisPoints" basis_points: Option<Decimal>,
        /// What those points count.
        text_only 0 "basisPointsType" basis_points_type: Option<i32>,
    }
}

impl Order {
    /// An order that trades `quantity` units at once or at its limit; the rest as IB's client has it.
    #[inline] // an order is large: it is made where it stays
    #[must_use]
    pub fn new(action: Action, quantity: Decimal, order_type: OrderType) -> Self {
        Self { action, total_quantity: Some(quantity), order_type, ..Self::default() }
    }

    /// At once, at whatever price.
    #[inline] // an order is large: it is made where it stays
    #[must_use]
    pub fn market(action: Action, quantity: Decimal) -> Self {
        Self::new(action, quantity, OrderType::Market)
    }

    /// At `limit_price` or better.
    #[inline] // an order is large: it is made where it stays
    #[must_use]
    pub fn limit(action: Action, quantity: Decimal, limit_price: Decimal) -> Self {
        Self { limit_price: Some(limit_price), ..Self::new(action, quantity, OrderType::Limit) }
    }

    /// At the market once `stop_price` is touched.
    #[inline] // an order is large: it is made where it stays
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

impl Wire<'_> {
    /// The auction of an order, in text only. The default says nothing, so that leaving it out loses nothing.
    pub(crate) fn auction(&mut self, tag: &'static Tag, auction: &mut Option<AuctionStrategy>) -> Result<()> {
        *auction = auction.filter(|strategy| *strategy != AuctionStrategy::None);
        self.text_only(tag, auction)
    }
}

body! {
    /// A soft dollar tier: a commission that pays for research.
    SoftDollarTier {
        1 "name" name: String,
        2 "val" "value" value: String,
        /// For people; told in answers.
        3 "displayName" display_name: String,
    }
}

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

    fn stands_for_unset(&self) -> bool {
        matches!(self, Self::By(offset) if offset.stands_for_unset())
    }

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
