//! Bars as they grow: those of five seconds, and those of the past that are kept up to date.

use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::DataToShow;
use tws_proto::message::{HistoricalDataUpdate, RealTimeBar, RequestRealTimeBars};

use super::Core;
use super::data::{BarLine, PacedRequest};
use crate::bar_request::Duration;
use crate::candle::{Candle, Shown, Track, Traded};
use crate::data_settings::{DataAccess, DataPacing};
use crate::hours::HoursKind;
use crate::record::FIVE_SECONDS_MS;
use crate::session::SessionId;
use crate::time::SimTime;

/// Where distance is kept, no more requests for bars of five seconds are taken in ten minutes.
const PACED_MAX: usize = 60;
const PACED_MS: i64 = 600_000;

impl Core {
    pub(super) fn request_real_time_bars(&mut self, session: SessionId, request: &RequestRealTimeBars) {
        let id = request.request_id;
        let Some(client) = self.data.clients.get(&session) else { return };
        if client.bars.contains_key(&id) {
            return self.outbox.notice(session, id.0, 102, "Duplicate ticker id");
        }
        let shows = request.data_to_show.clone().unwrap_or(DataToShow::Trades);
        if !matches!(shows, DataToShow::Trades | DataToShow::Bid | DataToShow::Ask | DataToShow::MidPoint) {
            return self.invalid(session, id, "What to show field is missing or incorrect.");
        }
        let contract = match self.resolve_live(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let refused = self.refuse_bars(session, contract, &shows);
        if let Some(cause) = refused {
            self.outbox.notice(session, id.0, 420, format!("Invalid Real-time Query:{cause}"));
            return self.drop_unwatched(contract);
        }
        let hours = if request.regular_hours_only { HoursKind::Liquid } else { HoursKind::Trading };
        let line = BarLine { line: (session, id), shows, hours };
        self.data.audiences.entry(contract).or_default().bars.push(line);
        if let Some(client) = self.data.clients.get_mut(&session) {
            client.bars.insert(id, contract);
        }
        self.plan_bars();
    }

    pub(super) fn cancel_real_time_bars(&mut self, session: SessionId, id: RequestId) {
        let contract = self.data.clients.get_mut(&session).and_then(|client| client.bars.remove(&id));
        let Some(contract) = contract else { return self.nothing_to_cancel(session, id) };
        if let Some(audience) = self.data.audiences.get_mut(&contract) {
            audience.bars.retain(|line| line.line != (session, id));
        }
        self.drop_audience(contract);
    }

    /// Why bars of five seconds cannot be had.
    fn refuse_bars(&mut self, session: SessionId, contract: ContractId, shows: &DataToShow) -> Option<String> {
        if self.data.settings.access != DataAccess::Live {
            return Some(format!("No market data permissions for {}", self.venue(contract)));
        }
        if self.check_kind(contract, shows, Duration::Seconds(5)).is_err() {
            return Some(format!("No {} data for {}", shows.as_str(), self.venue(contract)));
        }
        if self.data.settings.pacing == DataPacing::Off {
            return None;
        }
        let now = self.now;
        let client = self.data.clients.get_mut(&session)?;
        client.paced.retain(|earlier| now.since_ms(earlier.time) < PACED_MS);
        let about = (ContractId(0), "bars of five seconds".to_owned());
        if client.paced.iter().filter(|earlier| earlier.about == about).count() >= PACED_MAX {
            return Some("Historical data request pacing violation".to_owned());
        }
        client.paced.push_back(PacedRequest { time: now, about, identity: String::new(), weight: 0 });
        None
    }

    /// `NYSE STK`, as TWS names what a login has no permission for.
    pub(super) fn venue(&self, contract: ContractId) -> String {
        self.catalogue.by_id(contract).map_or_else(
            || "SMART BAG".to_owned(),
            |instrument| {
                let exchange = Some(&instrument.primary_exchange).filter(|name| !name.is_empty());
                let exchange = exchange.unwrap_or(&instrument.exchange);
                format!("{exchange} {}", instrument.security_type.as_str())
            },
        )
    }

    /// Sees to it that bars end in time, as long as somebody waits for any.
    pub(super) fn plan_bars(&mut self) {
        let waits =
            self.data.audiences.values().any(|audience| !audience.bars.is_empty() || !audience.histories.is_empty());
        let next = self.now.floor(FIVE_SECONDS_MS).plus_ms(FIVE_SECONDS_MS);
        self.data.bars_end = waits.then(|| self.data.bars_end.unwrap_or(next));
    }

    /// Tells the bars that end now.
    pub(super) fn tell_bars(&mut self) {
        let Some(end) = self.data.bars_end else { return };
        self.data.bars_end = Some(end.plus_ms(FIVE_SECONDS_MS));
        let begin = end.plus_ms(-FIVE_SECONDS_MS);
        let contracts: Vec<ContractId> = self.data.audiences.keys().copied().collect();
        for contract in contracts {
            self.tell_real_time_bars(contract, begin);
            self.tell_kept_bars(contract, end.plus_ms(-1));
        }
    }

    fn tell_real_time_bars(&mut self, contract: ContractId, begin: SimTime) {
        let Some(audience) = self.data.audiences.get(&contract).filter(|audience| !audience.bars.is_empty()) else {
            return;
        };
        let Some(market) = self.markets.get(&contract) else { return };
        let Some(candle) = market.record().bar_at(begin) else { return };
        let last = market.last().map(|(trade, _)| trade.price);
        let is_liquid = self.timetable_of(contract).is_some_and(|timetable| timetable.is_liquid(begin));
        for BarLine { line: (session, id), shows, hours } in &audience.bars {
            if *hours == HoursKind::Liquid && !is_liquid {
                continue;
            }
            let quiet = last.filter(|_| *shows == DataToShow::Trades).map(quiet);
            if let Some(shown) = candle.shown(shows).or(quiet) {
                self.outbox.send(*session, Box::new(real_time_bar(*id, &candle, &shown)));
            }
        }
    }

    /// Tells how the bars stand that are kept up to date, where they changed.
    fn tell_kept_bars(&mut self, contract: ContractId, at: SimTime) {
        let lines = self.data.audiences.get(&contract).map(|audience| audience.histories.clone()).unwrap_or_default();
        for (index, line) in lines.iter().enumerate() {
            let Some(bar) = self.kept_bar(contract, line, at).filter(|bar| line.told.as_ref() != Some(bar)) else {
                continue;
            };
            let (session, id) = line.line;
            self.outbox.send(session, Box::new(HistoricalDataUpdate { request_id: id, bar: bar.clone() }));
            let kept = self.data.audiences.get_mut(&contract).and_then(|audience| audience.histories.get_mut(index));
            if let Some(kept) = kept {
                kept.told = Some(bar);
            }
        }
    }
}

/// A bar in which nothing traded.
fn quiet(price: rust_decimal::Decimal) -> Shown {
    let traded = Traded { volume: rust_decimal::Decimal::ZERO, average: price, trades: 0 };
    Shown { track: Track::at(price), traded: Some(traded) }
}

fn real_time_bar(request_id: RequestId, candle: &Candle, shown: &Shown) -> RealTimeBar {
    let bar = super::historical::bar_of(shown, String::new());
    RealTimeBar {
        request_id,
        time_s: Some(candle.from.seconds()),
        open: bar.open,
        high: bar.high,
        low: bar.low,
        close: bar.close,
        volume: bar.volume,
        average_price: bar.average_price,
        trades: bar.trades,
    }
}
