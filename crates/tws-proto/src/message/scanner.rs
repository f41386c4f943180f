//! Scanners: the contracts of a market by a rank.

use rust_decimal::Decimal;

use crate::body::{body, fields};
use crate::contract::Contract;
use crate::error::Result;
use crate::ids::RequestId;
use crate::kinds::{ScanCode, StockFilter};
use crate::tags::TagValue;
use crate::time::TimeText;
use crate::wire::{Layout, Wire, layout};

body! {
    /// Asks which scanners there are. `REQ_SCANNER_PARAMETERS`, method `reqScannerParameters`.
    /// Answered by [`ScannerParameters`].
    RequestScannerParameters, version "1" {}

    /// Which scanners there are. `SCANNER_PARAMETERS`, callback `scannerParameters`.
    ScannerParameters, version "1" {
        /// An XML document of some hundred kilobytes.
        escaped 1 "xml" xml: String,
    }

    /// Asks for the contracts that a scanner finds. `REQ_SCANNER_SUBSCRIPTION`, method `reqScannerSubscription`.
    /// Answered by [`ScannerData`] until [`CancelScanner`].
    RequestScanner {
        1 "reqId" request_id: RequestId,
        /// Which scanner.
        nested 2 "subscription" "scannerSubscription" scanner: Scanner,
    }

    /// What a scanner looks for. Wire name `ScannerSubscription`.
    #[serde(default)]
    Scanner {
        /// At most 50.
        1 "numberOfRows" rows: Option<i32>,
        /// Kind of instrument, `STK`.
        2 "instrument" instrument: String,
        /// Where, `STK.US.MAJOR`.
        3 "locationCode" location: String,
        /// What the rank is.
        4 "scanCode" scan: Option<ScanCode>,
        5 "abovePrice" price_min: Option<Decimal>,
        6 "belowPrice" price_max: Option<Decimal>,
        7 "aboveVolume" volume_min: Option<i64>,
        8 "marketCapAbove" market_capitalisation_min: Option<Decimal>,
        9 "marketCapBelow" market_capitalisation_max: Option<Decimal>,
        10 "moodyRatingAbove" moody_rating_min: String,
        11 "moodyRatingBelow" moody_rating_max: String,
        12 "spRatingAbove" sp_rating_min: String,
        13 "spRatingBelow" sp_rating_max: String,
        14 "maturityDateAbove" maturity_date_min: TimeText,
        15 "maturityDateBelow" maturity_date_max: TimeText,
        16 "couponRateAbove" coupon_rate_min: Option<Decimal>,
        17 "couponRateBelow" coupon_rate_max: Option<Decimal>,
        /// Leave out convertible bonds.
        18 "excludeConvertible" exclude_convertible: bool,
        19 "averageOptionVolumeAbove" average_option_volume_min: Option<i64>,
        20 "scannerSettingPairs" setting_pairs: String,
        /// Which stocks.
        21 "stockTypeFilter" stock_type: Option<StockFilter>,
        /// Further filters.
        tag_string 22 "scannerSubscriptionFilterOptions" filters: Vec<TagValue>,
        /// Open-ended options.
        tag_string 23 "scannerSubscriptionOptions" options: Vec<TagValue>,
    }

    /// Ends the stream of a scanner. `CANCEL_SCANNER_SUBSCRIPTION`, method `cancelScannerSubscription`.
    CancelScanner, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// What a scanner found, all of it each time. `SCANNER_DATA`, callbacks `scannerData`, `scannerDataEnd`.
    ScannerData, version "3" {
        1 "reqId" request_id: RequestId,
        /// The contracts by rank.
        list 2 "scannerDataElement" rows: Vec<ScannerRow>,
    }
}

fields! {
    /// A contract that a scanner found. Wire name `ScannerDataElement`.
    ScannerRow {
        /// From 0.
        "rank" rank: Option<i32>,
        "contract" contract: Contract,
        "marketName" market_name: String,
        "distance" distance: String,
        "benchmark" benchmark: String,
        "projection" projection: String,
        /// Legs of a combination, described.
        "legsStr" "comboKey" legs: String,
    }
}

impl Layout for ScannerRow {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { rank, contract, market_name, distance, benchmark, projection, legs } = self;
        layout!(w; 1 rank);
        if w.is_text() {
            contract.text_of_scanner(market_name, w)?;
        } else {
            layout!(w; nested 2 contract, 3 market_name);
        }
        layout!(w; 4 distance, 5 benchmark, 6 projection, 7 legs);
        Ok(())
    }
}

impl Contract {
    /// Neither multiplier nor primary exchange; the name of the market stands among the fields of the contract.
    fn text_of_scanner(&mut self, market_name: &mut String, w: &mut Wire<'_>) -> Result<()> {
        let Self { contract_id, symbol, security_type, last_trade_date_or_month, strike, right, multiplier, .. } = self;
        layout!(w; 1 contract_id, 2 symbol, 3 security_type, 4 last_trade_date_or_month, 5 strike, 6 right,
            proto_only 7 multiplier);
        let Self { exchange, primary_exchange, currency, local_symbol, trading_class, .. } = self;
        layout!(w; 8 exchange, proto_only 9 primary_exchange, 10 currency, 11 local_symbol, 3 market_name, 12 trading_class);
        self.text_without_identifiers(w)?;
        self.text_without_extras(w)?;
        self.text_without_legs(w)
    }
}
