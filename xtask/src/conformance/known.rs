//! Known faults of builds of IB's client, each with its reason. Nothing else is forgiven anywhere.

use super::Difference;

/// A fault of the client, not of the codec.
struct Known {
    /// Part of the package's name; empty for all.
    package: &'static str,
    messages: &'static [&'static str],
    /// Places in the message.
    places: &'static [&'static str],
    versions: std::ops::RangeInclusive<i32>,
    reason: &'static str,
}

/// Fields that say again, for people, what others say; the codec leaves them out of a form without a place for them.
pub(super) const REMARKS: &[&str] = &["description", "combo_legs_description", "last_trade_date"];

/// Requests of old builds that are gone from the API, and from the codec.
pub(super) const GONE: &[&str] = &["REQ_FUNDAMENTAL_DATA", "CANCEL_FUNDAMENTAL_DATA"];

const KNOWN: &[Known] = &[
    Known {
        package: "",
        messages: &["PLACE_ORDER"],
        places: &["order.discretionaryAmt"],
        versions: 203..=226,
        reason: "an unset discretionaryAmt is written as the largest double, as the client has it as 0 by default",
    },
    Known {
        package: "",
        messages: &["BOND_CONTRACT_DATA"],
        places: &["bondContractDetails.contractDetails.contract.lastTradeDateOrContractMonth"],
        versions: 176..=204,
        reason: "the client tells the maturity of a bond in its details; of protobuf alone in the contract, too",
    },
    Known {
        package: "",
        messages: &["HISTORICAL_DATA"],
        places: &["callbacks"],
        versions: 176..=195,
        reason: "below 196 the text says the end too, and the client tells it at once; in protobuf it is a message of its own",
    },
    Known {
        package: "nautilus-ibapi==10.",
        messages: &["REQ_CALC_IMPLIED_VOLAT", "REQ_CALC_OPTION_PRICE"],
        places: &["fields", "trailing fields"],
        versions: 176..=203,
        reason: "the build writes a count in front of the options, one field more than the layout has",
    },
    Known {
        package: "nautilus-ibapi==10.37.2",
        messages: &["OPEN_ORDER", "EXECUTION_DATA"],
        places: &[
            "openOrder.contract.comboLegs[].shortSaleSlot",
            "openOrder.contract.comboLegs[].shortSalesSlot",
            "openOrder.order.ddeltaNeutralSettlingFirm",
            "openOrder.order.deltaNeutralSettlingFirm",
            "execDetails.contract.comboLegs[].shortSaleSlot",
            "execDetails.contract.comboLegs[].shortSalesSlot",
        ],
        versions: 201..=203,
        reason: "the build misspells the attribute when it reads protobuf",
    },
    Known {
        package: "nautilus-ibapi==10.37.2",
        messages: &["OPEN_ORDER", "EXECUTION_DATA"],
        places: &[
            "execDetails.contract.description",
            "execDetails.contract.issuerId",
            "execDetails.contract.lastTradeDate",
            "execDetails.contract.primaryExchange",
            "openOrder.contract.description",
            "openOrder.contract.issuerId",
            "openOrder.contract.lastTradeDate",
            "openOrder.contract.primaryExchange",
            "openOrder.order.activeStartTime",
            "openOrder.order.activeStopTime",
            "openOrder.order.autoCancelDate",
            "openOrder.order.filledQuantity",
            "openOrder.order.orderId",
            "openOrder.order.parentPermId",
            "openOrder.order.refFuturesConId",
            "openOrder.order.routeMarketableToBbo",
            "openOrder.order.shareholder",
            "openOrder.orderState.completedStatus",
            "openOrder.orderState.completedTime",
        ],
        versions: 201..=203,
        reason: "the build does not read the field from protobuf",
    },
    Known {
        package: "nautilus-ibapi==10.37.2",
        messages: &["OPEN_ORDER", "EXECUTION_DATA"],
        places: &["openOrder.contract.deltaNeutralContract", "execDetails.contract.deltaNeutralContract"],
        versions: 201..=203,
        reason: "the build tells a hedge of which nothing is set as one of zeros; later builds tell none",
    },
    Known {
        package: "nautilus-ibapi==10.37.2",
        messages: &["OPEN_ORDER", "ORDER_STATUS"],
        places: &["openOrder.order.totalQuantity", "orderStatus.filled", "orderStatus.remaining"],
        versions: 203..=203,
        reason: "the build hands the digits of protobuf over as text, not as a decimal",
    },
    Known {
        package: "nautilus-ibapi==10.37.2",
        messages: &["OPEN_ORDER"],
        places: &[
            "openOrder.orderState.initMarginBefore",
            "openOrder.orderState.initMarginChange",
            "openOrder.orderState.initMarginAfter",
            "openOrder.orderState.maintMarginBefore",
            "openOrder.orderState.maintMarginChange",
            "openOrder.orderState.maintMarginAfter",
            "openOrder.orderState.equityWithLoanBefore",
            "openOrder.orderState.equityWithLoanChange",
            "openOrder.orderState.equityWithLoanAfter",
        ],
        versions: 203..=203,
        reason: "the build spells the double out to its last binary digit, as a decimal instead of a text",
    },
    Known {
        package: "nautilus-ibapi==10.19.4",
        messages: &["COMMISSION_AND_FEES_REPORT"],
        places: &["callback"],
        versions: 176..=176,
        reason: "the callback has its old name, commissionReport",
    },
    Known {
        package: "nautilus-ibapi==10.19.4",
        messages: &["OPEN_ORDER", "ORDER_BOUND"],
        places: &[
            "openOrder.orderState.commission",
            "openOrder.orderState.commissionCurrency",
            "openOrder.orderState.maxCommission",
            "openOrder.orderState.minCommission",
            "orderBound.apiClientId",
            "orderBound.apiOrderId",
            "orderBound.reqId",
        ],
        versions: 176..=176,
        reason: "the value is told under its old name",
    },
];

/// Why a difference is the client's fault, where it is known to be.
pub(super) fn reason(package: &str, difference: &Difference, version: i32) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|known| {
            package.contains(known.package)
                && known.messages.contains(&difference.message.as_str())
                && known.places.contains(&difference.path.as_str())
                && known.versions.contains(&version)
        })
        .map(|known| known.reason)
}
