//! [`Event`]: what travels on the bus.

use std::time::Duration;

use event_bus::{Closed, Feed, Queue, Subscription};
use order::{Commission, Fill, IntentId, OrderUpdate, Outcome};
use risk::OpenAlarm;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::ContractId;

use crate::books::UnbookedCause;
use crate::config::Arming;
use crate::mask::Masked;
use crate::quote::Quote;
use crate::template::TemplateEnd;

/// Something that strategies, dashboards and logs can hear of. Orders, fills and positions are durable before they
/// appear here. Only where the journal has failed, which [`Alarm::Halted`] says first, is what the broker does still
/// told without.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A market moved.
    Quote(Quote),
    /// Market data of a contract was interrupted; the next quote is fresh.
    QuoteGap {
        /// Whose.
        contract_id: ContractId,
    },
    /// An order's state or quantities changed.
    Order(OrderUpdate),
    /// Something was traded; the position has moved already.
    Fill(Box<FillEvent>),
    /// What a fill cost.
    Commission(Commission),
    /// What became of a cancel or a change.
    Outcome(Outcome),
    /// The trader's own state changed.
    State(TraderState),
    /// A person should know.
    Alarm(Alarm),
    /// A person was told and has not said to know: it is told again (C14).
    AlarmStands(OpenAlarm),
    /// Something from outside: a prediction, a news item, a number.
    Signal(Signal),
    /// A remark of TWS that names no order.
    Notice {
        /// Its code.
        code: i32,
        /// Its words.
        text: String,
    },
}

/// A fill and what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillEvent {
    /// The fill.
    pub fill: Fill,
    /// Profit it realised, before commission.
    pub realised: Decimal,
    /// The strategy's position after it.
    pub position: Decimal,
}

/// Something from outside the trader, put on the bus by [`Handle::publish`](crate::Handle::publish).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Who says it.
    pub source: String,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub value: serde_json::Value,
}

/// Where the trader stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraderState {
    /// Its phase.
    pub phase: Phase,
    /// Why, where a phase needs words.
    pub reason: String,
    /// The connection, counted from 1.
    pub epoch: u64,
    /// Accounts it may trade.
    pub accounts: Vec<String>,
}

/// What the trader takes.
///
/// | phase | new and changed orders | cancels |
/// |---|---|---|
/// | Connecting | refused | kept, sent first on return |
/// | Reconciling | refused | sent |
/// | Ready | taken | sent |
/// | Degraded | refused | tried now, again on return |
/// | Killed | refused | sent |
/// | Halted | refused | sent, unless the login is not the right one |
/// | Stopped | refused | refused |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No session with TWS.
    Connecting,
    /// The session stands; the broker's book is being compared with ours.
    Reconciling,
    /// Orders are taken.
    Ready,
    /// TWS has lost IB.
    Degraded,
    /// A person has stopped trading; only a person lets it go on.
    Killed,
    /// Something is wrong that only a person can mend; see the reason.
    Halted,
    /// The trader has ended.
    Stopped,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Connecting => "connecting",
            Self::Reconciling => "reconciling",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Killed => "killed",
            Self::Halted => "halted",
            Self::Stopped => "stopped",
        })
    }
}

/// Something a person should know.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Alarm {
    /// The order book says so.
    #[error(transparent)]
    Order(order::Alarm),
    /// Something happened at the broker that our own books cannot count.
    #[error("{what} could not be booked: {cause}; positions may differ from the broker's")]
    NotBooked {
        /// What.
        what: String,
        /// Why.
        cause: UnbookedCause,
    },
    /// The trader has stopped taking orders.
    #[error("trading is halted: {0}")]
    Halted(String),
    /// The disk does not answer: no orders are taken until it does, cancels leave without a record (R37).
    #[error("the journal's disk has not answered for {waited:?}; no orders are taken until it does")]
    JournalSlow {
        /// For how long.
        waited: Duration,
    },
    /// A position at the broker is not the one our fills make; it was adjusted.
    #[error(
        "account {} holds {broker} {symbol} at the broker and {ours} by our fills; the difference is booked as EXTERNAL",
        Masked(account)
    )]
    PositionAdjusted {
        /// Which account.
        account: String,
        /// Of what.
        symbol: String,
        /// What the broker says.
        broker: Decimal,
        /// What our fills make.
        ours: Decimal,
    },
    /// What protects a position that has lost its stop could not be placed (R25); it is tried again.
    #[error("a position in {symbol} stands without its stop, and none could be placed: {reason}")]
    NotProtected {
        /// Of what.
        symbol: String,
        /// Why not.
        reason: String,
    },
    /// Exits of brackets are for more than is held: the position was closed by hand, which TWS does not tell them (R25).
    #[error(
        "brackets in {symbol} have exits for {exits}, and {held} are held: what was closed by hand is closed once more when \
         one of them trades; cancel them, or ask for less"
    )]
    ExitsWithoutPosition {
        /// Of what.
        symbol: String,
        /// How much the exits are for.
        exits: Decimal,
        /// How much is held.
        held: Decimal,
    },
    /// A template was at work when the trader ended; what it had alive is cancelled.
    #[error("template {label} of strategy {strategy} was interrupted by a new start; what it had alive is cancelled")]
    TemplateInterrupted {
        /// Its name.
        label: String,
        /// Whose it is.
        strategy: String,
    },
    /// A template ended otherwise than it wanted to.
    #[error("template {label} of strategy {strategy} ended: {end}")]
    TemplateEnded {
        /// Its name.
        label: String,
        /// Whose it is.
        strategy: String,
        /// Why.
        end: TemplateEnd,
    },
    /// The link to the broker is away, and orders work without it (C12).
    #[error("the link to the broker has been away for {away_s} s, and {orders} orders work without it")]
    LinkAway {
        /// For how long.
        away_s: i64,
        /// How many orders.
        orders: usize,
    },
    /// The link was away for too long, and all orders are cancelled (C12).
    #[error("the link to the broker was away for {away_s} s; {orders} orders that worked without it are cancelled")]
    CancelledOnReturn {
        /// For how long.
        away_s: i64,
        /// How many orders.
        orders: usize,
    },
    /// An order went past a limit on a person's word (C16).
    #[error("an order of strategy {strategy} went past a limit on the word of {by} ({reason}): {refusal}")]
    LimitWaived {
        /// Whose order.
        strategy: String,
        /// On whose word.
        by: String,
        /// Why.
        reason: String,
        /// What would have refused it.
        refusal: String,
    },
    /// An account has reached a limit of losses: until the day is over, only what makes a position smaller passes (C7).
    #[error("account {}: {refusal}", Masked(account))]
    LossReached {
        /// Which account.
        account: String,
        /// The limit, as orders are refused by it.
        refusal: String,
    },
    /// Of a position nothing is quoted while its market is open: what it loses is not known (C7).
    #[error(
        "a position in {symbol} has had no new price for {minutes} minutes while its market is open: what it loses is not \
         counted (C7); look at its market data"
    )]
    Unpriced {
        /// Of what.
        symbol: String,
        /// For how long.
        minutes: i64,
    },
    /// The arming of live trading ends soon (C11); [`Handle::arm`](crate::Handle::arm) renews it.
    #[error("live trading is armed by {} until {} and no longer; arm it anew if it is to go on", .0.by, .0.until)]
    ArmingEnds(Arming),
    /// The arming of live trading has ended (C11): only what makes a position smaller, or protects one that lost its stop,
    /// passes.
    #[error(
        "live trading is armed no more: the word of {} held until {}; until it is armed anew, only what makes a position \
         smaller passes",
        .0.by, .0.until
    )]
    ArmingEnded(Arming),
    /// What the broker tells of a day that is over differs from what is counted (C13).
    #[error("of the day that ended with {day} the broker tells otherwise in {count} points; the first: {first}")]
    StatementDiffers {
        /// The day.
        day: String,
        /// In how many points.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// The clock of this machine was set back since the journal was last written (R39).
    #[error(
        "the clock of this machine is {behind_s} s behind the journal's last record; what waits for its time waits for as \
         much longer, so look at positions without a stop, and set the clock"
    )]
    ClockBehind {
        /// By how much.
        behind_s: i64,
    },
    /// A strategy ended by itself.
    #[error("strategy {name} ended: {cause}; its orders stay as they are")]
    StrategyEnded {
        /// Which.
        name: String,
        /// Why.
        cause: String,
    },
    /// A frame of the broker could not be read; its book is asked for.
    #[error("{0}; the broker's book is compared with ours")]
    BadFrame(tws_proto::BadFrame),
    /// Somebody who listened to the bus fell too far behind, or panicked, and hears nothing more.
    #[error("{subscriber} of the bus was closed: {cause}")]
    SubscriberClosed {
        /// Which.
        subscriber: String,
        /// Why.
        cause: Closed,
    },
    /// Market data of a contract has ended; it can be watched anew.
    #[error("market data of {symbol} ended: {cause}")]
    MarketDataEnded {
        /// Whose.
        symbol: String,
        /// Why.
        cause: String,
    },
}

impl Alarm {
    /// One word for machines: alarms of one kind have one.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        use order::Alarm as Of;
        match self {
            Self::Order(Of::Reopened { .. }) => "reopened",
            Self::Order(Of::Contradiction { .. }) => "contradiction",
            Self::Order(Of::StrangeStatus { .. }) => "strange_status",
            Self::Order(Of::Overfilled { .. }) => "overfilled",
            Self::Order(Of::SeveralIncarnations { .. }) => "several_incarnations",
            Self::Order(Of::CancelUnanswered { .. }) => "cancel_unanswered",
            Self::Order(Of::StrangerWithOurMark { .. }) => "stranger_with_our_mark",
            Self::Order(Of::ExecutionWithOurMark { .. }) => "execution_with_our_mark",
            Self::Order(Of::UncountableExecution { .. }) => "uncountable_execution",
            Self::Order(Of::NotSent { .. }) => "not_sent",
            Self::Order(Of::ChangedElsewhere { .. }) => "changed_elsewhere",
            Self::Order(Of::AgainstOrder { .. }) => "against_order",
            Self::Order(Of::FillsMissing { .. }) => "fills_missing",
            Self::Order(Of::Lost { .. }) => "lost",
            Self::Order(Of::FillInferred { .. }) => "fill_inferred",
            Self::Order(Of::GroupOverfilled { .. }) => "group_overfilled",
            Self::Order(Of::GroupIncomplete { .. }) => "group_incomplete",
            Self::Order(Of::Unprotected { .. }) => "unprotected",
            Self::Order(Of::ReplacedLives { .. }) => "replaced_lives",
            Self::Order(Of::Halted { .. }) => "halted",
            Self::Order(_) => "order",
            Self::NotBooked { .. } => "not_booked",
            Self::Halted(_) => "halted",
            Self::JournalSlow { .. } => "journal_slow",
            Self::PositionAdjusted { .. } => "position_adjusted",
            Self::NotProtected { .. } => "not_protected",
            Self::ExitsWithoutPosition { .. } => "exits_without_position",
            Self::TemplateInterrupted { .. } => "template_interrupted",
            Self::TemplateEnded { .. } => "template_ended",
            Self::LinkAway { .. } => "link_away",
            Self::CancelledOnReturn { .. } => "cancelled_on_return",
            Self::LimitWaived { .. } => "limit_waived",
            Self::LossReached { .. } => "loss_reached",
            Self::Unpriced { .. } => "unpriced",
            Self::ArmingEnds(_) => "arming_ends",
            Self::ArmingEnded(_) => "arming_ended",
            Self::StatementDiffers { .. } => "statement_differs",
            Self::ClockBehind { .. } => "clock_behind",
            Self::StrategyEnded { .. } => "strategy_ended",
            Self::BadFrame(_) => "bad_frame",
            Self::SubscriberClosed { .. } => "subscriber_closed",
            Self::MarketDataEnded { .. } => "market_data_ended",
        }
    }
}

impl Alarm {
    /// What it is about, where it comes again and again with other numbers: while one about it stands, it is that one. Of
    /// all others the words say it.
    #[must_use]
    pub fn about(&self) -> &str {
        match self {
            Self::NotProtected { symbol, .. } | Self::ExitsWithoutPosition { symbol, .. } => symbol,
            Self::JournalSlow { .. } => "the journal",
            Self::LinkAway { .. } => "the link",
            _ => "",
        }
    }
}

/// Updates of one order that may wait for its owner.
const ORDER_UPDATES_MAX: usize = 1024;

/// What will be told of these orders from now on.
pub(crate) fn updates_of(bus: &Feed<Event>, intents: &[IntentId]) -> Subscription<OrderUpdate> {
    let intents = intents.to_vec();
    bus.subscribe_map(Queue::lossless(ORDER_UPDATES_MAX), move |event| match event {
        Event::Order(update) if intents.contains(&update.intent) => Some(update.clone()),
        _ => None,
    })
}
