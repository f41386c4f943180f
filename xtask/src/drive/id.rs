//! [`Id`]: what an answer repeats, also of a line that cannot be read otherwise.

use std::fmt;

use serde_json::Value;

/// The longest id that is looked for in a line that is no command.
const ID_BYTES_MAX: usize = 1024;

/// The id of a command, as JSON: it comes back as it was written, a number of any length too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Id(String);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Default for Id {
    /// That of a command without one.
    fn default() -> Self {
        Self(Value::Null.to_string())
    }
}

impl Id {
    /// The id that was read from this line.
    pub(super) fn of(value: Option<Value>, line: &[u8]) -> Self {
        match value {
            // A binary float may be another number than the one that was written.
            Some(Value::Number(number)) if number.is_f64() => Self::find(line),
            value => Self(value.unwrap_or_default().to_string()),
        }
    }

    /// The id in a line that cannot be read: whoever wrote it waits for an answer all the same.
    pub(super) fn find(line: &[u8]) -> Self {
        let mut search = Search::default();
        search.look_at(line);
        search.end()
    }
}

/// Looks for the `id` of an object, piece by piece. Whatever else stands in the object need not be JSON.
#[derive(Debug, Default)]
pub(super) struct Search {
    depth: usize,
    is_in_text: bool,
    is_escaped: bool,
    /// Whether a value is read, and no name.
    is_value: bool,
    is_id: bool,
    /// The name or the value that is read.
    token: Vec<u8>,
    found: Option<Id>,
    is_over: bool,
}

impl Search {
    /// Looks at the next piece of the line.
    pub(super) fn look_at(&mut self, piece: &[u8]) {
        for byte in piece {
            if self.is_over {
                return;
            }
            self.take(*byte);
        }
    }

    /// The id, now that the line has ended. A value that did not end with it may have been cut off.
    pub(super) fn end(self) -> Id {
        self.found.unwrap_or_default()
    }

    fn take(&mut self, byte: u8) {
        if self.is_in_text {
            self.is_in_text = self.is_escaped || byte != b'"';
            self.is_escaped = !self.is_escaped && byte == b'\\';
            return self.keep(byte);
        }
        match byte {
            b'{' | b'[' if self.depth == 0 => {
                self.depth = 1;
                self.token.clear();
            }
            b':' if self.depth == 1 && !self.is_value => {
                self.is_id = self.token.trim_ascii() == b"\"id\"";
                self.is_value = true;
                self.token.clear();
            }
            b',' if self.depth == 1 => self.end_value(),
            b'}' | b']' if self.depth <= 1 => {
                self.end_value();
                self.is_over = true;
            }
            _ => {
                match byte {
                    b'"' => self.is_in_text = true,
                    b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.keep(byte);
            }
        }
    }

    /// One byte more than an id may have tells that it is too long.
    fn keep(&mut self, byte: u8) {
        if self.token.len() <= ID_BYTES_MAX {
            self.token.push(byte);
        }
    }

    fn end_value(&mut self) {
        let is_wanted = self.is_value && self.is_id && self.token.len() <= ID_BYTES_MAX;
        if is_wanted && serde_json::from_slice::<Value>(&self.token).is_ok() {
            self.found = std::str::from_utf8(self.token.trim_ascii()).ok().map(|text| Id(text.to_owned()));
            self.is_over = true;
        }
        self.token.clear();
        (self.is_value, self.is_id) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_in_what_is_no_json() {
        for (line, expected) in [
            (&br#"{"id": 7, "price": NaN}"#[..], "7"),
            (br#"{"price": NaN, "id": "a,b}\"" }"#, r#""a,b}\"""#),
            (br#"{"entry": {"id": 1}, "orders": ["id", {"id": 2}], "id": {"a": [3, "]"]}, }"#, r#"{"a": [3, "]"]}"#),
            (b"\xef\xbb\xbf{\"ref\": \"\xff\", \"id\":\t-1.50}", "-1.50"),
            (br#"{"id": 7"#, "null"),
            (br#"{"id": 7, "cmd": "sta"#, "7"),
            (br#"{"id": nope, "cmd": "state"}"#, "null"),
            (br#"{"id": 1}{"id": 2}"#, "1"),
            (br#"{"a\"id": 1, "b": "id", "c": 2}"#, "null"),
            (br#"[{"id": 1}]"#, "null"),
            (b"}{\"id\": 1}", "null"),
            (b"", "null"),
        ] {
            assert_eq!(Id::find(line).to_string(), expected, "{}", String::from_utf8_lossy(line));
        }
        let deep = [br#"{"a": "#.as_slice(), &[b'['; 100_000], &[b']'; 100_000], br#", "id": 3}"#].concat();
        assert_eq!(Id::find(&deep).to_string(), "3");
        let long = format!("{{\"id\": \"{}\", }}", "x".repeat(ID_BYTES_MAX));
        assert_eq!(Id::find(long.as_bytes()), Id::default());
    }

    #[test]
    fn a_number_comes_back_as_it_was_written() {
        let line = br#"{"id": 340282366920938463463374607431768211455}"#;
        let value = serde_json::from_slice::<Value>(line).unwrap()["id"].take();
        assert_eq!(Id::of(Some(value), line).to_string(), "340282366920938463463374607431768211455");
    }
}
