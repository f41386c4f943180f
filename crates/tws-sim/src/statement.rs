//! The values of an account under the names TWS has for them.

use rust_decimal::Decimal;

use crate::books::{Account, Ledger, Valuation};

/// Label of the ledger of all currencies together.
pub(crate) const BASE: &str = "BASE";

/// One value of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) value: String,
    /// Empty where the value is no amount of money.
    pub(crate) currency: String,
}

/// Whether the values of accounts can be relied on; TWS says so itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountReadiness {
    /// They can.
    #[default]
    Ready,
    /// They cannot, as while TWS talks to IB anew.
    NotReady,
}

/// The values of an account at one moment.
pub(crate) struct Statement<'a> {
    pub(crate) account: &'a Account,
    pub(crate) valuation: &'a Valuation,
    pub(crate) readiness: AccountReadiness,
}

/// Values that TWS tells for the account, for its commodities (`-C`) and for its securities (`-S`).
const SEGMENTED: [&str; 24] = [
    "AccruedCash",
    "AccruedDividend",
    "AvailableFunds",
    "Billable",
    "EquityWithLoanValue",
    "ExcessLiquidity",
    "FullAvailableFunds",
    "FullExcessLiquidity",
    "FullInitMarginReq",
    "FullMaintMarginReq",
    "Guarantee",
    "IndianStockHaircut",
    "InitMarginReq",
    "LookAheadAvailableFunds",
    "LookAheadExcessLiquidity",
    "LookAheadInitMarginReq",
    "LookAheadMaintMarginReq",
    "MaintMarginReq",
    "NetLiquidation",
    "PASharesValue",
    "PhysicalCertificateValue",
    "PostExpirationExcess",
    "PostExpirationMargin",
    "TotalCashValue",
];
/// Values that TWS tells for the account and for its securities.
const OF_SECURITIES: [&str; 5] =
    ["GrossPositionValue", "PreviousDayEquityWithLoanValue", "RegTEquity", "RegTMargin", "SMA"];
/// Day trades that are left today and on the next four days: an account with margin has no limit.
const DAY_TRADES: [&str; 5] = [
    "DayTradesRemaining",
    "DayTradesRemainingT+1",
    "DayTradesRemainingT+2",
    "DayTradesRemainingT+3",
    "DayTradesRemainingT+4",
];
/// What a summary can be asked for, beside `$LEDGER`.
const SUMMARY: [&str; 33] = [
    "AccountType",
    "NetLiquidation",
    "TotalCashValue",
    "SettledCash",
    "AccruedCash",
    "BuyingPower",
    "EquityWithLoanValue",
    "PreviousEquityWithLoanValue",
    "PreviousDayEquityWithLoanValue",
    "GrossPositionValue",
    "RegTEquity",
    "RegTMargin",
    "SMA",
    "InitMarginReq",
    "MaintMarginReq",
    "AvailableFunds",
    "ExcessLiquidity",
    "Cushion",
    "FullInitMarginReq",
    "FullMaintMarginReq",
    "FullAvailableFunds",
    "FullExcessLiquidity",
    "LookAheadNextChange",
    "LookAheadInitMarginReq",
    "LookAheadMaintMarginReq",
    "LookAheadAvailableFunds",
    "LookAheadExcessLiquidity",
    "HighestSeverity",
    "DayTradesRemaining",
    "Leverage",
    "UnrealizedPnL",
    "RealizedPnL",
    "AccountReady",
];

/// Whether a summary can be asked for it.
pub(crate) fn is_summary_tag(tag: &str) -> bool {
    SUMMARY.contains(&tag) || DAY_TRADES.contains(&tag)
}

impl Statement<'_> {
    /// Everything that account updates tell, in the order of the names, the ledgers last.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = self.account_rows();
        rows.extend(self.ledger_rows());
        rows
    }

    /// The net liquidation value and the ledgers.
    pub(crate) fn ledger_and_net_liquidation(&self) -> Vec<Row> {
        let mut rows = vec![self.money("NetLiquidation", self.valuation.worth.net_liquidation)];
        rows.extend(self.ledger_rows());
        rows
    }

    /// The ledgers of all currencies, and the one of all together.
    pub(crate) fn ledger_rows(&self) -> Vec<Row> {
        let mut rows = self.ledger_of(BASE).unwrap_or_default();
        for currency in self.valuation.ledgers.keys() {
            rows.extend(self.ledger_of(currency).unwrap_or_default());
        }
        rows
    }

    /// The ledger of one currency, or of all together; `None` where the account has no such currency.
    pub(crate) fn ledger_of(&self, currency: &str) -> Option<Vec<Row>> {
        let (real, ledger) = if currency == BASE {
            (self.account.base_currency.as_str(), self.valuation.total())
        } else {
            let (currency, ledger) = self.valuation.ledgers.get_key_value(currency)?;
            (currency.as_str(), *ledger)
        };
        let Ledger { rate, cash, stocks, options, bonds, bills, funds, warrants, crypto, futures, .. } = ledger;
        let zero = Decimal::ZERO;
        let amounts = [
            ("AccruedCash", zero),
            ("CashBalance", cash),
            ("CorporateBondValue", bonds),
            ("Cryptocurrency", crypto),
            ("FundValue", funds),
            ("FutureOptionValue", zero),
            ("FuturesPNL", futures),
            ("FxCashBalance", zero),
            ("IssuerOptionValue", zero),
            ("MoneyMarketFundValue", zero),
            ("MutualFundValue", funds),
            ("NetDividend", zero),
            ("NetLiquidationByCurrency", ledger.net_liquidation()),
            ("OptionMarketValue", options),
            ("RealizedPnL", ledger.realized_today),
            ("StockMarketValue", stocks),
            ("TBillValue", bills),
            ("TBondValue", zero),
            ("TotalCashBalance", cash),
            ("UnrealizedPnL", ledger.unrealized),
            ("WarrantValue", warrants),
        ];
        let mut rows: Vec<Row> = amounts.into_iter().map(|(key, amount)| row(key, cents(amount), currency)).collect();
        rows.push(row("AccountOrGroup", self.account.name.clone(), currency));
        rows.push(row("Currency", currency, currency));
        rows.push(row("ExchangeRate", digits(rate, 7), currency));
        rows.push(row("RealCurrency", real, currency));
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        Some(rows)
    }

    /// One value of a summary; `None` for what [`is_summary_tag`] does not know.
    pub(crate) fn summary_row(&self, tag: &str) -> Option<Row> {
        let worth = &self.valuation.worth;
        Some(match tag {
            "AccountType" => row(tag, "INDIVIDUAL", ""),
            "AccountReady" => row(tag, self.ready(), ""),
            "Cushion" => row(tag, self.cushion(), ""),
            "HighestSeverity" | "LookAheadNextChange" => row(tag, "0", ""),
            "Leverage" => row(tag, self.leverage(), ""),
            _ if DAY_TRADES.contains(&tag) => row(tag, "-1", ""),
            "SettledCash" => self.money(tag, worth.cash),
            "UnrealizedPnL" => self.money(tag, worth.unrealized),
            "RealizedPnL" => self.money(tag, worth.realized_today),
            _ if is_summary_tag(tag) => self.money(tag, self.amount(tag)),
            _ => return None,
        })
    }

    fn account_rows(&self) -> Vec<Row> {
        let text = |key: &str, value: &str| row(key, value, "");
        let mut rows = vec![
            text("AccountCode", &self.account.name),
            text("AccountReady", self.ready()),
            text("AccountType", "INDIVIDUAL"),
            self.money("BuyingPower", self.amount("BuyingPower")),
            text("Cushion", &self.cushion()),
            text("Leverage-S", &self.leverage()),
            text("LookAheadNextChange", "0"),
            text("NLVAndMarginInReview", "false"),
            self.money("NetLiquidationUncertainty", Decimal::ZERO),
            text("SegmentTitle-C", "US Commodities"),
            text("SegmentTitle-S", "US Securities"),
            text("TradingType-S", "STKNOPT"),
            text("WhatIfPMEnabled", "true"),
        ];
        rows.extend(DAY_TRADES.iter().map(|key| text(key, "-1")));
        for key in SEGMENTED {
            let (whole, commodities) = (self.amount(key), self.amount_of_commodities(key));
            rows.push(self.money(key, whole));
            rows.push(self.money(&format!("{key}-C"), commodities));
            rows.push(self.money(&format!("{key}-S"), whole - commodities));
        }
        for key in OF_SECURITIES {
            rows.push(self.money(key, self.amount(key)));
            rows.push(self.money(&format!("{key}-S"), self.amount(key)));
        }
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows
    }

    fn amount(&self, key: &str) -> Decimal {
        let worth = &self.valuation.worth;
        let equity = worth.net_liquidation;
        match key {
            "NetLiquidation" | "EquityWithLoanValue" | "RegTEquity" => equity,
            "TotalCashValue" => worth.cash,
            "PreviousDayEquityWithLoanValue" | "PreviousEquityWithLoanValue" => self.account.equity_at_day_start,
            "BuyingPower" => (equity - worth.initial_margin).max(Decimal::ZERO) * Decimal::TWO,
            "GrossPositionValue" => worth.gross_position_value,
            "InitMarginReq" | "FullInitMarginReq" | "LookAheadInitMarginReq" | "RegTMargin" => worth.initial_margin,
            "MaintMarginReq" | "FullMaintMarginReq" | "LookAheadMaintMarginReq" => worth.maintenance_margin,
            "AvailableFunds" | "FullAvailableFunds" | "LookAheadAvailableFunds" | "SMA" => {
                equity - worth.initial_margin
            }
            "ExcessLiquidity" | "FullExcessLiquidity" | "LookAheadExcessLiquidity" => equity - worth.maintenance_margin,
            _ => Decimal::ZERO, // dividends, guarantees, haircuts: there are none here
        }
    }

    /// Futures lie in a segment of their own, which is fed with just the margin they need.
    fn amount_of_commodities(&self, key: &str) -> Decimal {
        let worth = &self.valuation.worth;
        let futures = self.valuation.total().futures;
        let (initial, maintenance) = (worth.initial_margin_of_futures, worth.maintenance_margin_of_futures);
        match key {
            "NetLiquidation" | "EquityWithLoanValue" => initial + futures,
            "TotalCashValue" => initial,
            "InitMarginReq" | "FullInitMarginReq" | "LookAheadInitMarginReq" => initial,
            "MaintMarginReq" | "FullMaintMarginReq" | "LookAheadMaintMarginReq" => maintenance,
            "AvailableFunds" | "FullAvailableFunds" | "LookAheadAvailableFunds" => futures,
            "ExcessLiquidity" | "FullExcessLiquidity" | "LookAheadExcessLiquidity" => initial + futures - maintenance,
            _ => Decimal::ZERO,
        }
    }

    fn ready(&self) -> &'static str {
        match self.readiness {
            AccountReadiness::Ready => "true",
            AccountReadiness::NotReady => "false",
        }
    }

    fn cushion(&self) -> String {
        let worth = &self.valuation.worth;
        let excess = worth.net_liquidation - worth.maintenance_margin;
        digits(excess.checked_div(worth.net_liquidation).unwrap_or_default(), 6)
    }

    fn leverage(&self) -> String {
        let worth = &self.valuation.worth;
        let part = worth.gross_position_value.checked_div(worth.net_liquidation).unwrap_or_default();
        format!("{:.2}", part.round_dp(2))
    }

    fn money(&self, key: &str, amount: Decimal) -> Row {
        row(key, cents(amount), &self.account.base_currency)
    }
}

fn row(key: &str, value: impl Into<String>, currency: &str) -> Row {
    Row { key: key.to_owned(), value: value.into(), currency: currency.to_owned() }
}

/// An amount of money in cents, as TWS writes it.
pub(crate) fn cents(amount: Decimal) -> String {
    let amount = amount.round_dp(2);
    let amount = if amount.is_zero() { Decimal::ZERO } else { amount }; // there is no -0.00
    format!("{amount:.2}")
}

fn digits(number: Decimal, count: u32) -> String {
    number.round_dp(count).normalize().to_string()
}
