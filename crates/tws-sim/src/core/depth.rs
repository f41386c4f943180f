//! The book of a market: `REQ_MKT_DEPTH`. Its best row on each side is the quote; those behind it are made up from the
//! seed, so that a price has the same size as long as it stands in the book.

use rust_decimal::Decimal;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{BookSide, DepthOperation, SecurityType};
use tws_proto::message::{DepthRow, MarketDepth, MarketDepthLevel2, RequestMarketDepth};

use super::Core;
use super::data::{BookForm, DepthLine};
use crate::data_settings::DataAccess;
use crate::dice::{Dice, mix};
use crate::instrument::{Instrument, MarketKind};
use crate::market::{Level, Quote};
use crate::session::SessionId;

/// No book is told deeper.
const ROWS_MAX: i32 = 60;
/// Names of market makers.
const MAKERS: [&str; 6] = ["NSDQ", "GSCO", "JPMS", "MSCO", "CDEL", "VIRT"];
const SIDES: [BookSide; 2] = [BookSide::Bid, BookSide::Ask];

impl Core {
    pub(super) fn request_depth(&mut self, session: SessionId, request: &RequestMarketDepth) {
        let id = request.request_id;
        let Some(client) = self.data.clients.get(&session) else { return };
        if client.depth.contains_key(&id) {
            return self.outbox.notice(session, id.0, 102, "Duplicate ticker id");
        }
        let most = self.data.settings.books;
        if client.depth.len() >= most {
            let text = format!("Max number ({most}) of market depth requests has been reached");
            return self.outbox.notice(session, id.0, 309, text);
        }
        let Some(rows) = request.rows.filter(|rows| *rows > 0) else {
            return self.invalid(session, id, "The number of rows must be above 0");
        };
        let contract = match self.resolve_live(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let Some(form) = self.book_form(contract, request) else {
            let text = "Deep market data is not supported for this combination of security type/exchange";
            return self.outbox.notice(session, id.0, 10092, text);
        };
        if self.data.settings.access != DataAccess::Live {
            let text = format!("Requested market data is not subscribed. {}/DEEP/ALL", self.venue(contract));
            return self.outbox.notice(session, id.0, 354, text);
        }
        let line = DepthLine { line: (session, id), rows: rows.min(ROWS_MAX) as usize, form, told: Default::default() };
        self.data.audiences.entry(contract).or_default().depth.push(line);
        if let Some(client) = self.data.clients.get_mut(&session) {
            client.depth.insert(id, contract);
        }
        self.tell_book(contract);
    }

    pub(super) fn cancel_depth(&mut self, session: SessionId, id: RequestId) {
        let contract = self.data.clients.get_mut(&session).and_then(|client| client.depth.remove(&id));
        let Some(contract) = contract else {
            let text = format!("Can't find the subscribed market depth with tickerId:{id}");
            return self.outbox.notice(session, id.0, 310, text);
        };
        if let Some(audience) = self.data.audiences.get_mut(&contract) {
            audience.depth.retain(|line| line.line != (session, id));
        }
        self.drop_audience(contract);
    }

    /// Tells everybody to empty a book (317) and fills it again.
    pub(super) fn reset_book(&mut self, contract: ContractId) {
        let Some(audience) = self.data.audiences.get_mut(&contract) else { return };
        for line in &mut audience.depth {
            line.told = Default::default();
            let (session, id) = line.line;
            let text =
                "Market depth data has been RESET. Please empty deep book contents before applying any new entries.";
            self.outbox.notice(session, id.0, 317, text);
        }
        self.tell_book(contract);
    }

    /// Tells what changed in a book.
    pub(super) fn tell_book(&mut self, contract: ContractId) {
        let Some(audience) = self.data.audiences.get_mut(&contract).filter(|audience| !audience.depth.is_empty())
        else {
            return;
        };
        let (Some(market), Some(instrument)) = (self.markets.get(&contract), self.catalogue.by_id(contract)) else {
            return;
        };
        let seed = self.markets.seed();
        for line in &mut audience.depth {
            let (session, id) = line.line;
            for (told, side) in line.told.iter_mut().zip(SIDES) {
                let new = rows(instrument, market.quote(), side, (line.form, line.rows, seed));
                for row in changes(told, &new) {
                    match line.form {
                        BookForm::Plain => self.outbox.send(session, MarketDepth { request_id: id, row }),
                        BookForm::MarketMakers | BookForm::Smart => {
                            self.outbox.send(session, MarketDepthLevel2 { request_id: id, row });
                        }
                    }
                }
                *told = new;
            }
        }
    }

    /// How the book of a contract is told; `None` where there is none.
    fn book_form(&self, contract: ContractId, request: &RequestMarketDepth) -> Option<BookForm> {
        let instrument = self.catalogue.by_id(contract)?;
        if instrument.market == MarketKind::TradesOnly {
            return None;
        }
        let exchange = match request.contract.exchange.as_str() {
            "" => instrument.exchange.as_str(),
            asked => asked,
        };
        match (exchange.eq_ignore_ascii_case("SMART"), request.is_smart_depth) {
            (true, true) => Some(BookForm::Smart),
            (true, false) => None,
            (false, _) if instrument.security_type == SecurityType::Stock => Some(BookForm::MarketMakers),
            (false, _) => Some(BookForm::Plain),
        }
    }
}

/// One side of a book.
fn rows(
    instrument: &Instrument,
    quote: &Quote,
    side: BookSide,
    (form, count, seed): (BookForm, usize, u64),
) -> Vec<DepthRow> {
    let (best, step) = match side {
        BookSide::Bid => (quote.bid, -instrument.min_tick),
        BookSide::Ask | BookSide::Other(_) => (quote.ask, instrument.min_tick),
    };
    let Some(best) = best else { return Vec::new() };
    let exchanges: Vec<&str> = instrument.valid_exchanges.split(',').filter(|name| *name != "SMART").collect();
    let mut rows = Vec::with_capacity(count);
    let mut price = best.price;
    while rows.len() < count && price > Decimal::ZERO {
        let steps = (price / instrument.min_tick).round().mantissa() as u64;
        let mut dice = Dice::new(mix(mix(seed, u64::from(instrument.contract_id.0.unsigned_abs())), steps));
        let size = if rows.is_empty() { best.size } else { Decimal::from(dice.between(1, 40)) * instrument.lot };
        let name = match form {
            BookForm::Plain => "",
            BookForm::MarketMakers => MAKERS[dice.between(0, MAKERS.len() as i64 - 1) as usize],
            BookForm::Smart if exchanges.is_empty() => "SMART",
            BookForm::Smart => exchanges[dice.between(0, exchanges.len() as i64 - 1) as usize],
        };
        let level = Level { price, size };
        rows.push(row(rows.len(), side, level, (name, form)));
        // Not every price has an order, but one that has keeps it.
        price += step * Decimal::from(dice.between(1, 2));
    }
    rows
}

fn row(position: usize, side: BookSide, level: Level, (name, form): (&str, BookForm)) -> DepthRow {
    DepthRow {
        position: i32::try_from(position).ok(),
        operation: Some(DepthOperation::Insert),
        side: Some(side),
        price: Some(level.price),
        size: Some(level.size),
        market_maker: name.to_owned(),
        is_smart_depth: form == BookForm::Smart,
    }
}

/// The rows that turn one side of a book into another: rows that go, from the last one on, then those that come or change.
fn changes(told: &[DepthRow], new: &[DepthRow]) -> Vec<DepthRow> {
    let mut changes = Vec::new();
    let mut book: Vec<&DepthRow> = told.iter().collect();
    for index in (0..book.len()).rev() {
        if !new.iter().any(|row| row.price == book[index].price) {
            let gone = book.remove(index);
            changes.push(DepthRow {
                position: i32::try_from(index).ok(),
                operation: Some(DepthOperation::Delete),
                price: Some(Decimal::ZERO),
                size: Some(Decimal::ZERO),
                ..gone.clone()
            });
        }
    }
    for (index, row) in new.iter().enumerate() {
        match book.get(index) {
            Some(same) if same.price == row.price => {
                if same.size != row.size || same.market_maker != row.market_maker {
                    changes.push(DepthRow { operation: Some(DepthOperation::Update), ..row.clone() });
                }
            }
            _ => {
                changes.push(row.clone());
                book.insert(index, row);
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::time::SimTime;

    fn bids(bid: i64, size: i64) -> Vec<DepthRow> {
        let catalogue = Catalogue::built_in(SimTime(1_381_165_200_000));
        let quote = Quote::new(Decimal::new(bid, 2), size.into(), Decimal::new(bid + 1, 2), 100.into());
        rows(catalogue.by_name("IBM").unwrap(), &quote, BookSide::Bid, (BookForm::Smart, 5, 7))
    }

    /// What a client makes of its book when it hears of changes.
    fn apply(book: &mut Vec<DepthRow>, changes: &[DepthRow]) {
        for row in changes {
            let position = row.position.unwrap() as usize;
            match row.operation.unwrap() {
                DepthOperation::Insert => book.insert(position, row.clone()),
                DepthOperation::Update => book[position] = row.clone(),
                _ => drop(book.remove(position)),
            }
        }
    }

    #[test]
    fn changes_lead_from_any_book_to_any_other() {
        let mut book = Vec::new();
        for (bid, size) in [(18_190, 100), (18_190, 300), (18_191, 100), (18_188, 100), (3, 100), (18_190, 500)] {
            let new = bids(bid, size);
            let changes = changes(&book.clone(), &new);
            apply(&mut book, &changes);
            let levels = |book: &[DepthRow]| book.iter().map(|row| (row.price, row.size)).collect::<Vec<_>>();
            assert_eq!(levels(&book), levels(&new), "{bid}");
            assert!(book.len() <= 5 && book.windows(2).all(|pair| pair[0].price > pair[1].price));
        }
        assert!(changes(&book, &book).is_empty());
    }
}
