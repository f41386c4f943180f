//! Typed publish and subscribe inside a process.
//!
//! A [`Bus`] carries one event type. Each subscriber brings its own bounded [`Queue`] and says, in the name of the
//! queue's constructor, what happens when it reads too slowly. Publishing waits for no subscriber.
//!
//! | queue | when it is full | fits |
//! |---|---|---|
//! | [`Queue::lossless`] | the subscription ends; both sides are told | orders, fills, anything that moves money |
//! | [`Queue::drop_oldest`] | the oldest event goes, the reader gets [`Delivery::Missed`] | logs, charts |
//! | [`Queue::latest_by_key`] | a newer value replaces the waiting one of the same key | quotes |
//!
//! ```
//! use event_bus::{Bus, Closed, Delivery, Queue};
//!
//! #[derive(Clone, Debug, PartialEq)]
//! enum Event {
//!     Quote { symbol: &'static str, cents: u64 },
//!     Fill { order: u64 },
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let bus = Bus::new();
//!
//! // A typed projection: only what it returns is queued.
//! let mut fills = bus.subscribe_map(Queue::lossless(64), |event| match event {
//!     Event::Fill { order } => Some(*order),
//!     Event::Quote { .. } => None,
//! });
//! // Quotes, conflated per symbol.
//! let mut quotes = bus.subscribe_map(
//!     Queue::latest_by_key(64, |(symbol, _): &(&'static str, u64)| *symbol),
//!     |event| match event {
//!         Event::Quote { symbol, cents } => Some((*symbol, *cents)),
//!         Event::Fill { .. } => None,
//!     },
//! );
//!
//! for event in [
//!     Event::Quote { symbol: "IBM", cents: 18_450 },
//!     Event::Fill { order: 7 },
//!     Event::Quote { symbol: "IBM", cents: 18_451 },
//! ] {
//!     let published = bus.publish(&event);
//!     assert!(published.closed.is_empty(), "no subscriber has fallen behind");
//! }
//!
//! assert_eq!(fills.recv().await, Ok(Delivery::Event(7)));
//! assert_eq!(quotes.recv().await, Ok(Delivery::Event(("IBM", 18_451))));
//! assert_eq!(quotes.counts().conflated, 1);
//!
//! drop(bus);
//! assert_eq!(fills.recv().await, Err(Closed::BusDropped));
//! # }
//! ```
//!
//! # Promises
//!
//! - **Order.** All publications of a bus, from whatever thread, have one order, and every subscriber sees its events
//!   in that order. A conflated value takes the place of the value it replaces, so that a busy key starves no other:
//!   there the order holds per key.
//! - **No silence.** Every event that passes a filter is delivered, replaced by a newer value of its key, counted in a
//!   [`Delivery::Missed`], or the subscription ends with the reason.
//! - **Isolation.** A slow subscriber costs its own queue and nothing else. A panic in a filter ends that subscription
//!   with [`Closed::FilterPanicked`]; the publisher and the other subscribers go on.
//! - **No runtime.** Receiving is a plain future and a [`Stream`](futures_core::Stream); any executor drives it.
//!
//! # Cost
//!
//! One publication takes the lock of the bus and calls every subscriber's filter once, in order of subscription: it
//! is linear in the number of subscribers. An event that passes costs its clone (or projection), the lock of one queue
//! and, where a reader waits, one wake-up after the lock is released. Conflation adds one hash of the key. An event
//! that is filtered out costs the call of the filter. Large events are best published as an `Arc`.
//!
//! A queue starts empty and grows to at most its capacity: memory is at most `capacity * size_of::<T>()` a
//! subscription, rounded up to a power of two; with conflation there are at most twice as many keys besides.
//!
//! # Reading order
//!
//! [`Bus`], then [`Queue`], then [`Subscription`]; [`on`] and [`on_any`] route by a key.

mod bus;
mod feed;
mod queue;
mod route;
mod subscription;

pub use bus::{Bus, Ended, Published};
pub use feed::Feed;
pub use queue::{Counts, Queue};
pub use route::{on, on_any};
pub use subscription::{Closed, Delivery, Subscription, SubscriptionId};
