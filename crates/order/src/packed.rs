//! Orders and executions at rest, as bytes: a book that forgets after days holds millions of them.
//!
//! Bytes stay in memory; journals never see them. Every field of an order and of an execution is named where it is
//! packed, so that a new one does not compile until it has its place; what an order rarely has stands in [`Rare`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tws_proto::Contract;
use tws_proto::ids::{ContractId, OrderId, PermanentId};
use tws_proto::kinds::{OcaType, TimeInForce as Word};

use crate::bytes::{Put as _, Reader};
use crate::fills::{Cost, Execution};
use crate::group::{Hedge, Revenant};
use crate::guard::Leg;
use crate::instrument::is_spelled_alike;
use crate::intent::{Hours, Intent};
use crate::kind::OrderKind;
use crate::lifetime::TimeInForce;
use crate::missing::{Incarnation, Inferred, Told};
use crate::numbers::PermanentIds;
use crate::reference::IntentId;
use crate::state::State;
use crate::time::Timestamp;
use crate::tracked::Tracked;
use tws_proto::Side;

/// What many orders have in common, each kept once and known by its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    words: Vec<SmolStr>,
    places: HashMap<SmolStr, u32, FixedState>,
    contracts: Vec<Arc<Contract>>,
    contract_places: BTreeMap<(Option<ContractId>, SmolStr), Vec<u32>>,
    /// The contract that was last asked for.
    last: u32,
    /// The words that were last asked for, by what they are.
    last_words: [u32; 3],
    /// Bytes that are being made.
    bytes: Vec<u8>,
}

/// What a word is.
#[derive(Clone, Copy, Debug)]
enum WordOf {
    Strategy,
    Account,
    Currency,
}

/// What most orders that have ended do not have.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rare {
    /// What is neither a market nor a limit order.
    kind: Option<OrderKind>,
    /// What does not stand for the day.
    time_in_force: Option<Word>,
    good_till: Option<Timestamp>,
    /// As JSON: what an order of the wire has is not all of a form that can be read back from fewer bytes.
    extension: Option<String>,
    parent_id: Option<OrderId>,
    oca_group: SmolStr,
    oca_type: Option<OcaType>,
    hedge: Option<Hedge>,
    reference: Option<SmolStr>,
    trailed_to: Option<Decimal>,
    leg: Option<Leg>,
    in_place_of: Option<IntentId>,
    replaced_by: Option<(IntentId, Revenant)>,
    /// Where not all numbers of IB's have ended.
    ended_permanent_ids: Option<PermanentIds>,
    inferred: Option<Inferred>,
    /// Where that is not what has filled.
    told: Option<Told>,
    incarnations: Vec<Incarnation>,
    refusal: Option<SmolStr>,
    absent_since: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    reason: SmolStr,
}

// Bits of an order's first byte.
const SELLS: u8 = 1;
const EXTENDED_HOURS: u8 = 1 << 1;
const IS_LIMIT: u8 = 1 << 2;
const HAS_RARE: u8 = 1 << 3;
const IS_CORRECTED: u8 = 1 << 4;
const HAS_ENDED_AT: u8 = 1 << 5;
const HAS_AVERAGE: u8 = 1 << 6;

// Bits of an execution's first byte.
const SOLD: u8 = 1;
const IS_COMBINATION: u8 = 1 << 1;
const IS_INFERRED: u8 = 1 << 2;
const HAS_COST: u8 = 1 << 3;
/// Whose it is, and what, is as in the one before.
const IS_ALIKE: u8 = 1 << 4;
const HAS_STRATEGY: u8 = 1 << 5;
const HAS_CONTRACT: u8 = 1 << 6;
const HAS_NUMBER: u8 = 1 << 7;

/// The states in which an order rests, as bytes.
const ENDS: [State; 5] = [State::Filled, State::Cancelled, State::Rejected, State::Expired, State::Lost];

const fn bit(is_set: bool, bit: u8) -> u8 {
    if is_set { bit } else { 0 }
}

const fn side(is_sale: bool) -> Side {
    if is_sale { Side::Sell } else { Side::Buy }
}

impl Shared {
    /// The place of a word. One order after the other has the same ones.
    fn word(&mut self, of: WordOf, word: &SmolStr) -> u32 {
        let last = self.last_words[of as usize]; // there is one for each
        if self.words.get(last as usize).is_some_and(|known| known == word) {
            return last;
        }
        let place = match self.places.get(word) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
                self.words.push(word.clone());
                self.places.insert(word.clone(), place);
                place
            }
        };
        self.last_words[of as usize] = place;
        place
    }

    fn word_at(&self, place: u32) -> Option<SmolStr> {
        self.words.get(usize::try_from(place).ok()?).cloned()
    }

    fn contract(&mut self, contract: &Arc<Contract>) -> u32 {
        let is_at = |contracts: &[Arc<Contract>], place: u32| {
            contracts
                .get(place as usize)
                .is_some_and(|known| Arc::ptr_eq(known, contract) || is_spelled_alike(known, contract))
        };
        if is_at(&self.contracts, self.last) {
            return self.last;
        }
        let places = self.contract_places.entry((contract.contract_id, SmolStr::new(&contract.symbol))).or_default();
        self.last = match places.iter().find(|place| is_at(&self.contracts, **place)) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(self.contracts.len()).unwrap_or(u32::MAX);
                self.contracts.push(Arc::clone(contract));
                places.push(place);
                place
            }
        };
        self.last
    }

    fn contract_at(&self, place: u32) -> Option<Arc<Contract>> {
        self.contracts.get(usize::try_from(place).ok()?).cloned()
    }

    /// The bytes of an order that has ended; `None` for one that has not, or of which something is on its way.
    pub(crate) fn pack(&mut self, order: &Tracked) -> Option<Box<[u8]>> {
        let Tracked {
            intent,
            order_id,
            parent_id,
            oca_group,
            oca_type,
            hedge,
            reference,
            trailed_to,
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
            incarnations,
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
        let limit_price = match kind {
            OrderKind::Limit { limit_price } => Some(*limit_price),
            _ => None, // those are rare
        };
        let (told_as_filled, average_price) = told_as(*filled, told);
        let rare = Rare {
            kind: (limit_price.is_none() && *kind != OrderKind::Market).then(|| kind.clone()),
            time_in_force: (*time_in_force != TimeInForce::Day).then(|| time_in_force.word()),
            good_till: match time_in_force {
                TimeInForce::GoodTillDate(until) => Some(*until),
                _ => None, // a word says it all
            },
            extension: extension.as_ref().map(serde_json::to_string).transpose().ok()?,
            parent_id: *parent_id,
            oca_group: oca_group.clone(),
            oca_type: *oca_type,
            hedge: *hedge,
            reference: reference.clone(),
            trailed_to: *trailed_to,
            leg: *leg,
            in_place_of: *in_place_of,
            replaced_by: *replaced_by,
            ended_permanent_ids: (ended_permanent_ids != permanent_ids).then(|| ended_permanent_ids.clone()),
            inferred: *inferred,
            told: (!told_as_filled).then(|| told.clone()),
            incarnations: incarnations.clone(),
            refusal: refusal.clone(),
            absent_since: *absent_since,
            ends_at: *ends_at,
            reason: reason.clone(),
        };
        let has_rare = rare != Rare::default();
        let state = ENDS.iter().position(|end| end == state)?;
        let (strategy, account, contract) =
            (self.word(WordOf::Strategy, strategy), self.word(WordOf::Account, account), self.contract(contract));
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.push(
            bit(*side == Side::Sell, SELLS)
                | bit(*hours == Hours::Extended, EXTENDED_HOURS)
                | bit(limit_price.is_some(), IS_LIMIT)
                | bit(has_rare, HAS_RARE)
                | bit(*is_corrected, IS_CORRECTED)
                | bit(ended_at.is_some(), HAS_ENDED_AT)
                | bit(average_price.is_some(), HAS_AVERAGE),
        );
        bytes.push(state as u8); // one of five
        for place in [strategy, account, contract] {
            bytes.put_number(place.into());
        }
        bytes.put_signed(order_id.0.into());
        for number in [Some(*quantity), limit_price, Some(*filled), Some(*filled_value), average_price] {
            number.into_iter().for_each(|number| bytes.put_decimal(number));
        }
        bytes.put_number(permanent_ids.len() as u128); // any length fits
        permanent_ids.iter().for_each(|number| bytes.put_signed(number.0));
        bytes.put_signed(created_at.0);
        bytes.put_signed(after(*created_at, *updated_at));
        ended_at.iter().for_each(|ended_at| bytes.put_signed(after(*created_at, *ended_at)));
        if has_rare {
            bytes.extend_from_slice(&postcard::to_allocvec(&rare).ok()?);
        }
        let packed: Box<[u8]> = bytes.as_slice().into();
        self.bytes = bytes;
        // Bytes that could not be read would be an order lost: what is rare is read back before it is relied on.
        let is_read_back = !has_rare || self.unpack(intent.id, &packed).as_ref() == Some(order);
        is_read_back.then_some(packed)
    }

    /// The order that these are the bytes of.
    pub(crate) fn unpack(&self, id: IntentId, bytes: &[u8]) -> Option<Tracked> {
        let mut reader = Reader(bytes);
        let head = reader.byte()?;
        let is = |bit: u8| head & bit != 0;
        let state = ENDS.get(usize::from(reader.byte()?))?.clone();
        let (strategy, account) = (self.word_at(reader.of()?)?, self.word_at(reader.of()?)?);
        let contract = self.contract_at(reader.of()?)?;
        let order_id = OrderId(i32::try_from(reader.signed()?).ok()?);
        let quantity = reader.decimal()?;
        let limit_price = if is(IS_LIMIT) { Some(reader.decimal()?) } else { None };
        let (filled, filled_value) = (reader.decimal()?, reader.decimal()?);
        let average_price = if is(HAS_AVERAGE) { Some(reader.decimal()?) } else { None };
        let count: usize = reader.of()?;
        let mut permanent_ids = PermanentIds::default();
        for _ in 0..count {
            permanent_ids.insert(PermanentId(reader.signed()?));
        }
        let created_at = Timestamp(reader.signed()?);
        let updated_at = at(created_at, reader.signed()?);
        let ended_at = if is(HAS_ENDED_AT) { Some(at(created_at, reader.signed()?)) } else { None };
        let rare: Rare = if is(HAS_RARE) { postcard::from_bytes(reader.0).ok()? } else { Rare::default() };
        let kind = limit_price.map(|limit_price| OrderKind::Limit { limit_price }).or(rare.kind);
        let word = rare.time_in_force.map_or(TimeInForce::Day, TimeInForce::from);
        Some(Tracked {
            intent: Intent {
                id,
                strategy,
                account,
                contract,
                side: side(is(SELLS)),
                quantity,
                kind: kind.unwrap_or(OrderKind::Market),
                time_in_force: rare.good_till.map_or(word, TimeInForce::GoodTillDate),
                hours: if is(EXTENDED_HOURS) { Hours::Extended } else { Hours::Regular },
                extension: match rare.extension {
                    Some(extension) => Some(serde_json::from_str(&extension).ok()?),
                    None => None,
                },
            },
            order_id,
            parent_id: rare.parent_id,
            oca_group: rare.oca_group,
            oca_type: rare.oca_type,
            hedge: rare.hedge,
            reference: rare.reference,
            trailed_to: rare.trailed_to,
            leg: rare.leg,
            in_place_of: rare.in_place_of,
            replaced_by: rare.replaced_by,
            state,
            ended_permanent_ids: rare.ended_permanent_ids.unwrap_or_else(|| permanent_ids.clone()),
            permanent_ids,
            told: rare.told.unwrap_or(Told { filled, average_price, ahead_since: None, asked_at: None }),
            incarnations: rare.incarnations,
            filled,
            filled_value,
            inferred: rare.inferred,
            is_corrected: is(IS_CORRECTED),
            cancel: None,
            change: None,
            change_asked_at: None,
            is_change_looked_for: false,
            refusal: rare.refusal,
            absent_since: rare.absent_since,
            ends_at: rare.ends_at,
            ended_at,
            created_at,
            updated_at,
            reason: rare.reason,
        })
    }

    /// The bytes of executions of one order, lowest root first.
    pub(crate) fn pack_executions(&mut self, id: IntentId, executions: &[&(SmolStr, Execution)]) -> Box<[u8]> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.put_number(id.0);
        let mut before: Option<(&SmolStr, &Execution)> = None;
        for (root, execution) in executions.iter().copied() {
            self.put_execution(&mut bytes, before, root, execution);
            before = Some((root, execution));
        }
        let packed = bytes.as_slice().into();
        self.bytes = bytes;
        packed
    }

    fn put_execution(
        &mut self,
        bytes: &mut Vec<u8>,
        before: Option<(&SmolStr, &Execution)>,
        root: &SmolStr,
        execution: &Execution,
    ) {
        let Execution {
            revision,
            intent: _,
            strategy,
            account,
            contract_id,
            side,
            quantity,
            price,
            permanent_id,
            is_combination,
            is_inferred,
            at,
            cost,
        } = execution;
        let is_alike = before.is_some_and(|(_, before)| {
            before.strategy == *strategy
                && before.account == *account
                && before.contract_id == *contract_id
                && before.permanent_id == *permanent_id
        });
        bytes.push(
            bit(*side == Side::Sell, SOLD)
                | bit(*is_combination, IS_COMBINATION)
                | bit(*is_inferred, IS_INFERRED)
                | bit(cost.is_some(), HAS_COST)
                | bit(is_alike, IS_ALIKE)
                | bit(strategy.is_some(), HAS_STRATEGY)
                | bit(contract_id.is_some(), HAS_CONTRACT)
                | bit(permanent_id.is_some(), HAS_NUMBER),
        );
        let same = before.map_or(0, |(before, _)| shared_bytes(before, root));
        bytes.put_number(same as u128); // any length fits
        bytes.put_bytes(root.as_bytes().get(same..).unwrap_or_default()); // at most its length
        bytes.put_number((*revision).into());
        bytes.put_decimal(*quantity);
        bytes.put_decimal(*price);
        bytes.put_signed(after(before.map_or(Timestamp(0), |(_, before)| before.at), *at));
        if !is_alike {
            bytes.put_number(self.word(WordOf::Account, account).into());
            strategy.iter().for_each(|strategy| bytes.put_number(self.word(WordOf::Strategy, strategy).into()));
            contract_id.iter().for_each(|id| bytes.put_signed(id.0.into()));
            permanent_id.iter().for_each(|number| bytes.put_signed(number.0));
        }
        if let Some(Cost { revision, amount, currency }) = cost {
            bytes.put_number((*revision).into());
            bytes.put_decimal(*amount);
            bytes.put_number(self.word(WordOf::Currency, currency).into());
        }
    }

    /// The executions that these are the bytes of.
    pub(crate) fn unpack_executions(&self, bytes: &[u8]) -> Option<Vec<(SmolStr, Execution)>> {
        let mut reader = Reader(bytes);
        let intent = Some(IntentId(reader.number()?));
        let mut executions: Vec<(SmolStr, Execution)> = Vec::new();
        while !reader.0.is_empty() {
            let next = self.read_execution(&mut reader, intent, executions.last())?;
            executions.push(next);
        }
        Some(executions)
    }

    fn read_execution(
        &self,
        reader: &mut Reader<'_>,
        intent: Option<IntentId>,
        before: Option<&(SmolStr, Execution)>,
    ) -> Option<(SmolStr, Execution)> {
        let head = reader.byte()?;
        let is = |bit: u8| head & bit != 0;
        let same: usize = reader.of()?;
        let prefix = before.map_or("", |(root, _)| root.as_str()).get(..same)?;
        let rest = reader.text()?;
        let root = SmolStr::from_iter([prefix, rest]);
        let revision = reader.of()?;
        let (quantity, price) = (reader.decimal()?, reader.decimal()?);
        let at = at(before.map_or(Timestamp(0), |(_, before)| before.at), reader.signed()?);
        let (account, strategy, contract_id, permanent_id) = if is(IS_ALIKE) {
            let (_, before) = before?;
            (before.account.clone(), before.strategy.clone(), before.contract_id, before.permanent_id)
        } else {
            let account = self.word_at(reader.of()?)?;
            let strategy = if is(HAS_STRATEGY) { Some(self.word_at(reader.of()?)?) } else { None };
            let contract_id =
                if is(HAS_CONTRACT) { Some(ContractId(i32::try_from(reader.signed()?).ok()?)) } else { None };
            let permanent_id = if is(HAS_NUMBER) { Some(PermanentId(reader.signed()?)) } else { None };
            (account, strategy, contract_id, permanent_id)
        };
        let cost = if is(HAS_COST) {
            let (revision, amount) = (reader.of()?, reader.decimal()?);
            Some(Cost { revision, amount, currency: self.word_at(reader.of()?)? })
        } else {
            None
        };
        let execution = Execution {
            revision,
            intent,
            strategy,
            account,
            contract_id,
            side: side(is(SOLD)),
            quantity,
            price,
            permanent_id,
            is_combination: is(IS_COMBINATION),
            is_inferred: is(IS_INFERRED),
            at,
            cost,
        };
        Some((root, execution))
    }
}

/// Whether what was told is what has filled and nothing is awaited, and the average price that was told then.
fn told_as(filled: Decimal, told: &Told) -> (bool, Option<Decimal>) {
    let Told { filled: told_filled, average_price, ahead_since, asked_at } = told;
    let is_same = told_filled.serialize() == filled.serialize() && ahead_since.is_none() && asked_at.is_none();
    (is_same, average_price.filter(|_| is_same))
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
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    (0..=same).rev().find(|length| other.is_char_boundary(*length)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use tws_proto::condition::{Bound, Condition, Conjunction};
    use tws_proto::time::TimeText;

    use super::*;
    use crate::extension::Extension;
    use crate::guard::Role;
    use crate::tracked::Ties;

    /// An order that has filled as most do.
    fn filled() -> Tracked {
        let intent = Intent {
            id: IntentId(7 << 40),
            strategy: "momentum".into(),
            account: "DU1".into(),
            contract: Contract { contract_id: Some(ContractId(8314)), ..Contract::stock("IBM", "USD") }.into(),
            side: Side::Sell,
            quantity: 300.into(),
            kind: OrderKind::Limit { limit_price: Decimal::new(184_500, 3) },
            time_in_force: TimeInForce::Day,
            hours: Hours::Extended,
            extension: None,
        };
        let numbers = PermanentIds::from(vec![PermanentId(1_000_000_001)]);
        let filled = Decimal::new(30_000, 2);
        Tracked {
            state: State::Filled,
            permanent_ids: numbers.clone(),
            ended_permanent_ids: numbers,
            filled,
            filled_value: Decimal::new(55_350, 0),
            told: Told { filled, average_price: Some(Decimal::new(18_450, 2)), ..Told::default() },
            ended_at: Some(Timestamp(1_700_000_000_500_000)),
            updated_at: Timestamp(1_700_000_000_700_000),
            ..Tracked::new(intent, OrderId(12), Ties::default(), Timestamp(1_700_000_000_000_000))
        }
    }

    /// With everything that an order rarely has.
    fn rare() -> Tracked {
        let plain = filled();
        let conditions = vec![
            Condition::Margin { conjunction: Conjunction::default(), bound: Bound::Below, percent: Some(10) },
            Condition::Time { conjunction: Conjunction::default(), bound: Bound::Above, time: TimeText::default() },
        ];
        Tracked {
            intent: Intent {
                kind: OrderKind::StopLimit { stop_price: Decimal::ONE, limit_price: -Decimal::ONE },
                time_in_force: TimeInForce::GoodTillDate(Timestamp(1_800_000_000_000_000)),
                extension: Some(Extension::new(|order| (order.hidden, order.conditions) = (true, conditions)).unwrap()),
                side: Side::Buy,
                hours: Hours::Regular,
                ..plain.intent.clone()
            },
            parent_id: Some(OrderId(11)),
            oca_group: "a group of a long name, beyond what stands in place".into(),
            oca_type: Some(OcaType::ReduceWithBlock),
            hedge: Some(Hedge::Beta(Decimal::new(15, 1))),
            reference: Some("somebody's".into()),
            trailed_to: Some(Decimal::new(95, 1)),
            leg: Some(Leg { group: IntentId(3), role: Role::StopLoss }),
            in_place_of: Some(IntentId(u128::MAX)),
            replaced_by: Some((IntentId(5), Revenant::Adopt)),
            state: State::Cancelled,
            permanent_ids: vec![PermanentId(-1), PermanentId(i64::MAX)].into(),
            ended_permanent_ids: vec![PermanentId(-1)].into(),
            inferred: Some(Inferred { quantity: Decimal::TWO, price: Decimal::MAX, revision: 3, is_doubted: true }),
            told: Told {
                filled: Decimal::MAX,
                average_price: None,
                ahead_since: Some(Timestamp(1)),
                asked_at: Some(Timestamp(-1)),
            },
            incarnations: vec![Incarnation {
                number: PermanentId(-1),
                told: Decimal::MAX,
                average_price: Some(Decimal::ONE),
                proven: Decimal::TWO,
            }],
            is_corrected: true,
            refusal: Some("201 refused".into()),
            absent_since: Some(Timestamp(i64::MIN)),
            ends_at: Some(Timestamp(i64::MAX)),
            ended_at: None,
            created_at: Timestamp(i64::MIN),
            updated_at: Timestamp(i64::MAX),
            reason: "202 cancelled".into(),
            ..plain
        }
    }

    #[test]
    fn an_order_comes_back_as_it_was() {
        let mut shared = Shared::default();
        let ended = ENDS.map(|state| Tracked { state, ..filled() });
        let kinds = [OrderKind::Market, OrderKind::MarketOnClose]
            .map(|kind| Tracked { intent: Intent { kind, ..filled().intent }, ..filled() });
        for order in ended.into_iter().chain(kinds).chain([rare()]) {
            let bytes = shared.pack(&order).unwrap();
            let back = shared.unpack(order.intent.id, &bytes).unwrap();
            assert_eq!(back, order);
            // Numbers that are equal may be written otherwise.
            assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&order).unwrap());
            for length in 0..bytes.len() {
                let _ = shared.unpack(order.intent.id, &bytes[..length]); // and does not panic
            }
        }
        assert_eq!(shared.pack(&Tracked { state: State::Held, ..filled() }), None);
        assert_eq!(shared.pack(&Tracked { is_change_looked_for: true, ..filled() }), None);
    }

    #[test]
    fn executions_come_back_as_they_were() {
        let id = IntentId(u128::MAX);
        let first = Execution {
            revision: 1,
            intent: Some(id),
            strategy: Some("momentum".into()),
            account: "DU1".into(),
            contract_id: Some(ContractId(-8314)),
            side: Side::Buy,
            quantity: Decimal::new(1_000, 1),
            price: Decimal::new(-5, 2),
            permanent_id: Some(PermanentId(9)),
            is_combination: false,
            is_inferred: false,
            at: Timestamp(1_700_000_000_000_000),
            cost: None,
        };
        let cost = Some(Cost { revision: 2, amount: -Decimal::ONE, currency: "USD".into() });
        let (side, at) = (Side::Sell, Timestamp(i64::MIN));
        let second = Execution { side, at, cost, is_inferred: true, revision: u32::MAX, ..first.clone() };
        let third = Execution {
            strategy: None,
            contract_id: None,
            permanent_id: None,
            is_combination: true,
            account: "".into(),
            ..first.clone()
        };
        let roots = ["0000e0d5.00000001.01", "0000e0d5.00000001.02", "ümlaut", "üs"].map(SmolStr::from);
        let executions: Vec<_> = roots.into_iter().zip([first, second.clone(), third, second]).collect();
        let mut shared = Shared::default();
        let bytes = shared.pack_executions(id, &executions.iter().collect::<Vec<_>>());
        let back = shared.unpack_executions(&bytes).unwrap();
        assert_eq!(back, executions);
        assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&executions).unwrap());
        for length in 0..bytes.len() {
            let _ = shared.unpack_executions(&bytes[..length]); // and does not panic
        }
    }
}
