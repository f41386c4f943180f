//! [`Derivation`]: a market whose price follows from another one's, so that a chain of thousands costs nothing until
//! somebody looks at one of them.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use tws_proto::ids::ContractId;
use tws_proto::kinds::{OptionRight, SecurityType};

use crate::candle::{Candle, Track};
use crate::dice::{Dice, mix};
use crate::hours::{HoursKind, Timetable};
use crate::instrument::Instrument;
use crate::market::{Level, Quote};
use crate::option_model::{OptionModel, OptionTerms};
use crate::time::SimTime;

/// Volatilities that the first price of an option may stand for; else the usual one is taken.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.05..=2.0;
const YEAR_MS: f64 = 365.0 * 86_400_000.0;
/// One of so many trades of the underlying brings one of the option.
const TRADES_APART: i64 = 6;

/// How a market's price follows from others.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    underlying: ContractId,
    min_tick: Decimal,
    lot: Decimal,
    key: u64,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// So many times the underlying's.
    Ratio(Decimal),
    Option(OptionSide),
}

/// What makes an option's price.
#[derive(Clone, Copy, Debug, PartialEq)]
struct OptionSide {
    is_call: bool,
    strike: f64,
    ends: SimTime,
    volatility: f64,
    model: OptionModel,
}

impl Derivation {
    /// How the price of an option or a future follows from that of its underlying; `None` for everything else, and where
    /// the catalogue does not say enough.
    pub(crate) fn of(
        instrument: &Instrument,
        underlying: &Instrument,
        model: OptionModel,
        (seed, now): (u64, SimTime),
    ) -> Option<Self> {
        let kind = match instrument.security_type {
            SecurityType::Future | SecurityType::ContinuousFuture => {
                Kind::Ratio(instrument.price.checked_div(underlying.price)?)
            }
            SecurityType::Option | SecurityType::FutureOption | SecurityType::Warrant => {
                let mut side = OptionSide {
                    is_call: matches!(instrument.right, Some(OptionRight::Call)),
                    strike: instrument.strike?.to_f64()?,
                    ends: end_of(instrument)?,
                    volatility: model.volatility,
                    model,
                };
                let implied =
                    side.terms(now).implied_volatility(underlying.price.to_f64()?, instrument.price.to_f64()?);
                side.volatility = implied.filter(|found| PLAUSIBLE.contains(found)).unwrap_or(model.volatility);
                Kind::Option(side)
            }
            _ => return None,
        };
        Some(Self {
            underlying: underlying.contract_id,
            min_tick: instrument.min_tick,
            lot: instrument.lot,
            key: mix(seed, u64::from(instrument.contract_id.0.unsigned_abs())),
            kind,
        })
    }

    /// Whose price decides.
    #[must_use]
    pub const fn underlying(&self) -> ContractId {
        self.underlying
    }

    /// The terms of an option at a moment, and the volatility with which it is priced.
    #[must_use]
    pub(crate) fn option_at(&self, now: SimTime) -> Option<(OptionTerms, f64)> {
        match &self.kind {
            Kind::Ratio(_) => None,
            Kind::Option(side) => Some((side.terms(now), side.volatility)),
        }
    }

    /// The quote that follows from the underlying's price.
    pub(crate) fn quote(&self, price: Decimal, now: SimTime) -> Quote {
        let Some((value, spread)) = self.steps(price, now) else { return Quote::default() };
        let mut dice = Dice::new(mix(self.key, now.0.unsigned_abs()));
        let mut level = |steps: i64| {
            let size = Decimal::from(dice.between(1, 50)) * self.lot;
            (steps > 0).then(|| Level { price: Decimal::from(steps) * self.min_tick, size })
        };
        let bid = level(value - spread / 2);
        let ask = level((value - spread / 2).max(0) + spread);
        Quote { bid, ask }
    }

    /// The price and size of a trade that goes with one of the underlying, if there is one.
    pub(crate) fn trade(&self, quote: &Quote, now: SimTime) -> Option<Level> {
        let mut dice = Dice::new(mix(self.key ^ 0x7ADE, now.0.unsigned_abs()));
        if dice.between(1, TRADES_APART) != 1 {
            return None;
        }
        let level = if dice.between(0, 1) == 0 { quote.bid } else { quote.ask }?;
        let size = (Decimal::from(dice.between(1, 10)) * self.lot).min(level.size);
        Some(Level { price: level.price, size })
    }

    /// What it did while the underlying did `candle`.
    pub(crate) fn candle(&self, candle: &Candle) -> Candle {
        let source = candle.midpoint.or(candle.trade);
        let price = |price: Decimal| {
            self.steps(price, candle.from).map(|(steps, spread)| (Decimal::from(steps.max(1)) * self.min_tick, spread))
        };
        let derived = source.and_then(|track| {
            let (open, spread) = price(track.open)?;
            let [(high, _), (low, _), (close, _)] = [price(track.high)?, price(track.low)?, price(track.close)?];
            // A put is dear where its underlying is cheap.
            Some((Track { open, high: high.max(low), low: high.min(low), close }, spread))
        });
        let Some((track, spread)) = derived else { return Candle::empty(candle.from) };
        let half = self.min_tick * Decimal::from((spread / 2).max(1));
        let floor = |track: Track| Track {
            open: track.open.max(Decimal::ZERO),
            high: track.high.max(Decimal::ZERO),
            low: track.low.max(Decimal::ZERO),
            close: track.close.max(Decimal::ZERO),
        };
        let trades = (candle.trades / 50).max(1);
        let volume = Decimal::from(trades) * self.lot;
        Candle {
            from: candle.from,
            trade: Some(track),
            bid: Some(floor(track.shifted(-half))),
            ask: Some(track.shifted(half)),
            midpoint: Some(track),
            volume,
            value: track.average() * volume,
            trades,
        }
    }

    /// The middle of the quote and its width, in price steps; `None` after the end.
    fn steps(&self, price: Decimal, now: SimTime) -> Option<(i64, i64)> {
        match &self.kind {
            Kind::Ratio(ratio) => Some(((price * ratio / self.min_tick).round().to_i64()?, 1)),
            Kind::Option(side) => {
                if now >= side.ends {
                    return None;
                }
                let value = side.terms(now).value(price.to_f64()?, side.volatility).price;
                let steps = (Decimal::from_f64(value)? / self.min_tick).round().to_i64()?;
                Some((steps, 1 + steps / 60))
            }
        }
    }
}

impl OptionSide {
    fn terms(&self, now: SimTime) -> OptionTerms {
        let Self { is_call, strike, ends, volatility: _, model } = *self;
        // A span of time is no money, and a double holds every one in milliseconds.
        let years = ends.since_ms(now) as f64 / YEAR_MS;
        OptionTerms { is_call, strike, years, rate: model.rate, dividend_yield: model.dividend_yield }
    }
}

/// The terms of an option at a moment; `None` for everything else, and where the catalogue does not say enough.
pub(crate) fn terms_of(instrument: &Instrument, model: OptionModel, now: SimTime) -> Option<OptionTerms> {
    let side = OptionSide {
        is_call: matches!(instrument.right, Some(OptionRight::Call)),
        strike: instrument.strike?.to_f64()?,
        ends: end_of(instrument)?,
        volatility: model.volatility,
        model,
    };
    Some(side.terms(now))
}

/// The end of the last day on which something trades.
fn end_of(instrument: &Instrument) -> Option<SimTime> {
    let day = jiff::civil::Date::strptime("%Y%m%d", instrument.last_trade_date.get(..8)?).ok()?;
    let timetable = Timetable::of(instrument);
    let last = timetable.sessions_of(HoursKind::Liquid, day).last().map(|session| session.closes);
    last.or_else(|| {
        let close = day.at(16, 0, 0, 0).to_zoned(timetable.zone().clone()).ok()?;
        Some(SimTime(close.timestamp().as_millisecond()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    /// 23 November 2026, 12:00 in New York.
    const NOW: SimTime = SimTime(1_795_453_200_000);

    fn derivation(right: OptionRight) -> (Instrument, Derivation) {
        let catalogue = Catalogue::built_in(NOW);
        let stock = catalogue.by_name("AAPL").unwrap();
        let option = Instrument {
            contract_id: ContractId(900_100),
            security_type: SecurityType::Option,
            last_trade_date: "20261218".into(),
            strike: Some(230.into()),
            right: Some(right),
            lot: Decimal::ONE,
            price: Decimal::new(640, 2),
            ..stock.clone()
        };
        let derivation = Derivation::of(&option, stock, OptionModel::default(), (7, NOW)).unwrap();
        (option, derivation)
    }

    #[test]
    fn an_option_starts_at_its_price_and_follows_its_underlying() {
        let (option, call) = derivation(OptionRight::Call);
        let at = |derivation: &Derivation, price: i64| derivation.quote(Decimal::new(price, 1), NOW);
        let quote = at(&call, 2275);
        let (bid, ask) = (quote.bid.unwrap().price, quote.ask.unwrap().price);
        assert!(bid <= option.price && option.price <= ask, "{bid} {ask}");
        assert!(ask - bid < Decimal::new(15, 2) && option.is_on_grid(bid));
        assert!(at(&call, 2300).bid.unwrap().price > ask);
        let (_, put) = derivation(OptionRight::Put);
        assert!(at(&put, 2300).bid.unwrap().price < at(&put, 2275).bid.unwrap().price);
        assert_eq!(at(&call, 1000).bid, None, "worth nothing");
        assert_eq!(call.quote(Decimal::from(400), NOW.plus_ms(400 * 86_400_000)), Quote::default(), "over");
        assert_eq!(at(&call, 2275), at(&call, 2275));
    }

    #[test]
    fn the_past_of_a_put_is_turned_round() {
        let (_, put) = derivation(OptionRight::Put);
        let track = Track { open: 228.into(), high: 231.into(), low: 227.into(), close: 230.into() };
        let stock = Candle { midpoint: Some(track), trades: 500, ..Candle::empty(NOW) };
        let candle = put.candle(&stock);
        let track = candle.trade.unwrap();
        assert!(track.low <= track.close && track.close < track.open && track.open <= track.high, "{track:?}");
        assert_eq!(candle.trades, 10);
    }
}
