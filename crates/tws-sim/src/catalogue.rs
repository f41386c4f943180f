//! [`Catalogue`]: which contracts there are, and which of them a request means.
//!
//! What there is comes from files: single instruments, families of futures and chains of options, which are made by rule
//! from the day on which the simulation starts, and tables of price steps. See `instruments/README.md` for the format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use jiff::civil::Date;
use serde::Deserialize;
use tws_proto::Contract;
use tws_proto::ids::ContractId;

use crate::instrument::{Fault, Instrument};
use crate::time::SimTime;

mod combination;
mod expiry;
pub mod futures;
pub mod options;
pub mod rules;
mod search;

use combination::Combinations;
use futures::{FamilyFault, FutureFamily};
use options::{CHAIN_IDS, Chain, ChainFault, OptionChain};
use rules::{MarketRules, Rule};

pub use combination::CombinationFault;
pub use expiry::ExpiryRule;
pub use search::{Found, Naming};

/// The instruments every simulator knows.
const BUILT_IN: [(&str, &str); 5] = [
    ("rules.toml", include_str!("../instruments/rules.toml")),
    ("stocks.toml", include_str!("../instruments/stocks.toml")),
    ("others.toml", include_str!("../instruments/others.toml")),
    ("futures.toml", include_str!("../instruments/futures.toml")),
    ("options.toml", include_str!("../instruments/options.toml")),
];

/// Read once for all simulators of a process.
static BUILT_IN_FILES: LazyLock<Vec<File>> =
    LazyLock::new(|| BUILT_IN.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect());

/// What was made last of them: most simulators of a process start on one day.
static LATEST: Mutex<Option<Catalogue>> = Mutex::new(None);

/// Every instrument of a simulator, by IB's number.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// What is made by rule is made for this day.
    start: Date,
    instruments: BTreeMap<ContractId, Arc<Instrument>>,
    /// Numbers by symbol in capitals, rising.
    by_symbol: BTreeMap<String, Vec<ContractId>>,
    chains: Vec<LazyChain>,
    rules: MarketRules,
    combinations: Combinations,
}

/// A chain whose options are made when somebody first asks for one: there are thousands.
#[derive(Clone, Debug)]
struct LazyChain {
    rules: Chain,
    options: Arc<OnceLock<BTreeMap<ContractId, Instrument>>>,
    steps: Vec<rules::Step>,
    market_rule_ids: String,
}

impl LazyChain {
    /// The options that a request may mean: one where it names expiry, strike and right, else all.
    fn candidates(&self, wanted: &Contract) -> Box<dyn Iterator<Item = &Instrument> + '_> {
        match self.rules.number_of(wanted) {
            Some(id) => Box::new(self.options().get(&id).into_iter()),
            None => Box::new(self.options().values()),
        }
    }

    fn options(&self) -> &BTreeMap<ContractId, Instrument> {
        self.options.get_or_init(|| {
            let mut options = self.rules.expand();
            for option in options.values_mut() {
                option.steps.clone_from(&self.steps);
                option.market_rule_ids.clone_from(&self.market_rule_ids);
            }
            options
        })
    }
}

/// Why instruments could not be taken into the catalogue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The file cannot be read. Check the path.
    #[error("cannot read the instruments file {}: {cause}", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The text is not a list of instruments. The cause names line and field.
    #[error("the instruments file {} is not valid: {cause}", path.display())]
    Malformed {
        /// Where it is.
        path: PathBuf,
        /// What the parser says.
        cause: Box<toml::de::Error>,
    },
    /// A value that no instrument can have.
    #[error("instrument {symbol}: {fault}")]
    Impossible {
        /// Which instrument.
        symbol: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A family of futures that cannot be.
    #[error("futures {symbol}: {fault}")]
    ImpossibleFutures {
        /// Which family.
        symbol: String,
        /// What is wrong with it.
        fault: FamilyFault,
    },
    /// A chain of options that cannot be.
    #[error("options on {underlying}: {fault}")]
    ImpossibleChain {
        /// On what.
        underlying: String,
        /// What is wrong with it.
        fault: ChainFault,
    },
    /// A table of price steps that is none.
    #[error("market rule {id}: its steps must begin at 0, rise, and be above 0")]
    ImpossibleRule {
        /// Which table.
        id: i32,
    },
    /// Two instruments have one number.
    #[error("instruments {first} and {second} share the contract id {id}; give each its own")]
    SameId {
        /// The number.
        id: ContractId,
        /// Who had it.
        first: String,
        /// Who wants it.
        second: String,
    },
}

/// What a request for one contract found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution<'a> {
    /// Exactly one.
    One(&'a Instrument),
    /// None fits.
    Unknown,
    /// Several fit.
    Ambiguous,
    /// The request does not say what kind of security it wants.
    WithoutKind,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    market_rule: Vec<Rule>,
    #[serde(default)]
    instrument: Vec<Instrument>,
    #[serde(default)]
    futures: Vec<FutureFamily>,
    #[serde(default)]
    options: Vec<OptionChain>,
}

impl Catalogue {
    /// Nothing, in a simulation that starts at this moment.
    #[must_use]
    pub fn empty(start: SimTime) -> Self {
        Self {
            start: start.date(),
            instruments: BTreeMap::new(),
            by_symbol: BTreeMap::new(),
            chains: Vec::new(),
            rules: MarketRules::default(),
            combinations: Combinations::default(),
        }
    }

    /// The instruments that come with the simulator. Futures and options expire after `start`.
    #[must_use]
    pub fn built_in(start: SimTime) -> Self {
        let mut latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(catalogue) = latest.as_ref().filter(|catalogue| catalogue.start == start.date()) {
            return catalogue.clone();
        }
        let mut catalogue = Self::empty(start);
        // The files are part of the program, and a test reads them: they always parse.
        for file in BUILT_IN_FILES.iter() {
            let added = catalogue.add_all(file.clone());
            debug_assert!(added.is_ok(), "{added:?}");
        }
        *latest = Some(catalogue.clone());
        catalogue
    }

    /// Adds the instruments of a TOML file in the format of the built-in ones.
    ///
    /// # Errors
    /// [`CatalogueError`] names the file and what is wrong.
    pub fn add_file(&mut self, path: &Path) -> Result<(), CatalogueError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| CatalogueError::Unreadable { path: path.to_owned(), cause })?;
        self.add_text(&text, path)
    }

    /// Adds one instrument.
    ///
    /// # Errors
    /// [`CatalogueError::Impossible`] and [`CatalogueError::SameId`].
    pub fn add(&mut self, mut instrument: Instrument) -> Result<(), CatalogueError> {
        instrument.complete_exchanges();
        let checked = instrument.check().and_then(|()| self.give_rules(&mut instrument));
        if let Err(fault) = checked {
            return Err(CatalogueError::Impossible { symbol: instrument.symbol, fault });
        }
        let id = instrument.contract_id;
        let chain = || self.chains.iter().find(|chain| chain.rules.owns(id)).map(|chain| chain.rules.class());
        if let Some(first) = self.instruments.get(&id).map(|first| first.name()).or_else(chain) {
            let first = first.to_owned();
            return Err(CatalogueError::SameId { id, first, second: instrument.name().to_owned() });
        }
        let same = self.by_symbol.entry(instrument.symbol.to_uppercase()).or_default();
        same.insert(same.partition_point(|other| *other < id), id);
        self.instruments.insert(id, Arc::new(instrument));
        Ok(())
    }

    /// Adds the delivery months of a future.
    ///
    /// # Errors
    /// [`CatalogueError::ImpossibleFutures`], and as [`Catalogue::add`] for each month.
    pub fn add_futures(&mut self, family: &FutureFamily) -> Result<(), CatalogueError> {
        family.check().map_err(|fault| CatalogueError::ImpossibleFutures { symbol: family.symbol.clone(), fault })?;
        family.expand(self.start).into_iter().try_for_each(|month| self.add(month))
    }

    /// Adds the options on an underlying that is there already.
    ///
    /// # Errors
    /// [`CatalogueError::ImpossibleChain`] and [`CatalogueError::SameId`].
    pub fn add_options(&mut self, rule: OptionChain) -> Result<(), CatalogueError> {
        let underlying = rule.underlying.clone();
        let underlyings = self.underlyings(&underlying);
        let first = rule.contract_id;
        let chain = Chain::new(rule, underlyings, self.start)
            .map_err(|fault| CatalogueError::ImpossibleChain { underlying: underlying.clone(), fault })?;
        let last = ContractId(first.0.saturating_add(CHAIN_IDS - 1));
        let listed = self.instruments.range(first..=last).next().map(|(_, other)| other.name());
        let others = self.chains.iter().find(|other| other.rules.owns(first) || other.rules.owns(last));
        if let Some(other) = listed.or_else(|| others.map(|other| other.rules.class())) {
            let second = format!("options on {underlying}");
            return Err(CatalogueError::SameId { id: first, first: other.to_owned(), second });
        }
        let rule_ids = match chain.rule.market_rule_ids.as_str() {
            "" => self.rules.of_step(chain.rule.min_tick).to_string(),
            ids => ids.to_owned(),
        };
        let steps = self.steps_of(&rule_ids, chain.rule.min_tick);
        self.chains.push(LazyChain { rules: chain, options: Arc::default(), steps, market_rule_ids: rule_ids });
        Ok(())
    }

    /// The instrument with this number.
    #[must_use]
    pub fn by_id(&self, id: ContractId) -> Option<&Instrument> {
        let option = || self.chains.iter().find(|chain| chain.rules.owns(id))?.options().get(&id);
        self.instruments.get(&id).map(Arc::as_ref).or_else(|| self.combinations.get(id)).or_else(option)
    }

    /// The instrument of this name: a local symbol (`EUR.USD`, `ESZ6`), else the first with this symbol.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Instrument> {
        let all = || self.iter();
        let chains = || self.chains.iter().filter(|chain| name.starts_with(chain.rules.class()));
        all()
            .find(|instrument| instrument.name() == name)
            .or_else(|| all().find(|instrument| instrument.symbol == name))
            .or_else(|| chains().flat_map(|chain| chain.options().values()).find(|option| option.name() == name))
    }

    /// Every instrument by number, but for the options of chains and for combinations, of which there is no end.
    pub fn iter(&self) -> impl Iterator<Item = &Instrument> {
        self.instruments.values().map(Arc::as_ref)
    }

    /// Every instrument of a symbol by number, but for options of chains and combinations; all of them for an empty one.
    fn of_symbol(&self, symbol: &str) -> Box<dyn Iterator<Item = &Instrument> + '_> {
        if symbol.is_empty() {
            return Box::new(self.iter());
        }
        let ids = self.by_symbol.get(&symbol.to_uppercase()).map(Vec::as_slice).unwrap_or_default();
        Box::new(ids.iter().filter_map(|id| self.instruments.get(id)).map(Arc::as_ref))
    }

    /// The one instrument a request means at this moment.
    #[must_use]
    pub fn resolve(&self, wanted: &Contract, now: SimTime) -> Resolution<'_> {
        if wanted.known_id().is_none() && wanted.security_type.is_none() && wanted.security_id.is_empty() {
            return Resolution::WithoutKind;
        }
        match self.matching(wanted, now).as_slice() {
            [] => Resolution::Unknown,
            [found] => Resolution::One(found.instrument),
            _ => Resolution::Ambiguous,
        }
    }

    /// The tables of price steps.
    #[must_use]
    pub const fn rules(&self) -> &MarketRules {
        &self.rules
    }

    /// The chains of options on an instrument.
    pub(crate) fn chains_of(&self, underlying: ContractId) -> impl Iterator<Item = &Chain> {
        let rests = move |chain: &&Chain| chain.underlyings.iter().any(|other| other.contract_id == underlying);
        self.chains.iter().map(|chain| &chain.rules).filter(rests)
    }

    /// What options of a chain can rest on: an instrument, or the months of a future that still trade.
    fn underlyings(&self, name: &str) -> Vec<Instrument> {
        let today =
            i32::from(self.start.year()) * 10_000 + i32::from(self.start.month()) * 100 + i32::from(self.start.day());
        let mut months: Vec<Instrument> = self
            .iter()
            .filter(|other| other.symbol == name && other.class() == crate::instrument::Class::Futures)
            .filter(|future| !future.is_expired(today))
            .cloned()
            .collect();
        months.sort_by(|one, other| one.last_trade_date.cmp(&other.last_trade_date));
        let is_other = |other: &&Instrument| other.class() != crate::instrument::Class::Futures;
        match self.by_name(name).filter(is_other) {
            Some(one) => vec![one.clone()],
            None => months,
        }
    }

    /// Gives an instrument its table of price steps, or checks the one it names.
    fn give_rules(&mut self, instrument: &mut Instrument) -> Result<(), Fault> {
        if instrument.market_rule_ids.is_empty() {
            instrument.market_rule_ids = self.rules.of_step(instrument.min_tick).to_string();
        }
        instrument.steps = self.steps_of(&instrument.market_rule_ids, instrument.min_tick);
        let first = instrument.steps.first().map(|first| first.step);
        if first.is_some_and(|first| first != instrument.min_tick) {
            let id = instrument.market_rule_ids.split(',').next().and_then(|id| id.trim().parse().ok());
            return Err(Fault::Rule(id.unwrap_or_default()));
        }
        if instrument.legs.is_empty() && !instrument.is_on_grid(instrument.price) {
            return Err(Fault::OffGrid);
        }
        Ok(())
    }

    /// The steps of the first of these tables. Those that nobody told have the smallest step only.
    fn steps_of(&mut self, ids: &str, min_tick: rust_decimal::Decimal) -> Vec<rules::Step> {
        let ids: Vec<i32> = ids.split(',').filter_map(|id| id.trim().parse().ok()).collect();
        ids.iter().for_each(|id| self.rules.ensure(*id, min_tick));
        ids.first().and_then(|id| self.rules.get(*id)).unwrap_or_default().to_vec()
    }

    fn add_text(&mut self, text: &str, path: &Path) -> Result<(), CatalogueError> {
        let file: File = toml::from_str(text)
            .map_err(|cause| CatalogueError::Malformed { path: path.to_owned(), cause: Box::new(cause) })?;
        self.add_all(file)
    }

    fn add_all(&mut self, file: File) -> Result<(), CatalogueError> {
        let File { market_rule, instrument, futures, options } = file;
        for rule in market_rule {
            self.rules.add(rule).map_err(|id| CatalogueError::ImpossibleRule { id })?;
        }
        instrument.into_iter().try_for_each(|instrument| self.add(instrument))?;
        futures.iter().try_for_each(|family| self.add_futures(family))?;
        options.into_iter().try_for_each(|chain| self.add_options(chain))
    }
}

#[cfg(test)]
mod tests;
