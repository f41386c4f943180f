//! What may be written to a log: the broker's text escaped, account numbers masked but for their end.

use std::fmt;

/// How many characters of an account number are shown.
const ACCOUNT_SHOWN: usize = 3;
/// How much of the broker's text is shown.
const TEXT_SHOWN: usize = 400;

/// The broker's text, escaped and cut.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(TEXT_SHOWN) {
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
    fn broker_text_cannot_forge_lines() {
        assert_eq!(Quoted("a\nERROR \u{1b}[31m\u{202e}").to_string(), "a\\nERROR \\u{1b}[31m\\u{202e}");
        assert!(Quoted(&"x".repeat(500)).to_string().ends_with("x..."));
        assert_eq!(redacted("account DU1234567\n", &["DU1234567".to_owned()]), "account ***567\\n");
    }
}
