//! [`Core`]: the whole simulated TWS without socket, clock or task.
//!
//! Inputs go in with the time at which they happen, outputs come out; [`Core::next_wake`] says when the core wants to be
//! stepped again though nothing came in. The same configuration and the same inputs give the same outputs.

mod accounts;
mod advisor;
mod cancel;
mod combinations;
mod conditions;
mod configuration;
mod contracts;
mod data;
mod delayed;
mod depth;
mod display;
mod execution;
mod exercise;
mod expiry;
mod faults;
mod generic_ticks;
mod groups;
mod hand;
mod head;
mod histogram;
mod historical;
mod historical_ticks;
mod history;
mod horizon;
mod inquiries;
mod intercept;
mod lists;
mod login;
mod market_data;
mod modify;
mod money;
mod news;
mod opening;
mod option_requests;
mod orders;
mod positions;
mod preview;
mod profit;
mod real_time_bars;
mod scanner;
mod single_ticks;
mod start;
mod telling;
mod trouble;
mod upstream;

use std::collections::BTreeMap;

use tws_proto::ids::{ClientId, ContractId, OrderId};
use tws_proto::{BadFrame, ClientMessage, ServerVersion};

use crate::advisor::AdvisorSetup;
use crate::books::Books;
use crate::catalogue::Catalogue;
use crate::commission::CommissionSchedule;
use crate::currencies::Pairs;
use crate::data_settings::DataSettings;
use crate::faults::{Clear, Fault};
use crate::floor::Floor;
use crate::hours::MarketHours;
use crate::information::{Article, Bulletin, Information};
use crate::market::{Halt, Market, MarketEvent};
use crate::order_rules::OrderRules;
use crate::orders::{OrderDesk, OrderKey, OrderRecord};
use crate::outbox::{Outbox, Voice};
use crate::reference::Reference;
use crate::session::{Session, SessionId};
use crate::settings::ApiSettings;
use crate::statement::AccountReadiness;
use crate::tape::Tape;
use crate::time::SimTime;

pub use crate::account_setup::{AccountSetup, OpeningPosition};
pub use crate::outbox::{CloseReason, Output};
pub use hand::{HandRefused, Manual};

use advisor::AdvisorDesk;
use data::DataDesk;
use hand::HandDesk;

use trouble::Trouble;

/// What can happen to the simulated TWS.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A client finished the handshake.
    Connected {
        /// Its connection from now on.
        session: SessionId,
        /// Version both sides agreed on.
        version: ServerVersion,
    },
    /// A connection is gone.
    Disconnected {
        /// Which.
        session: SessionId,
    },
    /// A client said something.
    Message {
        /// Who.
        session: SessionId,
        /// What.
        message: ClientMessage,
    },
    /// A client sent a frame that could not be read.
    BadFrame {
        /// Who.
        session: SessionId,
        /// Id of the request, where the frame told that much.
        request: Option<i32>,
        /// What was wrong.
        bad: BadFrame,
    },
    /// A quote or a trade from outside. The market stands still from now on but for what is handed in. One that
    /// [`MarketEvent::check`] refuses is left out.
    Market {
        /// Where.
        contract: ContractId,
        /// What.
        event: MarketEvent,
    },
    /// Something goes wrong, now or from now on.
    Fault(Fault),
    /// Faults are over.
    Clear(Clear),
    /// An article comes; its time is now.
    Article(Article),
    /// A bulletin of IB comes; its time is now.
    Bulletin(Bulletin),
    /// Trading in a contract stops, or goes on.
    Halt {
        /// Where.
        contract: ContractId,
        /// How.
        halt: Halt,
    },
    /// The book of a contract is reset: every client is told to empty its own (317), and what is in it follows.
    ResetBook {
        /// Which.
        contract: ContractId,
    },
    /// Nothing but time.
    TimePassed,
}

/// What moves a market.
#[derive(Debug, Default)]
pub enum Feed {
    /// A random walk from the seed.
    #[default]
    Walk,
    /// Recorded rows.
    Tape(Tape),
    /// Nothing but [`Input::Market`].
    Still,
}

/// What a [`Core`] is made of.
#[derive(Debug)]
pub struct CoreSetup {
    /// All randomness comes from it.
    pub seed: u64,
    /// The time at which the core begins.
    pub start: SimTime,
    /// At least one.
    pub accounts: Vec<AccountSetup>,
    /// The contracts there are.
    pub catalogue: Catalogue,
    /// What moves the markets that are not named here.
    pub feed: Feed,
    /// What moves the markets of these contracts.
    pub feeds: BTreeMap<ContractId, Feed>,
    /// What fills cost.
    pub commissions: CommissionSchedule,
    /// How long every answer takes, milliseconds.
    pub latency_ms: i64,
    /// News, bulletins, scans and events.
    pub information: Information,
    /// Whether markets open and close.
    pub hours: MarketHours,
    /// What is set under "API".
    pub settings: ApiSettings,
    /// How orders are taken, held and filled.
    pub order_rules: OrderRules,
    /// Makes the login an advisor's, with the accounts under it.
    pub advisor: Option<AdvisorSetup>,
    /// Which market data the login may have, and how much of it.
    pub data: DataSettings,
}

impl CoreSetup {
    /// The built-in instruments, one paper account `DU1234567`, random markets.
    #[must_use]
    pub fn new(seed: u64, start: SimTime) -> Self {
        Self {
            seed,
            start,
            accounts: vec![AccountSetup::new("DU1234567")],
            catalogue: Catalogue::built_in(start),
            feed: Feed::Walk,
            feeds: BTreeMap::new(),
            commissions: CommissionSchedule::default(),
            latency_ms: 0,
            information: Information::built_in(start),
            hours: MarketHours::default(),
            settings: ApiSettings::default(),
            order_rules: OrderRules::default(),
            advisor: None,
            data: DataSettings::default(),
        }
    }
}

/// The whole simulated TWS.
#[derive(Debug)]
pub struct Core {
    start: SimTime,
    now: SimTime,
    catalogue: Catalogue,
    commissions: CommissionSchedule,
    accounts: Vec<AccountSetup>,
    markets: Floor,
    sessions: BTreeMap<SessionId, Session>,
    desk: OrderDesk,
    books: Books,
    /// First segment of execution ids: differs from run to run, so that a client's memory of an earlier one is no clash.
    execution_prefix: u32,
    executions: u64,
    day_end: SimTime,
    hours: MarketHours,
    reference: Reference,
    outbox: Outbox,
    settings: ApiSettings,
    rules: OrderRules,
    hand: HandDesk,
    pairs: Pairs,
    advisor: Option<AdvisorDesk>,
    readiness: AccountReadiness,
    next_profits: Option<SimTime>,
    trouble: Trouble,
    data: DataDesk,
}

impl Core {
    /// A TWS that nobody is connected to yet.
    #[must_use]
    pub fn new(setup: CoreSetup) -> Self {
        let CoreSetup {
            seed,
            start,
            accounts,
            catalogue,
            feed,
            feeds,
            commissions,
            latency_ms,
            information,
            hours,
            settings,
            order_rules,
            advisor,
            data,
        } = setup;
        let mut markets = Floor::new(seed, &feed, data.options);
        for (id, feed) in feeds {
            if let Some(instrument) = catalogue.by_id(id) {
                markets.open_with(instrument, feed, start);
            }
        }
        let mut core = Self {
            start,
            now: start,
            books: Books::new(&accounts).with_advisor(advisor.as_ref().map(|advisor| advisor.account.as_str())),
            desk: OrderDesk::new(first_permanent_id(start)),
            execution_prefix: (start.seconds() & 0xFFFF_FFFF) as u32,
            executions: 0,
            day_end: start.day_end(),
            commissions,
            hours,
            reference: Reference::new(information, configuration::initial(&settings), start),
            accounts,
            markets,
            sessions: BTreeMap::new(),
            settings,
            rules: order_rules,
            hand: HandDesk::new(seed),
            pairs: Pairs::of(&catalogue),
            advisor: advisor.map(AdvisorDesk::new),
            readiness: AccountReadiness::default(),
            next_profits: None,
            outbox: Outbox::new(latency_ms, seed),
            trouble: Trouble::new(seed),
            data: DataDesk::new(data),
            catalogue,
        };
        core.outbox.set_time(start);
        core.open_books();
        core.advance(start);
        core
    }

    /// Lets everything happen that is due by `now`, then `input`, and tells what has to be done. Time never goes back:
    /// an earlier `now` counts as the latest one.
    pub fn step(&mut self, input: Input, now: SimTime) -> Vec<Output> {
        let now = now.max(self.now);
        self.advance(now);
        match input {
            Input::Connected { session, version } => {
                self.sessions.insert(session, Session::new());
                self.open_data(session, version);
            }
            Input::Disconnected { session } => self.forget(session),
            Input::Message { session, message } => {
                if self.sessions.contains_key(&session) {
                    self.take(session, message);
                }
            }
            Input::BadFrame { session, request, bad } => {
                if self.sessions.contains_key(&session) {
                    let text = format!("Error reading request. {bad}");
                    self.outbox.notice(session, request.unwrap_or(-1), 320, text);
                }
            }
            Input::Market { contract, event } => {
                if let Err(impossible) = event.check() {
                    tracing::warn!(%contract, %impossible, "what a market cannot show is left out");
                    return self.outbox.due(now);
                }
                self.open_market(contract);
                self.markets.stand_still(contract);
                self.market_event(contract, &event);
            }
            Input::Fault(fault) => self.inject(fault),
            Input::Clear(clear) => self.clear_faults(clear),
            Input::Article(article) => self.publish_article(article),
            Input::Bulletin(bulletin) => self.publish_bulletin(bulletin),
            Input::Halt { contract, halt } => self.halt(contract, halt),
            Input::ResetBook { contract } => self.reset_book(contract),
            Input::TimePassed => {}
        }
        self.outbox.due(now)
    }

    /// When the core wants to be stepped next, whatever else happens.
    #[must_use]
    pub fn next_wake(&self) -> Option<SimTime> {
        [self.next_due().map(|(time, _)| time), self.outbox.next_time()].into_iter().flatten().min()
    }

    /// The time of the last step.
    #[must_use]
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// When the core began: the moment at which the first row of every tape happens.
    #[must_use]
    pub const fn started_at(&self) -> SimTime {
        self.start
    }

    /// The contracts there are.
    #[must_use]
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What an instrument shows now. A market that nobody has asked for is not open and shows nothing.
    #[must_use]
    pub fn market(&self, contract: ContractId) -> Option<&Market> {
        self.markets.get(&contract)
    }

    /// Whether any client waits for a market to move: it has a subscription, a scan or a live order.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        let subscribed = self.data.is_watched();
        subscribed || self.next_scan().is_some() || self.desk.live().next().is_some()
    }

    /// When an answer that takes its time is due.
    #[must_use]
    pub fn next_output_time(&self) -> Option<SimTime> {
        self.outbox.next_time()
    }

    /// When a market moves next by itself.
    #[must_use]
    pub fn next_market_time(&self) -> Option<SimTime> {
        self.markets.next_due().map(|(time, _)| time)
    }

    /// Cash, holdings and executions of all accounts.
    #[must_use]
    pub const fn books(&self) -> &Books {
        &self.books
    }

    /// Every order the broker has heard of, by client and id.
    pub fn orders(&self) -> impl Iterator<Item = &OrderRecord> {
        self.desk.iter()
    }

    /// One order.
    #[must_use]
    pub fn order(&self, client: ClientId, order: OrderId) -> Option<&OrderRecord> {
        self.desk.get(OrderKey { client, order })
    }

    /// How orders are taken, held and filled.
    #[must_use]
    pub const fn order_rules(&self) -> &OrderRules {
        &self.rules
    }

    /// Changes how orders are taken, held and filled from now on.
    pub fn set_order_rules(&mut self, rules: OrderRules) {
        self.rules = rules;
    }

    /// Whose connection it is, once it started the API.
    #[must_use]
    pub fn client_of(&self, session: SessionId) -> Option<ClientId> {
        self.sessions.get(&session)?.client
    }

    /// Client ids that are connected.
    pub fn clients(&self) -> impl Iterator<Item = ClientId> {
        self.sessions.values().filter_map(|session| session.client)
    }

    /// Hands on what faults leave of a message.
    fn take(&mut self, session: SessionId, message: ClientMessage) {
        if let Some(message) = self.intercept(session, message) {
            self.carry_out(session, message);
        }
        self.outbox.voice = Voice::default();
    }

    /// Does what is left of a message.
    fn carry_out(&mut self, session: SessionId, message: ClientMessage) {
        let placed = match &message {
            ClientMessage::PlaceOrder(request) => Some(request.order_id),
            _ => None,
        };
        self.handle(session, message);
        let client = self.sessions.get(&session).and_then(|session| session.client);
        if let Some((client, order)) = client.zip(placed) {
            self.remark_on(OrderKey { client, order });
        }
    }

    fn handle(&mut self, session: SessionId, message: ClientMessage) {
        if let ClientMessage::StartApi(start) = message {
            return self.start_api(session, &start);
        }
        let Some(client) = self.sessions.get(&session).and_then(|session| session.client) else {
            // TWS drops what comes before START_API.
            tracing::debug!(?session, "dropped a message before START_API");
            return;
        };
        match message {
            ClientMessage::StartApi(_) => {} // answered above
            ClientMessage::RequestIds(_) => self.send_next_valid_id(session),
            ClientMessage::RequestManagedAccounts(_) => self.send_managed_accounts(session),
            ClientMessage::RequestCurrentTime(_) => self.send_time(session),
            ClientMessage::RequestCurrentTimeMillis(_) => self.send_time_ms(session),
            ClientMessage::RequestContractData(request) => self.send_contract_data(session, &request),
            ClientMessage::PlaceOrder(request) => self.place_order(session, client, &request),
            ClientMessage::CancelOrder(cancel) => self.cancel_order(session, client, cancel.order_id),
            ClientMessage::GlobalCancel(_) => self.global_cancel(),
            ClientMessage::RequestOpenOrders(_) => self.send_open_orders(session, client),
            ClientMessage::RequestAutoOpenOrders(request) => self.set_auto_open(session, client, &request),
            ClientMessage::RequestAllOpenOrders(_) => self.send_all_open_orders(session),
            ClientMessage::RequestCompletedOrders(request) => self.send_completed_orders(session, &request),
            ClientMessage::RequestExecutions(request) => self.send_executions(session, &request),
            ClientMessage::RequestPositions(_) => self.request_positions(session),
            ClientMessage::CancelPositions(_) => self.cancel_positions(session),
            ClientMessage::RequestAccountSummary(request) => self.request_summary(session, &request),
            ClientMessage::CancelAccountSummary(cancel) => self.cancel_summary(session, cancel.request_id),
            ClientMessage::RequestAccountUpdates(request) => self.request_account_updates(session, &request),
            ClientMessage::RequestModelValues(request) => self.request_model_values(session, &request),
            ClientMessage::CancelModelValues(cancel) => self.cancel_model_values(session, cancel.request_id),
            ClientMessage::RequestModelPositions(request) => self.request_model_positions(session, &request),
            ClientMessage::CancelModelPositions(cancel) => self.cancel_model_positions(session, cancel.request_id),
            ClientMessage::RequestAdvisorData(request) => self.send_advisor_data(session, &request),
            ClientMessage::ReplaceAdvisorData(request) => self.replace_advisor_data(session, &request),
            ClientMessage::RequestProfit(request) => self.request_profit(session, &request),
            ClientMessage::CancelProfit(cancel) => self.cancel_profit(session, cancel.request_id),
            ClientMessage::RequestPositionProfit(request) => self.request_position_profit(session, &request),
            ClientMessage::CancelPositionProfit(cancel) => self.cancel_position_profit(session, cancel.request_id),
            ClientMessage::ExerciseOptions(request) => self.exercise_options(session, client, &request),
            other => {
                if let Some(other) = self.handle_data(session, other) {
                    self.answer_inquiry(session, &other);
                }
            }
        }
    }

    /// What is due next: the earliest of all, the market with the lowest number first.
    fn next_due(&self) -> Option<(SimTime, Due)> {
        let market = self.markets.next_due().map(|(time, id)| (time, Due::Market(id)));
        let snapshots = self.next_snapshot().map(|time| (time, Due::Snapshots));
        let bars = self.data.bars_end.map(|time| (time, Due::Bars));
        let delayed = self.next_delayed().map(|time| (time, Due::Delayed));
        let summaries = self.next_account_update().map(|time| (time, Due::AccountUpdates));
        let orders = self.desk.next_wake().map(|time| (time, Due::Orders));
        let news = self.reference.next_time().map(|time| (time, Due::News));
        let scans = self.next_scan().map(|time| (time, Due::Scans));
        let day_end = std::iter::once((self.day_end, Due::DayEnd));
        let profits = self.next_profits().map(|time| (time, Due::Profits));
        let trouble = self.next_trouble().map(|time| (time, Due::Trouble));
        let own = market.into_iter().chain(orders).chain(trouble).chain(day_end);
        let data = bars.into_iter().chain(delayed).chain(snapshots);
        own.chain(data).chain(summaries).chain(profits).chain(news).chain(scans).min()
    }

    /// Lets everything happen that is due by `until`, in order of time.
    fn advance(&mut self, until: SimTime) {
        while let Some((time, due)) = self.next_due().filter(|(time, _)| *time <= until) {
            self.set_time(time.max(self.now));
            match due {
                Due::Market(contract) => self.move_market(contract),
                Due::Orders => self.look_at_orders(),
                Due::Trouble => self.look_after_faults(),
                Due::Snapshots => self.end_snapshots(),
                Due::Bars => self.tell_bars(),
                Due::Delayed => self.tell_delayed(),
                Due::AccountUpdates => self.update_due_accounts(),
                Due::Profits => self.update_profits(),
                Due::News => self.tell_news(),
                Due::Scans => self.repeat_scans(),
                Due::DayEnd => {
                    self.end_contracts();
                    self.end_market_day();
                    self.desk.forget_spent_groups();
                    self.begin_day();
                    self.forget_old();
                    self.day_end = self.now.day_end();
                }
            }
        }
        self.set_time(until);
    }

    fn set_time(&mut self, now: SimTime) {
        self.now = now;
        self.outbox.set_time(now);
    }

    /// Opens the market of an instrument that somebody asks for.
    pub(crate) fn open_market(&mut self, contract: ContractId) {
        if let Some(instrument) = self.catalogue.by_id(contract) {
            self.markets.open(&self.catalogue, instrument, self.now);
        }
    }

    /// The connection of a client, while there is one.
    fn session_of(&self, client: ClientId) -> Option<SessionId> {
        self.sessions.iter().find(|(_, session)| session.client == Some(client)).map(|(id, _)| *id)
    }

    fn forget(&mut self, session: SessionId) {
        self.note_lost_id(session);
        self.trouble.forget(session);
        self.sessions.remove(&session);
        self.close_data(session);
        self.outbox.forget(session);
    }
}

/// What happens by itself when its time comes. The order of the variants is the order at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Orders,
    DayEnd,
    /// Before the market moves on: a bar ends with what happened until then.
    Bars,
    Market(ContractId),
    Delayed,
    Snapshots,
    AccountUpdates,
    Profits,
    Trouble,
    News,
    Scans,
}

/// Ten a second since the epoch: a simulator that is started later begins above what an earlier one gave out, and below
/// server version 191 the wire has 32 bits for it.
fn first_permanent_id(start: SimTime) -> i64 {
    start.0.div_euclid(100).rem_euclid(1_900_000_000) + 1
}
