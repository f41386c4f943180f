//! Scans: the contracts of the catalogue by a rank, repeated until they are cancelled.

use std::fmt::Write as _;

use rust_decimal::Decimal;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{ScanCode, SecurityType, StockFilter};
use tws_proto::message::{RequestScanner, Scanner, ScannerData, ScannerParameters, ScannerRow};
use tws_proto::tags::TagValue;

use super::Core;
use crate::instrument::Instrument;
use crate::market::Day;
use crate::reference::ScannerSubscription;
use crate::session::SessionId;
use crate::time::SimTime;

/// How often a scan is repeated.
const PERIOD_MS: i64 = 30_000;
/// TWS tells no more rows, whatever is asked for.
const ROWS_MAX: usize = 50;
/// A client has no more scans at a time.
const SCANS_MAX: usize = 10;

/// Code, name, and what the rank is.
const SCANS: [(ScanCode, &str, Rank); 18] = [
    (ScanCode::TopPercentGain, "Top % Gainers", Rank::Most(Measure::Change)),
    (ScanCode::TopPercentLoss, "Top % Losers", Rank::Least(Measure::Change)),
    (ScanCode::MostActive, "Most Active", Rank::Most(Measure::Volume)),
    (ScanCode::MostActiveByValue, "Most Active ($)", Rank::Most(Measure::Value)),
    (ScanCode::HotByVolume, "Hot Contracts by Volume", Rank::Most(Measure::Volume)),
    (ScanCode::HotByPrice, "Hot Contracts by Price", Rank::Most(Measure::AbsoluteChange)),
    (ScanCode::HotByPriceRange, "Hot Contracts by Price Range", Rank::Most(Measure::Range)),
    (ScanCode::TopPriceRange, "Top Price Range", Rank::Most(Measure::Range)),
    (ScanCode::TopVolumeRate, "Top Volume Rate", Rank::Most(Measure::Volume)),
    (ScanCode::TopTradeCount, "Top Trade Count", Rank::Most(Measure::Volume)),
    (ScanCode::TopTradeRate, "Top Trade Rate", Rank::Most(Measure::Volume)),
    (ScanCode::TopOpenPercentGain, "Top % Gainers Since Open", Rank::Most(Measure::ChangeSinceOpen)),
    (ScanCode::TopOpenPercentLoss, "Top % Losers Since Open", Rank::Least(Measure::ChangeSinceOpen)),
    (ScanCode::HighOpenGap, "Top Close-to-Open % Gainers", Rank::Most(Measure::Gap)),
    (ScanCode::LowOpenGap, "Top Close-to-Open % Losers", Rank::Least(Measure::Gap)),
    (ScanCode::High52Weeks, "52-Week High", Rank::Most(Measure::Change)),
    (ScanCode::Low52Weeks, "52-Week Low", Rank::Least(Measure::Change)),
    (ScanCode::NotOpen, "Not Open", Rank::NotTraded),
];

/// Kinds of instruments: what a request calls them, the first part of their places, name, and what they are.
const INSTRUMENTS: [(&str, &str, &str, SecurityType); 9] = [
    ("STK", "STK.US", "US Stocks", SecurityType::Stock),
    ("ETF.EQ.US", "ETF.EQ.US", "US Equity ETFs", SecurityType::Stock),
    ("FUT.US", "FUT.US", "US Futures", SecurityType::Future),
    ("IND.US", "IND.US", "US Indexes", SecurityType::Index),
    ("BOND", "BOND.US", "Corporate Bonds", SecurityType::Bond),
    ("FUND.ALL", "FUND.ALL", "Mutual Funds", SecurityType::Fund),
    ("CASH", "CASH.IDEALPRO", "Currencies", SecurityType::Forex),
    ("CRYPTO", "CRYPTO.US", "Crypto Currencies", SecurityType::Crypto),
    ("CFD", "CFD.US", "Contracts for Difference", SecurityType::ContractForDifference),
];

/// Places that only some instruments of a kind are at: name behind the first part, name for people, exchanges.
const PLACES: [(&str, &str, &[&str]); 6] = [
    ("MAJOR", "Listed/NASDAQ", &["NYSE", "NASDAQ", "ARCA", "AMEX", "BATS"]),
    ("NYSE", "NYSE", &["NYSE"]),
    ("NASDAQ", "NASDAQ", &["NASDAQ"]),
    ("ARCA", "ARCA", &["ARCA"]),
    ("CME", "CME", &["CME"]),
    ("NYMEX", "NYMEX", &["NYMEX"]),
];

/// Filters beside those that a request has fields for: tag and field of the instrument's numbers.
const FILTERS: [(&str, Filter); 8] = [
    ("priceAbove", Filter::AtLeast(Measure::Price)),
    ("priceBelow", Filter::AtMost(Measure::Price)),
    ("usdPriceAbove", Filter::AtLeast(Measure::Price)),
    ("usdPriceBelow", Filter::AtMost(Measure::Price)),
    ("volumeAbove", Filter::AtLeast(Measure::Volume)),
    ("usdVolumeAbove", Filter::AtLeast(Measure::Value)),
    ("changePercAbove", Filter::AtLeast(Measure::Change)),
    ("changePercBelow", Filter::AtMost(Measure::Change)),
];

/// In which order a scan tells what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    Most(Measure),
    Least(Measure),
    NotTraded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    AtLeast(Measure),
    AtMost(Measure),
}

/// A number that the market of an instrument shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Price,
    /// Percent since the day before.
    Change,
    AbsoluteChange,
    ChangeSinceOpen,
    /// Percent from the day before to the open.
    Gap,
    /// Percent between low and high.
    Range,
    Volume,
    Value,
}

/// What a scan looks at.
#[derive(Clone, Copy, Debug)]
struct Shown {
    price: Decimal,
    day: Day,
}

impl Shown {
    fn measure(&self, measure: Measure) -> Decimal {
        let percent = |from: Option<Decimal>, to: Option<Decimal>| match (from, to) {
            (Some(from), Some(to)) => {
                ((to - from) * Decimal::ONE_HUNDRED).checked_div(from).unwrap_or_default().round_dp(6)
            }
            (None, _) | (_, None) => Decimal::ZERO,
        };
        let Day { open, high, low, close, volume, value, .. } = self.day;
        match measure {
            Measure::Price => self.price,
            Measure::Change => percent(close, Some(self.price)),
            Measure::AbsoluteChange => percent(close, Some(self.price)).abs(),
            Measure::ChangeSinceOpen => percent(open, Some(self.price)),
            Measure::Gap => percent(close, open),
            Measure::Range => percent(low, high),
            Measure::Volume => volume,
            Measure::Value => value,
        }
    }
}

/// A scan that can be run.
#[derive(Debug)]
struct Plan {
    rank: Rank,
    fixed: Option<Vec<String>>,
    kind: SecurityType,
    exchanges: Option<&'static [&'static str]>,
    filters: Vec<(Filter, Decimal)>,
    stock_type: Option<StockFilter>,
    rows: usize,
}

impl Core {
    pub(super) fn send_scanner_parameters(&mut self, session: SessionId) {
        self.outbox.send(session, ScannerParameters { xml: parameters() });
    }

    pub(super) fn request_scanner(&mut self, session: SessionId, request: &RequestScanner) {
        let id = request.request_id;
        let Some(this) = self.sessions.get(&session) else { return };
        if this.reference.scanners.contains_key(&id) {
            return self.outbox.notice(session, id.0, 102, "Duplicate ticker id");
        }
        if this.reference.scanners.len() >= SCANS_MAX {
            let text =
                "Error processing request.-'bT' : cause - Only 10 simultaneous API scanner subscriptions are allowed";
            return self.outbox.notice(session, id.0, 322, text);
        }
        if let Err((code, text)) = self.scan_plan(&request.scanner) {
            return self.outbox.notice(session, id.0, code, text);
        }
        self.run_scan(session, id, &request.scanner);
        let subscription = ScannerSubscription { scanner: request.scanner.clone(), next: self.now.plus_ms(PERIOD_MS) };
        if let Some(this) = self.sessions.get_mut(&session) {
            this.reference.scanners.insert(id, subscription);
        }
    }

    pub(super) fn cancel_scanner(&mut self, session: SessionId, id: RequestId) {
        let known = self.sessions.get_mut(&session).and_then(|this| this.reference.scanners.remove(&id));
        match known {
            Some(_) => {
                let text =
                    format!("Historical Market Data Service error message:API scanner subscription cancelled: {id}");
                self.outbox.notice(session, id.0, 162, text);
            }
            None => self.outbox.notice(session, id.0, 300, format!("Can't find EId with tickerId:{id}")),
        }
    }

    /// When the next scan is repeated.
    pub(super) fn next_scan(&self) -> Option<SimTime> {
        let scans = self.sessions.values().flat_map(|this| this.reference.scanners.values());
        scans.map(|scan| scan.next).min()
    }

    /// Repeats the scans whose time has come.
    pub(super) fn repeat_scans(&mut self) {
        let now = self.now;
        let mut due = Vec::new();
        for (session, this) in &mut self.sessions {
            for (id, scan) in this.reference.scanners.iter_mut().filter(|(_, scan)| scan.next <= now) {
                scan.next = now.plus_ms(PERIOD_MS);
                due.push((*session, *id, scan.scanner.clone()));
            }
        }
        for (session, id, scanner) in due {
            self.run_scan(session, id, &scanner);
        }
    }

    fn run_scan(&mut self, session: SessionId, request_id: RequestId, scanner: &Scanner) {
        let Ok(plan) = self.scan_plan(scanner) else { return };
        let found = self.scan(&plan);
        if found.is_empty() {
            let text = "Historical Market Data Service query message:no items retrieved";
            self.outbox.notice(session, request_id.0, 165, text);
        }
        let row = |(rank, id): (i32, ContractId)| {
            let contract = self.catalogue.by_id(id)?.contract();
            let market_name = contract.trading_class.clone();
            Some(ScannerRow { rank: Some(rank), contract, market_name, ..ScannerRow::default() })
        };
        let rows = (0..).zip(found).filter_map(row).collect();
        self.outbox.send(session, ScannerData { request_id, rows });
    }

    /// The contracts of a scan, best first. The markets of all it looks at are open from then on.
    fn scan(&mut self, plan: &Plan) -> Vec<ContractId> {
        let day = self.now.day();
        let candidates: Vec<ContractId> = match &plan.fixed {
            Some(names) => {
                names.iter().filter_map(|name| self.catalogue.by_name(name)).map(|found| found.contract_id).collect()
            }
            None => {
                let all = self.catalogue.iter().filter(|instrument| !instrument.is_expired(day));
                all.filter(|instrument| plan.looks_at(instrument)).map(|instrument| instrument.contract_id).collect()
            }
        };
        candidates.iter().for_each(|id| self.open_market(*id));
        let shown = |id: &ContractId| {
            let (market, instrument) = (self.market(*id)?, self.catalogue.by_id(*id)?);
            let price = market.last().map(|(trade, _)| trade.price).or_else(|| market.mark());
            Some((*id, Shown { price: price.unwrap_or(instrument.price), day: *market.day() }))
        };
        let passes = |shown: &Shown| {
            plan.filters.iter().all(|(filter, limit)| match filter {
                Filter::AtLeast(measure) => shown.measure(*measure) >= *limit,
                Filter::AtMost(measure) => shown.measure(*measure) <= *limit,
            })
        };
        let mut found: Vec<(ContractId, Shown)> =
            candidates.iter().filter_map(shown).filter(|(_, shown)| passes(shown)).collect();
        match plan.rank {
            _ if plan.fixed.is_some() => {}
            // A stable sort: what ranks alike stays in the order of the numbers.
            Rank::Most(measure) => {
                found.sort_by_key(|(_, shown)| std::cmp::Reverse(shown.measure(measure)));
            }
            Rank::Least(measure) => {
                found.sort_by_key(|(_, shown)| shown.measure(measure));
            }
            Rank::NotTraded => found.retain(|(_, shown)| shown.day.volume.is_zero()),
        }
        found.into_iter().take(plan.rows).map(|(id, _)| id).collect()
    }

    fn scan_plan(&self, scanner: &Scanner) -> Result<Plan, (i32, String)> {
        let unknown = |what: &str| {
            let text = format!("Historical Market Data Service error message:{what}");
            Err((162, text))
        };
        let code = scanner.scan.as_ref().map_or("", ScanCode::as_str);
        let fixed = self.reference.information.scans.iter().find(|scan| scan.code == code);
        let rank = SCANS.iter().find(|(known, ..)| known.as_str() == code).map(|(_, _, rank)| *rank);
        let rank = match (rank, fixed) {
            (Some(rank), _) => rank,
            (None, Some(_)) => Rank::Most(Measure::Volume),
            (None, None) => return unknown(&format!("Unknown scan code {code}")),
        };
        let Some((_, place, _, kind)) = INSTRUMENTS.iter().find(|(name, ..)| *name == scanner.instrument) else {
            return unknown(&format!("Unknown instrument {}", scanner.instrument));
        };
        let rest = match scanner.location.as_str() {
            "" => Some(""),
            location => location.strip_prefix(place).map(|rest| rest.trim_start_matches('.')),
        };
        let exchanges = match rest {
            Some("") => None,
            Some(rest) => match PLACES.iter().find(|(name, ..)| *name == rest) {
                Some((_, _, exchanges)) => Some(*exchanges),
                None => return unknown(&format!("Unknown location {}", scanner.location)),
            },
            None => return unknown(&format!("Unknown location {}", scanner.location)),
        };
        let etfs = scanner.instrument.starts_with("ETF");
        let stock_type = if etfs { Some(StockFilter::ExchangeTradedFunds) } else { scanner.stock_type.clone() };
        Ok(Plan {
            rank,
            fixed: fixed.map(|scan| scan.rows.clone()),
            kind: kind.clone(),
            exchanges,
            filters: filters(scanner)?,
            stock_type,
            rows: scanner.rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(ROWS_MAX).min(ROWS_MAX),
        })
    }
}

impl Plan {
    fn looks_at(&self, instrument: &Instrument) -> bool {
        let listed =
            if instrument.primary_exchange.is_empty() { &instrument.exchange } else { &instrument.primary_exchange };
        let stock_type = match &self.stock_type {
            None | Some(StockFilter::All) => true,
            Some(StockFilter::Corporations) => instrument.stock_type == "COMMON",
            Some(other) => instrument.stock_type == other.as_str(),
        };
        instrument.security_type == self.kind
            && stock_type
            && self.exchanges.is_none_or(|exchanges| exchanges.contains(&listed.as_str()))
    }
}

/// The filters of a request, from its fields and from its list of tags.
fn filters(scanner: &Scanner) -> Result<Vec<(Filter, Decimal)>, (i32, String)> {
    let mut filters = Vec::new();
    let fields = [
        (Filter::AtLeast(Measure::Price), scanner.price_min),
        (Filter::AtMost(Measure::Price), scanner.price_max),
        (Filter::AtLeast(Measure::Volume), scanner.volume_min.map(Decimal::from)),
    ];
    // Some clients write 0 where nothing is set.
    filters.extend(
        fields.into_iter().filter_map(|(filter, limit)| Some((filter, limit.filter(|limit| !limit.is_zero())?))),
    );
    for TagValue { tag, value } in &scanner.filters {
        let refuse = |cause: &str| {
            (321, format!("Error validating request.-'bT' : cause - {cause} in scanner filter {tag}={value}"))
        };
        let Some((_, filter)) = FILTERS.iter().find(|(known, _)| *known == tag) else {
            return Err(refuse("Unknown tag"));
        };
        filters.push((*filter, value.trim().parse().map_err(|_| refuse("Not a number"))?));
    }
    Ok(filters)
}

/// Which scans there are: instruments, places, scans and filters, under the names that IB's document has for them.
fn parameters() -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ScanParameterResponse>\n<InstrumentList varName=\"instrumentList\">\n",
    );
    // Writing to a string cannot fail.
    for (kind, place, name, security) in &INSTRUMENTS {
        let security = security.as_str();
        let _ = writeln!(
            xml,
            "<Instrument><name>{name}</name><type>{kind}</type><secType>{security}</secType><location>{place}</location></Instrument>"
        );
    }
    xml.push_str("</InstrumentList>\n<LocationTree varName=\"locationTree\">\n");
    for (kind, place, name, _) in &INSTRUMENTS {
        let _ = write!(
            xml,
            "<Location><displayName>{name}</displayName><locationCode>{place}</locationCode><instruments>{kind}</instruments>"
        );
        xml.push_str("<LocationTree>");
        let stocks = *kind == "STK";
        let future = *kind == "FUT.US";
        for (code, name, _) in PLACES.iter().filter(|(code, ..)| {
            if future {
                code.ends_with("ME") || code.ends_with("EX")
            } else {
                stocks && !code.ends_with("ME") && *code != "NYMEX"
            }
        }) {
            let _ = write!(
                xml,
                "<Location><displayName>{name}</displayName><locationCode>{place}.{code}</locationCode><instruments>{kind}</instruments></Location>"
            );
        }
        xml.push_str("</LocationTree></Location>\n");
    }
    xml.push_str("</LocationTree>\n<ScanTypeList varName=\"scanTypeList\">\n");
    let kinds = INSTRUMENTS.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>().join(",");
    for (code, name, _) in &SCANS {
        let code = code.as_str();
        let name = name.replace('&', "&amp;");
        let _ = writeln!(
            xml,
            "<ScanType><displayName>{name}</displayName><scanCode>{code}</scanCode><instruments>{kinds}</instruments></ScanType>"
        );
    }
    xml.push_str("</ScanTypeList>\n<FilterList varName=\"filterList\">\n");
    for (tag, _) in &FILTERS {
        let _ = writeln!(xml, "<SimpleFilter><AbstractField><code>{tag}</code></AbstractField></SimpleFilter>");
    }
    xml.push_str("</FilterList>\n</ScanParameterResponse>\n");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_name_every_scan_and_close_every_tag() {
        let xml = parameters();
        for (code, ..) in &SCANS {
            assert!(xml.contains(&format!("<scanCode>{}</scanCode>", code.as_str())));
        }
        let mut open: Vec<&str> = Vec::new();
        for part in xml.split('<').skip(1).filter(|part| !part.starts_with('?')) {
            let tag = part.split(['>', ' ']).next().unwrap();
            match tag.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed)),
                None => open.push(tag),
            }
        }
        assert!(open.is_empty());
        assert!(xml.contains("<locationCode>STK.US.MAJOR</locationCode>"));
        assert!(xml.contains("<locationCode>FUT.US.CME</locationCode>"));
    }

    #[test]
    fn measures_are_percents_of_what_they_start_from() {
        let day = Day {
            open: Some(102.into()),
            high: Some(110.into()),
            low: Some(100.into()),
            close: Some(100.into()),
            volume: 7.into(),
            value: 700.into(),
            trades: 0,
        };
        let shown = Shown { price: 105.into(), day };
        assert_eq!(shown.measure(Measure::Change), 5.into());
        assert_eq!(shown.measure(Measure::Gap), 2.into());
        assert_eq!(shown.measure(Measure::Range), 10.into());
        assert_eq!(Shown { day: Day::default(), ..shown }.measure(Measure::Change), 0.into());
    }
}
