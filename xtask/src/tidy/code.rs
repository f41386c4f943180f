//! Rust source without what is no code: comments and the insides of literals are blanked, lines stay where they are.

/// A source file, reduced to its code.
pub(super) struct Code {
    text: String,
}

impl Code {
    /// Blanks comments and the insides of literals.
    pub(super) fn of(source: &str) -> Self {
        Self { text: Blanking { left: source, text: String::with_capacity(source.len()) }.run() }
    }

    /// Blanks what is compiled for tests only: each item behind `#[cfg(test)]`, to its closing brace or semicolon.
    pub(super) fn without_tests(self) -> Self {
        const MARK: &str = "#[cfg(test)]";
        let mut text = String::with_capacity(self.text.len());
        let mut left = self.text.as_str();
        while let Some(at) = left.find(MARK) {
            let (before, marked) = left.split_at(at);
            let (item, after) = marked.split_at(end_of_item(marked));
            text.push_str(before);
            text.extend(item.chars().map(blank));
            left = after;
        }
        text.push_str(left);
        Self { text }
    }

    /// Its lines, counted from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }
}

/// Whether `word` stands in the line and is not part of a longer word. A word may end in punctuation: `panic!`.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |character: char| character.is_alphanumeric() || character == '_';
    let starts_open = !word.starts_with(is_letter);
    let ends_open = !word.ends_with(is_letter);
    line.match_indices(word).any(|(at, _)| {
        (starts_open || !line[..at].ends_with(is_letter))
            && (ends_open || !line[at + word.len()..].starts_with(is_letter))
    })
}

/// Where the item ends that begins with `item`: attributes, then something with a body or a semicolon.
fn end_of_item(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in item.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && character == '}' {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

fn blank(character: char) -> char {
    if character == '\n' { '\n' } else { ' ' }
}

struct Blanking<'a> {
    left: &'a str,
    text: String,
}

impl Blanking<'_> {
    fn run(mut self) -> String {
        while let Some(first) = self.left.chars().next() {
            if self.left.starts_with("//") {
                let end = self.left.find('\n').unwrap_or(self.left.len());
                self.blank(end);
            } else if self.left.starts_with("/*") {
                let end = end_of_block_comment(self.left);
                self.blank(end);
            } else if let Some(end) = end_of_raw_string(self.left).filter(|_| !self.follows_word()) {
                self.blank(end);
            } else if first == '"' {
                let end = end_of_quoted(self.left, '"').unwrap_or(self.left.len());
                self.blank(end);
            } else if first == '\'' {
                // A lifetime has no closing quote within a character's length.
                let end = end_of_quoted(self.left, '\'').filter(|end| self.left[..*end].chars().count() <= 12);
                let is_character = end.is_some_and(|end| {
                    let inside = &self.left[1..end - 1];
                    inside.starts_with('\\') || inside.chars().count() == 1
                });
                if is_character { self.blank(end.unwrap_or(1)) } else { self.keep(1) }
            } else {
                self.keep(first.len_utf8());
            }
        }
        self.text
    }

    fn follows_word(&self) -> bool {
        self.text.ends_with(|character: char| character.is_alphanumeric() || character == '_')
    }

    fn keep(&mut self, bytes: usize) {
        let (taken, left) = self.left.split_at(bytes);
        self.text.push_str(taken);
        self.left = left;
    }

    fn blank(&mut self, bytes: usize) {
        let (taken, left) = self.left.split_at(bytes);
        self.text.extend(taken.chars().map(blank));
        self.left = left;
    }
}

fn end_of_block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2); // the text starts with `/*`, so the depth is at least 1
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// `r"..."`, `r#"..."#` and the same behind a `b` or `c`.
fn end_of_raw_string(text: &str) -> Option<usize> {
    let unprefixed = text.strip_prefix(['b', 'c']).unwrap_or(text).strip_prefix('r')?;
    let hashes = unprefixed.len() - unprefixed.trim_start_matches('#').len();
    let inside = unprefixed[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = inside.find(&close).map_or(inside.len(), |at| at + close.len());
    Some(text.len() - inside.len() + end)
}

fn end_of_quoted(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Code, has_word};

    #[track_caller]
    fn check(source: &str, expected: &str) {
        let code = Code::of(source).without_tests();
        let lines: Vec<&str> = code.lines().map(|(_, line)| line.trim_end()).collect();
        assert_eq!(lines.join("|"), expected, "{source}");
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        check("a // b.unwrap()\nc", "a|c");
        check("a /* x /* y */ z\n */ b", "a|    b");
        check(r#"let a = "x.unwrap() \" // y"; b"#, "let a =                     ; b");
        check("let a = r#\"x \" y\"#; b", "let a =           ; b");
        check("let a = b'\"'; \"c\"", "let a = b   ;");
        check("fn a<'a>(b: &'a str) {}", "fn a<'a>(b: &'a str) {}");
        check("let a = '\\u{1F600}'; b", "let a =            ; b");
    }

    #[test]
    fn tests_are_no_product() {
        check("a();\n#[cfg(test)]\nmod tests {\n b { c }\n}\nd", "a();|||||d");
        check("#[cfg(test)]\nuse a;\nb", "||b");
        check("#[cfg(test)]\n#[allow(x)]\nfn a() -> [u8; 4] { b }\nc", "|||c");
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("a.unwrap()", ".unwrap()"));
        assert!(!has_word("a.unwrap_or(b)", ".unwrap()"));
        assert!(has_word("core::panic!(a)", "panic!"));
        assert!(!has_word("unsafe_code", "unsafe"));
        assert!(has_word("x as f64;", "f64"));
    }
}
