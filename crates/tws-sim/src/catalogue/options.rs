//! [`OptionChain`]: the options on an underlying, made by rule when somebody first asks for one of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{OptionRight, SecurityType};

use super::expiry::{business_day_from, next_month, third_friday};
use super::futures::letter;
use super::search::right_of;
use crate::hours::Calendar;
use crate::instrument::Instrument;

/// Numbers that one expiry takes: 2048 strikes, calls and puts.
const EXPIRY_IDS: i32 = 4096;
/// Weeks that numbers tell apart.
const WEEKS: i32 = 4096;
/// Numbers that a chain takes.
pub(super) const CHAIN_IDS: i32 = EXPIRY_IDS * WEEKS;
/// The numbers of a chain end before those of combinations begin.
const FIRST_ID_MAX: i32 = 2_123_000_000;
/// No chain has more expiries, or strikes on one side, than this.
const COUNT_MAX: u32 = 60;

/// The options on an underlying. In a file: `[[options]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionChain {
    /// The first of the 16 777 216 numbers that its options take. An option's number depends on nothing but its expiry,
    /// strike and right.
    pub contract_id: ContractId,
    /// The name of the underlying: a symbol or local symbol, or for options on futures the symbol of the future.
    pub underlying: String,
    /// Trading class; the symbol where empty.
    #[serde(default)]
    pub trading_class: String,
    /// Where orders go when nothing else is said.
    #[serde(default = "smart")]
    pub exchange: String,
    /// Every exchange a request may name; those of stock options where empty.
    #[serde(default)]
    pub valid_exchanges: String,
    /// Units of the underlying in one contract.
    #[serde(default = "a_hundred")]
    pub multiplier: Decimal,
    /// How many Fridays ahead there are expiries.
    #[serde(default)]
    pub weeks: u32,
    /// How many third Fridays ahead there are expiries.
    #[serde(default)]
    pub months: u32,
    /// How many third Fridays of January ahead there are expiries.
    #[serde(default)]
    pub years: u32,
    /// Distance of two strikes.
    pub strike_step: Decimal,
    /// How many strikes there are on each side of the underlying's price.
    pub strikes: u32,
    /// Smallest price step.
    #[serde(default = "a_cent")]
    pub min_tick: Decimal,
    /// Ids of the price step tables.
    #[serde(default)]
    pub market_rule_ids: String,
    /// Yearly volatility from which prices are made up.
    #[serde(default = "a_quarter")]
    pub volatility: Decimal,
}

/// What a chain cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// No instrument has that name.
    #[error("its underlying is not in the catalogue; name one that stands before it")]
    NoUnderlying,
    /// Steps, ticks, multipliers and volatility are above 0.
    #[error("{0} must be above 0")]
    NotPositive(&'static str),
    /// Its numbers must lie between 1 and those of combinations.
    #[error(
        "contract_id must be from 1 to 2123000000: 16777216 numbers follow it, and combinations begin at 2140000000"
    )]
    NoRoom,
    /// Numbers tell 2048 strikes apart.
    #[error("its strikes are too fine: the price of the underlying is more than 2000 steps")]
    TooFine,
    /// A chain is at most 60 expiries of each kind and 60 strikes on each side.
    #[error("{0} must be at most 60")]
    TooMany(&'static str),
}

/// A chain and its underlyings: one, or the months of a future.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) rule: OptionChain,
    pub(crate) underlyings: Vec<Instrument>,
    pub(super) calendar: Calendar,
    start: Date,
}

impl Chain {
    pub(crate) fn new(rule: OptionChain, underlyings: Vec<Instrument>, start: Date) -> Result<Self, ChainFault> {
        let Some(first) = underlyings.first() else { return Err(ChainFault::NoUnderlying) };
        if !(1..=FIRST_ID_MAX).contains(&rule.contract_id.0) {
            return Err(ChainFault::NoRoom);
        }
        let positive = [
            ("multiplier", rule.multiplier),
            ("strike_step", rule.strike_step),
            ("min_tick", rule.min_tick),
            ("volatility", rule.volatility),
        ];
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| *value <= Decimal::ZERO) {
            return Err(ChainFault::NotPositive(name));
        }
        let counts = [("weeks", rule.weeks), ("months", rule.months), ("years", rule.years), ("strikes", rule.strikes)];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count > COUNT_MAX) {
            return Err(ChainFault::TooMany(name));
        }
        let highest = underlyings.iter().map(|underlying| underlying.price).max().unwrap_or_default();
        if highest / rule.strike_step + Decimal::from(rule.strikes) >= Decimal::from(EXPIRY_IDS / 2) {
            return Err(ChainFault::TooFine);
        }
        let calendar = first.calendar();
        Ok(Self { rule, underlyings, calendar, start })
    }

    pub(crate) fn symbol(&self) -> &str {
        self.underlyings.first().map_or("", |underlying| &underlying.symbol)
    }

    pub(crate) fn class(&self) -> &str {
        if self.rule.trading_class.is_empty() { self.symbol() } else { &self.rule.trading_class }
    }

    /// Options on futures are a kind of their own.
    pub(crate) fn kind(&self) -> SecurityType {
        match self.underlyings.first().map(|underlying| &underlying.security_type) {
            Some(SecurityType::Future) => SecurityType::FutureOption,
            _ => SecurityType::Option,
        }
    }

    /// Whether a number is one of this chain's.
    pub(crate) fn owns(&self, id: ContractId) -> bool {
        let first = self.rule.contract_id.0;
        (first..first.saturating_add(CHAIN_IDS)).contains(&id.0)
    }

    /// Days on which its options expire, rising.
    pub(crate) fn expiries(&self) -> BTreeSet<Date> {
        let mut found = BTreeSet::new();
        let fridays = std::iter::successors(self.start.checked_add(to_friday(self.start).days()).ok(), |friday| {
            friday.checked_add(7.days()).ok()
        });
        found.extend(
            fridays.take(self.rule.weeks as usize).filter_map(|friday| business_day_from(friday, self.calendar)),
        );
        let months = || std::iter::successors(Some(self.start.first_of_month()), |month| next_month(*month));
        let third = |month: Date| third_friday(month, self.calendar).filter(|day| *day >= self.start);
        found.extend(months().filter_map(third).take(self.rule.months as usize));
        let januaries = months().take(12 * COUNT_MAX as usize).filter(|month| month.month() == 1);
        found.extend(januaries.filter_map(third).take(self.rule.years as usize));
        found.retain(|day| *day >= self.start);
        found
    }

    /// The underlying of what expires on a day: of a future, the first month that lives as long.
    pub(crate) fn underlying(&self, expiry: Date) -> Option<&Instrument> {
        if self.kind() == SecurityType::Option {
            return self.underlyings.first();
        }
        let day = expiry.strftime("%Y%m%d").to_string();
        self.underlyings.iter().find(|future| future.last_trade_date >= day)
    }

    /// The strikes around the price of an underlying, rising.
    pub(crate) fn strikes(&self, underlying: &Instrument) -> Vec<Decimal> {
        let centre = (underlying.price / self.rule.strike_step).round().to_i64().unwrap_or_default();
        let reach = i64::from(self.rule.strikes);
        let step = |index: i64| (Decimal::from(index) * self.rule.strike_step).normalize();
        ((centre - reach).max(1)..=centre + reach).map(step).collect()
    }

    /// Every option of the chain.
    pub(crate) fn expand(&self) -> BTreeMap<ContractId, Instrument> {
        let mut options = BTreeMap::new();
        for expiry in self.expiries() {
            let Some(underlying) = self.underlying(expiry) else { continue };
            for strike in self.strikes(underlying) {
                for right in [OptionRight::Call, OptionRight::Put] {
                    let option = self.option(underlying, expiry, strike, right);
                    options.insert(option.contract_id, option);
                }
            }
        }
        options
    }

    /// Every exchange at which its options trade.
    pub(crate) fn exchanges(&self) -> Vec<String> {
        let future = self.kind() == SecurityType::FutureOption;
        let text = match (self.rule.valid_exchanges.as_str(), future, self.underlyings.first()) {
            ("", true, Some(underlying)) => underlying.valid_exchanges.as_str(),
            ("", _, _) => STOCK_OPTION_EXCHANGES,
            (named, _, _) => named,
        };
        text.split(',').map(str::to_owned).collect()
    }

    fn option(&self, underlying: &Instrument, expiry: Date, strike: Decimal, right: OptionRight) -> Instrument {
        let rule = &self.rule;
        let hours = if self.kind() == SecurityType::FutureOption {
            &underlying.trading_hours
        } else {
            &underlying.liquid_hours
        };
        Instrument {
            security_type: self.kind(),
            long_name: underlying.long_name.clone(),
            exchange: rule.exchange.clone(),
            primary_exchange: String::new(),
            valid_exchanges: self.exchanges().join(","),
            local_symbol: self.local_symbol(expiry, strike, &right),
            trading_class: self.class().to_owned(),
            last_trade_date: expiry.strftime("%Y%m%d").to_string(),
            contract_month: expiry.strftime("%Y%m").to_string(),
            strike: Some(strike),
            multiplier: Some(rule.multiplier),
            min_tick: rule.min_tick,
            market_rule_ids: rule.market_rule_ids.clone(),
            time_zone: underlying.time_zone.clone(),
            trading_hours: hours.clone(),
            liquid_hours: underlying.liquid_hours.clone(),
            calendar: Some(self.calendar),
            industry: underlying.industry.clone(),
            category: underlying.category.clone(),
            subcategory: underlying.subcategory.clone(),
            stock_type: String::new(),
            underlying_contract_id: Some(underlying.contract_id),
            underlying_symbol: underlying.name().to_owned(),
            underlying_security_type: Some(underlying.security_type.clone()),
            lot: Decimal::ONE,
            ..Instrument::stock(
                self.number(expiry, strike, &right),
                &underlying.symbol,
                &underlying.currency,
                self.price(underlying, expiry, strike, &right),
            )
        }
        .with_right(right)
    }

    /// The number of the option that a request names by expiry, strike and right.
    pub(crate) fn number_of(&self, wanted: &Contract) -> Option<ContractId> {
        let expiry = wanted.last_trade_date_or_month.as_str();
        let expiry = if expiry.len() == 8 { Date::strptime("%Y%m%d", expiry).ok()? } else { return None };
        let strike =
            wanted.strike.filter(|strike| *strike > Decimal::ZERO && (strike % self.rule.strike_step).is_zero())?;
        let right = right_of(wanted.right.as_ref()?)?;
        (strike / self.rule.strike_step < Decimal::from(EXPIRY_IDS / 2))
            .then(|| ContractId(self.number(expiry, strike, &right)))
    }

    /// Week, strike and right, packed; the chain's first number is added.
    fn number(&self, expiry: Date, strike: Decimal, right: &OptionRight) -> i32 {
        // A Monday, so that a week has at most one expiry.
        let origin = Date::constant(2000, 1, 3);
        let days = origin.until(expiry).map_or(0, |span| span.get_days());
        let strike = (strike / self.rule.strike_step).to_i32().unwrap_or_default();
        let put = i32::from(*right == OptionRight::Put);
        self.rule.contract_id.0 + days.div_euclid(7).rem_euclid(WEEKS) * EXPIRY_IDS + strike * 2 + put
    }

    /// `SPY   261218C00200000`, and of futures `EWZ6 C5800`.
    fn local_symbol(&self, expiry: Date, strike: Decimal, right: &OptionRight) -> String {
        let class = self.class();
        if self.kind() == SecurityType::FutureOption {
            let year = expiry.year().rem_euclid(10);
            return format!("{class}{}{year} {}{strike}", letter(expiry), right.as_str());
        }
        let thousandths = (strike * Decimal::ONE_THOUSAND).to_i64().unwrap_or_default();
        format!("{class:<6}{}{}{thousandths:08}", expiry.strftime("%y%m%d"), right.as_str())
    }

    /// A likely price on the grid: what the option is worth at once, and a time value that falls with the distance of the
    /// strike.
    fn price(&self, underlying: &Instrument, expiry: Date, strike: Decimal, right: &OptionRight) -> Decimal {
        let spot = underlying.price;
        let inner = match right {
            OptionRight::Put => strike - spot,
            OptionRight::Call | OptionRight::Other(_) => spot - strike,
        };
        let days = self.start.until(expiry).map_or(0, |span| span.get_days()).max(1);
        // The root of the years left, to four digits.
        let root = Decimal::new(i64::from(days).saturating_mul(100_000_000).div_euclid(365).isqrt(), 4);
        let deviation = spot * self.rule.volatility * root;
        let far = (spot - strike).abs() / (deviation * Decimal::new(25, 1));
        let near = (Decimal::ONE - far).max(Decimal::ZERO);
        let value = inner.max(Decimal::ZERO) + deviation * Decimal::new(4, 1) * near * near;
        let ticks = (value / self.rule.min_tick).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        (ticks.max(Decimal::ONE) * self.rule.min_tick).normalize()
    }
}

impl Instrument {
    fn with_right(self, right: OptionRight) -> Self {
        Self { right: Some(right), ..self }
    }
}

/// Where stock options trade.
const STOCK_OPTION_EXCHANGES: &str =
    "SMART,AMEX,CBOE,PHLX,PSE,ISE,BOX,BATS,NASDAQOM,CBOE2,NASDAQBX,MIAX,GEMINI,EDGX,MERCURY,PEARL,EMERALD,MEMX";

/// Days from a day to its Friday.
fn to_friday(day: Date) -> i64 {
    i64::from((Weekday::Friday.to_monday_zero_offset() - day.weekday().to_monday_zero_offset()).rem_euclid(7))
}

fn smart() -> String {
    "SMART".to_owned()
}

const fn a_hundred() -> Decimal {
    Decimal::ONE_HUNDRED
}

fn a_cent() -> Decimal {
    Decimal::new(1, 2)
}

fn a_quarter() -> Decimal {
    Decimal::new(25, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(start: &str, price: i64) -> Chain {
        let rule: OptionChain = toml::from_str(
            r#"
            contract_id = 1000000000
            underlying = "ACME"
            weeks = 2
            months = 2
            years = 1
            strike_step = "5"
            strikes = 2
            "#,
        )
        .unwrap();
        let underlying = Instrument::stock(1, "ACME", "USD", price.into());
        Chain::new(rule, vec![underlying], Date::strptime("%Y%m%d", start).unwrap()).unwrap()
    }

    #[test]
    fn a_chain_has_expiries_strikes_and_rights() {
        let chain = chain("20261126", 101);
        let expiries: Vec<String> = chain.expiries().iter().map(|day| day.strftime("%y%m%d").to_string()).collect();
        assert_eq!(expiries, ["261127", "261204", "261218", "270115"]);
        let options = chain.expand();
        assert_eq!(options.len(), 4 * 5 * 2);
        let first = options.values().next().unwrap();
        assert_eq!(first.local_symbol, "ACME  261127C00090000");
        assert_eq!((first.strike, first.right.clone()), (Some(90.into()), Some(OptionRight::Call)));
        assert!(options.values().all(|option| option.check().is_ok() && option.is_on_grid(option.price)));
        let price = |name: &str| options.values().find(|option| option.local_symbol == name).unwrap().price;
        assert!(price("ACME  270115C00100000") > price("ACME  261218C00100000"), "time costs");
        assert!(price("ACME  261218C00090000") > price("ACME  261218C00110000"), "a lower strike calls dearer");
        assert!(price("ACME  261218P00090000") < price("ACME  261218P00110000"), "a lower strike puts cheaper");
    }

    #[test]
    fn the_number_of_an_option_depends_on_nothing_but_itself() {
        let number = |start, price| {
            let options = chain(start, price).expand();
            options.into_values().find(|option| option.local_symbol == "ACME  261218P00100000").unwrap().contract_id
        };
        assert_eq!(number("20261126", 101), number("20261201", 95));
        let all = chain("20261126", 101).expand();
        assert!(all.keys().all(|id| chain("20261126", 101).owns(*id)));
    }

    #[test]
    fn a_holiday_moves_an_expiry_to_the_day_before() {
        let expiries = chain("20250414", 100).expiries();
        assert!(expiries.contains(&Date::constant(2025, 4, 17)) && !expiries.contains(&Date::constant(2025, 4, 18)));
    }

    #[test]
    fn impossible_chains_are_refused() {
        let start = Date::constant(2026, 1, 5);
        let good = chain("20260105", 100).rule;
        let stock = |price: i64| vec![Instrument::stock(1, "ACME", "USD", price.into())];
        let fault = |rule: OptionChain, underlyings| Chain::new(rule, underlyings, start).err();
        assert_eq!(fault(good.clone(), Vec::new()), Some(ChainFault::NoUnderlying));
        assert_eq!(fault(good.clone(), stock(20_000)), Some(ChainFault::TooFine));
        for id in [0, -1, 2_123_000_001, i32::MAX] {
            let placed = OptionChain { contract_id: ContractId(id), ..good.clone() };
            assert_eq!(fault(placed, stock(100)), Some(ChainFault::NoRoom));
        }
        assert_eq!(fault(OptionChain { weeks: 61, ..good.clone() }, stock(100)), Some(ChainFault::TooMany("weeks")));
        let still = OptionChain { volatility: Decimal::ZERO, ..good };
        assert_eq!(fault(still, stock(100)), Some(ChainFault::NotPositive("volatility")));
    }
}
