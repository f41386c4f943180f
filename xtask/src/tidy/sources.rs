//! Rules for source files: their length, and what a room promises to do without.

use anyhow::Result;

use super::Fault;
use super::code::{Code, has_word};
use crate::repository::Repository;

/// Above this a file is split along a noun.
const LINES_MAX: usize = 700;

/// Words that some files do without.
struct Ban {
    /// Where it holds: any of these folders, or every Rust file.
    folders: &'static [&'static str],
    /// Whether tests do without, too.
    reach: Reach,
    words: &'static [&'static str],
    /// What the words stand for.
    what: &'static str,
    remedy: &'static str,
}

enum Reach {
    /// What is compiled into the crate.
    Product,
    /// Tests too.
    Everything,
}

const CODEC: &[&str] = &["crates/tws-proto/src/"];
const CORES: &[&str] = &["crates/tws-proto/src/", "crates/order/src/", "crates/position/src/", "crates/risk/src/"];
const MONEY: &[&str] = &["crates/order/src/", "crates/position/src/", "crates/risk/src/"];
const TRADING: &[&str] = &[
    "crates/event-bus/src/",
    "crates/journal/src/",
    "crates/order/src/",
    "crates/position/src/",
    "crates/risk/src/",
    "crates/trader/src/",
    "crates/tws-client/src/",
    "crates/tws-proto/src/",
    "crates/tws-sim/src/",
];
const EVERYWHERE: &[&str] = &[""];

const BANS: &[Ban] = &[
    Ban {
        folders: CODEC,
        reach: Reach::Product,
        words: &[
            ".unwrap()",
            ".unwrap_err()",
            ".expect(",
            ".expect_err(",
            "panic!",
            "todo!",
            "unimplemented!",
            "unreachable!",
            "assert!",
            "assert_eq!",
            "assert_ne!",
        ],
        what: "can panic, and no bytes may make the codec panic",
        remedy: "return a BadFrame or a Refused",
    },
    Ban {
        folders: CODEC,
        reach: Reach::Product,
        words: &[
            "allow(clippy::unwrap_used",
            "allow(clippy::expect_used",
            "allow(clippy::indexing_slicing",
            "allow(clippy::panic",
            "allow(clippy::unreachable",
            "expect(clippy::unwrap_used",
            "expect(clippy::expect_used",
            "expect(clippy::indexing_slicing",
            "expect(clippy::panic",
            "expect(clippy::unreachable",
        ],
        what: "silences a lint that keeps the codec from panicking",
        remedy: "use `get`, an iterator or a typed error",
    },
    Ban {
        folders: CORES,
        reach: Reach::Product,
        words: &[
            "std::net",
            "std::fs",
            "std::thread",
            "std::process",
            "std::env",
            "Instant::now",
            "SystemTime::now",
            "Timestamp::now",
            "Zoned::now",
            "TimeZone::system",
            "TimeZone::get",
            "println!",
            "eprintln!",
            "print!",
            "eprint!",
            "async fn",
            ".await",
        ],
        what: "reaches out of a pure core",
        remedy: "take it as an argument, or return an action that asks for it",
    },
    Ban {
        folders: MONEY,
        reach: Reach::Product,
        words: &["f32", "f64"],
        what: "is a binary float where money is counted",
        remedy: "use rust_decimal::Decimal",
    },
    Ban {
        folders: TRADING,
        reach: Reach::Product,
        words: &["unbounded_channel", "mpsc::channel()", "todo!", "unimplemented!"],
        what: "is unbounded or unfinished",
        remedy: "give the queue a limit and name what happens at it, or finish the code",
    },
    Ban {
        folders: EVERYWHERE,
        reach: Reach::Everything,
        words: &["#[ignore", "unsafe"],
        what: "is not used in this house",
        remedy: "make the test run everywhere, or say in its output why it was skipped; find a safe way",
    },
];

/// Folders of a developer's machine; written in two halves so that this file passes its own rule.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Every tracked file against every rule.
pub(super) fn check(repository: &Repository) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in repository.files()? {
        let Ok(text) = String::from_utf8(std::fs::read(repository.root().join(&file))?) else {
            continue; // not text
        };
        faults.extend(machine_paths(&file, &text));
        if file.ends_with(".rs") {
            faults.extend(length(&file, &text));
            faults.extend(banned_words(&file, &text));
        }
    }
    Ok(faults)
}

fn length(file: &str, text: &str) -> Option<Fault> {
    let lines = text.lines().count();
    let what = format!("has {lines} lines, more than {LINES_MAX}");
    (lines > LINES_MAX).then(|| Fault::of_file(file, what, "split it along a noun"))
}

fn machine_paths(file: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for path in MACHINE_PATHS.iter().filter(|path| line.contains(**path)) {
            let what = format!("`{path}` is a path of one machine");
            faults.push(Fault::of_line(file, at + 1, what, "write it relative to the repository"));
        }
    }
    faults
}

fn banned_words(file: &str, text: &str) -> Vec<Fault> {
    let bans: Vec<&Ban> = BANS.iter().filter(|ban| ban.folders.iter().any(|folder| file.starts_with(folder))).collect();
    let everything = Code::of(text);
    let product = Code::of(text).without_tests();
    let mut faults = Vec::new();
    for ban in bans {
        let code = match ban.reach {
            Reach::Product => &product,
            Reach::Everything => &everything,
        };
        for (number, line) in code.lines() {
            for word in ban.words.iter().filter(|word| has_word(line, word)) {
                faults.push(Fault::of_line(file, number, format!("`{word}` {}", ban.what), ban.remedy));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, banned_words, length, machine_paths};

    /// `faults` are lines and the word each complaint must name.
    #[track_caller]
    fn check(file: &str, text: &str, faults: &[(usize, &str)]) {
        let found = banned_words(file, text);
        assert_eq!(found.len(), faults.len(), "{found:?}");
        for (fault, (line, word)) in found.iter().zip(faults) {
            assert_eq!(fault.line, Some(*line), "{fault}");
            assert!(fault.what.contains(word), "{fault}");
        }
    }

    #[test]
    fn the_codec_cannot_panic() {
        let file = "crates/tws-proto/src/wire.rs";
        check(file, "fn a() {\n    b.unwrap();\n    c.expect(\"d\");\n}\n", &[(2, ".unwrap()"), (3, ".expect(")]);
        check(file, "#[allow(clippy::indexing_slicing)]\nfn a() {}\n", &[(1, "indexing_slicing")]);
        check(file, "// a.unwrap()\nlet b = \"panic!\";\nc.unwrap_or(d);\n", &[]);
        check(file, "#[cfg(test)]\nmod tests {\n    fn a() { b.unwrap() }\n}\n", &[]);
        check("crates/trader/src/lib.rs", "a.unwrap();", &[]);
    }

    #[test]
    fn the_cores_are_pure_and_exact() {
        check("crates/order/src/core.rs", "let now = Instant::now();", &[(1, "Instant::now")]);
        check("crates/position/src/lib.rs", "fn a(b: f64) {}", &[(1, "f64")]);
        check("crates/risk/src/lib.rs", "use std::fs;", &[(1, "std::fs")]);
        check("crates/tws-client/src/lib.rs", "let now = Instant::now();", &[]);
        check("crates/tws-client/src/lib.rs", "mpsc::unbounded_channel()", &[(1, "unbounded_channel")]);
    }

    #[test]
    fn tests_are_never_ignored_and_nothing_is_unsafe() {
        check("tests/tests/a.rs", "#[test]\n#[ignore]\nfn a() {}", &[(2, "#[ignore")]);
        check("crates/order/src/lib.rs", "#[cfg(test)]\nmod tests { fn a() { unsafe { b() } } }", &[(2, "unsafe")]);
        check("crates/order/src/lib.rs", "#![forbid(unsafe_code)]", &[]);
    }

    #[test]
    fn files_are_short_and_name_no_machine() {
        assert_eq!(length("a.rs", &"a\n".repeat(LINES_MAX)), None);
        assert!(length("a.rs", &"a\n".repeat(LINES_MAX + 1)).is_some());
        let found = machine_paths("a.md", &format!("a\nsee {}me/b/c", "/ho"));
        assert_eq!(found.first().and_then(|fault| fault.line), Some(2));
    }
}
