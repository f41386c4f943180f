//! Every message, one struct and one layout each, and the two enums that hold them.
//!
//! A row of `messages!` is all that is said of a message beside its body: its id, its name on the wire, and in which
//! forms it exists since which server version.

pub mod account;
pub mod advisor;
pub mod binding;
pub mod config;
pub mod contract;
pub mod depth;
pub mod display;
pub mod historical;
pub mod historical_ticks;
pub mod horizon;
pub mod market_data;
pub mod news;
pub mod option;
pub mod order;
pub mod reference;
pub mod scanner;
pub mod session;
pub mod verify;

mod build;
mod envelope;

use bytes::BytesMut;

use crate::error::{BadFrame, Fault, Refused};
use crate::version::ServerVersion as V;
use crate::wire::Missing;
use envelope::{Head, write_frame};

pub use account::*;
pub use advisor::*;
pub use binding::*;
pub use config::*;
pub use contract::*;
pub use depth::*;
pub use display::*;
pub use historical::*;
pub use historical_ticks::*;
pub use horizon::*;
pub use market_data::*;
pub use news::*;
pub use option::*;
pub use order::*;
pub use reference::*;
pub use scanner::*;
pub use session::*;
pub use verify::*;

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

    /// Text at every version.
    const fn text_only() -> Self {
        Self { since: V::OLDEST, text: true, protobuf: None }
    }

    /// Protobuf from `gate` on, nothing before.
    const fn protobuf_only(gate: V) -> Self {
        Self { since: gate, text: false, protobuf: Some(gate) }
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

/// What stands in a slot before anything is read into it.
const NOT_READ: BadFrame = BadFrame { message: "frame", field: "", fault: Fault::Truncated };

/// What a variant holds: a body, or a large one in a box.
macro_rules! payload {
    ($body:ident) => { $body };
    ($body:ident $in:ident) => { $in<$body> };
}

/// What a row says beside its body.
macro_rules! facts {
    ($id:literal $name:literal $forms:ident $($gate:ident)?; $($since:ident)?) => {
        Facts { id: $id, name: $name, forms: Forms::$forms($(V::$gate)?)$(.since(V::$since))? }
    };
}

/// Declares the messages of one direction, a row each: id, body, name on the wire, forms.
macro_rules! messages {
    ($(#[$doc:meta])* $enum:ident {
        $(
            $id:literal $variant:ident $(in $in:ident)?, $wire_name:literal,
            $forms:ident($($gate:ident)?) $(since $since:ident)?;
        )*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $(#[doc = concat!("`", $wire_name, "`, id ", $id, ".")] $variant(payload!($variant $($in)?)),)*
        }

        impl Message for $enum {
            const ALL: &'static [Facts] = &[$(facts!($id $wire_name $forms $($gate)?; $($since)?)),*];

            fn facts(&self) -> Facts {
                match self {
                    $(Self::$variant(_) => facts!($id $wire_name $forms $($gate)?; $($since)?),)*
                }
            }

            #[inline]
            fn read(payload: &[u8], version: V) -> Result<Decoded<Self>, BadFrame> {
                let mut read = Err(NOT_READ);
                Self::read_in_place(payload, version, &mut read);
                read
            }

            fn write(self, version: V, missing: Missing, out: &mut BytesMut) -> Result<(), Refused> {
                match self {
                    $(Self::$variant(mut body) => {
                        const FACTS: Facts = facts!($id $wire_name $forms $($gate)?; $($since)?);
                        write_frame(FACTS, &mut body, version, missing, out)
                    })*
                }
            }
        }

        impl $enum {
            /// Reads a payload into the slot where the message stays: one that is made elsewhere and moved costs as much
            /// as reading a tick.
            fn read_in_place(payload: &[u8], version: V, slot: &mut Result<Decoded<Self>, BadFrame>) {
                let head = match Head::read(payload, version) {
                    Ok(head) => head,
                    Err(fault) => {
                        *slot = Err(BadFrame { message: "frame", field: "id", fault });
                        return;
                    }
                };
                match head.id {
                    $($id => {
                        const FACTS: Facts = facts!($id $wire_name $forms $($gate)?; $($since)?);
                        *slot = Ok(Decoded { message: Self::$variant(Default::default()), trailing_fields: 0 });
                        if let Ok(Decoded { message: Self::$variant(body), trailing_fields }) = slot {
                            match head.body(FACTS, version, body) {
                                Ok(trailing) => *trailing_fields = trailing,
                                Err(flaw) => *slot = Err(flaw.bad_frame($wire_name)),
                            }
                        }
                    })*
                    unknown => {
                        let fault = Fault::UnknownMessage(unknown);
                        *slot = Err(BadFrame { message: "frame", field: "", fault });
                    }
                }
            }
        }

        $(impl From<payload!($variant $($in)?)> for $enum {
            fn from(body: payload!($variant $($in)?)) -> Self {
                Self::$variant(body)
            }
        })*
    };
}

messages! {
    /// What a client sends.
    ClientMessage {
        1 RequestMarketData in Box, "REQ_MKT_DATA", switches(PROTOBUF_MARKET_DATA);
        2 CancelMarketData, "CANCEL_MKT_DATA", switches(PROTOBUF_MARKET_DATA);
        3 PlaceOrder in Box, "PLACE_ORDER", switches(PROTOBUF_PLACE_ORDER);
        4 CancelOrder, "CANCEL_ORDER", switches(PROTOBUF_PLACE_ORDER);
        5 RequestOpenOrders, "REQ_OPEN_ORDERS", switches(PROTOBUF_COMPLETED_ORDER);
        6 RequestAccountUpdates, "REQ_ACCT_DATA", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        7 RequestExecutions in Box, "REQ_EXECUTIONS", switches(PROTOBUF);
        8 RequestIds, "REQ_IDS", switches(PROTOBUF_REST_MESSAGES_3);
        9 RequestContractData in Box, "REQ_CONTRACT_DATA", switches(PROTOBUF_CONTRACT_DATA);
        10 RequestMarketDepth in Box, "REQ_MKT_DEPTH", switches(PROTOBUF_MARKET_DATA);
        11 CancelMarketDepth, "CANCEL_MKT_DEPTH", switches(PROTOBUF_MARKET_DATA);
        12 RequestNewsBulletins, "REQ_NEWS_BULLETINS", switches(PROTOBUF_NEWS_DATA);
        13 CancelNewsBulletins, "CANCEL_NEWS_BULLETINS", switches(PROTOBUF_NEWS_DATA);
        14 SetServerLogLevel, "SET_SERVER_LOGLEVEL", switches(PROTOBUF_REST_MESSAGES_3);
        15 RequestAutoOpenOrders, "REQ_AUTO_OPEN_ORDERS", switches(PROTOBUF_COMPLETED_ORDER);
        16 RequestAllOpenOrders, "REQ_ALL_OPEN_ORDERS", switches(PROTOBUF_COMPLETED_ORDER);
        17 RequestManagedAccounts, "REQ_MANAGED_ACCTS", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        18 RequestAdvisorData, "REQ_FA", switches(PROTOBUF_REST_MESSAGES_1);
        19 ReplaceAdvisorData, "REPLACE_FA", switches(PROTOBUF_REST_MESSAGES_1);
        20 RequestHistoricalData in Box, "REQ_HISTORICAL_DATA", switches(PROTOBUF_HISTORICAL_DATA);
        21 ExerciseOptions in Box, "EXERCISE_OPTIONS", switches(PROTOBUF_REST_MESSAGES_1);
        22 RequestScanner in Box, "REQ_SCANNER_SUBSCRIPTION", switches(PROTOBUF_SCAN_DATA);
        23 CancelScanner, "CANCEL_SCANNER_SUBSCRIPTION", switches(PROTOBUF_SCAN_DATA);
        24 RequestScannerParameters, "REQ_SCANNER_PARAMETERS", switches(PROTOBUF_SCAN_DATA);
        25 CancelHistoricalData, "CANCEL_HISTORICAL_DATA", switches(PROTOBUF_HISTORICAL_DATA);
        49 RequestCurrentTime, "REQ_CURRENT_TIME", switches(PROTOBUF_REST_MESSAGES_3);
        50 RequestRealTimeBars in Box, "REQ_REAL_TIME_BARS", switches(PROTOBUF_HISTORICAL_DATA);
        51 CancelRealTimeBars, "CANCEL_REAL_TIME_BARS", switches(PROTOBUF_HISTORICAL_DATA);
        54 CalculateImpliedVolatility in Box, "REQ_CALC_IMPLIED_VOLAT", switches(PROTOBUF_REST_MESSAGES_1);
        55 CalculateOptionPrice in Box, "REQ_CALC_OPTION_PRICE", switches(PROTOBUF_REST_MESSAGES_1);
        56 CancelCalculateImpliedVolatility, "CANCEL_CALC_IMPLIED_VOLAT", switches(PROTOBUF_REST_MESSAGES_1);
        57 CancelCalculateOptionPrice, "CANCEL_CALC_OPTION_PRICE", switches(PROTOBUF_REST_MESSAGES_1);
        58 GlobalCancel, "REQ_GLOBAL_CANCEL", switches(PROTOBUF_PLACE_ORDER);
        59 RequestMarketDataType, "REQ_MARKET_DATA_TYPE", switches(PROTOBUF_MARKET_DATA);
        61 RequestPositions, "REQ_POSITIONS", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        62 RequestAccountSummary, "REQ_ACCOUNT_SUMMARY", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        63 CancelAccountSummary, "CANCEL_ACCOUNT_SUMMARY", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        64 CancelPositions, "CANCEL_POSITIONS", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        65 VerifyRequest, "VERIFY_REQUEST", switches(PROTOBUF_REST_MESSAGES_3);
        66 VerifyMessage, "VERIFY_MESSAGE", switches(PROTOBUF_REST_MESSAGES_3);
        67 QueryDisplayGroups, "QUERY_DISPLAY_GROUPS", switches(PROTOBUF_REST_MESSAGES_3);
        68 SubscribeToGroup, "SUBSCRIBE_TO_GROUP_EVENTS", switches(PROTOBUF_REST_MESSAGES_3);
        69 UpdateDisplayGroup, "UPDATE_DISPLAY_GROUP", switches(PROTOBUF_REST_MESSAGES_3);
        70 UnsubscribeFromGroup, "UNSUBSCRIBE_FROM_GROUP_EVENTS", switches(PROTOBUF_REST_MESSAGES_3);
        71 StartApi, "START_API", switches(PROTOBUF_REST_MESSAGES_3);
        72 VerifyAndAuthorizeRequest, "VERIFY_AND_AUTH_REQUEST", text_only();
        73 VerifyAndAuthorizeMessage, "VERIFY_AND_AUTH_MESSAGE", text_only();
        74 RequestModelPositions, "REQ_POSITIONS_MULTI", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        75 CancelModelPositions, "CANCEL_POSITIONS_MULTI", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        76 RequestModelValues, "REQ_ACCOUNT_UPDATES_MULTI", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        77 CancelModelValues, "CANCEL_ACCOUNT_UPDATES_MULTI", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        78 RequestOptionParameters in Box, "REQ_SEC_DEF_OPT_PARAMS", switches(PROTOBUF_REST_MESSAGES_2);
        79 RequestSoftDollarTiers, "REQ_SOFT_DOLLAR_TIERS", switches(PROTOBUF_REST_MESSAGES_2);
        80 RequestFamilyCodes, "REQ_FAMILY_CODES", switches(PROTOBUF_REST_MESSAGES_2);
        81 RequestMatchingSymbols, "REQ_MATCHING_SYMBOLS", switches(PROTOBUF_REST_MESSAGES_2);
        82 RequestDepthExchanges, "REQ_MKT_DEPTH_EXCHANGES", switches(PROTOBUF_REST_MESSAGES_3);
        83 RequestSmartComponents, "REQ_SMART_COMPONENTS", switches(PROTOBUF_REST_MESSAGES_2);
        84 RequestNewsArticle, "REQ_NEWS_ARTICLE", switches(PROTOBUF_NEWS_DATA);
        85 RequestNewsProviders, "REQ_NEWS_PROVIDERS", switches(PROTOBUF_NEWS_DATA);
        86 RequestHistoricalNews in Box, "REQ_HISTORICAL_NEWS", switches(PROTOBUF_NEWS_DATA);
        87 RequestHeadTimestamp in Box, "REQ_HEAD_TIMESTAMP", switches(PROTOBUF_HISTORICAL_DATA);
        88 RequestHistogramData in Box, "REQ_HISTOGRAM_DATA", switches(PROTOBUF_HISTORICAL_DATA);
        89 CancelHistogramData, "CANCEL_HISTOGRAM_DATA", switches(PROTOBUF_HISTORICAL_DATA);
        90 CancelHeadTimestamp, "CANCEL_HEAD_TIMESTAMP", switches(PROTOBUF_HISTORICAL_DATA);
        91 RequestMarketRule, "REQ_MARKET_RULE", switches(PROTOBUF_REST_MESSAGES_2);
        92 RequestProfit, "REQ_PNL", switches(PROTOBUF_SCAN_DATA);
        93 CancelProfit, "CANCEL_PNL", switches(PROTOBUF_SCAN_DATA);
        94 RequestPositionProfit, "REQ_PNL_SINGLE", switches(PROTOBUF_SCAN_DATA);
        95 CancelPositionProfit, "CANCEL_PNL_SINGLE", switches(PROTOBUF_SCAN_DATA);
        96 RequestHistoricalTicks in Box, "REQ_HISTORICAL_TICKS", switches(PROTOBUF_HISTORICAL_DATA);
        97 RequestTickByTick in Box, "REQ_TICK_BY_TICK_DATA", switches(PROTOBUF_HISTORICAL_DATA);
        98 CancelTickByTick, "CANCEL_TICK_BY_TICK_DATA", switches(PROTOBUF_HISTORICAL_DATA);
        99 RequestCompletedOrders, "REQ_COMPLETED_ORDERS", switches(PROTOBUF_COMPLETED_ORDER);
        100 RequestHorizonMetaData, "REQ_WSH_META_DATA", switches(PROTOBUF_NEWS_DATA);
        101 CancelHorizonMetaData, "CANCEL_WSH_META_DATA", switches(PROTOBUF_NEWS_DATA);
        102 RequestHorizonEventData in Box, "REQ_WSH_EVENT_DATA", switches(PROTOBUF_NEWS_DATA);
        103 CancelHorizonEventData, "CANCEL_WSH_EVENT_DATA", switches(PROTOBUF_NEWS_DATA);
        104 RequestUserInfo, "REQ_USER_INFO", switches(PROTOBUF_REST_MESSAGES_2);
        105 RequestCurrentTimeMillis, "REQ_CURRENT_TIME_IN_MILLIS", switches(PROTOBUF_REST_MESSAGES_3) since CURRENT_TIME_IN_MILLIS;
        106 CancelContractData, "CANCEL_CONTRACT_DATA", protobuf_only(CANCEL_CONTRACT_DATA);
        107 CancelHistoricalTicks, "CANCEL_HISTORICAL_TICKS", protobuf_only(CANCEL_CONTRACT_DATA);
        108 RequestConfig, "REQ_CONFIG", protobuf_only(CONFIG);
        109 UpdateConfig in Box, "UPDATE_CONFIG", protobuf_only(UPDATE_CONFIG);
    }
}

messages! {
    /// What a server sends.
    ServerMessage {
        1 TickPrice, "TICK_PRICE", switches(PROTOBUF_MARKET_DATA);
        2 TickSize, "TICK_SIZE", switches(PROTOBUF_MARKET_DATA);
        3 OrderStatus in Box, "ORDER_STATUS", switches(PROTOBUF_PLACE_ORDER);
        4 Notice in Box, "ERR_MSG", switches(PROTOBUF_PLACE_ORDER);
        5 OpenOrder in Box, "OPEN_ORDER", switches(PROTOBUF_PLACE_ORDER);
        6 AccountValue, "ACCT_VALUE", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        7 PortfolioValue in Box, "PORTFOLIO_VALUE", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        8 AccountUpdateTime, "ACCT_UPDATE_TIME", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        9 NextValidId, "NEXT_VALID_ID", switches(PROTOBUF_REST_MESSAGES_3);
        10 ContractData in Box, "CONTRACT_DATA", switches(PROTOBUF_CONTRACT_DATA);
        11 ExecutionData in Box, "EXECUTION_DATA", switches(PROTOBUF);
        12 MarketDepth, "MARKET_DEPTH", switches(PROTOBUF_MARKET_DATA);
        13 MarketDepthLevel2, "MARKET_DEPTH_L2", switches(PROTOBUF_MARKET_DATA);
        14 NewsBulletin, "NEWS_BULLETINS", switches(PROTOBUF_NEWS_DATA);
        15 ManagedAccounts, "MANAGED_ACCTS", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        16 AdvisorData, "RECEIVE_FA", switches(PROTOBUF_REST_MESSAGES_1);
        17 HistoricalData, "HISTORICAL_DATA", switches(PROTOBUF_HISTORICAL_DATA);
        18 BondContractData in Box, "BOND_CONTRACT_DATA", switches(PROTOBUF_CONTRACT_DATA);
        19 ScannerParameters, "SCANNER_PARAMETERS", switches(PROTOBUF_SCAN_DATA);
        20 ScannerData, "SCANNER_DATA", switches(PROTOBUF_SCAN_DATA);
        21 TickOptionComputation in Box, "TICK_OPTION_COMPUTATION", switches(PROTOBUF_MARKET_DATA);
        45 TickGeneric, "TICK_GENERIC", switches(PROTOBUF_MARKET_DATA);
        46 TickString, "TICK_STRING", switches(PROTOBUF_MARKET_DATA);
        47 TickExchangeForPhysical in Box, "TICK_EFP", text_only();
        49 CurrentTime, "CURRENT_TIME", switches(PROTOBUF_REST_MESSAGES_3);
        50 RealTimeBar in Box, "REAL_TIME_BARS", switches(PROTOBUF_HISTORICAL_DATA);
        52 ContractDataEnd, "CONTRACT_DATA_END", switches(PROTOBUF_CONTRACT_DATA);
        53 OpenOrdersEnd, "OPEN_ORDER_END", switches(PROTOBUF_PLACE_ORDER);
        54 AccountDownloadEnd, "ACCT_DOWNLOAD_END", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        55 ExecutionsEnd, "EXECUTION_DATA_END", switches(PROTOBUF);
        56 DeltaNeutralValidation in Box, "DELTA_NEUTRAL_VALIDATION", text_only();
        57 TickSnapshotEnd, "TICK_SNAPSHOT_END", switches(PROTOBUF_MARKET_DATA);
        58 MarketDataType, "MARKET_DATA_TYPE", switches(PROTOBUF_MARKET_DATA);
        59 CommissionReport in Box, "COMMISSION_AND_FEES_REPORT", switches(PROTOBUF_REST_MESSAGES_1);
        61 Position in Box, "POSITION_DATA", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        62 PositionEnd, "POSITION_END", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        63 AccountSummary in Box, "ACCOUNT_SUMMARY", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        64 AccountSummaryEnd, "ACCOUNT_SUMMARY_END", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        65 VerifyChallenge, "VERIFY_MESSAGE_API", switches(PROTOBUF_REST_MESSAGES_3);
        66 VerifyCompleted, "VERIFY_COMPLETED", switches(PROTOBUF_REST_MESSAGES_3);
        67 DisplayGroups, "DISPLAY_GROUP_LIST", switches(PROTOBUF_REST_MESSAGES_3);
        68 DisplayGroupUpdated, "DISPLAY_GROUP_UPDATED", switches(PROTOBUF_REST_MESSAGES_3);
        69 VerifyAndAuthorizeChallenge, "VERIFY_AND_AUTH_MESSAGE_API", text_only();
        70 VerifyAndAuthorizeCompleted, "VERIFY_AND_AUTH_COMPLETED", text_only();
        71 ModelPosition in Box, "POSITION_MULTI", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        72 ModelPositionEnd, "POSITION_MULTI_END", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        73 ModelValue in Box, "ACCOUNT_UPDATE_MULTI", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        74 ModelValueEnd, "ACCOUNT_UPDATE_MULTI_END", switches(PROTOBUF_ACCOUNTS_POSITIONS);
        75 OptionParameters in Box, "SECURITY_DEFINITION_OPTION_PARAMETER", switches(PROTOBUF_REST_MESSAGES_2);
        76 OptionParametersEnd, "SECURITY_DEFINITION_OPTION_PARAMETER_END", switches(PROTOBUF_REST_MESSAGES_2);
        77 SoftDollarTiers, "SOFT_DOLLAR_TIERS", switches(PROTOBUF_REST_MESSAGES_2);
        78 FamilyCodes, "FAMILY_CODES", switches(PROTOBUF_REST_MESSAGES_2);
        79 SymbolSamples, "SYMBOL_SAMPLES", switches(PROTOBUF_REST_MESSAGES_2);
        80 DepthExchanges, "MKT_DEPTH_EXCHANGES", switches(PROTOBUF_REST_MESSAGES_3);
        81 TickRequestParameters in Box, "TICK_REQ_PARAMS", switches(PROTOBUF_MARKET_DATA);
        82 SmartComponents, "SMART_COMPONENTS", switches(PROTOBUF_REST_MESSAGES_2);
        83 NewsArticle, "NEWS_ARTICLE", switches(PROTOBUF_NEWS_DATA);
        84 TickNews in Box, "TICK_NEWS", switches(PROTOBUF_NEWS_DATA);
        85 NewsProviders, "NEWS_PROVIDERS", switches(PROTOBUF_NEWS_DATA);
        86 HistoricalNews in Box, "HISTORICAL_NEWS", switches(PROTOBUF_NEWS_DATA);
        87 HistoricalNewsEnd, "HISTORICAL_NEWS_END", switches(PROTOBUF_NEWS_DATA);
        88 HeadTimestamp, "HEAD_TIMESTAMP", switches(PROTOBUF_HISTORICAL_DATA);
        89 HistogramData, "HISTOGRAM_DATA", switches(PROTOBUF_HISTORICAL_DATA);
        90 HistoricalDataUpdate in Box, "HISTORICAL_DATA_UPDATE", switches(PROTOBUF_HISTORICAL_DATA);
        91 RerouteMarketData, "REROUTE_MKT_DATA_REQ", switches(PROTOBUF_REST_MESSAGES_1);
        92 RerouteMarketDepth, "REROUTE_MKT_DEPTH_REQ", switches(PROTOBUF_REST_MESSAGES_1);
        93 MarketRule, "MARKET_RULE", switches(PROTOBUF_REST_MESSAGES_2);
        94 Profit, "PNL", switches(PROTOBUF_SCAN_DATA);
        95 PositionProfit in Box, "PNL_SINGLE", switches(PROTOBUF_SCAN_DATA);
        96 HistoricalTicks, "HISTORICAL_TICKS", switches(PROTOBUF_HISTORICAL_DATA);
        97 HistoricalQuotes, "HISTORICAL_TICKS_BID_ASK", switches(PROTOBUF_HISTORICAL_DATA);
        98 HistoricalTrades, "HISTORICAL_TICKS_LAST", switches(PROTOBUF_HISTORICAL_DATA);
        99 TickByTick, "TICK_BY_TICK", switches(PROTOBUF_HISTORICAL_DATA);
        100 OrderBound, "ORDER_BOUND", switches(PROTOBUF_COMPLETED_ORDER);
        101 CompletedOrder in Box, "COMPLETED_ORDER", switches(PROTOBUF_COMPLETED_ORDER);
        102 CompletedOrdersEnd, "COMPLETED_ORDERS_END", switches(PROTOBUF_COMPLETED_ORDER);
        103 AdvisorDataReplaced, "REPLACE_FA_END", switches(PROTOBUF_REST_MESSAGES_1);
        104 HorizonMetaData, "WSH_META_DATA", switches(PROTOBUF_NEWS_DATA);
        105 HorizonEventData, "WSH_EVENT_DATA", switches(PROTOBUF_NEWS_DATA);
        106 HistoricalSchedule in Box, "HISTORICAL_SCHEDULE", switches(PROTOBUF_REST_MESSAGES_1);
        107 UserInfo, "USER_INFO", switches(PROTOBUF_REST_MESSAGES_2);
        108 HistoricalDataEnd, "HISTORICAL_DATA_END", switches(PROTOBUF_HISTORICAL_DATA) since HISTORICAL_DATA_END;
        109 CurrentTimeMillis, "CURRENT_TIME_IN_MILLIS", switches(PROTOBUF_REST_MESSAGES_3) since CURRENT_TIME_IN_MILLIS;
        110 Config in Box, "CONFIG_RESPONSE", protobuf_only(CONFIG);
        111 ConfigUpdated in Box, "UPDATE_CONFIG_RESPONSE", protobuf_only(UPDATE_CONFIG);
    }
}
