//! Account numbers in words that may reach a log: all but the last three characters are masked.

use std::fmt;

/// How much of an account number is shown.
const SHOWN: usize = 3;

/// An account number, masked.
pub(crate) struct Masked<'a>(pub(crate) &'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.0.chars().count().saturating_sub(SHOWN);
        let end: String = self.0.chars().skip(hidden).collect();
        write!(f, "***{}", end.escape_debug())
    }
}

/// Account numbers, masked, with commas between them.
pub(crate) fn masked_list<'a>(accounts: impl IntoIterator<Item = &'a String>) -> String {
    let masked: Vec<String> = accounts.into_iter().map(|account| Masked(account).to_string()).collect();
    masked.join(", ")
}

/// A text in which these account numbers are masked.
pub(crate) fn redacted<'a>(text: String, accounts: impl IntoIterator<Item = &'a str>) -> String {
    let long_enough = accounts.into_iter().filter(|account| account.chars().count() > SHOWN);
    long_enough.fold(text, |text, account| {
        if text.contains(account) { text.replace(account, &Masked(account).to_string()) } else { text }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_show_their_last_three_characters_only() {
        for (account, shown) in [("DU1234567", "***567"), ("U12", "***U12"), ("", "***"), ("DÜ\n12", "***\\n12")] {
            assert_eq!(Masked(account).to_string(), shown);
        }
        assert_eq!(masked_list(&["DU111".to_owned(), "DU222".to_owned()]), "***111, ***222");
        let text = "DU1234567 and U99 of DU1234567".to_owned();
        assert_eq!(redacted(text, ["DU1234567", "U99", "DU777"]), "***567 and U99 of ***567");
    }
}
