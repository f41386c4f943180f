//! [`GenericTicks`]: the further kinds of ticks that a request for market data may name, and what they tell.

use std::fmt::Write as _;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use tws_proto::ids::ContractId;
use tws_proto::kinds::{SecurityType, TickKind};

use super::Core;
use crate::dice::{Dice, mix};
use crate::feed::Tick;
use crate::hours::HoursKind;
use crate::instrument::Instrument;
use crate::market::{Market, MarketEvent};
use crate::time::SimTime;

/// Milliseconds of a week and of a day.
const WEEK_MS: i64 = 7 * DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// Kinds of contracts, as bits.
const STOCK: u8 = 1;
const OPTION: u8 = 2;
const FUTURE: u8 = 4;
const INDEX: u8 = 8;
const BOND: u8 = 16;
const OTHER: u8 = 32;
const ALL: u8 = 63;

/// Number, name as TWS lists it, and which kinds of contracts have it.
const KNOWN: [(u16, &str, u8); 32] = [
    (100, "100(Option Volume)", STOCK | INDEX),
    (101, "101(Option Open Interest)", STOCK | INDEX | OPTION),
    (104, "104(Historical Volatility)", STOCK | INDEX | FUTURE),
    (105, "105(Average Opt Volume)", STOCK | INDEX),
    (106, "106(impvolat)", STOCK | INDEX | FUTURE | OPTION),
    (162, "162(Index Future Premium)", STOCK | INDEX | FUTURE),
    (165, "165(Misc. Stats)", ALL),
    (220, "220(Creditman Mark Price)", ALL),
    (221, "221/220(Creditman Mark Price)", ALL),
    (225, "225(Auction)", STOCK | OPTION | FUTURE),
    (232, "232/221(Pl Price)", ALL),
    (233, "233(RTVolume)", ALL),
    (236, "236(inventory)", STOCK),
    (256, "256(Inventory)", STOCK),
    (258, "258/47(Fundamentals)", STOCK),
    (292, "292(Wide_news)", ALL),
    (293, "293(TradeCount)", STOCK | OPTION | FUTURE | OTHER),
    (294, "294(TradeRate)", STOCK | OPTION | FUTURE | OTHER),
    (295, "295(VolumeRate)", STOCK | OPTION | FUTURE | OTHER),
    (318, "318(LastRTHTrade)", ALL),
    (375, "375(RTTrdVolume)", ALL),
    (411, "411(rthistvol)", STOCK | INDEX | FUTURE),
    (456, "456/59(IBDividends)", STOCK),
    (460, "460(Bond Factor Multiplier)", STOCK | BOND),
    (576, "576(EtfNavBidAsk(navbidask))", STOCK),
    (577, "577(EtfNavLast(navlast))", STOCK),
    (578, "578(EtfNavClose(navclose))", STOCK),
    (586, "586(IPOHLMPRC)", STOCK),
    (587, "587(Pl Price Delayed)", ALL),
    (588, "588(Futures Open Interest)", STOCK | FUTURE),
    (595, "595(Short-Term Volume X Mins)", STOCK | OPTION | FUTURE),
    (619, "619(Creditman Slow Mark Price)", ALL),
];
/// What only funds have: TWS takes them for every stock.
const FUNDS_ONLY: [(u16, &str); 2] = [(614, "614(EtfNavMisc(high/low))"), (623, "623(EtfFrozenNavLast(fznavlast))")];

/// Further kinds of ticks that a subscription wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct GenericTicks {
    /// One bit for each of [`KNOWN`] and then of [`FUNDS_ONLY`].
    wanted: u64,
    /// Without the usual ticks: `mdoff`.
    pub(super) only: bool,
}

impl GenericTicks {
    /// Reads a list as requests have it: numbers, some with a provider behind a colon, and `mdoff`.
    ///
    /// # Errors
    /// The text of TWS where one of them is none, or none of this kind of contract.
    pub(super) fn read(list: &str, kind: &SecurityType) -> Result<Self, String> {
        let mut ticks = Self::default();
        for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            if word == "mdoff" {
                ticks.only = true;
                continue;
            }
            let number = word.split_once(':').map_or(word, |(number, _)| number);
            let found = number.parse().ok().and_then(|number: u16| bit_of(number, kind));
            let Some(bit) = found else { return Err(refusal(list, kind)) };
            ticks.wanted |= bit;
        }
        Ok(ticks)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.wanted == 0
    }

    /// Whether a number was asked for.
    pub(super) fn has(self, number: u16) -> bool {
        numbers().position(|(known, ..)| known == number).is_some_and(|index| self.wanted & (1 << index) != 0)
    }
}

/// The providers of news that a list names: `292:BRFG+DJNL`.
pub(super) fn news_providers(list: &str) -> Vec<String> {
    let providers = list.split(',').filter_map(|word| word.trim().strip_prefix("292:"));
    providers.flat_map(|names| names.split('+')).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn numbers() -> impl Iterator<Item = (u16, &'static str, u8)> {
    KNOWN.into_iter().chain(FUNDS_ONLY.into_iter().map(|(number, name)| (number, name, STOCK)))
}

fn bit_of(number: u16, kind: &SecurityType) -> Option<u64> {
    let kind = kind_of(kind);
    let index = numbers().position(|(known, _, kinds)| known == number && kinds & kind != 0)?;
    Some(1 << index)
}

const fn kind_of(kind: &SecurityType) -> u8 {
    match kind {
        SecurityType::Stock => STOCK,
        SecurityType::Option | SecurityType::FutureOption | SecurityType::Warrant => OPTION,
        SecurityType::Future | SecurityType::ContinuousFuture => FUTURE,
        SecurityType::Index => INDEX,
        SecurityType::Bond | SecurityType::Bill => BOND,
        _ => OTHER,
    }
}

fn refusal(list: &str, kind: &SecurityType) -> String {
    let mut text = format!("Incorrect generic tick list of {list}.  Legal ones for ({}) are: ", kind.as_str());
    let own = kind_of(kind);
    for (index, (_, name, _)) in numbers().filter(|(_, _, kinds)| kinds & own != 0).enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{name}", if index == 0 { "" } else { "," });
    }
    text
}

/// What trades change of the ticks asked for.
pub(super) fn ticks_of_event(ticks: GenericTicks, event: &MarketEvent, market: &Market, now: SimTime) -> Vec<Tick> {
    let mut told = Vec::new();
    if ticks.is_empty() {
        return told;
    }
    match event {
        MarketEvent::Trade(trade) => {
            let day = market.day();
            for (number, kind) in [(233, TickKind::RealTimeVolume), (375, TickKind::RealTimeTradeVolume)] {
                if ticks.has(number) {
                    told.push(crate::feed::trade_volume(kind, trade, market, now));
                }
            }
            if ticks.has(293) {
                told.push(Tick::Number { kind: TickKind::TradeCount, value: day.trades.into() });
            }
            let (count, volume) = last_minutes(market, now, 1);
            if ticks.has(294) {
                told.push(Tick::Number { kind: TickKind::TradeRate, value: count.into() });
            }
            if ticks.has(295) {
                told.push(Tick::Number { kind: TickKind::VolumeRate, value: volume });
            }
            if ticks.has(318) {
                told.push(Tick::bare_price(TickKind::LastRegularHours, trade.price));
            }
        }
        MarketEvent::Quote(_) => {}
    }
    let mark = market.mark();
    let marks = [
        (ticks.has(221) || ticks.has(232), TickKind::MarkPrice),
        (ticks.has(220), TickKind::CreditmanMarkPrice),
        (ticks.has(619), TickKind::CreditmanSlowMarkPrice),
    ];
    for (_, kind) in marks.into_iter().filter(|(wanted, _)| *wanted) {
        told.extend(mark.map(|mark| Tick::bare_price(kind, mark)));
    }
    told
}

/// Trades and volume of the last minutes.
fn last_minutes(market: &Market, now: SimTime, minutes: i64) -> (i32, Decimal) {
    let recent = market.record().five_seconds(now.plus_ms(-minutes * 60_000));
    recent.fold((0, Decimal::ZERO), |(count, volume), candle| (count + candle.trades, volume + candle.volume))
}

impl Core {
    /// Everything that the ticks asked for tell now.
    pub(super) fn generic_picture(&mut self, contract: ContractId, ticks: GenericTicks) -> Vec<Tick> {
        let mut told = Vec::new();
        if ticks.is_empty() {
            return told;
        }
        let now = self.now;
        if let Some(market) = self.markets.get(&contract)
            && let Some((trade, _)) = market.last()
        {
            told.extend(ticks_of_event(ticks, &MarketEvent::Trade(trade.clone()), market, now));
        } else if let Some(market) = self.markets.get(&contract) {
            told.extend(ticks_of_event(ticks, &MarketEvent::Quote(*market.quote()), market, now));
        }
        let Some(instrument) = self.catalogue.by_id(contract).cloned() else { return told };
        self.add_statistics(&mut told, &instrument, ticks);
        self.add_option_numbers(&mut told, &instrument, ticks);
        let Some(market) = self.markets.get(&contract) else { return told };
        add_stock_facts(&mut told, &instrument, market, ticks);
        if ticks.has(595) {
            for (minutes, kind) in [
                (3, TickKind::ShortTermVolume3Minutes),
                (5, TickKind::ShortTermVolume5Minutes),
                (10, TickKind::ShortTermVolume10Minutes),
            ] {
                told.push(Tick::Size { kind, size: last_minutes(market, now, minutes).1 });
            }
        }
        told
    }

    /// Highs and lows of 13, 26 and 52 weeks, and the average volume of 90 days.
    fn add_statistics(&mut self, told: &mut Vec<Tick>, instrument: &Instrument, ticks: GenericTicks) {
        if !ticks.has(165) {
            return;
        }
        let now = self.now;
        let days = self.day_candles(instrument.contract_id, HoursKind::Trading, now.plus_ms(-52 * WEEK_MS), now);
        let extremes = [
            (13, TickKind::Low13Weeks, TickKind::High13Weeks),
            (26, TickKind::Low26Weeks, TickKind::High26Weeks),
            (52, TickKind::Low52Weeks, TickKind::High52Weeks),
        ];
        for (weeks, low, high) in extremes {
            let since = now.plus_ms(-weeks * WEEK_MS);
            let tracks = days.iter().filter(|day| day.candle.from >= since);
            let tracks: Vec<_> = tracks.filter_map(|day| day.candle.trade.or(day.candle.midpoint)).collect();
            told.extend(tracks.iter().map(|track| track.low).min().map(|price| Tick::bare_price(low, price)));
            told.extend(tracks.iter().map(|track| track.high).max().map(|price| Tick::bare_price(high, price)));
        }
        let recent: Vec<Decimal> = days.iter().rev().skip(1).take(90).map(|day| day.candle.volume).collect();
        let sum: Decimal = recent.iter().copied().sum();
        if let Some(average) = sum.checked_div(Decimal::from(recent.len())) {
            told.push(Tick::Size { kind: TickKind::AverageVolume, size: average.round() });
        }
    }

    /// What the options on an instrument, or an option itself, are told to be like.
    fn add_option_numbers(&mut self, told: &mut Vec<Tick>, instrument: &Instrument, ticks: GenericTicks) {
        let mut dice = Dice::new(mix(self.markets.seed() ^ 0x0B7, u64::from(instrument.contract_id.0.unsigned_abs())));
        let mut sizes = |kinds: &[TickKind], most: i64| -> Vec<Tick> {
            kinds.iter().map(|kind| Tick::Size { kind: *kind, size: dice.between(100, most).into() }).collect()
        };
        let numbers = [
            (100, sizes(&[TickKind::CallVolume, TickKind::PutVolume], 90_000)),
            (101, sizes(&[TickKind::CallOpenInterest, TickKind::PutOpenInterest], 900_000)),
            (105, sizes(&[TickKind::AverageOptionVolume], 120_000)),
            (588, sizes(&[TickKind::FuturesOpenInterest], 2_000_000)),
        ];
        let is_future = kind_of(&instrument.security_type) == FUTURE;
        for (_, ticks) in numbers.into_iter().filter(|(number, _)| ticks.has(*number) && (*number != 588 || is_future))
        {
            told.extend(ticks);
        }
        let own = self.markets.get(&instrument.contract_id).and_then(Market::derivation);
        let implied = own.and_then(|own| own.option_at(self.now)).map(|(_, volatility)| volatility);
        let implied = implied.unwrap_or_else(|| self.markets.model().volatility);
        let number = |value: f64| Decimal::from_f64(value).unwrap_or_default().round_dp(8);
        if ticks.has(106) {
            told.push(Tick::Number { kind: TickKind::OptionImpliedVolatility, value: number(implied) });
        }
        if ticks.has(104) || ticks.has(411) {
            let historical = self.historical_volatility(instrument.contract_id);
            if ticks.has(104) {
                told.push(Tick::Number { kind: TickKind::OptionHistoricalVolatility, value: number(historical) });
            }
            if ticks.has(411) {
                told.push(Tick::Number { kind: TickKind::RealTimeHistoricalVolatility, value: number(historical) });
            }
        }
    }

    /// How much the last thirty days' closes went up and down, a year.
    fn historical_volatility(&mut self, contract: ContractId) -> f64 {
        let now = self.now;
        let days = self.day_candles(contract, HoursKind::Liquid, now.plus_ms(-43 * DAY_MS), now);
        let closes: Vec<f64> =
            days.iter().filter_map(|day| day.candle.trade.or(day.candle.midpoint)?.close.to_f64()).collect();
        let changes: Vec<f64> = closes.windows(2).map(|pair| libm::log(pair[1] / pair[0])).collect();
        if changes.is_empty() {
            return self.markets.model().volatility;
        }
        // At most thirty of them: their count is exact as a double.
        let count = changes.len() as f64;
        let mean = changes.iter().sum::<f64>() / count;
        let variance = changes.iter().map(|change| (change - mean) * (change - mean)).sum::<f64>() / count;
        libm::sqrt(variance * 252.0)
    }
}

/// What is known of stocks, funds, indices and bonds beside their prices.
fn add_stock_facts(told: &mut Vec<Tick>, instrument: &Instrument, market: &Market, ticks: GenericTicks) {
    let mut dice = Dice::new(mix(0x57, u64::from(instrument.contract_id.0.unsigned_abs())));
    let mark = market.mark().unwrap_or(instrument.price);
    let on_grid = |price: Decimal| (price / instrument.min_tick).round() * instrument.min_tick;
    let part = |thousandths: i64| mark * Decimal::new(thousandths, 3);
    if ticks.has(162) && kind_of(&instrument.security_type) != STOCK {
        told.push(Tick::Number { kind: TickKind::IndexFuturePremium, value: on_grid(part(dice.between(1, 5))) });
    }
    if ticks.has(225) {
        told.push(Tick::Size { kind: TickKind::AuctionVolume, size: Decimal::ZERO });
        told.push(Tick::bare_price(TickKind::AuctionPrice, on_grid(mark)));
        told.push(Tick::Size { kind: TickKind::AuctionImbalance, size: Decimal::ZERO });
        told.push(Tick::Size { kind: TickKind::RegulatoryImbalance, size: Decimal::ZERO });
    }
    if ticks.has(236) {
        told.push(Tick::Number { kind: TickKind::Shortable, value: 3.into() });
        told.push(Tick::Size { kind: TickKind::ShortableShares, size: (dice.between(500, 90_000) * 100).into() });
    }
    if ticks.has(258) {
        let ratio = |number: i64| Decimal::new(number, 2);
        let (earnings, margin) = (ratio(dice.between(100, 1_500)), ratio(dice.between(300, 3_000)));
        let value = format!(
            "PEEXCLXOR={};TTMNPMGN={margin};TTMEPSXCLX={earnings};CURRENCY={};NPRICE={mark};MKTCAP={};",
            mark.checked_div(earnings).unwrap_or_default().round_dp(5),
            instrument.currency,
            dice.between(900, 900_000),
        );
        told.push(Tick::Text { kind: TickKind::FundamentalRatios, value });
    }
    if ticks.has(456) {
        let quarter = (part(dice.between(0, 8))).round_dp(2);
        let year = quarter * Decimal::from(4);
        told.push(Tick::Text { kind: TickKind::Dividends, value: format!("{year},{year},,{quarter}") });
    }
    if ticks.has(460) && kind_of(&instrument.security_type) == BOND {
        told.push(Tick::Number { kind: TickKind::Other(60), value: Decimal::ONE });
    }
    if instrument.stock_type == "ETF" {
        let value = (mark * Decimal::new(9_998, 4)).round_dp(4).normalize();
        let close = market.day().close.unwrap_or(value);
        let (high, low) = (market.day().high.unwrap_or(value), market.day().low.unwrap_or(value));
        let navs = [
            (576, TickKind::EtfNavBid, value - instrument.min_tick),
            (576, TickKind::EtfNavAsk, value + instrument.min_tick),
            (577, TickKind::EtfNavLast, value),
            (578, TickKind::EtfNavClose, close),
            (578, TickKind::EtfNavPriorClose, close),
            (614, TickKind::EtfNavHigh, high),
            (614, TickKind::EtfNavLow, low),
            (623, TickKind::EtfNavFrozenLast, value),
        ];
        told.extend(
            navs.into_iter()
                .filter(|(number, ..)| ticks.has(*number))
                .map(|(_, kind, price)| Tick::bare_price(kind, price)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_unknown_numbers_are_refused_with_the_known_ones() {
        let stock = |list: &str| GenericTicks::read(list, &SecurityType::Stock);
        let ticks = stock("100, 233,mdoff,292:BRFG,623").unwrap();
        assert!(ticks.only && [100, 233, 292, 623].into_iter().all(|number| ticks.has(number)));
        assert!(!ticks.has(101) && !ticks.has(7));
        assert_eq!(stock(" ").unwrap(), GenericTicks::default());
        for bad in ["7", "abc", "233;236", "-1", "65536", "mdon"] {
            let text = stock(bad).unwrap_err();
            assert!(
                text.starts_with(&format!("Incorrect generic tick list of {bad}.  Legal ones for (STK) are: 100(Opt"))
            );
        }
        let text = GenericTicks::read("236", &SecurityType::Forex).unwrap_err();
        assert!(text.contains("(CASH)") && !text.contains("inventory"), "{text}");
    }
}
