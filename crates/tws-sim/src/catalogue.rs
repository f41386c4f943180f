//! [`Catalogue`]: which contracts there are, and which of them a request means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tws_proto::Contract;
use tws_proto::ids::ContractId;

use crate::instrument::{Fault, Instrument};

/// The instruments every simulator knows.
const BUILT_IN: &str = include_str!("../instruments/catalogue.toml");

/// Every instrument of a simulator, by IB's number.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    instruments: BTreeMap<ContractId, Instrument>,
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
    /// The text is not a list of `[[instrument]]` tables. The cause names line and field.
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    instrument: Vec<Instrument>,
}

impl Catalogue {
    /// The instruments that come with the simulator.
    #[must_use]
    pub fn built_in() -> Self {
        let mut catalogue = Self::default();
        // The file is part of the program, and a test reads it: it always parses.
        let added = catalogue.add_text(BUILT_IN, Path::new("catalogue.toml"));
        debug_assert!(added.is_ok(), "{added:?}");
        catalogue
    }

    /// Adds the instruments of a TOML file in the format of the built-in one.
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
    pub fn add(&mut self, instrument: Instrument) -> Result<(), CatalogueError> {
        if let Err(fault) = instrument.check() {
            return Err(CatalogueError::Impossible { symbol: instrument.symbol, fault });
        }
        let id = instrument.contract_id;
        if let Some(first) = self.instruments.get(&id) {
            let first = first.name().to_owned();
            return Err(CatalogueError::SameId { id, first, second: instrument.name().to_owned() });
        }
        self.instruments.insert(id, instrument);
        Ok(())
    }

    /// The instrument with this number.
    #[must_use]
    pub fn by_id(&self, id: ContractId) -> Option<&Instrument> {
        self.instruments.get(&id)
    }

    /// The instrument of this name: a local symbol (`EUR.USD`, `ESZ6`), else the first with this symbol.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Instrument> {
        let all = || self.instruments.values();
        all()
            .find(|instrument| instrument.name() == name)
            .or_else(|| all().find(|instrument| instrument.symbol == name))
    }

    /// Every instrument, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Instrument> {
        self.instruments.values()
    }

    /// Every instrument that fits what a request says; what it leaves out fits all.
    pub fn matching<'a>(&'a self, wanted: &'a Contract) -> impl Iterator<Item = &'a Instrument> {
        self.instruments.values().filter(move |instrument| instrument.fits(wanted))
    }

    /// The one instrument a request means.
    #[must_use]
    pub fn resolve(&self, wanted: &Contract) -> Resolution<'_> {
        if wanted.known_id().is_none() && wanted.security_type.is_none() {
            return Resolution::WithoutKind;
        }
        let mut fitting = self.instruments.values().filter(|instrument| instrument.fits(wanted));
        match (fitting.next(), fitting.next()) {
            (None, _) => Resolution::Unknown,
            (Some(instrument), None) => Resolution::One(instrument),
            (Some(_), Some(_)) => Resolution::Ambiguous,
        }
    }

    fn add_text(&mut self, text: &str, path: &Path) -> Result<(), CatalogueError> {
        let file: File = toml::from_str(text)
            .map_err(|cause| CatalogueError::Malformed { path: path.to_owned(), cause: Box::new(cause) })?;
        file.instrument.into_iter().try_for_each(|instrument| self.add(instrument))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tws_proto::kinds::SecurityType;

    #[test]
    fn the_built_in_file_is_whole() {
        let mut catalogue = Catalogue::default();
        catalogue.add_text(BUILT_IN, Path::new("catalogue.toml")).unwrap();
        assert!(catalogue.iter().count() >= 15);
    }

    #[track_caller]
    fn check(wanted: Contract, expected: &[&str]) {
        let catalogue = Catalogue::built_in();
        let found: Vec<&str> = catalogue.matching(&wanted).map(Instrument::name).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_request_finds_what_it_describes() {
        check(Contract::stock("IBM", "USD"), &["IBM"]);
        check(Contract::stock("ibm", "USD"), &["IBM"]);
        check(Contract::stock("IBM", ""), &["IBM"]);
        check(Contract::stock("IBM", "EUR"), &[]);
        check(Contract { exchange: "NYSE".into(), ..Contract::stock("IBM", "USD") }, &["IBM"]);
        check(Contract { exchange: "LSE".into(), ..Contract::stock("IBM", "USD") }, &[]);
        check(Contract { primary_exchange: "NYSE".into(), ..Contract::stock("IBM", "USD") }, &["IBM"]);
        check(Contract { primary_exchange: "ARCA".into(), ..Contract::stock("IBM", "USD") }, &[]);
        check(Contract::stock("NOSUCH", "USD"), &[]);
        check(Contract::by_id(ContractId(265_598), ""), &["AAPL"]);
        check(Contract::by_id(ContractId(1), "SMART"), &[]);
        check(Contract::forex("EUR", "USD"), &["EUR.USD"]);
        check(Contract::future("ES", "", "CME", "USD"), &["ESZ6", "ESH7", "ESM7"]);
        check(Contract::future("ES", "202703", "CME", "USD"), &["ESH7"]);
        check(Contract::future("ES", "20261218", "CME", "USD"), &["ESZ6"]);
        check(Contract { local_symbol: "ESM7".into(), ..Contract::future("", "", "CME", "USD") }, &["ESM7"]);
        check(Contract::index("SPX", "CBOE", "USD"), &["SPX"]);
        check(Contract { symbol: "AAPL".into(), ..Contract::default() }, &["AAPL", "AAPL  261218C00230000"]);
        check(Contract { security_type: Some(SecurityType::Stock), ..Contract::default() }, &[]);
    }
}
