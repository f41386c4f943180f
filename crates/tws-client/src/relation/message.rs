//! What a message of the server says of where it belongs.

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;

/// Whether a message belongs to the order lane.
pub(crate) fn is_lane(message: &ServerMessage) -> bool {
    use ServerMessage as S;
    matches!(
        message,
        S::OpenOrder(_)
            | S::OrderStatus(_)
            | S::OrderBound(_)
            | S::CompletedOrder(_)
            | S::ExecutionData(_)
            | S::CommissionReport(_)
            | S::OpenOrdersEnd(_)
            | S::CompletedOrdersEnd(_)
            | S::ExecutionsEnd(_)
            | S::Position(_)
            | S::PositionEnd(_)
            | S::NextValidId(_)
            | S::ManagedAccounts(_)
    )
}

/// The request that a message names, where messages of its kind name one.
pub(crate) fn request_id(message: &ServerMessage) -> Option<RequestId> {
    use ServerMessage as S;
    match message {
        S::TickPrice(body) => Some(body.request_id),
        S::TickSize(body) => Some(body.request_id),
        S::TickGeneric(body) => Some(body.request_id),
        S::TickString(body) => Some(body.request_id),
        S::TickSnapshotEnd(body) => Some(body.request_id),
        S::TickRequestParameters(body) => Some(body.request_id),
        S::MarketDataType(body) => Some(body.request_id),
        S::TickByTick(body) => Some(body.request_id),
        S::ContractData(body) => Some(body.request_id),
        S::ContractDataEnd(body) => Some(body.request_id),
        S::ExecutionData(body) => body.request_id,
        S::ExecutionsEnd(body) => Some(body.request_id),
        S::AccountSummary(body) => Some(body.request_id),
        S::AccountSummaryEnd(body) => Some(body.request_id),
        S::MarketDepth(body) => Some(body.request_id),
        S::MarketDepthLevel2(body) => Some(body.request_id),
        S::HistoricalData(body) => Some(body.request_id),
        S::BondContractData(body) => Some(body.request_id),
        S::ScannerData(body) => Some(body.request_id),
        S::TickOptionComputation(body) => Some(body.request_id),
        S::TickExchangeForPhysical(body) => Some(body.request_id),
        S::RealTimeBar(body) => Some(body.request_id),
        S::DeltaNeutralValidation(body) => Some(body.request_id),
        S::DisplayGroups(body) => Some(body.request_id),
        S::DisplayGroupUpdated(body) => Some(body.request_id),
        S::ModelPosition(body) => Some(body.request_id),
        S::ModelPositionEnd(body) => Some(body.request_id),
        S::ModelValue(body) => Some(body.request_id),
        S::ModelValueEnd(body) => Some(body.request_id),
        S::OptionParameters(body) => Some(body.request_id),
        S::OptionParametersEnd(body) => Some(body.request_id),
        S::SoftDollarTiers(body) => Some(body.request_id),
        S::SymbolSamples(body) => Some(body.request_id),
        S::SmartComponents(body) => Some(body.request_id),
        S::NewsArticle(body) => Some(body.request_id),
        S::TickNews(body) => Some(body.request_id),
        S::HistoricalNews(body) => Some(body.request_id),
        S::HistoricalNewsEnd(body) => Some(body.request_id),
        S::HeadTimestamp(body) => Some(body.request_id),
        S::HistogramData(body) => Some(body.request_id),
        S::HistoricalDataUpdate(body) => Some(body.request_id),
        S::RerouteMarketData(body) => Some(body.request_id),
        S::RerouteMarketDepth(body) => Some(body.request_id),
        S::Profit(body) => Some(body.request_id),
        S::PositionProfit(body) => Some(body.request_id),
        S::HistoricalTicks(body) => Some(body.request_id),
        S::HistoricalQuotes(body) => Some(body.request_id),
        S::HistoricalTrades(body) => Some(body.request_id),
        S::AdvisorDataReplaced(body) => Some(body.request_id),
        S::HorizonMetaData(body) => Some(body.request_id),
        S::HorizonEventData(body) => Some(body.request_id),
        S::HistoricalSchedule(body) => Some(body.request_id),
        S::UserInfo(body) => Some(body.request_id),
        S::HistoricalDataEnd(body) => Some(body.request_id),
        S::Config(body) => Some(body.request_id),
        S::ConfigUpdated(body) => Some(body.request_id),
        // Messages without the id of a request.
        _ => None,
    }
}

/// Whether an answer of a kind that comes in parts is the last part.
pub(super) fn is_last(message: &ServerMessage) -> bool {
    use ServerMessage as S;
    match message {
        S::HistoricalTicks(body) => body.is_done,
        S::HistoricalQuotes(body) => body.is_done,
        S::HistoricalTrades(body) => body.is_done,
        _ => true,
    }
}
