//! Display groups: windows of TWS that show the same contract.

use tws_proto::ids::{ContractId, RequestId};
use tws_proto::message::{DisplayGroupUpdated, DisplayGroups, SubscribeToGroup, UpdateDisplayGroup};

use super::Core;
use crate::reference::{DISPLAY_GROUPS, NO_CONTRACT};
use crate::session::SessionId;

/// What a group shows where its contract is a combination.
const COMBINATION: &str = "combo";

impl Core {
    pub(super) fn send_display_groups(&mut self, session: SessionId, request_id: RequestId) {
        let groups = (1..=DISPLAY_GROUPS).map(|group| group.to_string()).collect::<Vec<_>>().join("|");
        self.outbox.send(session, DisplayGroups { request_id, groups });
    }

    pub(super) fn subscribe_to_group(&mut self, session: SessionId, request: &SubscribeToGroup) {
        let id = request.request_id;
        let Some(this) = self.sessions.get_mut(&session) else { return };
        if this.reference.groups.contains_key(&id) {
            return self.outbox.notice(session, id.0, 102, "Duplicate ticker id");
        }
        let shown = request.group.and_then(|group| Some((group, self.reference.group(group)?.clone())));
        let Some((group, contract)) = shown else {
            return self.outbox.notice(session, id.0, 321, refusal("Invalid group id"));
        };
        this.reference.groups.insert(id, group);
        self.outbox.send(session, DisplayGroupUpdated { request_id: id, contract });
    }

    pub(super) fn update_group(&mut self, session: SessionId, request: &UpdateDisplayGroup) {
        let id = request.request_id;
        let followed = self.sessions.get(&session).and_then(|this| this.reference.groups.get(&id)).copied();
        let Some(group) = followed else {
            return self.outbox.notice(session, id.0, 321, refusal("Not subscribed to a group with this id"));
        };
        if !self.is_shown(&request.contract) {
            return self.outbox.notice(session, id.0, 321, refusal("Invalid contract"));
        }
        self.reference.show(group, &request.contract);
        let mut told = Vec::new();
        for (other, this) in &self.sessions {
            let follows = this.reference.groups.iter().filter(|(_, followed)| **followed == group);
            told.extend(follows.map(|(id, _)| (*other, *id)));
        }
        for (other, request_id) in told {
            self.outbox.send(other, DisplayGroupUpdated { request_id, contract: request.contract.clone() });
        }
    }

    pub(super) fn unsubscribe_from_group(&mut self, session: SessionId, id: RequestId) {
        let removed = self.sessions.get_mut(&session).and_then(|this| this.reference.groups.remove(&id));
        if removed.is_none() {
            self.outbox.notice(session, id.0, 300, format!("Can't find EId with tickerId:{id}"));
        }
    }

    /// `none`, `combo`, or the number of a contract and perhaps where it trades: `8314@SMART`.
    fn is_shown(&self, contract: &str) -> bool {
        if contract == NO_CONTRACT || contract == COMBINATION {
            return true;
        }
        let (number, exchange) = contract.split_once('@').unwrap_or((contract, ""));
        let instrument = number.parse().ok().and_then(|number| self.catalogue.by_id(ContractId(number)));
        instrument.is_some_and(|instrument| exchange.is_empty() || instrument.trades_at(exchange))
    }
}

fn refusal(cause: &str) -> String {
    format!("Error validating request.-'bU' : cause - {cause}")
}
