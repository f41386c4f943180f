//! Orders, what became of them, and what they traded.

use rust_decimal::Decimal;

use crate::body::{body, fields};
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

fields! {
    /// Places an order, or changes one that has the same id. `PLACE_ORDER`, method `placeOrder`.
    /// Answered by [`OpenOrder`], [`OrderStatus`], [`ExecutionData`], [`CommissionReport`] and notices, in any order.
    PlaceOrder {
        /// Never used before, except to change that order.
        "orderId" order_id: OrderId,
        /// What to trade.
        "contract" contract: Contract,
        /// How.
        "order" order: Order,
        /// A stop loss and a profit taker that TWS attaches, from server version 218.
        "attachedOrders" attached: Option<AttachedOrders>,
    }
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

body! {
    /// Orders that TWS attaches to a new one by its presets. Wire name `AttachedOrders`.
    AttachedOrders {
        newer(V::ATTACHED_ORDERS) 1 "slOrderId" stop_loss_id: Option<OrderId>,
        newer(V::ATTACHED_ORDERS) 2 "slOrderType" stop_loss_type: Option<OrderType>,
        newer(V::ATTACHED_ORDERS) 3 "ptOrderId" profit_taker_id: Option<OrderId>,
        newer(V::ATTACHED_ORDERS) 4 "ptOrderType" profit_taker_type: Option<OrderType>,
    }
}

fields! {
    /// Asks to cancel one order. `CANCEL_ORDER`, method `cancelOrder`. Answered by [`OrderStatus`] and a notice with code 202.
    CancelOrder {
        "orderId" order_id: OrderId,
        "orderCancel" details: Option<CancelDetails>,
    }
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

body! {
    /// Who cancels, for CME and for records. Wire name `OrderCancel`.
    CancelDetails {
        /// When a person gave the cancel.
        1 "manualOrderCancelTime" manual_cancel_time: TimeText,
        /// Operator that CME rules want named.
        2 "extOperator" external_operator: String,
        /// Whether a person gave the cancel (CME).
        3 "manualOrderIndicator" manual_order_indicator: Option<ManualOrder>,
    }
}

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

fields! {
    /// Cancels every order of the login, those made by hand too. `REQ_GLOBAL_CANCEL`, method `reqGlobalCancel`.
    GlobalCancel {
        "orderCancel" details: Option<CancelDetails>,
    }
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

body! {
    /// Asks for the open orders of this client. `REQ_OPEN_ORDERS`, method `reqOpenOrders`.
    /// Answered by [`OpenOrder`] and [`OrderStatus`] each, then [`OpenOrdersEnd`].
    RequestOpenOrders, version "1" {}

    /// Asks for the open orders of all clients, once, binding none. `REQ_ALL_OPEN_ORDERS`, method `reqAllOpenOrders`.
    RequestAllOpenOrders, version "1" {}

    /// Asks for today's completed orders. `REQ_COMPLETED_ORDERS`, method `reqCompletedOrders`.
    /// Answered by [`CompletedOrder`] and [`CompletedOrdersEnd`].
    RequestCompletedOrders {
        /// Leave out orders made by hand.
        1 "apiOnly" api_only: bool,
    }
}

fields! {
    /// Asks for executions. `REQ_EXECUTIONS`, method `reqExecutions`.
    /// Answered by [`ExecutionData`] and [`CommissionReport`], then [`ExecutionsEnd`].
    RequestExecutions {
        "reqId" request_id: RequestId,
        /// Which ones.
        "executionFilter" filter: Option<ExecutionFilter>,
    }
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

body! {
    /// Which executions are asked for; what is empty does not limit them. Wire name `ExecutionFilter`.
    ExecutionFilter {
        /// Of one client; 0 for all.
        1 "clientId" client_id: Option<ClientId> = Some(ClientId(0)),
        /// Of one account.
        2 "acctCode" account: String,
        /// Not before, `YYYYMMDD hh:mm:ss` or with `-` and UTC.
        3 "time" time: TimeText,
        /// Of one symbol.
        4 "symbol" symbol: String,
        /// Of one kind of contract.
        5 "secType" security_type: Option<SecurityType>,
        /// At one exchange.
        6 "exchange" exchange: String,
        /// Of one side.
        7 "side" side: Option<Action>,
        /// So many days back, from server version 200.
        8 "lastNDays" last_days: Option<i32>,
        /// Of these dates, `YYYYMMDD` as numbers, from server version 200.
        list 9 "specificDates" dates: Vec<i32>,
    }
}

fields! {
    /// An order and its state. `OPEN_ORDER`, callback `openOrder`.
    OpenOrder; whole {
        /// 0 for orders made by hand.
        "orderId" order_id: OrderId,
        "contract" contract: Contract,
        "order" order: Order,
        "orderState" state: OrderState,
    }
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

body! {
    /// Every open order that was asked for was sent. `OPEN_ORDER_END`, callback `openOrderEnd`.
    OpenOrdersEnd, version "1" {}
}

fields! {
    /// An order that works no more. `COMPLETED_ORDER`, callback `completedOrder`. It has no order id.
    CompletedOrder; whole {
        "contract" contract: Contract,
        "order" order: Order,
        "orderState" state: OrderState,
    }
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

body! {
    /// Every completed order was sent. `COMPLETED_ORDERS_END`, callback `completedOrdersEnd`.
    CompletedOrdersEnd {}

    /// Where an order stands. `ORDER_STATUS`, callback `orderStatus`. None is guaranteed, and repeats are normal.
    OrderStatus {
        /// 0 for orders made by hand.
        1 "orderId" order_id: OrderId,
        2 "status" status: Status,
        /// How much has filled.
        exact 3 "filled" filled: Option<Decimal>,
        /// How much has not.
        exact 4 "remaining" remaining: Option<Decimal>,
        5 "avgFillPrice" average_fill_price: Option<Decimal>,
        6 "permId" permanent_id: Option<PermanentId>,
        7 "parentId" parent_id: Option<OrderId>,
        8 "lastFillPrice" last_fill_price: Option<Decimal>,
        9 "clientId" client_id: Option<ClientId>,
        /// Why it is held, `locate` while shares to short are looked for.
        10 "whyHeld" why_held: String,
        /// Price it is capped at.
        11 "mktCapPrice" market_cap_price: Option<Decimal>,
    }
}

fields! {
    /// One execution and its contract. `EXECUTION_DATA`, callback `execDetails`.
    ExecutionData {
        /// The request it answers; -1 or unset as it happens.
        "reqId" request_id: Option<RequestId>,
        "contract" contract: Contract,
        "execution" execution: Execution,
    }
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

body! {
    /// One fill of an order. Wire name `Execution`.
    Execution; sparse {
        /// 0, or the maximum, for orders made by hand.
        1 "orderId" order_id: Option<OrderId>,
        /// Unique; what stands behind its last dot is a revision.
        2 "execId" execution_id: String,
        /// When, in the zone of TWS or as it is configured.
        3 "time" time: TimeText,
        4 "acctNumber" account: String,
        5 "exchange" exchange: String,
        6 "side" side: ExecutionSide,
        /// How much.
        exact 7 "shares" quantity: Option<Decimal>,
        /// Without commission.
        8 "price" price: Option<Decimal>,
        9 "permId" permanent_id: Option<PermanentId>,
        10 "clientId" client_id: Option<ClientId>,
        /// Whether IB closed the position by force.
        11 "liquidation" "isLiquidation" liquidation: bool,
        /// How much of the order has filled.
        exact 12 "cumQty" cumulative_quantity: Option<Decimal>,
        /// Average price of the order.
        13 "avgPrice" average_price: Option<Decimal>,
        /// The owner's own name of the order.
        14 "orderRef" order_reference: String,
        15 "evRule" ev_rule: String,
        16 "evMultiplier" ev_multiplier: Option<Decimal>,
        17 "modelCode" model_code: String,
        18 "lastLiquidity" last_liquidity: Option<Liquidity>,
        /// The price may still be revised.
        19 "pendingPriceRevision" "isPriceRevisionPending" price_revision_pending: bool,
        /// Who submitted the order.
        20 "submitter" submitter: String,
        /// How an option was exercised or lapsed; protobuf form only.
        21 "optExerciseOrLapseType" exercise_or_lapse: Option<ExerciseOutcome>,
    }
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

body! {
    /// Every execution that was asked for was sent. `EXECUTION_DATA_END`, callback `execDetailsEnd`.
    ExecutionsEnd, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// What an execution cost. `COMMISSION_AND_FEES_REPORT`, callback `commissionAndFeesReport`.
    /// It may come before its execution, long after it, or for another client's.
    CommissionReport, version "1" {
        1 "execId" execution_id: String,
        /// Commission and fees.
        maxed 2 "commissionAndFees" commission: Option<Decimal>,
        3 "currency" currency: String,
        /// What the execution realised, as IB counts it.
        maxed 4 "realizedPNL" realized_pnl: Option<Decimal>,
        /// Yield of a bond.
        maxed 5 "yield_" "bondYield" bond_yield: Option<Decimal>,
        /// `YYYYMMDD`.
        6 "yieldRedemptionDate" yield_redemption_date: TimeText,
    }
}
