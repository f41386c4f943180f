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

            #[inline]
            fn read(payload: &[u8], version: V) -> Result<Decoded<Self>, BadFrame> {
                let mut read = Err(NOT_READ);
                Self::read_in_place(payload, version, &mut read);
                read
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
                        const FACTS: Facts = Facts { id: $id, name: $wire_name, forms: $forms };
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
        6 RequestAccountUpdates(RequestAccountUpdates), "REQ_ACCT_DATA",
            Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        7 RequestExecutions(Box<RequestExecutions>), "REQ_EXECUTIONS", Forms::switches(V::PROTOBUF);
        8 RequestIds(RequestIds), "REQ_IDS", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        9 RequestContractData(Box<RequestContractData>), "REQ_CONTRACT_DATA", Forms::switches(V::PROTOBUF_CONTRACT_DATA);
        10 RequestMarketDepth(Box<RequestMarketDepth>), "REQ_MKT_DEPTH", Forms::switches(V::PROTOBUF_MARKET_DATA);
        11 CancelMarketDepth(CancelMarketDepth), "CANCEL_MKT_DEPTH", Forms::switches(V::PROTOBUF_MARKET_DATA);
        12 RequestNewsBulletins(RequestNewsBulletins), "REQ_NEWS_BULLETINS", Forms::switches(V::PROTOBUF_NEWS_DATA);
        13 CancelNewsBulletins(CancelNewsBulletins), "CANCEL_NEWS_BULLETINS", Forms::switches(V::PROTOBUF_NEWS_DATA);
        14 SetServerLogLevel(SetServerLogLevel), "SET_SERVER_LOGLEVEL", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        15 RequestAutoOpenOrders(RequestAutoOpenOrders), "REQ_AUTO_OPEN_ORDERS",
            Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        16 RequestAllOpenOrders(RequestAllOpenOrders), "REQ_ALL_OPEN_ORDERS", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        17 RequestManagedAccounts(RequestManagedAccounts), "REQ_MANAGED_ACCTS", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        18 RequestAdvisorData(RequestAdvisorData), "REQ_FA", Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        19 ReplaceAdvisorData(ReplaceAdvisorData), "REPLACE_FA", Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        20 RequestHistoricalData(Box<RequestHistoricalData>), "REQ_HISTORICAL_DATA",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        21 ExerciseOptions(Box<ExerciseOptions>), "EXERCISE_OPTIONS", Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        22 RequestScanner(Box<RequestScanner>), "REQ_SCANNER_SUBSCRIPTION", Forms::switches(V::PROTOBUF_SCAN_DATA);
        23 CancelScanner(CancelScanner), "CANCEL_SCANNER_SUBSCRIPTION", Forms::switches(V::PROTOBUF_SCAN_DATA);
        24 RequestScannerParameters(RequestScannerParameters), "REQ_SCANNER_PARAMETERS",
            Forms::switches(V::PROTOBUF_SCAN_DATA);
        25 CancelHistoricalData(CancelHistoricalData), "CANCEL_HISTORICAL_DATA",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        49 RequestCurrentTime(RequestCurrentTime), "REQ_CURRENT_TIME", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        50 RequestRealTimeBars(Box<RequestRealTimeBars>), "REQ_REAL_TIME_BARS",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        51 CancelRealTimeBars(CancelRealTimeBars), "CANCEL_REAL_TIME_BARS",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        54 CalculateImpliedVolatility(Box<CalculateImpliedVolatility>), "REQ_CALC_IMPLIED_VOLAT",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        55 CalculateOptionPrice(Box<CalculateOptionPrice>), "REQ_CALC_OPTION_PRICE",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        56 CancelCalculateImpliedVolatility(CancelCalculateImpliedVolatility), "CANCEL_CALC_IMPLIED_VOLAT",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        57 CancelCalculateOptionPrice(CancelCalculateOptionPrice), "CANCEL_CALC_OPTION_PRICE",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        58 GlobalCancel(GlobalCancel), "REQ_GLOBAL_CANCEL", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        59 RequestMarketDataType(RequestMarketDataType), "REQ_MARKET_DATA_TYPE", Forms::switches(V::PROTOBUF_MARKET_DATA);
        61 RequestPositions(RequestPositions), "REQ_POSITIONS", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        62 RequestAccountSummary(RequestAccountSummary), "REQ_ACCOUNT_SUMMARY", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        63 CancelAccountSummary(CancelAccountSummary), "CANCEL_ACCOUNT_SUMMARY", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        64 CancelPositions(CancelPositions), "CANCEL_POSITIONS", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        65 VerifyRequest(VerifyRequest), "VERIFY_REQUEST", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        66 VerifyMessage(VerifyMessage), "VERIFY_MESSAGE", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        67 QueryDisplayGroups(QueryDisplayGroups), "QUERY_DISPLAY_GROUPS", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        68 SubscribeToGroup(SubscribeToGroup), "SUBSCRIBE_TO_GROUP_EVENTS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        69 UpdateDisplayGroup(UpdateDisplayGroup), "UPDATE_DISPLAY_GROUP", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        70 UnsubscribeFromGroup(UnsubscribeFromGroup), "UNSUBSCRIBE_FROM_GROUP_EVENTS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        71 StartApi(StartApi), "START_API", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        72 VerifyAndAuthorizeRequest(VerifyAndAuthorizeRequest), "VERIFY_AND_AUTH_REQUEST", Forms::text_only();
        73 VerifyAndAuthorizeMessage(VerifyAndAuthorizeMessage), "VERIFY_AND_AUTH_MESSAGE", Forms::text_only();
        74 RequestModelPositions(RequestModelPositions), "REQ_POSITIONS_MULTI",
            Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        75 CancelModelPositions(CancelModelPositions), "CANCEL_POSITIONS_MULTI",
            Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        76 RequestModelValues(RequestModelValues), "REQ_ACCOUNT_UPDATES_MULTI",
            Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        77 CancelModelValues(CancelModelValues), "CANCEL_ACCOUNT_UPDATES_MULTI",
            Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        78 RequestOptionParameters(Box<RequestOptionParameters>), "REQ_SEC_DEF_OPT_PARAMS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        79 RequestSoftDollarTiers(RequestSoftDollarTiers), "REQ_SOFT_DOLLAR_TIERS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        80 RequestFamilyCodes(RequestFamilyCodes), "REQ_FAMILY_CODES", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        81 RequestMatchingSymbols(RequestMatchingSymbols), "REQ_MATCHING_SYMBOLS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        82 RequestDepthExchanges(RequestDepthExchanges), "REQ_MKT_DEPTH_EXCHANGES",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        83 RequestSmartComponents(RequestSmartComponents), "REQ_SMART_COMPONENTS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        84 RequestNewsArticle(RequestNewsArticle), "REQ_NEWS_ARTICLE", Forms::switches(V::PROTOBUF_NEWS_DATA);
        85 RequestNewsProviders(RequestNewsProviders), "REQ_NEWS_PROVIDERS", Forms::switches(V::PROTOBUF_NEWS_DATA);
        86 RequestHistoricalNews(Box<RequestHistoricalNews>), "REQ_HISTORICAL_NEWS",
            Forms::switches(V::PROTOBUF_NEWS_DATA);
        87 RequestHeadTimestamp(Box<RequestHeadTimestamp>), "REQ_HEAD_TIMESTAMP",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        88 RequestHistogramData(Box<RequestHistogramData>), "REQ_HISTOGRAM_DATA",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        89 CancelHistogramData(CancelHistogramData), "CANCEL_HISTOGRAM_DATA",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        90 CancelHeadTimestamp(CancelHeadTimestamp), "CANCEL_HEAD_TIMESTAMP",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        91 RequestMarketRule(RequestMarketRule), "REQ_MARKET_RULE", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        92 RequestProfit(RequestProfit), "REQ_PNL", Forms::switches(V::PROTOBUF_SCAN_DATA);
        93 CancelProfit(CancelProfit), "CANCEL_PNL", Forms::switches(V::PROTOBUF_SCAN_DATA);
        94 RequestPositionProfit(RequestPositionProfit), "REQ_PNL_SINGLE", Forms::switches(V::PROTOBUF_SCAN_DATA);
        95 CancelPositionProfit(CancelPositionProfit), "CANCEL_PNL_SINGLE", Forms::switches(V::PROTOBUF_SCAN_DATA);
        96 RequestHistoricalTicks(Box<RequestHistoricalTicks>), "REQ_HISTORICAL_TICKS",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        97 RequestTickByTick(Box<RequestTickByTick>), "REQ_TICK_BY_TICK_DATA", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        98 CancelTickByTick(CancelTickByTick), "CANCEL_TICK_BY_TICK_DATA", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        99 RequestCompletedOrders(RequestCompletedOrders), "REQ_COMPLETED_ORDERS", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        100 RequestHorizonMetaData(RequestHorizonMetaData), "REQ_WSH_META_DATA", Forms::switches(V::PROTOBUF_NEWS_DATA);
        101 CancelHorizonMetaData(CancelHorizonMetaData), "CANCEL_WSH_META_DATA",
            Forms::switches(V::PROTOBUF_NEWS_DATA);
        102 RequestHorizonEventData(Box<RequestHorizonEventData>), "REQ_WSH_EVENT_DATA",
            Forms::switches(V::PROTOBUF_NEWS_DATA);
        103 CancelHorizonEventData(CancelHorizonEventData), "CANCEL_WSH_EVENT_DATA",
            Forms::switches(V::PROTOBUF_NEWS_DATA);
        104 RequestUserInfo(RequestUserInfo), "REQ_USER_INFO", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        105 RequestCurrentTimeMillis(RequestCurrentTimeMillis), "REQ_CURRENT_TIME_IN_MILLIS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_3).since(V::CURRENT_TIME_IN_MILLIS);
        106 CancelContractData(CancelContractData), "CANCEL_CONTRACT_DATA",
            Forms::protobuf_only(V::CANCEL_CONTRACT_DATA);
        107 CancelHistoricalTicks(CancelHistoricalTicks), "CANCEL_HISTORICAL_TICKS",
            Forms::protobuf_only(V::CANCEL_CONTRACT_DATA);
        108 RequestConfig(RequestConfig), "REQ_CONFIG", Forms::protobuf_only(V::CONFIG);
        109 UpdateConfig(Box<UpdateConfig>), "UPDATE_CONFIG", Forms::protobuf_only(V::UPDATE_CONFIG);
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
        6 AccountValue(AccountValue), "ACCT_VALUE", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        7 PortfolioValue(Box<PortfolioValue>), "PORTFOLIO_VALUE", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        8 AccountUpdateTime(AccountUpdateTime), "ACCT_UPDATE_TIME", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        9 NextValidId(NextValidId), "NEXT_VALID_ID", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        10 ContractData(Box<ContractData>), "CONTRACT_DATA", Forms::switches(V::PROTOBUF_CONTRACT_DATA);
        11 ExecutionData(Box<ExecutionData>), "EXECUTION_DATA", Forms::switches(V::PROTOBUF);
        12 MarketDepth(MarketDepth), "MARKET_DEPTH", Forms::switches(V::PROTOBUF_MARKET_DATA);
        13 MarketDepthLevel2(MarketDepthLevel2), "MARKET_DEPTH_L2", Forms::switches(V::PROTOBUF_MARKET_DATA);
        14 NewsBulletin(NewsBulletin), "NEWS_BULLETINS", Forms::switches(V::PROTOBUF_NEWS_DATA);
        15 ManagedAccounts(ManagedAccounts), "MANAGED_ACCTS", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        16 AdvisorData(AdvisorData), "RECEIVE_FA", Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        17 HistoricalData(HistoricalData), "HISTORICAL_DATA", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        18 BondContractData(Box<BondContractData>), "BOND_CONTRACT_DATA", Forms::switches(V::PROTOBUF_CONTRACT_DATA);
        19 ScannerParameters(ScannerParameters), "SCANNER_PARAMETERS", Forms::switches(V::PROTOBUF_SCAN_DATA);
        20 ScannerData(ScannerData), "SCANNER_DATA", Forms::switches(V::PROTOBUF_SCAN_DATA);
        21 TickOptionComputation(Box<TickOptionComputation>), "TICK_OPTION_COMPUTATION",
            Forms::switches(V::PROTOBUF_MARKET_DATA);
        45 TickGeneric(TickGeneric), "TICK_GENERIC", Forms::switches(V::PROTOBUF_MARKET_DATA);
        46 TickString(TickString), "TICK_STRING", Forms::switches(V::PROTOBUF_MARKET_DATA);
        47 TickExchangeForPhysical(Box<TickExchangeForPhysical>), "TICK_EFP", Forms::text_only();
        49 CurrentTime(CurrentTime), "CURRENT_TIME", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        50 RealTimeBar(Box<RealTimeBar>), "REAL_TIME_BARS", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        52 ContractDataEnd(ContractDataEnd), "CONTRACT_DATA_END", Forms::switches(V::PROTOBUF_CONTRACT_DATA);
        53 OpenOrdersEnd(OpenOrdersEnd), "OPEN_ORDER_END", Forms::switches(V::PROTOBUF_PLACE_ORDER);
        54 AccountDownloadEnd(AccountDownloadEnd), "ACCT_DOWNLOAD_END", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        55 ExecutionsEnd(ExecutionsEnd), "EXECUTION_DATA_END", Forms::switches(V::PROTOBUF);
        56 DeltaNeutralValidation(Box<DeltaNeutralValidation>), "DELTA_NEUTRAL_VALIDATION", Forms::text_only();
        57 TickSnapshotEnd(TickSnapshotEnd), "TICK_SNAPSHOT_END", Forms::switches(V::PROTOBUF_MARKET_DATA);
        58 MarketDataType(MarketDataType), "MARKET_DATA_TYPE", Forms::switches(V::PROTOBUF_MARKET_DATA);
        59 CommissionReport(Box<CommissionReport>), "COMMISSION_AND_FEES_REPORT", Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        61 Position(Box<Position>), "POSITION_DATA", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        62 PositionEnd(PositionEnd), "POSITION_END", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        63 AccountSummary(Box<AccountSummary>), "ACCOUNT_SUMMARY", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        64 AccountSummaryEnd(AccountSummaryEnd), "ACCOUNT_SUMMARY_END", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        65 VerifyChallenge(VerifyChallenge), "VERIFY_MESSAGE_API", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        66 VerifyCompleted(VerifyCompleted), "VERIFY_COMPLETED", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        67 DisplayGroups(DisplayGroups), "DISPLAY_GROUP_LIST", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        68 DisplayGroupUpdated(DisplayGroupUpdated), "DISPLAY_GROUP_UPDATED",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        69 VerifyAndAuthorizeChallenge(VerifyAndAuthorizeChallenge), "VERIFY_AND_AUTH_MESSAGE_API", Forms::text_only();
        70 VerifyAndAuthorizeCompleted(VerifyAndAuthorizeCompleted), "VERIFY_AND_AUTH_COMPLETED", Forms::text_only();
        71 ModelPosition(Box<ModelPosition>), "POSITION_MULTI", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        72 ModelPositionEnd(ModelPositionEnd), "POSITION_MULTI_END", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        73 ModelValue(Box<ModelValue>), "ACCOUNT_UPDATE_MULTI", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        74 ModelValueEnd(ModelValueEnd), "ACCOUNT_UPDATE_MULTI_END", Forms::switches(V::PROTOBUF_ACCOUNTS_POSITIONS);
        75 OptionParameters(Box<OptionParameters>), "SECURITY_DEFINITION_OPTION_PARAMETER",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        76 OptionParametersEnd(OptionParametersEnd), "SECURITY_DEFINITION_OPTION_PARAMETER_END",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        77 SoftDollarTiers(SoftDollarTiers), "SOFT_DOLLAR_TIERS", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        78 FamilyCodes(FamilyCodes), "FAMILY_CODES", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        79 SymbolSamples(SymbolSamples), "SYMBOL_SAMPLES", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        80 DepthExchanges(DepthExchanges), "MKT_DEPTH_EXCHANGES", Forms::switches(V::PROTOBUF_REST_MESSAGES_3);
        81 TickRequestParameters(Box<TickRequestParameters>), "TICK_REQ_PARAMS", Forms::switches(V::PROTOBUF_MARKET_DATA);
        82 SmartComponents(SmartComponents), "SMART_COMPONENTS", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        83 NewsArticle(NewsArticle), "NEWS_ARTICLE", Forms::switches(V::PROTOBUF_NEWS_DATA);
        84 TickNews(Box<TickNews>), "TICK_NEWS", Forms::switches(V::PROTOBUF_NEWS_DATA);
        85 NewsProviders(NewsProviders), "NEWS_PROVIDERS", Forms::switches(V::PROTOBUF_NEWS_DATA);
        86 HistoricalNews(Box<HistoricalNews>), "HISTORICAL_NEWS", Forms::switches(V::PROTOBUF_NEWS_DATA);
        87 HistoricalNewsEnd(HistoricalNewsEnd), "HISTORICAL_NEWS_END", Forms::switches(V::PROTOBUF_NEWS_DATA);
        88 HeadTimestamp(HeadTimestamp), "HEAD_TIMESTAMP", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        89 HistogramData(HistogramData), "HISTOGRAM_DATA", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        90 HistoricalDataUpdate(Box<HistoricalDataUpdate>), "HISTORICAL_DATA_UPDATE",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        91 RerouteMarketData(RerouteMarketData), "REROUTE_MKT_DATA_REQ", Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        92 RerouteMarketDepth(RerouteMarketDepth), "REROUTE_MKT_DEPTH_REQ",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        93 MarketRule(MarketRule), "MARKET_RULE", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        94 Profit(Profit), "PNL", Forms::switches(V::PROTOBUF_SCAN_DATA);
        95 PositionProfit(Box<PositionProfit>), "PNL_SINGLE", Forms::switches(V::PROTOBUF_SCAN_DATA);
        96 HistoricalTicks(HistoricalTicks), "HISTORICAL_TICKS", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        97 HistoricalQuotes(HistoricalQuotes), "HISTORICAL_TICKS_BID_ASK", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        98 HistoricalTrades(HistoricalTrades), "HISTORICAL_TICKS_LAST", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        99 TickByTick(TickByTick), "TICK_BY_TICK", Forms::switches(V::PROTOBUF_HISTORICAL_DATA);
        100 OrderBound(OrderBound), "ORDER_BOUND", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        101 CompletedOrder(Box<CompletedOrder>), "COMPLETED_ORDER", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        102 CompletedOrdersEnd(CompletedOrdersEnd), "COMPLETED_ORDERS_END", Forms::switches(V::PROTOBUF_COMPLETED_ORDER);
        103 AdvisorDataReplaced(AdvisorDataReplaced), "REPLACE_FA_END", Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        104 HorizonMetaData(HorizonMetaData), "WSH_META_DATA", Forms::switches(V::PROTOBUF_NEWS_DATA);
        105 HorizonEventData(HorizonEventData), "WSH_EVENT_DATA", Forms::switches(V::PROTOBUF_NEWS_DATA);
        106 HistoricalSchedule(Box<HistoricalSchedule>), "HISTORICAL_SCHEDULE",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_1);
        107 UserInfo(UserInfo), "USER_INFO", Forms::switches(V::PROTOBUF_REST_MESSAGES_2);
        108 HistoricalDataEnd(HistoricalDataEnd), "HISTORICAL_DATA_END",
            Forms::switches(V::PROTOBUF_HISTORICAL_DATA).since(V::HISTORICAL_DATA_END);
        109 CurrentTimeMillis(CurrentTimeMillis), "CURRENT_TIME_IN_MILLIS",
            Forms::switches(V::PROTOBUF_REST_MESSAGES_3).since(V::CURRENT_TIME_IN_MILLIS);
        110 Config(Box<Config>), "CONFIG_RESPONSE", Forms::protobuf_only(V::CONFIG);
        111 ConfigUpdated(Box<ConfigUpdated>), "UPDATE_CONFIG_RESPONSE", Forms::protobuf_only(V::UPDATE_CONFIG);
    }
}
