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
        SellShort = "SSHORT": "Sells short (institutions with a locate).",
        SellLong = "SLONG": "Sells long (institutions that must say so).",
    }

    /// How an order decides at which price it trades. Wire name `orderType`.
    OrderType: words {
        Market = "MKT": "At once, at whatever price.",
        Limit = "LMT": "At the limit price or better.",
        Stop = "STP": "A market order once the stop price is touched.",
        StopLimit = "STP LMT": "A limit order once the stop price is touched.",
        Trail = "TRAIL": "A stop that follows the market.",
        TrailLimit = "TRAIL LIMIT": "A stop limit that follows the market.",
        MarketIfTouched = "MIT": "A market order once the trigger is touched from the better side.",
        LimitIfTouched = "LIT": "A limit order once the trigger is touched from the better side.",
        MarketOnClose = "MOC": "A market order in the closing auction.",
        LimitOnClose = "LOC": "A limit order in the closing auction.",
        MarketToLimit = "MTL": "A market order whose rest stays as a limit order.",
        MarketWithProtection = "MKT PRT": "A market order with exchange price protection.",
        StopWithProtection = "STP PRT": "A stop with exchange price protection.",
        Relative = "REL": "Better than the best quote of its side by an offset.",
        RelativePlusLimit = "REL + LMT": "Relative, for combinations.",
        RelativePlusMarket = "REL + MKT": "Relative, for combinations, turning into a market order.",
        PeggedToMidpoint = "PEG MID",
        PeggedToMarket = "PEG MKT": "Pegged to the other side of the market.",
        PeggedToBest = "PEG BEST": "Pegged to the best quote.",
        PeggedToBenchmark = "PEG BENCH": "Pegged to another instrument.",
        PeggedToStock = "PEG STK": "An option pegged to its stock.",
        MidPrice = "MIDPRICE": "A limit at the midpoint or better.",
        Volatility = "VOL": "An option priced by its volatility.",
        BoxTop = "BOX TOP": "A market order that becomes a limit order at the best price (BOX).",
        PassiveRelative = "PASSV REL": "Improves the price inside the quote.",
        SnapToMarket = "SNAP MKT": "Turns into a market order outside the quote.",
        SnapToMidpoint = "SNAP MID",
        SnapToPrimary = "SNAP PRIM": "Snaps to the primary quote.",
        Quote = "QUOTE": "Requests a quote.",
    }

    /// How long an order stands. Wire name `tif`.
    TimeInForce: words {
        Day = "DAY": "Until the end of the trading day.",
        GoodTillCancelled = "GTC": "Until it is cancelled.",
        GoodTillDate = "GTD": "Until the date in `good_till_date`.",
        ImmediateOrCancel = "IOC": "What does not fill at once is cancelled.",
        FillOrKill = "FOK": "All at once or nothing.",
        AtOpening = "OPG": "In the opening auction.",
        DayTillCancelled = "DTC": "Until the day's close, then cancelled by the system.",
        Auction = "AUC",
        Minutes = "Minutes": "For a number of minutes.",
    }

    /// What kind of thing a contract is. Wire name `secType`.
    SecurityType: words {
        Stock = "STK": "A stock or an exchange-traded fund.",
        Option = "OPT": "An option on a stock or an index.",
        Future = "FUT",
        ContinuousFuture = "CONTFUT": "The future that is front now.",
        FutureOption = "FOP",
        Forex = "CASH": "A currency pair.",
        Index = "IND",
        Combination = "BAG": "A combination of legs.",
        Bond = "BOND",
        Fund = "FUND": "A mutual fund.",
        Commodity = "CMDTY": "A metal or another commodity.",
        ContractForDifference = "CFD",
        Warrant = "WAR",
        StructuredProduct = "IOPT",
        Crypto = "CRYPTO": "A crypto currency.",
        News = "NEWS": "A news feed.",
        Bill = "BILL",
    }

    /// Whether an option calls or puts. Wire name `right`.
    OptionRight: words {
        Call = "C": "The right to buy.",
        Put = "P": "The right to sell.",
    }

    /// Where an order stands at the broker. Wire name `status`.
    Status: words {
        ApiPending = "ApiPending": "With TWS, not yet sent to IB.",
        PendingSubmit = "PendingSubmit": "Sent to IB, not confirmed.",
        PreSubmitted = "PreSubmitted": "Held by IB until its trigger or its parent.",
        Submitted = "Submitted": "Working at the exchange.",
        PendingCancel = "PendingCancel": "A cancel was asked, not confirmed: it may still fill.",
        PreCancelled = "PreCancelled": "A cancel was asked before the order was confirmed: it may still fill.",
        ApiCancelled = "ApiCancelled": "Cancelled by this API before IB had it.",
        Cancelled = "Cancelled": "The balance is cancelled, by request, by the exchange or as the end of a reject.",
        Filled = "Filled": "Filled in full.",
        Inactive = "Inactive": "Rejected, held or not transmitted; which one, other evidence tells.",
        WarnState = "WarnState": "Waits for a person to confirm a warning.",
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
        None = 0: "Not in a group.",
        CancelWithBlock = 1: "A fill cancels the others; one member is at an exchange at a time.",
        ReduceWithBlock = 2: "A partial fill reduces the others; one member is at an exchange at a time.",
        ReduceWithoutBlock = 3: "A partial fill reduces the others, which may overfill meanwhile.",
    }

    /// Which price triggers a simulated stop. Wire name `triggerMethod`.
    TriggerMethod: codes {
        Default = 0: "IB chooses by instrument.",
        DoubleBidAsk = 1: "Two bids or asks in a row.",
        Last = 2: "The last price.",
        DoubleLast = 3: "Two last prices in a row.",
        BidAsk = 4: "Bid or ask.",
        LastOrBidAsk = 7,
        MidPoint = 8: "The midpoint.",
    }

    /// For whom an order is. Wire name `origin`.
    Origin: codes {
        Customer = 0,
        Firm = 1,
        Unknown = 2: "Unknown to IB.",
    }

    /// How volatility is meant. Wire name `volatilityType`.
    VolatilityType: codes {
        Daily = 1: "Per day.",
        Annual = 2: "Per year.",
    }

    /// Which stock price a volatility order watches. Wire name `referencePriceType`.
    ReferencePriceType: codes {
        Average = 1: "The average of bid and ask.",
        BidOrAsk = 2: "Bid or ask, by the side of the order.",
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
        Amount = 0: "An amount of money.",
        Percent = 100,
    }

    /// Which kind of market data flows. Wire name `marketDataType`.
    MarketDataKind: codes {
        Live = 1,
        Frozen = 2: "The last values before the close.",
        Delayed = 3: "Delayed by 15 to 20 minutes.",
        DelayedFrozen = 4: "The last delayed values.",
    }

    /// Whether an execution took or gave liquidity. Wire name `lastLiquidity`.
    Liquidity: codes {
        None = 0: "Not told.",
        Added = 1: "Added liquidity.",
        Removed = 2: "Took liquidity.",
        RoutedOut = 3: "Was routed out.",
    }

    /// What historical data, bars and ticks are made of. Wire name `whatToShow`.
    DataToShow: words {
        Trades = "TRADES",
        MidPoint = "MIDPOINT": "Midpoints of the quotes.",
        Bid = "BID",
        Ask = "ASK",
        BidAsk = "BID_ASK": "Bids and asks, averaged in bars.",
        AdjustedLast = "ADJUSTED_LAST": "Trades, adjusted for splits and dividends.",
        AggregatedTrades = "AGGTRADES": "Trades of all sizes, for crypto currencies.",
        HistoricalVolatility = "HISTORICAL_VOLATILITY",
        OptionImpliedVolatility = "OPTION_IMPLIED_VOLATILITY",
        FeeRate = "FEE_RATE": "What it costs to borrow the shares.",
        YieldBid = "YIELD_BID": "Yield of a bond at the bid.",
        YieldAsk = "YIELD_ASK": "Yield of a bond at the ask.",
        YieldBidAsk = "YIELD_BID_ASK": "Yield of a bond, bid and ask averaged.",
        YieldLast = "YIELD_LAST": "Yield of a bond at the last trade.",
        Schedule = "SCHEDULE": "Trading sessions instead of data.",
    }

    /// How dates and times of bars are spelled. Wire name `formatDate`.
    DateFormat: codes {
        Text = 1: "Words in the time zone of the exchange or the login, `YYYYMMDD` for daily bars.",
        EpochSeconds = 2: "Seconds since the epoch, `YYYYMMDD` for daily bars.",
    }

    /// What happens to a row of a book. Wire name `operation`.
    DepthOperation: codes {
        Insert = 0: "A new row; those behind it move down.",
        Update = 1: "The row changes.",
        Delete = 2: "The row goes; those behind it move up.",
    }

    /// A side of a book. Wire name `side`.
    BookSide: codes {
        Ask = 0: "Those who sell.",
        Bid = 1: "Those who buy.",
    }

    /// What a bulletin is about. Wire name `msgType`, `newsMsgType`.
    BulletinKind: codes {
        Regular = 1: "News for everybody.",
        ExchangeUnavailable = 2: "An exchange is not available any more.",
        ExchangeAvailable = 3: "An exchange is available again.",
    }

    /// How the text of an article is to be read. Wire name `articleType`.
    ArticleKind: codes {
        Text = 0: "Plain text or HTML.",
        Binary = 1: "A file (PDF) in base 64.",
    }

    /// What a financial advisor's XML describes. Wire name `faDataType`.
    AdvisorDataKind: codes {
        Groups = 1: "Groups of accounts with a method of allocation.",
        Profiles = 2: "Profiles; gone since server version 177.",
        Aliases = 3: "Names for accounts.",
    }

    /// What to do with an option at its end. Wire name `exerciseAction`.
    ExerciseAction: codes {
        Exercise = 1,
        Lapse = 2: "Let it lapse.",
    }

    /// How much the server writes to its log. Wire name `logLevel`.
    LogLevel: codes {
        System = 1: "Nothing but the system's own messages.",
        Error = 2,
        Warning = 3: "Warnings too.",
        Information = 4: "Information too.",
        Detail = 5: "Everything.",
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
        matches!(self.as_str(), "PEG BENCH" | "PEGBENCH")
    }

    /// Pegged to the best quote, in either spelling.
    pub(crate) fn is_pegged_to_best(&self) -> bool {
        matches!(self.as_str(), "PEG BEST" | "PEGBEST")
    }

    /// Pegged to the midpoint, in either spelling.
    pub(crate) fn is_pegged_to_midpoint(&self) -> bool {
        matches!(self.as_str(), "PEG MID" | "PEGMID")
    }
}
