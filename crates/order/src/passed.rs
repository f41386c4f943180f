//! [`PassedLegs`]: what the gate has let through of a submission, beside the leg that it looks at.

use rust_decimal::Decimal;
use tws_proto::ids::ContractId;
use tws_proto::{Contract, Side};

use crate::combination::CombinationLeg;
use crate::group::{OcaEffect, Submission};
use crate::instrument::is_same_instrument;
use crate::intent::Intent;

/// The legs of a submission that the gate has let through before the one that it looks at. The book does not hold them
/// yet, so a gate adds them to what the book has open. There are none for a single order and for a change.
#[derive(Clone, Copy, Debug, Default)]
pub struct PassedLegs<'a> {
    submission: Option<&'a Submission>,
    count: usize,
}

impl<'a> PassedLegs<'a> {
    /// The first legs of a submission.
    pub(crate) const fn of(submission: &'a Submission, count: usize) -> Self {
        Self { submission: Some(submission), count }
    }

    /// All of them: each is an open order of its own.
    pub fn iter(self) -> impl Iterator<Item = &'a Intent> {
        self.submission.into_iter().flat_map(Submission::legs).take(self.count)
    }

    /// Those that may fill beside the leg that is looked at. Of a group with block no more fills than one leg, and each
    /// is looked at by itself; the exits of a bracket close no more than its entry has opened.
    pub fn filling(self) -> impl Iterator<Item = &'a Intent> {
        self.iter().filter(move |_| self.submission.is_some_and(fills_together))
    }

    /// How many of them are for a contract on one side of an account.
    #[must_use]
    pub fn live_count(self, account: &str, contract: &Contract, side: Side) -> usize {
        let of_side = self.iter().filter(|leg| leg.account == account && leg.side == side);
        of_side.filter(|leg| is_same_instrument(&leg.contract, contract)).count()
    }

    /// How much they may buy or sell of a contract in an account, beside the leg that is looked at.
    #[must_use]
    pub fn live_quantity(self, account: &str, contract: &Contract, side: Side) -> Decimal {
        let of_side = self.filling().filter(|leg| leg.account == account && leg.side == side);
        let quantities = of_side.filter(|leg| is_same_instrument(&leg.contract, contract)).map(|leg| leg.quantity);
        // A sum beyond what can be counted is the largest there is, and any gate refuses that.
        quantities.fold(Decimal::ZERO, Decimal::saturating_add)
    }

    /// The same of what combinations among them trade, leg by leg.
    #[must_use]
    pub fn live_quantity_in_legs(self, account: &str, contract_id: ContractId, side: Side) -> Decimal {
        let mut sum = Decimal::ZERO;
        for intent in self.filling().filter(|intent| intent.account == account && intent.contract.is_combination()) {
            let legs = intent.contract.combo_legs.iter().filter_map(|leg| CombinationLeg::of(leg, intent.side));
            for leg in legs.filter(|leg| leg.contract_id == contract_id && leg.side == side) {
                sum = sum.saturating_add(leg.ratio.saturating_mul(intent.quantity));
            }
        }
        sum
    }
}

/// Whether several legs of a submission may fill in full.
const fn fills_together(submission: &Submission) -> bool {
    match submission {
        Submission::Single(_) | Submission::Replacement(_) | Submission::Bracket(_) => false,
        Submission::OneCancelsAll(group) => match group.effect {
            OcaEffect::CancelWithBlock | OcaEffect::ReduceWithBlock => false,
            OcaEffect::ReduceWithoutBlock => true,
        },
        Submission::Chain(_) | Submission::Hedged(_) => true,
    }
}
