//! Scanners: the contracts of a market by a rank.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::error::Result;
use crate::ids::RequestId;
use crate::kinds::{ScanCode, StockFilter};
use crate::tags::TagValue;
use crate::time::TimeText;
use crate::wire::{Layout, Wire, layout};

/// Asks which scanners there are. `REQ_SCANNER_PARAMETERS`, method `reqScannerParameters`.
/// Answered by [`ScannerParameters`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestScannerParameters {}
layout!(RequestScannerParameters, version "1" {});

/// Which scanners there are. `SCANNER_PARAMETERS`, callback `scannerParameters`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannerParameters {
    /// An XML document of some hundred kilobytes. Wire name `xml`.
    pub xml: String,
}
layout!(ScannerParameters, version "1" { escaped 1 xml });

/// Asks for the contracts that a scanner finds. `REQ_SCANNER_SUBSCRIPTION`, method `reqScannerSubscription`.
/// Answered by [`ScannerData`] until [`CancelScanner`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestScanner {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Which scanner. Wire name `subscription`, `scannerSubscription`.
    pub scanner: Scanner,
}
layout!(RequestScanner { 1 request_id, nested 2 scanner });

/// What a scanner looks for. Wire name `ScannerSubscription`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scanner {
    /// At most 50. Wire name `numberOfRows`.
    pub rows: Option<i32>,
    /// Kind of instrument, `STK`. Wire name `instrument`.
    pub instrument: String,
    /// Where, `STK.US.MAJOR`. Wire name `locationCode`.
    pub location: String,
    /// What the rank is. Wire name `scanCode`.
    pub scan: Option<ScanCode>,
    /// Wire name `abovePrice`.
    pub price_min: Option<Decimal>,
    /// Wire name `belowPrice`.
    pub price_max: Option<Decimal>,
    /// Wire name `aboveVolume`.
    pub volume_min: Option<i64>,
    /// Wire name `marketCapAbove`.
    pub market_capitalisation_min: Option<Decimal>,
    /// Wire name `marketCapBelow`.
    pub market_capitalisation_max: Option<Decimal>,
    /// Wire name `moodyRatingAbove`.
    pub moody_rating_min: String,
    /// Wire name `moodyRatingBelow`.
    pub moody_rating_max: String,
    /// Wire name `spRatingAbove`.
    pub sp_rating_min: String,
    /// Wire name `spRatingBelow`.
    pub sp_rating_max: String,
    /// Wire name `maturityDateAbove`.
    pub maturity_date_min: TimeText,
    /// Wire name `maturityDateBelow`.
    pub maturity_date_max: TimeText,
    /// Wire name `couponRateAbove`.
    pub coupon_rate_min: Option<Decimal>,
    /// Wire name `couponRateBelow`.
    pub coupon_rate_max: Option<Decimal>,
    /// Leave out convertible bonds. Wire name `excludeConvertible`.
    pub exclude_convertible: bool,
    /// Wire name `averageOptionVolumeAbove`.
    pub average_option_volume_min: Option<i64>,
    /// Wire name `scannerSettingPairs`.
    pub setting_pairs: String,
    /// Which stocks. Wire name `stockTypeFilter`.
    pub stock_type: Option<StockFilter>,
    /// Further filters. Wire name `scannerSubscriptionFilterOptions`.
    pub filters: Vec<TagValue>,
    /// Open-ended options. Wire name `scannerSubscriptionOptions`.
    pub options: Vec<TagValue>,
}
layout!(Scanner {
    1 rows, 2 instrument, 3 location, 4 scan, 5 price_min, 6 price_max, 7 volume_min, 8 market_capitalisation_min,
    9 market_capitalisation_max, 10 moody_rating_min, 11 moody_rating_max, 12 sp_rating_min, 13 sp_rating_max,
    14 maturity_date_min, 15 maturity_date_max, 16 coupon_rate_min, 17 coupon_rate_max, 18 exclude_convertible,
    19 average_option_volume_min, 20 setting_pairs, 21 stock_type, tag_string 22 filters, tag_string 23 options
});

/// Ends the stream of a scanner. `CANCEL_SCANNER_SUBSCRIPTION`, method `cancelScannerSubscription`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelScanner {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelScanner, version "1" { 1 request_id });

/// What a scanner found, all of it each time. `SCANNER_DATA`, callbacks `scannerData`, `scannerDataEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannerData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// The contracts by rank. Wire name `scannerDataElement`.
    pub rows: Vec<ScannerRow>,
}
layout!(ScannerData, version "3" { 1 request_id, list 2 rows });

/// A contract that a scanner found. Wire name `ScannerDataElement`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannerRow {
    /// From 0. Wire name `rank`.
    pub rank: Option<i32>,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Wire name `marketName`.
    pub market_name: String,
    /// Wire name `distance`.
    pub distance: String,
    /// Wire name `benchmark`.
    pub benchmark: String,
    /// Wire name `projection`.
    pub projection: String,
    /// Legs of a combination, described. Wire name `legsStr`, `comboKey`.
    pub legs: String,
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
