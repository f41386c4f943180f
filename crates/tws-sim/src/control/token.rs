//! [`Token`]: who may use the control port.

use std::fmt;
use std::path::{Path, PathBuf};

/// How long a token is: 256 bits as hexadecimal digits.
const DIGITS: usize = 64;

/// 256 bits that whoever uses the control port has to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file cannot be read.
    #[error("cannot read the token file {}: {cause}", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Others can read the file.
    #[error("the token file {} can be read by others: chmod 600 it", path.display())]
    Open {
        /// Where it is.
        path: PathBuf,
    },
    /// That is no token.
    #[error("a token is 64 hexadecimal digits; make one with: openssl rand -hex 32")]
    Malformed,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes ({cause}); write 64 hexadecimal digits into a file and name it")]
    NoEntropy {
        /// What the system says.
        cause: std::io::Error,
    },
}

impl Token {
    /// A token that was made elsewhere: 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`TokenError::Malformed`].
    pub fn new(digits: &str) -> Result<Self, TokenError> {
        let digits = digits.trim();
        let fits = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if fits { Ok(Self(digits.to_ascii_lowercase())) } else { Err(TokenError::Malformed) }
    }

    /// The token in a file that nobody else can read.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong with the file.
    pub fn read_file(path: &Path) -> Result<Self, TokenError> {
        let unreadable = |cause| TokenError::Unreadable { path: path.to_owned(), cause };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            if std::fs::metadata(path).map_err(unreadable)?.mode() & 0o077 != 0 {
                return Err(TokenError::Open { path: path.to_owned() });
            }
        }
        Self::new(&std::fs::read_to_string(path).map_err(unreadable)?)
    }

    /// A new token from the system's randomness. Nothing else of the simulator uses that.
    ///
    /// # Errors
    /// [`TokenError::NoEntropy`], where the system has no `/dev/urandom`.
    pub fn random() -> Result<Self, TokenError> {
        use std::fmt::Write as _;
        use std::io::Read as _;
        let mut bytes = [0; DIGITS / 2];
        let read = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
        read.map_err(|cause| TokenError::NoEntropy { cause })?;
        let mut digits = String::with_capacity(DIGITS);
        for byte in bytes {
            let _ = write!(digits, "{byte:02x}"); // a String takes it all
        }
        Ok(Self(digits))
    }

    /// The digits, for whoever shall use them.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not tell how much was right.
    pub(super) fn is(&self, said: &str) -> bool {
        let said = said.as_bytes();
        let own = self.0.as_bytes();
        let differences = own.iter().zip(said).fold(0, |differences, (own, said)| differences | (own ^ said));
        said.len() == own.len() && differences == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_random_and_compared_whole() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_ne!(one, other);
        assert!(one.is(one.reveal()) && !one.is(other.reveal()) && !one.is("") && !one.is(&one.reveal()[1..]));
        assert_eq!(format!("{one:?}"), "Token(..)");
        assert!(Token::new("00").is_err() && Token::new(&"g".repeat(64)).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_token_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "ab".repeat(32) + "\n").unwrap();
        for (mode, fits) in [(0o644, false), (0o640, false), (0o600, true), (0o400, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Token::read_file(file.path()).is_ok(), fits, "{mode:o}");
        }
    }
}
