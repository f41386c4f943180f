//! [`EndMarkers`]: end markers that may still come, of lists that were given up.
//!
//! A list without an id that gets no end marker within its deadline fails, and the next of its channel is asked at once.
//! The marker may be lost, or only late: then it would end the next list, and part of that would be taken for the whole. So
//! while a marker is owed, one that comes ends nothing by itself: it may be that of the list before. Either another follows,
//! which is the list's own, or none does within [`Timeouts::end_marker_settle`], and then it was the list's own.
//!
//! [`Timeouts::end_marker_settle`]: crate::config::Timeouts::end_marker_settle

use std::collections::BTreeMap;
use std::time::Instant;

use tws_proto::ServerMessage;

use crate::relation::{Channel, Relation, Role};

/// End markers that may still come.
#[derive(Debug, Default)]
pub(super) struct EndMarkers {
    owed: BTreeMap<Channel, Owed>,
}

#[derive(Debug)]
struct Owed {
    relation: Relation,
    count: u32,
    /// Later than this none is waited for.
    until: Instant,
}

impl EndMarkers {
    pub(super) fn is_owed(&self) -> bool {
        !self.owed.is_empty()
    }

    /// A list was given up: its marker may come until then.
    pub(super) fn owe(&mut self, relation: Relation, until: Instant) {
        let Some(channel) = relation.shared_channel() else { return };
        let owed = self.owed.entry(channel).or_insert(Owed { relation, count: 0, until });
        owed.count = owed.count.saturating_add(1);
        owed.until = owed.until.max(until);
    }

    /// A marker has come. Where it may be that of a list before the one under way: until when that could come.
    pub(super) fn take(&mut self, channel: Channel, now: Instant) -> Option<Instant> {
        let owed = self.owed.get_mut(&channel)?;
        let until = owed.until;
        owed.count = owed.count.saturating_sub(1);
        if owed.count == 0 || until < now {
            self.owed.remove(&channel);
        }
        (now <= until).then_some(until)
    }

    /// A marker has come while nobody waits for one.
    pub(super) fn take_stray(&mut self, message: &ServerMessage, now: Instant) {
        let ends = |owed: &Owed| owed.relation.role(message) == Role::End;
        let channel = self.owed.iter().find(|(_, owed)| ends(owed)).map(|(channel, _)| *channel);
        if let Some(channel) = channel {
            self.take(channel, now);
        }
    }
}

/// The end of the answers, unless another marker follows.
#[derive(Debug)]
pub(super) struct Provisional {
    /// Answers before the marker.
    pub(super) answers: usize,
    pub(super) marker: ServerMessage,
    /// Until when the marker is owed that this one was taken for.
    pub(super) owed_until: Instant,
}
