//! [`Quote`]: the state of one market, put together from its ticks.

use std::time::SystemTime;

use risk::Trading;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::ContractId;
use tws_proto::kinds::TickKind;

/// The best prices of one contract as they were last told. What was never told, or is gone, is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Whose prices.
    pub contract_id: ContractId,
    /// Its symbol, for people.
    pub symbol: String,
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Size at the bid.
    pub bid_size: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Size at the ask.
    pub ask_size: Option<Decimal>,
    /// Price of the last trade.
    pub last: Option<Decimal>,
    /// Size of the last trade.
    pub last_size: Option<Decimal>,
    /// Whether the contract trades.
    #[serde(default)]
    pub trading: Trading,
    /// When the last of these arrived.
    pub at: SystemTime,
}

impl Quote {
    /// A market of which nothing is known yet.
    #[must_use]
    pub fn unknown(contract_id: ContractId, symbol: impl Into<String>) -> Self {
        Self {
            contract_id,
            symbol: symbol.into(),
            bid: None,
            bid_size: None,
            ask: None,
            ask_size: None,
            last: None,
            last_size: None,
            trading: Trading::Open,
            at: SystemTime::UNIX_EPOCH,
        }
    }

    /// Halfway between bid and ask, where both are known.
    #[must_use]
    pub fn mid(&self) -> Option<Decimal> {
        self.bid?.checked_add(self.ask?)?.checked_div(Decimal::TWO)
    }

    /// What a position is worth by this quote: the mid, else the last trade. Where bid and ask are more than a tenth of the
    /// mid apart, as outside trading hours, nobody trades halfway: then it is the last trade, kept between them, as IB has it.
    #[must_use]
    pub fn mark(&self) -> Option<Decimal> {
        let (Some(mid), Some(bid), Some(ask)) = (self.mid(), self.bid, self.ask) else { return self.last };
        let is_wide = ask.saturating_sub(bid) > mid.abs() / Decimal::TEN;
        Some(self.last.filter(|_| is_wide).map_or(mid, |last| last.max(bid).min(ask)))
    }

    /// Whether both sides are known.
    #[must_use]
    pub fn is_two_sided(&self) -> bool {
        self.bid.is_some() && self.ask.is_some()
    }

    /// What the market shows, whether it trades or not.
    pub(crate) const fn prices_and_sizes(&self) -> [Option<Decimal>; 6] {
        [self.bid, self.bid_size, self.ask, self.ask_size, self.last, self.last_size]
    }

    /// Takes a price tick; tells whether it changed anything. A price of -1 or 0 without a size is how TWS says "none":
    /// what is worth nothing has a size.
    pub(crate) fn take_price(
        &mut self,
        kind: TickKind,
        price: Option<Decimal>,
        size: Option<Decimal>,
        at: SystemTime,
    ) -> bool {
        let nothing = price.is_some_and(|price| price == Decimal::NEGATIVE_ONE || price.is_zero())
            && size.is_none_or(|size| size <= Decimal::ZERO);
        let price = price.filter(|_| !nothing);
        let (slot, size_slot) = match kind {
            TickKind::Bid | TickKind::DelayedBid => (&mut self.bid, &mut self.bid_size),
            TickKind::Ask | TickKind::DelayedAsk => (&mut self.ask, &mut self.ask_size),
            TickKind::Last | TickKind::DelayedLast => (&mut self.last, &mut self.last_size),
            _ => return false,
        };
        let size = if price.is_none() { None } else { size.or(*size_slot) };
        let changed = (*slot, *size_slot) != (price, size);
        (*slot, *size_slot) = (price, size);
        self.at = at;
        changed
    }

    /// Takes a tick that is a number of its own; tells whether it changed anything.
    pub(crate) fn take_number(&mut self, kind: TickKind, value: Option<Decimal>, at: SystemTime) -> bool {
        if !matches!(kind, TickKind::Halted | TickKind::DelayedHalted) {
            return false;
        }
        let before = std::mem::replace(&mut self.trading, Trading::from_tick(value));
        self.at = at;
        before != self.trading
    }

    /// Takes a size tick; tells whether it changed anything.
    pub(crate) fn take_size(&mut self, kind: TickKind, size: Option<Decimal>, at: SystemTime) -> bool {
        let slot = match kind {
            TickKind::BidSize | TickKind::DelayedBidSize => &mut self.bid_size,
            TickKind::AskSize | TickKind::DelayedAskSize => &mut self.ask_size,
            TickKind::LastSize | TickKind::DelayedLastSize => &mut self.last_size,
            _ => return false,
        };
        let changed = *slot != size;
        *slot = size;
        self.at = at;
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_make_a_quote() {
        let at = SystemTime::UNIX_EPOCH;
        let number = |text: &str| Some(text.parse().unwrap());
        let mut quote = Quote::unknown(ContractId(1), "IBM");
        assert!(quote.take_price(TickKind::Bid, number("10.00"), number("5"), at));
        assert_eq!(quote.mark(), None);
        assert!(quote.take_price(TickKind::Ask, number("10.02"), number("7"), at));
        assert!(!quote.take_price(TickKind::Ask, number("10.02"), number("7"), at));
        assert!(quote.take_size(TickKind::AskSize, number("9"), at));
        assert_eq!((quote.mid(), quote.ask_size), (number("10.01"), number("9")));
        assert!(quote.take_number(TickKind::Halted, number("2"), at));
        assert!(!quote.take_number(TickKind::DelayedHalted, number("1"), at));
        assert_eq!(quote.trading, Trading::Halted);
        assert!(quote.take_number(TickKind::Halted, number("0"), at));
        assert!(!quote.take_number(TickKind::Shortable, number("3"), at));
        assert_eq!(quote.trading, Trading::Open);
        assert!(!quote.take_price(TickKind::High, number("11"), None, at));
        // The market is gone.
        assert!(quote.take_price(TickKind::Bid, number("-1"), number("0"), at));
        assert_eq!((quote.bid, quote.mid()), (None, None));
    }

    /// Before the opening somebody bids 1 and asks 1999: nobody trades there, and nothing is worth 1000.
    #[test]
    fn a_wide_market_is_worth_its_last_trade() {
        let mark = |bid: &str, ask: &str, last: &str| {
            let number = |text: &str| text.parse().ok();
            let (bid, ask, last) = (number(bid), number(ask), number(last));
            Quote { bid, ask, last, ..Quote::unknown(ContractId(1), "IBM") }.mark().map(|mark| mark.to_string())
        };
        for (bid, ask, last, expected) in [
            ("1", "1999", "100", Some("100")),
            ("1", "1999", "", Some("1000")),
            ("110", "150", "100", Some("110")),
            ("50", "80", "100", Some("80")),
            ("99", "101", "90", Some("100")),
            ("-1", "1", "0.5", Some("0.5")),
            ("-0.1", "0.1", "5", Some("0.1")),
            ("101", "99", "90", Some("100")),
            ("", "1999", "100", Some("100")),
            ("1", "", "", None),
        ] {
            assert_eq!(mark(bid, ask, last).as_deref(), expected, "{bid} {ask} {last}");
        }
    }

    /// A combination can be worth nothing, and a future less; then there is a size.
    #[test]
    fn a_price_of_nothing_without_a_size_is_none() {
        let number = |text: &str| Some(text.parse::<Decimal>().unwrap());
        let bid = |price: &str, size: Option<Decimal>| {
            let mut quote = Quote::unknown(ContractId(1), "IBM");
            quote.take_price(TickKind::Bid, number(price), size, SystemTime::UNIX_EPOCH);
            (quote.bid, quote.bid_size)
        };
        for size in [None, number("0"), number("-1")] {
            assert_eq!(
                (bid("-1", size), bid("0", size), bid("0.00", size)),
                ((None, None), (None, None), (None, None))
            );
        }
        for price in ["0", "-1", "-37.63"] {
            assert_eq!(bid(price, number("5")), (number(price), number("5")));
        }
        assert_eq!(bid("-37.63", None).0, number("-37.63"));
        assert_eq!(bid("10", number("0")), (number("10"), number("0")));
    }
}
