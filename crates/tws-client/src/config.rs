//! [`Config`]: where TWS is, who we are, and every limit of a session.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use tws_proto::ServerVersion;
use tws_proto::ids::ClientId;

use crate::notice::NoticeClass;
use crate::relation::{Pace, Relation};
use crate::reset::ResetWindow;

/// Port on which TWS listens for paper trading.
pub const TWS_PAPER_PORT: u16 = 7497;
/// Port on which TWS listens for live trading.
pub const TWS_LIVE_PORT: u16 = 7496;
/// Port on which IB Gateway listens for paper trading.
pub const GATEWAY_PAPER_PORT: u16 = 4002;
/// Port on which IB Gateway listens for live trading.
pub const GATEWAY_LIVE_PORT: u16 = 4001;

/// As long as a round trip of `cargo xtask bench --only "client latency"` takes, some 13 µs.
const IDLE_LOOKS: u32 = 40;
/// A few milliseconds: so long the session would hear nobody else.
const IDLE_LOOKS_MOST: u32 = 10_000;

/// Everything a session is told; validated once, by [`Client::connect`](crate::Client::connect).
///
/// ```
/// use tws_client::{Config, config};
///
/// let config = Config { port: config::GATEWAY_PAPER_PORT, ..Config::paper() };
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Name or address of the machine on which TWS runs. TWS speaks plain TCP: loopback or a private tunnel only.
    pub host: String,
    /// Port of the API, see the constants of [`crate::config`].
    pub port: u16,
    /// Which API client this is. Orders belong to it: another id can neither change nor cancel them.
    pub client_id: ClientId,
    /// Highest server version offered.
    pub newest_version: ServerVersion,
    /// Connect options, `+PACEAPI` or empty.
    pub options: String,
    /// Sent with `START_API`; empty by habit.
    pub optional_capabilities: String,
    /// Accounts that the login must have, where the session may trade; a login that lacks one is
    /// [halted](crate::Phase::Halted). Empty where any will do.
    pub accounts: Vec<String>,
    /// Whether somebody compares books before orders may be sent.
    pub reconciliation: Reconciliation,
    /// Hours in which IB resets its servers: the alarm about a session that is not ready waits for their end. By default
    /// those of America, of TWS's own restart, and of the weekend.
    pub reset_windows: Vec<ResetWindow>,
    /// Where the time of day comes from.
    pub wall_clock: WallClock,
    /// What codes mean that [`NoticeClass::of`] does not know, or knows differently. Codes of the connection and of farms
    /// mean what they mean.
    pub codes: BTreeMap<i32, NoticeClass>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How often things may be sent.
    pub pacing: Pacing,
    /// How much may wait.
    pub limits: Limits,
    /// How often the socket is looked at again, after something came in and its readers had their turn, before everybody
    /// sleeps: 40 by default, 10 000 at most, 0 sleeps at once. Each look costs a third of a microsecond, and the thread
    /// does nothing else meanwhile; what comes is taken without the waking of a thread, which takes longer than all that
    /// the session does between a tick and an order.
    ///
    /// The driver looks, behind every other task that is ready. Where what came in was for one stream alone and was
    /// answered with an order, the reader of that stream does so in its stead, once it asks for more: what it finds reaches
    /// it without any other task. It goes on while it finds something, 60 times in a row at most. Whatever else its task
    /// or its thread wants waits as long; [`Config::pacing`] bounds how often.
    pub idle_looks: u32,
    /// Starts the generator that spreads reconnects; the same seed gives the same session.
    pub seed: u64,
}

impl Config {
    /// A paper login of a TWS on this machine: 127.0.0.1:7497, client id 1.
    #[must_use]
    pub fn paper() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: TWS_PAPER_PORT,
            client_id: ClientId(1),
            newest_version: ServerVersion::NEWEST,
            options: String::new(),
            optional_capabilities: String::new(),
            accounts: Vec::new(),
            reconciliation: Reconciliation::None,
            reset_windows: vec![ResetWindow::america(), ResetWindow::restart(), ResetWindow::weekend()],
            wall_clock: WallClock::System,
            codes: BTreeMap::new(),
            timeouts: Timeouts::default(),
            pacing: Pacing::default(),
            limits: Limits::default(),
            idle_looks: IDLE_LOOKS,
            seed: 0x7c15_9e37_79b9_7f4a,
        }
    }

    /// A live login of a TWS on this machine: 127.0.0.1:7496, client id 1.
    #[must_use]
    pub fn live() -> Self {
        Self { port: TWS_LIVE_PORT, ..Self::paper() }
    }

    /// What a code means.
    #[must_use]
    pub fn class_of(&self, code: i32) -> NoticeClass {
        match (NoticeClass::of(code), self.codes.get(&code)) {
            (known @ (NoticeClass::Connection | NoticeClass::Farm), _) | (known, None) => known,
            (_, Some(class)) => *class,
        }
    }

    /// Whether TWS was asked to delay messages that come too fast rather than to complain about them: the connect option
    /// `+PACEAPI`. The session paces all the same, since a cancel cannot overtake what waits inside TWS; it only uses the
    /// last tenth of the limit, too.
    ///
    /// ```
    /// use tws_client::Config;
    ///
    /// assert!(Config { options: "+PACEAPI".into(), ..Config::paper() }.tws_paces());
    /// assert!(!Config::paper().tws_paces());
    /// ```
    #[must_use]
    pub fn tws_paces(&self) -> bool {
        self.options.split_whitespace().any(|option| option == "+PACEAPI")
    }

    /// The pacing that is used, with what TWS does itself.
    pub(crate) fn effective_pacing(&self) -> Pacing {
        let Pacing { frames_per_second, .. } = self.pacing;
        let all = if self.tws_paces() { frames_per_second.saturating_mul(10) / 9 } else { frames_per_second };
        Pacing { frames_per_second: all, ..self.pacing }
    }

    /// Whether the host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Looks for faults.
    ///
    /// # Errors
    /// [`ConnectError`] names the first setting that cannot work.
    pub fn validate(&self) -> Result<(), ConnectError> {
        let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let Timeouts {
            connect,
            handshake,
            start,
            probe_after,
            dead_after,
            order_silence,
            order_probe,
            order_stale,
            write,
            frame,
            request,
            snapshot,
            history,
            end_marker_grace,
            end_marker_settle,
            upstream_down,
            not_ready_alarm,
            silent_after_restore,
            stale_after,
            alarm_repeat,
            back_off_first,
            back_off_most,
            client_id_in_use,
        } = self.timeouts;
        let durations = [
            ("connect", connect),
            ("handshake", handshake),
            ("start", start),
            ("probe_after", probe_after),
            ("dead_after", dead_after),
            ("order_silence", order_silence),
            ("order_probe", order_probe),
            ("order_stale", order_stale),
            ("write", write),
            ("frame", frame),
            ("request", request),
            ("snapshot", snapshot),
            ("history", history),
            ("end_marker_grace", end_marker_grace),
            ("end_marker_settle", end_marker_settle),
            ("upstream_down", upstream_down),
            ("not_ready_alarm", not_ready_alarm),
            ("silent_after_restore", silent_after_restore),
            ("stale_after", stale_after),
            ("alarm_repeat", alarm_repeat),
            ("back_off_first", back_off_first),
            ("back_off_most", back_off_most),
            ("client_id_in_use", client_id_in_use),
        ];
        if self.host.is_empty() || !printable(&self.host) {
            return Err(ConnectError::Host);
        }
        if self.port == 0 {
            return Err(ConnectError::Port);
        }
        if !(0..i32::MAX).contains(&self.client_id.0) {
            return Err(ConnectError::ClientId(self.client_id));
        }
        if !self.newest_version.is_supported() {
            return Err(ConnectError::Version { given: self.newest_version });
        }
        if !printable(&self.options) || self.options.len() > 256 {
            return Err(ConnectError::Options);
        }
        if !printable(&self.optional_capabilities) {
            return Err(ConnectError::OptionalCapabilities);
        }
        for (name, duration) in durations {
            if duration.is_zero() || duration > DURATION_MOST {
                return Err(ConnectError::Timeout { name, given: duration });
            }
        }
        if probe_after >= dead_after || back_off_first > back_off_most {
            return Err(ConnectError::TimeoutOrder);
        }
        let Pacing { frames_per_second, reserved_for_cancels, reserved_for_orders, .. } = self.pacing;
        let Pacing { slow_down, wait_most, same_history_pause, single_ticks_pause, .. } = self.pacing;
        for duration in [slow_down, wait_most, same_history_pause, single_ticks_pause] {
            if duration > DURATION_MOST {
                return Err(ConnectError::Pacing);
            }
        }
        let Pacing { history_per_contract, history_per_ten_minutes, history_open, .. } = self.pacing;
        // A request for quotes counts twice, and must have room at some time.
        if history_per_contract == 0 || history_per_ten_minutes < 2 || history_open == 0 {
            return Err(ConnectError::Pacing);
        }
        if reserved_for_cancels == 0
            || u64::from(reserved_for_cancels) + u64::from(reserved_for_orders) >= u64::from(frames_per_second)
        {
            return Err(ConnectError::Pacing);
        }
        let Limits { lane_events, requests, answers, subscriptions, stream_updates, account_updates, .. } = self.limits;
        let Limits { order_messages, session_events, .. } = self.limits;
        let updates = [stream_updates, account_updates];
        if updates.contains(&0)
            || [lane_events, requests, answers, subscriptions, order_messages, session_events].contains(&0)
        {
            return Err(ConnectError::Limits);
        }
        if self.idle_looks > IDLE_LOOKS_MOST {
            return Err(ConnectError::IdleLooks { given: self.idle_looks, most: IDLE_LOOKS_MOST });
        }
        if let Some(window) = self.reset_windows.iter().find(|window| !window.is_valid()) {
            return Err(ConnectError::Zone { given: window.zone.clone() });
        }
        Ok(())
    }
}

/// Whether somebody compares books before orders may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reconciliation {
    /// Nobody: a connection that is live takes orders at once.
    #[default]
    None,
    /// The owner of the order lane: at the start of every connection, and whenever TWS has IB again, orders are refused
    /// until it calls [`TradingClient::reconciled`](crate::TradingClient::reconciled).
    ByOwner,
}

/// Where the time of day comes from. Nothing but [`Config::reset_windows`] asks for it; all timeouts go by a clock that
/// nobody sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WallClock {
    /// The clock of this machine.
    #[default]
    System,
    /// It was this time when the session began: for simulations.
    BeganAt(SystemTime),
}

/// The longest duration a setting may have; keeps every sum of times far from overflow.
const DURATION_MOST: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the TCP connection; 10 s.
    pub connect: Duration,
    /// For the server's answer to the greeting; 10 s. TWS is silent while it waits for a click or a login.
    pub handshake: Duration,
    /// From `START_API` to `NEXT_VALID_ID` and `MANAGED_ACCTS`; 20 s.
    pub start: Duration,
    /// Silence after which the server is asked for its clock; 5 s.
    pub probe_after: Duration,
    /// Silence after which the link is dead; 10 s.
    pub dead_after: Duration,
    /// Silence after which an order waits for one answered probe; 2 s.
    pub order_silence: Duration,
    /// For the answer to that probe, else the order is not sent; 500 ms.
    pub order_probe: Duration,
    /// How long an accepted burst may wait for its turn, else it is not sent; 2 s.
    pub order_stale: Duration,
    /// How long bytes may wait for a peer that does not read, else the link is dropped; 2 s.
    pub write: Duration,
    /// From the first byte of a frame that comes in to its last; 10 s. A frame of 16 MiB, the longest, then needs a link of
    /// 1.6 MiB/s. A peer out of step announces frames that never end, and swallows everything in them meanwhile.
    pub frame: Duration,
    /// For the whole answer to a request; 10 s.
    pub request: Duration,
    /// For the whole answer to a market data snapshot, which TWS itself may take 11 s for; 15 s.
    pub snapshot: Duration,
    /// For the whole answer to a question about the past, which TWS fetches from IB and paces; 60 s.
    pub history: Duration,
    /// How long the answer to a request without an id, once that has timed out, may still come; 30 s. Others of its kind
    /// wait for it; behind a list they do not, as its late end marker is told from theirs.
    pub end_marker_grace: Duration,
    /// While the end marker of a list without an id may still come: how long a marker waits for another, which would be
    /// that of the list under way; 1 s.
    pub end_marker_settle: Duration,
    /// How long TWS may say that it lost IB before a fresh connection is made to learn the truth; 5 min.
    pub upstream_down: Duration,
    /// How long a session may not be ready before the alarm sounds, outside of
    /// [`Config::reset_windows`]; 60 s.
    pub not_ready_alarm: Duration,
    /// How long a stream may tell nothing after TWS had IB again and said that it kept the data (1102), before it is asked
    /// for anew; once, and only if it had told something before; 30 s. Whether its market is open is not known here.
    pub silent_after_restore: Duration,
    /// How long a stream may tell nothing before listeners hear that it is stale; 60 s.
    pub stale_after: Duration,
    /// After how long the alarm sounds again while nothing changed; 1 h.
    pub alarm_repeat: Duration,
    /// First pause before a reconnect; it doubles with every failure; 0.5 s.
    pub back_off_first: Duration,
    /// Longest pause before a reconnect; 30 s.
    pub back_off_most: Duration,
    /// Shortest pause after error 326, client id in use; 2 s.
    pub client_id_in_use: Duration,
}

impl Timeouts {
    /// How long the whole answer to a request may take.
    pub(crate) fn of(&self, relation: &Relation) -> Duration {
        match relation.pace {
            Pace::Historical => self.history,
            Pace::Line => self.snapshot,
            Pace::Plain | Pace::TickByTick | Pace::Depth | Pace::Scanner => self.request,
            Pace::Search | Pace::Order | Pace::Cancel => self.request,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            start: Duration::from_secs(20),
            probe_after: Duration::from_secs(5),
            dead_after: Duration::from_secs(10),
            order_silence: Duration::from_secs(2),
            order_probe: Duration::from_millis(500),
            order_stale: Duration::from_secs(2),
            write: Duration::from_secs(2),
            frame: Duration::from_secs(10),
            request: Duration::from_secs(10),
            snapshot: Duration::from_secs(15),
            history: Duration::from_secs(60),
            end_marker_grace: Duration::from_secs(30),
            end_marker_settle: Duration::from_secs(1),
            upstream_down: Duration::from_secs(300),
            not_ready_alarm: Duration::from_secs(60),
            silent_after_restore: Duration::from_secs(30),
            stale_after: Duration::from_secs(60),
            alarm_repeat: Duration::from_secs(3600),
            back_off_first: Duration::from_millis(500),
            back_off_most: Duration::from_secs(30),
            client_id_in_use: Duration::from_secs(2),
        }
    }
}

/// How often frames may be sent: in any window of one second, all kinds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// Frames in a second; 45, nine tenths of what TWS takes with the usual 100 market data lines.
    pub frames_per_second: u32,
    /// Of these, how many only cancels (and probes) may use; 5.
    pub reserved_for_cancels: u32,
    /// Of the rest, how many only orders may use; 10.
    pub reserved_for_orders: u32,
    /// For how long requests have half of their frames after TWS said that messages come too fast (code 100); 60 s.
    pub slow_down: Duration,
    /// How long a request may have to wait for its turn, else it is refused
    /// ([`RequestError::WouldWait`](crate::RequestError::WouldWait)), unless the caller says otherwise; 60 s.
    pub wait_most: Duration,
    /// How far apart requests for the same history are sent, bars of at most 30 s and ticks; 15 s.
    pub same_history_pause: Duration,
    /// How many requests for the history of one contract, exchange and kind of data are sent in 2 s; 5.
    pub history_per_contract: u32,
    /// How many requests for history are sent in ten minutes, those for quotes counted twice; 60. As many real-time bars
    /// may begin.
    pub history_per_ten_minutes: u32,
    /// How many requests for history may be open, streams of bars included; 50.
    pub history_open: u32,
    /// How far apart requests for single ticks of one instrument are sent; 15 s.
    pub single_ticks_pause: Duration,
    /// How many streams of single ticks there may be: one for every twenty market data lines; 5.
    pub single_tick_streams: u32,
    /// How many streams of market depth there may be; 3, more where IB gives more.
    pub depth_streams: u32,
}

impl Pacing {
    /// For a login with so many market data lines: TWS takes half as many messages in a second, all kinds together. Nine
    /// tenths of that are used, or all of it where TWS paces too ([`Config::tws_paces`]).
    ///
    /// ```
    /// use tws_client::config::Pacing;
    ///
    /// assert_eq!(Pacing::for_lines(100), Pacing::default());
    /// assert_eq!(Pacing::for_lines(400).frames_per_second, 180);
    /// assert_eq!(Pacing::for_lines(400).single_tick_streams, 20);
    /// ```
    #[must_use]
    pub fn for_lines(lines: u32) -> Self {
        let frames_per_second = (lines / 2).saturating_mul(9) / 10;
        Self {
            frames_per_second,
            reserved_for_cancels: (frames_per_second / 9).max(1),
            reserved_for_orders: (frames_per_second.saturating_mul(2) / 9).max(1),
            single_tick_streams: (lines / 20).max(1),
            ..Self::default()
        }
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            frames_per_second: 45,
            reserved_for_cancels: 5,
            reserved_for_orders: 10,
            slow_down: Duration::from_secs(60),
            wait_most: Duration::from_secs(60),
            same_history_pause: Duration::from_secs(15),
            history_per_contract: 5,
            history_per_ten_minutes: 60,
            history_open: 50,
            single_ticks_pause: Duration::from_secs(15),
            single_tick_streams: 5,
            depth_streams: 3,
        }
    }
}

/// How much may wait, in items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Order events that nobody has read yet; more end the epoch; 65 536.
    pub lane_events: usize,
    /// Requests without an answer; more are refused; 1024.
    pub requests: usize,
    /// Answers to one request; more fail it; 100 000.
    pub answers: usize,
    /// Live market data streams; more are refused; 500.
    pub subscriptions: usize,
    /// Unread updates of one stream; beyond, an update replaces the last of its kind; 256.
    pub stream_updates: usize,
    /// The same of a stream of accounts or positions, which begins with all there is, each value once; 16 384.
    pub account_updates: usize,
    /// Order messages that wait for their turn, and cancels that are kept; more are refused; 1024.
    pub order_messages: usize,
    /// Events of [`SessionEvents`](crate::SessionEvents) that a listener has not read yet; of more, the oldest are
    /// counted and left out; 256.
    pub session_events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lane_events: 65_536,
            requests: 1024,
            answers: 100_000,
            subscriptions: 500,
            stream_updates: 256,
            account_updates: 16_384,
            order_messages: 1024,
            session_events: 256,
        }
    }
}

/// A setting with which no session can start. Nothing was connected; correct the [`Config`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host is empty or not printable.
    #[error("host must be a name or an address in printable ASCII")]
    Host,
    /// The port is 0.
    #[error("port must not be 0; TWS listens on 7497 (paper) or 7496 (live), IB Gateway on 4002 or 4001")]
    Port,
    /// The client id is negative, or the largest number, which means none on the wire.
    #[error("client id must be 0 to 2147483646, it is {}", .0.0)]
    ClientId(ClientId),
    /// The version is not one that is spoken here.
    #[error("newest version {given} is not among {} to {}", ServerVersion::OLDEST, ServerVersion::NEWEST)]
    Version {
        /// What it was set to.
        given: ServerVersion,
    },
    /// The connect options cannot travel.
    #[error("options must be at most 256 characters of printable ASCII")]
    Options,
    /// The optional capabilities cannot travel.
    #[error("optional capabilities must be printable ASCII")]
    OptionalCapabilities,
    /// A timeout is zero or absurdly long.
    #[error("timeout {name} must be above zero and at most a week, it is {given:?}")]
    Timeout {
        /// Which one.
        name: &'static str,
        /// What it was set to.
        given: Duration,
    },
    /// Two timeouts are the wrong way round.
    #[error("probe_after must be below dead_after, and back_off_first not above back_off_most")]
    TimeoutOrder,
    /// The reserves leave nothing for requests, or nothing is reserved for cancels.
    #[error(
        "pacing must reserve something for cancels, leave something for requests, and let every request have its turn"
    )]
    Pacing,
    /// A time zone that does not exist.
    #[error("no time zone is called {given}")]
    Zone {
        /// What it was set to.
        given: String,
    },
    /// A limit is zero.
    #[error("limits must be above zero")]
    Limits,
    /// So many looks would keep the session from everything else.
    #[error("idle_looks may be {most} at most, not {given}")]
    IdleLooks {
        /// What it was set to.
        given: u32,
        /// The highest it may be.
        most: u32,
    },
}
