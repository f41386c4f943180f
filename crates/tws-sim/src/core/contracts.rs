//! Contract data, and everything else that the catalogue knows: symbols, option chains, price steps, exchanges.

use tws_proto::Contract;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{DepthService, SecurityType};
use tws_proto::message::{
    BondContractData, ContractData, ContractDataEnd, DepthExchange, DepthExchanges, MarketRule, OptionParameters,
    OptionParametersEnd, PriceStep, RequestContractData, RequestOptionParameters, SmartComponent, SmartComponents,
    SymbolSamples,
};
use tws_proto::message::{RequestMarketRule, RequestMatchingSymbols, RequestSmartComponents};

use tws_proto::time::TimeText;

use super::Core;
use super::market_data::Unresolved;
use crate::session::SessionId;

/// The exchanges that level 1 ticks name by a letter, in the order of the bits in which others name them.
const COMPONENTS: [(&str, &str); 16] = [
    ("AMEX", "A"),
    ("BEX", "B"),
    ("NYSENAT", "C"),
    ("DRCTEDGE", "J"),
    ("EDGX", "K"),
    ("CHX", "M"),
    ("NYSE", "N"),
    ("ARCA", "P"),
    ("NASDAQ", "Q"),
    ("ISLAND", "T"),
    ("MEMX", "U"),
    ("IEX", "V"),
    ("CBOE", "W"),
    ("PSX", "X"),
    ("BYX", "Y"),
    ("BATS", "Z"),
];

/// Exchanges that tell their book: name, kind of contract, listing exchange, service.
const DEPTH_EXCHANGES: [(&str, &str, &str, &str); 17] = [
    ("ARCA", "STK", "", "Deep"),
    ("BATS", "STK", "", "Deep"),
    ("BEX", "STK", "", "Deep"),
    ("DRCTEDGE", "STK", "", "Deep"),
    ("EDGEA", "STK", "", "Deep"),
    ("IEX", "STK", "", "Deep"),
    ("ISLAND", "STK", "", "Deep2"),
    ("MEMX", "STK", "", "Deep"),
    ("NYSE", "STK", "", "Deep"),
    ("NASDAQ", "STK", "NASDAQ", "Deep2"),
    ("IDEALPRO", "CASH", "", "Deep"),
    ("CME", "FUT", "", "Deep"),
    ("CBOT", "FUT", "", "Deep"),
    ("NYMEX", "FUT", "", "Deep"),
    ("COMEX", "FUT", "", "Deep"),
    ("CFE", "FUT", "", "Deep"),
    ("PAXOS", "CRYPTO", "", "Deep"),
];

impl Core {
    /// The one contract a request means that is not about the past. TWS has continuous futures for the past only.
    pub(super) fn resolve_live(&mut self, wanted: &Contract) -> Result<ContractId, Unresolved> {
        if wanted.security_type == Some(SecurityType::ContinuousFuture) {
            let text = "Error validating request.-'bM' : cause - Continuous futures have historical data only";
            return Err((321, text.to_owned()));
        }
        self.resolve(wanted)
    }

    pub(super) fn send_contract_data(&mut self, session: SessionId, request: &RequestContractData) {
        let RequestContractData { request_id, contract: wanted } = request;
        let refuse = |cause: &str| format!("Error validating request.-'bM' : cause - {cause}");
        let named = wanted.known_id().is_some() || !wanted.security_id.is_empty() || !wanted.issuer_id.is_empty();
        if !named && wanted.security_type.is_none() {
            let text = refuse("Please enter a valid security type");
            return self.outbox.notice(session, request_id.0, 321, text);
        }
        if wanted.is_combination() {
            let text = refuse("BAG isn't supported for contract data request");
            return self.outbox.notice(session, request_id.0, 321, text);
        }
        let found = self.catalogue.matching(wanted, self.now);
        if found.is_empty() {
            let text = "No security definition has been found for the request";
            return self.outbox.notice(session, request_id.0, 200, text);
        }
        for found in found {
            let mut contract = found.contract();
            if !wanted.exchange.is_empty() {
                contract.exchange = wanted.exchange.to_uppercase();
            }
            let details = found.instrument.details(self.now);
            let request_id = *request_id;
            if found.instrument.security_type == SecurityType::Bond {
                let data = BondContractData { request_id, contract: bond_contract(contract), details };
                self.outbox.send(session, Box::new(data));
            } else {
                contract.last_trade_date = found.instrument.last_trade_date.as_str().into();
                self.outbox.send(session, Box::new(ContractData { request_id, contract, details }));
            }
        }
        self.outbox.send(session, ContractDataEnd { request_id: *request_id });
    }

    /// Contract data is answered in one go: there is never anything left to end.
    pub(super) fn cancel_contract_data(&mut self, session: SessionId, id: RequestId) {
        self.outbox.notice(session, id.0, 300, format!("Can't find EId with tickerId:{id}"));
    }

    pub(super) fn send_matching_symbols(&mut self, session: SessionId, request: &RequestMatchingSymbols) {
        let samples = self.catalogue.samples(&request.pattern);
        self.outbox.send(session, SymbolSamples { request_id: request.request_id, samples });
    }

    pub(super) fn send_market_rule(&mut self, session: SessionId, request: &RequestMarketRule) {
        let Some(steps) = self.catalogue.rules().get(request.rule_id.0) else {
            let text = "Error validating request.-'bT' : cause - Invalid market rule id";
            return self.outbox.notice(session, -1, 321, text);
        };
        let steps = steps
            .iter()
            .map(|step| PriceStep { low_edge: Some(step.from.normalize()), increment: Some(step.step.normalize()) })
            .collect();
        self.outbox.send(session, MarketRule { rule_id: request.rule_id, steps });
    }

    pub(super) fn send_option_parameters(&mut self, session: SessionId, request: &RequestOptionParameters) {
        let id = request.request_id;
        let refuse = |cause: &str| format!("Error validating request.-'bT' : cause - {cause}");
        let Some(underlying) = request.underlying_contract_id.filter(|id| id.0 > 0) else {
            return self.outbox.notice(session, id.0, 321, refuse("Invalid contract id"));
        };
        let Some(instrument) = self.catalogue.by_id(underlying) else {
            let text = "No security definition has been found for the request";
            return self.outbox.notice(session, id.0, 200, text);
        };
        let kind = request.underlying_security_type.as_ref();
        let symbol = &request.underlying_symbol;
        let fits = kind.is_none_or(|kind| *kind == instrument.security_type)
            && (symbol.is_empty() || symbol.eq_ignore_ascii_case(&instrument.symbol));
        let mut told = Vec::new();
        for chain in self.catalogue.chains_of(underlying).filter(|_| fits) {
            let days: Vec<_> = chain
                .expiries()
                .into_iter()
                .filter(|day| chain.underlying(*day).is_some_and(|other| other.contract_id == underlying))
                .filter(|day| *day >= self.now.date())
                .map(TimeText::day)
                .collect();
            if days.is_empty() {
                continue;
            }
            let strikes = chain.strikes(instrument);
            for exchange in chain.exchanges() {
                let wanted = &request.exchange;
                if !wanted.is_empty() && !wanted.eq_ignore_ascii_case(&exchange) {
                    continue;
                }
                told.push(OptionParameters {
                    request_id: id,
                    exchange,
                    underlying_contract_id: Some(underlying),
                    trading_class: chain.class().to_owned(),
                    multiplier: Some(chain.rule.multiplier),
                    expirations: days.clone(),
                    strikes: strikes.clone(),
                });
            }
        }
        told.into_iter().for_each(|parameters| self.outbox.send(session, Box::new(parameters)));
        self.outbox.send(session, OptionParametersEnd { request_id: id });
    }

    pub(super) fn send_smart_components(&mut self, session: SessionId, request: &RequestSmartComponents) {
        let id = request.request_id;
        if request.bbo_exchange != BBO_EXCHANGE {
            let text = "Error validating request.-'bT' : cause - Invalid BBO exchange";
            return self.outbox.notice(session, id.0, 321, text);
        }
        let component = |(bit, (exchange, letter)): (i32, &(&str, &str))| SmartComponent {
            bit_number: Some(bit),
            exchange: (*exchange).to_owned(),
            letter: (*letter).to_owned(),
        };
        let components = (0..).zip(&COMPONENTS).map(component).collect();
        self.outbox.send(session, SmartComponents { request_id: id, components });
    }

    pub(super) fn send_depth_exchanges(&mut self, session: SessionId) {
        let exchange = |(exchange, kind, listed, service): &(&str, &str, &str, &str)| DepthExchange {
            exchange: (*exchange).to_owned(),
            security_type: Some(SecurityType::from((*kind).to_owned())),
            listing_exchange: (*listed).to_owned(),
            service: Some(DepthService::from((*service).to_owned())),
            aggregated_group: Some(if *kind == "CASH" { 4 } else { 1 }),
        };
        let exchanges = DEPTH_EXCHANGES.iter().map(exchange).collect();
        self.outbox.send(session, DepthExchanges { exchanges });
    }
}

/// What names the list of exchanges behind the letters of level 1 ticks.
pub(super) const BBO_EXCHANGE: &str = "9c0001";

/// Bonds have no place for a symbol at the exchange in their answer.
fn bond_contract(contract: Contract) -> Contract {
    Contract { local_symbol: String::new(), primary_exchange: String::new(), multiplier: None, ..contract }
}
