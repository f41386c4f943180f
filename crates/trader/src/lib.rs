//! The facade: configuration, the engine that joins the rooms, the [`Strategy`] trait and a prelude.
//!
//! A program that trades has three parts: a [`TraderConfig`], one or more [`Strategy`]s, and a [`Trader`] that runs them.
#![doc = include_str!("../README.md")]
//!
//! Read first: [`Strategy`], [`Handle`], [`Ticket`]; then `engine/mod.rs`, one task that owns all trading state.

pub mod books;
pub mod config;
pub mod event;
pub mod failure;
pub mod handle;
pub mod inquiries;
pub mod instrument;
mod lookup;
pub mod moment;
pub mod placed;
pub mod prelude;
pub mod quote;
pub mod record;
pub mod strategy;
pub mod template;
pub mod ticket;
pub mod trader;

mod brief;
mod client_lock;
mod engine;
mod mask;
mod terms;
mod views;

pub use books::Books;
pub use client_lock::{ClientLockError, Holder};
pub use config::{Arming, ConfigError, OnStop, TraderConfig};
pub use engine::{Ended, LoginFault, PreviewError, Refused};
pub use event::{Alarm, Event, FillEvent, Phase, Signal, TraderState};
pub use failure::Failure;
pub use handle::{Handle, NotReady, WatchError};
pub use inquiries::Inquiries;
pub use instrument::Instrument;
pub use moment::Moment;
pub use order::{FillQuery, Query, Standing};
pub use placed::{Placed, WaitError};
pub use quote::Quote;
pub use record::Record;
pub use risk::{OpenAlarm, Statement, Trading, Waivable, Waiver};
pub use strategy::{Outcome, Strategy};
pub use template::{RunningTemplate, TemplateEnd, TemplateProgress};
pub use ticket::{ExitPrices, Joined, Ticket};
pub use trader::{StartError, Trader, TraderBuilder};
pub use tws_proto::order_state::OrderState;

/// The program on the front page compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct FrontPage;
