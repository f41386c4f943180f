//! [`Rules`]: TWS's limits for single kinds of requests, beside that of all frames: history, single ticks, searches.
//!
//! History is counted by IB's servers, beyond a connection; so is it here.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use tws_proto::ids::RequestId;
use tws_proto::kinds::{BarSize, DataToShow};
use tws_proto::message::ClientMessage;

use crate::config::Pacing;
use crate::queue::Why;

/// The window in which [`Pacing::history_per_contract`] counts.
const CONTRACT_WINDOW: Duration = Duration::from_secs(2);
/// The window in which [`Pacing::history_per_ten_minutes`] counts; nothing is remembered for longer.
const LONG_WINDOW: Duration = Duration::from_secs(600);
/// Bars up to this size count.
const SMALL_BAR_S: u32 = 30;
/// How often symbols may be searched for.
const SEARCH_PAUSE: Duration = Duration::from_secs(1);

/// What a request counts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    family: Family,
    /// Requests alike in everything have it in common.
    identity: String,
    /// Requests for one contract, exchange and kind of data have it in common.
    contract: String,
    weight: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    History,
    RealTimeBars,
    SingleTicks,
    Search,
}

/// Names a claim that waits to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

#[derive(Clone, Debug)]
struct Entry {
    at: Instant,
    claim: Claim,
}

/// What was sent lately, and what is planned.
#[derive(Debug)]
pub(super) struct Rules {
    pacing: Pacing,
    /// In the order of time, at most [`LONG_WINDOW`] back: the rules themselves bound it.
    sent: VecDeque<Entry>,
    planned: BTreeMap<Ticket, Entry>,
    last: u64,
    /// TWS said that history is asked for too fast: none before this.
    paused_until: Option<Instant>,
}

impl Claim {
    /// What a message counts as, where it counts at all.
    pub(super) fn of(message: &ClientMessage) -> Option<Self> {
        use ClientMessage as C;
        let claim =
            |family, identity: String, contract: String, weight| Some(Self { family, identity, contract, weight });
        match message {
            C::RequestHistoricalData(body) => {
                if body.bar_size.as_ref().and_then(BarSize::seconds).is_none_or(|seconds| seconds > SMALL_BAR_S) {
                    return None;
                }
                let alike = tws_proto::message::RequestHistoricalData { request_id: RequestId(0), ..(**body).clone() };
                let contract = format!("{:?} {:?}", body.contract, body.data_to_show);
                let weight = if body.data_to_show == Some(DataToShow::BidAsk) { 2 } else { 1 };
                claim(Family::History, format!("{alike:?}"), contract, weight)
            }
            C::RequestHistoricalTicks(body) => {
                let alike = tws_proto::message::RequestHistoricalTicks { request_id: RequestId(0), ..(**body).clone() };
                let contract = format!("{:?} {:?}", body.contract, body.data_to_show);
                let weight = if body.data_to_show == Some(DataToShow::BidAsk) { 2 } else { 1 };
                claim(Family::History, format!("{alike:?}"), contract, weight)
            }
            C::RequestRealTimeBars(body) => {
                claim(Family::RealTimeBars, String::new(), format!("{:?}", body.contract), 1)
            }
            C::RequestTickByTick(body) => claim(Family::SingleTicks, format!("{:?}", body.contract), String::new(), 1),
            C::RequestMatchingSymbols(_) => claim(Family::Search, String::new(), String::new(), 1),
            // Nothing else has a limit in time of its own.
            _ => None,
        }
    }
}

impl Rules {
    pub(super) fn new(pacing: Pacing) -> Self {
        Self { pacing, sent: VecDeque::new(), planned: BTreeMap::new(), last: 0, paused_until: None }
    }

    /// When a claim could be sent, behind all that is planned; and why not at once.
    pub(super) fn expect(&self, claim: &Claim, now: Instant) -> (Instant, Option<Why>) {
        let mut entries: Vec<&Entry> = self.sent.iter().chain(self.planned.values()).collect();
        entries.sort_by_key(|entry| entry.at);
        self.earliest(claim, &entries, now)
    }

    /// Takes a claim into the plan.
    pub(super) fn plan(&mut self, claim: Claim, at: Instant) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.planned.insert(ticket, Entry { at, claim });
        ticket
    }

    /// Whether what was planned may be sent now; else when to look again, and why.
    pub(super) fn check(&self, ticket: Ticket, now: Instant) -> Result<(), (Instant, Why)> {
        let Some(entry) = self.planned.get(&ticket) else { return Ok(()) };
        match self.earliest(&entry.claim, &self.sent.iter().collect::<Vec<_>>(), now) {
            (at, Some(why)) if at > now => Err((at, why)),
            _ => Ok(()),
        }
    }

    /// What was planned was sent.
    pub(super) fn sent(&mut self, ticket: Ticket, now: Instant) {
        let Some(Entry { claim, .. }) = self.planned.remove(&ticket) else { return };
        while self.sent.front().is_some_and(|entry| now.saturating_duration_since(entry.at) >= LONG_WINDOW) {
            self.sent.pop_front();
        }
        self.sent.push_back(Entry { at: now, claim });
    }

    /// What was planned will not be sent.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.planned.remove(&ticket);
    }

    /// The connection ended: nothing that was planned will be sent. TWS counts single ticks and searches by connection,
    /// history is counted by IB.
    pub(super) fn end_epoch(&mut self) {
        self.planned.clear();
        self.sent.retain(|entry| matches!(entry.claim.family, Family::History | Family::RealTimeBars));
    }

    /// TWS said that history is asked for too fast.
    pub(super) fn pause(&mut self, now: Instant) {
        self.paused_until = Some(now + self.pacing.same_history_pause);
    }

    /// The earliest moment at which a claim breaks no rule, given what was or will be sent, in the order of time.
    fn earliest(&self, claim: &Claim, entries: &[&Entry], now: Instant) -> (Instant, Option<Why>) {
        let Pacing { same_history_pause, history_per_contract, history_per_ten_minutes, single_ticks_pause, .. } =
            self.pacing;
        let family = || entries.iter().rev().filter(|entry| entry.claim.family == claim.family);
        let last_alike = family().find(|entry| entry.claim.identity == claim.identity).map(|entry| entry.at);
        let mut waits = Vec::new();
        match claim.family {
            Family::History => {
                waits.push((self.paused_until, Why::HistoryPaused));
                waits.push((last_alike.map(|at| at + same_history_pause), Why::SameHistory));
                let of_contract = family().filter(|entry| entry.claim.contract == claim.contract);
                let most = history_per_contract.max(1) as usize;
                let full = of_contract.map(|entry| entry.at).nth(most - 1);
                waits.push((full.map(|at| at + CONTRACT_WINDOW), Why::HistoryOfContract));
                waits.push((budget(family(), claim.weight, history_per_ten_minutes), Why::HistoryInAll));
            }
            Family::RealTimeBars => {
                waits.push((budget(family(), claim.weight, history_per_ten_minutes), Why::HistoryInAll));
            }
            Family::SingleTicks => waits.push((last_alike.map(|at| at + single_ticks_pause), Why::SameInstrument)),
            Family::Search => waits.push((last_alike.map(|at| at + SEARCH_PAUSE), Why::Search)),
        }
        let binding = waits.into_iter().filter_map(|(at, why)| Some((at.filter(|at| *at > now)?, why)));
        binding.max_by_key(|(at, _)| *at).map_or((now, None), |(at, why)| (at, Some(why)))
    }
}

/// When the long window has room for so much more; entries come newest first.
fn budget<'a>(newest_first: impl Iterator<Item = &'a &'a Entry>, weight: u32, most: u32) -> Option<Instant> {
    let mut spent = weight;
    for entry in newest_first {
        spent = spent.saturating_add(entry.claim.weight);
        if spent > most {
            return Some(entry.at + LONG_WINDOW);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use tws_proto::Contract;
    use tws_proto::message::{RequestHistoricalData, RequestTickByTick};

    use super::*;

    fn bars(symbol: &str, duration: &str, data: DataToShow) -> ClientMessage {
        Box::new(RequestHistoricalData {
            contract: Contract::stock(symbol, "USD"),
            bar_size: Some(BarSize::Seconds5),
            duration: duration.into(),
            data_to_show: Some(data),
            ..RequestHistoricalData::default()
        })
        .into()
    }

    /// Sends each message as soon as the rules allow, one after the other; at which seconds?
    #[track_caller]
    fn check(messages: &[ClientMessage], expected_s: &[u64]) {
        let start = Instant::now();
        let mut rules = Rules::new(Pacing::default());
        let mut planned = Vec::new();
        for message in messages {
            let claim = Claim::of(message).unwrap();
            let (at, _) = rules.expect(&claim, start);
            planned.push((at, rules.plan(claim, at)));
        }
        planned.sort_by_key(|(at, _)| *at);
        let mut seconds = Vec::new();
        for (at, ticket) in planned {
            assert_eq!(rules.check(ticket, at), Ok(()), "the plan keeps the rules");
            rules.sent(ticket, at);
            seconds.push((at - start).as_secs());
        }
        assert_eq!(seconds, expected_s);
    }

    #[test]
    fn the_same_history_is_asked_for_once_in_15_s() {
        let same = bars("IBM", "60 S", DataToShow::Trades);
        check(&[same.clone(), same.clone(), same], &[0, 15, 30]);
    }

    #[test]
    fn fewer_than_six_for_one_contract_in_2_s() {
        let messages: Vec<_> = (1..=12).map(|n| bars("IBM", &format!("{n} S"), DataToShow::Trades)).collect();
        check(&messages, &[0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 4, 4]);
    }

    #[test]
    fn sixty_in_ten_minutes_and_quotes_count_twice() {
        let trades: Vec<_> = (0..62).map(|n| bars(&format!("S{n}"), "60 S", DataToShow::Trades)).collect();
        let expected: Vec<u64> = (0..62).map(|n| if n < 60 { 0 } else { 600 }).collect();
        check(&trades, &expected);
        let quotes: Vec<_> = (0..31).map(|n| bars(&format!("S{n}"), "60 S", DataToShow::BidAsk)).collect();
        let expected: Vec<u64> = (0..31).map(|n| if n < 30 { 0 } else { 600 }).collect();
        check(&quotes, &expected);
    }

    #[test]
    fn single_ticks_begin_once_in_15_s_for_one_instrument() {
        let ticks = |symbol: &str| -> ClientMessage {
            Box::new(RequestTickByTick { contract: Contract::stock(symbol, "USD"), ..Default::default() }).into()
        };
        check(&[ticks("IBM"), ticks("IBM"), ticks("AAPL")], &[0, 0, 15]);
    }

    #[test]
    fn large_bars_and_all_else_are_free() {
        let large = RequestHistoricalData { bar_size: Some(BarSize::Day1), ..Default::default() };
        assert_eq!(Claim::of(&Box::new(large).into()), None);
    }
}
