//! What a market data tick tells.

use crate::declare::closed_set;

closed_set! {
    /// What a market data tick tells. Wire name `tickType`.
    TickKind: codes {
        BidSize = 0,
        /// Best bid.
        Bid = 1,
        /// Best ask.
        Ask = 2,
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
        Low13Weeks = 15,
        High13Weeks = 16,
        Low26Weeks = 17,
        High26Weeks = 18,
        Low52Weeks = 19,
        High52Weeks = 20,
        AverageVolume = 21,
        OpenInterest = 22,
        /// Historical volatility of the option's stock.
        OptionHistoricalVolatility = 23,
        /// Implied volatility of the option's stock.
        OptionImpliedVolatility = 24,
        OptionBidExchange = 25,
        OptionAskExchange = 26,
        CallOpenInterest = 27,
        PutOpenInterest = 28,
        CallVolume = 29,
        PutVolume = 30,
        IndexFuturePremium = 31,
        BidExchange = 32,
        AskExchange = 33,
        AuctionVolume = 34,
        AuctionPrice = 35,
        AuctionImbalance = 36,
        MarkPrice = 37,
        /// Time of the last trade, seconds since the epoch.
        LastTimestamp = 45,
        /// How short sales stand.
        Shortable = 46,
        FundamentalRatios = 47,
        /// Real-time volume, as one string.
        RealTimeVolume = 48,
        /// Whether trading is halted.
        Halted = 49,
        BidYield = 50,
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
        Dividends = 59,
        RegulatoryImbalance = 61,
        NewsTick = 62,
        ShortTermVolume3Minutes = 63,
        ShortTermVolume5Minutes = 64,
        ShortTermVolume10Minutes = 65,
        DelayedBid = 66,
        DelayedAsk = 67,
        /// Delayed last trade.
        DelayedLast = 68,
        DelayedBidSize = 69,
        DelayedAskSize = 70,
        /// Delayed size of the last trade.
        DelayedLastSize = 71,
        DelayedHigh = 72,
        DelayedLow = 73,
        DelayedVolume = 74,
        DelayedClose = 75,
        DelayedOpen = 76,
        /// Volume of real trades, as one string.
        RealTimeTradeVolume = 77,
        CreditmanMarkPrice = 78,
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
        FuturesOpenInterest = 86,
        AverageOptionVolume = 87,
        /// Delayed time of the last trade.
        DelayedLastTimestamp = 88,
        /// Shares that can be shorted.
        ShortableShares = 89,
        /// Delayed halt.
        DelayedHalted = 90,
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
        SocialMarketAnalytics = 100,
        /// Estimated midpoint of a coming listing.
        EstimatedIpoMidpoint = 101,
        /// Final price of a listing.
        FinalIpoPrice = 102,
        DelayedYieldBid = 103,
        DelayedYieldAsk = 104,
    }
}
