//! [`DataSettings`]: which market data a login may have, and how much of it.

use crate::option_model::OptionModel;

/// Which market data a login may have, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataSettings {
    /// What the login is subscribed to.
    pub access: DataAccess,
    /// How late delayed data is, milliseconds.
    pub delay_ms: i64,
    /// Level 1 subscriptions of a client; one more is refused with 101. TWS counts a login's clients together; here each
    /// has its own, so that clients under test do not disturb each other.
    pub lines: usize,
    /// Books of a client; one more is refused with 309.
    pub books: usize,
    /// Subscriptions to single ticks of a client; one more is refused with 10190.
    pub single_ticks: usize,
    /// Requests for bars of the past that a client may have open; one more is refused with 322.
    pub histories: usize,
    /// Whether requests for the past and for single ticks have to keep their distance.
    pub pacing: DataPacing,
    /// What is taken as given about all options.
    pub options: OptionModel,
}

impl Default for DataSettings {
    /// A login that may have everything, with the limits of a new account and without pacing.
    fn default() -> Self {
        Self {
            access: DataAccess::Live,
            delay_ms: 15 * 60_000,
            lines: 100,
            books: 3,
            single_ticks: 5,
            histories: 50,
            pacing: DataPacing::Off,
            options: OptionModel::default(),
        }
    }
}

/// What a login is subscribed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataAccess {
    /// Live data of everything.
    #[default]
    Live,
    /// No live data: a request for it is refused with 354, one for delayed data is told so with 10167 and gets them.
    Delayed,
    /// Neither: a request for live data is refused with 354, one for delayed data with 10168.
    Nothing,
}

/// Whether requests for the past and for single ticks have to keep their distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataPacing {
    /// Every request is answered at once.
    #[default]
    Off,
    /// As at IB, F33 of the reliability rules: for bars of 30 seconds and less no identical request within 15 seconds,
    /// fewer than six for a contract and kind in two seconds, at most 60 in ten minutes, bids with asks counted twice;
    /// one request for single ticks of an instrument in 15 seconds.
    Kept,
}
