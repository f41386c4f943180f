//! Where the session stands: its phase, computed from what is known; halts, which only a person ends; and comparisons of
//! books, which only their owner does.

use std::time::Instant;

use super::gate::Access;
use super::{Event, Session, Stage, Start};
use crate::config::Reconciliation;
use crate::error::RoundError;
use crate::event::Alarm;
use crate::state::{Halt, Phase, Round, State, Upstream};

impl Session {
    /// The phase that follows from the stage and from what keeps orders back.
    fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Idle { .. } | Stage::Closing { .. } => Phase::Disconnected,
            Stage::Connecting { .. } => Phase::Connecting,
            Stage::Handshaking { .. } => Phase::Handshaking,
            Stage::Live(live) => match live.start {
                Start::Awaiting { .. } => Phase::Starting,
                Start::Done => self.standing(),
            },
            Stage::Closed(_) => Phase::Closed,
        }
    }

    /// The phase of a live connection. What only a person ends comes before what ends by itself.
    fn standing(&self) -> Phase {
        let State { halt, upstream, round, .. } = &self.state;
        match (self.access, halt, upstream, round) {
            (Access::ReadOnly, _, _, _) => Phase::ReadOnly,
            (Access::Trading, Some(_), _, _) => Phase::Halted,
            (Access::Trading, None, Upstream::Down { .. }, _) => Phase::Degraded,
            (Access::Trading, None, Upstream::Up, Some(_)) => Phase::Reconciling,
            (Access::Trading, None, Upstream::Up, None) => Phase::Ready,
        }
    }

    /// Whether all is well but for what a person or the mode of the session keeps back.
    pub(super) fn is_sound(&self) -> bool {
        let is_live = matches!(&self.stage, Stage::Live(live) if matches!(live.start, Start::Done));
        is_live && self.state.upstream == Upstream::Up && self.state.round.is_none()
    }

    /// Changes the state, works out the phase, and tells.
    pub(super) fn change_state(&mut self, change: impl FnOnce(&mut State), now: Instant) {
        change(&mut self.state);
        self.state.phase = self.phase();
        self.mind_alarm(now);
        self.events.push_back(Event::State(Box::new(self.state.clone())));
    }

    /// The owner of the order lane must compare its book with the broker's, where it said that it does.
    pub(super) fn begin_round(&mut self) {
        match (self.access, self.config.reconciliation) {
            (Access::Trading, Reconciliation::ByOwner) => {
                self.rounds += 1;
                self.state.round = Some(Round { epoch: self.state.epoch, number: self.rounds });
            }
            (Access::Trading, Reconciliation::None) | (Access::ReadOnly, _) => {}
        }
    }

    /// The owner's book agrees with the broker's, as of this comparison: orders may be sent.
    ///
    /// # Errors
    /// [`RoundError`] where the comparison is not the one that is awaited: its connection was lost, or TWS lost IB since.
    pub fn reconciled(&mut self, round: Round, now: Instant) -> Result<(), RoundError> {
        if self.state.round != Some(round) {
            return Err(RoundError { given: round, awaited: self.state.round });
        }
        self.change_state(|state| state.round = None, now);
        Ok(())
    }

    /// Refuses orders from now on, in later connections too, until [`Session::resume`]. Orders that wait for their turn
    /// are dropped and told so. The first halt is kept: its reason is what a person must look at.
    pub fn halt(&mut self, halt: Halt, now: Instant) {
        if self.state.halt.is_some() || matches!(self.stage, Stage::Closed(_)) {
            return;
        }
        let unsent = self.orders.drop_bursts(self.state.epoch, crate::state::UnsentCause::Halted);
        self.tell_unsent(unsent);
        self.events.push_back(Event::Alarm(Alarm::Halted(halt.clone())));
        self.change_state(|state| state.halt = Some(halt), now);
    }

    /// A person has looked: orders may be sent again as soon as nothing else keeps them back. False where nothing was
    /// halted.
    pub fn resume(&mut self, now: Instant) -> bool {
        let was_halted = self.state.halt.is_some();
        if was_halted {
            self.change_state(|state| state.halt = None, now);
        }
        was_halted
    }

    /// Looks whether the login is one that may trade (S4).
    pub(super) fn check_accounts(&mut self, now: Instant) {
        let named = &self.state.accounts;
        let halt = match self.config.accounts.iter().find(|expected| !named.contains(expected)) {
            _ if named.is_empty() => Halt::NoAccounts,
            Some(missing) => Halt::AccountMissing { missing: missing.clone() },
            None => return,
        };
        if self.access == Access::Trading {
            self.halt(halt, now);
        }
    }
}
