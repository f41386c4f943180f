//! Orders, what became of them, and what they traded.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::error::Result;
use crate::ids::{ClientId, OrderId, PermanentId, RequestId};
use crate::kinds::{Action, ExecutionSide, ExerciseOutcome, Liquidity, ManualOrder, OrderType, SecurityType, Status};
use crate::order::Order;
use crate::order_state::OrderState;
use crate::order_text;
use crate::time::TimeText;
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Wire, layout};

/// Places an order, or changes one that has the same id. `PLACE_ORDER`, method `placeOrder`.
/// Answered by [`OpenOrder`], [`OrderStatus`], [`ExecutionData`], [`CommissionReport`] and notices, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// Never used before, except to change that order. Wire name `orderId`.
    pub order_id: OrderId,
    /// What to trade. Wire name `contract`.
    pub contract: Contract,
    /// How. Wire name `order`.
    pub order: Order,
    /// A stop loss and a profit taker that TWS attaches, from server version 218. Wire name `attachedOrders`.
    pub attached: Option<AttachedOrders>,
}

impl Layout for PlaceOrder {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { order_id, contract, order, attached } = self;
        layout!(w; 1 order_id);
        if w.is_text() {
            order_text::placed(contract, order, w)?;
            layout!(w; absent 4 attached);
        } else {
            layout!(w; nested 2 contract, nested 3 order, optional 4 attached);
        }
        Ok(())
    }
}

/// Orders that TWS attaches to a new one by its presets. Wire name `AttachedOrders`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedOrders {
    /// Wire name `slOrderId`.
    pub stop_loss_id: Option<OrderId>,
    /// Wire name `slOrderType`.
    pub stop_loss_type: Option<OrderType>,
    /// Wire name `ptOrderId`.
    pub profit_taker_id: Option<OrderId>,
    /// Wire name `ptOrderType`.
    pub profit_taker_type: Option<OrderType>,
}
layout!(AttachedOrders { newer(V::ATTACHED_ORDERS) 1 stop_loss_id, newer(V::ATTACHED_ORDERS) 2 stop_loss_type, newer(V::ATTACHED_ORDERS) 3 profit_taker_id, newer(V::ATTACHED_ORDERS) 4 profit_taker_type });

/// Asks to cancel one order. `CANCEL_ORDER`, method `cancelOrder`. Answered by [`OrderStatus`] and a notice with code 202.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOrder {
    /// Wire name `orderId`.
    pub order_id: OrderId,
    /// Wire name `orderCancel`.
    pub details: Option<CancelDetails>,
}

impl CancelOrder {
    /// Cancels the order, as IB's client writes it.
    #[must_use]
    pub fn new(order_id: OrderId) -> Self {
        Self { order_id, details: Some(CancelDetails::default()) }
    }
}

impl Layout for CancelOrder {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { order_id, details } = self;
        if !w.since(V::CME_TAGGING_FIELDS) {
            w.constant("1")?;
        }
        layout!(w; 1 order_id);
        if !w.is_text() {
            layout!(w; optional 2 details);
            return Ok(());
        }
        let details = details.get_or_insert_default();
        layout!(w, details; 1 manual_cancel_time);
        if w.since(V::RFQ_FIELDS) && !w.since(V::UNDO_RFQ_FIELDS) {
            w.constant("")?;
            w.constant("")?;
            w.constant("2147483647")?;
        }
        details.text_of_tagging(w)
    }
}

/// Who cancels, for CME and for records. Wire name `OrderCancel`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelDetails {
    /// When a person gave the cancel. Wire name `manualOrderCancelTime`.
    pub manual_cancel_time: TimeText,
    /// Operator that CME rules want named. Wire name `extOperator`.
    pub external_operator: String,
    /// Whether a person gave the cancel (CME). Wire name `manualOrderIndicator`.
    pub manual_order_indicator: Option<ManualOrder>,
}
layout!(CancelDetails { 1 manual_cancel_time, 2 external_operator, 3 manual_order_indicator });

impl CancelDetails {
    fn text_of_tagging(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { external_operator, manual_order_indicator, .. } = self;
        layout!(w; gated(V::CME_TAGGING_FIELDS) 2 external_operator);
        if w.since(V::CME_TAGGING_FIELDS) {
            layout!(w; maxed 3 manual_order_indicator);
        } else {
            layout!(w; gated(V::CME_TAGGING_FIELDS) 3 manual_order_indicator);
        }
        Ok(())
    }
}

/// Cancels every order of the login, those made by hand too. `REQ_GLOBAL_CANCEL`, method `reqGlobalCancel`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalCancel {
    /// Wire name `orderCancel`.
    pub details: Option<CancelDetails>,
}

impl Layout for GlobalCancel {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { details } = self;
        if !w.since(V::CME_TAGGING_FIELDS) {
            w.constant("1")?;
        }
        if !w.is_text() {
            layout!(w; optional 1 details);
            return Ok(());
        }
        let details = details.get_or_insert_default();
        layout!(w, details; proto_only 1 manual_cancel_time);
        details.text_of_tagging(w)
    }
}

/// Asks for the open orders of this client. `REQ_OPEN_ORDERS`, method `reqOpenOrders`.
/// Answered by [`OpenOrder`] and [`OrderStatus`] each, then [`OpenOrdersEnd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestOpenOrders {}
layout!(RequestOpenOrders, version "1" {});

/// Asks for the open orders of all clients, once, binding none. `REQ_ALL_OPEN_ORDERS`, method `reqAllOpenOrders`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAllOpenOrders {}
layout!(RequestAllOpenOrders, version "1" {});

/// Asks for today's completed orders. `REQ_COMPLETED_ORDERS`, method `reqCompletedOrders`.
/// Answered by [`CompletedOrder`] and [`CompletedOrdersEnd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCompletedOrders {
    /// Leave out orders made by hand. Wire name `apiOnly`.
    pub api_only: bool,
}
layout!(RequestCompletedOrders { 1 api_only });

/// Asks for executions. `REQ_EXECUTIONS`, method `reqExecutions`.
/// Answered by [`ExecutionData`] and [`CommissionReport`], then [`ExecutionsEnd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestExecutions {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Which ones. Wire name `executionFilter`.
    pub filter: Option<ExecutionFilter>,
}

impl Layout for RequestExecutions {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, filter } = self;
        w.constant("3")?;
        layout!(w; 1 request_id);
        if !w.is_text() {
            layout!(w; optional 2 filter);
            return Ok(());
        }
        let filter = filter.get_or_insert_default();
        layout!(w, filter; maxed 1 client_id, 2 account, 3 time, 4 symbol, 5 security_type, 6 exchange, 7 side);
        if w.since(V::PARAMETRIZED_DAYS_OF_EXECUTIONS) {
            layout!(w, filter; maxed 8 last_days, list 9 dates);
        } else {
            layout!(w, filter; gated(V::PARAMETRIZED_DAYS_OF_EXECUTIONS) 8 last_days,
                gated_list(V::PARAMETRIZED_DAYS_OF_EXECUTIONS) 9 dates);
        }
        Ok(())
    }
}

/// Which executions are asked for; what is empty does not limit them. Wire name `ExecutionFilter`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionFilter {
    /// Of one client; 0 for all. Wire name `clientId`.
    pub client_id: Option<ClientId>,
    /// Of one account. Wire name `acctCode`.
    pub account: String,
    /// Not before, `YYYYMMDD hh:mm:ss` or with `-` and UTC. Wire name `time`.
    pub time: TimeText,
    /// Of one symbol. Wire name `symbol`.
    pub symbol: String,
    /// Of one kind of contract. Wire name `secType`.
    pub security_type: Option<SecurityType>,
    /// At one exchange. Wire name `exchange`.
    pub exchange: String,
    /// Of one side. Wire name `side`.
    pub side: Option<Action>,
    /// So many days back, from server version 200. Wire name `lastNDays`.
    pub last_days: Option<i32>,
    /// Of these dates, `YYYYMMDD` as numbers, from server version 200. Wire name `specificDates`.
    pub dates: Vec<i32>,
}

impl Default for ExecutionFilter {
    fn default() -> Self {
        Self {
            client_id: Some(ClientId(0)),
            account: String::new(),
            time: TimeText::default(),
            symbol: String::new(),
            security_type: None,
            exchange: String::new(),
            side: None,
            last_days: None,
            dates: Vec::new(),
        }
    }
}
layout!(ExecutionFilter { 1 client_id, 2 account, 3 time, 4 symbol, 5 security_type, 6 exchange, 7 side, 8 last_days, list 9 dates });

/// An order and its state. `OPEN_ORDER`, callback `openOrder`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// 0 for orders made by hand. Wire name `orderId`.
    pub order_id: OrderId,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Wire name `order`.
    pub order: Order,
    /// Wire name `orderState`.
    pub state: OrderState,
}

impl Layout for OpenOrder {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { order_id, contract, order, state } = self;
        layout!(w; 1 order_id);
        if w.is_text() {
            order_text::open(contract, order, state, w)
        } else {
            layout!(w; nested 2 contract, nested 3 order, nested 4 state);
            Ok(())
        }
    }
}

/// Every open order that was asked for was sent. `OPEN_ORDER_END`, callback `openOrderEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrdersEnd {}
layout!(OpenOrdersEnd, version "1" {});

/// An order that works no more. `COMPLETED_ORDER`, callback `completedOrder`. It has no order id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletedOrder {
    /// Wire name `contract`.
    pub contract: Contract,
    /// Wire name `order`.
    pub order: Order,
    /// Wire name `orderState`.
    pub state: OrderState,
}

impl Layout for CompletedOrder {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { contract, order, state } = self;
        if w.is_text() {
            order_text::completed(contract, order, state, w)
        } else {
            layout!(w; nested 1 contract, nested 2 order, nested 3 state);
            Ok(())
        }
    }
}

/// Every completed order was sent. `COMPLETED_ORDERS_END`, callback `completedOrdersEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletedOrdersEnd {}
layout!(CompletedOrdersEnd {});

/// Where an order stands. `ORDER_STATUS`, callback `orderStatus`. None is guaranteed, and repeats are normal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStatus {
    /// 0 for orders made by hand. Wire name `orderId`.
    pub order_id: OrderId,
    /// Wire name `status`.
    pub status: Status,
    /// How much has filled. Wire name `filled`.
    pub filled: Option<Decimal>,
    /// How much has not. Wire name `remaining`.
    pub remaining: Option<Decimal>,
    /// Wire name `avgFillPrice`.
    pub average_fill_price: Option<Decimal>,
    /// Wire name `permId`.
    pub permanent_id: Option<PermanentId>,
    /// Wire name `parentId`.
    pub parent_id: Option<OrderId>,
    /// Wire name `lastFillPrice`.
    pub last_fill_price: Option<Decimal>,
    /// Wire name `clientId`.
    pub client_id: Option<ClientId>,
    /// Why it is held, `locate` while shares to short are looked for. Wire name `whyHeld`.
    pub why_held: String,
    /// Price it is capped at. Wire name `mktCapPrice`.
    pub market_cap_price: Option<Decimal>,
}
layout!(OrderStatus {
    1 order_id, 2 status, exact 3 filled, exact 4 remaining, 5 average_fill_price, 6 permanent_id, 7 parent_id,
    8 last_fill_price, 9 client_id, 10 why_held, 11 market_cap_price
});

/// One execution and its contract. `EXECUTION_DATA`, callback `execDetails`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionData {
    /// The request it answers; -1 or unset as it happens. Wire name `reqId`.
    pub request_id: Option<RequestId>,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Wire name `execution`.
    pub execution: Execution,
}

impl Layout for ExecutionData {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, contract, execution } = self;
        layout!(w; 1 request_id);
        if w.is_text() {
            layout!(w, execution; 1 order_id);
            contract.text_of_plain_answer(w)?;
            execution.text_behind_contract(w)
        } else {
            layout!(w; nested 2 contract, nested 3 execution);
            Ok(())
        }
    }
}

/// One fill of an order. Wire name `Execution`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Execution {
    /// 0, or the maximum, for orders made by hand. Wire name `orderId`.
    pub order_id: Option<OrderId>,
    /// Unique; what stands behind its last dot is a revision. Wire name `execId`.
    pub execution_id: String,
    /// When, in the zone of TWS or as it is configured. Wire name `time`.
    pub time: TimeText,
    /// Wire name `acctNumber`.
    pub account: String,
    /// Wire name `exchange`.
    pub exchange: String,
    /// Wire name `side`.
    pub side: ExecutionSide,
    /// How much. Wire name `shares`.
    pub quantity: Option<Decimal>,
    /// Without commission. Wire name `price`.
    pub price: Option<Decimal>,
    /// Wire name `permId`.
    pub permanent_id: Option<PermanentId>,
    /// Wire name `clientId`.
    pub client_id: Option<ClientId>,
    /// Whether IB closed the position by force. Wire name `liquidation`, `isLiquidation`.
    pub liquidation: bool,
    /// How much of the order has filled. Wire name `cumQty`.
    pub cumulative_quantity: Option<Decimal>,
    /// Average price of the order. Wire name `avgPrice`.
    pub average_price: Option<Decimal>,
    /// The owner's own name of the order. Wire name `orderRef`.
    pub order_reference: String,
    /// Wire name `evRule`.
    pub ev_rule: String,
    /// Wire name `evMultiplier`.
    pub ev_multiplier: Option<Decimal>,
    /// Wire name `modelCode`.
    pub model_code: String,
    /// Wire name `lastLiquidity`.
    pub last_liquidity: Option<Liquidity>,
    /// The price may still be revised. Wire name `pendingPriceRevision`, `isPriceRevisionPending`.
    pub price_revision_pending: bool,
    /// Who submitted the order. Wire name `submitter`.
    pub submitter: String,
    /// How an option was exercised or lapsed; protobuf form only. Wire name `optExerciseOrLapseType`.
    pub exercise_or_lapse: Option<ExerciseOutcome>,
}

impl Execution {
    /// The text form; the order id stands in front of the contract.
    fn text_behind_contract(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; 2 execution_id, 3 time, 4 account, 5 exchange, 6 side, 7 quantity, 8 price, 9 permanent_id, 10 client_id,
            11 liquidation, 12 cumulative_quantity, 13 average_price, 14 order_reference, 15 ev_rule, 16 ev_multiplier,
            17 model_code, 18 last_liquidity, gated(V::PENDING_PRICE_REVISION) 19 price_revision_pending,
            gated(V::SUBMITTER) 20 submitter, proto_only 21 exercise_or_lapse);
        Ok(())
    }
}
layout!(Execution { 1 order_id, 2 execution_id, 3 time, 4 account, 5 exchange, 6 side, exact 7 quantity, 8 price, 9 permanent_id, 10 client_id, 11 liquidation, exact 12 cumulative_quantity, 13 average_price, 14 order_reference, 15 ev_rule, 16 ev_multiplier, 17 model_code, 18 last_liquidity, 19 price_revision_pending, 20 submitter, 21 exercise_or_lapse });

/// Every execution that was asked for was sent. `EXECUTION_DATA_END`, callback `execDetailsEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionsEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(ExecutionsEnd, version "1" { 1 request_id });

/// What an execution cost. `COMMISSION_AND_FEES_REPORT`, callback `commissionAndFeesReport`.
/// It may come before its execution, long after it, or for another client's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommissionReport {
    /// Wire name `execId`.
    pub execution_id: String,
    /// Commission and fees. Wire name `commissionAndFees`.
    pub commission: Option<Decimal>,
    /// Wire name `currency`.
    pub currency: String,
    /// What the execution realised, as IB counts it. Wire name `realizedPNL`.
    pub realized_pnl: Option<Decimal>,
    /// Yield of a bond. Wire name `yield_`, `bondYield`.
    pub bond_yield: Option<Decimal>,
    /// `YYYYMMDD`. Wire name `yieldRedemptionDate`.
    pub yield_redemption_date: TimeText,
}
layout!(CommissionReport, version "1" {
    1 execution_id, maxed 2 commission, 3 currency, maxed 4 realized_pnl, maxed 5 bond_yield, 6 yield_redemption_date
});
