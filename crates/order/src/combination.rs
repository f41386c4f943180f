//! Legs of combinations: what an order for a combination trades, contract by contract (R16).

use rust_decimal::Decimal;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::ContractId;
use tws_proto::{Contract, Side};

use crate::orders::Orders;
use crate::reference::IntentId;
use crate::time::Timestamp;
use crate::tracked::Tracked;

/// What one combination trades of one contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CombinationLeg {
    /// The leg's contract.
    pub contract_id: ContractId,
    /// Which way it trades.
    pub side: Side,
    /// How much of it one combination holds.
    pub ratio: Decimal,
}

impl CombinationLeg {
    /// What an order on this side trades of a leg: a combination that is sold sells what it buys else. `None` where the
    /// leg does not say what, which way or how much.
    #[must_use]
    pub fn of(leg: &ComboLeg, side: Side) -> Option<Self> {
        let contract_id = leg.contract_id.and_then(ContractId::known)?;
        let bought = Side::of_action(leg.action.as_ref()?)?;
        let ratio = leg.ratio.filter(|ratio| *ratio > 0)?;
        let side = if side == Side::Buy { bought } else { bought.opposite() };
        Some(Self { contract_id, side, ratio: Decimal::from(ratio) })
    }
}

/// Whether a combination trades this contract as one of its legs. What is not known of its legs excludes nothing.
#[must_use]
pub fn has_leg(contract: &Contract, id: ContractId) -> bool {
    let legs = &contract.combo_legs;
    let mut numbers = legs.iter().map(|leg| leg.contract_id.and_then(ContractId::known));
    contract.is_combination() && (legs.is_empty() || numbers.any(|number| number.is_none_or(|number| number == id)))
}

/// Whether an order for a contract may move the position in the one with this number. Without a number it may be any.
pub(crate) fn may_move(contract: &Contract, id: ContractId) -> bool {
    contract.known_id().is_none_or(|known| known == id) || has_leg(contract, id)
}

impl Orders {
    /// Every order that counts in risk: what is live, and for a short while what was just cancelled (R20).
    pub fn at_risk(&self) -> impl Iterator<Item = &Tracked> {
        self.live.union(&self.settling).filter_map(|id| self.orders.in_full(id))
    }

    /// How much of a contract the open combinations of an account may still trade on this side, leg by leg; the order
    /// `except` aside. [`Orders::live_quantity`] counts orders for the contract itself.
    #[must_use]
    pub fn live_quantity_in_legs(
        &self,
        account: &str,
        contract_id: ContractId,
        side: Side,
        except: IntentId,
        now: Timestamp,
    ) -> Decimal {
        let combinations = self.at_risk().filter(|order| order.intent.contract.is_combination());
        let mut sum = Decimal::ZERO;
        for order in combinations.filter(|order| order.intent.account == account && order.intent.id != except) {
            let legs = order.intent.contract.combo_legs.iter();
            let legs = legs.filter_map(|leg| CombinationLeg::of(leg, order.intent.side));
            for leg in legs.filter(|leg| leg.contract_id == contract_id && leg.side == side) {
                // A sum beyond what can be counted is the largest there is, and any gate refuses that.
                sum = sum.saturating_add(leg.ratio.saturating_mul(order.exposure(now)));
            }
        }
        sum
    }
}
