//! The messages of the TWS API, transcribed from the facts about the wire: none is missing, none is made up.

use tws_proto::message::{ClientMessage, Facts, Message, ServerMessage};
use tws_proto::{Fault, ServerVersion};

/// Direction, id, name, first version with a text form, first version at which the writer chooses protobuf.
const MESSAGES: &str = "
out 1 REQ_MKT_DATA 176 206
out 2 CANCEL_MKT_DATA 176 206
out 3 PLACE_ORDER 176 203
out 4 CANCEL_ORDER 176 203
out 5 REQ_OPEN_ORDERS 176 204
out 6 REQ_ACCT_DATA 176 207
out 7 REQ_EXECUTIONS 176 201
out 8 REQ_IDS 176 213
out 9 REQ_CONTRACT_DATA 176 205
out 10 REQ_MKT_DEPTH 176 206
out 11 CANCEL_MKT_DEPTH 176 206
out 12 REQ_NEWS_BULLETINS 176 209
out 13 CANCEL_NEWS_BULLETINS 176 209
out 14 SET_SERVER_LOGLEVEL 176 213
out 15 REQ_AUTO_OPEN_ORDERS 176 204
out 16 REQ_ALL_OPEN_ORDERS 176 204
out 17 REQ_MANAGED_ACCTS 176 207
out 18 REQ_FA 176 211
out 19 REPLACE_FA 176 211
out 20 REQ_HISTORICAL_DATA 176 208
out 21 EXERCISE_OPTIONS 176 211
out 22 REQ_SCANNER_SUBSCRIPTION 176 210
out 23 CANCEL_SCANNER_SUBSCRIPTION 176 210
out 24 REQ_SCANNER_PARAMETERS 176 210
out 25 CANCEL_HISTORICAL_DATA 176 208
out 49 REQ_CURRENT_TIME 176 213
out 50 REQ_REAL_TIME_BARS 176 208
out 51 CANCEL_REAL_TIME_BARS 176 208
out 54 REQ_CALC_IMPLIED_VOLAT 176 211
out 55 REQ_CALC_OPTION_PRICE 176 211
out 56 CANCEL_CALC_IMPLIED_VOLAT 176 211
out 57 CANCEL_CALC_OPTION_PRICE 176 211
out 58 REQ_GLOBAL_CANCEL 176 203
out 59 REQ_MARKET_DATA_TYPE 176 206
out 61 REQ_POSITIONS 176 207
out 62 REQ_ACCOUNT_SUMMARY 176 207
out 63 CANCEL_ACCOUNT_SUMMARY 176 207
out 64 CANCEL_POSITIONS 176 207
out 65 VERIFY_REQUEST 176 213
out 66 VERIFY_MESSAGE 176 213
out 67 QUERY_DISPLAY_GROUPS 176 213
out 68 SUBSCRIBE_TO_GROUP_EVENTS 176 213
out 69 UPDATE_DISPLAY_GROUP 176 213
out 70 UNSUBSCRIBE_FROM_GROUP_EVENTS 176 213
out 71 START_API 176 213
out 72 VERIFY_AND_AUTH_REQUEST 176 -
out 73 VERIFY_AND_AUTH_MESSAGE 176 -
out 74 REQ_POSITIONS_MULTI 176 207
out 75 CANCEL_POSITIONS_MULTI 176 207
out 76 REQ_ACCOUNT_UPDATES_MULTI 176 207
out 77 CANCEL_ACCOUNT_UPDATES_MULTI 176 207
out 78 REQ_SEC_DEF_OPT_PARAMS 176 212
out 79 REQ_SOFT_DOLLAR_TIERS 176 212
out 80 REQ_FAMILY_CODES 176 212
out 81 REQ_MATCHING_SYMBOLS 176 212
out 82 REQ_MKT_DEPTH_EXCHANGES 176 213
out 83 REQ_SMART_COMPONENTS 176 212
out 84 REQ_NEWS_ARTICLE 176 209
out 85 REQ_NEWS_PROVIDERS 176 209
out 86 REQ_HISTORICAL_NEWS 176 209
out 87 REQ_HEAD_TIMESTAMP 176 208
out 88 REQ_HISTOGRAM_DATA 176 208
out 89 CANCEL_HISTOGRAM_DATA 176 208
out 90 CANCEL_HEAD_TIMESTAMP 176 208
out 91 REQ_MARKET_RULE 176 212
out 92 REQ_PNL 176 210
out 93 CANCEL_PNL 176 210
out 94 REQ_PNL_SINGLE 176 210
out 95 CANCEL_PNL_SINGLE 176 210
out 96 REQ_HISTORICAL_TICKS 176 208
out 97 REQ_TICK_BY_TICK_DATA 176 208
out 98 CANCEL_TICK_BY_TICK_DATA 176 208
out 99 REQ_COMPLETED_ORDERS 176 204
out 100 REQ_WSH_META_DATA 176 209
out 101 CANCEL_WSH_META_DATA 176 209
out 102 REQ_WSH_EVENT_DATA 176 209
out 103 CANCEL_WSH_EVENT_DATA 176 209
out 104 REQ_USER_INFO 176 212
out 105 REQ_CURRENT_TIME_IN_MILLIS 197 213
out 106 CANCEL_CONTRACT_DATA - 215
out 107 CANCEL_HISTORICAL_TICKS - 215
out 108 REQ_CONFIG - 219
out 109 UPDATE_CONFIG - 221
in 1 TICK_PRICE 176 206
in 2 TICK_SIZE 176 206
in 3 ORDER_STATUS 176 203
in 4 ERR_MSG 176 203
in 5 OPEN_ORDER 176 203
in 6 ACCT_VALUE 176 207
in 7 PORTFOLIO_VALUE 176 207
in 8 ACCT_UPDATE_TIME 176 207
in 9 NEXT_VALID_ID 176 213
in 10 CONTRACT_DATA 176 205
in 11 EXECUTION_DATA 176 201
in 12 MARKET_DEPTH 176 206
in 13 MARKET_DEPTH_L2 176 206
in 14 NEWS_BULLETINS 176 209
in 15 MANAGED_ACCTS 176 207
in 16 RECEIVE_FA 176 211
in 17 HISTORICAL_DATA 176 208
in 18 BOND_CONTRACT_DATA 176 205
in 19 SCANNER_PARAMETERS 176 210
in 20 SCANNER_DATA 176 210
in 21 TICK_OPTION_COMPUTATION 176 206
in 45 TICK_GENERIC 176 206
in 46 TICK_STRING 176 206
in 47 TICK_EFP 176 -
in 49 CURRENT_TIME 176 213
in 50 REAL_TIME_BARS 176 208
in 52 CONTRACT_DATA_END 176 205
in 53 OPEN_ORDER_END 176 203
in 54 ACCT_DOWNLOAD_END 176 207
in 55 EXECUTION_DATA_END 176 201
in 56 DELTA_NEUTRAL_VALIDATION 176 -
in 57 TICK_SNAPSHOT_END 176 206
in 58 MARKET_DATA_TYPE 176 206
in 59 COMMISSION_AND_FEES_REPORT 176 211
in 61 POSITION_DATA 176 207
in 62 POSITION_END 176 207
in 63 ACCOUNT_SUMMARY 176 207
in 64 ACCOUNT_SUMMARY_END 176 207
in 65 VERIFY_MESSAGE_API 176 213
in 66 VERIFY_COMPLETED 176 213
in 67 DISPLAY_GROUP_LIST 176 213
in 68 DISPLAY_GROUP_UPDATED 176 213
in 69 VERIFY_AND_AUTH_MESSAGE_API 176 -
in 70 VERIFY_AND_AUTH_COMPLETED 176 -
in 71 POSITION_MULTI 176 207
in 72 POSITION_MULTI_END 176 207
in 73 ACCOUNT_UPDATE_MULTI 176 207
in 74 ACCOUNT_UPDATE_MULTI_END 176 207
in 75 SECURITY_DEFINITION_OPTION_PARAMETER 176 212
in 76 SECURITY_DEFINITION_OPTION_PARAMETER_END 176 212
in 77 SOFT_DOLLAR_TIERS 176 212
in 78 FAMILY_CODES 176 212
in 79 SYMBOL_SAMPLES 176 212
in 80 MKT_DEPTH_EXCHANGES 176 213
in 81 TICK_REQ_PARAMS 176 206
in 82 SMART_COMPONENTS 176 212
in 83 NEWS_ARTICLE 176 209
in 84 TICK_NEWS 176 209
in 85 NEWS_PROVIDERS 176 209
in 86 HISTORICAL_NEWS 176 209
in 87 HISTORICAL_NEWS_END 176 209
in 88 HEAD_TIMESTAMP 176 208
in 89 HISTOGRAM_DATA 176 208
in 90 HISTORICAL_DATA_UPDATE 176 208
in 91 REROUTE_MKT_DATA_REQ 176 211
in 92 REROUTE_MKT_DEPTH_REQ 176 211
in 93 MARKET_RULE 176 212
in 94 PNL 176 210
in 95 PNL_SINGLE 176 210
in 96 HISTORICAL_TICKS 176 208
in 97 HISTORICAL_TICKS_BID_ASK 176 208
in 98 HISTORICAL_TICKS_LAST 176 208
in 99 TICK_BY_TICK 176 208
in 100 ORDER_BOUND 176 204
in 101 COMPLETED_ORDER 176 204
in 102 COMPLETED_ORDERS_END 176 204
in 103 REPLACE_FA_END 176 211
in 104 WSH_META_DATA 176 209
in 105 WSH_EVENT_DATA 176 209
in 106 HISTORICAL_SCHEDULE 176 211
in 107 USER_INFO 176 212
in 108 HISTORICAL_DATA_END 196 208
in 109 CURRENT_TIME_IN_MILLIS 197 213
in 110 CONFIG_RESPONSE - 219
in 111 UPDATE_CONFIG_RESPONSE - 221
";

#[test]
fn no_hole_and_nothing_more() {
    check("out", ClientMessage::ALL, 83);
    check("in", ServerMessage::ALL, 85);
}

#[track_caller]
fn check(direction: &str, all: &[Facts], count: usize) {
    let told: Vec<String> = all
        .iter()
        .map(|Facts { id, name, forms }| {
            let text = if forms.text { forms.since.to_string() } else { "-".to_owned() };
            let protobuf = forms.protobuf.map_or_else(|| "-".to_owned(), |gate| gate.to_string());
            if !forms.text {
                assert_eq!(Some(forms.since), forms.protobuf, "{name}");
            }
            format!("{direction} {id} {name} {text} {protobuf}")
        })
        .collect();
    let expected: Vec<&str> = MESSAGES.lines().filter(|row| row.split(' ').next() == Some(direction)).collect();
    assert_eq!(told, expected);
    assert_eq!(told.len(), count);
}

#[test]
fn a_form_that_does_not_exist_is_not_read() {
    for version in ServerVersion::OLDEST.0..=ServerVersion::NEWEST.0 {
        forms_of::<ClientMessage>(ServerVersion(version));
        forms_of::<ServerMessage>(ServerVersion(version));
    }
}

/// An empty body of each message in each form: read or refused for its fields where the form exists, else for its form.
fn forms_of<M: Message>(version: ServerVersion) {
    for facts in M::ALL {
        let payload = |id: i32| {
            if version >= ServerVersion::PROTOBUF { id.to_be_bytes().to_vec() } else { format!("{id}\0").into_bytes() }
        };
        let fault = |payload: &[u8]| M::read(payload, version).err().map(|bad| bad.fault);
        let text = fault(&payload(facts.id));
        if version < facts.forms.since {
            assert_eq!(text, Some(Fault::MessageNeedsVersion(facts.forms.since)), "{}", facts.name);
        } else {
            assert_eq!(text == Some(Fault::WrongForm), !facts.forms.text, "{} at {version}", facts.name);
        }
        if version >= ServerVersion::PROTOBUF && version >= facts.forms.since {
            let protobuf = fault(&payload(facts.id + 200));
            let exists = facts.forms.protobuf.is_some();
            assert_eq!(protobuf == Some(Fault::WrongForm), !exists, "{} at {version}", facts.name);
        }
    }
}
