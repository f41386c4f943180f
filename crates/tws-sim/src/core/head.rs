//! How far back there is data: `REQ_HEAD_TIMESTAMP`.

use tws_proto::ids::ContractId;
use tws_proto::kinds::{DataToShow, DateFormat};
use tws_proto::message::{HeadTimestamp, RequestHeadTimestamp};

use super::Core;
use crate::bar_request::{Dates, Duration};
use crate::hours::HoursKind;
use crate::market::Source;
use crate::session::SessionId;
use crate::time::SimTime;

impl Core {
    pub(super) fn send_head_timestamp(&mut self, session: SessionId, request: &RequestHeadTimestamp) {
        let id = request.request_id;
        let contract = match self.resolve(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let shows = request.data_to_show.clone().unwrap_or(DataToShow::Other(String::new()));
        if let Err((code, text)) = self.check_kind(contract, &shows, Duration::Years(1)) {
            return self.outbox.notice(session, id.0, code, text);
        }
        let hours = if request.regular_hours_only { HoursKind::Liquid } else { HoursKind::Trading };
        let Some(head) = self.head_of(contract, hours) else {
            return self.outbox.notice(
                session,
                id.0,
                162,
                "Historical Market Data Service error message:No head time stamp",
            );
        };
        // Words are in UTC here, unlike those of bars.
        let format = request.date_format.unwrap_or(DateFormat::Text);
        let dates = Dates { format, zone: &jiff::tz::TimeZone::UTC, zone_name: "UTC" };
        let time = if format == DateFormat::EpochSeconds { dates.of_bar(head) } else { dates.dashed(head) };
        self.outbox.send(session, HeadTimestamp { request_id: id, time: time.into() });
    }

    /// The first moment of which there is data. What follows from another market has data as long as that one.
    fn head_of(&mut self, contract: ContractId, hours: HoursKind) -> Option<SimTime> {
        let underlying = match self.markets.get(&contract)?.source() {
            Source::Derived(derivation) => Some(derivation.underlying()),
            Source::Tape(_) | Source::Walk(_) | Source::Combo(_) | Source::Still => None,
        };
        if let Some(underlying) = underlying {
            return self.head_of(underlying, hours);
        }
        let past = self.past(contract)?;
        Some(past.timetable().session_from(hours, past.head()).map_or_else(|| past.head(), |session| session.opens))
    }
}
