//! The TWS wire: frames, handshake and messages, both forms and both directions.
//!
//! This crate turns bytes into typed messages and back, for either side of the conversation, at every server version
//! from 176 to 226. It has no socket, no clock, no task and no log, and no input makes it panic.
//!
//! Read first: [`message`] for what can be said, [`handshake`] for how a conversation starts, [`connection`] for how it
//! goes on. [`wire`] is how a message is described: once, for reading and writing, for text and protobuf.
//!
//! ```
//! use tws_proto::message::{ClientMessage, Message, StartApi};
//! use tws_proto::ids::ClientId;
//! use tws_proto::{Missing, ServerVersion};
//!
//! let start = ClientMessage::from(StartApi { client_id: ClientId(7), ..StartApi::default() });
//! let mut frame = bytes::BytesMut::new();
//! start.clone().write(ServerVersion(187), Missing::Refuse, &mut frame).unwrap();
//! assert_eq!(&frame[..], b"\0\0\0\x0871\x002\x007\0\0");
//! let back = ClientMessage::read(&frame[4..], ServerVersion(187)).unwrap();
//! assert_eq!(back.message, start);
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

pub mod connection;
pub mod handshake;
pub mod message;

pub mod condition;
pub mod contract;
pub mod hours;
pub mod ids;
pub mod kinds;
pub mod order;
pub mod order_state;
pub mod side;
pub mod tags;
pub mod text;
pub mod time;

pub mod error;
pub mod fields;
pub mod item;
pub mod value;
pub mod version;
pub mod wire;

mod body;
mod decimal;
mod declare;
mod grammar;
mod order_text;
mod place;
pub mod protobuf;
pub mod scan;

pub use connection::{Connection, Event};
pub use contract::Contract;
pub use error::{BadFrame, Fault, Refused};
pub use grammar::FRAME_BYTES_MAX;
pub use message::{ClientMessage, ServerMessage};
pub use order::Order;
pub use side::Side;
pub use version::ServerVersion;
pub use wire::Missing;
