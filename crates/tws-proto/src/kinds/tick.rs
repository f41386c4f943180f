//! What a market data tick tells.

use crate::declare::closed_set;

closed_set! {
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
