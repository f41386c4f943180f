//! Orders and executions at rest, as bytes: a book that forgets after days holds millions of them.
//!
//! Bytes stay in memory; journals never see them. Whatever does not come back from its bytes exactly as it was is not
//! packed, so that packing can lose nothing.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::Contract;
use tws_proto::ids::{ContractId, OrderId, PermanentId};
use tws_proto::kinds::{OcaType, TimeInForce as Word};

use crate::extension::Extension;
use crate::fills::{Cost, Execution};
use crate::group::{Hedge, Revenant};
use crate::guard::Leg;
use crate::intent::{Hours, Intent};
use crate::kind::OrderKind;
use crate::lifetime::TimeInForce;
use crate::missing::{Inferred, Told};
use crate::reference::IntentId;
use crate::state::State;
use crate::time::Timestamp;
use crate::tracked::Tracked;
use tws_proto::Side;

/// What many orders have in common, each kept once and known by its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    words: Vec<String>,
    places: BTreeMap<String, u32>,
    contracts: Vec<Contract>,
    contract_places: BTreeMap<(Option<ContractId>, String), Vec<u32>>,
}

/// An order, but for its id and for what cannot be so of an order that has ended.
#[derive(Serialize, Deserialize)]
struct OrderForm {
    strategy: u32,
    account: u32,
    contract: u32,
    side: Side,
    quantity: Decimal,
    kind: OrderKind,
    time_in_force: Word,
    good_till: Option<Timestamp>,
    hours: Hours,
    extension: Option<Extension>,
    order_id: OrderId,
    parent_id: Option<OrderId>,
    oca_group: String,
    oca_type: Option<OcaType>,
    hedge: Option<Hedge>,
    leg: Option<Leg>,
    in_place_of: Option<IntentId>,
    replaced_by: Option<(IntentId, Revenant)>,
    state: State,
    permanent_ids: BTreeSet<PermanentId>,
    /// Where not all of them have ended.
    ended_permanent_ids: Option<BTreeSet<PermanentId>>,
    filled: Decimal,
    filled_value: Decimal,
    inferred: Option<Inferred>,
    /// `None` where that is what has filled.
    told_filled: Option<Decimal>,
    told: Told,
    is_corrected: bool,
    refusal: Option<String>,
    absent_since: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    created_at: Timestamp,
    /// Times after that one are told as what has passed since.
    ended_after: Option<i64>,
    updated_after: i64,
    reason: String,
}

/// Executions of one order.
#[derive(Serialize, Deserialize)]
struct ExecutionForms {
    intent: u128,
    executions: Vec<ExecutionForm>,
}

/// One of them. What is as in the one before has no value here.
#[derive(Serialize, Deserialize)]
struct ExecutionForm {
    /// How many bytes of the root are those of the one before.
    same: u32,
    root: String,
    revision: u32,
    strategy: Option<Option<u32>>,
    account: Option<u32>,
    contract_id: Option<Option<ContractId>>,
    side: Side,
    quantity: Decimal,
    price: Decimal,
    permanent_id: Option<Option<PermanentId>>,
    is_combination: bool,
    is_inferred: bool,
    /// Since the one before.
    after: i64,
    cost: Option<(u32, Decimal, u32)>,
}

impl Shared {
    fn word(&mut self, word: &str) -> u32 {
        if let Some(place) = self.places.get(word) {
            return *place;
        }
        let place = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.push(word.to_owned());
        self.places.insert(word.to_owned(), place);
        place
    }

    fn word_at(&self, place: u32) -> Option<String> {
        self.words.get(usize::try_from(place).ok()?).cloned()
    }

    fn contract(&mut self, contract: &Contract) -> u32 {
        let places = self.contract_places.entry((contract.contract_id, contract.symbol.clone())).or_default();
        let contracts = &mut self.contracts;
        let known = places.iter().find(|place| contracts.get(**place as usize) == Some(contract));
        if let Some(place) = known {
            return *place;
        }
        let place = u32::try_from(contracts.len()).unwrap_or(u32::MAX);
        contracts.push(contract.clone());
        places.push(place);
        place
    }

    fn contract_at(&self, place: u32) -> Option<Contract> {
        self.contracts.get(usize::try_from(place).ok()?).cloned()
    }

    /// The bytes of an order that has ended; `None` where it would not come back as it is.
    pub(crate) fn pack(&mut self, order: &Tracked) -> Option<Box<[u8]>> {
        let Tracked {
            intent,
            order_id,
            parent_id,
            oca_group,
            oca_type,
            hedge,
            leg,
            in_place_of,
            replaced_by,
            state,
            permanent_ids,
            ended_permanent_ids,
            filled,
            filled_value,
            inferred,
            told,
            is_corrected,
            cancel: None,
            change: None,
            change_asked_at: None,
            is_change_looked_for: false,
            refusal,
            absent_since,
            ends_at,
            ended_at,
            created_at,
            updated_at,
            reason,
        } = order
        else {
            return None;
        };
        let Intent { id: _, strategy, account, contract, side, quantity, kind, time_in_force, hours, extension } =
            intent;
        let form = OrderForm {
            strategy: self.word(strategy),
            account: self.word(account),
            contract: self.contract(contract),
            side: *side,
            quantity: *quantity,
            kind: kind.clone(),
            time_in_force: time_in_force.word(),
            good_till: match time_in_force {
                TimeInForce::GoodTillDate(until) => Some(*until),
                _ => None, // a word says it all
            },
            hours: *hours,
            extension: extension.clone(),
            order_id: *order_id,
            parent_id: *parent_id,
            oca_group: oca_group.clone(),
            oca_type: *oca_type,
            hedge: *hedge,
            leg: *leg,
            in_place_of: *in_place_of,
            replaced_by: *replaced_by,
            state: state.clone(),
            permanent_ids: permanent_ids.clone(),
            ended_permanent_ids: (ended_permanent_ids != permanent_ids).then(|| ended_permanent_ids.clone()),
            filled: *filled,
            filled_value: *filled_value,
            inferred: *inferred,
            told_filled: (told.filled != *filled || told.filled.scale() != filled.scale()).then_some(told.filled),
            told: Told { filled: Decimal::ZERO, ..told.clone() },
            is_corrected: *is_corrected,
            refusal: refusal.clone(),
            absent_since: *absent_since,
            ends_at: *ends_at,
            created_at: *created_at,
            ended_after: ended_at.map(|ended_at| after(*created_at, ended_at)),
            updated_after: after(*created_at, *updated_at),
            reason: reason.clone(),
        };
        let bytes = postcard::to_allocvec(&form).ok()?.into_boxed_slice();
        (self.unpack(intent.id, &bytes).as_ref() == Some(order)).then_some(bytes)
    }

    /// The order that these are the bytes of.
    pub(crate) fn unpack(&self, id: IntentId, bytes: &[u8]) -> Option<Tracked> {
        let form: OrderForm = postcard::from_bytes(bytes).ok()?;
        Some(Tracked {
            intent: Intent {
                id,
                strategy: self.word_at(form.strategy)?,
                account: self.word_at(form.account)?,
                contract: self.contract_at(form.contract)?,
                side: form.side,
                quantity: form.quantity,
                kind: form.kind,
                time_in_force: form.good_till.map_or_else(|| form.time_in_force.into(), TimeInForce::GoodTillDate),
                hours: form.hours,
                extension: form.extension,
            },
            order_id: form.order_id,
            parent_id: form.parent_id,
            oca_group: form.oca_group,
            oca_type: form.oca_type,
            hedge: form.hedge,
            leg: form.leg,
            in_place_of: form.in_place_of,
            replaced_by: form.replaced_by,
            state: form.state,
            ended_permanent_ids: form.ended_permanent_ids.unwrap_or_else(|| form.permanent_ids.clone()),
            permanent_ids: form.permanent_ids,
            told: Told { filled: form.told_filled.unwrap_or(form.filled), ..form.told },
            filled: form.filled,
            filled_value: form.filled_value,
            inferred: form.inferred,
            is_corrected: form.is_corrected,
            cancel: None,
            change: None,
            change_asked_at: None,
            is_change_looked_for: false,
            refusal: form.refusal,
            absent_since: form.absent_since,
            ends_at: form.ends_at,
            ended_at: form.ended_after.map(|passed| at(form.created_at, passed)),
            created_at: form.created_at,
            updated_at: at(form.created_at, form.updated_after),
            reason: form.reason,
        })
    }

    /// The bytes of executions of one order; `None` where they would not come back as they are.
    pub(crate) fn pack_executions(
        &mut self,
        id: IntentId,
        executions: &BTreeMap<String, Execution>,
    ) -> Option<Box<[u8]>> {
        let mut forms = Vec::with_capacity(executions.len());
        let mut last: Option<(&String, &Execution)> = None;
        for (root, execution) in executions {
            let same = last.map_or(0, |(before, _)| shared_bytes(before, root));
            let (_, rest) = root.split_at_checked(same)?;
            let before = last.map(|(_, execution)| execution);
            let strategy = execution.strategy.as_deref().map(|word| self.word(word));
            let account = self.word(&execution.account);
            forms.push(ExecutionForm {
                same: u32::try_from(same).ok()?,
                root: rest.to_owned(),
                revision: execution.revision,
                strategy: before.is_none_or(|before| before.strategy != execution.strategy).then_some(strategy),
                account: before.is_none_or(|before| before.account != execution.account).then_some(account),
                contract_id: before
                    .is_none_or(|before| before.contract_id != execution.contract_id)
                    .then_some(execution.contract_id),
                side: execution.side,
                quantity: execution.quantity,
                price: execution.price,
                permanent_id: before
                    .is_none_or(|before| before.permanent_id != execution.permanent_id)
                    .then_some(execution.permanent_id),
                is_combination: execution.is_combination,
                is_inferred: execution.is_inferred,
                after: after(before.map_or(Timestamp(0), |before| before.at), execution.at),
                cost: execution.cost.as_ref().map(|cost| (cost.revision, cost.amount, self.word(&cost.currency))),
            });
            last = Some((root, execution));
        }
        let forms = ExecutionForms { intent: id.0, executions: forms };
        let bytes = postcard::to_allocvec(&forms).ok()?.into_boxed_slice();
        (self.unpack_executions(&bytes).as_ref() == Some(executions)).then_some(bytes)
    }

    /// The executions that these are the bytes of.
    pub(crate) fn unpack_executions(&self, bytes: &[u8]) -> Option<BTreeMap<String, Execution>> {
        let ExecutionForms { intent, executions: forms } = postcard::from_bytes(bytes).ok()?;
        let mut executions = BTreeMap::new();
        let mut last: Option<(String, Execution)> = None;
        for form in forms {
            let before = last.as_ref();
            let prefix = before.map_or(Some(""), |(root, _)| root.get(..usize::try_from(form.same).ok()?))?;
            let root = format!("{prefix}{}", form.root);
            let before = before.map(|(_, execution)| execution);
            let cost = match form.cost {
                Some((revision, amount, currency)) => {
                    Some(Cost { revision, amount, currency: self.word_at(currency)? })
                }
                None => None,
            };
            let execution = Execution {
                revision: form.revision,
                intent: Some(IntentId(intent)),
                strategy: match form.strategy {
                    Some(Some(place)) => Some(self.word_at(place)?),
                    Some(None) => None,
                    None => before?.strategy.clone(),
                },
                account: match form.account {
                    Some(place) => self.word_at(place)?,
                    None => before?.account.clone(),
                },
                contract_id: form.contract_id.map_or_else(|| Some(before?.contract_id), Some)?,
                side: form.side,
                quantity: form.quantity,
                price: form.price,
                permanent_id: form.permanent_id.map_or_else(|| Some(before?.permanent_id), Some)?,
                is_combination: form.is_combination,
                is_inferred: form.is_inferred,
                at: at(before.map_or(Timestamp(0), |before| before.at), form.after),
                cost,
            };
            executions.insert(root.clone(), execution.clone());
            last = Some((root, execution));
        }
        Some(executions)
    }
}

/// What has passed from one time to another.
const fn after(from: Timestamp, to: Timestamp) -> i64 {
    to.0.wrapping_sub(from.0)
}

/// The time when so much has passed.
const fn at(from: Timestamp, passed: i64) -> Timestamp {
    Timestamp(from.0.wrapping_add(passed))
}

/// How many bytes two texts begin with in common, at a boundary of characters.
fn shared_bytes(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum()
}
