//! When an order trades, and at what price: only at what the market shows at that moment, on the right side of it.

use rust_decimal::Decimal;
use tws_proto::kinds::TriggerMethod;

use crate::market::{Level, Market, MarketEvent, Taker};
use crate::orders::OrderRecord;

/// What the market gives a working order now: the price shown, and of the size shown what is left and fits.
pub(crate) fn fillable(record: &OrderRecord, market: &Market, size_increment: Decimal) -> Option<Level> {
    let taker = record.taker();
    let shown = market.available(taker)?;
    let acceptable = match (record.limit(), taker) {
        (None, _) => true,
        (Some(limit), Taker::Buyer) => shown.price <= limit,
        (Some(limit), Taker::Seller) => shown.price >= limit,
    };
    if !acceptable {
        return None;
    }
    let size = shown.size.min(record.remaining());
    let whole = size - size % size_increment;
    (whole > Decimal::ZERO).then_some(Level { price: shown.price, size: whole })
}

/// Whether a market touches a stop. `news` is what just happened; without it, the market as it stands counts.
pub(crate) fn touches(record: &OrderRecord, market: &Market, news: Option<&MarketEvent>) -> Touch {
    let Some(stop) = record.order.aux_price else { return Touch::NotAsked };
    let taker = record.taker();
    let beyond = |price: Decimal| match taker {
        Taker::Buyer => price >= stop,
        Taker::Seller => price <= stop,
    };
    let last = market.last().map(|(trade, _)| trade.price);
    let quote = match taker {
        Taker::Buyer => market.quote().ask,
        Taker::Seller => market.quote().bid,
    };
    let by_trade = matches!(news, None | Some(MarketEvent::Trade(_)));
    let by_quote = matches!(news, None | Some(MarketEvent::Quote(_)));
    let touched_by_last = by_trade && last.is_some_and(beyond);
    let touched_by_quote = by_quote && quote.is_some_and(|level| beyond(level.price));
    let of = |asked: bool, touched: bool| match (asked, touched) {
        (false, _) => Touch::NotAsked,
        (true, true) => Touch::Yes,
        (true, false) => Touch::No,
    };
    match record.order.trigger_method.as_ref().unwrap_or(&TriggerMethod::Default) {
        TriggerMethod::Default | TriggerMethod::LastOrBidAsk | TriggerMethod::Other(_) => {
            of(true, touched_by_last || touched_by_quote)
        }
        TriggerMethod::Last | TriggerMethod::DoubleLast => of(by_trade, touched_by_last),
        TriggerMethod::BidAsk | TriggerMethod::DoubleBidAsk => of(by_quote, touched_by_quote),
        TriggerMethod::MidPoint => of(by_quote, by_quote && market.quote().midpoint().is_some_and(beyond)),
    }
}

/// What a market event is to a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Prices of this kind do not concern it.
    NotAsked,
    /// The price is beyond the stop.
    Yes,
    /// It is not.
    No,
}

/// How many touches in a row trigger a stop.
pub(crate) fn touches_needed(record: &OrderRecord) -> u8 {
    match record.order.trigger_method {
        Some(TriggerMethod::DoubleBidAsk | TriggerMethod::DoubleLast) => 2,
        Some(
            TriggerMethod::Default
            | TriggerMethod::Last
            | TriggerMethod::BidAsk
            | TriggerMethod::LastOrBidAsk
            | TriggerMethod::MidPoint
            | TriggerMethod::Other(_),
        )
        | None => 1,
    }
}
