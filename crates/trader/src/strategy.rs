//! [`Strategy`]: what an author of trading ideas writes.

use std::future::Future;

use event_bus::{Closed, Delivery, Queue, Subscription};
use order::OrderUpdate;

use crate::event::{Event, FillEvent, Signal, TraderState};
use crate::failure::Failure;
use crate::handle::Handle;
use crate::quote::Quote;

/// What a handler of a strategy returns. An error ends the strategy, with an alarm; its orders stay as they are.
pub type Outcome = Result<(), Failure>;

/// Events of orders and fills that may wait for a strategy; one that falls further behind is ended, with an alarm.
const OWN_EVENTS_MAX: usize = 65_536;
/// Markets whose quotes may wait for a strategy, the newest of each.
const QUOTES_MAX: usize = 4_096;

/// A trading idea. Each strategy runs in a task of its own: a slow one delays nobody else, and one that panics ends
/// alone.
///
/// Orders, fills and states arrive complete and in order. Quotes are conflated: a slow strategy sees the newest.
pub trait Strategy: Send + 'static {
    /// Its name: orders and fills are attributed to it, over restarts too. 1 to 64 bytes.
    fn name(&self) -> &str;

    /// The trader is ready for the first time: watch markets, look at what is held.
    fn started(&mut self, trader: &Handle) -> impl Future<Output = Outcome> + Send {
        let _ = trader;
        async { Ok(()) }
    }

    /// A market moved; of any contract that this trader watches.
    fn quote(&mut self, quote: &Quote, trader: &Handle) -> impl Future<Output = Outcome> + Send {
        let _ = (quote, trader);
        async { Ok(()) }
    }

    /// An order of this strategy changed.
    fn order(&mut self, update: &OrderUpdate, trader: &Handle) -> impl Future<Output = Outcome> + Send {
        let _ = (update, trader);
        async { Ok(()) }
    }

    /// An order of this strategy traded; the position has moved already.
    fn fill(&mut self, fill: &FillEvent, trader: &Handle) -> impl Future<Output = Outcome> + Send {
        let _ = (fill, trader);
        async { Ok(()) }
    }

    /// The trader's own state changed: ready again, killed, ...
    fn state(&mut self, state: &TraderState, trader: &Handle) -> impl Future<Output = Outcome> + Send {
        let _ = (state, trader);
        async { Ok(()) }
    }

    /// What became of a cancel or a change of an order of its own.
    fn outcome(&mut self, outcome: &order::Outcome, trader: &Handle) -> impl Future<Output = Outcome> + Send {
        let _ = (outcome, trader);
        async { Ok(()) }
    }

    /// Something from outside: a prediction, a news item, a number.
    fn signal(&mut self, signal: &Signal, trader: &Handle) -> impl Future<Output = Outcome> + Send {
        let _ = (signal, trader);
        async { Ok(()) }
    }
}

/// What a strategy listens to, made before it starts so that it misses nothing.
pub(crate) struct Ears {
    own: Subscription<Event>,
    quotes: Subscription<Quote>,
}

impl Ears {
    pub(crate) fn of(name: &str, trader: &Handle) -> Self {
        let name = name.to_owned();
        let own = trader.bus().subscribe_where(Queue::lossless(OWN_EVENTS_MAX), move |event| match event {
            Event::Order(update) => update.strategy == name,
            Event::Fill(fill) => fill.fill.strategy.as_deref() == Some(name.as_str()),
            Event::Outcome(outcome) => outcome.strategy == name,
            Event::State(_) | Event::Signal(_) => true,
            Event::Quote(_)
            | Event::QuoteGap { .. }
            | Event::Commission(_)
            | Event::Alarm(_)
            | Event::AlarmStands(_)
            | Event::Notice { .. } => false,
        });
        let quotes =
            trader.bus().subscribe_map(Queue::latest_by_key(QUOTES_MAX, |quote: &Quote| quote.contract_id), |event| {
                match event {
                    Event::Quote(quote) => Some(quote.clone()),
                    _ => None,
                }
            });
        Self { own, quotes }
    }
}

/// Runs a strategy until the trader stops or it ends by itself.
pub(crate) async fn run<S: Strategy>(mut strategy: S, mut ears: Ears, trader: Handle) -> Outcome {
    strategy.started(&trader).await?;
    loop {
        tokio::select! {
            biased;
            heard = ears.own.recv() => match heard {
                Ok(Delivery::Event(event)) => hear(&mut strategy, &event, &trader).await?,
                Ok(Delivery::Missed(_)) => {} // a lossless queue never says so
                Err(Closed::BusDropped) => return Ok(()),
                Err(closed) => return Err(closed.into()),
            },
            quote = ears.quotes.recv() => match quote {
                Ok(Delivery::Event(quote)) => strategy.quote(&quote, &trader).await?,
                Ok(Delivery::Missed(_)) => {}
                Err(Closed::BusDropped) => return Ok(()),
                Err(closed) => return Err(closed.into()),
            },
        }
    }
}

async fn hear<S: Strategy>(strategy: &mut S, event: &Event, trader: &Handle) -> Outcome {
    match event {
        Event::Order(update) => strategy.order(update, trader).await,
        Event::Fill(fill) => strategy.fill(fill, trader).await,
        Event::Outcome(outcome) => strategy.outcome(outcome, trader).await,
        Event::State(state) => strategy.state(state, trader).await,
        Event::Signal(signal) => strategy.signal(signal, trader).await,
        Event::Quote(_)
        | Event::QuoteGap { .. }
        | Event::Commission(_)
        | Event::Alarm(_)
        | Event::AlarmStands(_)
        | Event::Notice { .. } => Ok(()),
    }
}
