//! What the model makes of options: in streams of ticks, and asked.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use tws_proto::Contract;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{ComputationBasis, SecurityType, TickKind};
use tws_proto::message::{CalculateImpliedVolatility, CalculateOptionPrice, TickOptionComputation};

use super::Core;
use super::data::Age;
use crate::derived;
use crate::market::{Market, MarketEvent};
use crate::option_model::OptionTerms;
use crate::session::SessionId;

/// An option, its terms now, and where its underlying stands.
struct Looked {
    terms: OptionTerms,
    underlying: Decimal,
}

impl Core {
    /// What the model makes of an option now: what a new subscription gets first.
    pub(super) fn send_option_picture(&mut self, session: SessionId, id: RequestId, contract: ContractId) {
        let Some(market) = self.markets.get(&contract) else { return };
        let quote = MarketEvent::Quote(*market.quote());
        let last = market.last().map(|(trade, _)| MarketEvent::Trade(trade.clone()));
        for event in [Some(quote), last].into_iter().flatten() {
            for tick in self.computations(contract, &event) {
                self.outbox.send(session, Box::new(TickOptionComputation { request_id: id, ..tick }));
            }
        }
    }

    /// Tells what the model makes of what just happened to an option.
    pub(super) fn tell_option_ticks(&mut self, contract: ContractId, event: &MarketEvent) {
        if self.data.audiences.get(&contract).is_none_or(|audience| audience.level1.is_empty()) {
            return;
        }
        let ticks = self.computations(contract, event);
        let Some(audience) = self.data.audiences.get(&contract).filter(|_| !ticks.is_empty()) else { return };
        let live = audience.level1.iter().filter(|line| line.age == Age::Live && line.snapshot_until.is_none());
        for line in live.filter(|line| !line.generic.only) {
            let (session, request_id) = line.line;
            for tick in &ticks {
                self.outbox.send(session, Box::new(TickOptionComputation { request_id, ..tick.clone() }));
            }
        }
    }

    fn look(&self, contract: ContractId) -> Option<Looked> {
        let instrument = self.catalogue.by_id(contract)?;
        if !is_option(&instrument.security_type) {
            return None;
        }
        // A market that follows its underlying knows its terms; for others they are read each time.
        let known = self.markets.get(&contract).and_then(Market::derivation).and_then(|own| own.option_at(self.now));
        let terms = known.map(|(terms, _)| terms);
        let terms = terms.or_else(|| derived::terms_of(instrument, self.data.settings.options, self.now))?;
        let underlying = self.markets.get(&instrument.underlying_contract_id?).and_then(Market::mark)?;
        Some(Looked { terms, underlying })
    }

    /// The ticks that an event of an option brings, without the request.
    fn computations(&self, contract: ContractId, event: &MarketEvent) -> Vec<TickOptionComputation> {
        let Some(looked) = self.look(contract) else { return Vec::new() };
        let mut ticks = Vec::new();
        match event {
            MarketEvent::Quote(quote) => {
                let sides = [(TickKind::BidOption, quote.bid), (TickKind::AskOption, quote.ask)];
                for (kind, level) in sides {
                    ticks.extend(level.map(|level| looked.tick(kind, level.price)));
                }
                ticks.extend(quote.midpoint().map(|price| looked.tick(TickKind::ModelOption, price)));
            }
            MarketEvent::Trade(trade) => ticks.push(looked.tick(TickKind::LastOption, trade.price)),
        }
        ticks
    }

    pub(super) fn calculate_volatility(&mut self, session: SessionId, request: &CalculateImpliedVolatility) {
        let id = request.request_id;
        let Some((price, underlying)) = above_zero(request.option_price, request.underlying_price) else {
            return self.invalid(session, id, "The price of the option and of the underlying must be above 0");
        };
        if let Some(terms) = self.option_terms(session, id, &request.contract) {
            let tick = Looked { terms, underlying }.tick(TickKind::CustomOption, price);
            self.outbox.send(session, Box::new(TickOptionComputation { request_id: id, ..tick }));
        }
    }

    pub(super) fn calculate_price(&mut self, session: SessionId, request: &CalculateOptionPrice) {
        let id = request.request_id;
        let Some((volatility, underlying)) = above_zero(request.volatility, request.underlying_price) else {
            return self.invalid(session, id, "The volatility and the price of the underlying must be above 0");
        };
        if let Some(terms) = self.option_terms(session, id, &request.contract) {
            let looked = Looked { terms, underlying };
            let tick = looked.valued(TickKind::CustomOption, volatility.to_f64(), None);
            self.outbox.send(session, Box::new(TickOptionComputation { request_id: id, ..tick }));
        }
    }

    /// The terms of the option that a request means; where it means none, that is told.
    fn option_terms(&mut self, session: SessionId, id: RequestId, contract: &Contract) -> Option<OptionTerms> {
        let found = self.resolve(contract);
        let contract = found.map_err(|(code, text)| self.outbox.notice(session, id.0, code, text)).ok()?;
        let instrument = self.catalogue.by_id(contract)?;
        let terms = derived::terms_of(instrument, self.data.settings.options, self.now);
        if !is_option(&instrument.security_type) || terms.is_none() {
            self.invalid(session, id, "The contract is not an option");
            return None;
        }
        terms
    }
}

impl Looked {
    /// What a price stands for.
    fn tick(&self, kind: TickKind, price: Decimal) -> TickOptionComputation {
        let (underlying, price) = (self.underlying.to_f64(), price.to_f64());
        let volatility = underlying.zip(price).and_then(|(spot, price)| self.terms.implied_volatility(spot, price));
        self.valued(kind, volatility, price)
    }

    /// What the option is worth at a volatility; without one only what is known without it is told.
    fn valued(&self, kind: TickKind, volatility: Option<f64>, price: Option<f64>) -> TickOptionComputation {
        let spot = self.underlying.to_f64();
        let value = spot.zip(volatility).map(|(spot, volatility)| self.terms.value(spot, volatility));
        TickOptionComputation {
            request_id: RequestId(0),
            kind,
            basis: Some(ComputationBasis::Prices),
            implied_volatility: volatility,
            delta: value.map(|value| value.delta),
            option_price: price.or_else(|| value.map(|value| value.price)),
            present_value_of_dividends: spot.map(|spot| self.terms.present_value_of_dividends(spot)),
            gamma: value.map(|value| value.gamma),
            vega: value.map(|value| value.vega),
            theta: value.map(|value| value.theta),
            underlying_price: Some(self.underlying),
        }
    }
}

const fn is_option(kind: &SecurityType) -> bool {
    matches!(kind, SecurityType::Option | SecurityType::FutureOption | SecurityType::Warrant)
}

fn above_zero(first: Option<Decimal>, second: Option<Decimal>) -> Option<(Decimal, Decimal)> {
    first.zip(second).filter(|(first, second)| *first > Decimal::ZERO && *second > Decimal::ZERO)
}
