//! [`Combo`]: the market of a combination, whose quote follows from those of its legs.

use rust_decimal::Decimal;
use tws_proto::ids::ContractId;

use crate::candle::{Candle, Track};
use crate::instrument::{Instrument, Leg, LegAction};
use crate::market::{Level, Quote};

/// The legs of a combination, each with how many of it are bought; below 0, sold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Combo {
    legs: Vec<(ContractId, Decimal)>,
}

impl Combo {
    /// A combination of these legs; `None` without legs or with a ratio of 0.
    #[must_use]
    pub fn new(legs: Vec<(ContractId, Decimal)>) -> Option<Self> {
        let whole = !legs.is_empty() && legs.iter().all(|(_, ratio)| !ratio.is_zero());
        whole.then_some(Self { legs })
    }

    /// The combination that an instrument of the catalogue is; `None` for one without legs.
    pub(crate) fn of(instrument: &Instrument) -> Option<Self> {
        let leg = |leg: &Leg| {
            let ratio = Decimal::from(leg.ratio);
            (leg.contract_id, if leg.action == LegAction::Buy { ratio } else { -ratio })
        };
        Self::new(instrument.legs.iter().map(leg).collect())
    }

    /// The contracts of its legs.
    pub fn legs(&self) -> impl Iterator<Item = ContractId> {
        self.legs.iter().map(|(leg, _)| *leg)
    }

    /// What buying and selling it costs at the quotes of its legs, and how often. Its price can be 0 or less.
    #[must_use]
    pub fn quote(&self, quote_of: impl Fn(ContractId) -> Option<Quote>) -> Quote {
        let quotes: Vec<(Option<Quote>, Decimal)> =
            self.legs.iter().map(|(leg, ratio)| (quote_of(*leg), *ratio)).collect();
        let side = |buys: bool| {
            let mut whole: Option<Level> = None;
            for (quote, ratio) in &quotes {
                let quote = quote.as_ref()?;
                let takes_ask = (*ratio > Decimal::ZERO) == buys;
                let level = if takes_ask { quote.ask } else { quote.bid }?;
                let (price, size) = (level.price * ratio, (level.size / ratio.abs()).floor());
                let sum = whole.get_or_insert(Level { price: Decimal::ZERO, size });
                sum.price += price;
                sum.size = sum.size.min(size);
            }
            whole.filter(|level| level.size > Decimal::ZERO)
        };
        Quote { bid: side(false), ask: side(true) }
    }

    /// What it did while its legs did theirs, which are in the order of the legs.
    pub(crate) fn candle(&self, legs: &[Candle]) -> Option<Candle> {
        let mut whole = Candle::empty(legs.first()?.from);
        let sum = |pick: fn(&Candle) -> Option<Track>, price: fn(&Track) -> Decimal| -> Option<Decimal> {
            legs.iter().zip(&self.legs).map(|(candle, (_, ratio))| Some(price(&pick(candle)?) * ratio)).sum()
        };
        let middle = |candle: &Candle| candle.midpoint.or(candle.trade);
        let (open, close) = (sum(middle, |track| track.open)?, sum(middle, |track| track.close)?);
        let track = Track { open, high: open.max(close), low: open.min(close), close };
        whole.midpoint = Some(track);
        whole.trade = Some(track);
        whole.bid = Some(track);
        whole.ask = Some(track);
        whole.trades = legs.iter().map(|candle| candle.trades).min()?;
        whole.volume = legs.iter().map(|candle| candle.volume).min()?;
        whole.value = track.average() * whole.volume;
        Some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_quote_is_what_its_legs_cost() {
        let quote = |leg: ContractId| match leg.0 {
            1 => Some(Quote::new(10.into(), 100.into(), 11.into(), 300.into())),
            2 => Some(Quote::new(4.into(), 90.into(), 6.into(), 50.into())),
            _ => None,
        };
        let combo = |legs: &[(i32, i64)]| {
            Combo::new(legs.iter().map(|(leg, ratio)| (ContractId(*leg), Decimal::from(*ratio))).collect())
        };
        let spread = combo(&[(1, 1), (2, -2)]).unwrap().quote(quote);
        assert_eq!(spread, Quote::new((-2).into(), 25.into(), 3.into(), 45.into()));
        assert_eq!(combo(&[(1, 1), (3, 1)]).unwrap().quote(quote), Quote::default(), "a leg without a quote");
        assert!(combo(&[]).is_none() && combo(&[(1, 0)]).is_none());
    }
}
