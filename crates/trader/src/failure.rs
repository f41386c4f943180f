//! [`Failure`]: why a strategy or a program ended, in words for the person who reads it.

use std::error::Error;
use std::fmt;

/// Any error, made by `?`. Printed it is the error's own words and those of its causes, also where `main` returns it.
pub struct Failure(Box<dyn Error + Send + Sync>);

impl Failure {
    /// The error.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync) {
        self.0.as_ref()
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        f.write_str(&told)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            // Transparent errors say what their cause says; once is enough.
            let words = error.to_string();
            if !told.contains(&words) {
                write!(f, ": {words}")?;
                told = words;
            }
            cause = error.source();
        }
        Ok(())
    }
}

/// What `main` prints when it returns one: the words, not the structure.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the outer")]
    struct Outer(#[source] std::num::ParseIntError);

    #[test]
    fn words_and_causes_are_told_once() {
        let cause = "x".parse::<i32>().unwrap_err();
        let failure = Failure::from(Outer(cause));
        assert_eq!(format!("{failure:?}"), "the outer: invalid digit found in string");
        assert_eq!(Failure::from("just words").to_string(), "just words");
    }
}
