//! What may be written to a log: the broker's text escaped, account numbers masked but for their end.

use std::borrow::Cow;
use std::fmt;

use tracing::{debug, info, warn};
use tws_proto::message::Notice;

use crate::notice::NoticeClass;
use crate::state::{LaneEvent, Phase, State, StateChange};

/// How many characters of an account number are shown.
const ACCOUNT_SHOWN: usize = 3;
/// How much of the broker's text is shown.
const TEXT_SHOWN: usize = 400;

/// The broker's text, escaped and cut, with whatever looks like an account number masked.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.char_indices().nth(TEXT_SHOWN).map_or(self.0, |(end, _)| &self.0[..end]);
        for character in mask_accounts(shown).chars() {
            // Quotes and accents are harmless; line ends, escapes and the like are not.
            if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}') {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if self.0.chars().nth(TEXT_SHOWN).is_some() { f.write_str("...") } else { Ok(()) }
    }
}

/// A value whose `Debug` is shown, with whatever looks like an account number masked.
pub(crate) struct MaskedDebug<'a>(pub(crate) &'a dyn fmt::Debug);

impl fmt::Debug for MaskedDebug<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if f.alternate() { format!("{:#?}", self.0) } else { format!("{:?}", self.0) };
        f.write_str(&mask_accounts(&text))
    }
}

/// Masks every word that looks like an account number: `U`, `DU`, `F` and the like, then five to eight digits.
pub(crate) fn mask_accounts(text: &str) -> Cow<'_, str> {
    let is_account = |word: &str| {
        let digits = word.trim_start_matches(|character: char| character.is_ascii_uppercase());
        (1..=3).contains(&(word.len() - digits.len()))
            && (5..=8).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let words = || text.split_inclusive(|character: char| !character.is_ascii_alphanumeric());
    let bare = |word: &str| word.trim_end_matches(|character: char| !character.is_ascii_alphanumeric()).len();
    if !words().any(|word| is_account(&word[..bare(word)])) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    for word in words() {
        let (account, rest) = word.split_at(bare(word));
        if is_account(account) {
            masked.push_str(&Masked(account).to_string());
            masked.push_str(rest);
        } else {
            masked.push_str(word);
        }
    }
    Cow::Owned(masked)
}

/// An account number of which only the end is shown.
pub(crate) struct Masked<'a>(pub(crate) &'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.0.chars().count().saturating_sub(ACCOUNT_SHOWN);
        f.write_str("***")?;
        self.0.chars().skip(hidden).try_for_each(|character| write!(f, "{}", character.escape_default()))
    }
}

/// Account numbers of which only the ends are shown.
pub(crate) struct MaskedList<'a>(pub(crate) &'a [String]);

impl fmt::Display for MaskedList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, account) in self.0.iter().enumerate() {
            write!(f, "{}{}", if place == 0 { "" } else { ", " }, Masked(account))?;
        }
        Ok(())
    }
}

/// The broker's text, escaped, in which these accounts are masked.
pub(crate) fn redacted(text: &str, accounts: &[String]) -> String {
    let mut text = Quoted(text).to_string();
    for account in accounts.iter().filter(|account| account.len() > ACCOUNT_SHOWN) {
        if text.contains(account.as_str()) {
            text = text.replace(account.as_str(), &Masked(account).to_string());
        }
    }
    text
}

/// A change of the state.
pub(crate) fn log_state(state: &State) {
    let epoch = state.epoch.0;
    match state.phase {
        Phase::Disconnected => {
            let reason = state.reason.as_ref().map(ToString::to_string).unwrap_or_default();
            if reason.is_empty() {
                debug!(epoch, "disconnected");
            } else {
                warn!(epoch, reason, attempts = state.attempts, "disconnected");
            }
        }
        Phase::Ready | Phase::ReadOnly | Phase::Reconciling | Phase::Degraded => {
            let accounts = MaskedList(&state.accounts);
            let (phase, farms_down) = (state.phase, state.farms_down.len());
            debug!(epoch, %accounts, %phase, upstream = ?state.upstream, farms_down, "live");
        }
        Phase::Halted => {
            let reason = state.halt.as_ref().map(ToString::to_string).unwrap_or_default();
            warn!(epoch, reason, "halted");
        }
        Phase::Connecting | Phase::Handshaking | Phase::Starting => debug!(epoch, phase = %state.phase, "on the way"),
        Phase::Closed => info!(epoch, "closed"),
    }
}

/// An event of the order lane.
pub(crate) fn log_lane(event: &LaneEvent, state: &State) {
    let epoch = state.epoch.0;
    match event {
        LaneEvent::Message(_) => {}
        LaneEvent::Notice(notice) => log_notice(notice, state),
        LaneEvent::BadFrame(bad) => warn!(epoch, %bad, "frame skipped"),
        LaneEvent::Unsent(unsent) => {
            warn!(epoch, orders = ?unsent.order_ids, wish = ?unsent.wish, cause = ?unsent.cause, "burst not sent");
        }
        LaneEvent::State(change) => match change {
            StateChange::EpochBegan { .. } => debug!(epoch, "connected"),
            StateChange::Ready(ready) => {
                let accounts = MaskedList(&ready.accounts);
                info!(epoch, version = %ready.server_version, %accounts, "ready");
            }
            StateChange::EpochLost { reason, .. } => warn!(epoch, %reason, "epoch lost"),
            StateChange::UpstreamDown { code, .. } => warn!(epoch, code, "TWS lost IB"),
            StateChange::UpstreamUp { code, .. } => info!(epoch, code, "TWS has IB again"),
        },
    }
}

/// A notice, by its class.
pub(crate) fn log_notice(notice: &Notice, state: &State) {
    let (epoch, id, code) = (state.epoch.0, notice.id, notice.code);
    let text = redacted(&notice.text, &state.accounts);
    match NoticeClass::of(code) {
        NoticeClass::Farm | NoticeClass::Cancel => debug!(epoch, id, code, text, "notice"),
        NoticeClass::Warning | NoticeClass::OrderWarning => info!(epoch, id, code, text, "notice"),
        NoticeClass::Connection | NoticeClass::Pacing => warn!(epoch, id, code, text, "notice"),
        NoticeClass::Reject | NoticeClass::RejectOrWarning => warn!(epoch, id, code, text, "notice"),
        NoticeClass::Failed | NoticeClass::FailedOrReject => warn!(epoch, id, code, text, "notice"),
        NoticeClass::Local | NoticeClass::Unlisted => warn!(epoch, id, code, text, "notice"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_show_their_last_three_characters_only() {
        for (account, shown) in [("DU1234567", "***567"), ("U12", "***U12"), ("", "***"), ("F\n12", "***\\n12")] {
            assert_eq!(Masked(account).to_string(), shown, "{account:?}");
        }
        assert_eq!(MaskedList(&["DU111".into(), "DU222".into()]).to_string(), "***111, ***222");
    }

    #[test]
    fn words_that_look_like_accounts_are_masked_and_no_others() {
        for (text, shown) in [
            ("DU1234567", "***567"),
            ("(F12345)|DF7654321;", "(***345)|***321;"),
            (
                "US0378331005 ESZ6 IBM 12345678 AAPL240119 U123 kDU1234567",
                "US0378331005 ESZ6 IBM 12345678 AAPL240119 U123 kDU1234567",
            ),
            ("", ""),
            ("Konto «DU1234567»", "Konto «***567»"),
        ] {
            assert_eq!(mask_accounts(text), shown);
        }
    }

    #[test]
    fn broker_text_cannot_forge_lines() {
        assert_eq!(Quoted("a\nERROR \u{1b}[31m\u{202e}").to_string(), "a\\nERROR \\u{1b}[31m\\u{202e}");
        assert!(Quoted(&"x".repeat(500)).to_string().ends_with("x..."));
        assert_eq!(Quoted("order of DU1234567, U7654321: no").to_string(), "order of ***567, ***321: no");
        assert_eq!(redacted("account DU1234567\n", &["DU1234567".to_owned()]), "account ***567\\n");
    }
}
