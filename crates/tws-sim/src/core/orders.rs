//! Orders come and go: what is taken, what holds it, when it works.

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::ids::{ClientId, ContractId};
use tws_proto::kinds::{AlgoStrategy, OrderType, TimeInForce};
use tws_proto::message::PlaceOrder;

use super::Core;
use crate::hours::{HoursKind, MarketHours, Timetable};
use crate::instrument::Class;
use crate::kind::{Kind, Session};
use crate::market::Taker;
use crate::matching;
use crate::order_rules::{AccountKind, MarginCheck, ShortSales};
use crate::order_time::{self, DayMeans};
use crate::orders::{Hold, OrderKey, OrderRecord, Slices, Stage, Target};
use crate::session::SessionId;
use crate::time::SimTime;
use crate::validation::{self, Refusal, Subject};

/// How long an auction takes to print, and its orders to fill.
const AUCTION_MS: i64 = 60_000;
/// How many parts an order is worked in by an algorithm, and how far apart they are where it names no end.
const SLICES: i64 = 10;
const SLICE_MS: i64 = 30_000;
/// The end of time.
pub(super) const NEVER: SimTime = SimTime(i64::MAX);

impl Core {
    pub(super) fn place_order(&mut self, session: SessionId, client: ClientId, request: &PlaceOrder) {
        let key = OrderKey { client, order: request.order_id };
        let placed = match self.desk.get(key) {
            Some(record) => self.modify_order(session, &record.clone(), request),
            None if key.order < self.desk.next_valid(client) => Err(Refusal::invalid(103, "Duplicate order id")),
            None => self.new_order(session, key, request),
        };
        match placed {
            Ok(()) => {}
            Err(Refusal::Invalid(code, text)) => self.outbox.notice(session, key.order.0, code, text),
            Err(Refusal::Rejected(reason)) => self.outbox.notice(session, key.order.0, 201, rejected(&reason)),
        }
    }

    /// An order that was not there before.
    pub(super) fn new_order(&mut self, session: SessionId, key: OrderKey, request: &PlaceOrder) -> Result<(), Refusal> {
        let (target, account) = self.identify(request)?;
        let checked = self.check_order(request, &target);
        if request.order.what_if {
            checked?;
            self.preview(session, key, request, &target, &account);
            return Ok(());
        }
        self.desk.note_used(key);
        let unsimulated = checked?;
        let time_in_force = request.order.time_in_force.clone().unwrap_or(TimeInForce::Day);
        let order = Order { account, time_in_force: Some(time_in_force), ..request.order.clone() };
        let mut record = OrderRecord::new(key, self.desk.fresh_permanent_id(), target, order);
        record.unsimulated = unsimulated;
        self.plan(&mut record);
        match self.check_surroundings(&record) {
            Ok(()) => {}
            Err(Refusal::Rejected(reason)) => {
                self.reject(record, &reason);
                return Ok(());
            }
            Err(invalid @ Refusal::Invalid(..)) => return Err(invalid),
        }
        if self.divert_new_order(&record) {
            return Ok(());
        }
        self.suspend_by_fault(&mut record);
        let transmit = record.order.transmit;
        self.desk.add(record);
        self.watch_conditions(key);
        if transmit {
            self.transmit(key);
        } else {
            self.reschedule(key);
        }
        Ok(())
    }

    /// Checks an order by itself; tells why it cannot be executed honestly, where that is so.
    pub(super) fn check_order(&self, request: &PlaceOrder, target: &Target) -> Result<Option<String>, Refusal> {
        let subject = match self.catalogue.by_id(target.contract_id) {
            Some(instrument) if target.legs.is_empty() => Subject::Instrument(instrument),
            _ => Subject::Combination { min_tick: self.combination_tick(target) },
        };
        validation::check(request, subject, self.now)?;
        self.check_watched(&request.order)?;
        Ok(validation::unsimulated(request, subject))
    }

    /// The contract and the account an order is for.
    pub(super) fn identify(&mut self, request: &PlaceOrder) -> Result<(Target, String), Refusal> {
        let target = if request.contract.is_combination() && !request.contract.combo_legs.is_empty() {
            self.combination(&request.contract)?
        } else {
            let contract_id =
                self.resolve_live(&request.contract).map_err(|(code, text)| Refusal::invalid(code, text))?;
            let Some(instrument) = self.catalogue.by_id(contract_id) else {
                return Err(Refusal::invalid(200, "No security definition has been found for the request"));
            };
            let mut contract = instrument.contract();
            if !request.contract.exchange.is_empty() {
                contract.exchange.clone_from(&request.contract.exchange);
            }
            contract.delta_neutral.clone_from(&request.contract.delta_neutral);
            Target { contract_id, contract, legs: self.known_legs(contract_id) }
        };
        let account = self.account_for(&request.order)?;
        if !target.legs.is_empty() && !request.order.advisor_group.is_empty() {
            return Err(Refusal::Rejected(
                "the simulator cannot spread a combination over a group honestly".to_owned(),
            ));
        }
        Ok((target, account))
    }

    /// Checks an order against others, the account and the market.
    pub(super) fn check_surroundings(&self, record: &OrderRecord) -> Result<(), Refusal> {
        let refuse = |reason: &str| Err(Refusal::Rejected(reason.to_owned()));
        if let Some(parent) = record.parent() {
            match self.desk.get(parent).map(|parent| parent.stage) {
                None => return Err(Refusal::invalid(10006, "Missing parent order.")),
                Some(Stage::Cancelled | Stage::Inactive) => return refuse("Parent order is not active"),
                Some(
                    Stage::Held | Stage::Waiting | Stage::Dormant | Stage::Untriggered | Stage::Working | Stage::Filled,
                ) => {}
            }
        }
        if record.in_group() && self.desk.is_group_spent(&record.order.account, &record.order.oca_group) {
            return refuse("The OCA group was already filled");
        }
        if self.rules.account == AccountKind::Paper
            && let Some(what) = refused_on_paper(&record.order)
        {
            return refuse(&format!("{what} is not available in paper accounts"));
        }
        if let Some(most) = self.rules.active_orders_max
            && self.active_beside(record) >= most
        {
            return refuse(&format!(
                "Your account may have no more than {most} working orders on one side of this contract"
            ));
        }
        self.check_distance(record)?;
        if self.rules.margin == MarginCheck::On {
            self.check_margin(record)?;
        }
        Ok(())
    }

    /// How many other orders of this contract, side and account are active.
    fn active_beside(&self, record: &OrderRecord) -> usize {
        let same = |other: &OrderRecord| {
            other.order.account == record.order.account
                && other.taker() == record.taker()
                && other.contract_id == record.contract_id
                && other.key != record.key
        };
        let market = record.markets().next();
        let live = market.map(|market| self.desk.live_in(market)).unwrap_or_default();
        live.into_iter().filter(|key| self.desk.get(*key).is_some_and(same)).count()
    }

    /// The percentage precaution of order presets.
    fn check_distance(&self, record: &OrderRecord) -> Result<(), Refusal> {
        let Some(percent) = self.rules.price_precaution_percent else { return Ok(()) };
        let market = self.markets.get(&record.contract_id).and_then(crate::market::Market::mark);
        let asked = record.kind().filter(|kind| kind.needs_limit()).and(record.order.limit_price);
        let (Some(mark), Some(limit)) = (market, asked) else { return Ok(()) };
        let away = mark.abs() * percent / Decimal::ONE_HUNDRED;
        let beyond = match record.taker() {
            Taker::Buyer => limit > mark + away,
            Taker::Seller => limit < mark - away,
        };
        if beyond && !record.order.override_percentage_constraints {
            let text =
                format!("The limit is more than {percent}% beyond the market. The order will not be transmitted.");
            return Err(Refusal::invalid(109, text));
        }
        Ok(())
    }

    /// Notice 201 and the status Inactive: the id is used, the order is dead.
    pub(super) fn reject(&mut self, record: OrderRecord, reason: &str) {
        let key = record.key;
        let completed = Some((self.now, format!("Rejected: {reason}")));
        self.desk.add(OrderRecord { stage: Stage::Inactive, completed, ..record });
        self.notice_to_owner(key, 201, rejected(reason));
        self.tell_status(key);
    }

    /// Works out when an order ends, and when it can begin.
    pub(super) fn plan(&self, record: &mut OrderRecord) {
        record.auction = match record.kind().map(|kind| kind.session) {
            None | Some(Session::Any) => None,
            Some(Session::Open) => self.next_edge(record, |session| session.opens),
            Some(Session::Close) => self.next_edge(record, |session| session.closes),
        };
        record.expires = match (record.auction, &record.order.time_in_force) {
            (Some(auction), _) => Some(auction.plus_ms(AUCTION_MS)),
            (None, None | Some(TimeInForce::Day | TimeInForce::DayTillCancelled | TimeInForce::AtOpening)) => {
                Some(self.day_end_of(record))
            }
            (None, Some(TimeInForce::GoodTillDate)) => {
                order_time::moment(&record.order.good_till_date, DayMeans::End, self.now)
            }
            (None, Some(_)) => None,
        };
        record.located = self.located(record);
        record.slices = self.slices(record);
    }

    /// The next opening or close of regular hours.
    fn next_edge(
        &self,
        record: &OrderRecord,
        edge: impl Fn(&crate::hours::TradingSession) -> SimTime,
    ) -> Option<SimTime> {
        let timetable = self.catalogue.by_id(record.markets().next()?).map(Timetable::of)?;
        let session = timetable.session_from(HoursKind::Liquid, self.now)?;
        if edge(&session) > self.now {
            return Some(edge(&session));
        }
        timetable.session_after(HoursKind::Liquid, self.now).as_ref().map(edge)
    }

    /// When a DAY order ends: with its session where markets keep hours, else at midnight.
    fn day_end_of(&self, record: &OrderRecord) -> SimTime {
        if self.hours == MarketHours::AlwaysOpen {
            return self.day_end;
        }
        let session = record.markets().next().and_then(|market| self.trading_session(hours_of(record), market));
        session.map_or(self.day_end, |session| session.closes)
    }

    /// When the shares are found that an order sells short.
    fn located(&self, record: &OrderRecord) -> Option<SimTime> {
        let after = match self.rules.short_sales {
            ShortSales::Free => return None,
            ShortSales::Located { after_ms } => self.now.plus_ms(after_ms),
            ShortSales::Unavailable => NEVER,
        };
        let is_stock = self.catalogue.by_id(record.contract_id).is_some_and(|found| found.class() == Class::Stocks);
        let holding = self.books.account(&record.order.account)?.holdings.get(&record.contract_id);
        let held = holding.map_or(Decimal::ZERO, |holding| holding.quantity);
        (is_stock && record.taker() == Taker::Seller && held < record.total).then_some(after)
    }

    /// How an algorithm releases an order: in equal parts until its end.
    fn slices(&self, record: &OrderRecord) -> Option<Slices> {
        if !matches!(record.order.algo_strategy, Some(AlgoStrategy::Twap | AlgoStrategy::Vwap)) {
            return None;
        }
        let parameter = |name: &str| {
            let found = record.order.algo_parameters.iter().find(|parameter| parameter.tag == name)?;
            order_time::moment(&found.value, DayMeans::End, self.now)
        };
        let start = parameter("startTime").unwrap_or(self.now).max(self.now);
        let every_ms = match parameter("endTime").filter(|end| *end > start) {
            Some(end) => (end.since_ms(start) / SLICES).max(1),
            None => SLICE_MS,
        };
        let increment =
            self.catalogue.by_id(record.contract_id).map_or(Decimal::ONE, |instrument| instrument.size_increment);
        let size = increment * (record.total / Decimal::from(SLICES) / increment).ceil();
        Some(Slices { released: Decimal::ZERO, size, next: start, every_ms })
    }

    /// Makes an order and the held family around it known, then lets each of them trade.
    pub(super) fn transmit(&mut self, key: OrderKey) {
        let family = self.desk.held_family(key);
        for member in &family {
            let Some(record) = self.desk.get(*member) else { continue };
            let parent = record.parent().and_then(|parent| self.desk.get(parent));
            let free = parent.is_none_or(|parent| parent.stage == Stage::Filled);
            if let Some(record) = self.desk.get_mut(*member) {
                record.order.transmit = true;
            }
            if free {
                self.arm(*member);
            } else {
                self.desk.set_stage(*member, Stage::Waiting);
                self.reschedule(*member);
            }
            self.announce(*member);
        }
        for member in family {
            self.try_order(member, None);
        }
    }

    /// Puts an order that nobody keeps back any more where it belongs now.
    pub(super) fn arm(&mut self, key: OrderKey) {
        self.find_quantity(key);
        let Some(record) = self.desk.get(key) else { return };
        let hold = self.hold_on(record);
        let stage = if hold.is_some() { Stage::Dormant } else { record.armed() };
        if let Some(record) = self.desk.get_mut(key) {
            record.hold = hold;
        }
        self.desk.set_stage(key, stage);
        self.reschedule(key);
    }

    /// What holds an order, whose parent does not.
    fn hold_on(&self, record: &OrderRecord) -> Option<Hold> {
        let now = self.now;
        if record.order.deactivate || record.hold == Some(Hold::Deactivated) {
            return Some(Hold::Deactivated);
        }
        if let Some(what) = &record.unsimulated {
            return Some(Hold::Unsimulated(what.clone()));
        }
        if let Some(found) = record.located.filter(|found| *found > now) {
            return Some(Hold::Locate((found < NEVER).then_some(found)));
        }
        let start = order_time::moment(&record.order.good_after_time, DayMeans::Start, now);
        if let Some(start) = start.filter(|start| *start > now && !record.triggered && record.filled.is_zero()) {
            return Some(Hold::Start(start));
        }
        if !record.order.conditions.is_empty() && !record.order.conditions_cancel_order && !record.conditions_met {
            return Some(Hold::Conditions);
        }
        if let Some(auction) = record.auction.filter(|auction| *auction > now) {
            return Some(Hold::Auction(auction));
        }
        if !self.may_trade_now(record) && record.auction.is_none() {
            let market = record.markets().next()?;
            let session = self.timetable(market)?.session_after(hours_of(record), now)?;
            return Some(Hold::Closed(session.opens));
        }
        None
    }

    /// Whether the hours of its market let an order trade now.
    pub(super) fn may_trade_now(&self, record: &OrderRecord) -> bool {
        self.hours == MarketHours::AlwaysOpen
            || record.markets().all(|market| match hours_of(record) {
                HoursKind::Trading => self.is_open(market),
                HoursKind::Liquid => self.is_liquid(market) || record.auction.is_some(),
            })
    }

    /// Finds out how much the cash of an order buys, once there is a price.
    fn find_quantity(&mut self, key: OrderKey) {
        let Some(record) = self.desk.get(key) else { return };
        let Some(cash) = record.order.cash_quantity.filter(|cash| *cash > Decimal::ZERO && record.total.is_zero())
        else {
            return;
        };
        let Some(instrument) = self.catalogue.by_id(record.contract_id) else { return };
        let market = self.markets.get(&record.contract_id);
        let shown = market.and_then(|market| matching::shown(market, record.taker(), self.rules.sizes, Decimal::ONE));
        let mark = market.and_then(crate::market::Market::mark).unwrap_or(instrument.price);
        let price = record.order.limit_price.filter(|limit| *limit > Decimal::ZERO && record.limit().is_some());
        let price = price.or_else(|| shown.map(|level| level.price)).unwrap_or(mark);
        let whole = cash.checked_div(price * instrument.price_factor()).unwrap_or_default();
        let total = whole - whole % instrument.size_increment;
        if let Some(record) = self.desk.get_mut(key) {
            record.total = total.normalize();
        }
    }

    /// Tells a new or activated order, and what is to be said beside it.
    pub(super) fn announce(&mut self, key: OrderKey) {
        self.tell_order(key);
        let Some(record) = self.desk.get(key) else { return };
        let order = &record.order;
        let what = format!(
            "{} {} {} {}",
            order.action.as_str(),
            record.total.normalize(),
            record.contract.symbol,
            record.contract.exchange
        );
        let warning = match &record.hold {
            Some(Hold::Unsimulated(cause)) => {
                format!("The simulator holds this order: it cannot execute {cause} honestly.")
            }
            Some(Hold::Closed(opens)) => format!("your order will not be placed at the exchange until {opens}"),
            Some(Hold::Locate(_)) => {
                let text = "Shares for this order are not immediately available for short sale. The order will be held while we attempt to locate the shares.";
                return self.notice_to_owner(key, 404, text.to_owned());
            }
            Some(Hold::Start(_) | Hold::Conditions | Hold::Auction(_) | Hold::Deactivated) | None
                if ignores_outside_hours(order) =>
            {
                let text = "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored based on the order type and destination. PlaceOrder is now being processed.";
                return self.notice_to_owner(key, 2109, text.to_owned());
            }
            Some(Hold::Start(_) | Hold::Conditions | Hold::Auction(_) | Hold::Deactivated) | None => return,
        };
        self.notice_to_owner(key, 399, format!("Order Message:\n{what}\nWarning: {warning}"));
    }
}

/// In which hours an order trades.
pub(super) fn hours_of(record: &OrderRecord) -> HoursKind {
    let order = &record.order;
    if (order.outside_regular_hours || order.include_overnight) && !ignores_outside_hours(order) {
        HoursKind::Trading
    } else {
        HoursKind::Liquid
    }
}

/// Kinds that trade in regular hours only, whatever they say.
fn ignores_outside_hours(order: &Order) -> bool {
    order.outside_regular_hours
        && matches!(
            order.order_type,
            OrderType::Market | OrderType::MarketOnClose | OrderType::LimitOnClose | OrderType::MarketToLimit
        )
}

/// What a paper account does not take.
fn refused_on_paper(order: &Order) -> Option<String> {
    let auction = Kind::of(order).is_some_and(|kind| kind.session != Session::Any);
    let refused = auction
        || matches!(order.order_type, OrderType::PeggedToMarket | OrderType::Quote)
        || matches!(order.time_in_force, Some(TimeInForce::Auction));
    if order.algo_strategy == Some(AlgoStrategy::Vwap) {
        return Some("VWAP".to_owned());
    }
    refused.then(|| {
        format!("{} {}", order.order_type.as_str(), order.time_in_force.as_ref().map_or("", TimeInForce::as_str))
    })
}

/// Text of notice 201.
pub(super) fn rejected(reason: &str) -> String {
    format!("Order rejected - reason:{reason}")
}

/// Whether two targets are one: a modification may not change it.
pub(super) fn is_same_target(old: &OrderRecord, new: &Target) -> bool {
    let shape = |legs: &[crate::orders::Leg]| -> Vec<(ContractId, Decimal, bool)> {
        legs.iter().map(|leg| (leg.contract, leg.ratio, leg.bought)).collect()
    };
    old.contract_id == new.contract_id && shape(&old.legs) == shape(&new.legs)
}
