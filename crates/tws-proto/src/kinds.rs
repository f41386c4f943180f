//! The closed sets of the wire: words and codes with one meaning each, which survive what they do not know.

use crate::value::closed_set;

closed_set! {
    /// Which way an order trades. Wire name `action`.
    Action: words {
        /// Buys.
        Buy = "BUY",
        /// Sells.
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
        /// Pegged to the midpoint.
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
        /// Snaps to the midpoint.
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
        /// In an auction.
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
        /// A future.
        Future = "FUT",
        /// The future that is front now.
        ContinuousFuture = "CONTFUT",
        /// An option on a future.
        FutureOption = "FOP",
        /// A currency pair.
        Forex = "CASH",
        /// An index.
        Index = "IND",
        /// A combination of legs.
        Combination = "BAG",
        /// A bond.
        Bond = "BOND",
        /// A mutual fund.
        Fund = "FUND",
        /// A metal or another commodity.
        Commodity = "CMDTY",
        /// A contract for difference.
        ContractForDifference = "CFD",
        /// A warrant.
        Warrant = "WAR",
        /// A structured product.
        StructuredProduct = "IOPT",
        /// A crypto currency.
        Crypto = "CRYPTO",
        /// A news feed.
        News = "NEWS",
        /// A bill.
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
        /// Bought.
        Bought = "BOT",
        /// Sold.
        Sold = "SLD",
    }

    /// What an order hedges with. Wire name `hedgeType`.
    HedgeType: words {
        /// Delta.
        Delta = "D",
        /// Beta.
        Beta = "B",
        /// Currency.
        Currency = "F",
        /// Pair.
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
        /// Last, or bid or ask.
        LastOrBidAsk = 7,
        /// The midpoint.
        MidPoint = 8,
    }

    /// For whom an order is. Wire name `origin`.
    Origin: codes {
        /// A customer.
        Customer = 0,
        /// A firm.
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
        /// In none.
        None = 0,
        /// Match.
        Match = 1,
        /// Improvement.
        Improvement = 2,
        /// Transparent.
        Transparent = 3,
    }

    /// What a trailing amount of an adjusted order counts. Wire name `adjustableTrailingUnit`.
    TrailingUnit: codes {
        /// An amount of money.
        Amount = 0,
        /// Percent.
        Percent = 100,
    }

    /// Which kind of market data flows. Wire name `marketDataType`.
    MarketDataKind: codes {
        /// Live.
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

    /// What a market data tick tells. Wire name `tickType`.
    TickKind: codes {
        /// Size at the bid.
        BidSize = 0,
        /// Best bid.
        Bid = 1,
        /// Best ask.
        Ask = 2,
        /// Size at the ask.
        AskSize = 3,
        /// Last trade.
        Last = 4,
        /// Size of the last trade.
        LastSize = 5,
        /// High of the day.
        High = 6,
        /// Low of the day.
        Low = 7,
        /// Volume of the day.
        Volume = 8,
        /// Close of the day before.
        Close = 9,
        /// Option computation from the bid.
        BidOption = 10,
        /// Option computation from the ask.
        AskOption = 11,
        /// Option computation from the last trade.
        LastOption = 12,
        /// Option computation from the model.
        ModelOption = 13,
        /// Open of the day.
        Open = 14,
        /// Low of 13 weeks.
        Low13Weeks = 15,
        /// High of 13 weeks.
        High13Weeks = 16,
        /// Low of 26 weeks.
        Low26Weeks = 17,
        /// High of 26 weeks.
        High26Weeks = 18,
        /// Low of 52 weeks.
        Low52Weeks = 19,
        /// High of 52 weeks.
        High52Weeks = 20,
        /// Average volume.
        AverageVolume = 21,
        /// Open interest.
        OpenInterest = 22,
        /// Historical volatility of the option's stock.
        OptionHistoricalVolatility = 23,
        /// Implied volatility of the option's stock.
        OptionImpliedVolatility = 24,
        /// Bid of the option exchange.
        OptionBidExchange = 25,
        /// Ask of the option exchange.
        OptionAskExchange = 26,
        /// Open interest of calls.
        CallOpenInterest = 27,
        /// Open interest of puts.
        PutOpenInterest = 28,
        /// Volume of calls.
        CallVolume = 29,
        /// Volume of puts.
        PutVolume = 30,
        /// Premium of an index future.
        IndexFuturePremium = 31,
        /// Exchanges at the bid.
        BidExchange = 32,
        /// Exchanges at the ask.
        AskExchange = 33,
        /// Volume of the auction.
        AuctionVolume = 34,
        /// Price of the auction.
        AuctionPrice = 35,
        /// Imbalance of the auction.
        AuctionImbalance = 36,
        /// Mark price.
        MarkPrice = 37,
        /// Time of the last trade, seconds since the epoch.
        LastTimestamp = 45,
        /// How short sales stand.
        Shortable = 46,
        /// Fundamental ratios.
        FundamentalRatios = 47,
        /// Real-time volume, as one string.
        RealTimeVolume = 48,
        /// Whether trading is halted.
        Halted = 49,
        /// Yield at the bid.
        BidYield = 50,
        /// Yield at the ask.
        AskYield = 51,
        /// Yield of the last trade.
        LastYield = 52,
        /// A custom option computation.
        CustomOption = 53,
        /// Trades of the day.
        TradeCount = 54,
        /// Trades a minute.
        TradeRate = 55,
        /// Volume a minute.
        VolumeRate = 56,
        /// Last trade inside regular hours.
        LastRegularHours = 57,
        /// Historical volatility of 30 days.
        RealTimeHistoricalVolatility = 58,
        /// Dividends.
        Dividends = 59,
        /// Regulatory imbalance.
        RegulatoryImbalance = 61,
        /// News.
        NewsTick = 62,
        /// Volume of 3 minutes.
        ShortTermVolume3Minutes = 63,
        /// Volume of 5 minutes.
        ShortTermVolume5Minutes = 64,
        /// Volume of 10 minutes.
        ShortTermVolume10Minutes = 65,
        /// Delayed bid.
        DelayedBid = 66,
        /// Delayed ask.
        DelayedAsk = 67,
        /// Delayed last trade.
        DelayedLast = 68,
        /// Delayed size at the bid.
        DelayedBidSize = 69,
        /// Delayed size at the ask.
        DelayedAskSize = 70,
        /// Delayed size of the last trade.
        DelayedLastSize = 71,
        /// Delayed high.
        DelayedHigh = 72,
        /// Delayed low.
        DelayedLow = 73,
        /// Delayed volume.
        DelayedVolume = 74,
        /// Delayed close.
        DelayedClose = 75,
        /// Delayed open.
        DelayedOpen = 76,
        /// Volume of real trades, as one string.
        RealTimeTradeVolume = 77,
        /// Creditman mark price.
        CreditmanMarkPrice = 78,
        /// Creditman slow mark price.
        CreditmanSlowMarkPrice = 79,
        /// Delayed option computation from the bid.
        DelayedBidOption = 80,
        /// Delayed option computation from the ask.
        DelayedAskOption = 81,
        /// Delayed option computation from the last trade.
        DelayedLastOption = 82,
        /// Delayed option computation from the model.
        DelayedModelOption = 83,
        /// Exchange of the last trade.
        LastExchange = 84,
        /// Regulatory time of the last trade.
        LastRegulatoryTime = 85,
        /// Open interest of futures.
        FuturesOpenInterest = 86,
        /// Average volume of options.
        AverageOptionVolume = 87,
        /// Delayed time of the last trade.
        DelayedLastTimestamp = 88,
        /// Shares that can be shorted.
        ShortableShares = 89,
        /// Delayed halt.
        DelayedHalted = 90,
        /// Reuters mutual funds.
        ReutersMutualFunds = 91,
        /// Close of an exchange-traded fund's net asset value.
        EtfNavClose = 92,
        /// Prior close of the net asset value.
        EtfNavPriorClose = 93,
        /// Bid of the net asset value.
        EtfNavBid = 94,
        /// Ask of the net asset value.
        EtfNavAsk = 95,
        /// Last net asset value.
        EtfNavLast = 96,
        /// Frozen last net asset value.
        EtfNavFrozenLast = 97,
        /// High of the net asset value.
        EtfNavHigh = 98,
        /// Low of the net asset value.
        EtfNavLow = 99,
        /// Social market analytics.
        SocialMarketAnalytics = 100,
        /// Estimated midpoint of a coming listing.
        EstimatedIpoMidpoint = 101,
        /// Final price of a listing.
        FinalIpoPrice = 102,
        /// Delayed bid yield.
        DelayedYieldBid = 103,
        /// Delayed ask yield.
        DelayedYieldAsk = 104,
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
