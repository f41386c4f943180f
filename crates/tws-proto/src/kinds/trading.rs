//! Closed sets of orders and contracts that few orders need.

use crate::declare::closed_set;

closed_set! {
    /// Whether an order opens or closes a position (institutions). Wire name `openClose`.
    OpenClose: words {
        Open = "O",
        Close = "C",
    }

    /// Whether a leg opens or closes a position. Wire name `openClose` of a leg.
    LegOpenClose: codes {
        /// As the combination does.
        Same = 0,
        Open = 1,
        Close = 2,
        /// Not known.
        Unknown = 3,
    }

    /// Where the shares of a short sale are held. Wire name `shortSaleSlot`.
    ShortSaleSlot: codes {
        /// It is no short sale, or a private person's.
        None = 0,
        /// At the clearing broker.
        Broker = 1,
        /// Somewhere else, which the designated location names.
        Elsewhere = 2,
    }

    /// Where a trade is to clear. Wire name `clearingIntent`.
    ClearingIntent: words {
        Ib = "IB",
        /// Somewhere else.
        Away = "Away",
        /// By allocation after the trade.
        PostTradeAllocation = "PTA",
    }

    /// Kind of customer under rule 80A. Wire name `rule80A`.
    Rule80A: words {
        /// A private person.
        Individual = "I",
        Agency = "A",
        /// Agent for another member.
        AgentOtherMember = "W",
        /// A private person, program trade with index arbitrage.
        IndividualIndexArbitrage = "J",
        /// Agency, program trade with index arbitrage.
        AgencyIndexArbitrage = "U",
        /// Agent for another member, program trade with index arbitrage.
        AgentOtherMemberIndexArbitrage = "M",
        /// A private person, program trade.
        IndividualProgramTrade = "K",
        AgencyProgramTrade = "Y",
        /// Agent for another member, program trade.
        AgentOtherMemberProgramTrade = "N",
    }

    /// How an advisor's order is spread over the accounts of a group. Wire name `faMethod`.
    AllocationMethod: words {
        /// The same quantity each.
        EqualQuantity = "EqualQuantity",
        /// By equity with loan value that is free.
        AvailableEquity = "AvailableEquity",
        /// By net liquidation value.
        NetLiquidation = "NetLiq",
        /// By a percentage of the position that each has.
        PercentChange = "PctChange",
    }

    /// An algorithm of IB. Those of other firms, and those that come, are [`AlgoStrategy::Other`]. Wire name `algoStrategy`.
    AlgoStrategy: words {
        /// Urgent or patient, within the spread.
        Adaptive = "Adaptive",
        /// The midpoint at arrival is the mark.
        ArrivalPrice = "ArrivalPx",
        /// The close is the mark.
        ClosePrice = "ClosePx",
        /// Hides its size.
        DarkIce = "DarkIce",
        /// Equal parts over time, at random or exact intervals.
        AccumulateDistribute = "AD",
        /// A share of the volume.
        PercentOfVolume = "PctVol",
        /// A share of the volume that depends on the price.
        PriceVariantPercentOfVolume = "PctVolPx",
        /// A share of the volume that depends on what is left.
        SizeVariantPercentOfVolume = "PctVolSz",
        /// A share of the volume that depends on the time.
        TimeVariantPercentOfVolume = "PctVolTm",
        /// The average price by time is the mark.
        Twap = "Twap",
        /// The average price by volume is the mark.
        Vwap = "Vwap",
        /// Options: impact against risk.
        BalanceImpactRisk = "BalanceImpactRisk",
        /// Options: the least impact.
        MinimiseImpact = "MinImpact",
    }

    /// Who gave an order or a cancel, as CME rules want it told. Wire name `manualOrderIndicator`.
    ManualOrder: codes {
        /// A program.
        Automated = 0,
        /// A person.
        Manual = 1,
    }

    /// How an option came to its end. Wire name `optExerciseOrLapseType`.
    ExerciseOutcome: codes {
        /// Not told.
        None = -1,
        /// It was exercised.
        Exercised = 1,
        /// It was let lapse.
        Lapsed = 2,
        /// Nothing was done.
        Nothing = 3,
        /// It was assigned.
        Assigned = 100,
        /// Clearing exercised it by itself.
        ExercisedByClearing = 101,
        Expired = 102,
        /// It was netted.
        Netted = 103,
        /// It was exercised by itself while it traded.
        ExercisedByTrading = 200,
    }

    /// Kind of an identifier from outside IB. Wire name `secIdType`.
    SecurityIdType: words {
        /// International securities identification number.
        Isin = "ISIN",
        /// North American number, its check digit left out.
        Cusip = "CUSIP",
        /// British number, its check digit left out.
        Sedol = "SEDOL",
        /// Code of Reuters.
        Ric = "RIC",
        /// Global identifier of financial instruments.
        Figi = "FIGI",
    }

    /// What a fund does with its gains. Wire name `fundDistributionPolicyIndicator`.
    FundDistributionPolicy: words {
        /// Keeps them.
        Accumulation = "N",
        /// Pays them out.
        Income = "Y",
    }

    /// What a fund holds. Wire name `fundAssetType`.
    FundAssets: words {
        /// Something else.
        Others = "000",
        /// Money of short term.
        MoneyMarket = "001",
        /// Bonds.
        FixedIncome = "002",
        /// A mixture.
        MultiAsset = "003",
        /// Stocks.
        Equity = "004",
        Sector = "005",
        /// Something guaranteed.
        Guaranteed = "006",
        Alternative = "007",
    }
}
