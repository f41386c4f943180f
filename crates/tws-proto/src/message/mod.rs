//! Every message, one struct and one layout each, and the two enums that hold them.
//!
//! A row of `messages!` is all that is said of a message beside its body: its id, its name on the wire, and in which
//! forms it exists since which server version.

pub mod account;
pub mod contract;
pub mod market_data;
pub mod order;
pub mod session;

use bytes::{Buf, BufMut, BytesMut};

use crate::error::{BadFrame, Excerpt, Fault, Flaw, Refused};
use crate::grammar::{self, FRAME_BYTES_MAX};
use crate::value::integer_from_text;
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Missing, Wire};

pub use account::*;
pub use contract::*;
pub use market_data::*;
pub use order::*;
pub use session::*;

/// The forms in which a message exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forms {
    /// First version that has the message at all.
    pub since: V,
    /// Whether a text form exists.
    pub text: bool,
    /// First version at which the writer chooses protobuf.
    pub protobuf: Option<V>,
}

impl Forms {
    /// Text at first, protobuf from `gate` on.
    const fn switches(gate: V) -> Self {
        Self { since: V::OLDEST, text: true, protobuf: Some(gate) }
    }

    const fn since(self, since: V) -> Self {
        Self { since, ..self }
    }

    /// Whether the writer chooses protobuf at `version`.
    #[must_use]
    pub fn is_protobuf_at(self, version: V) -> bool {
        self.protobuf.is_some_and(|gate| version >= gate)
    }
}

/// What is said of a message beside its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Id on the wire; in protobuf it travels as id + 200.
    pub id: i32,
    /// Name on the wire, `REQ_MKT_DATA`.
    pub name: &'static str,
    /// Forms in which it exists.
    pub forms: Forms,
}

/// A message that was read, and what was left over.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<M> {
    /// The message.
    pub message: M,
    /// Text fields behind the last known one: a newer peer's, ignored.
    pub trailing_fields: usize,
}

/// The messages of one direction.
pub trait Message: Sized {
    /// Every message of this direction, by id.
    const ALL: &'static [Facts];

    /// What is said of this message beside its body.
    fn facts(&self) -> Facts;

    /// Reads the payload of a frame (what stands behind its length prefix).
    ///
    /// # Errors
    /// [`BadFrame`] names the message, the field and the fault. Nothing but this frame is lost.
    fn read(payload: &[u8], version: V) -> Result<Decoded<Self>, BadFrame>;

    /// Appends a whole frame, length prefix included, in the form that the version calls for.
    ///
    /// # Errors
    /// [`Refused`] where the peer's version or form cannot carry the message as it is; then nothing was appended.
    fn write(self, version: V, missing: Missing, out: &mut BytesMut) -> Result<(), Refused>;
}

/// Declares the messages of one direction, a row each: id, name, wire name, forms.
macro_rules! messages {
    ($(#[$doc:meta])* $enum:ident { $($id:literal $variant:ident($payload:ty), $wire_name:literal, $forms:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $(#[doc = concat!("`", $wire_name, "`, id ", $id, ".")] $variant($payload),)*
        }

        impl Message for $enum {
            const ALL: &'static [Facts] = &[$(Facts { id: $id, name: $wire_name, forms: $forms }),*];

            fn facts(&self) -> Facts {
                match self {
                    $(Self::$variant(_) => Facts { id: $id, name: $wire_name, forms: $forms },)*
                }
            }

            fn read(payload: &[u8], version: V) -> Result<Decoded<Self>, BadFrame> {
                let head = Head::read(payload, version)?;
                match head.id {
                    $($id => {
                        const FACTS: Facts = Facts { id: $id, name: $wire_name, forms: $forms };
                        head.body(FACTS, version).map(|Decoded { message, trailing_fields }| Decoded {
                            message: Self::$variant(message),
                            trailing_fields,
                        })
                    })*
                    unknown => Err(BadFrame { message: "frame", field: "", fault: Fault::UnknownMessage(unknown) }),
                }
            }

            fn write(self, version: V, missing: Missing, out: &mut BytesMut) -> Result<(), Refused> {
                match self {
                    $(Self::$variant(mut body) => {
                        const FACTS: Facts = Facts { id: $id, name: $wire_name, forms: $forms };
                        write_frame(FACTS, &mut body, version, missing, out)
                    })*
                }
            }
        }

        $(impl From<$payload> for $enum {
            fn from(body: $payload) -> Self {
                Self::$variant(body)
            }
        })*
    };
}

messages! {
    /// What a client sends.
    ClientMessage {
        1 RequestMarketData(Box<RequestMarketData>), "REQ_MKT_DATA", Forms::switches(V::PROTOBUF_MARKET_DATA);
        2 CancelMarketData(CancelMarketData), "CANCEL_MKT_DATA", Forms::switches(V::PROTOBUF_MARKET_DATA);
        3 PlaceOrder(Box<PlaceOrder>), "PLACE_ORDER", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        4 CancelOrder(CancelOrder), "CANCEL_ORDER", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        5 RequestOpenOrders(RequestOpenOrders), "REQ_OPEN_ORDERS", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        7 RequestExecutions(Box<RequestExecutions>), "REQ_EXECUTIONS", Forms::switches(V::PROTOBUF);
        8 RequestIds(RequestIds), "REQ_IDS", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        9 RequestContractData(Box<RequestContractData>), "REQ_CONTRACT_DATA", Forms::switches(V::PROTOBUF_CONTRACT_DATA);
        16 RequestAllOpenOrders(RequestAllOpenOrders), "REQ_ALL_OPEN_ORDERS", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        17 RequestManagedAccounts(RequestManagedAccounts), "REQ_MANAGED_ACCTS", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        49 RequestCurrentTime(RequestCurrentTime), "REQ_CURRENT_TIME", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        58 GlobalCancel(GlobalCancel), "REQ_GLOBAL_CANCEL", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        59 RequestMarketDataType(RequestMarketDataType), "REQ_MARKET_DATA_TYPE", Forms::switches(V::PROTOBUF_MARKET_DATA);
        61 RequestPositions(RequestPositions), "REQ_POSITIONS", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        62 RequestAccountSummary(RequestAccountSummary), "REQ_ACCOUNT_SUMMARY", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        63 CancelAccountSummary(CancelAccountSummary), "CANCEL_ACCOUNT_SUMMARY", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        64 CancelPositions(CancelPositions), "CANCEL_POSITIONS", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        71 StartApi(StartApi), "START_API", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        97 RequestTickByTick(Box<RequestTickByTick>), "REQ_TICK_BY_TICK_DATA", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        98 CancelTickByTick(CancelTickByTick), "CANCEL_TICK_BY_TICK_DATA", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        99 RequestCompletedOrders(RequestCompletedOrders), "REQ_COMPLETED_ORDERS", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        105 RequestCurrentTimeMillis(RequestCurrentTimeMillis), "REQ_CURRENT_TIME_IN_MILLIS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_3).since(V::CURRENT_TIME_IN_MILLIS);
    }
}

messages! {
    /// What a server sends.
    ServerMessage {
        1 TickPrice(TickPrice), "TICK_PRICE", Forms::switches(V::PROTOBUF_MARKET_DATA);
        2 TickSize(TickSize), "TICK_SIZE", Forms::switches(V::PROTOBUF_MARKET_DATA);
        3 OrderStatus(Box<OrderStatus>), "ORDER_STATUS", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        4 Notice(Box<Notice>), "ERR_MSG", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        5 OpenOrder(Box<OpenOrder>), "OPEN_ORDER", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        9 NextValidId(NextValidId), "NEXT_VALID_ID", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        10 ContractData(Box<ContractData>), "CONTRACT_DATA", Forms::switches(V::PROTOBUF_CONTRACT_DATA);
        11 ExecutionData(Box<ExecutionData>), "EXECUTION_DATA", Forms::switches(V::PROTOBUF);
        15 ManagedAccounts(ManagedAccounts), "MANAGED_ACCTS", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        45 TickGeneric(TickGeneric), "TICK_GENERIC", Forms::switches(V::PROTOBUF_MARKET_DATA);
        46 TickString(TickString), "TICK_STRING", Forms::switches(V::PROTOBUF_MARKET_DATA);
        49 CurrentTime(CurrentTime), "CURRENT_TIME", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        52 ContractDataEnd(ContractDataEnd), "CONTRACT_DATA_END", Forms::switches(V::PROTOBUF_CONTRACT_DATA);
        53 OpenOrdersEnd(OpenOrdersEnd), "OPEN_ORDER_END", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        55 ExecutionsEnd(ExecutionsEnd), "EXECUTION_DATA_END", Forms::switches(V::PROTOBUF);
        57 TickSnapshotEnd(TickSnapshotEnd), "TICK_SNAPSHOT_END", Forms::switches(V::PROTOBUF_MARKET_DATA);
        58 MarketDataType(MarketDataType), "MARKET_DATA_TYPE", Forms::switches(V::PROTOBUF_MARKET_DATA);
        59 CommissionReport(Box<CommissionReport>), "COMMISSION_AND_FEES_REPORT", Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        61 Position(Box<Position>), "POSITION_DATA", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        62 PositionEnd(PositionEnd), "POSITION_END", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        63 AccountSummary(Box<AccountSummary>), "ACCOUNT_SUMMARY", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        64 AccountSummaryEnd(AccountSummaryEnd), "ACCOUNT_SUMMARY_END", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        81 TickRequestParameters(Box<TickRequestParameters>), "TICK_REQ_PARAMS", Forms::switches(V::PROTOBUF_MARKET_DATA);
        99 TickByTick(TickByTick), "TICK_BY_TICK", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        101 CompletedOrder(Box<CompletedOrder>), "COMPLETED_ORDER", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        102 CompletedOrdersEnd(CompletedOrdersEnd), "COMPLETED_ORDERS_END", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        109 CurrentTimeMillis(CurrentTimeMillis), "CURRENT_TIME_IN_MILLIS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_3).since(V::CURRENT_TIME_IN_MILLIS);
    }
}

/// Ids above this are protobuf's.
const PROTOBUF_ID_OFFSET: i32 = 200;

/// A frame whose id is known and whose body is not read yet.
struct Head<'a> {
    id: i32,
    is_protobuf: bool,
    body: &'a [u8],
}

impl<'a> Head<'a> {
    #[inline]
    fn read(payload: &'a [u8], version: V) -> Result<Self, BadFrame> {
        let fault = |fault| BadFrame { message: "frame", field: "id", fault };
        if version >= V::PROTOBUF {
            let mut body = payload;
            let id = body.try_get_i32().map_err(|_| fault(Fault::Truncated))?;
            return Ok(if id > PROTOBUF_ID_OFFSET {
                Self { id: id - PROTOBUF_ID_OFFSET, is_protobuf: true, body }
            } else {
                Self { id, is_protobuf: false, body }
            });
        }
        let (body, field) = grammar::field(payload).ok_or_else(|| fault(Fault::Truncated))?;
        let id = integer_from_text(field).map_err(fault)?;
        let id = i32::try_from(id).map_err(|_| fault(Fault::OutOfRange(Excerpt::of(field))))?;
        Ok(Self { id, is_protobuf: false, body })
    }

    #[inline]
    fn body<B: Layout>(self, facts: Facts, version: V) -> Result<Decoded<B>, BadFrame> {
        let fault = |fault| BadFrame { message: facts.name, field: "", fault };
        if version < facts.forms.since {
            return Err(fault(Fault::MessageNeedsVersion(facts.forms.since)));
        }
        if if self.is_protobuf { facts.forms.protobuf.is_none() } else { !facts.forms.text } {
            return Err(fault(Fault::WrongForm));
        }
        let flawed = |flaw: Flaw| flaw.bad_frame(facts.name);
        let mut wire = if self.is_protobuf {
            Wire::read_protobuf(self.body, version).map_err(flawed)?
        } else {
            Wire::read_text(self.body, version)
        };
        let mut body = B::default();
        body.layout(&mut wire).map_err(flawed)?;
        Ok(Decoded { message: body, trailing_fields: wire.trailing_fields() })
    }
}

/// Appends a frame: a placeholder for the length, the id, the body, then the length.
fn write_frame<B: Layout>(
    facts: Facts,
    body: &mut B,
    version: V,
    missing: Missing,
    out: &mut BytesMut,
) -> Result<(), Refused> {
    let start = out.len();
    let written = write_payload(facts, body, version, missing, out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn write_payload<B: Layout>(
    facts: Facts,
    body: &mut B,
    version: V,
    missing: Missing,
    out: &mut BytesMut,
) -> Result<(), Refused> {
    let refused = |fault| Refused { message: facts.name, field: "", version, fault };
    if version < facts.forms.since {
        return Err(refused(Fault::MessageNeedsVersion(facts.forms.since)));
    }
    let is_protobuf = facts.forms.is_protobuf_at(version);
    if !is_protobuf && !facts.forms.text {
        return Err(refused(Fault::MessageNeedsVersion(facts.forms.protobuf.unwrap_or(V::NEWEST))));
    }
    let start = out.len();
    out.put_u32(u32::MAX); // never passes for a length, should it stay
    if version >= V::PROTOBUF {
        out.put_i32(if is_protobuf { facts.id + PROTOBUF_ID_OFFSET } else { facts.id });
    } else {
        crate::value::put_integer(i64::from(facts.id), out);
        out.put_u8(0);
    }
    let mut wire =
        if is_protobuf { Wire::write_protobuf(out, version, missing) } else { Wire::write_text(out, version, missing) };
    body.layout(&mut wire).map_err(|flaw| flaw.refused(facts.name, version))?;
    let length = out.len() - start - 4;
    if length > FRAME_BYTES_MAX {
        return Err(refused(Fault::TooLong));
    }
    if let Some(prefix) = out.get_mut(start..start + 4) {
        prefix.copy_from_slice(&(length as u32).to_be_bytes());
    }
    Ok(())
}
