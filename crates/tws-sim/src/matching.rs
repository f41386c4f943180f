//! When an order trades, and at what price: only at what the market shows at that moment, on the right side of it.

use rust_decimal::Decimal;
use tws_proto::kinds::{TimeInForce, TriggerMethod};

use crate::instrument::Instrument;
use crate::kind::{Peg, Pricing, Trigger};
use crate::market::{Halt, Level, Market, MarketEvent, Taker};
use crate::order_rules::SizeRule;
use crate::orders::OrderRecord;

/// How far from the first price an order with protection may trade: exchanges do not tell theirs, this is the simulator's.
const PROTECTION: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// What a working order accepts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// Any price.
    Any,
    /// This price or a better one.
    Limit(Decimal),
    /// Nothing: the market does not show what its price is made of.
    NotNow,
}

impl Terms {
    pub(crate) fn accept(self, price: Decimal, taker: Taker) -> bool {
        match (self, taker) {
            (Self::Any, _) => true,
            (Self::Limit(limit), Taker::Buyer) => price <= limit,
            (Self::Limit(limit), Taker::Seller) => price >= limit,
            (Self::NotNow, _) => false,
        }
    }
}

/// What a working order accepts now.
pub(crate) fn terms(record: &OrderRecord, market: &Market, min_tick: Decimal) -> Terms {
    let Some(kind) = record.kind() else { return Terms::NotNow };
    match kind.pricing {
        Pricing::Market => Terms::Any,
        Pricing::MarketToLimit => record.limit().map_or(Terms::Any, Terms::Limit),
        Pricing::Limit | Pricing::TrailingLimit | Pricing::Protected | Pricing::Snap(_) => {
            record.limit().map_or(Terms::NotNow, Terms::Limit)
        }
        Pricing::Pegged(peg) => {
            let Some(price) = pegged(record, peg, market, min_tick) else { return Terms::NotNow };
            Terms::Limit(match (record.limit(), record.taker()) {
                (None, _) => price,
                (Some(cap), Taker::Buyer) => price.min(cap),
                (Some(cap), Taker::Seller) => price.max(cap),
            })
        }
    }
}

/// Where the quote puts a pegged order. Prices are on the grid but for midpoints.
fn pegged(record: &OrderRecord, peg: Peg, market: &Market, min_tick: Decimal) -> Option<Decimal> {
    let (quote, taker) = (market.quote(), record.taker());
    let (own, other) = match taker {
        Taker::Buyer => (quote.bid, quote.ask),
        Taker::Seller => (quote.ask, quote.bid),
    };
    let (reference, aggressive) = match peg {
        Peg::Relative => (own?.price, true),
        Peg::Passive => (own?.price, false),
        Peg::MidPoint => (quote.midpoint()?, false),
        Peg::Market => (other?.price, false),
    };
    let amount = record.order.aux_price.filter(|amount| !amount.is_zero());
    let offset = amount.or_else(|| Some(record.order.percent_offset? * reference)).unwrap_or_default();
    let higher = (taker == Taker::Buyer) == aggressive;
    let price = if higher { reference + offset } else { reference - offset };
    let discretion = record.order.discretionary_up_to_limit.then(|| record.limit()).flatten();
    Some(discretion.unwrap_or_else(|| if peg == Peg::MidPoint { price } else { on_grid(price, min_tick, taker) }))
}

/// The nearest price on the grid that is not more aggressive.
fn on_grid(price: Decimal, min_tick: Decimal, taker: Taker) -> Decimal {
    let steps = price / min_tick;
    min_tick
        * match taker {
            Taker::Buyer => steps.floor(),
            Taker::Seller => steps.ceil(),
        }
}

/// The limit that a protected or snapping order gets when it begins to work; `None` where it needs none, or there is no
/// quote to take it from.
pub(crate) fn first_limit(record: &OrderRecord, market: &Market, min_tick: Decimal) -> Option<Decimal> {
    if record.own_limit.is_some() {
        return None;
    }
    let taker = record.taker();
    match record.kind()?.pricing {
        Pricing::Protected => {
            let price = side(market, taker)?.price;
            let away = price.abs() * PROTECTION;
            Some(match taker {
                Taker::Buyer => on_grid(price + away, min_tick, taker),
                Taker::Seller => on_grid(price - away, min_tick, taker),
            })
        }
        Pricing::Snap(peg) => pegged(record, peg, market, min_tick),
        Pricing::Market | Pricing::Limit | Pricing::TrailingLimit | Pricing::MarketToLimit | Pricing::Pegged(_) => None,
    }
}

/// What the market gives a working order now: the price shown, and of the size shown what is left and fits.
pub(crate) fn fillable(
    record: &OrderRecord,
    market: &Market,
    instrument: &Instrument,
    sizes: SizeRule,
) -> Option<Level> {
    let taker = record.taker();
    let shown = shown(market, taker, sizes, record.remaining())?;
    if !terms(record, market, instrument.min_tick).accept(shown.price, taker) {
        return None;
    }
    let size = fitting(record, shown.size, instrument.size_increment)?;
    Some(Level { price: shown.price, size })
}

/// What a trade between others gives an order that waits inside the quote: it would have been there first. It gets its
/// own price, for as much as was traded.
pub(crate) fn passed_by(record: &OrderRecord, market: &Market, instrument: &Instrument, trade: Level) -> Option<Level> {
    if market.halt() != Halt::None {
        return None;
    }
    let waits_inside = record.kind().is_some_and(|kind| matches!(kind.pricing, Pricing::Pegged(_) | Pricing::Snap(_)));
    let Terms::Limit(price) = terms(record, market, instrument.min_tick) else { return None };
    let quote = market.quote();
    let above_bid =
        quote.bid.is_some_and(|bid| price > bid.price || (price == bid.price && record.taker() == Taker::Buyer));
    let below_ask =
        quote.ask.is_some_and(|ask| price < ask.price || (price == ask.price && record.taker() == Taker::Seller));
    // At the other side of the quote it takes what is shown there, and nothing else.
    let beyond = above_bid
        && below_ask
        && match record.taker() {
            Taker::Buyer => trade.price <= price,
            Taker::Seller => trade.price >= price,
        };
    let size = fitting(record, trade.size, instrument.size_increment).filter(|_| waits_inside && beyond)?;
    Some(Level { price, size })
}

/// How much a taker finds at which price.
pub(crate) fn shown(market: &Market, taker: Taker, sizes: SizeRule, wanted: Decimal) -> Option<Level> {
    match sizes {
        SizeRule::AsShown => market.available(taker),
        SizeRule::Unlimited => {
            let level = side(market, taker).filter(|_| market.halt() == Halt::None)?;
            Some(Level { size: wanted.max(level.size), ..level })
        }
    }
}

/// How much of `size` an order takes: whole increments, and all or enough of it where it says so.
pub(crate) fn fitting(record: &OrderRecord, size: Decimal, increment: Decimal) -> Option<Decimal> {
    let size = size.min(record.released());
    let whole = size - size % increment;
    let fill_or_kill = record.order.time_in_force == Some(TimeInForce::FillOrKill);
    let least = if record.order.all_or_none || fill_or_kill {
        record.remaining()
    } else {
        let least = record.order.minimum_quantity.map_or(Decimal::ZERO, Decimal::from);
        least.min(record.remaining())
    };
    (whole > Decimal::ZERO && whole >= least).then_some(whole)
}

fn side(market: &Market, taker: Taker) -> Option<Level> {
    match taker {
        Taker::Buyer => market.quote().ask,
        Taker::Seller => market.quote().bid,
    }
}

/// Where the stop of a trailing order stands after this market; `None` where it stays.
pub(crate) fn trailed(record: &OrderRecord, market: &Market, min_tick: Decimal) -> Option<Decimal> {
    if record.kind()?.trigger != Trigger::Trail {
        return None;
    }
    let taker = record.taker();
    let last = market.last().map(|(trade, _)| trade.price);
    let reference = match record.order.trigger_method.as_ref().unwrap_or(&TriggerMethod::Default) {
        TriggerMethod::Last | TriggerMethod::DoubleLast => last,
        TriggerMethod::MidPoint => market.quote().midpoint(),
        TriggerMethod::Default
        | TriggerMethod::LastOrBidAsk
        | TriggerMethod::BidAsk
        | TriggerMethod::DoubleBidAsk
        | TriggerMethod::Other(_) => side(market, taker).map(|level| level.price).or(last),
    }?;
    let percent = record.order.trailing_percent.filter(|percent| *percent > Decimal::ZERO);
    let away = match percent {
        Some(percent) => reference.abs() * percent / Decimal::ONE_HUNDRED,
        None => record.order.aux_price?,
    };
    // A stop is never nearer to the market than was asked for.
    let candidate = match taker {
        Taker::Buyer => min_tick * ((reference + away) / min_tick).ceil(),
        Taker::Seller => min_tick * ((reference - away) / min_tick).floor(),
    };
    let moves = match (record.stop, taker) {
        (None, _) => true,
        (Some(stop), Taker::Buyer) => candidate < stop,
        (Some(stop), Taker::Seller) => candidate > stop,
    };
    moves.then_some(candidate)
}

/// How far behind its stop the limit of a trailing limit order is.
pub(crate) fn limit_distance(record: &OrderRecord) -> Option<Decimal> {
    let order = &record.order;
    order.limit_price_offset.or_else(|| {
        let (stop, limit) = (order.trail_stop_price?, order.limit_price?);
        Some(match record.taker() {
            Taker::Buyer => limit - stop,
            Taker::Seller => stop - limit,
        })
    })
}

/// Whether a market touches a stop. `news` is what just happened; without it, the market as it stands counts.
pub(crate) fn touches(record: &OrderRecord, market: &Market, news: Option<&MarketEvent>) -> Touch {
    let Some(stop) = record.stop else { return Touch::NotAsked };
    let taker = record.taker();
    // A stop waits for the market to move against the order, an if-touched order for the opposite.
    let rises = (taker == Taker::Buyer) != record.kind().is_some_and(|kind| kind.trigger == Trigger::Touch);
    let beyond = |price: Decimal| if rises { price >= stop } else { price <= stop };
    let last = market.last().map(|(trade, _)| trade.price);
    let quote = side(market, taker);
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
pub(crate) fn touches_needed(method: Option<&TriggerMethod>) -> u8 {
    match method {
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
