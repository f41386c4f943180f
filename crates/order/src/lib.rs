//! What we want and what the broker did: intents, states and fills.
//!
//! [`Orders`] is a book without socket, disk, clock or task. Commands ([`Orders::submit`], [`Orders::cancel`],
//! [`Orders::change`]) and events ([`Orders::step`]) go in with the time they happened; out come a [`Step`] of records,
//! which must be made durable first, and actions, which follow. The book's state is what its records say:
//! [`Orders::apply`] moves it, live and in replay alike.
//!
//! What is promised, by rule (the numbers stand beside the code that keeps them):
//!
//! - an order is sent once per intent, whatever the link does (R4); its id is never used again (R3);
//! - nothing is submitted past a [`Gate`];
//! - fills come from executions, each counted once at its highest revision (R12, R13); what is told and not proven is
//!   asked for, then inferred, then replaced (R14);
//! - silence ends nothing: what is unknown is live for risk until it is proven otherwise (R6, R9);
//! - no end is final: an order that comes back is taken up again, with an alarm (R11);
//! - a bracket is whole or gone, and no position stands without its stop unnoticed (R25); no group fills more than it may
//!   unnoticed (R26);
//! - cancels and changes have outcomes of their own (R19, R21);
//! - filled + working + unknown + cancelled = ordered, at all times (R27).
//!
//! Read first: [`state`], the table; then [`orders`], the commands; then `identity.rs`, how events find their
//! order, `evidence.rs`, what they show, and `snapshot.rs`, what silence shows. Groups are in [`group`] and watched in
//! [`guard`], what stands in the place of a leg is in `stand_in.rs`; what is missing is in [`missing`].
//!
//! ```
//! use order::{Event, Gate, Hours, Instance, Intent, IntentId, OrderKind, Orders, PassedLegs, Side, TimeInForce, Timestamp};
//! use tws_proto::Contract;
//! use tws_proto::ids::ClientId;
//!
//! struct AtMost(rust_decimal::Decimal);
//!
//! impl Gate for AtMost {
//!     type Refusal = &'static str;
//!     fn check(&self, intent: &Intent, _: PassedLegs<'_>, _: &Orders) -> Result<(), &'static str> {
//!         if intent.quantity <= self.0 { Ok(()) } else { Err("too much") }
//!     }
//! }
//!
//! let mut orders = Orders::new(Instance::new("t1").unwrap(), ClientId(1));
//! let intent = Intent {
//!     id: IntentId(1),
//!     strategy: "example".into(),
//!     account: "DU1".into(),
//!     contract: Contract::stock("IBM", "USD").into(),
//!     side: Side::Buy,
//!     quantity: 100.into(),
//!     kind: OrderKind::Market,
//!     time_in_force: TimeInForce::Day,
//!     hours: Hours::Regular,
//!     extension: None,
//! };
//! assert!(orders.submit(intent.clone().into(), &AtMost(50.into()), Timestamp(0)).is_err());
//! let step = orders.submit(intent.into(), &AtMost(500.into()), Timestamp(0)).unwrap();
//! assert_eq!(step.records.len(), 1); // make it durable, then carry out step.actions
//!
//! let mut replayed = Orders::new(Instance::new("t1").unwrap(), ClientId(1));
//! for record in &step.records {
//!     replayed.apply(record);
//! }
//! assert_eq!(replayed, orders);
//! ```

pub mod action;
pub mod adopt;
pub mod beside;
pub mod brief;
pub mod change;
pub mod combination;
pub mod event;
pub mod extension;
pub mod fills;
pub mod forget;
pub mod group;
pub mod guard;
pub mod halt;
pub mod instrument;
pub mod intent;
pub mod kind;
pub mod lifetime;
pub mod missing;
pub mod notice;
pub mod orders;
pub mod outcome;
pub mod passed;
pub mod query;
pub mod reference;
pub mod refusal;
pub mod snapshot;
pub mod state;
pub mod template;
pub mod terms;
pub mod time;
pub mod tracked;

mod burst;
mod bytes;
mod confirm;
mod evidence;
mod executed;
mod external;
mod identity;
mod numbers;
mod packed;
mod reconcile;
mod stand_in;
mod store;

pub use action::{
    Action, Alarm, Commission, ExternalOrder, Fill, OrderUpdate, Protection, Question, Step, UncountableReason,
};
pub use adopt::{ExternalError, ExternalPolicy, Shown};
pub use beside::Beside;
pub use burst::Burst;
pub use change::Change;
pub use combination::{CombinationLeg, has_leg};
pub use event::{BrokerEvent, Compared, Event, Input, LinkEvent, Record, SnapshotEvent};
pub use extension::{Extension, ExtensionFault};
pub use fills::{Execution, Executions};
pub use group::{
    Bracket, Exit, Hedge, Hedged, OcaEffect, OneCancelsAll, Replacement, Revenant, Submission, Unprotected,
};
pub use guard::{Leg, Role};
pub use halt::{AcknowledgeError, Halt, HaltScope};
pub use instrument::is_same_instrument;
pub use intent::{GroupFault, Hours, Intent, Invalid};
pub use kind::{BenchmarkPeg, Distance, Follows, OrderKind};
pub use lifetime::TimeInForce;
pub use numbers::PermanentIds;
pub use orders::{Gate, Orders};
pub use outcome::{Operation, OperationResult, Outcome};
pub use passed::PassedLegs;
pub use query::{FillQuery, Query, Standing};
pub use reference::{Instance, IntentId, Owner};
pub use refusal::{CancelError, ChangeError, SubmitError};
pub use smol_str::SmolStr;
pub use snapshot::SnapshotFacts;
pub use state::{Acknowledgement, Stage, State};
pub use store::Found;
pub use terms::{PriceStep, Session, Terms};
pub use time::{DAY_US, SECOND_US, Timestamp};
pub use tracked::{Ties, Tracked};
pub use tws_proto::Side;
