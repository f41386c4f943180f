//! Orders that would trade with orders of our own (C9).

use std::collections::BTreeMap;

use order::{CombinationLeg, Intent, Orders, Tracked};
use rust_decimal::Decimal;
use tws_proto::ids::ContractId;

use crate::pricing::Pricing;
use crate::refusal::Refusal;

/// Refuses an order that a resting order of our own would meet, in whatever account of ours that rests. `taken` is the
/// price at which the order trades at the market, where that is known.
///
/// Only what rests with a price can be met; stops wait unseen, and orders at the market are gone in a moment.
pub(crate) fn check(intent: &Intent, taken: Option<Decimal>, orders: &Orders) -> Result<(), Refusal> {
    // What buys pays its price, what sells is paid: two orders meet where one pays no less than the other wants.
    let pays = match Pricing::of(intent)? {
        Pricing::Limit(price) => Some(intent.side.signed(price)),
        Pricing::Market => taken.map(|price| intent.side.signed(price)),
        Pricing::Trailing | Pricing::Triggered(_) | Pricing::TriggeredLimit { .. } => return Ok(()),
    };
    let moves = moves_of(intent);
    let group = orders.get(intent.id).and_then(|order| order.leg).map(|leg| leg.group);
    for other in orders.live().filter(|other| other.intent.id != intent.id) {
        let is_of_group = group.is_some() && other.leg.map(|leg| leg.group) == group;
        let Some(wants) = rests_at(other).filter(|_| !is_of_group) else { continue };
        if !is_opposite(&moves, &moves_of(&other.intent)) {
            continue;
        }
        // Without a price of the market an order at it may meet anything.
        let meets = pays.is_none_or(|pays| pays.checked_add(wants).is_none_or(|gap| gap >= Decimal::ZERO));
        if meets {
            let price = other.intent.kind.limit_price().unwrap_or_default();
            return Err(Refusal::SelfMatch { with: other.intent.id, price });
        }
    }
    Ok(())
}

/// What an order of ours that rests pays, or wants with a minus; `None` where it does not rest with a price.
fn rests_at(other: &Tracked) -> Option<Decimal> {
    match Pricing::of(&other.intent) {
        Ok(Pricing::Limit(price)) => Some(other.intent.side.signed(price)),
        Ok(_) | Err(_) => None,
    }
}

/// What one unit of an order moves, signed.
fn moves_of(intent: &Intent) -> BTreeMap<ContractId, Decimal> {
    let contract = &intent.contract;
    if contract.is_combination() {
        let legs = contract.combo_legs.iter().filter_map(|leg| CombinationLeg::of(leg, intent.side));
        return legs.map(|leg| (leg.contract_id, leg.side.signed(leg.ratio))).collect();
    }
    contract.known_id().map(|id| (id, intent.side.signed(Decimal::ONE))).into_iter().collect()
}

fn is_opposite(one: &BTreeMap<ContractId, Decimal>, other: &BTreeMap<ContractId, Decimal>) -> bool {
    one.len() == other.len()
        && !one.is_empty()
        && one.iter().all(|(id, moved)| other.get(id).is_some_and(|back| (*moved + *back).is_zero()))
}
