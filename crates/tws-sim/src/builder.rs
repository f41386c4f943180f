//! [`Builder`]: what a simulator is made of.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rust_decimal::Decimal;
use tws_proto::ServerVersion;

use crate::accounts_file::{AccountsFile, AccountsFileError};
use crate::advisor::AdvisorSetup;
use crate::catalogue::{Catalogue, CatalogueError};
use crate::commission::CommissionSchedule;
use crate::core::{AccountSetup, Core, CoreSetup, Feed, OpeningPosition};
use crate::data_settings::DataSettings;
use crate::faults::{Fault, FaultFileError, InvalidFault};
use crate::hours::MarketHours;
use crate::information::InformationError;
use crate::instrument::Instrument;
use crate::market::NUMBER_MAX;
use crate::order_rules::OrderRules;
use crate::settings::ApiSettings;
use crate::shell::{Pace, ShellSetup, TwsSim, UnknownInstrument};
use crate::tape::{Row, Tape, TapeError};
use crate::time::SimTime;

/// What a simulator is made of. Without a word: a free port of 127.0.0.1, one paper account `DU1234567`, the built-in
/// instruments, random markets from seed 0, real speed, the newest version.
#[derive(Debug)]
pub struct Builder {
    listen: SocketAddr,
    reach: Reach,
    newest: ServerVersion,
    seed: u64,
    start: Option<SimTime>,
    accounts: Vec<AccountSetup>,
    instruments: Vec<Instrument>,
    instrument_files: Vec<PathBuf>,
    tapes: Vec<(String, TapeSource)>,
    feed: Feed,
    pace: Pace,
    commissions: CommissionSchedule,
    latency: Duration,
    hours: MarketHours,
    data: DataSettings,
    information_files: Vec<PathBuf>,
    settings: ApiSettings,
    order_rules: OrderRules,
    faults: Vec<Fault>,
    fault_files: Vec<PathBuf>,
    advisor: Option<AdvisorSetup>,
    positions: Vec<(String, String, OpeningPosition)>,
    accounts_files: Vec<PathBuf>,
}

/// Why a simulator cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {cause}; choose another port, or 0 for any free one")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The address can be reached from other machines, and the protocol has no password.
    #[error(
        "{address} can be reached from other machines and the protocol has no password; listen at 127.0.0.1, or allow it explicitly"
    )]
    NotLoopback {
        /// Where.
        address: SocketAddr,
    },
    /// The highest version is not one that is spoken.
    #[error("version {version} is not spoken; choose one from {} to {}", ServerVersion::OLDEST, ServerVersion::NEWEST)]
    Version {
        /// What was asked for.
        version: ServerVersion,
    },
    /// Time cannot pass at this speed.
    #[error("the speed must be a number above 0 and at most {}, not {factor}", Pace::FACTOR_MAX)]
    Speed {
        /// What was asked for.
        factor: f64,
    },
    /// An account without a name, or one twice.
    #[error("account {name:?} is empty or given twice")]
    Account {
        /// Its name.
        name: String,
    },
    /// An account begins with so much money, or with such a position, that amounts would not be exact.
    #[error("account {name:?} begins with {amount}: no sum, quantity or price may be above {NUMBER_MAX}")]
    Amount {
        /// Its name.
        name: String,
        /// What is too much.
        amount: Decimal,
    },
    /// A position or a group names an account that is not there.
    #[error("there is no account {name:?}; add it with Builder::account")]
    UnknownAccount {
        /// Its name.
        name: String,
    },
    /// A file of accounts cannot be used.
    #[error(transparent)]
    Accounts(#[from] AccountsFileError),
    /// The instruments cannot be used.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The information cannot be used.
    #[error(transparent)]
    Information(#[from] InformationError),
    /// A tape cannot be played.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// A tape without rows.
    #[error("the tape of {name} has no rows")]
    EmptyTape {
        /// Of which instrument.
        name: String,
    },
    /// A file of faults cannot be used.
    #[error(transparent)]
    FaultFile(#[from] FaultFileError),
    /// A fault means nothing.
    #[error(transparent)]
    Fault(#[from] InvalidFault),
    /// A tape of an instrument that is not known.
    #[error(transparent)]
    Unknown(#[from] UnknownInstrument),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    LoopbackOnly,
    Anywhere,
    /// By pipes alone: nobody listens.
    PipesOnly,
}

#[derive(Debug)]
enum TapeSource {
    File(PathBuf),
    Rows(Vec<Row>),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            reach: Reach::LoopbackOnly,
            newest: ServerVersion::NEWEST,
            seed: 0,
            start: None,
            accounts: Vec::new(),
            instruments: Vec::new(),
            instrument_files: Vec::new(),
            tapes: Vec::new(),
            feed: Feed::Walk,
            pace: Pace::Real,
            commissions: CommissionSchedule::default(),
            latency: Duration::ZERO,
            order_rules: OrderRules::default(),
            hours: MarketHours::AlwaysOpen,
            data: DataSettings::default(),
            information_files: Vec::new(),
            settings: ApiSettings::default(),
            faults: Vec::new(),
            fault_files: Vec::new(),
            advisor: None,
            positions: Vec::new(),
            accounts_files: Vec::new(),
        }
    }
}

impl Builder {
    /// Where to listen; port 0 takes any free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Allows an address that other machines can reach. The protocol has no password: only in a network you trust.
    #[must_use]
    pub fn allow_remote(mut self) -> Self {
        self.reach = Reach::Anywhere;
        self
    }

    /// The highest version to agree on.
    #[must_use]
    pub fn max_version(mut self, newest: ServerVersion) -> Self {
        self.newest = newest;
        self
    }

    /// The seed of all randomness.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The simulated time at the start, instead of the machine's.
    #[must_use]
    pub fn start_time(mut self, start: SimTime) -> Self {
        self.start = Some(start);
        self
    }

    /// Adds an account with a million dollars. The first one takes the place of `DU1234567`.
    #[must_use]
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.accounts.push(AccountSetup::new(name));
        self
    }

    /// Adds an account with so many dollars.
    #[must_use]
    pub fn account_with_cash(mut self, name: impl Into<String>, cash: Decimal) -> Self {
        self.accounts.push(AccountSetup { cash, ..AccountSetup::new(name) });
        self
    }

    /// Adds an account with all that it has.
    #[must_use]
    pub fn account_with(mut self, account: AccountSetup) -> Self {
        self.accounts.push(account);
        self
    }

    /// Adds the accounts, the advisor and the settings of a TOML file, see [`crate::accounts_file`].
    #[must_use]
    pub fn accounts_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.accounts_files.push(path.into());
        self
    }

    /// Gives an account a position at the start. It was paid before: the cash stays as it is.
    #[must_use]
    pub fn position(
        mut self,
        account: impl Into<String>,
        instrument: impl Into<String>,
        quantity: impl Into<Decimal>,
        average_price: impl Into<Decimal>,
    ) -> Self {
        let position = OpeningPosition { quantity: quantity.into(), average_price: average_price.into() };
        self.positions.push((account.into(), instrument.into(), position));
        self
    }

    /// Makes the login a financial advisor's; the accounts are those under it.
    #[must_use]
    pub fn advisor(mut self, advisor: AdvisorSetup) -> Self {
        self.advisor = Some(advisor);
        self
    }

    /// Adds an instrument.
    #[must_use]
    pub fn instrument(mut self, instrument: Instrument) -> Self {
        self.instruments.push(instrument);
        self
    }

    /// Adds the instruments of a TOML file in the format of the built-in ones, see `instruments/README.md`.
    #[must_use]
    pub fn instruments_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.instrument_files.push(path.into());
        self
    }

    /// Plays a tape file (CSV, or gzip as `.gz`) in an instrument's market, from its first row on.
    #[must_use]
    pub fn tape(mut self, instrument: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.tapes.push((instrument.into(), TapeSource::File(path.into())));
        self
    }

    /// Plays rows in an instrument's market, from the first one on. They must be sorted by time.
    #[must_use]
    pub fn tape_rows(mut self, instrument: impl Into<String>, rows: Vec<Row>) -> Self {
        self.tapes.push((instrument.into(), TapeSource::Rows(rows)));
        self
    }

    /// Markets without a tape stand still: nothing happens but what [`TwsSim::quote`] and [`TwsSim::trade`] show.
    #[must_use]
    pub fn still_markets(mut self) -> Self {
        self.feed = Feed::Still;
        self
    }

    /// How fast time passes.
    #[must_use]
    pub fn speed(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// What fills cost.
    #[must_use]
    pub fn commissions(mut self, commissions: CommissionSchedule) -> Self {
        self.commissions = commissions;
        self
    }

    /// How orders are taken, held and filled.
    #[must_use]
    pub fn order_rules(mut self, rules: OrderRules) -> Self {
        self.order_rules = rules;
        self
    }

    /// How long every answer takes, in simulated time.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Markets open and close as their contract details say. Without it everything trades at any time.
    #[must_use]
    pub fn keep_hours(mut self) -> Self {
        self.hours = MarketHours::Kept;
        self
    }

    /// Which market data the login may have, and how much of it.
    #[must_use]
    pub fn market_data(mut self, data: DataSettings) -> Self {
        self.data = data;
        self
    }

    /// What is set under "API": the master client, what clients hear when they start, how orders are bound.
    #[must_use]
    pub fn settings(mut self, settings: ApiSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Nobody listens: clients come by [`TwsSim::connect`] alone. With tokio's paused time a test of hours takes
    /// milliseconds.
    #[must_use]
    pub fn in_memory(mut self) -> Self {
        self.reach = Reach::PipesOnly;
        self
    }

    /// Something goes wrong from the start on.
    #[must_use]
    pub fn fault(mut self, fault: impl Into<Fault>) -> Self {
        self.faults.push(fault.into());
        self
    }

    /// Whatever a file says goes wrong from the start on: TOML with `[[faults]]` tables, or JSON with a list `faults`.
    #[must_use]
    pub fn faults_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.fault_files.push(path.into());
        self
    }

    /// Adds news, bulletins, scans and company events of a TOML file, see `information/README.md`.
    #[must_use]
    pub fn information_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.information_files.push(path.into());
        self
    }

    /// Starts the simulator on the current tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong and what to do.
    pub async fn start(self) -> Result<TwsSim, StartError> {
        let address = self.listen;
        if self.reach == Reach::LoopbackOnly && !address.ip().is_loopback() {
            return Err(StartError::NotLoopback { address });
        }
        if !self.newest.is_supported() {
            return Err(StartError::Version { version: self.newest });
        }
        if let Pace::Factor(factor) = self.pace
            && !self.pace.is_possible()
        {
            return Err(StartError::Speed { factor });
        }
        let mut faults = self.faults.clone();
        for file in &self.fault_files {
            faults.extend(Fault::read_file(file)?);
        }
        faults.iter().try_for_each(Fault::check)?;
        let shell = ShellSetup {
            address: (self.reach != Reach::PipesOnly).then_some(address),
            version: self.newest,
            pace: self.pace,
            seed: self.seed,
            faults,
        };
        let core = Core::new(self.setup()?);
        TwsSim::start(core, shell).await.map_err(|cause| StartError::Listen { address, cause })
    }

    /// What the files of accounts say is as if it had been said here.
    fn read_accounts_files(&mut self) -> Result<(), AccountsFileError> {
        for path in std::mem::take(&mut self.accounts_files) {
            let AccountsFile { accounts, positions, advisor, settings } = AccountsFile::open(&path)?;
            self.accounts.extend(accounts);
            self.positions.extend(positions);
            self.advisor = advisor.or_else(|| self.advisor.take());
            self.settings = settings.unwrap_or(self.settings);
        }
        Ok(())
    }

    fn setup(mut self) -> Result<CoreSetup, StartError> {
        self.read_accounts_files()?;
        let start = self.start.unwrap_or_else(wall_clock);
        let mut catalogue = Catalogue::built_in(start);
        for file in &self.instrument_files {
            catalogue.add_file(file)?;
        }
        for instrument in self.instruments {
            catalogue.add(instrument)?;
        }
        let mut feeds = BTreeMap::new();
        for (name, source) in self.tapes {
            let Some(instrument) = catalogue.by_name(&name) else { return Err(UnknownInstrument { name }.into()) };
            let tape = match source {
                TapeSource::File(path) => Tape::open(&path, start)?,
                TapeSource::Rows(rows) => Tape::from_rows(rows, start).ok_or(StartError::EmptyTape { name })?,
            };
            feeds.insert(instrument.contract_id, Feed::Tape(tape));
        }
        let mut setup = CoreSetup { catalogue, feed: self.feed, feeds, ..CoreSetup::new(self.seed, start) };
        setup.commissions = self.commissions;
        setup.hours = self.hours;
        setup.data = self.data;
        for file in &self.information_files {
            setup.information.add_file(file, start)?;
        }
        setup.settings = self.settings;
        setup.order_rules = self.order_rules;
        setup.latency_ms = i64::try_from(self.latency.as_millis()).unwrap_or(i64::MAX);
        if !self.accounts.is_empty() {
            setup.accounts = self.accounts;
        }
        let mut names: Vec<&str> = setup.accounts.iter().map(|account| account.name.as_str()).collect();
        names.extend(self.advisor.as_ref().map(|advisor| advisor.account.as_str()));
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        if let Some(name) = names.iter().copied().find(|name| name.is_empty() || name.contains(',')).or(twice) {
            return Err(StartError::Account { name: name.to_owned() });
        }
        let members = self.advisor.iter().flat_map(|advisor| &advisor.groups).flat_map(|group| &group.members);
        let is_account = |name: &str| setup.accounts.iter().any(|account| account.name == name);
        if let Some(stranger) = members.map(|member| &member.account).find(|account| !is_account(account)) {
            return Err(StartError::UnknownAccount { name: stranger.clone() });
        }
        for (account, name, position) in self.positions {
            let contract = setup.catalogue.by_name(&name).map(|instrument| instrument.contract_id);
            let contract = contract.ok_or(UnknownInstrument { name })?;
            let found = setup.accounts.iter_mut().find(|setup| setup.name == account);
            let found = found.ok_or(StartError::UnknownAccount { name: account })?;
            found.positions.insert(contract, position);
        }
        setup.advisor = self.advisor;
        for account in &setup.accounts {
            let positions = account.positions.values();
            let of_positions = positions.flat_map(|position| [position.quantity, position.average_price]);
            let mut amounts = account.other_cash.values().copied().chain([account.cash]).chain(of_positions);
            if let Some(amount) = amounts.find(|amount| amount.abs() > NUMBER_MAX) {
                return Err(StartError::Amount { name: account.name.clone(), amount });
            }
        }
        Ok(setup)
    }
}

/// The machine's clock, read once at the start: from there on time is counted, not read.
fn wall_clock() -> SimTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SimTime(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
