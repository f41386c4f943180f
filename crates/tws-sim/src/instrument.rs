//! [`Instrument`]: one contract of the catalogue, and how it answers to requests.

use rust_decimal::Decimal;
use serde::Deserialize;
use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{OptionRight, SecurityType};
use tws_proto::message::ContractDetails;

use crate::hours::{Calendar, HoursFault, HoursKind, Timetable};
use crate::time::SimTime;

/// What the simulator executes; the order types that contract details name.
const ORDER_TYPES: &str = "ACTIVETIM,GTC,DAY,IOC,LMT,MKT,OCA,STP,STPLMT,WHATIF";
/// How many days ahead trading hours are told.
const HOURS_DAYS: usize = 6;

/// What a market shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketKind {
    /// Stocks, futures, options.
    #[default]
    QuotesAndTrades,
    /// Currency pairs: no last price, no volume.
    QuotesOnly,
    /// Indices: a value, nothing to trade against.
    TradesOnly,
}

/// How a kind of contract is charged, margined and settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Stocks, funds and everything else that is paid for when bought.
    Stocks,
    /// Options and what is like them: paid for when bought.
    Options,
    /// Futures and options on them: settled daily.
    Futures,
    /// Currency pairs. Both legs are kept as one holding in the quote currency.
    Forex,
}

/// One contract that the simulator knows. [`Instrument::stock`] makes the common kind; every field may be changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// IB's number; one instrument each.
    pub contract_id: ContractId,
    /// Symbol of the contract or of its underlying.
    pub symbol: String,
    /// What kind it is.
    pub security_type: SecurityType,
    /// Name for people.
    #[serde(default)]
    pub long_name: String,
    /// Currency of its prices.
    pub currency: String,
    /// Where orders go when nothing else is said.
    pub exchange: String,
    /// Where it is listed.
    #[serde(default)]
    pub primary_exchange: String,
    /// Every exchange a request may name, separated by commas.
    pub valid_exchanges: String,
    /// The exchange's own symbol; the symbol where empty.
    #[serde(default)]
    pub local_symbol: String,
    /// The symbol where empty.
    #[serde(default)]
    pub trading_class: String,
    /// `YYYYMMDD`, of futures and options.
    #[serde(default)]
    pub last_trade_date: String,
    /// Of options.
    #[serde(default)]
    pub strike: Option<Decimal>,
    /// Of options.
    #[serde(default)]
    pub right: Option<OptionRight>,
    /// Units of the underlying in one contract; 1 where unset.
    #[serde(default)]
    pub multiplier: Option<Decimal>,
    /// Smallest price step.
    #[serde(default = "a_cent")]
    pub min_tick: Decimal,
    /// Smallest step of an order's size.
    #[serde(default = "one")]
    pub size_increment: Decimal,
    /// Ids of the price step tables, separated by commas.
    #[serde(default = "rule_of_stocks")]
    pub market_rule_ids: String,
    /// Zone of the hours.
    #[serde(default = "new_york")]
    pub time_zone: String,
    /// `0400-2000`; a start above its end begins the evening before. Several are separated by commas.
    #[serde(default = "long_hours")]
    pub trading_hours: String,
    /// The hours with full liquidity, in the same spelling.
    #[serde(default = "regular_hours")]
    pub liquid_hours: String,
    /// On which days its exchange is closed; by its kind where unset.
    #[serde(default)]
    pub calendar: Option<Calendar>,
    /// Of the issuer.
    #[serde(default)]
    pub industry: String,
    /// Of the issuer.
    #[serde(default)]
    pub category: String,
    /// Of the issuer.
    #[serde(default)]
    pub subcategory: String,
    /// `COMMON`, `ETF`.
    #[serde(default)]
    pub stock_type: String,
    /// Contract of the underlying.
    #[serde(default)]
    pub underlying_contract_id: Option<ContractId>,
    /// Symbol of the underlying.
    #[serde(default)]
    pub underlying_symbol: String,
    /// What its market shows.
    #[serde(default)]
    pub market: MarketKind,
    /// Unit in which a random market shows sizes.
    #[serde(default = "a_hundred")]
    pub lot: Decimal,
    /// Where a random market starts; yesterday's close.
    pub price: Decimal,
}

/// What an instrument cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Without a symbol nobody finds it.
    #[error("the symbol is empty")]
    NoSymbol,
    /// IB's numbers are above 0.
    #[error("the contract id must be above 0")]
    NoId,
    /// Prices, steps, lots and multipliers are above 0.
    #[error("{0} must be above 0")]
    NotPositive(&'static str),
    /// A random market starts on the price grid.
    #[error("price must be a multiple of min_tick")]
    OffGrid,
    /// Zone and hours must be ones.
    #[error(transparent)]
    Hours(#[from] HoursFault),
}

impl Instrument {
    /// A stock at SMART that starts at `price`, with a price step of a cent.
    #[must_use]
    pub fn stock(contract_id: i32, symbol: &str, currency: &str, price: Decimal) -> Self {
        Self {
            contract_id: ContractId(contract_id),
            symbol: symbol.to_owned(),
            security_type: SecurityType::Stock,
            long_name: symbol.to_owned(),
            currency: currency.to_owned(),
            exchange: "SMART".to_owned(),
            primary_exchange: "NYSE".to_owned(),
            valid_exchanges: "SMART,NYSE".to_owned(),
            local_symbol: String::new(),
            trading_class: String::new(),
            last_trade_date: String::new(),
            strike: None,
            right: None,
            multiplier: None,
            min_tick: a_cent(),
            size_increment: one(),
            market_rule_ids: rule_of_stocks(),
            time_zone: new_york(),
            trading_hours: long_hours(),
            liquid_hours: regular_hours(),
            calendar: None,
            industry: String::new(),
            category: String::new(),
            subcategory: String::new(),
            stock_type: "COMMON".to_owned(),
            underlying_contract_id: None,
            underlying_symbol: String::new(),
            market: MarketKind::QuotesAndTrades,
            lot: a_hundred(),
            price,
        }
    }

    /// What names it among all: the local symbol, else the symbol.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.local_symbol.is_empty() { &self.symbol } else { &self.local_symbol }
    }

    /// How it is charged, margined and settled.
    #[must_use]
    pub const fn class(&self) -> Class {
        match &self.security_type {
            SecurityType::Future | SecurityType::ContinuousFuture | SecurityType::FutureOption => Class::Futures,
            SecurityType::Option | SecurityType::Warrant | SecurityType::StructuredProduct => Class::Options,
            SecurityType::Forex => Class::Forex,
            SecurityType::Stock
            | SecurityType::Index
            | SecurityType::Combination
            | SecurityType::Bond
            | SecurityType::Fund
            | SecurityType::Commodity
            | SecurityType::ContractForDifference
            | SecurityType::Crypto
            | SecurityType::News
            | SecurityType::Bill
            | SecurityType::Other(_) => Class::Stocks,
        }
    }

    /// On which days its exchange is closed.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        self.calendar.unwrap_or(match &self.security_type {
            SecurityType::Forex => Calendar::Forex,
            SecurityType::Crypto => Calendar::EveryDay,
            SecurityType::Commodity => Calendar::Futures,
            _ if self.class() == Class::Futures => Calendar::Futures,
            _ => Calendar::UsStocks,
        })
    }

    /// Units of the underlying in one contract.
    #[must_use]
    pub fn factor(&self) -> Decimal {
        self.multiplier.unwrap_or(Decimal::ONE)
    }

    /// The contract in full, as TWS tells it.
    #[must_use]
    pub fn contract(&self) -> Contract {
        let or_symbol = |text: &str| if text.is_empty() { self.symbol.clone() } else { text.to_owned() };
        Contract {
            contract_id: Some(self.contract_id),
            symbol: self.symbol.clone(),
            security_type: Some(self.security_type.clone()),
            last_trade_date_or_month: self.last_trade_date.as_str().into(),
            strike: self.strike,
            right: self.right.clone(),
            multiplier: self.multiplier,
            exchange: self.exchange.clone(),
            primary_exchange: self.primary_exchange.clone(),
            currency: self.currency.clone(),
            local_symbol: self.name().to_owned(),
            trading_class: or_symbol(&self.trading_class),
            ..Contract::default()
        }
    }

    /// What is known of it beside the contract.
    #[must_use]
    pub fn details(&self, now: SimTime) -> ContractDetails {
        let market_rule_ids = match self.market_rule_ids.split_once(',') {
            Some(_) => self.market_rule_ids.clone(),
            // One table for all exchanges is told once an exchange.
            None => vec![self.market_rule_ids.as_str(); self.valid_exchanges.split(',').count()].join(","),
        };
        let contract = self.contract();
        let timetable = Timetable::of(self);
        ContractDetails {
            market_name: contract.trading_class,
            min_tick: Some(self.min_tick),
            order_types: ORDER_TYPES.to_owned(),
            valid_exchanges: self.valid_exchanges.clone(),
            price_magnifier: Some(1),
            underlying_contract_id: self.underlying_contract_id,
            long_name: self.long_name.clone(),
            contract_month: self.last_trade_date.get(..6).unwrap_or_default().into(),
            industry: self.industry.clone(),
            category: self.category.clone(),
            subcategory: self.subcategory.clone(),
            time_zone: self.time_zone.clone(),
            trading_hours: timetable.text(HoursKind::Trading, now, HOURS_DAYS).into(),
            liquid_hours: timetable.text(HoursKind::Liquid, now, HOURS_DAYS).into(),
            aggregated_group: Some(1),
            underlying_symbol: self.underlying_symbol.clone(),
            market_rule_ids,
            real_expiration_date: self.last_trade_date.as_str().into(),
            stock_type: self.stock_type.clone(),
            min_size: Some(self.size_increment),
            size_increment: Some(self.size_increment),
            suggested_size_increment: Some(self.lot),
            ..ContractDetails::default()
        }
    }

    /// Whether it is what a request describes. What the request leaves out fits; an empty request fits nothing.
    #[must_use]
    pub fn fits(&self, wanted: &Contract) -> bool {
        let exchange = wanted.exchange.as_str();
        if !exchange.is_empty() && !self.valid_exchanges.split(',').any(|valid| valid.eq_ignore_ascii_case(exchange)) {
            return false;
        }
        if let Some(id) = wanted.known_id() {
            return id == self.contract_id;
        }
        if wanted.symbol.is_empty() && wanted.local_symbol.is_empty() {
            return false;
        }
        let own = self.contract();
        let fits_text = |wanted: &str, own: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(own);
        fits_text(&wanted.symbol, &own.symbol)
            && wanted.security_type.as_ref().is_none_or(|kind| *kind == self.security_type)
            && own.last_trade_date_or_month.starts_with(wanted.last_trade_date_or_month.as_str())
            // Clients write 0 for "no strike".
            && wanted.strike.is_none_or(|strike| strike.is_zero() || Some(strike) == self.strike)
            && wanted.right.as_ref().is_none_or(|right| right_of(right) == self.right)
            && wanted.multiplier.is_none_or(|multiplier| multiplier.is_zero() || multiplier == self.factor())
            && fits_text(&wanted.primary_exchange, &own.primary_exchange)
            && fits_text(&wanted.currency, &own.currency)
            && fits_text(&wanted.local_symbol, &own.local_symbol)
            && fits_text(&wanted.trading_class, &own.trading_class)
    }

    /// Whether such an instrument can be.
    ///
    /// # Errors
    /// [`Fault`] names the first value that cannot.
    pub fn check(&self) -> Result<(), Fault> {
        if self.symbol.is_empty() {
            return Err(Fault::NoSymbol);
        }
        if self.contract_id.0 <= 0 {
            return Err(Fault::NoId);
        }
        let positive = [
            ("min_tick", self.min_tick),
            ("size_increment", self.size_increment),
            ("lot", self.lot),
            ("price", self.price),
            ("multiplier", self.factor()),
        ];
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| *value <= Decimal::ZERO) {
            return Err(Fault::NotPositive(name));
        }
        if !self.is_on_grid(self.price) {
            return Err(Fault::OffGrid);
        }
        Timetable::read(self)?;
        Ok(())
    }

    /// Whether an order may have this price.
    #[must_use]
    pub fn is_on_grid(&self, price: Decimal) -> bool {
        (price % self.min_tick).is_zero()
    }
}

/// `C` and `CALL` are one word to TWS.
fn right_of(right: &OptionRight) -> Option<OptionRight> {
    match right.as_str() {
        "C" | "CALL" => Some(OptionRight::Call),
        "P" | "PUT" => Some(OptionRight::Put),
        _ => None,
    }
}

fn a_cent() -> Decimal {
    Decimal::new(1, 2)
}

fn one() -> Decimal {
    Decimal::ONE
}

fn a_hundred() -> Decimal {
    Decimal::ONE_HUNDRED
}

fn rule_of_stocks() -> String {
    "26".to_owned()
}

fn new_york() -> String {
    "US/Eastern".to_owned()
}

fn long_hours() -> String {
    "0400-2000".to_owned()
}

fn regular_hours() -> String {
    "0930-1600".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_instruments_are_refused() {
        let good = Instrument::stock(1, "ACME", "USD", Decimal::TEN);
        assert_eq!(good.check(), Ok(()));
        assert_eq!(Instrument { symbol: String::new(), ..good.clone() }.check(), Err(Fault::NoSymbol));
        assert_eq!(Instrument { contract_id: ContractId(0), ..good.clone() }.check(), Err(Fault::NoId));
        assert_eq!(Instrument { lot: Decimal::ZERO, ..good.clone() }.check(), Err(Fault::NotPositive("lot")));
        assert_eq!(Instrument { price: Decimal::new(10_001, 3), ..good.clone() }.check(), Err(Fault::OffGrid));
        let zone = HoursFault::NoZone("Mars".into());
        assert_eq!(Instrument { time_zone: "Mars".into(), ..good }.check(), Err(Fault::Hours(zone)));
    }
}
