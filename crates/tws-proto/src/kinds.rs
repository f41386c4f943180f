//! The closed sets of the wire: words and codes with one meaning each, which survive what they do not know.

mod data;
mod tick;
mod trading;

use crate::declare::closed_set;

pub use data::*;
pub use tick::TickKind;
pub use trading::*;

closed_set! {
    /// Which way an order trades. Wire name `action`.
    Action: words {
        Buy = "BUY",
        Sell = "SELL",
        /// Sells short (institutions with a locate).
        SellShort = "SSHORT",
        /// Sells long (institutions that must say so).
        SellLong = "SLONG",
    }

    /// How an order decides at which price it trades. Wire name `orderType`.
    OrderType: words {
        /// At once, at whatever price.
        Market = "MKT",
        /// At the limit price or better.
        Limit = "LMT",
        /// A market order once the stop price is touched.
        Stop = "STP",
        /// A limit order once the stop price is touched.
        StopLimit = "STP LMT",
        /// A stop that follows the market.
        Trail = "TRAIL",
        /// A stop limit that follows the market.
        TrailLimit = "TRAIL LIMIT",
        /// A market order once the trigger is touched from the better side.
        MarketIfTouched = "MIT",
        /// A limit order once the trigger is touched from the better side.
        LimitIfTouched = "LIT",
        /// A market order in the closing auction.
        MarketOnClose = "MOC",
        /// A limit order in the closing auction.
        LimitOnClose = "LOC",
        /// A market order whose rest stays as a limit order.
        MarketToLimit = "MTL",
        /// A market order with exchange price protection.
        MarketWithProtection = "MKT PRT",
        /// A stop with exchange price protection.
        StopWithProtection = "STP PRT",
        /// Better than the best quote of its side by an offset.
        Relative = "REL",
        /// Relative, for combinations.
        RelativePlusLimit = "REL + LMT",
        /// Relative, for combinations, turning into a market order.
        RelativePlusMarket = "REL + MKT",
        PeggedToMidpoint = "PEG MID",
        /// Pegged to the other side of the market.
        PeggedToMarket = "PEG MKT",
        /// Pegged to the best quote.
        PeggedToBest = "PEG BEST",
        /// Pegged to another instrument.
        PeggedToBenchmark = "PEG BENCH",
        /// An option pegged to its stock.
        PeggedToStock = "PEG STK",
        /// A limit at the midpoint or better.
        MidPrice = "MIDPRICE",
        /// An option priced by its volatility.
        Volatility = "VOL",
        /// A market order that becomes a limit order at the best price (BOX).
        BoxTop = "BOX TOP",
        /// Improves the price inside the quote.
        PassiveRelative = "PASSV REL",
        /// Turns into a market order outside the quote.
        SnapToMarket = "SNAP MKT",
        SnapToMidpoint = "SNAP MID",
        /// Snaps to the primary quote.
        SnapToPrimary = "SNAP PRIM",
        /// Requests a quote.
        Quote = "QUOTE",
    }

    /// How long an order stands. Wire name `tif`.
    TimeInForce: words {
        /// Until the end of the trading day.
        Day = "DAY",
        /// Until it is cancelled.
        GoodTillCancelled = "GTC",
        /// Until the date in `good_till_date`.
        GoodTillDate = "GTD",
        /// What does not fill at once is cancelled.
        ImmediateOrCancel = "IOC",
        /// All at once or nothing.
        FillOrKill = "FOK",
        /// In the opening auction.
        AtOpening = "OPG",
        /// Until the day's close, then cancelled by the system.
        DayTillCancelled = "DTC",
        Auction = "AUC",
        /// For a number of minutes.
        Minutes = "Minutes",
    }

    /// What kind of thing a contract is. Wire name `secType`.
    SecurityType: words {
        /// A stock or an exchange-traded fund.
        Stock = "STK",
        /// An option on a stock or an index.
        Option = "OPT",
        Future = "FUT",
        /// The future that is front now.
        ContinuousFuture = "CONTFUT",
        FutureOption = "FOP",
        /// A currency pair.
        Forex = "CASH",
        Index = "IND",
        /// A combination of legs.
        Combination = "BAG",
        Bond = "BOND",
        /// A mutual fund.
        Fund = "FUND",
        /// A metal or another commodity.
        Commodity = "CMDTY",
        ContractForDifference = "CFD",
        Warrant = "WAR",
        StructuredProduct = "IOPT",
        /// A crypto currency.
        Crypto = "CRYPTO",
        /// A news feed.
        News = "NEWS",
        Bill = "BILL",
    }

    /// Whether an option calls or puts. Wire name `right`.
    OptionRight: words {
        /// The right to buy.
        Call = "C",
        /// The right to sell.
        Put = "P",
    }

    /// Where an order stands at the broker. Wire name `status`.
    Status: words {
        /// With TWS, not yet sent to IB.
        ApiPending = "ApiPending",
        /// Sent to IB, not confirmed.
        PendingSubmit = "PendingSubmit",
        /// Held by IB until its trigger or its parent.
        PreSubmitted = "PreSubmitted",
        /// Working at the exchange.
        Submitted = "Submitted",
        /// A cancel was asked, not confirmed: it may still fill.
        PendingCancel = "PendingCancel",
        /// A cancel was asked before the order was confirmed: it may still fill.
        PreCancelled = "PreCancelled",
        /// Cancelled by this API before IB had it.
        ApiCancelled = "ApiCancelled",
        /// The balance is cancelled, by request, by the exchange or as the end of a reject.
        Cancelled = "Cancelled",
        /// Filled in full.
        Filled = "Filled",
        /// Rejected, held or not transmitted; which one, other evidence tells.
        Inactive = "Inactive",
        /// Waits for a person to confirm a warning.
        WarnState = "WarnState",
    }

    /// Which way an execution went. Wire name `side`.
    ExecutionSide: words {
        Bought = "BOT",
        Sold = "SLD",
    }

    /// What an order hedges with. Wire name `hedgeType`.
    HedgeType: words {
        Delta = "D",
        Beta = "B",
        Currency = "F",
        Pair = "P",
    }

    /// How members of a one-cancels-all group affect each other. Wire name `ocaType`.
    OcaType: codes {
        /// Not in a group.
        None = 0,
        /// A fill cancels the others; one member is at an exchange at a time.
        CancelWithBlock = 1,
        /// A partial fill reduces the others; one member is at an exchange at a time.
        ReduceWithBlock = 2,
        /// A partial fill reduces the others, which may overfill meanwhile.
        ReduceWithoutBlock = 3,
    }

    /// Which price triggers a simulated stop. Wire name `triggerMethod`.
    TriggerMethod: codes {
        /// IB chooses by instrument.
        Default = 0,
        /// Two bids or asks in a row.
        DoubleBidAsk = 1,
        /// The last price.
        Last = 2,
        /// Two last prices in a row.
        DoubleLast = 3,
        /// Bid or ask.
        BidAsk = 4,
        LastOrBidAsk = 7,
        /// The midpoint.
        MidPoint = 8,
    }

    /// For whom an order is. Wire name `origin`.
    Origin: codes {
        Customer = 0,
        Firm = 1,
        /// Unknown to IB.
        Unknown = 2,
    }

    /// How volatility is meant. Wire name `volatilityType`.
    VolatilityType: codes {
        /// Per day.
        Daily = 1,
        /// Per year.
        Annual = 2,
    }

    /// Which stock price a volatility order watches. Wire name `referencePriceType`.
    ReferencePriceType: codes {
        /// The average of bid and ask.
        Average = 1,
        /// Bid or ask, by the side of the order.
        BidOrAsk = 2,
    }

    /// In which BOX auction an order takes part. Wire name `auctionStrategy`.
    AuctionStrategy: codes {
        None = 0,
        Match = 1,
        Improvement = 2,
        Transparent = 3,
    }

    /// What a trailing amount of an adjusted order counts. Wire name `adjustableTrailingUnit`.
    TrailingUnit: codes {
        /// An amount of money.
        Amount = 0,
        Percent = 100,
    }

    /// Which kind of market data flows. Wire name `marketDataType`.
    MarketDataKind: codes {
        Live = 1,
        /// The last values before the close.
        Frozen = 2,
        /// Delayed by 15 to 20 minutes.
        Delayed = 3,
        /// The last delayed values.
        DelayedFrozen = 4,
    }

    /// Whether an execution took or gave liquidity. Wire name `lastLiquidity`.
    Liquidity: codes {
        /// Not told.
        None = 0,
        /// Added liquidity.
        Added = 1,
        /// Took liquidity.
        Removed = 2,
        /// Was routed out.
        RoutedOut = 3,
    }

    /// What historical data, bars and ticks are made of. Wire name `whatToShow`.
    DataToShow: words {
        Trades = "TRADES",
        /// Midpoints of the quotes.
        MidPoint = "MIDPOINT",
        Bid = "BID",
        Ask = "ASK",
        /// Bids and asks, averaged in bars.
        BidAsk = "BID_ASK",
        /// Trades, adjusted for splits and dividends.
        AdjustedLast = "ADJUSTED_LAST",
        /// Trades of all sizes, for crypto currencies.
        AggregatedTrades = "AGGTRADES",
        HistoricalVolatility = "HISTORICAL_VOLATILITY",
        OptionImpliedVolatility = "OPTION_IMPLIED_VOLATILITY",
        /// What it costs to borrow the shares.
        FeeRate = "FEE_RATE",
        /// Yield of a bond at the bid.
        YieldBid = "YIELD_BID",
        /// Yield of a bond at the ask.
        YieldAsk = "YIELD_ASK",
        /// Yield of a bond, bid and ask averaged.
        YieldBidAsk = "YIELD_BID_ASK",
        /// Yield of a bond at the last trade.
        YieldLast = "YIELD_LAST",
        /// Trading sessions instead of data.
        Schedule = "SCHEDULE",
    }

    /// How dates and times of bars are spelled. Wire name `formatDate`.
    DateFormat: codes {
        /// Words in the time zone of the exchange or the login, `YYYYMMDD` for daily bars.
        Text = 1,
        /// Seconds since the epoch, `YYYYMMDD` for daily bars.
        EpochSeconds = 2,
    }

    /// What happens to a row of a book. Wire name `operation`.
    DepthOperation: codes {
        /// A new row; those behind it move down.
        Insert = 0,
        /// The row changes.
        Update = 1,
        /// The row goes; those behind it move up.
        Delete = 2,
    }

    /// A side of a book. Wire name `side`.
    BookSide: codes {
        /// Those who sell.
        Ask = 0,
        /// Those who buy.
        Bid = 1,
    }

    /// What a bulletin is about. Wire name `msgType`, `newsMsgType`.
    BulletinKind: codes {
        /// News for everybody.
        Regular = 1,
        /// An exchange is not available any more.
        ExchangeUnavailable = 2,
        /// An exchange is available again.
        ExchangeAvailable = 3,
    }

    /// How the text of an article is to be read. Wire name `articleType`.
    ArticleKind: codes {
        /// Plain text or HTML.
        Text = 0,
        /// A file (PDF) in base 64.
        Binary = 1,
    }

    /// What a financial advisor's XML describes. Wire name `faDataType`.
    AdvisorDataKind: codes {
        /// Groups of accounts with a method of allocation.
        Groups = 1,
        /// Profiles; gone since server version 177.
        Profiles = 2,
        /// Names for accounts.
        Aliases = 3,
    }

    /// What to do with an option at its end. Wire name `exerciseAction`.
    ExerciseAction: codes {
        Exercise = 1,
        /// Let it lapse.
        Lapse = 2,
    }

    /// How much the server writes to its log. Wire name `logLevel`.
    LogLevel: codes {
        /// Nothing but the system's own messages.
        System = 1,
        Error = 2,
        /// Warnings too.
        Warning = 3,
        /// Information too.
        Information = 4,
        /// Everything.
        Detail = 5,
    }

    /// What an option computation rests on. Wire name `tickAttrib`.
    ComputationBasis: codes {
        Returns = 0,
        Prices = 1,
    }
}

impl Action {
    /// Whether the order adds to a long position or takes from a short one.
    #[must_use]
    pub const fn is_buy(&self) -> bool {
        matches!(self, Self::Buy)
    }
}

impl OrderType {
    /// Pegged to a benchmark, in either spelling.
    pub(crate) fn is_pegged_to_benchmark(&self) -> bool {
        matches!(self, Self::PeggedToBenchmark) || self.as_str() == "PEGBENCH"
    }

    /// Pegged to the best quote, in either spelling.
    pub(crate) fn is_pegged_to_best(&self) -> bool {
        matches!(self, Self::PeggedToBest) || self.as_str() == "PEGBEST"
    }

    /// Pegged to the midpoint, in either spelling.
    pub(crate) fn is_pegged_to_midpoint(&self) -> bool {
        matches!(self, Self::PeggedToMidpoint) || self.as_str() == "PEGMID"
    }
}
