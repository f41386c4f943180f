//! Large requests, built up: what is needed first, then what is wanted besides. Every field stays open to be set.
//!
//! ```
//! use tws_proto::Contract;
//! use tws_proto::kinds::{BarSize, DataToShow, DurationText, DurationUnit};
//! use tws_proto::message::RequestHistoricalData;
//!
//! let apple = Contract::stock("AAPL", "USD");
//! let request = RequestHistoricalData::bars(&apple, DurationText::of(2, DurationUnit::Day), BarSize::Minutes5)
//!     .showing(DataToShow::MidPoint)
//!     .outside_hours();
//! assert!(!request.regular_hours_only);
//! ```

use rust_decimal::Decimal;

use crate::contract::Contract;
use crate::ids::{ContractId, OrderId};
use crate::kinds::{
    BarSize, DataToShow, DateFormat, DurationText, ExerciseAction, GenericTick, ScanCode, TickByTickKind,
};
use crate::message::{
    ExerciseOptions, RequestHeadTimestamp, RequestHistogramData, RequestHistoricalData, RequestHistoricalNews,
    RequestHistoricalTicks, RequestHorizonEventData, RequestMarketData, RequestMarketDepth, RequestRealTimeBars,
    RequestScanner, RequestTickByTick, Scanner,
};
use crate::tags::TagValue;
use crate::time::TimeText;

/// A count as the wire has it; more than fits is as many as fit.
fn count(count: u32) -> Option<i32> {
    Some(i32::try_from(count).unwrap_or(i32::MAX))
}

impl RequestMarketData {
    /// Quotes of a contract.
    #[must_use]
    pub fn of(contract: &Contract) -> Self {
        Self { contract: contract.clone(), ..Self::default() }
    }

    /// Further kinds of ticks.
    #[must_use]
    pub fn with(mut self, ticks: &[GenericTick]) -> Self {
        self.generic_ticks = ticks.iter().copied().collect();
        self
    }

    /// Asks the exchanges for one set of values, at a fee for each.
    #[must_use]
    pub fn regulatory(mut self) -> Self {
        self.regulatory_snapshot = true;
        self
    }
}

impl RequestTickByTick {
    /// Every single tick of one kind.
    #[must_use]
    pub fn of(contract: &Contract, kind: TickByTickKind) -> Self {
        Self { contract: contract.clone(), kind: Some(kind), history: Some(0), ..Self::default() }
    }

    /// So many ticks of the past before the live ones, at most 1000.
    #[must_use]
    pub fn after(mut self, past: u32) -> Self {
        self.history = count(past);
        self
    }

    /// Leaves out quotes in which only a size changed.
    #[must_use]
    pub fn ignoring_sizes(mut self) -> Self {
        self.ignore_size = true;
        self
    }
}

impl RequestMarketDepth {
    /// The best rows of a book.
    #[must_use]
    pub fn of(contract: &Contract, rows: u32) -> Self {
        Self { contract: contract.clone(), rows: count(rows), ..Self::default() }
    }

    /// The books of all exchanges in one.
    #[must_use]
    pub fn smart(mut self) -> Self {
        self.is_smart_depth = true;
        self
    }
}

impl RequestRealTimeBars {
    /// A bar every five seconds, in the hours of the exchange.
    #[must_use]
    pub fn of(contract: &Contract, show: DataToShow) -> Self {
        Self {
            contract: contract.clone(),
            bar_size_s: Some(5),
            data_to_show: Some(show),
            regular_hours_only: true,
            ..Self::default()
        }
    }

    /// Those outside regular trading hours too.
    #[must_use]
    pub fn outside_hours(mut self) -> Self {
        self.regular_hours_only = false;
        self
    }
}

impl RequestHistoricalData {
    /// Bars of trades up to now, in regular trading hours, with their times in seconds since the epoch.
    #[must_use]
    pub fn bars(contract: &Contract, span: DurationText, size: BarSize) -> Self {
        Self {
            contract: contract.clone(),
            bar_size: Some(size),
            duration: span,
            regular_hours_only: true,
            data_to_show: Some(DataToShow::Trades),
            date_format: Some(DateFormat::EpochSeconds),
            ..Self::default()
        }
    }

    /// Bars of something else than trades.
    #[must_use]
    pub fn showing(mut self, show: DataToShow) -> Self {
        self.data_to_show = Some(show);
        self
    }

    /// Up to a time of the past; [`TimeText::utc`] spells one.
    #[must_use]
    pub fn until(mut self, end: TimeText) -> Self {
        self.end = end;
        self
    }

    /// Bars outside regular trading hours too.
    #[must_use]
    pub fn outside_hours(mut self) -> Self {
        self.regular_hours_only = false;
        self
    }
}

impl RequestHistoricalTicks {
    /// The first trades since a time, at most 1000, in regular trading hours.
    #[must_use]
    pub fn since(contract: &Contract, start: TimeText, ticks: u32) -> Self {
        Self { start, ..Self::trades(contract, ticks) }
    }

    /// The last trades before a time, at most 1000, in regular trading hours.
    #[must_use]
    pub fn until(contract: &Contract, end: TimeText, ticks: u32) -> Self {
        Self { end, ..Self::trades(contract, ticks) }
    }

    fn trades(contract: &Contract, ticks: u32) -> Self {
        Self {
            contract: contract.clone(),
            ticks: count(ticks),
            data_to_show: Some(DataToShow::Trades),
            regular_hours_only: true,
            ..Self::default()
        }
    }

    /// Bids and asks or midpoints instead of trades.
    #[must_use]
    pub fn showing(mut self, show: DataToShow) -> Self {
        self.data_to_show = Some(show);
        self
    }

    /// Ticks outside regular trading hours too.
    #[must_use]
    pub fn outside_hours(mut self) -> Self {
        self.regular_hours_only = false;
        self
    }
}

impl RequestHeadTimestamp {
    /// Since when there is data of a kind, in regular trading hours.
    #[must_use]
    pub fn of(contract: &Contract, show: DataToShow) -> Self {
        Self {
            contract: contract.clone(),
            regular_hours_only: true,
            data_to_show: Some(show),
            date_format: Some(DateFormat::EpochSeconds),
            ..Self::default()
        }
    }
}

impl RequestHistogramData {
    /// How much was traded at which price, in regular trading hours.
    #[must_use]
    pub fn of(contract: &Contract, period: DurationText) -> Self {
        Self { contract: contract.clone(), regular_hours_only: true, period, ..Self::default() }
    }
}

impl RequestScanner {
    /// The best 50 of a scan: of `STK` in `STK.US.MAJOR`, for instance. `REQ_SCANNER_PARAMETERS` lists what there is.
    #[must_use]
    pub fn of(instrument: &str, location: &str, scan: ScanCode) -> Self {
        let (instrument, location) = (instrument.to_owned(), location.to_owned());
        Self { scanner: Scanner { instrument, location, scan: Some(scan), ..Scanner::default() }, ..Self::default() }
    }

    /// So many rows, at most 50.
    #[must_use]
    pub fn rows(mut self, rows: u32) -> Self {
        self.scanner.rows = count(rows);
        self
    }

    /// No price below this.
    #[must_use]
    pub fn price_min(mut self, price: Decimal) -> Self {
        self.scanner.price_min = Some(price);
        self
    }

    /// No price above this.
    #[must_use]
    pub fn price_max(mut self, price: Decimal) -> Self {
        self.scanner.price_max = Some(price);
        self
    }

    /// No volume below this.
    #[must_use]
    pub fn volume_min(mut self, volume: i64) -> Self {
        self.scanner.volume_min = Some(volume);
        self
    }

    /// A filter by its name, `marketCapAbove1e6` for instance.
    #[must_use]
    pub fn filter(mut self, tag: &str, value: &str) -> Self {
        self.scanner.filters.push(TagValue { tag: tag.to_owned(), value: value.to_owned() });
        self
    }
}

impl RequestHistoricalNews {
    /// The newest headlines about a contract, at most ten, of some providers.
    #[must_use]
    pub fn about(contract_id: ContractId, providers: &[&str]) -> Self {
        Self { contract_id: Some(contract_id), providers: providers.join("+"), results: Some(10), ..Self::default() }
    }

    /// Between two times.
    #[must_use]
    pub fn between(mut self, start: TimeText, end: TimeText) -> Self {
        (self.start, self.end) = (start, end);
        self
    }

    /// So many headlines, at most 300.
    #[must_use]
    pub fn at_most(mut self, headlines: u32) -> Self {
        self.results = count(headlines);
        self
    }
}

impl RequestHorizonEventData {
    /// The events of one contract.
    #[must_use]
    pub fn about(contract_id: ContractId) -> Self {
        Self { contract_id: Some(contract_id), ..Self::default() }
    }

    /// The events that a filter, JSON in the words of Wall Street Horizon, lets through.
    #[must_use]
    pub fn filtered(filter: &str) -> Self {
        Self { filter: filter.to_owned(), ..Self::default() }
    }

    /// Between two days.
    #[must_use]
    pub fn between(mut self, start: TimeText, end: TimeText) -> Self {
        (self.start_date, self.end_date) = (start, end);
        self
    }

    /// So many events, at most 100.
    #[must_use]
    pub fn at_most(mut self, events: u32) -> Self {
        self.limit = count(events);
        self
    }
}

impl ExerciseOptions {
    /// Exercises options, under an order id of its own.
    #[must_use]
    pub fn of(order_id: OrderId, contract: &Contract, quantity: u32, account: &str) -> Self {
        Self {
            order_id,
            contract: contract.clone(),
            action: Some(ExerciseAction::Exercise),
            quantity: count(quantity),
            account: account.to_owned(),
            ..Self::default()
        }
    }

    /// Lets them lapse instead.
    #[must_use]
    pub fn lapsing(mut self) -> Self {
        self.action = Some(ExerciseAction::Lapse);
        self
    }

    /// Exercises what is out of the money, lets lapse what is in the money.
    #[must_use]
    pub fn overriding(mut self) -> Self {
        self.overrides_natural_action = true;
        self
    }
}
