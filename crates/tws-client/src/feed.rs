//! [`Feed`]: what can be watched, and what each of its messages says. The bodies of the wire are feeds themselves: fill one
//! in and give it to [`Client::subscribe`](crate::Client::subscribe), or use the method of the client that is named for
//! it.

mod account;
mod depth;
mod market;

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::message::ClientMessage;

use crate::updates::Conflate;

pub use account::{AccountUpdate, ModelPositionUpdate, ModelValueUpdate, PositionUpdate, SummaryUpdate};
pub use depth::DepthBook;
pub use market::{DepthUpdate, HistoryUpdate};

pub(crate) use account::{account_value_key, portfolio_key, position_key};

/// What can be watched. Its row in [`RELATIONS`](crate::relation::RELATIONS) says which messages belong to it.
pub trait Feed: Send + 'static {
    /// What the stream delivers.
    type Item: Conflate + Send + 'static;

    /// The message that begins it, under the id that the session gives it; asked for anew in every epoch.
    fn message(&self, request_id: RequestId) -> ClientMessage;

    /// What a message says that comes all the time, copied from where it was read: that costs less than to move it through
    /// many hands. `None` where [`Feed::items`] shall be asked, as by default.
    #[inline]
    fn copied(message: &ServerMessage) -> Option<Self::Item> {
        let _ = message;
        None
    }

    /// What a message says: as a rule one item, none where the message does not belong here.
    fn items(message: ServerMessage, deliver: impl FnMut(Self::Item));
}

/// Declares bodies of the wire as feeds whose messages are items each, a row each: body, id, item, and how a message
/// becomes one.
macro_rules! feeds {
    ($(
        $(#[$doc:meta])*
        $body:ident [$($key:tt)+] -> $item:ty: $pick:expr;
    )*) => {$(
        $(#[$doc])*
        impl $crate::feed::Feed for tws_proto::message::$body {
            type Item = $item;

            fn message(&self, _request_id: tws_proto::ids::RequestId) -> tws_proto::message::ClientMessage {
                $crate::feed::feeds!(@message self, _request_id, $($key)+)
            }

            #[inline]
            fn items(message: tws_proto::ServerMessage, deliver: impl FnMut($item)) {
                let pick: fn(tws_proto::ServerMessage) -> Option<$item> = $pick;
                pick(message).into_iter().for_each(deliver);
            }
        }
    )*};
    (@message $self:ident, $id:ident, none) => { $self.clone().into() };
    (@message $self:ident, $id:ident, request_id) => { $crate::request::keyed!($self, $id) };
    (@message $self:ident, $id:ident, request_id in Box) => { $crate::request::keyed!($self, $id in Box) };
    (@message $self:ident, $id:ident, request_id in Box, $($field:ident: $value:expr),+) => {{
        let mut body = Box::new($self.clone());
        body.request_id = $id;
        $(body.$field = $value;)+
        body.into()
    }};
    (@message $self:ident, $id:ident, $field:ident: $value:expr) => {{
        let mut body = $self.clone();
        body.$field = $value;
        body.into()
    }};
}
pub(crate) use feeds;
