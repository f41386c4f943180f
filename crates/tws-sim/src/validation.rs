//! What an order must be before it is one, in the words of TWS.

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::ids::OrderId;
use tws_proto::kinds::{Action, OrderType, TimeInForce, TriggerMethod};
use tws_proto::message::{AttachedOrders, PlaceOrder};

use crate::instrument::{Instrument, MarketKind};

/// The largest order: beyond it amounts would not be exact any more.
const QUANTITY_MAX: Decimal = Decimal::from_parts(100_000_000, 0, 0, false, 0);
/// The highest price of an order.
const PRICE_MAX: Decimal = Decimal::from_parts(10_000_000, 0, 0, false, 0);

/// Why an order is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It never becomes an order: only the notice is sent.
    Invalid(i32, String),
    /// The broker rejects it: notice 201 and the status Inactive.
    Rejected(String),
}

impl Refusal {
    pub(crate) fn invalid(code: i32, text: impl Into<String>) -> Self {
        Self::Invalid(code, text.into())
    }

    fn bad_field(cause: &str) -> Self {
        Self::Invalid(321, format!("Error validating request.-'bN' : cause - {cause}"))
    }

    fn cannot(what: &str) -> Self {
        Self::Rejected(format!("the simulator cannot execute {what} honestly"))
    }
}

/// Checks everything that can be checked without knowing other orders.
pub(crate) fn check(request: &PlaceOrder, instrument: &Instrument) -> Result<(), Refusal> {
    let order = &request.order;
    check_action(order)?;
    check_kind(order)?;
    check_prices(order, instrument)?;
    check_quantity(order, instrument)?;
    if instrument.market == MarketKind::TradesOnly {
        return Err(Refusal::invalid(412, "The contract is not available for trading."));
    }
    if request.attached.as_ref().is_some_and(asks_for_something) {
        return Err(Refusal::cannot("attachedOrders"));
    }
    match inexecutable(order) {
        Some(field) => Err(Refusal::cannot(field)),
        None => Ok(()),
    }
}

/// IB's own client sends an empty one with every order.
fn asks_for_something(attached: &AttachedOrders) -> bool {
    let AttachedOrders { stop_loss_id, stop_loss_type, profit_taker_id, profit_taker_type } = attached;
    let is_set = |id: &Option<OrderId>| id.is_some_and(|id| id.0 != 0);
    is_set(stop_loss_id) || is_set(profit_taker_id) || stop_loss_type.is_some() || profit_taker_type.is_some()
}

fn check_action(order: &Order) -> Result<(), Refusal> {
    match &order.action {
        Action::Buy | Action::Sell | Action::SellShort | Action::SellLong => Ok(()),
        Action::Other(word) => Err(Refusal::bad_field(&format!("Invalid action: {word}"))),
    }
}

fn check_kind(order: &Order) -> Result<(), Refusal> {
    match &order.order_type {
        OrderType::Market | OrderType::Limit | OrderType::Stop | OrderType::StopLimit => {}
        OrderType::Other(word) => return Err(Refusal::bad_field(&format!("Invalid order type: {word}"))),
        known => return Err(Refusal::cannot(&format!("order type {}", known.as_str()))),
    }
    match &order.time_in_force {
        None | Some(TimeInForce::Day | TimeInForce::GoodTillCancelled | TimeInForce::ImmediateOrCancel) => {}
        Some(TimeInForce::Other(word)) => return Err(Refusal::bad_field(&format!("Invalid time in force: {word}"))),
        Some(known) => return Err(Refusal::cannot(&format!("time in force {}", known.as_str()))),
    }
    if let Some(TriggerMethod::Other(code)) = &order.trigger_method {
        return Err(Refusal::bad_field(&format!("Invalid trigger method: {code}")));
    }
    Ok(())
}

fn check_prices(order: &Order, instrument: &Instrument) -> Result<(), Refusal> {
    let needs_limit = matches!(order.order_type, OrderType::Limit | OrderType::StopLimit);
    let needs_stop = matches!(order.order_type, OrderType::Stop | OrderType::StopLimit);
    for (needed, price, name) in
        [(needs_limit, order.limit_price, "limit price"), (needs_stop, order.aux_price, "stop price")]
    {
        if !needed {
            continue;
        }
        match price {
            Some(price) if price <= Decimal::ZERO => {
                return Err(Refusal::bad_field(&format!("The {name} must be above 0")));
            }
            Some(price) if price > PRICE_MAX => {
                return Err(Refusal::bad_field(&format!("The {name} is out of range")));
            }
            Some(price) if !instrument.is_on_grid(price) => {
                let text = "The price does not conform to the minimum price variation for this contract.";
                return Err(Refusal::invalid(110, text));
            }
            Some(_) => {}
            None => return Err(Refusal::bad_field(&format!("The {name} is missing"))),
        }
    }
    Ok(())
}

fn check_quantity(order: &Order, instrument: &Instrument) -> Result<(), Refusal> {
    match order.total_quantity {
        None => Err(Refusal::bad_field("The order size is missing")),
        Some(size) if size.is_zero() => Err(Refusal::invalid(434, "The order size cannot be zero.")),
        Some(size) if size < Decimal::ZERO => Err(Refusal::bad_field("The order size must be above 0")),
        Some(size) if size > QUANTITY_MAX => Err(Refusal::bad_field("The order size is out of range")),
        Some(size) if !(size % instrument.size_increment).is_zero() => {
            Err(Refusal::invalid(10318, "This order doesn't support fractional quantity trading"))
        }
        Some(_) => Ok(()),
    }
}

/// The first attribute that would change what the order does and that the simulator does not know how to do.
fn inexecutable(order: &Order) -> Option<&'static str> {
    let is_set = |value: Option<Decimal>| value.is_some_and(|value| !value.is_zero());
    let counts = |value: Option<i32>| value.is_some_and(|value| value > 0);
    let checks = [
        (order.all_or_none, "allOrNone"),
        (counts(order.minimum_quantity), "minQty"),
        (is_set(order.cash_quantity), "cashQty"),
        (is_set(order.discretionary_amount), "discretionaryAmt"),
        (order.discretionary_up_to_limit, "discretionaryUpToLimitPrice"),
        (!order.conditions.is_empty(), "conditions"),
        (order.algo_strategy.is_some(), "algoStrategy"),
        (order.hedge_type.is_some(), "hedgeType"),
        (order.delta_neutral_order_type.is_some(), "deltaNeutralOrderType"),
        (is_set(order.scale_price_increment), "scalePriceIncrement"),
        (!order.scale_table.is_empty(), "scaleTable"),
        (order.adjusted_order_type.is_some(), "adjustedOrderType"),
        (is_set(order.trailing_percent), "trailingPercent"),
        (!order.good_after_time.is_empty(), "goodAfterTime"),
        (!order.good_till_date.is_empty(), "goodTillDate"),
        (!order.active_start_time.is_empty(), "activeStartTime"),
        (!order.active_stop_time.is_empty(), "activeStopTime"),
        (counts(order.duration), "duration"),
        (!order.advisor_group.is_empty(), "faGroup"),
        (!order.advisor_profile.is_empty(), "faProfile"),
        (order.randomize_size, "randomizeSize"),
        (order.randomize_price, "randomizePrice"),
        (order.deactivate, "deactivate"),
        (order.post_only, "postOnly"),
        (order.imbalance_only, "imbalanceOnly"),
        (order.auto_cancel_parent, "autoCancelParent"),
    ];
    checks.into_iter().find_map(|(set, name)| set.then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_order(change: impl FnOnce(&mut Order), expected: Option<Refusal>) {
        let mut order = Order::limit(Action::Buy, 100.into(), Decimal::new(1001, 2));
        change(&mut order);
        let request = PlaceOrder { order, ..PlaceOrder::default() };
        let instrument = Instrument::stock(1, "ACME", "USD", Decimal::TEN);
        assert_eq!(check(&request, &instrument).err(), expected);
    }

    fn rejected(what: &str) -> Option<Refusal> {
        Some(Refusal::Rejected(format!("the simulator cannot execute {what} honestly")))
    }

    fn bad(cause: &str) -> Option<Refusal> {
        Some(Refusal::Invalid(321, format!("Error validating request.-'bN' : cause - {cause}")))
    }

    #[track_caller]
    fn check_attached(attached: AttachedOrders, expected: Option<Refusal>) {
        let order = Order::market(Action::Buy, 100.into());
        let request = PlaceOrder { order, attached: Some(attached), ..PlaceOrder::default() };
        let instrument = Instrument::stock(1, "ACME", "USD", Decimal::TEN);
        assert_eq!(check(&request, &instrument).err(), expected);
    }

    #[test]
    fn empty_attachments_are_none() {
        check_attached(AttachedOrders::default(), None);
        let stop = AttachedOrders { stop_loss_id: Some(OrderId(2)), ..AttachedOrders::default() };
        check_attached(stop, rejected("attachedOrders"));
    }

    #[test]
    fn orders_are_checked_as_tws_checks_them() {
        check_order(|_| {}, None);
        check_order(|order| order.order_type = OrderType::Market, None);
        check_order(|order| order.time_in_force = Some(TimeInForce::ImmediateOrCancel), None);
        check_order(|order| order.action = Action::Other("HOLD".into()), bad("Invalid action: HOLD"));
        check_order(|order| order.order_type = OrderType::Trail, rejected("order type TRAIL"));
        check_order(|order| order.order_type = OrderType::Other("XYZ".into()), bad("Invalid order type: XYZ"));
        check_order(|order| order.time_in_force = Some(TimeInForce::FillOrKill), rejected("time in force FOK"));
        check_order(|order| order.limit_price = None, bad("The limit price is missing"));
        check_order(|order| order.limit_price = Some(Decimal::ZERO), bad("The limit price must be above 0"));
        check_order(|order| order.order_type = OrderType::Stop, bad("The stop price is missing"));
        check_order(|order| order.total_quantity = None, bad("The order size is missing"));
        check_order(|order| order.total_quantity = Some((-1).into()), bad("The order size must be above 0"));
        check_order(|order| order.total_quantity = Some(Decimal::MAX), bad("The order size is out of range"));
        check_order(|order| order.limit_price = Some(Decimal::MAX), bad("The limit price is out of range"));
        check_order(|order| order.all_or_none = true, rejected("allOrNone"));
        check_order(|order| order.algo_strategy = Some("Vwap".into()), rejected("algoStrategy"));
        let grid = "The price does not conform to the minimum price variation for this contract.";
        check_order(
            |order| order.limit_price = Some(Decimal::new(10_001, 3)),
            Some(Refusal::Invalid(110, grid.into())),
        );
        let zero = "The order size cannot be zero.";
        check_order(|order| order.total_quantity = Some(Decimal::ZERO), Some(Refusal::Invalid(434, zero.into())));
        let fraction = "This order doesn't support fractional quantity trading";
        check_order(
            |order| order.total_quantity = Some(Decimal::new(5, 1)),
            Some(Refusal::Invalid(10318, fraction.into())),
        );
    }
}
