//! What can be asked of market data: bar sizes, spans of time, further ticks, scans, values of an account.

use crate::declare::closed_set;
use crate::text::raw_text;

closed_set! {
    /// How much time a bar holds. TWS knows these sizes and no others. Wire name `barSizeSetting`.
    BarSize: words {
        Second1 = "1 secs",
        Seconds5 = "5 secs",
        Seconds10 = "10 secs",
        Seconds15 = "15 secs",
        Seconds30 = "30 secs",
        Minute1 = "1 min",
        Minutes2 = "2 mins",
        Minutes3 = "3 mins",
        Minutes5 = "5 mins",
        Minutes10 = "10 mins",
        Minutes15 = "15 mins",
        Minutes20 = "20 mins",
        Minutes30 = "30 mins",
        Hour1 = "1 hour",
        Hours2 = "2 hours",
        Hours3 = "3 hours",
        Hours4 = "4 hours",
        Hours8 = "8 hours",
        Day1 = "1 day",
        Week1 = "1 week",
        Month1 = "1 month",
    }

    /// Which single ticks flow. Wire name `tickType` of REQ_TICK_BY_TICK_DATA.
    TickByTickKind: words {
        /// Trades that count for the last price.
        Last = "Last",
        /// All trades, those off the book and of odd lots too.
        AllLast = "AllLast",
        /// Quotes.
        BidAsk = "BidAsk",
        /// Midpoints of the quotes.
        MidPoint = "MidPoint",
    }

    /// Further ticks that a market data request may ask for. Wire name `genericTickList`.
    GenericTick: codes {
        /// [`TickKind::CallVolume`](super::TickKind::CallVolume) and that of puts.
        OptionVolume = 100,
        /// [`TickKind::CallOpenInterest`](super::TickKind::CallOpenInterest) and that of puts.
        OptionOpenInterest = 101,
        /// [`TickKind::OptionHistoricalVolatility`](super::TickKind::OptionHistoricalVolatility).
        HistoricalVolatility = 104,
        /// [`TickKind::AverageOptionVolume`](super::TickKind::AverageOptionVolume).
        AverageOptionVolume = 105,
        /// [`TickKind::OptionImpliedVolatility`](super::TickKind::OptionImpliedVolatility).
        ImpliedVolatility = 106,
        /// [`TickKind::IndexFuturePremium`](super::TickKind::IndexFuturePremium).
        IndexFuturePremium = 162,
        /// Lows and highs of 13, 26 and 52 weeks, and the average volume.
        MiscellaneousStatistics = 165,
        /// [`TickKind::MarkPrice`](super::TickKind::MarkPrice).
        MarkPrice = 221,
        /// Volume, price and imbalance of an auction.
        Auction = 225,
        /// [`TickKind::RealTimeVolume`](super::TickKind::RealTimeVolume).
        RealTimeVolume = 233,
        /// [`TickKind::Shortable`](super::TickKind::Shortable) and how many shares.
        Shortable = 236,
        /// [`TickKind::FundamentalRatios`](super::TickKind::FundamentalRatios).
        FundamentalRatios = 258,
        /// Headlines.
        News = 292,
        /// [`TickKind::TradeCount`](super::TickKind::TradeCount).
        TradeCount = 293,
        /// [`TickKind::TradeRate`](super::TickKind::TradeRate).
        TradeRate = 294,
        /// [`TickKind::VolumeRate`](super::TickKind::VolumeRate).
        VolumeRate = 295,
        /// [`TickKind::LastRegularHours`](super::TickKind::LastRegularHours).
        LastRegularHours = 318,
        /// [`TickKind::RealTimeTradeVolume`](super::TickKind::RealTimeTradeVolume).
        RealTimeTradeVolume = 375,
        /// [`TickKind::RealTimeHistoricalVolatility`](super::TickKind::RealTimeHistoricalVolatility).
        RealTimeHistoricalVolatility = 411,
        /// [`TickKind::Dividends`](super::TickKind::Dividends).
        Dividends = 456,
        BondMultiplier = 460,
        /// Bid and ask of a fund's net asset value.
        EtfNavBidAsk = 576,
        /// Last net asset value of a fund.
        EtfNavLast = 577,
        /// Close of a fund's net asset value, and the one before.
        EtfNavClose = 578,
        /// Estimated and final price of a listing.
        IpoPrices = 586,
        /// [`TickKind::FuturesOpenInterest`](super::TickKind::FuturesOpenInterest).
        FuturesOpenInterest = 588,
        /// Volume of 3, 5 and 10 minutes.
        ShortTermVolume = 595,
        /// High and low of a fund's net asset value.
        EtfNavHighLow = 614,
        /// [`TickKind::CreditmanSlowMarkPrice`](super::TickKind::CreditmanSlowMarkPrice).
        SlowMarkPrice = 619,
        /// Frozen last net asset value of a fund.
        EtfNavFrozenLast = 623,
    }

    /// What a scan ranks by; the scanner's parameters list some hundred more, kept as [`ScanCode::Other`].
    /// Wire name `scanCode`.
    ScanCode: words {
        TopPercentGain = "TOP_PERC_GAIN",
        TopPercentLoss = "TOP_PERC_LOSE",
        MostActive = "MOST_ACTIVE",
        MostActiveByValue = "MOST_ACTIVE_USD",
        HotByVolume = "HOT_BY_VOLUME",
        HotByPrice = "HOT_BY_PRICE",
        HotByPriceRange = "HOT_BY_PRICE_RANGE",
        HotByOptionVolume = "HOT_BY_OPT_VOLUME",
        TopVolumeRate = "TOP_VOLUME_RATE",
        TopTradeCount = "TOP_TRADE_COUNT",
        TopTradeRate = "TOP_TRADE_RATE",
        TopPriceRange = "TOP_PRICE_RANGE",
        TopOpenPercentGain = "TOP_OPEN_PERC_GAIN",
        TopOpenPercentLoss = "TOP_OPEN_PERC_LOSE",
        HighOpenGap = "HIGH_OPEN_GAP",
        LowOpenGap = "LOW_OPEN_GAP",
        Halted = "HALTED",
        NotOpen = "NOT_OPEN",
        High13Weeks = "HIGH_VS_13W_HL",
        Low13Weeks = "LOW_VS_13W_HL",
        High26Weeks = "HIGH_VS_26W_HL",
        Low26Weeks = "LOW_VS_26W_HL",
        High52Weeks = "HIGH_VS_52W_HL",
        Low52Weeks = "LOW_VS_52W_HL",
        HighDividendYield = "HIGH_DIVIDEND_YIELD_IB",
        HighImpliedVolatility = "HIGH_OPT_IMP_VOLAT",
        LowImpliedVolatility = "LOW_OPT_IMP_VOLAT",
        TopImpliedVolatilityGain = "TOP_OPT_IMP_VOLAT_GAIN",
        TopImpliedVolatilityLoss = "TOP_OPT_IMP_VOLAT_LOSE",
        MostActiveOptions = "OPT_VOLUME_MOST_ACTIVE",
        MostActiveOptionsByOpenInterest = "OPT_OPEN_INTEREST_MOST_ACTIVE",
        HighPutCallVolume = "HIGH_OPT_VOLUME_PUT_CALL_RATIO",
        LowPutCallVolume = "LOW_OPT_VOLUME_PUT_CALL_RATIO",
    }

    /// Which stocks a scan looks at. Wire name `stockTypeFilter`.
    StockFilter: words {
        All = "ALL",
        /// Those of corporations.
        Corporations = "CORP",
        /// American depositary receipts.
        DepositaryReceipts = "ADR",
        ExchangeTradedFunds = "ETF",
        /// Real estate investment trusts.
        RealEstateTrusts = "REIT",
        ClosedEndFunds = "CEF",
    }

    /// What an exchange tells of its book. Wire name `serviceDataType`.
    DepthService: words {
        /// Levels, without the names behind them.
        Levels = "Deep",
        /// Levels with the market makers' names.
        MarketMakers = "Deep2",
    }

    /// A value of the account summary. Wire name `tag`.
    AccountTag: words {
        AccountType = "AccountType",
        NetLiquidation = "NetLiquidation",
        TotalCashValue = "TotalCashValue",
        SettledCash = "SettledCash",
        AccruedCash = "AccruedCash",
        BuyingPower = "BuyingPower",
        EquityWithLoanValue = "EquityWithLoanValue",
        PreviousDayEquityWithLoanValue = "PreviousDayEquityWithLoanValue",
        GrossPositionValue = "GrossPositionValue",
        RegTEquity = "RegTEquity",
        RegTMargin = "RegTMargin",
        SpecialMemorandumAccount = "SMA",
        InitialMargin = "InitMarginReq",
        MaintenanceMargin = "MaintMarginReq",
        AvailableFunds = "AvailableFunds",
        ExcessLiquidity = "ExcessLiquidity",
        Cushion = "Cushion",
        FullInitialMargin = "FullInitMarginReq",
        FullMaintenanceMargin = "FullMaintMarginReq",
        FullAvailableFunds = "FullAvailableFunds",
        FullExcessLiquidity = "FullExcessLiquidity",
        LookAheadNextChange = "LookAheadNextChange",
        LookAheadInitialMargin = "LookAheadInitMarginReq",
        LookAheadMaintenanceMargin = "LookAheadMaintMarginReq",
        LookAheadAvailableFunds = "LookAheadAvailableFunds",
        LookAheadExcessLiquidity = "LookAheadExcessLiquidity",
        HighestSeverity = "HighestSeverity",
        DayTradesRemaining = "DayTradesRemaining",
        Leverage = "Leverage",
        /// Asks for the cash balances of the base currency, `$LEDGER:ALL` for those of all; never an answer.
        Ledger = "$LEDGER",
        LedgerOfAllCurrencies = "$LEDGER:ALL",
    }

    /// A unit of a span of time. Wire name: the letter in `durationStr`.
    DurationUnit: words {
        Second = "S",
        Day = "D",
        Week = "W",
        Month = "M",
        Year = "Y",
    }
}

impl BarSize {
    /// How many seconds a bar holds; `None` for months, which differ, and for sizes that are not known.
    #[must_use]
    pub const fn seconds(&self) -> Option<u32> {
        Some(match self {
            Self::Second1 => 1,
            Self::Seconds5 => 5,
            Self::Seconds10 => 10,
            Self::Seconds15 => 15,
            Self::Seconds30 => 30,
            Self::Minute1 => 60,
            Self::Minutes2 => 120,
            Self::Minutes3 => 180,
            Self::Minutes5 => 300,
            Self::Minutes10 => 600,
            Self::Minutes15 => 900,
            Self::Minutes20 => 1_200,
            Self::Minutes30 => 1_800,
            Self::Hour1 => 3_600,
            Self::Hours2 => 7_200,
            Self::Hours3 => 10_800,
            Self::Hours4 => 14_400,
            Self::Hours8 => 28_800,
            Self::Day1 => 86_400,
            Self::Week1 => 604_800,
            Self::Month1 | Self::Other(_) => return None,
        })
    }
}

raw_text! {
    /// A span of time: `3600 S`, `10 D`, `2 W`, `6 M`, `1 Y`; of histograms `3 days`. Wire name `durationStr`, `timePeriod`.
    ///
    /// ```
    /// use tws_proto::kinds::{DurationText, DurationUnit};
    /// assert_eq!(DurationText::of(10, DurationUnit::Day), "10 D");
    /// assert_eq!(DurationText::from("3 days").read(), Some((3, DurationUnit::Day)));
    /// ```
    DurationText;
    /// Generic ticks by number, separated by commas. Wire name `genericTickList`.
    ///
    /// ```
    /// use tws_proto::kinds::{GenericTick, GenericTicks};
    /// let ticks: GenericTicks = [GenericTick::RealTimeVolume, GenericTick::Shortable].into_iter().collect();
    /// assert_eq!(ticks, "233,236");
    /// assert!(ticks.contains(GenericTick::Shortable));
    /// ```
    GenericTicks;
    /// Values of the account summary, separated by commas. Wire name `tags`.
    ///
    /// ```
    /// use tws_proto::kinds::{AccountTag, AccountTags};
    /// let tags: AccountTags = [AccountTag::NetLiquidation, AccountTag::BuyingPower].into_iter().collect();
    /// assert_eq!(tags, "NetLiquidation,BuyingPower");
    /// ```
    AccountTags;
}

impl DurationText {
    /// So many units.
    #[must_use]
    pub fn of(count: u32, unit: DurationUnit) -> Self {
        Self(format!("{count} {unit}"))
    }

    /// How many of which unit; `None` where it is spelled in another way.
    #[must_use]
    pub fn read(&self) -> Option<(u32, DurationUnit)> {
        let (count, unit) = self.trim().split_once(' ')?;
        let unit = match unit.trim_start() {
            "S" | "sec" | "secs" | "second" | "seconds" => DurationUnit::Second,
            "D" | "day" | "days" => DurationUnit::Day,
            "W" | "week" | "weeks" => DurationUnit::Week,
            "M" | "month" | "months" => DurationUnit::Month,
            "Y" | "year" | "years" => DurationUnit::Year,
            _ => return None,
        };
        count.parse().ok().map(|count| (count, unit))
    }
}

impl GenericTicks {
    /// The ticks; entries that are no numbers are passed over, and a letter behind a number (`292:BRFG`) is cut off.
    pub fn iter(&self) -> impl Iterator<Item = GenericTick> {
        let number = |entry: &str| entry.split(':').next().and_then(|number| number.trim().parse::<i32>().ok());
        self.split(',').filter_map(number).map(GenericTick::from)
    }

    /// Whether a tick is asked for.
    #[must_use]
    pub fn contains(&self, tick: GenericTick) -> bool {
        self.iter().any(|asked| asked == tick)
    }
}

impl FromIterator<GenericTick> for GenericTicks {
    fn from_iter<I: IntoIterator<Item = GenericTick>>(ticks: I) -> Self {
        Self(ticks.into_iter().map(|tick| tick.code().to_string()).collect::<Vec<_>>().join(","))
    }
}

impl AccountTags {
    /// The tags, empty entries passed over.
    pub fn iter(&self) -> impl Iterator<Item = AccountTag> {
        self.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(AccountTag::from)
    }
}

impl FromIterator<AccountTag> for AccountTags {
    fn from_iter<I: IntoIterator<Item = AccountTag>>(tags: I) -> Self {
        Self(tags.into_iter().map(String::from).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_both_spellings() {
        let rows = [
            ("3600 S", Some((3600, DurationUnit::Second))),
            ("2 W", Some((2, DurationUnit::Week))),
            ("1 month", Some((1, DurationUnit::Month))),
            (" 1  Y ", Some((1, DurationUnit::Year))),
            ("D", None),
            ("-1 D", None),
            ("1 H", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(DurationText::from(text).read(), expected, "{text}");
        }
    }

    #[test]
    fn lists_are_read_as_far_as_they_go() {
        let ticks: Vec<_> = GenericTicks::from("233, 292:BRFG,,x,999").iter().collect();
        assert_eq!(ticks, [GenericTick::RealTimeVolume, GenericTick::News, GenericTick::Other(999)]);
        let tags: Vec<_> = AccountTags::from("Cushion, $LEDGER:EUR,").iter().collect();
        assert_eq!(tags, [AccountTag::Cushion, AccountTag::Other("$LEDGER:EUR".to_owned())]);
    }
}
