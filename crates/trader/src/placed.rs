//! [`Placed`]: an order that was submitted, followed to its end.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use event_bus::{Closed, Subscription};
use order::{IntentId, OrderUpdate};
use tokio::time::timeout;

use crate::engine::Refused;
use crate::event::{Phase, updates_of};
use crate::handle::Handle;

/// An order that was submitted, or an order with its exits.
///
/// It is a stream of what becomes of them, [`next`](Self::next) by `next`, which ends with the last of them; or one waits
/// for a state. Letting go of it takes nothing back: [`Handle::follow`] gives another one, after a restart too.
#[derive(Debug)]
pub struct Placed {
    intents: Vec<IntentId>,
    updates: Subscription<OrderUpdate>,
    handle: Handle,
    /// What is known and not told yet.
    waiting: VecDeque<OrderUpdate>,
    /// Those whose ends were not told yet.
    open: BTreeSet<IntentId>,
}

impl Placed {
    pub(crate) fn new(intents: Vec<IntentId>, updates: Subscription<OrderUpdate>, handle: Handle) -> Self {
        let open = intents.iter().copied().collect();
        Self { intents, updates, handle, waiting: VecDeque::new(), open }
    }

    /// One that tells at first where the order stands now.
    pub(crate) async fn follow(id: IntentId, handle: Handle) -> Result<Option<Self>, Refused> {
        let updates = updates_of(&handle.bus, &[id]);
        let Some(now) = handle.order(id).await? else { return Ok(None) };
        let mut placed = Self::new(vec![id], updates, handle);
        placed.waiting.push_back(now);
        Ok(Some(placed))
    }

    /// The order's name; of a bracket, the entry's.
    #[must_use]
    pub fn id(&self) -> IntentId {
        self.intents[0] // a submission has at least one leg
    }

    /// The names of all legs: entry, take profit, stop loss.
    #[must_use]
    pub fn ids(&self) -> &[IntentId] {
        &self.intents
    }

    /// The next news of any leg, in order; `None` once all have ended and that was told. A leg that comes back after that
    /// (R11) is told by an alarm, and by the bus. Where it was not read for very long, what lies between is left out, and
    /// each leg is told as it is. Giving up this future loses nothing.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn next(&mut self) -> Result<Option<OrderUpdate>, Refused> {
        loop {
            if let Some(update) = self.waiting.pop_front() {
                self.note(&update);
                return Ok(Some(update));
            }
            if self.open.is_empty() {
                return Ok(None);
            }
            self.hear().await?;
        }
    }

    /// Waits until the order satisfies `reached`; gives the state in which it does. What is told meanwhile,
    /// [`next`](Self::next) does not tell again.
    ///
    /// # Errors
    /// [`WaitError`]: the time is up, with the state it stands in; or the trader has stopped.
    pub async fn wait_for(
        &mut self,
        within: Duration,
        reached: impl Fn(&OrderUpdate) -> bool,
    ) -> Result<OrderUpdate, WaitError> {
        let id = self.id();
        match timeout(within, self.wait(id, reached)).await {
            Ok(Ok(update)) => Ok(update),
            Ok(Err(refused)) => Err(WaitError::Refused(refused)),
            Err(_) => match self.handle.order(id).await {
                Ok(last) => Err(WaitError::TimedOut { after: within, last: last.map(Box::new) }),
                Err(refused) => Err(WaitError::Refused(refused)),
            },
        }
    }

    async fn wait(&mut self, id: IntentId, reached: impl Fn(&OrderUpdate) -> bool) -> Result<OrderUpdate, Refused> {
        if let Some(update) = self.handle.order(id).await?.filter(&reached) {
            self.note(&update);
            return Ok(update);
        }
        loop {
            while let Some(update) = self.waiting.pop_front() {
                self.note(&update);
                if update.intent == id && reached(&update) {
                    return Ok(update);
                }
            }
            self.hear().await?;
        }
    }

    /// Waits for news of any leg.
    async fn hear(&mut self) -> Result<(), Refused> {
        let mut state = self.handle.state.clone();
        let heard = tokio::select! {
            biased;
            heard = self.updates.recv() => heard,
            _ = state.wait_for(|state| state.phase == Phase::Stopped) => return Err(Refused::Stopped),
        };
        match heard.map(event_bus::Delivery::event) {
            Ok(update) => self.waiting.extend(update),
            Err(Closed::BusDropped) => return Err(Refused::Stopped),
            // It was not read for very long: what they are now counts.
            Err(_) => {
                let intents = self.intents.clone();
                let updates = updates_of(&self.handle.bus, &intents);
                let look = move |books: &crate::Books| {
                    intents.iter().filter_map(|id| books.orders.update(*id)).collect::<Vec<_>>()
                };
                let now = self.handle.inspect(look).await?;
                self.updates = updates;
                self.waiting.extend(now);
            }
        }
        Ok(())
    }

    fn note(&mut self, update: &OrderUpdate) {
        if update.state.is_live() {
            self.open.insert(update.intent);
        } else {
            self.open.remove(&update.intent);
        }
    }

    /// Waits until the order has ended, one way or another.
    ///
    /// # Errors
    /// As [`Placed::wait_for`].
    pub async fn done(&mut self, within: Duration) -> Result<OrderUpdate, WaitError> {
        self.wait_for(within, |update| !update.state.is_live()).await
    }

    /// Asks for every leg that lives to be cancelled.
    ///
    /// # Errors
    /// As [`Handle::cancel`].
    pub async fn cancel(&self) -> Result<(), Refused> {
        for id in &self.intents {
            self.handle.cancel(*id).await?;
        }
        Ok(())
    }
}

/// Why an order was not waited for to the end.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The time is up.
    #[error("after {after:?} the order is {}", last.as_ref().map_or_else(|| "not known".to_owned(), |last| last.state.to_string()))]
    TimedOut {
        /// How long was waited.
        after: Duration,
        /// Where it stands.
        last: Option<Box<OrderUpdate>>,
    },
    /// The trader has stopped.
    #[error(transparent)]
    Refused(#[from] Refused),
}
