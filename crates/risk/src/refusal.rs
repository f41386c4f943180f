//! [`Refusal`]: which control refused an order, by which numbers, and what to do about it.

use order::{HaltScope, IntentId, OrderKind};
use position::{Instrument, InstrumentError};
use rust_decimal::Decimal;
use thiserror::Error;
use tws_proto::ids::ContractId;

use crate::waiver::Waivable;

/// Why an order did not pass. Nothing was journaled or sent.
///
/// The text starts with the control's number; [`Refusal::control`] gives it alone. Times are in microseconds of the
/// caller's clock.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// C11: somebody pulled the kill switch.
    #[error("C11 kill switch: {by} stopped all trading: {reason}; a person must re-arm")]
    Killed {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// C11: live trading needs a person's word, which was not given or has run out.
    #[error("C11 arming: live trading is not armed{}; a person must arm it", .expired_us.map_or("", |_| " any more"))]
    NotArmed {
        /// When the last arming ran out.
        expired_us: Option<i64>,
    },
    /// C8: the account is not allowed.
    #[error("C8 accounts: {account} is not among the allowed accounts; trade one of those or change `accounts`")]
    AccountNotAllowed {
        /// Which.
        account: String,
    },
    /// C8: the account is no paper account and the mode is paper.
    #[error("C8 paper interlock: {account} is not a paper account and the mode is paper; use a paper login")]
    LiveAccountInPaperMode {
        /// Which.
        account: String,
    },
    /// C8: the account is not named as live and the mode is live.
    #[error("C8 live interlock: {account} is not in `live_accounts`; name it there or trade one of those")]
    AccountNotNamedLive {
        /// Which.
        account: String,
    },
    /// C8: the symbol is not allowed.
    #[error("C8 symbols: {symbol} is not among the allowed symbols; change `symbols` to trade it")]
    SymbolNotAllowed {
        /// Which.
        symbol: String,
    },
    /// C8: the kind of contract is not allowed.
    #[error("C8 security types: {security_type} is not among the allowed kinds; change `security_types` to trade it")]
    SecurityTypeNotAllowed {
        /// IB's word for it; empty where the contract does not say.
        security_type: String,
    },
    /// C8: the exchange is not allowed.
    #[error("C8 exchanges: {exchange} is not among the allowed exchanges; change `exchanges` to trade there")]
    ExchangeNotAllowed {
        /// Where the order would be sent.
        exchange: String,
    },
    /// C8: the contract has expired.
    #[error("C8 expiry: {symbol} of {expiry} has expired; trade a later contract")]
    Expired {
        /// Its symbol.
        symbol: String,
        /// Its last trading day, as the contract says.
        expiry: String,
    },
    /// C8: the contract expires too soon, or does not say when.
    #[error(
        "C8 expiry: {symbol} {}, and must have {limit_days} days left; trade a later contract, or make a position smaller",
        expires(expiry)
    )]
    ExpiresTooSoon {
        /// Its symbol.
        symbol: String,
        /// Its last trading day, as the contract says; empty where it does not.
        expiry: String,
        /// How many days it must still have.
        limit_days: u32,
    },
    /// C8: the exchange has halted the contract.
    #[error("C8 halt: trading in {symbol} is halted by its exchange; wait until it trades again")]
    TradingHalted {
        /// Its symbol.
        symbol: String,
    },
    /// C8: the contract does not tell enough to count its risk.
    #[error("C8 contract: {0}")]
    Contract(#[from] InstrumentError),
    /// C8: the contract says something else than the one that is held.
    #[error(
        "C8 contract: {} trades in {} with multiplier {}, the order says {} with {}; ask for contract details",
        .known.contract_id, .known.currency, .known.multiplier, .asked.currency, .asked.multiplier
    )]
    ContractDiffers {
        /// As the ledger counts it, or its details tell.
        known: Box<Instrument>,
        /// As the order says.
        asked: Box<Instrument>,
    },
    /// C8: a combination that does not say what it is made of.
    #[error("C8 combination: {symbol} names no legs, and its risk is that of its legs; name them in the contract")]
    NoLegs {
        /// Its symbol.
        symbol: String,
    },
    /// C8: a leg without a contract number, a side or a ratio, or a contract that is a leg twice.
    #[error(
        "C8 combination: leg {place} needs a contract number of its own, an action and a ratio above zero; mend the contract"
    )]
    LegUnsound {
        /// Which, from 1.
        place: usize,
    },
    /// C8: nobody has told what a leg is.
    #[error(
        "C8 combination: of leg {contract_id} neither multiplier nor currency is known; watch that contract, then order"
    )]
    LegUnknown {
        /// Which contract.
        contract_id: ContractId,
    },
    /// C2: the price of the combination cannot be held against its legs.
    #[error("C2 price collar: the combination's price cannot be held against its legs: {cause}")]
    CombinationUnpriced {
        /// Why.
        cause: Unpriced,
    },
    /// C2: the net price of a combination is too much worse than the quotes of its legs.
    #[error(
        "C2 price collar: net price {asked} is beyond {limit}, {percent} % of the {worth} its legs are worth from the {reference} \
         they cost together; ask for a price nearer to it"
    )]
    CombinationCollar {
        /// The price.
        asked: Decimal,
        /// The worst one allowed.
        limit: Decimal,
        /// What the legs cost together by their quotes, or for a stop limit its own trigger.
        reference: Decimal,
        /// How much of their worth it may be away.
        percent: Decimal,
        /// What the legs are worth, added up without signs.
        worth: Decimal,
    },
    /// C6: the position in a leg's contract would grow too big if every open order filled.
    #[error(
        "C6 position: leg {contract_id}: asked {asked} on top of {have} held and {pending} in open orders, limit {limit}; \
         cancel, close or ask for less"
    )]
    LegPosition {
        /// The leg's contract.
        contract_id: ContractId,
        /// How much, negative sold.
        asked: Decimal,
        /// The account's position.
        have: Decimal,
        /// What open orders may still trade of it on this side; negative sold.
        pending: Decimal,
        /// The most, long or short.
        limit: Decimal,
    },
    /// C1: nothing, or less, was asked for.
    #[error("C1 order quantity: asked {asked}; ask for more than zero")]
    QuantityNotPositive {
        /// How much.
        asked: Decimal,
    },
    /// C1: more units than one order may have.
    #[error("C1 order quantity: asked {asked}, limit {limit}; ask for less")]
    OrderQuantity {
        /// How much.
        asked: Decimal,
        /// The most.
        limit: Decimal,
    },
    /// C1: more money than one order may move.
    #[error("C1 order value: asked {asked} {currency}, limit {limit}; ask for less")]
    OrderValue {
        /// How much.
        asked: Decimal,
        /// The most.
        limit: Decimal,
        /// In which currency.
        currency: String,
    },
    /// C1: no limit is set for this currency.
    #[error("C1 order value: no limit is set for {currency}; set one to trade in it")]
    NoValueLimit {
        /// Which.
        currency: String,
    },
    /// C1: nobody knows what the order is worth: it has no price and the contract no quote.
    #[error("C1 order value: no price is known for contract {contract_id}; wait for a quote or set a limit price")]
    NoPrice {
        /// Which.
        contract_id: ContractId,
    },
    /// C1: the kind of order has a price that this gate cannot value.
    #[error("C1 order value: {kind:?} orders cannot be valued; use a market, limit, stop or stop limit order")]
    KindNotValued {
        /// Which.
        kind: Box<OrderKind>,
    },
    /// C2: there is no quote, or an old one, to hold the price against.
    #[error("C2 price collar: contract {contract_id} has {}; subscribe to its market data and wait for a quote", quote_age(*.age_ms, *.limit_ms))]
    NoFreshQuote {
        /// Which.
        contract_id: ContractId,
        /// How old its quote is; `None` without one.
        age_ms: Option<u64>,
        /// How old it may be.
        limit_ms: u64,
    },
    /// C2: the price is too much worse than the market.
    #[error(
        "C2 price collar: price {asked} is beyond {limit}, {percent} % from {reference}; ask for a price nearer to it"
    )]
    Collar {
        /// The price.
        asked: Decimal,
        /// The worst one allowed.
        limit: Decimal,
        /// The market's, or for a stop limit its own trigger.
        reference: Decimal,
        /// How far it may be.
        percent: Decimal,
    },
    /// C2: the price is too much worse than the one at which we last traded ourselves.
    #[error(
        "C2 price collar: price {asked} is beyond {limit}, {percent} % from the {own} at which we last traded; ask for a price \
         nearer to it, or wait until that is {age_s} s ago"
    )]
    OwnCollar {
        /// The price.
        asked: Decimal,
        /// The worst one allowed.
        limit: Decimal,
        /// Our own last price.
        own: Decimal,
        /// How far it may be.
        percent: Decimal,
        /// For how long that price measures others.
        age_s: u32,
    },
    /// C6: the position would grow too big if every open order filled.
    #[error(
        "C6 position: asked {asked} on top of {have} held and {pending} in open orders, limit {limit}; cancel, close or ask for less"
    )]
    Position {
        /// How much, negative sold.
        asked: Decimal,
        /// The account's position.
        have: Decimal,
        /// Rest of the open orders of this side, those with unknown outcome too; negative sold.
        pending: Decimal,
        /// The most, long or short.
        limit: Decimal,
    },
    /// C6: too many open orders of this contract and side.
    #[error("C6 open orders: {have} of {limit} of this contract and side are open; cancel one first")]
    OpenOrders {
        /// How many.
        have: u32,
        /// The most.
        limit: u32,
    },
    /// C6: too much would be at stake over all contracts, long and short added up, if every open order filled.
    #[error(
        "C6 gross exposure: {with} {currency} over all contracts with this order, {without} without it, limit {limit}; cancel, \
         close or ask for less"
    )]
    GrossExposure {
        /// With the order.
        with: Decimal,
        /// Without it.
        without: Decimal,
        /// The most.
        limit: Decimal,
        /// In which currency: that of the account's equity.
        currency: String,
    },
    /// C6: too much would be at stake over all contracts, short taken from long, if the open orders of this direction
    /// filled.
    #[error(
        "C6 net exposure: {with} {currency} over all contracts with this order, {without} without it, limit {limit} either \
         way; cancel, close or ask for less"
    )]
    NetExposure {
        /// With the order, negative short.
        with: Decimal,
        /// Without it.
        without: Decimal,
        /// The most, long or short.
        limit: Decimal,
        /// In which currency: that of the account's equity.
        currency: String,
    },
    /// C6: nobody knows what is at stake over all contracts.
    #[error("C6 exposure: what the account has at stake is not known: {cause}")]
    ExposureUnknown {
        /// Why.
        cause: Unvalued,
    },
    /// C4: the same order was accepted a moment ago.
    #[error("C4 duplicate: the same order was accepted {age_ms} ms ago, window {limit_ms} ms; if two are meant, wait")]
    Duplicate {
        /// How long ago.
        age_ms: u64,
        /// From when on it is a new order.
        limit_ms: u64,
    },
    /// C3: the strategy sends too fast.
    #[error("C3 order rate: strategy {strategy} sent {have} orders within a second, limit {limit}; slow down")]
    StrategyRate {
        /// Which.
        strategy: String,
        /// How many.
        have: u32,
        /// The most.
        limit: u32,
    },
    /// C3: all strategies together send too fast.
    #[error("C3 order rate: {have} orders were sent within a second, limit {limit}; slow down")]
    TotalRate {
        /// How many.
        have: u32,
        /// The most.
        limit: u32,
    },
    /// C1: more money than a part of the account's equity.
    #[error(
        "C1 order value: asked {asked} {currency}, which is more than {percent} % of the equity of {equity} {equity_currency}; ask for less"
    )]
    EquityShare {
        /// How much.
        asked: Decimal,
        /// In which currency.
        currency: String,
        /// The most, as a percentage.
        percent: Decimal,
        /// The account's equity.
        equity: Decimal,
        /// In which currency.
        equity_currency: String,
    },
    /// C1: the account's equity is not known, or was told too long ago.
    #[error("C1 order value: the equity of the account is {}; wait until TWS tells its NetLiquidation", equity_age(*.age_s, *.limit_s))]
    NoEquity {
        /// How old it is; `None` where it was never told.
        age_s: Option<u64>,
        /// How old it may be.
        limit_s: u32,
    },
    /// C1: what the order's currency is worth in that of the equity is not known.
    #[error(
        "C1 order value: no exchange rate from {from} to {to} is known; wait until TWS tells it, or hold some {from}"
    )]
    NoExchangeRate {
        /// Currency of the order.
        from: String,
        /// Currency of the equity.
        to: String,
    },
    /// C5: the strategy has entered too often.
    #[error(
        "C5 entries: strategy {strategy} placed {have} orders within a {window}, limit {limit}; a person must let it go on"
    )]
    Entries {
        /// Which.
        strategy: String,
        /// How many.
        have: u32,
        /// The most.
        limit: u32,
        /// `minute` or `day`.
        window: &'static str,
    },
    /// C7: the account has lost too much today.
    #[error(
        "C7 daily loss: the account has lost {lost} {currency} today, limit {limit}; only what makes a position smaller passes"
    )]
    DailyLoss {
        /// Which account.
        account: String,
        /// In which currency.
        currency: String,
        /// How much.
        lost: Decimal,
        /// The most.
        limit: Decimal,
    },
    /// C7: the account has lost too much since its best moment of the day.
    #[error(
        "C7 drawdown: the account is {lost} {currency} below its best of today, limit {limit}; only what makes a position \
         smaller passes"
    )]
    Drawdown {
        /// Which account.
        account: String,
        /// In which currency.
        currency: String,
        /// How much.
        lost: Decimal,
        /// The most.
        limit: Decimal,
    },
    /// C7: nobody knows what the account has lost.
    #[error(
        "C7 daily loss: {unmarked} positions in {currency} have no price, so the loss is not known; watch their contracts"
    )]
    LossUnknown {
        /// Which account.
        account: String,
        /// In which currency.
        currency: String,
        /// Positions without a price.
        unmarked: u32,
    },
    /// C9: it would trade with an order of our own.
    #[error(
        "C9 self-match: order {with} of ours rests at {price} on the other side; cancel it first or ask for another price"
    )]
    SelfMatch {
        /// With which.
        with: IntentId,
        /// Its price.
        price: Decimal,
    },
    /// C10: the broker has rejected too many orders of a strategy.
    #[error(
        "C10 reject storm: {have} orders of strategy {strategy} were rejected within {window_s} s, limit {limit}; a person must \
         let it go on"
    )]
    RejectStorm {
        /// Which.
        strategy: String,
        /// How many.
        have: u32,
        /// How many are too many.
        limit: u32,
        /// Within how many seconds.
        window_s: u32,
    },
    /// C1, C6: an amount is beyond what a decimal holds.
    #[error("C1 order value: an amount is beyond what a decimal holds; ask for less")]
    OutOfRange,
}

impl Refusal {
    /// Number of the control that refused, as in the text: `"C1"` to `"C11"`.
    #[must_use]
    pub const fn control(&self) -> &'static str {
        match self {
            Self::QuantityNotPositive { .. }
            | Self::OrderQuantity { .. }
            | Self::OrderValue { .. }
            | Self::NoValueLimit { .. }
            | Self::NoPrice { .. }
            | Self::KindNotValued { .. }
            | Self::EquityShare { .. }
            | Self::NoEquity { .. }
            | Self::NoExchangeRate { .. }
            | Self::OutOfRange => "C1",
            Self::NoFreshQuote { .. }
            | Self::Collar { .. }
            | Self::CombinationCollar { .. }
            | Self::OwnCollar { .. }
            | Self::CombinationUnpriced { .. } => "C2",
            Self::StrategyRate { .. } | Self::TotalRate { .. } => "C3",
            Self::Duplicate { .. } => "C4",
            Self::Position { .. }
            | Self::LegPosition { .. }
            | Self::OpenOrders { .. }
            | Self::GrossExposure { .. }
            | Self::NetExposure { .. }
            | Self::ExposureUnknown { .. } => "C6",
            Self::Entries { .. } => "C5",
            Self::DailyLoss { .. } | Self::Drawdown { .. } | Self::LossUnknown { .. } => "C7",
            Self::SelfMatch { .. } => "C9",
            Self::RejectStorm { .. } => "C10",
            Self::AccountNotAllowed { .. }
            | Self::LiveAccountInPaperMode { .. }
            | Self::AccountNotNamedLive { .. }
            | Self::SymbolNotAllowed { .. }
            | Self::SecurityTypeNotAllowed { .. }
            | Self::ExchangeNotAllowed { .. }
            | Self::Expired { .. }
            | Self::ExpiresTooSoon { .. }
            | Self::TradingHalted { .. }
            | Self::Contract(_)
            | Self::ContractDiffers { .. }
            | Self::NoLegs { .. }
            | Self::LegUnsound { .. }
            | Self::LegUnknown { .. } => "C8",
            Self::Killed { .. } | Self::NotArmed { .. } => "C11",
        }
    }

    /// The control that one order may be let past on a named person's word, where this refusal is by one of those and tells
    /// of a limit that was reached (C16).
    #[must_use]
    pub const fn waivable(&self) -> Option<Waivable> {
        match self {
            Self::OrderQuantity { .. } | Self::OrderValue { .. } | Self::EquityShare { .. } => Some(Waivable::C1),
            Self::Collar { .. } | Self::CombinationCollar { .. } | Self::OwnCollar { .. } => Some(Waivable::C2),
            Self::Duplicate { .. } => Some(Waivable::C4),
            Self::Position { .. }
            | Self::LegPosition { .. }
            | Self::OpenOrders { .. }
            | Self::GrossExposure { .. }
            | Self::NetExposure { .. } => Some(Waivable::C6),
            Self::SelfMatch { .. } => Some(Waivable::C9),
            _ => None, // what is not known, not allowed or stopped is not past anything
        }
    }

    /// What must not go on until a person has looked, where this refusal says so: the caller halts it, durably, with
    /// [`order::Orders::halt`].
    #[must_use]
    pub fn halts(&self) -> Option<HaltScope> {
        match self {
            Self::Entries { strategy, .. } | Self::RejectStorm { strategy, .. } => {
                Some(HaltScope::Strategy(strategy.clone()))
            }
            Self::DailyLoss { .. } | Self::Drawdown { .. } => Some(HaltScope::Everything),
            _ => None, // the others are refusals of one order
        }
    }
}

/// Why the price of a combination says nothing beside its legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unpriced {
    /// A leg is in another currency than the combination.
    #[error("they are in several currencies; order it at the market, or leg by leg")]
    Currencies,
    /// The legs have several multipliers, so what its price is multiplied with is anybody's guess.
    #[error("they have several multipliers; say in the contract's `multiplier` what one unit of its price is worth")]
    Multipliers,
}

/// Why nobody knows what an account has at stake.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unvalued {
    /// The account's equity, which tells its currency and the exchange rates, is not known or was told too long ago.
    #[error("the equity of the account is {}; wait until TWS tells its NetLiquidation", equity_age(*.age_s, *.limit_s))]
    Equity {
        /// How old it is; `None` where it was never told.
        age_s: Option<u64>,
        /// How old it may be.
        limit_s: u32,
    },
    /// What a currency is worth in that of the equity is not known.
    #[error("no exchange rate from {from} to {to} is known; wait until TWS tells it, or hold some {from}")]
    Rate {
        /// Which.
        from: String,
        /// Currency of the equity.
        to: String,
    },
    /// Something that is held or ordered has no price.
    #[error("contract {contract_id} ({symbol}) has no price; watch that contract")]
    Price {
        /// Which.
        contract_id: ContractId,
        /// Its symbol.
        symbol: String,
    },
    /// An order is open for something of which neither multiplier nor currency is known.
    #[error("of {symbol}, for which an order is open, neither multiplier nor currency is known; watch that contract")]
    Contract {
        /// Its symbol, as the order says.
        symbol: String,
    },
}

fn quote_age(age_ms: Option<u64>, limit_ms: u64) -> String {
    age_ms.map_or_else(|| "no quote".to_owned(), |age| format!("a quote {age} ms old, limit {limit_ms} ms"))
}

fn expires(expiry: &str) -> String {
    if expiry.is_empty() { "does not say when it expires".to_owned() } else { format!("expires on {expiry}") }
}

fn equity_age(age_s: Option<u64>, limit_s: u32) -> String {
    age_s.map_or_else(|| "not known".to_owned(), |age| format!("{age} s old, limit {limit_s} s"))
}
