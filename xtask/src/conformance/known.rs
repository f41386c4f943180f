//! Known faults of builds of IB's client, each with its reason. Nothing else is forgiven anywhere.

use super::Difference;

/// A fault of the client, not of the codec.
struct Known {
    /// Part of the package's name; empty for all.
    package: &'static str,
    message: &'static str,
    /// Where in the message.
    path: &'static str,
    versions: std::ops::RangeInclusive<i32>,
    reason: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        package: "",
        message: "HISTORICAL_DATA",
        path: "callbacks",
        versions: 176..=195,
        reason: "below 196 the text says the end too, and the client tells it at once; in protobuf it is a message of its own",
    },
    Known {
        package: "",
        message: "PLACE_ORDER",
        path: "order.discretionaryAmt",
        versions: 203..=226,
        reason: "an unset discretionaryAmt is written as the largest double, as the client has it as 0 by default",
    },
];

/// Why a difference is the client's fault, where it is known to be.
pub(super) fn reason(package: &str, difference: &Difference, version: i32) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|known| {
            package.contains(known.package)
                && (known.message.is_empty() || known.message == difference.message)
                && known.path == difference.path
                && known.versions.contains(&version)
        })
        .map(|known| known.reason)
}
