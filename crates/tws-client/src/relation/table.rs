//! The rows.

use tws_proto::ServerVersion as V;
use tws_proto::ids::RequestId;
use tws_proto::kinds::DataToShow;
use tws_proto::message::{
    CancelAccountSummary, CancelCalculateImpliedVolatility, CancelCalculateOptionPrice, CancelContractData,
    CancelHeadTimestamp, CancelHistogramData, CancelHistoricalData, CancelHistoricalTicks, CancelHorizonEventData,
    CancelHorizonMetaData, CancelMarketData, CancelMarketDepth, CancelModelPositions, CancelModelValues,
    CancelNewsBulletins, CancelPositionProfit, CancelPositions, CancelProfit, CancelRealTimeBars, CancelScanner,
    CancelTickByTick, ClientMessage, RequestAccountUpdates, UnsubscribeFromGroup,
};

use super::{Channel as At, Effect, End, Key, MakeCancel, Pace, Relation, Shape};

const TICKS: &[&str] = &[
    "TICK_PRICE",
    "TICK_SIZE",
    "TICK_STRING",
    "TICK_GENERIC",
    "TICK_OPTION_COMPUTATION",
    "TICK_EFP",
    "TICK_REQ_PARAMS",
    "MARKET_DATA_TYPE",
    "TICK_NEWS",
    "REROUTE_MKT_DATA_REQ",
    "DELTA_NEUTRAL_VALIDATION",
];
const ORDERS: &[&str] = &["OPEN_ORDER", "ORDER_STATUS"];
const ORDER_EVENTS: &[&str] =
    &["OPEN_ORDER", "ORDER_STATUS", "EXECUTION_DATA", "COMMISSION_AND_FEES_REPORT", "ORDER_BOUND"];
const PAST_TICKS: &[&str] = &["HISTORICAL_TICKS", "HISTORICAL_TICKS_BID_ASK", "HISTORICAL_TICKS_LAST"];
const SINGLE_TICKS: &[&str] =
    &["TICK_BY_TICK", "HISTORICAL_TICKS", "HISTORICAL_TICKS_BID_ASK", "HISTORICAL_TICKS_LAST"];

/// Every request of the wire, by id; one with several uses has several rows, each with its case.
///
/// Commission reports carry no id of a request: they are joined by execution, and listed where they are joined.
#[rustfmt::skip]
pub static RELATIONS: &[Relation] = &[
    // Quotes, and what is calculated.
    stream("REQ_MKT_DATA", Key::Id, TICKS).when("streamed", |m| !is_snapshot(m)).paced(Pace::Line)
        .cancelled(|request_id, _| CancelMarketData { request_id }.into()),
    list("REQ_MKT_DATA", Key::Id, TICKS, "TICK_SNAPSHOT_END").when("a snapshot", is_snapshot).paced(Pace::Line)
        .cancelled(|request_id, _| CancelMarketData { request_id }.into()),
    cancel("CANCEL_MKT_DATA"),
    command("REQ_MARKET_DATA_TYPE"),
    stream("REQ_TICK_BY_TICK_DATA", Key::Id, SINGLE_TICKS).paced(Pace::TickByTick)
        .cancelled(|request_id, _| CancelTickByTick { request_id }.into()),
    cancel("CANCEL_TICK_BY_TICK_DATA"),
    stream("REQ_MKT_DEPTH", Key::Id, &["MARKET_DEPTH", "MARKET_DEPTH_L2", "REROUTE_MKT_DEPTH_REQ"]).paced(Pace::Depth)
        .cancelled(|request_id, asked| CancelMarketDepth { request_id, is_smart_depth: is_smart(asked) }.into()),
    cancel("CANCEL_MKT_DEPTH"),
    one("REQ_MKT_DEPTH_EXCHANGES", Key::Turn(At::DepthExchanges), &["MKT_DEPTH_EXCHANGES"]),
    stream("REQ_REAL_TIME_BARS", Key::Id, &["REAL_TIME_BARS"]).paced(Pace::Historical)
        .cancelled(|request_id, _| CancelRealTimeBars { request_id }.into()),
    cancel("CANCEL_REAL_TIME_BARS"),
    one("REQ_CALC_IMPLIED_VOLAT", Key::Id, &["TICK_OPTION_COMPUTATION"])
        .cancelled(|request_id, _| CancelCalculateImpliedVolatility { request_id }.into()),
    cancel("CANCEL_CALC_IMPLIED_VOLAT"),
    one("REQ_CALC_OPTION_PRICE", Key::Id, &["TICK_OPTION_COMPUTATION"])
        .cancelled(|request_id, _| CancelCalculateOptionPrice { request_id }.into()),
    cancel("CANCEL_CALC_OPTION_PRICE"),

    // The past.
    list("REQ_HISTORICAL_DATA", Key::Id, &["HISTORICAL_DATA"], "HISTORICAL_DATA_END")
        .since(V::HISTORICAL_DATA_END).when("bars", |m| !is_kept_up(m) && !is_schedule(m)).paced(Pace::Historical)
        .cancelled(|request_id, _| CancelHistoricalData { request_id }.into()),
    one("REQ_HISTORICAL_DATA", Key::Id, &["HISTORICAL_SCHEDULE"])
        .when("a schedule", |m| !is_kept_up(m) && is_schedule(m)).paced(Pace::Historical)
        .cancelled(|request_id, _| CancelHistoricalData { request_id }.into()),
    stream("REQ_HISTORICAL_DATA", Key::Id, &["HISTORICAL_DATA", "HISTORICAL_DATA_UPDATE"])
        .until("HISTORICAL_DATA_END").since(V::HISTORICAL_DATA_END).when("kept up to date", is_kept_up)
        .paced(Pace::Historical).cancelled(|request_id, _| CancelHistoricalData { request_id }.into()),
    cancel("CANCEL_HISTORICAL_DATA"),
    one("REQ_HEAD_TIMESTAMP", Key::Id, &["HEAD_TIMESTAMP"]).paced(Pace::Historical)
        .cancelled(|request_id, _| CancelHeadTimestamp { request_id }.into()),
    cancel("CANCEL_HEAD_TIMESTAMP"),
    one("REQ_HISTOGRAM_DATA", Key::Id, &["HISTOGRAM_DATA"]).paced(Pace::Historical)
        .cancelled(|request_id, _| CancelHistogramData { request_id }.into()),
    cancel("CANCEL_HISTOGRAM_DATA"),
    parts("REQ_HISTORICAL_TICKS", Key::Id, PAST_TICKS).paced(Pace::Historical)
        .cancelled(|request_id, _| CancelHistoricalTicks { request_id }.into()),
    cancel("CANCEL_HISTORICAL_TICKS"),

    // Contracts.
    list("REQ_CONTRACT_DATA", Key::Id, &["CONTRACT_DATA", "BOND_CONTRACT_DATA"], "CONTRACT_DATA_END")
        .cancelled(|request_id, _| CancelContractData { request_id }.into()),
    cancel("CANCEL_CONTRACT_DATA"),
    one("REQ_MATCHING_SYMBOLS", Key::Id, &["SYMBOL_SAMPLES"]).paced(Pace::Search),
    list("REQ_SEC_DEF_OPT_PARAMS", Key::Id, &["SECURITY_DEFINITION_OPTION_PARAMETER"],
        "SECURITY_DEFINITION_OPTION_PARAMETER_END"),
    one("REQ_MARKET_RULE", Key::Turn(At::MarketRule), &["MARKET_RULE"]),
    one("REQ_SMART_COMPONENTS", Key::Id, &["SMART_COMPONENTS"]),

    // Accounts.
    one("REQ_MANAGED_ACCTS", Key::Turn(At::Accounts), &["MANAGED_ACCTS"]),
    stream("REQ_ACCT_DATA", Key::Alone(At::AccountUpdates), &["ACCT_VALUE", "PORTFOLIO_VALUE", "ACCT_UPDATE_TIME"])
        .until("ACCT_DOWNLOAD_END").when("begun", is_begun).cancelled(end_account_updates),
    cancel("REQ_ACCT_DATA").when("ended", |m| !is_begun(m)),
    stream("REQ_ACCOUNT_SUMMARY", Key::IdInTurn(At::AccountSummary), &["ACCOUNT_SUMMARY"])
        .until("ACCOUNT_SUMMARY_END").cancelled(|request_id, _| CancelAccountSummary { request_id }.into()),
    cancel("CANCEL_ACCOUNT_SUMMARY"),
    stream("REQ_POSITIONS", Key::Turn(At::Positions), &["POSITION_DATA"]).until("POSITION_END")
        .cancelled(|_, _| CancelPositions {}.into()),
    cancel("CANCEL_POSITIONS"),
    stream("REQ_POSITIONS_MULTI", Key::Id, &["POSITION_MULTI"]).until("POSITION_MULTI_END")
        .cancelled(|request_id, _| CancelModelPositions { request_id }.into()),
    cancel("CANCEL_POSITIONS_MULTI"),
    stream("REQ_ACCOUNT_UPDATES_MULTI", Key::Id, &["ACCOUNT_UPDATE_MULTI"]).until("ACCOUNT_UPDATE_MULTI_END")
        .cancelled(|request_id, _| CancelModelValues { request_id }.into()),
    cancel("CANCEL_ACCOUNT_UPDATES_MULTI"),
    stream("REQ_PNL", Key::Id, &["PNL"]).cancelled(|request_id, _| CancelProfit { request_id }.into()),
    cancel("CANCEL_PNL"),
    stream("REQ_PNL_SINGLE", Key::Id, &["PNL_SINGLE"])
        .cancelled(|request_id, _| CancelPositionProfit { request_id }.into()),
    cancel("CANCEL_PNL_SINGLE"),
    one("REQ_FAMILY_CODES", Key::Turn(At::FamilyCodes), &["FAMILY_CODES"]),
    one("REQ_SOFT_DOLLAR_TIERS", Key::Id, &["SOFT_DOLLAR_TIERS"]),
    one("REQ_USER_INFO", Key::Id, &["USER_INFO"]),

    // Orders. What becomes of them is told on the order lane.
    command("PLACE_ORDER").telling(ORDER_EVENTS).acting().paced(Pace::Order),
    cancel("CANCEL_ORDER").telling(&["ORDER_STATUS"]).acting(),
    cancel("REQ_GLOBAL_CANCEL").telling(&["ORDER_STATUS"]).acting(),
    command("EXERCISE_OPTIONS").telling(ORDERS).acting().paced(Pace::Order),
    list("REQ_OPEN_ORDERS", Key::Turn(At::OpenOrders), ORDERS, "OPEN_ORDER_END").acting_as_client_zero(),
    list("REQ_ALL_OPEN_ORDERS", Key::Turn(At::OpenOrders), ORDERS, "OPEN_ORDER_END"),
    command("REQ_AUTO_OPEN_ORDERS").telling(&["OPEN_ORDER", "ORDER_STATUS", "ORDER_BOUND"]).acting(),
    list("REQ_COMPLETED_ORDERS", Key::Turn(At::CompletedOrders), &["COMPLETED_ORDER"], "COMPLETED_ORDERS_END"),
    list("REQ_EXECUTIONS", Key::Id, &["EXECUTION_DATA", "COMMISSION_AND_FEES_REPORT"], "EXECUTION_DATA_END"),
    one("REQ_IDS", Key::Turn(At::NextOrderId), &["NEXT_VALID_ID"]),

    // News and calendars.
    stream("REQ_NEWS_BULLETINS", Key::Alone(At::Bulletins), &["NEWS_BULLETINS"])
        .cancelled(|_, _| CancelNewsBulletins {}.into()),
    cancel("CANCEL_NEWS_BULLETINS"),
    one("REQ_NEWS_PROVIDERS", Key::Turn(At::NewsProviders), &["NEWS_PROVIDERS"]),
    one("REQ_NEWS_ARTICLE", Key::Id, &["NEWS_ARTICLE"]),
    list("REQ_HISTORICAL_NEWS", Key::Id, &["HISTORICAL_NEWS"], "HISTORICAL_NEWS_END"),
    one("REQ_WSH_META_DATA", Key::Id, &["WSH_META_DATA"])
        .cancelled(|request_id, _| CancelHorizonMetaData { request_id }.into()),
    cancel("CANCEL_WSH_META_DATA"),
    one("REQ_WSH_EVENT_DATA", Key::Id, &["WSH_EVENT_DATA"])
        .cancelled(|request_id, _| CancelHorizonEventData { request_id }.into()),
    cancel("CANCEL_WSH_EVENT_DATA"),

    // Scanners.
    one("REQ_SCANNER_PARAMETERS", Key::Turn(At::ScannerParameters), &["SCANNER_PARAMETERS"]),
    stream("REQ_SCANNER_SUBSCRIPTION", Key::Id, &["SCANNER_DATA"]).paced(Pace::Scanner)
        .cancelled(|request_id, _| CancelScanner { request_id }.into()),
    cancel("CANCEL_SCANNER_SUBSCRIPTION"),

    // Financial advisors.
    one("REQ_FA", Key::Turn(At::AdvisorData), &["RECEIVE_FA"]),
    one("REPLACE_FA", Key::Id, &["REPLACE_FA_END"]).acting(),

    // Windows of TWS that show the same contract.
    one("QUERY_DISPLAY_GROUPS", Key::Id, &["DISPLAY_GROUP_LIST"]),
    stream("SUBSCRIBE_TO_GROUP_EVENTS", Key::Id, &["DISPLAY_GROUP_UPDATED"])
        .cancelled(|request_id, _| UnsubscribeFromGroup { request_id }.into()),
    command("UPDATE_DISPLAY_GROUP"),
    cancel("UNSUBSCRIBE_FROM_GROUP_EVENTS"),

    // The session itself.
    session("START_API").telling(&["MANAGED_ACCTS", "NEXT_VALID_ID"]),
    one("REQ_CURRENT_TIME", Key::Turn(At::Time), &["CURRENT_TIME"]),
    one("REQ_CURRENT_TIME_IN_MILLIS", Key::Turn(At::TimeMillis), &["CURRENT_TIME_IN_MILLIS"]),
    command("SET_SERVER_LOGLEVEL"),
    one("REQ_CONFIG", Key::Id, &["CONFIG_RESPONSE"]),
    one("UPDATE_CONFIG", Key::Id, &["UPDATE_CONFIG_RESPONSE"]).acting(),
    // A program that is certified hears a challenge, another that it is not.
    one("VERIFY_REQUEST", Key::Turn(At::Verification), &["VERIFY_MESSAGE_API", "VERIFY_COMPLETED"]),
    one("VERIFY_MESSAGE", Key::Turn(At::Verification), &["VERIFY_COMPLETED"]),
    one("VERIFY_AND_AUTH_REQUEST", Key::Turn(At::Authorization),
        &["VERIFY_AND_AUTH_MESSAGE_API", "VERIFY_AND_AUTH_COMPLETED"]),
    one("VERIFY_AND_AUTH_MESSAGE", Key::Turn(At::Authorization), &["VERIFY_AND_AUTH_COMPLETED"]),
];

fn is_snapshot(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::RequestMarketData(body) if body.snapshot || body.regulatory_snapshot)
}

fn is_smart(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::RequestMarketDepth(body) if body.is_smart_depth)
}

fn is_kept_up(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::RequestHistoricalData(body) if body.keep_up_to_date)
}

fn is_schedule(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::RequestHistoricalData(body) if body.data_to_show == Some(DataToShow::Schedule))
}

fn is_begun(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::RequestAccountUpdates(body) if body.subscribe)
}

fn end_account_updates(_: RequestId, asked: &ClientMessage) -> ClientMessage {
    let account = match asked {
        ClientMessage::RequestAccountUpdates(body) => body.account.clone(),
        _ => String::new(),
    };
    RequestAccountUpdates { subscribe: false, account }.into()
}

const fn row(request: &'static str, key: Key, answers: &'static [&'static str], end: End, shape: Shape) -> Relation {
    Relation {
        request,
        case: "",
        key,
        answers,
        end,
        shape,
        pace: Pace::Plain,
        effect: Effect::Reads,
        applies: |_| true,
        cancel: None,
    }
}

const fn one(request: &'static str, key: Key, answers: &'static [&'static str]) -> Relation {
    row(request, key, answers, End::First, Shape::One)
}

const fn list(request: &'static str, key: Key, answers: &'static [&'static str], end: &'static str) -> Relation {
    row(request, key, answers, End::Message(end), Shape::List)
}

const fn parts(request: &'static str, key: Key, answers: &'static [&'static str]) -> Relation {
    row(request, key, answers, End::Flagged, Shape::List)
}

const fn stream(request: &'static str, key: Key, answers: &'static [&'static str]) -> Relation {
    row(request, key, answers, End::Never, Shape::Stream)
}

const fn command(request: &'static str) -> Relation {
    row(request, Key::None, &[], End::Never, Shape::Command)
}

const fn cancel(request: &'static str) -> Relation {
    row(request, Key::None, &[], End::Never, Shape::Cancel).paced(Pace::Cancel)
}

const fn session(request: &'static str) -> Relation {
    row(request, Key::None, &[], End::Never, Shape::Session)
}

impl Relation {
    const fn when(self, case: &'static str, applies: fn(&ClientMessage) -> bool) -> Self {
        Self { case, applies, ..self }
    }

    /// What it leads to, on the order lane as a rule.
    const fn telling(self, answers: &'static [&'static str]) -> Self {
        Self { answers, ..self }
    }

    const fn cancelled(self, cancel: MakeCancel) -> Self {
        Self { cancel: Some(cancel), ..self }
    }

    const fn until(self, end: &'static str) -> Self {
        Self { end: End::Message(end), ..self }
    }

    const fn since(self, version: V) -> Self {
        let end = match self.end {
            End::Message(end) => End::MessageSince(version, end),
            other => other,
        };
        Self { end, ..self }
    }

    const fn paced(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    const fn acting(self) -> Self {
        Self { effect: Effect::Acts, ..self }
    }

    const fn acting_as_client_zero(self) -> Self {
        Self { effect: Effect::ActsAsClientZero, ..self }
    }
}
