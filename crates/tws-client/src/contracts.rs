//! [`Contracts`]: finds out which contract is meant, and remembers it.

mod batch;
mod contradiction;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::message::ContractData;

use crate::client::Client;
use crate::error::RequestError;
use crate::log::Quoted;
use crate::shared::now;

pub use batch::{Batch, Progress};
pub use contradiction::{Contradiction, check_named};

/// The code of "no security definition has been found".
const NOT_FOUND: i32 = 200;

/// What fits a description, each exactly as TWS told it (`CONTRACT_DATA`); never empty.
pub type Candidates = Arc<[ContractData]>;

/// Finds contracts by `REQ_CONTRACT_DATA` and remembers what TWS said. Cheap to clone; clones share what they remember.
///
/// Lookups for the same description at the same time share one request. What was found is remembered for a day, that
/// nothing was found for a minute, and a failure not at all.
///
/// ```no_run
/// # async fn example(client: tws_client::Client) -> Result<(), tws_client::ResolveError> {
/// use tws_client::Contracts;
/// use tws_proto::Contract;
///
/// let contracts = Contracts::new(&client);
/// let apple = contracts.resolve(&Contract::stock("AAPL", "USD")).await?;
/// println!("{:?}, price step {:?}", apple.contract.contract_id, apple.details.min_tick);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Contracts {
    client: Client,
    memory: Arc<Memory>,
}

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Descriptions that are remembered; of more, the one that was used least recently is forgotten; 4096.
    pub descriptions: usize,
    /// How long what was found is taken for true; a day. IB brings its definitions up to date over night.
    pub found: Duration,
    /// How long it is taken for true that nothing fits; a minute.
    pub unknown: Duration,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { descriptions: 4096, found: Duration::from_secs(24 * 3600), unknown: Duration::from_secs(60) }
    }
}

/// Why a description did not lead to one contract.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nothing fits (code 200). Check symbol, kind, exchange, currency and expiry.
    #[error("no contract fits {}; check symbol, kind, exchange, currency and expiry", Description(contract))]
    Unknown {
        /// What was asked for.
        contract: Box<Contract>,
    },
    /// More than one contract fits. Say more: the primary exchange, the currency, the trading class, or the number of the
    /// one that is meant.
    #[error("{} contracts fit {}; say more, or name one by its number", candidates.len(), Description(contract))]
    Ambiguous {
        /// What was asked for.
        contract: Box<Contract>,
        /// Everything that fits.
        candidates: Candidates,
    },
    /// The number stands for another contract than the words beside it. Leave one of them out.
    #[error("{} contradicts itself: {contradiction}", Description(contract))]
    Contradicted {
        /// What was asked for.
        contract: Box<Contract>,
        /// The first field that does not fit.
        contradiction: Contradiction,
    },
    /// There is no answer.
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// A contract as people name it.
struct Description<'a>(&'a Contract);

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contract { symbol, security_type, last_trade_date_or_month, strike, right, exchange, currency, .. } =
            self.0;
        let name = if symbol.is_empty() { &self.0.local_symbol } else { symbol };
        write!(f, "{}", Quoted(name))?;
        if let Some(id) = self.0.known_id() {
            write!(f, " number {id}")?;
        }
        if let Some(kind) = security_type {
            write!(f, " {}", Quoted(kind.as_str()))?;
        }
        if !last_trade_date_or_month.is_empty() {
            write!(f, " {}", Quoted(last_trade_date_or_month))?;
        }
        if let (Some(strike), Some(right)) = (strike, right) {
            write!(f, " {strike} {}", Quoted(right.as_str()))?;
        }
        write!(f, " at {} in {}", Quoted(exchange), Quoted(currency))
    }
}

impl Contracts {
    /// With the usual limits.
    #[must_use]
    pub fn new(client: &Client) -> Self {
        Self::with_limits(client, MemoryLimits::default())
    }

    /// With limits of one's own.
    #[must_use]
    pub fn with_limits(client: &Client, limits: MemoryLimits) -> Self {
        let memory = Memory { limits, places: Mutex::new(Places::default()) };
        Self { client: client.clone(), memory: Arc::new(memory) }
    }

    /// The session that is asked.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The one contract that fits. Where TWS tells one contract once for each exchange, the row of the exchange that was
    /// asked for is given, else that of `SMART`, else the first.
    ///
    /// # Errors
    /// [`ResolveError`]: none fits, several do, the number is that of another one, or there is no answer.
    pub async fn resolve(&self, contract: &Contract) -> Result<ContractData, ResolveError> {
        let candidates = self.candidates(contract).await?;
        let mut ids = candidates.iter().map(|candidate| candidate.contract.contract_id);
        let first = ids.next();
        if ids.any(|id| Some(id) != first) {
            return Err(ResolveError::Ambiguous { contract: Box::new(contract.clone()), candidates });
        }
        let at = |exchange: &str| candidates.iter().find(|candidate| candidate.contract.exchange == exchange);
        let best = at(&contract.exchange).or_else(|| at("SMART")).or_else(|| candidates.first());
        let best = best.ok_or_else(|| ResolveError::Unknown { contract: Box::new(contract.clone()) })?;
        match check_named(contract, best) {
            Ok(()) => Ok(best.clone()),
            Err(contradiction) => {
                Err(ResolveError::Contradicted { contract: Box::new(contract.clone()), contradiction })
            }
        }
    }

    /// IB's number of the one contract that fits.
    ///
    /// # Errors
    /// As for [`Contracts::resolve`]; [`RequestError::Nonsense`] where TWS tells a contract without a number.
    pub async fn id(&self, contract: &Contract) -> Result<ContractId, ResolveError> {
        let found = self.resolve(contract).await?;
        let nonsense = RequestError::Nonsense { message: "CONTRACT_DATA" };
        found.contract.known_id().ok_or(ResolveError::Request(nonsense))
    }

    /// Every contract that fits; at least one.
    ///
    /// # Errors
    /// [`ResolveError::Unknown`] and [`ResolveError::Request`].
    pub async fn candidates(&self, contract: &Contract) -> Result<Candidates, ResolveError> {
        // A contract has no order or hash of its own, and its debug form names every field.
        let key = format!("{contract:?}");
        let place = self.memory.place(&key);
        let came_at = place.lookups.load(Ordering::Acquire);
        let mut told = place.told.lock().await;
        // An answer that came while this caller waited for its turn is this caller's too, a failure included.
        let is_shared = place.lookups.load(Ordering::Acquire) != came_at;
        let fresh = told.as_ref().filter(|told| is_shared || told.good_until.is_some_and(|until| now() < until));
        if let Some(fresh) = fresh {
            return fresh.answer.named(contract);
        }
        let asked = self.client.contract_details(contract).await;
        let MemoryLimits { found, unknown, .. } = self.memory.limits;
        let (answer, good_for) = match asked {
            Ok(rows) if !rows.is_empty() => (Answer::Found(rows.into()), Some(found)),
            Ok(_) | Err(RequestError::Rejected { code: NOT_FOUND, .. }) => (Answer::Unknown, Some(unknown)),
            Err(error) => (Answer::Failed(error), None),
        };
        let named = answer.named(contract);
        *told = Some(Told { answer, good_until: good_for.map(|time| now() + time) });
        place.lookups.fetch_add(1, Ordering::AcqRel);
        named
    }

    /// Looks up many contracts, `at_once` at a time (at least one); the pacing of the session holds beside that. Nothing is
    /// asked before [`Batch::next`] is called.
    #[must_use]
    pub fn batch(&self, contracts: Vec<Contract>, at_once: usize) -> Batch {
        Batch::new(self.clone(), contracts, at_once)
    }

    /// Forgets what is known of a description; false where nothing was.
    pub fn forget(&self, contract: &Contract) -> bool {
        self.memory.places().places.remove(&format!("{contract:?}")).is_some()
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.memory.places().places.clear();
    }

    /// How many descriptions are remembered, those that are being looked up included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memory.places().places.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Contracts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contracts").field("remembered", &self.len()).finish_non_exhaustive()
    }
}

/// What is remembered.
struct Memory {
    limits: MemoryLimits,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    places: BTreeMap<String, (u64, Arc<Place>)>,
    /// Counts uses, so that the least recent one is known.
    uses: u64,
}

/// What is known of one description. Its lock is held while TWS is asked.
#[derive(Default)]
struct Place {
    told: tokio::sync::Mutex<Option<Told>>,
    /// How many lookups have ended.
    lookups: AtomicU64,
}

struct Told {
    answer: Answer,
    /// `None` where it is not remembered.
    good_until: Option<Instant>,
}

enum Answer {
    Found(Candidates),
    Unknown,
    Failed(RequestError),
}

impl Answer {
    fn named(&self, contract: &Contract) -> Result<Candidates, ResolveError> {
        match self {
            Self::Found(candidates) => Ok(Arc::clone(candidates)),
            Self::Unknown => Err(ResolveError::Unknown { contract: Box::new(contract.clone()) }),
            Self::Failed(error) => Err(ResolveError::Request(error.clone())),
        }
    }
}

impl Memory {
    /// The place of a description; where there is no room for another one, the one used least recently goes.
    fn place(&self, key: &str) -> Arc<Place> {
        let mut places = self.places();
        places.uses += 1;
        let uses = places.uses;
        if let Some((used, place)) = places.places.get_mut(key) {
            *used = uses;
            return Arc::clone(place);
        }
        if places.places.len() >= self.limits.descriptions.max(1) {
            let oldest = places.places.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| places.places.remove(&oldest));
        }
        let place = Arc::new(Place::default());
        places.places.insert(key.to_owned(), (uses, Arc::clone(&place)));
        place
    }

    /// Every change is one insertion or removal, so a panic elsewhere leaves the map whole.
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
