//! What a code of a notice means for the session, for a request, for a stream and for an order: one table, which users
//! extend by [`Config::codes`](crate::Config::codes).

use tws_proto::message::Notice;

/// What a code says. Whether it ends an order is decided by other evidence too, never by the code alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoticeClass {
    /// The session as a whole: links up and down, client id in use, port moved.
    Connection,
    /// A data farm: how fresh market data is, and nothing else.
    Farm,
    /// The order is dead, or the request refused.
    Reject,
    /// A new order dies; a live order that was to be changed stays.
    RejectOrWarning,
    /// About an order, which stays as it is.
    OrderWarning,
    /// An order was cancelled: an event, not an error.
    Cancel,
    /// Ends the request.
    Failed,
    /// Ends the request, or rejects the order, whichever the id names.
    FailedOrReject,
    /// The request goes on.
    Warning,
    /// Too fast or too many; the request did not come about.
    Pacing,
    /// Made by client libraries themselves; some servers send such a code when they drop a socket.
    Local,
    /// Not in the table. For an order: keep its state and look. For a stream: it goes on, and hears of it. For a request:
    /// it failed.
    Unlisted,
}

impl NoticeClass {
    /// What a code says.
    #[must_use]
    pub fn of(code: i32) -> Self {
        let after = CODES.partition_point(|&(first, _, _)| first <= code);
        match after.checked_sub(1).and_then(|place| CODES.get(place)) {
            Some(&(_, last, class)) if code <= last => class,
            _ if (2100..=2199).contains(&code) => Self::Warning,
            _ => Self::Unlisted,
        }
    }

    /// Whether the stream with the id of the notice is over. A code that nobody knows ends none by itself.
    #[must_use]
    pub const fn ends_stream(self) -> bool {
        match self {
            Self::Reject | Self::RejectOrWarning | Self::Failed | Self::FailedOrReject => true,
            Self::Pacing | Self::Local => true,
            Self::Connection | Self::Farm | Self::OrderWarning | Self::Cancel | Self::Warning => false,
            Self::Unlisted => false,
        }
    }

    /// Whether the request with the id of the notice is over.
    #[must_use]
    pub const fn ends_request(self) -> bool {
        match self {
            Self::Reject | Self::RejectOrWarning | Self::Failed | Self::FailedOrReject => true,
            Self::Pacing | Self::Local | Self::Unlisted => true,
            Self::Connection | Self::Farm | Self::OrderWarning | Self::Cancel | Self::Warning => false,
        }
    }
}

/// First code, last code, class; in order.
const CODES: &[(i32, i32, NoticeClass)] = {
    use NoticeClass::*;
    &[
        (100, 101, Pacing),
        (102, 102, Failed),
        (103, 103, Reject),
        (104, 105, OrderWarning),
        (106, 107, Reject),
        (109, 109, Reject),
        (110, 110, RejectOrWarning),
        (111, 111, Reject),
        (113, 113, Reject),
        (116, 118, Reject),
        (135, 136, OrderWarning),
        (161, 161, OrderWarning),
        (162, 162, Failed),
        (165, 165, Warning),
        (166, 166, Failed),
        (200, 200, FailedOrReject),
        (201, 201, Reject),
        (202, 202, Cancel),
        (203, 203, Reject),
        (300, 300, Warning),
        (309, 309, Pacing),
        (310, 310, Warning),
        (316, 316, Failed),
        (317, 317, Warning),
        (320, 320, Failed),
        (321, 321, FailedOrReject),
        (322, 324, Failed),
        (326, 326, Connection),
        (327, 327, Failed),
        (329, 329, OrderWarning),
        (354, 354, Failed),
        (366, 366, Warning),
        (399, 399, OrderWarning),
        (404, 404, OrderWarning),
        (412, 412, Reject),
        (420, 420, Failed),
        (430, 431, Failed),
        (434, 434, OrderWarning),
        (435, 435, Failed),
        (460, 460, Reject),
        (481, 481, OrderWarning),
        (492, 492, Warning),
        (501, 505, Local),
        (507, 508, Local),
        (510, 593, Local),
        (1100, 1102, Connection),
        (1300, 1300, Connection),
        (2100, 2100, Warning),
        (2101, 2101, Failed),
        (2102, 2102, OrderWarning),
        (2103, 2108, Farm),
        (2109, 2109, OrderWarning),
        (2110, 2110, Connection),
        (2119, 2119, Farm),
        (2137, 2137, OrderWarning),
        (2157, 2158, Farm),
        (2168, 2169, OrderWarning),
        (2174, 2174, Warning),
        (2176, 2176, Warning),
        (10006, 10006, Reject),
        (10015, 10015, Reject),
        (10089, 10091, Warning),
        (10147, 10148, OrderWarning),
        (10167, 10167, Warning),
        (10168, 10168, Failed),
        (10182, 10182, Failed),
        (10186, 10187, Failed),
        (10189, 10189, Failed),
        (10190, 10190, Pacing),
        // Another login holds the data; it resumes when that one ends.
        (10197, 10197, Warning),
        (10225, 10225, Failed),
        (10268, 10269, Reject),
        (10289, 10289, Reject),
        (10299, 10299, Failed),
        (10318, 10318, Reject),
        // What became of the order is not known.
        (10328, 10328, OrderWarning),
        (10349, 10349, OrderWarning),
    ]
};

/// Messages come too fast; the third time in a connection TWS closes it.
pub(crate) const TOO_FAST: i32 = 100;
/// TWS lost IB.
pub(crate) const UPSTREAM_LOST: i32 = 1100;
/// TWS has IB again; market data must be subscribed anew.
pub(crate) const UPSTREAM_BACK_DATA_LOST: i32 = 1101;
/// TWS has IB again; market data goes on.
pub(crate) const UPSTREAM_BACK_DATA_KEPT: i32 = 1102;
/// TWS moved its port.
pub(crate) const PORT_CHANGED: i32 = 1300;
/// The link from TWS to IB is broken; TWS restores it by itself.
pub(crate) const UPSTREAM_BROKEN: i32 = 2110;
/// A request makes no sense to TWS; it names the request where that has an id.
pub(crate) const INVALID_REQUEST: i32 = 321;
/// Another account was asked for since: TWS tells nothing more of the one that is watched. It names no request.
pub(crate) const ACCOUNT_LOST: i32 = 2100;
/// TWS does not tell of this account while another client watches another one. It names no request.
pub(crate) const ACCOUNT_REFUSED: i32 = 2101;
/// Another connection holds our client id.
pub(crate) const CLIENT_ID_IN_USE: i32 = 326;

/// Whether TWS says that its API takes no orders.
pub(crate) fn says_read_only(notice: &Notice) -> bool {
    matches!(notice.code, 321 | 10015) && notice.text.to_ascii_lowercase().contains("read-only")
}

/// Whether TWS says that history is asked for too fast; the codes mean other things, too.
pub(crate) fn says_history_too_fast(notice: &Notice) -> bool {
    matches!(notice.code, 162 | 420) && notice.text.to_ascii_lowercase().contains("pacing")
}

/// Whether TWS has ended a stream that should be asked for again, as it says itself: updates of bars end when IB is lost
/// (10182), real-time bars when an exchange takes trades back (10225), books of depth when trading is halted (316), and
/// history for haste.
pub(crate) fn says_ask_again(notice: &Notice) -> bool {
    matches!(notice.code, 316 | 10182 | 10225) || says_history_too_fast(notice)
}

/// Whether a farm notice says that the farm is down; idle farms connect on demand.
pub(crate) fn farm_is_down(code: i32) -> bool {
    matches!(code, 2103 | 2105 | 2119 | 2157)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_does_not_overlap() {
        for (first, last, _) in CODES {
            assert!(first <= last, "{first}");
        }
        for pair in CODES.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{} and {}", pair[0].1, pair[1].0);
        }
    }

    /// The codes that TWS and its clients are known to use.
    #[test]
    fn every_known_code_has_a_class() {
        let known = [
            100, 101, 102, 103, 104, 105, 106, 107, 109, 110, 111, 113, 116, 117, 118, 135, 136, 161, 162, 165, 166,
            200, 201, 202, 203, 300, 309, 310, 316, 317, 320, 321, 322, 323, 324, 326, 327, 329, 354, 366, 399, 404,
            412, 420, 430, 431, 434, 435, 460, 492, 501, 502, 503, 504, 505, 507, 508, 510, 520, 578, 579, 580, 584,
            585, 587, 588, 589, 593, 1100, 1101, 1102, 1300, 2100, 2101, 2102, 2103, 2104, 2105, 2106, 2107, 2108,
            2109, 2110, 2119, 2137, 2157, 2158, 2168, 2169, 2174, 2176, 10006, 10015, 10089, 10090, 10091, 10147,
            10148, 10167, 10168, 10182, 10186, 10187, 10189, 10190, 10197, 10225, 10268, 10269, 10289, 10299, 10318,
            10328, 10349,
        ];
        for code in known {
            assert_ne!(NoticeClass::of(code), NoticeClass::Unlisted, "{code}");
        }
    }

    #[test]
    fn codes_have_their_classes() {
        use NoticeClass::*;
        for (code, class, ends_request) in [
            (99, Unlisted, true),
            (100, Pacing, true),
            (117, Reject, true),
            (200, FailedOrReject, true),
            (202, Cancel, false),
            (321, FailedOrReject, true),
            (326, Connection, false),
            (354, Failed, true),
            (399, OrderWarning, false),
            (592, Local, true),
            (1101, Connection, false),
            (2104, Farm, false),
            (2109, OrderWarning, false),
            (2150, Warning, false),
            (2199, Warning, false),
            (2200, Unlisted, true),
            (10089, Warning, false),
            (10167, Warning, false),
            (10168, Failed, true),
            (10197, Warning, false),
            (10349, OrderWarning, false),
            (99_999, Unlisted, true),
        ] {
            assert_eq!(NoticeClass::of(code), class, "{code}");
            assert_eq!(class.ends_request(), ends_request, "{code}");
        }
    }
}
