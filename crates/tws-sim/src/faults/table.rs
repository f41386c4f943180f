//! Every switch: its name, the facts it makes true, what it takes, and where it acts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a switch acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In what the simulated TWS does.
    Core,
    /// In what a client hears of it.
    Outbox,
    /// On the way of bytes, in the shell.
    Link,
}

/// How long a switch works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lasting {
    /// It happens once, at the moment it is injected.
    Once,
    /// It stands until it is cleared, its time is over, or it struck as often as it may.
    Standing,
}

/// What can be said of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are the fields of `Fault`, documented there")]
pub enum Parameter {
    Client,
    Order,
    Instrument,
    Rate,
    Count,
    ForMs,
    Ms,
    Number,
    Bytes,
    Code,
    Quantity,
    Price,
    Text,
}

impl Parameter {
    /// As files and the control port spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Order => "order",
            Self::Instrument => "instrument",
            Self::Rate => "rate",
            Self::Count => "count",
            Self::ForMs => "for_ms",
            Self::Ms => "ms",
            Self::Number => "number",
            Self::Bytes => "bytes",
            Self::Code => "code",
            Self::Quantity => "quantity",
            Self::Price => "price",
            Self::Text => "text",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Which.
    #[serde(rename = "fault")]
    pub switch: Switch,
    /// The facts of TWS that it makes true, F1 to F36 as numbers.
    pub facts: &'static [u8],
    /// Where it acts.
    #[serde(rename = "where")]
    pub place: Place,
    /// How long it works.
    pub lasting: Lasting,
    /// What it takes, beside what every switch takes, and what each of them means here.
    pub takes: &'static [(Parameter, &'static str)],
    /// What it does.
    pub does: &'static str,
}

impl Entry {
    /// The table as Markdown, as the guide has it.
    #[must_use]
    pub fn markdown() -> String {
        let mut table = String::from("| fault | facts | does | takes |\n|---|---|---|---|\n");
        for entry in Switch::ALL {
            let once = if entry.lasting == Lasting::Once { ", once" } else { "" };
            let facts: Vec<String> = entry.facts.iter().map(u8::to_string).collect();
            let takes: Vec<String> =
                entry.takes.iter().map(|(parameter, meaning)| format!("`{}`: {meaning}", parameter.name())).collect();
            let (facts, takes) = (facts.join(", "), takes.join("; "));
            table.push_str(&format!("| `{}`{once} | {facts} | {} | {takes} |\n", entry.switch, entry.does));
        }
        table
    }

    /// Whether this may be said of it. All take a client; what stands also takes a rate, a count and a duration.
    #[must_use]
    pub fn accepts(&self, parameter: Parameter) -> bool {
        match parameter {
            Parameter::Client => true,
            Parameter::Rate | Parameter::Count | Parameter::ForMs if self.lasting == Lasting::Standing => true,
            _ => self.takes.iter().any(|(own, _)| *own == parameter),
        }
    }
}

/// No switch has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault {name:?}{}; `tws-sim faults` lists them", nearest(name))]
pub struct UnknownSwitch {
    /// What was asked for.
    pub name: String,
}

fn nearest(name: &str) -> String {
    let shared = |other: &str| name.split('-').filter(|word| word.len() > 3 && other.contains(*word)).count();
    let near = Switch::ALL.iter().map(|entry| entry.switch.name()).max_by_key(|other| shared(other));
    near.filter(|other| shared(other) > 0).map(|other| format!(" (did you mean {other}?)")).unwrap_or_default()
}

impl FromStr for Switch {
    type Err = UnknownSwitch;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().map(|entry| entry.switch).find(|switch| switch.name() == name);
        found.ok_or_else(|| UnknownSwitch { name: name.to_owned() })
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Switch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! switches {
    ($($switch:ident $name:literal [$($fact:literal)*] $place:ident $lasting:ident
       { $($parameter:ident $meaning:literal),* } $does:literal;)*) => {
        /// One way in which the simulated TWS, or the way to it, can misbehave.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Switch {
            $(#[doc = $does] $switch,)*
        }

        impl Switch {
            /// All of them, in the order of the facts.
            pub const ALL: &'static [Entry] = &[$(Entry {
                switch: Self::$switch,
                facts: &[$($fact),*],
                place: Place::$place,
                lasting: Lasting::$lasting,
                takes: &[$((Parameter::$parameter, $meaning)),*],
                does: $does,
            }),*];

            /// As files and the control port spell it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$switch => $name,)*
                }
            }
        }
    };
}

impl Switch {
    /// Its row of the table.
    #[must_use]
    pub fn entry(self) -> &'static Entry {
        &Self::ALL[self as usize] // the table has one row for each, in order: a test holds it
    }
}

switches! {
    // Connecting.
    Refuse "refuse" [2] Link Standing {} "Nobody listens: whoever connects is refused";
    AcceptThenClose "accept-then-close" [2] Link Standing {} "Every connection is closed as soon as it is accepted";
    AcceptSilent "accept-silent" [2] Link Standing {} "Connections are accepted and never hear anything";
    HandshakeDelay "handshake-delay" [1 2] Link Standing { Ms "how late the version answer comes; 5000" } "The version answer takes its time";
    HandshakeJunk "handshake-junk" [2] Link Standing { Text "http, tls or random; http" } "The version answer is no TWS's: HTTP, TLS or random bytes";
    VersionAnswer "version-answer" [1] Link Standing { Number "the version; 150" } "The version answer names a version that nobody agreed on";
    FrameBeforeVersion "frame-before-version" [1] Link Standing {} "A notice comes before the version answer";
    ClientIdInUse "client-id-in-use" [3] Core Standing {} "Every START_API is answered with error 326 and a closed connection";
    IdHeld "id-held" [3] Core Standing { Ms "how long; 5000" } "The client id of a lost connection stays in use for a while";
    NeverReady "never-ready" [4] Core Standing {} "nextValidId never comes";
    RequestsLost "requests-lost" [4] Core Standing { Ms "for how long after START_API; all the time" } "Requests are dropped without an answer";
    StartShuffled "start-shuffled" [1 5] Outbox Standing {} "What follows START_API comes in any order";
    ReplayOff "replay-off" [5] Core Standing {} "Open orders are not sent on connection";
    AccountsMissing "accounts-missing" [4] Outbox Standing { Text "what is told instead; empty" } "managedAccounts is empty or names other accounts";
    PortChange "port-change" [6] Core Once { Number "the new port; 7498" } "Error 1300: TWS moved its port and drops the connections";
    Restart "restart" [7 11 25] Core Once { Ms "how long nobody is let in; 0", Text "keep or delete: what becomes of kept orders; keep" } "TWS restarts: connections end, held orders are gone, the books stay";
    DailyRestart "daily-restart" [7] Core Standing { Text "when, as HH:MM in New York; 23:45", Ms "how long nobody is let in; 60000" } "TWS restarts every day";
    Drop "drop" [8] Link Once {} "Connections are cut now";
    DropEvery "drop-every" [8] Core Standing { Ms "how often; 2000" } "Connections are cut again and again";
    DropAfterFrames "drop-after-frames" [31] Link Standing { Number "how many frames; 1" } "Connections, old and new, are cut behind this many more frames";
    DropMidFrame "drop-mid-frame" [31] Link Standing { Number "behind how many whole frames; 0", Bytes "how many bytes of the next one still come; 6" } "Connections, old and new, are cut inside a frame";
    HalfOpen "half-open" [8] Link Standing {} "The simulator stops reading and writing and keeps the socket open";
    Stall "stall" [8 34] Link Standing {} "Nothing is written to the socket, everything is still read";
    LinkDelay "link-delay" [8] Link Standing { Ms "how late; 200" } "Bytes arrive late";
    Chunk "chunk" [8] Link Standing { Bytes "how many; 1", Ms "pause between two pieces; 0" } "Bytes arrive in small pieces, one by one without a number";
    ReadOnly "read-only" [9 18] Core Standing {} "The API is read-only: orders, cancels, exercises, bindings and an advisor's changes are refused with error 321";
    // TWS to IB, and the farms.
    UpstreamLost "upstream-lost" [10 31] Core Once {} "Notice 1100: TWS lost IB. Data stops, orders are kept, order events wait";
    UpstreamRestoredLost "upstream-restored-lost" [10] Core Once {} "Notice 1101: TWS is back, market data subscriptions are gone";
    UpstreamRestored "upstream-restored" [10] Core Once {} "Notice 1102: TWS is back, market data goes on";
    UpstreamBroken "upstream-broken" [12] Core Once {} "Notice 2110: as 1100, told in another way";
    SilentData "silent-data" [10] Outbox Standing {} "Market data stops without a word";
    KeptOrders "kept-orders" [11] Core Standing { Text "submit or delete; submit", Ms "how long after the restore; 0" } "What becomes of orders that TWS kept while IB was lost";
    FarmDown "farm-down" [12] Core Once { Code "2103, 2105 or 2157; 2103" } "A data farm is down: with 2103 market data stops";
    FarmOk "farm-ok" [12] Core Once { Code "2104, 2106 or 2158; 2104" } "A data farm is back";
    FarmIdle "farm-idle" [12] Core Once { Code "2107 or 2108; 2108" } "A data farm is idle: data comes when it is asked for";
    FarmConnecting "farm-connecting" [12] Core Once {} "Notice 2119: a data farm is connecting";
    FarmFlaps "farm-flaps" [12] Core Once { Number "how often; 6", Ms "how far apart; 50000" } "The market data farm goes down and comes back, again and again";
    CompetingSession "competing-session" [13] Core Standing {} "Error 10197: another login has the market data";
    ExecutionsLate "executions-late" [14] Outbox Standing { Ms "how late; 60000" } "Execution reports are delayed";
    AccountNotReady "account-not-ready" [14] Outbox Standing {} "accountReady is false in account updates";
    OrderUnresolved "order-unresolved" [14] Core Once { Order "which; all live" } "Error 10328: what became of the order is unknown";
    // Ids.
    IdsReset "ids-reset" [15] Core Once {} "Order ids were reset in TWS: nextValidId is 1 again";
    IdRollback "id-rollback" [16] Core Once { Number "by how many; 4" } "nextValidId goes back, as after a restart that forgot orders IB never saw";
    PermanentIdLate "permanent-id-late" [17] Outbox Standing {} "permId is 0 until an order is acknowledged";
    ManualOrder "manual-order" [18] Core Once { Instrument "which", Quantity "signed: negative sells", Price "limit; market without" } "A person places an order in TWS: order id 0, client id 0";
    ManualFillId "manual-fill-id" [18] Outbox Standing {} "Executions of manual orders carry order id 2147483647";
    ForeignOrder "foreign-order" [19] Core Once { Instrument "which", Quantity "signed: negative sells", Price "limit; market without", Number "its client id; 999", Order "its order id; the next" } "Another API client places an order";
    StaleOpenOrders "stale-open-orders" [19] Core Standing {} "reqAllOpenOrders answers with the orders of the moment this was switched on";
    // Order events.
    UnknownStatus "unknown-status" [20] Outbox Standing { Text "the status; WarnState" } "Order states are told by a word that nobody knows";
    Inactive "inactive" [20] Core Standing {} "New orders become Inactive without a code, until this is cleared";
    HeldLocate "held-locate" [20 22] Core Standing {} "New sell orders wait for shares to borrow (Inactive, 404), until this is cleared";
    MissingStatus "missing-status" [21] Outbox Standing {} "Order statuses are not sent";
    MissingOpenOrder "missing-open-order" [21] Outbox Standing {} "openOrder is not sent but for a request";
    MissingExecution "missing-execution" [21] Outbox Standing {} "Executions are not sent as they happen";
    DuplicateStatus "duplicate-status" [21] Outbox Standing { Number "how often in all; 2" } "Order statuses are sent several times";
    StatusLate "status-late" [21] Outbox Standing { Ms "how late; 1000" } "Order statuses are delayed";
    Reorder "reorder" [21] Outbox Standing { Ms "within which time; 0: of one moment" } "Order events come in any order";
    ExecutionFirst "execution-first" [21] Outbox Standing {} "Executions come before openOrder and every status of their moment";
    Reject "reject" [20 22] Core Standing { Code "201, 110, 203, 10349 or any other; 201", Text "Inactive, Cancelled or none: the status with it; Inactive" } "New orders are rejected";
    OrderNotice "order-notice" [22] Core Standing { Code "10349, 399, 481, 2109, 434 or any other; 10349", Text "its text" } "Live orders get a notice with their id that means nothing";
    Notice "notice" [22] Core Once { Code "which; 2100", Order "about which order or request; none", Text "its text" } "Any notice is told to clients";
    CancelBySystem "cancel-by-system" [20] Core Once { Order "which; all live" } "The exchange cancels orders: status Cancelled, notice 202";
    CancelWithoutStatus "cancel-without-status" [21 23] Outbox Standing {} "A cancel is answered by notice 202 and no status";
    CancelUnanswered "cancel-unanswered" [23] Core Standing {} "Cancels are lost: no answer, the order lives on";
    CancelLate "cancel-late" [23] Core Standing { Ms "how late; until this is cleared" } "Cancels take their time: PendingCancel until then";
    CancelRefused "cancel-refused" [23] Core Standing { Code "161, 10147, 10148 or any other; 161" } "Cancels are refused, the order lives on";
    CancelRace "cancel-race" [23] Core Standing { Quantity "how much; all that is left" } "A fill overtakes the cancel";
    FillAfterCancel "fill-after-cancel" [23] Core Standing { Ms "how much later; 300", Quantity "how much; all that was left" } "A fill follows the status Cancelled";
    ModifyRefused "modify-refused" [24] Core Standing { Code "104, 105, 103, 110, 321, 329, 2102 or any other; 105" } "Changes of an order are refused, the order stays as it is";
    DoubleIncarnation "double-incarnation" [24] Core Standing {} "A change makes a second live order with its own permId under the same order id";
    MissingParent "missing-parent" [25] Core Standing {} "Children are refused with error 10006 though their parent is there";
    OcaOverfill "oca-overfill" [25] Core Standing {} "A fill spares the rest of its OCA group: both may fill";
    OrderLimit "order-limit" [26] Core Standing { Number "how many; 20" } "More active orders than that per contract, side and account are rejected";
    // Fills and history.
    TradeLogDays "trade-log-days" [27] Core Standing { Number "how many; 7" } "reqExecutions without a filter reaches back several days";
    Correction "correction" [28] Core Once { Order "of which order; the latest", Quantity "corrected; unchanged", Price "corrected; unchanged" } "The latest execution is corrected: the same id with a higher revision";
    Bust "bust" [28] Core Once { Order "of which order; the latest" } "The latest execution is taken back: a revision with quantity 0";
    DuplicateExecution "duplicate-execution" [29] Outbox Standing { Number "how often in all; 2" } "Executions are sent several times";
    CommissionFirst "commission-first" [29] Outbox Standing {} "Commission reports come before their executions";
    CommissionLate "commission-late" [29] Outbox Standing { Ms "how late; 600000" } "Commission reports are delayed";
    CommissionMissing "commission-missing" [29] Outbox Standing {} "Commission reports never come as fills happen";
    DuplicateCommission "duplicate-commission" [29] Outbox Standing { Number "how often in all; 2" } "Commission reports are sent several times";
    CommissionUnset "commission-unset" [29 35] Outbox Standing {} "realizedPNL and yield of commission reports are unset";
    ForeignCommissions "foreign-commissions" [29] Core Standing {} "Commission reports of other clients' trades come too";
    CompletedBare "completed-bare" [30] Outbox Standing {} "Completed orders tell filled quantity 0";
    EndMarkerLost "end-marker-lost" [31] Outbox Standing {} "The end marker of a list never comes";
    // Limits and values.
    Pacing "pacing" [32] Core Standing { Number "requests a second; 50" } "Requests above the rate get code 100, the third breach a closed connection";
    PacingDelay "pacing-delay" [32] Core Standing { Number "requests a second; 50" } "Requests above the rate wait for the next second";
    LineLimit "line-limit" [32] Core Standing { Number "lines; 100" } "More market data lines than that get code 101";
    HistoricalPacing "historical-pacing" [33] Core Standing { Code "162 or 420; 162" } "Historical requests are refused as too many";
    OutputLoss "output-loss" [34] Link Once {} "The first half of what waits for a client vanishes";
    OutputLimit "output-limit" [34] Link Standing { Number "messages; 1000" } "When more than this waits for a slow reader, the first half vanishes";
    PaperAccount "paper-account" [36] Core Standing {} "The account has the quirks of a paper account: rests of direct market orders, auctions and pegged orders are rejected";
    // Bytes that no TWS should send.
    Raw "raw" [35] Link Once { Text "the bytes, as hexadecimal digits" } "Any bytes, outside of every frame";
    BadLengthHuge "bad-length-huge" [35] Link Once {} "A frame announces 0xFFFFFFFF bytes";
    BadLengthNegative "bad-length-negative" [35] Link Once {} "A frame announces 0x80000000 bytes";
    BadLengthLong "bad-length-long" [35] Link Once {} "A frame announces 16 MiB";
    BadLengthZero "bad-length-zero" [35] Link Once {} "A frame of no bytes";
    TruncatedTick "truncated-tick" [35] Link Once { Number "request id; 1" } "A tick whose last fields are missing";
    JunkNumber "junk-number" [35] Link Once { Number "request id; 1" } "A tick whose price is abc";
    EmptyPrice "empty-price" [35] Link Once { Number "request id; 1" } "A tick whose price is empty";
    NotANumber "not-a-number" [35] Link Once { Number "request id; 1", Text "NaN, -NaN, Infinity or -Infinity; NaN" } "A tick whose price is not a number";
    Sentinels "sentinels" [35] Link Once { Number "request id; 1" } "A tick whose price and size are the largest there are, which means unset";
    BadUtf8 "bad-utf8" [35] Link Once {} "A notice whose text is Latin-1, not UTF-8";
    EscapedText "escaped-text" [35] Link Once {} "A notice whose text is escaped ASCII";
    UnknownMessage "unknown-message" [35] Link Once {} "A message with an id that nobody knows";
    UnknownRequest "unknown-request" [35] Link Once {} "A tick of a request that nobody made";
    ExtraFields "extra-fields" [35] Link Once {} "A notice with fields behind its last one";
    MissingLastNul "missing-last-nul" [35] Link Once {} "A notice without its last byte";
    WrongWireType "wrong-wire-type" [35] Link Once { Number "request id; 1" } "A protobuf tick with a price of another wire type";
    TruncatedVarint "truncated-varint" [35] Link Once {} "A protobuf message that ends inside a varint";
    LongField "long-field" [35] Link Once {} "A protobuf field that is longer than its frame";
    EmptyBody "empty-body" [35] Link Once {} "An order status without a body";
    HugeField "huge-field" [35] Link Once {} "A notice with a text of 1 MiB";
    ManyFields "many-fields" [35] Link Once {} "A notice with 100 000 fields";
    RepeatCount "repeat-count" [35] Link Once {} "A list that announces 2147483647 items";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_whole() {
        for (row, entry) in Switch::ALL.iter().enumerate() {
            assert_eq!(entry.switch as usize, row);
            assert_eq!(entry.switch.entry(), entry);
            assert_eq!(entry.switch.name().parse(), Ok(entry.switch));
            assert!(entry.facts.iter().all(|fact| (1..=36).contains(fact)), "{}", entry.switch);
        }
        let facts: BTreeSet<u8> = Switch::ALL.iter().flat_map(|entry| entry.facts).copied().collect();
        assert_eq!(facts, (1..=36).collect());
        let names: BTreeSet<&str> = Switch::ALL.iter().map(|entry| entry.switch.name()).collect();
        assert_eq!(names.len(), Switch::ALL.len());
    }

    #[test]
    fn the_guide_has_the_table() {
        let guide = include_str!("../../../../docs/simulator.md");
        let missing = Entry::markdown().lines().find(|line| !guide.contains(*line)).map(str::to_owned);
        assert_eq!(missing, None, "put the output of `tws-sim faults --markdown` into docs/simulator.md");
    }

    #[test]
    fn a_wrong_name_is_answered_with_a_near_one() {
        let error = "status-missing".parse::<Switch>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no fault \"status-missing\" (did you mean missing-status?); `tws-sim faults` lists them"
        );
    }
}
