//! What a notice that names an order means for it. The code alone never tells the whole story: see [`Meaning`].

use tws_proto::message::Notice;

/// What a notice means for the order it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Meaning {
    /// The order is refused, if the broker had not accepted it before.
    Rejected,
    /// The order is cancelled.
    Cancelled,
    /// The order is held until shares to short are found; it can still become live.
    Held,
    /// A change is refused; the order stands as it was.
    ChangeRefused,
    /// A change is refused for a live order; a new order is refused as a whole.
    RejectedOrChangeRefused,
    /// The order to cancel is not there, or cannot be cancelled in its state: look, and believe nothing yet.
    CancelDoubtful,
    /// The outcome of what was asked is not known.
    Unresolved,
    /// The order lives on; the text is for people.
    Remark,
    /// A code nobody has classed: the order keeps its state, and the broker is asked.
    Unclassed,
}

/// The meaning of a notice's code, the one table of codes that name orders.
#[must_use]
pub const fn meaning(code: i32) -> Meaning {
    match code {
        // 103 duplicate id, 106/107 incomplete, 109 precaution, 111..118 combinations, 200 no contract, 201 rejected,
        // 203 not allowed, 321 validation, 412/460 no permission, 10006 parent missing, 10268.. no longer supported.
        103 | 106 | 107 | 109 | 111 | 113 | 116 | 117 | 118 | 200 | 201 | 203 | 412 | 460 | 10006 | 10015 | 10268
        | 10269 | 10289 | 10318 => Meaning::Rejected,
        110 | 321 => Meaning::RejectedOrChangeRefused,
        202 => Meaning::Cancelled,
        404 => Meaning::Held,
        // 440 algorithm, 462 time in force: "order modify failed".
        104 | 105 | 329 | 440 | 462 | 2102 => Meaning::ChangeRefused,
        135 | 136 | 161 | 10147 | 10148 => Meaning::CancelDoubtful,
        10328 => Meaning::Unresolved,
        399 | 434 | 481 | 2109 | 2137 | 2168 | 2169 | 10349 => Meaning::Remark,
        // Warnings and farm notices name no order; when one does, it is a remark.
        2100..=2199 => Meaning::Remark,
        _ => Meaning::Unclassed,
    }
}

/// Whether the notice is about the link from TWS to IB rather than about an order.
#[must_use]
pub const fn names_no_order(notice: &Notice) -> bool {
    match notice.id {
        Some(id) => id <= 0,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_names_an_order_has_its_meaning() {
        // Classes: the order is dead; it stays alive; it is cancelled.
        for (meant, codes) in [
            (
                Meaning::Rejected,
                &[103, 106, 107, 109, 111, 113, 116, 117, 118, 200, 201, 203, 412, 460, 10006, 10015][..],
            ),
            (Meaning::Rejected, &[10268, 10269, 10289, 10318]),
            (Meaning::RejectedOrChangeRefused, &[110, 321]),
            (Meaning::Cancelled, &[202]),
            (Meaning::ChangeRefused, &[104, 105, 329, 440, 462, 2102]),
            (Meaning::CancelDoubtful, &[135, 136, 161, 10147, 10148]),
            (Meaning::Held, &[404]),
            (Meaning::Unresolved, &[10328]),
            (Meaning::Remark, &[399, 434, 481, 2100, 2109, 2137, 2168, 2169, 2199, 10349]),
            (Meaning::Unclassed, &[0, -1, 99, 100, 165, 322, 2200, 10089, 10350, 77777, i32::MAX, i32::MIN]),
        ] {
            for code in codes {
                assert_eq!(meaning(*code), meant, "{code}");
            }
        }
    }

    #[test]
    fn only_a_positive_id_may_name_an_order() {
        for (id, expected) in [(None, true), (Some(-1), true), (Some(0), true), (Some(1), false)] {
            assert_eq!(names_no_order(&Notice { id, ..Notice::default() }), expected, "{id:?}");
        }
    }
}
