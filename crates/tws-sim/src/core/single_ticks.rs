//! Single ticks as they happen: `REQ_TICK_BY_TICK_DATA`.

use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{SecurityType, TickByTickKind};
use tws_proto::message::RequestTickByTick;

use super::Core;
use super::data::PacedRequest;
use crate::data_settings::DataPacing;
use crate::feed;
use crate::instrument::MarketKind;
use crate::market::MarketEvent;
use crate::session::{SessionId, TickChoice};

/// How long another request for the same instrument has to wait where distance is kept.
const APART_MS: i64 = 15_000;
/// No subscription begins with more ticks of the past.
const HISTORY_MAX: i32 = 1_000;

impl Core {
    pub(super) fn request_tick_by_tick(&mut self, session: SessionId, request: &RequestTickByTick) {
        let id = request.request_id;
        let Some(client) = self.data.clients.get(&session) else { return };
        if client.single.contains_key(&id) {
            return self.outbox.notice(session, id.0, 102, "Duplicate ticker id");
        }
        let asked = request.kind.clone().unwrap_or_default();
        let choice = match &asked {
            TickByTickKind::Last => TickChoice::Last,
            TickByTickKind::AllLast => TickChoice::AllLast,
            TickByTickKind::BidAsk => TickChoice::BidAsk { ignore_size: request.ignore_size },
            TickByTickKind::MidPoint => TickChoice::MidPoint,
            TickByTickKind::Other(unknown) => {
                let text = format!("Error validating request.-'cx' : cause - Invalid tick type: {unknown}");
                return self.outbox.notice(session, id.0, 321, text);
            }
        };
        if client.single.len() >= self.data.settings.single_ticks {
            return self.outbox.notice(session, id.0, 10190, "Max number of tick-by-tick requests has been reached.");
        }
        let contract = match self.resolve_live(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        if !self.shows(contract, choice) {
            let text = format!("Failed to request tick-by-tick data.No market data of type {asked}");
            return self.outbox.notice(session, id.0, 10189, text);
        }
        if !self.keeps_distance(session, contract) {
            let text = "Failed to request tick-by-tick data.No more than 1 tick-by-tick request can be made for the same instrument within 15 seconds.";
            return self.outbox.notice(session, id.0, 10189, text);
        }
        let history = request.history.unwrap_or_default().clamp(0, HISTORY_MAX);
        if history > 0 {
            self.send_latest_ticks(session, id, contract, (choice, history));
        } else if let Some(market) = self.markets.get(&contract) {
            // The quote of this moment is the first tick; trades start with the next one.
            let event = MarketEvent::Quote(*market.quote());
            if let Some(event) = feed::single_tick(choice, &event, &Default::default(), self.now) {
                self.outbox.send(session, feed::single(id, event));
            }
        }
        self.data.audiences.entry(contract).or_default().single.push(((session, id), choice));
        if let Some(client) = self.data.clients.get_mut(&session) {
            client.single.insert(id, contract);
        }
    }

    pub(super) fn cancel_tick_by_tick(&mut self, session: SessionId, id: RequestId) {
        let contract = self.data.clients.get_mut(&session).and_then(|client| client.single.remove(&id));
        let Some(contract) = contract else { return self.nothing_to_cancel(session, id) };
        if let Some(audience) = self.data.audiences.get_mut(&contract) {
            audience.single.retain(|(line, _)| *line != (session, id));
        }
        self.drop_audience(contract);
    }

    /// Whether a market has ticks of this kind. Options have none live at IB, but they do here.
    fn shows(&self, contract: ContractId, choice: TickChoice) -> bool {
        let Some(instrument) = self.catalogue.by_id(contract) else { return false };
        match choice {
            _ if instrument.security_type == SecurityType::Combination => false,
            TickChoice::Last | TickChoice::AllLast => instrument.market != MarketKind::QuotesOnly,
            TickChoice::BidAsk { .. } | TickChoice::MidPoint => instrument.market != MarketKind::TradesOnly,
        }
    }

    /// Whether a request for single ticks may be made now; it counts from then on.
    fn keeps_distance(&mut self, session: SessionId, contract: ContractId) -> bool {
        if self.data.settings.pacing == DataPacing::Off {
            return true;
        }
        let now = self.now;
        let Some(client) = self.data.clients.get_mut(&session) else { return false };
        let about = (contract, "single ticks".to_owned());
        let is_near = |earlier: &PacedRequest| earlier.about == about && now.since_ms(earlier.time) < APART_MS;
        if client.paced.iter().any(is_near) {
            return false;
        }
        client.paced.push_back(PacedRequest { time: now, about, identity: String::new(), weight: 0 });
        true
    }
}
