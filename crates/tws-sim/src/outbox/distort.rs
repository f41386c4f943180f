//! What faults do to a message on its way out.

use tws_proto::ServerMessage;
use tws_proto::ids::{ClientId, OrderId, PermanentId};
use tws_proto::kinds::Status;

use super::{Outbox, Output, USUAL, Voice};
use crate::faults::{Fault, Switch};
use crate::orders::OrderKey;
use crate::session::SessionId;

/// What executions of manual orders may carry as their order id.
const MANUAL_FILL_ID: OrderId = OrderId(i32::MAX);

/// Place of the end of a list among the messages of its moment, where those before it are shuffled.
const BEHIND_A_LIST: u8 = 200;

/// What kind of message was told of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    OpenOrder,
    Status,
}

/// What a message is to faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Comes by itself because a market moved.
    Data,
    OpenOrder,
    Status,
    Execution,
    Commission,
    /// Ends a list.
    End,
    Accounts,
    Completed,
    AccountValue,
    Other,
}

impl Kind {
    const fn is_order_event(self) -> bool {
        matches!(self, Self::OpenOrder | Self::Status | Self::Execution | Self::Commission)
    }
}

fn kind(message: &ServerMessage) -> Kind {
    use ServerMessage as S;
    match message {
        S::TickPrice(_)
        | S::TickSize(_)
        | S::TickGeneric(_)
        | S::TickString(_)
        | S::TickOptionComputation(_)
        | S::TickExchangeForPhysical(_)
        | S::TickByTick(_)
        | S::MarketDepth(_)
        | S::MarketDepthLevel2(_)
        | S::RealTimeBar(_)
        | S::HistoricalDataUpdate(_) => Kind::Data,
        S::OpenOrder(_) => Kind::OpenOrder,
        S::OrderStatus(_) => Kind::Status,
        S::ExecutionData(_) => Kind::Execution,
        S::CommissionReport(_) => Kind::Commission,
        S::OpenOrdersEnd(_)
        | S::CompletedOrdersEnd(_)
        | S::ExecutionsEnd(_)
        | S::PositionEnd(_)
        | S::ModelPositionEnd(_)
        | S::ModelValueEnd(_)
        | S::AccountSummaryEnd(_)
        | S::AccountDownloadEnd(_)
        | S::ContractDataEnd(_)
        | S::TickSnapshotEnd(_)
        | S::OptionParametersEnd(_)
        | S::HistoricalDataEnd(_)
        | S::HistoricalNewsEnd(_) => Kind::End,
        S::ManagedAccounts(_) => Kind::Accounts,
        S::CompletedOrder(_) => Kind::Completed,
        S::AccountValue(_) => Kind::AccountValue,
        _ => Kind::Other,
    }
}

impl Outbox {
    /// Lets every fault have its way with a message, then keeps what is left of it until it is due.
    pub(super) fn distort(&mut self, session: SessionId, mut message: ServerMessage) {
        let kind = kind(&message);
        let client = self.clients.get(&session).copied();
        let is_news = self.voice == Voice::Unasked;
        self.rename(&mut message, client);
        if kind == Kind::Data && !self.data_flows(client) {
            return;
        }
        if self.flow.upstream_lost && kind.is_order_event() && is_news {
            self.held.push((session, message));
            return;
        }
        if self.is_lost(kind, &message, client, is_news) {
            return;
        }
        self.alter(kind, session, client, &mut message);
        let delay = self.latency_ms.saturating_add(self.delay(kind, client, is_news));
        let place = self.place(kind, client);
        let copies = self.copies(kind, client, is_news);
        for _ in 1..copies {
            self.keep(delay, place, Output::Send { session, message: message.clone() });
        }
        self.keep(delay, place, Output::Send { session, message });
    }

    fn strikes(&mut self, switch: Switch, client: Option<ClientId>) -> Option<Fault> {
        self.faults.strike(switch, client, self.now)
    }

    fn data_flows(&mut self, client: Option<ClientId>) -> bool {
        let stopped = self.flow.upstream_lost || self.flow.farm_down || self.flow.competing;
        !stopped && self.strikes(Switch::SilentData, client).is_none()
    }

    fn is_lost(&mut self, kind: Kind, message: &ServerMessage, client: Option<ClientId>, is_news: bool) -> bool {
        let ended = matches!(message, ServerMessage::OrderStatus(status) if status.status == Status::Cancelled);
        if ended && self.strikes(Switch::CancelWithoutStatus, client).is_some() {
            return true;
        }
        let switch = match kind {
            Kind::Status if is_news => Switch::MissingStatus,
            Kind::OpenOrder if is_news => Switch::MissingOpenOrder,
            Kind::Execution if is_news => Switch::MissingExecution,
            Kind::Commission if is_news => Switch::CommissionMissing,
            Kind::End => Switch::EndMarkerLost,
            _ => return false,
        };
        self.strikes(switch, client).is_some()
    }

    /// Orders that go by another id, and what hand-made ones are called.
    fn rename(&mut self, message: &mut ServerMessage, client: Option<ClientId>) {
        let (owner, order) = match message {
            ServerMessage::OpenOrder(open) => (open.order.client_id, &mut open.order_id),
            ServerMessage::OrderStatus(status) => (status.client_id, &mut status.order_id),
            ServerMessage::ExecutionData(data) => match &mut data.execution.order_id {
                Some(order) => (data.execution.client_id, order),
                None => return,
            },
            ServerMessage::Notice(notice) => {
                let key = client.zip(notice.id).map(|(client, id)| OrderKey { client, order: OrderId(id) });
                if let Some(shown) = key.and_then(|key| self.aliases.get(&key)) {
                    notice.id = Some(shown.0);
                }
                return;
            }
            _ => return,
        };
        let shown = owner.and_then(|client| self.aliases.get(&OrderKey { client, order: *order }).copied());
        if let Some(shown) = shown {
            *order = shown;
        }
        let by_hand = owner == Some(ClientId(0)) && *order <= OrderId(0);
        match message {
            ServerMessage::OpenOrder(open) => {
                if let Some(shown) = shown {
                    open.order.order_id = Some(shown);
                }
            }
            ServerMessage::ExecutionData(data) if by_hand && self.strikes(Switch::ManualFillId, client).is_some() => {
                data.execution.order_id = Some(MANUAL_FILL_ID);
            }
            _ => {}
        }
    }

    /// Changes what a message says.
    fn alter(&mut self, kind: Kind, session: SessionId, client: Option<ClientId>, message: &mut ServerMessage) {
        match (kind, message) {
            (Kind::Status, ServerMessage::OrderStatus(status)) => {
                if let Some(fault) = self.strikes(Switch::UnknownStatus, client) {
                    status.status = Status::from(fault.text_or("WarnState"));
                }
                if self.is_unnumbered(session, client, status.order_id, Told::Status) {
                    status.permanent_id = Some(PermanentId(0));
                }
            }
            (Kind::OpenOrder, ServerMessage::OpenOrder(open))
                if self.is_unnumbered(session, client, open.order_id, Told::OpenOrder) =>
            {
                open.order.permanent_id = Some(PermanentId(0));
            }
            (Kind::Commission, ServerMessage::CommissionReport(report))
                if self.strikes(Switch::CommissionUnset, client).is_some() =>
            {
                (report.realized_pnl, report.bond_yield) = (None, None);
            }
            (Kind::Completed, ServerMessage::CompletedOrder(done))
                if self.strikes(Switch::CompletedBare, client).is_some() =>
            {
                done.order.filled_quantity = Some(0.into());
            }
            (Kind::Accounts, ServerMessage::ManagedAccounts(accounts)) => {
                if let Some(fault) = self.strikes(Switch::AccountsMissing, client) {
                    fault.text_or("").clone_into(&mut accounts.accounts);
                }
            }
            (Kind::AccountValue, ServerMessage::AccountValue(value))
                if value.key == "AccountReady" && self.strikes(Switch::AccountNotReady, client).is_some() =>
            {
                "false".clone_into(&mut value.value);
            }
            _ => {}
        }
    }

    /// Whether this is the first message of its kind about an order, told before IB gave it a number.
    fn is_unnumbered(&mut self, session: SessionId, client: Option<ClientId>, order: OrderId, told: Told) -> bool {
        self.faults.standing(Switch::PermanentIdLate, client).is_some()
            && !self.numbered.contains(&(session, order, told))
            && self.strikes(Switch::PermanentIdLate, client).is_some()
            && self.numbered.insert((session, order, told))
    }

    fn delay(&mut self, kind: Kind, client: Option<ClientId>, is_news: bool) -> i64 {
        let mut delay = 0_i64;
        let mut add = |fault: Option<Fault>, default| {
            delay = delay.saturating_add(fault.map_or(0, |fault| fault.ms_or(default)));
        };
        match kind {
            Kind::Status if is_news => add(self.strikes(Switch::StatusLate, client), 1000),
            Kind::Execution if is_news => add(self.strikes(Switch::ExecutionsLate, client), 60_000),
            Kind::Commission if is_news => {
                add(self.strikes(Switch::ExecutionsLate, client), 60_000);
                add(self.strikes(Switch::CommissionLate, client), 600_000);
            }
            _ => {}
        }
        if kind.is_order_event()
            && let Some(fault) = self.strikes(Switch::Reorder, client).filter(|fault| fault.ms.is_some())
        {
            delay = delay.saturating_add(self.faults.roll(fault.ms_or(0).saturating_add(1)));
        }
        // The end of a list stays behind what it ends.
        if kind == Kind::End
            && let Some(active) = self.faults.standing(Switch::Reorder, client)
        {
            delay = delay.saturating_add(active.fault.ms_or(0));
        }
        delay
    }

    /// Where it stands among the messages of its moment.
    fn place(&mut self, kind: Kind, client: Option<ClientId>) -> u8 {
        let first = match kind {
            Kind::Commission => self.strikes(Switch::CommissionFirst, client).map(|_| 0),
            Kind::Execution => self.strikes(Switch::ExecutionFirst, client).map(|_| 1),
            _ => None,
        };
        if let Some(place) = first {
            return place;
        }
        if kind == Kind::End && self.faults.standing(Switch::Reorder, client).is_some() {
            return BEHIND_A_LIST;
        }
        let shuffled = kind.is_order_event() && self.faults.standing(Switch::Reorder, client).is_some()
            || self.voice == Voice::Start && self.strikes(Switch::StartShuffled, client).is_some();
        // Below the place of a closing, which stays behind all.
        let places = i64::from(BEHIND_A_LIST);
        if shuffled { u8::try_from(self.faults.roll(places)).unwrap_or(USUAL) } else { USUAL }
    }

    fn copies(&mut self, kind: Kind, client: Option<ClientId>, is_news: bool) -> i64 {
        let switch = match kind {
            Kind::Status => Switch::DuplicateStatus,
            Kind::Execution if is_news => Switch::DuplicateExecution,
            Kind::Commission if is_news => Switch::DuplicateCommission,
            _ => return 1,
        };
        self.strikes(switch, client).map_or(1, |fault| fault.number_or(2))
    }
}
