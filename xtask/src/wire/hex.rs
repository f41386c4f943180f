//! Bytes as pairs of hexadecimal digits.

/// The bytes that `text` spells, or what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return Err(format!("an odd number of hexadecimal digits ({})", digits.len()));
    }
    let digit = |at: usize| {
        let found = char::from(digits[at]); // `at` is below the length: pairs of an even number
        found.to_digit(16).map(|value| value as u8).ok_or_else(|| format!("no hexadecimal digit at {at}"))
    };
    (0..digits.len()).step_by(2).map(|at| Ok(digit(at)? << 4 | digit(at + 1)?)).collect()
}

/// `bytes` in lower-case digits.
pub(crate) fn spell(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{parse, spell};

    #[test]
    fn what_is_spelled_is_read_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(parse(&spell(&all)).as_deref(), Ok(&all[..]));
        assert_eq!(parse("0AfF").as_deref(), Ok(&[0x0a, 0xff][..]));
        for bad in ["0", "0g", "zz", "+1", "é"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
