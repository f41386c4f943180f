//! [`View`]: what a login has, as far as it was told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Instant;

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId, split_execution_id};
use tws_proto::kinds::Status;
use tws_proto::message::{
    CommissionReport, ExecutionData, OpenOrder, OrderStatus, PortfolioValue, Position, ServerMessage,
};
use tws_proto::{BadFrame, Fault};

use crate::feed::{portfolio_key, position_key};
use crate::notice::UPSTREAM_BACK_DATA_LOST;
use crate::request::{Executions, OpenOrders};
use crate::state::{Epoch, LaneEvent, StateChange};

/// Fills that are kept; of more, the oldest go.
const FILLS_MOST: usize = 50_000;

/// What a login has, as far as it was told. After a lost link it keeps the last that is known until that is told anew, and
/// [`View::is_current`] is false until everything was told whole.
#[derive(Clone, Default)]
pub struct View {
    /// The connection that stands, where TWS has IB, too.
    link: Option<Epoch>,
    accounts: Vec<String>,
    values: BTreeMap<ValueName, String>,
    portfolio: BTreeMap<PlaceName, PortfolioValue>,
    positions: BTreeMap<PlaceName, Position>,
    orders: BTreeMap<OrderName, LiveOrder>,
    fills: BTreeMap<String, Fill>,
    fills_by_age: VecDeque<String>,
    told: Told,
    /// Counts what the lane told of orders.
    sequence: u64,
    /// Orders that ended while the list of open orders is awaited.
    ended: BTreeSet<OrderName>,
    /// Positions that the lane has told since they were begun to be told anew.
    positions_told: Option<BTreeSet<PlaceName>>,
    /// Accounts whose positions have changed since their worth was asked for.
    moved: BTreeSet<String>,
}

/// Account, key (`NetLiquidation`), currency.
type ValueName = (String, String, String);
/// Account, contract.
type PlaceName = (String, Option<ContractId>, String);

/// What was told whole in the connection that stands.
#[derive(Clone, Debug, Default)]
struct Told {
    orders: bool,
    fills: bool,
    /// In which connection the lane told all positions.
    positions: Option<Epoch>,
    /// In which connection it is about to.
    positions_epoch: Option<Epoch>,
    /// Whether one of them may be missing.
    are_positions_doubtful: bool,
    /// In which connection the values of an account were told.
    values: BTreeMap<String, Epoch>,
    /// In which connection, and when, the worth of the positions of an account was told.
    portfolios: BTreeMap<String, (Epoch, Instant)>,
}

/// A part of a [`View`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    /// The link to TWS, or that of TWS to IB.
    Link,
    /// The open orders.
    Orders,
    /// Today's executions.
    Fills,
    /// The positions of all accounts.
    Positions,
    /// The values of an account.
    Values {
        /// Of which account.
        account: String,
    },
    /// What the positions of an account are worth.
    Portfolio {
        /// Of which account.
        account: String,
    },
}

/// What tells one order from another: IB's number where it has one, else that of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderName {
    /// IB's number. Wire name `permId`.
    Permanent(PermanentId),
    /// The number that a client has chosen.
    Client(ClientId, OrderId),
}

/// An order that is open, as far as was told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveOrder {
    /// The order and its contract (`OPEN_ORDER`).
    pub open: Option<Box<OpenOrder>>,
    /// The last word on its status (`ORDER_STATUS`): what filled and what remains.
    pub status: Option<OrderStatus>,
    sequence: u64,
}

/// One execution, its newest revision, and what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    /// The execution (`EXECUTION_DATA`).
    pub data: ExecutionData,
    /// What it cost (`COMMISSION_REPORT`), once that was told.
    pub cost: Option<CommissionReport>,
}

impl View {
    /// Whether everything was told whole in the connection that stands, and TWS has IB. What the reader of the order lane
    /// has not read yet is not in it.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.missing().is_empty()
    }

    /// What was not told whole in the connection that stands.
    #[must_use]
    pub fn missing(&self) -> Vec<Section> {
        let mut missing = Vec::new();
        let mut need = |is_told: bool, section: Section| {
            if !is_told {
                missing.push(section);
            }
        };
        need(self.link.is_some(), Section::Link);
        need(self.told.orders, Section::Orders);
        need(self.told.fills, Section::Fills);
        need(self.told.positions.is_some() && self.told.positions == self.link, Section::Positions);
        for account in &self.accounts {
            let values = self.told.values.get(account);
            need(self.link.is_some() && values == self.link.as_ref(), Section::Values { account: account.clone() });
            let portfolio = self.told.portfolios.get(account).map(|(epoch, _)| epoch);
            need(
                self.link.is_some() && portfolio == self.link.as_ref(),
                Section::Portfolio { account: account.clone() },
            );
        }
        missing
    }

    /// The accounts of the login.
    #[must_use]
    pub fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// A value of an account, by TWS's key (`NetLiquidation`) and currency (empty where it has none), as TWS spells it.
    #[must_use]
    pub fn value(&self, account: &str, key: &str, currency: &str) -> Option<&str> {
        let name = (account.to_owned(), key.to_owned(), currency.to_owned());
        self.values.get(&name).map(String::as_str)
    }

    /// The same as a number; `None` where it is not there, or is none.
    #[must_use]
    pub fn number(&self, account: &str, key: &str, currency: &str) -> Option<Decimal> {
        self.value(account, key, currency)?.parse().ok()
    }

    /// Every value: account, key, currency, value.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str, &str, &str)> {
        self.values.iter().map(|((account, key, currency), value)| (&**account, &**key, &**currency, &**value))
    }

    /// The positions that are not zero, with what they are worth, of all accounts.
    pub fn portfolio(&self) -> impl Iterator<Item = &PortfolioValue> {
        self.portfolio.values()
    }

    /// The same of one account.
    pub fn portfolio_of(&self, account: &str) -> impl Iterator<Item = &PortfolioValue> {
        self.portfolio().filter(move |line| line.account == account)
    }

    /// When the worth of the positions of an account was last told.
    #[must_use]
    pub fn worth_told(&self, account: &str) -> Option<Instant> {
        self.told.portfolios.get(account).map(|(_, at)| *at)
    }

    /// The positions that are not zero, of all accounts.
    pub fn positions(&self) -> impl Iterator<Item = &Position> {
        self.positions.values()
    }

    /// How much of a contract an account has; zero where nothing else was told.
    #[must_use]
    pub fn position(&self, account: &str, contract: ContractId) -> Decimal {
        let mine = |position: &&Position| position.account == account && position.contract.known_id() == Some(contract);
        self.positions().find(mine).and_then(|position| position.position).unwrap_or_default()
    }

    /// The open orders of all clients, and those by hand.
    pub fn orders(&self) -> impl Iterator<Item = (OrderName, &LiveOrder)> {
        self.orders.iter().map(|(name, order)| (*name, order))
    }

    /// Today's executions, and those since the program began: each once, with its newest revision, in the order of their
    /// ids. The last 50 000 are kept.
    pub fn fills(&self) -> impl Iterator<Item = &Fill> {
        self.fills.values()
    }

    /// The executions of one order.
    pub fn fills_of(&self, order: PermanentId) -> impl Iterator<Item = &Fill> {
        self.fills().filter(move |fill| fill.data.execution.permanent_id == Some(order))
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) fn is_linked(&self, epoch: Epoch) -> bool {
        self.link == Some(epoch)
    }

    pub(super) fn lose_link(&mut self) {
        self.link = None;
        (self.told.orders, self.told.fills) = (false, false);
    }

    pub(super) fn have_link(&mut self, epoch: Epoch, accounts: &[String]) {
        self.link = Some(epoch);
        self.accounts = accounts.to_vec();
        self.ended.clear();
    }

    /// Takes an event of the lane; false where it changes nothing here.
    pub(super) fn take_event(&mut self, event: &LaneEvent) -> bool {
        match event {
            LaneEvent::Message(message) => self.take_message(message),
            LaneEvent::State(change) => self.take_change(change),
            LaneEvent::BadFrame(bad) => self.doubt(bad),
            LaneEvent::Notice(_) | LaneEvent::Unsent(_) => false,
        }
    }

    /// What could not be read is not in the view: what it was about must be told anew.
    fn doubt(&mut self, bad: &BadFrame) -> bool {
        let (orders, fills, positions) = match (bad.message, &bad.fault) {
            // No message that both sides know.
            (_, Fault::UnknownMessage(_)) => return false,
            ("OPEN_ORDER" | "OPEN_ORDER_END" | "ORDER_STATUS", _) => (true, false, false),
            ("EXECUTION_DATA" | "EXECUTION_DATA_END" | "COMMISSION_AND_FEES_REPORT", _) => (false, true, false),
            ("POSITION_DATA" | "POSITION_END", _) => (false, false, true),
            ("frame", _) => (true, true, true),
            _ => return false,
        };
        self.told.orders &= !orders;
        self.told.fills &= !fills;
        if positions {
            self.told.positions = None;
            self.told.are_positions_doubtful = true;
        }
        true
    }

    pub(super) fn has_orders(&self) -> bool {
        self.told.orders
    }

    pub(super) fn has_fills(&self) -> bool {
        self.told.fills
    }

    /// Whether a position may be missing, until all are about to be told anew.
    pub(super) fn doubts_positions(&self) -> bool {
        self.told.are_positions_doubtful
    }

    /// The positions are going to be told anew in the connection in which they were told last.
    pub(super) fn retell_positions(&mut self) {
        if let Some(epoch) = self.told.positions_epoch {
            self.begin_positions(epoch);
        }
    }

    fn take_message(&mut self, message: &ServerMessage) -> bool {
        match message {
            ServerMessage::OpenOrder(open) => self.take_open(open),
            ServerMessage::OrderStatus(status) => self.take_status(status),
            ServerMessage::ExecutionData(data) => self.take_execution(data),
            ServerMessage::CommissionReport(cost) => self.take_cost(cost),
            ServerMessage::Position(position) => self.take_position(position),
            ServerMessage::PositionEnd(_) => {
                if self.told.are_positions_doubtful {
                    return false;
                }
                // Whatever was not told is no more.
                let Some((epoch, told)) = self.told.positions_epoch.zip(self.positions_told.take()) else {
                    return false;
                };
                self.positions.retain(|name, _| told.contains(name));
                self.told.positions = Some(epoch);
            }
            _ => return false,
        }
        true
    }

    /// In the order of the wire: positions are told anew in every connection, and where TWS has lost data.
    fn take_change(&mut self, change: &StateChange) -> bool {
        match change {
            StateChange::EpochBegan { epoch } => self.begin_positions(*epoch),
            StateChange::UpstreamUp { epoch, code } if *code == UPSTREAM_BACK_DATA_LOST => self.begin_positions(*epoch),
            StateChange::EpochLost { .. } => {
                self.told.positions = None;
                self.positions_told = None;
            }
            _ => return false,
        }
        true
    }

    fn begin_positions(&mut self, epoch: Epoch) {
        self.told.positions = None;
        self.told.positions_epoch = Some(epoch);
        self.told.are_positions_doubtful = false;
        self.positions_told = Some(BTreeSet::new());
    }

    fn take_open(&mut self, open: &OpenOrder) {
        let name = self.name_of(open.order.permanent_id, open.order.client_id, open.order_id);
        if open.state.status.as_ref().is_some_and(is_final) {
            return self.end_order(name);
        }
        self.sequence += 1;
        let order = self.orders.entry(name).or_default();
        (order.open, order.sequence) = (Some(Box::new(open.clone())), self.sequence);
    }

    fn take_status(&mut self, status: &OrderStatus) {
        let name = self.name_of(status.permanent_id, status.client_id, status.order_id);
        if is_final(&status.status) {
            return self.end_order(name);
        }
        self.sequence += 1;
        let order = self.orders.entry(name).or_default();
        (order.status, order.sequence) = (Some(status.clone()), self.sequence);
    }

    fn end_order(&mut self, name: OrderName) {
        self.orders.remove(&name);
        // A list that is on its way may still have it.
        if !self.told.orders {
            self.ended.insert(name);
        }
    }

    /// The name of an order; what was known of it before IB had it moves under IB's number.
    fn name_of(&mut self, permanent: Option<PermanentId>, client: Option<ClientId>, order: OrderId) -> OrderName {
        let by_client = OrderName::Client(client.unwrap_or_default(), order);
        let Some(permanent) = permanent.and_then(PermanentId::known) else { return by_client };
        let name = OrderName::Permanent(permanent);
        if let Some(early) = self.orders.remove(&by_client) {
            self.orders.entry(name).or_insert(early);
        }
        name
    }

    /// The list of all open orders, asked for when the lane had told so much: adds what the lane has not told yet, and
    /// removes what is neither in the list nor was told since.
    pub(super) fn take_open_orders(&mut self, open: OpenOrders, since: u64) {
        let mut listed = BTreeSet::new();
        for order in open.orders {
            let name = self.name_of(order.order.permanent_id, order.order.client_id, order.order_id);
            listed.insert(name);
            if !self.ended.contains(&name) {
                self.orders.entry(name).or_default().open.get_or_insert_with(|| Box::new(order));
            }
        }
        for status in open.statuses {
            let name = self.name_of(status.permanent_id, status.client_id, status.order_id);
            if let Some(order) = self.orders.get_mut(&name) {
                order.status.get_or_insert(status);
            }
        }
        self.orders.retain(|name, order| listed.contains(name) || order.sequence > since);
        self.ended.clear();
        self.told.orders = true;
    }

    pub(super) fn take_executions(&mut self, executions: Executions) {
        executions.executions.iter().for_each(|data| self.take_execution(data));
        executions.commissions.iter().for_each(|cost| self.take_cost(cost));
        self.told.fills = true;
    }

    fn take_execution(&mut self, data: &ExecutionData) {
        let (root, revision) = split_execution_id(&data.execution.execution_id);
        match self.fills.get_mut(root) {
            Some(fill) if split_execution_id(&fill.data.execution.execution_id).1 >= revision => {}
            Some(fill) => *fill = Fill { data: data.clone(), cost: None },
            None => {
                self.fills.insert(root.to_owned(), Fill { data: data.clone(), cost: None });
                self.fills_by_age.push_back(root.to_owned());
                if self.fills_by_age.len() > FILLS_MOST {
                    self.fills_by_age.pop_front().and_then(|oldest| self.fills.remove(&oldest));
                }
            }
        }
    }

    /// A cost belongs to one revision; what it cost before a correction is history.
    fn take_cost(&mut self, cost: &CommissionReport) {
        let (root, _) = split_execution_id(&cost.execution_id);
        if let Some(fill) = self.fills.get_mut(root)
            && fill.data.execution.execution_id == cost.execution_id
        {
            fill.cost = Some(cost.clone());
        }
    }

    fn take_position(&mut self, position: &Position) {
        let name = position_key(position);
        let worth_of = self.portfolio.get(&name).and_then(|line| line.position).unwrap_or_default();
        if worth_of != position.position.unwrap_or_default() {
            self.moved.insert(position.account.clone());
        }
        if position.position.is_none_or(|size| size.is_zero()) {
            self.positions.remove(&name);
        } else {
            self.positions.insert(name.clone(), position.clone());
        }
        if let Some(told) = &mut self.positions_told {
            told.insert(name);
        }
    }

    pub(super) fn take_value(&mut self, name: ValueName, value: String) {
        self.values.insert(name, value);
    }

    /// A position and its worth, as a stream of its account tells it.
    pub(super) fn take_line(&mut self, line: PortfolioValue, at: Instant) {
        if let Some((_, told)) = self.told.portfolios.get_mut(&line.account) {
            *told = at;
        }
        self.keep_line(line);
    }

    fn keep_line(&mut self, line: PortfolioValue) {
        let name = portfolio_key(&line);
        if line.position.is_none_or(|size| size.is_zero()) {
            self.portfolio.remove(&name);
        } else {
            self.portfolio.insert(name, line);
        }
    }

    /// All positions of an account and their worth, as it was asked for in a connection; an answer out of an older one
    /// comes too late.
    pub(super) fn take_portfolio(&mut self, account: &str, lines: Vec<PortfolioValue>, epoch: Epoch, at: Instant) {
        if self.link != Some(epoch) {
            return;
        }
        self.portfolio.retain(|(of, ..), _| of != account);
        lines.into_iter().for_each(|line| self.keep_line(line));
        self.complete_portfolio(account, epoch, at);
    }

    pub(super) fn complete_portfolio(&mut self, account: &str, epoch: Epoch, at: Instant) {
        self.told.portfolios.insert(account.to_owned(), (epoch, at));
    }

    /// Whether positions of an account have changed since their worth was asked for.
    pub(super) fn has_moved(&self, account: &str) -> bool {
        self.moved.contains(account)
    }

    /// The worth of the positions of an account is being asked for.
    pub(super) fn forget_moved(&mut self, account: &str) {
        self.moved.remove(account);
    }

    /// The values of an account are going to be told anew.
    pub(super) fn lose_values(&mut self, account: &str) {
        self.told.values.remove(account);
        self.values.retain(|(of, ..), _| of != account);
    }

    /// The values of an account, and its portfolio, are going to be told anew.
    pub(super) fn lose_account(&mut self, account: &str) {
        self.lose_values(account);
        self.told.portfolios.remove(account);
        self.portfolio.retain(|(of, ..), _| of != account);
    }

    pub(super) fn complete_values(&mut self, account: &str, epoch: Epoch) {
        self.told.values.insert(account.to_owned(), epoch);
    }
}

/// Whether an order is open no more, as far as TWS knows.
fn is_final(status: &Status) -> bool {
    matches!(status, Status::Filled | Status::Cancelled | Status::ApiCancelled)
}

/// Account numbers stay out of logs, and Debug is how most of them are written.
impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("is_current", &self.is_current())
            .field("accounts", &self.accounts.len())
            .field("values", &self.values.len())
            .field("positions", &self.positions.len())
            .field("orders", &self.orders.len())
            .field("fills", &self.fills.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(order_id: i32, status: Status) -> LaneEvent {
        let status = OrderStatus { order_id: OrderId(order_id), status, ..OrderStatus::default() };
        LaneEvent::Message(Box::new(status).into())
    }

    #[test]
    fn orders_that_have_ended_are_remembered_only_while_a_list_of_them_is_awaited() {
        let mut view = View::default();
        view.take_event(&status(1, Status::Filled));
        let listed = |ids: &[i32]| {
            let orders = ids.iter().map(|id| OpenOrder { order_id: OrderId(*id), ..OpenOrder::default() }).collect();
            OpenOrders { orders, ..OpenOrders::default() }
        };
        view.take_open_orders(listed(&[1, 2]), 0);
        assert_eq!(view.orders().count(), 1, "the list is older than the end of the first");
        for id in 2..1000 {
            view.take_event(&status(id, Status::Submitted));
            view.take_event(&status(id, Status::Filled));
        }
        assert_eq!((view.orders().count(), view.ended.len()), (0, 0));
    }
}
