//! [`Limits`]: what may be traded, and how much. No limit set = no trading.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::faults::{Limit, LimitFault, LimitsError};
use crate::waiver::WAIVER_S_MAX;

/// Most open orders a contract and side can have: IB itself takes 20, the rest is left for orders made by hand.
pub const OPEN_ORDERS_MAX: u32 = 15;
/// Longest window in which duplicates are looked for.
pub const DUPLICATE_WINDOW_MS_MAX: u64 = 60_000;
/// Most orders a second that can be allowed; it bounds what the gate remembers.
pub const ORDERS_PER_SECOND_MAX: u32 = 1_000;

/// Most orders of one strategy that can be allowed within a minute or a day; it bounds what the gate remembers.
pub const ENTRIES_MAX: u32 = 100_000;
/// Most rejects that can be allowed within their window; it bounds what the gate remembers.
pub const REJECTS_MAX: u32 = 1_000;
/// Longest window of rejects, in seconds: an hour.
pub const REJECTS_WINDOW_S_MAX: u32 = 3_600;
/// Most days before their last trading day within which contracts can be barred: ten years.
pub const EXPIRY_DAYS_MAX: u32 = 3_660;
/// Longest that the link may be away before something follows, in seconds: a day.
pub const AWAY_S_MAX: u32 = 24 * 60 * 60;
/// Longest pause between two tellings of an alarm, in seconds: an hour.
pub const ALARM_REPEAT_S_MAX: u32 = 3_600;
/// The last minute of a day.
pub const DAY_BEGINS_MAX: u32 = 24 * 60 - 1;

/// Whether money is at stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingMode {
    /// Paper accounts only; any other is refused.
    #[default]
    Paper,
    /// Only accounts named as live, and only while a person has armed the gate.
    Live,
}

impl fmt::Display for TradingMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paper => "paper",
            Self::Live => "live",
        })
    }
}

/// What happens to orders whose price cannot be held against a fresh quote (C2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutQuote {
    /// Every order is refused.
    RefuseAll,
    /// Market orders are refused; orders with a price of their own are not held against the market.
    #[default]
    RefuseMarket,
    /// Every order passes that can be valued: market orders at the last quote, however old.
    Allow,
}

/// Which names are allowed: `"any"`, or a list. An empty list allows nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "AllowListText", into = "AllowListText")]
pub enum AllowList {
    /// Every name. Has to be said; it is never a default.
    Any,
    /// These names and no others.
    Only(BTreeSet<String>),
}

impl AllowList {
    /// These names and no others.
    pub fn only<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::Only(names.into_iter().map(Into::into).collect())
    }

    /// Whether a name is allowed.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// Nothing.
impl Default for AllowList {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

/// The limits of a [`RiskGate`](crate::RiskGate), as configured.
///
/// What has no sensible default starts unset or empty, and [`Limits::validate`] refuses it: forgetting a limit means no
/// trading, never trading without it. Quantities and values are those of one account.
///
/// As TOML:
///
/// ```toml
/// mode = "paper"
/// accounts = ["DU123"]
/// symbols = ["IBM", "SPY"]     # or "any"
/// security_types = ["STK"]     # IB's words, or "any"
/// order_quantity_max = "500"
/// order_value_max = "100000"
/// position_max = "1000"
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Paper by default.
    pub mode: TradingMode,
    /// Accounts that may trade (C8).
    pub accounts: BTreeSet<String>,
    /// Accounts that may trade in live mode: the second lock, set apart from `accounts`.
    pub live_accounts: BTreeSet<String>,
    /// Symbols that may be traded (C8).
    pub symbols: AllowList,
    /// Kinds of contracts that may be traded, in IB's words: `STK`, `FUT`, ... (C8).
    pub security_types: AllowList,
    /// Exchanges to which orders may be sent, in IB's words: `SMART`, `CME`, ... Every one where it is not set, which is
    /// not possible in live trading (C8).
    pub exchanges: Option<AllowList>,
    /// How many days a contract must still have before its last trading day, for an order that can raise exposure; 0 by
    /// default: until it has expired (C8).
    pub expiry_days_min: u32,
    /// Most units of one order (C1).
    pub order_quantity_max: Option<Decimal>,
    /// Most money of one order, in the order's own currency (C1).
    pub order_value_max: Option<Decimal>,
    /// Most money of one order in these currencies, in the place of `order_value_max` (C1).
    pub order_value_max_by_currency: BTreeMap<String, Decimal>,
    /// Most units of one contract, long or short, with all open orders counted as filled (C6).
    pub position_max: Option<Decimal>,
    /// Most money at stake over all contracts of an account, long and short added up, with all open orders counted as
    /// filled; in the currency of its equity. Required for live trading (C6).
    pub gross_exposure_max: Option<Decimal>,
    /// The same with short taken from long, either way. Required for live trading (C6).
    pub net_exposure_max: Option<Decimal>,
    /// Most open orders of one contract and side; at most [`OPEN_ORDERS_MAX`], which is the default (C6).
    pub open_orders_max: u32,
    /// By how many percent a price may be worse than the market; 5 by default (C2).
    pub collar_percent: Decimal,
    /// The same for these kinds of contracts, in IB's words, in the place of `collar_percent`. For combinations (`BAG`) it
    /// is a share of what their legs are worth, added up without signs (C2).
    pub collar_percent_by_type: BTreeMap<String, Decimal>,
    /// How old a quote may be to measure a price by, in milliseconds; 10 000 by default (C2).
    pub quote_age_max_ms: u64,
    /// What happens without such a quote (C2).
    pub without_quote: WithoutQuote,
    /// By how many percent a price may be worse than the one at which we last traded the contract ourselves, beside the
    /// market; not held against that by default. Where there is no fresh quote, `collar_percent` stands in (C2).
    pub own_collar_percent: Option<Decimal>,
    /// For how long that price measures others, in seconds; 300 by default (C2).
    pub own_price_age_max_s: u32,
    /// For how long an order like one just accepted counts as its duplicate, in milliseconds; 1 000 by default (C4).
    pub duplicate_window_ms: u64,
    /// Most orders and changes of orders that one strategy sends within a second; 5 by default (C3).
    pub orders_per_second_strategy: u32,
    /// Most orders and changes that all strategies send within a second; 30 by default (C3).
    pub orders_per_second: u32,
    /// Most money of one order as a percentage of the account's equity, its `NetLiquidation` (C1).
    pub order_value_percent_max: Option<Decimal>,
    /// How old the equity may be that this and exposures are measured by, in seconds; 300 by default (C1, C6).
    pub equity_age_max_s: u32,
    /// Most orders of one strategy within a minute, each leg of a group counted; 20 by default. One more halts it until a
    /// person lets it go on (C5).
    pub entries_per_minute_strategy: u32,
    /// The same within a trading day; 500 by default (C5).
    pub entries_per_day_strategy: u32,
    /// Most money that an account may lose in a trading day, in each currency: realised and unrealised, with commission.
    /// From then on only what makes positions smaller passes. Required for live trading (C7).
    pub daily_loss_max: Option<Decimal>,
    /// The same from the best moment of the day (C7).
    pub drawdown_max: Option<Decimal>,
    /// When a trading day begins, in minutes behind midnight UTC; 0 by default (C5, C7).
    pub day_begins_utc_minute: u32,
    /// Lets orders pass that would meet orders of our own; not by default (C9).
    pub allow_self_match: bool,
    /// For how many seconds the link may be away before orders that work without it are an alarm; 60 by default (C12).
    pub link_away_alarm_s: u32,
    /// After how many seconds away all orders are cancelled when the link is back; they are kept where it is not set
    /// (C12).
    pub cancel_on_return_after_s: Option<u32>,
    /// How often an alarm is told again until a person acknowledges it, in seconds; 60 by default (C14).
    pub alarm_repeat_s: u32,
    /// Lets one order at a time go past a limit, on a named person's word; not by default (C16).
    pub waivers: bool,
    /// For how many seconds such a word holds; 60 by default (C16).
    pub waiver_s: u32,
    /// How many orders of one strategy the broker may reject within `rejects_window_s`, before it is halted until a person
    /// lets it go on; 5 by default (C10).
    pub rejects_max: u32,
    /// Within how many seconds; 60 by default (C10).
    pub rejects_window_s: u32,
}

/// Paper mode, and nothing allowed yet.
impl Default for Limits {
    fn default() -> Self {
        Self {
            mode: TradingMode::Paper,
            accounts: BTreeSet::new(),
            live_accounts: BTreeSet::new(),
            symbols: AllowList::default(),
            security_types: AllowList::default(),
            exchanges: None,
            expiry_days_min: 0,
            order_quantity_max: None,
            order_value_max: None,
            order_value_max_by_currency: BTreeMap::new(),
            position_max: None,
            gross_exposure_max: None,
            net_exposure_max: None,
            open_orders_max: OPEN_ORDERS_MAX,
            collar_percent: Decimal::from(5),
            collar_percent_by_type: BTreeMap::new(),
            quote_age_max_ms: 10_000,
            without_quote: WithoutQuote::default(),
            own_collar_percent: None,
            own_price_age_max_s: 300,
            duplicate_window_ms: 1_000,
            orders_per_second_strategy: 5,
            orders_per_second: 30,
            order_value_percent_max: None,
            equity_age_max_s: 300,
            entries_per_minute_strategy: 20,
            entries_per_day_strategy: 500,
            daily_loss_max: None,
            drawdown_max: None,
            day_begins_utc_minute: 0,
            allow_self_match: false,
            link_away_alarm_s: 60,
            cancel_on_return_after_s: None,
            alarm_repeat_s: 60,
            waivers: false,
            waiver_s: 60,
            rejects_max: 5,
            rejects_window_s: 60,
        }
    }
}

impl Limits {
    /// Checks that every limit is set and makes sense.
    ///
    /// # Errors
    /// [`LimitsError`] names every fault at once.
    pub fn validate(&self) -> Result<(), LimitsError> {
        let mut faults = Vec::new();
        self.check_accounts(&mut faults);
        for (limit, list) in [
            (Limit::Symbols, Some(&self.symbols)),
            (Limit::SecurityTypes, Some(&self.security_types)),
            (Limit::Exchanges, self.exchanges.as_ref()),
        ] {
            match list {
                Some(AllowList::Only(names)) if names.is_empty() => faults.push(LimitFault::Missing(limit)),
                None if self.mode == TradingMode::Live => faults.push(LimitFault::Missing(limit)),
                Some(AllowList::Any | AllowList::Only(_)) | None => {}
            }
        }
        for (limit, value) in [
            (Limit::OrderQuantity, self.order_quantity_max),
            (Limit::OrderValue, self.order_value_max),
            (Limit::Position, self.position_max),
        ] {
            match value {
                // A list of currencies can stand alone: orders in others are then refused.
                None if limit == Limit::OrderValue && !self.order_value_max_by_currency.is_empty() => {}
                None => faults.push(LimitFault::Missing(limit)),
                Some(value) => positive(limit, value, &mut faults),
            }
        }
        for value in self.order_value_max_by_currency.values() {
            positive(Limit::OrderValue, *value, &mut faults);
        }
        for percent in self.collar_percents() {
            positive(Limit::Collar, *percent, &mut faults);
        }
        for (limit, value) in [
            (Limit::OrderValuePercent, self.order_value_percent_max),
            (Limit::DailyLoss, self.daily_loss_max),
            (Limit::Drawdown, self.drawdown_max),
            (Limit::GrossExposure, self.gross_exposure_max),
            (Limit::NetExposure, self.net_exposure_max),
        ] {
            match value {
                None if self.mode == TradingMode::Live && limit.is_required_live() => {
                    faults.push(LimitFault::Missing(limit));
                }
                None => {}
                Some(value) => positive(limit, value, &mut faults),
            }
        }
        // Zero is one of them.
        for (limit, value, max) in [
            (Limit::DayBegins, self.day_begins_utc_minute, DAY_BEGINS_MAX),
            (Limit::ExpiryDays, self.expiry_days_min, EXPIRY_DAYS_MAX),
            (Limit::CancelOnReturn, self.cancel_on_return_after_s.unwrap_or_default(), AWAY_S_MAX),
        ] {
            if value > max {
                faults.push(LimitFault::OutOfRange { limit, value: u64::from(value), max: u64::from(max) });
            }
        }
        for (limit, value, max) in [
            (Limit::OpenOrders, u64::from(self.open_orders_max), u64::from(OPEN_ORDERS_MAX)),
            (Limit::QuoteAge, self.quote_age_max_ms, u64::from(u32::MAX)),
            (Limit::OwnPriceAge, u64::from(self.own_price_age_max_s), u64::from(u32::MAX)),
            (Limit::DuplicateWindow, self.duplicate_window_ms, DUPLICATE_WINDOW_MS_MAX),
            (Limit::StrategyRate, u64::from(self.orders_per_second_strategy), u64::from(ORDERS_PER_SECOND_MAX)),
            (Limit::TotalRate, u64::from(self.orders_per_second), u64::from(ORDERS_PER_SECOND_MAX)),
            (Limit::EquityAge, u64::from(self.equity_age_max_s), u64::from(u32::MAX)),
            (Limit::EntriesPerMinute, u64::from(self.entries_per_minute_strategy), u64::from(ENTRIES_MAX)),
            (Limit::EntriesPerDay, u64::from(self.entries_per_day_strategy), u64::from(ENTRIES_MAX)),
            (Limit::LinkAwayAlarm, u64::from(self.link_away_alarm_s), u64::from(AWAY_S_MAX)),
            (Limit::AlarmRepeat, u64::from(self.alarm_repeat_s), u64::from(ALARM_REPEAT_S_MAX)),
            (Limit::WaiverSeconds, u64::from(self.waiver_s), u64::from(WAIVER_S_MAX)),
            (Limit::Rejects, u64::from(self.rejects_max), u64::from(REJECTS_MAX)),
            (Limit::RejectsWindow, u64::from(self.rejects_window_s), u64::from(REJECTS_WINDOW_S_MAX)),
        ] {
            if !(1..=max).contains(&value) {
                faults.push(LimitFault::OutOfRange { limit, value, max });
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(LimitsError { faults }) }
    }

    fn collar_percents(&self) -> impl Iterator<Item = &Decimal> {
        self.collar_percent_by_type.values().chain([&self.collar_percent]).chain(&self.own_collar_percent)
    }

    fn check_accounts(&self, faults: &mut Vec<LimitFault>) {
        if self.accounts.is_empty() {
            faults.push(LimitFault::Missing(Limit::Accounts));
        }
        for account in &self.accounts {
            match self.mode {
                TradingMode::Paper if !is_paper_account(account) => {
                    faults.push(LimitFault::LiveAccountInPaperMode(account.clone()));
                }
                TradingMode::Live if !self.live_accounts.contains(account) => {
                    faults.push(LimitFault::AccountNotNamedLive(account.clone()));
                }
                TradingMode::Paper | TradingMode::Live => {}
            }
        }
    }

    /// The duplicate window in the unit of timestamps.
    pub(crate) fn duplicate_window_us(&self) -> i64 {
        i64::try_from(self.duplicate_window_ms.min(DUPLICATE_WINDOW_MS_MAX) * 1_000).unwrap_or(i64::MAX)
    }

    /// Whether what an account is worth has to be known.
    #[must_use]
    pub const fn needs_equity(&self) -> bool {
        self.order_value_percent_max.is_some() || self.bounds_exposure()
    }

    /// Whether the exposure over all contracts is bounded at all.
    pub(crate) const fn bounds_exposure(&self) -> bool {
        self.gross_exposure_max.is_some() || self.net_exposure_max.is_some()
    }

    /// Whether losses are bounded at all.
    pub(crate) fn bounds_losses(&self) -> bool {
        self.daily_loss_max.is_some() || self.drawdown_max.is_some()
    }

    /// By how many percent a price may be worse than the market, for this kind of contract.
    #[must_use]
    pub fn collar_percent_for(&self, security_type: &str) -> Decimal {
        self.collar_percent_by_type.get(security_type).copied().unwrap_or(self.collar_percent)
    }

    /// Most money of one order in this currency; `None` where none is set, so that nothing may be traded in it.
    #[must_use]
    pub fn order_value_max_in(&self, currency: &str) -> Option<Decimal> {
        self.order_value_max_by_currency.get(currency).copied().or(self.order_value_max)
    }
}

/// Whether an account is a paper account by its name: `DU123`, `DF123`, ... Live ones do not start with D.
#[must_use]
pub fn is_paper_account(account: &str) -> bool {
    match account.as_bytes() {
        [b'D', kind, number, rest @ ..] => {
            kind.is_ascii_uppercase() && number.is_ascii_digit() && rest.iter().all(u8::is_ascii_alphanumeric)
        }
        _ => false,
    }
}

fn positive(limit: Limit, value: Decimal, faults: &mut Vec<LimitFault>) {
    if value <= Decimal::ZERO {
        faults.push(LimitFault::NotPositive { limit, value });
    }
}

/// How an [`AllowList`] is spelled.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "it should be \"any\", or a list of names, such as [\"IBM\"]")]
enum AllowListText {
    Word(Any),
    Names(BTreeSet<String>),
}

#[derive(Serialize, Deserialize)]
enum Any {
    #[serde(rename = "any")]
    Any,
}

impl From<AllowListText> for AllowList {
    fn from(text: AllowListText) -> Self {
        match text {
            AllowListText::Word(Any::Any) => Self::Any,
            AllowListText::Names(names) => Self::Only(names),
        }
    }
}

impl From<AllowList> for AllowListText {
    fn from(list: AllowList) -> Self {
        match list {
            AllowList::Any => Self::Word(Any::Any),
            AllowList::Only(names) => Self::Names(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Limits {
        Limits {
            accounts: BTreeSet::from(["DU1".to_owned()]),
            symbols: AllowList::only(["IBM"]),
            security_types: AllowList::Any,
            order_quantity_max: Some(Decimal::from(100)),
            order_value_max: Some(Decimal::from(10_000)),
            position_max: Some(Decimal::from(200)),
            ..Limits::default()
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Limits), expected: &[LimitFault]) {
        let mut limits = complete();
        change(&mut limits);
        let faults = limits.validate().map_or_else(|error| error.faults, |()| Vec::new());
        assert_eq!(faults, expected);
    }

    #[test]
    fn defaults_allow_nothing_and_every_fault_is_named() {
        let error = Limits::default().validate().unwrap_err(); // it is what this test is about
        assert_eq!(
            error.to_string(),
            "nothing can be traded with these limits: set `accounts`: without it nothing is allowed; \
             set `symbols`: without it nothing is allowed; set `security_types`: without it nothing is allowed; \
             set `order_quantity_max`: without it nothing is allowed; set `order_value_max`: without it nothing is \
             allowed; set `position_max`: without it nothing is allowed"
        );
    }

    #[test]
    fn each_limit_is_checked() {
        let not_positive = |limit, value: i64| LimitFault::NotPositive { limit, value: Decimal::from(value) };
        let out = |limit, value, max| LimitFault::OutOfRange { limit, value, max };
        check(|_| (), &[]);
        check(|limits| limits.accounts.clear(), &[LimitFault::Missing(Limit::Accounts)]);
        check(|limits| limits.symbols = AllowList::only([""; 0]), &[LimitFault::Missing(Limit::Symbols)]);
        check(|limits| limits.symbols = AllowList::Any, &[]);
        check(|limits| limits.security_types = AllowList::default(), &[LimitFault::Missing(Limit::SecurityTypes)]);
        check(|limits| limits.exchanges = Some(AllowList::default()), &[LimitFault::Missing(Limit::Exchanges)]);
        check(|limits| limits.exchanges = Some(AllowList::Any), &[]);
        check(|limits| limits.expiry_days_min = 3_661, &[out(Limit::ExpiryDays, 3_661, 3_660)]);
        check(|limits| limits.own_collar_percent = Some(Decimal::ZERO), &[not_positive(Limit::Collar, 0)]);
        check(|limits| limits.own_price_age_max_s = 0, &[out(Limit::OwnPriceAge, 0, u64::from(u32::MAX))]);
        check(|limits| limits.link_away_alarm_s = 0, &[out(Limit::LinkAwayAlarm, 0, 86_400)]);
        check(|limits| limits.cancel_on_return_after_s = Some(0), &[]);
        check(|limits| limits.cancel_on_return_after_s = Some(86_401), &[out(Limit::CancelOnReturn, 86_401, 86_400)]);
        check(|limits| limits.waiver_s = 601, &[out(Limit::WaiverSeconds, 601, 600)]);
        check(|limits| limits.alarm_repeat_s = 3_601, &[out(Limit::AlarmRepeat, 3_601, 3_600)]);
        check(|limits| limits.order_quantity_max = None, &[LimitFault::Missing(Limit::OrderQuantity)]);
        check(|limits| limits.order_quantity_max = Some(Decimal::ZERO), &[not_positive(Limit::OrderQuantity, 0)]);
        check(|limits| limits.order_value_max = None, &[LimitFault::Missing(Limit::OrderValue)]);
        check(|limits| limits.order_value_max = Some(Decimal::from(-1)), &[not_positive(Limit::OrderValue, -1)]);
        let by_currency = |limits: &mut Limits, value: i64| {
            limits.order_value_max = None;
            limits.order_value_max_by_currency.insert("USD".to_owned(), Decimal::from(value));
        };
        check(|limits| by_currency(limits, 5), &[]);
        check(|limits| by_currency(limits, 0), &[not_positive(Limit::OrderValue, 0)]);
        check(|limits| limits.position_max = None, &[LimitFault::Missing(Limit::Position)]);
        check(|limits| limits.gross_exposure_max = Some(Decimal::ZERO), &[not_positive(Limit::GrossExposure, 0)]);
        check(|limits| limits.net_exposure_max = Some(Decimal::ZERO), &[not_positive(Limit::NetExposure, 0)]);
        check(|limits| limits.collar_percent = Decimal::ZERO, &[not_positive(Limit::Collar, 0)]);
        check(|limits| limits.open_orders_max = 0, &[out(Limit::OpenOrders, 0, 15)]);
        check(|limits| limits.open_orders_max = 16, &[out(Limit::OpenOrders, 16, 15)]);
        check(|limits| limits.quote_age_max_ms = 0, &[out(Limit::QuoteAge, 0, u64::from(u32::MAX))]);
        check(|limits| limits.duplicate_window_ms = 60_001, &[out(Limit::DuplicateWindow, 60_001, 60_000)]);
        check(|limits| limits.orders_per_second_strategy = 0, &[out(Limit::StrategyRate, 0, 1_000)]);
        check(|limits| limits.orders_per_second = 1_001, &[out(Limit::TotalRate, 1_001, 1_000)]);
    }

    #[test]
    fn limits_are_written_in_toml() {
        let text = r#"
            accounts = ["DU1"]
            symbols = ["IBM"]
            security_types = "any"
            order_quantity_max = 100
            order_value_max = "10000"
            position_max = "200"
        "#;
        let read = |text: &str| toml::from_str::<Limits>(text);
        assert_eq!(read(text), Ok(complete()));
        assert_eq!(read(&toml::to_string(&complete()).unwrap()), Ok(complete())); // limits are plain data
        for text in ["symbols = \"all\"", "symbols = 5", "security_types = [1]"] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("it should be \"any\", or a list of names"), "{error}");
        }
        assert_eq!(read(""), Ok(Limits::default()));
        assert!(read("max_order = 5").is_err());
    }

    #[test]
    fn paper_and_live_accounts_do_not_mix() {
        let live = |limits: &mut Limits, named: &str| {
            limits.mode = TradingMode::Live;
            limits.accounts = BTreeSet::from(["U1".to_owned()]);
            limits.live_accounts = BTreeSet::from([named.to_owned()]);
            limits.exchanges = Some(AllowList::only(["SMART"]));
            limits.daily_loss_max = Some(Decimal::ONE_THOUSAND);
            limits.gross_exposure_max = Some(Decimal::ONE_THOUSAND);
            limits.net_exposure_max = Some(Decimal::ONE_THOUSAND);
        };
        let u1 = || "U1".to_owned();
        check(|limits| limits.accounts.extend([u1()]), &[LimitFault::LiveAccountInPaperMode(u1())]);
        check(|limits| live(limits, "U2"), &[LimitFault::AccountNotNamedLive(u1())]);
        check(|limits| live(limits, "U1"), &[]);
        check(
            |limits| {
                live(limits, "U1");
                limits.exchanges = None;
                limits.daily_loss_max = None;
                limits.gross_exposure_max = None;
                limits.net_exposure_max = None;
            },
            &[Limit::Exchanges, Limit::DailyLoss, Limit::GrossExposure, Limit::NetExposure].map(LimitFault::Missing),
        );
        for (account, paper) in [
            ("DU1234567", true),
            ("DF1234567", true),
            ("DI1234567", true),
            ("DU1234567A", true),
            ("U1234567", false),
            ("F1234567", false),
            ("D", false),
            ("DU", false),
            ("du123", false),
            ("DU-1", false),
            ("", false),
        ] {
            assert_eq!(is_paper_account(account), paper, "{account}");
        }
    }
}
