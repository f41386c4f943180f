//! Market data and history: what is asked, and what is heard, in both forms of the wire.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};

use bytes::BytesMut;
use rust_decimal::Decimal;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::{ClientId, ContractId, RequestId};
use tws_proto::kinds::{Action, DataToShow, DateFormat, MarketDataKind, OptionRight, SecurityType};
use tws_proto::message::{
    Bar, CalculateImpliedVolatility, CalculateOptionPrice, CancelHistoricalData, CancelMarketDepth, CancelRealTimeBars,
    Message as _, RequestHeadTimestamp, RequestHistogramData, RequestHistoricalData, RequestHistoricalTicks,
    RequestMarketData, RequestMarketDataType, RequestMarketDepth, RequestRealTimeBars, RequestTickByTick, StartApi,
};
use tws_proto::{ClientMessage, Contract, Missing, ServerMessage, ServerVersion};
use tws_sim::core::{Core, CoreSetup, Feed, Input, Output};
use tws_sim::data_settings::{DataAccess, DataPacing, DataSettings};
use tws_sim::market::{Halt, MarketEvent, Quote, Trade};
use tws_sim::session::SessionId;
use tws_sim::time::SimTime;

/// 7 October 2013, 13:00 in New York.
const START: SimTime = SimTime(1_381_165_200_000);
const TEXT: ServerVersion = ServerVersion(187);
const SESSION: SessionId = SessionId(1);

struct Desk {
    core: Core,
    now: SimTime,
    version: ServerVersion,
    /// Every frame that left.
    hash: DefaultHasher,
}

impl Desk {
    fn new(version: ServerVersion, setup: CoreSetup) -> Self {
        let mut desk = Self { core: Core::new(setup), now: START, version, hash: DefaultHasher::new() };
        desk.step(Input::Connected { session: SESSION, version });
        desk.say(StartApi { client_id: ClientId(1), ..StartApi::default() });
        desk
    }

    /// Steps the core and sends what it says over the wire, as the client's version has it.
    fn step(&mut self, input: Input) -> Vec<ServerMessage> {
        let outputs = self.core.step(input, self.now);
        let message = |output| match output {
            Output::Send { message, .. } => Some(message),
            _ => None,
        };
        let messages: Vec<ServerMessage> = outputs.into_iter().filter_map(message).collect();
        for message in &messages {
            let mut frame = BytesMut::new();
            let written = message.clone().write(self.version, Missing::LeaveOut, &mut frame);
            written.unwrap_or_else(|refused| panic!("{refused}: {message:?}"));
            self.hash.write(&frame);
            let back = ServerMessage::read(&frame[4..], self.version).unwrap().message;
            assert_eq!(std::mem::discriminant(&back), std::mem::discriminant(message));
            if self.version == ServerVersion::NEWEST {
                assert_eq!(&back, message);
            }
        }
        messages
    }

    fn say(&mut self, message: impl Into<ClientMessage>) -> Vec<ServerMessage> {
        self.step(Input::Message { session: SESSION, message: message.into() })
    }

    fn wait(&mut self, milliseconds: i64) -> Vec<ServerMessage> {
        self.now = self.now.plus_ms(milliseconds);
        self.step(Input::TimePassed)
    }

    fn id(&self, name: &str) -> ContractId {
        self.core.catalogue().by_name(name).unwrap().contract_id
    }

    fn quote(&mut self, name: &str, bid: &str, ask: &str) -> Vec<ServerMessage> {
        let size = Decimal::from(300);
        let event = MarketEvent::Quote(Quote::new(bid.parse().unwrap(), size, ask.parse().unwrap(), size));
        let contract = self.id(name);
        self.step(Input::Market { contract, event })
    }

    fn trade(&mut self, name: &str, price: &str, size: i64) -> Vec<ServerMessage> {
        let trade = Trade { price: price.parse().unwrap(), size: size.into(), exchange: "N".into() };
        let contract = self.id(name);
        self.step(Input::Market { contract, event: MarketEvent::Trade(trade) })
    }
}

fn still() -> CoreSetup {
    CoreSetup { feed: Feed::Still, ..CoreSetup::new(7, START) }
}

fn with(data: DataSettings) -> CoreSetup {
    CoreSetup { data, ..still() }
}

fn ibm() -> Contract {
    Contract::stock("IBM", "USD")
}

fn euro() -> Contract {
    Contract::forex("EUR", "USD")
}

fn level1(id: i32, contract: Contract, generic: &str) -> Box<RequestMarketData> {
    Box::new(RequestMarketData {
        request_id: RequestId(id),
        contract,
        generic_ticks: generic.into(),
        ..RequestMarketData::default()
    })
}

/// `DURATION, SIZE, KIND[, END]`, with `rth`, `epoch` and `keep` behind it.
fn bars(id: i32, contract: Contract, words: &str) -> Box<RequestHistoricalData> {
    let mut words = words.split(", ");
    let mut request = RequestHistoricalData {
        request_id: RequestId(id),
        contract,
        duration: words.next().unwrap().into(),
        bar_size: Some(words.next().unwrap().into()),
        data_to_show: Some(DataToShow::from(words.next().unwrap())),
        date_format: Some(DateFormat::Text),
        ..RequestHistoricalData::default()
    };
    for word in words {
        match word {
            "rth" => request.regular_hours_only = true,
            "epoch" => request.date_format = Some(DateFormat::EpochSeconds),
            "keep" => request.keep_up_to_date = true,
            end => request.end = end.into(),
        }
    }
    Box::new(request)
}

/// What is heard, in one line.
fn line(messages: &[ServerMessage]) -> String {
    let mut line = String::new();
    for message in messages {
        let separator = if line.is_empty() { "" } else { " | " };
        let word = word(message);
        // Writing to a string cannot fail.
        let _ = if word.is_empty() { Ok(()) } else { write!(line, "{separator}{word}") };
    }
    line
}

fn plain(value: Option<Decimal>) -> String {
    value.map_or_else(|| "?".to_owned(), |value| value.normalize().to_string())
}

fn bar(bar: &Bar) -> String {
    let [open, high, low, close, volume] = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(plain);
    format!("{} {open} {high} {low} {close} {volume}", bar.date)
}

fn word(message: &ServerMessage) -> String {
    use ServerMessage as S;
    match message {
        S::TickPrice(tick) => format!("{:?} {}", tick.kind, plain(tick.price)),
        S::TickSize(tick) => format!("{:?} {}", tick.kind, plain(tick.size)),
        S::TickString(tick) => format!("{:?} {}", tick.kind, tick.value),
        S::TickGeneric(tick) => format!("{:?} {}", tick.kind, plain(tick.value)),
        S::TickOptionComputation(tick) => format!("{:?} {:.2}", tick.kind, tick.option_price.unwrap_or(f64::NAN)),
        S::MarketDataType(kind) => format!("{:?}", kind.kind),
        S::TickSnapshotEnd(_) | S::HistoricalDataEnd(_) => "end".to_owned(),
        S::MarketDepth(depth) => row(&depth.row),
        S::MarketDepthLevel2(depth) => row(&depth.row),
        S::RealTimeBar(bar) => {
            let [open, close, volume] = [bar.open, bar.close, bar.volume].map(plain);
            format!("bar {} {open} {close} {volume}", bar.time_s.unwrap() - START.seconds())
        }
        S::HistoricalData(data) => data.bars.iter().map(bar).collect::<Vec<_>>().join(" | "),
        S::HistoricalDataUpdate(update) => format!("update {}", bar(&update.bar)),
        S::HeadTimestamp(head) => head.time.to_string(),
        S::TickByTick(_) => "tick".to_owned(),
        S::HistoricalTicks(ticks) => format!("{} midpoints {}", ticks.ticks.len(), ticks.is_done),
        S::HistoricalQuotes(ticks) => format!("{} quotes {}", ticks.ticks.len(), ticks.is_done),
        S::HistoricalTrades(ticks) => format!("{} trades {}", ticks.ticks.len(), ticks.is_done),
        S::HistoricalSchedule(schedule) => {
            let sessions =
                schedule.sessions.iter().map(|session| format!("{} {}-{}", session.date, session.start, session.end));
            sessions.collect::<Vec<_>>().join(" | ")
        }
        S::Notice(notice) => format!("error {}", notice.code),
        _ => String::new(),
    }
}

fn row(row: &tws_proto::message::DepthRow) -> String {
    let (position, side) = (row.position.unwrap(), row.side.unwrap());
    format!("{:?} {side:?} {position} {}", row.operation.unwrap(), plain(row.price))
}

/// Runs a conversation in both forms and compares what is heard last.
#[track_caller]
fn check(setup: fn() -> CoreSetup, talk: impl Fn(&mut Desk) -> Vec<ServerMessage>, expected: &str) {
    for version in [TEXT, ServerVersion::NEWEST] {
        let mut desk = Desk::new(version, setup());
        let heard = line(&talk(&mut desk));
        let heard = if version == TEXT && expected.ends_with(" | end") && !heard.ends_with(" | end") {
            format!("{heard} | end") // below 196 the bars are the whole answer
        } else {
            heard
        };
        assert_eq!(heard, expected, "at {version}");
    }
}

#[test]
fn a_subscription_shows_the_market_and_what_was_asked_beside_it() {
    let shown = "Live | LastTimestamp 1381165200 | LastExchange N | Last 100.05 | LastSize 20 | Volume 20 | Halted 0 | \
                 High 100.05 | Low 100.05 | Open 100.05 | BidExchange Q | AskExchange Q | Bid 100 | BidSize 300 | \
                 Ask 100.1 | AskSize 300";
    let open = |desk: &mut Desk| {
        desk.quote("IBM", "100", "100.1");
        desk.trade("IBM", "100.05", 20);
    };
    check(
        still,
        |desk| {
            open(desk);
            desk.say(level1(1, ibm(), ""))
        },
        &shown.replace("Exchange Q", "Exchange QZ").replace("QZ", letters()),
    );
    let more = "RealTimeVolume 100.05;20;1381165200000;20;100.05;true | TradeCount 1 | MarkPrice 100.05 | Shortable 3 | ShortableShares";
    for version in [TEXT, ServerVersion::NEWEST] {
        let mut desk = Desk::new(version, still());
        open(&mut desk);
        let heard = line(&desk.say(level1(1, ibm(), "mdoff,233,232,236,293")));
        assert!(heard.starts_with(&format!("Live | {more}")), "{heard}");
        assert_eq!(line(&desk.quote("IBM", "100.01", "100.1")), "MarkPrice 100.055");
    }
}

fn letters() -> &'static str {
    // IBM's number decides which exchanges quote it.
    ["P", "Q", "K", "QZ", "PKZ", "N"][8314 % 6]
}

#[test]
fn requests_that_cannot_be_are_refused() {
    let refused =
        |request: fn() -> ClientMessage, expected: &str| check(still, move |desk| desk.say(request()), expected);
    refused(|| level1(1, ibm(), "777").into(), "error 321");
    refused(|| level1(1, euro(), "236").into(), "error 321");
    refused(|| level1(1, Contract::stock("NOSUCH", "USD"), "").into(), "error 200");
    refused(|| RequestMarketDataType { kind: MarketDataKind::Other(9) }.into(), "error 321");
    refused(|| bars(1, ibm(), "1 D, 7 mins, TRADES").into(), "error 321");
    refused(|| bars(1, ibm(), "1 Q, 1 min, TRADES").into(), "error 321");
    refused(|| bars(1, ibm(), "400 D, 1 day, TRADES").into(), "error 321");
    refused(|| bars(1, ibm(), "1 D, 1 secs, TRADES").into(), "error 162");
    refused(|| bars(1, ibm(), "60 S, 1 hour, TRADES").into(), "error 162");
    refused(|| bars(1, ibm(), "1 D, 1 min, GUESSES").into(), "error 321");
    refused(|| bars(1, ibm(), "1 D, 1 min, AGGTRADES").into(), "error 10299");
    refused(|| bars(1, euro(), "1 D, 1 min, TRADES").into(), "error 162");
    refused(|| bars(1, ibm(), "1 D, 1 min, TRADES, yesterday").into(), "error 10314");
    refused(|| bars(1, ibm(), "1 D, 1 day, ADJUSTED_LAST, 20131001 16:00:00 US/Eastern").into(), "error 321");
    refused(|| bars(1, ibm(), "1 D, 1 min, TRADES, 20131001-16:00:00, keep").into(), "error 321");
    refused(|| bars(1, ibm(), "1 D, 1 hour, SCHEDULE").into(), "error 321");
    refused(|| bars(1, ibm(), "1 D, 1 day, TRADES, 19500102-16:00:00").into(), "error 162");
    refused(|| depth(1, ibm(), 0, true).into(), "error 321");
    refused(|| depth(1, ibm(), 5, false).into(), "error 10092");
    refused(|| depth(1, Contract::index("SPX", "CBOE", "USD"), 5, false).into(), "error 10092");
    refused(|| CancelMarketDepth { request_id: RequestId(4), is_smart_depth: true }.into(), "error 310");
    refused(|| CancelRealTimeBars { request_id: RequestId(4) }.into(), "error 300");
    refused(|| CancelHistoricalData { request_id: RequestId(4) }.into(), "error 366");
    refused(|| single(1, ibm(), "Bars", 0).into(), "error 321");
    refused(|| single(1, euro(), "Last", 0).into(), "error 10189");
    refused(|| five_seconds(1, euro(), "TRADES").into(), "error 420");
    refused(|| five_seconds(1, ibm(), "BID_ASK").into(), "error 321");
    refused(|| past_ticks(1, "", "", 10, "TRADES").into(), "error 321");
    refused(|| past_ticks(1, "20131004-16:00:00", "20131004-16:00:00", 10, "TRADES").into(), "error 321");
    refused(|| past_ticks(1, "20131004-16:00:00", "", 1001, "TRADES").into(), "error 321");
    refused(|| past_ticks(1, "never", "", 10, "TRADES").into(), "error 10314");
    refused(|| histogram(1, "3 moons").into(), "error 321");
    refused(|| volatility(1, ibm(), "5", "100").into(), "error 321");
}

fn depth(id: i32, contract: Contract, rows: i32, is_smart_depth: bool) -> Box<RequestMarketDepth> {
    let rows = Some(rows);
    Box::new(RequestMarketDepth { request_id: RequestId(id), contract, rows, is_smart_depth, ..Default::default() })
}

fn single(id: i32, contract: Contract, kind: &str, history: i32) -> Box<RequestTickByTick> {
    let (kind, history) = (Some(kind.into()), Some(history));
    Box::new(RequestTickByTick { request_id: RequestId(id), contract, kind, history, ..Default::default() })
}

fn five_seconds(id: i32, contract: Contract, shows: &str) -> Box<RequestRealTimeBars> {
    let data_to_show = Some(DataToShow::from(shows));
    Box::new(RequestRealTimeBars { request_id: RequestId(id), contract, data_to_show, ..Default::default() })
}

fn past_ticks(id: i32, start: &str, end: &str, count: i32, shows: &str) -> Box<RequestHistoricalTicks> {
    Box::new(RequestHistoricalTicks {
        request_id: RequestId(id),
        contract: ibm(),
        start: start.into(),
        end: end.into(),
        ticks: Some(count),
        data_to_show: Some(DataToShow::from(shows)),
        ..Default::default()
    })
}

fn histogram(id: i32, period: &str) -> Box<RequestHistogramData> {
    Box::new(RequestHistogramData {
        request_id: RequestId(id),
        contract: ibm(),
        period: period.into(),
        ..Default::default()
    })
}

fn volatility(id: i32, contract: Contract, price: &str, underlying: &str) -> Box<CalculateImpliedVolatility> {
    Box::new(CalculateImpliedVolatility {
        request_id: RequestId(id),
        contract,
        option_price: price.parse().ok(),
        underlying_price: underlying.parse().ok(),
        ..Default::default()
    })
}

#[test]
fn there_are_limits() {
    let limited =
        || with(DataSettings { lines: 1, books: 1, single_ticks: 1, histories: 1, ..DataSettings::default() });
    let twice = |first: fn() -> ClientMessage, second: fn() -> ClientMessage, expected: &str| {
        check(
            limited,
            move |desk| {
                desk.quote("IBM", "100", "100.1");
                desk.say(first());
                desk.say(second())
            },
            expected,
        );
    };
    twice(|| level1(1, ibm(), "").into(), || level1(2, ibm(), "").into(), "error 101");
    twice(|| depth(1, ibm(), 5, true).into(), || depth(2, ibm(), 5, true).into(), "error 309");
    twice(|| single(1, ibm(), "Last", 0).into(), || single(2, ibm(), "Last", 0).into(), "error 10190");
    let keep = || -> ClientMessage { bars(1, ibm(), "1 D, 1 hour, TRADES, keep").into() };
    twice(keep, || bars(2, ibm(), "1 D, 1 hour, TRADES").into(), "error 322");
    twice(keep, || bars(1, ibm(), "1 D, 1 hour, TRADES").into(), "error 322");
    twice(|| five_seconds(1, ibm(), "BID").into(), || five_seconds(1, ibm(), "BID").into(), "error 102");
}

#[test]
fn who_has_no_live_data_is_told_so_and_may_have_delayed() {
    let delayed = || with(DataSettings { access: DataAccess::Delayed, delay_ms: 60_000, ..DataSettings::default() });
    check(delayed, |desk| desk.say(level1(1, ibm(), "")), "error 354");
    check(delayed, |desk| desk.say(depth(1, ibm(), 5, true)), "error 354");
    check(delayed, |desk| desk.say(five_seconds(1, ibm(), "TRADES")), "error 420");
    let late = |desk: &mut Desk| {
        desk.quote("IBM", "181.90", "181.92");
        desk.say(RequestMarketDataType { kind: MarketDataKind::Delayed });
        desk.say(level1(1, ibm(), ""))
    };
    for version in [TEXT, ServerVersion::NEWEST] {
        let mut desk = Desk::new(version, delayed());
        let heard = line(&late(&mut desk));
        assert!(heard.starts_with("error 10167 | Delayed | DelayedLastTimestamp 13811650"), "{heard}");
        assert!(heard.contains("DelayedBid 18") && !heard.contains(" Bid "), "{heard}");
        assert_eq!(line(&desk.quote("IBM", "200", "200.1")), "");
        desk.wait(59_999);
        let heard = line(&desk.wait(1));
        assert!(
            heard.ends_with("DelayedBid 200 | DelayedBidSize 300 | DelayedAsk 200.1 | DelayedAskSize 300"),
            "{heard}"
        );
    }
    let nothing = || with(DataSettings { access: DataAccess::Nothing, ..DataSettings::default() });
    check(nothing, late, "error 10168");
}

#[test]
fn a_halt_is_told_and_the_book_begins_anew_behind_it() {
    let halted = |desk: &mut Desk, halt| {
        let contract = desk.id("IBM");
        desk.step(Input::Halt { contract, halt })
    };
    check(
        still,
        |desk| {
            desk.quote("IBM", "100", "100.1");
            desk.say(level1(1, ibm(), ""));
            halted(desk, Halt::General)
        },
        "Halted 1",
    );
    let begun = "error 317 | Insert Bid 0 100 | Insert Ask 0 100.1";
    check(
        still,
        |desk| {
            desk.quote("IBM", "100", "100.1");
            desk.say(depth(1, ibm(), 1, true));
            halted(desk, Halt::Volatility);
            halted(desk, Halt::None)
        },
        begun,
    );
}

#[test]
fn a_book_is_told_by_its_changes() {
    let open = |desk: &mut Desk| {
        desk.quote("IBM", "100", "100.1");
        desk.say(depth(1, ibm(), 1, true))
    };
    check(still, open, "Insert Bid 0 100 | Insert Ask 0 100.1");
    check(
        still,
        |desk| {
            open(desk);
            desk.quote("IBM", "100.01", "100.1")
        },
        "Delete Bid 0 0 | Insert Bid 0 100.01",
    );
}

#[test]
fn bars_of_five_seconds_end_on_the_clock() {
    check(
        still,
        |desk| {
            desk.quote("IBM", "100", "100.1");
            desk.trade("IBM", "100.05", 20);
            desk.say(five_seconds(1, ibm(), "TRADES"));
            desk.say(five_seconds(2, ibm(), "MIDPOINT"));
            desk.wait(4_999);
            desk.trade("IBM", "100.1", 30);
            desk.wait(7_000)
        },
        "bar 0 100.05 100.1 50 | bar 0 100.05 100.05 -1 | bar 5 100.1 100.1 0 | bar 5 100.05 100.05 -1",
    );
}

#[test]
fn bars_that_are_kept_up_to_date_grow() {
    check(
        still,
        |desk| {
            desk.trade("IBM", "181.90", 20);
            desk.say(bars(1, ibm(), "60 S, 1 min, TRADES, keep"));
            desk.wait(1_000);
            desk.trade("IBM", "182.50", 5);
            desk.wait(10_000)
        },
        "update 20131007 13:00:00 US/Eastern 181.9 182.5 181.9 182.5 25",
    );
}

#[test]
fn the_past_joins_the_present_and_is_the_same_whenever_it_is_asked() {
    for version in [TEXT, ServerVersion::NEWEST] {
        let mut desk = Desk::new(version, CoreSetup::new(7, START));
        let minutes = |desk: &mut Desk, words: &str| {
            let heard = desk.say(bars(1, ibm(), words));
            heard
                .into_iter()
                .find_map(|message| match message {
                    ServerMessage::HistoricalData(data) => Some(data.bars),
                    _ => None,
                })
                .unwrap()
        };
        let first = minutes(&mut desk, "1 D, 1 min, TRADES, rth");
        assert_eq!(first.len(), 210, "from the opening to now");
        assert_eq!(first[0].date, "20131007 09:30:00 US/Eastern");
        desk.wait(3_600_000);
        let later = minutes(&mut desk, "1 D, 1 min, TRADES, rth");
        let gap = later[210].open.unwrap() - first[209].close.unwrap();
        assert!(gap.abs() <= Decimal::new(10, 2), "{gap}");
        assert_eq!(later[..210], first[..210]);
        assert!(later.len() >= 270);
        let days = minutes(&mut desk, "1 M, 1 day, TRADES, rth");
        assert_eq!(days.last().unwrap().date, "20131007");
        let today = |pick: fn(&Bar) -> Option<Decimal>| later.iter().filter_map(pick).max();
        assert_eq!(days.last().unwrap().high, today(|bar| bar.high));
        let weeks = minutes(&mut desk, "3 M, 1 week, MIDPOINT");
        assert!(weeks.len() >= 13 && weeks.iter().all(|week| week.volume == Some(Decimal::NEGATIVE_ONE)));
        let seconds = minutes(&mut desk, "60 S, 1 secs, BID, 20131004 15:00:00 US/Eastern, rth, epoch");
        assert_eq!((seconds.len(), seconds[59].date.as_str()), (60, "1380913199"));
    }
}

#[test]
fn schedules_heads_histograms_and_ticks_of_the_past_are_told() {
    let week = "20131004 20131004-09:30:00-20131004-16:00:00 | 20131007 20131007-09:30:00-20131007-16:00:00";
    check(still, |desk| desk.say(bars(1, ibm(), "2 D, 1 day, SCHEDULE, rth")), week);
    let head = |format| {
        Box::new(RequestHeadTimestamp {
            request_id: RequestId(1),
            contract: ibm(),
            data_to_show: Some(DataToShow::Trades),
            date_format: Some(format),
            regular_hours_only: true,
        })
    };
    for version in [TEXT, ServerVersion::NEWEST] {
        let mut desk = Desk::new(version, still());
        let (text, epoch) = (line(&desk.say(head(DateFormat::Text))), line(&desk.say(head(DateFormat::EpochSeconds))));
        assert!(text.ends_with(":30:00") && text.as_str() < "2010" && epoch.parse::<i64>().is_ok(), "{text} {epoch}");
        let sizes = desk.say(histogram(2, "3 days"));
        assert!(matches!(&sizes[..], [ServerMessage::HistogramData(data)] if data.entries.len() > 10));
    }
    check(still, |desk| desk.say(past_ticks(1, "20131004 15:00:00 US/Eastern", "", 10, "TRADES")), "10 trades true");
    check(still, |desk| desk.say(past_ticks(1, "", "20131004-19:00:00", 1000, "BID_ASK")), "1000 quotes true");
    check(still, |desk| desk.say(past_ticks(1, "", "20131007 09:00:00", 7, "MIDPOINT")), "7 midpoints true");
    check(
        still,
        |desk| {
            desk.trade("IBM", "181.90", 20);
            desk.say(single(1, ibm(), "AllLast", 25))
        },
        "25 trades true",
    );
}

#[test]
fn requests_for_the_past_keep_their_distance_where_that_is_set() {
    let paced = || with(DataSettings { pacing: DataPacing::Kept, ..DataSettings::default() });
    let again = |pause, words: &'static str, expected: &str| {
        check(
            paced,
            move |desk| {
                desk.say(bars(1, ibm(), words));
                desk.wait(pause);
                let heard = desk.say(bars(2, ibm(), words));
                heard.into_iter().filter(|message| matches!(message, ServerMessage::Notice(_))).collect()
            },
            expected,
        );
    };
    again(14_999, "60 S, 5 secs, TRADES, 20131004-19:00:00", "error 162");
    again(15_000, "60 S, 5 secs, TRADES, 20131004-19:00:00", "");
    again(0, "1 D, 1 min, TRADES, 20131004-19:00:00", "");
}

#[test]
fn an_option_follows_its_underlying_and_a_combination_its_legs() {
    for version in [TEXT, ServerVersion::NEWEST] {
        let mut desk = Desk::new(version, CoreSetup::new(7, START));
        let wanted = |instrument: &&tws_sim::Instrument| {
            instrument.security_type == SecurityType::Option && instrument.symbol == "AAPL"
        };
        let looked = Contract {
            security_type: Some(SecurityType::Option),
            right: Some(OptionRight::Call),
            ..Contract::stock("AAPL", "USD")
        };
        let details =
            desk.say(Box::new(tws_proto::message::RequestContractData { request_id: RequestId(9), contract: looked }));
        let found = details.iter().filter_map(|message| match message {
            ServerMessage::ContractData(data) => Some(data.contract.clone()),
            _ => None,
        });
        let mut options: Vec<Contract> = found.collect();
        options.sort_by_key(|option| {
            (option.last_trade_date_or_month.to_string(), (option.strike.unwrap() - Decimal::from(230)).abs())
        });
        assert!(desk.core.catalogue().iter().filter(wanted).count() < 10_000);
        let option = options.into_iter().rev().find(|option| option.strike == Some(230.into())).unwrap();
        let heard = line(&desk.say(level1(1, option.clone(), "")));
        assert!(heard.contains("BidOption") && heard.contains("ModelOption"), "{heard}");
        let heard = line(&desk.wait(30_000));
        assert!(heard.contains("Bid ") && heard.contains("AskOption"), "{heard}");
        let heard = desk.say(volatility(2, option.clone(), "12", "231"));
        let [ServerMessage::TickOptionComputation(tick)] = &heard[..] else { panic!("{heard:?}") };
        let found = tick.implied_volatility.unwrap();
        let request = CalculateOptionPrice {
            request_id: RequestId(3),
            contract: option.clone(),
            volatility: Decimal::try_from(found).ok(),
            underlying_price: Some(231.into()),
            ..Default::default()
        };
        let heard = desk.say(Box::new(request));
        let [ServerMessage::TickOptionComputation(tick)] = &heard[..] else { panic!("{heard:?}") };
        assert!((tick.option_price.unwrap() - 12.0).abs() < 1e-4, "{tick:?}");
        let past = line(&desk.say(bars(4, option, "1 D, 1 hour, TRADES, rth")));
        assert!(past.starts_with("20131007 09:30:00 US/Eastern"), "{past}");

        let leg = |contract_id, action| ComboLeg {
            contract_id: Some(contract_id),
            ratio: Some(1),
            action: Some(action),
            exchange: "SMART".into(),
            ..ComboLeg::default()
        };
        let legs = vec![leg(desk.id("IBM"), Action::Buy), leg(desk.id("BAC"), Action::Sell)];
        let pair = Contract {
            security_type: Some(SecurityType::Combination),
            combo_legs: legs,
            ..Contract::stock("IBM,BAC", "USD")
        };
        let heard = line(&desk.say(level1(5, pair, "")));
        let price = |contract: &str, pick: fn(&Quote) -> Option<Decimal>| {
            pick(desk.core.market(desk.core.catalogue().by_name(contract).unwrap().contract_id).unwrap().quote())
                .unwrap()
        };
        let bid = price("IBM", |quote| Some(quote.bid?.price)) - price("BAC", |quote| Some(quote.ask?.price));
        assert!(heard.contains(&format!("Bid {}", bid.normalize())), "{heard}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed| {
        let mut desk = Desk::new(ServerVersion::NEWEST, CoreSetup::new(seed, START));
        desk.say(level1(1, ibm(), "165,233,375"));
        desk.say(level1(2, euro(), ""));
        desk.say(depth(3, ibm(), 10, true));
        desk.say(single(4, ibm(), "BidAsk", 50));
        desk.say(five_seconds(5, ibm(), "TRADES"));
        desk.say(bars(6, ibm(), "1 D, 5 mins, TRADES, keep"));
        desk.say(bars(7, ibm(), "1 Y, 1 day, TRADES"));
        for _ in 0..200 {
            desk.wait(1_700);
        }
        desk.hash.finish()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
