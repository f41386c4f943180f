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
        Same = 0: "As the combination does.",
        Open = 1,
        Close = 2,
        Unknown = 3: "Not known.",
    }

    /// Where the shares of a short sale are held. Wire name `shortSaleSlot`.
    ShortSaleSlot: codes {
        None = 0: "It is no short sale, or a private person's.",
        Broker = 1: "At the clearing broker.",
        Elsewhere = 2: "Somewhere else, which the designated location names.",
    }

    /// Where a trade is to clear. Wire name `clearingIntent`.
    ClearingIntent: words {
        Ib = "IB",
        Away = "Away": "Somewhere else.",
        PostTradeAllocation = "PTA": "By allocation after the trade.",
    }

    /// Kind of customer under rule 80A. Wire name `rule80A`.
    Rule80A: words {
        Individual = "I": "A private person.",
        Agency = "A",
        AgentOtherMember = "W": "Agent for another member.",
        IndividualIndexArbitrage = "J": "A private person, program trade with index arbitrage.",
        AgencyIndexArbitrage = "U": "Agency, program trade with index arbitrage.",
        AgentOtherMemberIndexArbitrage = "M": "Agent for another member, program trade with index arbitrage.",
        IndividualProgramTrade = "K": "A private person, program trade.",
        AgencyProgramTrade = "Y",
        AgentOtherMemberProgramTrade = "N": "Agent for another member, program trade.",
    }

    /// How an advisor's order is spread over the accounts of a group. Wire name `faMethod`.
    AllocationMethod: words {
        EqualQuantity = "EqualQuantity": "The same quantity each.",
        AvailableEquity = "AvailableEquity": "By equity with loan value that is free.",
        NetLiquidation = "NetLiq": "By net liquidation value.",
        PercentChange = "PctChange": "By a percentage of the position that each has.",
    }

    /// An algorithm of IB. Those of other firms, and those that come, are [`AlgoStrategy::Other`]. Wire name `algoStrategy`.
    AlgoStrategy: words {
        Adaptive = "Adaptive": "Urgent or patient, within the spread.",
        ArrivalPrice = "ArrivalPx": "The midpoint at arrival is the mark.",
        ClosePrice = "ClosePx": "The close is the mark.",
        DarkIce = "DarkIce": "Hides its size.",
        AccumulateDistribute = "AD": "Equal parts over time, at random or exact intervals.",
        PercentOfVolume = "PctVol": "A share of the volume.",
        PriceVariantPercentOfVolume = "PctVolPx": "A share of the volume that depends on the price.",
        SizeVariantPercentOfVolume = "PctVolSz": "A share of the volume that depends on what is left.",
        TimeVariantPercentOfVolume = "PctVolTm": "A share of the volume that depends on the time.",
        Twap = "Twap": "The average price by time is the mark.",
        Vwap = "Vwap": "The average price by volume is the mark.",
        BalanceImpactRisk = "BalanceImpactRisk": "Options: impact against risk.",
        MinimiseImpact = "MinImpact": "Options: the least impact.",
    }

    /// Who gave an order or a cancel, as CME rules want it told. Wire name `manualOrderIndicator`.
    ManualOrder: codes {
        Automated = 0: "A program.",
        Manual = 1: "A person.",
    }

    /// How an option came to its end. Wire name `optExerciseOrLapseType`.
    ExerciseOutcome: codes {
        None = -1: "Not told.",
        Exercised = 1: "It was exercised.",
        Lapsed = 2: "It was let lapse.",
        Nothing = 3: "Nothing was done.",
        Assigned = 100: "It was assigned.",
        ExercisedByClearing = 101: "Clearing exercised it by itself.",
        Expired = 102,
        Netted = 103: "It was netted.",
        ExercisedByTrading = 200: "It was exercised by itself while it traded.",
    }

    /// Kind of an identifier from outside IB. Wire name `secIdType`.
    SecurityIdType: words {
        Isin = "ISIN": "International securities identification number.",
        Cusip = "CUSIP": "North American number, its check digit left out.",
        Sedol = "SEDOL": "British number, its check digit left out.",
        Ric = "RIC": "Code of Reuters.",
        Figi = "FIGI": "Global identifier of financial instruments.",
    }

    /// What a fund does with its gains. Wire name `fundDistributionPolicyIndicator`.
    FundDistributionPolicy: words {
        Accumulation = "N": "Keeps them.",
        Income = "Y": "Pays them out.",
    }

    /// What a fund holds. Wire name `fundAssetType`.
    FundAssets: words {
        Others = "000": "Something else.",
        MoneyMarket = "001": "Money of short term.",
        FixedIncome = "002": "Bonds.",
        MultiAsset = "003": "A mixture.",
        Equity = "004": "Stocks.",
        Sector = "005",
        Guaranteed = "006": "Something guaranteed.",
        Alternative = "007",
    }
}
