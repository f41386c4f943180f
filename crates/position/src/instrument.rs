//! [`Instrument`]: what a position is in, as far as money is concerned.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;
use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::kinds::SecurityType;

use crate::exact;

/// What a position is in: IB's number of the contract and what turns its prices into money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// IB's number; never 0 in a ledger.
    pub contract_id: ContractId,
    /// Name for people.
    pub symbol: SmolStr,
    /// Currency of its prices and of all money made with it; never empty in a ledger.
    pub currency: SmolStr,
    /// Money that one unit of quantity is worth at a price of one, as prices are quoted: 1 for stocks, 100 for most
    /// options, 50 for 5000 bushels of grain that are quoted in cents; positive.
    pub multiplier: Decimal,
}

impl Instrument {
    /// A stock, or anything else with a multiplier of one.
    #[must_use]
    pub fn stock(contract_id: ContractId, symbol: &str, currency: &str) -> Self {
        Self { contract_id, symbol: symbol.into(), currency: currency.into(), multiplier: Decimal::ONE }
    }

    /// The instrument that a contract out of a broker's answer names, where it is quoted in the unit of its currency.
    /// What is quoted in a part of it, [`Ledger::instrument_of`](crate::Ledger::instrument_of) knows.
    ///
    /// # Errors
    /// Where the contract does not tell enough to turn prices into money, or is a combination: its legs hold positions,
    /// it holds none itself.
    pub fn of(contract: &Contract) -> Result<Self, InstrumentError> {
        if contract.is_combination() {
            return Err(InstrumentError::Combination);
        }
        let contract_id = contract.known_id().ok_or(InstrumentError::NoContractId)?;
        let multiplier = match contract.multiplier {
            Some(multiplier) if !multiplier.is_zero() => multiplier,
            Some(_) | None if trades_in_units(contract.security_type.as_ref()) => Decimal::ONE,
            Some(_) | None => return Err(InstrumentError::NoMultiplier { contract_id }),
        };
        let (symbol, currency) = (contract.symbol.as_str().into(), contract.currency.as_str().into());
        let instrument = Self { contract_id, symbol, currency, multiplier };
        instrument.validate()?;
        Ok(instrument)
    }

    /// The same where prices are told this much larger than money: IB's `priceMagnifier` of contract details.
    ///
    /// # Errors
    /// Where what is left of the multiplier has no exact decimal.
    pub(crate) fn magnified(self, magnifier: u32) -> Result<Self, InstrumentError> {
        let Self { contract_id, multiplier, .. } = self;
        let multiplier = exact::divide(multiplier, magnifier.into());
        let multiplier = multiplier.ok_or(InstrumentError::MagnifierInexact { contract_id, magnifier })?;
        Ok(Self { multiplier, ..self })
    }

    /// Whether the ledger can count with it.
    pub(crate) fn validate(&self) -> Result<(), InstrumentError> {
        let Self { contract_id, symbol: _, currency, multiplier } = self;
        let contract_id = contract_id.known().ok_or(InstrumentError::NoContractId)?;
        if currency.is_empty() {
            return Err(InstrumentError::NoCurrency { contract_id });
        }
        if *multiplier <= Decimal::ZERO {
            return Err(InstrumentError::MultiplierNotPositive { contract_id, multiplier: *multiplier });
        }
        Ok(())
    }

    /// Whether money comes out the same with both; symbols may change.
    pub(crate) fn counts_like(&self, other: &Self) -> bool {
        self.contract_id == other.contract_id && self.currency == other.currency && self.multiplier == other.multiplier
    }
}

/// Why a contract cannot hold a position in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InstrumentError {
    /// The contract number is 0 or missing. Ask for contract details first.
    #[error("the contract has no number of IB; ask for its details first")]
    NoContractId,
    /// The currency is empty. Ask for contract details first.
    #[error("contract {contract_id} has no currency; ask for its details first")]
    NoCurrency {
        /// Which contract.
        contract_id: ContractId,
    },
    /// The kind of contract needs a multiplier and none is given. Ask for contract details first.
    #[error("contract {contract_id} has no multiplier; ask for its details first")]
    NoMultiplier {
        /// Which contract.
        contract_id: ContractId,
    },
    /// The multiplier is zero or negative.
    #[error("contract {contract_id} has the multiplier {multiplier}; it must be positive")]
    MultiplierNotPositive {
        /// Which contract.
        contract_id: ContractId,
        /// What was given.
        multiplier: Decimal,
    },
    /// The multiplier divided by the price magnifier has no exact decimal.
    #[error(
        "contract {contract_id} has the price magnifier {magnifier}; its multiplier cannot be divided by that exactly"
    )]
    MagnifierInexact {
        /// Which contract.
        contract_id: ContractId,
        /// What was told.
        magnifier: u32,
    },
    /// A combination holds no position; book the executions of its legs.
    #[error("a combination holds no position; book the executions of its legs")]
    Combination,
}

/// Kinds whose price is money for one unit, so that a missing multiplier means one.
fn trades_in_units(kind: Option<&SecurityType>) -> bool {
    matches!(
        kind,
        Some(
            SecurityType::Stock
                | SecurityType::Forex
                | SecurityType::Crypto
                | SecurityType::ContractForDifference
                | SecurityType::Commodity
                | SecurityType::Fund
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: impl FnOnce(&mut Contract), expected: Result<i64, InstrumentError>) {
        let mut contract = Contract::stock("IBM", "USD");
        contract.contract_id = Some(ContractId(8314));
        change(&mut contract);
        let multiplier = Instrument::of(&contract).map(|instrument| instrument.multiplier);
        assert_eq!(multiplier, expected.map(Decimal::from));
    }

    #[test]
    fn a_contract_is_an_instrument_where_it_tells_enough() {
        let contract_id = ContractId(8314);
        check(|_| (), Ok(1));
        check(|contract| contract.multiplier = Some(Decimal::ZERO), Ok(1));
        check(|contract| contract.multiplier = Some(Decimal::from(10)), Ok(10));
        check(|contract| contract.contract_id = None, Err(InstrumentError::NoContractId));
        check(|contract| contract.contract_id = Some(ContractId(0)), Err(InstrumentError::NoContractId));
        check(|contract| contract.currency.clear(), Err(InstrumentError::NoCurrency { contract_id }));
        let option = |contract: &mut Contract| contract.security_type = Some(SecurityType::Option);
        check(option, Err(InstrumentError::NoMultiplier { contract_id }));
        let bag = |contract: &mut Contract| contract.security_type = Some(SecurityType::Combination);
        check(bag, Err(InstrumentError::Combination));
        let negative = InstrumentError::MultiplierNotPositive { contract_id, multiplier: Decimal::from(-1) };
        check(|contract| contract.multiplier = Some(Decimal::from(-1)), Err(negative));
    }
}
