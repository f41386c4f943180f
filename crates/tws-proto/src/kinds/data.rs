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
        Last = "Last": "Trades that count for the last price.",
        AllLast = "AllLast": "All trades, those off the book and of odd lots too.",
        BidAsk = "BidAsk": "Quotes.",
        MidPoint = "MidPoint": "Midpoints of the quotes.",
    }

    /// Further ticks that a market data request may ask for; without another word, the [`TickKind`](super::TickKind) of that
    /// name. Wire name `genericTickList`.
    GenericTick: codes {
        OptionVolume = 100: "[`TickKind::CallVolume`](super::TickKind::CallVolume) and that of puts.",
        OptionOpenInterest = 101: "[`TickKind::CallOpenInterest`](super::TickKind::CallOpenInterest) and that of puts.",
        HistoricalVolatility = 104: "[`TickKind::OptionHistoricalVolatility`](super::TickKind::OptionHistoricalVolatility).",
        AverageOptionVolume = 105,
        ImpliedVolatility = 106: "[`TickKind::OptionImpliedVolatility`](super::TickKind::OptionImpliedVolatility).",
        IndexFuturePremium = 162,
        MiscellaneousStatistics = 165: "Lows and highs of 13, 26 and 52 weeks, and the average volume.",
        MarkPrice = 221,
        Auction = 225: "Volume, price and imbalance of an auction.",
        RealTimeVolume = 233,
        Shortable = 236: "[`TickKind::Shortable`](super::TickKind::Shortable) and how many shares.",
        FundamentalRatios = 258,
        News = 292: "Headlines.",
        TradeCount = 293,
        TradeRate = 294,
        VolumeRate = 295,
        LastRegularHours = 318,
        RealTimeTradeVolume = 375,
        RealTimeHistoricalVolatility = 411,
        Dividends = 456,
        BondMultiplier = 460,
        EtfNavBidAsk = 576: "Bid and ask of a fund's net asset value.",
        EtfNavLast = 577: "Last net asset value of a fund.",
        EtfNavClose = 578: "Close of a fund's net asset value, and the one before.",
        IpoPrices = 586: "Estimated and final price of a listing.",
        FuturesOpenInterest = 588,
        ShortTermVolume = 595: "Volume of 3, 5 and 10 minutes.",
        EtfNavHighLow = 614: "High and low of a fund's net asset value.",
        SlowMarkPrice = 619: "[`TickKind::CreditmanSlowMarkPrice`](super::TickKind::CreditmanSlowMarkPrice).",
        EtfNavFrozenLast = 623: "Frozen last net asset value of a fund.",
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
        Corporations = "CORP": "Those of corporations.",
        DepositaryReceipts = "ADR": "American depositary receipts.",
        ExchangeTradedFunds = "ETF",
        RealEstateTrusts = "REIT": "Real estate investment trusts.",
        ClosedEndFunds = "CEF",
    }

    /// What an exchange tells of its book. Wire name `serviceDataType`.
    DepthService: words {
        Levels = "Deep": "Levels, without the names behind them.",
        MarketMakers = "Deep2": "Levels with the market makers' names.",
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
    /// How many seconds a bar holds; `None` for months, which differ, and for sizes that are spelled in another way.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        let (count, unit) = self.as_str().split_once(' ')?;
        let unit_s: u32 = match unit {
            "secs" => 1,
            "min" | "mins" => 60,
            "hour" | "hours" => 3_600,
            "day" => 86_400,
            "week" => 604_800,
            _ => return None,
        };
        count.parse().ok().and_then(|count: u32| count.checked_mul(unit_s))
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
    fn bars_hold_so_many_seconds() {
        for (size, seconds) in [("1 secs", 1), ("30 mins", 1_800), ("8 hours", 28_800), ("1 week", 604_800)] {
            assert_eq!(BarSize::from(size).seconds(), Some(seconds), "{size}");
        }
        let without = BarSize::KNOWN.iter().filter(|size| size.seconds().is_none());
        assert_eq!(without.collect::<Vec<_>>(), [&BarSize::Month1]);
        assert_eq!(BarSize::from("9999999999 secs").seconds(), None);
    }

    #[test]
    fn lists_are_read_as_far_as_they_go() {
        let ticks: Vec<_> = GenericTicks::from("233, 292:BRFG,,x,999").iter().collect();
        assert_eq!(ticks, [GenericTick::RealTimeVolume, GenericTick::News, GenericTick::Other(999)]);
        let tags: Vec<_> = AccountTags::from("Cushion, $LEDGER:EUR,").iter().collect();
        assert_eq!(tags, [AccountTag::Cushion, AccountTag::Other("$LEDGER:EUR".to_owned())]);
    }
}
