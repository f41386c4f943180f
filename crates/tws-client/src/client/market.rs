//! Live markets.

use tws_proto::contract::Contract;
use tws_proto::kinds::{DataToShow, GenericTick, TickByTickKind};
use tws_proto::message::{RealTimeBar, RequestMarketData, RequestMarketDepth, RequestRealTimeBars, RequestTickByTick};

use super::Client;
use crate::error::RequestError;
use crate::feed::DepthUpdate;
use crate::stream::{MarketData, Subscription, Tick, TickByTickData};

impl Client {
    /// A live stream of quotes (`REQ_MKT_DATA`, `CANCEL_MKT_DATA` when dropped). `generic_ticks` asks for further kinds, none
    /// as a rule. Takes one market data line, 100 as a rule, while it lives. Options bring
    /// [`Tick::Option`], CFDs may bring [`Tick::Rerouted`], the generic tick 292 brings [`Tick::News`].
    ///
    /// # Errors
    /// As for [`Client::subscribe`]. It ends with code 200 (no such contract), 101 (no line left), 354 (not subscribed to this
    /// data); code 10167 is a notice: delayed data follows.
    pub fn market_data(&self, contract: &Contract, generic_ticks: &[GenericTick]) -> Result<MarketData, RequestError> {
        self.subscribe(RequestMarketData::of(contract).with(generic_ticks))
    }

    /// One set of market data values (`REQ_MKT_DATA` with `snapshot`, ended by `TICK_SNAPSHOT_END`; cancelled when dropped).
    /// TWS may take 11 s for it.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] as for [`Client::market_data`]; else as for every request.
    pub async fn snapshot(&self, contract: &Contract) -> Result<Vec<Tick>, RequestError> {
        self.request(RequestMarketData::of(contract)).await
    }

    /// One set of values from the exchanges themselves, without a subscription to their data (`REQ_MKT_DATA` with
    /// `regulatorySnapshot`). Each costs a fee of one US cent.
    ///
    /// # Errors
    /// As for [`Client::snapshot`].
    pub async fn regulatory_snapshot(&self, contract: &Contract) -> Result<Vec<Tick>, RequestError> {
        self.request(RequestMarketData::of(contract).regulatory()).await
    }

    /// A live stream of every single tick (`REQ_TICK_BY_TICK_DATA`, `CANCEL_TICK_BY_TICK_DATA` when dropped). As many at a time
    /// as 5 % of the market data lines, one request a contract in 15 s. Ticks of the past come before the live ones with
    /// [`RequestTickByTick::after`].
    ///
    /// # Errors
    /// As for [`Client::subscribe`]. It ends with code 10190 (too many), 10189 (not subscribed to this data).
    pub fn tick_by_tick(&self, contract: &Contract, kind: TickByTickKind) -> Result<TickByTickData, RequestError> {
        self.subscribe(RequestTickByTick::of(contract, kind))
    }

    /// The best rows of the book of one exchange (`REQ_MKT_DEPTH`, `CANCEL_MKT_DEPTH` when dropped); for the books of all
    /// exchanges in one subscribe to [`RequestMarketDepth::smart`]. Three at a time, as a rule.
    /// [`DepthBook`](crate::feed::DepthBook) puts the rows together.
    ///
    /// # Errors
    /// As for [`Client::subscribe`]. It ends with code 309 (too many), 354 (not subscribed to this data); one that is
    /// halted (316) is asked for again.
    pub fn depth(&self, contract: &Contract, rows: u32) -> Result<Subscription<DepthUpdate>, RequestError> {
        self.subscribe(RequestMarketDepth::of(contract, rows))
    }

    /// A bar every five seconds, in regular trading hours (`REQ_REAL_TIME_BARS`, `CANCEL_REAL_TIME_BARS` when dropped); with
    /// those outside subscribe to [`RequestRealTimeBars::outside_hours`]. Counts as a historical request: 60 new ones in ten
    /// minutes.
    ///
    /// # Errors
    /// As for [`Client::subscribe`]. It ends with code 420 (not subscribed to this data).
    pub fn real_time_bars(
        &self,
        contract: &Contract,
        show: DataToShow,
    ) -> Result<Subscription<Box<RealTimeBar>>, RequestError> {
        self.subscribe(RequestRealTimeBars::of(contract, show))
    }
}
