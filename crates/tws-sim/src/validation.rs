//! What an order must be before it is one, in the words of TWS.

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::condition::Condition;
use tws_proto::ids::OrderId;
use tws_proto::kinds::{Action, AlgoStrategy, OrderType, TimeInForce, TriggerMethod};
use tws_proto::message::{AttachedOrders, PlaceOrder};

use crate::instrument::{Instrument, MarketKind};
use crate::kind::{Kind, Pricing, Session, Trigger};
use crate::order_time::{self, DayMeans};
use crate::time::SimTime;

/// The largest order: beyond it amounts would not be exact any more.
pub(crate) const QUANTITY_MAX: Decimal = Decimal::from_parts(100_000_000, 0, 0, false, 0);
/// The highest price of an order.
pub(crate) const PRICE_MAX: Decimal = Decimal::from_parts(10_000_000, 0, 0, false, 0);
/// The largest offset, percentage or sum of money of an order.
const AMOUNT_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// Order types in spellings that the wire knows and that are taken and held.
const KNOWN_OTHERWISE: [&str; 4] = ["PEGBEST", "PEGBENCH", "PEGSTK", "VWAP"];

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

    pub(crate) fn bad_field(cause: &str) -> Self {
        Self::Invalid(321, format!("Error validating request.-'bN' : cause - {cause}"))
    }
}

/// What an order is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// One instrument.
    Instrument(&'a Instrument),
    /// A combination with this price step.
    Combination {
        /// The finest step of its legs.
        min_tick: Decimal,
    },
}

/// Checks everything that can be checked without knowing other orders.
pub(crate) fn check(request: &PlaceOrder, subject: Subject<'_>, now: SimTime) -> Result<(), Refusal> {
    let order = &request.order;
    check_action(order)?;
    check_kind(order)?;
    check_prices(order, subject)?;
    check_quantity(order, subject)?;
    check_times(order, now)?;
    match subject {
        Subject::Instrument(instrument) if instrument.market == MarketKind::TradesOnly => {
            Err(Refusal::invalid(412, "The contract is not available for trading."))
        }
        Subject::Instrument(_) | Subject::Combination { .. } => Ok(()),
    }
}

fn check_action(order: &Order) -> Result<(), Refusal> {
    match &order.action {
        Action::Buy | Action::Sell | Action::SellShort | Action::SellLong => Ok(()),
        Action::Other(word) => Err(Refusal::bad_field(&format!("Invalid action: {word}"))),
    }
}

fn check_kind(order: &Order) -> Result<(), Refusal> {
    if let OrderType::Other(word) = &order.order_type
        && Kind::of(order).is_none()
        && !KNOWN_OTHERWISE.contains(&word.as_str())
    {
        return Err(Refusal::bad_field(&format!("Invalid order type: {word}")));
    }
    if let Some(TimeInForce::Other(word)) = &order.time_in_force {
        return Err(Refusal::bad_field(&format!("Invalid time in force: {word}")));
    }
    if let Some(TriggerMethod::Other(code)) = &order.trigger_method {
        return Err(Refusal::bad_field(&format!("Invalid trigger method: {code}")));
    }
    match (&order.order_type, &order.time_in_force) {
        (OrderType::MarketOnClose | OrderType::LimitOnClose, Some(tif)) if *tif != TimeInForce::Day => {
            Err(Refusal::invalid(113, "The Tif option should be set to DAY for MOC and LOC orders."))
        }
        (kind, Some(TimeInForce::AtOpening)) if !matches!(kind, OrderType::Market | OrderType::Limit) => {
            Err(Refusal::invalid(111, "The TIF (Tif type) and the order type are incompatible."))
        }
        _ => Ok(()),
    }
}

fn check_prices(order: &Order, subject: Subject<'_>) -> Result<(), Refusal> {
    let used = [
        order.limit_price,
        order.aux_price,
        order.trail_stop_price,
        order.limit_price_offset,
        order.trailing_percent,
        order.percent_offset,
        order.discretionary_amount,
        order.cash_quantity,
    ];
    let Some(kind) = Kind::of(order) else { return Ok(()) }; // it never trades
    let needed =
        [(kind.needs_limit(), order.limit_price, "limit price"), (kind.needs_stop(), order.aux_price, "stop price")];
    for (needed, price, name) in needed {
        if !needed {
            continue;
        }
        match price {
            Some(price) if price <= Decimal::ZERO && !matches!(subject, Subject::Combination { .. }) => {
                return Err(Refusal::bad_field(&format!("The {name} must be above 0")));
            }
            Some(price) if price.abs() > PRICE_MAX => {
                return Err(Refusal::bad_field(&format!("The {name} is out of range")));
            }
            Some(price) => check_grid(price, subject)?,
            None => return Err(Refusal::bad_field(&format!("The {name} is missing"))),
        }
    }
    if used.iter().flatten().any(|number| number.abs() > AMOUNT_MAX) {
        return Err(Refusal::bad_field("A price or an amount is out of range"));
    }
    if kind.trigger == Trigger::Trail {
        check_trail(order, kind, subject)?;
    }
    Ok(())
}

fn check_trail(order: &Order, kind: Kind, subject: Subject<'_>) -> Result<(), Refusal> {
    let is_above = |value: Option<Decimal>| value.is_some_and(|value| value > Decimal::ZERO);
    if !is_above(order.aux_price) && !is_above(order.trailing_percent) {
        return Err(Refusal::bad_field("The trailing amount is missing"));
    }
    if order.trailing_percent.is_some_and(|percent| percent >= Decimal::ONE_HUNDRED) {
        return Err(Refusal::bad_field("The trailing percent must be below 100"));
    }
    if let Some(stop) = order.trail_stop_price.filter(|stop| *stop > Decimal::ZERO) {
        check_grid(stop, subject)?;
    }
    let has_limit =
        order.limit_price_offset.is_some() || (order.limit_price.is_some() && is_above(order.trail_stop_price));
    if kind.pricing == Pricing::TrailingLimit && !has_limit {
        return Err(Refusal::bad_field("The limit price offset is missing"));
    }
    Ok(())
}

fn check_grid(price: Decimal, subject: Subject<'_>) -> Result<(), Refusal> {
    let fits = match subject {
        Subject::Instrument(instrument) => instrument.is_on_grid(price),
        Subject::Combination { min_tick } => (price % min_tick).is_zero(),
    };
    let text = "The price does not conform to the minimum price variation for this contract.";
    if fits { Ok(()) } else { Err(Refusal::invalid(110, text)) }
}

fn check_quantity(order: &Order, subject: Subject<'_>) -> Result<(), Refusal> {
    let size_increment = match subject {
        Subject::Instrument(instrument) => instrument.size_increment,
        Subject::Combination { .. } => Decimal::ONE,
    };
    // What a hedge needs, and what cash buys, is found out later.
    let found_later = order.hedge_type.is_some() || order.cash_quantity.is_some_and(|cash| cash > Decimal::ZERO);
    match order.total_quantity {
        None if found_later => Ok(()),
        Some(size) if size.is_zero() && found_later => Ok(()),
        None => Err(Refusal::bad_field("The order size is missing")),
        Some(size) if size.is_zero() => Err(Refusal::invalid(434, "The order size cannot be zero.")),
        Some(size) if size < Decimal::ZERO => Err(Refusal::bad_field("The order size must be above 0")),
        Some(size) if size > QUANTITY_MAX => Err(Refusal::bad_field("The order size is out of range")),
        Some(size) if !(size % size_increment).is_zero() => {
            Err(Refusal::invalid(10318, "This order doesn't support fractional quantity trading"))
        }
        Some(_) => Ok(()),
    }
}

fn check_times(order: &Order, now: SimTime) -> Result<(), Refusal> {
    let text = "The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xx/xxxx";
    if order.time_in_force == Some(TimeInForce::GoodTillDate) {
        match order_time::moment(&order.good_till_date, DayMeans::End, now) {
            None if order.good_till_date.is_empty() => {
                return Err(Refusal::invalid(334, "Invalid Good Till Date order"));
            }
            None => return Err(Refusal::invalid(343, text)),
            Some(until) if until <= now => return Err(Refusal::invalid(334, "Invalid Good Till Date order")),
            Some(_) => {}
        }
    }
    if !order.good_after_time.is_empty() && order_time::moment(&order.good_after_time, DayMeans::Start, now).is_none() {
        return Err(Refusal::invalid(337, text));
    }
    let unreadable = |condition: &Condition| match condition {
        Condition::Time { time, .. } => order_time::moment(time, DayMeans::Start, now).is_none(),
        _ => false,
    };
    if order.conditions.iter().any(unreadable) {
        return Err(Refusal::invalid(
            391,
            "The time or time-zone entered is invalid. The correct format is hh:mm:ss xxx",
        ));
    }
    Ok(())
}

/// IB's own client sends an empty one with every order.
fn asks_for_something(attached: &AttachedOrders) -> bool {
    let AttachedOrders { stop_loss_id, stop_loss_type, profit_taker_id, profit_taker_type } = attached;
    let is_set = |id: &Option<OrderId>| id.is_some_and(|id| id.0 != 0);
    is_set(stop_loss_id) || is_set(profit_taker_id) || stop_loss_type.is_some() || profit_taker_type.is_some()
}

/// Why the simulator cannot execute a legal order honestly: the first thing that would change what the order does and
/// that it does not know how to do. Such an order is taken and held.
pub(crate) fn unsimulated(request: &PlaceOrder, subject: Subject<'_>) -> Option<String> {
    let order = &request.order;
    let Some(kind) = Kind::of(order) else { return Some(format!("order type {}", order.order_type.as_str())) };
    if matches!(order.time_in_force, Some(TimeInForce::Auction | TimeInForce::Minutes)) {
        let tif = order.time_in_force.as_ref().map_or("", TimeInForce::as_str);
        return Some(format!("time in force {tif}"));
    }
    let is_combination = matches!(subject, Subject::Combination { .. });
    if is_combination && !matches!(order.order_type, OrderType::Market | OrderType::Limit) {
        return Some(format!("order type {} of a combination", order.order_type.as_str()));
    }
    let is_set = |value: Option<Decimal>| value.is_some_and(|value| !value.is_zero());
    let counts = |value: Option<i32>| value.is_some_and(|value| value > 0);
    let by_cash = is_set(order.cash_quantity);
    let by_amount_and_percent =
        kind.trigger == Trigger::Trail && is_set(order.aux_price) && is_set(order.trailing_percent);
    let checks = [
        (request.attached.as_ref().is_some_and(asks_for_something), "attachedOrders"),
        (by_cash && is_set(order.total_quantity), "cashQty beside totalQuantity"),
        (by_cash && (is_combination || kind.session != Session::Any), "cashQty of this order type"),
        (by_amount_and_percent, "auxPrice beside trailingPercent"),
        (kind.trigger == Trigger::Trail && kind.session != Session::Any, "a trailing stop in an auction"),
        (order.hedge_type.is_some(), "hedgeType"),
        (order.delta_neutral_order_type.is_some(), "deltaNeutralOrderType"),
        (is_set(order.scale_price_increment), "scalePriceIncrement"),
        (!order.scale_table.is_empty(), "scaleTable"),
        (order.adjusted_order_type.is_some(), "adjustedOrderType"),
        (!order.active_start_time.is_empty(), "activeStartTime"),
        (!order.active_stop_time.is_empty(), "activeStopTime"),
        (counts(order.duration), "duration"),
        (!order.advisor_profile.is_empty(), "faProfile"),
        (order.imbalance_only, "imbalanceOnly"),
        (order.post_only && kind.pricing != Pricing::Limit, "postOnly of this order type"),
        (order.discretionary_amount.is_some_and(|amount| amount < Decimal::ZERO), "discretionaryAmt below 0"),
    ];
    if let Some(name) = checks.into_iter().find_map(|(set, name)| set.then_some(name)) {
        return Some(name.to_owned());
    }
    let sliced = matches!(order.order_type, OrderType::Market | OrderType::Limit);
    match &order.algo_strategy {
        None => None,
        Some(AlgoStrategy::Adaptive | AlgoStrategy::Twap | AlgoStrategy::Vwap) if sliced => None,
        Some(other) => Some(format!("algorithm {}", other.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: SimTime = SimTime(1_381_165_200_000);

    fn acme() -> Instrument {
        Instrument::stock(1, "ACME", "USD", Decimal::TEN)
    }

    #[track_caller]
    fn check_order(change: impl FnOnce(&mut Order), expected: Option<Refusal>) {
        let mut order = Order::limit(Action::Buy, 100.into(), Decimal::new(1001, 2));
        change(&mut order);
        let request = PlaceOrder { order, ..PlaceOrder::default() };
        assert_eq!(check(&request, Subject::Instrument(&acme()), NOON).err(), expected);
    }

    #[track_caller]
    fn check_held(change: impl FnOnce(&mut Order), expected: Option<&str>) {
        let mut order = Order::limit(Action::Buy, 100.into(), Decimal::new(1001, 2));
        change(&mut order);
        let request = PlaceOrder { order, ..PlaceOrder::default() };
        assert_eq!(check(&request, Subject::Instrument(&acme()), NOON), Ok(()));
        assert_eq!(unsimulated(&request, Subject::Instrument(&acme())).as_deref(), expected);
    }

    fn bad(cause: &str) -> Option<Refusal> {
        Some(Refusal::Invalid(321, format!("Error validating request.-'bN' : cause - {cause}")))
    }

    #[track_caller]
    fn check_attached(attached: AttachedOrders, expected: Option<&str>) {
        let order = Order::market(Action::Buy, 100.into());
        let request = PlaceOrder { order, attached: Some(attached), ..PlaceOrder::default() };
        assert_eq!(unsimulated(&request, Subject::Instrument(&acme())).as_deref(), expected);
    }

    #[test]
    fn empty_attachments_are_none() {
        check_attached(AttachedOrders::default(), None);
        let stop = AttachedOrders { stop_loss_id: Some(OrderId(2)), ..AttachedOrders::default() };
        check_attached(stop, Some("attachedOrders"));
    }

    #[test]
    fn what_cannot_be_executed_honestly_is_named() {
        check_held(|_| {}, None);
        check_held(|order| order.order_type = OrderType::Volatility, Some("order type VOL"));
        check_held(|order| order.order_type = OrderType::Other("PEGBEST".into()), Some("order type PEGBEST"));
        check_held(|order| order.time_in_force = Some(TimeInForce::Auction), Some("time in force AUC"));
        check_held(|order| order.algo_strategy = Some(AlgoStrategy::Adaptive), None);
        check_held(|order| order.algo_strategy = Some(AlgoStrategy::ArrivalPrice), Some("algorithm ArrivalPx"));
        check_held(|order| order.scale_price_increment = Some(Decimal::ONE), Some("scalePriceIncrement"));
        check_held(|order| order.all_or_none = true, None);
    }

    #[test]
    fn orders_are_checked_as_tws_checks_them() {
        check_order(|_| {}, None);
        check_order(|order| order.order_type = OrderType::Market, None);
        check_order(|order| order.time_in_force = Some(TimeInForce::ImmediateOrCancel), None);
        check_order(|order| order.action = Action::Other("HOLD".into()), bad("Invalid action: HOLD"));
        check_order(|order| order.order_type = OrderType::Trail, bad("The trailing amount is missing"));
        check_order(|order| order.order_type = OrderType::Other("XYZ".into()), bad("Invalid order type: XYZ"));
        check_order(|order| order.limit_price = None, bad("The limit price is missing"));
        check_order(|order| order.limit_price = Some(Decimal::ZERO), bad("The limit price must be above 0"));
        check_order(|order| order.order_type = OrderType::Stop, bad("The stop price is missing"));
        check_order(|order| order.total_quantity = None, bad("The order size is missing"));
        check_order(|order| order.total_quantity = Some((-1).into()), bad("The order size must be above 0"));
        check_order(|order| order.total_quantity = Some(Decimal::MAX), bad("The order size is out of range"));
        check_order(|order| order.limit_price = Some(Decimal::MAX), bad("The limit price is out of range"));
        check_order(|order| order.aux_price = Some(Decimal::MAX), bad("A price or an amount is out of range"));
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

    #[test]
    fn time_in_force_and_times_fit_the_order() {
        let invalid = |code, text: &str| Some(Refusal::Invalid(code, text.into()));
        let good_till = |date: &'static str| {
            move |order: &mut Order| {
                order.time_in_force = Some(TimeInForce::GoodTillDate);
                order.good_till_date = date.into();
            }
        };
        check_order(good_till("20131008 16:00:00 US/Eastern"), None);
        check_order(good_till(""), invalid(334, "Invalid Good Till Date order"));
        check_order(good_till("20131006"), invalid(334, "Invalid Good Till Date order"));
        let format = "The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xx/xxxx";
        check_order(good_till("soon"), invalid(343, format));
        check_order(|order| order.good_after_time = "soon".into(), invalid(337, format));
        check_order(|order| order.good_till_date = "unused without GTD".into(), None);
        let closing = "The Tif option should be set to DAY for MOC and LOC orders.";
        let late = |order: &mut Order| {
            order.order_type = OrderType::LimitOnClose;
            order.time_in_force = Some(TimeInForce::GoodTillCancelled);
        };
        check_order(late, invalid(113, closing));
    }
}
