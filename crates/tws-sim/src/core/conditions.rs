//! Conditions of orders: six kinds, joined by and and or, where `and` binds before `or`.

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::condition::{Bound, Condition, Conjunction};
use tws_proto::ids::ContractId;
use tws_proto::kinds::{SecurityType, TriggerMethod};

use super::Core;
use super::cancel::CANCELLED;
use crate::books::Fill;
use crate::market::{Market, MarketEvent};
use crate::matching;
use crate::order_time::{self, DayMeans};
use crate::orders::{OrderKey, OrderRecord, Stage, watched_contract};
use crate::time::SimTime;
use crate::validation::Refusal;

/// How often a condition of the account's margin is looked at.
const MARGIN_MS: i64 = 1000;

/// What is happening while conditions are looked at.
#[derive(Clone, Copy, Debug)]
enum News<'a> {
    Nothing,
    Market(ContractId, &'a MarketEvent),
    Fill(&'a Fill),
}

impl Core {
    /// The contracts that conditions look at must be there.
    pub(super) fn check_watched(&self, order: &Order) -> Result<(), Refusal> {
        let is_known = |contract: Option<ContractId>| contract.is_some_and(|id| self.catalogue.by_id(id).is_some());
        if order.conditions.iter().filter_map(watched_contract).all(is_known) {
            return Ok(());
        }
        Err(Refusal::bad_field("No security definition has been found for the contract of a condition"))
    }

    /// Lets an order's conditions see the markets they look at, whether anybody else looks at them or not.
    pub(super) fn watch_conditions(&mut self, key: OrderKey) {
        let Some(record) = self.desk.get(key) else { return };
        let markets: Vec<ContractId> = record.condition_markets().collect();
        for market in markets {
            self.open_market(market);
        }
        self.desk.watch(key);
    }

    /// A market moved: looks at the conditions that look at it.
    pub(super) fn market_moves_conditions(&mut self, contract: ContractId, event: &MarketEvent) {
        for key in self.desk.watchers(contract) {
            self.check_conditions(key, News::Market(contract, event));
        }
    }

    /// Somebody of the login traded: looks at the conditions that wait for that.
    pub(super) fn fill_moves_conditions(&mut self, fill: &Fill) {
        for key in self.desk.listeners() {
            self.check_conditions(key, News::Fill(fill));
        }
    }

    /// Looks at an order's conditions though nothing happens but time.
    pub(super) fn look_at_conditions(&mut self, key: OrderKey) {
        self.check_conditions(key, News::Nothing);
    }

    /// When conditions can come true though no market moves.
    pub(super) fn next_condition(&self, record: &OrderRecord) -> Option<SimTime> {
        if record.conditions_met {
            return None;
        }
        let next = |condition: &Condition| match condition {
            Condition::Time { time, .. } => {
                order_time::moment(time, DayMeans::Start, self.now).filter(|time| *time > self.now)
            }
            Condition::Margin { .. } => Some(self.now.plus_ms(MARGIN_MS)),
            Condition::Price { .. }
            | Condition::Execution { .. }
            | Condition::Volume { .. }
            | Condition::PercentChange { .. } => None,
        };
        record.order.conditions.iter().filter_map(next).min()
    }

    fn check_conditions(&mut self, key: OrderKey, news: News<'_>) {
        let Some(record) = self.desk.get(key) else { return };
        if record.order.conditions.is_empty() || record.conditions_met || !record.stage.is_live() {
            return;
        }
        let cancels = record.order.conditions_cancel_order;
        let results: Vec<(bool, Conjunction)> = record
            .order
            .conditions
            .iter()
            .enumerate()
            .map(|(at, condition)| {
                let seen = record.condition_touches.get(at).copied().unwrap_or_default();
                (self.is_met(condition, record, news, seen), conjunction(condition))
            })
            .collect();
        let touched = self.touched(record, news);
        let Some(record) = self.desk.get_mut(key) else { return };
        record.condition_touches = touched;
        if !joined(&results) {
            return;
        }
        record.conditions_met = true;
        let stage = record.stage;
        if cancels {
            return self.end_order(key, "Cancelled by conditions", CANCELLED);
        }
        if stage == Stage::Dormant {
            self.arm(key);
            self.tell_order(key);
            self.try_order(key, None);
        }
    }

    /// How often in a row each price was seen beyond its bound, this time included.
    fn touched(&self, record: &OrderRecord, news: News<'_>) -> Vec<u8> {
        let count = |(at, condition): (usize, &Condition)| {
            let seen = record.condition_touches.get(at).copied().unwrap_or_default();
            match self.price_now(condition, news) {
                Some(true) => seen.saturating_add(1),
                Some(false) => 0,
                None => seen,
            }
        };
        record.order.conditions.iter().enumerate().map(count).collect()
    }

    /// Whether a price that just came is beyond the bound of a price condition; `None` where none came.
    fn price_now(&self, condition: &Condition, news: News<'_>) -> Option<bool> {
        let Condition::Price { bound, price, contract_id, trigger_method, .. } = condition else { return None };
        let event = match news {
            News::Market(contract, event) if Some(contract) == *contract_id => Some(event),
            News::Market(..) | News::Fill(_) => return None,
            News::Nothing => None,
        };
        let market = self.markets.get(&(*contract_id)?)?;
        let seen = watched_price(market, trigger_method.as_ref(), event)?;
        Some(is_beyond(*bound, seen, (*price)?))
    }

    fn is_met(&self, condition: &Condition, record: &OrderRecord, news: News<'_>, seen: u8) -> bool {
        let market = |contract: &Option<ContractId>| {
            let id = (*contract)?;
            let counts = record.order.conditions_ignore_regular_hours || self.is_liquid(id);
            self.markets.get(&id).filter(|_| counts)
        };
        match condition {
            Condition::Price { contract_id, trigger_method, bound, price, .. } => {
                let (Some(market), Some(price)) = (market(contract_id), *price) else { return false };
                let needed = matching::touches_needed(trigger_method.as_ref());
                if needed > 1 {
                    let now = u8::from(self.price_now(condition, news) == Some(true));
                    return seen.saturating_add(now) >= needed;
                }
                watched_price(market, trigger_method.as_ref(), None).is_some_and(|seen| is_beyond(*bound, seen, price))
            }
            Condition::Time { time, bound, .. } => {
                order_time::moment(time, DayMeans::Start, self.now).is_some_and(|time| match bound {
                    Bound::Above => self.now >= time,
                    Bound::Below => self.now <= time,
                })
            }
            Condition::Margin { bound, percent, .. } => {
                let worth = self.worth(&record.order.account);
                let excess = worth.net_liquidation - worth.maintenance_margin;
                let cushion = excess.checked_div(worth.net_liquidation).unwrap_or_default() * Decimal::ONE_HUNDRED;
                percent.is_some_and(|percent| is_beyond(*bound, cushion, percent.into()))
            }
            Condition::Execution { security_type, exchange, symbol, .. } => {
                let News::Fill(fill) = news else { return false };
                let Some(instrument) = self.catalogue.by_id(fill.contract) else { return false };
                let fits =
                    |wanted: &str, own: &str| wanted.is_empty() || wanted == "*" || wanted.eq_ignore_ascii_case(own);
                fill.account == record.order.account
                    && fits(symbol, &instrument.symbol)
                    && fits(security_type.as_ref().map_or("", SecurityType::as_str), instrument.security_type.as_str())
                    && (exchange == "SMART" || fits(exchange, &fill.exchange))
            }
            Condition::Volume { bound, volume, contract_id, .. } => {
                let traded = market(contract_id).map(|market| market.day().volume);
                traded.zip(*volume).is_some_and(|(traded, volume)| is_beyond(*bound, traded, volume.into()))
            }
            Condition::PercentChange { bound, change_percent, contract_id, .. } => {
                let change = market(contract_id).and_then(change_of_day);
                change.zip(*change_percent).is_some_and(|(change, asked)| is_beyond(*bound, change, asked))
            }
        }
    }
}

/// Which price of a market a condition looks at; `event` limits it to what just happened.
fn watched_price(market: &Market, method: Option<&TriggerMethod>, event: Option<&MarketEvent>) -> Option<Decimal> {
    let by_trade = matches!(event, None | Some(MarketEvent::Trade(_)));
    let by_quote = matches!(event, None | Some(MarketEvent::Quote(_)));
    let last = market.last().map(|(trade, _)| trade.price);
    let midpoint = market.quote().midpoint();
    match method.unwrap_or(&TriggerMethod::Default) {
        TriggerMethod::Last | TriggerMethod::DoubleLast => last.filter(|_| by_trade),
        TriggerMethod::BidAsk | TriggerMethod::DoubleBidAsk | TriggerMethod::MidPoint => midpoint.filter(|_| by_quote),
        TriggerMethod::Default | TriggerMethod::LastOrBidAsk | TriggerMethod::Other(_) => last.or(midpoint),
    }
}

/// How far a market is from the day before's last price, percent.
fn change_of_day(market: &Market) -> Option<Decimal> {
    let close = market.day().close?;
    (market.mark()? - close).checked_div(close).map(|part| part * Decimal::ONE_HUNDRED)
}

fn is_beyond(bound: Bound, seen: Decimal, asked: Decimal) -> bool {
    match bound {
        Bound::Above => seen >= asked,
        Bound::Below => seen <= asked,
    }
}

fn conjunction(condition: &Condition) -> Conjunction {
    match condition {
        Condition::Price { conjunction, .. }
        | Condition::Time { conjunction, .. }
        | Condition::Margin { conjunction, .. }
        | Condition::Execution { conjunction, .. }
        | Condition::Volume { conjunction, .. }
        | Condition::PercentChange { conjunction, .. } => *conjunction,
    }
}

/// Each result is joined to the next by its conjunction; `and` binds before `or`.
fn joined(results: &[(bool, Conjunction)]) -> bool {
    let mut all = true;
    for (at, (met, conjunction)) in results.iter().enumerate() {
        all &= *met;
        let is_last = at + 1 == results.len();
        if is_last || *conjunction == Conjunction::Or {
            if all {
                return true;
            }
            all = true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let results: Vec<(bool, Conjunction)> = words
            .chunks(2)
            .map(|pair| {
                let and = pair.get(1) == Some(&"and");
                (pair[0] == "yes", if and { Conjunction::And } else { Conjunction::Or })
            })
            .collect();
        assert_eq!(joined(&results), expected, "{text}");
    }

    #[test]
    fn and_binds_before_or() {
        check("yes", true);
        check("no", false);
        check("yes and no", false);
        check("yes or no", true);
        check("no and yes or yes", true);
        check("yes or yes and no", true);
        check("no or yes and no", false);
        check("no or no or yes", true);
        check("yes and yes and no", false);
    }
}
