//! [`Request`]: what can be asked and what its answer means. The bodies of the wire are requests themselves: fill one in
//! and give it to [`Client::request`](crate::Client::request), or use the method of the client that is named for it.
//!
//! ```no_run
//! # async fn example(client: tws_client::Client) -> Result<(), tws_client::RequestError> {
//! use tws_proto::message::RequestMatchingSymbols;
//!
//! let request = RequestMatchingSymbols { pattern: "AAPL".to_owned(), ..Default::default() };
//! for found in client.request(request).await? {
//!     println!("{}", found.contract.symbol);
//! }
//! # Ok(())
//! # }
//! ```

mod account;
mod contract;
mod history;
mod information;
mod order;
mod session;

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::message::{ClientMessage, RequestMarketData};

use crate::error::RequestError;
use crate::stream::Tick;

pub use account::AccountState;
pub use history::{History, PastTicks, RequestSchedule};
pub use information::PastNews;
pub use order::{Executions, OpenOrders};

/// What can be asked once. Its row in [`RELATIONS`](crate::relation::RELATIONS) says which messages answer it.
pub trait Request {
    /// What the answer is to who asks.
    type Output;

    /// The message, under the id that the session gives it.
    fn message(&self, request_id: RequestId) -> ClientMessage;

    /// What the answers say: all of them, in order, the end marker last.
    ///
    /// # Errors
    /// [`RequestError::Nonsense`] where they mean nothing.
    fn output(&self, answers: Vec<ServerMessage>) -> Result<Self::Output, RequestError>;
}

/// A body that acts: it is no [`Request`] as it is, so that whoever can only look has no way to ask it.
pub(crate) struct Acting<B>(pub(crate) B);

/// Takes a body out of its box, where it is in one.
pub(crate) trait Unboxed<T> {
    fn unboxed(self) -> T;
}

impl<T> Unboxed<T> for T {
    fn unboxed(self) -> T {
        self
    }
}

impl<T> Unboxed<T> for Box<T> {
    fn unboxed(self) -> T {
        *self
    }
}

/// Every answer of one kind.
pub(crate) fn all<T>(answers: Vec<ServerMessage>, pick: impl FnMut(ServerMessage) -> Option<T>) -> Vec<T> {
    answers.into_iter().filter_map(pick).collect()
}

/// The answer where one is the whole.
pub(crate) fn one<T>(
    answers: Vec<ServerMessage>,
    message: &'static str,
    pick: impl FnMut(ServerMessage) -> Option<T>,
) -> Result<T, RequestError> {
    answers.into_iter().find_map(pick).ok_or(RequestError::Nonsense { message })
}

/// A body with the id of the session in it, as a message: `keyed!(self, request_id in Box)` where the wire boxes it.
macro_rules! keyed {
    ($body:ident, $id:ident) => {{
        let mut body = $body.clone();
        body.request_id = $id;
        body.into()
    }};
    ($body:ident, $id:ident in Box) => {{
        let mut body = Box::new($body.clone());
        body.request_id = $id;
        body.into()
    }};
}
pub(crate) use keyed;

/// Declares bodies of the wire as requests, a row each: body, `in Box` where the wire boxes it, the id that the session
/// fills in where there is one, output, and how it is made out of `one` answer or of `all` of a kind.
macro_rules! requests {
    ($(
        $(#[$doc:meta])*
        $body:ident $([$($key:tt)+])? -> $output:ty: $how:ident $answer:ident $(=> $convert:expr)?;
    )*) => {$(
        $(#[$doc])*
        impl $crate::request::Request for tws_proto::message::$body {
            type Output = $output;

            fn message(&self, _request_id: tws_proto::ids::RequestId) -> tws_proto::message::ClientMessage {
                $crate::request::requests!(@message self, _request_id, $($($key)+)?)
            }

            fn output(&self, answers: Vec<tws_proto::ServerMessage>) -> Result<$output, $crate::RequestError> {
                $crate::request::requests!(@output answers, $how $answer $(=> $convert)?)
            }
        }
    )*};
    (@message $self:ident, $id:ident,) => { $self.clone().into() };
    (@message $self:ident, $id:ident, request_id) => { $crate::request::keyed!($self, $id) };
    (@message $self:ident, $id:ident, request_id in Box) => { $crate::request::keyed!($self, $id in Box) };
    (@output $answers:ident, one $answer:ident $(=> $convert:expr)?) => {{
        let body: tws_proto::message::$answer = $crate::request::one($answers, stringify!($answer), |answer| match answer {
            tws_proto::ServerMessage::$answer(body) => Some($crate::request::Unboxed::unboxed(body)),
            _ => None,
        })?;
        Ok($crate::request::requests!(@convert body $(=> $convert)?))
    }};
    (@output $answers:ident, all $answer:ident $(=> $convert:expr)?) => {
        Ok($crate::request::all($answers, |answer| match answer {
            tws_proto::ServerMessage::$answer(body) => {
                let body: tws_proto::message::$answer = $crate::request::Unboxed::unboxed(body);
                Some($crate::request::requests!(@convert body $(=> $convert)?))
            }
            _ => None,
        }))
    };
    (@convert $body:ident) => { $body };
    (@convert $body:ident => $convert:expr) => { ($convert)($body) };
}
pub(crate) use requests;

/// `REQ_MKT_DATA` for one set of values: a snapshot.
impl Request for RequestMarketData {
    type Output = Vec<Tick>;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        let snapshot = !self.regulatory_snapshot;
        Box::new(Self { request_id, snapshot, ..self.clone() }).into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<Vec<Tick>, RequestError> {
        Ok(all(answers, Tick::of))
    }
}
