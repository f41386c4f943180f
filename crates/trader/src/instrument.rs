//! [`Instrument`]: one contract in full, with what is known of it.

use std::ops::Deref;

use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::message::{ContractData, ContractDetails};

/// One contract in full, as TWS describes it. It stands wherever a [`Contract`] is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// The contract; orders and market data are asked for with it.
    pub contract: Contract,
    /// Hours, price steps, names and the like.
    pub details: ContractDetails,
}

impl Instrument {
    /// IB's number of it.
    #[must_use]
    pub fn id(&self) -> ContractId {
        self.contract.known_id().unwrap_or_default()
    }
}

impl From<ContractData> for Instrument {
    fn from(data: ContractData) -> Self {
        Self { contract: data.contract, details: data.details }
    }
}

impl Deref for Instrument {
    type Target = Contract;

    fn deref(&self) -> &Contract {
        &self.contract
    }
}
