//! [`Queue`]: what waits for one client, between the core and the client's task. Bounded.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tws_proto::ServerMessage;

use super::link::Standing;
use crate::core::CloseReason;
use crate::faults::{Fault, Switch};

/// How many messages may wait for one client; then it is dropped.
pub(crate) const QUEUE_MAX: usize = 16_384;
/// How many bytes may wait for one client, as far as large messages go; then it is dropped.
const QUEUE_BYTES_MAX: usize = 32 << 20;

/// What a client's task is told.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// Send this.
    Message(ServerMessage),
    /// Send what waits, then close.
    Close(CloseReason),
    /// Something goes wrong on the link, behind what was sent before.
    Strike(Fault),
    /// A fault of the link that stood is over, and with it what it has still to do.
    Lift(Switch),
}

/// The queue is full: its client does not read.
#[derive(Debug)]
pub(crate) struct Full;

/// What waits for one client.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Delivery>,
    bytes: usize,
    standing: Standing,
}

impl Queue {
    /// Puts something at the end.
    pub(crate) fn push(&self, delivery: Delivery) -> Result<(), Full> {
        let mut state = self.lock();
        let bytes = weight(&delivery);
        if state.waiting.len() >= QUEUE_MAX || state.bytes + bytes > QUEUE_BYTES_MAX {
            return Err(Full);
        }
        let was_empty = state.waiting.is_empty();
        state.bytes += bytes;
        state.waiting.push_back(delivery);
        drop(state);
        if was_empty {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Moves what waits behind `batch`, up to `count`, and tells what stands against the link.
    pub(crate) fn take(&self, batch: &mut VecDeque<Delivery>, count: usize) -> Standing {
        let mut state = self.lock();
        let count = count.min(state.waiting.len());
        let taken: usize = state.waiting.iter().take(count).map(weight).sum();
        state.bytes -= taken;
        batch.extend(state.waiting.drain(..count));
        state.standing
    }

    /// How much waits.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// The first half of what waits vanishes.
    pub(crate) fn lose_half(&self) {
        let mut state = self.lock();
        let half = state.waiting.len().div_ceil(2);
        let lost: Vec<Delivery> = state.waiting.drain(..half).collect();
        state.bytes -= lost.iter().map(weight).sum::<usize>();
        // What ends the connection is no output.
        for delivery in lost.into_iter().rev().filter(|delivery| !matches!(delivery, Delivery::Message(_))) {
            state.waiting.push_front(delivery);
        }
    }

    /// From now on this stands against the link.
    pub(crate) fn set_standing(&self, standing: Standing) {
        self.lock().standing = standing;
        self.changed.notify_one();
    }

    /// Something came, or the link changed, since the last call.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About how many bytes a message holds, where that is many.
fn weight(delivery: &Delivery) -> usize {
    match delivery {
        Delivery::Message(ServerMessage::HistoricalData(data)) => data.bars.len() * 128,
        Delivery::Message(ServerMessage::HistoricalTicks(data)) => data.ticks.len() * 64,
        Delivery::Message(ServerMessage::HistoricalQuotes(data)) => data.ticks.len() * 96,
        Delivery::Message(ServerMessage::HistoricalTrades(data)) => data.ticks.len() * 128,
        Delivery::Message(ServerMessage::ScannerData(data)) => data.rows.len() * 512,
        Delivery::Message(ServerMessage::ScannerParameters(data)) => data.xml.len(),
        Delivery::Message(ServerMessage::NewsArticle(article)) => article.text.len(),
        Delivery::Message(_) | Delivery::Close(_) | Delivery::Strike(_) | Delivery::Lift(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tws_proto::ids::OrderId;
    use tws_proto::message::NextValidId;

    fn id(delivery: Option<&Delivery>) -> Option<i32> {
        match delivery {
            Some(Delivery::Message(ServerMessage::NextValidId(next))) => Some(next.order_id.0),
            _ => None,
        }
    }

    #[test]
    fn a_queue_is_bounded_and_loses_its_older_half() {
        let queue = Queue::default();
        let number = |id: usize| NextValidId { order_id: OrderId(i32::try_from(id).unwrap()) };
        for count in 0..QUEUE_MAX {
            assert!(queue.push(Delivery::Message(number(count).into())).is_ok());
        }
        assert!(queue.push(Delivery::Message(number(0).into())).is_err());
        queue.lose_half();
        assert_eq!(queue.len(), QUEUE_MAX / 2);
        let mut batch = VecDeque::new();
        queue.take(&mut batch, 2);
        assert_eq!((batch.len(), queue.len()), (2, QUEUE_MAX / 2 - 2));
        assert_eq!(id(batch.front()), i32::try_from(QUEUE_MAX / 2).ok());
        assert!(queue.push(Delivery::Close(CloseReason::Cut)).is_ok());
        for _ in 0..20 {
            queue.lose_half();
        }
        queue.take(&mut batch, 9);
        assert!(matches!(batch.back(), Some(Delivery::Close(_))));
    }
}
