//! [`MarketRules`]: the tables of price steps.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

/// Ids that the simulator gives to tables of its own begin here.
const OWN_FIRST: i32 = 100_001;

/// The price step from one price on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// From this price on, in either direction from 0.
    pub from: Decimal,
    /// Prices are multiples of it.
    pub step: Decimal,
}

/// A table of price steps. In a file: `[[market_rule]]` with `id` and `steps`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names it in contract details.
    pub id: i32,
    /// By rising price, the first from 0 on.
    pub steps: Vec<Step>,
}

/// The tables of price steps, by id.
#[derive(Clone, Debug, Default)]
pub struct MarketRules {
    rules: BTreeMap<i32, Vec<Step>>,
}

impl MarketRules {
    /// The steps of a table.
    #[must_use]
    pub fn get(&self, id: i32) -> Option<&[Step]> {
        self.rules.get(&id).map(Vec::as_slice)
    }

    /// Takes a table in, unless it is none: it begins at 0, rises, and its steps are above 0. A known id is told anew.
    pub(super) fn add(&mut self, rule: Rule) -> Result<(), i32> {
        let Rule { id, steps } = rule;
        let begins = steps.first().is_some_and(|step| step.from.is_zero());
        let rises = steps.windows(2).all(|pair| pair[0].from < pair[1].from);
        let positive = steps.iter().all(|step| step.step > Decimal::ZERO);
        if id <= 0 || !(begins && rises && positive) {
            return Err(id);
        }
        self.rules.insert(id, steps);
        Ok(())
    }

    /// The table whose only step is this one: a known one, else a new one.
    pub(super) fn of_step(&mut self, step: Decimal) -> i32 {
        let only = [Step { from: Decimal::ZERO, step }];
        if let Some((id, _)) = self.rules.iter().find(|(_, steps)| **steps == only) {
            return *id;
        }
        let next = self.rules.keys().next_back().map_or(OWN_FIRST, |last| OWN_FIRST.max(last + 1));
        self.rules.insert(next, only.to_vec());
        next
    }

    /// Makes an id known whose only step is this one, unless it is known.
    pub(super) fn ensure(&mut self, id: i32, step: Decimal) {
        self.rules.entry(id).or_insert_with(|| vec![Step { from: Decimal::ZERO, step }]);
    }
}

/// The step that prices of this size have.
#[must_use]
pub fn step_at(steps: &[Step], price: Decimal) -> Option<Decimal> {
    let size = price.abs();
    steps.iter().rev().find(|step| step.from <= size).map(|step| step.step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(from: i64, cents: i64) -> Step {
        Step { from: from.into(), step: Decimal::new(cents, 2) }
    }

    #[test]
    fn the_step_depends_on_the_price() {
        let steps = [step(0, 5), step(3, 10)];
        for (price, expected) in [("0", 5), ("2.99", 5), ("3", 10), ("100", 10), ("-1", 5), ("-3.10", 10)] {
            assert_eq!(step_at(&steps, price.parse().unwrap()), Some(Decimal::new(expected, 2)), "{price}");
        }
        assert_eq!(step_at(&[], Decimal::ONE), None);
    }

    #[test]
    fn tables_are_found_made_and_refused() {
        let mut rules = MarketRules::default();
        rules.add(Rule { id: 26, steps: vec![step(0, 1)] }).unwrap();
        rules.add(Rule { id: 67, steps: vec![step(0, 25)] }).unwrap();
        assert_eq!(rules.of_step(Decimal::new(1, 2)), 26);
        assert_eq!(rules.of_step(Decimal::new(1, 3)), 100_001);
        assert_eq!(rules.of_step(Decimal::new(1, 4)), 100_002);
        assert_eq!(rules.get(100_001), Some(&[Step { from: 0.into(), step: Decimal::new(1, 3) }][..]));
        for steps in [vec![], vec![step(1, 1)], vec![step(0, 1), step(0, 2)], vec![step(0, 0)]] {
            assert_eq!(rules.add(Rule { id: 5, steps }), Err(5));
        }
        assert_eq!(rules.add(Rule { id: 0, steps: vec![step(0, 1)] }), Err(0));
    }
}
