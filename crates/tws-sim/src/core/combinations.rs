//! Combinations: what they are made of, and how they fill: whole, leg by leg at the quotes of the legs.

use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{Action, ExecutionSide};
use tws_proto::text::Remark;

use super::Core;
use crate::books::Fill;
use crate::market::Taker;
use crate::matching::{self, Terms};
use crate::orders::{Leg, OrderKey, OrderRecord, Stage, Target};
use crate::validation::Refusal;

/// IB's number of every combination in dollars that has none of its own.
const COMBINATION: ContractId = ContractId(28_812_380);
/// The most legs there may be.
const LEGS_MAX: usize = 30;

/// What the quotes of the legs give for a combination.
struct Offer {
    /// For one combination, as its buyer counts: what legs bought cost, less what legs sold bring.
    net: Decimal,
    /// How many combinations.
    size: Decimal,
    /// Price of each leg.
    prices: Vec<Decimal>,
}

impl Core {
    /// The combination that a contract with legs describes. The markets of its legs are open from then on.
    pub(super) fn combination(&mut self, wanted: &Contract) -> Result<Target, Refusal> {
        if wanted.combo_legs.len() > LEGS_MAX {
            return Err(Refusal::bad_field(&format!("A combination has no more than {LEGS_MAX} legs")));
        }
        let mut legs: Vec<Leg> = Vec::new();
        for leg in &wanted.combo_legs {
            let ComboLeg { contract_id, ratio, action, .. } = leg;
            let contract = contract_id.unwrap_or_default();
            let known = self.catalogue.by_id(contract).is_some();
            if !known {
                return Err(Refusal::invalid(200, "No security definition has been found for the request"));
            }
            let ratio = ratio.unwrap_or_default();
            let bought = match action {
                Some(Action::Buy) => true,
                Some(Action::Sell | Action::SellShort | Action::SellLong) => false,
                Some(Action::Other(_)) | None => return Err(Refusal::bad_field("Invalid action of a leg")),
            };
            if !(1..=1_000_000).contains(&ratio) || legs.iter().any(|leg| leg.contract == contract) {
                return Err(Refusal::bad_field("Invalid legs of a combination"));
            }
            self.open_market(contract);
            legs.push(Leg { contract, ratio: ratio.into(), bought, value: Decimal::ZERO, commission: Decimal::ZERO });
        }
        let signed = |leg: &Leg| if leg.bought { leg.ratio } else { -leg.ratio };
        let described: Vec<String> = legs.iter().map(|leg| format!("{}|{}", leg.contract, signed(leg))).collect();
        let contract = Contract {
            contract_id: Some(COMBINATION),
            combo_legs_description: Remark(described.join(",")),
            ..wanted.clone()
        };
        Ok(Target { contract_id: COMBINATION, contract, legs })
    }

    /// The legs of a combination that the catalogue has. Their markets are open from then on.
    pub(super) fn known_legs(&mut self, combination: ContractId) -> Vec<Leg> {
        let found = self.catalogue.by_id(combination);
        let legs: Vec<Leg> = found.map_or(&[][..], |found| &found.legs).iter().map(leg_of).collect();
        for leg in &legs {
            self.open_market(leg.contract);
        }
        legs
    }

    /// Whether a fill is that of a combination, which costs what its legs cost.
    pub(super) fn is_of_combination(&self, fill: &Fill) -> bool {
        self.catalogue.by_id(fill.contract).is_none_or(|instrument| !instrument.legs.is_empty())
    }

    /// The finest price step of the legs.
    pub(super) fn combination_tick(&self, target: &Target) -> Decimal {
        let ticks = target.legs.iter().filter_map(|leg| self.catalogue.by_id(leg.contract));
        ticks.map(|instrument| instrument.min_tick).min().unwrap_or(Decimal::ONE)
    }

    fn combination_offer(&self, record: &OrderRecord) -> Option<Offer> {
        let mut offer = Offer { net: Decimal::ZERO, size: record.released(), prices: Vec::new() };
        for leg in &record.legs {
            let market = self.markets.get(&leg.contract)?;
            let wanted = record.remaining() * leg.ratio;
            let level = matching::shown(market, leg_taker(record, leg), self.rules.sizes, wanted)?;
            offer.size = offer.size.min((level.size / leg.ratio).floor());
            let value = leg.ratio * level.price;
            offer.net += if leg.bought { value } else { -value };
            offer.prices.push(level.price);
        }
        Some(offer)
    }

    /// Lets a combination trade as far as the quotes of all its legs allow now.
    pub(super) fn try_combination(&mut self, key: OrderKey) {
        let Some(record) = self.desk.get(key) else { return };
        let Some(offer) = self.combination_offer(record) else { return };
        let terms = record.limit().map_or(Terms::Any, Terms::Limit);
        let Some(size) = matching::fitting(record, offer.size, Decimal::ONE) else { return };
        if terms.accept(offer.net, record.taker()) {
            self.fill_combination(key, size, &offer);
        }
    }

    fn fill_combination(&mut self, key: OrderKey, quantity: Decimal, offer: &Offer) {
        let now = self.now;
        let Some(record) = self.desk.get_mut(key) else { return };
        let before = record.remaining();
        record.filled += quantity;
        record.value += offer.net * quantity;
        record.last_price = Some(offer.net);
        let is_whole = record.remaining().is_zero();
        if is_whole {
            record.completed = Some((now, format!("Filled Size: {}", record.filled.normalize())));
        }
        self.executions += 1;
        let run = format!("{:08x}.{:08x}", self.execution_prefix, self.executions);
        let whole = Fill {
            execution_id: format!("{run}.01.01"),
            time: now,
            account: record.order.account.clone(),
            contract: record.contract_id,
            exchange: record.contract.exchange.clone(),
            side: side(record.taker()),
            quantity,
            price: offer.net,
            client: key.told().0,
            order: key.told().1,
            permanent_id: record.permanent_id,
            order_reference: record.order.order_reference.clone(),
            cumulative: record.filled,
            average_price: record.average_price(),
            commission: Decimal::ZERO,
            currency: record.contract.currency.clone(),
            realized: None,
        };
        let whole = self.books.record(whole).clone();
        let mut fills = Vec::new();
        for at in 0..offer.prices.len() {
            let Some(fill) = self.fill_of_leg(key, at, quantity, offer, &whole, &run) else { continue };
            let Some(instrument) = self.catalogue.by_id(fill.contract) else { continue };
            fills.extend(self.books.book(fill, instrument).cloned());
        }
        if is_whole {
            self.desk.set_stage(key, Stage::Filled);
        }
        self.tell_combination_fill(key, &whole, &fills);
        self.after_fill(key, before);
        for fill in &fills {
            self.fill_moves_conditions(fill);
        }
    }

    fn fill_of_leg(
        &mut self,
        key: OrderKey,
        at: usize,
        quantity: Decimal,
        offer: &Offer,
        whole: &Fill,
        run: &str,
    ) -> Option<Fill> {
        let record = self.desk.get_mut(key)?;
        let price = offer.prices.get(at).copied()?;
        let cumulative = record.filled;
        let buys = record.taker() == Taker::Buyer;
        let leg = record.legs.get_mut(at)?;
        let instrument = self.catalogue.by_id(leg.contract)?;
        let taker = if leg.bought == buys { Taker::Buyer } else { Taker::Seller };
        let size = quantity * leg.ratio;
        if let Some(market) = self.markets.get_mut(&leg.contract) {
            let left = market.available(taker).map_or(Decimal::ZERO, |left| left.size);
            market.take(taker, size.min(left));
        }
        leg.value += price * size;
        let cumulative = cumulative * leg.ratio;
        let due = self
            .commissions
            .rate_in(instrument.class(), &instrument.currency)
            .total(cumulative, leg.value * instrument.price_factor());
        let commission = due - leg.commission;
        leg.commission = due;
        let average_price = leg.value.checked_div(cumulative).unwrap_or_default();
        let fill = Fill {
            // One segment more than the combination's own, which ends in `.01.01`.
            execution_id: format!("{run}.{:02}.01.01", at + 2),
            contract: leg.contract,
            side: side(taker),
            quantity: size,
            price,
            cumulative,
            average_price: average_price.round_dp(crate::commission::MONEY_DIGITS).normalize(),
            commission,
            currency: instrument.currency.clone(),
            ..whole.clone()
        };
        record.commission += commission;
        Some(fill)
    }

    /// The combination's execution, those of its legs, the status, and what the legs cost.
    fn tell_combination_fill(&mut self, key: OrderKey, whole: &Fill, legs: &[Fill]) {
        let hearers = self.hearers_of_fills(key);
        for session in &hearers {
            for fill in std::iter::once(whole).chain(legs) {
                self.send_execution(*session, RequestId(-1), fill);
            }
        }
        self.tell_status(key);
        for session in hearers {
            for fill in legs {
                self.send_commission(session, fill);
            }
        }
        for fill in legs {
            self.tell_position(&fill.account, fill.contract);
        }
    }
}

fn leg_of(leg: &crate::instrument::Leg) -> Leg {
    Leg {
        contract: leg.contract_id,
        ratio: leg.ratio.into(),
        bought: leg.weight() > Decimal::ZERO,
        value: Decimal::ZERO,
        commission: Decimal::ZERO,
    }
}

fn leg_taker(record: &OrderRecord, leg: &Leg) -> Taker {
    if leg.bought == (record.taker() == Taker::Buyer) { Taker::Buyer } else { Taker::Seller }
}

const fn side(taker: Taker) -> ExecutionSide {
    match taker {
        Taker::Buyer => ExecutionSide::Bought,
        Taker::Seller => ExecutionSide::Sold,
    }
}
