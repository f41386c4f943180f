//! [`Instrument`]: one contract of the catalogue, and how it answers to requests.

use rust_decimal::Decimal;
use serde::Deserialize;
use tws_proto::Contract;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{Action, OptionRight, SecurityType};
use tws_proto::message::{BondDetails, ContractDetails, FundDetails};
use tws_proto::tags::TagValue;

use crate::catalogue::rules::{Step, step_at};
use crate::hours::{Calendar, HoursFault, HoursKind, Timetable};
use crate::time::SimTime;

/// What can be done with everything that can be traded; the order types that contract details name.
const ORDER_TYPES: &str = "ACTIVETIM,ADJUST,ALERT,ALLOC,COND,CONDORDER,DAY,DEACT,FOK,GAT,GTC,GTD,GTT,IOC,LIT,LMT,MIT,MKT,\
    NONALGO,OCA,SCALE,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF";
/// What can be done with what has auctions and hidden quotes beside that.
const STOCK_ORDER_TYPES: &str = "ALGO,HEDGE,LOC,MIDPX,MOC,OPG,PEGMID,REL";
/// Where stocks of the United States trade.
const US_STOCK_EXCHANGES: &str = "SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,NASDAQ,ISLAND,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,EDGX,\
    FOXRIVER,IBKRATS,PEARL,NYSENAT,LTSE,MEMX,IBEOS,OVERNIGHT,T24X,PSX";
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
    #[serde(default = "dollars")]
    pub currency: String,
    /// Where orders go when nothing else is said.
    #[serde(default = "smart")]
    pub exchange: String,
    /// Where it is listed.
    #[serde(default)]
    pub primary_exchange: String,
    /// Every exchange a request may name, separated by commas; where empty, those of US stocks or the one exchange.
    #[serde(default)]
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
    /// `YYYYMM`, where it is not that of the last trade date.
    #[serde(default)]
    pub contract_month: String,
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
    /// Ids of the price step tables, separated by commas, one an exchange or one for all; where empty, the catalogue gives
    /// it the table whose only step is the smallest one.
    #[serde(default)]
    pub market_rule_ids: String,
    /// The steps of its first table, as the catalogue has them.
    #[serde(skip)]
    pub steps: Vec<Step>,
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
    /// Kind of the underlying.
    #[serde(default)]
    pub underlying_security_type: Option<SecurityType>,
    /// Its number in the whole world, twelve letters and digits.
    #[serde(default)]
    pub isin: String,
    /// Its number in North America, nine letters and digits.
    #[serde(default)]
    pub cusip: String,
    /// IB's number of the issuer.
    #[serde(default)]
    pub issuer_id: String,
    /// How much larger prices are told than money: 100 for what is quoted in cents. All prices here are as quoted.
    #[serde(default = "one_i32")]
    pub price_magnifier: i32,
    /// The rule by which a contract's economic value is told from its price, where it has one.
    #[serde(default)]
    pub ev_rule: String,
    /// Factor of that rule.
    #[serde(default)]
    pub ev_multiplier: Option<Decimal>,
    /// What is known of a bond.
    #[serde(default)]
    pub bond: Option<Box<BondDetails>>,
    /// What is known of a fund.
    #[serde(default)]
    pub fund: Option<Box<FundDetails>>,
    /// Parts of a combination.
    #[serde(default)]
    pub legs: Vec<Leg>,
    /// What its market shows.
    #[serde(default)]
    pub market: MarketKind,
    /// Unit in which a random market shows sizes.
    #[serde(default = "a_hundred")]
    pub lot: Decimal,
    /// Where a random market starts; yesterday's close.
    pub price: Decimal,
}

/// One part of a combination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// What is traded.
    pub contract_id: ContractId,
    /// How many of it one combination holds, above 0.
    pub ratio: i32,
    /// Which way it is traded where the combination is bought.
    pub action: LegAction,
    /// Where.
    #[serde(default = "smart")]
    pub exchange: String,
}

/// Which way a part of a combination is traded where the combination is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LegAction {
    /// It is bought too.
    Buy,
    /// It is sold.
    Sell,
    /// It is sold short, at the client's word.
    #[serde(rename = "SSHORT")]
    SellShort,
}

impl Leg {
    /// How many of its contract a bought combination adds: negative where it is sold.
    #[must_use]
    pub fn weight(&self) -> Decimal {
        match self.action {
            LegAction::Buy => Decimal::from(self.ratio),
            LegAction::Sell | LegAction::SellShort => -Decimal::from(self.ratio),
        }
    }
}

impl LegAction {
    /// The wire's word for it.
    #[must_use]
    pub const fn word(self) -> Action {
        match self {
            Self::Buy => Action::Buy,
            Self::Sell => Action::Sell,
            Self::SellShort => Action::SellShort,
        }
    }
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
    /// Its smallest price step must be the first of its table.
    #[error("min_tick is not the first step of market rule {0}; leave market_rule_ids out and a fitting one is made")]
    Rule(i32),
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
            contract_month: String::new(),
            strike: None,
            right: None,
            multiplier: None,
            min_tick: a_cent(),
            size_increment: one(),
            market_rule_ids: String::new(),
            steps: Vec::new(),
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
            underlying_security_type: None,
            isin: String::new(),
            cusip: String::new(),
            issuer_id: String::new(),
            price_magnifier: 1,
            ev_rule: String::new(),
            ev_multiplier: None,
            bond: None,
            fund: None,
            legs: Vec::new(),
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
        self.calendar.unwrap_or_else(|| match &self.security_type {
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

    /// Money for one contract at a quoted price of one.
    #[must_use]
    pub fn price_factor(&self) -> Decimal {
        self.factor() / self.magnifier()
    }

    /// By how much prices are quoted larger than money.
    fn magnifier(&self) -> Decimal {
        Decimal::from(self.price_magnifier.max(1)) // checked; clients read 0 as none
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
            combo_legs: self.legs.iter().map(combo_leg).collect(),
            ..Contract::default()
        }
    }

    /// Ids of the price step tables, one an exchange.
    #[must_use]
    pub fn market_rule_list(&self) -> String {
        match self.market_rule_ids.split_once(',') {
            Some(_) => self.market_rule_ids.clone(),
            // One table for all exchanges is told once an exchange.
            None => vec![self.market_rule_ids.as_str(); self.valid_exchanges.split(',').count()].join(","),
        }
    }

    /// Order types that contract details name; none where nothing can be traded.
    #[must_use]
    pub fn order_types(&self) -> String {
        match self.security_type {
            SecurityType::Index | SecurityType::News => String::new(),
            SecurityType::Stock | SecurityType::Option | SecurityType::ContractForDifference => {
                format!("{ORDER_TYPES},{STOCK_ORDER_TYPES}")
            }
            _ => ORDER_TYPES.to_owned(),
        }
    }

    /// Its numbers in the lists of others, by the name of the list.
    #[must_use]
    pub fn security_ids(&self) -> Vec<TagValue> {
        let ids = [("CUSIP", &self.cusip), ("ISIN", &self.isin)];
        ids.into_iter().filter(|(_, id)| !id.is_empty()).map(|(list, id)| TagValue::new(list, id.as_str())).collect()
    }

    /// What is known of it beside the contract.
    #[must_use]
    pub fn details(&self, now: SimTime) -> ContractDetails {
        let or_first = |month: &str| match month {
            "" => self.last_trade_date.get(..6).unwrap_or_default().to_owned(),
            month => month.to_owned(),
        };
        let bond = BondDetails { cusip: self.cusip.clone(), ..self.bond.as_deref().cloned().unwrap_or_default() };
        let contract = self.contract();
        let timetable = Timetable::of(self);
        ContractDetails {
            market_name: contract.trading_class,
            // Told in money, while prices and their rules are in the quoted unit.
            min_tick: Some(self.min_tick / self.magnifier()),
            order_types: self.order_types(),
            valid_exchanges: self.valid_exchanges.clone(),
            price_magnifier: Some(self.price_magnifier),
            underlying_contract_id: self.underlying_contract_id,
            long_name: self.long_name.clone(),
            contract_month: or_first(&self.contract_month).into(),
            industry: self.industry.clone(),
            category: self.category.clone(),
            subcategory: self.subcategory.clone(),
            time_zone: self.time_zone.clone(),
            trading_hours: timetable.text(HoursKind::Trading, now, HOURS_DAYS).into(),
            liquid_hours: timetable.text(HoursKind::Liquid, now, HOURS_DAYS).into(),
            ev_rule: self.ev_rule.clone(),
            ev_multiplier: self.ev_multiplier,
            security_ids: self.security_ids(),
            aggregated_group: self.aggregated_group(),
            underlying_symbol: self.underlying_symbol.clone(),
            underlying_security_type: self.underlying_security_type.clone(),
            market_rule_ids: self.market_rule_list(),
            real_expiration_date: self.last_trade_date.as_str().into(),
            stock_type: self.stock_type.clone(),
            min_size: Some(self.size_increment),
            size_increment: Some(self.size_increment),
            suggested_size_increment: Some(self.lot),
            fund: self.fund.as_deref().cloned().unwrap_or_default(),
            bond: if self.security_type == SecurityType::Bond { bond } else { BondDetails::default() },
            ..ContractDetails::default()
        }
    }

    /// Exchanges of one group quote together.
    const fn aggregated_group(&self) -> Option<i32> {
        match self.security_type {
            SecurityType::Option | SecurityType::FutureOption => Some(2),
            SecurityType::Forex => Some(4),
            SecurityType::Future => None,
            _ => Some(1),
        }
    }

    /// Where it trades if nothing is said: US stocks everywhere, all else at its one exchange.
    pub(crate) fn complete_exchanges(&mut self) {
        if self.valid_exchanges.is_empty() {
            let stock = self.security_type == SecurityType::Stock && self.exchange == "SMART";
            self.valid_exchanges = if stock { US_STOCK_EXCHANGES.to_owned() } else { self.exchange.clone() };
        }
    }

    /// Whether a request may name this exchange.
    #[must_use]
    pub fn trades_at(&self, exchange: &str) -> bool {
        self.valid_exchanges.split(',').any(|valid| valid.eq_ignore_ascii_case(exchange))
    }

    /// Whether its last trade is over on a day, `20261126`.
    #[must_use]
    pub fn is_expired(&self, day: i32) -> bool {
        self.last_trade_date.get(..8).and_then(|date| date.parse().ok()).is_some_and(|last: i32| last < day)
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
            ("price_magnifier", Decimal::from(self.price_magnifier)),
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
        (price % self.price_step(price)).is_zero()
    }

    /// The step that prices of this size have.
    #[must_use]
    pub fn price_step(&self, price: Decimal) -> Decimal {
        step_at(&self.steps, price).unwrap_or(self.min_tick)
    }
}

fn combo_leg(leg: &Leg) -> ComboLeg {
    ComboLeg {
        contract_id: Some(leg.contract_id),
        ratio: Some(leg.ratio),
        action: Some(leg.action.word()),
        exchange: leg.exchange.clone(),
        ..ComboLeg::default()
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

const fn one_i32() -> i32 {
    1
}

fn dollars() -> String {
    "USD".to_owned()
}

fn smart() -> String {
    "SMART".to_owned()
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
