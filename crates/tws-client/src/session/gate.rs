//! What each phase lets out: one table, every pair of phase and errand in it.

use tws_proto::ids::ClientId;
use tws_proto::message::ClientMessage;

use crate::state::Phase;

/// Whether a session may act at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// It looks, and nothing that acts ever leaves it: [`Client::connect`](crate::Client::connect).
    #[default]
    ReadOnly,
    /// It may send orders: [`TradingClient::connect`](crate::TradingClient::connect).
    Trading,
}

/// What a message is sent for, as far as its permission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Errand {
    /// To look, or to end or choose what is looked at.
    Read,
    /// To make orders of others ours: they leave their place in the exchange's queue.
    Bind,
    /// To end orders, and nothing else.
    Cancel,
    /// To place or change an order, exercise an option, or change settings: whatever raises exposure or changes TWS.
    Act,
}

/// What becomes of an errand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    /// It leaves as soon as pacing has room.
    Sent,
    /// It is refused with a typed error, at once, and nothing is kept for later.
    Refused,
    /// It is refused, unless the caller asked for it to be kept and sent first on return.
    Kept,
}

impl Errand {
    /// Every errand.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 4] = [Self::Read, Self::Bind, Self::Cancel, Self::Act];

    /// What a message is sent for. A new message does not compile until somebody has thought about it.
    pub(crate) fn of(message: &ClientMessage, client_id: ClientId) -> Self {
        use ClientMessage as C;
        match message {
            C::PlaceOrder(_) | C::ExerciseOptions(_) => Self::Act,
            C::ReplaceAdvisorData(_) | C::UpdateConfig(_) => Self::Act,
            C::CancelOrder(_) | C::GlobalCancel(_) => Self::Cancel,
            C::RequestAutoOpenOrders(_) => Self::Bind,
            // Client 0 binds the manual orders that it is shown; everybody else only looks.
            C::RequestOpenOrders(_) if client_id == ClientId(0) => Self::Bind,
            C::RequestOpenOrders(_) | C::RequestAllOpenOrders(_) | C::RequestCompletedOrders(_) => Self::Read,
            C::RequestMarketData(_) | C::CancelMarketData(_) | C::RequestMarketDataType(_) => Self::Read,
            C::RequestMarketDepth(_) | C::CancelMarketDepth(_) | C::RequestDepthExchanges(_) => Self::Read,
            C::RequestTickByTick(_) | C::CancelTickByTick(_) => Self::Read,
            C::RequestRealTimeBars(_) | C::CancelRealTimeBars(_) => Self::Read,
            C::RequestHistoricalData(_) | C::CancelHistoricalData(_) => Self::Read,
            C::RequestHistoricalTicks(_) | C::CancelHistoricalTicks(_) => Self::Read,
            C::RequestHeadTimestamp(_) | C::CancelHeadTimestamp(_) => Self::Read,
            C::RequestHistogramData(_) | C::CancelHistogramData(_) => Self::Read,
            C::RequestAccountUpdates(_) | C::RequestManagedAccounts(_) | C::RequestFamilyCodes(_) => Self::Read,
            C::RequestAccountSummary(_) | C::CancelAccountSummary(_) => Self::Read,
            C::RequestPositions(_) | C::CancelPositions(_) => Self::Read,
            C::RequestModelPositions(_) | C::CancelModelPositions(_) => Self::Read,
            C::RequestModelValues(_) | C::CancelModelValues(_) => Self::Read,
            C::RequestProfit(_) | C::CancelProfit(_) => Self::Read,
            C::RequestPositionProfit(_) | C::CancelPositionProfit(_) => Self::Read,
            C::RequestExecutions(_) | C::RequestIds(_) | C::RequestAdvisorData(_) => Self::Read,
            C::RequestContractData(_) | C::CancelContractData(_) => Self::Read,
            C::RequestOptionParameters(_) | C::RequestMatchingSymbols(_) | C::RequestMarketRule(_) => Self::Read,
            C::RequestSmartComponents(_) | C::RequestSoftDollarTiers(_) => Self::Read,
            C::RequestNewsBulletins(_) | C::CancelNewsBulletins(_) | C::RequestNewsProviders(_) => Self::Read,
            C::RequestNewsArticle(_) | C::RequestHistoricalNews(_) => Self::Read,
            C::RequestScanner(_) | C::CancelScanner(_) | C::RequestScannerParameters(_) => Self::Read,
            C::CalculateImpliedVolatility(_) | C::CancelCalculateImpliedVolatility(_) => Self::Read,
            C::CalculateOptionPrice(_) | C::CancelCalculateOptionPrice(_) => Self::Read,
            C::RequestHorizonMetaData(_) | C::CancelHorizonMetaData(_) => Self::Read,
            C::RequestHorizonEventData(_) | C::CancelHorizonEventData(_) => Self::Read,
            C::RequestUserInfo(_) | C::RequestConfig(_) => Self::Read,
            C::RequestCurrentTime(_) | C::RequestCurrentTimeMillis(_) | C::SetServerLogLevel(_) => Self::Read,
            // What windows of TWS show, which is nothing of the account.
            C::QueryDisplayGroups(_) | C::SubscribeToGroup(_) => Self::Read,
            C::UpdateDisplayGroup(_) | C::UnsubscribeFromGroup(_) => Self::Read,
            C::StartApi(_) | C::VerifyRequest(_) | C::VerifyMessage(_) => Self::Read,
            C::VerifyAndAuthorizeRequest(_) | C::VerifyAndAuthorizeMessage(_) => Self::Read,
        }
    }
}

impl Access {
    /// Whether a message may leave a session of this kind, whatever its phase.
    pub(crate) const fn lets_out(self, errand: Errand) -> bool {
        match (self, errand) {
            (Self::Trading, Errand::Read | Errand::Bind | Errand::Cancel | Errand::Act) => true,
            (Self::ReadOnly, Errand::Read) => true,
            (Self::ReadOnly, Errand::Bind | Errand::Cancel | Errand::Act) => false,
        }
    }
}

/// The table: what becomes of an errand in a phase.
pub(crate) const fn verdict(phase: Phase, errand: Errand) -> Verdict {
    use Errand::{Act, Bind, Cancel, Read};
    use Phase as P;
    match (phase, errand) {
        (P::Disconnected | P::Connecting | P::Handshaking | P::Starting, Read | Bind | Act) => Verdict::Refused,
        // A cancel must not be lost because the link is.
        (P::Disconnected | P::Connecting | P::Handshaking | P::Starting, Cancel) => Verdict::Kept,
        // A snapshot of client 0 binds; nothing else but cancels may touch an order before the books agree.
        (P::Reconciling, Read | Bind | Cancel) => Verdict::Sent,
        (P::Reconciling, Act) => Verdict::Refused,
        (P::Ready, Read | Bind | Cancel | Act) => Verdict::Sent,
        // TWS may keep a cancel until it has IB again, or lose it: it is tried.
        (P::Degraded, Read | Cancel) => Verdict::Sent,
        (P::Degraded, Bind | Act) => Verdict::Refused,
        (P::Halted, Read | Cancel) => Verdict::Sent,
        (P::Halted, Bind | Act) => Verdict::Refused,
        (P::ReadOnly, Read) => Verdict::Sent,
        (P::ReadOnly, Bind | Cancel | Act) => Verdict::Refused,
        (P::Closed, Read | Bind | Cancel | Act) => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as it stands in the documentation of the crate.
    #[test]
    fn the_documented_table_is_the_one_that_decides() {
        let documented = include_str!("../lib.rs");
        let row = |phase: Phase| {
            let words = Errand::ALL.map(|errand| match verdict(phase, errand) {
                Verdict::Sent => "sent",
                Verdict::Refused => "refused",
                Verdict::Kept => "kept or refused",
            });
            let [read, bind, cancel, act] = words;
            format!("//! | `{phase:?}` | {act} | {cancel} | {bind} | {read} |")
        };
        for phase in Phase::ALL {
            assert!(documented.contains(&row(phase)), "the documentation of the crate lacks {}", row(phase));
        }
    }

    #[test]
    fn only_ready_lets_orders_out_and_no_read_only_session_ever_does() {
        for phase in Phase::ALL {
            assert_eq!(verdict(phase, Errand::Act) == Verdict::Sent, phase == Phase::Ready, "{phase}");
            assert_eq!(verdict(phase, Errand::Read) == Verdict::Sent, phase.is_live(), "{phase}");
        }
        for errand in Errand::ALL {
            assert_eq!(Access::ReadOnly.lets_out(errand), errand == Errand::Read, "{errand:?}");
        }
    }
}
