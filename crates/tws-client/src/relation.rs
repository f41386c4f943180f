//! Which answers belong to which request, and what ends them: one row a request.

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    ContractDetails,
    Positions,
    AccountSummary,
    OpenOrders,
    AllOpenOrders,
    CompletedOrders,
    Executions,
    NextOrderId,
    Accounts,
    Time,
    TimeMillis,
    Snapshot,
}

/// Requests that cannot be told apart by their answers: one of a channel is under way at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Channel {
    Positions,
    /// TWS gives two summaries at most; one at a time is enough.
    AccountSummary,
    /// Those of this client and those of all answer alike.
    OpenOrders,
    CompletedOrders,
    NextOrderId,
    Accounts,
    Time,
    TimeMillis,
}

/// One row: a request, its answers, its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relation {
    /// Whether answers carry the id of the request.
    pub(crate) keyed: bool,
    pub(crate) channel: Option<Channel>,
    /// Wire names of the answers.
    pub(crate) answers: &'static [&'static str],
    /// Wire name of the message that ends them; it is an answer itself where it is listed among them.
    pub(crate) end: &'static str,
}

/// What an unkeyed message is to a request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Answer,
    End,
    /// Answer and end in one.
    Whole,
    None,
}

impl Relation {
    /// The row of a request.
    pub(crate) const fn of(kind: Kind) -> Self {
        const ORDERS: &[&str] = &["OPEN_ORDER", "ORDER_STATUS"];
        // Commission reports carry no id of a request: they are joined by execution.
        const EXECUTIONS: &[&str] = &["EXECUTION_DATA", "COMMISSION_AND_FEES_REPORT"];
        const TICKS: &[&str] =
            &["TICK_PRICE", "TICK_SIZE", "TICK_GENERIC", "TICK_STRING", "MARKET_DATA_TYPE", "TICK_REQ_PARAMS"];
        match kind {
            Kind::ContractDetails => Self::keyed(&["CONTRACT_DATA"], "CONTRACT_DATA_END"),
            Kind::Positions => Self::alone(Channel::Positions, &["POSITION_DATA"], "POSITION_END"),
            Kind::AccountSummary => Self {
                channel: Some(Channel::AccountSummary),
                ..Self::keyed(&["ACCOUNT_SUMMARY"], "ACCOUNT_SUMMARY_END")
            },
            Kind::OpenOrders | Kind::AllOpenOrders => Self::alone(Channel::OpenOrders, ORDERS, "OPEN_ORDER_END"),
            Kind::CompletedOrders => {
                Self::alone(Channel::CompletedOrders, &["COMPLETED_ORDER"], "COMPLETED_ORDERS_END")
            }
            Kind::Executions => Self::keyed(EXECUTIONS, "EXECUTION_DATA_END"),
            Kind::NextOrderId => Self::alone(Channel::NextOrderId, &["NEXT_VALID_ID"], "NEXT_VALID_ID"),
            Kind::Accounts => Self::alone(Channel::Accounts, &["MANAGED_ACCTS"], "MANAGED_ACCTS"),
            Kind::Time => Self::alone(Channel::Time, &["CURRENT_TIME"], "CURRENT_TIME"),
            Kind::TimeMillis => Self::alone(Channel::TimeMillis, &["CURRENT_TIME_IN_MILLIS"], "CURRENT_TIME_IN_MILLIS"),
            Kind::Snapshot => Self::keyed(TICKS, "TICK_SNAPSHOT_END"),
        }
    }

    const fn keyed(answers: &'static [&'static str], end: &'static str) -> Self {
        Self { keyed: true, channel: None, answers, end }
    }

    const fn alone(channel: Channel, answers: &'static [&'static str], end: &'static str) -> Self {
        Self { keyed: false, channel: Some(channel), answers, end }
    }

    /// What the message with this wire name is to the request.
    pub(crate) fn role(&self, message: &str) -> Role {
        match (self.answers.contains(&message), self.end == message) {
            (true, true) => Role::Whole,
            (true, false) => Role::Answer,
            (false, true) => Role::End,
            (false, false) => Role::None,
        }
    }
}

/// Whether a message belongs to the order lane.
pub(crate) fn is_lane(message: &ServerMessage) -> bool {
    use ServerMessage as S;
    matches!(
        message,
        S::OpenOrder(_)
            | S::OrderStatus(_)
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

#[cfg(test)]
mod tests {
    use tws_proto::message::Message;

    use super::*;

    const KINDS: [Kind; 12] = [
        Kind::ContractDetails,
        Kind::Positions,
        Kind::AccountSummary,
        Kind::OpenOrders,
        Kind::AllOpenOrders,
        Kind::CompletedOrders,
        Kind::Executions,
        Kind::NextOrderId,
        Kind::Accounts,
        Kind::Time,
        Kind::TimeMillis,
        Kind::Snapshot,
    ];

    #[test]
    fn every_answer_and_end_is_a_message_of_the_server() {
        for kind in KINDS {
            let relation = Relation::of(kind);
            for name in relation.answers.iter().chain([&relation.end]) {
                assert!(ServerMessage::ALL.iter().any(|facts| facts.name == *name), "{kind:?}: {name}");
            }
            assert!(relation.keyed || relation.channel.is_some(), "{kind:?} cannot be told from another");
        }
    }

    #[test]
    fn what_one_channel_awaits_no_other_does() {
        for kind in KINDS {
            for other in KINDS {
                let (one, two) = (Relation::of(kind), Relation::of(other));
                if !one.keyed && !two.keyed && one.channel != two.channel {
                    assert!(one.answers.iter().all(|name| two.role(name) == Role::None), "{kind:?} and {other:?}");
                    assert_eq!(two.role(one.end), Role::None, "{kind:?} and {other:?}");
                }
            }
        }
    }
}
