//! Requests that neither trade nor ask for prices or accounts: which function answers each.

use tws_proto::ClientMessage;

use super::Core;
use crate::session::SessionId;

impl Core {
    pub(super) fn answer_inquiry(&mut self, session: SessionId, message: &ClientMessage) {
        use ClientMessage as C;
        match message {
            C::CancelContractData(cancel) => self.cancel_contract_data(session, cancel.request_id),
            C::RequestMatchingSymbols(request) => self.send_matching_symbols(session, request),
            C::RequestMarketRule(request) => self.send_market_rule(session, request),
            C::RequestOptionParameters(request) => self.send_option_parameters(session, request),
            C::RequestSmartComponents(request) => self.send_smart_components(session, request),
            C::RequestDepthExchanges(_) => self.send_depth_exchanges(session),
            C::RequestNewsProviders(_) => self.send_news_providers(session),
            C::RequestNewsArticle(request) => self.send_news_article(session, request),
            C::RequestHistoricalNews(request) => self.send_historical_news(session, request),
            C::RequestNewsBulletins(request) => self.request_bulletins(session, request),
            C::CancelNewsBulletins(_) => self.cancel_bulletins(session),
            C::QueryDisplayGroups(request) => self.send_display_groups(session, request.request_id),
            C::SubscribeToGroup(request) => self.subscribe_to_group(session, request),
            C::UpdateDisplayGroup(request) => self.update_group(session, request),
            C::UnsubscribeFromGroup(request) => self.unsubscribe_from_group(session, request.request_id),
            C::RequestHorizonMetaData(request) => self.send_horizon_meta(session, request.request_id),
            C::RequestHorizonEventData(request) => self.send_horizon_events(session, request),
            C::CancelHorizonMetaData(cancel) => self.cancel_horizon_meta(session, cancel.request_id),
            C::CancelHorizonEventData(cancel) => self.cancel_horizon_events(session, cancel.request_id),
            C::RequestFamilyCodes(_) => self.send_family_codes(session),
            C::RequestSoftDollarTiers(request) => self.send_soft_dollar_tiers(session, request.request_id),
            C::RequestUserInfo(request) => self.send_user_info(session, request.request_id),
            C::SetServerLogLevel(request) => self.set_log_level(session, request),
            C::VerifyRequest(_) => self.refuse_proof(session),
            C::VerifyMessage(_) => self.refuse_proof(session),
            C::VerifyAndAuthorizeRequest(_) => self.refuse_key(session),
            C::VerifyAndAuthorizeMessage(_) => self.refuse_key(session),
            C::RequestConfig(request) => self.send_config(session, request.request_id),
            C::UpdateConfig(request) => self.update_config(session, request),
            C::RequestScannerParameters(_) => self.send_scanner_parameters(session),
            C::RequestScanner(request) => self.request_scanner(session, request),
            C::CancelScanner(cancel) => self.cancel_scanner(session, cancel.request_id),
            // These come to their functions before they come here; a message that is new does not compile until it does.
            C::RequestMarketData(_)
            | C::RequestMarketDepth(_)
            | C::RequestHistoricalData(_)
            | C::RequestRealTimeBars(_)
            | C::CalculateImpliedVolatility(_)
            | C::CalculateOptionPrice(_)
            | C::RequestHeadTimestamp(_)
            | C::RequestHistogramData(_)
            | C::RequestHistoricalTicks(_)
            | C::CancelMarketDepth(_)
            | C::CancelHistoricalData(_)
            | C::CancelRealTimeBars(_)
            | C::CancelCalculateImpliedVolatility(_)
            | C::CancelCalculateOptionPrice(_)
            | C::CancelHistogramData(_)
            | C::CancelHeadTimestamp(_)
            | C::CancelHistoricalTicks(_)
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
            | C::RequestCurrentTimeMillis(_) => {}
        }
    }
}
