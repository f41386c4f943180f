//! Requests that the simulator knows and does not simulate yet: it says so, and is never silent.

use tws_proto::ClientMessage;
use tws_proto::message::Message;

use super::Core;
use crate::session::SessionId;

/// How a message is answered that nothing is simulated for.
enum Answer {
    /// Error 321 with the id of the request, or -1 where it has none.
    NotYet(i32),
    /// Error 300: what is to be cancelled never began.
    NothingToCancel(i32),
    /// It is answered elsewhere.
    Simulated,
}

impl Core {
    pub(super) fn answer_unsimulated(&mut self, session: SessionId, message: &ClientMessage) {
        match answer(message) {
            Answer::NotYet(id) => {
                let name = message.facts().name;
                let text = format!("Error validating request: the simulator does not answer {name} yet");
                self.outbox.notice(session, id, 321, text);
            }
            Answer::NothingToCancel(id) => {
                self.outbox.notice(session, id, 300, format!("Can't find EId with tickerId:{id}"));
            }
            Answer::Simulated => {}
        }
    }
}

fn answer(message: &ClientMessage) -> Answer {
    use Answer::{NotYet, NothingToCancel, Simulated};
    use ClientMessage as C;
    match message {
        C::RequestMarketDepth(body) => NotYet(body.request_id.0),
        C::RequestHistoricalData(body) => NotYet(body.request_id.0),
        C::RequestRealTimeBars(body) => NotYet(body.request_id.0),
        C::CalculateImpliedVolatility(body) => NotYet(body.request_id.0),
        C::CalculateOptionPrice(body) => NotYet(body.request_id.0),
        C::RequestHeadTimestamp(body) => NotYet(body.request_id.0),
        C::RequestHistogramData(body) => NotYet(body.request_id.0),
        C::RequestHistoricalTicks(body) => NotYet(body.request_id.0),
        C::CancelMarketDepth(body) => NothingToCancel(body.request_id.0),
        C::CancelHistoricalData(body) => NothingToCancel(body.request_id.0),
        C::CancelRealTimeBars(body) => NothingToCancel(body.request_id.0),
        C::CancelCalculateImpliedVolatility(body) => NothingToCancel(body.request_id.0),
        C::CancelCalculateOptionPrice(body) => NothingToCancel(body.request_id.0),
        C::CancelHistogramData(body) => NothingToCancel(body.request_id.0),
        C::CancelHeadTimestamp(body) => NothingToCancel(body.request_id.0),
        C::CancelHistoricalTicks(body) => NothingToCancel(body.request_id.0),
        C::RequestMarketData(_)
        | C::CancelMarketData(_)
        | C::PlaceOrder(_)
        | C::ExerciseOptions(_)
        | C::CancelOrder(_)
        | C::RequestOpenOrders(_)
        | C::RequestExecutions(_)
        | C::RequestIds(_)
        | C::RequestContractData(_)
        | C::RequestAllOpenOrders(_)
        | C::RequestManagedAccounts(_)
        | C::RequestCurrentTime(_)
        | C::GlobalCancel(_)
        | C::RequestMarketDataType(_)
        | C::RequestPositions(_)
        | C::RequestAccountSummary(_)
        | C::CancelAccountSummary(_)
        | C::CancelPositions(_)
        | C::StartApi(_)
        | C::RequestTickByTick(_)
        | C::CancelTickByTick(_)
        | C::RequestCompletedOrders(_)
        | C::RequestAutoOpenOrders(_)
        | C::CancelContractData(_)
        | C::RequestMatchingSymbols(_)
        | C::RequestMarketRule(_)
        | C::RequestOptionParameters(_)
        | C::RequestSmartComponents(_)
        | C::RequestDepthExchanges(_)
        | C::RequestAccountUpdates(_)
        | C::RequestAdvisorData(_)
        | C::ReplaceAdvisorData(_)
        | C::RequestModelPositions(_)
        | C::RequestModelValues(_)
        | C::RequestProfit(_)
        | C::RequestPositionProfit(_)
        | C::CancelModelPositions(_)
        | C::CancelModelValues(_)
        | C::CancelProfit(_)
        | C::CancelPositionProfit(_)
        | C::RequestNewsProviders(_)
        | C::RequestNewsArticle(_)
        | C::RequestHistoricalNews(_)
        | C::RequestNewsBulletins(_)
        | C::CancelNewsBulletins(_)
        | C::QueryDisplayGroups(_)
        | C::SubscribeToGroup(_)
        | C::UpdateDisplayGroup(_)
        | C::UnsubscribeFromGroup(_)
        | C::RequestHorizonMetaData(_)
        | C::RequestHorizonEventData(_)
        | C::CancelHorizonMetaData(_)
        | C::CancelHorizonEventData(_)
        | C::RequestFamilyCodes(_)
        | C::RequestSoftDollarTiers(_)
        | C::RequestUserInfo(_)
        | C::SetServerLogLevel(_)
        | C::VerifyRequest(_)
        | C::VerifyMessage(_)
        | C::VerifyAndAuthorizeRequest(_)
        | C::VerifyAndAuthorizeMessage(_)
        | C::RequestConfig(_)
        | C::UpdateConfig(_)
        | C::RequestScannerParameters(_)
        | C::RequestScanner(_)
        | C::CancelScanner(_)
        | C::RequestCurrentTimeMillis(_) => Simulated,
    }
}

#[cfg(test)]
mod tests {
    use tws_proto::ids::{ClientId, RequestId};
    use tws_proto::message::{CancelHistoricalData, RequestHistoricalData, StartApi};
    use tws_proto::{ServerMessage, ServerVersion};

    use super::*;
    use crate::core::{CoreSetup, Feed, Input, Output};
    use crate::time::SimTime;

    #[track_caller]
    fn check(message: impl Into<ClientMessage>, id: i32, code: i32, text: &str) {
        let (session, start) = (SessionId(1), SimTime(1_795_000_000_000));
        let mut core = Core::new(CoreSetup { feed: Feed::Still, ..CoreSetup::new(1, start) });
        core.step(Input::Connected { session, version: ServerVersion::NEWEST }, start);
        let hello = StartApi { client_id: ClientId(1), ..StartApi::default() };
        core.step(Input::Message { session, message: hello.into() }, start);
        let outputs = core.step(Input::Message { session, message: message.into() }, start);
        let [Output::Send { message: ServerMessage::Notice(notice), .. }] = &outputs[..] else { panic!("{outputs:?}") };
        assert_eq!((notice.id, notice.code, notice.text.as_str()), (Some(id), code, text));
    }

    #[test]
    fn nothing_is_met_with_silence() {
        let not_yet = |name| format!("Error validating request: the simulator does not answer {name} yet");
        let request_id = RequestId(7);
        let history = Box::new(RequestHistoricalData { request_id, ..RequestHistoricalData::default() });
        check(history, 7, 321, &not_yet("REQ_HISTORICAL_DATA"));
        check(CancelHistoricalData { request_id }, 7, 300, "Can't find EId with tickerId:7");
    }
}
