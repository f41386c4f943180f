//! What a request describes, and which instruments that is.

use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{OptionRight, SecurityType};
use tws_proto::message::ContractDescription;

use super::Catalogue;
use super::options::Chain;
use crate::instrument::Instrument;
use crate::time::SimTime;

/// Both the contracts of a future and the one that is front.
const FUTURES_OF_BOTH_KINDS: &str = "FUT+CONTFUT";
/// How many contracts a search by name tells.
const SAMPLES_MAX: usize = 16;

/// What a request found of the continuous future: the front month under the other name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The instrument.
    pub instrument: &'a Instrument,
    /// Whether the request means the future that is front, whichever it is.
    pub naming: Naming,
}

/// Under which name a request found an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Its own.
    Own,
    /// The continuous future, of which it is the front month.
    Continuous,
}

impl Found<'_> {
    /// The contract in full, under the name by which it was found.
    #[must_use]
    pub fn contract(&self) -> Contract {
        let contract = self.instrument.contract();
        match self.naming {
            Naming::Own => contract,
            Naming::Continuous => Contract { security_type: Some(SecurityType::ContinuousFuture), ..contract },
        }
    }
}

impl Catalogue {
    /// Every instrument that fits what a request says; what it leaves out fits all. What has expired fits only where the
    /// request asks for it.
    #[must_use]
    pub fn matching(&self, wanted: &Contract, now: SimTime) -> Vec<Found<'_>> {
        let own = |instrument| Found { instrument, naming: Naming::Own };
        let lives = |instrument: &&Instrument| wanted.include_expired || !instrument.is_expired(now.day());
        if let Some(id) = wanted.known_id() {
            let naming = match &wanted.security_type {
                Some(SecurityType::ContinuousFuture) => Naming::Continuous,
                _ => Naming::Own,
            };
            let found = self.by_id(id).filter(lives).filter(|instrument| fits_exchange(instrument, wanted));
            return found.map(|instrument| Found { instrument, naming }).into_iter().collect();
        }
        let continuous = |wanted: &Contract| match self.front(wanted, now) {
            Some(instrument) => vec![Found { instrument, naming: Naming::Continuous }],
            None => Vec::new(),
        };
        match &wanted.security_type {
            Some(SecurityType::ContinuousFuture) => return continuous(wanted),
            Some(SecurityType::Other(kind)) if kind == FUTURES_OF_BOTH_KINDS => {
                let futures = Contract { security_type: Some(SecurityType::Future), ..wanted.clone() };
                let mut found = self.matching(&futures, now);
                found.extend(continuous(wanted));
                return found;
            }
            _ => {}
        }
        let listed = self.of_symbol(&wanted.symbol).filter(|instrument| fits(instrument, wanted));
        let chains = self.chains.iter().filter(|chain| may_have(&chain.rules, wanted));
        let options = chains.flat_map(|chain| chain.candidates(wanted)).filter(|option| fits(option, wanted));
        listed.chain(options).filter(lives).map(own).collect()
    }

    /// The month of a future that is front: the first that has not expired.
    fn front(&self, wanted: &Contract, now: SimTime) -> Option<&Instrument> {
        let future = Contract {
            security_type: Some(SecurityType::Future),
            last_trade_date_or_month: Default::default(),
            include_expired: false,
            ..wanted.clone()
        };
        let mut months: Vec<&Instrument> =
            self.matching(&future, now).into_iter().map(|found| found.instrument).collect();
        months.sort_by(|one, other| one.last_trade_date.cmp(&other.last_trade_date));
        let first = *months.first()?;
        // Two families of one symbol have no one front.
        months.iter().all(|month| month.trading_class == first.trading_class).then_some(first)
    }

    /// Contracts whose symbol begins with a pattern, the one that is it first, then those whose name has a word that
    /// begins with it. Bonds are told by their issuer.
    #[must_use]
    pub fn samples(&self, pattern: &str) -> Vec<ContractDescription> {
        let pattern = pattern.trim().to_lowercase();
        if pattern.is_empty() {
            return Vec::new();
        }
        let mut ranked: Vec<(u8, ContractId)> = self
            .iter()
            .filter(|instrument| is_told_of(&instrument.security_type))
            .filter_map(|instrument| Some((rank(instrument, &pattern)?, instrument.contract_id)))
            .collect();
        ranked.sort_unstable();
        let told = ranked.into_iter().take(SAMPLES_MAX).filter_map(|(_, id)| self.by_id(id));
        told.map(|instrument| self.sample(instrument)).collect()
    }

    fn sample(&self, instrument: &Instrument) -> ContractDescription {
        let own = instrument.contract();
        let contract = Contract {
            contract_id: own.contract_id,
            symbol: own.symbol,
            security_type: own.security_type,
            primary_exchange: match instrument.primary_exchange.as_str() {
                "" => instrument.exchange.clone(),
                listed => listed.to_owned(),
            },
            currency: own.currency,
            description: instrument.long_name.as_str().into(),
            issuer_id: instrument.issuer_id.clone(),
            ..Contract::default()
        };
        ContractDescription { contract, derivatives: self.derivatives(instrument) }
    }

    /// Kinds of contracts that rest on an instrument.
    fn derivatives(&self, underlying: &Instrument) -> Vec<String> {
        let mut kinds: Vec<String> = Vec::new();
        let mut tell = |kind: &str| {
            if !kinds.iter().any(|told| told == kind) {
                kinds.push(kind.to_owned());
            }
        };
        let id = underlying.contract_id;
        for derived in self.iter().filter(|other| other.underlying_contract_id == Some(id)) {
            tell(derived.security_type.as_str());
        }
        let chains = self.chains.iter().map(|chain| &chain.rules);
        for chain in chains.filter(|chain| chain.underlyings.iter().any(|other| other.contract_id == id)) {
            tell(chain.kind().as_str());
            tell(SecurityType::Combination.as_str());
        }
        kinds
    }
}

/// Contracts with a last day are not told one by one.
const fn is_told_of(kind: &SecurityType) -> bool {
    !matches!(
        kind,
        SecurityType::Future | SecurityType::Option | SecurityType::FutureOption | SecurityType::Combination
    )
}

/// How well an instrument fits a search; lower is better.
fn rank(instrument: &Instrument, pattern: &str) -> Option<u8> {
    let symbol = instrument.symbol.to_lowercase();
    let local = instrument.name().to_lowercase();
    if symbol == pattern || local == pattern {
        return Some(0);
    }
    if symbol.starts_with(pattern) || local.starts_with(pattern) {
        return Some(1);
    }
    let name = instrument.long_name.to_lowercase();
    let mut words = name.split(|letter: char| !letter.is_alphanumeric());
    (name.starts_with(pattern) || words.any(|word| word.starts_with(pattern))).then_some(2)
}

fn fits_exchange(instrument: &Instrument, wanted: &Contract) -> bool {
    wanted.exchange.is_empty() || instrument.trades_at(&wanted.exchange)
}

/// Whether an instrument is what a request describes. An empty request describes nothing.
fn fits(instrument: &Instrument, wanted: &Contract) -> bool {
    // The symbols first: most instruments are told apart by them.
    let fits_text = |wanted: &str, own: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(own);
    if !fits_text(&wanted.symbol, &instrument.symbol)
        || !fits_text(wanted.local_symbol.trim(), instrument.name())
        || !fits_exchange(instrument, wanted)
    {
        return false;
    }
    let names = [&wanted.symbol, &wanted.local_symbol, &wanted.security_id, &wanted.issuer_id];
    if names.into_iter().all(String::is_empty) {
        return false;
    }
    let class = if instrument.trading_class.is_empty() { &instrument.symbol } else { &instrument.trading_class };
    let list = wanted.security_id_type.as_ref().map_or("", |list| list.as_str());
    let fits_id = wanted.security_id.is_empty()
        || instrument
            .security_ids()
            .iter()
            .any(|id| id.tag.eq_ignore_ascii_case(list) && id.value.eq_ignore_ascii_case(&wanted.security_id));
    let month = wanted.last_trade_date_or_month.as_str();
    let contract_month = match instrument.contract_month.as_str() {
        "" => instrument.last_trade_date.get(..6).unwrap_or_default(),
        month => month,
    };
    // A month names the delivery, a day the last trade.
    let fits_month = match month.len() {
        6 => month == contract_month,
        _ => instrument.last_trade_date.starts_with(month),
    };
    fits_id
        && fits_month
        && wanted.security_type.as_ref().is_none_or(|kind| *kind == instrument.security_type)
        // Clients write 0 for "no strike".
        && wanted.strike.is_none_or(|strike| strike.is_zero() || Some(strike) == instrument.strike)
        && wanted.right.as_ref().is_none_or(|right| right_of(right).is_none_or(|right| Some(right) == instrument.right))
        && wanted.multiplier.is_none_or(|multiplier| multiplier.is_zero() || multiplier == instrument.factor())
        && fits_text(&wanted.primary_exchange, &instrument.primary_exchange)
        && fits_text(&wanted.currency, &instrument.currency)
        && fits_text(&wanted.trading_class, class)
        && fits_text(&wanted.issuer_id, &instrument.issuer_id)
}

/// Whether it is worth looking at the options of a chain.
fn may_have(chain: &Chain, wanted: &Contract) -> bool {
    let fits_text = |wanted: &str, own: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(own);
    let class_of = |local: &str| {
        local.is_empty()
            || local.len() >= chain.class().len() && {
                local.get(..chain.class().len()).is_some_and(|begin| begin.eq_ignore_ascii_case(chain.class()))
            }
    };
    // Without a kind only a local symbol can mean an option: a bare symbol means the underlying.
    let fits_kind = match &wanted.security_type {
        Some(kind) => *kind == chain.kind(),
        None => !wanted.local_symbol.is_empty(),
    };
    fits_kind
        && (!wanted.symbol.is_empty() || !wanted.local_symbol.is_empty())
        && fits_text(&wanted.symbol, chain.symbol())
        && fits_text(&wanted.trading_class, chain.class())
        && class_of(&wanted.local_symbol)
}

/// `C` and `CALL` are one word to TWS; `0` and `?` are none.
pub(super) fn right_of(right: &OptionRight) -> Option<OptionRight> {
    match right.as_str() {
        "C" | "CALL" => Some(OptionRight::Call),
        "P" | "PUT" => Some(OptionRight::Put),
        _ => None,
    }
}
