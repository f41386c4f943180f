//! [`FutureFamily`]: the delivery months of a future, made by rule from the day on which the simulation starts.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use tws_proto::ids::ContractId;
use tws_proto::kinds::SecurityType;

use super::expiry::{ExpiryRule, next_month};
use crate::hours::Calendar;
use crate::instrument::Instrument;

/// One letter for each month of the year, as exchanges have it.
const MONTH_LETTERS: &str = "FGHJKMNQUVXZ";
/// The number of the first delivery month is that of January 2000.
const FIRST_YEAR: i32 = 2000;
/// Numbers that a family takes: a hundred years of months.
pub(super) const FAMILY_IDS: i32 = 1200;
/// The numbers of a family end before those of combinations begin.
const FIRST_ID_MAX: i32 = 2_139_000_000;
/// How many months that have expired are still known, to those who ask for expired contracts.
const EXPIRED: usize = 4;
/// More delivery months than this are not looked for.
const MONTHS_MAX: usize = 60;

/// The delivery months of a future. In a file: `[[futures]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FutureFamily {
    /// The number of the delivery month January 2000; each month after it takes the next one, so that a month has the
    /// same number whenever the simulation starts.
    pub contract_id: ContractId,
    /// Symbol.
    pub symbol: String,
    /// The symbol where empty.
    #[serde(default)]
    pub trading_class: String,
    /// Name for people.
    #[serde(default)]
    pub long_name: String,
    /// Currency of its prices.
    #[serde(default = "dollars")]
    pub currency: String,
    /// Where it trades.
    pub exchange: String,
    /// Every exchange a request may name; the one exchange where empty.
    #[serde(default)]
    pub valid_exchanges: String,
    /// The letters of the months that are delivered, such as `HMUZ`.
    pub months: String,
    /// How many of them trade at the start.
    pub count: usize,
    /// On which day of its month each expires.
    pub expiry: ExpiryRule,
    /// Units of the underlying in one contract.
    pub multiplier: Decimal,
    /// Smallest price step.
    pub min_tick: Decimal,
    /// Ids of the price step tables.
    #[serde(default)]
    pub market_rule_ids: String,
    /// Zone of the hours.
    #[serde(default = "chicago")]
    pub time_zone: String,
    /// See [`Instrument::trading_hours`].
    #[serde(default = "electronic_hours")]
    pub trading_hours: String,
    /// See [`Instrument::liquid_hours`].
    #[serde(default = "pit_hours")]
    pub liquid_hours: String,
    /// Of the underlying.
    #[serde(default)]
    pub underlying_contract_id: Option<ContractId>,
    /// Kind of the underlying.
    #[serde(default)]
    pub underlying_security_type: Option<SecurityType>,
    /// See [`Instrument::price_magnifier`].
    #[serde(default = "one")]
    pub price_magnifier: i32,
    /// Unit in which a random market shows sizes.
    #[serde(default = "one_contract")]
    pub lot: Decimal,
    /// Price of the first month that trades.
    pub price: Decimal,
    /// How much more each further month costs; may be negative.
    #[serde(default)]
    pub carry: Decimal,
}

/// What a family cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FamilyFault {
    /// Its numbers must lie between 1 and those of combinations.
    #[error("contract_id must be from 1 to 2139000000")]
    NoRoom,
    /// Months are told by their letters.
    #[error("months must be letters of FGHJKMNQUVXZ, not {0:?}")]
    NoMonths(String),
    /// From one to sixty months trade.
    #[error("count must be from 1 to 60")]
    Count,
}

impl FutureFamily {
    /// Whether such a family can be. Its months are checked one by one.
    pub(super) fn check(&self) -> Result<(), FamilyFault> {
        if !(1..=FIRST_ID_MAX).contains(&self.contract_id.0) {
            return Err(FamilyFault::NoRoom);
        }
        if self.months.is_empty() || self.months.contains(|letter| !MONTH_LETTERS.contains(letter)) {
            return Err(FamilyFault::NoMonths(self.months.clone()));
        }
        if !(1..=MONTHS_MAX).contains(&self.count) {
            return Err(FamilyFault::Count);
        }
        Ok(())
    }

    /// Name of the class that options on it and local symbols use.
    pub(super) fn class(&self) -> &str {
        if self.trading_class.is_empty() { &self.symbol } else { &self.trading_class }
    }

    /// The contracts there are on a day, those that expired lately first.
    pub(super) fn expand(&self, start: Date) -> Vec<Instrument> {
        let mut months: Vec<(Date, Date)> = Vec::new();
        // From so far back that enough of them have expired, whatever the letters are.
        let Ok(first) = start.checked_sub(jiff::Span::new().months(12 * EXPIRED as i64)) else { return Vec::new() };
        // A family may have one month a year.
        let all = std::iter::successors(Some(first.first_of_month()), |month| next_month(*month))
            .take((MONTHS_MAX + EXPIRED + 1) * 12);
        for month in all {
            let letter = letter(month);
            if !self.months.contains(letter) {
                continue;
            }
            if let Some(expiry) = self.expiry.date(month, Calendar::UsStocks) {
                months.push((month, expiry));
            }
        }
        let living = months.iter().position(|(_, expiry)| *expiry >= start).unwrap_or(months.len());
        let from = living.saturating_sub(EXPIRED);
        let to = months.len().min(living + self.count.min(MONTHS_MAX));
        let step = |index: usize| Decimal::from(index.saturating_sub(living) as u64) * self.carry;
        (from..to)
            .filter_map(|index| {
                let (month, expiry) = *months.get(index)?;
                Some(self.contract(month, expiry, self.price + step(index)))
            })
            .collect()
    }

    fn contract(&self, month: Date, expiry: Date, price: Decimal) -> Instrument {
        let number = (i32::from(month.year()) - FIRST_YEAR) * 12 + i32::from(month.month()) - 1;
        let id = self.contract_id.0 + number.rem_euclid(FAMILY_IDS);
        let class = self.class();
        let local_symbol = format!("{class}{}{}", letter(month), month.year().rem_euclid(10));
        Instrument {
            security_type: SecurityType::Future,
            long_name: self.long_name.clone(),
            exchange: self.exchange.clone(),
            primary_exchange: String::new(),
            valid_exchanges: self.valid_exchanges.clone(),
            local_symbol,
            trading_class: class.to_owned(),
            last_trade_date: expiry.strftime("%Y%m%d").to_string(),
            contract_month: month.strftime("%Y%m").to_string(),
            multiplier: Some(self.multiplier),
            min_tick: self.min_tick,
            market_rule_ids: self.market_rule_ids.clone(),
            time_zone: self.time_zone.clone(),
            trading_hours: self.trading_hours.clone(),
            liquid_hours: self.liquid_hours.clone(),
            stock_type: String::new(),
            underlying_contract_id: self.underlying_contract_id,
            underlying_symbol: self.symbol.clone(),
            underlying_security_type: self.underlying_security_type.clone(),
            price_magnifier: self.price_magnifier,
            lot: self.lot,
            ..Instrument::stock(id, &self.symbol, &self.currency, price)
        }
    }
}

/// The letter of a delivery month.
pub(super) fn letter(month: Date) -> char {
    let index = usize::try_from(month.month() - 1).unwrap_or_default();
    MONTH_LETTERS.chars().nth(index).unwrap_or('F')
}

fn dollars() -> String {
    "USD".to_owned()
}

fn chicago() -> String {
    "US/Central".to_owned()
}

fn electronic_hours() -> String {
    "1700-1600".to_owned()
}

fn pit_hours() -> String {
    "0830-1600".to_owned()
}

const fn one() -> i32 {
    1
}

const fn one_contract() -> Decimal {
    Decimal::ONE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family() -> FutureFamily {
        toml::from_str(
            r#"
            contract_id = 1000
            symbol = "ES"
            exchange = "CME"
            months = "HMUZ"
            count = 3
            expiry = "third_friday"
            multiplier = "50"
            min_tick = "0.25"
            price = "5000"
            carry = "10"
            "#,
        )
        .unwrap()
    }

    #[track_caller]
    fn check(start: &str, expected: &str) {
        let start = Date::strptime("%Y%m%d", start).unwrap();
        let found: Vec<String> = family()
            .expand(start)
            .iter()
            .map(|future| format!("{}={}@{}", future.local_symbol, future.contract_id, future.price))
            .collect();
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn impossible_families_are_refused() {
        let fault = |change: fn(&mut FutureFamily)| {
            let mut family = family();
            change(&mut family);
            family.check().err()
        };
        assert_eq!(fault(|_| {}), None);
        assert_eq!(fault(|family| family.contract_id = ContractId(i32::MAX)), Some(FamilyFault::NoRoom));
        assert_eq!(fault(|family| family.months = "HX1".into()), Some(FamilyFault::NoMonths("HX1".into())));
        assert_eq!(fault(|family| family.months.clear()), Some(FamilyFault::NoMonths(String::new())));
        assert_eq!(fault(|family| family.count = 0), Some(FamilyFault::Count));
        let yearly = FutureFamily { months: "Z".into(), count: 5, ..family() };
        assert_eq!(yearly.expand(Date::constant(2026, 1, 5)).len(), 9);
    }

    #[test]
    fn months_follow_the_start_and_keep_their_numbers() {
        check(
            "20261126",
            "ESZ5=1311@5000 ESH6=1314@5000 ESM6=1317@5000 ESU6=1320@5000 ESZ6=1323@5000 ESH7=1326@5010 ESM7=1329@5020",
        );
        // The day of the expiry still trades, the day after does not.
        check(
            "20261218",
            "ESZ5=1311@5000 ESH6=1314@5000 ESM6=1317@5000 ESU6=1320@5000 ESZ6=1323@5000 ESH7=1326@5010 ESM7=1329@5020",
        );
        check(
            "20261219",
            "ESH6=1314@5000 ESM6=1317@5000 ESU6=1320@5000 ESZ6=1323@5000 ESH7=1326@5000 ESM7=1329@5010 ESU7=1332@5020",
        );
    }
}
