//! One live session with TWS: connects, stays connected, answers or says why.
//!
//! Read first: [`Client`] for what can be asked, [`OrderEvents`] for what is told without being asked, [`State`] for
//! where the session stands. Below them, [`session`] is the whole of it as a state machine without socket, clock or
//! task; the [`Driver`] only carries its bytes.
//!
//! It never sends an order again, keeps none for later, and decides nothing about trading: orders are the business of
//! whoever reads the order lane.
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

pub mod client;
pub mod config;
pub mod counts;
pub mod driver;
pub mod error;
pub mod feed;
pub mod lane;
pub mod notice;
pub mod relation;
pub mod request;
pub mod session;
pub mod state;
pub mod stream;

mod log;
mod mailbox;
mod shared;

pub use client::Client;
pub use config::{Config, ConnectError};
pub use counts::{BadFrameKind, Counts};
pub use driver::{Connector, Driver, TcpConnector};
pub use error::{Exit, RequestError, SendError};
pub use feed::Feed;
pub use lane::OrderEvents;
pub use notice::NoticeClass;
pub use request::{Executions, OpenOrders, Request};
pub use state::{Epoch, LaneEvent, Phase, Ready, Reason, State, StateChange, Unsent, UnsentCause, Upstream};
pub use stream::{MarketData, Subscription, Tick, TickByTickData, Update};
