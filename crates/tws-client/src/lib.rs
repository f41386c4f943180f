//! One live session with TWS: connects, stays connected, answers or says why.
//!
//! Read first: [`Client`] for what can be asked, [`OrderEvents`] for what is told without being asked, [`State`] for
//! where the session stands. Below them, [`session`] is the whole of it as a state machine without socket, clock or
//! task; the [`Driver`] only carries its bytes.
//!
//! It never sends an order again, keeps none for later, and decides nothing about trading: orders are the business of
//! whoever reads the order lane. A [`Client`] only looks; a [`TradingClient`] can do all that and send orders.
//!
//! # What can be asked
//!
//! Every request of the wire has a method of [`Client`], or of [`TradingClient`] where it changes something. A method that
//! is `async` asks once: dropped before its answer, it is cancelled at TWS where TWS has a word for that. One that returns
//! a [`Subscription`] begins a stream: it survives reconnects, and is cancelled when dropped. Large requests are built with
//! the methods of their bodies, [`RequestHistoricalData::bars`](tws_proto::message::RequestHistoricalData::bars) for
//! instance. Whatever has no field in a method goes by its body: [`Client::request`] and [`Client::subscribe`] take every
//! [`Request`] and [`Feed`]. Which messages answer a request, what ends it and what cancels it is one table,
//! [`relation::RELATIONS`]. The example `tour` shows them by area.
//!
//! # How much may wait
//!
//! The socket is read whether anybody keeps up or not, and what waits is bounded ([`config::Limits`]):
//!
//! - Order events: `lane_events`. None is ever left out; where more wait, an [`Alarm`] sounds and the connection ends, and
//!   none begins before half of them were read.
//! - Updates of a stream: `stream_updates`, of accounts and positions `account_updates`, or what [`Delivery::Lossless`]
//!   allows, and as many again that its reader has taken out at once and not looked at yet. A quote takes about 80 bytes, so that 500 streams which nobody reads hold some
//!   20 MB. What is left out is counted: received and [`conflated`](Subscription::conflated) is together what came.
//! - Bytes: 64 KiB of a read, one frame that has come in part, 1 MiB that a peer does not take.
//!
//! # What each phase lets out
//!
//! | [`Phase`] | orders, changes, exercises, settings | cancels | binding orders of others | requests |
//! |---|---|---|---|---|
//! | `Disconnected` | refused | kept or refused | refused | refused |
//! | `Connecting` | refused | kept or refused | refused | refused |
//! | `Handshaking` | refused | kept or refused | refused | refused |
//! | `Starting` | refused | kept or refused | refused | refused |
//! | `Reconciling` | refused | sent | sent | sent |
//! | `Ready` | sent | sent | sent | sent |
//! | `Degraded` | refused | sent | refused | sent |
//! | `Halted` | refused | sent | refused | sent |
//! | `ReadOnly` | refused | refused | refused | sent |
//! | `Closed` | refused | refused | refused | refused |
//!
//! A refusal is a typed error, at once, and nothing is kept for later. The exception is
//! [`TradingClient::cancel_surely`]: its cancels are kept and sent first on return, and while TWS has lost IB they are
//! sent now and again when it is back. Streams may begin in any phase but `Closed`; they are asked for when requests are
//! sent. A phase is left as follows: `Reconciling` by [`TradingClient::reconciled`], `Degraded` by the notices 1101 and
//! 1102 (after five minutes by a fresh connection), `Halted` by [`TradingClient::resume`] alone, `ReadOnly` never.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use tws_client::{Client, Config};
//! use tws_proto::Contract;
//!
//! let (client, driver) = Client::connect(Config::paper())?;
//! tokio::spawn(driver.run());
//! let ready = client.ready(Duration::from_secs(30)).await?;
//! println!("server version {}, {} accounts", ready.server_version, ready.accounts.len());
//!
//! let mut quotes = client.market_data(&Contract::stock("AAPL", "USD"), &[])?;
//! while let Some(update) = quotes.recv().await {
//!     println!("{update:?}");
//! }
//! client.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod capture;
pub mod client;
pub mod config;
pub mod contracts;
pub mod counts;
pub mod driver;
pub mod error;
pub mod event;
pub mod feed;
pub mod history;
pub mod lane;
pub mod notice;
pub mod option_chain;
pub mod pool;
pub mod portfolio;
pub mod queue;
pub mod relation;
pub mod request;
pub mod reset;
pub mod session;
pub mod state;
pub mod stream;
pub mod trading;

mod id_map;
mod inner;
mod log;
mod mailbox;
mod shared;
mod source;
mod updates;

pub use client::{Bulletins, Client};
pub use config::{Config, ConnectError};
pub use contracts::{Contracts, ResolveError};
pub use counts::{BadFrameKind, Counts};
pub use driver::{Connector, Driver, TcpConnector};
pub use error::{Advice, Exit, Fault, RequestError, RoundError, SendError};
pub use event::{Alarm, SessionEvent, SessionEvents, StaleStream};
pub use feed::Feed;
pub use lane::OrderEvents;
pub use notice::NoticeClass;
pub use option_chain::{OptionChain, OptionFilter, Strikes};
pub use pool::Pool;
pub use portfolio::{FollowedEvents, Portfolio};
pub use queue::{Waits, Why};
pub use request::{Executions, OpenOrders, Request};
pub use reset::ResetWindow;
pub use state::{
    Epoch, Halt, LaneEvent, Phase, Ready, Reason, Round, State, StateChange, Unsent, UnsentCause, Upstream, Wish,
};
pub use stream::{MarketData, Subscription, Tick, TickByTickData, Update};
pub use trading::TradingClient;
pub use updates::{Conflate, Delivery, Loss};
