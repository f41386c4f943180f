//! [`Batch`]: many lookups, a few at a time.

use std::collections::VecDeque;

use tokio::task::JoinSet;
use tws_proto::Contract;
use tws_proto::message::ContractData;

use super::{Contracts, ResolveError};

/// Many contracts that are looked up, a few at a time; made by [`Contracts::batch`]. Dropping it gives up what is under way.
#[derive(Debug)]
pub struct Batch {
    contracts: Contracts,
    waiting: VecDeque<Contract>,
    running: JoinSet<(Contract, Result<ContractData, ResolveError>)>,
    at_once: usize,
    progress: Progress,
}

/// How far many lookups have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many there are in all.
    pub total: usize,
    /// How many have ended.
    pub done: usize,
    /// Of those, how many found one contract.
    pub found: usize,
    /// Of those, how many found none: of the strikes and expiries of a chain, many pairs do not exist.
    pub unknown: usize,
}

impl Batch {
    pub(super) fn new(contracts: Contracts, wanted: Vec<Contract>, at_once: usize) -> Self {
        let progress = Progress { total: wanted.len(), ..Progress::default() };
        Self { contracts, waiting: wanted.into(), running: JoinSet::new(), at_once: at_once.max(1), progress }
    }

    /// The next contract that was looked up, in the order of the answers, and what came of it; `None` at the end. Must be
    /// called within a tokio runtime.
    pub async fn next(&mut self) -> Option<(Contract, Result<ContractData, ResolveError>)> {
        while self.running.len() < self.at_once
            && let Some(contract) = self.waiting.pop_front()
        {
            let contracts = self.contracts.clone();
            self.running.spawn(async move {
                let found = contracts.resolve(&contract).await;
                (contract, found)
            });
        }
        // A lookup does not panic, and nothing aborts one while the batch is there.
        let ended = self.running.join_next().await?.ok()?;
        self.progress.done += 1;
        match &ended.1 {
            Ok(_) => self.progress.found += 1,
            Err(ResolveError::Unknown { .. }) => self.progress.unknown += 1,
            Err(ResolveError::Ambiguous { .. } | ResolveError::Contradicted { .. } | ResolveError::Request(_)) => {}
        }
        Some(ended)
    }

    /// How far it has come.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// Every contract that exists, in the order of the answers.
    ///
    /// # Errors
    /// The first [`ResolveError`] but [`ResolveError::Unknown`]; what was found until then is remembered, so that asking
    /// again goes on where it stopped.
    pub async fn existing(mut self) -> Result<Vec<ContractData>, ResolveError> {
        let mut existing = Vec::new();
        while let Some((_, found)) = self.next().await {
            match found {
                Ok(found) => existing.push(found),
                Err(ResolveError::Unknown { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(existing)
    }
}
